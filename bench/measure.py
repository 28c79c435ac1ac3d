"""How a row is measured and what came of it. `ratio` is always "higher is better"."""
import contextlib
import dataclasses
import os
import re
import sqlite3
import statistics
import subprocess

from venue import LOAD_CORE, Failed, cpu_seconds, limits, need

LOG_BYTES = 33000 * 4096  # to which the log of the server's SQLite grows: LOG_PAGES in src/core/write_back.c


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


def batch_of(server, before):
    """(calls, commits) so far, and calls a commit since `before`; of /metrics."""
    _, _, body = server.get("/metrics")
    figures = dict(re.findall(r"^foyer_store_(calls|commits)\w* ([0-9.e+]+)$", body.decode(), re.M))
    now = float(figures["calls"]), float(figures["commits"])
    return now, max(1, round((now[0] - before[0]) / max(1, now[1] - before[1]))) if before else 1


def fill_log(server):
    """Gives SQLite's log its full size, as it has in a server that has run a while: while the file grows, each commit waits
    for the file system's journal too. What SQLite had no memory for in a transaction that is taken back stands in it."""
    with contextlib.closing(sqlite3.connect(server.database, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        db.execute("CREATE TABLE filling (bytes)")
        db.execute("INSERT INTO filling VALUES(zeroblob(?))", (LOG_BYTES + (8 << 20),))
        db.execute("ROLLBACK")
    with open(f"{server.database}-wal", "rb") as log:
        os.fsync(log.fileno())
        if os.fstat(log.fileno()).st_size < LOG_BYTES:
            raise Failed("SQLite's log could not be filled")


def bare(database, script, batch, calls):
    """(calls a second, CPU µs a call)"""
    with limits("statements", database, script, batch, calls) as limit:
        told = limit.answer(120)
    return told["calls"] / told["seconds"], told["cpu_seconds"] / told["calls"] * 1e6


def wrk(port, path, seconds, header=None):
    """(requests, requests a second) of 64 connections from one thread."""
    need("wrk")
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
