// The box office in a real browser against a real server: the whole way from a concert to a checked-in ticket, on a phone
// and on a desk, and what the operator and the door get.
import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { before, test } from "node:test";
import * as office from "./support/office.mjs";
import { arrive, complaints, foyer } from "./support/scene.mjs";
import * as people from "./support/visitor.mjs";

/** Asking for one booking. */
const A_BOOKING = /\/api\/v1\/booking\/[0-9a-f]{24}$/;

let concerts;

before(async () => {
  concerts = await office.concertsOf(foyer);
});

for (const [size, options, colorScheme] of [
  ["phone", people.PHONE, "light"],
  ["desk", people.DESK, "dark"],
]) {
  test(`a visitor goes from the list of what is on to a ticket that is let in: ${size}, ${colorScheme}`, async () => {
    const email = `way-${size}@example.com`;
    const page = await arrive("/", { ...options, colorScheme });
    await page.getByRole("link", { name: new RegExp(concerts.plain.name) }).click();
    await page.getByRole("heading", { name: concerts.plain.name }).waitFor();
    await people.seeNoFaults(page, "the concert");
    await page.getByRole("button", { name: "Sign in to get tickets" }).click();
    await office.signUp(page, foyer, email);
    await page.getByRole("button", { name: "Get tickets" }).click();

    await page.getByRole("heading", { name: "Choose your tickets" }).waitFor();
    await people.seeNoFaults(page, "choosing");
    await page.getByRole("button", { name: "One more" }).click();
    await page.getByRole("button", { name: "Book 3 tickets" }).click();
    await page.getByRole("heading", { name: "Payment", exact: true }).waitFor();
    await people.seeNoFaults(page, "the payment");

    await page.reload();
    await page.getByRole("heading", { name: "Payment", exact: true }).waitFor();
    await page.getByLabel("Is declined").check();
    await page.getByRole("button", { name: /^Pay / }).click();
    await page.getByRole("alert").filter({ hasText: "The card was declined" }).waitFor();
    await page.getByLabel("Pays at once").check();
    await page.getByRole("button", { name: /^Pay / }).click();

    await page.getByText("Paid. See you there!").waitFor();
    await page.getByText("Ticket 3 of 3").waitFor();
    await people.seeNoFaults(page, "the tickets");
    await page.emulateMedia({ media: "print" });
    await people.seeNoFaults(page, "the tickets on paper");
    assert.equal(await page.getByRole("link", { name: "My tickets", exact: true }).isVisible(), false);
    await page.emulateMedia({ media: null });
    const codes = await office.codesOf(page);
    assert.equal(codes.length, 3);
    await page.getByRole("link", { name: "All my tickets" }).click();
    await page.getByRole("link", { name: new RegExp(concerts.plain.name) }).waitFor();
    await people.seeNoFaults(page, "my tickets");

    const other = `/staff/door/${concerts.hall.id}`;
    const door = await office.staffAt(arrive, foyer, other, `door-${size}`, { ...options, colorScheme });
    await office.checkIn(door, codes[0], "For another concert");
    await door.goto(`/staff/door/${concerts.plain.id}`);
    await office.checkIn(door, codes[0], "Let in");
    await people.seeNoFaults(door, "the door");
    await office.checkIn(door, codes[0], "Already used");
    await office.checkIn(door, "FT1.nobody", "No such ticket");
    await office.checkIn(door, "https://example.com", "Not a ticket");
    await page.goBack();
    await page.getByText(/^Used \d\d:\d\d$/).waitFor();
  });
}

/** Has the server answer the next question to a path, and keeps the answer back until it is released. */
async function hold(page, path) {
  const held = new EventEmitter();
  const [asked, released, answered] = ["asked", "released", "answered"].map((moment) => once(held, moment));
  const keep = async (route) => {
    const response = await route.fetch();
    held.emit("asked");
    await released;
    await route.fulfill({ response });
    held.emit("answered");
  };
  await page.route(path, keep, { times: 1 });
  return { asked, release: () => (held.emit("released"), answered) };
}

/** Somebody new, admitted, before the open first row of the seats to choose. */
async function chooser(email) {
  const page = await arrive(`/concert/${concerts.hall.id}`);
  await page.getByRole("button", { name: "Sign in to get tickets" }).click();
  await office.signUp(page, foyer, email);
  await page.getByRole("button", { name: "Get tickets" }).click();
  await page.getByRole("application").waitFor();
  await people.seeNoFaults(page, "the seat map");
  await page.getByRole("button", { name: "List", exact: true }).click();
  await page.locator("summary").first().click();
  return page;
}

