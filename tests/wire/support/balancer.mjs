// HAProxy as packaging/haproxy.cfg configures it, before servers of a test's own.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';

import { newFolder, until } from './faults.mjs';
import { Foyer } from './foyer.mjs';

const CONFIGURATION = new URL('../../../packaging/haproxy.cfg', import.meta.url).pathname;
const PROGRAM = '/usr/sbin/haproxy';

export const withoutBalancer = !existsSync(PROGRAM) && 'there is no haproxy';

export class Balancer {
  log = '';
  host = '127.0.0.1';
  request = Foyer.prototype.request; // so that browsers, lines and clients of the other tests go through it

  static async start() {
    const balancer = new Balancer();
    const listener = net.createServer().listen(0, '127.0.0.1'); // handed over, so that the port is nobody else's
    await once(listener, 'listening');
    balancer.port = listener.address().port;
    balancer.agent = new http.Agent({ keepAlive: true });
    balancer.socket = path.join(newFolder(), 'admin');
    const env = { BIND: 'fd@3', ADMIN: balancer.socket, SERVER_A: '127.0.0.1:1', SERVER_B: '127.0.0.1:1' };
    balancer.child = spawn(PROGRAM, ['-db', '-f', CONFIGURATION], { env, stdio: ['ignore', 'pipe', 'pipe', listener._handle.fd] });
    listener.close();
    for (const stream of [balancer.child.stdout, balancer.child.stderr]) stream.on('data', (text) => (balancer.log += text));
    await until(() => existsSync(balancer.socket) || balancer.child.exitCode !== null, () => `haproxy: ${balancer.log}`);
    assert.equal(balancer.child.exitCode, null, balancer.log);
    return balancer;
  }

  /** Tells it on which port the server "a" or "b" is now, and waits until it is in. */
  async knows(name, { port }) {
    for (const backend of ['ready', 'sessions', 'alive']) await this.ask(`set server ${backend}/${name} addr 127.0.0.1 port ${port}`);
    await this.sees(name, 'UP');
  }

  /** What it answers on its socket to an operator's command. */
  async ask(command) {
    const socket = net.connect(this.socket);
    socket.end(`${command}\n`);
    let text = '';
    for await (const part of socket) text += part;
    return text;
  }

  /** Waits until it takes a server for "UP", or not. */
  async sees(server, status) {
    await until(async () => {
      const [head, ...rows] = (await this.ask('show stat')).replace(/^# /, '').split('\n').map((line) => line.split(','));
      const row = rows.find(([backend, name]) => backend === 'ready' && name === server);
      return row[head.indexOf('status')].startsWith(status);
    }, () => `${server} ${status}; ${this.log}`);
  }

  async end() {
    this.agent.destroy();
    this.child.kill('SIGKILL');
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, 'exit');
  }
}
