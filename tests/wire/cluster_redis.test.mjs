// Two servers on one PostgreSQL and one Redis: who commits tells the other through Redis, the queue stands there as keys, an
// address is limited once for all; and whatever becomes of Redis, all goes on, and what it has lost is written again.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';

import { until } from './support/faults.mjs';
import { ownFolder } from './support/folders.mjs';
import { Browser, Foyer, Line, Person } from './support/foyer.mjs';
import { newPostgres, withoutPostgres } from './support/postgres.mjs';
import { startRedis } from './support/redis.mjs';
import { api } from './support/tickets.mjs';

const LIMIT = { timeout: 280_000 };
const OPERA = 3;
const CONCERT = 1;
const WAIT_MS = 60_000;
const PROMPT_MS = 5_000; // within milliseconds; a machine that is busy with other tests may take longer

// One for all, as filling a venue is what takes long.
let database;
after(() => database?.drop());

/** What the keys call the concert: the id that the tickets door shows. */
const show = () => database.ask(`SELECT public_id FROM concerts WHERE id = ${CONCERT}`);
const lineKey = () => `queue:concert:${show()}`;
const idOf = (person) => database.ask(`SELECT public_id FROM users WHERE username = '${person.username}'`);

/** The queue as the tables have it, in the words of the keys. */
function linesOfTables() {
  const rows = database.ask(`SELECT string_agg(status || ',' || u.public_id || ',' || rank || ',' || coalesce(slot_until, 0), ' ') FROM
    queue_places q JOIN users u ON u.id = q.user_id WHERE concert_id = ${CONCERT} AND status IN ('waiting', 'active')`);
  const lines = { waiting: {}, active: {} };
  for (const row of rows.split(' ').filter(Boolean)) {
    const [status, user, rank, until_ms] = row.split(',');
    const place = BigInt(rank);
    const score = place >= 1n << 62n ? place - (1n << 62n) : (place >> 9n) - (1n << 53n);
    lines[status][user] = status === 'waiting' ? Number(score) : until_ms;
  }
  return lines;
}

/** The same as Redis has it. */
function linesOfRedis(redis) {
  const lines = { waiting: {}, active: {} };
  const concert = show();
  const scored = redis.ask('ZRANGE', `queue:concert:${concert}`, 0, -1, 'WITHSCORES');
  for (let i = 0; i + 1 < scored.length; i += 2) lines.waiting[scored[i]] = Number(scored[i + 1]);
  for (const user of redis.ask('SMEMBERS', `active:concert:${concert}`).filter(Boolean)) {
    const slot = `slot:${concert}:${user}`;
    const [left] = redis.ask('PTTL', slot).map(Number);
    const [until_ms] = redis.ask('GET', slot);
    const isRight = left > 0 && Math.abs(Number(until_ms) - Date.now() - left) < PROMPT_MS;
    lines.active[user] = isRight ? until_ms : `${until_ms}, gone after ${left} ms`;
  }
  return lines;
}

async function keysAreRight(redis, when) {
  const shown = () => `${when}: ${JSON.stringify(linesOfRedis(redis))} for ${JSON.stringify(linesOfTables())}`;
  await until(() => isDeepStrictEqual(linesOfRedis(redis), linesOfTables()), shown, WAIT_MS);
}

async function ask(who, foyer, method, target) {
  const answer = await api(foyer, method, target, { headers: { Origin: `http://localhost:${foyer.port}`, ...who.browser.headers } });
  assert.equal(answer.status, 200, answer.text);
  return answer.json;
}

const queue = (who, foyer, target) => ask(who, foyer, target === 'status' ? 'GET' : 'POST', `/queue/${target}`);

/** How long one seat's change takes to be acknowledged, and to be seen at the other server. */
async function changeAndSee(line, viewer, seat_id) {
  const begun = Date.now();
  const reply = await line.ask('hall.update_seat_status', { hall_id: OPERA, seat_id, status: 'RESERVED', reply: 'delta' });
  assert.equal(reply.status, 'success', reply.error);
  const acknowledged = Date.now() - begun;
  await viewer.take(({ status, data }) => status === 'update' && data.seats.some(({ id }) => id === seat_id));
  return { acknowledged, seen: Date.now() - begun };
}

const isHere = (foyer) => foyer.log.lastIndexOf('redis: here') > foyer.log.lastIndexOf('redis: away');

const medianOf = (times) => times.sort((x, y) => x - y)[times.length >> 1];