/** Chooses the first vacant seat of the open row and gives its name. */
async function chooseFirst(page) {
  const seat = page.getByRole("button", { name: /, vacant$/ }).first();
  const name = (await seat.getAttribute("aria-label")).split(",").slice(0, 2).join(",");
  await seat.click();
  return name;
}

/** The page of somebody new who has booked tickets of the plain concert and is to pay. */
async function booked(email) {
  const page = await arrive(`/concert/${concerts.plain.id}`);
  await page.getByRole("button", { name: "Sign in to get tickets" }).click();
  await office.signUp(page, foyer, email);
  await page.getByRole("button", { name: "Get tickets" }).click();
  await page.getByRole("button", { name: /^Book/ }).click();
  return page;
}

/** Pays in a way that takes its time. */
async function paySlowly(page) {
  await page.getByLabel("Takes 20 seconds").check();
  await page.getByRole("button", { name: /^Pay / }).click();
  await page.getByText("Your payment is on its way").waitFor();
}

test("a chosen seat that another books is named and let go, the others are booked, held for all to see, and given back", async () => {
  const [slow, fast] = [await chooser("slow@example.com"), await chooser("fast@example.com")];
  const wanted = await chooseFirst(slow);
  const kept = await chooseFirst(slow);
  await slow.getByRole("button", { name: "Book 2 seats" }).waitFor();
  assert.equal(await chooseFirst(fast), wanted);
  await fast.getByRole("button", { name: "Book 1 seat" }).click();
  await fast.getByRole("heading", { name: "Payment", exact: true }).waitFor();
  await slow.getByText("Just gone: Row A, seat 1").waitFor();
  await slow.getByRole("button", { name: "Book 1 seat" }).click();
  await slow.getByRole("heading", { name: "Payment", exact: true }).waitFor();

  const watcher = await arrive(`/hall/${concerts.hall.hallId}`);
  await people.openRow(watcher, 0);
  await people.seeSeat(watcher, wanted, "reserved");
  await people.seeSeat(watcher, kept, "reserved");
  await slow.getByRole("button", { name: "Give the tickets back" }).click();
  await slow.getByRole("button", { name: "Yes, give back" }).click();
  await people.seeSeat(watcher, kept, "vacant");
  await people.seeSeat(watcher, wanted, "reserved");
});

test("the best seats together come with the reason why", async () => {
  const page = await arrive(`/concert/${concerts.hall.id}`);
  await page.getByRole("button", { name: "Sign in to get tickets" }).click();
  await office.signUp(page, foyer, "best@example.com");
  await page.getByRole("button", { name: "Get tickets" }).click();
  await page.getByRole("button", { name: "Best seats" }).click();
  await page.getByRole("button", { name: "Book 2 tickets" }).click();
  await page.getByText("Why these seats:").waitFor();
});

test("who waits sees the place, moves without a reload, is called when the turn has come, and sees what the operator says", async () => {
  const desk = await office.staffAt(arrive, foyer, `/staff/sale/${concerts.plain.id}`, "operator");
  await desk.getByRole("button", { name: "Pause" }).click();
  await desk.getByText("Paused", { exact: true }).waitFor();
  const page = await arrive(`/concert/${concerts.plain.id}`);
  await page.getByRole("button", { name: "Sign in to get tickets" }).click();
  await office.signUp(page, foyer, "waits@example.com");
  await page.getByRole("button", { name: "Get tickets" }).click();
  await page.getByRole("heading", { name: "You are in line" }).waitFor();
  await page.getByRole("heading", { name: "Paused for a moment" }).waitFor();
  await people.seeNoFaults(page, "the waiting room");
  await desk.getByLabel("Notice to all who wait").fill("Doors open at six.");
  await desk.getByText("As they see it").waitFor();
  await desk.getByRole("button", { name: "Send" }).click();
  await page.getByText("Doors open at six.").waitFor();
  await desk.getByText("Done.").waitFor();
  await desk.getByRole("button", { name: "Send" }).click({ force: true });
  await people.seeNoFaults(desk, "the operator's desk");

  const second = await page.context().newPage();
  await second.goto(`/concert/${concerts.plain.id}`);
  await second.getByRole("button", { name: "Back to your place in line" }).waitFor();
  assert.ok(await page.getByText("Doors open at six.").isVisible(), "sent once more, the notice stays");
  await desk.getByRole("button", { name: "Resume" }).click();
  await page.getByRole("heading", { name: "Choose your tickets" }).waitFor();
  await second.getByRole("button", { name: "It is your turn: choose" }).waitFor();
});

