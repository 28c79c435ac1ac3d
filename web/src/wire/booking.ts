// Bookings, their payments and tickets, as the tickets door sends them.
import { list, numberOr, object, text, textOr, whole, type Json } from "./check";
import { currencyOf, time, timeOr } from "./concert";

/** What a booking is. */
export type BookingStatus = "pending" | "confirmed" | "expired" | "cancelled";

/** What its payment is. */
export type PaymentStatus = "none" | "processing" | "paid" | "failed" | "refunded";

/** Why the server chose these seats: how far they are from the front row and from the middle. */
export interface Reason {
  readonly code: "front_middle" | "nearest" | "leaves_single";
  readonly rowsBehind: number;
  readonly seatsAside: number;
}

/** A booking. Money is minor units, times are milliseconds. */
export interface Booking {
  readonly id: string;
  readonly concertId: string;
  readonly categoryId: string;
  readonly seats: number;
  readonly status: BookingStatus;
  readonly payment: PaymentStatus;
  readonly bookedAt: number;
  readonly expiresAt: number;
  readonly amount: number;
  readonly fee: number;
  readonly currency: string;
  readonly seatIds: readonly number[];
  readonly seatLabels: readonly string[];
  /** Why these seats, where the server chose them; null where it does not say. */
  readonly reason: Reason | null;
  readonly category: string;
  readonly concert: {
    readonly name: string;
    readonly venue: string;
    readonly date: number;
    readonly imageUrl: string;
    /** Whether it is over. */
    readonly over: boolean;
  } | null;
  /** Whose it is, told to staff only. */
  readonly email: string;
  readonly name: string;
  /** How the money goes back, told to staff only; null: it does not. */
  readonly refund: "pending" | "succeeded" | "failed" | null;
}

/** The concert a booking names, where it does. */
function concertOf(value: unknown): Booking["concert"] {
  if (typeof value !== "object" || value === null) return null;
  const read = object(value, "booking.concert");
  return {
    name: textOr(read.name, ""),
    venue: textOr(read.venue, ""),
    date: timeOr(read.date),
    imageUrl: textOr(read.imageUrl, ""),
    over: timeOr(read.endedAt) > 0,
  };
}

/** The reason, where there is one. */
function reasonOf(value: unknown): Reason | null {
  if (typeof value !== "object" || value === null) return null;
  const read = object(value, "booking.reason");
  const code = read.code === "front_middle" || read.code === "leaves_single" ? read.code : "nearest";
  return { code, rowsBehind: numberOr(read.rowsBehindFront, 0), seatsAside: numberOr(read.seatsFromMiddle, 0) };
}

/** The parts of a booking that not every answer has. */
function extras(read: Json) {
  const category = typeof read.category === "object" && read.category !== null ? (read.category as Json) : {};
  return {
    amount: numberOr(read.amount, 0),
    fee: numberOr(read.fee, 0),
    currency: currencyOf(read.currency),
    seatIds: list(read.seatIds ?? [], "booking.seatIds", whole),
    seatLabels: list(read.seatLabels ?? [], "booking.seatLabels", text),
    reason: reasonOf(read.reason),
    category: textOr(category.name, ""),
    concert: concertOf(read.concert),
    email: textOr(read.email, ""),
    name: textOr(read.name, ""),
    refund: (["pending", "succeeded", "failed"] as const).find((state) => state === read.refund) ?? null,
  };
}

/** Decodes a booking. */
export function readBooking(value: unknown, place = "booking"): Booking {
  const read = object(value, place);
  return {
    id: text(read.id, `${place}.id`),
    concertId: text(read.concertId, `${place}.concertId`),
    categoryId: text(read.categoryId, `${place}.categoryId`),
    seats: whole(read.seats, `${place}.seats`),
    status: text(read.status, `${place}.status`) as BookingStatus,
    payment: text(read.paymentStatus, `${place}.paymentStatus`) as PaymentStatus,
    bookedAt: time(read.bookedAt, `${place}.bookedAt`),
    expiresAt: time(read.expiresAt, `${place}.expiresAt`),
    ...extras(read),
  };
}

/** Decodes an answer that is a booking or null. */
export function readBookingOrNull(value: unknown): Booking | null {
  return value === null ? null : readBooking(value);
}

/** Decodes `GET /booking/mine`. */
export function readBookings(value: unknown): Booking[] {
  return list(value, "bookings", readBooking);
}

/** Decodes a page of `GET /booking/all`. `next` is handed back to ask for the one after it; empty: there is none. */
export function readBookingPage(value: unknown): { bookings: Booking[]; next: string } {
  const read = object(value, "answer");
  const next = read.next;
  return {
    bookings: list(read.bookings, "bookings", readBooking),
    next: typeof next === "string" || typeof next === "number" ? String(next) : "",
  };
}

/** A ticket. `code` is what its QR code shows. */
export interface Ticket {
  readonly id: string;
  readonly number: number;
  readonly code: string;
  readonly seatLabel: string;
  readonly checkedInAt: number;
  readonly isVoid: boolean;
}

/** Decodes `GET /booking/:id/tickets`. */
export function readTickets(value: unknown): { booking: Booking; tickets: Ticket[] } {
  const read = object(value, "answer");
  const tickets = list(read.tickets, "tickets", (item, place) => {
    const ticket = object(item, place);
    return {
      id: text(ticket.id, `${place}.id`),
      number: numberOr(ticket.number, 0),
      code: text(ticket.code, `${place}.code`),
      seatLabel: textOr(ticket.seatLabel, ""),
      checkedInAt: timeOr(ticket.checkedInAt),
      isVoid: ticket.void === true,
    };
  });
  return { booking: readBooking(read.booking), tickets };
}

/** How a booking is paid. */
export interface Intent {
  readonly clientSecret: string;
  readonly provider: "stripe" | "test";
}

/** Decodes `POST /payment/create-intent`. */
export function readIntent(value: unknown): Intent {
  const read = object(value, "answer");
  return {
    clientSecret: text(read.paymentIntentClientSecret, "answer.paymentIntentClientSecret"),
    provider: read.provider === "stripe" ? "stripe" : "test",
  };
}

/** The id of an intent, which its client secret begins with. */
export function intentIdOf(clientSecret: string): string {
  return clientSecret.replace(/_secret_.*$/, "");
}

/** Decodes what the test provider answers: the intent's status, or the code of what it refused. */
export function readTestPayment(value: unknown): { status: string; refused: string } {
  const read = object(value, "answer");
  if (typeof read.error !== "object" || read.error === null) return { status: textOr(read.status, ""), refused: "" };
  const error = read.error as Json;
  return { status: "", refused: textOr(error.decline_code, "") || textOr(error.code, "") || "card_declined" };
}
