// What the fault tests share: a server of their own on a database of their own, people who are signed in, a picture of a
// hall kept as a page keeps it, and the truth to compare it with, worked out from what the writers were told.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { WebSocket } from 'ws';

import { copyDatabase, hasOwnRedis, ownRedisOf, urlOf } from './database.mjs';
import { codeOf } from './foyer.mjs';
import { sleep, until } from './waiting.mjs';

export { sleep, until };

export const FOYER = path.resolve(process.env.FOYER ?? 'build/foyer');
export const STATUSES = ['VACANT', 'RESERVED', 'OCCUPIED', 'MAINTENANCE'];
export const HALL = 1;
export const WRITERS = 6;
const ROWS = 20;
const PLACES = 30;
export const SEATS = ROWS * PLACES;

const binary = readFileSync(FOYER);
// A sanitizer keeps freed memory and is slow: figures about memory and time mean nothing there.
export const SANITIZED = binary.includes('__asan_init') || binary.includes('__tsan_init');
// FAULT_ROUNDS (50 as it stands) scales every test: `scaled(50)` is FAULT_ROUNDS.
const ROUNDS = Number(process.env.FAULT_ROUNDS ?? (SANITIZED ? 12 : 50));
export const scaled = (count) => Math.max(1, Math.round((count * ROUNDS) / 50));

// --- Chance and time ---

