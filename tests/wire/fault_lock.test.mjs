// Somebody else holds what writes need, the lock or a row, for long or again and again: whoever asks is told within two
// seconds of asking, however long the queue is, and who watches goes on.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, afterEach, before, describe, test } from 'node:test';

import { sleep, until } from './support/faults.mjs';
import { Line, Person, startFoyer } from './support/foyer.mjs';
import { newPostgres, withoutPostgres } from './support/postgres.mjs';
import { Stalls } from './support/stalls.mjs';

const OPERA = 3;
const LOCK = 1718580581; // of all writes: src/core/db_postgres.c
const WITHIN_MS = process.env.CI ? 4_000 : 2_000; // CI's processors may be busy with everything else
const PACE_MS = 20;
const LINES = 4;
const HELD_MS = 4_000;
const SLOW_MS = [400, 1000]; // as others hold the lock again and again

/** A session of somebody else at the database. */
class Somebody {
  #said = '';

  constructor(url) {
    this.child = spawn('psql', ['-qAtX', '-v', 'ON_ERROR_STOP=1', url], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.child.stdout.on('data', (text) => (this.#said += text));
  }

  /** Does this, and gives when it is done. */
  async does(statements) {
    this.#said = '';
    this.child.stdin.write(`${statements}; SELECT 'done';\n`);
    await until(() => this.#said.includes('done'), statements);
  }

  async goes() {
    this.child.stdin.end();
    await once(this.child, 'exit');
  }
}

describe('while somebody else holds what writes need', { timeout: 280_000, skip: withoutPostgres }, () => {
  const stalls = new Stalls();
  let database;
  let foyer;
  let viewer;
  let lines;
  let seats;
  const others = [];
  const somebody = () => others[others.push(new Somebody(database.direct)) - 1];

  before(async () => {
    database = newPostgres();
    foyer = await startFoyer({ DATABASE_URL: database.url, DEMO_SEATS: '100' });
    const staff = await Person.staff(foyer);
    lines = await Promise.all(Array.from({ length: LINES }, () => staff.line()));
    viewer = await Line.open(foyer);
    const { data } = await viewer.ask('hall.subscribe', { id: OPERA }, 'sub');
    seats = data.seats.map(({ id }) => id).slice(0, 2);
  });
  afterEach(async () => {
    await Promise.all(others.splice(0).map((other) => other.goes()));
    await until(async () => (await set(lines[0], 1)).status === 'success', 'all goes on');
  });
  after(async () => {
    await foyer.end();
    database.drop();
  });

  let asked = 0;
  const set = (line, nth, status = ['RESERVED', 'VACANT'][++asked % 2]) =>
    line.ask('hall.update_seat_status', { hall_id: OPERA, seat_id: seats[nth], status, reply: 'delta' });

  /** Asks over and over until `over` is; every answer: {began, took, error}. */
  async function load(over, nth = 0) {
    const answers = [];
    const asking = [];
    for (let i = 0; !over(); i++) {
      const began = performance.now();
      asking.push(set(lines[i % LINES], nth).then(({ error }) => answers.push({ began, took: performance.now() - began, error })));
      await sleep(PACE_MS);
    }
    await Promise.all(asking);
    return answers;
  }

  function judge(t, answers) {
    const times = answers.map(({ began, took }) => Math.round(stalls.spent(began, began + took))).sort((a, b) => b - a);
    const failed = answers.filter(({ error }) => error === 'InternalServerError');
    t.diagnostic(`${answers.length} answers, ${failed.length} of them errors; the slowest after ${times.slice(0, 3).join(', ')} ms`);
    assert.deepEqual(times.filter((ms) => ms > WITHIN_MS), []);
    return failed;
  }

  const lasts = (ms, end = performance.now() + ms) => () => performance.now() > end;

  test('the lock, for long', async (t) => {
    await somebody().does(`SELECT pg_advisory_lock(${LOCK})`);
    const answers = await load(lasts(HELD_MS));
    assert.equal(judge(t, answers).length, answers.length);
    assert.equal((await viewer.ask('hall.subscribe', { id: OPERA }, 'again')).status, 'snapshot');
  });

  for (const slow_ms of SLOW_MS) {
    test(`the lock, again and again for ${slow_ms} ms`, async (t) => {
      const over = lasts(HELD_MS);
      const hold = async (other) => {
        while (!over()) await other.does(`SELECT pg_advisory_lock(${LOCK}); SELECT pg_sleep(${slow_ms / 1000}); SELECT pg_advisory_unlock(${LOCK})`);
      };
      const holding = [hold(somebody()), hold(somebody())];
      judge(t, await load(over));
      await Promise.all(holding);
    });
  }

  test('a row', async (t) => {
    await somebody().does(`BEGIN; SELECT id FROM seats WHERE id = ${seats[0]} FOR UPDATE`);
    assert.ok(judge(t, await load(lasts(HELD_MS))).length > 0);
  });

  test('a row, of many who come at once', async (t) => {
    await somebody().does(`BEGIN; SELECT id FROM seats WHERE id = ${seats[0]} FOR UPDATE`);
    const loads = Array.from({ length: 50 }, () => load(lasts(2 * PACE_MS)));
    assert.ok(judge(t, (await Promise.all(loads)).flat()).length > 0);
  });
});
