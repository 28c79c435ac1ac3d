// Every action of the page, by name. The view knows this table and nothing else that changes anything.
import { bind, type Bound } from "./bind";
import type { Context } from "./context";
import * as desk from "./desk";
import { dismiss } from "./notices";
import { release, reserve, sweep } from "./seating";
import * as profile from "./profile";
import * as signing from "./signing";
import { doubtAccount, staySignedIn } from "./staying";
import { askConcerts, askMySeats, askPerson, openHall, watchAccount, watchCinemas } from "./watching";

/** The table: a name, and a function of the context and one input. */
export const ACTIONS = {
  watchAccount,
  watchCinemas,
  openHall,
  askMySeats,
  reserve,
  release,
  sweep,
  askPerson,
  askConcerts,
  staySignedIn,
  doubtAccount,
  dismiss,
  ...signing,
  ...profile,
  ...desk,
} as const;

/** The actions as the view calls them: the context is already there. */
export type Actions = Bound<typeof ACTIONS>;

/** Hands the context to every action. */
export function bindActions(context: Context): Actions {
  return bind(context, ACTIONS);
}
