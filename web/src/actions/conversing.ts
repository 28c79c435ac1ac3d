// Reading a conversation: its newest page, what is older, a place in its middle, and that it has been read.
import { readBookingPage, type Booking } from "../wire/booking";
import { list, object, textOr, type Json } from "../wire/check";
import { failureCode } from "../wire/failure";
import { readDialogs, readFound, readMessages, readPeople, type FoundPage, type Message, type Somebody } from "../wire/talk";
import * as state from "../state/talk";
import { askDoor, change, type Talking } from "./talk_context";

const PAGE = 50;
/** The largest page the server gives. */
const LARGEST = 200;
/** Behind every message there is. */
const END = Number.MAX_SAFE_INTEGER;

/** A page of the messages before a seq, newest first. Nothing is marked as read by it. */
async function askPage(talking: Talking, other: number, before: number, take: number): Promise<Message[]> {
  return readMessages(await askDoor(talking, { method: "GET", path: `/message/${other}?take=${take}&before=${before}` }));
}

/** How often what was overtaken is asked for again. */
const AGAIN = 4;

/** Asks, again if something was told meanwhile: the answer may be from before it. */
async function askUndisturbed<T>(talking: Talking, ask: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    const { news } = talking.talk.get();
    const answer = await ask();
    if (news === talking.talk.get().news || tries === AGAIN) return answer;
  }
}

/** What is being fetched, so that it is not asked for twice at once. */
const underWay = new Set<string>();

/** Does a step of a name unless one is under way; what fails is a problem of its conversation. */
async function once(talking: Talking, name: string, other: number, step: () => Promise<void>): Promise<void> {
  const { me } = talking.talk.get();
  const key = `${me} ${name} ${other}`;
  if (underWay.has(key)) return;
  underWay.add(key);
  try {
    await step();
  } catch (thrown) {
    if (talking.talk.get().me !== me) return;
    const problem = failureCode(thrown);
    change(talking, (talk) => state.changeRoom(talk, other, (room) => ({ ...room, problem })));
  } finally {
    underWay.delete(key);
  }
}

/** Asks for the list of dialogs. */
export async function askDialogs(talking: Talking): Promise<void> {
  const ask = async () => readDialogs(await askDoor(talking, { method: "GET", path: "/dialog" }));
  const dialogs = await askUndisturbed(talking, ask);
  change(talking, (talk) => state.takeDialogs(talk, dialogs));
}

/** Opens a conversation: at the message that is aimed at, or at its end with all that is unread; 0 closes it. */
export async function openDialog(talking: Talking, other: number): Promise<void> {
  change(talking, (talk) => state.openRoom(talk, other));
  if (other === 0) return;
  void askName(talking, other);
  const { target } = talking.talk.get();
  if (target?.other === other) await goToMessage(talking, other, target.seq);
  else await askNewest(talking, other, true);
}

/** Aims at a message, which is shown as soon as its conversation is. */
export async function aimAt(talking: Talking, other: number, seq: number): Promise<void> {
  change(talking, (talk) => ({ ...talk, target: { other, seq } }));
  if (talking.talk.get().open === other) await goToMessage(talking, other, seq);
}

/** The message that was aimed at is shown. */
export function arrive(talking: Talking): void {
  change(talking, (talk) => ({ ...talk, target: null }));
}

/** Asks for the newest page of a conversation: all of what is unread and a page more. */
export function askNewest(talking: Talking, other: number, opening = false): Promise<void> {
  return once(talking, "newest", other, async () => {
    const unread = state.dialogOf(talking.talk.get(), other)?.unread ?? 0;
    const take = Math.min(LARGEST, PAGE + unread);
    const page = await askUndisturbed(talking, () => askPage(talking, other, END, take));
    change(talking, (talk) => {
      const taken = state.takeNewest(talk, other, page, page.length < take);
      return opening ? state.markNew(taken, other) : taken;
    });
  });
}

/** Asks for what is older than what is held. */
export function askOlder(talking: Talking, other: number): Promise<void> {
  return once(talking, "older", other, async () => {
    const room = state.roomOf(talking.talk.get(), other);
    if (!room.known || room.begun) return;
    const page = await askPage(talking, other, room.messages[0]?.seq ?? END, PAGE);
    change(talking, (talk) => state.takeOlder(talk, other, page, page.length < PAGE));
  });
}

/** Asks for what follows the part that is shown: the page that ends so many numbers further. */
export function askNewer(talking: Talking, other: number): Promise<void> {
  return once(talking, "newer", other, async () => {
    const room = state.roomOf(talking.talk.get(), other);
    if (!room.known || room.live) return;
    const last = room.messages.at(-1)?.seq ?? 0;
    const newest = await askPage(talking, other, END, 1);
    for (let until = last + LARGEST; ; until += LARGEST) {
      const page = (await askPage(talking, other, until + 1, LARGEST)).filter(({ seq }) => seq > last);
      const live = until >= (newest[0]?.seq ?? 0);
      if (page.length === 0 && !live) continue;
      return change(talking, (talk) => state.takeNewer(talk, other, page, live));
    }
  });
}

