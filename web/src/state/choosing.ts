// Choosing seats to book: up to ten, all of one category, on the hall that is open.
import type { Category } from "../wire/concert";
import type { Plan } from "../wire/plan";
import { indexOfSeat, shownStatus, type Hall } from "./hall";

/** The most tickets one booking holds. */
export const MOST_SEATS = 10;

/** What became of a choice: done, or why not. `switched`: the seats of the other category were let go. */
export type Choice = "chosen" | "let-go" | "switched" | "taken" | "not-sold" | "ten";

/** The category that sells a seat; undefined: none does. */
export function categoryOf(plan: Plan, categories: readonly Category[], seat: number): Category | undefined {
  const type = plan.types[plan.type[seat]]?.id;
  return categories.find((category) => category.seatTypeId === type);
}

/** Chooses a seat, or lets go of it. */
export function chooseSeat(hall: Hall, categories: readonly Category[], seat: number): { hall: Hall; choice: Choice } {
  const plan = hall.plan;
  const category = plan ? categoryOf(plan, categories, seat) : undefined;
  if (!plan || !category) return { hall, choice: "not-sold" };
  const selected = new Set(hall.selected);
  if (selected.delete(seat)) return { hall: { ...hall, selected, cursor: seat }, choice: "let-go" };
  if (shownStatus(hall, seat) !== 0) return { hall: { ...hall, cursor: seat }, choice: "taken" };
  const other = [...selected].some((chosen) => plan.type[chosen] !== plan.type[seat]);
  if (other) selected.clear();
  if (selected.size >= MOST_SEATS) return { hall, choice: "ten" };
  selected.add(seat);
  return { hall: { ...hall, selected, cursor: seat }, choice: other ? "switched" : "chosen" };
}

/** Offers the seats of these categories; null ends the choosing. What is chosen of others is let go. */
export function offer(hall: Hall, categories: readonly Category[] | null): Hall {
  if (!categories || !hall.plan) return { ...hall, offered: null, selected: new Set() };
  const { plan } = hall;
  const ids = new Set(categories.map((category) => category.seatTypeId));
  const offered = new Set(plan.types.flatMap((type, index) => (ids.has(type.id) ? [index] : [])));
  return { ...hall, offered, selected: new Set([...hall.selected].filter((seat) => offered.has(plan.type[seat]))) };
}

/** Lets go of chosen seats that somebody else has taken meanwhile, and names them. */
export function dropTaken(hall: Hall): { hall: Hall; gone: readonly number[] } {
  const gone = [...hall.selected].filter((seat) => shownStatus(hall, seat) !== 0);
  if (gone.length === 0) return { hall, gone };
  return { hall: { ...hall, selected: new Set([...hall.selected].filter((seat) => !gone.includes(seat))) }, gone };
}

/** Lets go of the seats a refusal names by their ids; gives their indices. */
export function dropRefused(hall: Hall, ids: readonly number[]): { hall: Hall; gone: readonly number[] } {
  const plan = hall.plan;
  if (!plan) return { hall, gone: [] };
  const gone = ids.map((id) => indexOfSeat(plan, id)).filter((seat) => seat >= 0);
  return { hall: { ...hall, selected: new Set([...hall.selected].filter((seat) => !gone.includes(seat))) }, gone };
}

/** The ids of the chosen seats, in the plan's order. */
export function chosenIds(hall: Hall): number[] {
  const plan = hall.plan;
  return plan ? [...hall.selected].sort((a, b) => a - b).map((seat) => plan.seatId[seat]) : [];
}
