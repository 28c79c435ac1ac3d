// Seats drawn once for a scale and stamped from then on. A sheet holds every look of every kind of seat the plan has.
import type { Plan } from "../wire/plan";
import { LOOKS } from "./looks";
import { drawSeat } from "./seat_shapes";
import type { Theme } from "./theme";

/** Which kind each seat is: seats of one type and one size share their sprites. */
export interface Kinds {
  readonly kindOf: Uint16Array;
  readonly kinds: readonly { readonly type: number; readonly width: number; readonly height: number }[];
}

/** The sprites of one scale. A cell is where a sprite is on the sheet: x, y, width, height in device pixels. */
export interface Sheet {
  readonly key: string;
  readonly image: HTMLCanvasElement;
  /** `(kind * LOOKS + look) * 4` is where a cell begins. */
  readonly cells: Float32Array;
  /** Device pixels of one plan pixel on this sheet. */
  readonly scale: number;
}

/** Empty device pixels around each sprite, so that neighbours never bleed in. */
const MARGIN = 2;
/** One scale's sheet serves all scales up to this much larger. */
const STEP = 1.12;
/** Sheets kept. */
const KEPT = 4;

/** Sorts the seats of a plan into kinds. */
export function kindsOf(plan: Plan): Kinds {
  const known = new Map<string, number>();
  const kinds: { type: number; width: number; height: number }[] = [];
  const kindOf = new Uint16Array(plan.count);
  for (let seat = 0; seat < plan.count; seat++) {
    const [width, height] = [Math.round(plan.width[seat]), Math.round(plan.height[seat])];
    const name = `${plan.type[seat]}:${width}:${height}`;
    let kind = known.get(name);
    if (kind === undefined) {
      kind = kinds.push({ type: plan.type[seat], width, height }) - 1;
      known.set(name, kind);
    }
    kindOf[seat] = kind;
  }
  return { kindOf, kinds };
}

/** The scale a sheet is drawn at to serve `scale`. */
function stepped(scale: number): number {
  return STEP ** Math.ceil(Math.log(scale) / Math.log(STEP));
}

/** Lays the cells out in lines and gives the size of the sheet. */
function layOut(kinds: Kinds, scale: number): { cells: Float32Array; width: number; height: number } {
  const cells = new Float32Array(kinds.kinds.length * LOOKS * 4);
  const limit = 2048;
  let [x, y, line, widest] = [0, 0, 0, 1];
  kinds.kinds.forEach((kind, index) => {
    const width = Math.ceil(kind.width * scale) + 2 * MARGIN;
    const height = Math.ceil(kind.height * scale) + 2 * MARGIN;
    for (let look = 0; look < LOOKS; look++) {
      if (x + width > limit) [x, y, line] = [0, y + line, 0];
      cells.set([x, y, width, height], (index * LOOKS + look) * 4);
      x += width;
      line = Math.max(line, height);
      widest = Math.max(widest, x);
    }
  });
  return { cells, width: widest, height: Math.max(y + line, 1) };
}

/** Draws a sheet. `density` is device pixels to a CSS pixel. */
function drawSheet(key: string, plan: Plan, kinds: Kinds, scale: number, density: number, theme: Theme): Sheet {
  const { cells, width, height } = layOut(kinds, scale);
  const image = document.createElement("canvas");
  image.width = width;
  image.height = height;
  const pen = image.getContext("2d")!;
  kinds.kinds.forEach((kind, index) => {
    for (let look = 0; look < LOOKS; look++) {
      const [x, y, w, h] = cells.subarray((index * LOOKS + look) * 4);
      pen.setTransform(density, 0, 0, density, x + w / 2, y + h / 2);
      const inset = Math.min(kind.width, kind.height) * 0.1;
      const [seatWidth, seatHeight] = [kind.width - inset, kind.height - inset];
      const hue = plan.types[kind.type]?.color ?? theme.muted;
      drawSeat(pen, look, (seatWidth * scale) / density, (seatHeight * scale) / density, hue, theme);
    }
  });
  return { key, image, cells, scale };
}

/** Keeps the sheets of a plan that were used last. */
export class Sheets {
  private readonly plan: Plan;
  private readonly kinds: Kinds;
  private kept: Sheet[] = [];

  constructor(plan: Plan, kinds: Kinds) {
    this.plan = plan;
    this.kinds = kinds;
  }

  /** The sheet for a scale in device pixels to a plan pixel. */
  at(scale: number, density: number, theme: Theme): Sheet {
    const steps = stepped(scale);
    const key = `${steps.toFixed(4)} ${density} ${theme.surface} ${theme.mine}`;
    const found = this.kept.find((sheet) => sheet.key === key);
    const sheet = found ?? drawSheet(key, this.plan, this.kinds, steps, density, theme);
    if (this.kept[0] !== sheet) this.kept = [sheet, ...this.kept.filter((other) => other !== sheet)].slice(0, KEPT);
    return sheet;
  }
}
