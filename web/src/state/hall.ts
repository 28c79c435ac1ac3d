// The hall that is open: what the server says of every seat, what we asked for and do not know yet, and how it is looked
// at. Pure: every function gives a new Hall and leaves the old one alone.
import type { Plan } from "../wire/plan";
import type { HallChange, HallPicture } from "../wire/frames";
import type { HallDelta, Status } from "../wire/shapes";

/** The hall that is open. Seats are named by their index in the plan. */
export interface Hall {
  readonly id: number;
  /** The geometry; null until it has come. */
  readonly plan: Plan | null;
  /** The hash of the plan the statuses belong to; empty until the first picture. */
  readonly planHash: string;
  /** One status code a seat, as the server says. */
  readonly statuses: Uint8Array;
  /** The hall's last event that `statuses` holds. */
  readonly seq: number;
  /** False while the picture may be out of date. */
  readonly live: boolean;
  /** What we asked for and have no answer to: the status each seat is shown with meanwhile. */
  readonly pending: ReadonlyMap<number, Status>;
  /** The seats the signed-in person has reserved. */
  readonly mine: ReadonlySet<number>;
  /** How many seats are in each status, by `type * 4 + status`; made with the plan. */
  readonly counts: Uint32Array;
  /** The seats the last picture changed; a new array at each change. */
  readonly changed: readonly number[];
  /** How many watch; null until known. */
  readonly viewers: number | null;
  /** The code of the error for which the hall cannot be shown; empty when it can. */
  readonly problem: string;
  /** Where the keyboard or the last click is; -1 nowhere. */
  readonly cursor: number;
  /** The seat whose panel is open; -1 none. */
  readonly open: number;
  /** The seats that are picked: by staff to change them, by a buyer to book them. */
  readonly selected: ReadonlySet<number>;
  /** The types whose seats can be chosen now, by index; null while nothing is being chosen. */
  readonly offered: ReadonlySet<number> | null;
}

/** The most seats a flash is kept for; a larger change is a new picture, not news. */
const CHANGES_SHOWN = 400;

/** A hall of which nothing is known yet. */
export function newHall(id: number): Hall {
  return {
    id,
    plan: null,
    planHash: "",
    statuses: new Uint8Array(0),
    seq: 0,
    live: false,
    pending: new Map(),
    mine: new Set(),
    counts: new Uint32Array(0),
    changed: [],
    viewers: null,
    problem: "",
    cursor: -1,
    open: -1,
    selected: new Set(),
    offered: null,
  };
}

/** Counts every seat by type and status. */
function countAll(plan: Plan, statuses: Uint8Array): Uint32Array {
  const counts = new Uint32Array(plan.types.length * 4);
  for (let seat = 0; seat < plan.count; seat++) counts[plan.type[seat] * 4 + statuses[seat]]++;
  return counts;
}

/** The seats in which two pictures differ. */
function differences(before: Uint8Array, after: Uint8Array): number[] {
  if (before.length !== after.length) return [];
  const seats: number[] = [];
  for (let seat = 0; seat < after.length; seat++) if (before[seat] !== after[seat]) seats.push(seat);
  return seats;
}

/** Takes a whole picture. A plan that is not of this picture is put away: it has to be fetched. */
export function takePicture(hall: Hall, picture: HallPicture): Hall {
  const samePlan = hall.planHash === picture.plan;
  const plan = samePlan ? hall.plan : null;
  const changed = samePlan && plan ? differences(hall.statuses, picture.statuses) : [];
  const kept = samePlan ? hall : { ...hall, ...untouched };
  return settle({
    ...kept,
    plan,
    planHash: picture.plan,
    statuses: picture.statuses,
    seq: picture.seq,
    live: true,
    counts: plan ? countAll(plan, picture.statuses) : new Uint32Array(0),
    changed: changed.slice(0, CHANGES_SHOWN),
  });
}

/** What names seats by index and so cannot outlive a plan. */
const untouched = {
  cursor: -1,
  open: -1,
  selected: new Set<number>(),
  offered: null,
  mine: new Set<number>(),
  pending: new Map<number, Status>(),
};

/** Takes the geometry; one of another hash or size is not ours and is left. */
export function takePlan(hall: Hall, plan: Plan): Hall {
  if (plan.hash !== hall.planHash || plan.count !== hall.statuses.length) return hall;
  return { ...hall, plan, counts: countAll(plan, hall.statuses), changed: [] };
}

