// The messenger in a real browser: two people, each with cookies of their own, who write to each other.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { until } from "./support/foyer.mjs";
import * as office from "./support/office.mjs";
import { arrive, complaints, foyer } from "./support/scene.mjs";
import * as people from "./support/visitor.mjs";

/** Somebody new who is signed in, the number the messenger knows them by, and the secret of their authenticator. */
async function somebody(name, options) {
  const page = await arrive("/", options);
  const secret = await people.signUp(page, name);
  const number = await page.evaluate(async () => (await (await fetch("/api/v1/account")).json()).number);
  return { page, number, name, secret };
}

/** Opens the conversation with somebody and waits until one can write. */
async function open(page, { number }) {
  await page.goto(`/messages/${number}`);
  await page.getByRole("textbox", { name: /^Message to/ }).waitFor();
}

/** Writes and sends. */
async function write(page, text) {
  await page.getByRole("textbox", { name: /^Message to/ }).fill(text);
  await page.getByRole("button", { name: "Send", exact: true }).click();
}

/** Puts another text into the field, where a message is being edited, and saves it. */
async function rewrite(page, text) {
  await page.getByRole("textbox", { name: /^Message to/ }).fill(text);
  await page.getByRole("button", { name: "Save", exact: true }).click();
}

/** Writes many messages, "number 1" the first. */
function writeMany(page, to, count) {
  return page.evaluate(
    async ([to, count]) => {
      for (let i = 1; i <= count; i++) {
        const headers = { "Content-Type": "application/json" };
        await fetch(`/api/message/${to}`, { method: "POST", headers, body: JSON.stringify({ message: `number ${i}` }) });
      }
    },
    [to.number, count],
  );
}

/** The line of a message. */
function line(page, text) {
  return page.getByRole("listitem").filter({ hasText: text }).filter({ has: page.locator(".bubble") });
}

/** Waits until one's own message is marked: Sending, Sent, Read. */
async function seeMark(page, text, mark) {
  await line(page, text).locator(".mark").filter({ hasText: mark }).waitFor();
}

/** Shows what can be done with one's own message, and does it. */
async function choose(page, text, act) {
  await line(page, text).hover();
  await line(page, text).getByRole("button", { name: "Options for this message" }).click();
  await line(page, text).getByRole("button", { name: act, exact: true }).click();
}

/** The texts of the conversation in their order. */
function texts(page) {
  return page.locator(".bubble .text").allTextContents();
}

test("what one writes arrives at once, is marked as read when it is looked at, can be changed and taken back", async () => {
  const ann = await somebody("ann-one");
  const ben = await somebody("ben-one");
  await open(ann.page, ben);
  await open(ben.page, ann);
  await write(ann.page, "Are you there?");
  await line(ben.page, "Are you there?").waitFor();
  await seeMark(ann.page, "Are you there?", "Read");
  await write(ben.page, "I am.");
  await line(ann.page, "I am.").waitFor();
  await seeMark(ben.page, "I am.", "Read");
  await ann.page.getByLabel("Conversation with ben-one").first().getByText("online", { exact: true }).waitFor();

  await choose(ann.page, "Are you there?", "Edit");
  await rewrite(ann.page, "Are you here?");
  await line(ben.page, "Are you here?").getByText("edited").waitFor();
  assert.deepEqual(await texts(ben.page), ["Are you here?", "I am."]);

  await choose(ann.page, "Are you here?", "Delete");
  await line(ann.page, "Are you here?").getByRole("button", { name: "Delete", exact: true }).click();
  await until("it to be gone", async () => (await texts(ben.page)).join() === "I am.");
  assert.deepEqual(await texts(ann.page), ["I am."]);
});

test("typing is seen while it lasts", async () => {
  const ann = await somebody("ann-two");
  const ben = await somebody("ben-two");
  await open(ann.page, ben);
  await write(ann.page, "hello");
  await open(ben.page, ann);
  await line(ben.page, "hello").waitFor();
  await ben.page.getByRole("textbox", { name: /^Message to/ }).pressSequentially("well");
  await ann.page.locator(".who").getByText("typing…").waitFor();
  await write(ben.page, "well then");
  await line(ann.page, "well then").waitFor();
  assert.equal(await ann.page.locator(".who").getByText("typing…").count(), 0);
});

