"""The rows of the table: each function takes its measure and yields results. `ratio` is always "higher is better"."""
import contextlib
import dataclasses
import gzip
import json
import pathlib
import re
import shutil
import sqlite3
import statistics
import subprocess
import time

from venue import (FOYER, LOAD_CORE, ROOT, SECRETS, SERVER_CORE, WORK, Failed, Process, Server, copy_database, cpu_seconds,
                   free_port, limits, load, rss_bytes)


LOG_BYTES = 4000 * 4096  # where the server's SQLite begins its log anew: wal_autocheckpoint in src/core/db.c


@dataclasses.dataclass
class Result:
    work: str
    limit: str  # what the machine or the other program did; "-" where the bar is absolute
    ours: str
    ratio: float
    bar: float
    how: str = ""

    @property
    def ok(self):
        return round(self.ratio, 2) >= self.bar


@dataclasses.dataclass
class Pace:
    """How long and how often to measure."""
    rounds: int
    round_s: float
    storm_s: int


def median(values):
    return statistics.median(list(values))


def per_second(answer, what):
    return answer[what] / answer["seconds"]


def against(work, unit, pairs, bar, how):
    """A result from (limit, ours) pairs taken in turn: the best round of each, as what disturbs a round only slows it."""
    limit, ours = max(p[0] for p in pairs), max(p[1] for p in pairs)
    return Result(work, f"{limit:,.0f} {unit}", f"{ours:,.0f} {unit}", ours / limit, bar, how)


def within(work, unit, most, values, how=""):
    """A result for something of which there should be little: the median of the rounds against an absolute bar."""
    ours = median(values)
    return Result(work, f"{most:,} {unit}", f"{ours:,.3g} {unit}" if ours < 100 else f"{ours:,.0f} {unit}",
                  most / max(ours, 1e-9), 1, how)


# Fan-out.

def warm_log(server, venue):
    """Changes seats of another hall until SQLite's log has its full size, as it has in a server that has run a while:
    while the file grows, each commit waits for the file system's journal too."""
    with load("durable", server.port, 8, 32, venue.arena.id, venue.arena.seats_file, venue.cookie) as changes:
        changes.answer()
        for _ in range(60):
            if pathlib.Path(f"{server.database}-wal").stat().st_size >= LOG_BYTES:
                return
            changes.order("round", 200)


def fanout_rounds(venue, pace, hall, viewers, bursts):
    """Rounds of the generator against the server and against the bare loop, in turn, for each size of burst. Gives
    {burst: [(bare sends a second, our round)]} and the bytes of a frame of one change."""
    round_ms = int(pace.round_s * 1000)
    taken = {burst: [] for burst in bursts}
    with Server("fanout") as server, limits("send", 0, viewers) as sender, \
            load("fanout", server.port, viewers, hall.id, hall.seats_file, venue.cookie) as ours, \
            load("bare", sender.line().strip(), viewers) as bare:
        ours.answer(), bare.answer()
        warm_log(server, venue)
        ours.order("beat")
        frame_bytes = round(ours.order("round", 300, 0, 1)["frame_bytes"])
        bare.order("round", 300, frame_bytes, 1)
        for number in range(pace.rounds * len(bursts)):
            burst = bursts[number % len(bursts)]
            ours.order("beat")
            our_round = ours.order("round", round_ms, 0, burst)
            if our_round["seats"] < our_round["updates"] * viewers * burst:
                raise Failed(f"of {our_round['updates'] * viewers * burst} seat changes {our_round['seats']} were seen")
            taken[burst].append((per_second(bare.order("round", round_ms, frame_bytes, 1), "frames"), our_round))
    return taken, frame_bytes


def fanout(viewers):
    def row(venue, pace):
        taken, frame_bytes = fanout_rounds(venue, pace, venue.small, viewers, [1])
        yield against(f"one update at a time to {viewers:,} viewers", "deliveries/s",
                      [(bare, per_second(ours, "frames")) for bare, ours in taken[1]], 0.92,
                      f"closed loop: a seat is changed, all viewers have the update ({frame_bytes} bytes), next; the limit "
                      "is a loop of send() of as many bytes to as many sockets, in the same closed loop")
    return row


def bursts(venue, pace):
    taken, frame_bytes = fanout_rounds(venue, pace, venue.opera, 1000, [32])
    frames = median(ours["frames"] / ours["updates"] / 1000 for _, ours in taken[32])
    yield against("bursts of 32 changes to 1,000 viewers", "messages/s",
                  [(bare, per_second(ours, "seats")) for bare, ours in taken[32]], 15,
                  f"seat changes seen by viewers, closed loop; {frames:.2f} frames a viewer and burst; the limit is the bare "
                  f"loop of send() of {frame_bytes} bytes, the size of one change")


