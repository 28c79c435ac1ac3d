// The messenger's sockets, with the clients that people have: who is let in, what is heard and in which order, who is
// online, and what becomes of it all when sessions end, lines are cut and the process dies.
import assert from 'node:assert/strict';
import http from 'node:http';
import net from 'node:net';
import { after, afterEach, before, describe, test } from 'node:test';

import { diceOf, until } from './support/faults.mjs';
import { ask, Client, leaveAll, person, write } from './support/messenger.mjs';
import { api, signIn, startTickets } from './support/tickets.mjs';

const LIMIT = { timeout: 120_000 };
const FORBIDDEN = { status: 'error', message: 'Forbidden resource' };
const LEASE_MS = 4000; // of who was lost
const PROMPT_MS = 5000; // within 100 ms; a machine that is busy with other tests may take longer, a heartbeat's limit is 25 s
const ALLOWED = 'http://localhost:4200'; // with DEMO=1

const endSession = (foyer, token) => api(foyer, 'POST', '/auth/logout', { token });
const texts = (client) => client.of('user:new_message').map(({ message }) => message);
// A new partner may hear of who came just before.
const withoutPresence = (client) => client.heard.filter(([name]) => name !== 'user:connection_status');
const statuses = (client, { id }) =>
  client.of('user:connection_status').filter(({ receiverID }) => receiverID === id).map(({ connectionStatus }) => connectionStatus);

