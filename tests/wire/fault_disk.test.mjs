// A disk that is full, fails, or is taken away; two servers on one file; no descriptors left. Requests answer an error,
// /readyz says so, watching goes on, and when the cause has gone all works again without a restart.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, renameSync, unlinkSync, writeSync } from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';

import { databaseOf, test } from './support/database.mjs';
import {
  ask, can, changeSeat, HALL, mountSmall, newDatabase, openSocket, Picture, readHall, scaled, Server, signIn,
  signInAll, startServer, STATUSES, truthOf, until, Viewer, writersOf, envelope, SEATS,
} from './support/faults.mjs';
import { withoutPostgres } from './support/postgres.mjs';
import { openRaw } from './support/raw.mjs';

const LIMIT = { timeout: 120_000 };
const noPrlimit = !can('prlimit', '--version') && 'prlimit (util-linux) is not here';

// Fills what is left of the disk; gives the file.
function fill(folder) {
  const file = path.join(folder, 'ballast');
  const fd = openSync(file, 'w');
  for (let size = 1 << 20; size >= 1;) {
    try {
      writeSync(fd, Buffer.alloc(size, 1));
    } catch (error) {
      if (error.code !== 'ENOSPC') throw error;
      size >>= 1;
    }
  }
  closeSync(fd);
  return file;
}

const everySeat = Array.from({ length: SEATS }, (_, i) => i + 1);

// Changes the hall until it no longer can; gives the error.
async function changeUntilRefused(socket) {
  for (let i = 0; i < 2000; i++) {
    const data = { hall_id: HALL, seat_ids: everySeat, status: STATUSES[(i + 1) % 4] };
    const answer = await ask(socket, 'hall.update_seats_status', data);
    if (answer.status === 'error') return answer.error;
  }
  return null;
}

// What must hold while the database cannot be written, and once it can again.
async function throughTheFault(server, { begin, end }) {
  const cookie = await signIn(server, 0);
  const writer = await openSocket(server, cookie);
  const viewer = new Viewer('json');
  await viewer.connect(server);
  assert.equal((await changeSeat(writer, 1, 'OCCUPIED')).status, 'success');
  const earlier = await readHall(server);
  await begin();
  assert.equal(await changeUntilRefused(writer), 'InternalServerError');
  await until(async () => (await server.ready()).text === '{"status":"unavailable"}', 'it says it is unavailable');
  assert.equal((await server.ready()).status, 503);
  assert.equal((await server.request('GET', '/livez')).status, 200);
  assert.equal((await server.request('GET', '/')).status, 200);
  const during = await readHall(server); // a newcomer still sees the hall
  assert.ok(during.seq >= earlier.seq);
  await viewer.expect(during, 'the viewer, during the fault');
  const { error } = JSON.parse((await server.request('POST', '/api/user/auth_reset', { body: { username: 'nobody' } })).text);
  assert.ok(['RegistrationNotInProgress', 'InternalServerError'].includes(error), error);
  await end();
  await until(async () => (await server.ready()).status === 200, 'it is ready again, though nobody asked it anything');
  const next = during.statuses.get(2) === 'VACANT' ? 'OCCUPIED' : 'VACANT';
  const answer = await changeSeat(writer, 2, next);
  assert.equal(answer.status, 'success', JSON.stringify(answer));
  assert.equal(answer.data.seq, during.seq + 1, 'a refused change left no gap');
  await viewer.expect(await readHall(server), 'the viewer, after the fault');
  writer.terminate();
  viewer.socket.terminate();
}

test('a full disk: errors, then it works again when there is room', LIMIT, async (t) => {
  const folder = mountSmall(8);
  if (folder === null) return t.skip('mounting is not allowed here');
  const server = await new Server(newDatabase(folder)).start();
  let ballast;
  await throughTheFault(server, {
    begin: () => {
      ballast = fill(folder);
    },
    end: () => unlinkSync(ballast),
  });
  await server.finish();
});

