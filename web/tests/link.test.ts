// The connection, with a clock that the test turns and a socket that it holds in its hand.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "../src/wire/failure";
import { Link, type LinkState, type Subscription } from "../src/wire/link";

/** A socket whose other end is the test. */
class Socket {
  sent: string[] = [];
  closed = false;
  binaryType = "";
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: (() => void) | null = null;
  send(message: string) {
    this.sent.push(message);
  }
  close() {
    this.closed = true;
  }
  /** What was asked, by type. */
  asked() {
    return this.sent.filter((message) => message !== "1").map((message) => JSON.parse(message));
  }
  say(message: unknown) {
    this.onmessage?.({ data: typeof message === "string" ? message : JSON.stringify(message) });
  }
}

/** A link in a world of its own. */
function scene() {
  let now = 0;
  let tasks: { at: number; task: () => void }[] = [];
  const sockets: Socket[] = [];
  const states: LinkState[] = [];
  const world = {
    now: () => now,
    chance: () => 0.999,
    after(ms: number, task: () => void) {
      const entry = { at: now + ms, task };
      tasks.push(entry);
      return () => void (tasks = tasks.filter((other) => other !== entry));
    },
    open() {
      const socket = new Socket();
      sockets.push(socket);
      return socket as unknown as WebSocket;
    },
  };
  const link = new Link(world, (state) => states.push(state));
  /** Turns the clock on, running what comes due. */
  const pass = (ms: number) => {
    const end = now + ms;
    for (;;) {
      const due = tasks.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      tasks = tasks.filter((other) => other !== due);
      now = due.at;
      due.task();
    }
    now = end;
  };
  return { link, sockets, states, pass };
}

/** A subscription that writes down what it hears. */
function listener(data: () => unknown = () => null): Subscription & { heard: unknown[]; refused: string[] } {
  const heard: unknown[] = [];
  const refused: string[] = [];
  const subscription = {
    channel: "hall.subscribe",
    data,
    onMessage: (status: string, message: unknown) => void heard.push([status, message]),
    onRefused: (code: string) => void refused.push(code),
  };
  return { ...subscription, heard, refused };
}

test("a request made while there is no connection fails at once and is not sent later", async () => {
  const { link, sockets } = scene();
  link.start();
  await assert.rejects(link.request("x", null), (thrown: Failure) => thrown.code === "Offline");
  sockets[0].onopen!();
  assert.deepEqual(sockets[0].asked(), []);
});

test("a request gets the reply with its eid, or the error's code and what came with it", async () => {
  const { link, sockets } = scene();
  link.start();
  sockets[0].onopen!();
  const good = link.request("a", 1);
  const bad = link.request("b", 2);
  const [first, second] = sockets[0].asked();
  sockets[0].say({ status: "error", type: "b", data: { seat_ids: [4] }, error: "SeatReserved", eid: second.eid, ts: 1 });
  sockets[0].say({ status: "success", type: "a", data: "yes", error: null, eid: first.eid, ts: 1 });
  assert.equal(await good, "yes");
  await assert.rejects(bad, (thrown: Failure) => thrown.code === "SeatReserved" && !!thrown.detail);
});

test("a request that is not answered ends with a word", async () => {
  const { link, sockets, pass } = scene();
  link.start();
  sockets[0].onopen!();
  const asked = link.request("a", 1);
  for (let i = 0; i < 5; i++) {
    pass(2_500);
    sockets[0].say("1");
  }
  await assert.rejects(asked, (thrown: Failure) => thrown.code === "Timeout");
});

test("after the server went away the link comes back and asks for every subscription with what it holds by then", () => {
  const { link, sockets, states, pass } = scene();
  let since = 5;
  link.start();
  link.subscribe(listener(() => ({ id: 3, since })));
  sockets[0].onopen!();
  since = 9;
  sockets[0].onclose!();
  pass(400);
  sockets[1].onopen!();
  assert.deepEqual(states, ["online", "lost", "online"]);
  assert.deepEqual(sockets.map((socket) => socket.asked()[0].data.since), [5, 9]);
});