for (const loops of [1, 2]) {
  describe(`with ${loops} loops`, LIMIT, () => {
    let server;
    let foyer;
    let people = 0;
    const someone = (name = 'person') => person(server, `${name}${++people}`);
    before(async () => {
      server = await startTickets({ LOOPS: String(loops) });
      ({ foyer } = server);
    });
    afterEach(leaveAll);
    after(() => server.end());

    for (const version of [2, 3, 4]) {
      test(`client ${version} is let in, and hears what is written to it and by it`, LIMIT, async () => {
        const [anna, bert] = [await someone('anna'), await someone('bert')];
        const hers = await Client.in(foyer, version, anna);
        const his = await Client.in(foyer, version, bert);
        const sent = await write(foyer, anna, bert, 'héllo 😀');
        await his.has('user:all_messages_read');
        await hers.has('user:new_message');
        const dialog = { lastMessage: 'héllo 😀', createdAt: sent.createdAt, newMessagesCount: 0, connectionStatus: 'online' };
        assert.deepEqual(withoutPresence(his).slice(1), [
          ['user:new_dialog', { receiverID: anna.id, receiverName: anna.name, ...dialog }],
          ['user:new_message', sent],
          ['user:all_messages_read', anna.id],
        ]);
        assert.deepEqual(withoutPresence(hers).slice(1), [
          ['user:new_dialog', { receiverID: bert.id, receiverName: bert.name, ...dialog }],
          ['user:new_message', sent],
        ]);
        await ask(foyer, bert.token, 'GET', `/message/read?message-id=${sent.messageID}`);
        const read = await hers.has('user:message_read');
        assert.deepEqual([read.receiverID, read.messageID], [bert.id, sent.messageID]);
      });

      test(`client ${version} that is nobody is told so, and stays connected`, LIMIT, async () => {
        const anna = await someone();
        const whole = { authorization: `Bearer ${anna.token}`, os: 'o', browser: 'b' };
        const forged = anna.token.slice(0, -2) + (anna.token.endsWith('AA') ? 'BB' : 'AA');
        const bad = [
          {}, { ...whole, os: '' }, { ...whole, browser: undefined }, { ...whole, authorization: anna.token },
          { ...whole, authorization: 'Bearer a.b.c' }, { ...whole, authorization: `Bearer ${forged}` },
        ];
        for (const query of bad) {
          const given = Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined));
          const client = new Client(foyer, version, { query: given });
          assert.deepEqual(await client.has('exception'), FORBIDDEN);
          assert.deepEqual(client.heard.map(([name]) => name), ['user:invalid_token', 'exception'], JSON.stringify(query));
          assert.equal(client.socket.connected, true);
          client.leave();
        }
      });

      test(`five sockets of client ${version} from one page hear everything`, LIMIT, async () => {
        const [anna, bert] = [await someone(), await someone()];
        const agent = new http.Agent({ keepAlive: true, maxSockets: 6 }); // as many as a browser has for a host
        const sockets = Array.from({ length: 5 }, () => Client.of(foyer, version, anna, { agent }));
        for (const socket of sockets) await socket.has('user:connect_success');
        await until(() => sockets.every(({ upgraded }) => upgraded), 'five upgrades');
        await write(foyer, bert, anna, 'to all');
        for (const socket of sockets) {
          await socket.has('user:all_messages_read');
          assert.deepEqual(texts(socket), ['to all']);
        }
        agent.destroy();
      });

      test(`client ${version} that upgrades in the midst of a burst hears each message once and in order`, LIMIT, async () => {
        const [anna, bert] = [await someone(), await someone()];
        const polls = await Client.in(foyer, version, anna, { transports: ['polling'] });
        const upgrades = Client.of(foyer, version, anna);
        const wanted = [];
        const write_all = async () => {
          for (let i = 0; i < 200 || !upgrades.upgraded; i++) wanted.push((await write(foyer, bert, anna, `${i}`)).message);
        };
        await Promise.all([upgrades.has('user:connect_success'), write_all()]);
        await until(() => [polls, upgrades].every((client) => texts(client).at(-1) === wanted.at(-1)), 'the last message');
        assert.deepEqual(texts(polls), wanted);
        const since = wanted.indexOf(texts(upgrades)[0]); // it was let in while others were written
        assert.deepEqual(texts(upgrades), wanted.slice(since));
      });
    }

    test('who is let in twice hears everything once', LIMIT, async () => {
      const anna = await someone();
      const client = await Client.in(foyer, 4, anna);
      client.socket.emit('user:connect');
      await until(() => client.of('user:connect_success').length === 2, 'a second welcome');
      await write(foyer, anna, anna, 'note');
      await client.has('user:all_messages_read');
      assert.deepEqual(texts(client), ['note']);
    });

    test('every socket of a person hears that one of them was let in', LIMIT, async () => {
      const anna = await someone();
      const first = await Client.in(foyer, 4, anna);
      await Client.in(foyer, 2, anna);
      await until(() => first.of('user:connect_success').length === 2, 'a second welcome');
    });

    test('a token in the auth payload, or the cookie of an allowed page, lets in as well', LIMIT, async () => {
      const anna = await someone('anna');
      for (const token of [anna.token, `Bearer ${anna.token}`]) {
        await new Client(foyer, 4, { auth: { token } }).has('user:connect_success');
      }
      await new Client(foyer, 4, { auth: { token: 'none' } }).has('user:invalid_token');
      const signedIn = await signIn(foyer, `${anna.name}@example.com`, { query: '?cookie=1' });
      const Cookie = signedIn.headers['set-cookie'].find((line) => line.startsWith('handshake_token=')).split(';')[0];
      const options = { transports: ['websocket'] };
      await new Client(foyer, 4, { ...options, extraHeaders: { Cookie, Origin: ALLOWED } }).has('user:connect_success');
      const foreign = new Client(foyer, 4, { ...options, extraHeaders: { Cookie, Origin: 'https://elsewhere.example' } });
      await foreign.has('connect_error');
    });

    test('a session that ends takes its sockets along at once, and no others', LIMIT, async () => {
      const anna = await someone('anna');
      const other = { ...anna, token: (await signIn(foyer, `${anna.name}@example.com`)).json.accessToken };
      const ended = await Promise.all([2, 3, 4].flatMap((version) => [
        Client.in(foyer, version, anna), Client.in(foyer, version, anna, { transports: ['polling'] }),
      ]));
      const stays = await Client.in(foyer, 4, other);
      const begun = Date.now();
      assert.equal((await endSession(foyer, anna.token)).status, 200);
      for (const client of ended) assert.match(await client.has('disconnect'), /server disconnect/);
      assert.ok(Date.now() - begun < PROMPT_MS, `${Date.now() - begun} ms`);
      await write(foyer, other, anna, 'after');
      await stays.has('user:new_message');
      for (const client of ended) assert.deepEqual(texts(client), []);
      await Client.of(foyer, 4, anna).has('user:invalid_token');
    });

    test('a dialog partner hears who comes and goes, and nobody else does', LIMIT, async () => {
      const [anna, bert, carl] = [await someone('anna'), await someone('bert'), await someone('carl')];
      await write(foyer, anna, bert, 'hello');
      const hers = await Client.in(foyer, 4, anna);
      const stranger = await Client.in(foyer, 4, carl);
      const status = async () => (await ask(foyer, anna.token, 'GET', '/dialog')).json.data[0];
      assert.equal((await status()).connectionStatus, 'offline');
      const his = await Promise.all([2, 3, 4].map((version) => Client.in(foyer, version, bert)));
      await hers.has('user:connection_status');
      assert.equal((await status()).connectionStatus, 'online');
      const welcomed = statuses(hers, bert).length;
      his[0].leave();
      const again = await Client.in(foyer, 2, bert);
      await until(() => statuses(hers, bert).length > welcomed, 'online for another user:connect');
      for (const client of [again, his[1], his[2]]) client.leave();
      const gone = await hers.has('user:connection_status', ({ connectionStatus }) => connectionStatus === 'offline');
      assert.equal(statuses(hers, bert).filter((one) => one === 'offline').length, 1);
      assert.equal(statuses(hers, bert).at(-1), 'offline');
      assert.ok(Math.abs(Date.now() - new Date(gone.lastSeenAt)) < 60_000);
      assert.deepEqual([(await status()).connectionStatus, (await status()).lastSeenAt], ['offline', gone.lastSeenAt]);
      assert.deepEqual(stranger.of('user:connection_status'), []);
      const hidden = await ask(foyer, bert.token, 'POST', '/user/change/last-seen', { shown: false });
      assert.deepEqual(hidden.json.data, { shown: false });
      assert.equal('lastSeenAt' in (await status()), false);
    });

    test('a client whose line was cut is back with what it missed, and was never offline', LIMIT, async () => {
      const [anna, bert] = [await someone('anna'), await someone('bert')];
      await write(foyer, anna, bert, 'before');
      const hers = await Client.in(foyer, 4, anna);
      const his = await Client.in(foyer, 4, bert, { reconnectionDelay: 200, randomizationFactor: 0 });
      const { id } = his.socket;
      const cut = Date.now();
      his.cut();
      await until(() => !his.socket.connected, 'the cut');
      const sent = await write(foyer, anna, bert, 'meanwhile');
      await until(() => his.socket.connected, 'the way back');
      // To another loop than before it begins anew: what it missed is in the history then.
      if (his.socket.recovered) {
        assert.equal(his.socket.id, id);
        await his.has('user:new_message');
        assert.deepEqual(his.of('user:new_message').slice(-1), [sent]);
        assert.equal(his.of('user:connect_success').length, 1);
      } else {
        assert.equal(loops, 2);
        await until(() => his.of('user:connect_success').length === 2, 'another welcome');
      }
      const away = Date.now() - cut;
      await write(foyer, bert, anna, 'back');
      await hers.has('user:new_message', ({ message }) => message === 'back');
      if (away < LEASE_MS) assert.equal(statuses(hers, bert).includes('offline'), false);
    });

    test('a session that ends while its client is away cannot be recovered', LIMIT, async () => {
      const [anna, bert] = [await someone('anna'), await someone('bert')];
      const his = await Client.in(foyer, 4, bert, { reconnection: false });
      const { id } = his.socket;
      his.cut();
      await until(() => !his.socket.connected, 'the cut');
      await endSession(foyer, bert.token);
      await write(foyer, anna, bert, 'not for the ended session');
      his.socket.connect();
      await his.has('user:invalid_token');
      assert.equal(his.socket.recovered, false);
      assert.notEqual(his.socket.id, id);
      assert.deepEqual(texts(his), []);
    });

    test('that somebody writes is told to his partner, not too often, and not to strangers', LIMIT, async () => {
      const [anna, bert, carl] = [await someone('anna'), await someone('bert'), await someone('carl')];
      await write(foyer, anna, bert, 'hello');
      const [hers, his, strangers] = await Promise.all([anna, bert, carl].map((one) => Client.in(foyer, 4, one)));
      for (let i = 0; i < 20; i++) hers.socket.emit('user:typing', { to: bert.id });
      assert.deepEqual(await his.has('user:typing'), { from: anna.id });
      strangers.socket.emit('user:typing', { to: bert.id });
      for (const nonsense of [undefined, null, 'x', { to: 'x' }, { to: -1 }, [], { to: 1e300 }]) {
        strangers.socket.emit('user:typing', nonsense);
      }
      await write(foyer, carl, anna, 'a word behind all that');
      await hers.has('user:new_message');
      assert.ok(his.of('user:typing').length < 10, `${his.of('user:typing').length} times`);
      assert.ok(his.of('user:typing').every(({ from }) => from === anna.id));
      assert.deepEqual(hers.of('user:typing'), []);
    });
  });
}

