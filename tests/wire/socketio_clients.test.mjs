// Socket.IO with the clients that people have: socket.io-client 2, 3 and 4 with their default settings (polling first,
// then the upgrade), and over each transport alone; against one loop, and two between which requests have to move.
import assert from 'node:assert/strict';
import http from 'node:http';
import { createRequire } from 'node:module';
import { after, before, describe, test } from 'node:test';

import { until } from './support/faults.mjs';
import { startProtocolServer } from './support/protocol.mjs';

const require = createRequire(import.meta.url);
const CLIENTS = {
  2: require('socket.io-client-2'),
  3: require('socket.io-client-3').io,
  4: require('socket.io-client-4').io,
};
const LIMIT = { timeout: 30_000 };
const TIMES = { PING_INTERVAL_MS: '300', PING_TIMEOUT_MS: '5000' }; // many heartbeats, and time to answer them
const TRANSPORTS = { 'by default': undefined, 'by polling': ['polling'], 'by WebSocket': ['websocket'] };
const TEXT = ['plain', 'é€😀\u2028', { deep: [1, [2, { three: null }]] }, -0.5, true];

const opened = [];

// A client of its own connection. `path` is the namespace.
function connect(version, server, path = '/', options = {}) {
  const socket = CLIENTS[version](server.url + path, { forceNew: true, ...options });
  opened.push(socket);
  return socket;
}

const heard = (socket, name) =>
  new Promise((resolve) => socket.once(name, (...args) => resolve(args.length > 1 ? args : args[0])));

async function connected(...args) {
  const socket = connect(...args);
  await heard(socket, 'connect');
  return socket;
}

const ask = (socket, ...args) => new Promise((resolve) => socket.emit(...args, (...answer) => resolve(answer)));

const engineOf = (socket) => socket.io.engine;
const isUpgraded = (socket) => engineOf(socket)?.transport.name === 'websocket';

