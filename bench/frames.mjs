// A guest's and a staff member's visit to the 20,000-seat arena of a demo venue in a headless browser; the guest pans and
// zooms for some seconds. Prints {"frames_per_second", "empty_frames_per_second", "script_ms", "guest_scripts",
// "staff_scripts"}: frames drawn over the time they took, as many of a page with nothing in it, the median of the script's
// time a frame, and {path: bytes of the body over the wire} of the scripts that each of the two fetched. Usage: node bench/frames.mjs URL SECONDS COOKIE, the Cookie header of somebody of the staff.
// Needs what tests/page needs (npm ci there, and chromium).
import { createRequire } from "node:module";
import { resolve } from "node:path";

const require = createRequire(resolve("tests/page/package.json"));
const { chromium } = require("playwright-core");
const [url, seconds, cookie] = [process.argv[2], Number(process.argv[3]), process.argv[4]];

const switches = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: switches });

/** A person with an empty cache: a page, and the scripts it fetches from now on. */
async function arrive(cookies = []) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  await context.addCookies(cookies);
  const page = await context.newPage();
  const fetched = [];
  let latest;
  page.on("requestfinished", (request) => {
    latest = performance.now();
    fetched.push(sized(request));
  });
  /** {path: bytes} once nothing more has come for a second and a half; streams and sockets stay open. */
  async function scripts() {
    while (performance.now() - latest < 1500) await page.waitForTimeout(100);
    return Object.fromEntries((await Promise.all(fetched)).filter((one) => one !== null));
  }
  return { page, scripts };
}

/** [path, bytes of the body as it came over the wire] of a script; null of anything else, and of what the cache gave. */
async function sized(request) {
  const response = await request.response();
  if (!/javascript/.test(response?.headers()["content-type"] ?? "")) return null;
  const bytes = (await request.sizes()).responseBodySize;
  return bytes > 0 ? [new URL(request.url()).pathname, bytes] : null;
}

const hallIsShown = (page) => page.locator("aside .statuses .count").first().filter({ hasText: /\d/ }).waitFor();

/** Moves the map in every frame, as a hand would: circles while it zooms in and out. Runs in the page. */
async function move(lastsMs) {
  const canvas = document.querySelector("canvas");
  const box = canvas.getBoundingClientRect();
  const middle = { x: box.left + box.width / 2, y: box.top + box.height / 2 };
  const tell = (type, at, more = {}) =>
    canvas.dispatchEvent(new PointerEvent(type, { bubbles: true, cancelable: true, pointerId: 1, isPrimary: true,
      pointerType: "mouse", button: 0, buttons: 1, clientX: at.x, clientY: at.y, ...more }));
  const start = performance.now();
  window.__foyerFps.reset();
  const handAt = (frame) => ({ x: middle.x + 150 * Math.cos(frame / 20), y: middle.y + 150 * Math.sin(frame / 20) });
  for (let frame = 0; performance.now() - start < lastsMs; frame++) {
    await new Promise(requestAnimationFrame);
    const at = handAt(frame);
    if (frame % 120 < 60) {
      if (frame % 120 === 0) tell("pointerdown", handAt(frame - 1));
      tell("pointermove", at);
      if (frame % 120 === 59) tell("pointerup", at, { buttons: 0 });
    } else {
      const deltaY = frame % 240 < 120 ? -30 : 30;
      canvas.dispatchEvent(new WheelEvent("wheel", { bubbles: true, cancelable: true, deltaY, clientX: at.x, clientY: at.y }));
    }
  }
  return { script: window.__foyerFps.script, interval: window.__foyerFps.interval };
}

/** The times between the frames of a page. Runs in it. */
async function intervals(lastsMs) {
  const times = [];
  while (times.length < 2 || times.at(-1) - times[0] < lastsMs) times.push(await new Promise(requestAnimationFrame));
  return times.slice(1).map((time, at) => time - times[at]);
}

const empty = await arrive();
await empty.page.evaluate(intervals, 1000);
const emptyInterval = await empty.page.evaluate(intervals, seconds * 1000);
await empty.page.close();

const { page, scripts } = await arrive();
await page.goto(`${url}/`);
await page.getByText("Arena").first().click();
await page.waitForURL(/\/hall\/\d+/);
const hall = page.url();
await page.goto(`${hall}?fps=1`);
await hallIsShown(page);
await page.evaluate(move, 1500);  // the pictures of the hall are made on the way
const { script, interval } = await page.evaluate(move, seconds * 1000);
const guestScripts = await scripts();

const [name, value] = cookie.split("=", 2);
const staff = await arrive([{ name, value, url }]);
await staff.page.goto(hall);
await hallIsShown(staff.page);
const isStaff = await staff.page.evaluate(async () => (await fetch("/api/v1/booking/all")).ok);
if (!isStaff) throw new Error("the cookie is not that of somebody of the staff");
const staffScripts = await staff.scripts();
await browser.close();

const middleOf = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const rateOf = (values) => (values.length * 1000) / values.reduce((sum, ms) => sum + ms, 0);
console.log(JSON.stringify({ frames_per_second: rateOf(interval), empty_frames_per_second: rateOf(emptyInterval),
  script_ms: middleOf(script), guest_scripts: guestScripts, staff_scripts: staffScripts }));
