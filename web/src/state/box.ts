// The box office as one person sees it: the concert that is open, one's place in its line, the booking under way. Pure.
import type { Booking } from "../wire/booking";
import { minorUnits, type Concert, type ConcertFrame, type Place, type Sale } from "../wire/concert";
import { UNKNOWN_CLOCK, type Clock } from "./clock";

/** What the page holds of the box office. */
export interface Box {
  readonly clock: Clock;
  /** The public id of the concert that is open; empty when none is. */
  readonly concertId: string;
  /** The concert; null until it has come. */
  readonly concert: Concert | null;
  /** The frame the concert was last changed by. */
  readonly seq: number;
  /** The code for which the concert cannot be shown; empty when it can. */
  readonly problem: string;
  /** One's place; null until known. */
  readonly place: Place | null;
  /** Where one was when the page first saw the line: how far one has come is measured from there. */
  readonly firstPosition: number;
  /** The booking under way for this concert; null when there is none; undefined until known. */
  readonly booking: Booking | null | undefined;
}

/** Nothing is open yet. */
export function newBox(): Box {
  return {
    clock: UNKNOWN_CLOCK,
    concertId: "",
    concert: null,
    seq: 0,
    problem: "",
    place: null,
    firstPosition: 0,
    booking: undefined,
  };
}

/** Opens a concert; what was known of another is forgotten. */
export function openConcert(box: Box, concertId: string): Box {
  return box.concertId === concertId ? box : { ...newBox(), clock: box.clock, concertId };
}

/** Takes the concert as it was asked for. */
export function takeConcert(box: Box, concert: Concert): Box {
  return { ...box, concert, problem: "" };
}

/** Takes a frame: the sale and what is left. A frame from before the one we hold is left. */
export function takeFrame(box: Box, frame: ConcertFrame): Box {
  const concert = box.concert;
  if (!concert || concert.number !== frame.number || frame.seq < box.seq) return box;
  const parts = new Map(frame.categories.map((part) => [part.id, part]));
  const categories = concert.categories.map((category) => {
    const part = parts.get(category.id);
    return part ? { ...category, total: part.total, free: part.free } : category;
  });
  return { ...box, seq: frame.seq, concert: { ...concert, sale: frame.sale, categories } };
}

/** Takes one's place. The first one seen in this line is kept. */
export function takePlace(box: Box, place: Place): Box {
  if (place.status !== "waiting") return { ...box, place, firstPosition: 0 };
  const drawn = place.drawAt === 0;
  const first = drawn && box.firstPosition < place.position ? place.position : box.firstPosition;
  return { ...box, place, firstPosition: first };
}

/** Takes the booking under way; one for another concert is none of ours here. Why its seats is told only once. */
export function takeBooking(box: Box, booking: Booking | null): Box {
  if (!booking || booking.concertId !== box.concertId) return { ...box, booking: null };
  const reason = booking.reason ?? (box.booking?.id === booking.id ? box.booking.reason : null);
  return { ...box, booking: { ...booking, reason } };
}

/** What the one button of a concert means. */
export type Step =
  | "asking"
  | "sign-in"
  | "join"
  | "line"
  | "choose"
  | "pay"
  | "sold-out"
  | "closed"
  | "draining"
  | "over";

/** What comes next for this person at this moment of the server's clock. */
export function nextStep(box: Box, signedIn: boolean, now: number): Step {
  const { concert, place, booking } = box;
  if (!concert) return "asking";
  if (concert.sale.state === "over") return "over";
  const known = !signedIn || (place !== null && booking !== undefined);
  if (signedIn && booking?.status === "pending") return "pay";
  if (signedIn && place?.status === "active" && place.slotUntil > now) return "choose";
  if (concert.sale.state === "closed") return "closed";
  if (isSoldOut(concert)) return place?.status === "waiting" ? "line" : "sold-out";
  if (!signedIn) return "sign-in";
  if (!known) return "asking";
  if (place?.status === "waiting") return "line";
  return concert.sale.state === "draining" ? "draining" : "join";
}

/** Whether nothing is left that could be bought now. */
export function isSoldOut(concert: Concert): boolean {
  return concert.sale.state === "sold_out";
}

/** Where a person stands now, from where they stood and how many have been admitted since; 1 is the next. */
export function positionNow(place: Extract<Place, { status: "waiting" }>, sale: Sale): number {
  if (place.drawAt > 0) return place.position;
  return Math.max(1, place.position - Math.max(0, sale.admitted - place.admitted));
}

/** Seconds until it is their turn, from the line's speed now, or from what the server last said; null: nobody knows. */
export function secondsToTurn(place: Extract<Place, { status: "waiting" }>, sale: Sale): number | null {
  const position = positionNow(place, sale);
  if (sale.state === "paused") return null;
  if (sale.ratePerMinute !== null && sale.ratePerMinute > 0) return Math.round((position * 60) / sale.ratePerMinute);
  return place.etaSeconds === null ? null : Math.round((place.etaSeconds * position) / place.position);
}

/** How much of the way through the line is behind, 0 to 1. */
export function wayGone(box: Box): number {
  if (box.place?.status !== "waiting" || !box.concert || box.firstPosition < 1) return 0;
  return 1 - positionNow(box.place, box.concert.sale) / Math.max(box.firstPosition, 1);
}

/** What some tickets cost, with the fee, in minor units. */
export function priceOf(concert: Concert, price: number, seats: number): { amount: number; fee: number } {
  const sum = Math.round(price * seats * (1 + concert.feeRate));
  const amount = minorUnits(concert.currency) === 1000 ? Math.ceil(sum / 10) * 10 : sum;  // as the server does
  return { amount, fee: amount - price * seats };
}
