// Load at the seats door: members of staff who change seats of their own, visitors who want the same few seats, and viewers
// who keep a picture through reconnects to whatever server. What each was told is kept, and held against the tables.
import assert from 'node:assert/strict';

import { sleep, STATUSES, until } from '../../wire/support/faults.mjs';
import { Line, Person } from '../../wire/support/foyer.mjs';
import { Visitor } from './venue.mjs';

export const HALL = 3;
const STAFF = 2;
const STAFF_SEATS = 40;
const FANS = 3;
const FAN_SEATS = 4;
const VIEWERS = 6;
const PACE_MS = 60;
const ANSWER_MS = 5_000;
const SILENT_MS = 8_000; // a line on which nothing comes, not even an answer to the heartbeat, is given up

/** A line to some server, opened anew at another one when it is lost. */
class Caller extends Visitor {
  constructor(venue, at, person) {
    super(venue, at);
    this.person = person;
  }

  async line() {
    while (this.open?.socket.readyState !== 1) {
      try {
        this.open = await Line.open(this.server, { browser: this.person.browser });
      } catch {
        this.move();
        await sleep(PACE_MS);
      }
    }
    return this.open;
  }

  /** Sets a seat; tries until it is known what came of it: {error, seq, tries}. */
  async set(seat_id, status) {
    for (let tries = 1; ; tries++) {
      const line = await this.line();
      const from = performance.now();
      const eid = `${seat_id}-${status}-${from}`;
      line.send({ type: 'hall.update_seat_status', data: { hall_id: HALL, seat_id, status, reply: 'delta' }, eid, ts: Date.now() });
      const reply = await line.take((message) => message.eid === eid, ANSWER_MS).catch(() => null);
      const unknown = reply === null || reply.error === 'InternalServerError';
      this.venue.answers.push({ server: this.server.name, from, took: performance.now() - from, status: reply === null ? 0 : unknown ? 500 : 200, what: 'seat' });
      if (!unknown) return { error: reply.error, seq: reply.data?.seq, tries };
      line.socket.terminate();
      this.move();
    }
  }
}

/** Changes its own seats, one after the other, each to its next status. */
class Staff extends Caller {
  made = []; // {seat, status, seq}; seq: undefined when an earlier try may have done it

  async work(load, seats) {
    for (let nth = 0; !load.over; nth++) {
      const seat = seats[nth % seats.length];
      const status = STATUSES[(1 + Math.floor(nth / seats.length)) % STATUSES.length];
      const { error, seq, tries } = await this.set(seat, status);
      assert.equal(error, null, `seat ${seat} to ${status}`);
      this.made.push({ seat, status, seq: tries === 1 ? seq : undefined });
      await sleep(load.dice(PACE_MS));
    }
  }
}

/** Reserves one of a few seats that others want too, and gives it back. */
class Fan extends Caller {
  made = []; // {seat, status}, both of which happened
  lost = 0;

  async work(load, seats) {
    while (!load.over) {
      const seat = seats[load.dice(seats.length)];
      const { error } = await this.set(seat, 'RESERVED');
      if (error === null) {
        this.made.push({ seat, status: 'RESERVED' });
        await sleep(load.dice(PACE_MS));
        assert.equal((await this.set(seat, 'VACANT')).error, null, `seat ${seat} back`);
        this.made.push({ seat, status: 'VACANT' });
      } else {
        assert.ok(['SeatReserved', 'Forbidden'].includes(error), error);
        this.lost++;
      }
      await sleep(load.dice(PACE_MS));
    }
  }
}

/** Watches the hall, and notes what it was told: {seq, statuses} of each message, and which seq it stood at before. */
class Viewer extends Visitor {
  seq = -1;
  told = [];
  closes = []; // {server, at}
  faults = [];
  back = 0; // a server that is behind has told what it knew

  async watch(load) {
    while (!load.over) await this.#once(() => load.over);
  }

