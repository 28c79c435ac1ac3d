// Three servers on machines of their own with PostgreSQL on another, all three doors in use, while everything goes wrong that
// a seed says (SEED; the same each time). Then calm: what people were told is true, once and in order, and the invariants hold.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';

import { diceOf, until } from '../wire/support/faults.mjs';
import { BoxOffice, OPTIONS } from './support/box_office.mjs';
import { Messenger } from './support/messenger.mjs';
import { Seats } from './support/seats.mjs';
import { scheduleOf, storm } from './support/storm.mjs';
import { Venue } from './support/venue.mjs';

const SEED = Number(process.env.SEED ?? 1);
const ROUNDS = Number(process.env.ROUNDS ?? 1);
const LIMIT = { timeout: (120 + 60 * ROUNDS) * 1000 };
const WITHIN_MS = process.env.CI ? 6_000 : 2_000; // CI's processors may be busy with everything else
const HEARTBEATS_MS = 20_000;
const STALLED_MS = 5_000;
const SETTLES_MS = 3_000; // from the end of a fault until nothing of it is on its way any more

describe(`seed ${SEED}`, LIMIT, () => {
  const load = { over: false, heard: false, dice: diceOf(SEED ^ 0x5eed) };
  let venue;
  let doors;

  before(async () => {
    venue = await Venue.open(OPTIONS);
    doors = { seats: new Seats(venue), boxOffice: new BoxOffice(venue), messenger: new Messenger(venue) };
    for (const door of Object.values(doors)) await door.open();
  });
  after(() => venue?.close(path.resolve(`build/test-logs/cluster_${SEED}`)));

  test('the storm', LIMIT, async (t) => {
    const schedule = scheduleOf(SEED, { servers: venue.servers.length, rounds: ROUNDS, redis: venue.redis });
    const began = performance.now();
    const seconds = (at) => ((at - began) / 1000).toFixed(1);
    const work = Promise.all(Object.values(doors).map((door) => door.begin(load)));
    work.catch(() => {}); // told at the end
    const looks = [];
    const told = ({ kind, server, from, to }) => {
      t.diagnostic(`${seconds(from)} to ${seconds(to)} s: ${kind}${server ? ` (${server})` : ''}`);
      looks.push(venue.verify()); // while PostgreSQL is away there is nothing to look at
    };
    await storm(venue, schedule, told).finally(() => (load.over = true));
    await work;
    assert.deepEqual((await Promise.all(looks)).filter((found) => /BROKEN/.test(found)), [], 'the invariants hold all the time');
  });

  // Shut: nobody can count on an answer of a server that is dead, stands still, or cannot be reached.
  const during = (fault, { from, took }) => from < fault.to + SETTLES_MS && from + took > fault.from;
  const shut = (answer) => venue.faults.some((fault) => fault.shuts && fault.server === answer.server && during(fault, answer));

  test('while PostgreSQL is away, answers come within two seconds, and who watches goes on', LIMIT, (t) => {
    const aways = venue.faults.filter(({ away }) => away);
    const met = []; // {answer, kind, after}: how long somebody waited while it was away
    for (const answer of venue.answers.filter((one) => !shut(one))) {
      for (const { kind, server, from, to } of aways) {
        const begins = Math.max(from, answer.from);
        const after = venue.spent(begins, Math.min(answer.from + answer.took, to));
        if ((server ?? answer.server) === answer.server && after > 0) met.push({ answer, kind, after });
      }
    }
    const slowest = met.reduce((most, one) => (one.after > most.after ? one : most));
    t.diagnostic(`${met.length} answers while it was away, ${met.filter(({ answer }) => answer.status >= 500).length} of them errors; the slowest after ${Math.round(slowest.after)} ms (${slowest.answer.what}, ${slowest.kind})`);
    assert.deepEqual(met.filter(({ after }) => after > WITHIN_MS), []);
    const stalled = ({ from, took }) => venue.spent(from, from + took) < took;
    assert.deepEqual(venue.answers.filter((answer) => answer.status === 0 && !shut(answer) && !stalled(answer)), [], 'no answer at all');
    // A server lets go of who has said nothing for 15 s, which we may not have been let do.
    const spoke = ({ at }) => venue.spent(at - HEARTBEATS_MS, at) > HEARTBEATS_MS - STALLED_MS;
    const cut = doors.seats.viewers.flatMap(({ closes }) => closes).filter((one) => !shut({ server: one.server, from: one.at, took: 0 }) && spoke(one));
    assert.deepEqual(cut, [], 'connections that were lost for no reason of their own');
  });

  test('an error has a cause, and Redis is none', { ...LIMIT, skip: process.env.CI && 'a processor that is busy is a cause' }, (t) => {
    const causes = [...venue.faults.filter(({ harmless }) => !harmless), ...venue.stalls]; // the long way is a part of this process
    const caused = (answer) => causes.some((cause) => during(cause, answer));
    const [failed, quiet] = [venue.answers.filter(({ status }) => status === 0 || status >= 500), venue.answers.filter((answer) => !caused(answer))];
    t.diagnostic(`${venue.answers.length} answers, ${quiet.length} of them while PostgreSQL and the servers were well, ${failed.length} errors`);
    assert.deepEqual(failed.filter((answer) => !caused(answer)), []);
  });

  for (const name of ['seats', 'messenger', 'boxOffice']) {
    test(`what people were told is true: ${name}`, LIMIT, async (t) => t.diagnostic(await doors[name].check()));
  }

  test('every server hears of commits at once again', LIMIT, async () => {
    const listening = async () => (await venue.postgres.rows("SELECT DISTINCT client_addr FROM pg_stat_activity WHERE query = 'LISTEN foyer_commits'")).length;
    await until(async () => (await listening()) === venue.servers.length, 'all listen', 20_000);
  });

  test('nothing is left of connections of those who died', LIMIT, async () => {
    const open = () => venue.postgres.rows("SELECT client_addr, count(*) AS n FROM pg_stat_activity WHERE application_name = 'foyer' GROUP BY 1");
    let counts;
    await until(async () => {
      counts = (await open()).map(({ n }) => n);
      return new Set(counts).size === 1;
    }, () => `every server has as many: ${counts}`, 20_000);
  });

  test('the invariants hold, and nothing has stood in the way of anything', LIMIT, async () => {
    assert.equal(await venue.verify(), null);
    assert.doesNotMatch(venue.postgres.log, /deadlock detected|could not serialize/);
  });
});
