// The browser's own notifications, which it shows for real: the page is only listened to.
import assert from "node:assert/strict";
import { test } from "node:test";
import "./support/whole_browser.mjs";
import { until } from "./support/foyer.mjs";
import * as office from "./support/office.mjs";
import { arrive, complaints, foyer } from "./support/scene.mjs";
import * as people from "./support/visitor.mjs";

/** Somebody who is signed in, and the number the messenger knows them by. */
async function somebody(name) {
  const page = await arrive("/");
  await people.signUp(page, name);
  const number = await page.evaluate(async () => (await (await fetch("/api/v1/account")).json()).number);
  return { page, number };
}

/** Keeps what notifications a page makes from its next load on: their words, and whether the browser has shown them. */
async function listenTo(page) {
  await page.addInitScript(() => {
    window.told = [];
    window.Notification = class extends window.Notification {
      constructor(title, options) {
        super(title, options);
        const one = { title, body: options.body, tag: options.tag, shown: false, notification: this };
        window.told.push(one);
        this.addEventListener("show", () => (one.shown = true));
      }
    };
  });
}

/** The browser's window is looked at no more: tests keep every page focused otherwise. */
async function lookAway(page) {
  const session = await page.context().newCDPSession(page);
  await session.send("Emulation.setFocusEmulationEnabled", { enabled: false });
  const other = await page.context().newPage();
  await other.bringToFront();
  await until("the page to be left", () => page.evaluate(() => !document.hasFocus()));
}

/** Lets a page's notifications come from a service worker only, as on Android, from its next load on. */
async function leaveToWorker(page) {
  await page.context().grantPermissions(["notifications"], { origin: foyer.url });
  await page.addInitScript(() => {
    window.Notification = class {
      static permission = "granted";
      constructor() {
        throw new TypeError("Illegal constructor. Use ServiceWorkerRegistration.showNotification() instead.");
      }
    };
  });
}

/** What the worker of a page has notified of. */
function toldByWorker(page) {
  return until("the worker to notify", () =>
    page.evaluate(async () => {
      const registration = await navigator.serviceWorker.getRegistration();
      const [one] = (await registration?.getNotifications()) ?? [];
      return one && { title: one.title, body: one.body, data: one.data };
    }),
  );
}

/** Writes a message to somebody. */
function write(page, to, message) {
  const body = JSON.stringify({ message });
  return page.evaluate(([path, body]) => fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body }), [`/api/message/${to}`, body]);
}

const told = (page) => page.evaluate(() => window.told.map(({ title, body, shown }) => ({ title, body, shown })));

test("who allows it and looks away is notified by the browser, and led to the conversation", async () => {
  const ann = await somebody("ann-tells");
  const ben = await somebody("ben-hears");
  await ben.page.context().grantPermissions(["notifications"], { origin: foyer.url });
  await listenTo(ben.page);
  await ben.page.goto("/hall/1");
  await people.seeHall(ben.page);
  await ben.page.getByRole("link", { name: "Messages", exact: true }).waitFor();
  await write(ann.page, ben.number, "You are looking.");
  await ben.page.getByRole("link", { name: /New message from ann-tells/ }).waitFor();
  assert.deepEqual(await told(ben.page), []);

  await lookAway(ben.page);
  await write(ann.page, ben.number, "You look away.");
  const shown = { title: "ann-tells", body: "You look away.", shown: true };
  await until("the notification to be shown", async () => JSON.stringify(await told(ben.page)) === JSON.stringify([shown]));
  assert.match(await ben.page.evaluate(() => window.told[0].tag), /\d/, "tabs notify under one tag, so that they do it once");
  await ben.page.evaluate(() => window.told[0].notification.dispatchEvent(new Event("click")));
  await ben.page.getByRole("textbox", { name: "Message to ann-tells" }).waitFor();
});

test("where only a service worker may notify, it does", async () => {
  const ann = await somebody("ann-works");
  const ben = await somebody("ben-works");
  await leaveToWorker(ben.page);
  await ben.page.goto("/");
  await ben.page.getByRole("link", { name: "Messages", exact: true }).waitFor();
  await lookAway(ben.page);
  await write(ann.page, ben.number, "By your worker");
  assert.deepEqual(await toldByWorker(ben.page), { title: "ann-works", body: "By your worker", data: `/messages/${ann.number}` });
});

test("who waits in line and looks away is called when the turn comes, by the worker where none else may", async () => {
  const { plain } = await office.concertsOf(foyer);
  const desk = await office.staffAt(arrive, foyer, `/staff/sale/${plain.id}`, "calls");
  await desk.getByRole("button", { name: "Pause" }).click();
  await desk.getByText("Paused", { exact: true }).waitFor();
  const { page } = await somebody("called");
  await leaveToWorker(page);
  await page.goto(`/concert/${plain.id}`);
  await page.getByRole("button", { name: "Get tickets" }).click();
  await page.getByText("We will tell you on this device.").waitFor();
  // Without a screen no page is ever hidden.
  await page.evaluate(() => Object.defineProperty(document, "hidden", { value: true }));
  await desk.getByRole("button", { name: "Resume" }).click();
  const path = `/concert/${plain.id}/tickets`;
  assert.deepEqual(await toldByWorker(page), { title: "It is your turn", body: "Choose your tickets now.", data: path });
});

test("who has not allowed it is not notified, and is offered it beside the conversations", async () => {
  const ann = await somebody("ann-asks");
  const ben = await somebody("ben-asks");
  await listenTo(ben.page);
  await ben.page.goto("/messages");
  await ben.page.getByRole("searchbox", { name: "Find people and messages" }).waitFor();
  await lookAway(ben.page);
  await write(ann.page, ben.number, "Hello");
  await ben.page.getByRole("link", { name: /ann-asks.*1 unread message/ }).waitFor();
  assert.deepEqual(await told(ben.page), []);
  assert.match(await ben.page.title(), /^\(1\)/);
  const permission = await ben.page.evaluate(() => Notification.permission);
  assert.equal(await ben.page.getByRole("button", { name: /Tell me about new messages/ }).count(), permission === "default" ? 1 : 0);
});

test("no page complained", () => assert.deepEqual(complaints, []));
