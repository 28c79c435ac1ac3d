// A venue of several servers, each on a machine of its own, with PostgreSQL on another: made, kept up as a supervisor keeps
// programs up, and asked by clients who go on elsewhere when a server does not answer.
import { execFile, execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

import { FOYER, sleep } from '../../wire/support/faults.mjs';
import { Foyer } from '../../wire/support/foyer.mjs';
import { Stalls } from '../../wire/support/stalls.mjs';
import { addAddress, LongWay, Machine, makeBridge } from './network.mjs';
import { Postgres } from './postgres.mjs';
import { Redis } from './redis.mjs';

const run = promisify(execFile);
const NAMES = ['a', 'b', 'c'];
const CLOCKS = [0, 5, 0]; // seconds by which they are fast
const FAR = '10.0.0.3'; // where the last of them finds PostgreSQL: a long way off
const FAR_PORT = 6432;
const ANSWER_MS = 5_000; // who gets no answer in that time asks somebody else
const PATIENT_MS = 12_000; // likewise, of a request that may wait for somebody else's provider (ten seconds)
const UP_MS = 60_000;
const AGAIN_MS = 50;

/** The clock of a program, so many seconds fast. ASan minds what is loaded before it. */
const fast = (seconds) => ({
  LD_PRELOAD: path.resolve(path.dirname(FOYER), 'fast_clock.so'), CLOCK_FAST_MS: String(seconds * 1000),
  ASAN_OPTIONS: [process.env.ASAN_OPTIONS, 'verify_asan_link_order=0'].filter(Boolean).join(':'),
});

class Server extends Foyer {
  constructor(machine, options) {
    super(options, machine);
    this.machine = machine;
    this.name = machine.name;
  }

  /** Starts it, as often as it takes: without a database it does not stay. */
  async bringUp() {
    for (const end = performance.now() + UP_MS; ;) {
      try {
        return await this.start();
      } catch (error) {
        if (performance.now() > end) throw error;
        await this.kill();
        await sleep(AGAIN_MS);
      }
    }
  }
}

export class Venue {
  #stalls;
  answers = []; // {server, from, took, status: 0 when there was none}
  faults = []; // {kind, server, from, to}

  static async open(options) {
    const venue = new Venue();
    venue.folder = mkdtempSync(path.join(tmpdir(), 'venue-'));
    chmodSync(venue.folder, 0o755); // PostgreSQL is somebody else
    mkdirSync(path.join(venue.folder, 'mail'));
    makeBridge();
    venue.postgres = new Postgres(new Machine('db', '10.0.0.2'), venue.folder);
    await venue.postgres.make();
    if (execFileSync(FOYER, ['--help'], { encoding: 'utf8' }).includes('REDIS_URL')) {
      venue.redis = new Redis(new Machine('redis', '10.0.0.4'), venue.folder);
      await venue.redis.start();
    }
    addAddress(FAR);
    venue.longWay = await LongWay.between({ host: FAR, port: FAR_PORT }, venue.postgres.address);
    const far = venue.postgres.url.replace(/@.*\//, `@${FAR}:${FAR_PORT}/`);
    venue.servers = NAMES.map((name, i) => new Server(new Machine(name, `10.0.0.${11 + i}`), {
      HOST: '0.0.0.0', DATABASE_URL: i === NAMES.length - 1 ? far : venue.postgres.url, MAIL_DIR: path.join(venue.folder, 'mail'), LOG_LEVEL: 'warn',
      ...fast(CLOCKS[i]), ...(venue.redis && { REDIS_URL: venue.redis.url }), ...options,
    }));
    for (const server of venue.servers) await server.bringUp();
    venue.#stalls = new Stalls(); // from now on
    return venue;
  }

  get stalls() {
    return this.#stalls.all;
  }

  /** How long it is from one moment to another, but for our own stalls. */
  spent(from, to) {
    return this.#stalls.spent(from, to);
  }

  /** The addresses at which the servers find PostgreSQL. */
  get databaseAddresses() {
    return [this.postgres.machine.host, FAR];
  }

  /** `foyer verify`: what is wrong, or null. */
  async verify() {
    const env = { PATH: process.env.PATH, DATABASE_URL: this.postgres.url };
    return run(FOYER, ['verify'], { cwd: this.folder, env }).then(() => null, ({ stdout, stderr }) => `${stdout}${stderr}`);
  }

  mails() {
    const folder = path.join(this.folder, 'mail');
    return readdirSync(folder).filter((name) => name.endsWith('.eml')).map((name) => readFileSync(path.join(folder, name), 'utf8'));
  }

  /** `logs`: where what all programs have said is left. */
  async close(logs) {
    mkdirSync(logs, { recursive: true });
    for (const { name, log } of [...this.servers, { name: 'postgres', log: this.postgres.log }]) writeFileSync(path.join(logs, `${name}.log`), log);
    writeFileSync(path.join(logs, 'answers.json'), JSON.stringify({ answers: this.answers, faults: this.faults, stalls: this.stalls }));
    for (const server of this.servers) await server.end();
    await this.postgres.stop();
    await this.redis?.kill();
  }
}

/** A program of somebody's: it is at one server, and goes on at the next one when that does not answer or cannot. */
export class Visitor {
  constructor(venue, at) {
    this.venue = venue;
    this.at = at % venue.servers.length;
  }

  get server() {
    return this.venue.servers[this.at];
  }

  move() {
    this.at = (this.at + 1) % this.venue.servers.length;
  }

  /** One try: {status, json}; null when nobody knows what came of it. Then it is somewhere else. */
  async try(method, target, { token, body, form, headers = {}, patient = false } = {}) {
    const { server, venue } = this;
    const from = performance.now();
    const answer = await server.request({
      method, path: target, limit_ms: patient ? PATIENT_MS : ANSWER_MS,
      headers: {
        ...(body !== undefined && { 'Content-Type': 'application/json' }), ...(form && { 'Content-Type': 'application/x-www-form-urlencoded' }),
        ...(token && { Authorization: `Bearer ${token}` }), ...headers,
      },
      body: form ? new URLSearchParams(form).toString() : body && JSON.stringify(body),
    }).catch(() => ({ status: 0 }));
    venue.answers.push({ server: server.name, from, took: performance.now() - from, status: answer.status, what: `${method} ${target}`, patient });
    if (answer.status > 0 && answer.status < 500) return { status: answer.status, json: answer.text === '' ? undefined : answer.json() };
    this.move();
    return null;
  }

  /** The same, again and again until it is known what came of it. Only for what may be asked twice. */
  async ask(...what) {
    for (;;) {
      const answer = await this.try(...what);
      if (answer) return answer;
      await sleep(AGAIN_MS);
    }
  }
}