describe('two servers on one PostgreSQL and one Redis', { ...LIMIT, skip: withoutPostgres }, () => {
  let redis;
  let a;
  let b;
  const crowd = [];
  let line;
  let viewer;
  let seats;

  before(async () => {
    database ??= newPostgres();
    redis = await startRedis();
    const options = {
      DATABASE_URL: database.url, REDIS_URL: redis.url, MAX_ACTIVE_USERS: '2', LOG_LEVEL: 'info',
      MAIL_DIR: ownFolder('mail'),
    };
    a = await new Foyer(options).start();
    b = await new Foyer(options).start();
    for (let i = 0; i < 12; i++) crowd.push(await Person.signUp(i % 2 ? b : a));
    line = await (await Person.signUp(a)).line();
    viewer = await Line.open(b);
    const { data: hall } = await viewer.ask('hall.subscribe', { id: OPERA }, 'sub');
    seats = hall.seats.filter(({ status }) => status === 'VACANT').map(({ id }) => id);
  });
  after(async () => {
    await line?.close();
    await viewer?.close();
    a.command('verify');
    await a.end();
    await b.end();
    await redis.end();
  });

  test('a commit is told by Redis, and PostgreSQL is not asked to tell', async (t) => {
    await until(() => isHere(a) && isHere(b), 'both have Redis');
    const bus = spawn('redis-cli', ['-p', redis.port, 'SUBSCRIBE', 'foyer:commits']);
    const listener = spawn('psql', ['-qAtX', database.direct]);
    let told = '';
    let notified = '';
    bus.stdout.on('data', (text) => (told += text));
    listener.stdout.on('data', (text) => (notified += text));
    listener.stdin.write("LISTEN foyer_commits; SELECT 'listening';\n");
    await until(() => told.includes('subscribe') && notified.includes('listening'), 'both are listened to');
    const before = Number(database.ask('SELECT max(number) FROM commits'));
    const times = [];
    for (let i = 0; i < 20; i++) times.push((await changeAndSee(line, viewer, seats.pop())).seen);
    const numbers = () => told.match(/^\d+$/gm)?.map(Number).filter((number) => number > before) ?? [];
    await until(() => numbers().length >= 20, 'each is told');
    assert.deepEqual(numbers(), [...numbers()].sort((x, y) => x - y));
    listener.stdin.write("SELECT 'the end';\n");
    await until(() => notified.includes('the end'), 'the listener answers');
    assert.doesNotMatch(notified, /notification/, notified);
    t.diagnostic(`seen at the other after ${medianOf(times)} ms`);
    assert.ok(medianOf(times) < PROMPT_MS, `${times}`);
    bus.kill();
    listener.kill();
  });

  test('its keys are right after joins at both, promotions, and those who leave', async () => {
    await Promise.all(crowd.map((who, i) => queue(who, i % 2 ? b : a, 'join')));
    await keysAreRight(redis, 'after the joins');
    assert.equal(Object.keys(linesOfRedis(redis).active).length, 2);
    assert.equal(Object.keys(linesOfRedis(redis).waiting).length, 10);
    for (const [i, who] of crowd.slice(0, 4).entries()) await queue(who, i % 2 ? a : b, 'leave');
    await keysAreRight(redis, 'after four have left');
    const person = crowd[9];
    const { position } = await queue(person, a, 'status');
    const concert = await ask(person, a, 'GET', '/concert');
    const { id } = await ask(person, a, 'GET', '/account');
    assert.equal(redis.ask('ZRANK', `queue:concert:${concert.id}`, id)[0], String(position - 1));
  });

  test('what is emptied is written again', async () => {
    for (let i = 0; i < 3; i++) {
      redis.ask('FLUSHALL');
      await queue(crowd[i], i % 2 ? a : b, 'join');
      await keysAreRight(redis, `after it was emptied ${i}`);
      await until(() => redis.ask('EXISTS', 'foyer:queue:lock')[0] === '0', 'nobody writes any more');
    }
    assert.equal(redis.ask('KEYS', 'foyer:queue:new:*').filter(Boolean).length, 0);
  });

  test('a key of another kind that stands in the way is replaced', async () => {
    redis.ask('SET', lineKey(), 'a list of another program');
    await queue(crowd[3], a, 'join');
    await keysAreRight(redis, 'after another key');
  });

  test('what a failover has lost is written again from what is remembered, and what another database has left from the tables', async () => {
    const before = redis.ask('GET', 'foyer:queue:commit')[0];
    const waiting = Object.keys(linesOfRedis(redis).waiting).length;
    await queue(crowd[4], b, 'leave');
    await until(() => Number(redis.ask('GET', 'foyer:queue:commit')[0]) > Number(before), 'it is told');
    redis.ask('EVAL', `redis.call('ZADD', KEYS[1], 1, ARGV[1]) redis.call('SET', KEYS[2], ARGV[2])`, 2, lineKey(), 'foyer:queue:commit', idOf(crowd[4]), before);
    await keysAreRight(redis, 'after lost writes');
    assert.ok(Object.keys(linesOfRedis(redis).waiting).length < waiting);
    redis.ask('EVAL', `redis.call('ZADD', KEYS[1], 7, 'nobody') redis.call('SET', KEYS[2], '900000000')`, 2, lineKey(), 'foyer:queue:commit');
    await keysAreRight(redis, 'after another database');
    assert.ok(Number(redis.ask('GET', 'foyer:queue:commit')[0]) < 900000000);
  });

  test('one that is killed between its commits and Redis leaves nothing wrong', async () => {
    redis.signal('SIGSTOP'); // what it commits from now on does not come there
    await Promise.all(crowd.slice(5, 8).map((who) => queue(who, b, 'leave')));
    await b.kill();
    redis.signal('SIGCONT');
    await keysAreRight(redis, 'after b was killed');
    await b.start();
    viewer = await Line.open(b);
    await viewer.ask('hall.subscribe', { id: OPERA }, 'sub');
    await keysAreRight(redis, 'after b came back');
  });

  test('while it hangs, and while it is gone, all goes on as fast, and then it is as it was', async (t) => {
    const usual = [];
    for (let i = 0; i < 15; i++) usual.push((await changeAndSee(line, viewer, seats.pop())).acknowledged);
    for (const [fault, back] of [[() => redis.signal('SIGSTOP'), () => redis.signal('SIGCONT')], [() => redis.kill(), () => redis.start()]]) {
      await fault();
      const times = [];
      for (let i = 0; i < 30; i++) {
        const { acknowledged, seen } = await changeAndSee(line, viewer, seats.pop());
        times.push(acknowledged);
        assert.ok(seen < PROMPT_MS, `seen after ${seen} ms`);
      }
      t.diagnostic(`acknowledged after ${medianOf(times)} ms, before ${medianOf(usual)} ms`);
      assert.ok(medianOf(times) < 10 * medianOf(usual) + 100, `${times} ms, not ${usual}`);
      for (const who of crowd.slice(8)) {
        await queue(who, a, 'leave');
        await queue(who, b, 'join');
      }
      await until(() => !isHere(a) && !isHere(b), 'both know that it is away');
      assert.equal((await a.request({ path: '/readyz' })).status, 200);
      assert.ok((await changeAndSee(line, viewer, seats.pop())).seen < PROMPT_MS);
      await back();
      await until(() => isHere(a) && isHere(b), 'both have found it again', WAIT_MS);
      await keysAreRight(redis, 'after it came back');
      assert.ok((await changeAndSee(line, viewer, seats.pop())).seen < PROMPT_MS);
    }
  });
});

