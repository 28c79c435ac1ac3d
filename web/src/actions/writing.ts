// Writing: what is typed is shown at once and sent under a name of its own until the server has it, through anything
// that happens to the connection, the tab or the browser. Editing and deleting.
import { newKey } from "../wire/api";
import { backoffMs } from "../wire/backoff";
import { failureCode } from "../wire/failure";
import { readMessage } from "../wire/talk";
import * as state from "../state/talk";
import type { Outgoing } from "../state/talk";
import { askDoor, change, type Talking } from "./talk_context";

/** How often the other hears that one is typing, in milliseconds. */
const TYPING_MS = 3_000;
/** What may pass by itself: the message stays on its way. */
const PASSING = ["Offline", "Timeout", "InternalServerError", "Unreadable", "rate_limited", "unauthorized"];

let sending = false;
let attempt = 0;
let cancelRetry = () => {};
let typedAt = 0;

/** Writes to somebody. */
export function send(talking: Talking, other: number, text: string): void {
  const outgoing: Outgoing = { clientId: newKey(), other, text, at: talking.deviceNow(), failed: "" };
  put(talking, outgoing);
  typedAt = 0;
  void sendAll(talking);
}

function put(talking: Talking, outgoing: Outgoing): void {
  talking.shelf.put(talking.talk.get().me, outgoing);
  change(talking, (talk) => state.putOutgoing(talk, outgoing));
}

function drop(talking: Talking, clientId: string): void {
  talking.shelf.drop(talking.talk.get().me, clientId);
  change(talking, (talk) => state.dropOutgoing(talk, clientId));
}

/** Sends what is on its way, one after another, so that it arrives in the order of writing. */
export async function sendAll(talking: Talking): Promise<void> {
  if (sending) return;
  sending = true;
  cancelRetry();
  try {
    for (let next = firstOf(talking); next; next = firstOf(talking)) await sendOne(talking, next);
    attempt = 0;
  } catch {
    cancelRetry = talking.after(backoffMs(attempt++, 1), () => void sendAll(talking));
  } finally {
    sending = false;
  }
}

const firstOf = (talking: Talking) => talking.talk.get().outgoing.find(({ failed }) => !failed);

/** Sends one; throws when it has to wait. */
async function sendOne(talking: Talking, outgoing: Outgoing): Promise<void> {
  const me = talking.talk.get().me;
  const { clientId, text, other } = outgoing;
  try {
    const body = { message: text, clientID: clientId };
    const message = readMessage(await askDoor(talking, { method: "POST", path: `/message/${other}`, body }));
    talking.shelf.drop(me, clientId);
    change(talking, (talk) => state.takeMessage(state.takeNews(talk), { ...message, clientId }));
  } catch (thrown) {
    if (talking.talk.get().me !== me || PASSING.includes(failureCode(thrown))) throw thrown;
    // Sent before, and deleted since: it is where it belongs.
    if (failureCode(thrown) === "message_not_found") return drop(talking, clientId);
    put(talking, { ...outgoing, failed: failureCode(thrown) });
  }
}

/** Sends once more what was refused. */
export function sendAgain(talking: Talking, outgoing: Outgoing): void {
  put(talking, { ...outgoing, failed: "" });
  void sendAll(talking);
}

/** Gives up what was refused. */
export function giveUp(talking: Talking, outgoing: Outgoing): void {
  drop(talking, outgoing.clientId);
}

/** Writes a message anew. Throws a Failure. */
export async function edit(talking: Talking, other: number, id: number, text: string): Promise<void> {
  await askDoor(talking, { method: "PUT", path: `/message?message-id=${id}`, body: { message: text } });
  const held = state.roomOf(talking.talk.get(), other).messages.find((message) => message.id === id);
  const unread = state.dialogOf(talking.talk.get(), other)?.unread ?? 0;
  if (!held) return;
  const edited = { ...held, text, edited: true };
  change(talking, (talk) => state.takeChange(talk, { other, unread, edited, deleted: 0 }));
}

/** Takes a message back, for both. Throws a Failure; that it is gone already is as good. */
export async function remove(talking: Talking, other: number, id: number): Promise<void> {
  try {
    await askDoor(talking, { method: "DELETE", path: `/message?message-id=${id}` });
  } catch (thrown) {
    if (failureCode(thrown) !== "message_not_found") throw thrown;
  }
  const unread = state.dialogOf(talking.talk.get(), other)?.unread ?? 0;
  change(talking, (talk) => state.takeChange(talk, { other, unread, edited: null, deleted: id }));
}

/** Tells the other that one is typing, now and then. */
export function type(talking: Talking, other: number): void {
  const now = talking.deviceNow();
  if (now - typedAt < TYPING_MS || other === talking.talk.get().me) return;
  typedAt = now;
  talking.socket.emit("user:typing", { to: other });
}
