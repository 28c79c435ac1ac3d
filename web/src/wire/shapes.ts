// The shapes that travel over the wire, decoded and checked. Nothing here knows who looks at them.
import { list, number, numberOr, object, text, textOr, whole, WireFault } from "./check";

/** The four statuses by their code in binary frames. */
export const STATUS_NAMES = ["VACANT", "RESERVED", "OCCUPIED", "MAINTENANCE"] as const;

/** A status as JSON says it. */
export type StatusName = (typeof STATUS_NAMES)[number];

/** A status as binary frames say it: an index into STATUS_NAMES. */
export type Status = 0 | 1 | 2 | 3;

/** How many seats are in each status, by status code. */
export type Counts = readonly [number, number, number, number];

/** A hall as the list of cinemas shows it. */
export interface HallCard {
  readonly id: number;
  readonly name: string;
  readonly counts: Counts;
}

/** A cinema with its halls. */
export interface Cinema {
  readonly id: number;
  readonly name: string;
  readonly color: string;
  readonly halls: readonly HallCard[];
}

/** What changed in a cinema: the halls whose counters moved. */
export interface CinemaChange {
  readonly id: number;
  readonly halls: readonly { readonly id: number; readonly counts: Counts }[];
}

/** Who the server says we are. An account made with an e-mail may have no username. */
export type Account =
  | { readonly kind: "guest" }
  | { readonly kind: "user"; readonly username: string; readonly staff: boolean };

/** How many watch a hall. */
export interface Viewers {
  readonly id: number;
  readonly viewers: number;
}

/** A seat of a JSON answer: id and status are all the page needs, the geometry is in the plan. */
export interface SeatChange {
  readonly id: number;
  readonly status: Status;
}

/** The answer to a change: the hall's new seq and the seats that changed. */
export interface HallDelta {
  readonly id: number;
  readonly seq: number;
  readonly seats: readonly SeatChange[];
}

/** The status code of a status' name. */
export function statusCode(value: unknown, place: string): Status {
  const code = STATUS_NAMES.indexOf(value as StatusName);
  if (code < 0) throw new WireFault(`${place} is no status`);
  return code as Status;
}

/** Counters keyed by status name; a missing key counts as none. */
function counts(value: unknown, place: string): Counts {
  const read = object(value, place);
  return [
    numberOr(read.VACANT, 0),
    numberOr(read.RESERVED, 0),
    numberOr(read.OCCUPIED, 0),
    numberOr(read.MAINTENANCE, 0),
  ];
}

/** Decodes one hall of a cinema. */
function hallCard(value: unknown, place: string): HallCard {
  const read = object(value, place);
  return {
    id: whole(read.id, `${place}.id`),
    name: text(read.name, `${place}.name`),
    counts: counts(read.seats_count, `${place}.seats_count`),
  };
}

/** Decodes one cinema. */
function cinema(value: unknown, place: string): Cinema {
  const read = object(value, place);
  return {
    id: whole(read.id, `${place}.id`),
    name: text(read.name, `${place}.name`),
    color: textOr(read.color, "#64748b"),
    halls: list(read.halls, `${place}.halls`, hallCard),
  };
}

/** Decodes the snapshot of `cinemas.subscribe`. */
export function readCinemas(value: unknown): Cinema[] {
  return list(value, "cinemas", cinema);
}

/** Decodes an update of `cinemas.subscribe`. */
export function readCinemaChange(value: unknown): CinemaChange {
  const read = object(value, "cinema");
  const halls = list(read.halls, "cinema.halls", (item, place) => {
    const hall = object(item, place);
    return { id: whole(hall.id, `${place}.id`), counts: counts(hall.seats_count, `${place}.seats_count`) };
  });
  return { id: whole(read.id, "cinema.id"), halls };
}

/** Decodes a snapshot or update of `user.subscribe`. */
export function readAccount(value: unknown): Account {
  const read = object(value, "user");
  if (read.status !== "user") return { kind: "guest" };
  return { kind: "user", username: textOr(read.username, ""), staff: read.role === "staff" };
}

/** Decodes a snapshot or update of `viewers.subscribe`. */
export function readViewers(value: unknown): Viewers {
  const read = object(value, "viewers");
  return { id: whole(read.id, "viewers.id"), viewers: whole(read.viewers, "viewers.viewers") };
}

/** Decodes the answer `hall.update_seat_status` gives with `"reply":"delta"`, and that of `hall.update_seats_status`. */
export function readHallDelta(value: unknown): HallDelta {
  const read = object(value, "hall");
  const seats = list(read.seats ?? [], "hall.seats", (item, place) => {
    const seat = object(item, place);
    return { id: whole(seat.id, `${place}.id`), status: statusCode(seat.status, `${place}.status`) };
  });
  return { id: whole(read.id, "hall.id"), seq: whole(read.seq, "hall.seq"), seats };
}

/** Decodes the answer of `hall.my_seats`, and the list an error about seats carries. */
export function readSeatIds(value: unknown): number[] {
  return list(object(value, "answer").seat_ids, "answer.seat_ids", number);
}
