// What can be watched on /ws (seats contract, 2.7 to 2.9): subscribing and unsubscribing, and the shapes of snapshots and
// updates.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { Browser, Line, Person, startFoyer } from './support/foyer.mjs';

const STATUSES = ['VACANT', 'RESERVED', 'OCCUPIED', 'MAINTENANCE'];
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const SUBSCRIPTIONS_MAX = 100;

let foyer;

before(async () => {
  foyer = await startFoyer();
});
after(() => foyer.end());

const onLine = (act) => async () => {
  const line = await new Browser(foyer).line();
  await act(line);
  await line.close();
};

const count = (seats) => Object.fromEntries(STATUSES.map((status) => [status, seats.filter((seat) => seat.status === status).length]));
const ascending = (items) => items.every((item, i) => i === 0 || items[i - 1].id < item.id);
const integers = (object, ...keys) => keys.forEach((key) => assert.ok(Number.isInteger(object[key]), `${key} is ${object[key]}`));

function assertHall(hall, id) {
  assert.deepEqual(Object.keys(hall).filter((key) => !['plan', 'seq'].includes(key)), [
    'id', 'created_at', 'cinema_id', 'name', 'rows', 'places', 'seats', 'seat_types',
  ]);
  assert.equal(hall.id, id);
  assert.match(hall.created_at, ISO);
  assert.match(hall.plan, /^[0-9a-f]{16}$/);
  integers(hall, 'seq', 'cinema_id', 'rows', 'places');
  assert.ok(ascending(hall.seats) && ascending(hall.seat_types));
  for (const seat of hall.seats) assertSeat(seat, hall);
  assert.equal(Math.max(...hall.seats.map(({ row }) => row)), hall.rows);
  assert.equal(Math.max(...hall.seats.map(({ place }) => place)), hall.places);
  const used = [...new Set(hall.seats.map(({ seat_type }) => seat_type.id))].sort((a, b) => a - b);
  assert.deepEqual(hall.seat_types.map((type) => type.id), used);
  for (const type of hall.seat_types) {
    const seats = hall.seats.filter(({ seat_type }) => seat_type.id === type.id);
    assert.deepEqual(type, { id: type.id, name: seats[0].seat_type.name, seats_count: seats.length, seats: count(seats) });
    assert.deepEqual(Object.keys(type.seats), STATUSES);
  }
}

function assertSeat(seat) {
  assert.deepEqual(Object.keys(seat), ['id', 'row', 'place', 'status', 'x', 'y', 'width', 'height', 'rotation', 'seat_type', 'updated_at']);
  integers(seat, 'id', 'row', 'place', 'x', 'y', 'width', 'height');
  assert.ok(seat.row >= 1 && seat.place >= 1);
  assert.equal(typeof seat.rotation, 'number');
  assert.ok(STATUSES.includes(seat.status));
  assert.deepEqual(Object.keys(seat.seat_type), ['id', 'name']);
  assert.match(seat.updated_at, ISO);
}

/** A person's socket, and the vacant seats of a hall. */
async function booker(hallId) {
  const person = await Person.signUp(foyer);
  const line = await person.line();
  const { data: hall } = await line.ask('hall.subscribe', { id: hallId }, 'own');
  await Promise.all([line.send({ type: 'hall.unsubscribe', data: { sub_eid: 'own' }, eid: 'x' }), line.rest()]);
  const vacant = hall.seats.filter((seat) => seat.status === 'VACANT');
  const set = (seat, status) => line.ask('hall.update_seat_status', { hall_id: hallId, seat_id: seat.id, status });
  return { person, line, hall, vacant, set };
}

