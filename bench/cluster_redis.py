"""The row of the queue on PostgreSQL with Redis, beside Redis alone doing the same."""
import atexit
import re
import subprocess
import time

from measure import against, batch_of, median
from prepare import requests_file, token
from venue import BOTH_CORES, WORK, Failed, Server, free_port, load, need

WAITING = 1_000_000
CONNECTIONS = 256  # with a request under way on each
LOOKS = 9          # for each join: who has joined asks for the place every few seconds
SPACE = 100        # so many others have joined between two looks of a person
KEY = f"queue:concert:{1:024}"
PERSON = "0" * 12 + "__rand_int__"  # a public id of LINE, as redis-benchmark writes one

# One concert, paused, so that nobody is admitted, a line of WAITING people, and people with sessions who are to join;
# without the triggers, which would take minutes.
LINE = """
SET session_replication_role = replica;
INSERT INTO concerts(public_id, name, date, created_at, opens_at, seed, seed_hash, opened, paused)
  VALUES(lpad('1', 24, '0'), 'Concert', {now}, {now}, 0, '', '', 1, 1);
INSERT INTO categories(public_id, concert_id, name, price, total_seats, available_seats)
  VALUES(lpad('1', 24, '0'), 1, 'Stalls', 480000, 10000, 10000);
INSERT INTO users(public_id, created_at, updated_at) SELECT lpad(i::TEXT, 24, '0'), {now}, {now}
  FROM generate_series(1, {waiting} + {joining}) i;
INSERT INTO sessions(id, user_id, door, agent, ip, created_at, last_used_at)
  SELECT 's' || lpad(i::TEXT, 23, '0'), i, 'tickets', 'bench', '127.0.0.1', {now}, {now}
  FROM generate_series({waiting} + 1, {waiting} + {joining}) i;
INSERT INTO queue_places(concert_id, user_id, rank, entered_at, status)
  SELECT 1, i, 4611686018427387904 + i, {now}, 'waiting' FROM generate_series(1, {waiting}) i;
VACUUM ANALYZE;
"""


class Redis:
    """A Redis server of the bench's own, until the bench ends; it writes nothing to the disk."""

    def __init__(self, core=BOTH_CORES):
        need("redis-server")
        self.port = free_port()
        self.popen = subprocess.Popen(["taskset", "-c", core, "redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save",
                                       "", "--dir", str(WORK)], stdout=subprocess.DEVNULL)
        atexit.register(self.popen.kill)
        self.wait_for("PING", lambda answer: answer == "PONG")

    def ask(self, *words):
        return subprocess.run(["redis-cli", "-p", str(self.port), *map(str, words)], capture_output=True, text=True).stdout.strip()

    def wait_for(self, command, good):
        end = time.monotonic() + 60
        while not good(self.ask(*command.split())):
            if time.monotonic() > end:
                raise Failed(f"redis: {command} answers {self.ask(*command.split())}")
            time.sleep(0.05)

    def rate(self, depth, count, *command):
        """Commands a second by redis-benchmark, `depth` of them under way on each connection."""
        ran = subprocess.run(["taskset", "-c", BOTH_CORES, "redis-benchmark", "-p", str(self.port), "-c", str(CONNECTIONS // depth or 1),
                              "-P", str(depth), "-n", str(count), "-r", str(WAITING), "--csv", *command],
                             capture_output=True, text=True, timeout=120)
        found = re.search(r'^"[^"]*","([0-9.]+)"', ran.stdout.splitlines()[-1])
        if not found:
            raise Failed(f"redis-benchmark: {ran.stdout[-200:]}{ran.stderr[-200:]}")
        return float(found.group(1))


def requests_of(joining, now_ms):
    """Each person joins, and looks LOOKS times later on, when SPACE others have joined since the last time."""
    first = WAITING + 1
    bearers = [token(f"{nth:024}", f"s{nth:023}", now_ms // 1000) for nth in range(first, first + joining)]
    for nth, bearer in enumerate(bearers):
        yield "POST", "/api/v1/queue/join", bearer, "{}"
        for look in range(1, LOOKS + 1):
            yield "GET", "/api/v1/queue/status", bearers[max(0, nth - look * SPACE)], ""


def queue(postgres, pace):
    rounds = min(pace.rounds, 3)
    people = int(4000 * pace.round_s)
    now_ms = int(time.time() * 1000)
    postgres.make("line")
    postgres.sql("line", LINE.format(now=now_ms, waiting=WAITING, joining=people * (rounds + 1)))
    requests = requests_file("cluster_queue", requests_of(people * (rounds + 1), now_ms))
    redis = Redis()
    pairs, batches, adds, looks = [], [], [], []
    with Server("cluster_queue", url=postgres.named("line"), core=BOTH_CORES, REDIS_URL=f"redis://127.0.0.1:{redis.port}") as server:
        redis.wait_for(f"ZCARD {KEY}", lambda answer: answer == str(WAITING))  # written by the server, from the tables
        with load("requests", server.port, CONNECTIONS, requests, core=BOTH_CORES) as ours:
            ours.answer()
            ours.order("round", people * (1 + LOOKS))
            for _ in range(rounds):
                figures, _ = batch_of(server, None)
                told = ours.order("round", people * (1 + LOOKS))
                if told["refused"]:
                    raise Failed(f"{told['refused']} requests were refused")
                _, batch = batch_of(server, figures)
                depth = max(1, round(batch))
                add = redis.rate(depth, 50000, "ZADD", "limit:queue", "__rand_int__", PERSON)
                look = redis.rate(1, 200000, "ZRANK", KEY, PERSON)
                limit = (1 + LOOKS) / (1 / add + LOOKS / look)
                pairs.append((limit, people * (1 + LOOKS) / told["seconds"]))
                batches.append(batch)
                adds.append(add)
                looks.append(look)
        redis.wait_for(f"ZCARD {KEY}", lambda answer: answer == str(WAITING + people * (rounds + 1)))
    yield against(f"queue join and status on PostgreSQL and Redis, {WAITING:,} waiting", "requests/s", pairs, 0.5,
                  f"a join, durable, and {LOOKS} looks at the place over HTTP, {CONNECTIONS} connections, a request under way on each, "
                  f"{median(batches):.0f} joins a commit, which Redis is sent as one command, while looks are answered from memory; "
                  f"the limit is Redis alone by redis-benchmark over {CONNECTIONS} connections, for each join a ZADD "
                  f"({median(adds):,.0f} a second), {median(batches):.0f} in a pipeline, and {LOOKS} ZRANK ({median(looks):,.0f} a "
                  "second), each waited for, as whoever looks waits for his answer; all on both cores")