test("unread messages are counted in every tab and device, and told on every page", async () => {
  const ann = await somebody("ann-three");
  const ben = await somebody("ben-three");
  const tab = await ben.page.context().newPage();
  await tab.goto("/");
  await open(ann.page, ben);
  await write(ann.page, "first");
  await tab.getByRole("link", { name: "Messages, 1 unread message" }).waitFor();
  await ben.page.getByRole("link", { name: "Messages, 1 unread message" }).waitFor();
  await ben.page.getByRole("link", { name: /New message from ann-three/ }).waitFor();
  await write(ann.page, "second");
  await tab.getByRole("link", { name: "Messages, 2 unread messages" }).waitFor();
  assert.equal(await ann.page.locator(".mark").filter({ hasText: "Sent" }).count(), 2);

  await ben.page.getByRole("link", { name: /^Messages/ }).first().click();
  await ben.page.getByRole("link", { name: /ann-three.*2 unread messages/ }).click();
  await ben.page.getByText("New messages", { exact: true }).waitFor();
  await tab.getByRole("link", { name: "Messages", exact: true }).waitFor();
  await seeMark(ann.page, "second", "Read");
  await seeMark(ann.page, "first", "Read");
});

test("what is written without a connection goes out when it is back, once and in order, and what was missed is there", async () => {
  const ann = await somebody("ann-four");
  const ben = await somebody("ben-four");
  await open(ann.page, ben);
  await open(ben.page, ann);
  await write(ann.page, "before");
  await line(ben.page, "before").waitFor();
  await foyer.kill();
  await ann.page.getByText("No connection. What you write is kept").waitFor();
  await write(ann.page, "one");
  await write(ann.page, "two");
  await seeMark(ann.page, "two", "Sending");
  const second = await ann.page.context().newPage();
  await foyer.start();
  await until("both to arrive", async () => (await texts(ben.page)).join() === "before,one,two", 30_000);
  await until("both to be known", async () => (await texts(ann.page)).join() === "before,one,two", 30_000);
  await seeMark(ann.page, "two", "Read");
  await ann.page.getByText("No connection. What you write is kept").waitFor({ state: "detached" });
  await second.goto(`/messages/${ben.number}`);
  await line(second, "two").waitFor();
  assert.deepEqual(await texts(second), ["before", "one", "two"]);
});

test("a long conversation is fetched as one goes up, without a gap", async () => {
  const ann = await somebody("ann-five");
  const ben = await somebody("ben-five");
  await writeMany(ann.page, ben, 180);
  await open(ben.page, ann);
  await ben.page.getByText("New messages", { exact: true }).waitFor();
  await ben.page.getByRole("button", { name: "Go to the newest message" }).click();
  await line(ben.page, "number 180").waitFor();

  await open(ann.page, ben);
  await line(ann.page, "number 180").waitFor();
  assert.ok((await texts(ann.page)).length < 180);
  const scroller = ann.page.locator(".scroll").last();
  await until("the beginning", async () => {
    await scroller.evaluate((box) => (box.scrollTop = 0));
    return (await ann.page.getByText("The conversation began here.").count()) > 0;
  });
  assert.deepEqual(await texts(ann.page), Array.from({ length: 180 }, (_, i) => `number ${i + 1}`));
});

test("a word finds its message, in all conversations and within one, however far back, and one comes back from there", async () => {
  const ann = await somebody("ann-seven");
  const ben = await somebody("ben-seven");
  await open(ann.page, ben);
  await write(ann.page, "The password is marzipan, keep it");
  await seeMark(ann.page, "marzipan", "Sent");
  await writeMany(ann.page, ben, 260);
  await ben.page.getByRole("link", { name: /^Messages/ }).first().click();
  const find = ben.page.getByRole("searchbox", { name: "Find people and messages" });
  const found = ben.page.getByRole("button", { name: /marzipan/ });
  await until("the search to know it", async () => {
    await find.fill("");
    await find.fill("marzi");
    return found.waitFor({ timeout: 2_000 }).then(() => true, () => false);
  }, 60_000);
  assert.equal(await found.locator("mark").textContent(), "marzipan");
  await found.click();
  await line(ben.page, "marzipan").waitFor();
  assert.ok(!(await texts(ben.page)).includes("number 260"));
  await ben.page.getByRole("button", { name: "Go to the newest message" }).click();
  await line(ben.page, "number 260").waitFor();

  await ben.page.getByRole("button", { name: "Search in this conversation" }).click();
  await ben.page.getByRole("searchbox", { name: "Search with ann-seven" }).fill("marzipan");
  await found.click();
  await line(ben.page, "marzipan").waitFor();
  const scroller = ben.page.locator(".scroll").last();
  await until("all that follows", async () => {
    await scroller.evaluate((box) => (box.scrollTop = box.scrollHeight));
    return (await texts(ben.page)).at(-1) === "number 260";
  });
  const all = await texts(ben.page);
  assert.deepEqual(all.slice(all.indexOf("number 1")), Array.from({ length: 260 }, (_, i) => `number ${i + 1}`));
});

