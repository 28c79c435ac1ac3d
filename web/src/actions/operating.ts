// What an operator does with a sale. All throw a Failure.
import { readBooking, readBookingPage, type Booking } from "../wire/booking";
import { readOperated, type Minute } from "../wire/concert";
import { askOffice, type Office } from "./office_context";

/** A change of a sale; what is left out stays. */
export interface SaleChange {
  readonly paused?: boolean;
  readonly draining?: boolean;
  readonly closed?: boolean;
  /** The concert is over, for good. */
  readonly ended?: true;
  /** 0: no limit. */
  readonly ratePerMinute?: number;
  readonly notice?: string;
  readonly opensAt?: string;
}

/** The last hour of the sale, a minute each. */
export async function askOperated(office: Office): Promise<Minute[]> {
  const path = `/queue/operate?concertId=${office.box.get().concertId}`;
  const { sale, recent } = readOperated((await askOffice(office, { method: "GET", path })).value);
  office.box.update((box) => (box.concert ? { ...box, concert: { ...box.concert, sale } } : box));
  return recent;
}

/** Changes the sale. */
export async function operate(office: Office, change: SaleChange): Promise<void> {
  const path = `/queue/operate?concertId=${office.box.get().concertId}`;
  const { sale } = readOperated((await askOffice(office, { method: "POST", path, body: change })).value);
  office.box.update((box) => (box.concert ? { ...box, concert: { ...box.concert, sale } } : box));
}

/** A page of all bookings. */
export async function askAllBookings(
  office: Office,
  wanted: { status: string; q: string; after: string },
): Promise<{ bookings: Booking[]; next: string }> {
  const query = new URLSearchParams(Object.entries(wanted).filter(([, value]) => value !== ""));
  return readBookingPage((await askOffice(office, { method: "GET", path: `/booking/all?${query}` })).value);
}

/** Cancels a booking and gives its money back. */
export async function refund(office: Office, id: string): Promise<Booking> {
  return readBooking((await askOffice(office, { method: "POST", path: `/booking/${id}/refund` })).value);
}
