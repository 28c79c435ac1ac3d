// Booking and paying over the wire: by the built-in test provider from the seat to the door, and by a Stripe of our own
// whose webhooks Stripe's library signs.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import Stripe from 'stripe';

import { WAIT_MS } from './support/foyer.mjs';
import { sql } from './support/outbox.mjs';
import { api, refused, signUp, startTickets } from './support/tickets.mjs';

const WEBHOOK_SECRET = 'whsec_of_the_stub';
let demo; // paid by the test provider
let real; // paid by the stub
let stub;
const intents = new Map();
const asked = [];

/** Stripe's API as far as it is asked. */
async function answerStripe(request, response) {
  let body = '';
  for await (const part of request) body += part;
  const form = new URLSearchParams(body);
  const [, , kind, id, action] = request.url.split('/');
  asked.push({ line: `${request.method} ${request.url}`, key: request.headers['idempotency-key'], form });
  let status = 200;
  let json = { id: 're_1', object: 'refund', status: 'succeeded' };
  if (kind === 'payment_intents') {
    if (!id) {
      const name = `pi_${intents.size + 1}`;
      intents.set(name, {
        id: name, object: 'payment_intent', client_secret: `${name}_secret_x`, status: 'requires_payment_method',
        amount: Number(form.get('amount')), currency: form.get('currency'),
        metadata: { bookingId: form.get('metadata[bookingId]'), userId: form.get('metadata[userId]') },
      });
      json = intents.get(name);
    } else {
      json = intents.get(id);
      if (action === 'cancel') json.status = 'canceled';
    }
  }
  if (form.get('amount') === '120000') {
    status = 400;
    json = { error: { type: 'invalid_request_error', code: 'amount_too_small', message: 'Amount must be more.' } };
  }
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify(json));
}

before(async () => {
  stub = http.createServer(answerStripe);
  await new Promise((resolve) => stub.listen(0, '127.0.0.1', resolve));
  demo = await startTickets({ SWEEP_INTERVAL: '0.2' });
  real = await startTickets({
    STRIPE_SECRET_KEY: 'sk_test_x', STRIPE_PUBLISHABLE_KEY: 'pk_test_x', STRIPE_WEBHOOK_SECRET: WEBHOOK_SECRET,
    STRIPE_API_BASE: `http://127.0.0.1:${stub.address().port}`, SWEEP_INTERVAL: '3600',
  });
});
after(async () => {
  await demo.end();
  await real.end();
  stub.closeAllConnections();
  stub.close();
});

/** Asks until the answer is as wanted. */
async function until(ask, wanted) {
  for (const end = Date.now() + WAIT_MS; ; await pause(20)) {
    const answer = await ask();
    if (wanted(answer)) return answer;
    assert.ok(Date.now() < end, answer.text);
  }
}

/** Somebody with a slot for a concert. */
async function buyer(side, email, concertId) {
  const { accessToken: token } = await signUp(side, email);
  const query = concertId ? `?concertId=${concertId}` : '';
  const joined = await api(side.foyer, 'POST', `/queue/join${query}`, { token });
  assert.equal(joined.json.status, 'active', joined.text);
  return token;
}

async function payByCard({ foyer }, intent, card) {
  const [id] = intent.paymentIntentClientSecret.split('_secret_');
  const body = new URLSearchParams({ client_secret: intent.paymentIntentClientSecret, card }).toString();
  const answer = await foyer.request({
    method: 'POST', path: `/test-provider/v1/payment_intents/${id}/confirm`, body,
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
  });
  return { status: answer.status, json: JSON.parse(answer.text) };
}

