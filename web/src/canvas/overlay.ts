// Draws what lies above the hall and moves: the cursor, picked seats, the box being dragged, what waits for an answer, and
// a short ring around each seat that has just changed. A canvas of its own, so that the hall need not be drawn again.
import type { Plan } from "../wire/plan";
import type { Box, Camera, Screen } from "./camera";
import type { Grid } from "./grid";
import type { Theme } from "./theme";

/** A seat that changed, and when (milliseconds). */
export interface Pulse {
  readonly seat: number;
  readonly at: number;
}

/** All that the overlay shows. */
export interface Above {
  readonly plan: Plan;
  readonly grid: Grid;
  readonly camera: Camera;
  readonly screen: Screen;
  readonly density: number;
  readonly theme: Theme;
  readonly hover: number;
  readonly cursor: number;
  readonly open: number;
  readonly selected: ReadonlySet<number>;
  readonly waiting: Iterable<number>;
  readonly pulses: readonly Pulse[];
  readonly dragged: Box | null;
  readonly now: number;
}

type Pen = CanvasRenderingContext2D;

/** How long the ring around a changed seat lasts. */
export const PULSE_MS = 900;

/** Adds a seat's outline, `gap` CSS pixels outside of it, to the path. */
function outline(pen: Pen, above: Above, seat: number, gap: number): void {
  const { plan, grid, camera, density } = above;
  const [cos, sin] = [grid.cos[seat] * density, grid.sin[seat] * density];
  const x = (grid.middleX[seat] * camera.scale + camera.x) * density;
  const y = (grid.middleY[seat] * camera.scale + camera.y) * density;
  pen.setTransform(cos, sin, -sin, cos, x, y);
  const width = Math.max(plan.width[seat] * camera.scale, 6) + gap * 2;
  const height = Math.max(plan.height[seat] * camera.scale, 6) + gap * 2;
  pen.roundRect(-width / 2, -height / 2, width, height, Math.min(width, height) * 0.26);
}

/** Strokes the outlines of some seats at once. */
function ring(pen: Pen, above: Above, seats: Iterable<number>, gap: number, width: number, color: string): void {
  pen.beginPath();
  for (const seat of seats) if (seat >= 0) outline(pen, above, seat, gap);
  pen.setTransform(above.density, 0, 0, above.density, 0, 0);
  pen.strokeStyle = color;
  pen.lineWidth = width;
  pen.stroke();
}

/** The rings around seats that have just changed: they widen and fade. */
function drawPulses(pen: Pen, above: Above): void {
  for (const pulse of above.pulses) {
    const part = (above.now - pulse.at) / PULSE_MS;
    if (part < 0 || part >= 1) continue;
    pen.globalAlpha = (1 - part) ** 1.5;
    ring(pen, above, [pulse.seat], 1 + part * 7, 2.5, above.theme.focus);
  }
  pen.globalAlpha = 1;
}

/** Picked seats: a wash over each and a firm line around it. */
function drawSelected(pen: Pen, above: Above): void {
  if (above.selected.size === 0) return;
  pen.beginPath();
  for (const seat of above.selected) outline(pen, above, seat, 0);
  pen.setTransform(above.density, 0, 0, above.density, 0, 0);
  pen.fillStyle = above.theme.focus;
  pen.globalAlpha = 0.28;
  pen.fill();
  pen.globalAlpha = 1;
  pen.strokeStyle = above.theme.focus;
  pen.lineWidth = Math.min(2, Math.max(above.grid.seatSize * above.camera.scale * 0.14, 0.75));
  pen.stroke();
}

/** The box being dragged. */
function drawDragged(pen: Pen, above: Above): void {
  const box = above.dragged;
  if (!box) return;
  pen.setTransform(above.density, 0, 0, above.density, 0, 0);
  pen.fillStyle = pen.strokeStyle = above.theme.focus;
  pen.globalAlpha = 0.12;
  pen.fillRect(box.left, box.top, box.right - box.left, box.bottom - box.top);
  pen.globalAlpha = 1;
  pen.lineWidth = 1.5;
  pen.strokeRect(box.left, box.top, box.right - box.left, box.bottom - box.top);
}

/** Draws the overlay. */
export function paintAbove(pen: Pen, above: Above): void {
  pen.setTransform(1, 0, 0, 1, 0, 0);
  pen.clearRect(0, 0, above.screen.width * above.density, above.screen.height * above.density);
  drawSelected(pen, above);
  drawPulses(pen, above);
  pen.setLineDash([4, 3]);
  ring(pen, above, above.waiting, 2.5, 2, above.theme.text);
  pen.setLineDash([]);
  if (above.hover !== above.cursor) ring(pen, above, [above.hover], 1.5, 1.5, above.theme.muted);
  ring(pen, above, [above.cursor], 3, 2.5, above.theme.focus);
  if (above.open !== above.cursor) ring(pen, above, [above.open], 3, 2.5, above.theme.focus);
  drawDragged(pen, above);
}
