// Load at the tickets door: people who stand in the line, book, and pay by the test provider, give back, or let it run out.
// Every request is asked until it is known what came of it, at one server after another, a booking under one key.
import assert from 'node:assert/strict';

import { sleep, until } from '../../wire/support/faults.mjs';
import { signUp } from '../../wire/support/tickets.mjs';
import { Visitor } from './venue.mjs';

const BUYERS = 5;
const PACE_MS = 100;
const TURN_MS = 100; // between two looks at the line
export const OPTIONS = {
  MAX_ACTIVE_USERS: '2', SLOT_SECONDS: '6', BOOKING_SECONDS: '10', SWEEP_INTERVAL: '0.5', PROMOTE_INTERVAL: '0.5', DEMO_SEATS: '4000',
};

class Buyer extends Visitor {
  joined = []; // {from, told, rank} of places in the line, by our clock: those of which the tables told it then
  booked = []; // ids, in order
  confirmed = new Set();
  cancelled = new Set();
  refused = 0;

  constructor(venue, at, token, category, user) {
    super(venue, at);
    Object.assign(this, { token, category, user, name: `buyer ${at}` });
  }

  /** His last rank; undefined while PostgreSQL is away. */
  #rank() {
    return this.venue.postgres.rows(`SELECT max(rank)::text AS rank FROM queue_places WHERE user_id = ${this.user}`).then(([{ rank }]) => rank && BigInt(rank), () => undefined);
  }

  #ask(method, target, more) {
    return this.ask(method, `/api/v1${target}`, { token: this.token, ...more });
  }

  async buy(load) {
    for (let nth = 0; !load.over; nth++) {
      if (!(await this.#turn(load))) continue;
      const patient = true;
      const headers = { 'Idempotency-Key': `${this.name}, purchase ${nth}` };
      const booking = await this.#ask('POST', '/booking', { patient, headers, body: { categoryId: this.category, seats: 1 + load.dice(3) } });
      if (booking.status !== 200) {
        assert.ok([403, 409].includes(booking.status), JSON.stringify(booking)); // the turn is over; the last hold has not run out yet
        this.refused++;
        continue;
      }
      this.booked.push(booking.json.id);
      await sleep(load.dice(PACE_MS));
      const what = load.dice(4);
      if (what < 2) await this.#pay(booking.json);
      else if (what === 2) await this.#giveBack(booking.json);
    }
  }

  /** Stands in the line until it is his turn. False: it is over, the slot or the storm. */
  async #turn(load) {
    const before = await this.#rank();
    const from = performance.now();
    const { json, status } = await this.#ask('POST', '/queue/join');
    assert.equal(status, 200, JSON.stringify(json));
    const told = performance.now();
    const rank = await this.#rank();
    if (before !== undefined && rank && rank !== before) this.joined.push({ from, told, rank });
    for (let look = json; ; look = (await this.#ask('GET', '/queue/status')).json) {
      if (look.status === 'active') return true;
      if (look.status === 'none' || load.over) return false;
      await sleep(TURN_MS);
    }
  }

  async #pay({ id }) {
    const intent = await this.#ask('POST', '/payment/create-intent', { patient: true, body: { bookingId: id } });
    if (intent.status !== 200) return;
    const secret = intent.json.paymentIntentClientSecret;
    await this.ask('POST', `/test-provider/v1/payment_intents/${secret.split('_secret_')[0]}/confirm`, { form: { client_secret: secret, card: '4242424242424242' } });
    const answer = await this.#ask('PATCH', `/booking/${id}/confirm`, { patient: true });
    if (answer.status === 200) this.confirmed.add(id);
  }

  async #giveBack({ id }) {
    if ((await this.#ask('DELETE', `/booking/pending?categoryId=${this.category}`, { patient: true })).status === 200) this.cancelled.add(id);
  }
}

export class BoxOffice {
  constructor(venue) {
    this.venue = venue;
  }

  async open() {
    const { venue } = this;
    const foyer = venue.servers[0];
    const { categories } = (await foyer.request({ path: '/api/v1/concert' })).json();
    this.buyers = [];
    for (let i = 0; i < BUYERS; i++) {
      const { accessToken } = await signUp({ foyer, mails: () => venue.mails() }, `buyer${i}@example.org`);
      const [{ id }] = await venue.postgres.rows(`SELECT id FROM users WHERE email = 'buyer${i}@example.org'`);
      this.buyers.push(new Buyer(venue, i, accessToken, categories[i % categories.length].id, id));
    }
  }

  begin(load) {
    return Promise.all(this.buyers.map((buyer) => buyer.buy(load)));
  }

  /** What everybody was told is true; what was begun comes to its end; the line was kept. */
  async check() {
    const { postgres } = this.venue;
    await until(async () => (await postgres.count("bookings WHERE status = 'pending'")) === 0, 'every hold ends', 60_000);
    await until(async () => (await postgres.count('outbox WHERE done_at IS NULL')) === 0, 'everything is sent', 90_000);
    await until(async () => (await postgres.count('payments WHERE refund_due = 1')) === 0, 'what is due goes back', 60_000);
    for (const server of this.venue.servers) await this.#checkMemory(server);
    const rows = await postgres.rows('SELECT public_id, status, user_id FROM bookings ORDER BY id');
    for (const { name, user, booked, confirmed, cancelled } of this.buyers) {
      const theirs = rows.filter((row) => row.user_id === user);
      assert.deepEqual(theirs.map((row) => row.public_id), booked, `${name}: each booking once, in order`);
      const status = new Map(theirs.map((row) => [row.public_id, row.status]));
      for (const id of confirmed) assert.equal(status.get(id), 'confirmed', `${name}: ${id}`);
      for (const id of cancelled) assert.equal(status.get(id), 'cancelled', `${name}: ${id}`);
    }
    await this.#checkMails(rows.filter(({ status }) => status === 'confirmed'));
    this.#checkLine();
    const sum = (count) => this.buyers.reduce((all, buyer) => all + count(buyer), 0);
    return `${rows.length} bookings, ${sum(({ confirmed }) => confirmed.size)} told as paid, ${sum(({ cancelled }) => cancelled.size)} given back, ${sum(({ refused }) => refused)} refused; ${sum(({ joined }) => joined.length)} places in the line`;
  }

  /** What a server holds in memory of the line and the stock is what the tables say. */
  async #checkMemory(server) {
    let said, truth;
    await until(async () => {
      const { id, sale, categories } = (await server.request({ path: '/api/v1/concert' })).json();
      said = { admitted: sale.admitted, active: sale.active, waiting: sale.waiting, free: categories.reduce((sum, { availableSeats }) => sum + availableSeats, 0) };
      [truth] = await this.venue.postgres.rows(`SELECT admitted, active, (SELECT count(*) FROM queue_places p WHERE p.concert_id = k.id AND p.status = 'waiting') AS waiting,
        (SELECT sum(available_seats) FROM categories c WHERE c.concert_id = k.id) AS free FROM concerts k WHERE public_id = '${id}'`);
      return JSON.stringify(said) === JSON.stringify(truth);
    }, () => `${server.name} says ${JSON.stringify(said)}, the tables ${JSON.stringify(truth)}`, 30_000);
  }

  async #checkMails(confirmed) {
    const effects = await this.venue.postgres.rows("SELECT key, given_up FROM outbox WHERE key LIKE 'confirmed:%'");
    const sent = new Map(effects.map(({ key, given_up }) => [key, given_up]));
    for (const { public_id: id } of confirmed) assert.equal(sent.get(`confirmed:${id}`), 0, `the mail of ${id}`);
    const mails = this.venue.mails().filter((mail) => mail.includes('Booking Confirmation')).length;
    assert.ok(mails >= confirmed.length, `${mails} mails of ${confirmed.length} bookings`);
  }

  /** Who had been told of his place before another asked for his stands before him. */
  #checkLine() {
    const told = this.buyers.flatMap(({ name, joined }) => joined.map((place) => ({ name, ...place })));
    for (const one of told) {
      for (const other of told) assert.ok(one.told >= other.from || one.rank < other.rank, `${other.name} stands before ${one.name}, who came before`);
    }
  }
}
