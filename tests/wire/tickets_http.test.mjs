// What every answer of the tickets door has: limits, headers, keys that make a request happen once.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { sql } from './support/outbox.mjs';
import { PASSWORD, api, refused, signUp, startTickets } from './support/tickets.mjs';

let limited;
let open;
let token;
before(async () => {
  limited = await startTickets({ RATE_LIMITS: 'on', LOOPS: '2', TRUST_PROXY: '1' });
  open = await startTickets();
  ({ accessToken: token } = await signUp(open, 'ann@example.com'));
});
after(async () => {
  await limited.end();
  await open.end();
});

const from = (address) => ({ 'X-Forwarded-For': address });

test('an unknown address, and a verb that an address does not have', async () => {
  refused(await api(open.foyer, 'GET', '/nothing'), 404, 'not_found');
  refused(await api(open.foyer, 'GET', ''), 404, 'not_found');
  refused(await api(open.foyer, 'DELETE', '/account', { token }), 404, 'not_found');
});

test('401 is for missing and bad tokens', async () => {
  refused(await api(open.foyer, 'GET', '/account'), 401, 'unauthorized', 'Unauthorized');
  refused(await api(open.foyer, 'GET', '/account', { headers: { Authorization: 'Basic YTpi' } }), 401, 'unauthorized');
  refused(await api(open.foyer, 'GET', '/account', { token: 'a.b.c' }), 401, 'invalid_token', 'Invalid token');
  refused(await api(open.foyer, 'GET', '/queue/operate', { token }), 403, 'forbidden');
});

test('a body that is no JSON object', async () => {
  for (const raw of ['{', '[]', '"a"', '1']) {
    refused(await api(open.foyer, 'POST', '/auth/signup/email', { raw }), 400, 'invalid_request');
  }
});

test('a path ends with a slash or not', async () => {
  assert.equal((await api(open.foyer, 'GET', '/account/', { token })).status, 200);
});

test('pages of other origins read answers without credentials, ours with', async () => {
  const foreign = await api(open.foyer, 'GET', '/concert', { headers: { Origin: 'https://shop.example' } });
  assert.equal(foreign.headers['access-control-allow-origin'], '*');
  assert.equal(foreign.headers['access-control-allow-credentials'], undefined);
  const own = await api(open.foyer, 'GET', '/concert', { headers: { Origin: 'http://localhost:1234' } });
  assert.equal(own.headers['access-control-allow-origin'], 'http://localhost:1234');
  assert.equal(own.headers['access-control-allow-credentials'], 'true');
  const preflight = await api(open.foyer, 'OPTIONS', '/booking', { headers: { Origin: 'https://shop.example' } });
  assert.equal(preflight.status, 204);
  for (const method of ['GET', 'POST', 'PATCH', 'DELETE']) {
    assert.ok(preflight.headers['access-control-allow-methods'].split(',').includes(method));
  }
  assert.match(preflight.headers['access-control-allow-headers'], /Idempotency-Key/);
});

test('the headers that keep browsers careful, and the name of the request', async () => {
  const { headers } = await api(open.foyer, 'GET', '/account', { token, headers: { 'X-Request-Id': 'my-request.1' } });
  assert.equal(headers['x-content-type-options'], 'nosniff');
  assert.equal(headers['x-frame-options'], 'DENY');
  assert.equal(headers['cache-control'], 'no-store');
  assert.equal(headers['x-request-id'], 'my-request.1');
  const other = await api(open.foyer, 'GET', '/account', { token, headers: { 'X-Request-Id': '<script>' } });
  assert.match(other.headers['x-request-id'], /^[A-Za-z0-9_-]{16}$/);
});

test('with RATE_LIMITS=off nobody counts requests', async () => {
  const { headers } = await api(open.foyer, 'GET', '/concert');
  assert.equal(headers['x-ratelimit-limit'], undefined);
});

test('an address has 600 requests in 15 minutes', async () => {
  const headers = from('203.0.113.1');
  let last;
  for (let i = 1; i <= 600; i++) {
    last = await api(limited.foyer, 'GET', '/concert', { headers });
    assert.notEqual(last.status, 429);
  }
  assert.equal(last.headers['x-ratelimit-limit'], '600');
  assert.equal(last.headers['x-ratelimit-remaining'], '0');
  const over = await api(limited.foyer, 'GET', '/concert', { headers });
  refused(over, 429, 'too_many_requests', 'Too Many Requests');
  const seconds = Number(over.headers['retry-after']);
  assert.ok(seconds > 800 && seconds <= 900, over.headers['retry-after']);
  assert.ok(Math.abs(Number(over.headers['x-ratelimit-reset']) - Date.now() / 1000 - seconds) < 3);
  // What is exempt goes on, and so do others.
  assert.equal((await api(limited.foyer, 'GET', '/payment/pub-key', { headers })).status, 200);
  assert.notEqual((await api(limited.foyer, 'POST', '/payment/webhook/stripe', { headers, raw: '{}' })).status, 429);
  assert.notEqual((await api(limited.foyer, 'GET', '/concert', { headers: from('203.0.113.2') })).status, 429);
});