test("somebody is found by a part of the name, and a conversation begins", async () => {
  const ann = await somebody("ann-eleven");
  const ben = await somebody("ben-eleven");
  await ann.page.goto("/messages");
  await ann.page.getByRole("searchbox", { name: "Find people and messages" }).fill("BEN-elev");
  await ann.page.getByRole("link", { name: "ben-eleven" }).click();
  await ann.page.getByText("Write the first message to ben-eleven.").waitFor();
  await write(ann.page, "Found you.");
  await ben.page.getByRole("link", { name: /New message from ann-eleven/ }).click();
  await line(ben.page, "Found you.").waitFor();
});

test("a conversation is found, entered, written in, changed and left with the keyboard alone", async () => {
  const { page } = await somebody("ann-keys");
  const ben = await somebody("ben-keys");
  await page.goto("/messages");
  await page.getByRole("searchbox", { name: "Find people and messages" }).focus();
  await page.keyboard.type("ben-keys");
  await page.getByRole("link", { name: "ben-keys" }).waitFor();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.getByRole("textbox", { name: "Message to ben-keys" }).and(page.locator(":focus")).waitFor();
  await page.keyboard.type("By keys");
  await page.keyboard.press("Enter");
  await line(ben.page, "By keys").or(ben.page.getByRole("link", { name: /New message from ann-keys/ })).waitFor();
  await seeMark(page, "By keys", "Sent");
  await page.keyboard.press("ArrowUp");
  await page.getByText("Editing your message").waitFor();
  await page.keyboard.type(" alone");
  await page.keyboard.press("Enter");
  await line(page, "By keys alone").getByText("edited").waitFor();
  await page.getByRole("button", { name: "Options for this message" }).focus();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.textContent.trim()), "Edit");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Edit", exact: true }).waitFor({ state: "detached" });
  await page.getByRole("link", { name: "Foyer" }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Halls" }).and(page.locator(":focus")).waitFor();
});

test("who is blocked is told so, and writes again when that has ended", async () => {
  const ann = await somebody("ann-eight");
  const ben = await somebody("ben-eight");
  await open(ann.page, ben);
  await write(ann.page, "one");
  await open(ben.page, ann);
  await ben.page.getByRole("button", { name: "Options for this conversation" }).click();
  await ben.page.getByRole("button", { name: "Block ann-eight" }).click();
  await ben.page.getByText("You have blocked ann-eight.").waitFor();
  await write(ann.page, "two");
  await line(ann.page, "two").getByText("They take no messages from you.").waitFor();
  await ben.page.getByRole("button", { name: "Unblock" }).first().click();
  await ben.page.getByRole("textbox", { name: /^Message to/ }).waitFor();
  await line(ann.page, "two").getByRole("button", { name: "Send again" }).click();
  await line(ben.page, "two").waitFor();
  await seeMark(ann.page, "two", "Read");
});

test("from a booking one writes to the box office, who see the booking beside the conversation", async () => {
  const { plain } = await office.concertsOf(foyer);
  const desk = await office.staffAt(arrive, foyer, "/messages", "desk-nine");
  const page = await arrive(`/concert/${plain.id}`);
  await page.getByRole("button", { name: "Sign in to get tickets" }).click();
  await office.signUp(page, foyer, "buyer@example.com");
  await page.getByRole("button", { name: "Get tickets" }).click();
  await page.getByRole("button", { name: /^Book 2 tickets/ }).click();
  await page.getByLabel("Pays at once").check();
  await page.getByRole("button", { name: /^Pay / }).click();
  await page.getByText("Paid. See you there!").waitFor();
  const number = page.url().slice(-8).toUpperCase();
  await page.getByRole("button", { name: "Write to the box office" }).click();
  const field = page.getByRole("textbox", { name: "Message to desk-nine" });
  await field.waitFor();
  assert.equal(await field.inputValue(), `About booking ${number}: `);
  await field.press("End");
  await field.pressSequentially("may I come later?");
  await field.press("Enter");
  await desk.getByRole("link", { name: /Ann Lee.*1 unread message/ }).click();
  const beside = desk.getByRole("complementary", { name: "Bookings of Ann Lee" });
  await beside.getByRole("link", { name: new RegExp(`${number}.*Confirmed.*mentioned here`) }).waitFor();
  await people.seeNoFaults(desk, "a conversation with a booking beside it");
  await write(desk, "Of course.");
  await line(page, "Of course.").waitFor();
});

