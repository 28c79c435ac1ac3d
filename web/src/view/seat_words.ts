// Seats in words: what the map says, the panel shows and the list reads out is the same.
import { lookOf } from "../canvas/looks";
import type { Hall } from "../state/hall";
import { placeLabel, rowLabel, zoneLabel } from "../state/seats";
import type { Plan } from "../wire/plan";
import { words } from "./words.svelte";

/** "Row C, seat 12". */
export function seatName(plan: Plan, seat: number): string {
  return words.seat.name(rowLabel(plan, seat), placeLabel(plan, seat));
}

/** What kind of seat it is. */
export function seatType(plan: Plan, seat: number): string {
  return plan.types[plan.type[seat]]?.name ?? "";
}

/** "Row C seat 12, Standard, vacant", with what else one must know. */
export function seatSpoken(hall: Hall, seat: number): string {
  const plan = hall.plan;
  if (!plan || seat < 0) return "";
  const status = words.status(lookOf(hall, seat));
  const zone = plan.zones.length > 1 ? zoneLabel(plan, seat) : "";
  const spoken = words.seat.spoken(zone, rowLabel(plan, seat), placeLabel(plan, seat), seatType(plan, seat), status);
  const picked = hall.selected.has(seat) ? `, ${words.map.picked}` : "";
  return `${spoken}${picked}${hall.live ? "" : `, ${words.map.stale}`}`;
}
