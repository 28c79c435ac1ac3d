// Load at the messenger door: people who write each other under names of their own, again and again until it is known that it
// was sent, and who listen at whatever server. What they heard is held against the tables.
import assert from 'node:assert/strict';

import { sleep, until } from '../../wire/support/faults.mjs';
import { ask, Client, leaveAll, person } from '../../wire/support/messenger.mjs';
import { Visitor } from './venue.mjs';

const PEOPLE = 4; // each writes to the next one
const PACE_MS = 150;
const LET_IN_MS = 10_000;

/** Somebody who writes to one person, and hears what comes for him. */
class Writer extends Visitor {
  sent = []; // {clientID, seq, messageID}
  lines = []; // what each of his connections heard, in order

  constructor(venue, at, who) {
    super(venue, at);
    Object.assign(this, who);
  }

  async write(load, to) {
    for (let nth = 0; !load.over; nth++) {
      const clientID = `${this.name} ${nth}`;
      const { status, json } = await this.ask('POST', `/api/message/${to.id}`, { token: this.token, body: { message: `the ${nth}th`, clientID } });
      assert.equal(status, 200, JSON.stringify(json));
      assert.equal(json.data.clientID, clientID);
      this.sent.push({ clientID, seq: json.data.seq, messageID: json.data.messageID });
      await sleep(load.dice(PACE_MS));
    }
  }

  /** Keeps a connection, at some server. */
  async listen(load) {
    const visitor = new Visitor(this.venue, this.at + 1);
    while (!load.heard) {
      const client = Client.of(visitor.server, 4, this, { reconnection: false, timeout: LET_IN_MS, transports: this.at % 2 ? ['websocket'] : undefined });
      const gone = () => load.heard || client.heard.some(([name]) => name === 'disconnect' || name === 'connect_error');
      const since = performance.now();
      const letIn = () => client.of('user:connect_success').length > 0;
      while (!gone() && !letIn() && performance.now() - since < LET_IN_MS) await sleep(PACE_MS);
      if (letIn()) this.lines.push({ server: visitor.server.name, client, gone });
      while (!gone() && letIn()) await sleep(PACE_MS);
      client.leave();
      visitor.move();
    }
  }
}

export class Messenger {
  constructor(venue) {
    this.venue = venue;
  }

  async open() {
    const { venue } = this;
    this.writers = [];
    const server = { foyer: venue.servers[0], mails: () => venue.mails() };
    for (let i = 0; i < PEOPLE; i++) this.writers.push(new Writer(venue, i, await person(server, `writer${i}`)));
  }

  begin(load) {
    this.load = load;
    this.listening = this.writers.map((writer) => writer.listen(load));
    return Promise.all(this.writers.map((writer, i) => writer.write(load, this.writers[(i + 1) % PEOPLE])));
  }

  /** What was written is there once and in the order of each writer; a connection heard it in order, without gaps. */
  async check() {
    const rows = await this.venue.postgres.rows(`SELECT m.id, m.dialog_id, m.seq, m.sender_id, m.receiver_id, n.client_id FROM messages m
      JOIN message_names n ON n.message_id = m.id AND n.sender_id = m.sender_id ORDER BY m.dialog_id, m.seq`);
    for (const { id, name, sent } of this.writers) {
      const own = rows.filter(({ sender_id }) => sender_id === id);
      const told = sent.map(({ clientID, seq, messageID }) => [clientID, seq, messageID]);
      assert.deepEqual(own.map(({ client_id, seq, id: messageID }) => [client_id, seq, messageID]), told, `${name}'s messages, once and in order`);
    }
    await this.#hearTheLast(rows);
    for (const server of this.venue.servers) for (const writer of this.writers) await this.#seesOthers(server, writer);
    this.load.heard = true;
    await Promise.all(this.listening);
    leaveAll();
    let heard = 0;
    for (const writer of this.writers) for (const { client, server } of writer.lines) heard += this.#checkLine(writer, client, server, rows);
    const lines = this.writers.reduce((sum, writer) => sum + writer.lines.length, 0);
    return `${rows.length} messages, heard ${heard} times at ${lines} connections`;
  }

  /**
   * One more message to each, now that all is quiet, is heard by the connection that he has: so all before it was told, too.
   * One whose server has lost its power is noticed by its client in 45 s; then there is another, and another message.
   */
  async #hearTheLast(rows) {
    for (const [i, writer] of this.writers.entries()) {
      const to = this.writers[(i + 1) % PEOPLE];
      let line, last;
      await until(async () => {
        if (line === undefined || line.gone()) {
          line = to.lines.at(-1);
          last = await this.#writeLast(writer, to, rows);
        }
        return line.client.of('user:new_message').some(({ messageID }) => messageID === last);
      }, `${to.name} hears the last`, 90_000);
    }
  }

  async #writeLast(writer, to, rows) {
    const clientID = `${writer.name} last ${rows.length}`;
    const { json } = await writer.ask('POST', `/api/message/${to.id}`, { token: writer.token, body: { message: 'the last', clientID } });
    const { messageID: id, seq } = json.data;
    const { dialog_id } = rows.find(({ sender_id }) => sender_id === writer.id);
    rows.splice(rows.findLastIndex((row) => row.dialog_id === dialog_id) + 1, 0, { id, dialog_id, seq, sender_id: writer.id, receiver_id: to.id });
    await sleep(PACE_MS);
    return id;
  }

  /** Everybody listens, somewhere: so every server says that everybody is online. */
  async #seesOthers(server, { name, token }) {
    let statuses;
    await until(async () => {
      const { json } = await ask(server, token, 'GET', '/dialog');
      statuses = json.data.map(({ receiverName, connectionStatus }) => `${receiverName} ${connectionStatus}`);
      return statuses.every((status) => status.endsWith(' online'));
    }, () => `${name} sees at ${server.name}: ${statuses}`, 30_000);
  }

  #checkLine({ id, name }, client, server, rows) {
    const heard = client.of('user:new_message').map(({ messageID }) => messageID);
    const mine = rows.filter(({ sender_id, receiver_id }) => sender_id === id || receiver_id === id);
    for (const dialog of new Set(mine.map(({ dialog_id }) => dialog_id))) {
      const all = mine.filter(({ dialog_id }) => dialog_id === dialog).map((row) => row.id);
      const here = heard.filter((one) => all.includes(one));
      const first = all.indexOf(here[0]);
      assert.deepEqual(here, here.length === 0 ? [] : all.slice(first, first + here.length), `${name} at ${server}: in order and without gaps`);
    }
    return heard.length;
  }
}
