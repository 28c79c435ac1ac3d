// Stopping, sleeping and failing to start: the server leaves in order and in time, and says in one line why it cannot run.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';

import { sqlIn, test, urlOf } from './support/database.mjs';
import {
  ask, closed, envelope, environmentWith, FOYER, HALL, newDatabase, newFolder, openSocket, readHall, SANITIZED, scaled,
  SEATS, Server, signIn, signInAll, sleep, startServer, STATUSES, truthOf, until, verify, Viewer, writersOf,
} from './support/faults.mjs';
import { openRaw } from './support/raw.mjs';

const LIMIT = { timeout: 120_000 };
const STOP_MS = SANITIZED ? 45_000 : 5_000;

test('SIGTERM under load: sockets get 1001, what was acknowledged is kept, and it leaves with 0 in time', LIMIT, async () => {
  const server = await startServer();
  const cookies = await signInAll(server, 4);
  const writers = writersOf(4, 16);
  const sockets = await Promise.all(cookies.map((cookie) => openSocket(server, cookie)));
  const viewer = new Viewer('json');
  await viewer.connect(server);
  const codes = [...sockets, viewer.socket].map(async (socket) => (await once(socket, 'close'))[0]);
  // Reading questions wait for the writing ones before them: some are waiting when the end comes.
  const reads = setInterval(() => sockets[0].send(envelope('hall.my_seats', { hall_id: HALL }, 'mine')), 5);
  writers.forEach((writer, i) => writer.begin(sockets[i]));
  await until(() => writers.every((writer) => writer.told.length > 200), 'load');
  const stopping = server.stop();
  let seen = await server.ready();
  while (seen.status === 200) seen = await server.ready();
  assert.ok(seen.status === 0 || seen.status === 503, seen.text);
  const { code, signal, ms } = await stopping;
  clearInterval(reads);
  assert.deepEqual({ code, signal }, { code: 0, signal: null }, server.log);
  assert.ok(ms < STOP_MS, `${ms} ms`);
  assert.deepEqual(await Promise.all(codes), [1001, 1001, 1001, 1001, 1001]);
  verify(server.folder);
  const told = writers.flatMap((writer) => writer.told);
  await server.start();
  const hall = await readHall(server);
  assert.ok(hall.seq >= Math.max(...told.map(({ seq }) => seq)));
  for (const writer of writers) {
    const open = new Map(writer.pending.map(({ seat, status }) => [seat, STATUSES[status]]));
    for (const [seat, status] of writer.statuses) {
      assert.ok([STATUSES[status], open.get(seat)].includes(hall.statuses.get(seat)), `seat ${seat}`);
    }
  }
  await server.finish();
});

test('SIGTERM and a drain: who stays is sent away one after the other, in the last two thirds of it', LIMIT, async () => {
  const [DRAIN_MS, SOCKETS, POLLS, SLACK_MS] = [3000, 90, 30, 50];
  const server = await startServer({ DRAIN_SECONDS: DRAIN_MS / 1000 });
  const get = async (target, options = {}) => {
    const [answer] = await once(http.get(`http://127.0.0.1:${server.port}${target}`, options), 'response');
    return { status: answer.statusCode, connection: answer.headers.connection, text: (await answer.toArray()).join('') };
  };
  const agent = new http.Agent({ keepAlive: true });
  const session = '/socket.io/?EIO=4&transport=polling';
  const sids = [];
  for (let i = 0; i < POLLS; i++) sids.push(JSON.parse((await get(session, { agent })).text.slice(1)).sid);
  const sockets = await Promise.all(Array.from({ length: SOCKETS }, () => openSocket(server)));
  assert.notEqual((await get('/livez', { agent })).connection, 'close');
  const began = performance.now();
  const after = (what) => what.then((came) => ({ came, at: performance.now() - began }));
  const closes = Promise.all(sockets.map((socket) => after(closed(socket))));
  const polls = Promise.all(sids.map((sid) => after(get(`${session}&sid=${sid}`, { agent }))));
  const stopping = server.stop();
  await until(async () => (await server.ready()).status === 503, 'it drains');
  assert.equal((await get('/livez', { agent })).connection, 'close');
  const times = (await closes).map(({ at }) => at).sort((a, b) => a - b);
  assert.deepEqual(new Set((await closes).map(({ came }) => came)), new Set([1001]));
  // Of each of the two loops none goes before its turn; later as the machine is busy.
  const turn = (i) => DRAIN_MS / 3 + ((i - 2) / SOCKETS) * ((DRAIN_MS * 2) / 3 - 200) - SLACK_MS;
  assert.deepEqual(times.filter((at, i) => at < turn(i)), [], `${times}`);
  assert.ok(times[SOCKETS / 2] < DRAIN_MS, `half of them while it drains: ${times}`);
  for (const { came, at } of await polls) {
    assert.deepEqual(came, { status: 200, connection: 'close', text: '1' }); // Engine.IO's close
    assert.ok(at > DRAIN_MS / 3 - SLACK_MS, `${at}`);
  }
  assert.deepEqual({ ...(await stopping), ms: 0 }, { code: 0, signal: null, ms: 0 });
  agent.destroy();
});

