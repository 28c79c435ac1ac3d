// What the page watches: who we are, the cinemas, and the hall that is open.
import { Failure, failureCode, isPassing } from "../wire/failure";
import type { HallFrame } from "../wire/frames";
import { readConcerts } from "../wire/concert";
import { readPerson } from "../wire/person";
import { readAccount, readCinemaChange, readCinemas, readSeatIds, readViewers } from "../wire/shapes";
import { newHall, placeOf, takeChange, takeMine, takePicture, takePlan, type Hall } from "../state/hall";
import { changeHall, takeAccount, takeCinemaChange } from "../state/page";
import { accountOf, type Context } from "./context";
import { tellFailure } from "./notices";

/** How long a plan that could not be fetched is left before the next try, in milliseconds. */
const PLAN_RETRY_MS = 3_000;
/** The same of the account. */
const PERSON_RETRY_MS = 4_000;

/** Watches who we are, for as long as the page lives. */
export function watchAccount(context: Context): () => void {
  return context.link.subscribe({
    channel: "user.subscribe",
    data: () => null,
    onMessage(_, data) {
      const before = context.page.get().account;
      context.page.update((page) => takeAccount(page, readAccount(data)));
      const { account, person } = context.page.get();
      if (before !== account) void askMySeats(context);
      if (before !== account || !person) void askPerson(context);
    },
    onRefused: (code) => tellFailure(context, new Failure(code)),
  });
}

/** Asks what the account says of us; until that is answered the page shows less and works on. */
export async function askPerson(context: Context): Promise<void> {
  const account = accountOf(context);
  if (!account) return;
  try {
    const person = readPerson((await context.ask({ method: "GET", path: "/account" })).value);
    context.page.update((page) => (page.account === account ? { ...page, person } : page));
  } catch (thrown) {
    if (failureCode(thrown) === "Unreadable") console.warn("The account could not be read.");
    const isOurs = () => context.page.get().account === account;
    if (isPassing(thrown)) context.after(PERSON_RETRY_MS, () => void (isOurs() && askPerson(context)));
  }
}

/** Asks for the concerts, for the list of what is on. Throws a Failure. */
export async function askConcerts(context: Context): Promise<void> {
  const { value } = await context.ask({ method: "GET", path: "/concerts" });
  context.page.update((page) => ({ ...page, concerts: readConcerts(value) }));
}

/** Watches the cinemas and the counters of their halls. */
export function watchCinemas(context: Context): () => void {
  return context.link.subscribe({
    channel: "cinemas.subscribe",
    data: () => null,
    onMessage(status, data) {
      if (status === "snapshot") context.page.update((page) => ({ ...page, cinemas: readCinemas(data) }));
      else context.page.update((page) => takeCinemaChange(page, readCinemaChange(data)));
    },
    onRefused: (code) => tellFailure(context, new Failure(code)),
  });
}

/** Opens a hall and watches it until the result is called. */
export function openHall(context: Context, id: number): () => void {
  context.page.update((page) => ({ ...page, hall: newHall(id) }));
  const ends = [watchSeats(context, id), watchViewers(context, id)];
  return () => {
    for (const end of ends) end();
    context.page.update((page) => (page.hall?.id === id ? { ...page, hall: null } : page));
  };
}

/** The open hall, if it is still this one. */
function openOne(context: Context, id: number): Hall | null {
  const hall = context.page.get().hall;
  return hall?.id === id ? hall : null;
}

/** Watches how many look at a hall. */
function watchViewers(context: Context, id: number): () => void {
  return context.link.subscribe({
    channel: "viewers.subscribe",
    data: () => ({ id }),
    onMessage(_, data) {
      const { viewers } = readViewers(data);
      context.page.update((page) => changeHall(page, id, (hall) => ({ ...hall, viewers })));
    },
    onRefused() {},
  });
}

/** Watches the seats of a hall: a whole picture first, changes after it, only what was missed after a reconnect. */
function watchSeats(context: Context, id: number): () => void {
  let end = () => {};
  let ended = false;
  const watch = () => {
    end = context.link.subscribe({
      channel: "hall.subscribe",
      data: () => seatsRequest(openOne(context, id), id),
      onMessage() {},
      onFrame(frame) {
        if (takeFrame(context, id, frame)) return;
        end();
        watch();
      },
      onRefused(code) {
        context.page.update((page) => changeHall(page, id, (hall) => ({ ...hall, problem: code })));
      },
    });
  };
  watch();
  return () => {
    if (!ended) end();
    ended = true;
  };
}

/** What to ask for: everything, or what came after the picture we hold. */
function seatsRequest(hall: Hall | null, id: number): unknown {
  return hall && hall.planHash ? { id, format: "binary", since: hall.seq } : { id, format: "binary" };
}

/** Takes a frame of the hall; false when something before it was missed and must be asked for. */
function takeFrame(context: Context, id: number, frame: HallFrame): boolean {
  const hall = openOne(context, id);
  if (!hall) return true;
  if (frame.kind === "update" && placeOf(hall, frame) === "gap") return false;
  const wasLive = hall.live;
  const take = (before: Hall) => (frame.kind === "snapshot" ? takePicture(before, frame) : takeChange(before, frame));
  context.page.update((page) => changeHall(page, id, take));
  const after = openOne(context, id)!;
  if (!after.plan && after.planHash !== hall.planHash) void askPlan(context, id, after.planHash);
  else if (!wasLive) void askMySeats(context);
  return true;
}

/** Fetches the geometry a picture needs; tries again for as long as the hall is open and still needs it. */
async function askPlan(context: Context, id: number, hash: string): Promise<void> {
  try {
    const plan = await context.fetchPlan(id, hash);
    context.page.update((page) => changeHall(page, id, (hall) => ({ ...takePlan(hall, plan), problem: "" })));
    const taken = openOne(context, id);
    if (taken?.planHash === hash && !taken.plan) throw new Failure("Unreadable");
    await askMySeats(context);
  } catch (thrown) {
    if (openOne(context, id)?.planHash !== hash) return;
    context.page.update((page) => changeHall(page, id, (hall) => ({ ...hall, problem: failureCode(thrown) })));
    context.after(PLAN_RETRY_MS, () => {
      const hall = openOne(context, id);
      if (hall && !hall.plan && hall.planHash === hash) void askPlan(context, id, hash);
    });
  }
}

/** Asks which seats of the open hall are ours. A guest has none. */
export async function askMySeats(context: Context): Promise<void> {
  const id = context.page.get().hall?.id;
  if (id === undefined || !accountOf(context) || !context.page.get().hall?.plan) return;
  try {
    const ids = readSeatIds(await context.link.request("hall.my_seats", { hall_id: id }));
    context.page.update((page) => changeHall(page, id, (hall) => takeMine(hall, ids)));
  } catch (thrown) {
    if (failureCode(thrown) !== "Offline") tellFailure(context, thrown);
  }
}
