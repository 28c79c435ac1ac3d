// Draws areas, seats and their labels. It only reads; how much detail it shows depends on how large a seat is.
import { placeLabel } from "../state/seats";
import type { Plan } from "../wire/plan";
import { drawAreas, getFont } from "./areas";
import { visible, type Camera, type Screen } from "./camera";
import type { Grid } from "./grid";
import { ASIDE, LOOKS, MINE, type Batches } from "./looks";
import type { RowLabel } from "./row_labels";
import type { Kinds, Sheet, Sheets } from "./sprites";
import { mix, type Theme } from "./theme";

/** All that a picture of the hall is made from. */
export interface Scene {
  readonly plan: Plan;
  readonly grid: Grid;
  readonly kinds: Kinds;
  readonly sheets: Sheets;
  readonly rowLabels: readonly RowLabel[];
  readonly looks: Uint8Array;
  readonly batches: Batches;
  readonly camera: Camera;
  readonly screen: Screen;
  /** Device pixels to a CSS pixel. */
  readonly density: number;
  readonly theme: Theme;
}

type Pen = CanvasRenderingContext2D;

/** From this side of a seat on, in CSS pixels: sprites instead of dots, row labels, place numbers. */
const SPRITES_FROM = 5;
const ROWS_FROM = 9;
const PLACES_FROM = 23;

/** Microseconds of a dot, of a sprite, and of a device pixel of one that is turned (measured in Chromium on a slow core). */
const DOT_COST = 1;
const SPRITE_COST = 6;
const SPRITE_PIXEL_COST = 0.02;

/** How much of its seat a dot fills, by look: the shapes of the statuses when there is room for no more. */
const DOTS: readonly (readonly [number, number])[] = [
  [0.8, 0.8],
  [0.8, 0.42],
  [0.86, 0.86],
  [0.3, 0.3],
  [1.1, 1.1],
  [0.26, 0.26],
];

/** The colour of a dot. */
function dotColor(look: number, hue: string, theme: Theme): string {
  if (look === ASIDE) return theme.muted;
  if (look === 0) return theme.dark ? mix(hue, "#ffffff", 0.85) : mix(hue, theme.surface, 0.75);
  if (look === 1) return theme.reserved;
  if (look === 2) return theme.occupied;
  return look === MINE ? theme.mine : theme.maintenance;
}

/** The side of a usual seat in this scene, in CSS pixels. */
function seatSize(scene: Scene): number {
  return scene.grid.seatSize * scene.camera.scale;
}

/** What drawing one seat of this scene costs, in microseconds of a browser that has no graphics card. */
export function seatCost(scene: Scene): number {
  const side = seatSize(scene) * scene.density;
  return seatSize(scene) < SPRITES_FROM ? DOT_COST : SPRITE_COST + SPRITE_PIXEL_COST * side * side;
}

/** Puts the pen into plan pixels. */
function enterPlan(pen: Pen, scene: Scene): void {
  const { camera, density } = scene;
  const scale = camera.scale * density;
  pen.setTransform(scale, 0, 0, scale, camera.x * density, camera.y * density);
}

let found = new Int32Array(0);

/** The seats that are on the screen, those of one colour together. The result is good until the next call. */
export function seatsInSight(scene: Scene): Int32Array {
  const { grid, plan } = scene;
  const { left, top, right, bottom } = visible(scene.camera, scene.screen);
  const order = scene.batches.order;
  if (found.length < plan.count) found = new Int32Array(plan.count);
  let count = 0;
  for (let at = 0; at < order.length; at++) {
    const seat = order[at];
    const [x, y] = [grid.middleX[seat], grid.middleY[seat]];
    const reach = plan.width[seat] + plan.height[seat];
    if (x > left - reach && x < right + reach && y > top - reach && y < bottom + reach) found[count++] = seat;
  }
  return found.subarray(0, count);
}

/** Clears the picture and draws what lies under the seats. */
export function beginPicture(pen: Pen, scene: Scene): void {
  pen.setTransform(1, 0, 0, 1, 0, 0);
  pen.clearRect(0, 0, pen.canvas.width, pen.canvas.height);
  enterPlan(pen, scene);
  drawAreas(pen, scene.plan, scene.camera.scale, scene.theme);
}

/** Far away: a rectangle for each seat. */
function drawDots(pen: Pen, scene: Scene, seats: ArrayLike<number>, from: number, to: number): void {
  const { plan, grid, looks, theme } = scene;
  let last = -1;
  enterPlan(pen, scene);
  for (let i = from; i < to; i++) {
    const seat = seats[i];
    const look = looks[seat];
    const batch = plan.type[seat] * LOOKS + look;
    if (batch !== last) pen.fillStyle = dotColor(look, plan.types[plan.type[seat]]?.color ?? theme.muted, theme);
    last = batch;
    const width = plan.width[seat] * DOTS[look][0];
    const height = plan.height[seat] * DOTS[look][1];
    pen.fillRect(grid.middleX[seat] - width / 2, grid.middleY[seat] - height / 2, width, height);
  }
}

