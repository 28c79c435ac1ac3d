// The binary frames of a hall: a whole picture in two bits a seat, or the seats that changed. Little-endian.
import { WireFault } from "./check";

/** A whole picture of a hall. */
export interface HallPicture {
  readonly kind: "snapshot";
  readonly eid: string;
  readonly hallId: number;
  readonly seq: number;
  /** The hash of the plan whose order `statuses` follows, 16 hex digits. */
  readonly plan: string;
  /** One status code a seat. */
  readonly statuses: Uint8Array;
}

/** The seats that changed in (since, seq]. */
export interface HallChange {
  readonly kind: "update";
  readonly eid: string;
  readonly hallId: number;
  readonly seq: number;
  readonly since: number;
  /** `index << 2 | status`, the index into the plan's seats. */
  readonly changes: Uint32Array;
}

/** Either kind of frame. */
export type HallFrame = HallPicture | HallChange;

const SNAPSHOT = 1;
const UPDATE = 2;

/** A hash as 16 hex digits. */
function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Unpacks `count` statuses of two bits each, the first seat in the lowest bits. */
function unpackStatuses(packed: Uint8Array, count: number): Uint8Array {
  const statuses = new Uint8Array(count);
  for (let seat = 0; seat < count; seat++) statuses[seat] = (packed[seat >> 2] >> ((seat & 3) * 2)) & 3;
  return statuses;
}

/** Unpacks the changes of an update. */
function unpackChanges(view: DataView, at: number, count: number): Uint32Array {
  const changes = new Uint32Array(count);
  for (let i = 0; i < count; i++) changes[i] = view.getUint32(at + i * 4, true);
  return changes;
}

/** Decodes a binary frame; a wrong length or kind is a fault. */
export function readFrame(bytes: ArrayBuffer): HallFrame {
  const view = new DataView(bytes);
  if (bytes.byteLength < 2) throw new WireFault("frame is cut short");
  const kind = view.getUint8(0);
  const head = 2 + view.getUint8(1);
  if (bytes.byteLength < head + 24) throw new WireFault("frame is cut short");
  const eid = new TextDecoder().decode(new Uint8Array(bytes, 2, head - 2));
  const hallId = view.getUint32(head, true);
  const seq = Number(view.getBigUint64(head + 4, true));
  const since = Number(view.getBigUint64(head + 12, true));
  const count = view.getUint32(head + 20, true);
  const body = head + 24;
  const length = kind === SNAPSHOT ? body + 8 + Math.ceil(count / 4) : body + 4 * count;
  if ((kind !== SNAPSHOT && kind !== UPDATE) || bytes.byteLength !== length) throw new WireFault("frame is malformed");
  if (kind === UPDATE) return { kind: "update", eid, hallId, seq, since, changes: unpackChanges(view, body, count) };
  const plan = hex(new Uint8Array(bytes, body, 8));
  return { kind: "snapshot", eid, hallId, seq, plan, statuses: unpackStatuses(new Uint8Array(bytes, body + 8), count) };
}