test('from two seats of a hall to the door, by the test provider', async () => {
  const { foyer } = demo;
  const concerts = (await api(foyer, 'GET', '/concerts')).json;
  const opera = (concerts.concerts ?? concerts).find(({ hallId }) => hallId !== null);
  const category = opera.categories[0];
  const token = await buyer(demo, 'opera@example.org', opera.id);
  const best = await api(foyer, 'POST', '/booking', {
    token, body: { concertId: opera.id, categoryId: category.id, bestSeats: 2 },
  });
  assert.equal(best.status, 200, best.text);
  assert.equal(best.json.seatIds.length, 2);
  assert.equal(best.json.reason.code, 'front_middle');
  const other = await buyer(demo, 'late@example.org', opera.id);
  const taken = await api(foyer, 'POST', '/booking', {
    token: other, body: { concertId: opera.id, seatIds: [best.json.seatIds[1]] },
  });
  refused(taken, 409, 'seats_taken');
  assert.deepEqual(taken.json.seatIds, [best.json.seatIds[1]]);
  refused(await api(foyer, 'PATCH', `/booking/${best.json.id}/confirm`, { token }), 402, 'payment_required');

  const intent = await api(foyer, 'POST', '/payment/create-intent', { token, body: { bookingId: category.id } });
  assert.equal(intent.status, 200, intent.text);
  assert.equal(intent.json.provider, 'test');
  assert.equal(intent.json.amount, best.json.amount);
  const again = await api(foyer, 'POST', '/payment/create-intent', { token, body: { bookingId: best.json.id } });
  assert.equal(again.text, intent.text);
  const declined = await payByCard(demo, intent.json, '4000000000000002');
  assert.equal(declined.status, 402);
  assert.equal(declined.json.error.code, 'card_declined');
  assert.equal((await api(foyer, 'GET', `/booking/${best.json.id}`, { token })).json.paymentStatus, 'failed');
  assert.equal((await payByCard(demo, intent.json, '4242424242424242')).status, 200);

  const confirmed = await api(foyer, 'PATCH', `/booking/${best.json.id}/confirm`, { token });
  assert.equal(confirmed.status, 200, confirmed.text);
  assert.equal(confirmed.json.status, 'confirmed');
  assert.deepEqual((await api(foyer, 'GET', '/booking/mine', { token })).json.map(({ id }) => id), [best.json.id]);
  const calendar = await api(foyer, 'GET', `/booking/${best.json.id}/calendar.ics`, { token });
  assert.match(calendar.text, /^BEGIN:VCALENDAR\r\n[^]*END:VCALENDAR\r\n$/);
  await until(async () => ({ text: demo.mails().join('') }), ({ text }) => /To: <opera@example.org>[^]*FT1\./.test(text));

  const { tickets } = (await api(foyer, 'GET', `/booking/${best.json.id}/tickets`, { token })).json;
  assert.equal(tickets.length, 2);
  refused(await api(foyer, 'POST', '/ticket/check-in', { token, body: { code: tickets[0].code } }), 403, 'forbidden');
  sql(foyer, "UPDATE users SET role = 'staff' WHERE email = 'opera@example.org'");
  const list = (await api(foyer, 'GET', `/ticket/list?concertId=${opera.id}`, { token })).json;
  const hash = crypto.createHash('sha256').update(tickets[0].code).digest('hex');
  assert.equal(list.tickets.find(({ id }) => id === tickets[0].id).hash, hash);
  const key = crypto.createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: list.key }, format: 'jwk' });
  assert.ok(crypto.verify(null, Buffer.from(JSON.stringify(list.tickets)), key, Buffer.from(list.signature, 'base64url')));
  const code = Buffer.from(tickets[0].code.slice(4), 'base64url');
  assert.ok(crypto.verify(null, code.subarray(0, 12), key, code.subarray(12)));

  const usual = (await api(foyer, 'GET', '/concert')).json.id;
  const elsewhere = { code: tickets[0].code, concertId: usual };
  refused(await api(foyer, 'POST', '/ticket/check-in', { token, body: elsewhere }), 409, 'wrong_concert');
  const entered = await api(foyer, 'POST', '/ticket/check-in', { token, body: { code: tickets[0].code, concertId: opera.id } });
  assert.equal(entered.status, 200, entered.text);
  refused(await api(foyer, 'POST', '/ticket/check-in', { token, body: { code: tickets[0].code } }), 409, 'ticket_used');
  refused(await api(foyer, 'POST', '/ticket/check-in', { token, body: { code: 'FT1.AAAA' } }), 404, 'ticket_not_found');
  const refund = await api(foyer, 'POST', `/booking/${best.json.id}/refund`, { token });
  assert.equal(refund.json.status, 'cancelled', refund.text);
  refused(await api(foyer, 'POST', '/ticket/check-in', { token, body: { code: tickets[1].code } }), 410, 'ticket_void');
  await until(() => ({ text: JSON.stringify(sql(foyer, 'SELECT status FROM payments')) }), ({ text }) => /refunded/.test(text));
  const csv = await api(foyer, 'GET', '/booking/export.csv', { token });
  assert.match(csv.text, /^id,bookedAt,status,[^]*"cancelled","refunded"/);
});

test('a refund that the provider cannot make is shown to staff, one that takes a while too', async () => {
  const { foyer } = demo;
  const concert = (await api(foyer, 'GET', '/concert')).json;
  const category = concert.categories.find(({ name }) => name === 'silver');
  for (const [card, shown] of [['4000000000005126', 'failed'], ['4000000000007726', 'pending']]) {
    const token = await buyer(demo, `${shown}@example.org`);
    sql(foyer, `UPDATE users SET role = 'staff' WHERE email = '${shown}@example.org'`);
    const booking = (await api(foyer, 'POST', '/booking', { token, body: { categoryId: category.id, seats: 1 } })).json;
    const intent = await api(foyer, 'POST', '/payment/create-intent', { token, body: { bookingId: booking.id } });
    assert.equal((await payByCard(demo, intent.json, card)).status, 200);
    assert.equal((await api(foyer, 'PATCH', `/booking/${booking.id}/confirm`, { token })).status, 200);
    assert.equal((await api(foyer, 'POST', `/booking/${booking.id}/refund`, { token })).json.refund, 'pending');
    const state = () => sql(foyer, `SELECT refund_state FROM payments p JOIN bookings b ON b.id = p.booking_id WHERE b.public_id = '${booking.id}'`);
    await until(() => ({ text: JSON.stringify(state()) }), ({ text }) => text.includes(shown));
    const { bookings } = (await api(foyer, 'GET', `/booking/all?q=${booking.id}`, { token })).json;
    assert.deepEqual(bookings.map(({ status, paymentStatus, refund }) => [status, paymentStatus, refund]), [['cancelled', 'refunded', shown]]);
  }
  assert.match(foyer.log, /payment: a refund has failed, the money is still with us.*why="expired_or_canceled_card"/);
});

