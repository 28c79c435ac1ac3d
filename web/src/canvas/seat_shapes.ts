// How a seat of each look is drawn: one shape for each status, so that no one has to tell colours apart. The legend draws
// the same shapes.
import { ASIDE, MINE } from "./looks";
import { legible, mix, type Theme } from "./theme";

type Pen = CanvasRenderingContext2D;

/** Below this side, in CSS pixels, a seat has its outline and fill but no sign inside. */
const SIGN_FROM = 9;

/** A rounded rectangle around (0, 0). */
function rounded(pen: Pen, width: number, height: number, radius: number): void {
  pen.beginPath();
  pen.roundRect(-width / 2, -height / 2, width, height, radius);
}

/** The same with the top right corner cut off: the outline of a reserved seat. */
function notched(pen: Pen, width: number, height: number, radius: number): void {
  const [left, top, right, bottom] = [-width / 2, -height / 2, width / 2, height / 2];
  const cut = Math.min(width, height) * 0.42;
  pen.beginPath();
  pen.moveTo(left, top + radius);
  pen.arcTo(left, top, left + radius, top, radius);
  pen.lineTo(right - cut, top);
  pen.lineTo(right, top + cut);
  pen.arcTo(right, bottom, right - radius, bottom, radius);
  pen.arcTo(left, bottom, left, bottom - radius, radius);
  pen.closePath();
}

/** A head and shoulders. */
function person(pen: Pen, side: number, color: string): void {
  pen.fillStyle = color;
  pen.beginPath();
  pen.arc(0, -side * 0.14, side * 0.15, 0, Math.PI * 2);
  pen.fill();
  pen.beginPath();
  pen.arc(0, side * 0.3, side * 0.27, Math.PI, 0);
  pen.closePath();
  pen.fill();
}

/** Lines through the given points, each pair of numbers a point. */
function lines(pen: Pen, color: string, width: number, ...paths: readonly number[][]): void {
  pen.strokeStyle = color;
  pen.lineWidth = width;
  pen.lineCap = pen.lineJoin = "round";
  pen.beginPath();
  for (const path of paths) {
    pen.moveTo(path[0], path[1]);
    for (let i = 2; i < path.length; i += 2) pen.lineTo(path[i], path[i + 1]);
  }
  pen.stroke();
}

function vacant(pen: Pen, width: number, height: number, hue: string, theme: Theme): void {
  const side = Math.min(width, height);
  rounded(pen, width, height, side * 0.26);
  pen.fillStyle = mix(hue, theme.surface, theme.tint);
  pen.fill();
  pen.strokeStyle = legible(hue, theme);
  pen.lineWidth = Math.max(side * 0.085, 1);
  pen.stroke();
}

function filled(pen: Pen, width: number, height: number, fill: string, hue: string, theme: Theme): void {
  const side = Math.min(width, height);
  pen.fillStyle = fill;
  pen.fill();
  pen.strokeStyle = legible(hue, theme);
  pen.lineWidth = Math.max(side * 0.085, 1);
  pen.stroke();
}

function maintenance(pen: Pen, width: number, height: number, hue: string, theme: Theme): void {
  const side = Math.min(width, height);
  rounded(pen, width, height, side * 0.26);
  pen.fillStyle = mix(theme.maintenance, theme.surface, 0.12);
  pen.fill();
  pen.globalAlpha = 0.55;
  pen.strokeStyle = legible(hue, theme);
  pen.lineWidth = Math.max(side * 0.06, 0.75);
  pen.stroke();
  pen.globalAlpha = 1;
  const arm = side * 0.22;
  lines(pen, theme.maintenance, Math.max(side * 0.1, 1), [-arm, -arm, arm, arm], [arm, -arm, -arm, arm]);
}

/** A seat that is free but not on offer: a faint outline. */
function aside(pen: Pen, width: number, height: number, hue: string, theme: Theme): void {
  const side = Math.min(width, height);
  rounded(pen, width, height, side * 0.26);
  pen.globalAlpha = 0.35;
  pen.strokeStyle = legible(hue, theme);
  pen.lineWidth = Math.max(side * 0.06, 0.75);
  pen.stroke();
  pen.globalAlpha = 1;
}

/** Draws one seat around (0, 0), `width` by `height` CSS pixels, its type told by `hue`. */
export function drawSeat(pen: Pen, look: number, width: number, height: number, hue: string, theme: Theme): void {
  const side = Math.min(width, height);
  const signed = side >= SIGN_FROM;
  if (look === 0) return vacant(pen, width, height, hue, theme);
  if (look === 3) return maintenance(pen, width, height, hue, theme);
  if (look === ASIDE) return aside(pen, width, height, hue, theme);
  if (look === 1) {
    notched(pen, width, height, side * 0.24);
    return filled(pen, width, height, theme.reserved, hue, theme);
  }
  rounded(pen, width, height, side * 0.26);
  filled(pen, width, height, look === MINE ? theme.mine : theme.occupied, look === MINE ? theme.mine : hue, theme);
  if (!signed) return;
  if (look === 2) return person(pen, side, theme.onOccupied);
  lines(pen, theme.onMine, side * 0.11, [-side * 0.2, side * 0.02, -side * 0.05, side * 0.17, side * 0.22, -side * 0.15]);
}
