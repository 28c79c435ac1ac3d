// Texts that not every database can keep, U+0000 and bytes that are no UTF-8, in every text that a door takes: refused, as the
// door refuses what it cannot use, and never an error of the server's own.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';

import { until } from './support/faults.mjs';
import { Browser, Line } from './support/foyer.mjs';
import { Client, leaveAll } from './support/messenger.mjs';
import { openRaw } from './support/raw.mjs';
import { signUp, startTickets } from './support/tickets.mjs';

const LIMIT = { timeout: 120_000 };
const ODD = 'a\0b';
const GOOD = {
  email: 'ann@example.com', newEmail: 'bob@example.com', password: 'a good password', currentPassword: 'a good password',
  newPassword: 'a good password', name: 'Ann', newName: 'Ann', bio: '', newBio: 'x', otp: '123456', code: '123456', username: 'anna',
  refreshToken: 'x', token: 'x', os: 'Linux/unknown', browser: 'Chrome/120', message: 'hello', clientID: 'one', q: 'words', query: 'words',
  id: 1, userID: 1, 'message-id': 1, take: 1, skip: 0, categoryId: '0'.repeat(24), bookingId: '0'.repeat(24),
  concertId: '0'.repeat(24), seats: 1, phrase: 'a phrase of words', language: 'en', action: 'pause', notice: 'x', idempotencyKey: 'x',
};
const TEXTS = ['email', 'newEmail', 'password', 'name', 'newName', 'newBio', 'username', 'token', 'os', 'message', 'clientID', 'q', 'phrase', 'notice'];
const PARAMETERS = ['id', 'q', 'take', 'token', 'message-id', 'categoryId', 'concertId'];
const ID = ':id';
const ROUTES = [
  ...['queue/status', 'concert', 'booking/pending', 'booking/mine', 'booking/all', 'booking/confirmed/:id', 'booking/:id',
    'booking/:id/tickets', 'queue/draw', 'queue/operate', 'concerts', 'ticket/list', 'account', 'account/sessions'].map((path) => ['GET', `/api/v1/${path}`]),
  ...['queue/join', 'booking', 'booking/:id/refund', 'payment/create-intent', 'queue/leave', 'queue/operate', 'ticket/check-in',
    'auth/signup/email', 'auth/verify-otp', 'auth/login/email', 'auth/refresh', 'account/email', 'account/email/verify', 'account/username',
    'account/username/verify'].map((path) => ['POST', `/api/v1/${path}`]),
  ['PATCH', '/api/v1/booking/:id/confirm'], ['PATCH', '/api/v1/account'], ['DELETE', '/api/v1/booking/pending'],
  ['DELETE', '/api/v1/account/sessions/:id'],
  ...['message/read', 'message/search', 'message/:id', 'message/:id/not-readed', 'dialog', 'auth/sessions', 'user/is-exist', 'user/:id/name',
    'email/confirm-email', 'email/change-email', 'user/blocked'].map((path) => ['GET', `/api/${path}`]),
  ...['message/:id', 'auth/refresh-token', 'auth/login', 'user', 'user/check-email', 'user/search', 'user/reset-password', 'user/change/password',
    'user/change/name', 'user/change/bio', 'user/change/email', 'email/reset-password'].map((path) => ['POST', `/api/${path}`]),
  ['PUT', '/api/message'], ['DELETE', '/api/message'], ['DELETE', '/api/auth/sessions/:id'], ['PUT', '/api/user/:id/block'],
  ...['auth_start', 'auth_reset', 'register', 'login', 'save_recovery_phrase', 'recovery_phrase'].map((path) => ['POST', `/api/user/${path}`]),
  ['POST', '/test-provider/v1/payment_intents/:id/confirm'], ['GET', '/test-provider/v1/payment_intents/:id'],
];

let server;
let token;

before(async () => {
  server = await startTickets({ TRUST_PROXY: '1', LOG_LEVEL: 'warn', SWEEP_INTERVAL: '3600' });
  ({ accessToken: token } = await signUp(server, 'signed-in@example.com'));
});
afterEach(async () => assert.equal((await asked('GET', '/api/v1/account')).status, 200, 'who asked is signed in still'));
after(async () => {
  leaveAll();
  await server.end();
});

/** What came of it is no fault of the server's: neither its answer nor its log says so. */
async function asked(method, path, { body, headers = {} } = {}) {
  const answer = await server.foyer.request({
    method, path, body, headers: { Authorization: `Bearer ${token}`, ...(body && { 'Content-Type': 'application/json' }), ...headers },
  });
  assert.notEqual(answer.status, 500, `${method} ${path} ${body}: ${answer.text}`);
  assert.doesNotMatch(server.foyer.log, /statement failed/, `${method} ${path} ${body}`);
  return answer;
}

