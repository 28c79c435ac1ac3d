// What we add to the seats wire (docs/wire_additions.md): going on from a seq, binary frames byte for byte, and the plan
// of a hall.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';

import { Line, Person, startFoyer } from './support/foyer.mjs';

const STATUSES = ['VACANT', 'RESERVED', 'OCCUPIED', 'MAINTENANCE'];
const ARENA = 6;
const SEATS_A_CALL = 2000;

let foyer;
let staff; // the socket of somebody who may set anything

before(async () => {
  foyer = await startFoyer();
  staff = await (await Person.staff(foyer)).line();
});
after(() => foyer.end());

const set = (line, hall_id, seat, status) => line.ask('hall.update_seat_status', { hall_id, seat_id: seat.id, status, reply: 'delta' });

async function hallOf(id) {
  const line = await Line.open(foyer);
  const { data } = await line.ask('hall.subscribe', { id });
  await line.close();
  return data;
}

/** Subscribes anew from a seq; gives the first message. */
async function resume(id, since, more) {
  const line = await Line.open(foyer);
  const message = await line.ask('hall.subscribe', { id, since, ...more }, 'hall-sub');
  await line.close();
  return message;
}

/** Reads a binary frame by the table of the page. */
function readFrame(bytes) {
  let at = 0;
  const take = (count) => bytes.subarray(at, (at += count));
  const frame = { kind: take(1)[0] };
  frame.eid = String(take(take(1)[0]));
  frame.hall = take(4).readUInt32LE();
  frame.seq = Number(take(8).readBigUInt64LE());
  frame.since = Number(take(8).readBigUInt64LE());
  const n = take(4).readUInt32LE();
  if (frame.kind === 1) {
    frame.plan = take(8).toString('hex');
    const packed = take(Math.ceil(n / 4));
    frame.statuses = Array.from({ length: n }, (_, i) => STATUSES[(packed[i >> 2] >> (2 * (i & 3))) & 3]);
    if (n % 4 !== 0) assert.equal(packed.at(-1) >> (2 * (n % 4)), 0, 'the bits of no seat are 0');
  } else {
    assert.equal(frame.kind, 2);
    frame.changes = Array.from({ length: n }, () => take(4).readUInt32LE()).map((word) => [word >> 2, STATUSES[word & 3]]);
  }
  assert.equal(at, bytes.length, 'nothing is behind it');
  return frame;
}

