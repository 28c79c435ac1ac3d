// A small hall for the tests: two rows of three, a couple seat, and the frames the server would send about it.
import { readPlan, type Plan } from "../src/wire/plan";

/** The JSON of the plan: row A is places 1 to 3 at y 0, row B the same at y 40, seat 7 a wide one behind. */
export function planJson(): Record<string, unknown> {
  return {
    id: 3,
    cinema_id: 1,
    name: "Small Hall",
    rows: 3,
    places: 3,
    plan: "0123456789abcdef",
    seat_types: [
      { id: 1, name: "Standard", color: "#7c93b8" },
      { id: 2, name: "Couples", color: "#b8626f" },
    ],
    zones: [],
    row_labels: { "3": "Back" },
    seats: {
      id: [11, 12, 13, 21, 22, 23, 31],
      row: [1, 1, 1, 2, 2, 2, 3],
      place: [1, 2, 3, 1, 2, 3, 1],
      x: [0, 40, 80, 0, 40, 80, 20],
      y: [0, 0, 0, 40, 40, 40, 90],
      width: [30, 30, 30, 30, 30, 30, 65],
      height: [30, 30, 30, 30, 30, 30, 30],
      rotation: [0, 0, 0, 0, 0, 0, 0],
      type: [0, 0, 0, 0, 0, 0, 1],
      zone: [-1, -1, -1, -1, -1, -1, -1],
      label: { "1": "2a" },
    },
    areas: [{ shape: "rectangle", x: 0, y: -40, width: 110, height: 20, rotation: 0, text: "Screen" }],
  };
}

/** The plan, decoded. */
export function smallPlan(): Plan {
  return readPlan(planJson());
}

/** The head both kinds of frames share. */
function head(kind: number, eid: string, seq: number, since: number, count: number): number[] {
  const bytes = new DataView(new ArrayBuffer(24));
  bytes.setUint32(0, 3, true);
  bytes.setBigUint64(4, BigInt(seq), true);
  bytes.setBigUint64(12, BigInt(since), true);
  bytes.setUint32(20, count, true);
  return [kind, eid.length, ...new TextEncoder().encode(eid), ...new Uint8Array(bytes.buffer)];
}

/** A snapshot frame of these statuses. */
export function snapshotFrame(eid: string, seq: number, statuses: readonly number[]): ArrayBuffer {
  const packed = new Array(Math.ceil(statuses.length / 4)).fill(0);
  statuses.forEach((status, seat) => (packed[seat >> 2] |= status << ((seat & 3) * 2)));
  const hash = [0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef];
  return Uint8Array.from([...head(1, eid, seq, 0, statuses.length), ...hash, ...packed]).buffer;
}

/** An update frame of `[seat, status]` pairs. */
export function updateFrame(eid: string, since: number, seq: number, pairs: readonly (readonly [number, number])[]): ArrayBuffer {
  const body = new DataView(new ArrayBuffer(pairs.length * 4));
  pairs.forEach(([seat, status], i) => body.setUint32(i * 4, ((seat << 2) | status) >>> 0, true));
  return Uint8Array.from([...head(2, eid, seq, since, pairs.length), ...new Uint8Array(body.buffer)]).buffer;
}
