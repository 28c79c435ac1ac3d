// The words of the messenger, and what an error means here or anywhere.
import { spoken, words } from "../words.svelte";
import { sayEn } from "./say_en";
import { sayRu } from "./say_ru";

/** The words of the messenger in the current language. */
export const say = spoken({ en: sayEn, ru: sayRu });

/** What went wrong and what to do next. */
export function sayError(code: string): string {
  return say.error(code) || words.error(code);
}