/** What an update is to a hall: already known, next in line, or past something that was missed. */
export function placeOf(hall: Hall, change: HallChange): "known" | "next" | "gap" {
  if (change.since > hall.seq) return "gap";
  if (change.seq > hall.seq) return "next";
  return "known";
}

/** Takes an update that is next in line; one that is known only says that the picture is right. */
export function takeChange(hall: Hall, change: HallChange): Hall {
  const place = placeOf(hall, change);
  if (place === "gap") return hall;
  if (place === "known") return hall.live ? hall : { ...hall, live: true };
  const pairs = Array.from(change.changes, (packed) => [packed >>> 2, (packed & 3) as Status] as const);
  return { ...setStatuses(hall, pairs), seq: change.seq, live: true };
}

/** Takes the answer to our own change: seats by id, at the hall's new seq. */
export function takeDelta(hall: Hall, delta: HallDelta): Hall {
  if (!hall.plan || delta.id !== hall.id || delta.seq <= hall.seq) return hall;
  const plan = hall.plan;
  const pairs = delta.seats.map((seat) => [indexOfSeat(plan, seat.id), seat.status] as const);
  const next = setStatuses(hall, pairs);
  return delta.seq === hall.seq + 1 ? { ...next, seq: delta.seq } : next;
}

/** Writes statuses, moves the counters with them and notes what changed. */
function setStatuses(hall: Hall, pairs: readonly (readonly [number, Status])[]): Hall {
  const statuses = hall.statuses.slice();
  const counts = hall.counts.slice();
  const changed: number[] = [];
  for (const [seat, status] of pairs) {
    if (seat < 0 || seat >= statuses.length || statuses[seat] === status) continue;
    if (hall.plan) {
      counts[hall.plan.type[seat] * 4 + statuses[seat]]--;
      counts[hall.plan.type[seat] * 4 + status]++;
    }
    statuses[seat] = status;
    changed.push(seat);
  }
  return settle({ ...hall, statuses, counts, changed: changed.slice(0, CHANGES_SHOWN) });
}

/** A seat that is no longer reserved is nobody's. */
function settle(hall: Hall): Hall {
  const mine = [...hall.mine].filter((seat) => hall.statuses[seat] === 1 || hall.pending.has(seat));
  return mine.length === hall.mine.size ? hall : { ...hall, mine: new Set(mine) };
}

/** Shows seats with the status we asked for, until the answer comes. */
export function expect(hall: Hall, seats: readonly number[], status: Status): Hall {
  const pending = new Map(hall.pending);
  for (const seat of seats) pending.set(seat, status);
  return { ...hall, pending };
}

/** The answer came, good or bad: what the server says of these seats is shown again. */
export function unexpect(hall: Hall, seats: readonly number[]): Hall {
  const pending = new Map(hall.pending);
  for (const seat of seats) pending.delete(seat);
  return { ...hall, pending };
}

/** Adds a seat to our own or takes it off. */
export function markMine(hall: Hall, seat: number, isMine: boolean): Hall {
  const mine = new Set(hall.mine);
  if (isMine) mine.add(seat);
  else mine.delete(seat);
  return { ...hall, mine };
}

/** Our own seats, by the ids the server names. */
export function takeMine(hall: Hall, ids: readonly number[]): Hall {
  const plan = hall.plan;
  if (!plan) return hall;
  return { ...hall, mine: new Set(ids.map((id) => indexOfSeat(plan, id)).filter((seat) => seat >= 0)) };
}

/** The status a seat is shown with: what we asked for, or what the server says. */
export function shownStatus(hall: Hall, seat: number): Status {
  return hall.pending.get(seat) ?? (hall.statuses[seat] as Status);
}

/** The index of the seat with this id, -1 when there is none. Ids rise, so it is a binary search. */
export function indexOfSeat(plan: Plan, id: number): number {
  let low = 0;
  let high = plan.count - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (plan.seatId[middle] === id) return middle;
    if (plan.seatId[middle] < id) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}

/** How many seats are in a status. */
export function countOf(hall: Hall, status: Status): number {
  let sum = 0;
  for (let at = status; at < hall.counts.length; at += 4) sum += hall.counts[at];
  return sum;
}
