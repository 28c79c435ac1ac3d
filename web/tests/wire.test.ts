// What comes over the wire is decoded, and what is not the contract is refused.
import assert from "node:assert/strict";
import { test } from "node:test";
import { askApi } from "../src/wire/api";
import { backoffMs } from "../src/wire/backoff";
import { WireFault } from "../src/wire/check";
import { readReply, writeRequest } from "../src/wire/envelope";
import { isPassing, type Failure } from "../src/wire/failure";
import { readFrame } from "../src/wire/frames";
import { readAuthStart, secretOf } from "../src/wire/http";
import { readPlan } from "../src/wire/plan";
import { readAccount, readCinemaChange, readCinemas, readHallDelta } from "../src/wire/shapes";
import { planJson, snapshotFrame, updateFrame } from "./scene";

test("a snapshot frame carries every seat's status and the plan's hash", () => {
  const frame = readFrame(snapshotFrame("p4", 9, [0, 1, 2, 3, 0, 0, 1]));
  assert.ok(frame.kind === "snapshot");
  assert.deepEqual([frame.eid, frame.hallId, frame.seq, frame.plan], ["p4", 3, 9, "0123456789abcdef"]);
  assert.deepEqual([...frame.statuses], [0, 1, 2, 3, 0, 0, 1]);
});

test("an update frame carries what changed and since when", () => {
  const frame = readFrame(updateFrame("p4", 9, 12, [[6, 3], [0, 1]]));
  assert.ok(frame.kind === "update");
  assert.deepEqual([frame.since, frame.seq, [...frame.changes]], [9, 12, [27, 1]]);
});

test("a frame that is cut short, too long or of an unknown kind is refused", () => {
  const whole = snapshotFrame("p4", 9, [0, 1, 2, 3, 0]);
  assert.throws(() => readFrame(whole.slice(0, whole.byteLength - 1)), WireFault);
  assert.throws(() => readFrame(new ArrayBuffer(1)), WireFault);
  assert.throws(() => readFrame(new ArrayBuffer(40)), WireFault);
  assert.throws(() => readFrame(Uint8Array.from([...new Uint8Array(whole), 0]).buffer), WireFault);
});

test("a heartbeat is no reply, and a reply is read with its error", () => {
  assert.equal(readReply("1"), null);
  const text = '{"status":"error","type":"x","data":null,"error":"SeatReserved","eid":"p1","ts":1}';
  assert.deepEqual(readReply(text), { status: "error", eid: "p1", data: null, error: "SeatReserved" });
  assert.throws(() => readReply('{"status":"maybe","eid":"p1"}'), WireFault);
});

test("a request always has the key data", () => {
  assert.equal(writeRequest("user.subscribe", undefined, "p1"), '{"type":"user.subscribe","data":null,"eid":"p1"}');
});

test("a plan is decoded, and one that contradicts itself is refused with the place", () => {
  const plan = readPlan(planJson());
  assert.deepEqual([plan.count, plan.rowLabels.get(3), plan.placeLabels.get(1), plan.zone[0]], [7, "Back", "2a", -1]);
  const short = planJson();
  (short.seats as { x: number[] }).x.pop();
  assert.throws(() => readPlan(short), /seats\.x has 6 entries, not 7/);
  const astray = planJson();
  (astray.seats as { type: number[] }).type[2] = 5;
  assert.throws(() => readPlan(astray), /seats\.type\[2\]/);
});

test("counters of an older server, without the newer statuses, are read", () => {
  const halls = [{ id: 1, name: "A", rows: 1, places: 1, seats_count: { VACANT: 3, RESERVED: 2 } }];
  const [cinema] = readCinemas([{ id: 1, name: "C", color: "#fff", halls }]);
  assert.deepEqual(cinema.halls[0].counts, [3, 2, 0, 0]);
  const change = readCinemaChange({ id: 1, halls: [{ id: 1, seats_count: { VACANT: 1, RESERVED: 2, OCCUPIED: 3, MAINTENANCE: 4 } }] });
  assert.deepEqual(change.halls[0].counts, [1, 2, 3, 4]);
});

test("an account says who and whether staff", () => {
  assert.deepEqual(readAccount({ status: "guest" }), { kind: "guest" });
  assert.deepEqual(readAccount({ status: "user", username: "ann", role: "staff" }), { kind: "user", username: "ann", staff: true });
});

test("the answer to a change names seats, seq and statuses", () => {
  const delta = readHallDelta({ id: 3, seq: 8, seats: [{ id: 12, status: "OCCUPIED", updated_at: "" }] });
  assert.deepEqual(delta, { id: 3, seq: 8, seats: [{ id: 12, status: 2 }] });
  assert.throws(() => readHallDelta({ id: 3, seq: 8, seats: [{ id: 12, status: "SOLD" }] }), WireFault);
});

test("a sign-up begins with a link whose last part is the secret", () => {
  const start = readAuthStart({ status: "candidate", username: "ann", qr_url: "otpauth://totp/X%20ann?secret=ABC234" });
  assert.ok(start.kind === "candidate");
  assert.equal(secretOf(start.qrUrl), "ABC234");
  assert.deepEqual(readAuthStart({ status: "user", username: "ann" }), { kind: "user", username: "ann" });
});

test("the wait before a try grows, is spread, and has an end", () => {
  assert.deepEqual([backoffMs(0, 0), backoffMs(0, 0.999)], [200, 400]);
  assert.ok(backoffMs(3, 0.5) > backoffMs(2, 0.5));
  assert.equal(backoffMs(50, 0.999), 9_995);
});

test("what passes by itself is known by its status, whatever word the tickets door has for it", async () => {
  const refusals: [number, string, string, boolean][] = [
    [503, "busy", "InternalServerError", true],
    [500, "internal_error", "InternalServerError", true],
    [429, "too_many_requests", "rate_limited", true],
    [502, "provider_unavailable", "provider_unavailable", false],
    [409, "sold_out", "sold_out", false],
    [401, "", "unauthorized", false],
  ];
  const before = globalThis.fetch;
  try {
    for (const [status, code, expected, passing] of refusals) {
      globalThis.fetch = async () => new Response(JSON.stringify(code ? { code } : {}), { status });
      const thrown: Failure = await askApi({ method: "GET", path: "/concert" }).then(() => assert.fail(), (failure) => failure);
      assert.deepEqual([thrown.code, isPassing(thrown)], [expected, passing]);
    }
  } finally {
    globalThis.fetch = before;
  }
});