for (const loops of [1, 2]) {
  describe(`with ${loops} loops`, () => {
    let server;
    before(async () => {
      server = await startProtocolServer({ ...TIMES, LOOPS: String(loops) });
    });
    after(async () => {
      for (const socket of opened.splice(0)) socket.disconnect();
      assert.equal(await server.stop(), 0);
    });

    for (const version of [2, 3, 4]) {
      for (const [how, transports] of Object.entries(TRANSPORTS)) {
        test(`client ${version} ${how} gets back what it sends, and its acknowledgements`, LIMIT, async () => {
          const socket = await connected(version, server, '/', transports ? { transports } : {});
          socket.emit('message', ...TEXT);
          assert.deepEqual(await heard(socket, 'message-back'), TEXT);
          assert.deepEqual(await ask(socket, 'message-with-ack', ...TEXT), TEXT);
          socket.emit('message', Buffer.from([1, 2, 255]), { deep: Buffer.from('é') });
          const [bytes, { deep }] = await heard(socket, 'message-back');
          assert.deepEqual([...new Uint8Array(bytes)], [1, 2, 255]);
          assert.equal(Buffer.from(deep).toString(), 'é');
          const [answer] = await ask(socket, 'message-with-ack', Buffer.alloc(0));
          assert.equal(answer.byteLength, 0);
          socket.disconnect();
        });
      }

      test(`client ${version} upgrades, and its heartbeats keep it`, LIMIT, async () => {
        const socket = await connected(version, server);
        let ended = null;
        socket.on('disconnect', (reason) => (ended = reason));
        await until(() => isUpgraded(socket), 'the upgrade');
        const begun = Date.now();
        let pings = 0;
        socket.io.on?.('ping', () => ++pings);
        await until(() => pings >= 4 || Date.now() - begun > 2000, 'pings');
        assert.equal(ended, null);
        assert.equal((await ask(socket, 'message-with-ack', 1))[0], 1);
        socket.disconnect();
      });

      test(`client ${version} comes into a namespace, and not into one that there is not`, LIMIT, async () => {
        const custom = await connected(version, server, '/custom');
        custom.emit('message', 'here');
        assert.equal(await heard(custom, 'message-back'), 'here');
        const nowhere = connect(version, server, '/nowhere');
        const error = await heard(nowhere, version === 2 ? 'error' : 'connect_error');
        assert.equal(error.message, 'Invalid namespace');
        nowhere.disconnect();
        custom.disconnect();
      });

      test(`client ${version} in the middle of a burst upgrades: nothing lost, doubled or out of order`, LIMIT, async () => {
        const socket = connect(version, server);
        const count = 3000;
        const back = [];
        socket.on('message-back', (number) => back.push(number));
        const sent = heard(socket, 'connect').then(async () => {
          for (let i = 0; i < count; i++) {
            socket.emit('message', i);
            if (i % 50 === 0) await new Promise(setImmediate);
          }
        });
        await sent;
        await until(() => back.length >= count, `${count} messages`);
        assert.deepEqual(back, Array.from({ length: count }, (_, i) => i));
        await until(() => isUpgraded(socket), 'the upgrade');
        socket.disconnect();
      });

      test(`what a room is told reaches client ${version} through its upgrade`, LIMIT, async () => {
        const room = version * 10 + 1;
        const told = [];
        const listeners = [];
        for (let i = 0; i < 3; i++) {
          const listener = connect(version, server, '/', i === 0 ? { transports: ['polling'] } : {});
          const mine = [];
          told.push(mine);
          listener.on('said', (_, number) => mine.push(number));
          listener.on('connect', () => listener.emit('join', room, () => {}));
          listeners.push(listener);
        }
        await Promise.all(listeners.map((listener) => until(() => listener.connected, 'connection')));
        await Promise.all(listeners.map((listener) => ask(listener, 'join', room)));
        if (loops > 1) return;  // rooms are of a loop; who speaks may be on another
        const speaker = await connected(4, server, '/', { transports: ['websocket'] });
        const count = 500;
        for (let i = 0; i < count; i++) speaker.emit('say', room, i);
        await until(() => told.every((mine) => mine.length >= count), 'all that was said');
        for (const mine of told) assert.deepEqual(mine, Array.from({ length: count }, (_, i) => i));
        for (const socket of [...listeners, speaker]) socket.disconnect();
      });

      test(`client ${version} is known by the query of its handshake, and may be refused for it`, LIMIT, async () => {
        const query = { authorization: 'Bearer a.b.c', os: 'Linux/unknown' };
        const socket = await connected(version, server, '/', { query });
        const [seen] = await ask(socket, 'who');
        assert.equal(new URLSearchParams(seen).get('authorization'), query.authorization);
        assert.equal(new URLSearchParams(seen).get('os'), query.os);
        const denied = connect(version, server, '/', { query: { deny: 1 }, reconnection: false });
        assert.ok(await heard(denied, 'connect_error'));
        socket.disconnect();
        denied.disconnect();
      });

      test(`client ${version} is asked, and answers`, LIMIT, async () => {
        const socket = await connected(version, server);
        socket.on('question', (what, answer) => answer(what + 1, Buffer.from([1, 255])));
        socket.emit('ask', 41);
        const [number, bytes] = await heard(socket, 'answered');
        assert.equal(number, 42);
        assert.deepEqual([...new Uint8Array(bytes)], [1, 255]);
        socket.disconnect();
      });

      test(`client ${version} says who it is as it connects`, LIMIT, async () => {
        const said = { token: 'a=b&c d', é: '€' };
        const socket = connect(version, server, '/custom', version === 2 ? { query: said } : { auth: said });
        assert.deepEqual(await heard(socket, 'auth'), said);
        socket.disconnect();
      });

      for (const [how, transports] of Object.entries(TRANSPORTS)) {
        test(`client ${version} ${how} that is let go stays away`, LIMIT, async () => {
          const socket = await connected(version, server, '/', transports ? { transports } : {});
          const ended = heard(socket, 'disconnect');
          socket.emit('leave');
          assert.match(String([await ended].flat()[0]), /server disconnect/);
          assert.equal(socket.connected, false);
        });
      }

      test(`client ${version} opens five connections from one page`, LIMIT, async () => {
        const agent = new http.Agent({ keepAlive: true, maxSockets: 6 }); // as many as a browser has for a host
        const sockets = Array.from({ length: 5 }, () => connect(version, server, '/', { agent }));
        await until(() => sockets.every((socket) => socket.connected && isUpgraded(socket)), 'five upgrades');
        const answers = await Promise.all(sockets.map((socket, i) => ask(socket, 'message-with-ack', i)));
        assert.deepEqual(answers, [[0], [1], [2], [3], [4]]);
        for (const socket of sockets) socket.disconnect();
        agent.destroy();
      });
    }

    test('attachments are refused where nobody uses them', LIMIT, async () => {
      const socket = await connected(4, server, '/quiet', { reconnection: false });
      const ended = heard(socket, 'disconnect');
      socket.emit('message', Buffer.from('x'));
      assert.match(String([await ended].flat()[0]), /transport (close|error)|ping timeout/); // the last: in the middle of its upgrade
    });

    test('a client that says nothing is let go after a second', LIMIT, async () => {
      const { io } = require('socket.io-client-4');
      const begun = Date.now();
      const manager = new io.Manager(server.url, { reconnection: false, transports: ['websocket'] });
      await new Promise((resolve) => manager.on('close', resolve));
      assert.ok(Date.now() - begun >= 900);
    });
  });
}

