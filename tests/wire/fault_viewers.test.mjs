// Between a snapshot and the updates that follow it nothing is lost and nothing comes twice: many viewers come, go, ask
// again and resume while seats change, and at the end each picture is the truth.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import {
  ask, changeSeat, diceOf, eidOfBinary, envelope, HALL, openSocket, Picture, readHall, scaled, signInAll, sleep,
  startServer, truthOf, until, Viewer, writersOf,
} from './support/faults.mjs';

const WRITER_COUNT = 4;
const VIEWERS = 24;
const LIMIT = { timeout: 120_000 };

let server;
let cookies;

before(async () => {
  server = await startServer();
  cookies = await signInAll(server, WRITER_COUNT);
});

after(() => server.finish());

// Somebody with several subscriptions on one connection, each with a picture of its own; what is unsubscribed and asked
// for again under the same name begins anew.
class Wanderer {
  constructor(number, dice) {
    this.number = number;
    this.dice = dice;
    this.views = new Map(); // eid: {picture, binary, first}
    this.asked = 0;
    this.seq = -1; // the newest that any of its pictures has shown
  }

  async connect() {
    this.socket?.terminate();
    this.views.clear();
    this.socket = await openSocket(server, undefined, { perMessageDeflate: this.number % 4 === 0 });
    const { socket } = this;
    socket.on('message', (bytes, isBinary) => {
      if (socket === this.socket) this.#take(bytes, isBinary);
    });
  }

  #take(bytes, isBinary) {
    const message = isBinary ? { eid: eidOfBinary(bytes) } : JSON.parse(bytes);
    if (message.status === 'error') this.fault = `${message.eid}: ${message.error}`;
    const view = this.views.get(message.eid);
    if (view === undefined) return; // left meanwhile
    if (isBinary) view.picture.takeBinary(bytes);
    else view.picture.takeJson(message);
    this.seq = Math.max(this.seq, view.picture.seq);
  }

  subscribe(eid, resume) {
    const binary = this.dice(2) === 0;
    const picture = new Picture();
    const data = { id: HALL };
    if (binary) data.format = 'binary';
    if (resume !== undefined) {
      data.since = resume.seq;
      Object.assign(picture, { seq: resume.seq, statuses: new Map(resume.statuses) });
    }
    this.views.set(eid, { picture });
    this.socket.send(envelope('hall.subscribe', data, eid));
  }

  // A new name each time, so that what is still on its way to the old one cannot be taken for the new one's.
  name() {
    return `sub-${++this.asked}`;
  }

  leave(eid) {
    const { picture } = this.views.get(eid);
    this.views.delete(eid);
    this.socket.send(envelope('hall.unsubscribe', { sub_eid: eid }, 'leave'));
    return picture;
  }

  async act() {
    const eids = [...this.views.keys()];
    const chosen = eids[this.dice(eids.length || 1)];
    const what = this.dice(10);
    if (eids.length < 2 || what < 3) {
      this.subscribe(this.name());
    } else if (what < 5) {
      this.leave(chosen);
    } else if (what < 8) {
      const picture = this.leave(chosen); // as a page that changes halls back and forth: in one breath
      this.subscribe(this.name(), picture.seq >= 0 ? picture : undefined);
    } else if (what < 9) {
      const name = this.name(); // gone before it is served, perhaps
      this.subscribe(name);
      this.leave(name);
    } else {
      const [picture] = [...this.views.values()].map((view) => view.picture);
      await this.connect();
      this.subscribe(this.name(), picture?.seq >= 0 ? picture : undefined);
    }
  }

  async wander(end) {
    await this.connect();
    while (Date.now() < end) {
      await this.act();
      await sleep(this.dice(30));
    }
  }
}

async function changeSeatsUntil(end) {
  const writers = writersOf(WRITER_COUNT, 12);
  const sockets = await Promise.all(cookies.map((cookie) => openSocket(server, cookie)));
  writers.forEach((writer, i) => writer.begin(sockets[i]));
  await sleep(end - Date.now());
  await Promise.all(writers.map((writer) => writer.end()));
  sockets.forEach((socket) => socket.terminate());
  assert.deepEqual(writers.flatMap((writer) => writer.refused), []);
  return writers;
}