/** Sends bytes as they are; gives the status. */
async function statusOf(head, body = '') {
  const socket = await openRaw(server.foyer);
  socket.write(Buffer.from(`${head}\r\nHost: a\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`, 'latin1'));
  await until(() => socket.over, 'an answer');
  const status = Number(/^HTTP\/1\.1 (\d+)/.exec(socket.received.toString('latin1'))?.[1]);
  assert.ok(status < 500, `${head}: ${socket.received}`);
  assert.doesNotMatch(server.foyer.log, /statement failed/, head);
  return status;
}

// First: those after it guess so often that nobody signs in any more.
test('bytes that are no UTF-8, and U+0000, in a header', LIMIT, async () => {
  const login = JSON.stringify({ email: 'signed-in@example.com', password: GOOD.password, os: 'Linux', browser: 'x' });
  for (const name of ['User-Agent', 'X-Forwarded-For', 'X-Request-Id', 'Idempotency-Key', 'Accept-Language', 'Cookie', 'Origin']) {
    for (const odd of ['a\xff\xfeb', 'a\xc3', 'a\0b']) {
      const more = `Content-Type: application/json\r\n${name}: ${odd}`;
      const status = await statusOf(`POST /api/v1/auth/login/email HTTP/1.1\r\n${more}`, login);
      assert.ok(status === 200 || status === 400, `${name}: ${status}`);
      await statusOf(`POST /api/auth/login HTTP/1.1\r\n${more}`, login);
      await statusOf(`POST /api/user/auth_start HTTP/1.1\r\n${more}`, JSON.stringify({ username: 'somebody' }));
    }
  }
});

test('U+0000 in a member of a body', LIMIT, async () => {
  for (const [method, path] of ROUTES.filter(([verb]) => verb !== 'GET')) {
    for (const name of TEXTS) await asked(method, path.replace(ID, '1'), { body: JSON.stringify({ ...GOOD, [name]: ODD }) });
  }
  assert.equal((await asked('POST', '/api/message/1', { body: JSON.stringify({ message: ODD }) })).status, 400);
  assert.equal((await asked('POST', '/api/v1/auth/login/email', { body: JSON.stringify({ ...GOOD, password: ODD }) })).status, 400);
});

test('U+0000 and bytes that are no UTF-8 in an address and its query', LIMIT, async () => {
  for (const [method, path] of ROUTES) {
    for (const odd of ['a%00b', '%ff', '%c3', '%ed%a0%80']) {
      if (path.includes(ID)) await asked(method, path.replace(ID, odd));
      if (method !== 'GET') continue;
      for (const name of PARAMETERS) await asked(method, `${path.replace(ID, '1')}?${name}=${odd}&${new URLSearchParams({ ...GOOD, [name]: '' })}`);
    }
  }
  for (const target of ['/api/message/search?q=a%00b&take=1', '/api/email/confirm-email?id=1&token=%00'])
    assert.equal((await asked('GET', target)).status, 400, target);
});

test('bytes that are no UTF-8 in a target', LIMIT, async () => {
  for (const [method, path] of ROUTES) {
    await statusOf(`${method} ${path.replace(ID, 'a\xff\xfe')}?q=\xff&os=\xff&id=\xff HTTP/1.1\r\nAuthorization: Bearer ${token}`);
  }
});

test('U+0000 on sockets', LIMIT, async () => {
  const line = await Line.open(server.foyer, { browser: new Browser(server.foyer) });
  for (const type of ['user.subscribe', 'hall.subscribe', 'hall.update_seat_status', 'cinema.get_cinemas', ODD]) {
    const { error } = await line.ask(type, { id: ODD, hall_id: ODD, seat_id: ODD, status: ODD, format: ODD }, 'odd');
    assert.notEqual(error, 'InternalServerError', type);
  }
  await line.close();
  for (const query of [{ os: ODD }, { browser: ODD }, { authorization: `Bearer ${ODD}` }, { [ODD]: ODD }]) {
    const client = Client.of(server.foyer, 4, { token }, { query: { authorization: `Bearer ${token}`, os: 'Linux', browser: 'x', ...query } });
    await until(() => client.heard.length > 0, 'an answer');
    client.socket.emit('user:typing', { to: ODD });
  }
});
