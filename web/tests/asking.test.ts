// What the page and its box office ask, and which of the answers count, without a browser.
import assert from "node:assert/strict";
import { test } from "node:test";
import { book } from "../src/actions/booking";
import { askMine } from "../src/actions/concerts";
import type { Office } from "../src/actions/office_context";
import { watchAccount } from "../src/actions/watching";
import { newBox, openConcert } from "../src/state/box";
import { serverTime } from "../src/state/clock";
import { newPage, takeAccount } from "../src/state/page";
import { createStore } from "../src/state/store";
import type { Ask } from "../src/wire/api";
import { Failure } from "../src/wire/failure";
import type { Subscription } from "../src/wire/link";

const ID = "64b1f0c2a9d3e47712ab9f31";
const DEVICE_MS = 500_000;
const ANN = { status: "user", username: "ann", role: "user" };
const BOOKING = { id: "b1", concertId: ID, categoryId: "c1", seats: 2, status: "pending", paymentStatus: "none",
  bookedAt: "2026-12-02T10:00:00.000Z", expiresAt: "2026-12-02T10:10:00.000Z" };

/** What was asked; both wait until the page has made of it what it does. */
interface Question {
  readonly path: string;
  answer(value: unknown, serverMs?: number): Promise<void>;
  refuse(code: string): Promise<void>;
}

/** The page of somebody, with its box office. What it asks is answered when the test says so, what it puts off is done likewise. */
function scene() {
  const asked: Question[] = [];
  let tasks: (() => void)[] = [];
  let now = DEVICE_MS;
  let tell = () => {};
  const settled = () => new Promise<void>((done) => setImmediate(done));
  const page = createStore(takeAccount(newPage(), { kind: "user", username: "ann", staff: false }));
  const box = createStore(openConcert(newBox(), ID));
  const office = {
    box,
    page,
    deviceNow: () => now,
    link: { subscribe: ({ onMessage }: Subscription) => void (tell = () => onMessage("snapshot", ANN)) },
    after: (_: number, task: () => void) => void tasks.push(task),
    ask: ({ method, path }: Ask) =>
      new Promise((answer, fail) => {
        asked.push({
          path: `${method} ${path.split("?")[0]}`,
          answer: (value, serverMs = 0) => (answer({ value, text: "", serverMs }), settled()),
          refuse: (code) => (fail(new Failure(code)), settled()),
        });
      }),
  } as unknown as Office;
  return {
    office,
    box,
    page,
    /** The questions to a path so far. */
    to: (path: string) => asked.filter((one) => one.path === path),
    become: (username: string) => page.update((before) => takeAccount(before, { kind: "user", username, staff: false })),
    /** The server says who we are, as it does first on every connection. */
    hear: () => tell(),
    pass: (ms: number) => void (now += ms),
    /** The server's time, as far as it is known. */
    serverNow: () => serverTime(box.get().clock, now),
    goOn() {
      const due = tasks;
      tasks = [];
      for (const task of due) task();
    },
  };
}

const waiting = { status: "waiting", position: 3 };
const active = { status: "active", slotExpiresAt: "2026-12-02T10:05:00.000Z" };

test("an answer that comes after a newer one does not take the turn back", async () => {
  const { office, box, to } = scene();
  void askMine(office);
  void askMine(office);
  const [older, newer] = to("GET /queue/status");
  await newer.answer(active);
  await older.answer(waiting);
  assert.equal(box.get().place?.status, "active");
});

test("a booking that was just made is not hidden by an answer to what was asked before", async () => {
  const { office, box, to } = scene();
  void askMine(office);
  void book(office, { categoryId: "c1", seats: 2 }, false);
  await to("POST /booking")[0].answer(BOOKING);
  await to("GET /booking/pending")[0].answer(null);
  assert.equal(box.get().booking?.id, "b1");
});

test("what was asked for one account is no answer to another", async () => {
  const { office, box, to, become } = scene();
  void askMine(office);
  become("ben");
  await to("GET /queue/status")[0].answer(active);
  assert.equal(box.get().place, null);
});

test("what could not be answered is asked for again, unless it was asked for since", async () => {
  const { office, to, goOn } = scene();
  const places = () => to("GET /queue/status");
  void askMine(office);
  await places()[0].refuse("InternalServerError");
  goOn();
  assert.equal(places().length, 2);
  await places()[1].refuse("Timeout");
  void askMine(office);
  goOn();
  assert.equal(places().length, 3);
});

test("an answer that was long on its way does not set the clock back", async () => {
  const { office, to, pass, serverNow } = scene();
  void askMine(office);
  await to("GET /queue/status")[0].answer(waiting, 7_000_000);
  assert.equal(serverNow(), 7_000_500);
  pass(10_000);
  void askMine(office);
  pass(8_000);
  await to("GET /queue/status")[1].answer(waiting, 7_010_000);
  assert.equal(serverNow(), 7_018_500);
  await to("GET /booking/pending")[1].answer({ ...BOOKING, serverNow: new Date(7_010_600).toISOString() });
  assert.equal(serverNow(), 7_018_500);
});

test("a booking that is answered at once sets the clock to the millisecond", async () => {
  const { office, to, pass, serverNow } = scene();
  void askMine(office);
  pass(40);
  await to("GET /booking/pending")[0].answer({ ...BOOKING, serverNow: new Date(7_000_123).toISOString() }, 7_000_000);
  assert.equal(serverNow(), 7_000_143);
});

test("the account is asked for until it is known, again by itself and on every connection", async () => {
  const { office, page, to, hear, goOn } = scene();
  const accounts = () => to("GET /account");
  watchAccount(office);
  hear();
  await accounts()[0].refuse("InternalServerError");
  goOn();
  await accounts()[1].refuse("forbidden");
  goOn();
  assert.equal(accounts().length, 2);
  hear();
  await accounts()[2].answer({ id: ID, number: 9 });
  hear();
  assert.deepEqual([accounts().length, page.get().person?.number], [3, 9]);
});
