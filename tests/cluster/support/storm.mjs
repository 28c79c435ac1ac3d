// What goes wrong, and when: a schedule that a seed gives, the same each time.
import { diceOf, sleep } from '../../wire/support/faults.mjs';

const LOSS_PERCENT = 25;
const DELAY_MS = 15;
const JITTER_MS = 15;

// Each begins something, and gives what ends it. Those of PostgreSQL are for all servers.
const POSTGRES = {
  'PostgreSQL is restarted, unheard by a server': async (venue, server) => {
    const mend = server.machine.cut({ others: venue.databaseAddresses });
    await venue.postgres.kill();
    return async () => {
      await venue.postgres.start();
      mend();
    };
  },
  'PostgreSQL dies': async ({ postgres }) => {
    await postgres.kill();
    return () => postgres.start();
  },
  'PostgreSQL is restarted': async ({ postgres }) => {
    await postgres.stop();
    return () => postgres.start();
  },
  'PostgreSQL stands still': async ({ postgres }) => {
    postgres.freeze();
    return () => postgres.thaw();
  },
};

// Nobody needs Redis for an answer.
const REDIS = {
  'Redis is restarted empty': async ({ redis }) => {
    await redis.kill();
    return () => redis.start();
  },
  'Redis stands still': async ({ redis }) => {
    redis.signal('SIGSTOP');
    return () => redis.signal('SIGCONT');
  },
  'Redis is cut off': async ({ redis }) => redis.machine.cut(),
  'a server is cut off from Redis': async ({ redis }, server) => server.machine.cut({ others: [redis.machine.host] }),
};

// `shuts`: nobody can count on an answer of the server meanwhile; `away`: it has no PostgreSQL.
const SERVERS = {
  'a server dies': {
    shuts: true,
    begin: async (venue, server) => {
      await server.kill();
      return () => server.bringUp();
    },
  },
  'a server loses its power': {
    shuts: true,
    begin: async (venue, server) => {
      const mend = server.machine.cut();
      await server.kill();
      return () => {
        mend();
        return server.bringUp();
      };
    },
  },
  'a server stands still': {
    shuts: true,
    begin: async (venue, server) => {
      server.signal('SIGSTOP');
      return () => server.signal('SIGCONT');
    },
  },
  'a server is cut off': { shuts: true, begin: cutting(() => ({})) },
  'a server is cut off from PostgreSQL': { away: true, begin: cutting((venue) => ({ others: venue.databaseAddresses })) },
  'a server does not hear PostgreSQL': { away: true, begin: cutting((venue) => ({ others: venue.databaseAddresses, ways: ['in'] })) },
  'PostgreSQL does not hear a server': { away: true, begin: cutting((venue) => ({ others: venue.databaseAddresses, ways: ['out'] })) },
  'packets are lost': { shuts: true, begin: cutting(() => ({ percent: LOSS_PERCENT })) },
  'PostgreSQL is far away': {
    last: true, // the one with the long way
    begin: async ({ longWay }) => {
      Object.assign(longWay, { delay_ms: DELAY_MS, jitter_ms: JITTER_MS });
      return () => Object.assign(longWay, { delay_ms: 0, jitter_ms: 0 });
    },
  },
};

function cutting(how) {
  return async (venue, server) => server.machine.cut(how(venue));
}

const shuffled = (list, dice) => list.map((one) => [dice(1 << 30), one]).sort(([a], [b]) => a - b).map(([, one]) => one);

/**
 * Lanes of faults that go on side by side, each with its faults one after the other: [{kind, server, after_ms, lasts_ms}]. With
 * Redis, `redis` is what happens to it first, while all else is well, and the lanes have it again.
 */
export function scheduleOf(seed, { servers, rounds = 1, redis }) {
  const dice = diceOf(seed);
  const lane = (kinds, after_ms) => Array.from({ length: rounds }, () => shuffled(kinds, dice)).flat().map((kind) => ({
    kind, server: SERVERS[kind]?.last ? servers - 1 : dice(servers), after_ms: after_ms + dice(after_ms), lasts_ms: 1_500 + dice(3_500),
  }));
  const lanes = { postgres: lane(Object.keys(POSTGRES), 5_000), servers: lane(Object.keys(SERVERS), 800) };
  return redis ? { redis: lane(Object.keys(REDIS), 300), lanes: { ...lanes, redis: lane(Object.keys(REDIS), 2_000) } } : { redis: [], lanes };
}

async function run(venue, faults, told) {
  for (const { kind, server: number, after_ms, lasts_ms } of faults) {
    await sleep(after_ms);
    const server = venue.servers[number];
    const fault = { kind, server: kind in SERVERS ? server.name : null, shuts: SERVERS[kind]?.shuts ?? false, away: SERVERS[kind]?.away ?? kind in POSTGRES, harmless: kind in REDIS, from: performance.now(), to: Infinity };
    venue.faults.push(fault);
    const end = await (SERVERS[kind]?.begin ?? POSTGRES[kind] ?? REDIS[kind])(venue, server);
    await sleep(lasts_ms);
    await end();
    fault.to = performance.now();
    told(fault);
  }
}

/** The storm, from its beginning to its end. `told` hears of each fault when it is over. */
export async function storm(venue, { redis, lanes }, told) {
  await run(venue, redis, told);
  await Promise.all(Object.values(lanes).map((faults) => run(venue, faults, told)));
}