test("an operator finds a booking and refunds it: its ticket is void, its buyer sees it", async () => {
  const page = await booked("refund@example.com");
  await page.getByRole("button", { name: /^Pay / }).click();
  await page.getByText("Paid. See you there!").waitFor();
  const desk = await office.staffAt(arrive, foyer, `/staff/sale/${concerts.plain.id}`, "refunder");
  await desk.getByLabel("Search by e-mail, name or number").fill("refund@example.com");
  await desk.getByRole("button", { name: "Find" }).click();
  const found = desk.getByRole("listitem").filter({ hasText: "refund@example.com" });
  await found.getByRole("button", { name: "Refund", exact: true }).click();
  await desk.getByRole("button", { name: "Yes, refund" }).click();
  await found.getByText("Cancelled, refunded").waitFor();
  await page.getByText("These tickets are void.").waitFor();
});

for (const [size, options, colorScheme] of [
  ["phone", people.PHONE, "dark"],
  ["desk", people.DESK, "light"],
]) {
  test(`an operator ends a concert: its hall is free, its tickets are past ones: ${size}, ${colorScheme}`, async () => {
    const name = `Last night ${size}`;
    const date = new Date(Date.now() - 3_600_000).toISOString();
    foyer.command("concert", "add", name, "--date", date, "--hall", "VIP Lounge", "--price", "VIP:100");
    const { id } = (await (await fetch(`${foyer.url}/api/v1/concerts`)).json()).find((one) => one.name === name);
    const page = await arrive(`/concert/${id}`, { ...options, colorScheme });
    await page.getByRole("button", { name: "Sign in to get tickets" }).click();
    await office.signUp(page, foyer, `last-${size}@example.com`);
    await page.getByRole("button", { name: "Get tickets" }).click();
    await page.getByRole("button", { name: "Best seats" }).click();
    await page.getByRole("button", { name: "Book 2 tickets" }).click();
    await page.getByRole("heading", { name: "Payment", exact: true }).waitFor();

    const desk = await office.staffAt(arrive, foyer, `/staff/sale/${id}`, `ender-${size}`, { ...options, colorScheme });
    await desk.getByRole("button", { name: "End the concert" }).click();
    await desk.getByText("All seats that it holds in the hall are free at once").waitFor();
    await people.seeNoFaults(desk, "the question whether it is over");
    await desk.getByRole("button", { name: "Yes, it is over" }).click();
    await desk.getByRole("alert").filter({ hasText: "1 booking is still being paid." }).waitFor();
    await page.getByRole("button", { name: /^Pay / }).click();
    await page.getByText("Paid. See you there!").waitFor();
    const codes = await office.codesOf(page);
    await desk.getByRole("button", { name: "Yes, it is over" }).click();
    await desk.getByText("This concert is over. Bookings and payments stay as they are").waitFor();
    assert.equal(await desk.getByRole("button", { name: "Close the sale" }).count(), 0);
    await people.seeNoFaults(desk, "the desk of a concert that is over");

    await page.getByRole("link", { name: "All my tickets" }).click();
    await page.getByRole("heading", { name: "Past" }).waitFor();
    await people.seeNoFaults(page, "my past tickets");
    await page.goto(`/concert/${id}`);
    await page.getByRole("button", { name: "This concert is over" }).waitFor();
    await people.seeNoFaults(page, "a concert that is over");
    await desk.goto(`/staff/door/${id}`);
    await office.checkIn(desk, codes[0], "The concert is over");
  });
}

test("an account by e-mail: a wrong code is forgiven, its sessions are listed and ended elsewhere at once", async () => {
  const page = await arrive("/sign-up");
  await office.fillSignUp(page, "account@example.com");
  const code = await office.codeMailed(foyer, "account@example.com");
  await page.getByLabel("Six-digit code").fill(code === "000000" ? "111111" : "000000");
  await page.getByRole("alert").filter({ hasText: "not right" }).waitFor();
  await page.getByLabel("Six-digit code").fill(code);
  await page.getByRole("link", { name: "My tickets" }).waitFor();

  const other = await arrive("/sign-in");
  await other.getByLabel("E-mail").fill("account@example.com");
  await other.getByLabel("Password").fill("wrong password");
  await other.getByRole("button", { name: "Sign in", exact: true }).click();
  await other.getByRole("alert").filter({ hasText: "do not belong together" }).waitFor();
  await other.getByLabel("Password").fill(office.PASSWORD);
  await other.getByRole("button", { name: "Sign in", exact: true }).click();
  await other.getByRole("link", { name: "My tickets" }).waitFor();

  await page.goto("/account");
  await page.getByRole("button", { name: "Sign out there" }).click();
  await page.getByText("Signed out there.").waitFor();
  await people.seeNoFaults(page, "the account");
  await other.getByLabel("Your account").getByRole("link", { name: "Sign in" }).waitFor();
});