describe('going on from a seq', () => {
  test('nothing missed is an update without seats', async () => {
    const hall = await hallOf(1);
    const { status, type, data } = await resume(1, hall.seq);
    assert.deepEqual([status, type], ['update', 'hall.subscribe']);
    assert.deepEqual(data, { id: 1, since: hall.seq, seq: hall.seq, seats: [], seat_types: [] });
  });

  test('all that was missed is one update, each seat once with its last status; then it goes on as usual', async () => {
    const hall = await hallOf(1);
    const [first, second] = hall.seats.filter(({ status }) => status === 'VACANT');
    for (const [seat, status] of [[first, 'RESERVED'], [second, 'OCCUPIED'], [first, 'MAINTENANCE'], [first, 'VACANT']]) await set(staff, 1, seat, status);
    const line = await Line.open(foyer);
    const { status, data } = await line.ask('hall.subscribe', { id: 1, since: hall.seq }, 'hall-sub');
    assert.equal(status, 'update');
    assert.deepEqual([data.since, data.seq], [hall.seq, hall.seq + 4]);
    assert.deepEqual(data.seats.map(({ id, status: now }) => [id, now]).sort(), [[first.id, 'VACANT'], [second.id, 'OCCUPIED']].sort());
    const now = await hallOf(1);
    for (const change of data.seats) assert.equal(change.updated_at, now.seats.find(({ id }) => id === change.id).updated_at);
    for (const change of data.seat_types) assert.deepEqual(change.seats, now.seat_types.find(({ id }) => id === change.id).seats);
    await set(staff, 1, second, 'VACANT');
    const next = await line.update('hall-sub');
    assert.deepEqual([next.data.since, next.data.seq], [data.seq, data.seq + 1]);
    await line.close();
    const later = await resume(1, hall.seq + 3);
    assert.deepEqual(later.data.seats.map(({ id }) => id).sort(), [first.id, second.id].sort());
  });

  test('a seq ahead of ours is answered with a snapshot', async () => {
    const hall = await hallOf(1);
    const { status, data } = await resume(1, hall.seq + 1);
    assert.equal(status, 'snapshot');
    assert.deepEqual(data, hall);
  });

  test('a seq too old is answered with a snapshot, the newest that is known with an update', async () => {
    const { seq, seats } = await hallOf(ARENA);
    for (let call = 0; call < 6; call++) {
      const seat_ids = seats.slice(call * SEATS_A_CALL, (call + 1) * SEATS_A_CALL).map(({ id }) => id);
      const { error } = await staff.ask('hall.update_seats_status', { hall_id: ARENA, seat_ids, status: 'MAINTENANCE' });
      assert.equal(error, null);
    }
    assert.equal((await resume(ARENA, seq)).status, 'snapshot');
    const recent = await resume(ARENA, seq + 4);
    assert.equal(recent.status, 'update');
    assert.equal(recent.data.seats.length, 2 * SEATS_A_CALL);
  });

  for (const since of [-1, 1.5, '3', true]) {
    test(`since ${JSON.stringify(since)} is InvalidRequest`, async () => {
      assert.equal((await resume(1, since)).error, 'InvalidRequest');
    });
  }

  test('goes on across a restart, and a crash', async () => {
    const before_crash = await startFoyer();
    const person = await Person.staff(before_crash);
    let line = await person.line();
    const { data: hall } = await line.ask('hall.subscribe', { id: 4 }, 'hall-sub');
    const [seat, other] = hall.seats.filter(({ status }) => status === 'VACANT');
    await set(line, 4, seat, 'OCCUPIED');
    await set(line, 4, other, 'MAINTENANCE');
    await before_crash.crash();
    line = await person.line();
    const missed = await line.ask('hall.subscribe', { id: 4, since: hall.seq }, 'hall-sub');
    assert.equal(missed.status, 'update');
    assert.deepEqual([missed.data.since, missed.data.seq], [hall.seq, hall.seq + 2]);
    assert.deepEqual(missed.data.seats.map(({ id, status }) => [id, status]), [[seat.id, 'OCCUPIED'], [other.id, 'MAINTENANCE']]);
    await set(line, 4, seat, 'VACANT');
    assert.equal((await line.update('hall-sub')).data.seq, hall.seq + 3, 'the count goes on');
    await line.close();
    await before_crash.end();
  });
});

describe('binary frames', () => {
  for (const id of [1, 2, 3, ARENA]) {
    test(`the snapshot of hall ${id} says what the JSON says`, async () => {
      const hall = await hallOf(id);
      const line = await Line.open(foyer);
      line.send({ type: 'hall.subscribe', data: { id, format: 'binary' }, eid: 'größe' });
      const bytes = await line.take(Buffer.isBuffer);
      assert.deepEqual(readFrame(bytes), {
        kind: 1, eid: 'größe', hall: id, seq: hall.seq, since: 0, plan: hall.plan, statuses: hall.seats.map(({ status }) => status),
      });
      assert.equal(bytes.length, 1 + 1 + 7 + 4 + 8 + 8 + 4 + 8 + Math.ceil(hall.seats.length / 4));
      await line.close();
    });
  }

  test('an update is what changed, as index and status', async () => {
    const { seats, seq } = await hallOf(2);
    const line = await Line.open(foyer);
    line.send({ type: 'hall.subscribe', data: { id: 2, format: 'binary' }, eid: 'b' });
    await line.take(Buffer.isBuffer);
    const index = seats.findIndex(({ status }) => status === 'VACANT');
    for (const [i, status] of ['MAINTENANCE', 'OCCUPIED', 'RESERVED', 'VACANT'].entries()) {
      await set(staff, 2, seats[index], status);
      const bytes = await line.take(Buffer.isBuffer);
      const word = Buffer.alloc(4);
      word.writeUInt32LE((index << 2) | STATUSES.indexOf(status));
      assert.deepEqual(bytes, Buffer.concat([
        Buffer.from([2, 1]), Buffer.from('b'), Buffer.from([2, 0, 0, 0]), Buffer.from([seq + i + 1, 0, 0, 0, 0, 0, 0, 0]),
        Buffer.from([seq + i, 0, 0, 0, 0, 0, 0, 0]), Buffer.from([1, 0, 0, 0]), word,
      ]));
    }
    await line.close();
    const again = await Line.open(foyer);
    again.send({ type: 'hall.subscribe', data: { id: 2, format: 'binary', since: seq }, eid: 'b' });
    const missed = readFrame(await again.take(Buffer.isBuffer));
    assert.deepEqual(missed, { kind: 2, eid: 'b', hall: 2, seq: seq + 4, since: seq, changes: [[index, 'VACANT']] });
    await again.close();
    const ahead = await Line.open(foyer);
    ahead.send({ type: 'hall.subscribe', data: { id: 2, format: 'binary', since: 10_000 }, eid: 'b' });
    assert.equal(readFrame(await ahead.take(Buffer.isBuffer)).kind, 1);
    await ahead.close();
  });

  test('errors stay JSON, and so do all other subscriptions', async () => {
    const line = await Line.open(foyer);
    assert.equal((await line.ask('hall.subscribe', { id: 999, format: 'binary' })).error, 'HallNotFound');
    assert.equal((await line.ask('cinemas.subscribe', { format: 'binary' })).status, 'snapshot');
    assert.equal((await line.ask('hall.subscribe', { id: 2, format: 'json' })).status, 'snapshot');
    await line.close();
  });
});

