#!/usr/bin/python3
"""The messenger's sockets with Debian's python3-socketio, with its default settings and over each transport alone, against
build/foyer (path in FOYER). Accounts and sessions are put into the database as a sign-in leaves them."""

import asyncio
import base64
import hashlib
import hmac
import json
import logging
import os
import re
import subprocess
import tempfile
import time
import unittest
import urllib.parse
import urllib.request

import socketio

from support.database import Database

WAIT_SECONDS = 60
SECRET = "the key of the tokens"
TRANSPORTS = ({}, {"transports": ["polling"]}, {"transports": ["websocket"]})


def part(value):
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def token_of(user_id):
    """The access token of the session `session-N` of a person."""
    claims = {"userID": user_id, "sid": f"session-{user_id}", "typ": "access", "exp": int(time.time()) + 3600}
    signed = ".".join(part(json.dumps(value).encode()) for value in ({"alg": "HS256", "typ": "JWT"}, claims))
    return f"{signed}.{part(hmac.digest(SECRET.encode(), signed.encode(), hashlib.sha256))}"


class MessengerSocket(unittest.IsolatedAsyncioTestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.database = Database(cls.folder.name)
        environment = dict(os.environ, HOST="127.0.0.1", PORT="0", WS_PORT="0", LOOPS="2", JWT_SECRET=SECRET, LOG_LEVEL="warn",
                           **cls.database.settings)
        program = os.path.abspath(os.environ.get("FOYER", "build/foyer"))
        cls.server = subprocess.Popen([program, "serve"], cwd=cls.folder.name, env=environment, stdout=subprocess.PIPE, text=True)
        cls.port = int(re.search(r":(\d+)$", cls.server.stdout.readline().strip()).group(1))
        cls.address = f"http://127.0.0.1:{cls.port}"
        for user_id, name in enumerate(("anna", "bert"), 1):
            cls.database.run("INSERT INTO users(id, username, public_id, created_at, updated_at)"
                             f" VALUES({user_id}, '{name}', '{user_id:024}', 0, 0);"
                             "INSERT INTO sessions(id, user_id, door, agent, ip, created_at, last_used_at)"
                             f" VALUES('session-{user_id}', {user_id}, 'messenger', '', '', {int(time.time() * 1000)}, 0)")

    @classmethod
    def tearDownClass(cls):
        cls.server.terminate()
        status = cls.server.wait(WAIT_SECONDS)
        cls.server.stdout.close()
        cls.database.drop()
        cls.folder.cleanup()
        assert status == 0, status

    async def client(self, token, **options):
        """A client that has asked to be let in, and the queue of what it hears."""
        client = socketio.AsyncClient(reconnection=False)
        queue = asyncio.Queue()
        for event in ("user:connect_success", "user:invalid_token", "user:new_message", "exception"):
            client.on(event, lambda *args, event=event: queue.put_nowait((event, *args[:1])))
        query = urllib.parse.urlencode({"authorization": f"Bearer {token}", "os": "Linux/unknown", "browser": "python/3"})
        await client.connect(f"{self.address}?{query}", wait_timeout=WAIT_SECONDS, **options)
        await client.emit("user:connect")
        return client, queue

    async def next_of(self, queue):
        return await asyncio.wait_for(queue.get(), WAIT_SECONDS)

    def write(self, sender, receiver, message):
        headers = {"Authorization": f"Bearer {token_of(sender)}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.address}/api/message/{receiver}", headers=headers,
                                         data=json.dumps({"message": message}).encode())
        with urllib.request.urlopen(request, timeout=WAIT_SECONDS) as answer:
            return json.load(answer)["data"]

    async def test_it_is_let_in_and_hears_what_is_written(self):
        for options in TRANSPORTS:
            with self.subTest(**options):
                client, queue = await self.client(token_of(2), **options)
                self.assertEqual((await self.next_of(queue))[0], "user:connect_success")
                sent = await asyncio.to_thread(self.write, 1, 2, "héllo 😀")
                self.assertEqual(await self.next_of(queue), ("user:new_message", sent))
                await client.disconnect()

    async def test_it_is_told_when_it_is_nobody(self):
        client, queue = await self.client("a.b.c")
        self.assertEqual((await self.next_of(queue))[0], "user:invalid_token")
        self.assertEqual(await self.next_of(queue), ("exception", {"status": "error", "message": "Forbidden resource"}))
        self.assertTrue(client.connected)
        await client.disconnect()


if __name__ == "__main__":
    logging.disable()  # it leaves its polls' sessions unclosed, at length
    unittest.main(warnings="ignore")
