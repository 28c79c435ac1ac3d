// HTTP/1.1 over raw sockets: what is answered and what is refused, with Node's own server as a witness. What Node
// refuses we refuse; where both accept, both must have understood the same. PROTOCOL_SERVER names our binary.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import http from 'node:http';
import net from 'node:net';
import { after, before, test } from 'node:test';

const BINARY = process.env.PROTOCOL_SERVER ?? new URL('../../build/protocol_server', import.meta.url).pathname;
const LIMIT_MS = 10_000;
const BODY_LIMIT = 1024 * 1024;
const HEAD_LIMIT = 16 * 1024;
const TARGET_LIMIT = 8 * 1024;

let child;
let ours;
let witness;
let witnessPort;

/** Starts our server on a port of its choice. */
async function startOurs() {
  const env = { ...process.env, HOST: '127.0.0.1', PORT: '0' };
  child = spawn(BINARY, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const chunk of child.stdout) {
    const found = /:(\d+)\s*$/.exec(chunk.toString());
    if (found) return Number(found[1]);
  }
  throw new Error('the server ended before it listened');
}

/** Answers as ours does: 200 with the body that came. */
function echo(request, response) {
  const parts = [];
  const answered = new Promise((resolve) => response.on('finish', resolve));
  (request.socket.exchanges ??= []).push({ request, answered });
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    const body = Buffer.concat(parts);
    response.writeHead(200, { 'Content-Length': body.length });
    response.end(body);
  });
  request.on('error', () => {});
}

/**
 * Tells a refusal by 400, behind the answers to the whole requests before it. None is that the client went away in the
 * middle, nor that bytes follow a last message: they are dropped.
 */
async function refuse(error, socket) {
  if (error.code === 'HPE_CLOSED_CONNECTION') return;
  const whole = (socket.exchanges ?? []).filter(({ request }) => request.complete);
  await Promise.all(whole.map(({ answered }) => answered));
  const malformed = error.code?.startsWith('HPE_') && error.code !== 'HPE_INVALID_EOF_STATE';
  if (malformed && socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n');
  else socket.destroy();
}

async function startWitness() {
  witness = http.createServer({ keepAliveTimeout: LIMIT_MS }, echo);
  witness.on('checkContinue', echo).on('checkExpectation', echo).on('clientError', refuse);
  await new Promise((resolve) => witness.listen(0, '127.0.0.1', resolve));
  return witness.address().port;
}

before(async () => {
  ours = await startOurs();
  witnessPort = await startWitness();
});

after(() => {
  child.kill();
  witness.close();
  witness.closeAllConnections();
});

/** Cuts responses apart by their Content-Length. */
function cutResponses(text) {
  const responses = [];
  while (text !== '') {
    const end = text.indexOf('\r\n\r\n');
    assert.notEqual(end, -1, `no head in ${JSON.stringify(text.slice(0, 80))}`);
    const head = text.slice(0, end);
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1]);
    const length = Number(/^content-length: (\d+)$/im.exec(head)?.[1] ?? 0);
    responses.push({ status, head, body: text.slice(end + 4, end + 4 + length) });
    text = text.slice(end + 4 + length);
  }
  return responses;
}

/** Sends the pieces, each as a packet of its own, then says that no more will come, and gives the responses. */
function exchange(port, ...pieces) {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
    let received = '';
    socket.setEncoding('latin1').setTimeout(LIMIT_MS, () => socket.destroy(new Error('no answer in time')));
    socket.on('data', (chunk) => (received += chunk));
    socket.on('error', (error) => (error.code === 'ECONNRESET' || error.code === 'EPIPE' ? undefined : reject(error)));
    socket.on('close', () => resolve(cutResponses(received)));
    for (const piece of pieces) socket.write(Buffer.from(piece, 'latin1'));
    socket.end();
  });
}

const statuses = (responses) => responses.map((response) => response.status).join(' ');
const bodies = (responses) => responses.filter(({ status }) => status === 200).map(({ body }) => body);

/** How many requests were taken before one was refused; Infinity when none was. */
function refusedAfter(responses) {
  const index = responses.findIndex(({ status }) => status >= 400);
  return index === -1 ? Infinity : index;
}