describe('snapshots', () => {
  test('of the cinemas: those of the demo, by id, with counters of each status', onLine(async (line) => {
    const { status, type, data, eid } = await line.ask('cinemas.subscribe', null, 'cinemas-sub');
    assert.deepEqual([status, type, eid], ['snapshot', 'cinemas.subscribe', 'cinemas-sub']);
    assert.deepEqual(data.map(({ name, color }) => `${name} ${color}`), [
      'Grand Cinema #FF4500', 'City Center Multiplex #1E90FF', 'Downtown Filmhouse #32CD32',
    ]);
    assert.ok(ascending(data));
    for (const cinema of data) {
      assert.deepEqual(Object.keys(cinema), ['id', 'name', 'color', 'created_at', 'halls']);
      assert.match(cinema.created_at, ISO);
      assert.ok(cinema.halls.length >= 2 && ascending(cinema.halls));
      for (const hall of cinema.halls) {
        assert.deepEqual(Object.keys(hall).filter((key) => key !== 'plan'), ['id', 'name', 'rows', 'places', 'seats_count']);
        assert.deepEqual(Object.keys(hall.seats_count), STATUSES);
        integers(hall, 'id', 'rows', 'places');
      }
    }
    for (const alias of ['cinemas.get_cinemas', 'cinema.get_cinemas']) {
      const answer = await line.ask(alias);
      assert.deepEqual([answer.status, answer.type], ['success', alias]);
      assert.deepEqual(answer.data, data);
    }
  }));

  test('of a hall agree with themselves and with the cinemas', onLine(async (line) => {
    const { data: cinemas } = await line.ask('cinemas.get_cinemas');
    for (const cinema of cinemas) {
      for (const { id, name, rows, places, plan, seats_count } of cinema.halls) {
        const answer = await line.ask('hall.subscribe', { id }, `hall-${id}`);
        assert.deepEqual([answer.status, answer.type, answer.eid], ['snapshot', 'hall.subscribe', `hall-${id}`]);
        const hall = answer.data;
        assertHall(hall, id);
        assert.deepEqual([hall.name, hall.rows, hall.places, hall.plan, hall.cinema_id], [name, rows, places, plan, cinema.id]);
        assert.deepEqual(count(hall.seats), seats_count);
      }
    }
  }));

  test('a tenth to a third of a demo hall is reserved', onLine(async (line) => {
    const { data: cinemas } = await line.ask('cinemas.get_cinemas');
    for (const { name, seats_count } of cinemas.flatMap(({ halls }) => halls)) {
      if (name === 'Grand Opera') continue; // its seats are on sale, all of them
      const all = Object.values(seats_count).reduce((sum, seats) => sum + seats);
      if (all > 1000) assert.ok(Math.abs(seats_count.RESERVED / all - 0.2) < 0.1);
    }
  }));

  test('the types of seats are those that the old page has pictures for', onLine(async (line) => {
    const { data: cinemas } = await line.ask('cinemas.get_cinemas');
    const names = new Set();
    for (const { id } of cinemas.flatMap(({ halls }) => halls).filter(({ rows, places }) => rows * places < 50)) {
      for (const { name } of (await line.ask('hall.subscribe', { id }, `types-${id}`)).data.seat_types) names.add(name);
    }
    for (const name of names) assert.ok(['Standard', 'VIP', 'Premium', 'Comfort', 'Luxury', 'Couples'].includes(name), name);
  }));

  for (const data of [null, {}, { id: null }, { id: '1' }, { id: 0 }, { id: -1 }, { id: 1.5 }, { hall_id: 1 }, [], 'x', 1]) {
    test(`hall.subscribe with ${JSON.stringify(data)} is RequiredHallId`, onLine(async (line) => {
      assert.equal((await line.ask('hall.subscribe', data)).error, 'RequiredHallId');
    }));
  }

  test('an unknown hall is HallNotFound, and no subscription', onLine(async (line) => {
    for (let i = 0; i < 2; i++) {
      const answer = await line.ask('hall.subscribe', { id: 999 }, 'mine');
      assert.equal(answer.error, 'HallNotFound');
      assert.equal(answer.type, 'hall.subscribe');
    }
    assert.equal((await line.ask('hall.subscribe', { id: 1 }, 'mine')).status, 'snapshot');
  }));

  test('without a demo there are no cinemas', async () => {
    const empty = await startFoyer({ DEMO: '0' });
    const line = await Line.open(empty);
    assert.deepEqual((await line.ask('cinemas.subscribe')).data, []);
    await line.close();
    await empty.end();
  });
});

