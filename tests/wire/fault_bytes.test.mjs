// Bytes that mean harm: each gets its stated close code or error, the server lives, and afterwards its memory and its
// descriptors are back where they were.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, afterEach, before, test } from 'node:test';
import { deflateRawSync } from 'node:zlib';

import {
  ask, closed, envelope, HALL, openSocket, readHall, SANITIZED, scaled, startServer, until,
} from './support/faults.mjs';
import { closeCodeIn, frameOf, openRaw, openRawSocket, UPGRADE } from './support/raw.mjs';

const LIMIT = { timeout: 120_000 };
const MIB = 1024 * 1024;
const MESSAGE_BYTES_MAX = MIB;

let server;
let memory; // at rest, after everything has been used once
let descriptors;

before(async () => {
  server = await startServer();
  await readHall(server);
  const socket = await openSocket(server, undefined, { perMessageDeflate: true });
  socket.send(' '.repeat(MESSAGE_BYTES_MAX));
  await once(socket, 'message');
  socket.terminate();
  await server.request('GET', '/');
  await sleepUntilQuiet();
  memory = server.memory();
});

after(() => server.finish());

// Connections that were closed are gone in a few seconds at most (a half closed one is waited for up to two).
async function sleepUntilQuiet() {
  let fewest = Infinity;
  await until(() => {
    const now = server.descriptors();
    fewest = Math.min(fewest, now);
    return now <= (descriptors ?? 30);
  }, () => `${fewest} descriptors are open, ${descriptors} were at rest`);
  descriptors ??= server.descriptors();
}

afterEach(async () => {
  await sleepUntilQuiet();
  assert.equal((await server.ready()).status, 200);
  if (SANITIZED) return;
  const grown = server.memory() - memory;
  assert.ok(grown < 24 * MIB, `${(grown / MIB).toFixed(1)} MiB more than at rest`);
});

// The code with which the server closes after these bytes.
async function codeAfter(...parts) {
  const socket = await openRawSocket(server);
  for (const part of parts) {
    if (socket.over) break;
    socket.write(part);
  }
  await until(() => socket.over || closeCodeIn(socket.received) !== null, 'a close frame');
  const code = closeCodeIn(socket.received);
  socket.destroy();
  return code;
}

const text = (string) => frameOf(1, Buffer.from(string));

test('a frame that announces 100 MB is refused by its head with 1009', LIMIT, async () => {
  assert.equal(await codeAfter(frameOf(1, Buffer.alloc(0), { length: 100 * MIB })), 1009);
});

test('a frame that announces more than a length can hold is refused', LIMIT, async () => {
  const head = Buffer.from([0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]);
  assert.ok([1002, 1009].includes(await codeAfter(head)));
});

test('100 MB streamed in fragments is refused with 1009 as soon as it is too long', LIMIT, async () => {
  const piece = Buffer.alloc(64 * 1024, 0x20);
  const socket = await openRawSocket(server);
  socket.write(frameOf(1, piece, { bits: 0 }));
  let sent = 1;
  while (sent < 1600 && closeCodeIn(socket.received) === null && !socket.over) {
    if (!socket.write(frameOf(0, piece, { bits: 0 }))) await Promise.race([once(socket, 'drain'), once(socket, 'close')]);
    sent++;
    await new Promise(setImmediate);
  }
  assert.equal(closeCodeIn(socket.received), 1009);
  assert.ok(sent < 1600, 'long before the end');
  socket.destroy();
});

test('a message of one byte past the limit is refused with 1009, one of the limit is not', LIMIT, async () => {
  assert.equal(await codeAfter(frameOf(1, Buffer.alloc(MESSAGE_BYTES_MAX + 1, 0x20))), 1009);
  const socket = await openSocket(server);
  socket.send(' '.repeat(MESSAGE_BYTES_MAX));
  const [answer] = await once(socket, 'message');
  assert.equal(JSON.parse(answer).status, 'error');
  socket.terminate();
});

test('an endless row of tiny fragments is refused', LIMIT, async () => {
  const fragments = Buffer.concat(Array.from({ length: 8000 }, () => frameOf(0, Buffer.alloc(0), { bits: 0 })));
  assert.ok([1008, 1009].includes(await codeAfter(frameOf(1, Buffer.from('a'), { bits: 0 }), fragments)));
});

for (const [name, frame, code] of [
  ['an unmasked frame', frameOf(1, Buffer.from('{}'), { mask: false }), 1002],
  ['a reserved bit', frameOf(1, Buffer.from('{}'), { bits: 0xa0 }), 1002],
  ['a reserved opcode', frameOf(3, Buffer.from('{}')), 1002],
  ['a continuation of nothing', frameOf(0, Buffer.from('{}')), 1002],
  ['a ping in fragments', frameOf(9, Buffer.from('a'), { bits: 0 }), 1002],
  ['a ping of 126 bytes', frameOf(9, Buffer.alloc(126)), 1002],
  ['bad UTF-8', frameOf(1, Buffer.from([0x22, 0xc3, 0x28, 0x22])), 1007],
  ['half a character at the end', frameOf(1, Buffer.from([0x22, 0xe2, 0x82])), 1007],
  ['a surrogate in UTF-8', frameOf(1, Buffer.from([0xed, 0xa0, 0x80])), 1007],
  ['a binary message', frameOf(2, Buffer.from('{}')), 1003],
  ['a close of one byte', frameOf(8, Buffer.from([3])), 1002],
  ['a close with a reserved code', frameOf(8, Buffer.from([3, 0xee])), 1002],
]) {
  test(`${name} closes with ${code}`, LIMIT, async () => {
    assert.equal(await codeAfter(frame), code);
  });
}

