// What a person does with the open hall before asking the server: pointing, opening, picking.
import * as desk from "../state/desk";
import type { Hall } from "../state/hall";
import type { Direction } from "../state/seats";
import { changeHall } from "../state/page";
import type { Context } from "./context";

/** Changes the open hall, whichever it is. */
function put(context: Context, change: (hall: Hall) => Hall): void {
  context.page.update((page) => (page.hall ? changeHall(page, page.hall.id, change) : page));
}

/** Puts the cursor on a seat. */
export const pointAt = (context: Context, seat: number) => put(context, (hall) => desk.pointAt(hall, seat));

/** Moves the cursor one seat. */
export const step = (context: Context, direction: Direction) => put(context, (hall) => desk.step(hall, direction));

/** Moves the cursor to an end of its row. */
export const stepToEnd = (context: Context, end: "first" | "last") => put(context, (hall) => desk.stepToEnd(hall, end));

/** Opens a seat's panel; -1 closes it. */
export const openSeat = (context: Context, seat: number) => put(context, (hall) => desk.openSeat(hall, seat));

/** Picks a seat or lets go of it. */
export const togglePick = (context: Context, seat: number) => put(context, (hall) => desk.togglePick(hall, seat));

/** Picks these seats too. */
export const pickAll = (context: Context, seats: readonly number[]) => put(context, (hall) => desk.pickAll(hall, seats));

/** Picks a row, or lets go of it when all of it is picked. */
export const pickRow = (context: Context, seats: readonly number[]) =>
  put(context, (hall) => desk.pickAll(hall, seats, true));

/** Lets go of all picked seats. */
export const pickNone = (context: Context) => put(context, (hall) => desk.pickNone(hall));
