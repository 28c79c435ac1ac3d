// A database of a test's own, of the PostgreSQL that FOYER_TEST_POSTGRES names: the URL of a database that holds the schema
// and that nobody is connected to, as ./test makes it. Beside it is one named `demo`, where the demo's venue is filled in. Servers
// go through the PgBouncer at FOYER_TEST_PGBOUNCER (host:port), where that is set.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';

const template = process.env.FOYER_TEST_POSTGRES;
const pooler = process.env.FOYER_TEST_PGBOUNCER;

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
 * A copy of that database, or of another there, made with `more` words: {name, url, direct, ask, drop}; `direct`: past a pooler;
 * `ask(statement)` gives the first column.
 */
export function newPostgres(of = template.split('/').at(-1), more = '') {
  const name = `wire_${process.pid}_${++made}`;
  psql(named('postgres'), `CREATE DATABASE ${name} TEMPLATE ${of} STRATEGY file_copy ${more}`);
  const change = (how) => psql(named('postgres'), `ALTER DATABASE ${name} ${how}`);
  // Who comes after the change knows of it and stays: a server may be back before the others are out.
  const changeForAll = (how) => {
    const here = psql(named('postgres'), `SELECT string_agg(pid::text, ',') FROM pg_stat_activity WHERE datname = '${name}'`);
    change(how);
    psql(named('postgres'), `SELECT pg_terminate_backend(pid, 10000) FROM unnest(ARRAY[${here}]::INT[]) AS pid`);
  };
  return {
    name,
    url: pooler ? named(name).replace(/@[^/]*/, `@${pooler}`) : named(name),
    direct: named(name),
    ask: (statement) => psql(named(name), statement),
    /** From now on nobody is let in, and who is in is thrown out; or everybody is again. */
    shut: () => changeForAll('ALLOW_CONNECTIONS false'),
    open: () => change('ALLOW_CONNECTIONS true'),
    /** From now on it takes no writes, as one that stands by; or it does again, from whoever comes anew. */
    forReading: (only) => (only ? changeForAll('SET default_transaction_read_only = on') : change('RESET default_transaction_read_only')),
    drop: () => psql(named('postgres'), `DROP DATABASE ${name} WITH (FORCE)`),
  };
}
