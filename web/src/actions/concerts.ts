// Watching a concert, one's place in its line and the booking under way. Nothing is asked for by the clock: frames of the
// concert move the place, and what concerns the account is asked for again when the server says that it has changed.
import { readBookingOrNull } from "../wire/booking";
import { readConcert, readConcertFrame, readDraw, readPlace } from "../wire/concert";
import { Failure, failureCode, isPassing } from "../wire/failure";
import { readPerson } from "../wire/person";
import { hashOfHex, lotsBy } from "../wire/proofs";
import * as state from "../state/box";
import { accountOf } from "./context";
import { tellFailure } from "./notices";
import { askOffice, isOfficeWord, newestWord, type Office } from "./office_context";

const RETRY_MS = 4_000;

/** The query that names the concert that is open. */
function query(office: Office): string {
  return `concertId=${office.box.get().concertId}`;
}

/** Opens a concert and keeps it right until the result is called. */
export function watchConcert(office: Office, id: string): () => void {
  office.box.update((box) => state.openConcert(box, id));
  const ends: (() => void)[] = [];
  let ended = false;
  const begin = () =>
    void loadConcert(office, id).then((loaded) => {
      if (ended) return;
      if (loaded) ends.push(watchFrames(office));
      else if (office.box.get().problem !== "concert_not_found") ends.push(office.after(RETRY_MS, begin));
    });
  begin();
  ends.push(watchMine(office));
  return () => {
    ended = true;
    for (const end of ends) end();
  };
}

/** Fetches the concert; false when it could not be had, and why is in the state. */
async function loadConcert(office: Office, id: string): Promise<boolean> {
  try {
    const { value } = await askOffice(office, { method: "GET", path: `/concert?concertId=${id}` });
    const concert = readConcert(value);
    office.box.update((box) => (box.concertId === id ? state.takeConcert(box, concert) : box));
    return true;
  } catch (thrown) {
    if (failureCode(thrown) === "Unreadable") console.error(thrown);
    const problem = failureCode(thrown);
    office.box.update((box) => (box.concertId === id && !box.concert ? { ...box, problem } : box));
    return false;
  }
}

/** Watches the sale and what is left. */
function watchFrames(office: Office): () => void {
  const number = office.box.get().concert!.number;
  return office.link.subscribe({
    channel: "concert.subscribe",
    data: () => ({ id: number }),
    onMessage(status, data) {
      const frame = readConcertFrame(data);
      const before = office.box.get().concert?.sale.state;
      // After a reconnect the count may be of another start of the server: the picture is whole and taken as it is.
      office.box.update((box) => state.takeFrame(status === "snapshot" ? { ...box, seq: 0 } : box, frame));
      if (before !== frame.sale.state) void askMine(office);
    },
    onRefused: (code) => tellFailure(office, new Failure(code)),
  });
}

/** Keeps one's own place and booking right: at the start, as another person, after a reconnect, on the server's word. */
function watchMine(office: Office): () => void {
  let [account, link] = [office.page.get().account, office.page.get().link];
  let endWord = () => {};
  const watchWord = () => {
    endWord();
    endWord = accountOf(office) ? watchAccountWord(office) : () => {};
  };
  const endPage = office.page.subscribe((page) => {
    const other = page.account !== account;
    const back = page.link === "online" && link !== "online";
    [account, link] = [page.account, page.link];
    if (other) {
      office.box.update((box) => ({ ...box, place: null, booking: undefined }));
      watchWord();
    }
    if (other || back) void askMine(office);
  });
  watchWord();
  void askMine(office);
  return () => {
    endPage();
    endWord();
  };
}

/** Hears what has changed for this account. */
function watchAccountWord(office: Office): () => void {
  return office.link.subscribe({
    channel: "account.subscribe",
    data: () => null,
    onMessage: (status, data) => void (status === "update" && isOfficeWord(data) && askMine(office)),
    onRefused() {},
  });
}

/** Asks for one's place and the booking under way. A guest has neither. */
export async function askMine(office: Office): Promise<void> {
  if (!accountOf(office)) return;
  await Promise.all([askPlace(office), askPending(office)]);
}

async function askPlace(office: Office): Promise<void> {
  const counts = newestWord(office, "place");
  try {
    const { value } = await askOffice(office, { method: "GET", path: `/queue/status?${query(office)}` });
    if (counts()) office.box.update((box) => state.takePlace(box, readPlace(value)));
  } catch (thrown) {
    quietly(office, thrown, () => counts() && askPlace(office));
  }
}

async function askPending(office: Office): Promise<void> {
  const counts = newestWord(office, "booking");
  try {
    const { value } = await askOffice(office, { method: "GET", path: "/booking/pending" });
    const booking = readBookingOrNull(value);
    if (counts()) office.box.update((box) => state.takeBooking(box, booking));
  } catch (thrown) {
    quietly(office, thrown, () => counts() && askPending(office));
  }
}

/** What was asked in the background failed: it is asked again when that may help, and told when it may not. */
function quietly(office: Office, thrown: unknown, again: () => void): void {
  if (isPassing(thrown)) office.after(RETRY_MS, again);
  else if (failureCode(thrown) !== "unauthorized") tellFailure(office, thrown);
}

/** Joins the line. Throws a Failure. */
export async function joinLine(office: Office): Promise<void> {
  const { value } = await askOffice(office, { method: "POST", path: `/queue/join?${query(office)}` });
  office.box.update((box) => state.takePlace(box, readPlace(value)));
  await askPlace(office);
}

/** Leaves the line. Throws a Failure. */
export async function leaveLine(office: Office): Promise<void> {
  await askOffice(office, { method: "POST", path: `/queue/leave?${query(office)}` });
  newestWord(office, "place");
  office.box.update((box) => state.takePlace(box, { status: "none" }));
}

/** What came of checking the draw. */
export interface Checked {
  /** The seed is the one whose hash was published, and every lot up to one's own follows from it, in order. */
  readonly fair: boolean;
  /** One's own place in the draw, 1 is the first; 0: not in it. */
  readonly place: number;
  readonly lot: string;
  readonly seed: string;
  readonly seedHash: string;
}

/** Checks the draw from its published seed, page by page until one's own lot has come. Throws a Failure. */
export async function checkDraw(office: Office): Promise<Checked> {
  const me = office.page.get().person ?? readPerson((await askOffice(office, { method: "GET", path: "/account" })).value);
  const promised = office.box.get().concert?.sale.seedHash ?? "";
  let [place, fair, lastLot, after] = [0, true, "", 0];
  for (;;) {
    const path = `/queue/draw?${query(office)}${after ? `&after=${after}` : ""}`;
    const page = readDraw((await askOffice(office, { method: "GET", path })).value);
    if (!page.seed) throw new Failure("draw_pending");
    const drawn = await lotsBy(page.seed);
    fair &&= page.seedHash === promised && (await hashOfHex(page.seed)) === page.seedHash;
    for (const entry of page.entries) {
      place++;
      fair &&= entry.lot >= lastLot && (await drawn(entry.id)) === entry.lot;
      lastLot = entry.lot;
      if (entry.id === me.id) return { fair, place, lot: entry.lot, seed: page.seed, seedHash: page.seedHash };
    }
    if (page.next === null) return { fair, place: 0, lot: "", seed: page.seed, seedHash: page.seedHash };
    after = page.next;
  }
}