test('SIGTERM with clients that are stuck: it leaves in time all the same', LIMIT, async () => {
  const server = await startServer();
  const [cookie] = await signInAll(server, 1);
  const stuck = await Promise.all(Array.from({ length: 5 }, () => openSocket(server)));
  for (const socket of stuck) {
    socket.pause();
    for (let i = 0; i < 90; i++) socket.send(envelope('hall.subscribe', { id: HALL }, `sub-${i}`));
  }
  const half = [
    await openRaw(server, 'GET / HT'),
    await openRaw(server, 'POST /api/user/status HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\n'),
    await openRaw(server),
  ];
  const writer = await openSocket(server, cookie);
  writer.pause();
  for (let i = 0; i < 3000; i++) {
    const data = { hall_id: HALL, seat_id: (i % SEATS) + 1, status: STATUSES[i % 4] };
    writer.send(envelope('hall.update_seat_status', data, `w-${i}`));
  }
  await sleep(100);
  const { code, signal, ms } = await server.stop();
  assert.deepEqual({ code, signal }, { code: 0, signal: null }, server.log);
  assert.ok(ms < STOP_MS, `${ms} ms`);
  verify(server.folder);
  [...stuck, writer].forEach((socket) => socket.terminate());
  half.forEach((socket) => socket.destroy());
});

test('SIGTERM at any moment of its start: it leaves with 0 or by the signal, and the data are whole', LIMIT, async () => {
  const folder = newDatabase();
  for (let i = 0; i < scaled(8); i++) {
    const server = new Server(folder, { REDIS_URL: '' }); // begun at once
    const started = server.start({ ready: false }).catch(() => {});
    await sleep(i * 8);
    const { code, signal } = await server.stop();
    assert.ok(code === 0 || signal === 'SIGTERM', `${code} ${signal}\n${server.log}`);
    await started;
  }
  verify(folder);
});

test('stopped for three seconds under load and let go on: everybody is right again', LIMIT, async () => {
  const server = await startServer();
  const cookies = await signInAll(server, 2);
  const writers = writersOf(2, 8);
  const viewers = [new Viewer('json'), new Viewer('binary')];
  await Promise.all(viewers.map((viewer) => viewer.connect(server)));
  const sockets = await Promise.all(cookies.map((cookie) => openSocket(server, cookie)));
  writers.forEach((writer, i) => writer.begin(sockets[i]));
  await until(() => writers.every((writer) => writer.told.length > 50), 'load');
  process.kill(server.pid, 'SIGSTOP');
  await sleep(3000);
  process.kill(server.pid, 'SIGCONT');
  const told = writers.map((writer) => writer.told.length);
  await until(() => writers.every((writer, i) => writer.told.length > told[i] + 50), 'load again');
  await Promise.all(writers.map((writer) => writer.end()));
  const truth = truthOf(writers);
  for (const [i, viewer] of viewers.entries()) await viewer.expect(truth, `viewer ${i}`);
  [...sockets, ...viewers.map((viewer) => viewer.socket)].forEach((socket) => socket.terminate());
  await server.finish();
});

