// Concerts, their categories, the sale, and one's place in the line, as the tickets door sends them.
import { list, number, numberOr, object, text, textOr, whole, WireFault, type Json } from "./check";

/** What a sale is doing; "over": its concert is. */
export type SaleState = "waiting" | "open" | "paused" | "draining" | "closed" | "sold_out" | "over";

/** The waiting room of a concert, the same for everyone. Times are milliseconds. */
export interface Sale {
  readonly state: SaleState;
  readonly opensAt: number;
  readonly seedHash: string;
  /** Published once the sale has opened; empty before. */
  readonly seed: string;
  readonly waiting: number;
  readonly active: number;
  /** Everyone ever admitted. */
  readonly admitted: number;
  /** How fast the line moves; null while nobody knows. */
  readonly ratePerMinute: number | null;
  readonly notice: string;
  readonly maxActive: number;
}

/** A kind of ticket. The price is in minor units, without the fee. */
export interface Category {
  readonly id: string;
  readonly name: string;
  readonly price: number;
  readonly total: number;
  readonly free: number;
  /** The hall's seat type whose seats it sells; null without numbered seats. */
  readonly seatTypeId: number | null;
}

/** A concert. */
export interface Concert {
  readonly id: string;
  /** Its number on the socket. */
  readonly number: number;
  readonly name: string;
  readonly imageUrl: string;
  /** Milliseconds. */
  readonly date: number;
  readonly venue: string;
  readonly gates: string;
  readonly about: string;
  readonly languages: string;
  readonly organizer: string;
  /** ISO 4217, upper case. */
  readonly currency: string;
  readonly hallId: number | null;
  readonly provider: "stripe" | "test";
  /** The share of the price that is added. */
  readonly feeRate: number;
  readonly sale: Sale;
  readonly categories: readonly Category[];
}

/** What changed of a concert: a message of `concert.subscribe`. */
export interface ConcertFrame {
  readonly number: number;
  readonly seq: number;
  readonly sale: Sale;
  readonly categories: readonly { readonly id: string; readonly total: number; readonly free: number }[];
}

const STATES: readonly string[] = ["waiting", "open", "paused", "draining", "closed", "sold_out"];

/** A point in time as milliseconds. */
export function time(value: unknown, place: string): number {
  const ms = Date.parse(text(value, place));
  if (Number.isNaN(ms)) throw new WireFault(`${place} is no time`);
  return ms;
}

/** A point in time that may be missing: 0. */
export function timeOr(value: unknown): number {
  return typeof value === "string" ? Date.parse(value) || 0 : 0;
}

/** Currencies without hundredths, as the server counts (src/shared/currency.c): browsers show some others without them. */
const WHOLE = "bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf";
const THOUSANDTHS = "bhd iqd jod kwd lyd omr tnd";

/** How many minor units a major one has: 100 for most currencies, 1 for yen. */
export function minorUnits(currency: string): number {
  const code = currency.toLowerCase();
  return WHOLE.split(" ").includes(code) ? 1 : THOUSANDTHS.split(" ").includes(code) ? 1000 : 100;
}

/** The sale of a concert that was made a moment ago: the socket tells the rest. */
const NEW_SALE = { state: "waiting", opensAt: new Date(0).toISOString() };

/** Decodes the sale. */
export function readSale(value: unknown, place = "sale"): Sale {
  const read = object(value, place);
  const state = text(read.state, `${place}.state`);
  if (!STATES.includes(state)) throw new WireFault(`${place}.state is unknown`);
  return {
    state: timeOr(read.endedAt) > 0 ? "over" : (state as SaleState),
    opensAt: time(read.opensAt, `${place}.opensAt`),
    seedHash: textOr(read.seedHash, ""),
    seed: textOr(read.seed, ""),
    waiting: numberOr(read.waiting, 0),
    active: numberOr(read.active, 0),
    admitted: numberOr(read.admitted, 0),
    ratePerMinute: typeof read.ratePerMinute === "number" ? read.ratePerMinute : null,
    notice: textOr(read.notice, ""),
    maxActive: numberOr(read.maxActive, 0),
  };
}

/** An ISO 4217 code in upper case; what is none is rupees, the wire's usual currency. */
export function currencyOf(value: unknown): string {
  const code = textOr(value, "inr").toUpperCase();
  return /^[A-Z]{3}$/.test(code) ? code : "INR";
}

/** Decodes a category; its price comes in major units. */
function category(value: unknown, place: string, units: number): Category {
  const read = object(value, place);
  return {
    id: text(read.id, `${place}.id`),
    name: text(read.name, `${place}.name`),
    price: Math.round(number(read.price, `${place}.price`) * units),
    total: whole(read.totalSeats, `${place}.totalSeats`),
    free: whole(read.availableSeats, `${place}.availableSeats`),
    seatTypeId: typeof read.seatTypeId === "number" ? read.seatTypeId : null,
  };
}

