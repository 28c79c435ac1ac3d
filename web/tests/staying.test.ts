// How the page stays signed in, and how it learns that it is not, without a browser.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Context } from "../src/actions/context";
import { doubtAccount, staySignedIn } from "../src/actions/staying";
import { newPage, takeAccount } from "../src/state/page";
import { createStore } from "../src/state/store";
import { Failure } from "../src/wire/failure";

const NOW_MS = Date.parse("2026-11-26T12:00:00Z");

/** Somebody's page. What it asks is answered by the test, what it puts off is done when the test says so. */
function scene() {
  const asked: string[] = [];
  const waits: number[] = [];
  let tasks: (() => void)[] = [];
  let reopened = 0;
  let answer = () => ({ value: { expiresAt: new Date(NOW_MS + 600_000).toISOString() }, text: "", serverMs: NOW_MS });
  const page = createStore(takeAccount(newPage(), { kind: "user", username: "ann", staff: false }));
  const context = {
    page,
    link: { reopen: () => void reopened++ },
    ask: async ({ path }: { path: string }) => (asked.push(path), answer()),
    after(ms: number, task: () => void) {
      waits.push(ms);
      tasks.push(task);
      return () => void (tasks = tasks.filter((other) => other !== task));
    },
  } as unknown as Context;
  return {
    context,
    asked,
    waits,
    reopened: () => reopened,
    answers: (next: typeof answer) => void (answer = next),
    leave: () => page.update((before) => takeAccount(before, { kind: "guest" })),
    /** Lets answers arrive, and does what was put off. */
    async goOn() {
      await new Promise((done) => setImmediate(done));
      const due = tasks;
      tasks = [];
      for (const task of due) task();
      await new Promise((done) => setImmediate(done));
    },
  };
}

test("the session is asked for anew when half of what is left of it has passed, and no more by a guest", async () => {
  const { context, asked, waits, goOn, leave } = scene();
  staySignedIn(context);
  await goOn();
  assert.deepEqual(asked, ["/auth/renew", "/auth/renew"]);
  assert.deepEqual(waits, [300_000, 300_000]);
  leave();
  await goOn();
  assert.equal(asked.length, 2);
});

test("without an answer it is asked for again soon", async () => {
  const { context, asked, waits, answers, goOn } = scene();
  answers(() => {
    throw new Failure("Offline");
  });
  staySignedIn(context);
  await goOn();
  assert.equal(asked.length, 2);
  assert.deepEqual(waits, [30_000, 30_000]);
});

test("who is refused as nobody asks once who one is; a guest, or another refusal, is no reason to", async () => {
  const { context, reopened, goOn, leave } = scene();
  doubtAccount(context, new Failure("SeatReserved"));
  assert.equal(reopened(), 0);
  doubtAccount(context, new Failure("unauthorized"));
  doubtAccount(context, new Failure("invalid_token"));
  assert.equal(reopened(), 1);
  await goOn();
  doubtAccount(context, new Failure("Unauthorized"));
  assert.equal(reopened(), 2);
  await goOn();
  leave();
  doubtAccount(context, new Failure("unauthorized"));
  assert.equal(reopened(), 2);
});
