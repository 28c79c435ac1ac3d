"""The rows of the live halls, and of the server by itself."""
import contextlib
import pathlib
import sqlite3
import time

from measure import Result, against, batch_of, fill_log, median, one_get_round, per_second, within
from venue import (FOYER, LOAD_CORE, SECRETS, SERVER_CORE, WORK, Failed, Process, Server, command, copy_database, cpu_seconds, free_port,
                   limits, load, need, rss_bytes)


# Fan-out.

def fanout_rounds(venue, pace, hall, viewers, bursts):
    """Rounds of the generator against the server and against the bare loop, in turn, for each size of burst. Gives
    {burst: [(bare sends a second, our round)]} and the bytes of a frame of one change."""
    round_ms = int(pace.round_s * 1000)
    taken = {burst: [] for burst in bursts}
    with Server("fanout") as server, limits("send", 0, viewers) as sender, \
            load("fanout", server.port, viewers, hall.id, hall.seats_file, venue.cookie) as ours, \
            load("bare", sender.line().strip(), viewers) as bare:
        ours.answer(), bare.answer()
        fill_log(server)
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

def durable(venue, pace):
    sockets, in_flight = 8, 32
    pairs, batches = [], []
    round_ms = int(pace.round_s * 1500)
    copy_database(WORK / "venue.db", WORK / "limit.db")
    with Server("durable") as server, load("durable", server.port, sockets, in_flight, venue.opera.id,
                                           venue.opera.seats_file, venue.cookie) as ours:
        ours.answer()
        fill_log(server)
        ours.order("round", 300)
        figures, _ = batch_of(server, None)
        for _ in range(pace.rounds):
            our_round = ours.order("round", round_ms)
            figures, batch = batch_of(server, figures)
            batches.append(batch)
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


def worker_of(pid):
    """The worker of an nginx, once it has one."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        if children:
            return children[0]
        time.sleep(0.01)
    raise Failed(f"nginx has no worker: {(WORK / 'nginx.error.log').read_text()[-200:]}")


def http_get(venue, pace):
    need("nginx")
    nginx_port = free_port()
    (WORK / "nginx").mkdir(exist_ok=True)
    config = WORK / "nginx.conf"
    config.write_text(NGINX.format(work=WORK, port=nginx_port))
    seconds = max(1, round(pace.round_s * 4))
    taken = []
    with Server("http") as server, Process(SERVER_CORE, "nginx", "-e", WORK / "nginx.error.log", "-c", config) as nginx:
        worker = worker_of(nginx.popen.pid)
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
