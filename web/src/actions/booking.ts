// Booking, paying, and what one has bought. All throw a Failure.
import { newKey } from "../wire/api";
import * as read from "../wire/booking";
import type { Booking, Intent, Ticket } from "../wire/booking";
import { Failure, failureCode } from "../wire/failure";
import { payByTest } from "../wire/http";
import { list, number, numberOr, object } from "../wire/check";
import type { Category } from "../wire/concert";
import * as choosing from "../state/choosing";
import { takeBooking } from "../state/box";
import { askMine } from "./concerts";
import { askOffice, isOfficeWord, newestWord, type Office } from "./office_context";

/** What is to be booked: a number of a category, the best seats together, or these very seats. */
export type Wish =
  | { readonly categoryId: string; readonly seats: number }
  | { readonly categoryId: string; readonly bestSeats: number }
  | { readonly seatIds: readonly number[] };

/** Books; the booking then waits for its payment. */
export async function book(office: Office, wish: Wish, acceptOther: boolean): Promise<void> {
  const { concertId } = office.box.get();
  const path = `/booking?concertId=${concertId}`;
  try {
    const { value } = await askOffice(office, { method: "POST", path, body: { ...wish, acceptOther }, key: newKey() });
    const booking = read.readBooking(value);
    newestWord(office, "booking");
    office.box.update((box) => takeBooking(box, booking));
    office.page.update((page) => (page.hall ? { ...page, hall: choosing.offer(page.hall, null) } : page));
  } catch (thrown) {
    if (["no_active_slot", "pending_exists"].includes(failureCode(thrown))) void askMine(office);
    throw thrown;
  }
}

/** The seats a refusal names as gone; none when it names none. */
export function refusedSeats(_: Office, thrown: unknown): number[] {
  if (!(thrown instanceof Failure) || thrown.code !== "seats_taken") return [];
  return list(object(thrown.detail, "error").seatIds ?? [], "error.seatIds", number);
}

/** Chooses a seat of the open hall, or lets go of it. */
export function choose(office: Office, categories: readonly Category[], seat: number): choosing.Choice {
  const hall = office.page.get().hall;
  if (!hall) return "not-sold";
  const { hall: after, choice } = choosing.chooseSeat(hall, categories, seat);
  office.page.update((page) => (page.hall === hall ? { ...page, hall: after } : page));
  return choice;
}

/** Offers seats of these categories on the open hall; null ends the choosing. */
export function offerSeats(office: Office, categories: readonly Category[] | null): void {
  office.page.update((page) => (page.hall ? { ...page, hall: choosing.offer(page.hall, categories) } : page));
}

/** Lets go of chosen seats that are gone: those a refusal names, or all that others took. Gives their indices. */
export function letGoOfGone(office: Office, ids: readonly number[] | null): readonly number[] {
  const hall = office.page.get().hall;
  if (!hall) return [];
  const { hall: after, gone } = ids ? choosing.dropRefused(hall, ids) : choosing.dropTaken(hall);
  if (gone.length > 0) office.page.update((page) => (page.hall === hall ? { ...page, hall: after } : page));
  return gone;
}

/** Gives the booking up before it is paid. */
export async function giveUp(office: Office, booking: Booking): Promise<void> {
  await askOffice(office, { method: "DELETE", path: `/booking/pending?categoryId=${booking.categoryId}` });
  office.box.update((box) => takeBooking(box, null));
  void askMine(office);
}

/** Begins to pay, or goes on where one was. */
export async function beginPayment(office: Office, booking: Booking): Promise<Intent> {
  const body = { bookingId: booking.id };
  return read.readIntent((await askOffice(office, { method: "POST", path: "/payment/create-intent", body })).value);
}

/** The key that Stripe's own form needs. */
export async function askPublishableKey(office: Office): Promise<string> {
  const { value } = await askOffice(office, { method: "GET", path: "/payment/pub-key" });
  return String(object(value, "answer").publishableKey ?? "");
}

/** Pays at the built-in test provider. Gives the intent's status, or the code for which the card was refused. */
export async function payTest(_: Office, intent: Intent, card: string): Promise<{ status: string; refused: string }> {
  return read.readTestPayment(await payByTest(read.intentIdOf(intent.clientSecret), intent.clientSecret, card));
}

/** Asks the server to look at the payment and confirm. Gives the booking, confirmed. */
export async function confirmBooking(office: Office, id: string): Promise<Booking> {
  return read.readBooking((await askOffice(office, { method: "PATCH", path: `/booking/${id}/confirm` })).value);
}

/** Any booking of one's own. */
export async function askBooking(office: Office, id: string): Promise<Booking> {
  return read.readBooking((await askOffice(office, { method: "GET", path: `/booking/${id}` })).value);
}

/** One's confirmed bookings, newest first. */
export async function askMyBookings(office: Office): Promise<Booking[]> {
  return read.readBookings((await askOffice(office, { method: "GET", path: "/booking/mine" })).value);
}

/** A booking with its tickets. */
export async function askTickets(office: Office, id: string): Promise<{ booking: Booking; tickets: Ticket[] }> {
  return read.readTickets((await askOffice(office, { method: "GET", path: `/booking/${id}/tickets` })).value);
}

/** The number of whom of the staff to write to about a booking; 0: there is nobody. Throws a Failure. */
export async function askContact(office: Office, id: string): Promise<number> {
  const { value } = await askOffice(office, { method: "GET", path: `/booking/${id}/contact` });
  return numberOr(object(value, "answer").number, 0);
}

/** Hears of changes of this account's bookings until the result is called. */
export function watchBookings(office: Office, changed: () => void): () => void {
  return office.link.subscribe({
    channel: "account.subscribe",
    data: () => null,
    onMessage: (_, data) => void (isOfficeWord(data) && changed()),
    onRefused() {},
  });
}
