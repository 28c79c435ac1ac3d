// Outgoing webhooks, received as a stranger would: by the reference library of Standard Webhooks.
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, beforeEach, test } from 'node:test';

import { Webhook } from 'standardwebhooks';

import { startFoyer } from './support/foyer.mjs';
import { addEffect, done, givenUp, hurry, sql, tried, until } from './support/outbox.mjs';

const HANGS = 0; // no answer ever
const LONG = 1; // a page with it
const received = [];
let statuses = [];
let foyer;
let endpoint;
let url;
let secret;

before(async () => {
  endpoint = http.createServer(async (request, response) => {
    let body = '';
    for await (const part of request) body += part;
    received.push({ headers: request.headers, body });
    const status = statuses.shift() ?? 204;
    if (status === LONG) response.writeHead(200).end('x'.repeat(100_000));
    else if (status !== HANGS) response.writeHead(status).end();
  });
  await new Promise((resolve) => endpoint.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${endpoint.address().port}/hook`;
  foyer = await startFoyer();
});
after(async () => {
  await foyer.end();
  endpoint.closeAllConnections();
  endpoint.close();
});
beforeEach(() => {
  received.length = 0;
  statuses = [];
  secret = foyer.command('webhook', 'add', url).trim();
});

let number = 0;
function tell(options) {
  const [{ id: webhookId }] = sql(foyer, 'SELECT id FROM webhooks');
  const id = `msg_${++number}`;
  const key = `webhook:${webhookId}:${id}`;
  addEffect(foyer, 'webhook', key, { webhookId, url, secret, id, type: 'booking.confirmed', data: { seats: 2, name: 'Ü "x"' } }, options);
  return { key, id };
}
const isDisabled = () => foyer.command('webhook', 'list').includes('disabled');

test('it is signed so that the reference library takes it, and says what has happened', async () => {
  const { key, id } = tell();
  await done(foyer, key);
  const { headers, body } = received[0];
  const told = new Webhook(secret).verify(body, headers);
  assert.deepEqual(told.data, { seats: 2, name: 'Ü "x"' });
  assert.equal(told.type, 'booking.confirmed');
  assert.ok(Math.abs(Date.now() - Date.parse(told.timestamp)) < 60_000);
  assert.equal(headers['webhook-id'], id);
  assert.equal(headers['content-type'], 'application/json');
  assert.throws(() => new Webhook(secret).verify(body.replace('2', '3'), headers));
});

test('refused, it is told again with the same id and body, signed anew', async () => {
  statuses = [500];
  const { key } = tell();
  await tried(foyer, key, 1);
  await until(() => Date.now() / 1000 >= Number(received[0].headers['webhook-timestamp']) + 1);
  hurry(foyer, key);
  await done(foyer, key);
  const [first, second] = received;
  assert.equal(first.body, second.body);
  assert.equal(first.headers['webhook-id'], second.headers['webhook-id']);
  assert.ok(Number(second.headers['webhook-timestamp']) > Number(first.headers['webhook-timestamp']));
  assert.notEqual(first.headers['webhook-signature'], second.headers['webhook-signature']);
  new Webhook(secret).verify(second.body, second.headers);
});

test('who says 410 is told nothing more, until it is added again', async () => {
  statuses = [410];
  const { key } = tell();
  await givenUp(foyer, key);
  assert.ok(isDisabled());
  assert.equal(foyer.command('webhook', 'add', url).trim(), secret, 'its secret stays');
  assert.ok(!isDisabled());
});

test('who cannot be told for three days is told nothing more', async () => {
  const DAYS = 24 * 3600_000;
  sql(foyer, 'DELETE FROM outbox'); // it has taken nothing, either
  statuses = [503, 503];
  const { key } = tell({ created: Date.now() - 2.9 * DAYS, attempts: 70 });
  await tried(foyer, key, 71);
  assert.ok(!isDisabled());
  sql(foyer, `UPDATE outbox SET created_at = ${Date.now() - 3 * DAYS}, due_at = 0 WHERE done_at IS NULL`);
  await givenUp(foyer, key);
  assert.ok(isDisabled());
});

test('who cannot be told one thing for three days, and takes others, is told those', async () => {
  await done(foyer, tell().key);
  statuses = [503];
  const { key } = tell({ created: Date.now() - 3 * 24 * 3600_000, attempts: 70 });
  await givenUp(foyer, key);
  assert.ok(!isDisabled());
});

test('a 2xx is taken for one, whatever comes with it', async () => {
  statuses = [LONG];
  const { key } = tell();
  assert.equal((await done(foyer, key)).attempts, 1);
  assert.equal(received.length, 1);
});

test('a removed endpoint is not told what was still to be told', async () => {
  statuses = [500];
  const { key } = tell();
  await tried(foyer, key, 1);
  foyer.command('webhook', 'remove', url);
  assert.equal(foyer.command('webhook', 'list'), '');
  assert.deepEqual(sql(foyer, `SELECT id FROM outbox WHERE key = '${key}'`), []);
});

test('an endpoint that hangs does not hold up the end, and is told after the next start', async () => {
  statuses = [HANGS];
  const { key } = tell();
  await until(() => received.length === 1);
  const begun = Date.now();
  await foyer.stop();
  assert.ok(Date.now() - begun < 5000, `it took ${Date.now() - begun} ms`);
  await foyer.start();
  assert.equal((await done(foyer, key)).attempts, 1, 'a try that was cut is none');
  assert.equal(received[0].headers['webhook-id'], received[1].headers['webhook-id']);
});
