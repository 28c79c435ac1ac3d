// The words in the language of the person: as they chose on this device, or else as the browser prefers.
import { en, type Words } from "./words/en";
import { ru } from "./words/ru";

/** A language the page speaks. */
export type Language = "en" | "ru";

const TABLES: Record<Language, Words> = { en, ru };
const KEY = "foyer.language";

/** The choice that was kept, where keeping is allowed; null when none was made. */
function kept(): Language | null {
  try {
    const value = localStorage.getItem(KEY) as Language;
    return value in TABLES ? value : null;
  } catch {
    return null;
  }
}

/** The first of the browser's languages that we speak. */
function preferred(): Language {
  const wanted = navigator.languages.map((language) => language.slice(0, 2));
  return (wanted.find((language) => language in TABLES) as Language | undefined) ?? "en";
}

const language = $state({ current: kept() ?? preferred(), chosen: kept() !== null });

/** Shows the page in a language. */
function apply(next: Language): void {
  language.current = next;
  document.documentElement.lang = next;
}

apply(language.current);

/** The language the page is shown in; reactive. */
export function currentLanguage(): Language {
  return language.current;
}

/** Follows the language of an account, where none was chosen on this device. */
export function followLanguage(next: Language): void {
  if (!language.chosen && next in TABLES) apply(next);
}

/** Chooses a language for this device. */
export function chooseLanguage(next: Language): void {
  language.chosen = true;
  apply(next);
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // A browser that keeps nothing still shows what was chosen.
  }
}

/** Picks the table of the current language out of one table a language; reactive wherever it is read. */
export function spoken<Table extends object>(tables: Record<Language, Table>): Table {
  return new Proxy(tables.en, { get: (_, key) => Reflect.get(tables[language.current], key) });
}

/** The words. */
export const words = spoken(TABLES);
