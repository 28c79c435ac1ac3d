// The seats door over HTTP (seats contract, 2.1 to 2.3): addresses, envelopes, statuses, origins and limits.
import assert from 'node:assert/strict';
import net from 'node:net';
import { after, before, describe, test } from 'node:test';

import { Browser, Line, Person, startFoyer, WAIT_MS } from './support/foyer.mjs';

const BODY_BYTES_MAX = 100 * 1024;
const JSON_TYPE = { 'Content-Type': 'application/json' };
const LISTED = 'https://hall.example';
const METHODS = ['status', 'auth_start', 'auth_reset', 'register', 'login', 'logout', 'save_recovery_phrase', 'recovery_phrase'];

let foyer;

before(async () => {
  foyer = await startFoyer({ ALLOWED_ORIGINS: `https://other.example, ${LISTED}` });
});
after(() => foyer.end());

const post = (path, body, headers = JSON_TYPE) => foyer.request({ method: 'POST', path, body, headers });
const errorBody = (code) => `{"error":"${code}","data":null,"status":"error"}`;

function assertError(answer, status, code) {
  assert.equal(answer.text, errorBody(code));
  assert.equal(answer.status, status);
  assert.match(answer.headers['content-type'], /^application\/json/);
}

/** A request that could not be read may be any door's: its answer holds the envelope of all of them. */
function assertRefused(text, code) {
  const { status, data, error } = JSON.parse(text);
  assert.equal(status, 'error');
  assert.equal(data, null);
  if (code === undefined) assert.equal(typeof error, 'string');
  else assert.equal(error, code);
}

/** Sends bytes as they are, and gives all that came until the server closed. */
function raw(bytes) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(foyer.port, '127.0.0.1');
    let text = '';
    socket.setTimeout(WAIT_MS, () => socket.destroy(new Error('no answer in time')));
    socket.on('data', (part) => (text += part)).on('error', reject).on('close', () => resolve(text));
    socket.end(bytes);
  });
}

describe('addresses', () => {
  for (const path of ['/api/user/status', '/api//user/status', '/api/user/status?cookie=1']) {
    test(`${path} is a method`, async () => {
      const answer = await post(path);
      assert.equal(answer.status, 200);
      assert.match(answer.headers['content-type'], /^application\/json/);
      assert.equal(answer.text, '{"data":{"status":"guest"},"status":"success","error":null}');
    });
  }

  for (const path of ['/api///user/status', '/api////user/status', '/api/user/nothing', '/api//user/cinemas.get_cinemas']) {
    test(`${path} is unknown, in the words of the messenger`, async () => {
      const answer = await post(path);
      assert.equal(answer.status, 404);
      assert.deepEqual(answer.json(), { statusCode: 404, message: `Cannot POST ${path}`, error: 'Not Found' });
    });
  }

  for (const method of METHODS) {
    test(`user.${method} is a POST and nothing else`, async () => {
      for (const verb of ['GET', 'PUT', 'DELETE']) {
        assertError(await foyer.request({ method: verb, path: `/api/user/${method}` }), 404, 'RouteNotFound');
      }
      assert.notEqual((await post(`/api/user/${method}`)).json().error, 'RouteNotFound');
    });
  }
});

