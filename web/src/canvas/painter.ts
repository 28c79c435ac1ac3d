// Draws areas, seats and their labels. It only reads; how much detail it shows depends on how large a seat is.
import { placeLabel } from "../state/seats";
import type { Plan } from "../wire/plan";
import { drawAreas, getFont } from "./areas";
import { visible, type Camera, type Screen } from "./camera";
import type { Grid } from "./grid";
import { LOOKS, MINE, type Batches } from "./looks";
import type { RowLabel } from "./row_labels";
import type { Kinds, Sheet, Sheets } from "./sprites";
import { legible, mix, type Theme } from "./theme";

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
const SPRITES_FROM = 6.5;
const ROWS_FROM = 9;
const PLACES_FROM = 23;

/** How much of its seat a dot fills, by look: the shapes of the statuses when there is room for no more. */
const DOTS: readonly (readonly [number, number])[] = [
  [0.8, 0.8],
  [0.8, 0.42],
  [0.86, 0.86],
  [0.3, 0.3],
  [1.1, 1.1],
];

let found = new Int32Array(0);

/** The colour of a dot. */
function dotColor(look: number, hue: string, theme: Theme): string {
  if (look === 0) return mix(legible(hue, theme), theme.surface, theme.dark ? 0.75 : 0.62);
  if (look === 1) return theme.reserved;
  if (look === 2) return theme.occupied;
  return look === MINE ? theme.mine : theme.maintenance;
}

/** Far away: a rectangle for each seat, one colour after another. */
function drawDots(pen: Pen, scene: Scene): void {
  const { plan, grid, batches, theme } = scene;
  const box = visible(scene.camera, scene.screen);
  for (let kind = 0; kind < batches.starts.length - 1; kind++) {
    const look = kind % LOOKS;
    const [partX, partY] = DOTS[look];
    pen.fillStyle = dotColor(look, plan.types[(kind / LOOKS) | 0]?.color ?? theme.muted, theme);
    for (let at = batches.starts[kind]; at < batches.starts[kind + 1]; at++) {
      const seat = batches.order[at];
      const x = grid.middleX[seat];
      const y = grid.middleY[seat];
      if (x < box.left || x > box.right || y < box.top || y > box.bottom) continue;
      const width = plan.width[seat] * partX;
      const height = plan.height[seat] * partY;
      pen.fillRect(x - width / 2, y - height / 2, width, height);
    }
  }
}

/** Near: the seats on the screen, stamped from the sheet. */
function drawSprites(pen: Pen, scene: Scene, sheet: Sheet, count: number): void {
  const { grid, kinds, looks, camera, density } = scene;
  const scale = camera.scale * density;
  const shrink = scale / sheet.scale;
  const [offsetX, offsetY] = [camera.x * density, camera.y * density];
  for (let i = 0; i < count; i++) {
    const seat = found[i];
    const cell = (kinds.kindOf[seat] * LOOKS + looks[seat]) * 4;
    const width = sheet.cells[cell + 2];
    const height = sheet.cells[cell + 3];
    const cos = grid.cos[seat] * shrink;
    const sin = grid.sin[seat] * shrink;
    pen.setTransform(cos, sin, -sin, cos, grid.middleX[seat] * scale + offsetX, grid.middleY[seat] * scale + offsetY);
    pen.drawImage(sheet.image, sheet.cells[cell], sheet.cells[cell + 1], width, height, -width / 2, -height / 2, width, height);
  }
}

/** Very near: the number of each place that has room for one. */
function drawPlaces(pen: Pen, scene: Scene, count: number): void {
  const { plan, grid, looks, camera, theme } = scene;
  const size = Math.min(grid.seatSize * camera.scale * 0.38, 18);
  pen.font = `600 ${size}px ${getFont()}`;
  for (const look of [0, 1]) {
    pen.fillStyle = look === 0 ? theme.text : theme.onReserved;
    for (let i = 0; i < count; i++) {
      const seat = found[i];
      if (looks[seat] !== look) continue;
      const x = grid.middleX[seat] * camera.scale + camera.x;
      const y = grid.middleY[seat] * camera.scale + camera.y;
      pen.fillText(placeLabel(plan, seat), x, y + size * 0.06);
    }
  }
}

/** The names of rows, at both of their ends. */
function drawRowLabels(pen: Pen, scene: Scene): void {
  const { camera, grid, screen, theme } = scene;
  const size = Math.min(Math.max(grid.seatSize * camera.scale * 0.44, 8), 15);
  pen.font = `600 ${size}px ${getFont()}`;
  pen.fillStyle = theme.muted;
  for (const label of scene.rowLabels) {
    const x = label.x * camera.scale + camera.x;
    const y = label.y * camera.scale + camera.y;
    if (x > -20 && x < screen.width + 20 && y > -20 && y < screen.height + 20) pen.fillText(label.text, x, y);
  }
}

/** Draws the whole picture. */
export function paint(pen: Pen, scene: Scene): void {
  const { plan, grid, camera, screen, density } = scene;
  const seatSize = grid.seatSize * camera.scale;
  pen.setTransform(1, 0, 0, 1, 0, 0);
  pen.clearRect(0, 0, screen.width * density, screen.height * density);
  const scale = camera.scale * density;
  pen.setTransform(scale, 0, 0, scale, camera.x * density, camera.y * density);
  drawAreas(pen, plan, camera.scale, scene.theme);
  pen.setTransform(scale, 0, 0, scale, camera.x * density, camera.y * density);
  if (seatSize < SPRITES_FROM) return drawDots(pen, scene);
  if (found.length < plan.count) found = new Int32Array(plan.count);
  const count = grid.query(visible(camera, screen), found);
  drawSprites(pen, scene, scene.sheets.at(scale, density, scene.theme), count);
  pen.setTransform(density, 0, 0, density, 0, 0);
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  if (seatSize >= PLACES_FROM) drawPlaces(pen, scene, count);
  if (seatSize >= ROWS_FROM) drawRowLabels(pen, scene);
}
