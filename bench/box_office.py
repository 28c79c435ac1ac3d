"""The rows of the box office: the line, bookings, and a whole on-sale."""
import json
import re
import secrets
import subprocess
import time

from measure import Result, against, bare, batch_of, fill_log, median, one_get_round, within
from prepare import add_people, database, requests_file, script_file, token
from venue import FOYER, LOAD_CORE, SERVER_CORE, WORK, Failed, Process, Server, copy_database, cpu_seconds, load

PEOPLE = 1_000_000
MAX_ACTIVE = 1000000
CONNECTIONS = 256  # with a request under way on each
DAY_MS = 24 * 3600 * 1000


def played(name, database, settings, method, path, requests, rounds, connections=CONNECTIONS):
    """Plays prepared requests against a server: [(requests a second, calls a commit, CPU µs a request)], and the CPU of a
    small GET to it."""
    prepared = requests_file(name, [(method, path, bearer, body) for bearer, body in requests])
    taken = []
    with Server(name, database=database, **settings) as server:
        fill_log(server)
        with load("requests", server.port, connections, prepared) as ours:
            ours.answer()
            figures, _ = batch_of(server, None)
            for count in rounds:
                cpu_s = cpu_seconds(server.pid)
                told = ours.order("round", count)
                if told["refused"]:
                    raise Failed(f"{told['refused']} of {count} requests were refused")
                figures, batch = batch_of(server, figures)
                taken.append((count / told["seconds"], batch, (cpu_seconds(server.pid) - cpu_s) / count * 1e6))
        return taken, one_get_round(server.port, "/livez", server.pid, 1)[1]


# The line.

JOIN = ["INSERT INTO queue_places(concert_id, user_id, rank, entered_at, status) VALUES(?1, ?2, ?3, ?4, 'waiting')"]


def queue_join(venue, pace):
    """By how many ask at once: the fewer, the more the limit waits for its syncs."""
    for connections in (16, 64, CONNECTIONS):
        yield join_from(connections, pace)


def join_from(connections, pace):
    rounds, a_round = pace.rounds, int(20000 * pace.round_s)
    with database("join") as (made, db):
        people = add_people(db, rounds * a_round)
        concert = db.execute("SELECT min(id) FROM concerts").fetchone()[0]
        # The slots are taken, so that who joins waits.
        db.execute("UPDATE concerts SET opens_at = 0, opened = 1, paused = 1")
    now_ms = int(time.time() * 1000)
    pairs, batches, bare_us = [], [], []
    taken, get_us = played("join", made, {}, "POST", "/api/v1/queue/join", [(bearer, "{}") for _, bearer in people],
                           [a_round] * rounds, connections)
    for rate, batch, _ in taken:
        copy_database(made, WORK / "limit.db")
        calls = [(concert, user, (1 << 62) + at, now_ms) for at, (user, _) in enumerate(people[:a_round])]
        limit, limit_us = bare(WORK / "limit.db", script_file("join", JOIN, calls), batch, a_round)
        pairs.append((limit, rate))
        batches.append(batch)
        bare_us.append(limit_us)
    return against(f"joining the line from {connections} connections", "joins/s", pairs, 0.5,
                   "a request under way on each connection, nobody's token seen before; the limit is bare SQLite inserting the "
                   f"same rows, {median(batches):.0f} a commit, synchronous=FULL; CPU a join {min(us for _, _, us in taken):.1f} µs, "
                   f"a row of the limit {min(bare_us):.1f} µs, a small GET {get_us:.1f} µs")


