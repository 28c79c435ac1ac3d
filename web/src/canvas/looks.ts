// What each seat looks like: its status, or that it is ours. A look is an index into the sprites of a type.
import type { Hall } from "../state/hall";
import type { Plan } from "../wire/plan";

/** The looks: the four statuses by their codes, a seat of our own, and a vacant one that is not on offer. */
export const LOOKS = 6;

/** The look of a seat the signed-in person has reserved. */
export const MINE = 4;

/** The look of a vacant seat that cannot be chosen while others can. */
export const ASIDE = 5;

/** The looks of a hall, one a seat: pending changes shown as made, own seats marked. */
export function looksOf(hall: Hall): Uint8Array {
  const looks = hall.statuses.slice();
  for (const [seat, status] of hall.pending) looks[seat] = status;
  for (const seat of hall.mine) if (looks[seat] === 1) looks[seat] = MINE;
  const { offered, plan } = hall;
  if (!offered || !plan) return looks;
  for (let seat = 0; seat < looks.length; seat++) if (looks[seat] === 0 && !offered.has(plan.type[seat])) looks[seat] = ASIDE;
  for (const seat of hall.selected) if (looks[seat] === 0) looks[seat] = MINE;
  return looks;
}

/** Seats sorted by type and look, so that each colour is set once: `starts[type * LOOKS + look]` is where one begins. */
export interface Batches {
  readonly starts: Int32Array;
  readonly order: Int32Array;
}

/** Sorts all seats into batches by counting. */
export function batchesOf(plan: Plan, looks: Uint8Array): Batches {
  const kinds = Math.max(plan.types.length, 1) * LOOKS;
  const starts = new Int32Array(kinds + 1);
  for (let seat = 0; seat < plan.count; seat++) starts[plan.type[seat] * LOOKS + looks[seat] + 1]++;
  for (let kind = 0; kind < kinds; kind++) starts[kind + 1] += starts[kind];
  const next = starts.slice();
  const order = new Int32Array(plan.count);
  for (let seat = 0; seat < plan.count; seat++) order[next[plan.type[seat] * LOOKS + looks[seat]]++] = seat;
  return { starts, order };
}

/** The seats that look otherwise than before; all of them when there was no before. */
export function changedLooks(before: Uint8Array, after: Uint8Array): number[] {
  const seats: number[] = [];
  for (let seat = 0; seat < after.length; seat++) if (before[seat] !== after[seat]) seats.push(seat);
  return seats;
}

/** The look of one seat. */
export function lookOf(hall: Hall, seat: number): number {
  const status = hall.pending.get(seat) ?? hall.statuses[seat];
  if (status === 1 && hall.mine.has(seat)) return MINE;
  if (status !== 0 || !hall.offered || !hall.plan) return status;
  if (hall.selected.has(seat)) return MINE;
  return hall.offered.has(hall.plan.type[seat]) ? 0 : ASIDE;
}
