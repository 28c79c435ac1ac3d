// What goes to Stripe's API, beside what Stripe's own library sends, and which answers are asked for again.
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, beforeEach, test } from 'node:test';

import Stripe from 'stripe';

import { startFoyer } from './support/foyer.mjs';
import { addEffect, done, givenUp, hurry, tried } from './support/outbox.mjs';

const KEY = 'sk_test_of_the_stub';
const requests = [];
let answers = [];
let foyer;
let stub;
let api; // Stripe's own library, asking the same stub

const INTENT = { id: 'pi_1', object: 'payment_intent', client_secret: 'pi_1_secret_2', status: 'requires_payment_method' };

before(async () => {
  stub = http.createServer(async (request, response) => {
    let body = '';
    for await (const part of request) body += part;
    requests.push({ method: request.method, url: request.url, headers: request.headers, form: new URLSearchParams(body) });
    const { status = 200, json = INTENT, headers = {}, drop = false } = answers.shift() ?? {};
    if (drop) return request.socket.destroy();
    response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
    return response.end(typeof json === 'string' ? json : JSON.stringify(json));
  });
  await new Promise((resolve) => stub.listen(0, '127.0.0.1', resolve));
  const { port } = stub.address();
  api = new Stripe(KEY, { host: '127.0.0.1', port, protocol: 'http', maxNetworkRetries: 0, telemetry: false });
  foyer = await startFoyer({ STRIPE_SECRET_KEY: KEY, STRIPE_API_BASE: `http://127.0.0.1:${port}` });
});
after(async () => {
  await foyer.end();
  stub.closeAllConnections();
  stub.close();
});
beforeEach(() => {
  requests.length = 0;
  answers = [];
});

const METADATA = { bookingId: '0123456789abcdef01234567', userId: 'aa& =%' };
let number = 0;
const freshKey = (op) => `${op}:0123456789abcdef01234567:${++number}`;
const payloadOf = (op, more = {}) => ({
  op, bookingId: 7, attempt: 1, intent: 'pi_1', amount: 240_000, currency: 'inr', metadata: METADATA, ...more,
});

/** What matters of a request: its line, its form, and the headers that Stripe looks at. */
const essence = ({ method, url, headers, form }) => ({
  method, url, form: [...form].sort(), authorization: headers.authorization, type: headers['content-type']?.split(';')[0],
  key: headers['idempotency-key'],
});

const calls = {
  create: (options) => api.paymentIntents.create(
    { amount: 240_000, currency: 'inr', automatic_payment_methods: { enabled: true }, metadata: METADATA }, options,
  ),
  cancel: (options) => api.paymentIntents.cancel('pi_1', { cancellation_reason: 'abandoned' }, options),
  refund: (options) => api.refunds.create({ payment_intent: 'pi_1' }, options),
};

for (const op of ['create', 'cancel', 'refund']) {
  test(`${op}: the request is the one that Stripe's own library makes`, async () => {
    const key = freshKey(op);
    addEffect(foyer, 'stripe', key, payloadOf(op));
    await done(foyer, key);
    await calls[op]({ idempotencyKey: key.replace(/^create:/, 'intent:') });
    assert.deepEqual(essence(requests[0]), essence(requests[1]));
    assert.match(requests[0].headers['stripe-version'], /^\d{4}-\d\d-\d\d/);
  });
}

test('retrieve: the request is the one that Stripe\'s own library makes', async () => {
  const key = freshKey('retrieve');
  addEffect(foyer, 'stripe', key, payloadOf('retrieve'));
  await done(foyer, key);
  await api.paymentIntents.retrieve('pi_1');
  const [ours, theirs] = requests.map(essence);
  assert.deepEqual({ ...ours, type: null }, { ...theirs, type: null });
});

test('look_at_refund: the request is the one that Stripe\'s own library makes', async () => {
  const key = freshKey('look_at_refund');
  addEffect(foyer, 'stripe', key, { ...payloadOf('look_at_refund'), refund: 're_1' });
  await done(foyer, key);
  await api.refunds.retrieve('re_1');
  const [ours, theirs] = requests.map(essence);
  assert.deepEqual({ ...ours, type: null }, { ...theirs, type: null });
});

const temporary = {
  'a conflict': { status: 409, json: { error: { code: 'lock_timeout', type: 'invalid_request_error' } } },
  'too many requests': { status: 429, json: { error: { code: 'rate_limit' } } },
  'a fault of theirs': { status: 500, json: { error: { type: 'api_error' } } },
  'a page of a proxy': { status: 502, json: '<html>' },
  'success that is no JSON': { status: 200, json: '<html>' },
  'a line that drops': { drop: true },
};
for (const [what, answer] of Object.entries(temporary)) {
  test(`${what} is asked again, with the same key`, async () => {
    answers = [answer];
    const key = freshKey('refund');
    addEffect(foyer, 'stripe', key, payloadOf('refund'));
    await tried(foyer, key, 1);
    hurry(foyer, key);
    await done(foyer, key);
    assert.deepEqual(requests.map((request) => request.headers['idempotency-key']), [key, key]);
  });
}

test('Retry-After is waited for', async () => {
  answers = [{ status: 429, json: { error: {} }, headers: { 'Retry-After': '600' } }];
  const key = freshKey('refund');
  addEffect(foyer, 'stripe', key, payloadOf('refund'));
  const row = await tried(foyer, key, 1);
  assert.ok(row.due_at >= row.created_at + 600_000, `due after ${row.due_at - row.created_at} ms`);
});

test('a refusal is final', async () => {
  answers = [{ status: 402, json: { error: { code: 'card_declined', type: 'card_error', message: 'Your card was declined.' } } }];
  const key = freshKey('create');
  addEffect(foyer, 'stripe', key, payloadOf('create'));
  const row = await givenUp(foyer, key);
  assert.deepEqual([row.attempts, row.last_error], [1, 'HTTP 402 card_declined']);
});

test('an answer without end is cut', async () => {
  answers = [{ json: JSON.stringify({ ...INTENT, filler: 'x'.repeat(1_000_000) }) }];
  const key = freshKey('retrieve');
  addEffect(foyer, 'stripe', key, payloadOf('retrieve'));
  await tried(foyer, key, 1);
  hurry(foyer, key);
  await done(foyer, key);
  assert.equal(requests.length, 2);
});

test('while somebody waits, it is asked for ten seconds and then given up', async () => {
  answers = Array.from({ length: 50 }, () => temporary['a fault of theirs']);
  const key = freshKey('create');
  addEffect(foyer, 'stripe', key, payloadOf('create'));
  const row = await givenUp(foyer, key);
  assert.ok(row.attempts >= 3, `${row.attempts} tries`);
  assert.ok(row.done_at - row.created_at <= 11_000, `${row.done_at - row.created_at} ms`);
});

test('of a GET no key is sent, and no redirect is followed', async () => {
  answers = [{ status: 302, json: {}, headers: { Location: '/elsewhere' } }];
  const key = freshKey('retrieve');
  addEffect(foyer, 'stripe', key, payloadOf('retrieve'));
  await givenUp(foyer, key);
  assert.deepEqual(requests.map((request) => [request.url, request.headers['idempotency-key']]), [['/v1/payment_intents/pi_1', undefined]]);
});
