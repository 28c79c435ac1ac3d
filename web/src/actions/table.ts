// Every action of the page, by name. The view knows this table and nothing else that changes anything.
import type { Context } from "./context";
import * as desk from "./desk";
import { dismiss } from "./notices";
import { release, reserve, sweep } from "./seating";
import { abandonSigning, login, logout, register, restartSigning, savePhrase, startSigning, usePhrase } from "./signing";
import { askMySeats, openHall, watchAccount, watchCinemas } from "./watching";

/** The table: a name, and a function of the context and one input. */
export const ACTIONS = {
  watchAccount,
  watchCinemas,
  openHall,
  askMySeats,
  reserve,
  release,
  sweep,
  startSigning,
  restartSigning,
  abandonSigning,
  register,
  login,
  logout,
  savePhrase,
  usePhrase,
  dismiss,
  ...desk,
} as const;

type Table = typeof ACTIONS;

/** The actions as the view calls them: the context is already there. */
export type Actions = {
  [Name in keyof Table]: Table[Name] extends (context: Context, ...input: infer Input) => infer Result
    ? (...input: Input) => Result
    : never;
};

/** Hands the context to every action. */
export function bindActions(context: Context): Actions {
  const bound = Object.entries(ACTIONS).map(([name, action]) => {
    const run = action as (context: Context, ...input: unknown[]) => unknown;
    return [name, (...input: unknown[]) => run(context, ...input)];
  });
  return Object.fromEntries(bound) as Actions;
}