describe('bodies', () => {
  test('a success has its keys in order, an error too, with status 200', async () => {
    const start = await post('/api//user/auth_start', '{"username":"in_order"}');
    assert.equal(start.status, 200);
    assert.match(
      start.text,
      /^\{"data":\{"qr_url":"otpauth:[^"]+","username":"in_order","status":"candidate"\},"status":"success","error":null\}$/,
    );
    assertError(await post('/api//user/auth_start', '{"username":"in_order"}'), 200, 'RegistrationInProgress');
  });

  for (const body of ['{', '{"username":}', '"username"', '{"username":"abc"', '{"username":"a\u0001c"}', '['.repeat(5000)]) {
    test(`a body that is not JSON is InvalidRequest: ${JSON.stringify(body.slice(0, 24))}`, async () => {
      assertError(await post('/api/user/auth_start', body), 400, 'InvalidRequest');
    });
  }

  for (const body of [undefined, '', ' \r\n', '{}', '{"username":null}', '{"username":7}', '{"username":["abc"]}']) {
    test(`a body without a username is InvalidUsername: ${JSON.stringify(body)}`, async () => {
      assertError(await post('/api/user/auth_start', body), 200, 'InvalidUsername');
    });
  }

  test('the kind of body need not be named', async () => {
    assertError(await post('/api/user/login', '{"username":"nobody","code":"123456"}', {}), 200, 'UserNotFound');
  });

  test('a body of 100 KiB is read, one byte more is MessageTooLarge', async () => {
    const padded = (bytes) => `{"username":"x"${' '.repeat(bytes - 16)}}`;
    assert.equal(padded(BODY_BYTES_MAX).length, BODY_BYTES_MAX);
    assertError(await post('/api/user/auth_start', padded(BODY_BYTES_MAX)), 200, 'InvalidUsername');
    const tooLarge = await post('/api/user/auth_start', padded(BODY_BYTES_MAX + 1));
    assert.equal(tooLarge.status, 413);
    assertRefused(tooLarge.text, 'MessageTooLarge');
  });

  test('too large a body in chunks is MessageTooLarge as well', async () => {
    const chunk = `4000\r\n${'x'.repeat(0x4000)}\r\n`;
    const answer = await raw(
      `POST /api/user/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${chunk.repeat(8)}0\r\n\r\n`,
    );
    assert.match(answer, /^HTTP\/1\.1 413 /);
    assertRefused(answer.slice(answer.indexOf('\r\n\r\n') + 4), 'MessageTooLarge');
  });

  const MALFORMED = [
    ['no Host', 'POST /api/user/status HTTP/1.1\r\n\r\n', 400],
    ['two lengths', 'POST /api/user/status HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n', 400],
    ['a length that is no number', 'POST /api/user/status HTTP/1.1\r\nHost: x\r\nContent-Length: one\r\n\r\n', 400],
    ['a header line without a colon', 'POST /api/user/status HTTP/1.1\r\nHost: x\r\nnothing\r\n\r\n', 400],
    ['too long an address', `POST /api/user/status?${'x'.repeat(9000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 414],
    ['too long a head', `POST /api/user/status HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(17000)}\r\n\r\n`, 431],
  ];
  for (const [what, bytes, status] of MALFORMED) {
    test(`a request with ${what} is answered ${status} with JSON`, async () => {
      const answer = await raw(bytes);
      assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `));
      assert.match(answer, /\r\nContent-Type: application\/json/i);
      assertRefused(answer.slice(answer.indexOf('\r\n\r\n') + 4));
    });
  }

  test('a business error is 200, one about the sign-in 401', async () => {
    assertError(await post('/api/user/login', '{"username":"nobody","code":"123456"}'), 200, 'UserNotFound');
    assertError(await post('/api/user/logout'), 401, 'Unauthorized');
    assertError(await post('/api/user/save_recovery_phrase', '{"phrase":"a phrase of many words"}'), 401, 'Unauthorized');
  });

  test('answers follow one another on one connection', async () => {
    const one = 'POST /api//user/status HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n';
    const last = one.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n');
    const bodies = (await raw(one.repeat(9) + last)).match(/\{"data":\{"status":"guest"\},"status":"success","error":null\}/g);
    assert.equal(bodies.length, 10);
  });
});

