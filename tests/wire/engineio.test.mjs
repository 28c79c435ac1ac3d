// Engine.IO 3 and 4 by hand: handshakes, polls, bodies, the upgrade, time limits, and what is refused, with the answer
// that the protocol page names. Against one loop, and two between which requests have to move.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { after, before, describe, test } from 'node:test';

import { WebSocket } from 'ws';

import { sleep, until } from './support/faults.mjs';
import { startProtocolServer } from './support/protocol.mjs';
import { openRaw } from './support/raw.mjs';

const LIMIT = { timeout: 30_000 };
const UNKNOWN_SID = [400, '{"code":1,"message":"Session ID unknown"}'];
const BAD_REQUEST = [400, '{"code":3,"message":"Bad request"}'];

// How a version writes one packet, or several, in a body.
const body = {
  3: (...packets) => packets.map((packet) => `${packet.length}:${packet}`).join(''),
  4: (...packets) => packets.join('\x1e'),
};

for (const loops of [1, 2]) {
  describe(`with ${loops} loops`, () => {
    let server;
    let patient; // its clients may take their time
    let strict;
    before(async () => {
      const LOOPS = String(loops);
      strict = await startProtocolServer({ LOOPS });
      patient = await startProtocolServer({ LOOPS, PING_INTERVAL_MS: '25000', PING_TIMEOUT_MS: '20000' });
      server = patient;
    });
    after(async () => assert.deepEqual([await patient.stop(), await strict.stop()], [0, 0]));

    // A test of time limits.
    const timed = (name, run) =>
      test(name, LIMIT, async () => {
        server = strict;
        await run().finally(() => (server = patient));
      });

    const url = (query) => `${server.url}/engine.io/?${query}`;

    // A request over a connection of its own, so that it may come to any loop. Gives its status, text and headers.
    function ask(query, { method = 'GET', headers = {}, content, agent } = {}) {
      return new Promise((resolve, reject) => {
        const request = http.request(url(query), { method, headers, agent: agent ?? false }, (response) => {
          const parts = [];
          response.on('data', (part) => parts.push(part));
          response.on('end', () => resolve([response.statusCode, Buffer.concat(parts).toString(), response.headers]));
        });
        request.on('error', reject);
        request.end(content);
      });
    }
    const answer = async (...args) => (await ask(...args)).slice(0, 2);

    async function greeted(version, more = '') {
      const [status, text] = await ask(`EIO=${version}&transport=polling${more}`);
      assert.equal(status, 200);
      const handshake = JSON.parse(text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1));
      const query = `EIO=${version}&transport=polling&sid=${handshake.sid}`;
      return {
        ...handshake,
        query,
        text,
        poll: () => answer(query),
        post: (content, headers) => answer(query, { method: 'POST', content, headers }),
        upgrade: async () => {
          const socket = new WebSocket(url(query.replace('polling', 'websocket')).replace('http', 'ws'));
          socket.frames = [];
          socket.on('message', (bytes, binary) => socket.frames.push(binary ? bytes : String(bytes)));
          await once(socket, 'open');
          return socket;
        },
      };
    }

    timed('the handshakes are those of the contracts', async () => {
      const three = await greeted(3);
      assert.match(three.text, /^\d+:0\{"sid":"[\w-]{20}","upgrades":\["websocket"\],"pingInterval":300,"pingTimeout":200\}$/);
      assert.equal(Number(three.text.split(':')[0]), three.text.length - three.text.indexOf(':') - 1);
      const four = await greeted(4);
      assert.match(four.text, /^0\{"sid":"[\w-]{20}","upgrades":\["websocket"\],"pingInterval":300,"pingTimeout":200,"maxPayload":1000000\}$/);
    });

    for (const [query, method, expected] of [
      ['EIO=4', 'GET', [400, '{"code":0,"message":"Transport unknown"}']],
      ['EIO=4&transport=abc', 'GET', [400, '{"code":0,"message":"Transport unknown"}']],
      ['EIO=4&transport=polling&sid=abc', 'GET', UNKNOWN_SID],
      ['EIO=4&transport=polling&sid=00AAAAAAAAAAAAAAAAAA', 'POST', UNKNOWN_SID],
      ['EIO=4&transport=polling', 'POST', [400, '{"code":2,"message":"Bad handshake method"}']],
      ['EIO=3&transport=polling', 'PUT', [400, '{"code":2,"message":"Bad handshake method"}']],
      ['EIO=4&transport=websocket', 'GET', BAD_REQUEST],
      ['transport=polling', 'GET', [400, '{"code":5,"message":"Unsupported protocol version"}']],
      ['EIO=2&transport=polling', 'GET', [400, '{"code":5,"message":"Unsupported protocol version"}']],
      ['EIO=44&transport=polling', 'GET', [400, '{"code":5,"message":"Unsupported protocol version"}']],
    ]) {
      test(`${method} ${query} is refused`, LIMIT, async () => assert.deepEqual(await answer(query, { method }), expected));
    }

    test('any page may ask, and is told so by its name', LIMIT, async () => {
      const origin = 'http://page.example:4200';
      const [status, , headers] = await ask('EIO=3&transport=polling', { headers: { Origin: origin } });
      assert.equal(status, 200);
      assert.equal(headers['access-control-allow-origin'], origin);
      assert.equal(headers['access-control-allow-credentials'], 'true');
      assert.match(headers['set-cookie'][0], /^io=[\w-]{20}; Path=\/; HttpOnly; SameSite=Strict$/);
      assert.equal(headers['content-type'], 'text/plain; charset=UTF-8');
      const preflight = await ask('EIO=3&transport=polling', { method: 'OPTIONS', headers: { Origin: origin } });
      assert.equal(preflight[0], 200);
      assert.equal(preflight[2]['access-control-allow-headers'], 'Content-Type');
      const refused = await ask('EIO=3&transport=polling&sid=x', { headers: { Origin: origin } });
      assert.equal(refused[2]['access-control-allow-origin'], origin);
      const alone = await ask('EIO=4&transport=polling');
      assert.equal(alone[2]['access-control-allow-origin'], '*');
    });

    for (const version of [3, 4]) {
      const of = body[version];

      test(`version ${version}: what is posted is echoed, held polls and later ones alike`, LIMIT, async () => {
        const session = await greeted(version);
        const held = session.poll();
        assert.deepEqual(await session.post(of('4first')), [200, 'ok']);
        assert.deepEqual(await held, [200, of('4first')]);
        assert.deepEqual(await session.post(of('4a', '4é😀', '4\u2028', '4')), [200, 'ok']);
        assert.deepEqual(await session.poll(), [200, of('4a', '4é😀', '4\u2028', '4')]);
      });

      test(`version ${version}: a second poll ends the first and the session`, LIMIT, async () => {
        const session = await greeted(version);
        const answers = await Promise.all([session.poll(), session.poll()]);
        answers.sort(([a], [b]) => a - b);
        assert.deepEqual(answers[0], [200, of('1')]);
        assert.equal(answers[1][0], version === 3 ? 500 : 400);
        assert.deepEqual(await session.poll(), UNKNOWN_SID);
      });

      test(`version ${version}: a client that closes has its poll ended`, LIMIT, async () => {
        const session = await greeted(version);
        const held = session.poll();
        await sleep(30);  // that a poll is held shows nowhere
        assert.deepEqual(await session.post(of('1')), [200, 'ok']);
        assert.deepEqual(await held, [200, of('6')]);
        assert.deepEqual(await session.poll(), UNKNOWN_SID);
      });

      test(`version ${version}: a poll that comes behind its client's goodbye is ended too`, LIMIT, async () => {
        const session = await greeted(version);
        const answers = await Promise.all([session.post(of('1')), session.poll()]);
        assert.deepEqual(answers, [[200, 'ok'], [200, of('6')]]);
        assert.deepEqual(await session.poll(), UNKNOWN_SID);
      });

      for (const [what, content, headers] of [
        ['no packet', 'abc'],
        ['nothing', ''],
        ['a packet behind a good one', of('4a', 'x')],
        ['bytes that are no text', Buffer.from(version === 3 ? '3:4\xff\xfe' : '4\xff', 'latin1')],
        ['a heartbeat of the wrong direction', of(version === 3 ? '3' : '2')],
        ['base64 that is none', of(version === 3 ? 'b4*' : 'b*')],
        ['too many packets', of(...Array.from({ length: 20001 }, () => '6'))],
        ...(version === 3
          ? [['a length past the end', '9:4abc'], ['a length inside of a character', '2:4😀'], ['no length', ':4abc'],
             ['a length without end', '99999999999:4']]
          : [['an empty packet at the end', '4a\x1e'], ['bytes', 'x', { 'Content-Type': 'application/octet-stream' }]]),
      ]) {
        test(`version ${version}: ${what} in a body ends the session`, LIMIT, async () => {
          const session = await greeted(version);
          assert.deepEqual(await session.post(content, headers), BAD_REQUEST);
          assert.deepEqual(await session.poll(), UNKNOWN_SID);
        });
      }

      test(`version ${version}: a body that is too large is refused, and the session goes on`, LIMIT, async () => {
        const session = await greeted(version);
        assert.equal((await session.post('4'.repeat(1000001)))[0], 413);
        assert.equal((await session.post(of('4after')))[0], 200);
        assert.deepEqual(await session.poll(), [200, of('4after')]);
      });

      test(`version ${version}: what waits for a client that never polls has a bound`, LIMIT, async () => {
        const session = await greeted(version);
        const large = of(`4${'x'.repeat(900000)}`);
        let status = 200;
        for (let i = 0; i < 10 && status === 200; i++) [status] = await session.post(large);
        assert.equal(status, 400);
      });

      test(`version ${version}: so have the smallest packets, which cost more than their bytes`, LIMIT, async () => {
        const session = await greeted(version);
        const many = of(...Array(20_000).fill('4a'));
        let status = 200;
        for (let i = 0; i < 10 && status === 200; i++) [status] = await session.post(many);
        assert.equal(status, 400);
      });

      test(`version ${version}: a poll that is given up ends the session`, LIMIT, async () => {
        const session = await greeted(version);
        const socket = await openRaw(server, `GET /engine.io/?${session.query} HTTP/1.1\r\nHost: a\r\n\r\n`);
        await sleep(30);  // that a poll is held shows nowhere
        socket.destroy();
        await until(async () => (await session.post(of('4late')))[1] === UNKNOWN_SID[1], 'the end');
      });

      test(`version ${version}: the upgrade ends polls, and nothing is lost`, LIMIT, async () => {
        const session = await greeted(version);
        const held = session.poll();
        const socket = await session.upgrade();
        socket.send('2probe');
        assert.deepEqual(await held, [200, of('6')]);
        await until(() => socket.frames.includes('3probe'), 'the answer to the probe');
        await session.post(of('4one', '4two'));
        socket.send('5');
        socket.send('4three');
        await until(() => socket.frames.includes('4three'), 'the messages');
        assert.deepEqual(socket.frames.filter((frame) => frame[0] === '4'), ['4one', '4two', '4three']);
        assert.deepEqual(await session.poll(), BAD_REQUEST);
        const second = await session.upgrade();
        await once(second, 'close');
        socket.send('4still');
        await until(() => socket.frames.includes('4still'), 'an echo');
        socket.close();
      });

      test(`version ${version}: a probe that says anything else is closed, and polling goes on`, LIMIT, async () => {
        const session = await greeted(version);
        const socket = await session.upgrade();
        socket.send('4hello');
        await once(socket, 'close');
        await session.post(of('4after'));
        assert.deepEqual(await session.poll(), [200, of('4after')]);
      });

      timed(`version ${version}: no sign of life, no session`, async () => {
        const session = await greeted(version);
        await sleep(501);
        assert.deepEqual(await session.post(of(version === 3 ? '2' : '3')), UNKNOWN_SID);
      });

      test(`version ${version}: a request in chunks, and one behind another, are understood`, LIMIT, async () => {
        const session = await greeted(version);
        const head = `POST /engine.io/?${session.query} HTTP/1.1\r\nHost: a\r\n`;
        const packet = of('4chunked');
        const chunks = [...packet].map((byte) => `1\r\n${byte}\r\n`).join('');
        const socket = await openRaw(server, 'GET /one HTTP/1.1\r\nHost: a\r\n\r\n' +
          `${head}Transfer-Encoding: chunked\r\n\r\n${chunks}0\r\n\r\n` +
          `${head}Content-Length: ${packet.length}\r\n\r\n${packet}`);
        await until(() => String(socket.received).split('HTTP/1.1 200').length === 4, 'three answers');
        socket.destroy();
        assert.deepEqual(await session.poll(), [200, of('4chunked', '4chunked')]);
      });

      test(`version ${version}: many sessions over few connections`, LIMIT, async () => {
        const agent = new http.Agent({ keepAlive: true, maxSockets: 3 });
        const sessions = await Promise.all(Array.from({ length: 20 }, () => greeted(version)));
        await Promise.all(sessions.map(async ({ query }, i) => {
          for (let n = 0; n < 10; n++) {
            const [status] = await ask(query, { method: 'POST', content: of(`4${i}.${n}`), agent });
            assert.equal(status, 200);
            assert.deepEqual(await answer(query, { agent }), [200, of(`4${i}.${n}`)]);
          }
        }));
        agent.destroy();
      });
    }

    test('version 3: bytes come as bytes, or in base64 where that was asked for', LIMIT, async () => {
      const asText = await greeted(3, '&b64=1');
      await asText.post('6:4hello10:b4AQIDBA==');
      assert.deepEqual(await asText.poll(), [200, '6:4hello10:b4AQIDBA==']);
      const asBytes = await greeted(3);
      const bytes = Buffer.from([0, 3, 255, 0x34, 0xc3, 0xa9, 1, 5, 255, 4, 1, 2, 3, 4]);
      assert.deepEqual(await asBytes.post(bytes, { 'Content-Type': 'application/octet-stream' }), [200, 'ok']);
      const response = await fetch(url(asBytes.query));
      assert.equal(response.headers.get('content-type'), 'application/octet-stream');
      assert.deepEqual(Buffer.from(await response.arrayBuffer()), bytes);
    });

    test('version 4: bytes come in base64', LIMIT, async () => {
      const session = await greeted(4);
      await session.post('4hello\x1ebAQIDBA==');
      assert.deepEqual(await session.poll(), [200, '4hello\x1ebAQIDBA==']);
    });

    test('a message over WebSocket that is too large ends the session with 1009', LIMIT, async () => {
      const socket = new WebSocket(url('EIO=4&transport=websocket').replace('http', 'ws'));
      await once(socket, 'message');
      socket.send(`4${'x'.repeat(1000000)}`);
      const [code] = await once(socket, 'close');
      assert.equal(code, 1009);
    });

    timed('a ping is due every 300 ms, and its pong within 200', async () => {
      // Counted from what the server waits after, not from when a busy client has read it.
      let begun = Date.now();
      const socket = new WebSocket(url('EIO=4&transport=websocket').replace('http', 'ws'));
      await once(socket, 'message');
      for (let i = 0; i < 4; i++) {
        assert.equal(String((await once(socket, 'message'))[0]), '2');
        assert.ok(Date.now() - begun >= 250);
        begun = Date.now();
        if (i < 3) socket.send('3');
      }
      await once(socket, 'close');
    });
  });
}
