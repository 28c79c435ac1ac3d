// The times of messages as people read them. Reactive wherever they are read.
import { clockTime } from "../formats";
import { currentLanguage } from "../words.svelte";
import { say } from "./say";

const DAY_MS = 86_400_000;

function dated(ms: number, options: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat(currentLanguage() === "en" ? "en-GB" : "ru", options).format(ms);
}

/** Names a day, the same for all of its moments. */
export function dayOf(ms: number): string {
  return new Date(ms).toDateString();
}

/** "Today", "Yesterday", "Saturday, 12 December", with the year where it is another. */
export function dayName(ms: number, now: number): string {
  if (dayOf(ms) === dayOf(now)) return say.room.today;
  if (dayOf(ms) === dayOf(now - DAY_MS)) return say.room.yesterday;
  const year = new Date(ms).getFullYear() === new Date(now).getFullYear() ? {} : ({ year: "numeric" } as const);
  return dated(ms, { weekday: "long", day: "numeric", month: "long", ...year });
}

/** As short as a list wants it: "19:30" today, "Sat" within a week, "12 Dec", "12.12.2025". */
export function shortTime(ms: number, now: number): string {
  if (dayOf(ms) === dayOf(now)) return clockTime(ms);
  if (now - ms < 6 * DAY_MS) return dated(ms, { weekday: "short" });
  if (new Date(ms).getFullYear() === new Date(now).getFullYear()) return dated(ms, { day: "numeric", month: "short" });
  return dated(ms, { day: "2-digit", month: "2-digit", year: "numeric" });
}
