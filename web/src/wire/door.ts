// The door's list of tickets and the answers to a check-in.
import { list, object, text, textOr } from "./check";
import { timeOr } from "./concert";

/** A ticket as the door knows it: its code only as a hash. */
export interface Listed {
  readonly id: string;
  /** SHA-256 of the code, hex. */
  readonly hash: string;
  readonly seatLabel: string;
  readonly name: string;
  readonly checkedInAt: number;
  readonly isVoid: boolean;
}

/** The signed list. */
export interface DoorList {
  readonly concertId: string;
  readonly at: number;
  readonly tickets: readonly Listed[];
  /** Handed back to ask for the page behind this one; empty: there is none. */
  readonly next: string;
  readonly key: string;
  readonly signature: string;
}

/** Decodes `GET /ticket/list`. */
export function readDoorList(value: unknown): DoorList {
  const read = object(value, "list");
  const tickets = list(read.tickets, "list.tickets", (item, place) => {
    const ticket = object(item, place);
    return {
      id: text(ticket.id, `${place}.id`),
      hash: text(ticket.hash, `${place}.hash`),
      seatLabel: textOr(ticket.seatLabel, ""),
      name: textOr(ticket.name, ""),
      checkedInAt: timeOr(ticket.checkedInAt),
      isVoid: ticket.void === true,
    };
  });
  return {
    concertId: textOr(read.concertId, ""),
    at: timeOr(read.at),
    tickets,
    next: textOr(read.next, ""),
    key: textOr(read.key, ""),
    signature: textOr(read.signature, ""),
  };
}

/** Who came in, as the answer to a check-in says. */
export interface Admitted {
  readonly id: string;
  readonly name: string;
  readonly seatLabel: string;
  readonly category: string;
}

/** Decodes the answer to `POST /ticket/check-in`. */
export function readAdmitted(value: unknown): Admitted {
  const ticket = object(object(value, "answer").ticket, "ticket");
  return {
    id: textOr(ticket.id, ""),
    name: textOr(ticket.name, ""),
    seatLabel: textOr(ticket.seatLabel, ""),
    category: textOr(ticket.category, ""),
  };
}