describe('with recovery', () => {
  let server;
  before(async () => {
    server = await startProtocolServer({ ...TIMES, RECOVERY_MS: '60000' });
  });
  after(async () => {
    for (const socket of opened.splice(0)) socket.disconnect();
    assert.equal(await server.stop(), 0);
  });

  // Loses the connection, and lets `meanwhile` happen before the client is back.
  async function lose(socket, meanwhile = async () => {}) {
    const back = heard(socket, 'connect');
    engineOf(socket).close();
    await meanwhile();
    await back;
  }
  const options = { reconnectionDelay: 300, randomizationFactor: 0 };

  for (const [how, transports] of Object.entries(TRANSPORTS)) {
    test(`a client ${how} gets what it missed`, LIMIT, async () => {
      const socket = await connected(4, server, '/', { ...options, ...(transports && { transports }) });
      const speaker = await connected(4, server, '/');
      const told = [];
      const room = 100 + how.length;
      socket.on('said', (_, number) => told.push(number));
      await ask(socket, 'join', room);
      await ask(speaker, 'say', room, 1);
      await until(() => told.length === 1, 'the first');
      const { id } = socket;
      await lose(socket, async () => {
        await until(() => ask(speaker, 'say', room, 2).then(([count]) => count === 0), 'the end');
        await ask(speaker, 'say', room, 3);
      });
      assert.equal(socket.recovered, true);
      assert.equal(socket.id, id);
      await ask(speaker, 'say', room, 4);
      await until(() => told.at(-1) === 4, 'the last');
      const numbers = told.filter((number, i) => number !== 2 || told[i - 1] !== 2);
      assert.deepEqual(numbers, [1, 2, 3, 4]);
      socket.disconnect();
      speaker.disconnect();
    });
  }

  test('it works before any event was sent', LIMIT, async () => {
    const socket = await connected(4, server, '/quiet', options);
    const { id } = socket;
    await lose(socket);
    assert.equal(socket.recovered, true);
    assert.equal(socket.id, id);
    await lose(socket);
    assert.equal(socket.recovered, true);
    socket.disconnect();
  });

  test('a client that was let go begins anew', LIMIT, async () => {
    const socket = await connected(4, server, '/', options);
    const { id } = socket;
    socket.disconnect();
    socket.connect();
    await heard(socket, 'connect');
    assert.equal(socket.recovered, false);
    assert.notEqual(socket.id, id);
    socket.disconnect();
  });

  test('clients 2 and 3 do as ever', LIMIT, async () => {
    for (const version of [2, 3]) {
      const socket = await connected(version, server);
      socket.emit('message', 1);
      const back = await heard(socket, 'message-back');
      assert.equal([back].flat()[0], 1);
      socket.disconnect();
    }
  });
});
