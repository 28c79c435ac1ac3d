"""The rows of several processes on one PostgreSQL, which is made here, of the distribution's package, on the disk."""
import atexit
import contextlib
import json
import os
import re
import subprocess
import time

from cluster_redis import Redis
from measure import Result, against, batch_of, median, per_second, within
from prepare import requests_file, token
from venue import BOTH_CORES, FOYER, LOAD_CORE, ROOT, SERVER_CORE, WORK, Failed, Hall, Server, load, need, sign_up

SETTINGS = ["fsync=on", "synchronous_commit=on", "shared_buffers=256MB", "max_wal_size=4GB", "max_connections=100"]
CLIENTS = 32
CONNECTIONS = 256
PAIRS = 24000  # of neighbours that can be booked
DAY_MS = 24 * 3600 * 1000


class Postgres:
    """A PostgreSQL server of the bench's own, until the bench ends."""

    def __init__(self):
        need("psql")
        self.directory = WORK / "postgres"
        self.run("stop")
        self.url = self.run("start", *SETTINGS)
        atexit.register(self.run, "stop")

    def run(self, action, *settings):
        ran = subprocess.run([ROOT / "tools" / "postgres", action, self.directory, *settings], capture_output=True, text=True,
                             timeout=120)
        if ran.returncode != 0:
            raise Failed(f"tools/postgres {action}: {ran.stderr[-300:]}")
        return ran.stdout.strip()

    def named(self, name):
        return f"{self.url.rsplit('/', 1)[0]}/{name}"

    def sql(self, name, text):
        ran = subprocess.run(["psql", "--no-psqlrc", "-qAt", "--set=ON_ERROR_STOP=1", self.named(name)], input=text,
                             capture_output=True, text=True, timeout=120)
        if ran.returncode != 0:
            raise Failed(f"psql: {ran.stderr[-300:]}")
        return ran.stdout.strip()

    def copy(self, source, target):
        """The database anew under another name, with everything of it on the disk."""
        self.sql("postgres", f"DROP DATABASE IF EXISTS {target} WITH (FORCE);\nCREATE DATABASE {target} TEMPLATE {source};\n"
                             "CHECKPOINT;")
        return self.named(target)

    def make(self, name):
        """A new database with the schema."""
        self.sql("postgres", f"DROP DATABASE IF EXISTS {name} WITH (FORCE);\nCREATE DATABASE {name};")
        ran = subprocess.run([FOYER, "verify"], capture_output=True, text=True, timeout=60,
                             env={"PATH": os.environ["PATH"], "DATABASE_URL": self.named(name), "LOG_LEVEL": "error"})
        if ran.returncode != 0:
            raise Failed(f"foyer verify: {ran.stdout[-200:]}{ran.stderr[-200:]}")


# Bookings.

# So many concerts with PAIRS pairs of neighbours in all, and a buyer in a slot for each pair: the nth buyer's number is
# first_user + n, his seats first_seat + 2n and the one after it, in concert n / (pairs a concert).
SALE = """
INSERT INTO cinemas(name, color, created_at) VALUES('Bench', '#fff', {now});
INSERT INTO seat_types(name, color) VALUES('Bench', '#fff');
INSERT INTO halls(cinema_id, name, rows, places, plan_hash, created_at)
  SELECT 1, 'Hall ' || i, 1000, 100, 'bench' || i, {now} FROM generate_series(1, {concerts}) i;
INSERT INTO seats(hall_id, seat_type_id, row, place, x, y, width, height, rotation, updated_at)
  SELECT 1 + i / {seats_each}, 1, 1 + i % {seats_each} / 100, 1 + i % 100, i % 100 * 10, i % {seats_each} / 100 * 10, 8, 8, 0, {now}
  FROM generate_series(0, {seats} - 1) i;
INSERT INTO concerts(public_id, name, date, hall_id, created_at, opens_at, seed, seed_hash, opened, active, admitted)
  SELECT lpad(to_hex(i), 24, '0'), 'Concert ' || i, {now}, i, {now}, 0, '', '', 1, {pairs_each}, {pairs_each}
  FROM generate_series(1, {concerts}) i;
INSERT INTO categories(public_id, concert_id, name, price, seat_type_id, total_seats, available_seats)
  SELECT lpad(to_hex(i), 24, '0'), i, 'Stalls', 480000, 1, {seats_each}, {seats_each} FROM generate_series(1, {concerts}) i;
INSERT INTO users(public_id, created_at, updated_at) SELECT lpad(to_hex(i), 24, '0'), {now}, {now}
  FROM generate_series(1, {pairs}) i;
INSERT INTO sessions(id, user_id, door, agent, ip, created_at, last_used_at)
  SELECT 's' || lpad(i::TEXT, 23, '0'), i, 'tickets', 'bench', '127.0.0.1', {now}, {now} FROM generate_series(1, {pairs}) i;
INSERT INTO queue_places(concert_id, user_id, rank, entered_at, slot_until, admitted_at, status)
  SELECT 1 + (i - 1) / {pairs_each}, i, i, {now}, {now} + {day}, {now}, 'active' FROM generate_series(1, {pairs}) i;
VACUUM ANALYZE seats, users, sessions, queue_places, halls, concerts, categories;
"""

