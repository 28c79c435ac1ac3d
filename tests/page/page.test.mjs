// The page in a real browser against a real server: what a visitor, a member of the staff and a lobby screen get.
import assert from "node:assert/strict";
import { test } from "node:test";
import { codeOf } from "./support/authenticator.mjs";
import { until } from "./support/foyer.mjs";
import { arrive, complaints, foyer } from "./support/scene.mjs";
import * as people from "./support/visitor.mjs";

/** The free seats a card of the list of halls shows. */
async function freeOn(page, hall) {
  const free = page.getByRole("link", { name: new RegExp(`^${hall} `) }).locator(".free");
  return Number((await free.textContent()).replace(",", ""));
}

test("a seat reserved by one is seen by another at once, in the hall and in the list of halls, and so is its release", async () => {
  const ann = await arrive("/hall/1");
  await people.seeHall(ann);
  const guest = await arrive("/hall/1");
  const lobby = await arrive("/");
  await people.openRow(guest, 0);
  await people.seeSeat(guest, "Row A seat 2", "vacant");
  const free = await freeOn(lobby, "Main Hall");

  await people.signUp(ann, "ann");
  await people.openRow(ann, 0);
  await people.seatInList(ann, "Row A seat 2").click();
  await ann.getByRole("button", { name: "Reserve this seat" }).click();
  await ann.getByRole("button", { name: "Release this seat" }).waitFor();
  await people.seeSeat(ann, "Row A seat 2", "yours");
  await people.seeSeat(guest, "Row A seat 2", "reserved");
  await until("one seat less", async () => (await freeOn(lobby, "Main Hall")) === free - 1);

  await ann.getByRole("button", { name: "Release this seat" }).click();
  await people.seeSeat(guest, "Row A seat 2", "vacant");
  await until("one seat more", async () => (await freeOn(lobby, "Main Hall")) === free);
});

test("signing up shows a QR code, forgives a wrong code, and leads back to the seat", async () => {
  const page = await arrive("/hall/1");
  await people.seeHall(page);
  const at = await people.findSeatOnMap(page);
  await page.mouse.click(at.x, at.y);
  await page.getByRole("link", { name: "Sign in to reserve" }).click();
  await people.byUsername(page);
  await page.getByLabel("Username").fill("no way");
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByRole("alert").filter({ hasText: "3 to 32 letters" }).waitFor();
  await page.getByLabel("Username").fill("bea");
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByRole("img", { name: /QR code/ }).waitFor();
  const secret = await people.secretShown(page);
  assert.match(secret, /^[A-Z2-7]{52}$/);
  const wrong = codeOf(secret) === "000000" ? "000001" : "000000";
  await page.getByLabel("Six-digit code").fill(wrong);
  await page.getByRole("button", { name: "Finish signing up" }).click();
  await page.getByRole("alert").filter({ hasText: "That code is not right" }).waitFor();
  await page.getByLabel("Six-digit code").fill(codeOf(secret));
  await page.getByRole("button", { name: "Finish signing up" }).click();
  await page.getByRole("heading", { name: "Main Hall" }).waitFor();
  assert.equal(new URL(page.url()).pathname, "/hall/1");
});

test("who signs out is a guest at once, also in another tab, and signs in again with a code", async () => {
  const page = await arrive("/");
  const secret = await people.signUp(page, "cleo");
  const tab = await page.context().newPage();
  await tab.goto("/hall/1");
  await tab.getByRole("link", { name: "cleo" }).waitFor();
  await page.getByRole("link", { name: "cleo" }).click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByLabel("Your account").getByRole("link", { name: "Sign in" }).waitFor();
  await tab.getByLabel("Your account").getByRole("link", { name: "Sign in" }).waitFor();

  await people.signIn(page, "cleo", secret);
  await tab.getByRole("link", { name: "cleo" }).waitFor();
});

test("a lost authenticator is replaced with the saved phrase", async () => {
  const page = await arrive("/");
  await people.signUp(page, "dora");
  await page.goto("/account");
  await page.getByRole("textbox", { name: "Recovery phrase" }).fill("short");
  await page.getByRole("button", { name: "Save phrase" }).click();
  await page.getByText("Use at least 12 characters.").waitFor();
  await page.getByRole("textbox", { name: "Recovery phrase" }).fill("seven green umbrellas");
  await page.getByRole("button", { name: "Save phrase" }).click();
  await page.getByText("Your recovery phrase is saved.").waitFor();

  const other = await arrive("/recover");
  await other.getByLabel("Username").fill("dora");
  await other.getByLabel("Recovery phrase").fill("seven blue umbrellas");
  await other.getByRole("button", { name: "Continue" }).click();
  await other.getByRole("alert").filter({ hasText: "do not belong together" }).waitFor();
  await other.getByLabel("Recovery phrase").fill("seven green umbrellas");
  await other.getByRole("button", { name: "Continue" }).click();
  const secret = await people.secretShown(other);
  await other.getByLabel("Six-digit code").fill(codeOf(secret));
  await other.getByRole("button", { name: "Sign in" }).click();
  await other.getByRole("link", { name: "dora" }).waitFor();
});