# The storm.

def storm(venue, pace):
    rate, viewers, json_viewers, writers = 10000, 1000, 20, 10
    with Server("storm") as server:
        with load("storm", server.port, viewers, json_viewers, writers, rate, pace.storm_s, venue.opera.id,
                  venue.opera.seats_file, venue.cookie) as generator:
            before = cpu_seconds(server.pid)
            told = generator.answer(pace.storm_s + 60)
            cores = (cpu_seconds(server.pid) - before) / pace.storm_s
    how = (f"{writers} writers on the clock, {viewers} viewers ({json_viewers} of them JSON, the others binary), hall of "
           f"{venue.opera.seat_count} seats, {pace.storm_s} s; the server used {cores:.0%} of its core")
    name = f"storm, {rate:,} changes/s, 1,000 viewers: "
    yield Result(name + "acknowledged", f"{rate * pace.storm_s:,}", f"{told['acked']:,} in {told['seconds']:.2f} s",
                 told["acked"] / (rate * max(told["seconds"], pace.storm_s)), 1, how)
    wrong = max(told["wrong"], told["behind"]) + told["gaps"] + told["untimed"]
    yield Result(name + "viewers that end wrong", "0", f"{wrong} ({told['snapshots']} fresh pictures)",
                 0 if wrong else 1, 1, "each viewer's picture against a fresh one and the acknowledged changes")
    yield within(name + "frames a viewer", "in any second", 50, [told["frames_most"]], "the most in any second")
    yield within(name + "p99 to screen", "ms", 100, [told["p99_ms"]],
                 f"from sending a change to its receipt, all changes and viewers; median {told['p50_ms']} ms, most "
                 f"{told['most_ms']} ms")


# Durable changes.

def batch_size(server, before):
    """Calls a commit since `before`, and the figures now, from /metrics; None when it tells nothing of that."""
    status, _, body = server.get("/metrics")
    figures = dict(re.findall(r"^foyer_store_(calls|commits)\w* ([0-9.e+]+)$", body.decode(), re.M)) if status == 200 else {}
    if len(figures) < 2:
        return None, None
    now = {name: float(figures[name]) for name in figures}
    if before is None or now["commits"] == before["commits"]:
        return None, now
    return (now["calls"] - before["calls"]) / (now["commits"] - before["commits"]), now


def durable(venue, pace):
    sockets, in_flight = 8, 32
    pairs, batches = [], []
    round_ms = int(pace.round_s * 1500)
    copy_database(WORK / "venue.db", WORK / "limit.db")
    with Server("durable") as server, load("durable", server.port, sockets, in_flight, venue.opera.id,
                                           venue.opera.seats_file, venue.cookie) as ours:
        ours.answer()
        ours.order("round", 300)
        figures = batch_size(server, None)[1]
        for _ in range(pace.rounds):
            our_round = ours.order("round", round_ms)
            batch, figures = batch_size(server, figures)
            batches.append(round(batch or sockets * in_flight))
            with limits("sqlite", WORK / "limit.db", batches[-1], round_ms, venue.opera.id, venue.opera.seats_file) as bare:
                pairs.append((per_second(bare.answer(), "changes"), per_second(our_round, "changes")))
    yield against("durable hall.update_seat_status", "changes/s", pairs, 0.5,
                  f"{sockets} sockets with {in_flight} changes in flight each; the limit is bare SQLite, same statements, "
                  f"{median(batches):.0f} changes a commit, synchronous=FULL")


# Memory.

def memory(venue, pace):
    viewers = 10000
    with Server("memory") as server:
        server.ask("hall.subscribe", {"id": venue.small.id})
        before = rss_bytes(server.pid)
        with load("idle", server.port, viewers, venue.small.id) as crowd:
            crowd.answer()
            time.sleep(3)  # its buffers are given back
            with_crowd = rss_bytes(server.pid)
    each = (with_crowd - before) / viewers
    yield within("memory of an idle viewer", "bytes", 1024, [each],
                 f"VmRSS {before / 1e6:.1f} MB before and {with_crowd / 1e6:.1f} MB with {viewers:,} subscribed viewers")


# HTTP.

