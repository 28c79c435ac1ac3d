// The parts of the drawing that are arithmetic.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as camera from "../src/canvas/camera";
import { makeGrid, seatAt, seatsIn } from "../src/canvas/grid";
import { batchesOf, changedLooks, lookOf, LOOKS, looksOf, MINE } from "../src/canvas/looks";
import { rowLabelsOf } from "../src/canvas/row_labels";
import { kindsOf } from "../src/canvas/sprites";
import { mix, readable } from "../src/canvas/theme";
import * as halls from "../src/state/hall";
import { readFrame, type HallPicture } from "../src/wire/frames";
import { smallPlan, snapshotFrame } from "./scene";

const screen = { width: 400, height: 300, padding: 20, bottom: 20 };
const box = { left: 0, top: 0, right: 100, bottom: 100 };

test("a fitted hall is in the middle and as large as it goes", () => {
  const eye = camera.fit(box, screen, 10);
  assert.deepEqual([eye.scale, eye.x, eye.y], [2.6, 70, 20]);
});

test("zooming keeps the point under the finger where it is, within limits", () => {
  const eye = { scale: 1, x: 10, y: 20 };
  const near = camera.zoomAt(eye, 2, 110, 120, [0.5, 8]);
  assert.deepEqual(camera.toPlan(near, 110, 120), camera.toPlan(eye, 110, 120));
  assert.equal(camera.zoomAt(eye, 100, 0, 0, [0.5, 8]).scale, 8);
});

test("the hall cannot be dragged out of sight", () => {
  const away = camera.pan({ scale: 1, x: 0, y: 0 }, 9_000, -9_000, box, screen);
  const seen = camera.visible(away, screen);
  assert.ok(seen.left < box.right && seen.right > box.left && seen.top < box.bottom && seen.bottom > box.top);
});

test("a glide ends where it should and passes between", () => {
  const [from, to] = [{ scale: 1, x: 0, y: 0 }, { scale: 4, x: -300, y: -150 }];
  assert.deepEqual(camera.between(from, to, 1), to);
  assert.equal(camera.between(from, to, 0.5).scale, 2);
});

test("the seat under a point is found, with some slack, and none far from all", () => {
  const plan = smallPlan();
  const grid = makeGrid(plan, []);
  assert.equal(seatAt(plan, grid, 45, 5, 0), 1);
  assert.equal(seatAt(plan, grid, 34, 15, 5), 0);
  assert.equal(seatAt(plan, grid, 300, 300, 5), -1);
  assert.deepEqual(seatsIn(plan, grid, { left: 30, top: -5, right: 120, bottom: 30 }).sort(), [1, 2]);
});

test("a turned seat is hit where it stands", () => {
  const plan = smallPlan();
  plan.rotation[6] = 90;
  const grid = makeGrid(plan, []);
  assert.equal(seatAt(plan, grid, 52.5, 80, 0), 6);
  assert.equal(seatAt(plan, grid, 22, 105, 0), -1);
});

test("the box of a hall holds seats, areas and names of rows", () => {
  const plan = smallPlan();
  const { box: all } = makeGrid(plan, rowLabelsOf(plan));
  assert.ok(all.left < 0 && all.top <= -40 && all.bottom >= 120 && all.right > 110);
});

test("a row has its name before its first and after its last seat", () => {
  const labels = rowLabelsOf(smallPlan());
  assert.deepEqual(labels.map((label) => label.text), ["A", "A", "B", "B"]);
  assert.ok(labels[0].x < 0 && labels[1].x > 110);
});

test("looks show what was asked for, and which seats are one's own", () => {
  const picture = readFrame(snapshotFrame("e", 5, [0, 1, 1, 3, 0, 0, 0])) as HallPicture;
  const shown = halls.takePlan(halls.takePicture(halls.newHall(3), picture), smallPlan());
  const hall = halls.expect(halls.takeMine(shown, [12]), [0], 1);
  assert.deepEqual([...looksOf(hall)], [1, MINE, 1, 3, 0, 0, 0]);
  assert.deepEqual([0, 1, 2].map((seat) => lookOf(hall, seat)), [1, MINE, 1]);
  assert.deepEqual(changedLooks(looksOf(shown), looksOf(hall)), [0, 1]);
});

test("batches hold every seat once, those of one colour together", () => {
  const plan = smallPlan();
  const batches = batchesOf(plan, Uint8Array.from([0, 1, 0, 1, 0, 0, 2]));
  assert.deepEqual([...batches.order].sort(), [0, 1, 2, 3, 4, 5, 6]);
  assert.deepEqual([...batches.order.slice(batches.starts[1], batches.starts[2])], [1, 3]);
  assert.equal(batches.order[batches.starts[LOOKS + 2]], 6);
});

test("seats of one type and size share their sprites", () => {
  const kinds = kindsOf(smallPlan());
  assert.deepEqual([kinds.kinds.length, [...kinds.kindOf]], [2, [0, 0, 0, 0, 0, 0, 1]]);
});

test("colours blend, also blended ones, and words can be read on any fill", () => {
  assert.equal(mix("#ffffff", "#000000", 0.5), "rgb(128 128 128)");
  assert.equal(mix(mix("#ffffff", "#000000", 0.5), "#000", 0.5), "rgb(64 64 64)");
  assert.equal(readable("#f0f2f4", "#59616b"), "#f0f2f4");
  assert.equal(readable("#333333", "#222222"), "#ffffff");
});