test('viewers who come, go and resume while seats change all end with the truth', LIMIT, async (t) => {
  const end = Date.now() + scaled(5000);
  const people = Array.from({ length: VIEWERS }, (_, i) => new Wanderer(i, diceOf(100 + i)));
  const steady = [new Viewer('json'), new Viewer('binary')];
  await Promise.all(steady.map((viewer) => viewer.connect(server)));
  const [writers] = await Promise.all([changeSeatsUntil(end), ...people.map((person) => person.wander(end))]);
  const truth = truthOf(writers);
  assert.deepEqual((await readHall(server)).statuses, truth.statuses);
  let views = 0;
  for (const [i, viewer] of steady.entries()) await viewer.expect(truth, `the steady viewer ${i}`);
  for (const person of people) {
    assert.equal(person.fault, undefined, `viewer ${person.number}`);
    for (const [eid, { picture }] of person.views) {
      const who = `viewer ${person.number}, ${eid}`;
      await until(() => picture.seq >= truth.seq, () => `${who} is at seq ${picture.seq} of ${truth.seq}`);
      picture.expect(truth, who);
      views++;
    }
    person.socket.terminate();
  }
  steady.forEach((viewer) => viewer.socket.terminate());
  t.diagnostic(`${truth.seq} changes, ${views} pictures, ${steady[0].picture.updates} updates for them`);
});

test('the same name subscribed, left and subscribed in one breath is served once, though the hall is quiet', LIMIT, async () => {
  const people = await Promise.all(Array.from({ length: 20 }, () => openSocket(server)));
  const got = people.map((socket) => {
    const messages = [];
    socket.on('message', (bytes) => messages.push(JSON.parse(bytes)));
    return messages;
  });
  const { seq } = await readHall(server);
  for (const socket of people) {
    socket.send(envelope('hall.subscribe', { id: HALL }, 'hall-sub'));
    socket.send(envelope('hall.unsubscribe', { sub_eid: 'hall-sub' }, 'x'));
    socket.send(envelope('hall.subscribe', { id: HALL }, 'hall-sub'));
  }
  await until(() => got.every((messages) => messages.length >= 2), 'both snapshots');
  const writer = await openSocket(server, cookies[0]);
  const { status } = (await ask(writer, 'hall.my_seats', { hall_id: HALL }));
  assert.equal(status, 'success');
  const hall = await readHall(server);
  const next = hall.statuses.get(1) === 'OCCUPIED' ? 'MAINTENANCE' : 'OCCUPIED';
  await changeSeat(writer, 1, next);
  await until(() => got.every((messages) => messages.length >= 3), 'the update');
  for (const messages of got) {
    assert.deepEqual(messages.map((message) => message.status), ['snapshot', 'snapshot', 'update']);
    assert.deepEqual(messages.map((message) => message.data.seq), [seq, seq, seq + 1]);
  }
  [...people, writer].forEach((socket) => socket.terminate());
});

test('a hall asked for by many at the same moment as it is first read is told to all of them', LIMIT, async () => {
  const other = await startServer();
  await other.stop();
  await other.start({ ready: false });
  const people = await Promise.all(Array.from({ length: 30 }, () => openSocket(other)));
  const got = people.map((socket, i) => {
    const messages = [];
    socket.on('message', (bytes) => messages.push(JSON.parse(bytes)));
    socket.send(envelope('hall.subscribe', { id: HALL }, 'hall-sub'));
    if (i % 3 === 0) socket.send(envelope('hall.unsubscribe', { sub_eid: 'hall-sub' }, 'x'));
    socket.send(envelope('cinemas.get_cinemas', null, 'last'));
    return messages;
  });
  await until(() => got.every((messages) => messages.some(({ eid }) => eid === 'last')), 'the last answers');
  for (const messages of got) assert.equal(messages.filter(({ eid }) => eid === 'hall-sub').length, 1);
  people.forEach((socket) => socket.terminate());
  await other.finish();
});