/** Near: seats stamped from a sheet. */
function drawSprites(pen: Pen, scene: Scene, sheet: Sheet, seats: ArrayLike<number>, from: number, to: number): void {
  const { grid, kinds, looks, camera, density } = scene;
  const scale = camera.scale * density;
  const shrink = scale / sheet.scale;
  const [offsetX, offsetY] = [camera.x * density, camera.y * density];
  const { cells, image } = sheet;
  for (let i = from; i < to; i++) {
    const seat = seats[i];
    const cell = (kinds.kindOf[seat] * LOOKS + looks[seat]) * 4;
    const width = cells[cell + 2];
    const height = cells[cell + 3];
    const cos = grid.cos[seat] * shrink;
    const sin = grid.sin[seat] * shrink;
    pen.setTransform(cos, sin, -sin, cos, grid.middleX[seat] * scale + offsetX, grid.middleY[seat] * scale + offsetY);
    pen.drawImage(image, cells[cell], cells[cell + 1], width, height, -width / 2, -height / 2, width, height);
  }
}

/** Draws some of the seats of a picture. */
export function drawSeats(pen: Pen, scene: Scene, seats: ArrayLike<number>, from: number, to: number): void {
  if (seatSize(scene) < SPRITES_FROM) return drawDots(pen, scene, seats, from, to);
  const sheet = scene.sheets.at(scene.camera.scale * scene.density, scene.density, scene.theme);
  drawSprites(pen, scene, sheet, seats, from, to);
}

/** Draws seats anew over what they looked like before. */
export function redrawSeats(pen: Pen, scene: Scene, seats: readonly number[]): void {
  const { plan, grid, camera, density } = scene;
  const scale = camera.scale * density;
  pen.fillStyle = scene.theme.surface;
  for (const seat of seats) {
    const [cos, sin] = [grid.cos[seat] * scale, grid.sin[seat] * scale];
    const [x, y] = [grid.middleX[seat] * scale, grid.middleY[seat] * scale];
    pen.setTransform(cos, sin, -sin, cos, x + camera.x * density, y + camera.y * density);
    pen.fillRect(-plan.width[seat] / 2, -plan.height[seat] / 2, plan.width[seat], plan.height[seat]);
  }
  drawSeats(pen, scene, seats, 0, seats.length);
  drawPlaces(pen, scene, seats);
}

/** Very near: the number of each place that has room for one. */
function drawPlaces(pen: Pen, scene: Scene, seats: ArrayLike<number>): void {
  const { plan, grid, looks, camera, density, theme } = scene;
  if (seatSize(scene) < PLACES_FROM) return;
  const size = Math.min(seatSize(scene) * 0.38, 18);
  enterScreen(pen, density, size);
  for (const look of [0, 1]) {
    pen.fillStyle = look === 0 ? theme.text : theme.onReserved;
    for (let i = 0; i < seats.length; i++) {
      const seat = seats[i];
      if (looks[seat] !== look) continue;
      const x = grid.middleX[seat] * camera.scale + camera.x;
      const y = grid.middleY[seat] * camera.scale + camera.y;
      pen.fillText(placeLabel(plan, seat), x, y + size * 0.06);
    }
  }
}

/** Puts the pen into CSS pixels, ready to write. */
function enterScreen(pen: Pen, density: number, size: number): void {
  pen.setTransform(density, 0, 0, density, 0, 0);
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.font = `600 ${size}px ${getFont()}`;
}

/** The names of rows, at both of their ends. */
function drawRowLabels(pen: Pen, scene: Scene): void {
  const { camera, density, screen, theme } = scene;
  if (seatSize(scene) < ROWS_FROM) return;
  enterScreen(pen, density, Math.min(Math.max(seatSize(scene) * 0.44, 8), 15));
  pen.fillStyle = theme.muted;
  for (const label of scene.rowLabels) {
    const x = label.x * camera.scale + camera.x;
    const y = label.y * camera.scale + camera.y;
    if (x > -20 && x < screen.width + 20 && y > -20 && y < screen.height + 20) pen.fillText(label.text, x, y);
  }
}

/** Writes what stands on and beside the seats. */
export function endPicture(pen: Pen, scene: Scene, seats: ArrayLike<number>): void {
  drawPlaces(pen, scene, seats);
  drawRowLabels(pen, scene);
}