test('writes that fail: errors, then it works again', { ...LIMIT, skip: noPrlimit }, async () => {
  const server = await startServer();
  const limit = (bytes) => execFileSync('prlimit', ['--pid', String(server.pid), `--fsize=${bytes}:unlimited`]);
  await throughTheFault(server, { begin: () => limit(1), end: () => limit('unlimited') });
  await server.finish();
});

test('a folder that is taken away: errors, and no change is acknowledged that nobody will find', LIMIT, async () => {
  const folder = newDatabase();
  const away = `${folder}-away`;
  const server = await new Server(folder).start();
  await throughTheFault(server, {
    begin: () => renameSync(folder, away),
    end: () => renameSync(away, folder),
  });
  await server.finish();
});

test('a database of PostgreSQL that is shut: errors, then it works again', { ...LIMIT, skip: withoutPostgres }, async () => {
  const server = await startServer();
  const database = databaseOf(server.folder);
  await throughTheFault(server, { begin: () => database.shut(), end: () => database.open() });
  await server.finish();
});

test('a database of PostgreSQL that takes no writes: errors, then it works again', { ...LIMIT, skip: withoutPostgres }, async () => {
  const server = await startServer();
  const database = databaseOf(server.folder);
  await throughTheFault(server, { begin: () => database.forReading(true), end: () => database.forReading(false) });
  await server.finish();
});

test('a database of PostgreSQL that cannot be used when it starts: it says so, and ends', { ...LIMIT, skip: withoutPostgres }, async () => {
  const folder = newDatabase();
  const database = databaseOf(folder);
  const refused = async (options, why) => {
    const server = new Server(folder, options);
    await assert.rejects(server.start({ ready: false }), /did not start/);
    assert.match(server.log, why);
    assert.match(server.log, /The database postgres:\/\/\.\.\. cannot be used/);
  };
  await refused({ DATABASE_URL: `${database.url}_of_nobody` }, /does not exist/);
  await refused({ DATABASE_URL: 'postgres://127.0.0.1:1/foyer' }, /refused/);
  database.forReading(true);
  await refused({}, /read-only/);
  database.forReading(false);
  database.shut();
  await refused({}, /not currently accepting connections/);
});

test('a disk that is full when it starts: it says so, and ends', LIMIT, async (t) => {
  const folder = mountSmall(1);
  if (folder === null) return t.skip('mounting is not allowed here');
  newDatabase(folder);
  fill(folder);
  const server = new Server(folder);
  await assert.rejects(server.start({ ready: false }), /did not start/);
  assert.match(server.log, /full|cannot be used/);
});

test('a disk mounted for reading only: it says so, and ends', LIMIT, async (t) => {
  const folder = mountSmall(8);
  if (folder === null) return t.skip('mounting is not allowed here');
  newDatabase(folder);
  if (!can('mount', '-o', 'remount,ro', folder)) return t.skip('mounting is not allowed here');
  const server = new Server(folder);
  await assert.rejects(server.start({ ready: false }), /did not start/);
  assert.match(server.log, /readonly|read-only|unable to open/);
});

test('a file for reading only when it starts: it says so, and ends', LIMIT, async (t) => {
  const folder = newDatabase();
  const file = path.join(folder, 'foyer.db');
  const root = process.getuid() === 0;
  if (!(root ? can('chattr', '+i', file) : can('chmod', '444', file))) return t.skip('root may write every file here');
  try {
    const server = new Server(folder);
    await assert.rejects(server.start({ ready: false }), /did not start/);
    assert.match(server.log, /read-only/);
  } finally {
    if (root) can('chattr', '-i', file);
  }
});

