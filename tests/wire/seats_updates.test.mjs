// Changing seats on /ws (seats contract, 2.9; contracts' first page): who may do what, in which order that is looked at,
// and that of many who want one seat one gets it.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { Line, Person, startFoyer } from './support/foyer.mjs';

const OPERA = 3;
const AUDITORIUM = 4;

let foyer;
let guest;
let visitor;
let other;
let staff;
let free; // seats of the opera that are vacant and that no test has used yet

before(async () => {
  foyer = await startFoyer();
  guest = { socket: await Line.open(foyer) };
  for (const person of [visitor, other, staff] = [await Person.signUp(foyer), await Person.signUp(foyer), await Person.staff(foyer)]) {
    person.socket = await person.line();
  }
  const { data: hall } = await guest.socket.ask('hall.subscribe', { id: OPERA }, 'once');
  guest.socket.send({ type: 'hall.unsubscribe', data: { sub_eid: 'once' }, eid: 'x' });
  free = hall.seats.filter((seat) => seat.status === 'VACANT').map(({ id }) => id);
});
after(async () => {
  for (const line of [guest.socket, visitor.socket, other.socket, staff.socket]) await line.close();
  foyer.command('verify');
  await foyer.end();
});

const set = ({ socket }, seat_id, status, more) =>
  socket.ask('hall.update_seat_status', { hall_id: OPERA, seat_id, status, reply: 'delta', ...more });
const setMany = ({ socket }, seat_ids, status, more) =>
  socket.ask('hall.update_seats_status', { hall_id: OPERA, seat_ids, status, ...more });
const outcome = ({ status, error }) => error ?? status;

/** Watches the opera; `changes()` gives what was told since, `next()` what is told next: an update may come after the reply. */
async function watch() {
  const line = await Line.open(foyer);
  const { data: hall } = await line.ask('hall.subscribe', { id: OPERA }, 'hall-sub');
  const statusOf = (seat_id) => hall.seats.find(({ id }) => id === seat_id).status;
  const changes = async () => (await line.rest()).map(({ data }) => data);
  const next = async () => (await line.take(({ status }) => status === 'update')).data;
  return { hall, statusOf, changes, next, close: () => line.close() };
}

async function statusOf(seat_id) {
  const watching = await watch();
  await watching.close();
  return watching.statusOf(seat_id);
}

