// foyer rehearse: an on-sale played against the real server.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { urlOf } from './support/database.mjs';
import { startFoyer } from './support/foyer.mjs';
import { sql } from './support/outbox.mjs';

const BINARY = path.resolve(process.env.FOYER ?? 'build/foyer');
let foyer;

before(async () => {
  foyer = await startFoyer({ DEMO_SEATS: '60', MAX_ACTIVE_USERS: '10' });
});
after(() => foyer.end());

/** Runs the rehearsal beside the test, so that the server may answer: {code, out}. */
function rehearse(...words) {
  return new Promise((resolve) => {
    const child = spawn(BINARY, ['rehearse', '--url', `http://127.0.0.1:${foyer.port}`, ...words], {
      cwd: foyer.folder, env: { PATH: process.env.PATH, DATABASE_URL: urlOf(foyer.folder),
        JWT_SECRET: 'the key of the tokens', LOG_LEVEL: 'error', ASAN_OPTIONS: process.env.ASAN_OPTIONS ?? '',
        TSAN_OPTIONS: process.env.TSAN_OPTIONS ?? '' },
    });
    let out = '';
    child.stdout.on('data', (text) => (out += text));
    child.stderr.on('data', (text) => (out += text));
    child.once('exit', (code) => resolve({ code, out }));
  });
}

test('every ticket of a concert is sold to somebody, none twice, and the operator is told', async () => {
  const { code, out } = await rehearse('--buyers', '100');
  assert.equal(code, 0, out);
  assert.match(out, /60 of 60 tickets sold in [0-9.]+ s/);
  assert.doesNotMatch(out, /BROKEN/);
  assert.equal(sql(foyer, "SELECT sum(seats) AS n FROM bookings WHERE status = 'confirmed'")[0].n, 60);
  assert.match(foyer.command('verify'), /All \d+ invariants hold/);
});

test('in a hall the best seats together are bought', async () => {
  const [{ id }] = sql(foyer, 'SELECT public_id AS id FROM concerts WHERE hall_id IS NOT NULL');
  const { code, out } = await rehearse('--buyers', '40', '--concert', id);
  assert.equal(code, 0, out);
  assert.match(foyer.command('verify'), /All \d+ invariants hold/);
});

test('a word that is not known, and a server that is not there, are told', async () => {
  assert.match((await rehearse('--buyer', '3')).out, /usage: foyer rehearse/);
  assert.match((await rehearse('--url', 'http://127.0.0.1:9')).out, /does not answer/);
});