describe('the door of the sockets', LIMIT, () => {
  let server;
  let foyer;
  const door = (options) => foyer.request({ path: '/socket.io/?EIO=4&transport=polling', ...options });
  before(async () => {
    server = await startTickets({ USER_SOCKETS_MAX: '50' });
    ({ foyer } = server);
  });
  afterEach(leaveAll);
  after(() => server.end());

  test('an allowed page may read it with credentials, another may not come in', LIMIT, async () => {
    const allowed = await door({ headers: { Origin: ALLOWED } });
    assert.equal(allowed.status, 200);
    assert.equal(allowed.headers['access-control-allow-origin'], ALLOWED);
    assert.equal(allowed.headers['access-control-allow-credentials'], 'true');
    const none = await door();
    assert.equal(none.headers['access-control-allow-origin'], '*');
    assert.equal(none.headers['access-control-allow-credentials'], undefined);
    const foreign = await door({ headers: { Origin: 'https://elsewhere.example' } });
    assert.equal(foreign.status, 403);
    assert.deepEqual(foreign.json(), { code: 4, message: 'Forbidden' });
    const preflight = await door({ method: 'OPTIONS', headers: { Origin: ALLOWED } });
    assert.equal(preflight.status, 200);
    assert.equal(preflight.headers['access-control-allow-headers'], 'Content-Type');
  });

  test('the handshake of version 3 is as its clients know it', LIMIT, async () => {
    const { headers, text } = await door({ path: '/socket.io/?EIO=3&transport=polling&t=abc' });
    assert.match(text, /^96:0\{"sid":"[\w-]{20}","upgrades":\["websocket"\],"pingInterval":25000,"pingTimeout":5000\}2:40$/);
    assert.equal(headers['content-type'], 'text/plain; charset=UTF-8');
    assert.match(headers['set-cookie'].join(), /^io=[\w-]{20}; Path=\/; HttpOnly; SameSite=Strict$/);
  });

  test('a body may be large here, and not larger than a message', LIMIT, async () => {
    const { sid } = JSON.parse((await door()).text.slice(1));
    const post = (body) => door({ method: 'POST', path: `/socket.io/?EIO=4&transport=polling&sid=${sid}`, body });
    assert.equal((await post('40')).status, 200);
    assert.equal((await post(`42["nothing","${'x'.repeat(900_000)}"]`)).status, 200);
    assert.equal((await post('x'.repeat(1_000_001))).status, 413);
    assert.equal((await foyer.request({ method: 'POST', path: '/api/message/1', body: 'x'.repeat(102_401) })).status, 413);
  });

  test('attachments are refused', LIMIT, async () => {
    const anna = await person(server, 'anna');
    const client = await Client.in(foyer, 4, anna, { reconnection: false });
    client.socket.emit('user:connect', Buffer.from('x'));
    await client.has('disconnect');
  });

  test('of more sockets than one person may have the oldest is let go', LIMIT, async () => {
    const bert = await person(server, 'bert');
    const sockets = [];
    for (let i = 0; i < 51; i++) sockets.push(await Client.in(foyer, 4, bert, { transports: ['websocket'] }));
    assert.match(await sockets[0].has('disconnect'), /server disconnect/);
    assert.ok(sockets.slice(1).every(({ socket }) => socket.connected));
  });
});

