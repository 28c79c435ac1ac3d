// The seats of a plan sorted into squares, so that what is on the screen or under a finger is found without looking at all.
import type { Area, Plan } from "../wire/plan";
import type { Box } from "./camera";

/** Seats by square. Columns of each seat's middle and half diagonal come with it, for drawing and for finding. */
export interface Grid {
  /** The box of everything on the plan: seats and areas. */
  readonly box: Box;
  /** The side of the usual seat, in plan pixels. */
  readonly seatSize: number;
  readonly middleX: Float32Array;
  readonly middleY: Float32Array;
  /** Cosine and sine of each seat's rotation. */
  readonly cos: Float32Array;
  readonly sin: Float32Array;
  /** Appends the seats whose square touches the box to `into` and gives how many. */
  query(box: Box, into: Int32Array): number;
}

/** A point of the plan. */
interface Point {
  readonly x: number;
  readonly y: number;
}

/** Seats a square has on average. */
const SEATS_A_SQUARE = 24;

/** The corners of an area's own box, around its origin. */
function cornersOf(area: Area): readonly (readonly [number, number])[] {
  if (area.shape === "polygon") return area.points;
  if (area.shape === "rectangle") return [[0, 0], [area.width, 0], [0, area.height], [area.width, area.height]];
  const reachX = area.shape === "circle" ? area.radius : area.shape === "ellipse" ? area.width / 2 : area.textSize / 2;
  const reachY = area.shape === "ellipse" ? area.height / 2 : reachX;
  return [[-reachX, -reachY], [reachX, -reachY], [-reachX, reachY], [reachX, reachY]];
}

/** The box around all seats, areas and names of rows. */
function boxOf(plan: Plan, middleX: Float32Array, middleY: Float32Array, labels: readonly Point[]): Box {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  const grow = (x: number, y: number, reachX: number, reachY: number) => {
    left = Math.min(left, x - reachX);
    right = Math.max(right, x + reachX);
    top = Math.min(top, y - reachY);
    bottom = Math.max(bottom, y + reachY);
  };
  for (let seat = 0; seat < plan.count; seat++) {
    grow(middleX[seat], middleY[seat], plan.width[seat] / 2, plan.height[seat] / 2);
  }
  for (const area of plan.areas) {
    const turn = (area.rotation * Math.PI) / 180;
    const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
    for (const [x, y] of cornersOf(area)) grow(area.x + x * cos - y * sin, area.y + x * sin + y * cos, 0, 0);
  }
  for (const label of labels) grow(label.x, label.y, 4, 4);
  return left > right ? { left: 0, top: 0, right: 100, bottom: 100 } : { left, top, right, bottom };
}

/** The middle one of all seat sizes. */
function usualSize(plan: Plan): number {
  if (plan.count === 0) return 30;
  const sizes = Float32Array.from(plan.width, (width, seat) => Math.min(width, plan.height[seat])).sort();
  return Math.max(sizes[plan.count >> 1], 1);
}

/** How far the largest seat reaches from its middle. */
function largestReach(plan: Plan): number {
  let largest = 0;
  for (let seat = 0; seat < plan.count; seat++) largest = Math.max(largest, plan.width[seat], plan.height[seat]);
  return largest * Math.SQRT1_2;
}

/** Sorts seats into squares by counting; `starts[square]` is where its seats begin in `order`. */
function sortIntoSquares(squareOf: Int32Array, squares: number): { starts: Int32Array; order: Int32Array } {
  const starts = new Int32Array(squares + 1);
  for (const square of squareOf) starts[square + 1]++;
  for (let square = 0; square < squares; square++) starts[square + 1] += starts[square];
  const next = starts.slice();
  const order = new Int32Array(squareOf.length);
  squareOf.forEach((square, seat) => (order[next[square]++] = seat));
  return { starts, order };
}

/** Makes the grid of a plan whose rows' names stand at `labels`. */
export function makeGrid(plan: Plan, labels: readonly Point[]): Grid {
  const middleX = plan.x.map((x, seat) => x + plan.width[seat] / 2);
  const middleY = plan.y.map((y, seat) => y + plan.height[seat] / 2);
  const box = boxOf(plan, middleX, middleY, labels);
  const seatSize = usualSize(plan);
  const area = (box.right - box.left) * (box.bottom - box.top);
  const side = Math.max(Math.sqrt((area / Math.max(plan.count, 1)) * SEATS_A_SQUARE), seatSize);
  const columns = Math.floor((box.right - box.left) / side) + 1;
  const rows = Math.floor((box.bottom - box.top) / side) + 1;
  const column = (x: number) => Math.min(Math.max(Math.floor((x - box.left) / side), 0), columns - 1);
  const row = (y: number) => Math.min(Math.max(Math.floor((y - box.top) / side), 0), rows - 1);
  const squareOf = new Int32Array(plan.count);
  for (let seat = 0; seat < plan.count; seat++) squareOf[seat] = row(middleY[seat]) * columns + column(middleX[seat]);
  const { starts, order } = sortIntoSquares(squareOf, columns * rows);
  const reach = largestReach(plan);

  const query = (wanted: Box, into: Int32Array): number => {
    let found = 0;
    const lastRow = row(wanted.bottom + reach);
    const firstColumn = column(wanted.left - reach);
    const lastColumn = column(wanted.right + reach);
    for (let r = row(wanted.top - reach); r <= lastRow; r++) {
      const end = starts[r * columns + lastColumn + 1];
      for (let at = starts[r * columns + firstColumn]; at < end; at++) into[found++] = order[at];
    }
    return found;
  };
  const turn = (of: (angle: number) => number) => plan.rotation.map((degrees) => of((degrees * Math.PI) / 180));
  return { box, seatSize, middleX, middleY, cos: turn(Math.cos), sin: turn(Math.sin), query };
}

/** The seat at a point of the plan, or the nearest within `slack` plan pixels of its edge; -1 when there is none. */
export function seatAt(plan: Plan, grid: Grid, x: number, y: number, slack: number): number {
  const found = new Int32Array(plan.count);
  const count = grid.query({ left: x - slack, top: y - slack, right: x + slack, bottom: y + slack }, found);
  let best = -1;
  let least = slack;
  for (let i = 0; i < count; i++) {
    const distance = distanceTo(plan, grid, found[i], x, y);
    if (distance <= least) [best, least] = [found[i], distance];
  }
  return best;
}

/** How far outside of a seat's edge a point is; negative inside. */
function distanceTo(plan: Plan, grid: Grid, seat: number, x: number, y: number): number {
  const dx = x - grid.middleX[seat];
  const dy = y - grid.middleY[seat];
  const alongX = Math.abs(dx * grid.cos[seat] + dy * grid.sin[seat]) - plan.width[seat] / 2;
  const alongY = Math.abs(dy * grid.cos[seat] - dx * grid.sin[seat]) - plan.height[seat] / 2;
  return Math.max(alongX, alongY);
}

/** The seats whose middles are in a box. */
export function seatsIn(plan: Plan, grid: Grid, box: Box): number[] {
  const found = new Int32Array(plan.count);
  const count = grid.query(box, found);
  return Array.from(found.subarray(0, count)).filter(
    (seat) =>
      grid.middleX[seat] >= box.left &&
      grid.middleX[seat] <= box.right &&
      grid.middleY[seat] >= box.top &&
      grid.middleY[seat] <= box.bottom,
  );
}
