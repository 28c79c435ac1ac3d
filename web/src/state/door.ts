// The door: a code is looked up by its hash in the list this device holds, and who came in is kept until it is told.
import type { Listed } from "../wire/door";

/** Somebody who was let in here and whom the server has not heard of yet. */
export interface Waiting {
  readonly code: string;
  /** When, in milliseconds of the server's clock. */
  readonly at: number;
}

/** What the door knows. */
export interface Door {
  /** The tickets by the hash of their codes. */
  readonly tickets: ReadonlyMap<string, Listed>;
  /** When the list was made; 0: there is none. */
  readonly listedAt: number;
  /** Check-ins to be told, oldest first. */
  readonly waiting: readonly Waiting[];
}

/** What the door says to a code. */
export interface Verdict {
  readonly kind: "in" | "used" | "void" | "over" | "elsewhere" | "unknown" | "foreign";
  readonly name: string;
  readonly seatLabel: string;
  readonly category: string;
  /** For `used`: when it was used first; 0 where nobody knows. */
  readonly usedAt: number;
  /** True when the server has not been asked. */
  readonly offline: boolean;
}

/** A door that knows nothing. */
export const CLOSED_DOOR: Door = { tickets: new Map(), listedAt: 0, waiting: [] };

/** A verdict about nobody. */
export function verdict(kind: Verdict["kind"], offline: boolean): Verdict {
  return { kind, name: "", seatLabel: "", category: "", usedAt: 0, offline };
}

/** Takes a list. Who was let in here stays in, though the list may not know it yet. */
export function takeList(door: Door, tickets: readonly Listed[], listedAt: number): Door {
  const map = new Map(tickets.map((ticket) => [ticket.hash, ticket]));
  for (const [hash, known] of door.tickets) {
    const listed = map.get(hash);
    if (listed && known.checkedInAt > 0 && listed.checkedInAt === 0) map.set(hash, { ...listed, checkedInAt: known.checkedInAt });
  }
  return { ...door, tickets: map, listedAt };
}

/** What the list says to the hash of a code. */
export function judge(door: Door, hash: string): Verdict {
  const ticket = door.tickets.get(hash);
  if (!ticket) return verdict("unknown", true);
  const kind = ticket.isVoid ? "void" : ticket.checkedInAt > 0 ? "used" : "in";
  return { ...verdict(kind, true), name: ticket.name, seatLabel: ticket.seatLabel, usedAt: ticket.checkedInAt };
}

/** Somebody is in. With a code it is still to be told. */
export function letIn(door: Door, hash: string, at: number, untold: string): Door {
  const tickets = new Map(door.tickets);
  const ticket = tickets.get(hash);
  if (ticket) tickets.set(hash, { ...ticket, checkedInAt: at });
  return { ...door, tickets, waiting: untold ? [...door.waiting, { code: untold, at }] : door.waiting };
}

/** A check-in has been told. */
export function told(door: Door, code: string): Door {
  return { ...door, waiting: door.waiting.filter((one) => one.code !== code) };
}

/** How many are in, and of how many. */
export function counted(door: Door): { inside: number; total: number } {
  const good = [...door.tickets.values()].filter((ticket) => !ticket.isVoid);
  return { inside: good.filter((ticket) => ticket.checkedInAt > 0).length, total: good.length };
}
