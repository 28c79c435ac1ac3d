// A Redis server of a test's own, of the distribution's package, on a free port; and PgBouncer likewise.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import net from 'node:net';

import { ownFolder } from './folders.mjs';
import { until } from './waiting.mjs';

const children = new Set();
process.on('exit', () => children.forEach((child) => child.kill('SIGKILL')));

/** A port that nobody listens on just now. */
export async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** Starts a program and waits until `answers()`; one that ends before, as its port was taken, is started anew. */
export async function startChild(command, wordsFor, answers) {
  for (let tries = 0; tries < 5; tries++) {
    const port = await freePort();
    const child = spawn(command, wordsFor(port), { stdio: 'ignore' });
    child.unref(); // a test that fails before it ends it is not waited for
    children.add(child);
    let ended = false;
    child.once('exit', () => (ended = children.delete(child)));
    await until(async () => ended || (await answers(port)), `${command} answers`);
    if (!ended) return { child, port };
  }
  return assert.fail(`${command} does not start`);
}

export class RedisServer {
  constructor(options = {}) {
    this.options = options; // of redis-server, without dashes; `tls`: its certificate's files
    this.folder = ownFolder('redis');
  }

  #words(port) {
    const { tls, ...options } = this.options;
    const where = tls ? ['--port', '0', '--tls-port', port, '--tls-cert-file', tls.cert, '--tls-key-file', tls.key, '--tls-ca-cert-file',
      tls.cert, '--tls-auth-clients', 'no'] : ['--port', port];
    const more = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
    return [...where, '--bind', '127.0.0.1', '--save', '', '--dir', this.folder, '--repl-diskless-sync-delay', '0', ...more].map(String);
  }

  async start() {
    const answers = (port) => this.#cli(port, 'PING').stdout === 'PONG\n';
    const found = await startChild('redis-server', (port) => this.#words(this.port ?? port), (port) => answers(this.port ?? port));
    this.child = found.child;
    this.port ??= found.port;
    return this;
  }

  get url() {
    const { requirepass, tls } = this.options;
    return `${tls ? 'rediss' : 'redis'}://${requirepass ? `:${encodeURIComponent(requirepass)}@` : ''}127.0.0.1:${this.port}`;
  }

  #cli(port, ...words) {
    const { requirepass, tls } = this.options;
    const how = [...(tls ? ['--tls', '--cacert', tls.cert] : []), ...(requirepass ? ['-a', requirepass, '--no-auth-warning'] : [])];
    return spawnSync('redis-cli', ['-h', '127.0.0.1', '-p', String(port), ...how, ...words.map(String)], { encoding: 'utf8' });
  }

  /** What a command answers, its lines. */
  ask(...words) {
    const { status, stdout, stderr } = this.#cli(this.port, ...words);
    assert.equal(status, 0, `${words}: ${stderr}`);
    return stdout.split('\n').slice(0, -1);
  }

  signal(name) {
    this.child.kill(name);
  }

  /** Ends it at once, and everything that it held with it. */
  async kill() {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.ref();
    this.child.kill('SIGKILL');
    await once(this.child, 'exit');
  }

  async end() {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export const startRedis = (options) => new RedisServer(options).start();
