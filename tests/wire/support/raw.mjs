// Bytes by hand: connections without a client library, WebSocket frames that no library would send, and what came back.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';

import { until } from './faults.mjs';

// A TCP connection that keeps what comes in `received`.
export async function openRaw(server, bytes = '') {
  const socket = net.connect(server.port, '127.0.0.1');
  socket.received = Buffer.alloc(0);
  socket.over = false;
  socket.on('data', (more) => {
    if (socket.received.length < 1 << 20) socket.received = Buffer.concat([socket.received, more]);
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    socket.over = true;
  });
  await Promise.race([once(socket, 'connect'), once(socket, 'close')]);
  socket.write(bytes);
  return socket;
}

export const UPGRADE =
  'GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';

// A raw connection that has become a WebSocket; `received` begins after the 101.
export async function openRawSocket(server, headers = '') {
  const socket = await openRaw(server, `${UPGRADE}${headers}\r\n`);
  await until(() => socket.received.includes('\r\n\r\n'), 'the 101');
  assert.match(socket.received.toString('latin1'), /^HTTP\/1.1 101 /);
  socket.received = socket.received.subarray(socket.received.indexOf('\r\n\r\n') + 4);
  return socket;
}

// A frame as a client sends it, masked with zeros. `bits`: FIN and the reserved bits.
export function frameOf(opcode, payload, { bits = 0x80, length = payload.length, mask = true } = {}) {
  const masked = mask ? 0x80 : 0;
  const head = Buffer.alloc(length < 126 ? 2 : length < 65536 ? 4 : 10);
  head[0] = bits | opcode;
  head[1] = masked | (length < 126 ? length : length < 65536 ? 126 : 127);
  if (head.length === 4) head.writeUInt16BE(length, 2);
  if (head.length === 10) head.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([head, mask ? Buffer.alloc(4) : Buffer.alloc(0), payload]);
}

// The code of the close frame at the end of what was received; null when there is none.
export function closeCodeIn(received) {
  for (let at = 0; at + 2 <= received.length;) {
    let length = received[at + 1] & 127;
    let head = 2;
    if (length === 126) {
      length = received.readUInt16BE(at + 2);
      head = 4;
    } else if (length === 127) {
      length = Number(received.readBigUInt64BE(at + 2));
      head = 10;
    }
    if ((received[at] & 15) === 8) return length >= 2 ? received.readUInt16BE(at + head) : 1005;
    at += head + length;
  }
  return null;
}
