// The database of a test's servers, of whichever kind: a file of SQLite in their folder, or, where FOYER_TEST_POSTGRES names a
// PostgreSQL, a database of its own there for each folder, with a Redis beside it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import path from 'node:path';
import nodeTest from 'node:test';

import { newPostgres, withoutPostgres } from './postgres.mjs';
import { startRedis } from './redis.mjs';

export const onPostgres = !withoutPostgres;
const databases = new Map(); // of PostgreSQL: by folder
const redises = new Map(); // and the promise of each one's Redis
process.on('exit', () => databases.forEach((database) => database.drop()));

const fileIn = (folder) => path.join(folder, 'foyer.db');

/** A folder's database at PostgreSQL, as newPostgres gives it. */
export function databaseOf(folder, template) {
  if (!databases.has(folder)) databases.set(folder, newPostgres(template));
  return databases.get(folder);
}

/** The DATABASE_URL of who serves in a folder. `demo`: it may hold the demo's venue already, where there is one to copy. */
export const urlOf = (folder, demo = false) =>
  (onPostgres ? databaseOf(folder, demo ? 'demo' : undefined).url : `sqlite:${fileIn(folder)}`);

/** Whether a server with these options has the folder's database, and a Redis of its own beside it. */
export const hasOwnRedis = (options) => onPostgres && !('DATABASE_URL' in options || 'REDIS_URL' in options);

/** Its address as an option. */
export async function ownRedisOf(folder) {
  if (!redises.has(folder)) redises.set(folder, startRedis());
  return { REDIS_URL: (await redises.get(folder)).url };
}

/** Another folder's database becomes a copy of one that nobody is connected to. */
export function copyDatabase(from, into) {
  if (onPostgres) databases.set(into, newPostgres(databaseOf(from).name));
  else copyFileSync(fileIn(from), fileIn(into));
}

/** What goes with the folder of itself where it is a file. */
export function dropDatabase(folder) {
  databases.get(folder)?.drop();
  databases.delete(folder);
  redises.get(folder)?.then((redis) => redis.end());
  redises.delete(folder);
}

/** Runs a statement beside the server; gives the rows. */
export function sqlIn(folder, statement) {
  if (onPostgres) {
    const asks = statement.startsWith('SELECT');
    const answer = databaseOf(folder).ask(asks ? `SELECT json_agg(row) FROM (${statement}) row` : statement);
    return asks && answer !== '' ? JSON.parse(answer) : [];
  }
  const { status, stdout, stderr } = spawnSync(
    'sqlite3', ['-json', '-cmd', '.timeout 10000', fileIn(folder), statement], { encoding: 'utf8' },
  );
  assert.equal(status, 0, stderr);
  return stdout ? JSON.parse(stdout) : [];
}

// What is about SQLite's file, by the names of the tests, and why there is no such thing at PostgreSQL.
const ABOUT_THE_FILE = {
  'a full disk: errors, then it works again when there is room': 'the disk is that of its server',
  'writes that fail: errors, then it works again': 'it writes no file; see the database that takes no writes',
  'a folder that is taken away: errors, and no change is acknowledged that nobody will find': 'see the database that is shut',
  'a disk that is full when it starts: it says so, and ends': 'it needs no room to start',
  'a disk mounted for reading only: it says so, and ends': 'see the database that cannot be used',
  'a file for reading only when it starts: it says so, and ends': 'see the database that cannot be used',
  'a file that is no database is refused, and left as it is': 'see the database that cannot be used',
  'a database that was cut short is refused': 'the files are those of its server',
  'a database in a folder that does not exist, or that is a folder itself, is refused': 'see the database that cannot be used',
  'a database that cannot be written is refused': 'see the database that cannot be used',
  'a database that is not there is told, and not made, by what can only read one':
    'who runs the server makes it; what foyer makes are the tables in it',
};

/** node:test's, but that what is about SQLite's file is skipped on PostgreSQL. */
export function test(name, ...rest) {
  const [options, run] = rest.length > 1 ? rest : [{}, rest[0]];
  const skip = (onPostgres && ABOUT_THE_FILE[name]) || options.skip;
  return nodeTest(name, { ...options, skip }, run);
}