  /** Until `enough()`; or the line is lost, and it is somewhere else. */
  async #once(enough) {
    const { server } = this;
    let line;
    try {
      line = await Line.open(server);
    } catch {
      this.move();
      return sleep(PACE_MS);
    }
    let heard = performance.now();
    let first = true;
    line.socket.on('message', (bytes) => {
      heard = performance.now();
      if (bytes.length > 1) this.#take(JSON.parse(bytes), first);
      first &&= bytes.length <= 1;
    });
    line.send({ type: 'hall.subscribe', data: { id: HALL, ...(this.seq >= 0 && { since: this.seq }) }, eid: 'view', ts: Date.now() });
    const lost = () => line.socket.readyState !== 1 || this.venue.spent(heard, performance.now()) > SILENT_MS;
    while (!lost() && !enough()) await sleep(PACE_MS);
    if (lost()) {
      this.closes.push({ server: server.name, at: performance.now(), code: line.socket.readyState !== 1 ? (await line.closed).code : 'silent' });
      this.move();
    }
    line.socket.terminate();
  }

  #take({ status, error, data }, first) {
    if (status === 'error') return this.faults.push(error);
    const { seq, since } = data;
    if (status === 'snapshot') {
      if (seq < this.seq) this.back++;
      if (!first) this.faults.push(`a snapshot at ${seq} in the middle`);
    } else if (since > this.seq || seq < this.seq) {
      this.faults.push(`an update since ${since} to ${seq} at ${this.seq}`);
    }
    this.told.push({ seq, whole: status === 'snapshot', statuses: data.seats.map((seat) => [seat.id, seat.status]) });
    this.seq = seq;
  }

  /** Goes on watching until it has come as far as `seq`. */
  async reach(seq) {
    await until(async () => {
      if (this.seq < seq) await this.#once(() => this.seq >= seq);
      return this.seq >= seq;
    }, () => `a viewer at ${this.server.name} is at ${this.seq} of ${seq}`, 60_000);
  }
}

export class Seats {
  constructor(venue) {
    this.venue = venue;
  }

  /** People and seats, while all is well. */
  async open() {
    const { venue } = this;
    const [first] = venue.servers;
    const line = await Line.open(first);
    const { data: hall } = await line.ask('hall.subscribe', { id: HALL }, 'hall');
    await line.close();
    const free = hall.seats.filter(({ status }) => status === 'VACANT').map(({ id }) => id);
    assert.ok(free.length >= STAFF * STAFF_SEATS + FAN_SEATS);
    this.staff = [];
    for (let i = 0; i < STAFF; i++) this.staff.push(new Staff(venue, i, await Person.staff(first)));
    this.fans = [];
    for (let i = 0; i < FANS; i++) this.fans.push(new Fan(venue, i, await Person.signUp(first)));
    this.seats = free;
  }

  /** Begins the load; it ends when it is over. */
  begin(load) {
    const shared = this.seats.slice(-FAN_SEATS);
    this.viewers = Array.from({ length: VIEWERS }, (_, i) => new Viewer(this.venue, i));
    return Promise.all([
      ...this.viewers.map((viewer) => viewer.watch(load)),
      ...this.staff.map((one, i) => one.work(load, this.seats.slice(i * STAFF_SEATS, (i + 1) * STAFF_SEATS))),
      ...this.fans.map((one) => one.work(load, shared)),
    ]);
  }

