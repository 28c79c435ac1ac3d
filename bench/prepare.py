"""What rows prepare for the server: databases, people in them, requests, and the same work as bare SQL."""
import base64
import contextlib
import hashlib
import hmac
import json
import secrets
import sqlite3
import time

from venue import SECRETS, WORK, copy_database


@contextlib.contextmanager
def database(name):
    """(its file, a connection) of a copy of the venue to be filled; what was done is committed at the end."""
    file = WORK / f"{name}_made.db"
    copy_database(WORK / "venue.db", file)
    with contextlib.closing(sqlite3.connect(file)) as db:
        yield file, db
        db.commit()
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def token(public_id, sid, now_s):
    """An access token of the tickets door."""
    head = base64url(b'{"alg":"HS256","typ":"JWT"}')
    claims = base64url(json.dumps({"userId": public_id, "sid": sid, "typ": "access", "iat": now_s, "exp": now_s + 86400},
                                  separators=(",", ":")).encode())
    signature = hmac.new(SECRETS["JWT_SECRET"].encode(), head + b"." + claims, hashlib.sha256).digest()
    return (head + b"." + claims + b"." + base64url(signature)).decode()


def add_people(db, count):
    """So many accounts with a session each: [(id, token)]."""
    now_ms = int(time.time() * 1000)
    first = db.execute("SELECT coalesce(max(id), 0) + 1 FROM users").fetchone()[0]
    people = [(first + i, secrets.token_hex(12), secrets.token_urlsafe(18)) for i in range(count)]
    db.executemany("INSERT INTO users(id, public_id, email, name, email_confirmed_at, created_at, updated_at)"
                   " VALUES(?, ?, ?, 'Bench', ?, ?, ?)",
                   [(user, public_id, f"{public_id}@bench.invalid", now_ms, now_ms, now_ms) for user, public_id, _ in people])
    db.executemany("INSERT INTO sessions(id, user_id, door, agent, ip, created_at, last_used_at)"
                   " VALUES(?, ?, 'tickets', 'bench', '127.0.0.1', ?, ?)",
                   [(sid, user, now_ms, now_ms) for user, _, sid in people])
    return [(user, token(public_id, sid, now_ms // 1000)) for user, public_id, sid in people]


def requests_file(name, requests):
    """Prepared requests, as bench/requests.c reads them: (method, path, bearer, body) each."""
    file = WORK / f"{name}.requests"
    with open(file, "wb") as out:
        for method, path, bearer, body in requests:
            request = (f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {bearer}\r\n"
                       f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}").encode()
            out.write(b"%d\n%s" % (len(request), request))
    return file


def script_file(name, statements, calls):
    """What bench/limit_statements.c does."""
    file = WORK / f"{name}.script"

    def value(it):
        return "~" if it is None else f"#{it}" if isinstance(it, int) else it
    with open(file, "w") as out:
        out.write("".join(" ".join(statement.split()) + "\n" for statement in statements) + "\n")
        out.writelines("\t".join(map(value, call)) + "\n" for call in calls)
    return file
