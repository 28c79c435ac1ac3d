// Short messages to the person.
import { failureCode } from "../wire/failure";
import { addNotice, dropNotice } from "../state/page";
import type { Context } from "./context";
import { doubtAccount } from "./staying";

const SHOWN_MS = 7_000;
let nextNotice = 1;

/** Shows a message for a while. */
function show(context: Context, code: string, news: string): void {
  const id = nextNotice++;
  context.page.update((page) => addNotice(page, { id, code, news }));
  context.after(SHOWN_MS, () => context.page.update((page) => dropNotice(page, id)));
}

/** Tells of a failure: its code picks the words. */
export function tellFailure(context: Context, thrown: unknown): void {
  if (failureCode(thrown) === "Unreadable") console.error(thrown);
  doubtAccount(context, thrown);
  show(context, failureCode(thrown), "");
}

/** Tells of something good. */
export function tellNews(context: Context, news: string): void {
  show(context, "", news);
}

/** Takes a message away. */
export function dismiss(context: Context, id: number): void {
  context.page.update((page) => dropNotice(page, id));
}
