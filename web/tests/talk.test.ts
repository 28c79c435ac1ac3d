// The messenger's socket, its decoders and its state, without a browser.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as state from "../src/state/talk";
import { linesOf, reuseLines } from "../src/state/talk_lines";
import { EventSocket, handshakeQuery, writeEvent } from "../src/wire/event_socket";
import type { LinkState } from "../src/wire/link";
import { readDialogChange, readMessage, readTalkEvent, type Dialog, type Message } from "../src/wire/talk";
import { WireFault } from "../src/wire/check";

const ME = 1;
const BEN = 2;

/** A message of mine to Ben, or of his to me; its seq is its id. */
function message(id: number, sender = BEN, more: Partial<Message> = {}): Message {
  const receiver = sender === ME ? BEN : ME;
  return { id, seq: id, sender, receiver, text: `t${id}`, at: id * 1000, edited: false, read: false, clientId: "", ...more };
}

/** A page as the server gives it: newest first. */
const page = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => message(to - i));

const dialog = (more: Partial<Dialog> = {}): Dialog => ({
  other: BEN,
  name: "ben",
  last: "",
  lastAt: 0,
  unread: 0,
  online: false,
  seenAt: 0,
  ...more,
});

const idsIn = (talk: state.Talk) => state.roomOf(talk, BEN).messages.map(({ id }) => id);

/** A conversation with Ben that is open and fetched. */
function opened(messages: readonly Message[] = [], whole = true): state.Talk {
  const talk = state.openRoom(state.takeDialogs(state.newTalk(ME), [dialog()]), BEN);
  return state.takeNewest(talk, BEN, messages, whole);
}

test("a message, a change and the events are decoded, and what is none of them is a fault", () => {
  const wire = {
    senderID: 2,
    receiverID: 1,
    message: "héllo",
    createdAt: "2026-11-21T07:00:00.000Z",
    updatedAt: "2026-11-21T07:00:00.000Z",
    isUpdated: false,
    isReaded: true,
    messageID: 7,
    seq: 9,
    clientID: "c",
  };
  const read = readMessage(wire);
  assert.deepEqual([read.id, read.seq, read.text, read.read, read.clientId], [7, 9, "héllo", true, "c"]);
  assert.throws(() => readMessage({ ...wire, seq: "9" }), WireFault);
  assert.deepEqual(readTalkEvent("user:all_messages_read", 5), { kind: "all-read", by: 5 });
  assert.deepEqual(readTalkEvent("user:message_read", { receiverID: 2, messageID: 3 }), { kind: "read", by: 2, id: 3 });
  assert.deepEqual(readTalkEvent("user:typing", { from: 4 }), { kind: "typing", who: 4 });
  assert.equal(readTalkEvent("exception", {}), null);
  assert.throws(() => readTalkEvent("user:new_message", "x"), WireFault);
  assert.equal(readDialogChange({ what: "queue" }), null);
  assert.deepEqual(readDialogChange({ what: "dialog", with: 2, unread: 3, deleted: 8 }), {
    other: 2,
    unread: 3,
    edited: null,
    deleted: 8,
  });
});

test("a message that arrives is counted once, told before or after the list that counts it", () => {
  const arrived = state.takeMessage(state.takeDialogs(state.newTalk(ME), [dialog()]), message(3));
  assert.equal(state.unreadIn(arrived), 1);
  const listed = state.takeDialogs(state.newTalk(ME), [dialog({ unread: 1, last: "t3", lastAt: 3000 })]);
  assert.equal(state.unreadIn(state.takeMessage(listed, message(3))), 1);
  const fresh = state.takeDialog(state.takeDialogs(state.newTalk(ME), []), dialog({ last: "t3", lastAt: 3000 }));
  assert.equal(state.unreadIn(state.takeMessage(fresh, message(3))), 1);
});

test("writing back reads all, and one's account corrects the count", () => {
  const talk = state.takeMessage(opened(), message(3));
  assert.equal(state.unreadIn(state.takeMessage(talk, message(4, ME))), 0);
  const read = state.takeChange(talk, { other: BEN, unread: 0, edited: null, deleted: 0 });
  assert.equal(state.unreadIn(read), 0);
  assert.equal(state.roomOf(read, BEN).messages[0].read, true);
});

