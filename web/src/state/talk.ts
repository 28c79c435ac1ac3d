// The messenger as one person sees it: the dialogs, the conversations that were opened, what is on its way out. Pure.
import type { LinkState } from "../wire/link";
import type { Dialog, DialogChange, Message, Somebody } from "../wire/talk";

/** A conversation, as far as it was fetched. */
export interface Room {
  /** Without gaps, oldest first. */
  readonly messages: readonly Message[];
  /** The first message of all is held: there is nothing older. */
  readonly begun: boolean;
  /** The newest message is held: new ones join. */
  readonly live: boolean;
  /** It was fetched, at least once. */
  readonly known: boolean;
  /** The first message that was unread when the conversation was opened, its seq; 0: none was. */
  readonly newFrom: number;
  /** The code for which it cannot be shown; empty when it can. */
  readonly problem: string;
}

/** What one has written and the server has not acknowledged. */
export interface Outgoing {
  /** Names it for the server: sent again it is the same message. */
  readonly clientId: string;
  readonly other: number;
  readonly text: string;
  readonly at: number;
  /** The code for which the server refused it; empty while it is on its way. */
  readonly failed: string;
}

/** Somebody is typing, until a moment unless heard of again. */
export interface Typing {
  readonly who: number;
  readonly until: number;
}

/** Everything the messenger shows. */
export interface Talk {
  /** One's own number; 0: nobody is signed in. */
  readonly me: number;
  readonly link: LinkState;
  /** The one with the latest message first; null until they have come. */
  readonly dialogs: readonly Dialog[] | null;
  /** The number of whose conversation is open; 0: none is. */
  readonly open: number;
  /** How often something was told: an answer to what was asked before it may be out of date. */
  readonly news: number;
  /** The message to be shown, by its seq; null: none in particular. */
  readonly target: { readonly other: number; readonly seq: number } | null;
  readonly rooms: ReadonlyMap<number, Room>;
  /** Names of people one may have no dialog with. */
  readonly names: ReadonlyMap<number, string>;
  /** Oldest first. */
  readonly outgoing: readonly Outgoing[];
  readonly typing: readonly Typing[];
  /** Whom one takes no messages from. */
  readonly blocked: ReadonlySet<number>;
}

const EMPTY_ROOM: Room = { messages: [], begun: false, live: true, known: false, newFrom: 0, problem: "" };

/** How many messages of a conversation are kept once it is left. */
const KEPT = 100;

/** Nothing is known of this person's dialogs. */
export function newTalk(me: number): Talk {
  return {
    me,
    link: "connecting",
    dialogs: null,
    open: 0,
    news: 0,
    target: null,
    rooms: new Map(),
    names: new Map(),
    outgoing: [],
    typing: [],
    blocked: new Set(),
  };
}

/** A conversation; an empty one when nothing of it was fetched. */
export function roomOf(talk: Talk, other: number): Room {
  return talk.rooms.get(other) ?? EMPTY_ROOM;
}

/** The dialog with somebody. */
export function dialogOf(talk: Talk, other: number): Dialog | undefined {
  return talk.dialogs?.find((dialog) => dialog.other === other);
}

/** How somebody is called; empty where that is not known. */
export function nameOf(talk: Talk, other: number): string {
  return dialogOf(talk, other)?.name ?? talk.names.get(other) ?? "";
}

/** The other of the two. */
export function otherOf(talk: Talk, message: Message): number {
  return message.sender === talk.me ? message.receiver : message.sender;
}

/** How many messages are unread, in all dialogs. */
export function unreadIn(talk: Talk): number {
  return talk.dialogs?.reduce((sum, dialog) => sum + dialog.unread, 0) ?? 0;
}

/** Changes a conversation. */
export function changeRoom(talk: Talk, other: number, change: (room: Room) => Room): Talk {
  const before = roomOf(talk, other);
  const room = change(before);
  return room === before ? talk : { ...talk, rooms: new Map(talk.rooms).set(other, room) };
}

function changeDialog(talk: Talk, other: number, change: (dialog: Dialog) => Dialog): Talk {
  if (!dialogOf(talk, other)) return talk;
  const dialogs = talk.dialogs!.map((dialog) => (dialog.other === other ? change(dialog) : dialog));
  return { ...talk, dialogs: newestFirst(dialogs) };
}

function newestFirst(dialogs: readonly Dialog[]): Dialog[] {
  return [...dialogs].sort((one, two) => two.lastAt - one.lastAt);
}

