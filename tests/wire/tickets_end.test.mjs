// A concert that is over, over the wire (docs/wire_additions.md): by the operator's switch and by the command, before the
// eyes of those who watch the hall, which is then sold again.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Line, Person, startFoyer } from './support/foyer.mjs';

const HALL = 'VIP Lounge';
let foyer;
let staff;
let buyer;
let hall; // as one watches it
let line;

/** Asks the tickets door as our own page does, by cookie: {status, body}. */
async function api(person, method, target, body) {
  const answer = await foyer.request({
    method,
    path: `/api/v1${target}`,
    headers: { Origin: `http://localhost:${foyer.port}`, 'Content-Type': 'application/json', ...person.browser.headers },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  return { status: answer.status, body: answer.json() };
}

before(async () => {
  foyer = await startFoyer({});
  staff = await Person.staff(foyer);
  buyer = await Person.signUp(foyer);
  line = await Line.open(foyer);
  const { data: cinemas } = await line.ask('cinemas.get_cinemas');
  const { id } = cinemas.flatMap(({ halls }) => halls).find(({ name }) => name === HALL);
  ({ data: hall } = await line.ask('hall.subscribe', { id }, 'hall'));
});
after(async () => {
  await line.close();
  foyer.command('verify');
  await foyer.end();
});

/** A free concert that was long ago, in the hall: {number, id}. */
async function add() {
  const said = foyer.command('concert', 'add', 'Past', '--date', '2020-01-01T20:00Z', '--hall', HALL, '--price', `${hall.seat_types[0].name}:0`);
  const number = Number(/^concert (\d+)/.exec(said)[1]);
  const { body } = await api(staff, 'GET', '/concerts');
  return { number, id: body.find((one) => one.number === number).id };
}

/** Gets two tickets, and gives their seats. */
async function buy(concertId) {
  const type = hall.seat_types[0].id;
  assert.equal((await api(buyer, 'POST', '/queue/join', { concertId })).body.status, 'active');
  const { categories } = (await api(buyer, 'GET', `/concert?concertId=${concertId}`)).body;
  assert.equal(categories[0].seatTypeId, type);
  const booked = await api(buyer, 'POST', '/booking', { concertId, categoryId: categories[0].id, bestSeats: 2 });
  assert.equal(booked.status, 200, JSON.stringify(booked.body));
  assert.equal((await api(buyer, 'PATCH', `/booking/${booked.body.id}/confirm`)).status, 200);
  await seen(booked.body.seatIds, 'RESERVED');
  return { id: booked.body.id, seatIds: booked.body.seatIds };
}

/** Waits until everyone who watches the hall sees these seats so. */
const seen = (seatIds, status) =>
  line.take(({ eid, data }) => eid === 'hall' && seatIds.every((id) => data.seats?.some((seat) => seat.id === id && seat.status === status)));

test('an operator ends it: its seats are free at once, and sold for the next one', async () => {
  const first = await add();
  const { id, seatIds } = await buy(first.id);
  await line.ask('concert.subscribe', { id: first.number }, 'sale');
  const refused = await api(staff, 'POST', '/queue/operate', { ended: true }); // the demo's, which is still to come
  assert.deepEqual([refused.status, refused.body.code], [409, 'concert_ahead']);
  assert.ok(Date.parse(refused.body.date) > Date.now());
  const { status, body } = await api(staff, 'POST', '/queue/operate', { concertId: first.id, ended: true });
  assert.equal(status, 200);
  assert.equal(body.state, 'closed'); // what clients that do not know of an end understand
  assert.ok(Math.abs(Date.parse(body.endedAt) - Date.now()) < 60_000);
  await seen(seatIds, 'VACANT');
  await line.take(({ eid, data }) => eid === 'sale' && data.sale?.endedAt === body.endedAt);
  const again = await api(staff, 'POST', '/queue/operate', { concertId: first.id, closed: false });
  assert.deepEqual([again.status, again.body.code], [409, 'concert_over']);
  const [mine] = (await api(buyer, 'GET', '/booking/mine')).body;
  assert.deepEqual([mine.id, mine.status, mine.seatIds, mine.concert.endedAt], [id, 'confirmed', seatIds, body.endedAt]);
  const { tickets } = (await api(buyer, 'GET', `/booking/${id}/tickets`)).body;
  const late = await api(staff, 'POST', '/ticket/check-in', { code: tickets[0].code });
  assert.deepEqual([late.status, late.body.code], [409, 'concert_over']);

  const second = await add();
  assert.deepEqual((await buy(second.id)).seatIds, seatIds);
  await api(staff, 'POST', '/queue/operate', { concertId: second.id, ended: true });
  await seen(seatIds, 'VACANT');
});

test('a command ends it while the server runs', async () => {
  const concert = await add();
  const { seatIds } = await buy(concert.id);
  await line.ask('concert.subscribe', { id: concert.number }, 'other sale');
  assert.match(foyer.command('concert', 'end', `${concert.number}`), /^concert \d+ is over\n$/);
  await line.take(({ eid, data }) => eid === 'other sale' && data.sale?.endedAt !== undefined);
  await seen(seatIds, 'VACANT');
  assert.match(foyer.command('concert', 'list'), new RegExp(`^${concert.number}  \\w+  over  `, 'm'));
  assert.throws(() => foyer.command('concert', 'open', `${concert.number}`), /This concert is over\. Nothing was changed\./);
  assert.throws(() => foyer.command('concert', 'end', '1'), /This concert is still to come, on 20\d\d-.*Z: it cannot be ended before\. Nothing was changed\./);
});
