// Two servers on one PostgreSQL behind HAProxy as packaging/haproxy.cfg has it: every kind of client goes through it, and a
// rolling upgrade under load (one server stopped and started again, then the other) is nothing that a client has to know.
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, afterEach, before, describe, test } from 'node:test';

import { Balancer, withoutBalancer } from './support/balancer.mjs';
import { closed, HALL, readHall, sleep, until, Viewer } from './support/faults.mjs';
import { ownFolder } from './support/folders.mjs';
import { Person } from './support/foyer.mjs';
import { Client, leaveAll, person, write } from './support/messenger.mjs';
import { metricsOf } from './support/metrics.mjs';
import { newPostgres, withoutPostgres } from './support/postgres.mjs';
import { signUp, startTickets } from './support/tickets.mjs';

const LIMIT = { timeout: 280_000 };
const VERSIONS = [2, 4];
const TRANSPORTS = [['polling'], ['websocket'], ['polling', 'websocket']];

describe('two servers behind a balancer', { ...LIMIT, skip: withoutPostgres || withoutBalancer }, () => {
  let database;
  let balancer;
  let a;
  let b;
  let front; // what is outside: the balancer, and the mails

  before(async () => {
    database = newPostgres();
    const MAIL_DIR = ownFolder('mail');
    const options = { DATABASE_URL: database.url, MAIL_DIR, TRUST_PROXY: '1', DRAIN_SECONDS: '4' };
    [balancer, a, b] = await Promise.all([Balancer.start(), startTickets(options), startTickets(options)]);
    await balancer.knows('a', a.foyer);
    await balancer.knows('b', b.foyer);
    front = { foyer: balancer, mails: a.mails };
  });
  afterEach(leaveAll);
  after(async () => {
    await balancer.end();
    a.foyer.command('verify');
    await a.end();
    await b.end();
    database.drop();
  });

  const each = async (name, labels) => {
    const [ours, theirs] = await Promise.all([metricsOf(a.foyer), metricsOf(b.foyer)]);
    return [ours.of(name, labels), theirs.of(name, labels)];
  };

  test('answers pages and requests, and keeps the figures to those inside', async () => {
    assert.equal((await balancer.request({ path: '/' })).status, 200);
    assert.equal((await balancer.request({ path: '/api/v1/concert' })).status, 200);
    assert.equal((await balancer.request({ path: '/metrics' })).status, 404);
  });

  test('shares WebSockets out, and what is done by one is seen by all', async () => {
    const visitor = await Person.signUp(balancer);
    const lines = [];
    for (let i = 0; i < 4; i++) lines.push(await visitor.browser.line());
    assert.deepEqual(await each('foyer_websocket_connections', { door: 'seats' }), [2, 2]);
    for (const line of lines) await line.ask('hall.subscribe', { id: HALL }, 'watch');
    const answer = await lines[0].ask('hall.update_seat_status', { hall_id: HALL, seat_id: 1, status: 'RESERVED', reply: 'delta' });
    assert.equal(answer.status, 'success', answer.error);
    for (const line of lines) assert.equal((await line.update('watch')).data.seats[0].id, 1);
    await lines[3].ask('hall.update_seat_status', { hall_id: HALL, seat_id: 1, status: 'VACANT', reply: 'delta' });
    for (const line of lines) await line.close();
  });

  test('tells the servers who asks, whatever the client says of itself', async () => {
    const agent = new http.Agent({ localAddress: '127.0.0.7' });
    const outside = Object.assign(Object.create(balancer), { agent });
    await signUp({ ...front, foyer: outside }, 'far@example.com', { headers: { 'X-Forwarded-For': '198.51.100.1' } });
    assert.equal(database.ask(`SELECT ip FROM sessions s JOIN users u ON u.id = s.user_id WHERE u.email = 'far@example.com'`), '127.0.0.7');
    agent.destroy();
  });

  for (const version of VERSIONS) {
    for (const transports of TRANSPORTS) {
      test(`keeps each Socket.IO session of a client ${version}.x by ${transports.join(' and ')} at its server`, async () => {
        const name = `io${version}${transports.join('')}`;
        const [anna, bert] = [await person(front, `${name}anna`), await person(front, `${name}bert`)];
        const his = [];
        for (let i = 0; i < 6; i++) his.push(await Client.in(balancer, version, bert, { transports }));
        if (transports.length > 1) await until(() => his.every(({ upgraded }) => upgraded), 'all have upgraded');
        assert.deepEqual((await each('foyer_engineio_sessions')).map((count) => count > 0), [true, true]);
        const sent = [];
        for (let i = 0; i < 10; i++) sent.push(await write(balancer, anna, bert, `message ${i}`));
        for (const client of his) {
          await client.has('user:new_message', ({ messageID }) => messageID === sent.at(-1).messageID);
          assert.deepEqual(client.of('user:new_message'), sent);
          assert.deepEqual(client.of('disconnect'), []);
        }
        leaveAll();
        await until(async () => (await each('foyer_engineio_sessions')).every((count) => count === 0), 'all have left');
      });
    }
  }

  test('a rolling upgrade under load fails nothing, and everybody goes on from where they were', async (context) => {
    let running = true;
    context.after(() => (running = false));
    const failures = [];
    const done = { get: 0, post: 0, seats: 0 };

    const requests = async (kind, options) => {
      const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
      while (running) {
        const answer = await balancer.request({ ...options, agent }).catch((error) => ({ status: error.message }));
        if (answer.status === 200) ++done[kind];
        else failures.push(`${kind}: ${answer.status} ${answer.text}`);
      }
      agent.destroy();
    };

    const free = [...(await readHall(balancer)).statuses].filter(([, status]) => status === 'VACANT').map(([id]) => id).slice(0, 8);
    // Each reserves a seat of its own and lets it go again. What was acknowledged is so; what was not may be either.
    const known = new Map(free.map((seat) => [seat, 'VACANT']));
    const reserve = async (browser, seat_id) => {
      let line;
      for (let status = 'RESERVED'; running; status = status === 'VACANT' ? 'RESERVED' : 'VACANT') {
        try {
          line ??= await browser.line();
          const answer = await line.ask('hall.update_seat_status', { hall_id: HALL, seat_id, status, reply: 'delta' });
          if (answer.status !== 'success' && known.has(seat_id)) failures.push(`seat ${seat_id}: ${answer.error}`);
          known.set(seat_id, answer.status === 'success' ? status : undefined);
          ++done.seats;
        } catch {
          known.delete(seat_id); // the line was closed before the answer
          line = undefined;
        }
      }
      await line?.close();
    };

    const viewers = Array.from({ length: 10 }, () => new Viewer());
    const ends = [];
    const follow = async (viewer) => {
      while (running) {
        try {
          await viewer.connect(balancer);
          ends.push(await closed(viewer.socket));
        } catch {
          await sleep(20); // as a page does, though sooner
        }
      }
    };

    const visitor = await Person.signUp(balancer);
    const [anna, bert] = [await person(front, 'rollinganna'), await person(front, 'rollingbert')];
    const his = [];
    for (const version of VERSIONS) {
      for (const transports of TRANSPORTS) his.push(await Client.in(balancer, version, bert, { transports, reconnectionDelay: 50, reconnectionDelayMax: 200 }));
    }
    const follows = viewers.map(follow);
    const load = [
      requests('get', { path: '/api/v1/concert' }), requests('get', { path: '/' }),
      requests('post', { method: 'POST', path: '/api/user/status', headers: visitor.browser.headers }),
      ...free.map((seat) => reserve(visitor.browser, seat)),
    ];
    const goesOn = async (what) => {
      const then = { ...done };
      await until(() => ['get', 'post', 'seats'].every((kind) => done[kind] > then[kind] + 50), what, 60_000);
    };
    await until(() => viewers.every(({ picture }) => picture.snapshots > 0), 'all watch');
    await goesOn('there is load');

    for (const [name, one] of [['a', a.foyer], ['b', b.foyer]]) {
      const gone = one.stop();
      await balancer.sees(name, 'DOWN'); // while it still serves, as the next lines show
      assert.equal((await one.request({ path: '/api/v1/concert' })).status, 200);
      assert.equal((await one.request({ path: '/readyz' })).text, '{"status":"draining"}');
      await gone;
      await goesOn(`all is done by the other while ${name} is away`);
      await one.start();
      await balancer.knows(name, one);
      await goesOn(`all is done by both after ${name} has come back`);
    }

    const message = await write(balancer, anna, bert, 'after it all');
    for (const client of his) await client.has('user:new_message', ({ messageID }) => messageID === message.messageID);
    running = false;
    await Promise.all(load);
    assert.deepEqual(failures, []);
    // Asked of one server when the other one has just answered, it may know a little less.
    const last = Number(database.ask(`SELECT max(seq) FROM events WHERE topic = 'hall:${HALL}'`));
    let truth;
    await until(async () => (truth = await readHall(balancer)).seq === last, 'who is asked knows all');
    for (const viewer of viewers) await viewer.expect(truth, 'a viewer');
    for (const [seat, status] of known) assert.equal(truth.statuses.get(seat), status ?? truth.statuses.get(seat), `seat ${seat} was acknowledged`);
    assert.ok(ends.length >= viewers.length, 'each was closed at least once'); // it was at one of the two
    assert.deepEqual(new Set(ends), new Set([1001]));
    assert.deepEqual(viewers.map(({ picture }) => picture.snapshots), viewers.map(() => 1), 'from their seq on, not anew');
    viewers.forEach(({ socket }) => socket.terminate());
    await Promise.all(follows);
  });
});
