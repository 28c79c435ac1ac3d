// The session of a page that is open: it lasts, and when it is over the page knows by itself.
import assert from "node:assert/strict";
import { test } from "node:test";
import "./support/short_sessions.mjs";
import { until } from "./support/foyer.mjs";
import { arrive, complaints } from "./support/scene.mjs";
import * as people from "./support/visitor.mjs";

/** The cookie of the session; undefined: there is none. */
async function sessionOf(page) {
  return (await page.context().cookies()).find(({ name }) => name === "handshake_token");
}

test("who leaves the page open stays signed in past the end of the first cookie", async () => {
  const page = await arrive("/messages");
  await people.signUp(page, "stays");
  const first = await sessionOf(page);
  await until("the first cookie to be over", () => Date.now() > (first.expires + 1) * 1000, 40_000);
  const answer = await page.evaluate(async () => (await (await fetch("/api/v1/account")).json()).username);
  assert.equal(answer, "stays");
  await page.reload();
  await page.getByRole("searchbox", { name: "Find people and messages" }).waitFor();
});

test("whose session is gone is a guest by itself, in all of the page, and signs in where one was", async () => {
  const page = await arrive("/");
  const secret = await people.signUp(page, "ends");
  await page.getByRole("link", { name: "My tickets" }).click();
  await page.getByText("No tickets yet").waitFor();
  await page.context().clearCookies({ name: "handshake_token" });
  await page.getByText("Sign in to see your tickets.").waitFor();
  await page.getByLabel("Your account").getByRole("link", { name: "Sign in" }).waitFor();
  await people.seeNoFaults(page, "the tickets of a guest");
  await people.signIn(page, "ends", secret);
  await page.getByRole("heading", { name: "My tickets" }).waitFor();
  await page.getByText("No tickets yet").waitFor();
});

test("so it is in the middle of a conversation, and what was being written is there when one is back", async () => {
  const page = await arrive("/");
  const secret = await people.signUp(page, "talks");
  const other = await arrive("/");
  await people.signUp(other, "listens");
  const to = await other.evaluate(async () => (await (await fetch("/api/v1/account")).json()).number);
  await page.goto(`/messages/${to}`);
  const field = page.getByRole("textbox", { name: "Message to listens" });
  await field.waitFor();
  await field.fill("Still here?");
  await page.context().clearCookies({ name: "handshake_token" });
  await page.getByText("Sign in to read and write messages.").waitFor();
  await people.signIn(page, "talks", secret);
  assert.equal(await field.inputValue(), "Still here?");
  await field.press("Enter");
  await other.getByRole("link", { name: "Messages, 1 unread message" }).waitFor();
  await field.fill("And more");
  await page.reload();
  await page.locator(".bubble").filter({ hasText: "Still here?" }).waitFor();
  assert.equal(await field.inputValue(), "And more");
});

test("no page complained, save of the refusals", () => {
  assert.deepEqual(complaints.filter((complaint) => !/status of 401/.test(complaint)), []);
});