/** Something was told. */
export function takeNews(talk: Talk): Talk {
  return { ...talk, news: talk.news + 1 };
}

/** Takes the list of dialogs. */
export function takeDialogs(talk: Talk, dialogs: readonly Dialog[]): Talk {
  return { ...talk, dialogs: newestFirst(dialogs) };
}

/** Takes a dialog that is new. It is told before its first message, which is still to be counted. */
export function takeDialog(talk: Talk, dialog: Dialog): Talk {
  const others = (talk.dialogs ?? []).filter(({ other }) => other !== dialog.other);
  return takeDialogs(talk, [{ ...dialog, lastAt: dialog.lastAt - 1 }, ...others]);
}

/** Opens a conversation, or none (0); of the one that is left, only its end is kept. */
export function openRoom(talk: Talk, other: number): Talk {
  if (talk.open === other) return talk;
  const left = talk.open ? changeRoom(talk, talk.open, shortened) : talk;
  return { ...left, open: other };
}

function shortened(room: Room): Room {
  if (!room.live) return EMPTY_ROOM;
  const over = room.messages.length > KEPT;
  return { ...room, newFrom: 0, messages: room.messages.slice(-KEPT), begun: room.begun && !over };
}

/** A message as it is told again, perhaps by an answer that was overtaken: what was read or edited stays so. */
function told(before: Message | undefined, message: Message): Message {
  if (!before) return message;
  const newer = before.edited && !message.edited ? before : message;
  return { ...newer, read: before.read || message.read, clientId: message.clientId || before.clientId };
}

/** Two runs of messages as one, in order; of the same message the later one holds. */
function merged(one: readonly Message[], two: readonly Message[]): Message[] {
  const all = new Map(one.map((message) => [message.id, message]));
  for (const message of two) all.set(message.id, told(all.get(message.id), message));
  return [...all.values()].sort((a, b) => a.seq - b.seq);
}

/** What was acknowledged is not on its way any more. */
function acknowledged(talk: Talk, messages: readonly Message[]): Talk {
  const names = new Set(messages.map(({ clientId }) => clientId));
  const outgoing = talk.outgoing.filter(({ clientId }) => !names.has(clientId));
  return outgoing.length === talk.outgoing.length ? talk : { ...talk, outgoing };
}

/** Takes the newest page of a conversation, newest first; `whole`: there is nothing older. Fills what was missed. */
export function takeNewest(talk: Talk, other: number, page: readonly Message[], whole: boolean): Talk {
  const from = page.at(-1)?.seq ?? 0;
  const next = changeRoom(talk, other, (room) => {
    const joins = room.live && (room.messages.at(-1)?.seq ?? 0) >= from;
    const older = joins && !whole ? room.messages.filter(({ seq }) => seq < from) : [];
    const begun = whole || (joins && room.begun);
    const named = room.messages.filter((held) => page.some(({ id }) => id === held.id));
    return { ...room, messages: merged([...older, ...named], page), begun, live: true, known: true, problem: "" };
  });
  return acknowledged(next, page);
}

/** Takes the page before what is held. */
export function takeOlder(talk: Talk, other: number, page: readonly Message[], whole: boolean): Talk {
  return changeRoom(talk, other, (room) => ({ ...room, messages: merged(page, room.messages), begun: whole }));
}

/** Takes a page that follows what is held. */
export function takeNewer(talk: Talk, other: number, page: readonly Message[], live: boolean): Talk {
  return changeRoom(talk, other, (room) => ({ ...room, messages: merged(room.messages, page), live }));
}

/** Shows another part of a conversation: a page around a message, newest first. */
export function takeAround(talk: Talk, other: number, page: readonly Message[], live: boolean): Talk {
  return changeRoom(talk, other, (room) => {
    const messages = merged([], page);
    return { ...room, messages, begun: false, live, known: true, newFrom: 0, problem: "" };
  });
}

/** Marks where the unread messages of a conversation begin. */
export function markNew(talk: Talk, other: number): Talk {
  const first = roomOf(talk, other).messages.find((message) => message.sender === other && !message.read);
  if (!first || other === talk.me) return talk;
  return changeRoom(talk, other, (room) => ({ ...room, newFrom: first.seq }));
}

/** Takes a new message, one's own from another window as well. */
export function takeMessage(talk: Talk, message: Message): Talk {
  const other = otherOf(talk, message);
  const inRoom = changeRoom(talk, other, (room) =>
    room.known && room.live ? { ...room, messages: merged(room.messages, [message]) } : room,
  );
  const quiet = { ...inRoom, typing: inRoom.typing.filter(({ who }) => who !== message.sender) };
  return acknowledged(changeDialog(quiet, other, (dialog) => withMessage(dialog, message)), [message]);
}