/** Shows the part of a conversation around a message. */
function goToMessage(talking: Talking, other: number, seq: number): Promise<void> {
  return once(talking, "around", other, async () => {
    if (state.roomOf(talking.talk.get(), other).messages.some((message) => message.seq === seq)) return;
    const newest = await askPage(talking, other, END, 1);
    const until = seq + PAGE;
    const page = await askPage(talking, other, until + 1, 2 * PAGE);
    change(talking, (talk) => state.takeAround(talk, other, page, until >= (newest[0]?.seq ?? 0)));
  });
}

/** The newest message of a conversation that is held, by its seq. */
function newestOf(talking: Talking, other: number): number {
  return state.roomOf(talking.talk.get(), other).messages.at(-1)?.seq ?? 0;
}

/** Says that all of a conversation has been read, and again when something has come meanwhile. */
export function readAll(talking: Talking, other: number): Promise<void> {
  if (!state.dialogOf(talking.talk.get(), other)?.unread) return Promise.resolve();
  return once(talking, "read", other, async () => {
    for (let held = -1; held !== newestOf(talking, other); ) {
      held = newestOf(talking, other);
      await askDoor(talking, { method: "GET", path: `/message/${other}?take=0&skip=0` });
    }
    change(talking, (talk) => state.takeAllSeen(talk, other));
  });
}

/** Learns how somebody is called with whom there is no dialog yet. */
async function askName(talking: Talking, other: number): Promise<void> {
  if (state.nameOf(talking.talk.get(), other)) return;
  const name = await askDoor(talking, { method: "GET", path: `/user/${other}/name` }).catch(() => "");
  if (typeof name !== "string" || !name) return;
  change(talking, (talk) => state.takeNames(talk, [{ id: other, name }]));
}

/** Finds people by their name. Throws a Failure. */
export async function findPeople(talking: Talking, name: string): Promise<Somebody[]> {
  return readPeople(await askDoor(talking, { method: "POST", path: "/user/search", body: { name } }));
}

/** Finds messages by their words, newest first; with somebody (0: with anybody), after a page (0: the first). Throws. */
export async function findMessages(talking: Talking, q: string, other: number, before: number): Promise<FoundPage> {
  const query = new URLSearchParams({ q, take: String(PAGE) });
  if (other) query.set("with", String(other));
  if (before) query.set("before", String(before));
  return readFound(await askDoor(talking, { method: "GET", path: `/message/search?${query}` }));
}

/** Asks whom one has blocked. Throws a Failure. */
export async function askBlocked(talking: Talking): Promise<void> {
  const people = readPeople(await askDoor(talking, { method: "GET", path: "/user/blocked" }));
  change(talking, (talk) => state.takeAllBlocked(talk, people));
}

/** Takes no more messages from somebody, or does again. Throws a Failure. */
export async function block(talking: Talking, other: number, blocked: boolean): Promise<void> {
  await askDoor(talking, { method: blocked ? "PUT" : "DELETE", path: `/user/${other}/block` });
  change(talking, (talk) => state.takeBlocked(talk, other, blocked));
}

/** Asks whether others see when one was last there. Throws a Failure. */
export async function askLastSeen(talking: Talking): Promise<boolean> {
  return object(await askDoor(talking, { method: "GET", path: "/user/last-seen" }), "answer").shown === true;
}

/** Lets others see when one was last there, or not. Throws a Failure. */
export async function showLastSeen(talking: Talking, shown: boolean): Promise<void> {
  await askDoor(talking, { method: "POST", path: "/user/change/last-seen", body: { shown } });
}

/** All that is kept of oneself: the first page, and in its lists what the pages after it have. Throws a Failure. */
export async function askOwnData(talking: Talking): Promise<unknown> {
  const bookings: unknown[] = [];
  const messages: unknown[] = [];
  let first: Json | null = null;
  let next = "";
  do {
    const path = `/user/export${next && `?after=${next}`}`;
    const page = object(await askDoor(talking, { method: "GET", path }), "page");
    first ??= page;
    bookings.push(...list(page.bookings, "bookings", (booking) => booking));
    messages.push(...list(page.messages, "messages", (message) => message));
    next = textOr(page.next, "");
  } while (next);
  return { ...first, bookings, messages, next: undefined };
}

/** What somebody has booked, for the staff, newest first. Throws a Failure. */
export async function askBookingsOf(talking: Talking, person: number): Promise<Booking[]> {
  const { value } = await talking.ask({ method: "GET", path: `/booking/all?person=${person}` });
  return readBookingPage(value).bookings;
}
