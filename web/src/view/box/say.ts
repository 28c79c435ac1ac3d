// The words of the box office, and what an error means here or anywhere.
import { failureCode, Failure } from "../../wire/failure";
import { spoken, words } from "../words.svelte";
import { sayEn } from "./say_en";
import { sayRu } from "./say_ru";

/** The words of the box office in the current language. */
export const say = spoken({ en: sayEn, ru: sayRu });

/** What went wrong and what to do next. */
export function sayError(code: string): string {
  return say.error(code) || words.error(code);
}

/** The same of what was thrown, with what it says more. */
export function sayThrown(thrown: unknown): string {
  const pending = thrown instanceof Failure ? (thrown.detail as { pending?: unknown } | null)?.pending : null;
  return typeof pending === "number" ? say.stillPaying(pending) : sayError(failureCode(thrown));
}
