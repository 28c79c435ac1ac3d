// What the actions of the box office work with.
import type { Answer, Ask } from "../wire/api";
import type { Box } from "../state/box";
import { takeReading } from "../state/clock";
import type { Store } from "../state/store";
import type { Context } from "./context";

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

/** Whether a word of `account.subscribe` is the box office's; the messenger's are told there too. */
export function isOfficeWord(data: unknown): boolean {
  return (data as { what?: string }).what !== "dialog";
}
