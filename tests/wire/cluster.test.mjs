// Two servers on one PostgreSQL, none of them special: what is done through one is seen through the other, in order; what
// is counted is counted once; and one that is killed takes nothing with it that was acknowledged.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';

import { hallCsv, until } from './support/faults.mjs';
import { ownFolder } from './support/folders.mjs';
import { Browser, Line, Person, secretOf, wrongCodeOf } from './support/foyer.mjs';
import { ask, Client, leaveAll, person, write } from './support/messenger.mjs';
import { newPostgres, withoutPostgres } from './support/postgres.mjs';
import { api, startTickets } from './support/tickets.mjs';

const LIMIT = { timeout: 280_000 };
const OPERA = 3;
const GONE_MS = 60_000; // of a process that was killed; it is noticed in ten seconds on a machine that is not busy
const PROMPT_MS = 5_000; // within a second; a machine that is busy with other tests may take longer

describe('two servers on one PostgreSQL', { ...LIMIT, skip: withoutPostgres }, () => {
  let database;
  let a;
  let b;
  let people = 0;
  const someone = (name = 'person') => person(a, `${name}${++people}`);

  before(async () => {
    database = newPostgres();
    const MAIL_DIR = ownFolder('mail');
    const options = { DATABASE_URL: database.url, MAIL_DIR, MAX_ACTIVE_USERS: '1', DEMO_SEATS: '100' };
    [a, b] = await Promise.all([startTickets(options), startTickets(options)]); // both find an empty database
  });
  afterEach(leaveAll);
  after(async () => {
    a.foyer.command('verify');
    await a.end();
    await b.end();
    database.drop();
  });

  /** The same browser at the other server, as a load balancer has it. */
  function elsewhere(browser, foyer = b.foyer) {
    const same = new Browser(foyer, { agent: browser.agent });
    same.cookies = browser.cookies;
    return same;
  }

  async function statusOf(foyer, { token }, { id }) {
    const { json } = await ask(foyer, token, 'GET', '/dialog');
    return json.data.find(({ receiverID }) => receiverID === id)?.connectionStatus;
  }

  test('start together, and the venue is there once', () => {
    assert.equal(database.ask('SELECT count(*) - count(DISTINCT name) FROM cinemas'), '0');
    assert.ok(Number(database.ask('SELECT count(*) FROM halls')) > 0);
  });

  test('a seat that changes at one is seen at the other, soon and in order', async () => {
    const visitor = await Person.signUp(a.foyer);
    const [here, there] = [await visitor.line(), await elsewhere(visitor.browser).line()];
    const viewer = await Line.open(b.foyer);
    const { data: hall } = await viewer.ask('hall.subscribe', { id: OPERA }, 'sub');
    const free = hall.seats.filter(({ status }) => status === 'VACANT').map(({ id }) => id);
    const seen = [];
    for (let i = 0; i < 40; i++) {
      const line = i % 2 ? there : here;
      const sent = Date.now();
      const reply = await line.ask('hall.update_seat_status', { hall_id: OPERA, seat_id: free[i], status: 'RESERVED', reply: 'delta' });
      assert.equal(reply.status, 'success', reply.error);
      const { data } = await viewer.take(({ status }) => status === 'update');
      assert.ok(Date.now() - sent < PROMPT_MS);
      seen.push(...data.seats.map(({ id }) => id));
    }
    assert.deepEqual(seen, free.slice(0, 40));
    for (const line of [here, there, viewer]) await line.close();
  });

  test('a sign-up that is begun at one is completed at the other', async () => {
    const newcomer = new Person(a.foyer);
    const { qr_url } = await newcomer.browser.call('auth_start', { username: newcomer.username });
    newcomer.secret = secretOf(qr_url);
    const there = elsewhere(newcomer.browser);
    assert.equal(await there.call('auth_start', { username: newcomer.username }), 'RegistrationInProgress');
    const answer = await there.call('register', { username: newcomer.username, code: newcomer.nextCode() });
    assert.equal(answer.status, 'user', `${answer}`);
    assert.equal(await newcomer.browser.call('register', { username: newcomer.username, code: '123456' }), 'UserAlreadyExists');
  });

  test('guesses at both count together, also those that only read', async () => {
    const victim = await Person.signUp(a.foyer);
    const doors = [new Browser(a.foyer), new Browser(b.foyer)];
    const guess = (i) => doors[i % 2].call('login', { username: victim.username, code: wrongCodeOf(victim.secret) });
    for (let i = 0; i < 5; i++) assert.equal(await guess(i), 'InvalidCode');
    assert.equal(await guess(5), 'TooManyLoginAttempts');
    assert.equal(await guess(6), 'TooManyLoginAttempts');
    const phrase = (door) => door.call('recovery_phrase', { username: victim.username, phrase: 'a phrase of nobody' });
    for (let i = 0; i < 5; i++) assert.equal(await phrase(doors[0]), 'InvalidRecoveryPhrase');
    // What was counted beside a reading is told a moment later: at most two more guesses go through here.
    const answers = [];
    for (let i = 0; i < 4; i++) answers.push(await phrase(doors[1]));
    assert.equal(answers.at(-1), 'TooManyLoginAttempts', `${answers}`);
    assert.ok(answers.indexOf('TooManyLoginAttempts') < 3, `${answers}`);
  });

  test('a message that is sent at one arrives at a socket of the other', async () => {
    const [anna, bert] = [await someone('anna'), await someone('bert')];
    const his = await Client.in(b.foyer, 4, bert);
    const sent = [];
    for (let i = 0; i < 20; i++) sent.push(await write(i % 3 ? a.foyer : b.foyer, anna, bert, `message ${i}`));
    await his.has('user:new_message', ({ messageID }) => messageID === sent.at(-1).messageID);
    assert.deepEqual(his.of('user:new_message'), sent);
  });

  test('who is online at one is online at the other, once, until his last socket anywhere has gone', async () => {
    const [anna, bert, cleo] = [await someone('anna'), await someone('bert'), await someone('cleo')];
    for (const other of [bert, cleo]) await write(a.foyer, anna, other, 'hello');
    const hers = await Client.in(a.foyer, 4, anna);
    const statuses = (other = bert) => hers.of('user:connection_status').filter(({ receiverID }) => receiverID === other.id)
      .map(({ connectionStatus }) => connectionStatus);
    const his = await Client.in(b.foyer, 4, bert);
    await until(() => statuses().length > 0, () => `she hears of him; there is ${JSON.stringify(hers.heard)}`);
    assert.deepEqual(statuses(), ['online']);
    assert.equal(await statusOf(a.foyer, anna, bert), 'online');
    await until(async () => (await statusOf(b.foyer, bert, anna)) === 'online', 'he sees her');
    const [other, third] = [await Client.in(a.foyer, 4, bert), await Client.in(b.foyer, 4, cleo)];
    his.leave();
    third.leave(); // later than he: when she is told of, his lease there is over too
    await until(() => statuses(cleo).includes('offline'), 'she hears of who left later');
    assert.equal(statuses().includes('offline'), false);
    assert.equal(await statusOf(a.foyer, anna, bert), 'online');
    other.leave();
    await until(() => statuses().includes('offline'), 'she hears that he has gone');
    assert.deepEqual(statuses().filter((one) => one === 'offline').length, 1);
    await until(async () => (await statusOf(b.foyer, anna, bert)) === 'offline', 'and so does the other server');
  });

  test('a queue that is joined at one is seen at the other, and each is admitted once', async () => {
    const crowd = [];
    for (let i = 0; i < 6; i++) crowd.push(await Person.signUp(i % 2 ? b.foyer : a.foyer));
    const queue = async (who, foyer, method, target) => {
      const answer = await foyer.request({
        method, path: `/api/v1/queue/${target}`,
        headers: { Origin: `http://localhost:${foyer.port}`, 'Content-Type': 'application/json', ...who.browser.headers },
      });
      return answer.json();
    };
    for (const who of crowd) await queue(who, who.foyer, 'POST', 'join');
    for (const [i, who] of crowd.entries()) {
      for (const { foyer } of [a, b]) {
        await until(async () => {
          const { status, position } = await queue(who, foyer, 'GET', 'status');
          return i === 0 ? status === 'active' : status === 'waiting' && position === i;
        }, `place ${i}`);
      }
    }
    for (const [i, who] of crowd.entries()) {
      await queue(who, i % 2 ? a.foyer : b.foyer, 'POST', 'leave');
      if (i + 1 === crowd.length) break;
      for (const { foyer } of [a, b]) {
        await until(async () => (await queue(crowd[i + 1], foyer, 'GET', 'status')).status === 'active', `turn of ${i + 1}`);
      }
    }
    assert.equal(database.ask('SELECT max(admitted) FROM concerts'), String(crowd.length));
  });

  test('a session that ends at one is over at the other, sockets and all', async () => {
    const visitor = await Person.signUp(a.foyer);
    const token = visitor.browser.cookies.get('handshake_token');
    const there = new Browser(b.foyer, { agent: 'another browser' });
    there.cookies.set('handshake_token', token);
    const line = await there.line();
    assert.equal((await line.ask('user.subscribe')).data.status, 'user');
    await visitor.browser.call('logout');
    assert.equal((await line.closed).code, 4401);
    there.cookies.set('handshake_token', token);
    assert.equal((await there.call('status')).status, 'guest');
  });

  test('the sockets of a browser at one follow its sign-in and sign-out at the other', async () => {
    const browser = new Browser(a.foyer);
    const line = await elsewhere(browser).line();
    assert.equal((await line.ask('user.subscribe')).data.status, 'guest');
    const visitor = new Person(a.foyer);
    visitor.secret = secretOf((await browser.call('auth_start', { username: visitor.username })).qr_url);
    await browser.call('register', { username: visitor.username, code: visitor.nextCode() });
    assert.equal((await line.update()).data.username, visitor.username);
    await browser.call('logout');
    assert.equal((await line.update()).data.status, 'guest');
    await line.close();
  });

  test('a mail is sent once', async () => {
    const before = a.mails().length;
    const begin = (i) => api(i % 2 ? a.foyer : b.foyer, 'POST', '/auth/signup/email', {
      body: { email: `mail${i}@example.com`, password: 'a good password', name: 'Ann' },
    });
    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => begin(i)));
    assert.deepEqual(answers.map(({ status }) => status), Array(20).fill(200));
    await until(() => database.ask(`SELECT count(*) FROM outbox WHERE kind = 'mail' AND done_at IS NULL`) === '0', 'all is sent');
    assert.equal(a.mails().length, before + 20);
  });

  test('what a command writes is shown by both', async () => {
    const viewers = [await Line.open(a.foyer), await Line.open(b.foyer)];
    for (const viewer of viewers) assert.equal((await viewer.ask('cinemas.subscribe', null, 'sub')).status, 'snapshot');
    writeFileSync(path.join(a.foyer.folder, 'hall.csv'), hallCsv());
    a.foyer.command('import', 'hall.csv', '--cinema', 'Another');
    for (const viewer of viewers) {
      await viewer.take((message) => message.eid === 'sub' && JSON.stringify(message.data).includes('"Another"'));
      await viewer.close();
    }
  });

  test('one that ends in order says so, and its people go offline', async () => {
    const [anna, bert] = [await someone('anna'), await someone('bert')];
    await write(a.foyer, anna, bert, 'hello');
    const hers = await Client.in(a.foyer, 4, anna);
    const his = await Client.in(b.foyer, 4, bert);
    const told = (status) => ({ receiverID, connectionStatus }) => receiverID === bert.id && connectionStatus === status;
    await hers.has('user:connection_status', told('online'));
    his.socket.io.reconnection(false);
    await b.foyer.stop();
    await until(() => a.foyer.log.includes('presence: another process ends'), 'it says so');
    await until(() => hers.of('user:connection_status').some(told('offline')), 'he is gone', GONE_MS);
    await b.foyer.start();
  });

  test('one that is killed takes its people offline, and one that starts learns who is there', async () => {
    const [anna, bert, cleo] = [await someone('anna'), await someone('bert'), await someone('cleo')];
    for (const other of [bert, cleo]) await write(a.foyer, anna, other, 'hello');
    const hers = await Client.in(a.foyer, 4, anna);
    const his = await Client.in(b.foyer, 4, bert);
    const both = [await Client.in(a.foyer, 4, cleo), await Client.in(b.foyer, 4, cleo)];
    await hers.has('user:connection_status', ({ receiverID }) => receiverID === bert.id);
    his.socket.io.reconnection(false);
    both[1].socket.io.reconnection(false);
    await b.foyer.kill();
    const off = ({ receiverID, connectionStatus }) => receiverID === bert.id && connectionStatus === 'offline';
    await until(() => hers.of('user:connection_status').some(off), 'he is gone', GONE_MS);
    assert.equal(await statusOf(a.foyer, anna, bert), 'offline');
    assert.equal(await statusOf(a.foyer, anna, cleo), 'online');
    await b.foyer.start();
    await until(async () => (await statusOf(b.foyer, bert, anna)) === 'online', 'it knows who is at the other');
    assert.equal(hers.of('user:connection_status').filter(off).length, 1);
  });

  test('one that is killed under load loses nothing that was acknowledged, and the other goes on', async () => {
    const crowd = [];
    for (let i = 0; i < 4; i++) crowd.push(await Person.signUp(a.foyer));
    const viewer = await Line.open(b.foyer);
    const { data: hall } = await viewer.ask('hall.subscribe', { id: OPERA }, 'sub');
    const free = hall.seats.filter(({ status }) => status === 'VACANT').map(({ id }) => id);
    const kept = new Map();
    let running = true;
    const reserve = async (line, own) => {
      for (const seat_id of own) {
        if (!running) return;
        const reply = await line.ask('hall.update_seat_status', { hall_id: OPERA, seat_id, status: 'RESERVED', reply: 'delta' });
        if (reply.status === 'success') kept.set(seat_id, line);
      }
    };
    const lines = [];
    for (const [i, who] of crowd.entries()) lines.push(await (i % 2 ? elsewhere(who.browser) : who.browser).line());
    const work = lines.map((line, i) => reserve(line, free.filter((_, at) => at % 4 === i)).catch(() => {}));
    await until(() => kept.size > 40, 'there is load');
    await a.foyer.kill();
    const then = kept.size;
    await until(() => kept.size > then + 40 || free.length - kept.size < 60, 'the other goes on');
    running = false;
    await Promise.all(work);
    const { data: now } = await (await Line.open(b.foyer)).ask('hall.subscribe', { id: OPERA }, 'sub');
    const statuses = new Map(now.seats.map(({ id, status }) => [id, status]));
    for (const seat_id of kept.keys()) assert.equal(statuses.get(seat_id), 'RESERVED', `seat ${seat_id} was acknowledged`);
    const changed = free.filter((id) => statuses.get(id) === 'RESERVED');
    const told = new Set();
    while (told.size < changed.length) {
      const { data } = await viewer.take(({ status }) => status === 'update');
      data.seats.forEach(({ id }) => told.add(id));
    }
    assert.deepEqual([...told].sort(), [...changed].sort());
    b.foyer.command('verify');
    await a.foyer.start();
  });
});