test("what is written is shown at once and is one message when it arrives, by whichever way first", () => {
  const outgoing = { clientId: "c", other: BEN, text: "t5", at: 5000, failed: "" };
  const talk = state.putOutgoing(opened([message(4)]), outgoing);
  const lines = (of: state.Talk) =>
    linesOf(state.roomOf(of, BEN), of.outgoing, ME, () => "day").flatMap((line) => (line.kind === "message" ? [line.key] : []));
  assert.deepEqual(lines(talk), ["m4", "c"]);
  const mine = message(5, ME, { clientId: "c" });
  const once = state.takeMessage(talk, mine);
  assert.deepEqual([lines(once), once.outgoing.length], [["m4", "c"], 0]);
  const read = state.takeRead(once, BEN, 0);
  const late = state.takeMessage(read, mine);
  assert.equal(state.roomOf(late, BEN).messages[1].read, true, "an answer that was overtaken takes no mark away");
  const fetched = state.takeNewest(late, BEN, [message(5, ME), message(4)], true);
  assert.deepEqual(lines(fetched), ["m4", "c"], "nor the name");
});

test("after an absence what was missed joins without a gap, or else what is held gives way", () => {
  const talk = opened(page(1, 50).map((one) => one), false);
  const joined = state.takeNewest(talk, BEN, page(30, 79), false);
  assert.deepEqual(idsIn(joined), Array.from({ length: 79 }, (_, i) => i + 1));
  const apart = state.takeNewest(talk, BEN, page(60, 109), false);
  assert.deepEqual([idsIn(apart)[0], idsIn(apart).length, state.roomOf(apart, BEN).begun], [60, 50, false]);
});

test("what was deleted meanwhile is gone after the newest page has come", () => {
  const talk = opened(page(1, 3), true);
  const after = state.takeNewest(talk, BEN, [message(3), message(1)], true);
  assert.deepEqual(idsIn(after), [1, 3]);
});

test("in the middle of a conversation a new message waits below until what is between was fetched", () => {
  const middle = state.takeAround(opened(page(90, 100), false), BEN, page(10, 20), false);
  const told = state.takeMessage(middle, message(101));
  assert.deepEqual(idsIn(told).at(-1), 20);
  assert.equal(state.unreadIn(told), 1);
  const down = state.takeNewer(told, BEN, page(21, 101), true);
  assert.equal(idsIn(down).length, 92);
  assert.deepEqual(idsIn(state.takeMessage(down, message(102))).at(-1), 102);
});

test("an edit and a deletion change what is held and nothing else", () => {
  const talk = opened(page(1, 3), true);
  const edited = state.takeChange(talk, { other: BEN, unread: 3, edited: message(2, BEN, { text: "new", edited: true }), deleted: 0 });
  assert.equal(state.roomOf(edited, BEN).messages[1].text, "new");
  const late = state.takeNewest(edited, BEN, page(1, 3), true);
  assert.equal(state.roomOf(late, BEN).messages[1].text, "new", "a page from before the edit does not undo it");
  const gone = state.takeChange(edited, { other: BEN, unread: 2, edited: null, deleted: 2 });
  assert.deepEqual(idsIn(gone), [1, 3]);
  assert.deepEqual(idsIn(state.takeChange(talk, { other: BEN, unread: 0, edited: message(99), deleted: 0 })), [1, 2, 3]);
});

test("the lines have the days, where the new begins, and runs of one person", () => {
  const messages = [message(1), message(2), message(3, ME), message(4), message(100_000)];
  const talk = state.markNew(opened([...messages].reverse()), BEN);
  assert.equal(state.roomOf(talk, BEN).newFrom, 1);
  const lines = linesOf({ ...state.roomOf(talk, BEN), newFrom: 4 }, [], ME, (ms) => (ms < 50_000_000 ? "one" : "two"));
  const shown = lines.map((line) =>
    line.kind === "message" ? `${line.mine ? "me" : "ben"}${line.first ? " first" : ""}${line.last ? " last" : ""}` : line.kind,
  );
  assert.deepEqual(shown, ["day", "ben first", "ben last", "me first last", "new", "ben first last", "day", "ben first last"]);
});

