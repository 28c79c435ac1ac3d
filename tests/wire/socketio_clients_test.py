#!/usr/bin/python3
"""Socket.IO with Debian's python3-socketio as its client, with its default settings and over each transport alone, against
build/protocol_server (path in PROTOCOL_SERVER), with one loop and with two."""

import asyncio
import logging
import os
import re
import subprocess
import unittest

import socketio

WAIT_SECONDS = 30
TEXT = ["plain", "é€😀", {"deep": [1, [2, {"three": None}]]}, -0.5, True]


class Clients:
    """The tests; LOOPS is in the subclass."""

    loops = 1

    @classmethod
    def setUpClass(cls):
        program = os.environ.get("PROTOCOL_SERVER", "build/protocol_server")
        environment = dict(os.environ, HOST="127.0.0.1", PORT="0", LOOPS=str(cls.loops),
                           PING_INTERVAL_MS="300", PING_TIMEOUT_MS="5000")
        cls.server = subprocess.Popen([program], env=environment, stdout=subprocess.PIPE, text=True)
        cls.address = re.search(r"http://[\d.]+:\d+", cls.server.stdout.readline()).group()

    @classmethod
    def tearDownClass(cls):
        cls.server.terminate()
        status = cls.server.wait(WAIT_SECONDS)
        cls.server.stdout.close()
        assert status == 0, status

    async def connected(self, heard=("message-back",), name_space="/", wait_timeout=WAIT_SECONDS, **options):
        """A client, and the queue of what it hears of these events."""
        client = socketio.AsyncClient(reconnection=False)
        queue = asyncio.Queue()
        for event in heard:
            client.on(event, lambda *args: queue.put_nowait(list(args)), namespace=name_space)
        await client.connect(self.address, namespaces=[name_space], wait_timeout=wait_timeout, **options)
        return client, queue

    async def next_of(self, queue):
        return await asyncio.wait_for(queue.get(), WAIT_SECONDS)

    async def test_what_is_sent_comes_back_and_is_acknowledged(self):
        for options in ({}, {"transports": ["polling"]}, {"transports": ["websocket"]}):
            with self.subTest(**options):
                client, queue = await self.connected(**options)
                await client.emit("message", tuple(TEXT))
                self.assertEqual(await self.next_of(queue), TEXT)
                self.assertEqual(list(await client.call("message-with-ack", tuple(TEXT))), TEXT)
                await client.emit("message", (b"\x01\x02\xff", {"deep": "é".encode()}))
                self.assertEqual(await self.next_of(queue), [b"\x01\x02\xff", {"deep": "é".encode()}])
                self.assertEqual(await client.call("message-with-ack", b"x"), b"x")
                await client.disconnect()

    async def test_by_default_it_upgrades_and_stays(self):
        client, _ = await self.connected()
        self.assertEqual(client.transport(), "websocket")
        await asyncio.sleep(1.2)  # four heartbeats
        self.assertTrue(client.connected)
        self.assertEqual(await client.call("message-with-ack", 1), 1)
        await client.disconnect()

    async def test_many_events_to_a_client_that_polls_come_in_order(self):
        client, queue = await self.connected(transports=["polling"])
        for number in range(300):
            await client.emit("message", number)
        self.assertEqual([(await self.next_of(queue))[0] for _ in range(300)], list(range(300)))
        await client.disconnect()

    async def test_a_namespace_and_one_that_there_is_not(self):
        client, queue = await self.connected(name_space="/custom")
        await client.emit("message", "here", namespace="/custom")
        self.assertEqual(await self.next_of(queue), ["here"])
        await client.disconnect()
        with self.assertRaises(socketio.exceptions.ConnectionError):
            await self.connected(name_space="/nowhere", wait_timeout=2)  # it waits as long for what was refused

    async def test_what_it_sends_as_auth_is_what_the_server_sees(self):
        client, queue = await self.connected(heard=("auth",), auth={"token": "123"})
        self.assertEqual(await self.next_of(queue), [{"token": "123"}])
        await client.disconnect()


class WithOneLoop(Clients, unittest.IsolatedAsyncioTestCase):
    loops = 1


class WithTwoLoops(Clients, unittest.IsolatedAsyncioTestCase):
    loops = 2


if __name__ == "__main__":
    logging.disable()  # it leaves its polls' sessions unclosed, at length
    unittest.main(warnings="ignore")
