// Dialogs, messages and events of the messenger, and how they are asked for: JSON under /api, the session in the cookie.
import { fetchBounded } from "./bounded";
import { list, numberOr, object, text, textOr, whole, type Json } from "./check";
import { time, timeOr } from "./concert";
import { Failure } from "./failure";

/** A message that the server has. Times are milliseconds. */
export interface Message {
  readonly id: number;
  /** Its place in the order of its dialog; between two there may be numbers of no message. */
  readonly seq: number;
  readonly sender: number;
  readonly receiver: number;
  readonly text: string;
  readonly at: number;
  readonly edited: boolean;
  /** The receiver has read it. */
  readonly read: boolean;
  /** The name its sender's page gave to it; empty where it is not told. */
  readonly clientId: string;
}

/** A dialog as one of the two sees it. */
export interface Dialog {
  /** The other person's number. */
  readonly other: number;
  readonly name: string;
  readonly last: string;
  readonly lastAt: number;
  readonly unread: number;
  readonly online: boolean;
  /** When the other was last there; 0: not told. */
  readonly seenAt: number;
}

/** Decodes a message. */
export function readMessage(value: unknown, place = "message"): Message {
  const read = object(value, place);
  return {
    id: whole(read.messageID, `${place}.messageID`),
    seq: whole(read.seq, `${place}.seq`),
    sender: whole(read.senderID, `${place}.senderID`),
    receiver: whole(read.receiverID, `${place}.receiverID`),
    text: text(read.message, `${place}.message`),
    at: time(read.createdAt, `${place}.createdAt`),
    edited: read.isUpdated === true,
    read: read.isReaded === true,
    clientId: textOr(read.clientID, ""),
  };
}

/** Decodes a page of messages, newest first. */
export function readMessages(value: unknown): Message[] {
  return list(value, "messages", readMessage);
}

/** A message that a search has found, and where its words stand: pairs of from and to. */
export interface FoundMessage extends Message {
  readonly marks: readonly (readonly [number, number])[];
}

/** A page of what a search has found, newest first. */
export interface FoundPage {
  readonly messages: readonly FoundMessage[];
  /** Handed back to ask for the page after it; 0: there is none. */
  readonly next: number;
}

/** Decodes the answer of a search. */
export function readFound(value: unknown): FoundPage {
  const read = object(value, "answer");
  const messages = list(read.messages, "answer.messages", (item, place) => {
    const marks = list(object(item, place).marks, `${place}.marks`, (pair, at) => {
      const [from, to] = list(pair, at, whole);
      return [from, to] as const;
    });
    return { ...readMessage(item, place), marks };
  });
  return { messages, next: numberOr(read.next, 0) };
}

/** Decodes a dialog. */
export function readDialog(value: unknown, place = "dialog"): Dialog {
  const read = object(value, place);
  return {
    other: whole(read.receiverID, `${place}.receiverID`),
    name: text(read.receiverName, `${place}.receiverName`),
    last: text(read.lastMessage, `${place}.lastMessage`),
    lastAt: time(read.createdAt, `${place}.createdAt`),
    unread: whole(read.newMessagesCount, `${place}.newMessagesCount`),
    online: read.connectionStatus === "online",
    seenAt: timeOr(read.lastSeenAt),
  };
}

/** Decodes the list of dialogs. */
export function readDialogs(value: unknown): Dialog[] {
  return list(value, "dialogs", readDialog);
}

/** Somebody one can write to. */
export interface Somebody {
  readonly id: number;
  readonly name: string;
}

/** Decodes what a search for people finds. */
export function readPeople(value: unknown): Somebody[] {
  return list(value, "people", (item, place) => {
    const read = object(item, place);
    return { id: whole(read.id, `${place}.id`), name: text(read.name, `${place}.name`) };
  });
}

/** What has happened, as the page takes it. */
export type TalkEvent =
  | { readonly kind: "message"; readonly message: Message }
  | { readonly kind: "dialog"; readonly dialog: Dialog }
  | { readonly kind: "all-read"; readonly by: number }
  | { readonly kind: "read"; readonly by: number; readonly id: number }
  | { readonly kind: "status"; readonly who: number; readonly online: boolean; readonly seenAt: number }
  | { readonly kind: "typing"; readonly who: number }
  | { readonly kind: "blocked"; readonly who: number; readonly blocked: boolean };

const EVENTS: Record<string, (argument: unknown) => TalkEvent> = {
  "user:new_message": (argument) => ({ kind: "message", message: readMessage(argument) }),
  "user:new_dialog": (argument) => ({ kind: "dialog", dialog: readDialog(argument) }),
  "user:all_messages_read": (argument) => ({ kind: "all-read", by: whole(argument, "argument") }),
  "user:message_read": (argument) => {
    const read = object(argument, "argument");
    return { kind: "read", by: whole(read.receiverID, "receiverID"), id: whole(read.messageID, "messageID") };
  },
  "user:connection_status": (argument) => {
    const read = object(argument, "argument");
    const online = read.connectionStatus === "online";
    return { kind: "status", who: whole(read.receiverID, "receiverID"), online, seenAt: timeOr(read.lastSeenAt) };
  },
  "user:blocked": (argument) => {
    const read = object(argument, "argument");
    return { kind: "blocked", who: whole(read.userID, "userID"), blocked: read.blocked === true };
  },
  "user:typing": (argument) => ({ kind: "typing", who: whole(object(argument, "argument").from, "from") }),
};

/** Decodes an event; null: one that the page does not know. */
export function readTalkEvent(name: string, argument: unknown): TalkEvent | null {
  return EVENTS[name]?.(argument) ?? null;
}

/** What has changed in a dialog, as one's own account is told it on every device. */
export interface DialogChange {
  readonly other: number;
  readonly unread: number;
  readonly edited: Message | null;
  /** The id of a message that is gone; 0: none. */
  readonly deleted: number;
}

/** Decodes an update of `account.subscribe`; null: one that is not about a dialog. */
export function readDialogChange(value: unknown): DialogChange | null {
  const read = object(value, "update");
  if (read.what !== "dialog") return null;
  return {
    other: whole(read.with, "update.with"),
    unread: whole(read.unread, "update.unread"),
    edited: read.edited === undefined ? null : readMessage(read.edited),
    deleted: numberOr(read.deleted, 0),
  };
}

/** A request to the messenger's door. */
export interface TalkAsk {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** The path after `/api`. */
  readonly path: string;
  readonly body?: unknown;
}

const TIMEOUT_MS = 20_000;

/** The code of an error: the messenger's door has only texts, so it is the text: `message_not_found`. */
function codeOf(status: number, body: Json): string {
  if (status === 401) return "unauthorized";
  if (status === 429) return "rate_limited";
  if (status >= 500) return "InternalServerError";
  return textOr(body.message, "Unreadable").toLowerCase().replace(/[^a-z]+/g, "_").slice(0, 60);
}

/** Asks, and gives the `data` of the answer; throws a Failure. */
export async function askTalk(ask: TalkAsk): Promise<unknown> {
  const init: RequestInit = { method: ask.method };
  if (ask.body !== undefined) {
    init.headers = { "Content-Type": "application/json" };
    init.body = JSON.stringify(ask.body);
  }
  const response = await fetchBounded(`/api${ask.path}`, init, TIMEOUT_MS);
  let body: Json;
  try {
    body = object(await response.json(), "answer");
  } catch {
    throw new Failure(response.status >= 500 ? "InternalServerError" : "Unreadable");
  }
  if (!response.ok) throw new Failure(codeOf(response.status, body));
  return body.data;
}
