// What the page holds and how it changes, without a browser.
import assert from "node:assert/strict";
import { test } from "node:test";
import { openSeat, pickAll, pickNone, step, stepToEnd, togglePick } from "../src/state/desk";
import * as halls from "../src/state/hall";
import { addNotice, changeHall, newPage, takeAccount, takeCinemaChange, takeLink } from "../src/state/page";
import { letters, nearestSeat, nextSeat, placeLabel, rowLabel, rowsOf } from "../src/state/seats";
import { createStore } from "../src/state/store";
import { readFrame, type HallChange, type HallPicture } from "../src/wire/frames";
import { smallPlan, snapshotFrame, updateFrame } from "./scene";

const picture = (seq: number, statuses: number[]) => readFrame(snapshotFrame("e", seq, statuses)) as HallPicture;
const change = (since: number, seq: number, pairs: [number, number][]) =>
  readFrame(updateFrame("e", since, seq, pairs)) as HallChange;

/** A hall at seq 5 with one seat of each status. */
function hallAtFive(): halls.Hall {
  const shown = halls.takePicture(halls.newHall(3), picture(5, [0, 1, 2, 3, 0, 0, 0]));
  return halls.takePlan(shown, smallPlan());
}

test("a picture and its plan give counts by status and by type", () => {
  const hall = hallAtFive();
  assert.deepEqual([0, 1, 2, 3].map((status) => halls.countOf(hall, status as 0)), [4, 1, 1, 1]);
  assert.deepEqual([...hall.counts], [3, 1, 1, 1, 1, 0, 0, 0]);
});

test("an update that is next in line changes seats, counts and seq, and names what changed", () => {
  const hall = halls.takeChange(hallAtFive(), change(5, 6, [[0, 2], [6, 1]]));
  assert.deepEqual([...hall.statuses], [2, 1, 2, 3, 0, 0, 1]);
  assert.deepEqual([hall.seq, hall.changed, [...hall.counts]], [6, [0, 6], [2, 1, 2, 1, 0, 1, 0, 0]]);
});

test("an update that overlaps what we know is applied, one that is known is not, a gap is seen", () => {
  const hall = hallAtFive();
  assert.equal(halls.placeOf(hall, change(3, 7, [])), "next");
  assert.equal(halls.placeOf(hall, change(3, 5, [])), "known");
  assert.equal(halls.placeOf(hall, change(6, 7, [])), "gap");
  assert.deepEqual([...halls.takeChange(hall, change(3, 5, [[0, 3]])).statuses], [...hall.statuses]);
});

test("after the connection was lost an empty update says that the picture is right", () => {
  const hall = { ...hallAtFive(), live: false };
  assert.equal(halls.takeChange(hall, change(5, 5, [])).live, true);
});

test("a picture of another plan puts the old one and everything that names its seats away", () => {
  const hall = openSeat(pickAll(hallAtFive(), [0, 1]), 2);
  const other = halls.takePicture(hall, { ...picture(6, [0, 0]), plan: "ffffffffffffffff" });
  assert.deepEqual([other.plan, other.open, other.selected.size], [null, -1, 0]);
});

test("a plan of another hash is not taken", () => {
  const hall = halls.takePicture(halls.newHall(3), { ...picture(6, [0]), plan: "ffffffffffffffff" });
  assert.equal(halls.takePlan(hall, smallPlan()).plan, null);
});

test("a seat we asked for is shown as we asked, until the answer, and then as the server says", () => {
  const asked = halls.expect(hallAtFive(), [0], 1);
  assert.equal(halls.shownStatus(asked, 0), 1);
  assert.equal(halls.countOf(asked, 1), 1, "counts are the server's");
  assert.equal(halls.shownStatus(halls.unexpect(asked, [0]), 0), 0);
});

test("the answer to our change may come before or after the update of it", () => {
  const delta = { id: 3, seq: 6, seats: [{ id: 11, status: 1 as const }] };
  const answered = halls.takeDelta(hallAtFive(), delta);
  assert.deepEqual([answered.seq, answered.statuses[0]], [6, 1]);
  const updated = halls.takeChange(hallAtFive(), change(5, 6, [[0, 1]]));
  assert.equal(halls.takeDelta(updated, delta), updated);
  assert.equal(halls.takeChange(answered, change(5, 6, [[0, 1]])), answered);
});