// Starts it where it cannot run: it must end by itself, soon, not by a signal, and say why.
function refusal(folder, options, pattern) {
  const { status, signal, stderr, stdout } = spawnSync(FOYER, ['serve'], {
    cwd: folder,
    env: environmentWith({ HOST: '127.0.0.1', PORT: '0', WS_PORT: '0', DATABASE_URL: urlOf(folder), ...options }),
    encoding: 'utf8',
    timeout: 20_000,
  });
  const said = `${stderr}${stdout}`;
  assert.equal(signal, null, said);
  assert.ok(status > 0, `it ended with ${status}:\n${said}`);
  assert.match(stderr, pattern);
  assert.ok(stderr.trim().split('\n').length <= 4, `it says more than is clear:\n${stderr}`);
  assert.doesNotMatch(stdout, /foyer is on/);
}

test('a file that is no database is refused, and left as it is', LIMIT, () => {
  const folder = newFolder();
  writeFileSync(path.join(folder, 'foyer.db'), 'this is no database\n'.repeat(1000));
  refusal(folder, {}, /not a database/);
});

test('a database that was cut short is refused', LIMIT, () => {
  const folder = newDatabase();
  execFileSync('truncate', ['-s', '5000', path.join(folder, 'foyer.db')]);
  refusal(folder, {}, /malformed|not a database|cannot be used/);
});

test('a database of a newer foyer is refused', LIMIT, () => {
  const folder = newDatabase();
  sqlIn(folder, "INSERT INTO migrations VALUES(9999, 'later', 0)");
  refusal(folder, {}, /newer foyer/);
});

test('a database in a folder that does not exist, or that is a folder itself, is refused', LIMIT, () => {
  const folder = newFolder();
  refusal(folder, { DATABASE_URL: `sqlite:${folder}/nowhere/foyer.db` }, /unable to open/);
  mkdirSync(path.join(folder, 'foyer.db'));
  refusal(folder, {}, /unable to open/);
});

test('a database that cannot be written is refused', { ...LIMIT, skip: process.getuid() === 0 && 'root may write everywhere' }, () => {
  const folder = newDatabase();
  chmodSync(path.join(folder, 'foyer.db'), 0o444);
  chmodSync(folder, 0o555);
  refusal(folder, {}, /readonly|read-only|unable to open/);
  chmodSync(folder, 0o755);
});

test('a port that somebody else listens on is refused', LIMIT, async () => {
  const taken = net.createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  refusal(newDatabase(), { PORT: String(taken.address().port) }, /in use/);
  taken.close();
});

test('a port that another foyer listens on is refused, not shared with it', LIMIT, async () => {
  const server = await startServer();
  refusal(newDatabase(), { PORT: String(server.port) }, /in use/);
  refusal(newDatabase(), { WS_PORT: String(server.port) }, /in use/);
  await server.finish();
});

test('malformed options are refused, each by its name', LIMIT, () => {
  const folder = newDatabase();
  refusal(folder, { PORT: 'http' }, /^PORT=http: /m);
  refusal(folder, { PORT: '65536' }, /^PORT=65536: /m);
  refusal(folder, { RATE_LIMITS: 'perhaps' }, /^RATE_LIMITS=perhaps: /m);
  refusal(folder, { LOG_LEVEL: 'loud' }, /^LOG_LEVEL=loud: /m);
  refusal(folder, { HOST: 'nowhere.invalid' }, /nowhere\.invalid/);
  refusal(folder, { DATABASE_URL: 'mysql://localhost/foyer' }, /^DATABASE_URL=mysql:/m);
  refusal(folder, { JWT_SECRET_FILE: '/nonexistent/secret' }, /JWT_SECRET_FILE=\/nonexistent\/secret: /);
});

test('a command that does not exist is refused', LIMIT, () => {
  const { status, stderr } = spawnSync(FOYER, ['serv'], { encoding: 'utf8', cwd: newFolder() });
  assert.equal(status, 2);
  assert.match(stderr, /"serv"/);
});

test('a restart keeps who is signed in', LIMIT, async () => {
  const server = await startServer();
  const cookie = await signIn(server, 0);
  await server.stop();
  await server.start();
  const socket = await openSocket(server, cookie);
  assert.equal((await ask(socket, 'hall.my_seats', { hall_id: HALL })).status, 'success');
  socket.terminate();
  await server.finish();
});
