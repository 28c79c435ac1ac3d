// PostgreSQL on a machine of its own, as in a hall: what it has committed is on the disk. It can die, stop and be restarted.
import assert from 'node:assert/strict';
import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, chownSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';

import { until } from '../../wire/support/faults.mjs';

const run = promisify(execFile);
const PORT = 5432;
const ROWS_MS = 60_000;
const UP_MS = 60_000;
const AS_SERVER = ['setpriv', '--reuid=postgres', '--regid=postgres', '--init-groups', '--inh-caps=-all'];

function programs() {
  const versions = readdirSync('/usr/lib/postgresql').filter((name) => existsSync(`/usr/lib/postgresql/${name}/bin/initdb`));
  return `/usr/lib/postgresql/${versions.sort((a, b) => a - b).at(-1)}/bin`;
}

export class Postgres {
  log = '';

  /** An empty one in `folder`, which reaches it from all machines of the bridge. */
  constructor(machine, folder) {
    this.machine = machine;
    this.url = `postgres://foyer@${machine.host}:${PORT}/foyer`;
    this.address = { host: machine.host, port: PORT };
    this.cluster = path.join(folder, 'cluster');
    mkdirSync(this.cluster, { mode: 0o700 });
    const [uid, gid] = ['-u', '-g'].map((what) => Number(execFileSync('id', [what, 'postgres'])));
    chownSync(this.cluster, uid, gid);
    this.bin = programs();
    const init = [`${this.bin}/initdb`, `--pgdata=${this.cluster}`, '--username=foyer', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync'];
    execFileSync(AS_SERVER[0], [...AS_SERVER.slice(1), ...init], { cwd: '/', stdio: ['ignore', 'ignore', 'inherit'] });
    appendFileSync(path.join(this.cluster, 'pg_hba.conf'), 'host all all 10.0.0.0/24 trust\n');
    appendFileSync(path.join(this.cluster, 'postgresql.conf'), [
      `listen_addresses = '127.0.0.1,${machine.host}'`, `port = ${PORT}`, "unix_socket_directories = ''", 'log_min_messages = warning',
      'max_connections = 100', 'shared_buffers = 32MB', '',
    ].join('\n'));
  }

  /** Starts it, also after a crash, and waits until it answers. */
  async start() {
    await until(() => this.machine.processes.length === 0, 'what a crash has left has gone', UP_MS);
    const words = [...this.machine.wrap, ...AS_SERVER, `${this.bin}/postgres`, '-D', this.cluster];
    this.child = spawn(words[0], words.slice(1), { cwd: '/', stdio: ['ignore', 'ignore', 'pipe'] });
    this.child.stderr.on('data', (text) => (this.log += text));
    this.ended = once(this.child, 'exit');
    await until(() => this.#answers(), () => `PostgreSQL answers:\n${this.log.slice(-2000)}`, UP_MS);
  }

  async #answers() {
    const { child } = this;
    assert.ok(child.exitCode === null && child.signalCode === null, this.log.slice(-2000));
    return run('psql', ['-qAtXc', 'SELECT 1', this.url.replace(/[^/]*$/, 'postgres')]).then(() => true, () => false);
  }

  async make() {
    await this.start();
    await run('psql', ['-qX', '-c', 'CREATE DATABASE foyer', this.url.replace(/[^/]*$/, 'postgres')]);
  }

  /** All of it dies at once, as the power goes for a machine whose disk keeps what was synced. */
  async kill() {
    this.machine.signal('SIGKILL');
    await this.ended;
  }

  /** As an operator does it: who is connected is cut off. */
  async stop() {
    this.child.kill('SIGINT');
    await this.ended;
  }

  /** Nothing of it runs any more, though its machine acknowledges what comes; until SIGCONT. */
  freeze() {
    this.child.kill('SIGSTOP'); // first: it makes no more of them
    this.machine.signal('SIGSTOP');
  }

  thaw() {
    this.machine.signal('SIGCONT');
  }

  /** The rows of a query, as objects; fails while it is away. */
  async rows(query) {
    const { stdout, stderr } = await run('psql', ['-qAtX', '-v', 'ON_ERROR_STOP=1', '-c', `SELECT coalesce(json_agg(q), '[]') FROM (${query}) q`, this.url], { maxBuffer: 1 << 28, timeout: ROWS_MS });
    assert.notEqual(stdout, '', `${query}: ${stderr}`);
    return JSON.parse(stdout);
  }

  async count(from) {
    return (await this.rows(`SELECT count(*) AS n FROM ${from}`))[0].n;
  }
}