describe('two servers with short slots and with limits', { ...LIMIT, skip: withoutPostgres }, () => {
  let redis;
  let a;
  let b;

  before(async () => {
    database ??= newPostgres();
    redis = await startRedis();
    const options = {
      DATABASE_URL: database.url, REDIS_URL: redis.url, LOG_LEVEL: 'info', MAX_ACTIVE_USERS: '2', SLOT_SECONDS: '1', PROMOTE_INTERVAL: '0.1',
      RATE_LIMITS: 'on', TRUST_PROXY: '1', MAIL_DIR: ownFolder('mail'),
    };
    database.ask('DELETE FROM queue_places');
    database.ask('UPDATE concerts SET active = 0');
    a = await new Foyer(options).start();
    b = await new Foyer(options).start();
    await until(() => isHere(a) && isHere(b), 'both have Redis');
  });
  after(async () => {
    await a.end();
    await b.end();
    await redis.end();
  });

  test('a slot that ends is gone from the keys', async () => {
    for (let i = 0; i < 6; i++) await queue(await Person.signUp(i % 2 ? a : b), i % 2 ? b : a, 'join');
    assert.ok(redis.ask('KEYS', '*:concert:*').filter(Boolean).length > 0);
    await until(() => database.ask(`SELECT count(*) FROM queue_places WHERE status = 'expired'`) === '6', 'all slots have ended', WAIT_MS);
    await until(() => redis.ask('KEYS', '*:concert:*').filter(Boolean).length === 0, 'nobody stands anywhere', WAIT_MS);
    assert.equal(redis.ask('KEYS', 'slot:*').filter(Boolean).length, 0);
  });

  test('an address is limited once for all of them', async () => {
    const from = { headers: { 'X-Forwarded-For': '203.0.113.7' } };
    const statuses = [];
    for (let i = 0; i < 12; i++) {
      const body = { email: 'nobody@example.com', password: 'not this one' };
      statuses.push((await api(i % 2 ? b : a, 'POST', '/auth/login/email', { body, ...from })).status);
    }
    const through = statuses.filter((status) => status !== 429).length;
    assert.ok(through >= 5 && through <= 7, `${statuses}`); // five, and what the other's count was not yet told of
    assert.ok(statuses.slice(-4).every((status) => status === 429), `${statuses}`);
    assert.ok(redis.ask('KEYS', 'rate:*').length > 0);
    for (const key of redis.ask('KEYS', 'rate:*')) {
      assert.ok(Number(redis.ask('PTTL', key)[0]) > 0, `${key} ends`);
      assert.doesNotMatch(key, /203/);
    }
  });
});