describe('hall.update_seat_status', () => {
  test('looks first who asks, then at the hall, the seat, the status, at what there is, and at who may', async () => {
    const [seat_id, taken] = free.splice(0, 2);
    const elsewhere = (await guest.socket.ask('hall.subscribe', { id: AUDITORIUM }, 'elsewhere')).data.seats[0].id;
    await set(other, taken, 'RESERVED');
    const good = { hall_id: OPERA, seat_id, status: 'RESERVED' };
    const bad = [undefined, null, '1', 0, -1, 1.5, true, {}, 2 ** 53 * 4];
    const cases = [
      [guest.socket, { hall_id: 'x' }, 'Unauthorized'], [guest.socket, null, 'Unauthorized'],
      ...bad.map((hall_id) => [visitor.socket, { ...good, hall_id, seat_id: 'x' }, 'RequiredHallId']),
      [visitor.socket, null, 'RequiredHallId'], [visitor.socket, [], 'RequiredHallId'], [visitor.socket, 'x', 'RequiredHallId'],
      ...bad.map((id) => [visitor.socket, { ...good, hall_id: 999, seat_id: id, status: 'NONE' }, 'InvalidSeatData']),
      ...['', 'reserved', 'FREE', ' VACANT', null, 1, undefined, ['VACANT'], 'x'.repeat(5000)].map((status) => [visitor.socket, { ...good, hall_id: 999, status }, 'InvalidSeatData']),
      [visitor.socket, { ...good, hall_id: 999, seat_id: 1 }, 'HallNotFound'],
      [visitor.socket, { ...good, seat_id: 99_999_999 }, 'SeatNotFound'], [visitor.socket, { ...good, seat_id: elsewhere }, 'SeatNotFound'],
      [visitor.socket, { ...good, seat_id: elsewhere, status: 'OCCUPIED' }, 'SeatNotFound'],
      [visitor.socket, { ...good, status: 'OCCUPIED' }, 'Forbidden'], [visitor.socket, { ...good, status: 'MAINTENANCE' }, 'Forbidden'],
      [visitor.socket, { ...good, seat_id: taken, status: 'OCCUPIED' }, 'Forbidden'],
      [visitor.socket, { ...good, seat_id: taken, status: 'VACANT' }, 'Forbidden'],
      [visitor.socket, { ...good, seat_id: taken }, 'SeatReserved'],
    ];
    const watching = await watch();
    for (const [line, data, error] of cases) {
      const answer = await line.ask('hall.update_seat_status', data);
      assert.equal(outcome(answer), error, JSON.stringify(data).slice(0, 100));
      assert.equal(answer.type, 'hall.update_seat_status');
      assert.equal(answer.data, null);
    }
    assert.deepEqual(await watching.changes(), [], 'nobody heard of what did not happen');
    await watching.close();
  });

  test('a visitor reserves what is vacant and releases what is their own', async () => {
    const [seat] = free.splice(0, 1);
    for (const status of ['RESERVED', 'VACANT', 'RESERVED']) {
      assert.equal(outcome(await set(visitor, seat, status)), 'success');
      assert.equal(await statusOf(seat), status);
    }
  });

  test('what is released, another may reserve', async () => {
    const [seat] = free.splice(0, 1);
    await set(visitor, seat, 'RESERVED');
    await set(visitor, seat, 'VACANT');
    assert.equal(outcome(await set(other, seat, 'RESERVED')), 'success');
    assert.equal(outcome(await set(visitor, seat, 'VACANT')), 'Forbidden');
  });

  test('the status it already has is a success without an event', async () => {
    const [seat, vacant] = free.splice(0, 2);
    await set(visitor, seat, 'RESERVED');
    const watching = await watch();
    assert.equal(outcome(await set(visitor, seat, 'RESERVED')), 'success');
    assert.equal(outcome(await set(visitor, vacant, 'VACANT')), 'success');
    assert.equal(outcome(await set(staff, seat, 'RESERVED')), 'success');
    const whole = await set(visitor, seat, 'RESERVED', { reply: undefined });
    assert.deepEqual(whole.data, watching.hall, 'the answer is the hall as it was');
    assert.deepEqual(await watching.changes(), []);
    await watching.close();
    assert.equal(outcome(await set(visitor, seat, 'VACANT')), 'success', 'staff has not taken it over');
  });

  test('staff sets any status, of anybody’s seat; a visitor touches none of them', async () => {
    const [seat] = free.splice(0, 1);
    await set(visitor, seat, 'RESERVED');
    for (const status of ['OCCUPIED', 'MAINTENANCE', 'OCCUPIED']) {
      assert.equal(outcome(await set(staff, seat, status)), 'success');
      assert.equal(await statusOf(seat), status);
      assert.equal(outcome(await set(visitor, seat, 'RESERVED')), 'SeatReserved');
      assert.equal(outcome(await set(visitor, seat, 'VACANT')), 'Forbidden');
      assert.equal(outcome(await set(visitor, seat, status)), 'Forbidden');
    }
    assert.equal(outcome(await set(staff, seat, 'VACANT')), 'success');
    assert.equal(outcome(await set(other, seat, 'RESERVED')), 'success');
    assert.equal(outcome(await set(staff, seat, 'VACANT')), 'success');
  });

  test('who becomes staff is so at the next call, who is no longer, too', async () => {
    const [seat] = free.splice(0, 1);
    const person = await Person.signUp(foyer);
    const line = await person.line();
    assert.equal(outcome(await set({ socket: line }, seat, 'MAINTENANCE')), 'Forbidden');
    foyer.command('user', 'role', person.username, 'staff');
    assert.equal(outcome(await set({ socket: line }, seat, 'MAINTENANCE')), 'success');
    foyer.command('user', 'role', person.username, 'visitor');
    assert.equal(outcome(await set({ socket: line }, seat, 'VACANT')), 'Forbidden');
    await line.close();
  });

  test('with reply delta answers what changed', async () => {
    const [seat] = free.splice(0, 1);
    const watching = await watch();
    const { data, type } = await set(visitor, seat, 'RESERVED');
    assert.equal(type, 'hall.update_seat_status');
    const change = await watching.next();
    assert.deepEqual(data, { id: OPERA, seq: change.seq, seats: change.seats });
    await watching.close();
  });

  test('of many who want one seat at once, one gets it', async () => {
    const lines = await Promise.all(Array.from({ length: 12 }, async () => (await Person.signUp(foyer)).line()));
    const watching = await watch();
    for (const seat of free.splice(0, 20)) {
      const outcomes = (await Promise.all(lines.map((line) => set({ socket: line }, seat, 'RESERVED')))).map(outcome);
      assert.equal(outcomes.filter((each) => each === 'success').length, 1, `${outcomes}`);
      assert.equal(outcomes.filter((each) => each === 'SeatReserved').length, 11, `${outcomes}`);
    }
    const told = [];
    while (told.length < 20) told.push(...(await watching.next()).seats);
    told.push(...(await watching.changes()).flatMap(({ seats }) => seats));
    assert.equal(told.length, 20, 'each seat was told once');
    for (const line of [...lines, watching]) await line.close();
  });

  test('all that is true on several loops as well, and every watcher hears it', async () => {
    const wide = await startFoyer({ LOOPS: '4' });
    const lines = await Promise.all(Array.from({ length: 8 }, async () => (await Person.signUp(wide)).line()));
    const halls = await Promise.all(lines.map(async (line) => (await line.ask('hall.subscribe', { id: OPERA }, 'hall-sub')).data));
    const wanted = halls[0].seats.filter(({ status }) => status === 'VACANT').slice(0, 20).map(({ id }) => id);
    for (const seat of wanted) {
      const outcomes = await Promise.all(lines.map(async (line) => outcome(await set({ socket: line }, seat, 'RESERVED'))));
      assert.equal(outcomes.filter((each) => each === 'success').length, 1, `${outcomes}`);
    }
    for (const [i, line] of lines.entries()) {
      const heard = [];
      for (let { seq } = halls[i]; heard.length < wanted.length;) {
        const { data } = await line.update('hall-sub');
        assert.equal(data.since, seq, 'no gap');
        seq = data.seq;
        heard.push(...data.seats.map(({ id }) => id));
      }
      assert.deepEqual(heard, wanted);
      await line.close();
    }
    await wide.end();
  });

  test('an acknowledged change is there after a crash', async () => {
    const crashing = await startFoyer();
    const person = await Person.signUp(crashing);
    const line = await person.line();
    const { data: hall } = await line.ask('hall.subscribe', { id: OPERA }, 'hall-sub');
    const wanted = hall.seats.filter(({ status }) => status === 'VACANT').slice(0, 200).map(({ id }) => id);
    const acknowledged = [];
    const asking = Promise.allSettled(wanted.map(async (seat) => {
      if (outcome(await set({ socket: line }, seat, 'RESERVED')) === 'success') acknowledged.push(seat);
      if (acknowledged.length === 100) await crashing.crash();
    }));
    await asking;
    const again = await Line.open(crashing);
    const { data: after_crash } = await again.ask('hall.subscribe', { id: OPERA }, 'hall-sub');
    const reserved = new Set(after_crash.seats.filter(({ status }) => status === 'RESERVED').map(({ id }) => id));
    assert.ok(acknowledged.length >= 100);
    for (const seat of acknowledged) assert.ok(reserved.has(seat));
    await again.close();
    crashing.command('verify');
    await crashing.end();
  });
});