// Dice that fall the same way every time (mulberry32): `dice(n)` is a whole number below n.
export function diceOf(seed) {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

// --- The database ---

const scratch = mkdtempSync(path.join(tmpdir(), 'foyer-faults-'));
const mounts = [];
process.on('exit', () => {
  for (const folder of mounts) can('umount', '-l', folder);
  rmSync(scratch, { recursive: true, force: true });
});
let folders = 0;

// An empty folder that goes away with the test's process.
export function newFolder() {
  const folder = path.join(scratch, String(++folders));
  mkdirSync(folder);
  return folder;
}

// What of our own environment a server is given: nothing that is an option of foyer.
export function environmentWith(options) {
  const kept = Object.entries(process.env).filter(([name]) => name === 'PATH' || name.endsWith('SAN_OPTIONS'));
  return { ...Object.fromEntries(kept), LOG_LEVEL: 'warn', ...options };
}

// Runs a command of foyer on the database of a folder: {status, stdout, stderr}.
export function foyer(folder, ...words) {
  return spawnSync(FOYER, words, {
    cwd: folder,
    env: environmentWith({ DATABASE_URL: urlOf(folder) }),
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
}

// A plan in our CSV: ROWS rows of PLACES seats.
export function hallCsv(rows = ROWS, places = PLACES) {
  const lines = ['row,place,x,y,width,height,rotation,type'];
  for (let row = 1; row <= rows; row++) {
    for (let place = 1; place <= places; place++) {
      lines.push(`${row},${place},${place * 40},${row * 40},30,30,0,${row % 2 ? 'Standard' : 'VIP'}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

let template;

// A folder with a database of one hall and the members of staff writer0, writer1, ... Made once, copied each time.
function fillTemplate() {
  const folder = newFolder();
  writeFileSync(path.join(folder, 'hall.csv'), hallCsv());
  const imported = foyer(folder, 'import', 'hall.csv');
  assert.equal(imported.status, 0, imported.stderr);
  const secrets = [];
  for (let i = 0; i < WRITERS; i++) {
    const added = foyer(folder, 'user', 'add', `writer${i}`, 'staff');
    assert.equal(added.status, 0, added.stderr);
    secrets.push(added.stdout.match(/secret: (\w+)/)[1]);
  }
  return { folder, secrets };
}

export function newDatabase(into = newFolder()) {
  template ??= fillTemplate();
  copyDatabase(template.folder, into);
  return into;
}

export function verify(folder) {
  const { status, stdout, stderr } = foyer(folder, 'verify');
  assert.equal(status, 0, `${stdout}\n${stderr}`);
}

// --- The server ---

// What a failed test leaves running.
const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

export class Server {
  constructor(folder, options = {}) {
    this.folder = folder;
    this.options = options;
    this.log = '';
  }

  // Starts it and waits until it is ready. `wrap`: words to put before the program's name.
  async start({ wrap = [], ready = true } = {}) {
    const environment = environmentWith({
      HOST: '127.0.0.1',
      PORT: '0',
      WS_PORT: '0',
      LOOPS: '2',
      RATE_LIMITS: 'off',
      DATABASE_URL: urlOf(this.folder),
      ...(hasOwnRedis(this.options) ? await ownRedisOf(this.folder) : {}),
      ...this.options,
    });
    const words = [...wrap, FOYER, 'serve'];
    this.child = spawn(words[0], words.slice(1), {
      cwd: this.folder,
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const { child } = this;
    this.ending = false;
    running.add(child);
    child.once('exit', () => running.delete(child));
    this.exit = once(this.child, 'close').then(([code, signal]) => ({ code, signal }));
    this.child.stderr.on('data', (text) => {
      this.log += text;
    });
    this.child.stdout.setEncoding('utf8');
    const line = await Promise.race([once(this.child.stdout, 'data'), this.exit.then(() => null)]);
    assert.ok(line !== null, `the server did not start:\n${this.log}`);
    // A server that a failed test has left does not keep the test's process.
    if (!this.ending) [child, child.stdout, child.stderr].forEach((handle) => handle.unref());
    this.port = Number(String(line).match(/:(\d+)\s/)[1]);
    if (ready) await until(async () => (await this.ready()).status === 200, 'the server is ready');
    return this;
  }

  get pid() {
    return this.child.pid;
  }

  async kill() {
    this.ending = true;
    this.child.ref();
    this.child.kill('SIGKILL');
    await this.exit;
  }

  // SIGTERM, and how it ended: {code, signal, ms}.
  async stop() {
    const begin = Date.now();
    this.ending = true;
    this.child.ref();
    this.child.kill('SIGTERM');
    return { ...(await this.exit), ms: Date.now() - begin };
  }

  async request(method, target, { body, headers = {} } = {}) {
    const response = await fetch(`http://127.0.0.1:${this.port}${target}`, {
      method,
      body: body === undefined ? undefined : JSON.stringify(body),
      headers: { ...headers, Connection: 'close' },
    });
    return { status: response.status, headers: response.headers, text: await response.text() };
  }

  // What /readyz says; status 0 when nobody answers.
  async ready() {
    try {
      return await this.request('GET', '/readyz');
    } catch {
      return { status: 0, text: '' };
    }
  }

  // Resident memory in bytes; what of it is the program's own (no file behind it).
  memory() {
    const status = readFileSync(`/proc/${this.pid}/status`, 'latin1');
    return Number(status.match(/RssAnon:\s+(\d+)/)[1]) * 1024;
  }

  // What is open, but for the ring that a loop makes for its first fan-out and keeps.
  descriptors() {
    return readdirSync(`/proc/${this.pid}/fd`).filter((name) => {
      try {
        return !readlinkSync(`/proc/${this.pid}/fd/${name}`).includes('io_uring');
      } catch {
        return false; // closed meanwhile
      }
    }).length;
  }

  // Ends it as an operator would, and looks at what it left.
  async finish() {
    const { code, signal } = await this.stop();
    assert.deepEqual({ code, signal }, { code: 0, signal: null }, this.log);
    verify(this.folder);
  }
}

// A server on a new database.
export async function startServer(options = {}, how = {}) {
  return new Server(newDatabase(), options).start(how);
}

// --- People ---

// Signs the member of staff in and gives the cookie. Once a server and a member: a code is used once.
export async function signIn(server, member) {
  const username = `writer${member}`;
  const body = { username, code: codeOf(template.secrets[member]) };
  const answer = await server.request('POST', '/api/user/login', { body });
  assert.equal(JSON.parse(answer.text).status, 'success', answer.text);
  return answer.headers.get('set-cookie').split(';')[0];
}

// --- Sockets ---

const BEAT_MS = 4000; // as often as a client says so

export async function openSocket(server, cookie, options = {}) {
  const headers = cookie === undefined ? {} : { Cookie: cookie };
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}/ws`, { perMessageDeflate: false, headers, ...options });
  socket.on('error', () => {}); // told by `close` as well
  // The heartbeat: who says nothing is cut after 15 s. What the server answers to ours looks like its own, and is let be.
  let beaten = 0;
  socket.on('message', (bytes) => {
    if (bytes.length > 1 || Date.now() - beaten < BEAT_MS) return;
    beaten = Date.now();
    socket.send('1');
  });
  await once(socket, 'open');
  return socket;
}

export const closed = async (socket) => (await once(socket, 'close'))[0];

export const envelope = (type, data, eid) => JSON.stringify({ type, data, eid, ts: 0 });

// Asks one thing and gives the first answer with its eid.
export function ask(socket, type, data, eid = `ask-${Math.random()}`) {
  return new Promise((resolve, reject) => {
    const onClose = () => reject(new Error('the socket was closed'));
    const onMessage = (bytes, isBinary) => {
      if (isBinary || bytes.length < 3) return;
      const message = JSON.parse(bytes);
      if (message.eid !== eid) return;
      socket.off('message', onMessage);
      socket.off('close', onClose);
      resolve(message);
    };
    socket.on('message', onMessage);
    socket.once('close', onClose);
    socket.send(envelope(type, data, eid));
  });
}

export function changeSeat(socket, seat, status) {
  return ask(socket, 'hall.update_seat_status', { hall_id: HALL, seat_id: seat, status, reply: 'delta' });
}

// The hall as a newcomer sees it: {seq, statuses: Map of seat to status}.
export async function readHall(server, hall = HALL) {
  const socket = await openSocket(server);
  const message = await ask(socket, 'hall.subscribe', { id: hall }, 'truth');
  socket.terminate();
  assert.equal(message.status, 'snapshot', JSON.stringify(message).slice(0, 300));
  return { seq: message.data.seq, statuses: new Map(message.data.seats.map((seat) => [seat.id, seat.status])) };
}

// A writer that keeps `depth` changes under way, each of another seat of its own, each to the seat's next status, so that
// every change is one event and a look at the seat tells whether it happened.
export class Writer {
  constructor(member, seats, depth = 8) {
    this.seats = seats;
    this.depth = Math.min(depth, seats.length - 1);
    this.at = 0;
    this.statuses = new Map(seats.map((seat) => [seat, 0])); // of those that were told
    this.pending = []; // {seat, status}, oldest first
    this.told = []; // {seq, seat, status}
    this.refused = []; // error codes
    this.running = false;
    this.tag = `w${member}-`;
    this.sent = 0;
  }

  begin(socket) {
    this.socket = socket;
    this.running = true;
    socket.on('message', (bytes) => this.#answered(socket, bytes));
    for (let i = 0; i < this.depth; i++) this.#send();
  }

  // Stops asking; ends when all is answered.
  async end() {
    this.running = false;
    await until(() => this.pending.length === 0, 'the last answers of a writer');
  }

  #send() {
    const seat = this.seats[this.at++ % this.seats.length];
    const status = (this.statuses.get(seat) + 1) % STATUSES.length;
    const eid = `${this.tag}${++this.sent}`;
    this.pending.push({ eid, seat, status });
    const data = { hall_id: HALL, seat_id: seat, status: STATUSES[status], reply: 'delta' };
    this.socket.send(envelope('hall.update_seat_status', data, eid));
  }

  #answered(socket, bytes) {
    const message = JSON.parse(bytes);
    if (socket !== this.socket || message.eid !== this.pending[0]?.eid) return;
    const { seat, status } = this.pending.shift();
    if (message.status === 'success') {
      this.statuses.set(seat, status);
      this.told.push({ seq: message.data.seq, seat, status: STATUSES[status] });
    } else {
      this.refused.push(message.error);
    }
    if (this.running) this.#send();
  }
}

// Writers with seats of their own each; `cookies` of as many members of staff.
export function writersOf(count, depth) {
  const share = Math.floor(SEATS / count);
  return Array.from({ length: count }, (_, member) => {
    const seats = Array.from({ length: share }, (_unused, i) => member * share + i + 1);
    return new Writer(member, seats, depth);
  });
}

export async function signInAll(server, count) {
  return Promise.all(Array.from({ length: count }, (_, member) => signIn(server, member)));
}

// The truth after a quiet end without a crash: what the writers were told, in the order of seq, with no number missing.
export function truthOf(writers) {
  const told = writers.flatMap((writer) => writer.told).sort((a, b) => a.seq - b.seq);
  told.forEach(({ seq }, i) => assert.equal(seq, i + 1, 'every acknowledged change has a seq of its own, with no gap'));
  const statuses = new Map(Array.from({ length: SEATS }, (_, i) => [i + 1, 'VACANT']));
  for (const { seat, status } of told) statuses.set(seat, status);
  return { seq: told.length, statuses };
}

// --- Pictures ---

// A hall as one subscription tells it, in JSON or binary. Asserts what each message must keep.
export class Picture {
  constructor() {
    this.seq = -1; // before the first snapshot
    this.statuses = new Map();
    this.snapshots = 0;
    this.updates = 0;
    this.faults = [];
  }

  #check(holds, what) {
    if (!holds) this.faults.push(what);
  }

  #snapshot(seq, entries) {
    this.#check(seq >= this.seq, `a snapshot went back from ${this.seq} to ${seq}`);
    this.seq = seq;
    this.statuses = new Map(entries);
    this.snapshots++;
  }

  #update(since, seq, entries) {
    this.#check(this.seq >= 0, 'an update came before any snapshot');
    this.#check(since <= this.seq, `a gap: the picture is at ${this.seq}, the update since ${since}`);
    this.#check(since <= seq && seq >= this.seq, `an update since ${since} to ${seq} at ${this.seq}`);
    for (const [seat, status] of entries) this.statuses.set(seat, status);
    this.seq = seq;
    this.updates++;
  }

  takeJson(message) {
    const entries = message.data.seats.map((seat) => [seat.id, seat.status]);
    if (message.status === 'snapshot') this.#snapshot(message.data.seq, entries);
    if (message.status === 'update') this.#update(message.data.since, message.data.seq, entries);
  }

  takeBinary(frame) {
    let at = 2 + frame[1] + 4;
    const seq = Number(frame.readBigUInt64LE(at));
    const since = Number(frame.readBigUInt64LE(at + 8));
    const count = frame.readUInt32LE(at + 16);
    at += 20;
    const entries = [];
    for (let i = 0; i < count; i++) {
      if (frame[0] === 1) {
        entries.push([i + 1, STATUSES[(frame[at + 8 + (i >> 2)] >> (2 * (i & 3))) & 3]]);
      } else {
        const word = frame.readUInt32LE(at + 4 * i);
        entries.push([(word >>> 2) + 1, STATUSES[word & 3]]);
      }
    }
    if (frame[0] === 1) this.#snapshot(seq, entries);
    else this.#update(since, seq, entries);
  }

  // Compares it with the truth.
  expect(truth, who) {
    assert.deepEqual(this.faults, [], who);
    assert.equal(this.seq, truth.seq, `${who}: seq`);
    for (const [seat, status] of truth.statuses) {
      assert.equal(this.statuses.get(seat), status, `${who}: seat ${seat} at seq ${this.seq}`);
    }
  }
}

export const eidOfBinary = (frame) => frame.toString('utf8', 2, 2 + frame[1]);

// One viewer with one subscription, kept through reconnects by `since`.
export class Viewer {
  constructor(format = 'json') {
    this.format = format;
    this.picture = new Picture();
    this.errors = [];
  }

  async connect(server) {
    this.socket = await openSocket(server);
    this.socket.on('message', (bytes, isBinary) => this.#take(bytes, isBinary));
    const data = { id: HALL };
    if (this.format === 'binary') data.format = 'binary';
    if (this.picture.seq >= 0) data.since = this.picture.seq;
    this.socket.send(envelope('hall.subscribe', data, 'view'));
  }

  #take(bytes, isBinary) {
    if (isBinary) {
      this.picture.takeBinary(bytes);
    } else if (bytes.length > 2) {
      const message = JSON.parse(bytes);
      if (message.status === 'error') this.errors.push(message.error);
      else this.picture.takeJson(message);
    }
  }

  // Waits until it has come as far as the truth, and compares.
  async expect(truth, who) {
    await until(() => this.picture.seq >= truth.seq, () => `${who} is at seq ${this.picture.seq} of ${truth.seq}`);
    this.picture.expect(truth, who);
  }
}

// A folder on a small disk of memory; null where mounting is not allowed.
export function mountSmall(megabytes) {
  const folder = newFolder();
  if (!can('mount', '-t', 'tmpfs', '-o', `size=${megabytes}m`, 'foyer-test', folder)) return null;
  mounts.push(folder);
  return folder;
}

// Whether a command of the system can be run here (mount, prlimit).
export function can(command, ...words) {
  try {
    execFileSync(command, words, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
