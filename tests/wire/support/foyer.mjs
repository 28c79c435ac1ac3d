// A foyer of a test's own: started on a free port with a fresh database, spoken to as browsers do, and taken away again.
// A sanitizer's report in its log fails the test that ends it.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import crypto from 'node:crypto';
import { once } from 'node:events';
import { copyFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { WebSocket } from 'ws';

import { dropDatabase, hasOwnRedis, ownRedisOf, urlOf } from './database.mjs';
import { ownFolder } from './folders.mjs';

const BINARY = path.resolve(process.env.FOYER ?? new URL('../../../build/foyer', import.meta.url).pathname);
const START_MS = 60_000;
export const WAIT_MS = 60_000; // for anything that must come; generous, where everything runs side by side
export const JWT_SECRET = 'the key of the tokens';
export const COOKIE_SECRET = 'the key of the cookies';

/** What of our own environment a server needs: the sanitizers' settings, and nothing that is an option of foyer. */
function bareEnvironment() {
  const kept = ['PATH', 'ASAN_OPTIONS', 'UBSAN_OPTIONS', 'TSAN_OPTIONS', 'LSAN_OPTIONS', 'LD_LIBRARY_PATH'];
  return Object.fromEntries(kept.filter((name) => name in process.env).map((name) => [name, process.env[name]]));
}

/** A response with its body; rejected when it breaks off. */
async function wholeOf(response) {
  const parts = [];
  for await (const part of response) parts.push(part);
  const body = Buffer.concat(parts);
  const text = body.toString();
  return { status: response.statusCode, headers: response.headers, body, text, json: () => JSON.parse(text) };
}

export class Foyer {
  #child;
  #words;
  #folder = ownFolder('wire');
  #environment;
  #hasOwnRedis;
  log = '';

  /** `wrap`: words before the program's name; `host`: where it is reached. */
  constructor(options, { wrap = [], host = '127.0.0.1' } = {}) {
    this.host = host;
    this.#words = [...wrap, BINARY, 'serve'];
    this.#hasOwnRedis = hasOwnRedis(options);
    this.#environment = {
      ...bareEnvironment(), HOST: '127.0.0.1', PORT: '0', WS_PORT: '0', DEMO: '1', RATE_LIMITS: 'off',
      LOOPS: '1', // on one loop, what one connection has been answered all others have been told
      DATABASE_URL: options.DATABASE_URL ?? urlOf(this.#folder, options.DEMO !== '0' && !('DEMO_SEATS' in options)), JWT_SECRET, COOKIE_SECRET, ...options,
    };
    const ready = process.env.DEMO_DATABASE; // by demo_database.mjs: drawing the venue is most of a start
    const usual = !['DEMO', 'DEMO_SEATS', 'DATABASE_URL'].some((name) => name in options);
    if (ready && usual) copyFileSync(ready, path.join(this.#folder, 'foyer.db'));
  }

  /** Starts it, and waits until it is ready. `options`: environment of this start and the following ones. */
  async start(options = {}) {
    if (this.#hasOwnRedis) Object.assign(this.#environment, await ownRedisOf(this.#folder));
    Object.assign(this.#environment, options);
    this.agent = new http.Agent({ keepAlive: true });
    this.#child = spawn(this.#words[0], this.#words.slice(1), { cwd: this.#folder, env: this.#environment, stdio: ['ignore', 'pipe', 'pipe'] });
    const child = this.#child;
    let said = '';
    child.stderr.on('data', (text) => (this.log += text));
    this.port = await new Promise((resolve, reject) => {
      const limit = setTimeout(() => reject(new Error(`no address in time: ${this.log}`)), START_MS);
      child.once('exit', (code) => reject(new Error(`it ended with ${code}: ${this.log}`)));
      child.stdout.on('data', (text) => {
        const found = /foyer is on http:\/\/[^:]+:(\d+)\n/.exec((said += text));
        if (!found) return;
        clearTimeout(limit);
        resolve(Number(found[1]));
      });
    });
    await this.#ready();
    return this;
  }

  /** Where its database and its mails are. */
  get folder() {
    return this.#folder;
  }

  /** Asks it to end; its folder stays, and it can be started again. */
  stop() {
    return this.#exit('SIGTERM');
  }

  /** Ends it at once, as a crash does. */
  kill() {
    return this.#exit('SIGKILL');
  }

  /** Sends it a signal, and waits for nothing. */
  signal(name) {
    this.#child.kill(name);
  }

  /** Waits until it has ended by itself; gives the signal. */
  async ended() {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit');
    this.agent.destroy();
    return this.#child.signalCode;
  }

  async #ready() {
    const end = Date.now() + START_MS;
    const status = () => this.request({ path: '/readyz' }).then((answer) => answer.status, (error) => assert.fail(`${error}: ${this.log}`));
    while ((await status()) !== 200) {
      assert.ok(Date.now() < end, `it did not become ready in time: ${this.log}`);
      await pause(10);
    }
  }

  async #exit(signal) {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill(signal);
      await once(this.#child, 'exit');
    }
    this.agent.destroy();
  }

  /** Ends it at once, as a crash does, and starts it again on the same database. */
  async crash() {
    await this.#exit('SIGKILL');
    await this.start();
  }

  /** Asks it to end, takes its folder away, and fails where a sanitizer had something to say. */
  async end() {
    await this.#exit('SIGTERM');
    rmSync(this.#folder, { recursive: true });
    dropDatabase(this.#folder);
    assert.doesNotMatch(this.log, /Sanitizer|runtime error:/, this.log);
    assert.equal(this.#child.signalCode, null);
    assert.equal(this.#child.exitCode, 0, this.log);
  }

  /** Runs one of its commands on the same database: command('user', 'role', 'ann', 'staff'). Gives what it printed. */
  command(...words) {
    const { status, stdout, stderr } = spawnSync(BINARY, words, {
      cwd: this.#folder, env: this.#environment, encoding: 'utf8',
    });
    assert.equal(status, 0, stderr);
    return stdout;
  }

  /** One HTTP request: {status, headers, body (Buffer), text, json()}. `body`: what is sent, a string or bytes. */
  request({ method = 'GET', path: target = '/', headers = {}, body, port = this.port, agent = this.agent, limit_ms = WAIT_MS } = {}) {
    return new Promise((resolve, reject) => {
      const request = http.request({ host: this.host, port, method, path: target, headers, agent });
      request.setTimeout(limit_ms, () => request.destroy(new Error(`${method} ${target}: no answer in time`)));
      request.on('error', reject);
      request.on('response', (response) => wholeOf(response).then(resolve, reject));
      request.end(body);
    });
  }
}

/** A server for a test file: `const foyer = await startFoyer({ RATE_LIMITS: 'on' })`, with the environment it needs. */
export const startFoyer = (options = {}) => new Foyer(options).start();

let browsers = 0;

/** A browser: its cookies, and its name of itself, unlike all others unless told. */
export class Browser {
  cookies = new Map();

  constructor(foyer, { agent = `browser ${++browsers}` } = {}) {
    this.foyer = foyer;
    this.agent = agent;
  }

  get headers() {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    return { 'User-Agent': this.agent, ...(cookie && { Cookie: cookie }) };
  }

  keep(lines = []) {
    for (const line of lines) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      if (value === '') this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
  }

  /** POST of a user method, as the old page does it: with two slashes. */
  async post(method, body, headers = {}) {
    const answer = await this.foyer.request({
      method: 'POST', path: `/api//user/${method}`,
      headers: { 'Content-Type': 'application/json', ...this.headers, ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    this.keep(answer.headers['set-cookie']);
    return answer;
  }

  /** The error code of a method, or the data of its success. */
  async call(method, body) {
    const { error, data } = (await this.post(method, body)).json();
    return error ?? data;
  }

  line(options = {}) {
    return Line.open(this.foyer, { ...options, browser: this });
  }
}

const BEAT_MS = 4_000;

/**
 * A WebSocket to the server. What came is kept in order until it is taken. As the old page does, it sends a heartbeat now
 * and then and ignores those that come, unless `beats` is false.
 */
export class Line {
  #waiting = [];
  #asked = 0;
  queue = [];

  static async open(foyer, { path: target = '/ws', port = foyer.port, headers = {}, browser, deflate = false, beats = true } = {}) {
    const line = new Line();
    line.beats = beats;
    line.socket = new WebSocket(`ws://${foyer.host}:${port}${target}`, {
      headers: { ...browser?.headers, ...headers }, perMessageDeflate: deflate, handshakeTimeout: WAIT_MS,
    });
    line.closed = new Promise((resolve) => line.socket.on('close', (code, reason) => resolve({ code, reason: `${reason}` })));
    line.socket.on('message', (bytes, isBinary) => line.#came(isBinary ? bytes : JSON.parse(String(bytes)), bytes));
    line.socket.on('error', () => {}); // told by `closed`, or by the opening below
    line.socket.once('upgrade', (response) => {
      line.setCookies = response.headers['set-cookie'] ?? [];
      browser?.keep(line.setCookies);
    });
    await new Promise((resolve, reject) => {
      line.socket.once('open', resolve);
      line.socket.once('error', reject);
    });
    const beating = beats ? setInterval(() => line.socket.send('1'), BEAT_MS).unref() : undefined;
    line.closed.then(() => clearInterval(beating));
    return line;
  }

  #came(message, bytes) {
    if (this.beats && message === 1) return;
    if (typeof message === 'object' && !Buffer.isBuffer(message)) Object.defineProperty(message, 'text', { value: String(bytes) });
    const index = this.#waiting.findIndex(({ wanted }) => wanted(message));
    if (index === -1) this.queue.push(message);
    else this.#waiting.splice(index, 1)[0].resolve(message);
  }

  /** The first message that has come, or will come, that is wanted; it leaves the queue. */
  take(wanted = () => true, limit_ms = WAIT_MS) {
    const index = this.queue.findIndex(wanted);
    if (index !== -1) return Promise.resolve(this.queue.splice(index, 1)[0]);
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`nothing in time; there is ${JSON.stringify(this.queue)}`)), limit_ms);
      const done = (settle) => (value) => {
        clearTimeout(late);
        settle(value);
      };
      this.#waiting.push({ wanted, resolve: done(resolve) });
      this.closed.then(({ code }) => done(reject)(new Error(`closed with ${code} while waiting`)));
    });
  }

  send(message) {
    this.socket.send(typeof message === 'string' || Buffer.isBuffer(message) ? message : JSON.stringify(message));
  }

  /** Sends a request, and gives the first message with its eid. */
  ask(type, data = null, eid = `ask-${++this.#asked}`) {
    this.send({ type, data, eid, ts: Date.now() });
    return this.take((message) => message.eid === eid);
  }

  update(eid) {
    return this.take((message) => message.status === 'update' && (eid === undefined || message.eid === eid));
  }

  /** Everything that came and nobody took, up to now: messages are answered in order, so an answer tells what is before. */
  async rest() {
    await this.ask('nothing.such', null, 'up to here');
    return this.queue.splice(0);
  }

  async close() {
    this.socket.close();
    return this.closed;
  }
}

// One-time codes (RFC 6238) and tokens, computed apart from the server's own code.

function fromBase32(text) {
  const bits = [...text].map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0'));
  return Buffer.from(bits.join('').match(/.{8}/g).map((byte) => parseInt(byte, 2)));
}

export const stepNow = () => Math.floor(Date.now() / 30_000);

/** The code of a 30 s step. */
export function codeOf(secret, step = stepNow()) {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const digest = crypto.createHmac('sha1', fromBase32(secret)).update(counter).digest();
  const number = digest.readUInt32BE(digest[19] & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, '0');
}

/** A code that none of the steps around now has. */
export function wrongCodeOf(secret) {
  const right = [-3, -2, -1, 0, 1, 2, 3].map((offset) => codeOf(secret, stepNow() + offset));
  for (let code = 0; ; code++) if (!right.includes(String(code).padStart(6, '0'))) return String(code).padStart(6, '0');
}

export const secretOf = (qr_url) => qr_url.slice(qr_url.indexOf('secret=') + 7);

/** A handshake_token cookie around any claims, signed with the keys above or others. */
export function forgeCookie(claims, { jwtKey = JWT_SECRET, cookieKey = COOKIE_SECRET, header = { alg: 'HS256', typ: 'JWT' } } = {}) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part(header)}.${part(claims)}`;
  const token = `${signed}.${crypto.createHmac('sha256', jwtKey).update(signed).digest('base64url')}`;
  const signature = crypto.createHmac('sha256', cookieKey).update(token).digest('base64').replace(/=+$/, '');
  return encodeURIComponent(`s:${token}.${signature}`);
}

/** The claims in a handshake_token cookie's value. */
export function claimsOf(cookie) {
  return JSON.parse(Buffer.from(decodeURIComponent(cookie).slice(2).split('.')[1], 'base64url'));
}

let people = 0;
export const freshName = () => `person_${++people}-${crypto.randomBytes(4).toString('hex')}`;

/** Somebody with an account. A code is good once, so each sign-in takes the code of a later step: two in half a minute. */
export class Person {
  constructor(foyer, username = freshName()) {
    this.foyer = foyer;
    this.username = username;
    this.browser = new Browser(foyer);
  }

  nextCode() {
    this.step = this.step === undefined ? stepNow() : Math.max(this.step + 1, stepNow());
    assert.ok(this.step <= stepNow() + 1, 'too many sign-ins of one person in half a minute');
    return codeOf(this.secret, this.step);
  }

  /** Makes the account through the door; the browser is signed in then. */
  static async signUp(foyer, username) {
    const person = new Person(foyer, username);
    person.secret = secretOf((await person.browser.call('auth_start', { username: person.username })).qr_url);
    const answer = await person.browser.call('register', { username: person.username, code: person.nextCode() });
    assert.equal(answer.status, 'user', `${answer}`);
    return person;
  }

  static async staff(foyer) {
    const person = await Person.signUp(foyer);
    foyer.command('user', 'role', person.username, 'staff');
    return person;
  }

  /** Signs in from another browser. */
  async signIn(browser = new Browser(this.foyer)) {
    const answer = await browser.call('login', { username: this.username, code: this.nextCode() });
    assert.equal(answer.status, 'user', `${answer}`);
    return browser;
  }

  line(options) {
    return this.browser.line(options);
  }
}
