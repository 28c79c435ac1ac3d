// What the person does with the hall before asking the server for anything: the cursor, the open seat, the picked seats.
import type { Hall } from "./hall";
import { nextSeat, rowMates, type Direction } from "./seats";

/** The most seats one message may change. */
export const SWEEP_LIMIT = 2000;

/** Puts the cursor on a seat. */
export function pointAt(hall: Hall, seat: number): Hall {
  return hall.cursor === seat ? hall : { ...hall, cursor: seat };
}

/** Moves the cursor one seat; from nowhere it goes to the first. */
export function step(hall: Hall, direction: Direction): Hall {
  if (!hall.plan || hall.plan.count === 0) return hall;
  return pointAt(hall, hall.cursor < 0 ? 0 : nextSeat(hall.plan, hall.cursor, direction));
}

/** Moves the cursor to the first or last seat of its row. */
export function stepToEnd(hall: Hall, end: "first" | "last"): Hall {
  if (!hall.plan || hall.cursor < 0) return hall;
  const mates = rowMates(hall.plan, hall.cursor);
  return pointAt(hall, end === "first" ? mates[0] : mates[mates.length - 1]);
}

/** Opens a seat's panel; -1 closes it. */
export function openSeat(hall: Hall, seat: number): Hall {
  return { ...hall, open: seat, cursor: seat < 0 ? hall.cursor : seat };
}

/** Picks a seat, or lets go of it when it is picked. */
export function togglePick(hall: Hall, seat: number): Hall {
  const selected = new Set(hall.selected);
  if (!selected.delete(seat)) selected.add(seat);
  return { ...hall, selected, cursor: seat };
}

/** Picks more seats. Picking a whole row that is picked lets go of it. */
export function pickAll(hall: Hall, seats: readonly number[], toggle = false): Hall {
  const selected = new Set(hall.selected);
  const allPicked = seats.every((seat) => selected.has(seat));
  for (const seat of seats) {
    if (toggle && allPicked) selected.delete(seat);
    else selected.add(seat);
  }
  return { ...hall, selected };
}

/** Lets go of all picked seats. */
export function pickNone(hall: Hall): Hall {
  return hall.selected.size === 0 ? hall : { ...hall, selected: new Set() };
}
