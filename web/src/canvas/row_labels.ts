// Where the names of rows stand: before the first and after the last seat of each row.
import { rowsOf, seatMiddle } from "../state/seats";
import type { Plan } from "../wire/plan";

/** A row's name and where it is written, in plan pixels. */
export interface RowLabel {
  readonly text: string;
  readonly x: number;
  readonly y: number;
  readonly seats: readonly number[];
}

/** The point half a seat beyond `end`, away from `inner`. */
function beyond(plan: Plan, end: number, inner: number): readonly [number, number] {
  const [x, y] = seatMiddle(plan, end);
  const [innerX, innerY] = seatMiddle(plan, inner);
  const length = Math.hypot(x - innerX, y - innerY);
  const reach = plan.width[end] / 2 + Math.min(plan.width[end], plan.height[end]) * 0.45;
  if (length === 0) return [x - reach, y];
  return [x + ((x - innerX) / length) * reach, y + ((y - innerY) / length) * reach];
}

/** In a hall of many zones rows shorter than this are boxes, and crowded. */
const SHORTEST_OF_MANY = 4;
/** Longer names ("Box 12") would lie over their neighbours; the seat's panel says them. */
const LONGEST = 3;

/** The labels of all rows that have room for one. */
export function rowLabelsOf(plan: Plan): RowLabel[] {
  const labels: RowLabel[] = [];
  const shortest = plan.zones.length > 1 ? SHORTEST_OF_MANY : 2;
  for (const row of rowsOf(plan)) {
    const { seats, label } = row;
    if (seats.length < shortest || label.length > LONGEST) continue;
    const ends = [
      [seats[0], seats[1]],
      [seats[seats.length - 1], seats[seats.length - 2]],
    ];
    for (const [end, inner] of ends) {
      const [x, y] = beyond(plan, end, inner);
      labels.push({ text: label, x, y, seats });
    }
  }
  return labels;
}