test("a name that is being signed up elsewhere can be taken over or left", async () => {
  const [first, second] = [await arrive("/sign-in/username"), await arrive("/sign-in/username")];
  for (const page of [first, second]) {
    await page.getByLabel("Username").fill("eve");
    await page.getByRole("button", { name: "Continue" }).click();
    if (page === first) await people.secretShown(page);
  }
  await second.getByRole("heading", { name: "That name is being signed up" }).waitFor();
  await second.getByRole("button", { name: "Start over" }).click();
  await second.getByRole("heading", { name: /is free/ }).waitFor();
  await second.getByRole("button", { name: "Use another name" }).click();
  await second.getByLabel("Username").waitFor();
});

test("of two people reserving one seat the slower is told so, and sees the seat as it is", async () => {
  const fast = await arrive("/hall/2");
  await people.signUp(fast, "fast");
  const slow = await arrive("/");
  await people.signUp(slow, "slow");
  // The slower one does not hear of the change in time: the frames of the hall are held back on the way.
  let held = true;
  await slow.routeWebSocket(/\/ws$/, (socket) => {
    const server = socket.connectToServer();
    let pictures = 0;
    server.onMessage((message) => {
      const isFrame = typeof message !== "string";
      if (!isFrame || !held || pictures++ === 0) socket.send(message);
    });
  });
  await slow.goto("/hall/2");
  for (const page of [fast, slow]) await people.openRow(page, 0);
  const seat = await people.firstVacant(fast);
  for (const page of [fast, slow]) {
    await people.seatInList(page, seat).click();
  }
  await fast.getByRole("button", { name: "Reserve this seat" }).click();
  await fast.getByRole("button", { name: "Release this seat" }).waitFor();
  await slow.getByRole("button", { name: "Reserve this seat" }).click();
  await slow.getByRole("alert").filter({ hasText: "Somebody else was faster" }).waitFor();
  await slow.getByRole("button", { name: "Reserve this seat" }).waitFor();
  held = false;
  await fast.getByRole("button", { name: "Release this seat" }).click();
  await people.seeSeat(slow, seat, "vacant");
});

test("a seat is reserved with the keyboard alone, and all of it is said", async () => {
  const page = await arrive("/");
  await people.signUp(page, "key");
  await page.getByRole("link", { name: /^Main Hall / }).focus();
  await page.keyboard.press("Enter");
  await people.seeHall(page);
  const onMap = () => page.evaluate(() => document.activeElement?.getAttribute("role") === "application");
  for (let i = 0; i < 20 && !(await onMap()); i++) await page.keyboard.press("Tab");
  assert.ok(await onMap(), "Tab leads to the map");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await people.spoken(page).filter({ hasText: /^Row C seat 1, \w+, vacant$/ }).waitFor({ state: "attached" });
  await page.keyboard.press("Enter");
  await page.locator("#seat-name:focus").waitFor();
  for (let i = 0; i < 5; i++) {
    await page.keyboard.press("Tab");
    if (await page.evaluate(() => document.activeElement.textContent.includes("Reserve this seat"))) break;
  }
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Release this seat" }).waitFor();
  await page.keyboard.press("Escape");
  assert.ok(await onMap(), "Escape leads back to the map");
  await people.spoken(page).filter({ hasText: "Row C seat 1" }).filter({ hasText: "yours" }).waitFor({ state: "attached" });
});

test("staff sweep a row and draw a box, and everybody sees it", async () => {
  const staff = await arrive("/");
  await people.signUp(staff, "stef");
  foyer.command("user", "role", "stef", "staff");
  await staff.goto("/hall/1");
  await people.seeHall(staff);
  const guest = await arrive("/hall/1");
  await people.openRow(guest, 4);

  await staff.getByRole("button", { name: "Staff tools" }).click();
  await staff.getByRole("application").focus();
  for (const [key, picked] of [["Enter", "1 seat picked"], [" ", "No seats picked"]]) {
    await staff.keyboard.press("ArrowLeft");
    await staff.keyboard.press(key);
    await staff.getByRole("heading", { name: picked }).waitFor();
  }
  for (const key of ["ArrowRight", "ArrowDown", "ArrowDown", "ArrowDown", "ArrowDown", "w"]) await staff.keyboard.press(key);
  await staff.getByRole("heading", { name: "5 seats picked" }).waitFor();
  await staff.keyboard.press("o");
  await people.seeSeat(guest, "Row E seat 1", "occupied");
  await people.seeSeat(guest, "Row E seat 5", "occupied");
  await staff.getByRole("button", { name: "Let go of all" }).click();

  const box = await staff.getByRole("application").boundingBox();
  await staff.mouse.move(box.x + 10, box.y + 10);
  await staff.mouse.down();
  await staff.mouse.move(box.x + box.width - 10, box.y + box.height - 90, { steps: 4 });
  await staff.mouse.up();
  await staff.getByRole("heading", { name: "28 seats picked" }).waitFor();
  await staff.getByRole("button", { name: "Out of service" }).click();
  await people.seeSeat(guest, "Row E seat 5", "out of service");
  await staff.getByRole("button", { name: "Vacant" }).click();
  await people.seeSeat(guest, "Row E seat 5", "vacant");
  const counts = guest.locator("aside .statuses .count");
  await until("all seats free", async () => (await counts.first().textContent()) === "28");
});