NGINX = """daemon off; worker_processes 1; pid {work}/nginx.pid; error_log {work}/nginx.error.log crit;
events {{ worker_connections 1024; }}
http {{ access_log off; keepalive_requests 1000000000; default_type application/json;
  client_body_temp_path {work}/nginx; proxy_temp_path {work}/nginx; fastcgi_temp_path {work}/nginx;
  uwsgi_temp_path {work}/nginx; scgi_temp_path {work}/nginx;
  server {{ listen 127.0.0.1:{port}; location / {{ return 200 '{{"status":"ok"}}'; }} }} }}
"""


def wrk(port, path, seconds, header=None):
    """(requests, requests a second) of 64 connections from one thread."""
    shown = ["-H", header] if header else []
    told = subprocess.run(["taskset", "-c", LOAD_CORE, "wrk", "-t1", "-c64", f"-d{seconds}s", *shown,
                           f"http://127.0.0.1:{port}{path}"], capture_output=True, text=True, timeout=seconds + 30)
    requests = re.search(r"(\d+) requests in", told.stdout)
    rate = re.search(r"Requests/sec:\s+([0-9.]+)", told.stdout)
    if not requests or not rate or "Non-2xx" in told.stdout or "Socket errors" in told.stdout:
        raise Failed(f"wrk: {told.stdout[-200:]}{told.stderr[-200:]}")
    return int(requests.group(1)), float(rate.group(1))


def one_get_round(port, path, pid, seconds, header=None):
    """(requests a second, CPU microseconds a request)."""
    before = cpu_seconds(pid)
    requests, rate = wrk(port, path, seconds, header)
    return rate, (cpu_seconds(pid) - before) * 1e6 / requests


def http_get(venue, pace):
    nginx_port = free_port()
    (WORK / "nginx").mkdir(exist_ok=True)
    config = WORK / "nginx.conf"
    config.write_text(NGINX.format(work=WORK, port=nginx_port))
    seconds = max(1, round(pace.round_s * 4))
    taken = []
    with Server("http") as server, Process(SERVER_CORE, "nginx", "-e", WORK / "nginx.error.log", "-c", config) as nginx:
        time.sleep(0.3)
        pid = nginx.popen.pid
        worker = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0]
        for _ in range(pace.rounds):
            taken.append((one_get_round(nginx_port, "/", worker, seconds),
                          one_get_round(server.port, "/livez", server.pid, seconds)))
        nginx.popen.terminate()
    yield against("GET over keep-alive", "requests/s", [(bare[0], ours[0]) for bare, ours in taken], 1,
                  f"wrk -t1 -c64 -d{seconds}s on /livez; the limit is nginx with one worker answering return 200")
    cost = [(bare[1], ours[1]) for bare, ours in taken]
    bare, ours = min(c[0] for c in cost), min(c[1] for c in cost)
    yield Result("GET over keep-alive, CPU a request", f"{bare:.2f} µs", f"{ours:.2f} µs", bare / ours, 1,
                 "user and system time of the process over its requests; the limit is nginx in the same rounds")


# Subscriptions to a large hall.

def subscribe(venue, pace):
    firsts, json_firsts, crowds = [], [], []
    for _ in range(pace.rounds):
        for form, firsts_of_form in (("binary", firsts), ("json", json_firsts)):
            with Server("subscribe") as server:
                with load("subscribe", server.port, venue.arena.id, form) as one:
                    firsts_of_form.append(one.answer()["milliseconds"])
                if form == "binary":
                    with load("crowd", server.port, venue.arena.id, 2000) as crowd:
                        crowds.append(crowd.answer()["milliseconds"])
    seats = f"{venue.arena.seat_count:,} seats"
    yield within(f"first subscription to {seats}", "ms", 5, firsts,
                 f"right after the start, from sending to the whole binary picture; as JSON {median(json_firsts):.1f} ms")
    yield within(f"2,000 subscriptions to {seats} at once", "ms", 1000, crowds, "until the last has its whole picture")


# The start.

def command(database, *words):
    """Runs a command of foyer on a database."""
    environment = {"PATH": "/usr/bin:/bin", "DATABASE_URL": f"sqlite:{database}", "LOG_LEVEL": "error"}
    ran = subprocess.run([FOYER, *map(str, words)], env=environment, capture_output=True, text=True, timeout=60)
    if ran.returncode != 0:
        raise Failed(f"foyer {words[0]}: {ran.stdout[-200:]}{ran.stderr[-200:]}")


