"""The rows of the page: what a headless browser loads and draws of a hall (npm ci in tests/page, chromium)."""
import gzip
import json
import re
import subprocess

from measure import Result, within
from venue import ROOT, WORK, Failed, Server, command, copy_database, need


def scripts_of(server):
    """{path: bytes over the wire} of every script of the page that anybody ever fetches: of all its products."""
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


def visits(server, cookie):
    """Three visits to the arena in a browser, as bench/frames.mjs tells of them."""
    for _ in range(3):
        ran = subprocess.run(["node", "bench/frames.mjs", f"http://127.0.0.1:{server.port}", "5", cookie], cwd=ROOT,
                             capture_output=True, text=True, timeout=90)
        if ran.returncode != 0:
            raise Failed(f"bench/frames.mjs: {ran.stderr.strip()[-300:]}")
        yield json.loads(ran.stdout)


def counted(scripts):
    return f"{sum(scripts.values()):,} bytes in {len(scripts)} files"


def page(venue, pace):
    need("chromium")
    if not (ROOT / "tests" / "page" / "node_modules").is_dir():
        raise Failed("tests/page/node_modules is missing: call npm ci in tests/page")
    copy_database(WORK / "venue.db", WORK / "page_made.db")
    command(WORK / "page_made.db", "user", "role", "bench", "staff")
    with Server("page", database=WORK / "page_made.db") as server:
        every = scripts_of(server)
        told = list(visits(server, venue.cookie))
    guest, staff = told[0]["guest_scripts"], told[0]["staff_scripts"]
    yield within("script of a hall's page", "bytes", 90000, [max(sum(guest.values()), sum(staff.values()))],
                 "the bodies, gzip, of the scripts that headless Chromium with an empty cache fetches until no more come: a "
                 f"guest opens the arena, pans and zooms, {counted(guest)}; one of the staff who is signed in opens it, "
                 f"{counted(staff)}; the larger counts; all parts of the page's three products, of which nobody fetches "
                 f"all, {counted(every)}")
    best = max(told, key=lambda one: one["frames_per_second"])
    rate, limit = best["frames_per_second"], min(60, max(one["empty_frames_per_second"] for one in told))
    yield Result("20,000 seats pan and zoom", f"{limit:.1f} frames/s", f"{rate:.1f} frames/s", round(rate / limit, 2), 1,
                 "headless Chromium without a graphics card; the limit is 60 or what the same browser draws of an empty page; "
                 f"script {best['script_ms']:.1f} ms a frame")
