// The waiting room over the wire (tickets contract, 3.4 and 3.8; docs/wire_additions.md): joining, moving on by the
// server's own clock, what everyone watches, what an operator does, and that places outlive a crash.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { after, before, describe, test } from 'node:test';

import { Line, Person, startFoyer } from './support/foyer.mjs';

const SLOT_MS = 1500;

/** Asks the tickets door as our own page does, by cookie: {status, body}. */
async function api(person, method, target, body) {
  const { foyer, browser } = person;
  const answer = await foyer.request({
    method,
    path: `/api/v1${target}`,
    headers: { Origin: `http://localhost:${foyer.port}`, 'Content-Type': 'application/json', ...browser.headers },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  return { status: answer.status, body: answer.json() };
}

/** An answer without the estimate, which changes from moment to moment. */
const placeOf = ({ etaSeconds, ...place }) => place;
const join = async (person) => (await api(person, 'POST', '/queue/join')).body;
const leave = async (person) => (await api(person, 'POST', '/queue/leave')).body;
const status = async (person) => (await api(person, 'GET', '/queue/status')).body;
const operate = async (person, body) => (await api(person, 'POST', '/queue/operate', body)).body;

/** People with places 1, 2, ...: all have left again when a test ends. */
async function crowd(foyer, count) {
  const people = [];
  for (let i = 0; i < count; i++) people.push(await Person.signUp(foyer));
  return people;
}

describe('a line with two slots', () => {
  let foyer;
  let people;
  let staff;

  before(async () => {
    foyer = await startFoyer({ MAX_ACTIVE_USERS: '2', DEMO_SEATS: '100' });
    people = await crowd(foyer, 5);
    staff = await Person.staff(foyer);
  });
  after(async () => {
    foyer.command('verify');
    await foyer.end();
  });

  test('moves on when somebody leaves, and tells everyone who watches', async () => {
    const [first, second, third, fourth] = people;
    const line = await Line.open(foyer);
    const { data: snapshot } = await line.ask('concert.subscribe', null, 'sub');
    assert.equal(snapshot.sale.state, 'open');
    assert.deepEqual(snapshot.categories.map(({ totalSeats }) => totalSeats), [10, 16, 26, 24, 24]);
    for (const person of [first, second]) {
      const { slotExpiresAt, ...rest } = await join(person);
      assert.deepEqual(rest, { success: true, status: 'active' });
      assert.ok(Math.abs(Date.parse(slotExpiresAt) - Date.now() - 300_000) < 5_000);
    }
    const waiting = { success: true, status: 'waiting', position: 1, ahead: 0, queueLength: 1, admitted: 2 };
    assert.deepEqual(placeOf(await join(third)), waiting);
    assert.deepEqual(placeOf(await join(third)), waiting);
    assert.equal((await join(fourth)).position, 2);
    assert.deepEqual(await leave(first), { success: true, status: 'none' });
    assert.deepEqual(await leave(first), { success: true, status: 'none' });
    assert.equal((await status(third)).status, 'active');
    assert.equal((await status(fourth)).position, 1);
    assert.equal((await status(first)).status, 'none');
    const told = await line.take(({ status: kind, data }) => kind === 'update' && data.sale.admitted === 3 && data.sale.waiting === 1);
    assert.equal(told.data.sale.active, 2);
    await line.close();
  });

  test('of many joins of one person at once makes one place', async () => {
    const person = people[4];
    const answers = (await Promise.all(Array.from({ length: 12 }, () => join(person)))).map(placeOf);
    for (const answer of answers) assert.deepEqual(answer, answers[0]);
    assert.equal(answers[0].queueLength, 2);
    assert.equal(answers[0].position, 2);
  });

  test('is the same after a crash', async () => {
    const before_crash = (await Promise.all(people.map(status))).map(placeOf);
    await foyer.crash();
    const after_crash = (await Promise.all(people.map(status))).map(placeOf);
    assert.deepEqual(after_crash, before_crash);
  });

  test('does what its operator says', async () => {
    const [first, , third, fourth] = people;
    assert.equal((await api(people[0], 'POST', '/queue/operate', { paused: true })).status, 403);
    const paused = await operate(staff, { paused: true, notice: 'A short break' });
    assert.equal(paused.state, 'paused');
    assert.equal(paused.notice, 'A short break');
    await leave(third);
    assert.equal((await status(fourth)).status, 'waiting');
    assert.equal((await operate(staff, { paused: false, draining: true })).state, 'draining');
    assert.equal((await status(fourth)).status, 'active');
    const refused = await api(first, 'POST', '/queue/join');
    assert.equal(refused.status, 409);
    assert.equal(refused.body.code, 'queue_closed');
    const { body: page } = await api(staff, 'GET', '/queue/operate');
    assert.equal(page.recent.reduce((sum, { admitted }) => sum + admitted, 0), page.admitted);
    assert.equal((await operate(staff, { draining: false })).state, 'open');
  });

  test('is closed and opened by a command while it runs', async () => {
    const line = await Line.open(foyer);
    await line.ask('concert.subscribe', null, 'sub');
    foyer.command('concert', 'close');
    await line.take(({ data }) => data?.sale?.state === 'closed');
    foyer.command('concert', 'open');
    await line.take(({ data }) => data?.sale?.state === 'open');
    await line.close();
  });

  test('tells no more than once a second', async () => {
    const line = await Line.open(foyer);
    await line.ask('concert.subscribe', null, 'sub');
    const times = [];
    const begun = Date.now();
    let notice = 0;
    while (times.length < 3) {
      await operate(staff, { notice: `notice ${++notice}` });
      times.push(...(await line.rest()).filter(({ eid }) => eid === 'sub').map(() => Date.now() - begun));
    }
    // The first comes at once at the earliest, and none is seen before it was sent.
    assert.ok(times[2] >= 1900, `${times}`);
    await line.close();
  });

  test('is not there for a concert that is not', async () => {
    assert.equal((await api(people[0], 'GET', `/queue/status?concertId=${'a'.repeat(24)}`)).status, 404);
    const line = await Line.open(foyer);
    assert.equal((await line.ask('concert.subscribe', { id: 77 })).error, 'concert_not_found');
    await line.close();
  });
});

test('slots end by the clock, and the next are admitted by themselves', async () => {
  const foyer = await startFoyer({ MAX_ACTIVE_USERS: '1', SLOT_SECONDS: `${SLOT_MS / 1000}`, PROMOTE_INTERVAL: '3600' });
  const [first, second, third] = await crowd(foyer, 3);
  const line = await Line.open(foyer);
  await line.ask('concert.subscribe', null, 'sub');
  const begun = Date.now();
  await join(first);
  await join(second);
  await join(third);
  await line.take(({ data }) => data?.sale?.admitted === 3);
  const passed = Date.now() - begun;
  assert.ok(passed >= 2 * SLOT_MS - 100 && passed < 2 * SLOT_MS + 1500, `${passed} ms`);
  assert.equal((await status(third)).status, 'active');
  assert.equal((await status(first)).status, 'none');
  await line.close();
  await foyer.end();
});

test('a sale that opens later draws lots that anyone can check', async () => {
  const foyer = await startFoyer({ MAX_ACTIVE_USERS: '2' });
  const opens = new Date(Date.now() + 3000).toISOString();
  foyer.command('concert', 'add', 'Later', '--date', '2090-01-01T20:00Z', '--category', 'all:10:50', '--opens-at', opens);
  const line = await Line.open(foyer);
  const people = await crowd(foyer, 6);
  const id = await laterOf(people[0]);
  const ask = async (person, verb, target) => (await api(person, verb, `${target}?concertId=${id}`)).body;
  const enter = async (person) => (await api(person, 'POST', '/queue/join', { concertId: id })).body;
  for (const [at, person] of people.entries()) {
    const place = await enter(person);
    assert.equal(place.drawAt, opens);
    assert.equal(place.position, at + 1); // the length of the line: no places yet
  }
  const { seedHash, seed, entries } = await ask(people[0], 'GET', '/queue/draw');
  assert.equal(seed, null);
  assert.deepEqual(entries, []);
  const { data: watched } = await line.ask('concert.subscribe', { id: 3 }, 'sub');
  assert.equal(watched.sale.state, 'waiting');
  assert.equal(watched.sale.seed, null);
  await line.take(({ data }) => data?.sale?.state === 'open' && data.sale.admitted === 2);

  const draw = await ask(people[0], 'GET', '/queue/draw');
  assert.equal(crypto.createHash('sha256').update(Buffer.from(draw.seed, 'hex')).digest('hex'), seedHash);
  const lotOf = (person_id) => {
    const digest = crypto.createHmac('sha256', Buffer.from(draw.seed, 'hex')).update(person_id).digest();
    return (digest.readBigUInt64BE() >> 2n).toString(16).padStart(16, '0');
  };
  assert.equal(draw.entries.length, 6);
  for (const entry of draw.entries) assert.equal(entry.lot, lotOf(entry.id));
  assert.deepEqual(draw.entries.map(({ lot }) => lot), draw.entries.map(({ lot }) => lot).toSorted());
  for (const person of people) {
    const { id: person_id } = (await api(person, 'GET', '/account')).body;
    const drawn = draw.entries.findIndex((entry) => entry.id === person_id);
    const place = await ask(person, 'GET', '/queue/status');
    assert.equal(place.status === 'active' ? 'active' : place.position, drawn < 2 ? 'active' : drawn - 1);
  }
  await line.close();
  await foyer.end();
});

/** The public id of the concert "Later", which has just been made: it is on sale from its first moment. */
async function laterOf(person) {
  const { body } = await api(person, 'GET', '/concerts');
  const { id, sale } = body.find(({ name }) => name === 'Later');
  assert.ok(sale.state);
  return id;
}

test('a concert that a command makes can be watched and joined from its first moment', async () => {
  const foyer = await startFoyer({ MAX_ACTIVE_USERS: '1' });
  const line = await Line.open(foyer);
  const [first, second] = await crowd(foyer, 2);
  const add = () => foyer.command('concert', 'add', 'Later', '--date', '2090-01-01T20:00Z', '--category', 'all:10:50');
  const number = Number(/^concert (\d+)/.exec(add())[1]);
  assert.equal((await line.ask('concert.subscribe', { id: number }, 'sub')).data.sale.state, 'open');
  const id = await laterOf(first);
  const enter = async (person) => (await api(person, 'POST', '/queue/join', { concertId: id })).body;
  assert.equal((await enter(first)).status, 'active');
  assert.equal((await enter(second)).position, 1);
  await line.take(({ data }) => data?.sale?.waiting === 1 && data.sale.active === 1);

  const another = Number(/^concert (\d+)/.exec(add())[1]);
  const all = (await api(first, 'GET', '/concerts')).body;
  const place = (await api(first, 'GET', `/queue/status?concertId=${all.find((one) => one.number === another).id}`)).body;
  assert.equal(place.status, 'none');
  foyer.command('concert', 'close', String(number));
  await line.take(({ data }) => data?.sale?.state === 'closed');
  assert.equal((await api(await Person.signUp(foyer), 'POST', '/queue/join', { concertId: id })).body.code, 'queue_closed');
  await line.close();
  await foyer.end();
});