// A way to the server that is cut after so many bytes of what comes from it, by the dice, until it is mended.
async function startCuttingWay(foyer, dice) {
  const way = { cuts: 0, cutting: false };
  const server = net.createServer((near) => {
    const far = net.connect(foyer.port, '127.0.0.1');
    let left = Infinity;
    const end = () => [near, far].forEach((socket) => socket.destroy());
    far.on('data', (bytes) => {
      if (way.cutting && left === Infinity) left = dice(4000);
      left -= bytes.length;
      near.write(left >= 0 || !way.cutting ? bytes : bytes.subarray(0, Math.max(0, bytes.length + left)));
      if (left >= 0 || !way.cutting) return;
      ++way.cuts;
      far.destroy();
      near.end();
    });
    near.on('data', (bytes) => far.write(bytes));
    for (const socket of [near, far]) socket.on('close', () => setImmediate(end)).on('error', end);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  way.port = server.address().port;
  way.end = () => server.close();
  return way;
}

for (const transports of [['websocket'], ['polling'], ['polling', 'websocket']]) {
  test(`by ${transports}, cut at any byte, each message is heard once and in order`, LIMIT, async () => {
    const server = await startTickets();
    const { foyer } = server;
    const way = await startCuttingWay(foyer, diceOf(7));
    const [anna, bert] = [await person(server, 'anna'), await person(server, 'bert')];
    // The client's own limit, 20 s as it stands, is all that ends an attempt that was cut in the midst of its handshake.
    const options = { transports, reconnectionDelay: 20, reconnectionDelayMax: 50, timeout: 3000 };
    const his = await Client.in(way, 4, bert, options);
    const { id } = his.socket;
    way.cutting = true;
    const wanted = [];
    for (let i = 0; i < 150 || way.cuts < 10; i++) {
      if (i % 5 === 0) await until(() => his.socket.connected, 'the way back');
      wanted.push((await write(foyer, anna, bert, `${i}`)).message);
    }
    way.cutting = false;
    await until(() => texts(his).at(-1) === wanted.at(-1), () => `the last of ${wanted.length}; ${texts(his).length} came`);
    assert.deepEqual(texts(his), wanted);
    await until(() => his.socket.connected, 'the way back from the last cut');
    assert.equal(his.socket.id, id, 'it was recovered each time');
    leaveAll();
    way.end();
    await server.end();
  });
}

test('what was acknowledged before the process died is there once, and sockets come back', LIMIT, async () => {
  const server = await startTickets();
  const { foyer } = server;
  const [anna, bert] = [await person(server, 'anna'), await person(server, 'bert')];
  const his = await Client.in(foyer, 4, bert);
  const wanted = [];
  let alive = true;
  // Each is sent again under its name until it is answered.
  const send = async (name) => {
    for (;;) {
      try {
        return await write(foyer, anna, bert, name, { clientID: name });
      } catch (error) {
        if (alive) throw error;
        return null;
      }
    }
  };
  const writers = Array.from({ length: 4 }, async (_, writer) => {
    const unanswered = [];
    for (let i = 0; alive && i < 5000; i++) {
      const name = `${writer}-${i}`;
      wanted.push(name);
      if ((await send(name)) === null) unanswered.push(name);
    }
    return unanswered;
  });
  await until(() => wanted.length > 100, 'a hundred messages');
  alive = false;
  await foyer.kill();
  const unanswered = (await Promise.all(writers)).flat();
  his.leave();
  await foyer.start();
  alive = true;
  const back = await Client.in(foyer, 4, bert);
  for (const name of unanswered) await send(name);
  await write(foyer, anna, bert, 'last');
  await back.has('user:new_message', ({ message }) => message === 'last');
  const history = [];
  for (let page; (page = (await ask(foyer, bert.token, 'GET', `/message/${anna.id}?take=200&skip=${history.length}`)).json.data).length > 0;) {
    history.push(...page.map(({ message }) => message));
  }
  assert.deepEqual(history.sort(), [...wanted, 'last'].sort());
  leaveAll();
  await server.end();
});