describe('one server', { ...LIMIT, skip: withoutPostgres }, () => {
  const certificate = (folder) => {
    const tls = { key: path.join(folder, 'key.pem'), cert: path.join(folder, 'cert.pem') };
    const made = spawnSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2',
      '-subj', '/CN=redis', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', tls.key, '-out', tls.cert]);
    assert.equal(made.status, 0, `${made.stderr}`);
    return tls;
  };
  before(() => (database ??= newPostgres()));

  async function withFoyer(options, work) {
    const foyer = await new Foyer({ DATABASE_URL: database.url, LOG_LEVEL: 'info', ...options }).start();
    try {
      await work(foyer);
    } finally {
      await foyer.end();
    }
  }

  test('says why it has no Redis, without the password, and serves', async () => {
    const redis = await startRedis({ requirepass: 'the right one' });
    await withFoyer({ REDIS_URL: `redis://:the%20wrong%20one@127.0.0.1:${redis.port}` }, async (foyer) => {
      await until(() => /redis: away.*WRONGPASS/.test(foyer.log), 'it says so');
      assert.doesNotMatch(foyer.log, /wrong one|wrong%20one/);
      assert.equal((await foyer.request({ path: '/readyz' })).status, 200);
      assert.equal((await new Browser(foyer).call('status')).status, 'guest');
    });
    await withFoyer({ REDIS_URL: redis.url }, (foyer) => until(() => foyer.log.includes('redis: here'), 'it has Redis'));
    await redis.end();
  });

  test('speaks TLS to one whose certificate is trusted, and to no other', async () => {
    const folder = ownFolder('tls');
    const tls = certificate(folder);
    const redis = await startRedis({ tls });
    await withFoyer({ REDIS_URL: redis.url }, (foyer) => until(() => /redis: away.*self.signed/.test(foyer.log), 'it is refused'));
    await withFoyer({ REDIS_URL: redis.url, SSL_CERT_FILE: tls.cert }, async (foyer) => {
      await until(() => foyer.log.includes('redis: here'), 'it has Redis');
      await queue(await Person.signUp(foyer), foyer, 'join');
      await keysAreRight(redis, 'over TLS');
    });
    await redis.end();
  });

  test('follows a failover to the replica', async () => {
    const servers = [await startRedis(), await startRedis()];
    servers[1].ask('REPLICAOF', '127.0.0.1', servers[0].port);
    await until(() => servers[1].ask('INFO', 'replication').some((text) => text.startsWith('master_link_status:up')), 'it replicates');
    const REDIS_URL = `redis://${servers.map(({ port }) => `127.0.0.1:${port}`).join(',')}`;
    await withFoyer({ REDIS_URL }, async (foyer) => {
      await queue(await Person.signUp(foyer), foyer, 'join');
      await keysAreRight(servers[0], 'before');
      servers[1].ask('REPLICAOF', 'NO', 'ONE');
      servers[0].ask('REPLICAOF', '127.0.0.1', servers[1].port); // demoted, and it goes on answering
      await queue(await Person.signUp(foyer), foyer, 'join');
      await keysAreRight(servers[1], 'after a change of roles');
      await servers[1].kill();
      await queue(await Person.signUp(foyer), foyer, 'join');
      servers[0].ask('REPLICAOF', 'NO', 'ONE');
      await keysAreRight(servers[0], 'after the primary has died');
    });
    for (const redis of servers) await redis.end();
  });

  test('writes the keys of a file as well', async () => {
    const redis = await startRedis();
    const foyer = await new Foyer({ REDIS_URL: redis.url, MAX_ACTIVE_USERS: '1' }).start();
    const crowd = [await Person.signUp(foyer), await Person.signUp(foyer), await Person.signUp(foyer)];
    for (const who of crowd) await queue(who, foyer, 'join');
    const { id } = await ask(crowd[0], foyer, 'GET', '/concert');
    const shown = () => [redis.ask('ZCARD', `queue:concert:${id}`)[0], redis.ask('SCARD', `active:concert:${id}`)[0]].join();
    await until(() => shown() === '2,1', 'all are there');
    await foyer.crash();
    await queue(crowd[0], foyer, 'leave');
    await queue(crowd[2], foyer, 'leave');
    await until(() => shown() === '0,1', 'what has changed is there');
    await foyer.end();
    await redis.end();
  });
});