describe('subscriptions', () => {
  for (const [channel, data] of [['user', null], ['cinemas', null], ['hall', { id: 1 }], ['viewers', { id: 1 }]]) {
    test(`${channel}.subscribe twice with one eid is SubscriptionAlreadyExists, without type`, onLine(async (line) => {
      assert.equal((await line.ask(`${channel}.subscribe`, data, 'mine')).status, 'snapshot');
      const answer = await line.ask(`${channel}.subscribe`, data, 'mine');
      assert.equal(answer.error, 'SubscriptionAlreadyExists');
      assert.ok(!('type' in answer));
      assert.equal((await line.ask(`${channel}.subscribe`, data, 'other')).status, 'snapshot');
    }));

    test(`${channel}.unsubscribe says nothing, also of an eid nobody has; then the eid is free`, onLine(async (line) => {
      const subscribe = () => line.ask(`${channel}.subscribe`, data, 'mine');
      await subscribe();
      for (const sub_eid of ['mine', 'mine', 'nobody', 7]) line.send({ type: `${channel}.unsubscribe`, data: { sub_eid }, eid: 'x' });
      assert.deepEqual(await line.rest(), []);
      assert.equal((await subscribe()).status, 'snapshot');
    }));

    for (const missing of [null, {}, { sub_eid: null }, { sub_eid: '' }, { sub_eid: 0 }, { eid: 'mine' }]) {
      test(`${channel}.unsubscribe with ${JSON.stringify(missing)} is SubscriptionNotFound, without type`, onLine(async (line) => {
        const answer = await line.ask(`${channel}.unsubscribe`, missing, 'mine');
        assert.equal(answer.error, 'SubscriptionNotFound');
        assert.ok(!('type' in answer));
      }));
    }
  }

  test('one eid may be of several channels, and of one hall only', onLine(async (line) => {
    for (const [type, data] of [['user.subscribe'], ['cinemas.subscribe'], ['hall.subscribe', { id: 1 }]]) {
      assert.equal((await line.ask(type, data, 'mine')).status, 'snapshot');
    }
    assert.equal((await line.ask('hall.subscribe', { id: 2 }, 'mine')).error, 'SubscriptionAlreadyExists');
    line.send({ type: 'cinemas.unsubscribe', data: { sub_eid: 'mine' }, eid: 'x' });
    assert.equal((await line.ask('hall.subscribe', { id: 1 }, 'mine')).error, 'SubscriptionAlreadyExists');
    assert.equal((await line.ask('cinemas.subscribe', null, 'mine')).status, 'snapshot');
  }));

  test('a number as eid is unsubscribed by its text', onLine(async (line) => {
    line.send({ type: 'hall.subscribe', data: { id: 1 }, eid: 7 });
    assert.equal((await line.take()).eid, '7');
    line.send({ type: 'hall.unsubscribe', data: { sub_eid: '7' }, eid: 'x' });
    assert.equal((await line.ask('hall.subscribe', { id: 1 }, '7')).status, 'snapshot');
  }));

  test(`${SUBSCRIPTIONS_MAX} of halls and cinemas may be on one socket, one more is TooManyRequests`, onLine(async (line) => {
    for (let i = 0; i < SUBSCRIPTIONS_MAX; i++) {
      assert.equal((await line.ask('hall.subscribe', { id: 1 }, `s${i}`)).status, 'snapshot');
    }
    assert.equal((await line.ask('hall.subscribe', { id: 1 }, 'more')).error, 'TooManyRequests');
    assert.equal((await line.ask('cinemas.subscribe', null, 'more')).error, 'TooManyRequests');
    line.send({ type: 'hall.unsubscribe', data: { sub_eid: 's7' }, eid: 'x' });
    assert.equal((await line.ask('cinemas.subscribe', null, 'more')).status, 'snapshot');
  }));

  test('a page that watches its user again and again is served', onLine(async (line) => {
    for (let i = 1; i <= SUBSCRIPTIONS_MAX; i++) assert.equal((await line.ask('user.subscribe', null, String(i))).status, 'snapshot');
    assert.equal((await line.ask('user.subscribe', null, 'more')).error, 'TooManyRequests');
  }));

  test('a connection takes its subscriptions with it', async () => {
    const line = await Line.open(foyer);
    await line.ask('hall.subscribe', { id: 1 }, 'hall-sub');
    line.socket.terminate();
    const again = await Line.open(foyer);
    assert.equal((await again.ask('hall.subscribe', { id: 1 }, 'hall-sub')).status, 'snapshot');
    await again.close();
  });
});

