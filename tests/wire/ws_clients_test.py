#!/usr/bin/python3
"""The WebSocket side of core/ with Debian's python3-websockets, python3-aiohttp and python3-websocket as its clients,
against build/protocol_server (path in PROTOCOL_SERVER), which echoes every message at /__echo."""

import asyncio
import os
import re
import subprocess
import unittest

import aiohttp
import websocket
import websockets
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory

MESSAGE_BYTES_MAX = 16 * 1024 * 1024
SIZES = [0, 1, 125, 126, 65535, 65536, 1024 * 1024, MESSAGE_BYTES_MAX]
WAIT_SECONDS = 60

server = None
address = ""


def setUpModule():
    """Starts the server and learns its address."""
    global server, address
    program = os.environ.get("PROTOCOL_SERVER", "build/protocol_server")
    environment = dict(os.environ, HOST="127.0.0.1", PORT="0")
    server = subprocess.Popen([program], env=environment, stdout=subprocess.PIPE, text=True)
    address = re.search(r"[\d.]+:\d+", server.stdout.readline()).group() + "/__echo"


def tearDownModule():
    server.terminate()
    server.wait(WAIT_SECONDS)
    server.stdout.close()


def some_bytes(count):
    """Bytes that compress a little, the same every time."""
    pattern = bytes((i * i >> 3) & 0xFF for i in range(4096))
    return (pattern * (count // len(pattern) + 1))[:count]


def some_text(count):
    """Text of `count` bytes in UTF-8, with characters of two and three bytes."""
    text = ('{"id":17,"name":"Партер €"},' * (count // 30 + 1)).encode()[:count].decode(errors="ignore")
    return text + "." * (count - len(text.encode()))


class Websockets(unittest.IsolatedAsyncioTestCase):
    """python3-websockets: strict about everything it receives."""

    def connect(self, deflate):
        return websockets.connect("ws://" + address, compression="deflate" if deflate else None,
                                  max_size=MESSAGE_BYTES_MAX, close_timeout=WAIT_SECONDS)

    async def test_messages_of_any_size_come_back(self):
        for deflate in (False, True):
            async with self.connect(deflate) as socket:
                self.assertEqual(bool(socket.extensions), deflate)
                for size in SIZES:
                    for message in (some_bytes(size), some_text(size)):
                        await socket.send(message)
                        self.assertTrue(await socket.recv() == message, f"{size} bytes, deflate {deflate}")

    async def test_a_message_in_fragments_comes_back_whole(self):
        for deflate in (False, True):
            async with self.connect(deflate) as socket:
                for parts in (["a"], ["Hel", "", "lo"], ["€"] * 1000, ["x" * 5000] * 30):
                    await socket.send(parts)
                    self.assertTrue(await socket.recv() == "".join(parts))

    async def test_pings_are_answered_in_order(self):
        async with self.connect(False) as socket:
            pongs = [await socket.ping(b"p%d" % i) for i in range(100)]
            await asyncio.wait_for(asyncio.gather(*pongs), WAIT_SECONDS)

    async def test_a_close_is_answered_with_its_code(self):
        for code in (1000, 1001, 1011, 3000, 4999):
            socket = await self.connect(False)
            await socket.close(code, "bye")
            self.assertEqual(socket.close_code, code)

    async def test_the_window_that_a_client_asks_for_is_kept_to(self):
        for bits in range(9, 16):
            factory = ClientPerMessageDeflateFactory(server_max_window_bits=bits, client_max_window_bits=bits)
            async with websockets.connect("ws://" + address, compression=None, extensions=[factory]) as socket:
                await socket.send(some_text(200_000))
                self.assertTrue(await socket.recv() == some_text(200_000), f"{bits} bits")

    async def test_a_message_past_the_limit_is_refused(self):
        for deflate in (False, True):
            async with self.connect(deflate) as socket:
                with self.assertRaises(websockets.ConnectionClosed):
                    await socket.send(b"x" * (MESSAGE_BYTES_MAX + 1))
                    await socket.recv()
                self.assertEqual(socket.close_code, 1009)

    async def test_many_at_once_each_get_their_own_echo(self):
        async def talk(i):
            async with self.connect(i % 2 == 0) as socket:
                for turn in range(5):
                    await socket.send(f"{i} in {turn} " * i)
                    self.assertTrue(await socket.recv() == f"{i} in {turn} " * i)
        await asyncio.gather(*(talk(i) for i in range(150)))


class Aiohttp(unittest.IsolatedAsyncioTestCase):
    """python3-aiohttp, with its own codec."""

    async def test_messages_of_any_size_come_back(self):
        async with aiohttp.ClientSession() as session:
            for bits in (0, 15):
                async with session.ws_connect("http://" + address, compress=bits,
                                              max_msg_size=2 * MESSAGE_BYTES_MAX) as socket:
                    self.assertEqual(bool(socket.compress), bits != 0)
                    for size in SIZES:
                        await socket.send_bytes(some_bytes(size))
                        self.assertTrue(await socket.receive_bytes() == some_bytes(size), f"{size} bytes")
                        await socket.send_str(some_text(size))
                        self.assertTrue(await socket.receive_str() == some_text(size), f"{size} bytes")

    async def test_a_close_is_answered_with_its_code(self):
        async with aiohttp.ClientSession() as session:
            socket = await session.ws_connect("http://" + address)
            await socket.close(code=4000)
            self.assertEqual(socket.close_code, 4000)


class WebsocketClient(unittest.TestCase):
    """python3-websocket: blocking, sends what it is told to."""

    def connect(self):
        socket = websocket.create_connection("ws://" + address, timeout=WAIT_SECONDS)
        self.addCleanup(socket.shutdown)
        return socket

    def test_messages_of_any_size_come_back(self):
        socket = self.connect()
        for size in SIZES:
            socket.send_binary(some_bytes(size))
            self.assertTrue(socket.recv() == some_bytes(size), f"{size} bytes")
            socket.send(some_text(size))
            self.assertTrue(socket.recv() == some_text(size), f"{size} bytes")
        socket.close()

    def test_a_ping_between_fragments_is_answered_at_once(self):
        socket = self.connect()
        socket.send_frame(websocket.ABNF.create_frame("Hel", websocket.ABNF.OPCODE_TEXT, 0))
        socket.ping("now")
        opcode, payload = socket.recv_data(control_frame=True)
        self.assertEqual((opcode, bytes(payload)), (websocket.ABNF.OPCODE_PONG, b"now"))
        socket.send_frame(websocket.ABNF.create_frame("lo", websocket.ABNF.OPCODE_CONT, 1))
        self.assertEqual(socket.recv(), "Hello")
        socket.close()

    def close_code_after(self, frame):
        """What the server closes with when it gets the frame."""
        socket = self.connect()
        socket.send_frame(frame)
        opcode, payload = socket.recv_data(control_frame=True)
        self.assertEqual(opcode, websocket.ABNF.OPCODE_CLOSE)
        return int.from_bytes(payload[:2], "big")

    def test_violations_are_answered_with_their_close_code(self):
        frame = websocket.ABNF
        for expected, bad in (
            (1002, frame(1, 0, 1, 0, frame.OPCODE_TEXT, 1, b"x")),
            (1002, frame(1, 0, 0, 0, frame.OPCODE_TEXT, 0, b"x")),
            (1002, frame(1, 0, 0, 0, frame.OPCODE_CONT, 1, b"x")),
            (1002, frame(1, 1, 0, 0, frame.OPCODE_TEXT, 1, b"x")),
            (1002, frame(1, 0, 0, 0, frame.OPCODE_PING, 1, b"x" * 126)),
            (1002, frame(0, 0, 0, 0, frame.OPCODE_PING, 1, b"x")),
            (1002, frame(1, 0, 0, 0, frame.OPCODE_CLOSE, 1, b"\x03")),
            (1007, frame(0, 0, 0, 0, frame.OPCODE_TEXT, 1, b"ab\xff")),
            (1009, frame(1, 0, 0, 0, frame.OPCODE_BINARY, 1, b"x" * (MESSAGE_BYTES_MAX + 1))),
        ):
            with self.subTest(expected=expected, first=bad.opcode):
                self.assertEqual(self.close_code_after(bad), expected)


if __name__ == "__main__":
    unittest.main()
