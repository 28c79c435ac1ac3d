// People at the page: a real browser, each with cookies of their own, who find things as people do.
import assert from "node:assert/strict";
import { chromium } from "playwright-core";
import { codeOf } from "./authenticator.mjs";

const SWITCHES = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** The sizes the page is looked at in. */
export const DESK = { viewport: { width: 1280, height: 800 } };
export const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };

/** Starts the browser. */
export function startBrowser() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: SWITCHES });
}

/** A browser, an address, and the complaints the pages made so far. */
export function visitors(browser, url) {
  const complaints = [];
  return {
    complaints,
    /** Somebody new, at a path. What the page's console complains of is kept; a server that is gone is no complaint. */
    async arrive(path, options = DESK) {
      const context = await browser.newContext({ ...options, baseURL: url });
      const page = await context.newPage();
      page.setDefaultTimeout(10_000);
      page.on("pageerror", (fault) => complaints.push(`${path}: ${fault.message}`));
      page.on("console", (message) => {
        const expected = /ERR_CONNECTION_REFUSED|ERR_INTERNET_DISCONNECTED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET|WebSocket/;
        if (message.type() === "error" && !expected.test(message.text())) complaints.push(`${path}: ${message.text()}`);
      });
      await page.goto(path);
      return page;
    },
  };
}

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