test('a message that inflates past the limit is refused with 1009', LIMIT, async () => {
  const bomb = deflateRawSync(Buffer.alloc(100 * MIB, 0x20), { level: 9 });
  const socket = await openRawSocket(server, 'Sec-WebSocket-Extensions: permessage-deflate\r\n');
  const peak = server.memory();
  socket.write(frameOf(1, bomb, { bits: 0xc0 }));
  await until(() => closeCodeIn(socket.received) !== null, 'a close frame');
  assert.equal(closeCodeIn(socket.received), 1009);
  if (!SANITIZED) assert.ok(server.memory() - peak < 16 * MIB, 'and never inflated as a whole');
  socket.destroy();
});

test('deflated rubbish is refused with 1007', LIMIT, async () => {
  const socket = await openRawSocket(server, 'Sec-WebSocket-Extensions: permessage-deflate\r\n');
  socket.write(frameOf(1, Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff]), { bits: 0xc0 }));
  await until(() => closeCodeIn(socket.received) !== null, 'a close frame');
  assert.ok([1002, 1007].includes(closeCodeIn(socket.received)));
  socket.destroy();
});

// What is answered to a message that is no request; the socket stays open.
async function errorOf(message) {
  const socket = await openSocket(server);
  socket.send(message);
  const [answer] = await once(socket, 'message');
  const { error, status } = JSON.parse(answer);
  assert.equal(status, 'error');
  assert.equal((await ask(socket, 'cinemas.get_cinemas', null)).status, 'success');
  socket.terminate();
  return error;
}

test('JSON of 100,000 brackets is an InvalidRequest', LIMIT, async () => {
  assert.equal(await errorOf('['.repeat(100_000)), 'InvalidRequest');
  assert.equal(await errorOf('{"a":'.repeat(100_000)), 'InvalidRequest');
  const deep = '['.repeat(20_000) + ']'.repeat(20_000);
  assert.equal(await errorOf(`{"type":"hall.subscribe","eid":"x","data":${deep}}`), 'InvalidRequest');
});

test('data of more than 100 KiB is a MessageTooLarge', LIMIT, async () => {
  assert.equal(await errorOf(envelope('hall.subscribe', 'a'.repeat(101 * 1024), 'x')), 'MessageTooLarge');
});

test('numbers, names and nulls where none belong are errors, not crashes', LIMIT, async () => {
  const values = ['1e999', '-1', '0', '9223372036854775808', '1.5', '""', '"1"', 'null', '[]', '{}', 'true', '"\\u0000"'];
  const socket = await openSocket(server);
  let answers = 0;
  socket.on('message', () => answers++);
  let asked = 0;
  for (const type of ['hall.subscribe', 'hall.update_seat_status', 'hall.unsubscribe', 'hall.my_seats', 'viewers.subscribe']) {
    for (const value of values) {
      socket.send(`{"type":"${type}","eid":"e${asked}","data":{"id":${value},"hall_id":${value},"since":${value},"sub_eid":[]}}`);
      socket.send(`{"type":"${type}","eid":${value},"data":${value}}`);
      asked += 2;
    }
  }
  await until(() => answers >= asked, () => `${answers} of ${asked} answers`);
  socket.terminate();
});

test('of 10,000 subscriptions on one socket the first 100 stand and the others are errors', LIMIT, async () => {
  const socket = await openSocket(server);
  const got = { snapshot: 0, TooManyRequests: 0 };
  const asked = 10_000;
  socket.on('message', (bytes) => {
    if (bytes.length < 3) return;
    const message = JSON.parse(bytes);
    got[message.error ?? message.status]++;
  });
  for (let i = 0; i < asked; i++) socket.send(envelope('hall.subscribe', { id: HALL }, `sub-${i}`));
  await until(() => got.snapshot + got.TooManyRequests === asked, () => JSON.stringify(got));
  assert.equal(got.snapshot, 100);
  socket.terminate();
});

test('subscriptions to halls that do not exist are errors and leave nothing behind', LIMIT, async () => {
  const socket = await openSocket(server);
  const errors = [];
  const asked = scaled(5000);
  socket.on('message', (bytes) => {
    if (bytes.length > 2) errors.push(JSON.parse(bytes).error);
  });
  for (let i = 0; i < asked; i++) socket.send(envelope('hall.subscribe', { id: 1_000_000 + i }, `sub-${i}`));
  await until(() => errors.length === asked, () => `${errors.length} answers`);
  assert.deepEqual([...new Set(errors)], ['HallNotFound']);
  socket.terminate();
});

