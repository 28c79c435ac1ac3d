"""The database of a Python test's server, as database.mjs has it: a file of SQLite in its folder, or, where FOYER_TEST_POSTGRES
names a PostgreSQL, a copy of that database there."""

import os
import pathlib
import subprocess

TEMPLATE = os.environ.get("FOYER_TEST_POSTGRES")


class Database:
    """Made empty, but for the tables; `url` is for DATABASE_URL."""

    def __init__(self, folder):
        self.name = f"wire_{os.getpid()}"
        self.file = pathlib.Path(folder, "foyer.db")
        self.url = f"sqlite:{self.file}"
        if TEMPLATE:
            server, _, of = TEMPLATE.rpartition("/")
            self.main = f"{server}/postgres"
            self.url = f"{server}/{self.name}"
            self._psql(self.main, f"CREATE DATABASE {self.name} TEMPLATE {of}")

    def run(self, statements):
        """Runs statements beside the server."""
        if TEMPLATE:
            self._psql(self.url, statements)
        else:
            subprocess.run(["sqlite3", "-cmd", ".timeout 60000", self.file, statements], check=True)

    def drop(self):
        if TEMPLATE:
            self._psql(self.main, f"DROP DATABASE {self.name} WITH (FORCE)")

    @staticmethod
    def _psql(url, statements):
        subprocess.run(["psql", "-qX", "-v", "ON_ERROR_STOP=1", "-c", statements, url], check=True)
