// The frames of the page: the 20,000-seat arena of a demo venue, panned and zoomed in a headless browser for some seconds.
// Prints {"frames_per_second", "script_ms"}: frames drawn over the time they took, and the median of the script's time a
// frame. Usage: node bench/frames.mjs URL SECONDS. Needs what tests/page needs (npm ci there, and chromium).
import { createRequire } from "node:module";
import { resolve } from "node:path";

const require = createRequire(resolve("tests/page/package.json"));
const { chromium } = require("playwright-core");
const [url, seconds] = [process.argv[2], Number(process.argv[3] ?? 6)];

const switches = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: switches });
const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });

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
  for (let frame = 0; performance.now() - start < lastsMs; frame++) {
    await new Promise(requestAnimationFrame);
    const turn = frame / 20;
    const at = { x: middle.x + 150 * Math.cos(turn), y: middle.y + 150 * Math.sin(turn) };
    if (frame % 120 < 60) {
      if (frame % 120 === 0) tell("pointerdown", at);
      tell("pointermove", at);
      if (frame % 120 === 59) tell("pointerup", at, { buttons: 0 });
    } else {
      const deltaY = frame % 240 < 120 ? -30 : 30;
      canvas.dispatchEvent(new WheelEvent("wheel", { bubbles: true, cancelable: true, deltaY, clientX: at.x, clientY: at.y }));
    }
  }
  return { script: window.__foyerFps.script, interval: window.__foyerFps.interval };
}

await page.goto(`${url}/`);
await page.getByText("Arena").first().click();
await page.waitForURL(/\/hall\/\d+/);
await page.goto(`${page.url()}?fps=1`);
await page.locator("aside .statuses .count").first().filter({ hasText: /\d/ }).waitFor();
await page.evaluate(move, 1500);  // the pictures of the hall are made on the way
const { script, interval } = await page.evaluate(move, seconds * 1000);
await browser.close();

const middleOf = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const took = interval.reduce((sum, ms) => sum + ms, 0);
console.log(JSON.stringify({ frames_per_second: (interval.length * 1000) / took, script_ms: middleOf(script), frames: script.length }));
