// How the page stands in different hands: what a screen reader finds, how large the script is, and that it fits a phone.
import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { arrive, foyer } from "./support/scene.mjs";
import * as people from "./support/visitor.mjs";

/** The most script the page may fetch, compressed, in bytes; all parts together. */
const SCRIPT_LIMIT = 90_000;

/** The pages of the program, and what has to be there before one looks. */
const PLACES = [
  ["/", (page) => page.getByRole("link", { name: /^Main Hall / }).waitFor()],
  ["/hall/1", people.seeHall],
  ["/hall/3", people.seeHall],
  ["/sign-in", (page) => page.getByLabel("Password").waitFor()],
  ["/sign-up", (page) => page.getByLabel("Your name").waitFor()],
  ["/sign-in/username", (page) => page.getByLabel("Username").waitFor()],
  ["/recover", (page) => page.getByLabel("Username").waitFor()],
  ["/account", (page) => page.getByText("You are not signed in.").waitFor()],
  ["/hall/1/wall", (page) => page.locator(".free strong").waitFor()],
  ["/nowhere", (page) => page.getByRole("heading", { name: "There is nothing here" }).waitFor()],
];

for (const colorScheme of ["light", "dark"]) {
  for (const [size, options] of [["desk", people.DESK], ["phone", people.PHONE]]) {
    test(`every page is fit for a screen reader and for its window: ${size}, ${colorScheme}`, async () => {
      const page = await arrive("/", { ...options, colorScheme });
      for (const [path, ready] of PLACES) {
        await page.goto(path);
        await ready(page);
        await people.seeNoFaults(page, path);
      }
      await page.context().close();
    });

    test(`so are the seat's panel, the list, sign-up and the account: ${size}, ${colorScheme}`, async () => {
      const page = await arrive("/hall/1", { ...options, colorScheme });
      await people.openRow(page, 0);
      await people.seatInList(page, "Row A seat 1").click();
      await people.seeNoFaults(page, "the panel of a guest");
      const name = `${size}-${colorScheme}`;
      await people.signUp(page, name);
      foyer.command("user", "role", name, "staff");
      await page.goto("/hall/1");
      await people.openRow(page, 0);
      await people.seatInList(page, "Row A seat 1").click();
      await people.seeNoFaults(page, "the panel of staff");
      await page.getByRole("button", { name: "Staff tools" }).click();
      await people.seeNoFaults(page, "staff tools");
      await page.goto("/account");
      await page.getByRole("button", { name: "Sign out" }).waitFor();
      await people.seeNoFaults(page, "the account");
      const other = await arrive("/sign-in/username", { ...options, colorScheme });
      await other.getByLabel("Username").fill(`${name}-two`);
      await other.getByRole("button", { name: "Continue" }).click();
      await other.getByRole("img", { name: /QR code/ }).waitFor();
      await people.seeNoFaults(other, "sign-up");
      await page.context().close();
    });
  }
}

test("on a phone a tap opens a seat's panel, and the legend unfolds", async () => {
  const page = await arrive("/hall/1", people.PHONE);
  await people.seeHall(page);
  const box = await page.getByRole("application").boundingBox();
  for (let y = 0.35; y < 0.6 && (await page.locator("#seat-name").count()) === 0; y += 0.03) {
    await page.touchscreen.tap(box.x + box.width / 2, box.y + box.height * y);
  }
  await page.locator("#seat-name").waitFor();
  await page.getByRole("button", { name: "Close" }).click();
  await page.getByRole("button", { name: "Show all of the legend" }).click();
  await page.getByRole("heading", { name: "Free seats by type" }).waitFor();
});

test("colours follow the device, and then the person's choice, also after a reload", async () => {
  const page = await arrive("/", { ...people.DESK, colorScheme: "dark" });
  const theme = () => page.evaluate(() => document.documentElement.dataset.theme);
  await page.getByRole("heading", { name: "Halls" }).waitFor();
  assert.equal(await theme(), "dark");
  await page.getByRole("button", { name: "Colours: as the device" }).click();
  assert.equal(await theme(), "light");
  await page.reload();
  await page.getByRole("button", { name: "Colours: light" }).waitFor();
  assert.equal(await theme(), "light");
});

test("the script is small, comes compressed, and may be kept by its hash", async () => {
  const seen = new Set();
  const page = await arrive("/sign-in/username");
  page.on("response", (answer) => /\.js$/.test(answer.url()) && seen.add(answer.url()));
  await page.reload();
  await page.getByLabel("Username").fill("script-size");
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByRole("img", { name: /QR code/ }).waitFor();
  let bytes = 0;
  for (const url of seen) {
    const answer = await fetch(url, { headers: { "Accept-Encoding": "gzip" } });
    assert.equal(answer.headers.get("content-encoding"), "gzip", url);
    assert.match(answer.headers.get("cache-control"), /immutable/, url);
    bytes += gzipSync(await answer.text(), { level: 9 }).length;
  }
  assert.ok(seen.size >= 2, "the QR drawer is a part of its own");
  assert.ok(bytes < SCRIPT_LIMIT, `${bytes} bytes of script`);
});

test("a guest who looks at a hall is sent the first script and no other part", async () => {
  const page = await arrive("/nowhere");
  const scripts = [];
  page.on("request", (request) => /\.js$/.test(request.url()) && scripts.push(request.url()));
  await page.goto("/hall/1");
  await people.seeHall(page);
  await page.waitForLoadState("networkidle");
  assert.deepEqual(scripts.map((url) => new URL(url).pathname.replace(/-.*/, "")), ["/assets/index"]);
});

test("a page that has not changed is not sent again, also when a proxy stands between", async () => {
  const etag = (await fetch(foyer.url)).headers.get("etag");
  const strong = etag.replace(/^W\//, "");
  for (const named of [etag, strong, `W/${strong}`, `"another", ${etag}`, "*"]) {
    assert.equal((await fetch(foyer.url, { headers: { "If-None-Match": named } })).status, 304, named);
  }
  for (const named of ['"another"', strong.slice(0, -1), "W/"]) {
    assert.equal((await fetch(foyer.url, { headers: { "If-None-Match": named } })).status, 200, named);
  }
});

test("the page runs no script but its own files", async () => {
  const answer = await fetch(foyer.url);
  const policy = answer.headers.get("content-security-policy");
  assert.match(policy, /default-src 'self'/);
  assert.doesNotMatch(policy, /script-src[^;]*unsafe/);
  assert.doesNotMatch(await answer.text(), /<script(?![^>]*src=)|\son\w+=/);
});