test("a line that has not changed is the same line, so that it is not drawn again", () => {
  const lines = (talk: state.Talk) => linesOf(state.roomOf(talk, BEN), [], ME, () => "day");
  const talk = opened(page(1, 3));
  const before = lines(talk);
  const after = reuseLines(before, lines(state.takeMessage(talk, message(4))));
  assert.deepEqual(after.map((line, at) => line === before[at]), [true, true, true, false, false]);
});

test("typing ends by itself, by a message, and when somebody leaves", () => {
  const talk = state.takeTyping(opened(), BEN, 100);
  assert.equal(state.dropTyping(talk, 99).typing.length, 1);
  assert.equal(state.dropTyping(talk, 100).typing.length, 0);
  assert.equal(state.takeMessage(talk, message(1)).typing.length, 0);
  assert.equal(state.takeStatus(talk, BEN, false, 5).typing.length, 0);
});

/** A socket in the test's hand, and the clock it turns. */
function scene() {
  const sockets: { sent: string[]; closed: boolean; onmessage?: (event: { data: string }) => void; onclose?: () => void }[] = [];
  let tasks: { at: number; task: () => void }[] = [];
  let now = 0;
  const world = {
    now: () => now,
    chance: () => 0,
    after(ms: number, task: () => void) {
      const entry = { at: now + ms, task };
      tasks.push(entry);
      return () => void (tasks = tasks.filter((other) => other !== entry));
    },
    open() {
      const made = { sent: [] as string[], closed: false, send: (text: string) => void made.sent.push(text), close: () => void (made.closed = true) };
      sockets.push(made);
      return made as unknown as WebSocket;
    },
  };
  const states: LinkState[] = [];
  const heard: [string, unknown][] = [];
  let refused = 0;
  const socket = new EventSocket(world, {
    onState: (link) => states.push(link),
    onEvent: (name, argument) => heard.push([name, argument]),
    onRefused: () => refused++,
  });
  const pass = (ms: number) => {
    now += ms;
    const due = tasks.filter(({ at }) => at <= now);
    tasks = tasks.filter(({ at }) => at > now);
    for (const { task } of due) task();
  };
  const say = (text: string) => sockets.at(-1)!.onmessage!({ data: text });
  const letIn = () => {
    say('0{"sid":"s","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}');
    say('40{"sid":"x","pid":"p"}');
    say('42["user:connect_success","offset"]');
  };
  return { socket, sockets, states, heard, pass, say, letIn, refusals: () => refused };
}

test("the socket opens, answers pings, hears events and is heard", () => {
  const { socket, sockets, states, heard, say, letIn } = scene();
  socket.start();
  socket.emit("user:typing", { to: 2 });
  letIn();
  assert.deepEqual(sockets[0].sent, ["40", '42["user:connect"]']);
  assert.deepEqual(states, ["online"]);
  say("2");
  say('42["user:typing",{"from":2},"offset"]');
  socket.emit("user:typing", { to: 2 });
  assert.deepEqual(sockets[0].sent.slice(2), ["3", '42["user:typing",{"to":2}]']);
  assert.deepEqual(heard, [["user:typing", { from: 2 }]]);
  assert.match(handshakeQuery("Linux/unknown", "Chrome/1"), /^\/socket\.io\/\?EIO=4&transport=websocket&/);
  assert.equal(writeEvent("a"), '42["a"]');
});

test("a socket that is lost or silent is opened again, later each time", () => {
  const { socket, sockets, states, pass, letIn } = scene();
  socket.start();
  letIn();
  pass(44_999);
  assert.equal(sockets[0].closed, false);
  pass(1);
  assert.deepEqual([sockets[0].closed, states.at(-1)], [true, "lost"]);
  pass(200);
  assert.equal(sockets.length, 2);
  sockets[1].onclose!();
  pass(200);
  assert.equal(sockets.length, 2);
  pass(200);
  assert.equal(sockets.length, 3);
  letIn();
  assert.equal(states.at(-1), "online");
});

test("a socket that is refused stays closed until it is started", () => {
  for (const word of ['42["user:invalid_token"]', "41", '44{"message":"no"}']) {
    const { socket, sockets, pass, say, refusals } = scene();
    socket.start();
    say(word);
    pass(60_000);
    assert.deepEqual([sockets.length, sockets[0].closed, refusals()], [1, true, 1]);
    socket.start();
    assert.equal(sockets.length, 2);
  }
});
