// The WebSocket side of core/ with npm's `ws` as its client, against build/protocol_server (path in PROTOCOL_SERVER),
// which echoes every message at /__echo.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, test } from 'node:test';

import { WebSocket } from 'ws';

const MESSAGE_BYTES_MAX = 16 * 1024 * 1024;
const FRAGMENTS_MAX = 65536;
const LIMIT = { timeout: 60_000 };
// What a client may ask of permessage-deflate; `threshold: 0` compresses even the shortest message.
const DEFLATE = { threshold: 0 };

let server;
let address;

before(async () => {
  server = spawn(process.env.PROTOCOL_SERVER ?? 'build/protocol_server', {
    env: { ...process.env, HOST: '127.0.0.1', PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(server.stdout, 'data');
  address = String(line).match(/http:\/\/[\d.]+:\d+/)[0].replace('http', 'ws');
});

after(async () => {
  server.kill('SIGTERM');
  if (server.exitCode === null) await once(server, 'exit');
});

async function open(perMessageDeflate = false) {
  const socket = new WebSocket(`${address}/__echo`, { perMessageDeflate, maxPayload: MESSAGE_BYTES_MAX });
  await once(socket, 'open');
  return socket;
}

async function close(socket) {
  socket.close(1000);
  if (socket.readyState !== WebSocket.CLOSED) await once(socket, 'close');
}

async function expectEcho(socket, payload, binary) {
  socket.send(payload, { binary });
  const [echo, echoIsBinary] = await once(socket, 'message');
  assert.equal(echoIsBinary, binary);
  assert.ok(echo.equals(payload), `${payload.length} bytes came back as ${echo.length} others`);
}

// Bytes that compress a little, the same every time.
function someBytes(count) {
  const bytes = Buffer.alloc(count);
  let state = 1;
  for (let i = 0; i < count; i++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    bytes[i] = i % 3 === 0 ? state >>> 24 : i >>> 4;
  }
  return bytes;
}

function someText(count) {
  return Buffer.from('{"id":17,"status":"VACANT","name":"Партер €"},'.repeat(count / 40 + 1)).subarray(0, count);
}

// Cuts a text so that no character is split at its end.
function wholeCharacters(text) {
  let end = text.length;
  while (end > 0 && !Buffer.from(text.subarray(0, end).toString()).equals(text.subarray(0, end))) end--;
  return text.subarray(0, end);
}

const SIZES = [0, 1, 125, 126, 65535, 65536, 1024 * 1024, MESSAGE_BYTES_MAX];

for (const [name, offer] of Object.entries({ plain: false, deflated: DEFLATE })) {
  test(`messages of any size come back, ${name}`, LIMIT, async () => {
    const socket = await open(offer);
    assert.equal(socket.extensions.includes('permessage-deflate'), offer !== false);
    for (const size of SIZES) {
      await expectEcho(socket, someBytes(size), true);
      await expectEcho(socket, wholeCharacters(someText(size)), false);
    }
    await close(socket);
  });

  test(`a message in fragments comes back whole, ${name}`, LIMIT, async () => {
    const socket = await open(offer);
    for (const [parts, size] of [[2, 10], [100, 1000], [1000, 1]]) {
      const part = someText(size);
      for (let i = 0; i < parts; i++) socket.send(part, { binary: true, fin: i === parts - 1 });
      const [echo] = await once(socket, 'message');
      assert.ok(echo.equals(Buffer.concat(Array(parts).fill(part))));
    }
    await close(socket);
  });

  test(`messages sent without waiting come back in order, ${name}`, LIMIT, async () => {
    const socket = await open(offer);
    const count = 2000;
    let next = 0;
    const all = new Promise((resolve) => {
      socket.on('message', (echo) => {
        assert.equal(String(echo), `message ${next++} ${'x'.repeat(next % 300)}`);
        if (next === count) resolve();
      });
    });
    for (let i = 0; i < count; i++) socket.send(`message ${i} ${'x'.repeat((i + 1) % 300)}`);
    await all;
    await close(socket);
  });

  test(`many connections at once each get their own echo, ${name}`, LIMIT, async () => {
    const sockets = await Promise.all(Array.from({ length: 200 }, () => open(offer)));
    await Promise.all(sockets.map(async (socket, i) => {
      for (let round = 0; round < 5; round++) await expectEcho(socket, Buffer.from(`${i} in ${round} `.repeat(i)), false);
    }));
    await Promise.all(sockets.map(close));
  });
}

test('as many fragments as there may be come back', LIMIT, async () => {
  const socket = await open();
  for (let i = 1; i < FRAGMENTS_MAX; i++) socket.send('*', { binary: true, fin: false });
  socket.send('*', { binary: true, fin: true });
  const [echo] = await once(socket, 'message');
  assert.ok(echo.equals(Buffer.alloc(FRAGMENTS_MAX, '*')));
  await close(socket);
});

test('a ping is answered with its payload, also between fragments', LIMIT, async () => {
  const socket = await open();
  for (const payload of ['', 'Hello', 'x'.repeat(125)]) {
    socket.send('first ', { fin: false });
    socket.ping(payload);
    const [pong] = await once(socket, 'pong');
    assert.equal(String(pong), payload);
    socket.send('last', { fin: true });
    const [echo] = await once(socket, 'message');
    assert.equal(String(echo), 'first last');
  }
  socket.pong('nobody asked');
  await expectEcho(socket, Buffer.from('still there'), false);
  await close(socket);
});

test('a close is answered with its code', LIMIT, async () => {
  for (const code of [1000, 1001, 1011, 1013, 3000, 4999]) {
    const socket = await open();
    socket.close(code, 'bye');
    const [answer] = await once(socket, 'close');
    assert.equal(answer, code);
  }
  const socket = await open();
  socket.close();
  const [answer] = await once(socket, 'close');
  assert.ok(answer === 1000 || answer === 1005);
});

const VIOLATIONS = [
  ['text that is not UTF-8', 1007, (socket) => socket.send(Buffer.from([0x61, 0xff]), { binary: false })],
  ['an unmasked frame', 1002, (socket) => socket.send('x', { mask: false })],
  ['a message past the limit', 1009, (socket) => socket.send(Buffer.alloc(MESSAGE_BYTES_MAX + 1))],
  ['a reserved bit', 1002, (socket) => socket._socket.write(Buffer.from('a18000000000', 'hex'))],
  ['an opcode nobody knows', 1002, (socket) => socket._socket.write(Buffer.from('838000000000', 'hex'))],
  ['a close code that may not be sent', 1002, (socket) => socket._socket.write(Buffer.from('88820000000003ed', 'hex'))],
];

for (const [what, code, act] of VIOLATIONS) {
  test(`${what} is answered with close ${code}`, LIMIT, async () => {
    const socket = await open();
    socket.on('error', () => {}); // the server may close while we still send
    act(socket);
    const [answer] = await once(socket, 'close');
    assert.equal(answer, code);
  });
}

test('a zip bomb is answered with close 1009', LIMIT, async () => {
  const socket = await open(DEFLATE);
  socket.send(Buffer.alloc(4 * MESSAGE_BYTES_MAX));
  const [answer] = await once(socket, 'close');
  assert.equal(answer, 1009);
});

test('the window that a client asks for is kept to', LIMIT, async () => {
  for (const bits of [9, 10, 12, 15]) {
    const socket = await open({ ...DEFLATE, serverMaxWindowBits: bits });
    assert.match(socket.extensions, /permessage-deflate/);
    await expectEcho(socket, someText(100_000), true);
    await close(socket);
  }
});

test('a window of 256 bytes is declined, not the connection', LIMIT, async () => {
  const socket = await open({ ...DEFLATE, serverMaxWindowBits: 8 });
  assert.equal(socket.extensions, '');
  await expectEcho(socket, someText(1000), true);
  await close(socket);
});