test("tries go on one at a time, with growing waits", () => {
  const { link, sockets, pass } = scene();
  link.start();
  for (let i = 0; i < 4; i++) {
    sockets[i].onclose!();
    link.start();
    assert.equal(sockets.length, i + 2, "asking again does not open a second one");
    pass(0);
  }
  sockets[4].onclose!();
  pass(1_000);
  assert.equal(sockets.length, 5);
  pass(3_000);
  assert.equal(sockets.length, 6);
});

test("a heartbeat goes out every four seconds, and silence is a lost connection", () => {
  const { link, sockets, states, pass } = scene();
  link.start();
  sockets[0].onopen!();
  pass(8_000);
  assert.equal(sockets[0].sent.filter((message) => message === "1").length, 2);
  pass(9_000);
  assert.ok(sockets[0].closed);
  assert.deepEqual(states, ["online", "lost"]);
});

test("the server's heartbeat is answered when our own has been sleeping, and only then", () => {
  const { link, sockets } = scene();
  link.start();
  sockets[0].onopen!();
  sockets[0].say("1");
  const before = sockets[0].sent.length;
  sockets[0].say("1");
  assert.equal(sockets[0].sent.length, before);
});

test("a subscription that is refused hears so once and is not asked for again", () => {
  const { link, sockets, pass } = scene();
  const subscription = listener();
  link.start();
  link.subscribe(subscription);
  sockets[0].onopen!();
  sockets[0].say({ status: "error", type: "hall.subscribe", data: null, error: "HallNotFound", eid: sockets[0].asked()[0].eid, ts: 1 });
  assert.deepEqual(subscription.refused, ["HallNotFound"]);
  sockets[0].onclose!();
  pass(400);
  sockets[1].onopen!();
  assert.deepEqual(sockets[1].asked(), []);
});

test("a subscription that the server cannot serve just now is asked for again, once on a connection, until it is ended", () => {
  const { link, sockets, pass } = scene();
  const subscription = listener();
  link.start();
  const end = link.subscribe(subscription);
  const refuse = (socket: Socket) => {
    const { eid } = socket.asked()[0];
    socket.say({ status: "error", type: "hall.subscribe", data: null, error: "InternalServerError", eid, ts: 1 });
  };
  sockets[0].onopen!();
  refuse(sockets[0]);
  pass(10_000);
  const [first, second] = sockets[0].asked();
  assert.deepEqual(second, first);
  refuse(sockets[0]);
  sockets[0].onclose!();
  pass(400);
  sockets[1].onopen!();
  pass(10_000);
  assert.equal(sockets[1].asked().length, 1);
  refuse(sockets[1]);
  end();
  pass(10_000);
  assert.deepEqual(sockets[1].asked().map(({ type }) => type), ["hall.subscribe", "hall.unsubscribe"]);
  assert.deepEqual(subscription.refused, []);
});

test("ending a subscription tells the server and hears no more", () => {
  const { link, sockets } = scene();
  const subscription = listener();
  link.start();
  const end = link.subscribe(subscription);
  sockets[0].onopen!();
  const [{ eid }] = sockets[0].asked();
  end();
  assert.deepEqual(sockets[0].asked()[1].data, { sub_eid: eid });
  assert.equal(sockets[0].asked()[1].type, "hall.unsubscribe");
  sockets[0].say({ status: "update", type: "hall.subscribe", data: 1, error: null, eid, ts: 1 });
  assert.deepEqual(subscription.heard, []);
});

test("bytes that cannot be read do not end the connection", () => {
  const { link, sockets, states } = scene();
  const silenced = console.error;
  console.error = () => {};
  link.start();
  sockets[0].onopen!();
  sockets[0].say("{");
  sockets[0].onmessage!({ data: new ArrayBuffer(3) });
  console.error = silenced;
  assert.deepEqual(states, ["online"]);
});