describe('the plan', () => {
  const fetchPlan = (id, hash, headers) => foyer.request({ path: `/plan/${id}/${hash}`, headers });

  test('is the geometry that the hall tells, in columns', async () => {
    for (const id of [1, 4, ARENA]) {
      const hall = await hallOf(id);
      const answer = await fetchPlan(id, hall.plan);
      assert.equal(answer.status, 200);
      assert.equal(answer.headers['cache-control'], 'public, max-age=31536000, immutable');
      assert.match(answer.headers['content-type'], /^application\/json/);
      assert.equal(answer.headers['content-encoding'], undefined);
      const plan = answer.json();
      assert.deepEqual([plan.id, plan.cinema_id, plan.name, plan.rows, plan.places, plan.plan], [id, hall.cinema_id, hall.name, hall.rows, hall.places, hall.plan]);
      const seats = plan.seats.id.map((seat_id, i) => {
        const column = (name) => plan.seats[name][i];
        const { id: type, name } = plan.seat_types[column('type')];
        return {
          id: seat_id, row: column('row'), place: column('place'), x: column('x'), y: column('y'), width: column('width'),
          height: column('height'), rotation: column('rotation'), seat_type: { id: type, name },
        };
      });
      assert.deepEqual(seats, hall.seats.map(({ status, updated_at, ...geometry }) => geometry));
      for (const { color } of plan.seat_types) assert.match(color, /^#[0-9a-f]{6}$/i);
      for (const zone of plan.seats.zone) assert.ok(zone === -1 || plan.zones[zone] !== undefined);
      for (const index of Object.keys(plan.seats.label)) assert.ok(seats[index]);
      for (const area of plan.areas) assert.ok(['rectangle', 'circle', 'ellipse', 'polygon', 'text'].includes(area.shape));
    }
  });

  test('is compressed where that is accepted, every time', async () => {
    const { plan } = await hallOf(ARENA);
    const plain = (await fetchPlan(ARENA, plan, { 'Accept-Encoding': 'gzip;q=0, *;q=0' })).text;
    for (let i = 0; i < 3; i++) {
      const answer = await fetchPlan(ARENA, plan, { 'Accept-Encoding': 'gzip, br' });
      assert.equal(answer.headers['content-encoding'], 'gzip');
      assert.match(answer.headers.vary, /Accept-Encoding/);
      assert.equal(String(gunzipSync(answer.body)), plain);
    }
  });

  test('under another hash or of another hall is NotFound', async () => {
    const { plan } = await hallOf(1);
    for (const [id, hash] of [[1, '0123456789abcdef'], [2, plan], [999, plan], [0, plan], ['x', plan], [1, plan.slice(1)], [1, `${plan}0`], [1, ''], [1, plan.toUpperCase() === plan ? 'x' : plan.toUpperCase()]]) {
      const answer = await fetchPlan(id, hash);
      assert.equal(answer.status, 404);
      assert.equal(answer.text, '{"error":"NotFound"}');
    }
  });
});
