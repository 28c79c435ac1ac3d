// The messenger door as people use it: accounts, requests below /api, and Socket.IO clients that remember what they heard.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

import { until } from './faults.mjs';
import { signUp } from './tickets.mjs';

const require = createRequire(import.meta.url);
export const CLIENTS = {
  2: require('socket.io-client-2'),
  3: require('socket.io-client-3').io,
  4: require('socket.io-client-4').io,
};
const EVENTS = [
  'user:connect_success', 'user:invalid_token', 'exception', 'user:new_message', 'user:new_dialog',
  'user:all_messages_read', 'user:message_read', 'user:connection_status', 'user:typing',
];

/** One request below /api: {status, headers, text, json}. */
export async function ask(foyer, token, method, target, body) {
  const answer = await foyer.request({
    method,
    path: `/api${target}`,
    headers: { ...(token && { Authorization: `Bearer ${token}` }), ...(body !== undefined && { 'Content-Type': 'application/json' }) },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  return { ...answer, json: answer.text === '' ? undefined : answer.json() };
}

/** Somebody with an account: {token, id, name}. */
export async function person(server, name) {
  const { accessToken: token } = await signUp(server, `${name}@example.com`, { name });
  const { json } = await ask(server.foyer, token, 'POST', '/message/1', { message: 'x' });
  await ask(server.foyer, token, 'DELETE', `/message?message-id=${json.data.messageID}`);
  return { token, id: json.data.senderID, name };
}

/** Writes to somebody; gives the Message that was answered. */
export async function write(foyer, from, to, message, more = {}) {
  const { status, text, json } = await ask(foyer, from.token, 'POST', `/message/${to.id}`, { message, ...more });
  assert.equal(status, 200, text);
  return json.data;
}

const opened = new Set();

/** A Socket.IO client that keeps what it hears, in order, as [event, argument]. */
export class Client {
  heard = [];

  constructor(foyer, version, { query, ...options } = {}) {
    this.version = version;
    this.socket = CLIENTS[version](`http://${foyer.host ?? '127.0.0.1'}:${foyer.port}`, { forceNew: true, query, ...options });
    opened.add(this.socket);
    for (const name of EVENTS) this.socket.on(name, (argument) => this.heard.push([name, argument]));
    for (const name of ['disconnect', 'connect_error']) this.socket.on(name, (why) => this.heard.push([name, String(why)]));
    this.socket.on('connect', () => !this.socket.recovered && this.socket.emit('user:connect'));
  }

  /** With the query that the chat page has. */
  static of(foyer, version, { token }, options = {}) {
    return new Client(foyer, version, { query: { authorization: `Bearer ${token}`, os: 'Linux/unknown', browser: 'Chrome/120' }, ...options });
  }

  /** Likewise, and waits until it was let in. */
  static async in(...args) {
    const client = Client.of(...args);
    await client.has('user:connect_success');
    return client;
  }

  /** The arguments of all events of a name. */
  of(name) {
    return this.heard.filter(([heard]) => heard === name).map(([, argument]) => argument);
  }

  /** Waits for an event, and gives the argument of the first that is wanted. */
  async has(name, wanted = () => true) {
    await until(() => this.of(name).some(wanted), () => `${name}; there is ${JSON.stringify(this.heard)}`);
    return this.of(name).find(wanted);
  }

  get upgraded() {
    return this.socket.io.engine?.transport.name === 'websocket';
  }

  /** Cuts the line, as a network does. */
  cut() {
    this.socket.io.engine.close();
  }

  leave() {
    opened.delete(this.socket);
    this.socket.disconnect();
  }
}

export function leaveAll() {
  for (const socket of opened) socket.disconnect();
  opened.clear();
}
