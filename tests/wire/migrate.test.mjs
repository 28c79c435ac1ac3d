// foyer migrate as an operator does it: a server is stopped, its venue goes into PostgreSQL, and everybody goes on there as
// if nothing had been: sessions, viewers, the line, what is done once. Killed at any moment it has done nothing, and is run again.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import crypto from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { after, afterEach, before, describe, test } from 'node:test';

import { environmentWith, FOYER, newFolder, until } from './support/faults.mjs';
import { Line, Person } from './support/foyer.mjs';
import { ask, leaveAll, person, write } from './support/messenger.mjs';
import { newPostgres, withoutPostgres } from './support/postgres.mjs';
import { api, claimsOf, signUp, startTickets } from './support/tickets.mjs';

const LIMIT = { timeout: 280_000 };
const OPERA = 3;
const PEOPLE = 5;

/** The command, to its end: {status, stdout, stderr}. */
const migrate = (...words) => spawnSync(FOYER, ['migrate', ...words], { env: environmentWith(), encoding: 'utf8' });

/** The same, killed when it has told so many lines. */
async function migrateAndKill(from, to, lines) {
  const child = spawn(FOYER, ['migrate', from, to], { env: environmentWith(), stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'exit');
  let told = 0;
  const count = () => ++told === lines && child.kill('SIGKILL');
  for (const stream of [child.stderr, child.stdout]) createInterface({ input: stream }).on('line', count);
  if (lines === 0) child.kill('SIGKILL');
  await ended;
}

describe('a venue that is moved', { ...LIMIT, skip: withoutPostgres }, () => {
  let side; // the server; the same object before and after
  let database;
  let file;
  let from;

  before(async () => {
    // The secrets are in the database: they move as well.
    file = path.join(newFolder(), 'foyer.db');
    from = `sqlite:${file}`;
    side = await startTickets({ DATABASE_URL: from, JWT_SECRET: '', COOKIE_SECRET: '', MAX_ACTIVE_USERS: '1', DEMO_SEATS: '100' });
    database = newPostgres('template0');
  });
  afterEach(leaveAll);
  after(async () => {
    await side.end();
    database.drop();
  });

  const hashes = () => [file, `${file}-wal`].filter(existsSync).map((name) => crypto.createHash('sha256').update(readFileSync(name)).digest('hex'));

  const setSeat = (line, seat, status) => line.ask('hall.update_seat_status', { hall_id: OPERA, seat_id: seat, status, reply: 'delta' });

  async function usersThere() {
    const made = database.ask(`SELECT to_regclass('users') IS NOT NULL`) === 't';
    return made ? Number(database.ask('SELECT count(*) FROM users')) : 0;
  }

  test('everybody goes on where they were', LIMIT, async () => {
    const { foyer } = side;

    // A hall with a viewer who has missed something, and somebody signed in.
    const visitor = await Person.signUp(foyer);
    const line = await visitor.line();
    const { data: hall } = await line.ask('hall.subscribe', { id: OPERA }, 'hall');
    const free = hall.seats.filter(({ status }) => status === 'VACANT').map(({ id }) => id);
    const seqs = [];
    for (const seat of free.slice(0, 6)) seqs.push((await setSeat(line, seat, 'RESERVED')).data.seq);

    // A dialog, with a message that its client may send again.
    const [anna, bert] = [await person(side, 'anna'), await person(side, 'bert')];
    await write(foyer, anna, bert, 'Café at 8? 🎭');
    const once_ = await write(foyer, bert, anna, 'yes', { clientID: 'once-1' });
    const pages = async () => (await ask(foyer, anna.token, 'GET', `/message/${bert.id}`)).text;
    const dialog = await pages();

    // The line: one has a slot and has booked, one waits.
    const [buyer, waiter] = [await signUp(side, 'buyer@example.org'), await signUp(side, 'waiter@example.org')];
    const join = (who) => api(foyer, 'POST', '/queue/join', { token: who.accessToken });
    assert.equal((await join(buyer)).json.status, 'active');
    assert.equal((await join(waiter)).json.status, 'waiting');
    const concert = (await api(foyer, 'GET', '/concert', { token: buyer.accessToken })).json;
    const category = (concert.concert ?? concert).categories[0].id;
    const book = () => api(foyer, 'POST', '/booking', {
      token: buyer.accessToken, body: { categoryId: category, seats: 2 }, headers: { 'Idempotency-Key': 'book-1' },
    });
    const booked = await book();
    assert.equal(booked.status, 200, booked.text);
    const mails = side.mails().length;

    // While the server runs nothing is moved.
    const early = migrate(from, database.url);
    assert.equal(early.status, 1);
    assert.match(early.stderr, /must be had alone/);

    await foyer.kill();
    const before_ = hashes();
    let broken = 0;
    for (const lines of [0, 1, 2, 12, 31, 33, 34, 36, 60]) {
      await migrateAndKill(from, database.url, lines);
      const users = await usersThere();
      if (users === 0) {
        broken++;
      } else { // it was done before it was killed: whole, then
        assert.equal(users, PEOPLE, `after ${lines} lines`);
        assert.match(migrate(from, database.url).stderr, /holds a venue already/);
        database.drop();
        database = newPostgres('template0');
      }
    }
    assert.ok(broken > 0, 'none was killed in time');
    const moved = migrate(from, database.url);
    assert.equal(moved.status, 0, moved.stderr + moved.stdout);
    assert.match(moved.stderr, /^ {2}messages +\d+ rows +\d+\.\d s$/m);
    assert.match(moved.stdout, /DATABASE_URL=postgres:/);
    assert.doesNotMatch(moved.stdout, /BROKEN|UNKNOWN/);
    assert.deepEqual(hashes(), before_, 'the file is as it was');
    const again = migrate(from, database.url);
    assert.equal(again.status, 1);
    assert.match(again.stderr, /holds a venue already/);

    await foyer.start({ DATABASE_URL: database.url });
    const running = migrate(from, database.url);
    assert.equal(running.status, 1);
    assert.match(running.stderr, /a foyer is running on the PostgreSQL database/);

    // Who was signed in still is; who watched hears what was missed, and then what comes.
    assert.equal((await visitor.browser.call('status')).username, visitor.username);
    const viewer = await Line.open(foyer);
    const missed = await viewer.ask('hall.subscribe', { id: OPERA, since: seqs[2] }, 'hall');
    assert.equal(missed.status, 'update', JSON.stringify(missed).slice(0, 300));
    assert.equal(missed.data.seq, seqs.at(-1));
    assert.deepEqual(missed.data.seats.map(({ id }) => id).sort(), free.slice(3, 6).sort());
    const back = await visitor.line();
    assert.equal((await setSeat(back, free[6], 'RESERVED')).data.seq, seqs.at(-1) + 1);
    assert.equal((await viewer.update()).data.seq, seqs.at(-1) + 1);
    await viewer.close();
    await back.close();

    // The dialog, its search, and the message that is sent again.
    assert.equal(await pages(), dialog);
    const found = await ask(foyer, bert.token, 'GET', '/message/search?q=cafe');
    assert.equal(found.json.data.messages.length, 1, found.text);
    assert.equal((await write(foyer, bert, anna, 'yes', { clientID: 'once-1' })).messageID, once_.messageID);
    assert.ok((await write(foyer, bert, anna, 'and then')).messageID > once_.messageID);

    // The line stands, the booking is the same one, a refresh token is good, and nobody is written to twice.
    assert.deepEqual([(await join(buyer)).json.status, (await join(waiter)).json.position], ['active', 1]);
    const rebooked = await book();
    assert.deepEqual([rebooked.status, rebooked.text], [booked.status, booked.text]);
    const refreshed = await api(foyer, 'POST', '/auth/refresh', { body: { refreshToken: buyer.refreshToken } });
    assert.equal(refreshed.status, 200, refreshed.text);
    assert.equal(claimsOf(refreshed.json.accessToken).sid, claimsOf(buyer.accessToken).sid);
    await until(() => database.ask('SELECT count(*) FROM outbox WHERE done_at IS NULL') === '0', 'nothing is to be done');
    assert.equal(side.mails().length, mails);
    foyer.command('verify');
  });
});

describe('where a venue cannot be moved to', { ...LIMIT, skip: withoutPostgres }, () => {
  test('a database that puts texts in the order of a language', LIMIT, async () => {
    const database = newPostgres('template0', `LOCALE_PROVIDER icu ICU_LOCALE 'en-US'`);
    const from = `sqlite:${path.join(newFolder(), 'foyer.db')}`;
    const side = await startTickets({ DATABASE_URL: from });
    await side.foyer.stop();
    const refused = migrate(from, database.url);
    assert.equal(refused.status, 1, refused.stderr);
    assert.match(refused.stderr, /does not compare texts by their bytes: make it with CREATE DATABASE/);
    assert.equal(database.ask(`SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::REGNAMESPACE`), '0');
    await side.end();
    database.drop();
  });
});
