// Changing seats. A change is shown at once and taken back when the server says no.
import { Failure, failureCode } from "../wire/failure";
import { readHallDelta, readSeatIds, STATUS_NAMES, type Status } from "../wire/shapes";
import { expect, indexOfSeat, markMine, takeDelta, unexpect, type Hall } from "../state/hall";
import { SWEEP_LIMIT } from "../state/desk";
import { changeHall } from "../state/page";
import type { Context } from "./context";
import { tellFailure, tellNews } from "./notices";
import { askMySeats } from "./watching";

/** Seats of the open hall, by index, and the status they should have. */
export interface Change {
  readonly seats: readonly number[];
  readonly status: Status;
}

/** Shows the change, asks for it, and shows what came of it. True when the server agreed. */
async function attempt(context: Context, change: Change, ask: (hall: Hall) => Promise<unknown>): Promise<boolean> {
  const hall = context.page.get().hall;
  if (!hall?.plan) return false;
  const put = (how: (hall: Hall) => Hall) => context.page.update((page) => changeHall(page, hall.id, how));
  put((before) => expect(before, change.seats, change.status));
  try {
    const delta = readHallDelta(await ask(hall));
    put((before) => unexpect(takeDelta(before, delta), change.seats));
    return true;
  } catch (thrown) {
    put((before) => unexpect(before, change.seats));
    tellFailure(context, thrown);
    return false;
  }
}

/** Asks for one seat's status. */
function askOne(context: Context, hall: Hall, seat: number, status: Status): Promise<unknown> {
  const input = { hall_id: hall.id, seat_id: hall.plan!.seatId[seat], status: STATUS_NAMES[status], reply: "delta" };
  return context.link.request("hall.update_seat_status", input);
}

/** Reserves a seat for the signed-in person. */
export async function reserve(context: Context, seat: number): Promise<void> {
  const id = context.page.get().hall?.id;
  const put = (isMine: boolean) =>
    context.page.update((page) => changeHall(page, id ?? -1, (hall) => markMine(hall, seat, isMine)));
  const asked = attempt(context, { seats: [seat], status: 1 }, (hall) => askOne(context, hall, seat, 1));
  put(true);
  if (!(await asked)) put(false);
}

/** Releases a seat of the signed-in person. */
export async function release(context: Context, seat: number): Promise<void> {
  const id = context.page.get().hall?.id ?? -1;
  const done = await attempt(context, { seats: [seat], status: 0 }, (hall) => askOne(context, hall, seat, 0));
  if (!done) return askMySeats(context);
  context.page.update((page) => changeHall(page, id, (hall) => markMine(hall, seat, false)));
}

/** Sets the status of any number of seats, for staff: all of a message's seats change, or none. */
export async function sweep(context: Context, change: Change): Promise<void> {
  for (let from = 0; from < change.seats.length; from += SWEEP_LIMIT) {
    const seats = change.seats.slice(from, from + SWEEP_LIMIT);
    const done = await attempt(context, { seats, status: change.status }, async (hall) => {
      const ids = seats.map((seat) => hall.plan!.seatId[seat]);
      const input = { hall_id: hall.id, seat_ids: ids, status: STATUS_NAMES[change.status] };
      try {
        return await context.link.request("hall.update_seats_status", input);
      } catch (thrown) {
        letGoOfTaken(context, thrown);
        throw thrown;
      }
    });
    if (!done) return;
  }
  tellNews(context, "swept");
}

/** Takes the seats that an error names as gone out of what is picked, so that the next try can work. */
function letGoOfTaken(context: Context, thrown: unknown): void {
  if (failureCode(thrown) !== "SeatReserved" || !(thrown instanceof Failure) || !thrown.detail) return;
  const ids = readSeatIds(thrown.detail);
  context.page.update((page) => {
    if (!page.hall?.plan) return page;
    const gone = new Set(ids.map((id) => indexOfSeat(page.hall!.plan!, id)));
    const selected = new Set([...page.hall.selected].filter((seat) => !gone.has(seat)));
    return { ...page, hall: { ...page.hall, selected } };
  });
}