describe('hall.update_seats_status', () => {
  test('changes all of them, as one event', async () => {
    const seats = free.splice(0, 30);
    const watching = await watch();
    const answer = await setMany(visitor, seats, 'RESERVED');
    assert.deepEqual([answer.status, answer.type], ['success', 'hall.update_seats_status']);
    const changes = [await watching.next(), ...(await watching.changes())];
    assert.equal(changes.length, 1);
    assert.equal(changes[0].seq, changes[0].since + 1);
    assert.deepEqual(changes[0].seats.map(({ id }) => id), seats);
    assert.deepEqual(answer.data, { id: OPERA, seq: changes[0].seq, seats: changes[0].seats });
    await watching.close();
  });

  test('or none, and says which are gone', async () => {
    const seats = free.splice(0, 6);
    await setMany(other, [seats[4], seats[1]], 'RESERVED');
    const watching = await watch();
    const answer = await setMany(visitor, seats, 'RESERVED');
    assert.equal(answer.error, 'SeatReserved');
    assert.deepEqual(answer.data, { seat_ids: [seats[1], seats[4]] });
    assert.deepEqual(await watching.changes(), []);
    assert.equal(watching.statusOf(seats[0]), 'VACANT');
    await watching.close();
  });

  test('tells only the seats that changed', async () => {
    const seats = free.splice(0, 4);
    await set(visitor, seats[2], 'RESERVED');
    const answer = await setMany(visitor, seats, 'RESERVED');
    assert.deepEqual(answer.data.seats.map(({ id }) => id), [seats[0], seats[1], seats[3]]);
    const watching = await watch();
    assert.deepEqual((await setMany(visitor, seats, 'RESERVED')).data.seats, []);
    assert.deepEqual(await watching.changes(), []);
    await watching.close();
  });

  test('looks at the same things in the same order', async () => {
    const [seat, taken] = free.splice(0, 2);
    await set(other, taken, 'RESERVED');
    const cases = [
      [guest, [seat], 'RESERVED', { hall_id: 0 }, 'Unauthorized'],
      [visitor, [], 'NONE', { hall_id: 0 }, 'RequiredHallId'],
      ...[undefined, null, [], {}, seat, ['1'], [0], [1.5], [seat, null], Array(2001).fill(seat)].map((ids) => [visitor, ids, 'RESERVED', { hall_id: 999 }, 'InvalidSeatData']),
      [visitor, [seat], 'NONE', { hall_id: 999 }, 'InvalidSeatData'],
      [visitor, [seat], 'RESERVED', { hall_id: 999 }, 'HallNotFound'],
      [visitor, [seat, 99_999_999], 'RESERVED', {}, 'SeatNotFound'],
      [visitor, [seat], 'OCCUPIED', {}, 'Forbidden'], [visitor, [seat, taken], 'VACANT', {}, 'Forbidden'],
      [visitor, [seat, taken], 'RESERVED', {}, 'SeatReserved'],
      [visitor, [seat, seat], 'RESERVED', {}, 'InvalidSeatData'],
      [staff, [seat, taken], 'MAINTENANCE', {}, 'success'], [staff, [seat, taken], 'VACANT', {}, 'success'],
    ];
    for (const [who, ids, status, more, expected] of cases) {
      assert.equal(outcome(await setMany(who, ids, status, more)), expected, JSON.stringify([ids, status, more]).slice(0, 100));
    }
    assert.equal(await statusOf(seat), 'VACANT');
  });

  test('takes 2000 seats', async () => {
    const arena = await staff.socket.ask('hall.subscribe', { id: 6 }, 'arena');
    staff.socket.send({ type: 'hall.unsubscribe', data: { sub_eid: 'arena' }, eid: 'x' });
    const ids = arena.data.seats.slice(0, 2000).map(({ id }) => id);
    const { data } = await setMany(staff, ids, 'OCCUPIED', { hall_id: 6 });
    assert.equal(data.seats.length, 2000);
  });

  test('of two who want overlapping seats at once, one gets all of theirs', async () => {
    for (let i = 0; i < 10; i++) {
      const seats = free.splice(0, 5);
      const [mine, theirs] = [seats.slice(0, 3), seats.slice(2)];
      const answers = await Promise.all([setMany(visitor, mine, 'RESERVED'), setMany(other, theirs, 'RESERVED')]);
      assert.deepEqual(answers.map(outcome).sort(), ['SeatReserved', 'success']);
      const lost = answers.find(({ error }) => error);
      assert.deepEqual(lost.data, { seat_ids: [seats[2]] });
    }
  });
});

