"""The server under test and the bench's own programs, as processes: started, asked, measured, ended."""
import base64
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import re
import select
import shutil
import socket
import sqlite3
import struct
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = pathlib.Path(os.environ.get("BUILD", ROOT / "build")).resolve()
FOYER = pathlib.Path(os.environ.get("FOYER", BUILD / "foyer")).resolve()
WORK = BUILD / "bench"  # on the disk the build is on: a database in memory would prove nothing
SERVER_CORE, LOAD_CORE = "0", "1"
BOTH_CORES = "0,1"
PATIENCE_S = 60  # no single answer takes longer
SECRETS = {"JWT_SECRET": "bench-bench-bench-bench-bench-12", "COOKIE_SECRET": "bench-bench-bench-bench-bench-34"}
STATUSES = ["VACANT", "RESERVED", "OCCUPIED", "MAINTENANCE"]


class Failed(Exception):
    """A measure could not be taken; says why."""


def need(program):
    """What a row measures with is there."""
    if not shutil.which(program):
        raise Failed(f"{program} is not installed: call tools/install_missing bench")


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


class Process:
    """A program pinned to a core; obeys orders on its standard input, one line of JSON each."""

    def __init__(self, core, *command, env=None, errors=None):
        self.errors = open(errors, "w") if errors else subprocess.DEVNULL
        self.popen = subprocess.Popen(["taskset", "-c", core, *map(str, command)], stdin=subprocess.PIPE, env=env,
                                      stdout=subprocess.PIPE, stderr=self.errors, text=True, bufsize=1)

    def line(self, patience_s=PATIENCE_S):
        """The next line of its output."""
        if not select.select([self.popen.stdout], [], [], patience_s)[0]:
            raise Failed(f"{self.popen.args[3]} said nothing for {patience_s} s")
        line = self.popen.stdout.readline()
        if not line:
            raise Failed(f"{self.popen.args[3]} {self.popen.args[4]} ended: {self.last_words()}")
        return line

    def answer(self, patience_s=PATIENCE_S):
        return json.loads(self.line(patience_s))

    def say(self, *words):
        self.popen.stdin.write(" ".join(map(str, words)) + "\n")

    def order(self, *words):
        self.say(*words)
        return self.answer()

    def move(self, core):
        """All its threads go on on another core."""
        subprocess.run(["taskset", "--all-tasks", "-cp", core, str(self.popen.pid)], check=True, stdout=subprocess.DEVNULL)

    def last_words(self):
        if self.errors is subprocess.DEVNULL:
            return "without a word"
        self.popen.wait()
        return pathlib.Path(self.errors.name).read_text()[-300:].strip()

    def stop(self):
        """Ends it in peace, or at once when it does not listen."""
        if self.popen.stdin:
            self.popen.stdin.close()
        try:
            self.popen.wait(5)
        except subprocess.TimeoutExpired:
            self.popen.terminate()
            try:
                self.popen.wait(10)
            except subprocess.TimeoutExpired:
                self.popen.kill()
                self.popen.wait()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.stop()


def load(*arguments, core=LOAD_CORE):
    """The load generator on its core; see bench/load.h."""
    return Process(core, WORK / "load", *arguments, errors=WORK / f"load_{arguments[0]}.log")


def limits(*arguments):
    """A bare limit on the server's core; see bench/limits_commands.h."""
    return Process(SERVER_CORE, WORK / "limits", *arguments, errors=WORK / f"limits_{arguments[0]}.log")


