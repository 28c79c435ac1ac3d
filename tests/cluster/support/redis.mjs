// Redis on a machine of its own, which keeps nothing: after a restart it is empty.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';

import { until } from '../../wire/support/faults.mjs';

const run = promisify(execFile);
const PORT = 6379;

export class Redis {
  constructor(machine, folder) {
    Object.assign(this, { machine, folder, url: `redis://${machine.host}:${PORT}` });
  }

  async start() {
    const [command, ...words] = [...this.machine.wrap, 'redis-server'];
    const options = ['--bind', this.machine.host, '--port', PORT, '--protected-mode', 'no', '--save', '', '--dir', this.folder].map(String);
    this.child = spawn(command, [...words, ...options], { stdio: 'ignore' });
    this.ended = once(this.child, 'exit');
    await until(() => this.ask('PING').then((answer) => answer === 'PONG', () => false), 'Redis answers');
  }

  async kill() {
    this.child.kill('SIGKILL');
    await this.ended;
  }

  signal(name) {
    this.child.kill(name);
  }

  async ask(...words) {
    return (await run('redis-cli', ['-h', this.machine.host, '-p', String(PORT), ...words])).stdout.trim();
  }
}