/** Fails where Node refuses and we do not, or where both accept and understood another body. */
function compare(our, nodes, bytes) {
  const told = `${JSON.stringify(bytes)}: we ${statuses(our)}, Node ${statuses(nodes)}`;
  assert.ok(refusedAfter(our) <= refusedAfter(nodes), told);
  const both = Math.min(bodies(our).length, bodies(nodes).length);
  assert.deepEqual(bodies(our).slice(0, both), bodies(nodes).slice(0, both), told);
}

const HOST = 'Host: x\r\n';
const LAST = 'GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
const get = (headers = '') => `GET / HTTP/1.1\r\n${HOST}${headers}\r\n`;
const post = (headers, body) => `POST / HTTP/1.1\r\n${HOST}${headers}\r\n${body}`;
const chunked = (body) => post('Transfer-Encoding: chunked\r\n', body);
const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n';

/** name, bytes, statuses of ours, and bodies of the 200s. */
const accepted = [
  ['two in one packet', get() + LAST, '200 200', ['', '']],
  ['a body by its length', post('Content-Length: 5\r\n', 'hello') + LAST, '200 200', ['hello', '']],
  ['a length behind a tab', post('Content-Length:\t5\r\n', 'hello') + LAST, '200 200', ['hello', '']],
  [
    'a length with a zero before, which is no octal',
    post('Content-Length: 010\r\n', '0123456789') + LAST, '200 200', ['0123456789', ''],
  ],
  [
    'a body of GET',
    `GET / HTTP/1.1\r\n${HOST}Content-Length: ${SMUGGLED.length}\r\n\r\n${SMUGGLED}${LAST}`, '200 200', [SMUGGLED, ''],
  ],
  ['chunks', chunked('5\r\nhello\r\n00A\r\n0123456789\r\n0\r\n\r\n') + LAST, '200 200', ['hello0123456789', '']],
  [
    'a chunk that looks like the end of chunks',
    chunked('5\r\n0\r\n\r\n\r\n0\r\n\r\n') + LAST, '200 200', ['0\r\n\r\n', ''],
  ],
  ['an extension and a trailer', chunked('1;a=b\r\nx\r\n0\r\nA: b\r\n\r\n') + LAST, '200 200', ['x', '']],
  ['empty lines before a request', `\r\n\r\n${get()}\r\n${LAST}`, '200 200', ['', '']],
  ['odd but legal header lines', get('a!#$%&\'*+.^_`|~: \t b \r\nempty:\r\n') + LAST, '200 200', ['', '']],
  ['absolute form', `GET http://x/a HTTP/1.1\r\n${HOST}\r\n${LAST}`, '200 200', ['', '']],
  [
    'absolute form with a user, elsewhere',
    `GET http://a:b@y:1/a HTTP/1.1\r\n${HOST}\r\n${LAST}`, '200 200', ['', ''],
  ],
  ['a fragment', `GET /a#b HTTP/1.1\r\n${HOST}\r\n${LAST}`, '200 200', ['', '']],
  [
    'a coding that is not undone',
    post('Transfer-Encoding: gzip, chunked\r\n', '1\r\nx\r\n0\r\n\r\n') + LAST, '200 200', ['x', ''],
  ],
  ['an escape in an extension', chunked('1;a="\\"\\\\"\r\nx\r\n0\r\n\r\n') + LAST, '200 200', ['x', '']],
  ['OPTIONS of all', `OPTIONS * HTTP/1.1\r\n${HOST}\r\n${LAST}`, '200 200', ['', '']],
  [
    'an upgrade nobody offers',
    post('Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n', 'hi'), '200', ['hi'],
  ],
  ['an old client', 'GET / HTTP/1.0\r\n\r\n', '200', ['']],
  ['bytes behind a last message', `${LAST}${SMUGGLED}`, '200', ['']],
  ['garbage behind a last message', `${LAST}\0\0`, '200', ['']],
];

for (const [name, bytes, wanted, wantedBodies] of accepted) {
  test(`accepted: ${name}`, async () => {
    const our = await exchange(ours, bytes);
    assert.equal(statuses(our), wanted);
    assert.deepEqual(bodies(our), wantedBodies);
    compare(our, await exchange(witnessPort, bytes), bytes);
  });
}