test("one's account says who sees when one was last here, and signing out ends the conversation in every tab", async () => {
  const ann = await somebody("ann-ten");
  const tab = await ann.page.context().newPage();
  await tab.goto("/messages");
  await tab.getByRole("searchbox", { name: "Find people and messages" }).waitFor();
  await ann.page.goto("/account");
  const shown = ann.page.getByRole("switch", { name: /Show when I was last here/ });
  await shown.and(ann.page.locator("[aria-checked=true]")).click();
  await shown.and(ann.page.locator("[aria-checked=false]")).waitFor();
  await ann.page.reload();
  await shown.and(ann.page.locator("[aria-checked=false]")).waitFor();
  await ann.page.getByRole("button", { name: "Sign out", exact: true }).click();
  await tab.getByText("Sign in to read and write messages.").waitFor();
});

test("all of one's data is saved as one file, also what is more than a page of it", async () => {
  const ann = await somebody("ann-fourteen");
  const ben = await somebody("ben-fourteen");
  await writeMany(ann.page, ben, 205);
  await ann.page.goto("/account");
  const [saved] = await Promise.all([
    ann.page.waitForEvent("download"),
    ann.page.getByRole("button", { name: "Save all my data as a file" }).click(),
  ]);
  const data = JSON.parse(await readFile(await saved.path(), "utf8"));
  assert.equal(saved.suggestedFilename(), "foyer.json");
  assert.equal(data.account.username, "ann-fourteen");
  assert.deepEqual(data.messages.map(({ message }) => message), Array.from({ length: 205 }, (_, i) => `number ${i + 1}`));
});

test("when the session is over the page says so, and what was not sent goes out when one has signed in again", async () => {
  const ann = await somebody("ann-twelve");
  const ben = await somebody("ben-twelve");
  await open(ann.page, ben);
  await open(ben.page, ann);
  await ann.page.route(`**/api/message/${ben.number}`, (route) => route.abort("connectionrefused"));
  await write(ann.page, "Not lost.");
  await seeMark(ann.page, "Not lost.", "Sending");
  // Ended from elsewhere: the page still has its cookie, and it is good for nothing.
  const cookie = (await ann.page.context().cookies()).map(({ name, value }) => `${name}=${value}`).join("; ");
  const ended = await fetch(`${foyer.url}/api/auth/logout`, { method: "POST", headers: { cookie, origin: foyer.url } });
  assert.ok(ended.ok, await ended.text());
  await ann.page.getByText("Sign in to read and write messages.").waitFor();
  await ann.page.unrouteAll();
  assert.deepEqual(await texts(ben.page), []);

  await people.signIn(ann.page, "ann-twelve", ann.secret);
  await line(ben.page, "Not lost.").waitFor();
  await seeMark(ann.page, "Not lost.", "Read");
  assert.deepEqual(await texts(ann.page), ["Not lost."]);
});

test("on a phone the list leads to the conversation and back", async () => {
  const ann = await somebody("ann-six", people.PHONE);
  const ben = await somebody("ben-six");
  await open(ben.page, ann);
  await write(ben.page, "On your phone?");
  await ann.page.getByRole("link", { name: /^Messages/ }).first().click();
  await ann.page.getByRole("link", { name: /ben-six.*1 unread message/ }).click();
  await line(ann.page, "On your phone?").waitFor();
  assert.equal(await ann.page.getByRole("heading", { name: "Messages" }).isVisible(), false);
  await write(ann.page, "Yes.");
  await line(ben.page, "Yes.").waitFor();
  await line(ann.page, "Yes.").locator(".bubble").tap();
  await line(ann.page, "Yes.").getByRole("button", { name: "Edit" }).waitFor();
  await people.seeNoFaults(ann.page, "a conversation on a phone");
  await writeMany(ben.page, ann, 20);
  await line(ann.page, "number 20").waitFor();
  await foyer.kill();
  await ann.page.getByText("No connection. What you write is kept").waitFor();
  assert.equal(await ann.page.locator(".who").getByText("online", { exact: true }).count(), 0);
  await until("the end to be in sight still", () => ann.page.locator(".scroll").last().evaluate((box) => box.scrollHeight - box.scrollTop - box.clientHeight < 2));
  assert.equal(await ann.page.getByRole("button", { name: "Go to the newest message" }).count(), 0);
  await foyer.start();
  await ann.page.getByRole("link", { name: "All conversations" }).click();
  await ann.page.getByRole("heading", { name: "Messages" }).waitFor();
});

test("who one is, once not to be learned, is asked again, and the conversations are there", async () => {
  const { page } = await somebody("ann-again");
  let refused = 0;
  await page.route("**/api/v1/account", (route) => (refused++, route.abort("internetdisconnected")), { times: 1 });
  await page.goto("/messages");
  await page.getByRole("searchbox", { name: "Find people and messages" }).waitFor();
  assert.equal(refused, 1);
});

test("no page complained, save of messages that were refused", () => {
  assert.deepEqual(complaints.filter((complaint) => !/status of 403/.test(complaint)), []);
});
