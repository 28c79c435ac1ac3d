// People at the page: a real browser, each with cookies of their own, who find things as people do.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { codeOf } from "./authenticator.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** The sizes the page is looked at in. */
export const DESK = { viewport: { width: 1280, height: 800 } };
export const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };

/** Waits until the hall of the page is there. */
export async function seeHall(page) {
  await page.locator("aside .statuses .count").first().filter({ hasText: /\d/ }).waitFor();
}

/** From the sign-in by e-mail to the one by username. */
export async function byUsername(page) {
  await page.getByRole("link", { name: "Use a username and authenticator" }).click();
}

/** Signs up under a name and gives the secret of the authenticator. Ends where it began. */
export async function signUp(page, name) {
  await page.getByRole("link", { name: /^Sign in/ }).first().click();
  await byUsername(page);
  await page.getByLabel("Username").fill(name);
  await page.getByRole("button", { name: "Continue" }).click();
  const secret = await secretShown(page);
  await page.getByLabel("Six-digit code").fill(codeOf(secret));
  await page.getByRole("button", { name: "Finish signing up" }).click();
  await page.getByRole("link", { name }).waitFor();
  return secret;
}

/** Signs in again, once, with the secret of the authenticator. Ends where it began. */
export async function signIn(page, name, secret) {
  await page.getByRole("link", { name: /^Sign in/ }).first().click();
  await byUsername(page);
  await page.getByLabel("Username").fill(name);
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByRole("heading", { name: `Welcome back, ${name}` }).waitFor();
  await page.getByLabel("Six-digit code").fill(codeOf(secret, 1));
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("link", { name }).waitFor();
}

/** The key the page shows for typing into an authenticator. */
export async function secretShown(page) {
  const shown = await page.locator("#secret").textContent();
  return shown.replace(/\s/g, "");
}

/** Goes to the list of seats and opens a row, by its number from the top. */
export async function openRow(page, row) {
  await page.getByRole("button", { name: "List", exact: true }).click();
  await page.locator("summary").nth(row).click();
}

/** The button of a seat in the list, by the beginning of its name. */
export function seatInList(page, name) {
  return page.getByRole("button", { name: new RegExp(`^${name},`) });
}

/** The beginning of the name of a vacant seat in the open row; `skip` of them are passed over. */
export async function firstVacant(page, skip = 0) {
  const name = await page.getByRole("button", { name: /, vacant$/ }).nth(skip).getAttribute("aria-label");
  return name.split(",")[0];
}

/** Waits until a seat of the list is said to be so. */
export async function seeSeat(page, name, status) {
  await page.getByRole("button", { name: new RegExp(`^${name}, .*, ${status}$`) }).waitFor();
}

/** Moves the mouse over the map until it is above a seat, and gives the point. */
export async function findSeatOnMap(page) {
  const map = page.getByRole("application");
  const box = await map.boundingBox();
  for (let y = box.y + box.height * 0.3; y < box.y + box.height * 0.8; y += 12) {
    for (let x = box.x + box.width * 0.3; x < box.x + box.width * 0.7; x += 12) {
      await page.mouse.move(x, y);
      if (await map.evaluate((element) => element.classList.contains("over-seat"))) return { x, y };
    }
  }
  return assert.fail("no seat was found under the mouse");
}

/** What the map says of the seat under the cursor. */
export function spoken(page) {
  return page.locator("[data-spoken]");
}

/** Fails when axe finds something serious, or the page is wider than its window. */
export async function seeNoFaults(page, what) {
  await page.waitForFunction(() => document.getAnimations().every((motion) => motion.playState !== "running" || motion.effect?.getComputedTiming().iterations === Infinity));
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  assert.deepEqual(serious.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" | ")}`), [], what);
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${what} is wider than its window`);
}
