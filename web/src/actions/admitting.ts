// Letting people in: the server is asked where it can be reached; where it cannot, the signed list on this device decides
// and the check-in is told later.
import { readAdmitted, readDoorList, type DoorList } from "../wire/door";
import { Failure, failureCode, isPassing } from "../wire/failure";
import { hashOfText, signatureHolds, signedPart } from "../wire/proofs";
import { timeOr } from "../wire/concert";
import { judge, verdict, type Door, type Verdict, type Waiting } from "../state/door";
import { askOffice, type Office } from "./office_context";

/** A page of the list, and whether its signature holds. */
async function askDoorPage(office: Office, concertId: string, after: string): Promise<{ list: DoorList; holds: boolean | null }> {
  const behind = after === "" ? "" : `&after=${after}`;
  const answer = await askOffice(office, { method: "GET", path: `/ticket/list?concertId=${concertId}${behind}` });
  const list = readDoorList(answer.value);
  return { list, holds: await signatureHolds(signedPart(answer.text), list.key, list.signature) };
}

/** The list, and whether its signatures hold; null where this browser cannot tell. Throws a Failure. */
export async function askDoorList(office: Office, concertId: string): Promise<{ list: DoorList; holds: boolean | null }> {
  let { list, holds } = await askDoorPage(office, concertId, "");
  for (let next = list.next; next !== ""; ) {
    const page = await askDoorPage(office, concertId, next);
    list = { ...list, tickets: [...list.tickets, ...page.list.tickets] };
    if (holds !== false) holds = page.holds && holds;
    next = page.list.next;
  }
  return { list, holds };
}

/** What was found out about a code: the verdict, its hash, and whether the server still has to be told. */
export interface Seen {
  readonly verdict: Verdict;
  readonly hash: string;
  readonly untold: boolean;
}

/** Verdicts by the codes of the server's refusals. */
const REFUSALS: Record<string, Verdict["kind"]> = {
  ticket_used: "used",
  ticket_void: "void",
  ticket_not_found: "unknown",
  concert_over: "over",
  wrong_concert: "elsewhere",
};

/** Lets in or refuses the bearer of a code. Throws only what no list can make up for: one is not staff, for instance. */
export async function checkIn(office: Office, concertId: string, door: Door, code: string): Promise<Seen> {
  const hash = await hashOfText(code);
  const known = judge(door, hash);
  try {
    const { value } = await askOffice(office, { method: "POST", path: "/ticket/check-in", body: { code, concertId } });
    const { name, seatLabel, category } = readAdmitted(value);
    return { verdict: { ...verdict("in", false), name, seatLabel, category }, hash, untold: false };
  } catch (thrown) {
    const failure = thrown instanceof Failure ? thrown : new Failure("Unreadable");
    const kind = REFUSALS[failure.code];
    if (kind) return { verdict: { ...known, kind, usedAt: usedAt(failure), offline: false }, hash, untold: false };
    if (!isPassing(thrown)) throw thrown;
    return { verdict: known, hash, untold: known.kind === "in" };
  }
}

/** When a used ticket was used. */
function usedAt(failure: Failure): number {
  return timeOr((failure.detail as { checkedInAt?: unknown } | null)?.checkedInAt);
}

/** Tells the server of somebody let in while it could not be reached. True when that is settled, one way or the other. */
export async function tellCheckIn(office: Office, concertId: string, one: Waiting): Promise<boolean> {
  try {
    const body = { code: one.code, concertId, at: new Date(one.at).toISOString() };
    await askOffice(office, { method: "POST", path: "/ticket/check-in", body });
    return true;
  } catch (thrown) {
    return failureCode(thrown) in REFUSALS;
  }
}