def cpu_seconds(pid):
    """User and system time that a process has used."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss_bytes(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1)) * 1024


class Server(Process):
    """foyer on a fresh copy of the prepared database, or on the PostgreSQL that a URL names."""

    def __init__(self, name, demo=False, database=WORK / "venue.db", url=None, core=SERVER_CORE, **settings):
        self.port = free_port()
        self.database = WORK / f"{name}.db"
        self.url = url or f"sqlite:{self.database}"
        self.settings = settings
        if not demo and not url:
            if database.stat().st_mtime < FOYER.stat().st_mtime:
                raise Failed(f"{database} was made by an older {FOYER}, whose tables may be others; Venue() makes it anew")
            copy_database(database, self.database)
        super().__init__(core, FOYER, "serve", env=self.environment(demo), errors=WORK / f"{name}.log")
        self.pid = self.popen.pid
        self.wait_ready()

    def environment(self, demo=False):
        return {"PATH": os.environ["PATH"], "HOST": "127.0.0.1", "PORT": str(self.port), "WS_PORT": str(self.port),
                "DATABASE_URL": self.url, "RATE_LIMITS": "off", "LOG_LEVEL": "warn",
                "MAIL_DIR": str(WORK / "mail"), **SECRETS, **self.settings, **({"DEMO": "1"} if demo else {})}

    def wait_ready(self):
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end and self.popen.poll() is None:
            try:
                if self.get("/readyz")[0] == 200:
                    return
            except OSError:
                time.sleep(0.01)
        raise Failed(f"the server did not come up: {self.last_words()}")

    def get(self, path, gzip=False):
        """(status, headers, body as it came over the wire)."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        connection.request("GET", path, headers={"Accept-Encoding": "gzip"} if gzip else {})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()

    def post(self, path, body):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        reply = json.loads(answer.read())
        if reply.get("error"):
            raise Failed(f"{path}: {reply['error']}")
        return reply["data"], answer.headers

    def ask_http(self, method, path, bearer, body):
        """The answer of the tickets door."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        connection.request(method, path, json.dumps(body), {"Content-Type": "application/json",
                                                            "Authorization": f"Bearer {bearer}"})
        answer = connection.getresponse()
        reply = json.loads(answer.read())
        if answer.status != 200:
            raise Failed(f"{method} {path}: {reply}")
        return reply

    def ask(self, message_type, data):
        """The data of the answer to one message on /ws."""
        with load("ask", self.port, message_type, json.dumps(data)) as asking:
            reply = asking.answer()
        if reply.get("error"):
            raise Failed(f"{message_type}: {reply['error']}")
        return reply["data"]

    def stop(self):
        if self.popen.poll() is None:
            self.popen.terminate()
        super().stop()


def totp(secret):
    """The code of this moment (RFC 6238: SHA-1, 30 s, six digits)."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, struct.pack(">Q", int(time.time()) // 30), hashlib.sha1).digest()
    offset = digest[19] & 15
    return f"{(struct.unpack('>I', digest[offset:offset + 4])[0] & 0x7fffffff) % 1000000:06d}"


def sign_up(server, username):
    """A new account with an authenticator; gives the Cookie header of its session."""
    candidate, _ = server.post("/api/user/auth_start", {"username": username})
    secret = candidate["qr_url"].rsplit("secret=", 1)[1]
    _, headers = server.post("/api/user/register", {"username": username, "code": totp(secret)})
    for cookie in headers.get_all("Set-Cookie", []):
        if cookie.startswith("handshake_token="):
            return cookie.split(";", 1)[0]
    raise Failed("the registration set no cookie")


def copy_database(source, target):
    for suffix in ("", "-wal", "-shm"):
        pathlib.Path(f"{target}{suffix}").unlink(missing_ok=True)
    shutil.copyfile(source, target)
    with open(target, "rb") as copied:
        os.fsync(copied.fileno())  # its pages are not to be written back in the middle of a measure


def command(database, *words):
    """Runs a command of foyer on a database."""
    environment = {"PATH": "/usr/bin:/bin", "DATABASE_URL": f"sqlite:{database}", "LOG_LEVEL": "error"}
    ran = subprocess.run([FOYER, *map(str, words)], env=environment, capture_output=True, text=True, timeout=60)
    if ran.returncode != 0:
        raise Failed(f"foyer {words[0]}: {ran.stdout[-200:]}{ran.stderr[-200:]}")


class Hall:
    """A hall of the demo venue, with its seats in a file for the generator."""

    def __init__(self, server, hall_id, seat_count):
        self.id, self.seat_count = hall_id, seat_count
        self.seats_file = WORK / f"hall_{hall_id}.seats"
        seats = sorted(server.ask("hall.subscribe", {"id": hall_id})["seats"], key=lambda seat: seat["id"])
        self.seats_file.write_text("".join(f"{seat['id']} {STATUSES.index(seat['status'])}\n" for seat in seats))


class Venue:
    """What all rows share: a database of the demo halls, one account, and which hall is which."""

    def __init__(self):
        WORK.mkdir(parents=True, exist_ok=True)
        for suffix in ("", "-wal", "-shm"):
            pathlib.Path(f"{WORK / 'made.db'}{suffix}").unlink(missing_ok=True)
        with Server("made", demo=True) as server:
            self.cookie = sign_up(server, "bench")
            sizes = {hall["id"]: sum(hall["seats_count"].values())
                     for cinema in server.ask("cinemas.get_cinemas", None) for hall in cinema["halls"]}
            self.small = self.hall(server, sizes, min(sizes, key=sizes.get))
            self.opera = self.hall(server, sizes, max((i for i in sizes if sizes[i] <= 5000), key=sizes.get))
            self.arena = self.hall(server, sizes, max(sizes, key=sizes.get))
        with sqlite3.connect(WORK / "made.db") as made:
            (WORK / "venue.db").unlink(missing_ok=True)
            made.execute("VACUUM INTO ?", (str(WORK / "venue.db"),))
        made.close()

    @staticmethod
    def hall(server, sizes, hall_id):
        return Hall(server, hall_id, sizes[hall_id])