def fill_seats(database, arena, seats):
    """Imports the arena under other names until the database holds so many seats; gives how many."""
    def count():
        with contextlib.closing(sqlite3.connect(database)) as db:
            return db.execute("SELECT count(*) FROM seats").fetchone()[0]
    plan = WORK / "arena.json"
    command(database, "export", arena.id, plan)
    for number in range((max(0, seats - count()) + arena.seat_count - 1) // arena.seat_count):
        command(database, "import", plan, "--cinema", "Bench", "--hall", f"Arena {number + 2}")
    return count()


def start(venue, pace):
    ready, picture = [], []
    copy_database(WORK / "venue.db", WORK / "start.db")
    seats = fill_seats(WORK / "start.db", venue.arena, 100000)
    for _ in range(max(5, pace.rounds)):
        port = free_port()
        environment = {"PATH": "/usr/bin:/bin", "HOST": "127.0.0.1", "PORT": str(port), "WS_PORT": str(port),
                       "DATABASE_URL": f"sqlite:{WORK / 'start.db'}", "LOG_LEVEL": "error",
                       **SECRETS}
        with Process(LOAD_CORE, WORK / "load", "start", port, venue.small.id, SERVER_CORE, FOYER, "serve",
                     env=environment, errors=WORK / "load_start.log") as starting:
            told = starting.answer()
        ready.append(told["ready_ms"])
        picture.append(told["picture_ms"])
    yield within("start to the first answer", "ms", 150, picture,
                 f"{seats:,} seats; from fork to the first hall.subscribe answered; /readyz answered 200 after "
                 f"{median(ready):.1f} ms")


# The page.

def scripts_of(server):
    """{path: bytes over the wire} of every script that the page loads, at once or later."""
    status, _, body = server.get("/")
    if status != 200:
        raise Failed(f"GET / answers {status}")
    waiting = re.findall(r'(?:src|href)="(/?[^"]+\.m?js)"', body.decode())
    sizes = {}
    while waiting:
        path = "/" + waiting.pop().removeprefix("./").lstrip("/")
        if path in sizes:
            continue
        status, headers, body = server.get(path, gzip=True)
        if status != 200:
            raise Failed(f"GET {path} answers {status}")
        sizes[path] = len(body)
        text = (gzip.decompress(body) if headers.get("Content-Encoding") == "gzip" else body).decode()
        folder = path.rsplit("/", 1)[0]
        waiting += [f"{folder}/{name}" for name in re.findall(r'["\'`]\./([\w.-]+\.m?js)["\'`]', text)]
    return sizes


def page(venue, pace):
    with Server("page") as server:
        sizes = scripts_of(server)
    if not sizes:
        raise Failed("the page names no script")
    yield within("script of the page", "bytes", 90000, [sum(sizes.values())], f"{len(sizes)} files, gzip, over the wire")
    yield frames(pace)


def frames(pace):
    """Frames a second of the page, where there is a browser to draw them (npm ci in tests/page, chromium)."""
    if not (ROOT / "tests" / "page" / "node_modules").is_dir() or not shutil.which("chromium"):
        raise Failed("no browser: ./test page installs what it needs")
    told = []
    with Server("page_frames") as server:
        for _ in range(3):
            out = subprocess.run(["node", "bench/frames.mjs", f"http://127.0.0.1:{server.port}", "5"], cwd=ROOT, check=True,
                                 capture_output=True, text=True, timeout=60).stdout
            told.append(json.loads(out))
    best = max(told, key=lambda one: one["frames_per_second"])
    rate = best["frames_per_second"]
    return Result("20,000 seats pan and zoom", "60 frames/s", f"{rate:.1f} frames/s", round(rate / 60, 2), 1,
                  f"headless Chromium without a graphics card; script {best['script_ms']:.1f} ms a frame")


import box_office  # noqa: E402  (they take their measures from above)
import messenger  # noqa: E402
import sockets  # noqa: E402

ROWS = {
    "fanout_1000": fanout(1000),
    "fanout_10000": fanout(10000),
    "bursts_1000": bursts,
    "storm": storm,
    "durable": durable,
    "memory": memory,
    "http_get": http_get,
    "subscribe_20000": subscribe,
    "start": start,
    "page": page,
    "queue_line": box_office.queue_line,
    "queue_status": box_office.queue_status,
    "queue_join": box_office.queue_join,
    "serving": box_office.serving,
    "book_seats": box_office.book_seats,
    "on_sale": box_office.on_sale,
    "messages_send": messenger.messages_send,
    "messages_million": messenger.messages_million,
    "events_1000": sockets.events(1000),
    "events_10000": sockets.events(10000),
    "socket_memory": sockets.memory,
    "crowd": sockets.crowd,
}