describe('updates', () => {
  test('tell what changed with full counters, before the answer, which is the whole hall', async () => {
    const { line, hall, vacant: [seat], set } = await booker(1);
    await line.ask('cinemas.subscribe', null, 'cinemas-sub');
    const subscribed = (await line.ask('hall.subscribe', { id: 1 }, 'hall-sub')).data;
    const answer = await set(seat, 'RESERVED');
    assert.equal(answer.type, 'hall.update_seat_status');
    assert.equal(answer.status, 'success');
    assertHall(answer.data, 1);
    const before = await line.rest();
    assert.deepEqual(before.map(({ status, eid }) => `${status} ${eid}`).sort(), ['update cinemas-sub', 'update hall-sub']);
    const change = before.find(({ eid }) => eid === 'hall-sub');
    const changed = answer.data.seats.find(({ id }) => id === seat.id);
    const type = answer.data.seat_types.find(({ id }) => id === seat.seat_type.id);
    assert.equal(change.type, 'hall.subscribe');
    assert.deepEqual(change.data, {
      id: 1, since: subscribed.seq, seq: subscribed.seq + 1,
      seats: [{ id: seat.id, status: 'RESERVED', updated_at: changed.updated_at }], seat_types: [{ id: type.id, seats: type.seats }],
    });
    assert.deepEqual(Object.keys(change.data.seats[0]), ['id', 'status', 'updated_at']);
    assert.ok(Math.abs(Date.parse(changed.updated_at) - Date.now()) < 60_000);
    assert.equal(answer.data.seq, subscribed.seq + 1);
    const counted = before.find(({ eid }) => eid === 'cinemas-sub');
    assert.equal(counted.type, 'cinemas.subscribe');
    assert.deepEqual(counted.data, { id: hall.cinema_id, halls: [{ id: 1, seats_count: count(answer.data.seats) }] });
    assert.deepEqual(Object.keys(counted.data.halls[0].seats_count), STATUSES);
    await line.close();
  });

  test('go to every eid, and to nobody who has left', async () => {
    const { line, vacant: [seat], set } = await booker(2);
    for (const eid of ['a', 'b', 'c']) await line.ask('hall.subscribe', { id: 2 }, eid);
    line.send({ type: 'hall.unsubscribe', data: { sub_eid: 'b' }, eid: 'x' });
    await set(seat, 'RESERVED');
    assert.deepEqual((await line.rest()).map(({ eid }) => eid).sort(), ['a', 'c']);
    await line.close();
  });

  test('of a hall go to its watchers only, of the cinemas to all of theirs', async () => {
    const { line, vacant: [seat], set } = await booker(4);
    const [same, other, both] = [await Line.open(foyer), await Line.open(foyer), await Line.open(foyer)];
    await same.ask('hall.subscribe', { id: 4 }, 'hall-sub');
    await other.ask('hall.subscribe', { id: 5 }, 'hall-sub');
    await both.ask('cinemas.subscribe', null, 'cinemas-sub');
    await set(seat, 'RESERVED');
    assert.deepEqual((await same.update('hall-sub')).data.seats.map(({ id }) => id), [seat.id]);
    assert.deepEqual((await both.update('cinemas-sub')).data.halls.map(({ id }) => id), [4]);
    for (const each of [same, other, both, line]) {
      assert.deepEqual(await each.rest(), []);
      await each.close();
    }
  });

  test('bring every watcher to the same picture, whenever they came', async () => {
    const { line, vacant, set } = await booker(8);
    const pictures = [];
    const watch = async () => {
      const watcher = await Line.open(foyer);
      const hall = (await watcher.ask('hall.subscribe', { id: 8 }, 'hall-sub')).data;
      pictures.push({ watcher, hall });
    };
    await watch();
    const changes = vacant.slice(0, 8).flatMap((seat) => ['RESERVED', 'VACANT', 'RESERVED'].map((status) => () => set(seat, status)));
    await Promise.all([...changes.map((change) => change()), watch(), watch(), watch(), watch()]);
    await watch();
    const last = (await line.ask('hall.subscribe', { id: 8 }, 'hall-sub')).data;
    for (const { watcher, hall } of pictures) {
      let seq = hall.seq;
      for (const { data } of await watcher.rest()) {
        assert.ok(data.since <= seq && data.seq > seq, `from ${data.since} to ${data.seq} after ${seq}`);
        seq = data.seq;
        for (const change of data.seats) Object.assign(hall.seats.find(({ id }) => id === change.id), change);
        for (const change of data.seat_types) Object.assign(hall.seat_types.find(({ id }) => id === change.id), change);
      }
      assert.deepEqual({ ...hall, seq }, last);
      await watcher.close();
    }
    await line.close();
  });
});

describe('viewers', () => {
  test('are the connections that watch a hall, told as they come and go', async () => {
    const counter = await Line.open(foyer);
    const snapshot = await counter.ask('viewers.subscribe', { id: 5 }, 'v');
    assert.deepEqual([snapshot.status, snapshot.type], ['snapshot', 'viewers.subscribe']);
    const viewers = (expected) => counter.take(({ status, data }) => status === 'update' && data.viewers === expected);
    if (snapshot.data.viewers > 0) await viewers(0); // the sockets of other tests, on their way out
    const [first, second] = [await Line.open(foyer), await Line.open(foyer)];
    await first.ask('hall.subscribe', { id: 5 }, 'a');
    await first.ask('hall.subscribe', { id: 5 }, 'b');
    second.send({ type: 'hall.subscribe', data: { id: 5, format: 'binary' }, eid: 'a' });
    assert.deepEqual((await viewers(2)).data, { id: 5, viewers: 2 });
    assert.ok(!counter.queue.some(({ data }) => data.viewers > 2), 'a connection counts once');
    await first.close();
    assert.equal((await viewers(1)).type, 'viewers.subscribe');
    second.send({ type: 'hall.unsubscribe', data: { sub_eid: 'a' }, eid: 'x' });
    await viewers(0);
    await second.close();
    await counter.close();
  });

  test('of an unknown hall are HallNotFound, of none RequiredHallId', onLine(async (line) => {
    assert.equal((await line.ask('viewers.subscribe', { id: 999 })).error, 'HallNotFound');
    assert.equal((await line.ask('viewers.subscribe', null)).error, 'RequiredHallId');
  }));
});
