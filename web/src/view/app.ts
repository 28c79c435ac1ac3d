// What every part of the view is given: the state to show and the actions to call.
import { getContext, setContext } from "svelte";
import type { Context } from "../actions/context";
import type { Actions } from "../actions/table";
import type { Page } from "../state/page";
import type { Store } from "../state/store";

/** The page's state and its actions. */
export interface App {
  readonly page: Store<Page>;
  readonly actions: Actions;
  /** What the actions of parts that come later are bound to. */
  readonly context: Context;
}

const KEY = "foyer";

/** Hands the app to all components below. */
export function provideApp(app: App): void {
  setContext(KEY, app);
}

/** The app; only while a component is being made. */
export function useApp(): App {
  return getContext<App>(KEY);
}