/** What must be answered 400 (or as said) and closed, so that nothing behind it is ever read as a request. */
const refused = [
  // Two ways to tell the length
  ['CL.TE', post('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n')],
  ['TE.CL', post('Transfer-Encoding: chunked\r\nContent-Length: 3\r\n', `1\r\nx\r\n0\r\n\r\n`)],
  ['CL.TE with a length that is none', post('Content-Length: none\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n')],
  ['CL.CL', post('Content-Length: 0\r\nContent-Length: 1\r\n', 'x')],
  ['CL.CL with an empty one', get('Content-Length:\r\nContent-Length: 5\r\n')],
  ['equal lengths', post('Content-Length: 1\r\nContent-Length: 1\r\n', 'x')],
  ['a list of lengths', post('Content-Length: 1,1\r\n', 'x')],
  // Transfer codings
  ...['chunked, chunked', 'chunked, identity', 'chunked, gzip', 'zip, chunked', 'gzip', ',chunked', 'chunked,', 'identity',
    'xchunked',
    'chunke', '"chunked"', 'chunked;q=1', '\x0bchunked', 'chunked\x0c', 'chunked\t', 'chu nked', '', 'chunked\x85',
    '\xa0chunked', 'chunKed\0',
  ].map((value) => [`TE.TE ${JSON.stringify(value)}`, post(`Transfer-Encoding: ${value}\r\n`, '0\r\n\r\n')]),
  ['TE.TE in two lines', post('Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n')],
  ['TE in HTTP/1.0', 'POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  // Lengths that are none
  ...['+1', '-1', '0x1', '1_0', '1e1', '1.0', '1 1', '', ' ', 'a', '1a', '\x0b1', '1\x85', '99999999999999999999',
    '18446744073709551617',
  ].map((value) => [`length ${JSON.stringify(value)}`, post(`Content-Length: ${value}\r\n`, 'x')]),
  // Names
  ...['Content-Length ', 'Content-Length\t', ' Content-Length', '\tContent-Length', 'Content-Length\x85',
    'Content-Length\xa0', 'Content Length', 'Content-Length\0', '\rContent-Length', '', 'A[]', 'A(', 'A\xff',
  ].map((name) => [`name ${JSON.stringify(name)}`, `POST / HTTP/1.1\r\n${name}: 1\r\n${HOST}\r\nx`]),
  ['a header line without a colon', get('Content-Length 1\r\n')],
  ['obs-fold', get('A: b\r\n c\r\n')],
  ['obs-fold of Transfer-Encoding', post('Transfer-Encoding:\r\n chunked\r\n', '0\r\n\r\n')],
  // Line ends and control characters
  ['bare LF behind the request line', `GET / HTTP/1.1\n${HOST}\r\n`],
  ['bare LF behind a header line', get('A: b\n')],
  ['bare LF in a value', get('A: b\nContent-Length: 1\r\n')],
  ['bare LF and LF', `GET / HTTP/1.1\r\nHost: x\n\n${SMUGGLED}`],
  ['bare LF before a request', `\n${get()}`],
  ['bare CR in a value', get('A: b\rContent-Length: 1\r\n')],
  ['bare CR before a name', `GET / HTTP/1.1\r\n${HOST}\rA: b\r\n\r\n`],
  ['bare CR as the empty line', `GET / HTTP/1.1\r\n${HOST}\rZGET /smuggled: HTTP/1.1\r\nHost: x\r\n\r\n`],
  ['NUL in a value', get('A: \0\r\n')],
  ['NUL in Host', `GET / HTTP/1.1\r\nHost: x\0.y\r\n\r\n`],
  ['BEL in a value', get('A: \x07\r\n')],
  // Chunks
  ...['0x1', '+1', '-1', '1_', ' 1', '1 ', '\t1', '1\t', '', 'g', '1g', '10000000000000001', 'fffffffffffffffff',
    '1;', '1;=', '1;a=', '1;a="',
    '1;\n', '1\r', '1\n', '1\r\r', '1\r\r;a', '1 ;a', '1;a\0', '1;a\rb', '1;a\nb',
  ].map((size) => [`chunk size ${JSON.stringify(size)}`, chunked(`${size}\r\nx\r\n0\r\n\r\n`)]),
  ['chunk size that ends in LF', chunked('1\nx\r\n0\r\n\r\n')],
  ['chunk that ends in LF', chunked('1\r\nx\n0\r\n\r\n')],
  ['chunk that ends in CR', chunked('1\r\nx\r0\r\n\r\n')],
  ['chunk that ends in two other bytes', chunked('1\r\nxyz0\r\n\r\n')],
  ['chunk that is longer than it says', chunked('1\r\nxx\r\n0\r\n\r\n')],
  ['empty line between chunks', chunked('1\r\nx\r\n\r\n0\r\n\r\n')],
  ['last chunk that ends in LF', chunked(`0\n\r\n${SMUGGLED}`)],
  ['trailer section that ends in LF', chunked(`0\r\n\n${SMUGGLED}`)],
  ['trailer that is folded', chunked('0\r\nA: b\r\n c\r\n\r\n')],
  ['trailer that tells a length', chunked('0\r\nContent-Length: 5\r\n\r\n')],
  ['trailer that tells a coding', chunked('0\r\nTransfer-Encoding: chunked\r\n\r\n')],
  ['trailer that is a request', chunked(`0\r\n${SMUGGLED}`)],
  // The request line and Host
  ['no Host', 'GET / HTTP/1.1\r\n\r\n'],
  ['no version', `GET / \r\n\r\n`],
  ['HTTP/0.9', 'GET /\r\n\r\n'],
  ['version of two digits', `GET / HTTP/1.10\r\n${HOST}\r\n`],
  ['version 1.32', `GET / HTTP/1.32\r\n${HOST}\r\n`],
  ['version without a name', `GET / XTTP/1.1\r\n${HOST}\r\n`],
  ['two spaces', `GET  / HTTP/1.1\r\n${HOST}\r\n`],
  ['LF between target and version', `GET /\nHTTP/1.1\r\n${HOST}\r\n`],
  ['target that is none', `GET ! HTTP/1.1\r\n${HOST}\r\n`],
  ['method that is none', `G="<>(e),[T] / HTTP/1.1\r\n${HOST}\r\n`],
  ...['get', 'aGET', 'GETS', 'G', 'SLUDGE', '0', 'GET#', 'ANNOUNCE'].map(
    (method) => [`method ${method}`, `${method} / HTTP/1.1\r\n${HOST}\r\n`],
  ),
  ['version 5.6', `GET / HTTP/5.6\r\n${HOST}\r\n`],
  ['bytes before a method', `Extra lineGET / HTTP/1.1\r\n${HOST}\r\n`],
  ['TLS', '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03'],
];

for (const [name, bytes] of refused) {
  test(`refused: ${name}`, async () => {
    const our = await exchange(ours, bytes + LAST);
    assert.equal(statuses(our), '400');
    assert.match(our[0].head, /^connection: close$/im);
    compare(our, await exchange(witnessPort, bytes + LAST), bytes);
  });
}

/** Where we are stricter than Node, or tell it in another status. */
const stricter = [
  ['two Hosts', get('Host: y\r\n'), 400],
  ['two names in Host', 'GET / HTTP/1.1\r\nHost: x, y\r\n\r\n', 400],
  ['an empty coding before chunked', post('Transfer-Encoding: ,chunked\r\n', '0\r\n\r\n'), 400],
  ['an asterisk of GET', `GET * HTTP/1.1\r\n${HOST}\r\n`, 400],
  ['HTTP/2 by its preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 505],
  ['a version of the future', `GET / HTTP/1.2\r\n${HOST}\r\n`, 505],
  ['a target too long', `GET /${'a'.repeat(TARGET_LIMIT)} HTTP/1.1\r\n${HOST}\r\n`, 414],
  ['a head too large', get(`A: ${'a'.repeat(HEAD_LIMIT)}\r\n`), 431],
  ['too many header lines', get('A: b\r\n'.repeat(100)), 431],
  ['a body too large', post(`Content-Length: ${BODY_LIMIT + 1}\r\n`, ''), 413],
  ['a chunk too large', chunked(`${(BODY_LIMIT + 1).toString(16)}\r\n`), 413],
  ['a WebSocket handshake with a body', get('Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 1\r\n'), 400],
];

for (const [name, bytes, status] of stricter) {
  test(`refused with ${status}: ${name}`, async () => {
    assert.equal(statuses(await exchange(ours, bytes + LAST)), String(status));
  });
}

/** Heads that are not whole and that nothing more could make good: a client that waits is told. */
const hopeless = [
  ['a version that is none', 'GET / HTTP/5.6'],
  ['a folded first line', 'GET / HTTP/1.1\r\n A: b'],
  ['a bare CR for the empty line', `GET / HTTP/1.1\r\n${HOST}\rabc`],
  ['two lengths', `POST / HTTP/1.1\r\n${HOST}Content-Length: 1\r\nContent-Length: 2\r\n`],
  ['a length beyond all numbers', `POST / HTTP/1.1\r\n${HOST}Content-Length: 1000000000000000000000\r\n`],
];

for (const [name, bytes] of hopeless) {
  test(`refused before the head is whole: ${name}`, async () => {
    assert.equal(statuses(await exchange(ours, bytes)), '400');
  });
}

test('a request sent byte by byte is the same request', async () => {
  const bytes = chunked('5;a=b\r\nhello\r\n0\r\nA: b\r\n\r\n') + LAST;
  assert.deepEqual(bodies(await exchange(ours, ...bytes)), ['hello', '']);
});

test('a client that has said its last and reads late hears every answer', async () => {
  const body = 'x'.repeat(BODY_LIMIT);
  const requests = post(`Content-Length: ${BODY_LIMIT}\r\n`, body).repeat(12);
  const received = await new Promise((resolve, reject) => {
    const socket = net.connect({ port: ours, host: '127.0.0.1' });
    let count = 0;
    socket.setTimeout(LIMIT_MS, () => socket.destroy(new Error('no answer in time')));
    socket.on('error', reject);
    socket.on('close', () => resolve(count));
    socket.on('finish', () => socket.on('data', (part) => (count += part.length)));
    socket.end(requests);
  });
  assert.ok(received > 12 * BODY_LIMIT, `${received} bytes`);
});

test('a message cut short is never answered', async () => {
  const bytes = post('Content-Length: 5\r\n', 'hello');
  for (let length = 0; length < bytes.length; length++) {
    assert.equal(statuses(await exchange(ours, bytes.slice(0, length))), '');
  }
});

test('a client that waits for 100 Continue is told to', async () => {
  const head = post('Expect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n', '');
  const received = await new Promise((resolve, reject) => {
    const socket = net.connect({ port: ours, host: '127.0.0.1' });
    let text = '';
    socket.setEncoding('latin1').setTimeout(LIMIT_MS, () => socket.destroy(new Error('no answer in time')));
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      if (text === '') socket.write('hi');
      text += chunk;
    });
    socket.on('close', () => resolve(text));
    socket.write(head);
  });
  assert.match(received, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
  assert.ok(received.endsWith('\r\n\r\nhi'));
});

/** Every text that is one byte of `bytes` more, less or other. */
function* mutations(text, bytes) {
  for (let i = 0; i <= text.length; i++) {
    yield text.slice(0, i) + text.slice(i + 1);
    for (const byte of bytes) {
      yield text.slice(0, i) + byte + text.slice(i);
      yield text.slice(0, i) + byte + text.slice(i + 1);
    }
  }
}

const seeds = {
  'a request with a length': 'POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello',
  'a request in chunks': 'POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nA: b\r\n\r\n',
};

for (const [name, seed] of Object.entries(seeds)) {
  test(`one byte off, ${name} is never taken by us alone`, { timeout: 120_000 }, async () => {
    const waiting = mutations(seed, '\0\t\n\r ,:;0\x7f\xff');
    const work = async () => {
      for (const bytes of waiting) {
        const all = `${bytes}\r\n${LAST}`; // the empty line keeps what is left of the body from becoming a method
        compare(...(await Promise.all([exchange(ours, all), exchange(witnessPort, all)])), bytes);
      }
    };
    await Promise.all(Array.from({ length: 16 }, work));
  });
}