test('messages of 1 MiB from many at once are all answered', LIMIT, async () => {
  const people = await Promise.all(Array.from({ length: 40 }, () => openSocket(server)));
  const message = ' '.repeat(MESSAGE_BYTES_MAX);
  for (const socket of people) for (let i = 0; i < 3; i++) socket.send(message);
  await Promise.all(people.map(async (socket) => {
    let answers = 0;
    socket.on('message', (bytes) => (answers += bytes.length > 1)); // but heartbeats
    await until(() => answers === 3, () => `${answers} of 3 answers`);
    socket.terminate();
  }));
});

test('a message that comes a byte at a time is taken as a whole', LIMIT, async () => {
  const socket = await openRawSocket(server);
  socket.setNoDelay(true);
  for (const byte of text(envelope('cinemas.get_cinemas', null, 'slow'))) {
    socket.write(Buffer.from([byte]));
    await new Promise(setImmediate);
  }
  await until(() => socket.received.includes('"slow"'), 'its answer');
  socket.destroy();
});

// The status line of what is answered to these bytes.
async function statusOf(...parts) {
  const socket = await openRaw(server);
  for (const part of parts) {
    if (socket.over || socket.received.length > 0) break;
    if (!socket.write(part)) await Promise.race([once(socket, 'drain'), once(socket, 'close')]);
    await new Promise(setImmediate);
  }
  await until(() => socket.over || socket.received.includes('\r\n'), 'an answer');
  const status = Number(socket.received.toString('latin1').match(/^HTTP\/1.1 (\d+)/)?.[1]);
  socket.destroy();
  return status;
}

test('an HTTP head of 1 MB is refused with 431, a target of 1 MB with 414', LIMIT, async () => {
  const kilobytes = Array.from({ length: 1024 }, (_, i) => `X-${i}: ${'a'.repeat(1000)}\r\n`);
  assert.equal(await statusOf('GET / HTTP/1.1\r\nHost: a\r\n', ...kilobytes), 431);
  assert.equal(await statusOf('GET / HTTP/1.1\r\nHost: a\r\nX: ', ...Array(1024).fill('a'.repeat(1024))), 431);
  assert.equal(await statusOf('GET /', ...Array(1024).fill('a'.repeat(1024))), 414);
});

test('an HTTP body of 100 MB is refused with 413, announced or in chunks', LIMIT, async () => {
  const head = 'POST /api/user/status HTTP/1.1\r\nHost: a\r\n';
  assert.equal(await statusOf(`${head}Content-Length: 100000000\r\n\r\n`), 413);
  const chunk = `10000\r\n${'a'.repeat(65536)}\r\n`;
  assert.equal(await statusOf(`${head}Transfer-Encoding: chunked\r\n\r\n`, ...Array(1600).fill(chunk)), 413);
});

test('what is no HTTP is refused with 400', LIMIT, async () => {
  assert.equal(await statusOf('\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'), 400);
  assert.equal(await statusOf('\0'.repeat(100)), 400);
  assert.equal(await statusOf('GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n'), 400);
});

test('connections opened and closed by the thousand leave nothing behind', LIMIT, async () => {
  const total = scaled(10_000);
  const atOnce = 100;
  const visit = async (i) => {
    const bytes = ['', 'GET /', 'GET /livez HTTP/1.1\r\nHost: a\r\n\r\n', `${UPGRADE}\r\n`][i % 4];
    const socket = await openRaw(server, bytes);
    if (i % 8 > 3 && bytes.length > 10) await until(() => socket.received.length > 0 || socket.over, 'an answer');
    if (i % 2) socket.resetAndDestroy();
    else socket.destroy();
  };
  for (let i = 0; i < total; i += atOnce) {
    await Promise.all(Array.from({ length: Math.min(atOnce, total - i) }, (_, k) => visit(i + k)));
  }
});

test('what a stranger sends makes up no field of the log', LIMIT, async () => {
  const told = await startServer({ LOG_LEVEL: 'info' });
  await assert.rejects(openSocket(told, undefined, { headers: { Origin: 'http://a.example" level=error x="' } }));
  await until(() => told.log.includes('foreign origin'), 'the refusal is logged');
  assert.match(told.log, /origin="http:\/\/a\.example\\" level=error x=\\""\n/);
  await told.finish();
});

test('viewers who come and are cut off by the hundred leave nothing behind', LIMIT, async () => {
  for (let round = 0; round < scaled(10); round++) {
    const people = await Promise.all(Array.from({ length: 100 }, () => openSocket(server)));
    for (const socket of people) {
      socket.send(envelope('hall.subscribe', { id: HALL }, `h-${round}`));
      socket.send(envelope('viewers.subscribe', { id: HALL }, 'v'));
      socket.send(envelope('user.subscribe', null, 'u'));
    }
    await once(people[99], 'message');
    people.forEach((socket, i) => (i % 3 ? socket.terminate() : socket.close()));
    await Promise.all(people.filter((socket) => socket.readyState !== socket.CLOSED).map(closed));
  }
  const socket = await openSocket(server);
  await until(async () => (await ask(socket, 'viewers.subscribe', { id: HALL })).data.viewers === 0, 'nobody watches');
  socket.terminate();
});
