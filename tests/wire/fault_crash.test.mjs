// The server killed with SIGKILL while people change seats: what they were told is true afterwards, and what a viewer sees
// goes on without a gap.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  diceOf, newDatabase, openSocket, readHall, scaled, Server, signInAll, sleep, STATUSES, verify, Viewer, writersOf,
} from './support/faults.mjs';

const WRITER_COUNT = 4;
const LIMIT = { timeout: 280_000 };

// Which of a writer's open questions were carried out: they go in order, so it is the first few. The rest were not.
function settle(writer, hall) {
  const done = writer.pending.map(({ seat, status }) => hall.statuses.get(seat) === STATUSES[status]);
  const count = done.indexOf(false) < 0 ? done.length : done.indexOf(false);
  assert.ok(!done.slice(count).includes(true), 'a writer\'s change was kept, and one that it asked before was lost');
  for (const { seat, status } of writer.pending.slice(0, count)) writer.statuses.set(seat, status);
  writer.at -= writer.pending.length - count;
  writer.pending = [];
  for (const [seat, status] of writer.statuses) {
    assert.equal(hall.statuses.get(seat), STATUSES[status], `seat ${seat}: an acknowledged change was lost`);
  }
  return count;
}

test('killed at any moment under load, every acknowledged change is there and no viewer sees a gap', LIMIT, async (t) => {
  const dice = diceOf(20260101);
  const folder = newDatabase();
  const writers = writersOf(WRITER_COUNT, 16);
  const viewers = [new Viewer('json'), new Viewer('binary')];
  let cookies;
  let told = 0;
  let seq = 0;
  for (let round = 0; round < scaled(50); round++) {
    const server = await new Server(folder).start();
    cookies ??= await signInAll(server, WRITER_COUNT);
    const hall = await readHall(server);
    const toldNow = writers.reduce((sum, writer) => sum + writer.told.length, 0);
    const newest = Math.max(0, ...writers.map((writer) => writer.told.at(-1)?.seq ?? 0));
    assert.ok(hall.seq >= newest, `seq ${hall.seq} after the crash, ${newest} was acknowledged`);
    const carriedOut = writers.reduce((sum, writer) => sum + settle(writer, hall), 0);
    assert.equal(hall.seq, seq + (toldNow - told) + carriedOut, 'every change is one event');
    [seq, told] = [hall.seq, toldNow];
    await Promise.all(viewers.map((viewer) => viewer.connect(server)));
    await Promise.all(viewers.map((viewer, i) => viewer.expect(hall, `viewer ${i} in round ${round}`)));
    const sockets = await Promise.all(cookies.map((cookie) => openSocket(server, cookie)));
    writers.forEach((writer, i) => writer.begin(sockets[i]));
    await sleep(20 + dice(200));
    await server.kill();
    writers.forEach((writer) => {
      writer.running = false;
    });
    [...sockets, ...viewers.map((viewer) => viewer.socket)].forEach((socket) => socket.terminate());
  }
  verify(folder);
  t.diagnostic(`${told} changes were acknowledged in ${scaled(50)} lives`);
  assert.ok(told > scaled(50), 'there was load');
});

test('killed at its start, before anybody was served, it starts again and is whole', LIMIT, async () => {
  const dice = diceOf(7);
  const folder = newDatabase();
  for (let round = 0; round < scaled(10); round++) {
    const server = new Server(folder, { DEMO: '1', REDIS_URL: '' }); // begun at once
    const started = server.start({ ready: false }).catch(() => {});
    await sleep(dice(60));
    await server.kill();
    await started;
  }
  await (await new Server(folder).start()).finish();
});