describe('origins', () => {
  const ALLOWED = ['http://localhost:5173', 'http://localhost', 'https://127.0.0.1:8443', LISTED];
  const FOREIGN = ['http://localhost.example', 'http://notlocalhost:3000', 'https://example.com', 'null', 'http://127.0.0.1.example'];

  for (const origin of ALLOWED) {
    test(`${origin} is echoed, with credentials, also beside an error`, async () => {
      for (const [path, body] of [['/api//user/status'], ['/api//user/logout'], ['/api/user/login', '{'], ['/api/user/login', ' '.repeat(200_000)]]) {
        const { headers } = await post(path, body, { ...JSON_TYPE, Origin: origin });
        assert.equal(headers['access-control-allow-origin'], origin);
        assert.equal(headers['access-control-allow-credentials'], 'true');
        assert.equal(headers['access-control-expose-headers'], 'Set-Cookie');
        assert.match(headers.vary, /\bOrigin\b/);
      }
    });

    test(`${origin} may open a socket`, async () => {
      const line = await Line.open(foyer, { headers: { Origin: origin } });
      await line.close();
    });
  }

  test('a page of others signs nobody in', async () => {
    const person = await Person.signUp(foyer);
    const asked = JSON.stringify({ username: person.username, code: person.nextCode() });
    const of = (origin) => post('/api/user/login', asked, { ...JSON_TYPE, Origin: origin });
    for (const origin of FOREIGN) {
      const answer = await of(origin);
      assertError(answer, 403, 'Forbidden');
      assert.equal(answer.headers['set-cookie'], undefined);
    }
    assert.match(`${(await of(LISTED)).headers['set-cookie']}`, /^handshake_token=/, 'the code was not used up');
  });

  for (const origin of FOREIGN) {
    test(`${origin} is not named in answers`, async () => {
      for (const method of ['POST', 'OPTIONS']) {
        const { headers } = await foyer.request({ method, path: '/api//user/status', headers: { Origin: origin } });
        assert.equal(headers['access-control-allow-origin'], undefined);
        assert.equal(headers['access-control-allow-credentials'], undefined);
      }
    });

    test(`${origin} may not open a socket: 403`, async () => {
      await assert.rejects(Line.open(foyer, { headers: { Origin: origin } }), /403/);
    });
  }

  test('an allowed origin is echoed on every path, and no other', async () => {
    const line = await Line.open(foyer);
    const [{ halls: [hall] }] = (await line.ask('cinemas.get_cinemas')).data;
    await line.close();
    const plan = `/plan/${hall.id}/${hall.plan}`;
    const zip = { 'Accept-Encoding': 'gzip' };
    const asked = [
      ['GET', '/livez'], ['GET', '/readyz'], ['GET', '/metrics'], ['GET', '/'], ['GET', '/ws'], ['GET', '/no/such.file'],
      ['POST', '/nothing'], ['GET', plan], ['GET', plan, zip], ['GET', plan, zip], ['GET', '/plan/1/0123456789abcdef'],
      ['GET', '/plan/x'],
    ];
    for (const [method, path, more] of asked) {
      for (const [origin, echoed] of [[LISTED, LISTED], ['https://example.com', undefined]]) {
        const { headers } = await foyer.request({ method, path, headers: { ...more, Origin: origin } });
        assert.equal(headers['access-control-allow-origin'], echoed, `${method} ${path}`);
        assert.equal(headers['access-control-allow-credentials'], echoed && 'true', `${method} ${path}`);
      }
    }
  });

  test('an origin has the right to be asked for before: 204', async () => {
    const answer = await foyer.request({
      method: 'OPTIONS', path: '/api//user/login',
      headers: { Origin: LISTED, 'Access-Control-Request-Method': 'POST', 'Access-Control-Request-Headers': 'content-type' },
    });
    assert.equal(answer.status, 204);
    assert.equal(answer.text, '');
    assert.equal(answer.headers['access-control-allow-origin'], LISTED);
    assert.equal(answer.headers['access-control-allow-credentials'], 'true');
    assert.equal(answer.headers['access-control-allow-methods'], 'GET,POST,OPTIONS');
    assert.equal(answer.headers['access-control-allow-headers'], 'Content-Type');
  });

  test('without the demo, localhost is no more than another origin', async () => {
    const strict = await startFoyer({ DEMO: '0', ALLOWED_ORIGINS: LISTED, PUBLIC_URL: 'https://seats.example/' });
    const allowed = async (origin) => {
      const { headers } = await strict.request({ method: 'POST', path: '/api/user/status', headers: { Origin: origin } });
      return headers['access-control-allow-origin'];
    };
    assert.equal(await allowed('http://localhost:5173'), undefined);
    assert.equal(await allowed(LISTED), LISTED);
    assert.equal(await allowed('https://seats.example'), 'https://seats.example');
    await strict.end();
  });
});

describe('ports', () => {
  /** A port that nobody has at this moment. */
  async function freePort() {
    const server = net.createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address();
    await new Promise((resolve) => server.close(resolve));
    return port;
  }

  test('WS_PORT is a second listener with the same handlers', async () => {
    const port = await freePort();
    const two = await startFoyer({ WS_PORT: String(port) });
    assert.notEqual(two.port, port);
    const person = await Person.signUp(two);
    const status = await two.request({ method: 'POST', path: '/api//user/status', port, headers: person.browser.headers });
    assert.equal(status.json().data.username, person.username);
    const line = await person.line({ port });
    assert.equal((await line.ask('user.subscribe')).data.username, person.username);
    await line.close();
    await two.end();
  });

  test('WS_PORT equal to PORT is one listener', async () => {
    const port = String(await freePort());
    const one = await startFoyer({ PORT: port, WS_PORT: port });
    assert.equal(String(one.port), port);
    const line = await new Browser(one).line();
    await line.close();
    await one.end();
  });
});

describe('sockets', () => {
  test('a handshake of no version that we speak is told which one we do', async () => {
    const handshake = (line) => 'GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${line}\r\n`;
    for (const line of ['', 'Sec-WebSocket-Version: 12\r\n', 'Sec-WebSocket-Version: 130\r\n']) {
      assert.match(await raw(handshake(line)), /^HTTP\/1\.1 426 [^]*\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n/);
    }
    assert.match(await raw(handshake('Sec-WebSocket-Version: 13\r\n')), /^HTTP\/1\.1 101 /);
  });

  for (const path of ['/ws', '/', '/any/where', '/api/user/status', '/api//user/status', '/api/v1/x', '/readyz', '/ws?x=1']) {
    test(`${path} can be upgraded`, async () => {
      const line = await Line.open(foyer, { path });
      assert.equal((await line.ask('user.subscribe')).status, 'snapshot');
      await line.close();
    });
  }

  test('a name of HTTP does not work on the socket', async () => {
    const line = await Line.open(foyer);
    for (const method of METHODS) assert.equal((await line.ask(`user.${method}`)).error, 'UnknownMessageType');
    await line.close();
  });
});