# What POST /booking does for two named seats, a statement each, as somebody writes it who knows what he does: nothing is
# asked twice, both seats go by one statement. The events have their numbers from the tables, as nobody else knows them.
BOOK = """
\\set k :k + 1
\\set n {nth}
\\set concert 1 + :n / {pairs_each}
\\set user 1 + :n
\\set seat 1 + 2 * :n
BEGIN;
SELECT u.id, u.public_id, u.role, s.last_used_at FROM sessions s JOIN users u ON u.id = s.user_id
  WHERE s.id = 's' || lpad((:user)::TEXT, 23, '0') AND s.ended_at IS NULL AND u.deleted_at IS NULL;
SELECT id, public_id, currency, hall_id, opens_at, opened, closed, paused, draining, active, admitted FROM concerts
  WHERE public_id = lpad(to_hex((:concert)::INTEGER), 24, '0');
SELECT s.id, s.status, s.row, s.place, k.id, k.price, k.available_seats, EXISTS (SELECT 1 FROM bookings b
  WHERE b.user_id = :user AND b.category_id + 0 = k.id AND b.status || '' = 'pending'), EXISTS (SELECT 1 FROM queue_places
  WHERE concert_id = :concert AND user_id = :user AND status IN ('waiting', 'active')
  AND status || '' = 'active' AND slot_until + 0 > {now}) FROM seats s
  JOIN categories k ON k.concert_id = :concert AND k.seat_type_id = s.seat_type_id
  WHERE s.id IN (:seat, :seat + 1) AND s.hall_id = :concert;
UPDATE categories SET available_seats = available_seats - 2 WHERE id = :concert AND available_seats >= 2;
UPDATE seats SET status = 1, reserved_by = :user, updated_at = {now}
  WHERE id IN (:seat, :seat + 1) AND hall_id = :concert AND status = 0;
INSERT INTO events(topic, seq, at, kind, payload) VALUES('hall:' || (:concert)::BIGINT, coalesce((SELECT seq FROM events
  WHERE topic = 'hall:' || (:concert)::BIGINT ORDER BY seq DESC LIMIT 1), 0) + 1, {now}, 'seats',
  '{{"to":"RESERVED","by":' || (:user)::BIGINT || ',"seats":[' || (:seat)::BIGINT || ',' || (:seat)::BIGINT + 1
  || '],"from":["VACANT","VACANT"]}}');
INSERT INTO bookings(public_id, user_id, concert_id, category_id, seats, amount, fee, currency, status, payment_status,
  accepts_other, booked_at, expires_at) VALUES(lpad(to_hex((:user)::INTEGER), 24, '0'), :user, :concert, :concert, 2, 960000, 0,
  'inr', 'pending', 'none', 0, {now}, {now} + 600000) RETURNING id AS booking \\gset
INSERT INTO booking_seats(booking_id, seat_id) VALUES(:booking, :seat), (:booking, :seat + 1);
INSERT INTO booking_steps(booking_id, at, status, payment_status, cause) VALUES(:booking, {now}, 'pending', 'none', 'booked');
UPDATE concerts SET sold_out = 1 WHERE id = :concert AND sold_out = 0 AND NOT EXISTS (SELECT 1 FROM categories
  WHERE concert_id = :concert AND available_seats > 0);
INSERT INTO events(topic, seq, at, kind, payload) SELECT 'concert:' || (:concert)::BIGINT, coalesce((SELECT seq FROM events
  WHERE topic = 'concert:' || (:concert)::BIGINT ORDER BY seq DESC LIMIT 1), 0) + 1, {now}, 'figures', '{{"active":' || active || ',"admitted":'
  || admitted || ',"available":{{' || (SELECT string_agg('"' || id || '":' || available_seats, ',') FROM categories
  WHERE concert_id = :concert) || '}}}}' FROM concerts WHERE id = :concert;
COMMIT;
"""