describe('hall.my_seats', () => {
  test('tells what the caller has reserved in that hall', async () => {
    const person = await Person.signUp(foyer);
    const line = await person.line();
    const mine = async (hall_id = OPERA) => (await line.ask('hall.my_seats', { hall_id })).data;
    assert.deepEqual(await mine(), { seat_ids: [] });
    const seats = free.splice(0, 3);
    await setMany({ socket: line }, seats, 'RESERVED');
    assert.deepEqual(await mine(), { seat_ids: seats });
    await set({ socket: line }, seats[1], 'VACANT');
    await set(staff, seats[2], 'OCCUPIED');
    assert.deepEqual(await mine(), { seat_ids: [seats[0]] });
    assert.deepEqual(await mine(AUDITORIUM), { seat_ids: [] });
    await line.close();
  });

  test('is for those who are signed in, and wants a hall', async () => {
    assert.equal((await guest.socket.ask('hall.my_seats', { hall_id: OPERA })).error, 'Unauthorized');
    assert.equal((await visitor.socket.ask('hall.my_seats', null)).error, 'RequiredHallId');
    assert.equal((await visitor.socket.ask('hall.my_seats', { hall_id: 0 })).error, 'RequiredHallId');
  });
});

test('what was acknowledged is in every later picture, also while another process writes to the file', async () => {
  const [seat] = free.splice(0, 1);
  for (let turn = 0; turn < 4; turn++) {
    // Its commit makes the server read its pictures anew within a second; the changes here run into that.
    foyer.command('user', 'add', `somebody_${turn}`);
    const end = Date.now() + 1300;
    for (let status = 'RESERVED'; Date.now() < end; status = status === 'VACANT' ? 'RESERVED' : 'VACANT') {
      assert.equal(outcome(await set(visitor, seat, status)), 'success');
      assert.equal(await statusOf(seat), status);
    }
  }
});
