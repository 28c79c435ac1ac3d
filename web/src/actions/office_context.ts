// What the actions of the box office work with.
import type { Answer, Ask } from "../wire/api";
import type { Box } from "../state/box";
import { takeReading } from "../state/clock";
import type { Store } from "../state/store";
import { timeOr } from "../wire/concert";
import { accountOf, type Context } from "./context";

/** The page's context, and the state of the box office. */
export interface Office extends Context {
  readonly box: Store<Box>;
  /** The device's clock, milliseconds since 1970. */
  deviceNow(): number;
}

/** How coarse the time in a header is, in milliseconds. */
const HEADER_DOUBT = 1_000;

/** Asks the tickets door, and learns what time it is there. Throws a Failure. */
export async function askOffice(office: Office, ask: Ask): Promise<Answer> {
  const askedAt = office.deviceNow();
  const answer = await office.ask(ask);
  const now = office.deviceNow();
  // It was that time at some moment since the question; a booking tells it to the millisecond.
  const tookMs = Math.max(0, now - askedAt);
  const exact = timeOr((answer.value as { serverNow?: unknown } | null)?.serverNow);
  office.box.update((box) => {
    const clock = exact
      ? takeReading(box.clock, exact, now, tookMs)
      : takeReading(box.clock, answer.serverMs, now, tookMs + HEADER_DOUBT);
    return clock === box.clock ? box : { ...box, clock };
  });
  return answer;
}

/** The numbers of the newest words. */
const words = { place: 0, booking: 0 };

/**
 * Begins to learn one's place or booking: what was asked for before may be answered later, and is old then. The result
 * says whether this is still the newest word, about the same concert and account.
 */
export function newestWord(office: Office, about: "place" | "booking"): () => boolean {
  const [word, account, { concertId }] = [++words[about], accountOf(office), office.box.get()];
  return () => word === words[about] && account === accountOf(office) && concertId === office.box.get().concertId;
}

/** Whether a word of `account.subscribe` is the box office's; the messenger's are told there too. */
export function isOfficeWord(data: unknown): boolean {
  return (data as { what?: string }).what !== "dialog";
}
