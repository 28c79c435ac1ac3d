// The server dies in the middle of a sale, at every named point (core/crash.h) and at random, while people buy by the test
// provider. After each restart what they were told is true and every invariant holds; at the end every purchase is whole.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { diceOf, scaled, sleep } from './support/faults.mjs';
import { sql, until } from './support/outbox.mjs';
import { api, signUp, startTickets } from './support/tickets.mjs';

const LIMIT = { timeout: 280_000 };
const BUYERS = 4;
const DIES_MS = 60_000;
const GONE = /ECONNRESET|ECONNREFUSED|EPIPE|socket hang up|it ended with null/;
// Each with the passings at which it is fatal: early in a purchase, and when several are under way.
const POINTS = {
  'store.commit': [40, 90],
  'store.committed': [43, 97],
  'outbox.taken': [2, 9],
  'outbox.performed': [1, 6],
  'outbox.settling': [2, 7],
  'outbox.settled': [1, 8],
};

let side;
let categories;
let buyers;

before(async () => {
  side = await startTickets({ SWEEP_INTERVAL: '0.5', PROMOTE_INTERVAL: '0.5' });
  categories = (await api(side.foyer, 'GET', '/concert')).json.categories;
  buyers = await Promise.all(Array.from({ length: BUYERS }, async (_, i) => new Buyer(i, (await signUp(side, `buyer${i}@example.org`)).accessToken)));
});
after(() => side.end());

/** Somebody who buys one ticket after the other, and remembers what he was told. */
class Buyer {
  booked = new Set();
  confirmed = new Set();
  cancelled = new Set();
  #keys = 0;

  constructor(number, token) {
    this.number = number;
    this.token = token;
    this.category = categories[number % categories.length].id;
  }

  ask(method, target, body, headers) {
    return api(side.foyer, method, target, { token: this.token, body, headers });
  }

  async #hold() {
    const pending = await this.ask('GET', `/booking/pending?categoryId=${this.category}`);
    if (pending.json) return pending.json;
    await this.ask('POST', '/queue/join');
    this.key ??= `buyer ${this.number}, purchase ${++this.#keys}`;
    const booking = await this.ask('POST', '/booking', { categoryId: this.category, seats: 1 }, { 'Idempotency-Key': this.key });
    if (booking.status !== 200) return null;
    this.booked.add(booking.json.id);
    this.key = undefined;
    return booking.json;
  }

  async #pay(booking) {
    const intent = await this.ask('POST', '/payment/create-intent', { bookingId: booking.id });
    if (intent.status !== 200) return;
    const secret = intent.json.paymentIntentClientSecret;
    await side.foyer.request({
      method: 'POST', path: `/test-provider/v1/payment_intents/${secret.split('_secret_')[0]}/confirm`,
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ client_secret: secret, card: '4242424242424242' }).toString(),
    });
    const answer = await this.ask('PATCH', `/booking/${booking.id}/confirm`);
    if (answer.status === 200) this.confirmed.add(booking.id);
  }

  /** Every third hold is given back, the others are paid; until the server is gone. */
  async buy() {
    try {
      for (let nth = 0; ; nth++) {
        const booking = await this.#hold();
        if (!booking) continue;
        if (nth % 3 !== 2) {
          await this.#pay(booking);
        } else if ((await this.ask('DELETE', `/booking/pending?categoryId=${this.category}`)).status === 200) {
          this.cancelled.add(booking.id);
        }
      }
    } catch (error) {
      assert.match(`${error.code} ${error}`, GONE);
    }
  }
}

/** What everybody was told is true, and so is all that must always be. */
function look() {
  const rows = sql(side.foyer, 'SELECT public_id, status FROM bookings');
  const status = new Map(rows.map((row) => [row.public_id, row.status]));
  for (const { booked, confirmed, cancelled } of buyers) {
    for (const id of booked) assert.ok(status.has(id), `a booking was lost: ${id}`);
    for (const id of confirmed) assert.equal(status.get(id), 'confirmed', id);
    for (const id of cancelled) assert.notEqual(status.get(id), 'pending', id);
  }
  side.foyer.command('verify');
  return rows.length;
}

const dead = async (ended) => assert.equal(await Promise.race([ended, sleep(DIES_MS).then(() => 'it lives')]), 'SIGKILL');

/** Everything that was begun comes to its end, and every confirmed booking has its mail. */
async function settle() {
  await side.foyer.start({ CRASH_AT: '' });
  await until(() => sql(side.foyer, 'SELECT 1 FROM outbox WHERE done_at IS NULL').length === 0);
  await until(() => sql(side.foyer, "SELECT 1 FROM payments WHERE refund_due = 1").length === 0);
  const mails = side.mails().join('');
  for (const { public_id: id } of sql(side.foyer, "SELECT public_id FROM bookings WHERE status = 'confirmed'")) {
    assert.equal(sql(side.foyer, `SELECT given_up FROM outbox WHERE key = 'confirmed:${id}'`)[0].given_up, 0);
  }
  const sold = buyers.reduce((sum, { confirmed }) => sum + confirmed.size, 0);
  assert.ok(mails.split('Booking Confirmation').length - 1 >= sold, 'a confirmed booking sends a mail at least once');
  look();
  await side.foyer.stop();
}

test('at every named point', LIMIT, async (t) => {
  const { foyer } = side;
  await foyer.stop();
  for (const [point, passings] of Object.entries(POINTS)) {
    for (const nth of passings) {
      // What an earlier life left undone may take it there before it is ready.
      await foyer.start({ CRASH_AT: `${point}:${nth}` }).catch((error) => assert.match(`${error.code} ${error}`, GONE));
      const ended = foyer.ended();
      const buying = buyers.map((buyer) => buyer.buy());
      await dead(ended);
      await Promise.all(buying);
      look();
    }
  }
  await settle();
  t.diagnostic(`${sql(foyer, 'SELECT count(*) AS n FROM bookings')[0].n} bookings in ${Object.keys(POINTS).length * 2} lives`);
});

test('at any moment', LIMIT, async (t) => {
  const { foyer } = side;
  const dice = diceOf(20260321);
  let bookings = 0;
  for (let life = 0; life < scaled(25); life++) {
    await foyer.start({ CRASH_AT: '' });
    const buying = buyers.map((buyer) => buyer.buy());
    await sleep(20 + dice(300));
    await foyer.kill();
    await Promise.all(buying);
    bookings = look();
  }
  await settle();
  await foyer.start();
  t.diagnostic(`${bookings} bookings in ${scaled(25)} lives`);
  assert.ok(bookings > scaled(25), 'there was load');
});