test('the API of the test provider is for the server alone', async () => {
  const { foyer } = demo;
  const [{ id }] = sql(foyer, 'SELECT id FROM test_intents LIMIT 1');
  for (const [method, path] of [['GET', `/payment_intents/${id}`], ['POST', `/payment_intents/${id}/cancel`], ['POST', '/refunds']]) {
    const answer = await foyer.request({ method, path: `/test-provider/v1${path}`, headers: { Authorization: 'Bearer x' } });
    assert.equal(answer.status, 401, answer.text);
  }
  const away = await real.foyer.request({ method: 'GET', path: `/test-provider/v1/payment_intents/${id}` });
  assert.equal(away.status, 404);
});

const stripe = new Stripe('sk_test_x');
let events = 0;

async function tell(intent, type, { secret = WEBHOOK_SECRET, id = `evt_${++events}` } = {}) {
  const payload = JSON.stringify({ id, object: 'event', type, data: { object: intent } }, null, 2);
  const header = stripe.webhooks.generateTestHeaderString({ payload, secret });
  return api(real.foyer, 'POST', '/payment/webhook/stripe', {
    raw: payload, headers: { 'Content-Type': 'application/json', 'Stripe-Signature': header },
  });
}

/** A booking in a category of the concert without numbers, and its intent. */
async function begin(email, name, seats) {
  const concert = (await api(real.foyer, 'GET', '/concert')).json;
  const category = concert.categories.find((one) => one.name === name);
  const token = await buyer(real, email);
  const booking = await api(real.foyer, 'POST', '/booking', { token, body: { categoryId: category.id, seats } });
  assert.equal(booking.status, 200, booking.text);
  const intent = await api(real.foyer, 'POST', '/payment/create-intent', { token, body: { bookingId: booking.json.id } });
  return { token, booking: booking.json, intent, stripe: intents.get(`pi_${intents.size}`) };
}

test('a webhook signed by Stripe\'s library confirms, a forged one does not', async () => {
  const { token, booking, intent, stripe: paid } = await begin('hook@example.org', 'gold', 2);
  assert.equal(intent.json.paymentIntentClientSecret, paid.client_secret);
  const create = asked.find(({ line }) => line === 'POST /v1/payment_intents');
  assert.equal(create.key, `intent:${booking.id}:1`);
  paid.status = 'succeeded';
  const forged = await tell(paid, 'payment_intent.succeeded', { secret: 'whsec_other' });
  assert.equal(forged.status, 400);
  assert.match(forged.text, /^Webhook Error: /);
  assert.equal((await api(real.foyer, 'GET', `/booking/${booking.id}`, { token })).json.status, 'pending');
  const told = await tell(paid, 'payment_intent.succeeded', { id: 'evt_once' });
  assert.deepEqual([told.status, told.json], [200, { received: true }]);
  assert.equal((await tell(paid, 'payment_intent.succeeded', { id: 'evt_once' })).status, 200);
  const confirmed = await api(real.foyer, 'PATCH', `/booking/${booking.id}/confirm`, { token });
  assert.equal(confirmed.json.status, 'confirmed');
  const seen = await api(real.foyer, 'GET', `/booking/confirmed/${booking.id}`, { token });
  const still = ({ serverNow, ...rest }) => rest;
  assert.deepEqual(still(seen.json), still(confirmed.json));
  assert.equal((await tell({ ...paid, id: 'pi_unknown' }, 'payment_intent.succeeded')).status, 200);
  assert.equal((await tell(paid, 'customer.created')).status, 200);
});

test('DELETE cancels the intent and then the booking', async () => {
  const { token, booking, stripe: open } = await begin('cancel@example.org', 'diamond', 1);
  const gone = await api(real.foyer, 'DELETE', `/booking/pending?categoryId=${booking.categoryId}`, { token });
  assert.deepEqual([gone.status, gone.json], [200, { message: 'Cancelled' }]);
  assert.equal(open.status, 'canceled');
  refused(await api(real.foyer, 'PATCH', `/booking/${booking.id}/confirm`, { token }), 410, 'booking_cancelled');
  refused(await api(real.foyer, 'DELETE', `/booking/pending?categoryId=${booking.categoryId}`, { token }), 404,
    'no_pending_booking', 'No active session for this category');
});

test('what Stripe says when it refuses an intent is what the app shows', async () => {
  const { intent } = await begin('refused@example.org', 'gold', 1);
  refused(intent, 400, 'payment_refused', 'Amount must be more.');
});
