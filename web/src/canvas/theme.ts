// The colours of the map. They are custom properties of the style sheet, read once whenever the theme changes.

/** Every colour the map is drawn with, as CSS text. */
export interface Theme {
  readonly dark: boolean;
  /** How much of its type's hue fills a vacant seat, 0 to 1. */
  readonly tint: number;
  readonly surface: string;
  readonly text: string;
  readonly muted: string;
  readonly reserved: string;
  readonly occupied: string;
  readonly maintenance: string;
  readonly mine: string;
  /** What is drawn upon a reserved seat, an occupied one, one's own. */
  readonly onReserved: string;
  readonly onOccupied: string;
  readonly onMine: string;
  readonly focus: string;
}

/** Reads the theme that holds for an element. */
export function readTheme(element: Element): Theme {
  const style = getComputedStyle(element);
  const color = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    dark: color("dark") === "1",
    tint: Number(color("tint")),
    surface: color("map"),
    text: color("text"),
    muted: color("muted"),
    reserved: color("reserved"),
    occupied: color("occupied"),
    maintenance: color("maintenance"),
    mine: color("mine"),
    onReserved: color("on-reserved"),
    onOccupied: color("on-occupied"),
    onMine: color("on-mine"),
    focus: color("focus"),
  };
}

/** Red, green, blue of `#rgb`, `#rrggbb` or `rgb(r g b)`; grey for what is none of these. */
function channels(color: string): readonly number[] {
  if (color.startsWith("rgb(")) return color.slice(4, -1).split(" ").map(Number);
  const digits = /^#[0-9a-f]{3}$/i.test(color) ? color.replace(/[0-9a-f]/gi, "$&$&") : color;
  const value = /^#[0-9a-f]{6}$/i.test(digits) ? parseInt(digits.slice(1), 16) : 0x808080;
  return [value >> 16, (value >> 8) & 255, value & 255];
}

/** `part` of one colour and the rest of the other. */
export function mix(color: string, other: string, part: number): string {
  const [a, b] = [channels(color), channels(other)];
  const blended = a.map((channel, i) => Math.round(channel * part + b[i] * (1 - part)));
  return `rgb(${blended.join(" ")})`;
}

/** How light a colour is, 0 to 1. */
function lightness(color: string): number {
  const [red, green, blue] = channels(color);
  return (red * 0.299 + green * 0.587 + blue * 0.114) / 255;
}

/** A colour of the plan's maker as this theme can bear it: pale fills do not glare in the dark. */
export function adapt(color: string, theme: Theme): string {
  if (!theme.dark) return color;
  return mix(color, theme.surface, lightness(color) > 0.55 ? 0.16 : 0.55);
}

/** A colour for words upon a fill: the wanted one where it can be read there. */
export function readable(wanted: string, fill: string): string {
  if (Math.abs(lightness(wanted) - lightness(fill)) > 0.35) return wanted;
  return lightness(fill) > 0.5 ? "#26232f" : "#ffffff";
}

/** A colour for lines and text: never too near the ground it stands on. */
export function legible(color: string, theme: Theme): string {
  const light = lightness(color);
  if (theme.dark && light < 0.45) return mix(color, "#ffffff", 0.6);
  if (!theme.dark && light > 0.6) return mix(color, "#000000", 0.7);
  return color;
}
