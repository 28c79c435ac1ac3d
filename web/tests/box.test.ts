// The box office without a browser: what comes over the wire, the place in the line, choosing seats, the door.
import assert from "node:assert/strict";
import { createHash, createHmac, generateKeyPairSync, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import * as box from "../src/state/box";
import { chooseSeat, chosenIds, dropRefused, dropTaken, offer } from "../src/state/choosing";
import { asClock, secondsLeft, serverTime, takeReading, UNKNOWN_CLOCK } from "../src/state/clock";
import { CLOSED_DOOR, counted, judge, letIn, takeList, told } from "../src/state/door";
import * as halls from "../src/state/hall";
import { newPage } from "../src/state/page";
import { createStore } from "../src/state/store";
import { checkDraw } from "../src/actions/concerts";
import { checkIn } from "../src/actions/admitting";
import type { Office } from "../src/actions/office_context";
import { intentIdOf, readBooking, readTestPayment } from "../src/wire/booking";
import { minorUnits, readConcert, readConcertFrame, readPlace, type Place, type Sale } from "../src/wire/concert";
import { Failure } from "../src/wire/failure";
import { readFrame, type HallPicture } from "../src/wire/frames";
import { hashOfHex, lotsBy, signatureHolds, signedPart } from "../src/wire/proofs";
import { lookOf } from "../src/canvas/looks";
import { smallPlan, snapshotFrame } from "./scene";

const ID = "64b1f0c2a9d3e47712ab9f31";

function saleJson(more: object = {}) {
  return { state: "open", opensAt: "2026-12-01T10:00:00.000Z", seedHash: "aa", seed: null, waiting: 5, active: 2, admitted: 100,
    ratePerMinute: 30, notice: "", maxActive: 50, ...more };
}

function concertJson(more: object = {}) {
  return { id: ID, number: 7, imageUrl: "", name: "A Night", date: "2026-12-12T14:00:00.000Z", venue: "Hall", gatesOpenTime: "17:30",
    about: "", languages: "", organizedBy: "", totalSeats: 10, availableSeats: 6, currency: "inr", hallId: 3, provider: "test",
    feeRate: 0.05, sale: saleJson(), categories: [
      { id: "c1", concertId: ID, name: "Standard", price: 12.5, totalSeats: 6, availableSeats: 4, seatTypeId: 1 },
      { id: "c2", concertId: ID, name: "Couples", price: 30, totalSeats: 1, availableSeats: 1, seatTypeId: 2 },
    ], ...more };
}

const categories = readConcert(concertJson()).categories;
const waiting = (more: object = {}) =>
  readPlace({ success: true, status: "waiting", position: 40, queueLength: 90, admitted: 100, etaSeconds: 120, ...more }) as Extract<Place, { status: "waiting" }>;

/** A box with the concert open. */
function opened(): box.Box {
  return box.takeConcert(box.openConcert(box.newBox(), ID), readConcert(concertJson()));
}

test("a price in major units becomes minor ones, by its currency", () => {
  assert.equal(categories[0].price, 1250);
  assert.deepEqual(["INR", "JPY", "KWD", "HUF", "IQD"].map(minorUnits), [100, 1, 1000, 100, 1000]);
  const server = readFileSync(new URL("../../src/shared/currency.c", import.meta.url), "utf8");
  const namesOf = (table: string) => new RegExp(`${table}\\[\\] = "([^"]*)"`).exec(server)?.[1].split(" ") ?? [];
  for (const code of namesOf("whole")) assert.equal(minorUnits(code.toUpperCase()), 1);
  for (const code of namesOf("thousandths")) assert.equal(minorUnits(code), 1000);
  assert.equal(namesOf("whole").length + namesOf("thousandths").length, 22);
});

test("a sale in a state nobody knows is a fault, not a guess", () => {
  assert.throws(() => readConcert(concertJson({ sale: saleJson({ state: "merry" }) })), /state is unknown/);
});

test("a concert that has an end is over, whatever its sale is called", () => {
  const sale = saleJson({ state: "closed", endedAt: "2026-12-03T10:00:00.000Z" });
  assert.equal(readConcert(concertJson({ sale })).sale.state, "over");
  const concert = { id: ID, name: "N", venue: "V", date: "2026-12-02T10:00:00.000Z", imageUrl: "" };
  assert.equal(readBooking(bookingJson({ concert })).concert?.over, false);
  assert.equal(readBooking(bookingJson({ concert: { ...concert, endedAt: "2026-12-03T10:00:00.000Z" } })).concert?.over, true);
});

test("a concert whose sale is not known yet is one that waits, until the socket says more", () => {
  assert.equal(readConcert(concertJson({ sale: null })).sale.state, "waiting");
});

test("a frame moves the sale and what is left, an older one and one of another concert do not", () => {
  const frame = (id: number, seq: number, free: number) =>
    readConcertFrame({ id, seq, sale: saleJson({ admitted: 120 }), categories: [{ id: "c1", totalSeats: 6, availableSeats: free }] });
  const after = box.takeFrame(opened(), frame(7, 5, 3));
  assert.deepEqual([after.concert!.sale.admitted, after.concert!.categories.map((category) => category.free)], [120, [3, 1]]);
  assert.equal(box.takeFrame(after, frame(7, 4, 1)), after);
  assert.equal(box.takeFrame(after, frame(8, 9, 1)), after);
});

test("a place moves by the count of the admitted alone, and stops at the head of the line", () => {
  const sale = (admitted: number) => ({ ...readConcert(concertJson()).sale, admitted }) as Sale;
  assert.equal(box.positionNow(waiting(), sale(100)), 40);
  assert.equal(box.positionNow(waiting(), sale(125)), 15);
  assert.equal(box.positionNow(waiting(), sale(500)), 1);
  assert.equal(box.positionNow(waiting(), sale(90)), 40, "a count from before the place does not throw anybody back");
  assert.equal(box.positionNow(waiting({ drawAt: "2026-12-01T10:00:00.000Z" }), sale(500)), 40, "before the draw nobody moves");
});

test("the wait is reckoned by the line's speed, else by what was said, and by nothing while paused", () => {
  const { sale } = readConcert(concertJson());
  assert.equal(box.secondsToTurn(waiting(), sale), 80);
  assert.equal(box.secondsToTurn(waiting(), { ...sale, ratePerMinute: null, admitted: 120 }), 60);
  assert.equal(box.secondsToTurn(waiting({ etaSeconds: null }), { ...sale, ratePerMinute: null }), null);
  assert.equal(box.secondsToTurn(waiting(), { ...sale, state: "paused" }), null);
});

test("how far one has come counts from the first place that was seen", () => {
  let one = box.takePlace(opened(), waiting());
  one = { ...one, concert: { ...one.concert!, sale: { ...one.concert!.sale, admitted: 110 } } };
  assert.equal(box.wayGone(one), 0.25);
  const again = box.takePlace(one, waiting({ position: 30, admitted: 110 }));
  assert.equal(box.wayGone(again), 0.25);
});

test("the one button means the right thing", () => {
  const now = Date.parse("2026-12-02T10:00:00.000Z");
  const asked = { ...opened(), booking: null, place: { status: "none" } as Place };
  const sale = (state: Sale["state"]) => ({ ...asked, concert: { ...asked.concert!, sale: { ...asked.concert!.sale, state } } });
  const active: Place = { status: "active", slotUntil: now + 1000 };
  const pending = { ...readBooking(bookingJson()), status: "pending" as const };
  assert.equal(box.nextStep(box.newBox(), false, now), "asking");
  assert.equal(box.nextStep(asked, false, now), "sign-in");
  assert.equal(box.nextStep(opened(), true, now), "asking", "until the place is known nothing is offered");
  assert.equal(box.nextStep(asked, true, now), "join");
  assert.equal(box.nextStep({ ...asked, place: waiting() }, true, now), "line");
  assert.equal(box.nextStep({ ...asked, place: active }, true, now), "choose");
  assert.equal(box.nextStep({ ...asked, place: active }, true, now + 1000), "join", "a slot that is over is none");
  assert.equal(box.nextStep({ ...asked, place: active, booking: pending }, true, now), "pay");
  assert.equal(box.nextStep(sale("sold_out"), true, now), "sold-out");
  assert.equal(box.nextStep({ ...sale("sold_out"), place: active }, true, now), "choose", "who was admitted may still choose");
  assert.equal(box.nextStep(sale("closed"), true, now), "closed");
  assert.equal(box.nextStep({ ...sale("closed"), booking: pending }, true, now), "pay");
  assert.equal(box.nextStep(sale("draining"), true, now), "draining");
  assert.equal(box.nextStep({ ...sale("over"), place: active }, true, now), "over");
});

function bookingJson(more: object = {}) {
  return { id: "b1", userId: "u", concertId: ID, categoryId: "c1", seats: 2, status: "pending", paymentStatus: "none", paymentIntentId: null,
    bookedAt: "2026-12-02T10:00:00.000Z", expiresAt: "2026-12-02T10:10:00.000Z", amount: 2625, fee: 125, currency: "inr", ...more };
}

test("a booking for another concert is not the one under way here", () => {
  assert.equal(box.takeBooking(opened(), readBooking(bookingJson({ concertId: "other" }))).booking, null);
  assert.equal(box.takeBooking(opened(), readBooking(bookingJson())).booking?.amount, 2625);
});

test("the fee is part of what is shown before it is asked for", () => {
  assert.deepEqual(box.priceOf(readConcert(concertJson()), 1250, 2), { amount: 2625, fee: 125 });
  const dinars = readConcert(concertJson({ currency: "bhd", feeRate: 0.0826 }));
  assert.deepEqual(box.priceOf(dinars, 1234, 1), { amount: 1340, fee: 106 });
});

test("the server's clock rules: a sure reading beats a coarse one, a contradiction beats both", () => {
  let clock = takeReading(UNKNOWN_CLOCK, 10_000, 4_000, 1_000);
  assert.equal(clock.offset, 6_500);
  clock = takeReading(clock, 10_700, 4_500, 0);
  assert.equal(serverTime(clock, 5_000), 11_200);
  assert.equal(takeReading(clock, 11_000, 5_000, 1_000), clock);
  assert.equal(takeReading(clock, 90_000, 5_000, 1_000).offset, 85_500);
  assert.equal(takeReading(clock, 0, 5_000, 1_000), clock);
});

test("time left is whole seconds, never negative, and reads as a clock", () => {
  assert.deepEqual([secondsLeft(10_001, 0), secondsLeft(0, 5)], [11, 0]);
  assert.deepEqual([0, 65, 3_725].map(asClock), ["0:00", "1:05", "1:02:05"]);
});

/** A hall with one seat of each status among the Standard ones, both categories on offer. */
function offered(): halls.Hall {
  const picture = readFrame(snapshotFrame("e", 5, [0, 1, 0, 0, 0, 0, 0])) as HallPicture;
  return offer(halls.takePlan(halls.takePicture(halls.newHall(3), picture), smallPlan()), categories);
}

test("seats are chosen and let go, a taken one is refused, and they go to the server by their ids", () => {
  const one = chooseSeat(offered(), categories, 0);
  assert.deepEqual([one.choice, lookOf(one.hall, 0)], ["chosen", 4]);
  const two = chooseSeat(one.hall, categories, 2).hall;
  assert.deepEqual(chosenIds(two), [11, 13]);
  assert.equal(chooseSeat(two, categories, 1).choice, "taken");
  assert.equal(chooseSeat(two, categories, 0).choice, "let-go");
});

test("one booking holds one category: a seat of another begins anew", () => {
  const { hall, choice } = chooseSeat(chooseSeat(offered(), categories, 0).hall, categories, 6);
  assert.deepEqual([choice, chosenIds(hall)], ["switched", [31]]);
});

test("a seat whose category is not on offer stands aside and cannot be chosen", () => {
  const hall = offer(offered(), [categories[1]]);
  assert.equal(lookOf(hall, 0), 5);
  assert.equal(chooseSeat(hall, [categories[1]], 0).choice, "not-sold");
});

test("seats that went are let go and named, the others stay chosen", () => {
  const chosen = chooseSeat(chooseSeat(offered(), categories, 0).hall, categories, 2).hall;
  const taken = dropTaken({ ...chosen, statuses: Uint8Array.from([1, 1, 0, 0, 0, 0, 0]) });
  assert.deepEqual([taken.gone, chosenIds(taken.hall)], [[0], [13]]);
  const refused = dropRefused(chosen, [13, 99]);
  assert.deepEqual([refused.gone, chosenIds(refused.hall)], [[2], [11]]);
});

test("a card that is refused says why, one that pays says how it stands", () => {
  assert.deepEqual(readTestPayment({ error: { code: "card_declined" } }), { status: "", refused: "card_declined" });
  assert.deepEqual(readTestPayment({ id: "pi_1", status: "processing" }), { status: "processing", refused: "" });
  assert.equal(intentIdOf("pi_9_secret_x"), "pi_9");
});

test("a lot is the first 62 bits of the keyed hash, as anybody can reckon", async () => {
  const seed = "0f".repeat(32);
  const bytes = createHmac("sha256", Buffer.from(seed, "hex")).update(ID).digest();
  const expected = (bytes.readBigUInt64BE() >> 2n).toString(16).padStart(16, "0");
  assert.equal(await (await lotsBy(seed))(ID), expected);
});

/** An office whose server gives these answers by path. */
function officeWith(answers: Record<string, unknown>): Office {
  const ask = async ({ path }: { path: string }) => {
    const answer = answers[path] ?? new Failure("Offline");
    if (answer instanceof Error) throw answer;
    return { value: answer, text: JSON.stringify(answer), serverMs: 0 };
  };
  return { box: createStore(opened()), page: createStore(newPage()), ask, deviceNow: () => 0 } as unknown as Office;
}

test("the draw is checked page by page, and a lot that does not follow from the seed is found", async () => {
  const seed = "0f".repeat(32);
  const seedHash = await hashOfHex(seed);
  const draw = await lotsBy(seed);
  const ids = ["aa", "bb", "cc"];
  const lots = await Promise.all(ids.map(draw));
  const entries = ids.map((id, at) => ({ id, lot: lots[at] })).sort((a, b) => (a.lot < b.lot ? -1 : 1));
  const me = entries[2].id;
  const at = (after: string) => `/queue/draw?concertId=${ID}${after}`;
  const office = (last: object, id = me) => {
    const made = officeWith({
      "/account": { id, number: 1 },
      [at("")]: { seedHash, seed, entries: entries.slice(0, 2), next: 2 },
      [at("&after=2")]: { seedHash, seed, entries: [last], next: null },
    });
    made.box.update((one) => ({ ...one, concert: { ...one.concert!, sale: { ...one.concert!.sale, seedHash } } }));
    return made;
  };
  assert.deepEqual(await checkDraw(office(entries[2])).then(({ fair, place }) => [fair, place]), [true, 3]);
  assert.equal((await checkDraw(office({ id: me, lot: "ffffffffffffffff" }))).fair, false);
  assert.deepEqual(await checkDraw(office(entries[2], "zz")).then(({ fair, place }) => [fair, place]), [true, 0]);
});

const listed = (hash: string, more: object = {}) => ({ id: hash, hash, seatLabel: "Row A, 1", name: "Ann", checkedInAt: 0, isVoid: false, ...more });

test("the door lets a ticket in once, and says why not otherwise", () => {
  let door = takeList(CLOSED_DOOR, [listed("a"), listed("b", { isVoid: true }), listed("c", { checkedInAt: 5 })], 1);
  assert.deepEqual(["a", "b", "c", "d"].map((hash) => judge(door, hash).kind), ["in", "void", "used", "unknown"]);
  door = letIn(door, "a", 77, "FT1.a");
  assert.deepEqual([judge(door, "a").kind, judge(door, "a").usedAt], ["used", 77]);
  assert.deepEqual(counted(door), { inside: 2, total: 2 });
  assert.deepEqual([door.waiting.length, told(door, "FT1.a").waiting.length], [1, 0]);
});

test("a fresh list does not let out whom this door let in and has not told of yet", () => {
  const door = letIn(takeList(CLOSED_DOOR, [listed("a")], 1), "a", 77, "FT1.a");
  assert.equal(judge(takeList(door, [listed("a")], 2), "a").kind, "used");
});

test("without a connection the list decides and the server is told later; a refusal of the server stands", async () => {
  const code = "FT1.abc";
  const hash = createHash("sha256").update(code).digest("hex");
  const door = takeList(CLOSED_DOOR, [listed(hash)], 1);
  const offline = await checkIn(officeWith({}), ID, door, code);
  assert.deepEqual([offline.verdict.kind, offline.verdict.offline, offline.untold, offline.hash], ["in", true, true, hash]);
  const busy = await checkIn(officeWith({ "/ticket/check-in": new Failure("rate_limited") }), ID, door, code);
  assert.deepEqual([busy.verdict.kind, busy.untold], ["in", true], "a server that answers nobody now is as one out of reach");
  const used = new Failure("ticket_used", { checkedInAt: "2026-12-12T14:00:00.000Z" });
  const refused = await checkIn(officeWith({ "/ticket/check-in": used }), ID, door, code);
  assert.deepEqual([refused.verdict.kind, refused.verdict.usedAt, refused.untold], ["used", 1_797_084_000_000, false]);
  const elsewhere = await checkIn(officeWith({ "/ticket/check-in": new Failure("wrong_concert") }), ID, CLOSED_DOOR, code);
  assert.deepEqual([elsewhere.verdict.kind, elsewhere.verdict.offline, elsewhere.untold], ["elsewhere", false, false]);
  await assert.rejects(checkIn(officeWith({ "/ticket/check-in": new Failure("forbidden") }), ID, door, code), /forbidden/);
});

test("the list's signature is over its tickets as they came, and another list does not bear it", async () => {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const key = publicKey.export({ format: "jwk" }).x!;
  const tickets = '[{"id":"1","hash":"aa","name":"\\u0410"}]';
  const signature = sign(null, Buffer.from(tickets), privateKey).toString("base64url");
  const answer = `{"concertId":"x","at":"now","tickets":${tickets},"key":"${key}","signature":"${signature}"}`;
  assert.equal(signedPart(answer), tickets);
  assert.equal(await signatureHolds(signedPart(answer), key, signature), true);
  assert.equal(await signatureHolds(tickets.replace("aa", "bb"), key, signature), false);
});