test('two servers on one file: no change is lost, no seq has a gap, and viewers of both are right', LIMIT, async () => {
  const folder = newDatabase();
  const options = { JWT_SECRET: 'one secret for both', COOKIE_SECRET: 'and another' };
  const servers = [await new Server(folder, options).start(), await new Server(folder, options).start()];
  const cookies = await signInAll(servers[0], 4);
  const writers = writersOf(4, 4);
  const viewers = ['json', 'binary', 'json', 'binary'].map((format) => new Viewer(format));
  await Promise.all(viewers.map((viewer, i) => viewer.connect(servers[i % 2])));
  const sockets = await Promise.all(cookies.map((cookie, i) => openSocket(servers[i % 2], cookie)));
  writers.forEach((writer, i) => writer.begin(sockets[i]));
  await until(() => writers.every((writer) => writer.told.length >= scaled(200)), () =>
    `load: ${writers.map((writer) => `${writer.told.length}/${writer.refused.length}`)}`, 60_000);
  await Promise.all(writers.map((writer) => writer.end()));
  const truth = truthOf(writers);
  for (const [i, viewer] of viewers.entries()) await viewer.expect(truth, `viewer ${i}`);
  // A newcomer may come to another loop than they, which reads anew a little later what the other server wrote.
  for (const server of servers) {
    await until(async () => isDeepStrictEqual((await readHall(server)).statuses, truth.statuses), 'a newcomer sees it all');
  }
  [...sockets, ...viewers.map((viewer) => viewer.socket)].forEach((socket) => socket.terminate());
  await servers[0].kill();
  const left = await openSocket(servers[1], cookies[0]);
  const next = truth.statuses.get(1) === 'VACANT' ? 'OCCUPIED' : 'VACANT';
  assert.equal((await changeSeat(left, 1, next)).data.seq, truth.seq + 1, 'one of them is killed, the other goes on');
  left.terminate();
  await servers[1].finish();
});

test('out of descriptors: it refuses, lives, serves those it has, and recovers', { ...LIMIT, skip: noPrlimit }, async () => {
  const server = await startServer();
  const cookie = await signIn(server, 0);
  const writer = await openSocket(server, cookie);
  const viewer = new Viewer('json');
  await viewer.connect(server);
  execFileSync('prlimit', ['--pid', String(server.pid), `--nofile=${server.descriptors() + 20}`]);
  const request = 'GET /livez HTTP/1.1\r\nHost: a\r\n\r\n';
  const crowd = await Promise.all(Array.from({ length: 120 }, () => openRaw(server, request)));
  await until(() => crowd.every((socket) => socket.over || socket.received.length > 0), 'each is served or refused');
  assert.ok(crowd.filter((socket) => socket.over).length >= 90, 'most are refused');
  assert.ok(crowd.some((socket) => !socket.over), 'some are served');
  const spent = () => {
    const [user, system] = readFileSync(`/proc/${server.pid}/stat`, 'latin1').split(' ').slice(13, 15);
    return Number(user) + Number(system);
  };
  const ticks = spent();
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.ok(spent() - ticks < 40, 'it does not spin');
  const hall = await readHallOn(writer);
  const next = hall.statuses.get(1) === 'VACANT' ? 'OCCUPIED' : 'VACANT';
  assert.equal((await changeSeat(writer, 1, next)).status, 'success');
  await until(() => viewer.picture.seq === hall.seq + 1, 'the viewer sees it');
  crowd.forEach((socket) => socket.destroy());
  await until(async () => (await server.ready()).status === 200, 'newcomers are served again');
  await viewer.expect(await readHall(server), 'the viewer');
  writer.terminate();
  viewer.socket.terminate();
  await server.finish();
});

// The hall through a socket that is open already.
async function readHallOn(socket) {
  const picture = new Picture();
  picture.takeJson(await ask(socket, 'hall.subscribe', { id: HALL }, 'here'));
  socket.send(envelope('hall.unsubscribe', { sub_eid: 'here' }, 'x'));
  return picture;
}

test('started with few descriptors it serves as many as it can', { ...LIMIT, skip: noPrlimit }, async () => {
  const server = await startServer({}, { wrap: ['prlimit', '--nofile=64'] });
  const request = 'GET /livez HTTP/1.1\r\nHost: a\r\n\r\n';
  const crowd = await Promise.all(Array.from({ length: 100 }, () => openRaw(server, request)));
  await until(() => crowd.every((socket) => socket.over || socket.received.length > 0), 'each is served or refused');
  crowd.forEach((socket) => socket.destroy());
  await until(async () => (await server.ready()).status === 200, 'newcomers are served again');
  await server.finish();
});
