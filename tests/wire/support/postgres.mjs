// A database of a test's own, of the PostgreSQL that FOYER_TEST_POSTGRES names: the URL of a database that holds the schema
// and that nobody is connected to, as ./test makes it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';

const template = process.env.FOYER_TEST_POSTGRES;

/** Why a test that needs it is skipped; false: it is there. */
export const withoutPostgres = template === undefined && 'FOYER_TEST_POSTGRES names no PostgreSQL';

const named = (name) => template.replace(/\/[^/]*$/, `/${name}`);

function psql(url, statement) {
  const { status, stdout, stderr } = spawnSync('psql', ['-qAtX', '-v', 'ON_ERROR_STOP=1', '-c', statement, url], { encoding: 'utf8' });
  assert.equal(status, 0, `${statement}: ${stderr}`);
  return stdout.trim();
}

let made = 0;

/**
 * A copy of that database, or one with nothing in it, made with `more` words: {url, ask, drop}; `ask(statement)` gives the
 * first column.
 */
export function newPostgres({ empty = false, more = '' } = {}) {
  const name = `wire_${process.pid}_${++made}`;
  psql(named('postgres'), `CREATE DATABASE ${name} TEMPLATE ${empty ? 'template0' : template.split('/').at(-1)} ${more}`);
  return {
    url: named(name),
    ask: (statement) => psql(named(name), statement),
    drop: () => psql(named('postgres'), `DROP DATABASE ${name} WITH (FORCE)`),
  };
}