def million():
    """A database with 1,000,000 people in the line of the first concert; the token of one of them."""
    with database("million") as (made, db):
        db.execute("PRAGMA foreign_keys=OFF")
        now_ms = int(time.time() * 1000)
        first = db.execute("SELECT max(id) + 1 FROM users").fetchone()[0]
        db.execute("WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 999999)"
                   " INSERT INTO users(id, public_id, created_at, updated_at) SELECT ?1 + i, printf('%024x', i), ?2, ?2 FROM n",
                   (first, now_ms))
        concert = db.execute("SELECT min(id) FROM concerts").fetchone()[0]
        db.execute("UPDATE concerts SET opens_at = 0, opened = 1, paused = 1")
        db.execute("INSERT INTO queue_places(concert_id, user_id, rank, entered_at, status)"
                   " SELECT ?1, id, 4611686018427387904 + id, ?2, 'waiting' FROM users WHERE id >= ?3",
                   (concert, now_ms, first))
        user = first + 654321
        sid = secrets.token_urlsafe(18)
        db.execute("INSERT INTO sessions(id, user_id, door, agent, ip, created_at, last_used_at)"
                   " VALUES(?, ?, 'tickets', 'bench', '127.0.0.1', ?, ?)", (sid, user, now_ms, now_ms))
    return made, token(f"{654321:024x}", sid, now_ms // 1000)


def queue_line(venue, pace):
    def told(people):
        with Process(SERVER_CORE, WORK / "line", people, errors=WORK / "line.log") as line:
            return line.answer()
    large = [told(PEOPLE) for _ in range(3)]
    small = [told(1000) for _ in range(3)]
    name = f"{PEOPLE:,} people waiting: "
    yield within(name + "memory", "bytes each", 200, [each["bytes_each"] for each in large],
                 "the waiting room by itself, lots in random order")
    yield within(name + "a place looked up", "µs", 2, [each["look_us"] for each in large],
                 f"somebody at random; {median(each['look_us'] for each in small):.2f} µs with 1,000")
    yield within(name + "one joins, one is promoted, one is done", "µs", 5, [each["change_us"] for each in large],
                 f"all three; {median(each['change_us'] for each in small):.2f} µs with 1,000")


def queue_status(venue, pace):
    made, bearer = million()
    seconds = max(1, round(pace.round_s * 4))
    pairs = []
    with Server("status", database=made) as server:
        header = f"Authorization: Bearer {bearer}"
        for _ in range(pace.rounds):
            pairs.append((one_get_round(server.port, "/livez", server.pid, seconds)[0],
                          one_get_round(server.port, "/api/v1/queue/status", server.pid, seconds, header)[0]))
    made.unlink()
    yield against(f"GET queue/status, {PEOPLE:,} waiting", "requests/s", pairs, 0.7,
                  f"wrk -t1 -c64 -d{seconds}s with an access token; the limit is the small GET of the same rounds")


def serving(venue, pace):
    """One promotion reaches 10,000 connected pages."""
    viewers = 10000
    with database("serving") as (made, db):
        people = add_people(db, pace.rounds + 2)
        db.execute("UPDATE concerts SET opens_at = 0, opened = 1")
        concert = db.execute("SELECT min(id) FROM concerts").fetchone()[0]
    times, frames = [], []
    with Server("serving", database=made, MAX_ACTIVE_USERS="1") as server:
        for _, bearer in people:
            server.ask_http("POST", "/api/v1/queue/join", bearer, {})
        with load("serving", server.port, viewers, concert) as crowd:
            crowd.answer()
            for number, (_, bearer) in enumerate(people[:pace.rounds]):
                time.sleep(1.1)
                begun_us = time.monotonic_ns() // 1000
                server.ask_http("POST", "/api/v1/queue/leave", bearer, {})
                told = crowd.order("admitted", number + 2)
                times.append((told["last_us"] - begun_us) / 1000)
                frames.append(told["frames_most"])
    yield within("one promotion to 10,000 waiting pages", "ms", 1000, times,
                 "from the request that frees a slot to the last page that was told; "
                 f"at most {max(frames)} frames a page and round, a round is more than a second")


# Bookings.

# What POST /booking does for two named seats, in order; nothing of it needs a savepoint. What is done once a batch (the
# concert, the concert's figures) is left out here.
EVENT = "INSERT INTO events(topic, seq, at, kind, payload) VALUES(?13, ?15, ?11, 'seats', ?14)"
BOOK = [
    """SELECT u.id, coalesce(u.username, u.name, ''), u.public_id, u.role = 'staff', s.last_used_at FROM sessions s
       JOIN users u ON u.id = s.user_id WHERE s.id = ?16 AND s.ended_at IS NULL AND u.deleted_at IS NULL""",
    """SELECT k.id, k.public_id, k.concert_id, k.name, k.price, k.seat_type_id, k.total_seats, k.available_seats, coalesce((SELECT
       b.expires_at FROM bookings b WHERE b.user_id = ?3 AND b.category_id + 0 = k.id AND b.status || '' = 'pending'), 0),
       (SELECT count(*) FROM queue_places q WHERE q.concert_id = ?1 AND q.user_id = ?3 AND q.status IN ('waiting', 'active')
       AND q.status || '' = 'active' AND q.slot_until + 0 > ?11), (SELECT public_id FROM users WHERE id = ?3)
       FROM categories k WHERE k.concert_id = ?1 AND k.seat_type_id = (SELECT s.seat_type_id FROM seats s WHERE s.id = ?5
       AND s.hall_id = ?4)""",
    """SELECT id, row, place, row_label, place_label, zone, status FROM seats WHERE id IN (SELECT value FROM
       json_each('[' || ?12 || ']')) AND hall_id + 0 = ?4 AND seat_type_id + 0 = ?8 ORDER BY row, place""",
    "UPDATE categories SET available_seats = available_seats - 2 WHERE id = ?7",
    """UPDATE seats SET status = 1, reserved_by = ?3, updated_at = ?11 WHERE id IN (SELECT value FROM
       json_each('[' || ?12 || ']'))""",
    EVENT,
    """INSERT INTO bookings(public_id, user_id, concert_id, category_id, seats, amount, fee, currency, status,
       payment_status, accepts_other, booked_at, expires_at)
       VALUES(?10, ?3, ?1, ?7, 2, 960000, 0, 'inr', 'pending', 'none', 0, ?11, ?17)""",
    """INSERT INTO booking_seats(booking_id, seat_id) SELECT (SELECT id FROM bookings WHERE public_id = ?10), value
       FROM json_each('[' || ?12 || ']')""",
    """INSERT INTO booking_steps(booking_id, at, status, payment_status, cause) SELECT id, ?11, 'pending', 'none', 'booked'
       FROM bookings WHERE public_id = ?10""",
]


def seats_for_sale(db, hall):
    """Puts the concert with numbered seats into a hall, with a buyer in a slot for each pair of neighbours. Gives the
    concert's public id, the requests and what the same bookings are as values of BOOK."""
    now_ms = int(time.time() * 1000)
    concert, public_id = db.execute("SELECT id, public_id FROM concerts WHERE hall_id IS NOT NULL").fetchone()
    db.execute("UPDATE concerts SET hall_id = ?, opens_at = 0, opened = 1 WHERE id = ?", (hall, concert))
    db.execute("UPDATE seats SET status = 0, reserved_by = NULL WHERE hall_id = ?", (hall,))
    db.execute("DELETE FROM categories WHERE concert_id = ?", (concert,))
    for number, (seat_type, count) in enumerate(db.execute(
            "SELECT seat_type_id, count(*) FROM seats WHERE hall_id = ? GROUP BY 1", (hall,)).fetchall()):
        db.execute("INSERT INTO categories(public_id, concert_id, name, price, seat_type_id, total_seats, available_seats)"
                   " VALUES(?, ?, ?, 480000, ?, ?, ?)",
                   (secrets.token_hex(12), concert, f"Type {number}", seat_type, count, count))
    categories = dict(db.execute("SELECT seat_type_id, id FROM categories WHERE concert_id = ?", (concert,)))
    pairs = []
    for seat_type, category in categories.items():
        seats = [row[0] for row in db.execute("SELECT id FROM seats WHERE hall_id = ? AND seat_type_id = ? ORDER BY id",
                                              (hall, seat_type))]
        pairs += [(a, b, seat_type, category) for a, b in zip(seats[::2], seats[1::2])]
    people = add_people(db, len(pairs))
    db.executemany("INSERT INTO queue_places(concert_id, user_id, rank, entered_at, slot_until, admitted_at, status)"
                   " VALUES(?, ?, ?, ?, ?, ?, 'active')",
                   [(concert, user, user, now_ms, now_ms + DAY_MS, now_ms) for user, _ in people])
    db.execute("UPDATE concerts SET active = ?, admitted = ? WHERE id = ?", (len(people), len(people), concert))
    db.commit()
    sids = dict(db.execute("SELECT user_id, id FROM sessions"))
    requests = [(bearer, json.dumps({"seatIds": [a, b]})) for (_, bearer), (a, b, _, _) in zip(people, pairs)]
    last = db.execute("SELECT coalesce(max(seq), 0) FROM events WHERE topic = ?", (f"hall:{hall}",)).fetchone()[0]
    calls = [(concert, public_id, user, hall, a, b, category, seat_type, "", secrets.token_hex(12), now_ms, f"{a},{b}",
              f"hall:{hall}", json.dumps({"to": "RESERVED", "by": user, "seats": [a, b], "from": ["VACANT", "VACANT"]}),
              last + 1 + at, sids[user], now_ms + 600000)
             for at, ((user, _), (a, b, seat_type, category)) in enumerate(zip(people, pairs))]
    return public_id, requests, calls


def book_seats(venue, pace):
    pairs, batches = [], []
    for _ in range(pace.rounds):
        with database("book") as (made, db):
            concert, requests, calls = seats_for_sale(db, venue.arena.id)
        [(rate, batch, _)], _ = played("book", made, {"MAX_ACTIVE_USERS": str(MAX_ACTIVE), "SLOT_SECONDS": "86400"}, "POST",
                                       f"/api/v1/booking?concertId={concert}", requests, [len(requests)])
        copy_database(made, WORK / "limit.db")
        limit, _ = bare(WORK / "limit.db", script_file("book", BOOK, calls), batch, len(calls))
        batches.append(batch)
        pairs.append((limit, rate))
    yield against("booking two named seats", "bookings/s", pairs, 0.4,
                  f"{CONNECTIONS} connections, a request under way on each; the limit is bare SQLite, same statements, "
                  f"{median(batches):.0f} a commit, synchronous=FULL")


# A whole on-sale.

def on_sale(venue, pace):
    buyers = 100000 if pace.storm_s >= 60 else 10000
    with Server("on_sale", MAX_ACTIVE_USERS="1000") as server:
        environment = {**server.environment(), "LOG_LEVEL": "error"}
        ran = subprocess.run(["taskset", "-c", LOAD_CORE, FOYER, "rehearse", "--buyers", str(buyers)], env=environment,
                             capture_output=True, text=True, timeout=600)
    sold = re.search(r"([0-9]+) of ([0-9]+) tickets sold in ([0-9.]+) s", ran.stdout)
    worst = re.search(r"p99 of ([0-9.]+) ms", ran.stdout)
    if not sold or not worst:
        raise Failed(f"rehearse: {ran.stdout[-300:]}{ran.stderr[-300:]}")
    yield Result(f"on-sale to {buyers:,} buyers at once: tickets sold, none twice", sold.group(2),
                 f"{sold.group(1)} in {sold.group(3)} s", int(sold.group(1)) / int(sold.group(2)) if ran.returncode == 0 else 0,
                 1, "foyer rehearse against the server, buyers who do not think; its checks of the tables all hold")
    yield within(f"on-sale to {buyers:,} buyers at once: p99 of the slowest kind of answer", "ms", 250,
                 [float(worst.group(1))])