test("the page survives the server: it says so, refuses with words, comes back, and is right without a reload", async () => {
  const page = await arrive("/");
  await people.signUp(page, "hope");
  let cut = false;
  await page.routeWebSocket(/\/ws$/, (socket) => (cut ? socket.close() : void socket.connectToServer()));
  await page.goto("/");
  await page.getByRole("link", { name: /^Ocean View / }).click();
  await people.seeHall(page);
  await people.openRow(page, 1);
  const seat = await people.firstVacant(page);
  const next = await people.firstVacant(page, 1);
  await people.seatInList(page, seat).click();
  await page.evaluate(() => (window.neverReloaded = true));
  const other = await arrive("/");
  await people.signUp(other, "other");
  const path = new URL(page.url()).pathname;

  await foyer.kill();
  await page.getByText("Connection lost. Reconnecting…").waitFor();
  await people.seeSeat(page, seat, "vacant, may be out of date");
  await page.getByText("Reserving works again as soon as the connection is back.").waitFor();
  await page.getByRole("button", { name: "Reserve this seat" }).click({ force: true });
  await page.getByRole("alert").filter({ hasText: "There is no connection right now" }).waitFor();
  cut = true;
  await foyer.start();

  await other.goto(path);
  await people.openRow(other, 1);
  await people.seatInList(other, seat).click();
  await other.getByRole("button", { name: "Reserve this seat" }).click();
  await people.seeSeat(other, seat, "yours");
  cut = false;
  await page.getByText("Connected again.").waitFor();
  await people.seeSeat(page, seat, "reserved");
  assert.ok(await page.evaluate(() => window.neverReloaded));
  await people.seatInList(page, next).click();
  await page.getByRole("button", { name: "Reserve this seat" }).click();
  await people.seeSeat(page, next, "yours");
  await people.seeSeat(other, next, "reserved");
});

test("a hall of 20,000 seats opens, is zoomed and moved, and each of its seats can be opened", async () => {
  const page = await arrive("/");
  await page.getByRole("link", { name: /^Arena / }).click();
  await people.seeHall(page);
  for (let i = 0; i < 6; i++) await page.getByRole("button", { name: "Zoom in" }).click();
  await until("seats large enough", async () => {
    const at = await people.findSeatOnMap(page).catch(() => null);
    if (at) await page.mouse.click(at.x, at.y);
    return at && (await page.locator("#seat-name").count()) === 1;
  });
  await page.getByRole("button", { name: "Show the whole hall" }).click();
});

test("a lobby screen shows the hall, its free seats and the time, and follows every change", async () => {
  const wall = await arrive("/hall/1/wall");
  await wall.getByRole("heading", { name: "Main Hall" }).waitFor();
  const free = Number(await wall.locator(".free strong").textContent());
  assert.match(await wall.locator("time").textContent(), /^\d\d:\d\d$/);
  const page = await arrive("/hall/1");
  await people.signUp(page, "wally");
  await people.openRow(page, 3);
  await people.seatInList(page, await people.firstVacant(page)).click();
  await page.getByRole("button", { name: "Reserve this seat" }).click();
  await until("one seat less", async () => Number(await wall.locator(".free strong").textContent()) === free - 1);
});

test("how many watch a hall is shown, in words that go with the number", async () => {
  const alone = await arrive("/hall/5", { ...people.DESK, locale: "ru-RU" });
  await alone.getByText("1 смотрит", { exact: true }).waitFor();
  await alone.close();
  const first = await arrive("/hall/4");
  await first.getByText("1 watching").waitFor();
  const second = await arrive("/hall/4");
  await first.getByText("2 watching").waitFor();
  await second.close();
  await first.getByText("1 watching").waitFor();
});

test("addresses that lead nowhere say so and lead back", async () => {
  const page = await arrive("/hall/99999");
  await page.getByRole("heading", { name: "There is no such hall" }).waitFor();
  await page.getByRole("link", { name: "All halls" }).click();
  await page.getByRole("heading", { name: "Halls" }).waitFor();
});

test("no page complained", () => assert.deepEqual(complaints, []));