/** What a concert says of itself to visitors. */
function story(read: Json) {
  return {
    name: text(read.name, "concert.name"),
    imageUrl: textOr(read.imageUrl, ""),
    date: time(read.date, "concert.date"),
    venue: textOr(read.venue, ""),
    gates: textOr(read.gatesOpenTime, ""),
    about: textOr(read.about, ""),
    languages: textOr(read.languages, ""),
    organizer: textOr(read.organizedBy, ""),
  };
}

/** Decodes `GET /concert`. */
export function readConcert(value: unknown): Concert {
  const read = object(value, "concert");
  const currency = currencyOf(read.currency);
  const units = minorUnits(currency);
  return {
    id: text(read.id, "concert.id"),
    number: numberOr(read.number, 0),
    ...story(read),
    currency,
    hallId: typeof read.hallId === "number" ? read.hallId : null,
    provider: read.provider === "stripe" ? "stripe" : "test",
    feeRate: numberOr(read.feeRate, 0),
    sale: readSale(read.sale ?? NEW_SALE, "concert.sale"),
    categories: list(read.categories, "concert.categories", (item, place) => category(item, place, units)),
  };
}

/** Decodes `GET /concerts`. */
export function readConcerts(value: unknown): Concert[] {
  const items = Array.isArray(value) ? value : object(value, "answer").concerts;
  return list(items, "concerts", (item) => readConcert(item));
}

/** Decodes a message of `concert.subscribe`. */
export function readConcertFrame(value: unknown): ConcertFrame {
  const read = object(value, "concert");
  return {
    number: whole(read.id, "concert.id"),
    seq: whole(read.seq, "concert.seq"),
    sale: readSale(read.sale, "concert.sale"),
    categories: list(read.categories, "concert.categories", (item, place) => {
      const part = object(item, place);
      return {
        id: text(part.id, `${place}.id`),
        total: whole(part.totalSeats, `${place}.totalSeats`),
        free: whole(part.availableSeats, `${place}.availableSeats`),
      };
    }),
  };
}

/** One's place: none, in the line, or admitted. */
export type Place =
  | { readonly status: "none" }
  | {
      readonly status: "waiting";
      /** 1 is the next. Before the draw it is the length of the line. */
      readonly position: number;
      readonly length: number;
      /** The count of the admitted at the moment `position` was true. */
      readonly admitted: number;
      readonly etaSeconds: number | null;
      /** When the lots are drawn; 0 once they are. */
      readonly drawAt: number;
      readonly soldOut: boolean;
    }
  | { readonly status: "active"; readonly slotUntil: number };

/** Decodes `GET /queue/status` and the answer to a join. */
export function readPlace(value: unknown): Place {
  const read = object(value, "place");
  if (read.status === "active") return { status: "active", slotUntil: timeOr(read.slotExpiresAt) };
  if (read.status !== "waiting" && read.status !== "queued") return { status: "none" };
  const position = Math.max(numberOr(read.position, 1), 1);
  return {
    status: "waiting",
    position,
    length: Math.max(numberOr(read.queueLength, position), position),
    admitted: numberOr(read.admitted, 0),
    etaSeconds: typeof read.etaSeconds === "number" ? read.etaSeconds : null,
    drawAt: timeOr(read.drawAt),
    soldOut: read.soldOut === true,
  };
}

/** A page of the draw. */
export interface DrawPage {
  readonly seedHash: string;
  readonly seed: string;
  readonly entries: readonly { readonly id: string; readonly lot: string }[];
  readonly next: number | null;
}

/** Decodes `GET /queue/draw`. */
export function readDraw(value: unknown): DrawPage {
  const read = object(value, "draw");
  return {
    seedHash: text(read.seedHash, "draw.seedHash"),
    seed: textOr(read.seed, ""),
    entries: list(read.entries, "draw.entries", (item, place) => {
      const entry = object(item, place);
      return { id: text(entry.id, `${place}.id`), lot: text(entry.lot, `${place}.lot`) };
    }),
    next: typeof read.next === "number" ? read.next : null,
  };
}

/** A minute of the sale, for its operator. */
export interface Minute {
  readonly at: number;
  readonly admitted: number;
  readonly sold: number;
}

/** Decodes `GET /queue/operate` and the answer to a change: the sale, and its last hour where it is told. */
export function readOperated(value: unknown): { sale: Sale; recent: Minute[] } {
  const read = object(value, "answer");
  const recent = list(read.recent ?? [], "answer.recent", (item, place) => {
    const minute = object(item, place);
    return {
      at: time(minute.minute, `${place}.minute`),
      admitted: numberOr(minute.admitted, 0),
      sold: numberOr(minute.sold, 0),
    };
  });
  return { sale: readSale(typeof read.sale === "object" && read.sale ? read.sale : read), recent };
}