test("an answer from further on shows its seats but does not hide what was missed", () => {
  const hall = halls.takeDelta(hallAtFive(), { id: 3, seq: 9, seats: [{ id: 11, status: 1 }] });
  assert.deepEqual([hall.statuses[0], hall.seq], [1, 5]);
});

test("a seat that staff released is not ours any more", () => {
  const mine = halls.takeMine(hallAtFive(), [12, 99]);
  assert.deepEqual([...mine.mine], [1]);
  assert.equal(halls.takeChange(mine, change(5, 6, [[1, 0]])).mine.size, 0);
});

test("rows and places are called what the plan says, or by letter and number", () => {
  const plan = smallPlan();
  assert.deepEqual([rowLabel(plan, 0), rowLabel(plan, 6), placeLabel(plan, 0), placeLabel(plan, 1)], ["A", "Back", "1", "2a"]);
  assert.deepEqual([1, 26, 27, 702, 703].map(letters), ["A", "Z", "AA", "ZZ", "AAA"]);
  assert.deepEqual(rowsOf(plan).map((row) => row.seats.length), [3, 3, 1]);
});

test("the arrows go to the seat that lies that way, along the row first, and stay at the edge", () => {
  const plan = smallPlan();
  assert.equal(nextSeat(plan, 0, "right"), 1);
  assert.equal(nextSeat(plan, 1, "down"), 4);
  assert.equal(nextSeat(plan, 4, "down"), 6);
  assert.equal(nextSeat(plan, 2, "right"), 2);
  assert.equal(nextSeat(plan, 6, "up"), 4);
  assert.equal(nearestSeat(plan, 100, 20), 2);
});

test("the cursor begins at the first seat and jumps to the ends of its row", () => {
  const hall = step(hallAtFive(), "right");
  assert.equal(hall.cursor, 0);
  assert.equal(stepToEnd(hall, "last").cursor, 2);
  assert.equal(stepToEnd(stepToEnd(hall, "last"), "first").cursor, 0);
});

test("picking a row twice lets go of it", () => {
  const row = [0, 1, 2];
  const picked = pickAll(togglePick(hallAtFive(), 1), row, true);
  assert.deepEqual([...picked.selected].sort(), row);
  assert.equal(pickAll(picked, row, true).selected.size, 0);
  assert.equal(pickNone(picked).selected.size, 0);
});

test("while the connection is gone the hall is not said to be right", () => {
  const page = { ...newPage(), hall: hallAtFive() };
  assert.equal(takeLink(page, "lost").hall!.live, false);
  assert.equal(takeLink(page, "online").hall!.live, true);
});

test("another person has other seats and picks", () => {
  const page = { ...newPage(), hall: pickAll(halls.takeMine(hallAtFive(), [12]), [0]) };
  const other = takeAccount(page, { kind: "user", username: "ann", staff: false });
  assert.deepEqual([other.hall!.mine.size, other.hall!.selected.size], [0, 0]);
  assert.equal(takeAccount(other, { kind: "user", username: "ann", staff: false }), other);
});

test("counters of a hall change in the list, those of others stay", () => {
  const cards = [1, 2].map((id) => ({ id, name: "", counts: [1, 0, 0, 0] as const }));
  const page = { ...newPage(), cinemas: [{ id: 7, name: "", color: "", halls: cards }] };
  const after = takeCinemaChange(page, { id: 7, halls: [{ id: 2, counts: [0, 1, 0, 0] }] });
  assert.deepEqual(after.cinemas![0].halls.map((hall) => hall.counts[0]), [1, 0]);
});

test("a hall that is not open is not changed", () => {
  const page = { ...newPage(), hall: hallAtFive() };
  assert.equal(changeHall(page, 4, () => assert.fail()), page);
});

test("the same notice twice is shown once", () => {
  const first = addNotice(newPage(), { id: 1, code: "Offline", news: "" });
  assert.deepEqual(addNotice(first, { id: 2, code: "Offline", news: "" }).notices.map(({ id }) => id), [2]);
});

test("a store tells of a new value, and not of the same again", () => {
  const store = createStore(1);
  const seen: number[] = [];
  const stop = store.subscribe((value) => seen.push(value));
  store.update(() => 2);
  store.update(() => 2);
  stop();
  store.update(() => 3);
  assert.deepEqual(seen, [1, 2]);
});
