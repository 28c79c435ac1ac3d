// Questions about the seats of a plan: what they are called, which row they are in, which is the next one that way.
import type { Plan } from "../wire/plan";

/** A row of one zone, its seats by place. */
export interface Row {
  readonly zone: string;
  readonly label: string;
  readonly seats: readonly number[];
}

/** A direction of the keyboard. */
export type Direction = "left" | "right" | "up" | "down";

/** A number as spreadsheet letters: 1 is A, 27 is AA. */
export function letters(row: number): string {
  let rest = row;
  let label = "";
  for (; rest > 0; rest = Math.floor((rest - 1) / 26)) label = String.fromCharCode(65 + ((rest - 1) % 26)) + label;
  return label;
}

/** What a seat's row is called. */
export function rowLabel(plan: Plan, seat: number): string {
  return plan.rowLabels.get(plan.row[seat]) ?? letters(plan.row[seat]);
}

/** What a seat's place is called. */
export function placeLabel(plan: Plan, seat: number): string {
  return plan.placeLabels.get(seat) ?? String(plan.place[seat]);
}

/** The zone of a seat; empty when the plan has none. */
export function zoneLabel(plan: Plan, seat: number): string {
  return plan.zones[plan.zone[seat]] ?? "";
}

/** The middle of a seat, in plan pixels. */
export function seatMiddle(plan: Plan, seat: number): readonly [number, number] {
  return [plan.x[seat] + plan.width[seat] / 2, plan.y[seat] + plan.height[seat] / 2];
}

/** The rows of a plan in the order in which their first seats come. */
export function rowsOf(plan: Plan): Row[] {
  const rows = new Map<number, number[]>();
  for (let seat = 0; seat < plan.count; seat++) {
    const key = plan.zone[seat] * 100_000 + plan.row[seat];
    const row = rows.get(key);
    if (row) row.push(seat);
    else rows.set(key, [seat]);
  }
  return [...rows.values()].map((seats) => ({
    zone: zoneLabel(plan, seats[0]),
    label: rowLabel(plan, seats[0]),
    seats: seats.sort((a, b) => plan.place[a] - plan.place[b]),
  }));
}

/** The seats of the same zone and row, by place. */
export function rowMates(plan: Plan, seat: number): number[] {
  const mates: number[] = [];
  for (let other = 0; other < plan.count; other++) {
    if (plan.row[other] === plan.row[seat] && plan.zone[other] === plan.zone[seat]) mates.push(other);
  }
  return mates.sort((a, b) => plan.place[a] - plan.place[b]);
}

/** How far sideways a seat may lie and still be "the next one that way", as a multiple of how far ahead it is. */
const WIDEST = 2.2;
/** What a seat of the same row is worth when going along it. */
const SAME_ROW = 0.35;

/** How well `to` answers going from `from` in a direction; Infinity when it does not. */
function distanceThatWay(plan: Plan, from: number, to: number, direction: Direction): number {
  const [fromX, fromY] = seatMiddle(plan, from);
  const [toX, toY] = seatMiddle(plan, to);
  const across = direction === "left" || direction === "right";
  const sign = direction === "left" || direction === "up" ? -1 : 1;
  const ahead = (across ? toX - fromX : toY - fromY) * sign;
  const aside = Math.abs(across ? toY - fromY : toX - fromX);
  if (ahead <= 0.5 || aside > ahead * WIDEST) return Infinity;
  const mate = plan.row[from] === plan.row[to] && plan.zone[from] === plan.zone[to];
  return (ahead + aside * 2) * (across && mate ? SAME_ROW : 1);
}

/** The next seat in a direction; the same seat when there is none. */
export function nextSeat(plan: Plan, from: number, direction: Direction): number {
  let best = from;
  let least = Infinity;
  for (let to = 0; to < plan.count; to++) {
    const distance = to === from ? Infinity : distanceThatWay(plan, from, to, direction);
    if (distance < least) [best, least] = [to, distance];
  }
  return best;
}

/** The seat nearest to a point of the plan; -1 in an empty plan. */
export function nearestSeat(plan: Plan, x: number, y: number): number {
  let best = -1;
  let least = Infinity;
  for (let seat = 0; seat < plan.count; seat++) {
    const [seatX, seatY] = seatMiddle(plan, seat);
    const distance = Math.hypot(seatX - x, seatY - y);
    if (distance < least) [best, least] = [seat, distance];
  }
  return best;
}
