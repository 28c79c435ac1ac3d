// The life of the messenger: whose it is, what is heard, and catching up after whatever kept it from hearing.
import { readDialogChange, readTalkEvent, type TalkEvent } from "../wire/talk";
import type { LinkState } from "../wire/link";
import * as state from "../state/talk";
import { askBlocked, askDialogs, askNewest } from "./conversing";
import { change, type Talking } from "./talk_context";
import { sendAll } from "./writing";

/** How long somebody is taken to be typing, in milliseconds. */
const TYPES_MS = 5_000;
/** After a refusal: how long until the next try, while the page still says that one is signed in. */
const REFUSED_MS = 5_000;
/** How long another tab has for sending what was written in it: then it may be gone. */
const LEFT_MS = 5_000;
/** How long until a list that could not be fetched is asked for again. */
const AGAIN_MS = 3_000;

/** Ends what one's account is told. */
let stopUpdates = () => {};

/** Follows who is signed in, for as long as the page lives. */
export function followPerson(talking: Talking): void {
  talking.page.subscribe((page) => {
    const me = page.account?.kind === "user" ? (page.person?.number ?? 0) : 0;
    if (me !== talking.talk.get().me) become(talking, me);
  });
  talking.shelf.watch(() => {
    takeShelf(talking);
    talking.after(LEFT_MS, () => void sendAll(talking));
  });
}

/** The messenger is another person's now; 0: nobody's. */
function become(talking: Talking, me: number): void {
  talking.socket.stop();
  stopUpdates();
  const open = talking.talk.get().open;
  change(talking, () => state.openRoom(state.newTalk(me), open));
  if (me === 0) return;
  takeShelf(talking);
  talking.socket.start();
  stopUpdates = watchUpdates(talking);
}

/** Watches what one's account is told; after a reconnect something may have been missed. */
function watchUpdates(talking: Talking): () => void {
  let again = false;
  return talking.link.subscribe({
    channel: "account.subscribe",
    data: () => null,
    onMessage(status, data) {
      if (status === "update") takeUpdate(talking, data);
      else if (again) void catchUp(talking);
      again = true;
    },
    onRefused() {},
  });
}

/** What this browser keeps is what is on its way. */
function takeShelf(talking: Talking): void {
  const outgoing = talking.shelf.all(talking.talk.get().me);
  change(talking, (talk) => ({ ...talk, outgoing }));
}

/** The socket's state: whenever it is there, what was missed is asked for. */
export function takeSocket(talking: Talking, link: LinkState): void {
  change(talking, (talk) => ({ ...talk, link }));
  if (link === "online") void catchUp(talking);
}

/** Sends what waits and asks for what was missed. */
export async function catchUp(talking: Talking): Promise<void> {
  const { me, open } = talking.talk.get();
  if (me === 0) return;
  await sendAll(talking);
  if (open) void askNewest(talking, open);
  try {
    await askDialogs(talking);
    await askBlocked(talking);
  } catch {
    if (talking.talk.get().me === me) talking.after(AGAIN_MS, () => void catchUp(talking));
  }
}

/** The socket was refused: the session may be over. The page's own connection finds out; if it is not, try again. */
export function takeRefusal(talking: Talking): void {
  talking.link.reopen();
  talking.after(REFUSED_MS, () => {
    if (talking.talk.get().me !== 0) talking.socket.start();
  });
}

/** There is no reason to wait for the next try: the page was woken, or the network is back. */
export function wake(talking: Talking): void {
  if (talking.talk.get().me !== 0) talking.socket.start();
}

/** Takes an event. Gives it, decoded; null: it is none of the page's. */
export function takeEvent(talking: Talking, name: string, argument: unknown): TalkEvent | null {
  const event = readTalkEvent(name, argument);
  if (!event) return null;
  const me = talking.talk.get().me;
  if (event.kind !== "typing") change(talking, state.takeNews);
  switch (event.kind) {
    case "message":
      change(talking, (talk) => state.takeMessage(talk, event.message));
      if (!state.dialogOf(talking.talk.get(), state.otherOf(talking.talk.get(), event.message))) void askDialogs(talking).catch(() => {});
      break;
    case "dialog":
      change(talking, (talk) => state.takeDialog(talk, event.dialog));
      break;
    case "all-read":
      change(talking, (talk) => state.takeRead(talk, event.by, 0));
      break;
    case "read":
      change(talking, (talk) => state.takeRead(talk, event.by, event.id));
      break;
    case "status":
      change(talking, (talk) => state.takeStatus(talk, event.who, event.online, event.seenAt));
      break;
    case "blocked":
      change(talking, (talk) => state.takeBlocked(talk, event.who, event.blocked));
      break;
    case "typing":
      if (event.who === me) break;
      change(talking, (talk) => state.takeTyping(talk, event.who, talking.deviceNow() + TYPES_MS));
      talking.after(TYPES_MS, () => change(talking, (talk) => state.dropTyping(talk, talking.deviceNow())));
  }
  return event;
}

/** Takes what one's account is told: it holds on every device. */
function takeUpdate(talking: Talking, data: unknown): void {
  const told = readDialogChange(data);
  if (!told || talking.talk.get().me === 0) return;
  change(talking, (talk) => state.takeChange(state.takeNews(talk), told));
  if (told.edited || told.deleted) void askDialogs(talking).catch(() => {});
}
