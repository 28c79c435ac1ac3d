"""The database of a Python test's server, as database.mjs has it: a file of SQLite in its folder, or, where FOYER_TEST_POSTGRES
names a PostgreSQL, a copy of that database there, with a Redis beside it."""

import os
import pathlib
import socket
import subprocess
import time

TEMPLATE = os.environ.get("FOYER_TEST_POSTGRES")


class Database:
    """Made empty, but for the tables; `settings` are the server's."""

    def __init__(self, folder):
        self.name = f"wire_{os.getpid()}"
        self.file = pathlib.Path(folder, "foyer.db")
        self.url = f"sqlite:{self.file}"
        if TEMPLATE:
            server, _, of = TEMPLATE.rpartition("/")
            self.main = f"{server}/postgres"
            self.url = f"{server}/{self.name}"
            self._psql(self.main, f"CREATE DATABASE {self.name} TEMPLATE {of} STRATEGY file_copy")
        self.settings = {"DATABASE_URL": self.url, **(self._start_redis(folder) if TEMPLATE else {})}

    def _start_redis(self, folder):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            address = probe.getsockname()
        self.redis = subprocess.Popen(["redis-server", "--bind", address[0], "--port", str(address[1]), "--save", "", "--dir", folder],
                                      stdout=subprocess.DEVNULL)
        while self.redis.poll() is None:
            try:
                socket.create_connection(address).close()
                return {"REDIS_URL": f"redis://{address[0]}:{address[1]}"}
            except ConnectionRefusedError:
                time.sleep(0.01)
        raise RuntimeError("redis-server does not start")

    def run(self, statements):
        """Runs statements beside the server."""
        if TEMPLATE:
            self._psql(self.url, statements)
        else:
            subprocess.run(["sqlite3", "-cmd", ".timeout 60000", self.file, statements], check=True)

    def drop(self):
        if TEMPLATE:
            self._psql(self.main, f"DROP DATABASE {self.name} WITH (FORCE)")
            self.redis.kill()
            self.redis.wait()

    @staticmethod
    def _psql(url, statements):
        subprocess.run(["psql", "-qX", "-v", "ON_ERROR_STOP=1", "-c", statements, url], check=True)
