// What the actions of the box office work with.
import type { Answer, Ask } from "../wire/api";
import type { Box } from "../state/box";
import { takeReading } from "../state/clock";
import type { Store } from "../state/store";
import { accountOf, type Context } from "./context";

/** The page's context, and the state of the box office. */
export interface Office extends Context {
  readonly box: Store<Box>;
  /** The device's clock, milliseconds since 1970. */
  deviceNow(): number;
}

/** A header that tells the time is at most this old and this coarse, in milliseconds. */
const HEADER_DOUBT = 1_000;

/** Asks the tickets door, and learns what time it is there. Throws a Failure. */
export async function askOffice(office: Office, ask: Ask): Promise<Answer> {
  const answer = await office.ask(ask);
  office.box.update((box) => {
    const clock = takeReading(box.clock, answer.serverMs, office.deviceNow(), HEADER_DOUBT);
    return clock === box.clock ? box : { ...box, clock };
  });
  return answer;
}

/** Learns the time from an answer that tells it to the millisecond. */
export function learnTime(office: Office, serverNow: number): void {
  office.box.update((box) => ({ ...box, clock: takeReading(box.clock, serverNow, office.deviceNow(), 0) }));
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