def sale(postgres, concerts):
    """A database with so many concerts on sale, named after their number; what BOOK and the requests are written with."""
    now_ms = int(time.time() * 1000)
    about = {"now": now_ms, "day": DAY_MS, "concerts": concerts, "pairs": PAIRS, "pairs_each": PAIRS // concerts,
             "seats": 2 * PAIRS, "seats_each": 2 * PAIRS // concerts, "made": f"made{concerts}"}
    postgres.make(about["made"])
    postgres.sql(about["made"], SALE.format(**about))
    return about


def by_pgbench(postgres, about, seconds):
    """Bookings a second by pgbench, each connection at a concert of its own."""
    url = postgres.copy(about["made"], "bare")
    script = WORK / "book.pgbench"
    script.write_text(BOOK.format(nth=":client_id * %d + :k" % about["pairs_each"], **about))
    ran = subprocess.run(["taskset", "-c", BOTH_CORES, "pgbench", "-n", "-M", "prepared", "-c", str(CLIENTS), "-j", "2", "-D", "k=-1",
                          "-T", str(seconds), "-f", script, url], capture_output=True, text=True, timeout=120,
                         env={**os.environ, "PGOPTIONS": "-c enable_seqscan=off -c jit=off"})  # as ours has it
    rate = re.search(r"tps = ([0-9.]+)", ran.stdout)
    if ran.returncode != 0 or not rate or re.search(r"failed transactions: [1-9]", ran.stdout):
        raise Failed(f"pgbench: {ran.stdout[-200:]}{ran.stderr[-300:]}")
    return float(rate.group(1))


def booking_requests(about):
    for n in range(PAIRS):
        nth = n // about["concerts"] + n % about["concerts"] * about["pairs_each"]  # the concerts take turns
        bearer = token(f"{nth + 1:024x}", f"s{nth + 1:023}", about["now"] // 1000)
        concert = f"{nth // about['pairs_each'] + 1:024x}"
        yield "POST", f"/api/v1/booking?concertId={concert}", bearer, json.dumps({"seatIds": [2 * nth + 1, 2 * nth + 2]})


def by_foyer(postgres, about, requests, seconds):
    """(bookings a second, bookings a commit)"""
    url = postgres.copy(about["made"], "ours")
    with Server("cluster", url=url, core=BOTH_CORES, MAX_ACTIVE_USERS="1000000", SLOT_SECONDS="86400") as server, \
            load("requests", server.port, CONNECTIONS, requests, core=BOTH_CORES) as ours:
        ours.answer()
        first = ours.order("round", 1000)
        figures, _ = batch_of(server, None)
        count = min(PAIRS - 1000, max(1000, round(1000 / first["seconds"] * seconds)))
        told = ours.order("round", count)
        _, batch = batch_of(server, figures)
    if told["refused"] or first["refused"]:
        raise Failed(f"{told['refused']} of {count} requests were refused")
    return count / told["seconds"], batch


def book(work, concerts, bar):
    """Bookings in so many concerts, beside pgbench in CLIENTS of them."""
    def row(postgres, pace):
        spread = sale(postgres, CLIENTS)
        about = spread if concerts == CLIENTS else sale(postgres, concerts)
        requests = requests_file("cluster", booking_requests(about))
        pairs, batches = [], []
        seconds = round(pace.round_s * 4)
        for _ in range(min(pace.rounds, 5)):
            limit = by_pgbench(postgres, spread, seconds)
            rate, batch = by_foyer(postgres, about, requests, seconds)
            pairs.append((limit, rate))
            batches.append(batch)
        yield against(work, "bookings/s", pairs, bar,
                      f"one process, {CONNECTIONS} connections, a request under way on each, {median(batches):.0f} bookings a "
                      f"commit; the limit is pgbench -M prepared with {CLIENTS} connections doing the same transaction, "
                      "each in a concert of its own; either has both cores, shared with the server")
    return row


# Viewers.

VIEWERS = 1000


@contextlib.contextmanager
def two(postgres):
    """(a process on one core, another on the other, a signed-in person's cookie, two halls of the demo venue); a Redis says
    to each what the other has committed"""
    postgres.sql("postgres", "DROP DATABASE IF EXISTS two WITH (FORCE);\nCREATE DATABASE two;")
    urls = {"url": postgres.named("two"), "REDIS_URL": f"redis://127.0.0.1:{Redis().port}"}
    with Server("first", demo=True, core=SERVER_CORE, **urls) as first, \
            Server("second", demo=True, core=LOAD_CORE, **urls) as second:
        sizes = {hall["id"]: sum(hall["seats_count"].values())
                 for cinema in first.ask("cinemas.get_cinemas", None) for hall in cinema["halls"]}
        halls = [Hall(first, hall, sizes[hall]) for hall in sorted(sizes, key=sizes.get)[:2]]
        yield first, second, sign_up(first, "bench"), halls


def second(postgres, pace):
    """Each process has its core with its own generator, its own viewers and changes of its own. The two cores of a machine
    that others use too are seldom as fast as each other, so the two processes exchange theirs from round to round, and the
    second one is compared with what the first does on the same core."""
    order = ("round", int(pace.round_s * 1000), 0, 1)
    pairs, beside = [], []
    with two(postgres) as (first, other, cookie, halls), \
            load("fanout", first.port, VIEWERS, halls[0].id, halls[0].seats_file, cookie, core=SERVER_CORE) as ours, \
            load("fanout", other.port, VIEWERS, halls[1].id, halls[1].seats_file, cookie, core=LOAD_CORE) as theirs:
        ours.answer(), theirs.answer()
        for number in range(2 * pace.rounds):
            here, there = (SERVER_CORE, LOAD_CORE) if number % 2 else (LOAD_CORE, SERVER_CORE)
            for generator in (ours, theirs):
                generator.order("beat")
            for process, core in ((first, here), (ours, here), (other, there), (theirs, there)):
                process.move(core)
            alone = per_second(ours.order(*order), "frames")
            for process, core in ((first, there), (ours, there), (other, here), (theirs, here)):
                process.move(core)
            ours.say(*order), theirs.say(*order)
            beside.append(per_second(ours.answer(), "frames"))
            pairs.append((alone, per_second(theirs.answer(), "frames")))
    limit, mine = (median(rates) for rates in zip(*pairs))
    ratios = sorted(mine / limit for limit, mine in pairs)
    yield Result(f"{VIEWERS:,} viewers of a second process on a second core", f"{limit:,.0f} deliveries/s",
                 f"{mine:,.0f} deliveries/s", median(ratios), 0.9,
                 "closed loops of one update at a time, each process with its generator on its own core and a hall of its own, "
                 "the cores exchanged from round to round; the limit is the first process on the core that the second has "
                 "after it, while the second has nothing to do; as a core is compared with itself, the ratio is the median "
                 f"of {len(ratios)} rounds' ({ratios[0]:.2f} to {ratios[-1]:.2f}), figures are medians; beside the second the first "
                 f"has {median(beside):,.0f}; PostgreSQL has what is left of both cores")


def watch(postgres, pace):
    """Changes at one process, viewers at the other, at half of what the first one makes durable."""
    seconds = min(pace.storm_s, 20)
    with two(postgres) as (first, other, cookie, halls):
        hall = halls[1]
        with load("durable", first.port, 8, 32, hall.id, hall.seats_file, cookie, core=BOTH_CORES) as changes:
            changes.answer()
            changes.order("round", 500)
            most = per_second(changes.order("round", 2000), "changes")
            changes.order("round", 10)
        hall = Hall(first, hall.id, hall.seat_count)
        rate = round(most / 2)
        with load("storm", other.port, VIEWERS, 20, 8, rate, seconds, hall.id, hall.seats_file, cookie, first.port,
                  core=BOTH_CORES) as storm:
            told = storm.answer(seconds + 60)
    wrong = max(told["wrong"], told["behind"]) + told["gaps"] + told["untimed"]
    if wrong:
        raise Failed(f"{wrong} viewers ended wrong")
    yield within("changes at one process seen by viewers of another: p99", "ms", 100, [told["commit_p99_ms"]],
                 f"{rate:,} changes/s for {seconds} s, half of what the first process makes durable with nobody watching "
                 f"({most:,.0f}); {VIEWERS:,} viewers at the second process; from a change's commit (the first word of it or of a "
                 f"later one) to its receipt; {told['acked']:,} of {told['changes']:,} acknowledged, median "
                 f"{told['commit_p50_ms']} ms, most {told['commit_most_ms']} ms; from sending a change {told['p50_ms']}, at p99 "
                 f"{told['p99_ms']}, at most {told['most_ms']} ms")