test('what can be guessed at has five tries a minute, each route by itself', async () => {
  const headers = from('203.0.113.3');
  for (const target of ['/auth/signup/email', '/auth/verify-otp', '/auth/login/email', '/booking']) {
    for (let i = 0; i < 5; i++) assert.notEqual((await api(limited.foyer, 'POST', target, { headers, body: {} })).status, 429);
    const over = await api(limited.foyer, 'POST', target, { headers, body: {} });
    refused(over, 429, 'too_many_requests', 'Too many requests, please try again later.');
    assert.equal(over.headers['x-ratelimit-limit'], '5');
  }
});

test('queue/status is counted by person, 60 a minute, wherever it comes from', async () => {
  const one = await signUp(limited, 'poller@example.com', { headers: from('203.0.113.4') });
  const other = await signUp(limited, 'other@example.com', { headers: from('203.0.113.4') });
  const ask = ({ accessToken }, i) =>
    api(limited.foyer, 'GET', '/queue/status', { token: accessToken, headers: from(`198.51.100.${i % 50}`) });
  for (let i = 0; i < 60; i++) assert.notEqual((await ask(one, i)).status, 429);
  const over = await ask(one, 60);
  refused(over, 429, 'too_many_requests');
  assert.ok(Number(over.headers['retry-after']) <= 60);
  assert.notEqual((await ask(other, 0)).status, 429);
});

test('tokens that are nobody\'s count by address, at queue/status too', async () => {
  const headers = from('203.0.113.9');
  const guess = (token) => api(limited.foyer, 'GET', '/queue/status', { token, headers });
  for (let i = 1; i <= 600; i++) {
    const answer = await guess(i % 2 === 0 ? `a.b.${i}` : undefined);
    assert.equal(answer.status, 401);
    assert.equal(answer.headers['x-ratelimit-remaining'], String(600 - i));
  }
  const over = await guess('a.b.c');
  refused(over, 429, 'too_many_requests', 'Too Many Requests');
  assert.ok(Number(over.headers['retry-after']) > 0);
  assert.equal((await api(limited.foyer, 'GET', '/queue/status', { headers: from('203.0.113.10') })).status, 401);
});

test('the same request with the same key happens once', async () => {
  const body = { email: 'ann@example.com', password: PASSWORD };
  const login = (headers) => api(open.foyer, 'POST', '/auth/login/email', { body, headers });
  const count = async () => (await api(open.foyer, 'GET', '/account/sessions', { token })).json.length;
  const before_ = await count();
  const first = await login({ 'Idempotency-Key': 'k1' });
  const again = await login({ 'Idempotency-Key': 'k1' });
  assert.equal(first.status, 200, first.text);
  assert.equal(again.json.refreshToken, first.json.refreshToken);
  assert.deepEqual(again.json.user, first.json.user);
  assert.equal(await count(), before_ + 1);
  const reused = await api(open.foyer, 'POST', '/auth/login/email', { body: { ...body, email: 'b@example.com' }, headers: { 'Idempotency-Key': 'k2' } });
  assert.equal(reused.status, 400);
  refused(await api(open.foyer, 'POST', '/auth/login/email', { body: { email: 'ANN@example.com', password: PASSWORD }, headers: { 'Idempotency-Key': 'k1' } }),
    422, 'idempotency_key_reused');
  refused(await login({ 'Idempotency-Key': 'x'.repeat(256) }), 400, 'validation_error');
});

test('a sign-in that is sent again once its session has ended opens another', async () => {
  const login = () => api(open.foyer, 'POST', '/auth/login/email', {
    body: { email: 'ann@example.com', password: PASSWORD }, headers: { 'Idempotency-Key': 'k3' },
  });
  const first = await login();
  await api(open.foyer, 'POST', '/auth/logout', { token: first.json.accessToken });
  const again = await login();
  assert.equal(again.status, 200);
  assert.notEqual(again.json.refreshToken, first.json.refreshToken);
  assert.equal((await api(open.foyer, 'GET', '/account', { token: again.json.accessToken })).status, 200);
  assert.equal((await login()).json.refreshToken, again.json.refreshToken);
});

test('kept answers are forgotten a little at a time', async () => {
  sql(open.foyer, "INSERT INTO answers VALUES('old', '1', '', '', NULL, 1), ('old', '2', '', '', NULL, 2), ('old', '3', '', '', NULL, 3)");
  const count = () => sql(open.foyer, "SELECT count(*) AS n FROM answers WHERE scope = 'old'")[0].n;
  const leave = (key) => api(open.foyer, 'POST', '/queue/leave', { token, headers: { 'Idempotency-Key': key } });
  assert.equal((await leave('leave-1')).status, 200);
  assert.equal(count(), 1);
  assert.equal((await leave('leave-2')).status, 200);
  assert.equal(count(), 0);
});

test('a body that is too long is refused in the words of the door', async () => {
  const body = { email: 'ann@example.com', password: 'x'.repeat(110 * 1024) };
  const answer = await api(open.foyer, 'POST', '/auth/login/email', { body, headers: { Origin: 'https://app.example' } });
  refused(answer, 413, 'message_too_large');
  assert.equal(answer.headers['access-control-allow-origin'], '*');
});

test('HEAD is GET without a body', async () => {
  const answer = await api(open.foyer, 'HEAD', '/concert');
  assert.equal(answer.text, '');
  assert.notEqual(answer.status, 404);
});
