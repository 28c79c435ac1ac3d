// What the messenger asks and sends, and for whom, without a browser.
import assert from "node:assert/strict";
import { test } from "node:test";
import { bindTalk } from "../src/actions/talk_table";
import type { Talking } from "../src/actions/talk_context";
import { newPage, takeAccount, type Page } from "../src/state/page";
import { createStore } from "../src/state/store";
import { nameOf, newTalk, roomOf, type Outgoing } from "../src/state/talk";
import { Failure } from "../src/wire/failure";
import type { TalkAsk } from "../src/wire/talk";

const ANN = 1;
const BEN = 2;
const EVE = 3;

/** The page of somebody who is signed in. */
function signedIn(page: Page, username: string, number: number): Page {
  const person = { id: "", number, email: "", username, name: "", language: "en" } as Page["person"];
  return { ...takeAccount(page, { kind: "user", username, staff: false }), person };
}

/** What is on its way to Ben. */
const outgoing = (clientId: string): Outgoing => ({ clientId, other: BEN, text: "hello", at: 1, failed: "" });

/** A message to Ben as the server has it. */
const sent = (sender: number, text: string) => ({
  messageID: 7,
  seq: 7,
  senderID: sender,
  receiverID: BEN,
  message: text,
  createdAt: "2026-11-21T07:00:00.000Z",
});

/** Ann's messenger. What it asks is answered by the test; what it puts off is done when the test says so. */
function scene() {
  const asked: (TalkAsk & { answer(value: unknown): void; refuse(code: string): void })[] = [];
  let tasks: (() => void)[] = [];
  let kept: Outgoing[] = [];
  let changed = () => {};
  const page = createStore(signedIn(newPage(), "ann", ANN));
  const talk = createStore(newTalk(0));
  const context = {
    page,
    talk,
    link: { subscribe: () => () => {}, reopen() {} },
    socket: { start() {}, stop() {}, emit() {} },
    shelf: {
      all: (me: number) => (me === ANN ? kept : []),
      put: (_: number, one: Outgoing) => void kept.push(one),
      drop: (_: number, clientId: string) => void (kept = kept.filter((one) => one.clientId !== clientId)),
      watch: (told: () => void) => void (changed = told),
    },
    askTalk: (ask: TalkAsk) =>
      new Promise((answer, failed) => asked.push({ ...ask, answer, refuse: (code) => failed(new Failure(code)) })),
    after(_: number, task: () => void) {
      tasks.push(task);
      return () => void (tasks = tasks.filter((other) => other !== task));
    },
    deviceNow: () => 1,
  };
  const talking = bindTalk(context as unknown as Talking);
  talking.followPerson();
  return {
    talking,
    page,
    talk,
    asked,
    kept: () => kept,
    /** Another tab puts something on the shelf. */
    writeElsewhere(one: Outgoing) {
      kept.push(one);
      changed();
    },
    later: () => tasks.splice(0).forEach((task) => task()),
  };
}

/** Lets what has been answered be taken. */
const taken = () => new Promise((done) => setImmediate(done));

test("an answer that comes when somebody else is signed in is nobody's", async () => {
  const { talking, page, talk, asked } = scene();
  const asking = talking.askNewest(BEN);
  page.update((before) => takeAccount(before, { kind: "guest" }));
  page.update((before) => signedIn(before, "eve", EVE));
  assert.equal(talk.get().me, EVE);
  const again = talking.askNewest(BEN);
  assert.equal(asked.length, 2, "what is under way for another does not hold this one up");
  asked[0].answer([sent(ANN, "Ann's secret")]);
  await asking;
  assert.deepEqual(roomOf(talk.get(), BEN).messages, []);
  asked[1].answer([sent(EVE, "mine")]);
  await again;
  assert.deepEqual(roomOf(talk.get(), BEN).messages.map(({ text }) => text), ["mine"]);
});

test("a name in the place of another is another person at once", () => {
  const { page, talk } = scene();
  page.update((before) => takeAccount(before, { kind: "user", username: "eve", staff: false }));
  assert.equal(talk.get().me, 0);
  page.update((before) => signedIn(before, "eve", EVE));
  page.update((before) => takeAccount(before, { kind: "user", username: "eve", staff: true }));
  assert.equal(talk.get().me, EVE);
});

test("what another tab has written is sent from here when that tab has not sent it", async () => {
  const { talk, asked, kept, writeElsewhere, later } = scene();
  writeElsewhere(outgoing("c"));
  assert.deepEqual(talk.get().outgoing.map(({ clientId }) => clientId), ["c"]);
  assert.equal(asked.length, 0);
  later();
  assert.deepEqual(asked.map(({ method, path }) => `${method} ${path}`), ["POST /message/2"]);
  asked[0].answer(sent(ANN, "hello"));
  await taken();
  assert.deepEqual([kept(), talk.get().outgoing], [[], []]);
});

test("who is blocked has a name, also where there is no dialog", async () => {
  const { talking, talk, asked } = scene();
  const asking = talking.askBlocked();
  asked[0].answer([{ id: BEN, name: "ben" }]);
  await asking;
  assert.equal(nameOf(talk.get(), BEN), "ben");
  assert.deepEqual([...talk.get().blocked], [BEN]);
});

test("one's own data is all of it, however many pages it has", async () => {
  const { talking, asked } = scene();
  const saving = talking.askOwnData();
  asked[0].answer({ bio: "sings", bookings: ["b"], messages: [], next: "b.7" });
  await taken();
  asked[1].answer({ bookings: [], messages: ["one"], next: "m.1.2" });
  await taken();
  asked[2].answer({ bookings: [], messages: ["two"], next: null });
  const kept = JSON.parse(JSON.stringify(await saving));
  assert.deepEqual(kept, { bio: "sings", bookings: ["b"], messages: ["one", "two"] });
  assert.deepEqual(asked.map(({ path }) => path), ["/user/export", "/user/export?after=b.7", "/user/export?after=m.1.2"]);
});