/** The row of a dialog after a message. What the list has counted already is not counted again. */
function withMessage(dialog: Dialog, message: Message): Dialog {
  const counted = message.at < dialog.lastAt || (message.at === dialog.lastAt && message.text === dialog.last);
  const theirs = message.sender === dialog.other && !message.read;
  const unread = !theirs ? 0 : counted ? dialog.unread : dialog.unread + 1;
  if (message.at < dialog.lastAt) return { ...dialog, unread };
  return { ...dialog, last: message.text, lastAt: message.at, unread };
}

/** Takes that somebody has read what one wrote: one message, or all (0). */
export function takeRead(talk: Talk, other: number, id: number): Talk {
  return changeRoom(talk, other, (room) => {
    const meant = (message: Message) => message.sender === talk.me && !message.read && (id === 0 || message.id === id);
    if (!room.messages.some(meant)) return room;
    const messages = room.messages.map((message) => (meant(message) ? { ...message, read: true } : message));
    return { ...room, messages };
  });
}

/** Takes what has changed in a dialog: how much is unread, a message that is another or gone. */
export function takeChange(talk: Talk, change: DialogChange): Talk {
  const { edited, deleted, other } = change;
  const seen = change.unread === 0 ? takeAllSeen(talk, other) : talk;
  const counted = changeDialog(seen, other, (dialog) => ({ ...dialog, unread: change.unread }));
  return changeRoom(counted, other, (room) => {
    const messages = room.messages
      .filter(({ id }) => id !== deleted)
      .map((message) => (message.id === edited?.id ? told(message, edited) : message));
    return edited || deleted ? { ...room, messages } : room;
  });
}

/** One has read all of a dialog. */
export function takeAllSeen(talk: Talk, other: number): Talk {
  const meant = (message: Message) => message.sender === other && !message.read;
  const seen = changeRoom(talk, other, (room) => {
    if (!room.messages.some(meant)) return room;
    return { ...room, messages: room.messages.map((message) => (meant(message) ? { ...message, read: true } : message)) };
  });
  return changeDialog(seen, other, (dialog) => ({ ...dialog, unread: 0 }));
}

/** Takes who is there. */
export function takeStatus(talk: Talk, other: number, online: boolean, seenAt: number): Talk {
  const known = talk.typing.filter(({ who }) => online || who !== other);
  return changeDialog({ ...talk, typing: known }, other, (dialog) => ({ ...dialog, online, seenAt: seenAt || dialog.seenAt }));
}

/** Somebody types, until a moment. */
export function takeTyping(talk: Talk, who: number, until: number): Talk {
  return { ...talk, typing: [...talk.typing.filter((other) => other.who !== who), { who, until }] };
}

/** Forgets who has stopped typing. */
export function dropTyping(talk: Talk, now: number): Talk {
  const typing = talk.typing.filter(({ until }) => until > now);
  return typing.length === talk.typing.length ? talk : { ...talk, typing };
}

/** Takes how people are called. */
export function takeNames(talk: Talk, people: readonly Somebody[]): Talk {
  const names = new Map(talk.names);
  for (const { id, name } of people) names.set(id, name);
  return { ...talk, names };
}

/** Takes all whom one has blocked; with some of them there is no dialog that tells the name. */
export function takeAllBlocked(talk: Talk, people: readonly Somebody[]): Talk {
  return { ...takeNames(talk, people), blocked: new Set(people.map(({ id }) => id)) };
}

/** Somebody is blocked, or no more. */
export function takeBlocked(talk: Talk, who: number, blocked: boolean): Talk {
  const others = [...talk.blocked].filter((other) => other !== who);
  return { ...talk, blocked: new Set(blocked ? [...others, who] : others) };
}

/** Puts something on its way, or changes it; in the order of writing. */
export function putOutgoing(talk: Talk, outgoing: Outgoing): Talk {
  const others = talk.outgoing.filter(({ clientId }) => clientId !== outgoing.clientId);
  return { ...talk, outgoing: [...others, outgoing].sort((one, two) => one.at - two.at) };
}

/** Takes something off its way. */
export function dropOutgoing(talk: Talk, clientId: string): Talk {
  return { ...talk, outgoing: talk.outgoing.filter((other) => other.clientId !== clientId) };
}