test("the door goes on without a connection and tells the server later", async () => {
  const page = await booked("offline@example.com");
  await page.getByRole("button", { name: /^Pay / }).click();
  await page.getByText("Paid. See you there!").waitFor();
  const codes = await office.codesOf(page);
  const door = await office.staffAt(arrive, foyer, `/staff/door/${concerts.plain.id}`, "offline-door");
  await door.getByText("signature checked").waitFor();
  await door.context().setOffline(true);
  await office.checkIn(door, codes[0], "Let in");
  await office.checkIn(door, codes[0], "Already used");
  await door.getByText("1 check-in to be told").waitFor();
  await door.context().setOffline(false);
  await door.getByRole("button", { name: "Tell now" }).click();
  await door.getByText("1 check-in to be told").waitFor({ state: "detached" });
  await page.reload();
  await page.getByText(/^Used \d\d:\d\d$/).waitFor();
});

test("before the opening everyone waits for the draw; then the turn comes by itself, and one checks the lot", async () => {
  const opensAt = new Date(Date.now() + 3_600_000).toISOString();
  foyer.command("concert", "add", "The Draw", "--date", "2027-03-01T18:00:00Z", "--opens-at", opensAt, "--category", "floor:10:5");
  const { draw } = await office.concertsOf(foyer);
  const page = await arrive(`/concert/${draw.id}`, people.PHONE);
  await page.getByRole("button", { name: "Sign in to get tickets" }).click();
  await office.signUp(page, foyer, "draw@example.com");
  await page.getByRole("button", { name: "Wait for the sale" }).click();
  await page.getByRole("heading", { name: "Waiting for the draw" }).waitFor();
  await page.getByText("person waits for the draw with you").waitFor();
  // An answer from before the opening comes while the draw is being checked.
  const old = await hold(page, "**/queue/status*");
  await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
  await old.asked;
  await people.seeNoFaults(page, "the draw");
  foyer.command("concert", "open", draw.id);
  await page.getByRole("heading", { name: "Choose your tickets" }).waitFor();
  await page.getByRole("link", { name: "Back to the concert" }).click();
  const lots = await hold(page, "**/queue/draw*");
  await page.getByRole("button", { name: "Check the draw" }).click();
  await lots.asked;
  await old.release();
  await lots.release();
  await page.getByText("Checked: your lot came 1. in the draw").waitFor();
});

test("a payment that hangs is told as such, also after a reload, and its tickets come by themselves", async () => {
  const page = await booked("hangs@example.com");
  await paySlowly(page);
  await page.reload();
  await page.getByText("Your payment is on its way").waitFor();
  await page.getByText("Paid. See you there!").waitFor();
});

test("what became of a paid booking is asked until it is answered, and nobody is told that the turn is over", async () => {
  const page = await booked("asks@example.com");
  await paySlowly(page);
  await page.route(A_BOOKING, (route) => route.abort("internetdisconnected"));
  await page.getByText("One moment…").waitFor();
  await page.unroute(A_BOOKING);
  await page.getByText("Paid. See you there!").waitFor();
});

test("who gives the tickets back chooses again, however late it is answered what became of them", async () => {
  const page = await booked("back@example.com");
  const end = await hold(page, A_BOOKING);
  await page.getByRole("button", { name: "Give the tickets back" }).click();
  await page.getByRole("button", { name: "Yes, give back" }).click();
  await end.asked;
  await page.getByRole("heading", { name: "Choose your tickets" }).waitFor();
  await end.release();
  await page.evaluate(() => new Promise(requestAnimationFrame));
  assert.ok(await page.getByRole("heading", { name: "Choose your tickets" }).isVisible());
});

test("the page speaks Russian to whose browser does, and English to who chooses it", async () => {
  const page = await arrive("/", { ...people.PHONE, locale: "ru-RU" });
  await page.getByRole("heading", { name: "Залы" }).waitFor();
  await page.getByRole("link", { name: new RegExp(concerts.plain.name) }).click();
  await page.getByRole("button", { name: "Войти и купить билеты" }).waitFor();
  await people.seeNoFaults(page, "the concert in Russian");
  assert.equal(await page.evaluate(() => document.documentElement.lang), "ru");
  await page.getByRole("button", { name: "English" }).click();
  await page.getByRole("button", { name: "Sign in to get tickets" }).waitFor();
  await page.reload();
  await page.getByRole("button", { name: "Sign in to get tickets" }).waitFor();
});

test("no page complained, save of refusals that were called forth", () => {
  const refusal = /status of (400|402|404|409) /;
  assert.deepEqual(complaints.filter((complaint) => !refusal.test(complaint)), []);
});
