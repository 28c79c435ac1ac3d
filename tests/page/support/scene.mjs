// What the tests of a file play before: a server of their own, a browser, and what the pages complained of. Importing it
// starts both; they end after the last test.
import { after, afterEach } from "node:test";
import { chromium } from "playwright-core";
import { startFoyer } from "./foyer.mjs";
import { DESK } from "./visitor.mjs";

// For anything that must come; generous, where everything runs side by side.
const WAIT_MS = 60_000;
const SWITCHES = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** The server. */
export const foyer = await startFoyer();
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium-headless-shell", args: SWITCHES });
const contexts = [];
/** What the pages' consoles complained of so far. */
export const complaints = [];

// A page that nobody looks at any more would go on drawing beside the next test.
afterEach(() => Promise.all(contexts.splice(0).map((context) => context.close())));

after(async () => {
  await browser.close();
  await foyer.stop();
});

/** Somebody new, at a path. What the page's console complains of is kept; a server that is gone is no complaint. */
export async function arrive(path, options = DESK) {
  const context = await browser.newContext({ ...options, baseURL: foyer.url });
  contexts.push(context);
  const page = await context.newPage();
  page.setDefaultTimeout(WAIT_MS);
  page.on("pageerror", (fault) => complaints.push(`${path}: ${fault.message}`));
  page.on("console", (message) => {
    const expected = /ERR_(CONNECTION_[A-Z]+|INTERNET_DISCONNECTED|EMPTY_RESPONSE|SOCKET_NOT_CONNECTED)|WebSocket/;
    if (message.type() === "error" && !expected.test(message.text())) complaints.push(`${path}: ${message.text()}`);
  });
  await page.goto(path);
  return page;
}