  async #events() {
    const rows = await this.venue.postgres.rows(`SELECT seq, payload FROM events WHERE topic = 'hall:${HALL}' ORDER BY seq`);
    return rows.map(({ seq, payload }) => ({ seq, ...JSON.parse(payload) }));
  }

  /** Every change that was told happened, once and in its order, and nothing else; every viewer was told so, of each. */
  async check() {
    const events = await this.#events();
    events.forEach(({ seq }, i) => assert.equal(seq, i + 1, 'a seq has no gap'));
    for (const { made } of this.staff) this.#checkStaff(events, made);
    this.#checkFans(events);
    for (const viewer of this.viewers) await viewer.reach(events.length);
    const snapshot = await this.#snapshots(events.length);
    for (const [i, viewer] of this.viewers.entries()) this.#checkViewer(`viewer ${i}`, viewer, events, snapshot);
    const changes = this.staff.reduce((sum, { made }) => sum + made.length, 0);
    const won = this.fans.reduce((sum, { made }) => sum + made.length / 2, 0);
    const lost = this.fans.reduce((sum, one) => sum + one.lost, 0);
    const moves = this.viewers.reduce((sum, { closes }) => sum + closes.length, 0);
    const back = this.viewers.reduce((sum, one) => sum + one.back, 0);
    return `${events.length} events: ${changes} changes by staff, ${won} seats won and ${lost} lost by others; viewers went on elsewhere ${moves} times, ${back} times at a server that was behind`;
  }

  #checkStaff(events, made) {
    const own = new Set(made.map(({ seat }) => seat));
    const happened = events.filter(({ seats }) => own.has(seats[0])).map(({ seats, to }) => ({ seat: seats[0], status: to }));
    assert.deepEqual(happened, made.map(({ seat, status }) => ({ seat, status })), 'what staff was told, once and in order');
    for (const { seat, status, seq } of made) {
      if (seq === undefined) continue;
      assert.deepEqual([events[seq - 1].seats, events[seq - 1].to], [[seat], status], `seq ${seq}`);
    }
  }

  /** Of each fan what he was told, in his order; between one's reservation and release of a seat nobody else has it. */
  #checkFans(events) {
    const seats = new Set(this.fans.flatMap(({ made }) => made.map(({ seat }) => seat)));
    const happened = events.filter((event) => seats.has(event.seats[0]));
    const byPerson = grouped(happened, ({ by }) => by);
    const told = this.fans.map(({ made }) => JSON.stringify(made));
    const found = [...byPerson.values()].map((list) => JSON.stringify(list.map((event) => ({ seat: event.seats[0], status: event.to }))));
    assert.deepEqual(found.sort(), told.filter((one) => one !== '[]').sort(), 'what fans were told, once and in order');
    const holders = new Map();
    for (const event of happened) {
      const [seat] = event.seats;
      if (event.to === 'RESERVED') assert.equal(holders.get(seat), undefined, `seat ${seat} was reserved twice, seq ${event.seq}`);
      else assert.equal(holders.get(seat), event.by, `seat ${seat} was given back by another, seq ${event.seq}`);
      holders.set(seat, event.to === 'RESERVED' ? event.by : undefined);
    }
  }

  /** The hall as each server tells it to a newcomer; the same everywhere. */
  async #snapshots(seq) {
    const halls = [];
    for (const server of this.venue.servers) {
      const line = await Line.open(server);
      let data;
      await until(async () => {
        ({ data } = await line.ask('hall.subscribe', { id: HALL }, 'hall'));
        line.send({ type: 'hall.unsubscribe', data: { sub_eid: 'hall' }, eid: 'x', ts: 0 });
        return data.seq === seq;
      }, () => `${server.name} is at ${data?.seq} of ${seq}`);
      halls.push(new Map(data.seats.map(({ id, status }) => [id, status])));
      await line.close();
    }
    const rows = await this.venue.postgres.rows(`SELECT id, status FROM seats WHERE hall_id = ${HALL}`);
    const truth = new Map(rows.map(({ id, status }) => [id, STATUSES[status]]));
    for (const hall of halls) for (const [id, status] of truth) assert.equal(hall.get(id), status, `seat ${id}`);
    return truth;
  }

  #checkViewer(who, { told, faults }, events, last) {
    assert.deepEqual(faults, [], who);
    const statuses = new Map(last); // as it was before the first event: all that changed has been vacant
    for (const { seats } of events) for (const seat of seats) statuses.set(seat, 'VACANT');
    const history = new Map([...statuses].map(([seat, status]) => [seat, [[0, status]]]));
    for (const { seq, seats, to } of events) for (const seat of seats) history.get(seat).push([seq, to]);
    const at = (seat, seq) => history.get(seat).findLast(([since]) => since <= seq)[1];
    for (const { seq, statuses: said } of told) for (const [seat, status] of said) assert.equal(status, at(seat, seq), `${who}: seat ${seat} at ${seq}`);
  }
}

function grouped(list, key) {
  const groups = new Map();
  for (const one of list) groups.set(key(one), [...(groups.get(key(one)) ?? []), one]);
  return groups;
}
