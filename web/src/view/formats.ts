// Money, dates and times as the person's language writes them. Reactive wherever they are read.
import { minorUnits } from "../wire/concert";
import { currentLanguage } from "./words.svelte";

/** An amount in minor units: whole amounts have no decimals. */
export function money(minor: number, currency: string): string {
  const units = minorUnits(currency);
  const digits = minor % units === 0 ? 0 : Math.round(Math.log10(units));
  const options = { style: "currency", currency, minimumFractionDigits: digits, maximumFractionDigits: digits } as const;
  return new Intl.NumberFormat(currentLanguage(), options).format(minor / units);
}

function dated(ms: number, options: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat(currentLanguage() === "en" ? "en-GB" : "ru", options).format(ms);
}

/** "Saturday, 12 December 2026, 19:30". */
export function longDate(ms: number): string {
  return dated(ms, { weekday: "long", day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit" });
}

/** "12 Dec, 19:30". */
export function shortDate(ms: number): string {
  return dated(ms, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
}

/** "19:30". */
export function clockTime(ms: number): string {
  return dated(ms, { hour: "2-digit", minute: "2-digit" });
}

/** The day and the month apart, for a leaf of a calendar. */
export function calendarLeaf(ms: number): { day: string; month: string } {
  return { day: dated(ms, { day: "numeric" }), month: dated(ms, { month: "short" }) };
}

/** "5 minutes ago". */
export function ago(ms: number, now: number): string {
  const format = new Intl.RelativeTimeFormat(currentLanguage(), { numeric: "auto" });
  const minutes = Math.round((ms - now) / 60_000);
  if (minutes > -60) return format.format(Math.min(minutes, 0), "minute");
  if (minutes > -60 * 24) return format.format(Math.round(minutes / 60), "hour");
  return format.format(Math.round(minutes / 60 / 24), "day");
}
