// Accounts at the tickets door, as its app and a stranger's script see them.
import assert from 'node:assert/strict';
import net from 'node:net';
import { after, before, test } from 'node:test';

import { Line, claimsOf as claimsOfCookie, forgeCookie } from './support/foyer.mjs';
import { PASSWORD, api, claimsOf, codeFor, refused, signIn, signUp, startTickets } from './support/tickets.mjs';

let server;
let foyer;
before(async () => {
  server = await startTickets({ LOOPS: '2' });
  ({ foyer } = server);
});
after(() => server.end());

test('a sign-up mails a code, and the code makes the account', async () => {
  const email = 'anna@example.com';
  const begun = await api(foyer, 'POST', '/auth/signup/email', { body: { email: ' Anna@Example.com', password: PASSWORD, name: 'Anna' } });
  assert.equal(begun.status, 200, begun.text);
  assert.deepEqual(begun.json, { message: 'Otp sent to email for verification' });
  refused(await signIn(foyer, email), 400, 'invalid_credentials', 'Invalid email or password'); // not proved yet
  const wrong = codeFor(server.mails, email) === '000000' ? '000001' : '000000';
  refused(await api(foyer, 'POST', '/auth/verify-otp', { body: { email, otp: wrong } }), 400, 'otp_invalid', 'Invalid OTP');
  const proved = await api(foyer, 'POST', '/auth/verify-otp', { body: { email, otp: codeFor(server.mails, email) } });
  assert.deepEqual(Object.keys(proved.json), ['accessToken', 'refreshToken']);
  refused(await api(foyer, 'POST', '/auth/verify-otp', { body: { email, otp: codeFor(server.mails, email) } }), 400, 'otp_invalid');
  refused(await api(foyer, 'POST', '/auth/signup/email', { body: { email, password: PASSWORD } }), 400, 'user_exists',
    'User already exists with this email');
});

test('a token says what the contract says', async () => {
  const { accessToken, refreshToken } = await signUp(server, 'claims@example.com');
  const access = claimsOf(accessToken);
  const refresh = claimsOf(refreshToken);
  assert.match(access.userId, /^[0-9a-f]{24}$/);
  assert.equal(access.exp - access.iat, 9 * 3600);
  assert.equal(refresh.exp - refresh.iat, 7 * 24 * 3600);
  assert.deepEqual([access.typ, refresh.typ], ['access', 'refresh']);
  assert.equal(access.sid, refresh.sid);
  assert.equal(access.userId, refresh.userId);
  assert.ok(refresh.jti);
});

test('five wrong codes take the code away', async () => {
  const email = 'guesser@example.com';
  await api(foyer, 'POST', '/auth/signup/email', { body: { email, password: PASSWORD } });
  const right = codeFor(server.mails, email);
  for (let i = 0; i < 5; i++) {
    const otp = String((Number(right) + 1 + i) % 1_000_000).padStart(6, '0');
    refused(await api(foyer, 'POST', '/auth/verify-otp', { body: { email, otp } }), 400, 'otp_invalid');
  }
  refused(await api(foyer, 'POST', '/auth/verify-otp', { body: { email, otp: right } }), 400, 'otp_invalid');
  await api(foyer, 'POST', '/auth/signup/email', { body: { email, password: PASSWORD } });
});

test('signing in shows the account without its hash', async () => {
  const email = 'shown@example.com';
  await signUp(server, email, { name: 'Shown' });
  const { status, json } = await signIn(foyer, ' SHOWN@example.com ');
  assert.equal(status, 200);
  assert.deepEqual(Object.keys(json), ['accessToken', 'refreshToken', 'user']);
  assert.deepEqual(Object.keys(json.user), ['id', 'email', 'createdAt', 'updatedAt', 'profile']);
  assert.equal(json.user.email, email);
  assert.deepEqual(json.user.profile, { name: 'Shown' });
  assert.match(json.user.createdAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  refused(await signIn(foyer, email, { password: 'another password' }), 400, 'invalid_credentials');
  refused(await signIn(foyer, 'nobody@example.com'), 400, 'invalid_credentials');
});

test('wrong passwords of one account are counted, whether it exists or not', async () => {
  for (const email of ['locked@example.com', 'unknown@example.com']) {
    for (let i = 0; i < 5; i++) refused(await signIn(foyer, email), 400, 'invalid_credentials');
    const over = await signIn(foyer, email);
    refused(over, 429, 'too_many_login_attempts');
    assert.ok(Number(over.headers['retry-after']) > 0);
  }
});

test('what is not valid is said in a sentence', async () => {
  const sign = (body) => api(foyer, 'POST', '/auth/signup/email', { body });
  refused(await sign({ email: 'x', password: PASSWORD }), 400, 'validation_error', 'email must be an e-mail address.');
  refused(await sign({ email: 'x@example.com', password: 'short' }), 400, 'validation_error', 'password must have 8 to 255 characters.');
  refused(await api(foyer, 'POST', '/auth/verify-otp', { body: { email: 'x@example.com', otp: '12345' } }), 400,
    'validation_error', 'otp must have exactly 6 characters.');
  refused(await api(foyer, 'POST', '/auth/refresh', { body: {} }), 400, 'validation_error');
});

test('refreshing rotates both tokens, with grace for two tabs at once', async () => {
  const first = await signUp(server, 'rotate@example.com');
  const refresh = (refreshToken) => api(foyer, 'POST', '/auth/refresh', { body: { refreshToken } });
  const second = (await refresh(first.refreshToken)).json;
  assert.deepEqual(Object.keys(second), ['accessToken', 'refreshToken']);
  assert.notEqual(second.refreshToken, first.refreshToken);
  assert.equal((await refresh(first.refreshToken)).json.refreshToken, second.refreshToken);
  const third = (await refresh(second.refreshToken)).json;
  // The first is older than the one that was superseded: somebody else has it.
  refused(await refresh(first.refreshToken), 401, 'invalid_refresh_token', 'Invalid refresh token');
  refused(await refresh(third.refreshToken), 401, 'invalid_refresh_token');
  refused(await api(foyer, 'GET', '/account', { token: third.accessToken }), 401, 'invalid_token', 'Invalid token');
  refused(await refresh(first.accessToken), 401, 'invalid_refresh_token');
});

test('an access token is no refresh token, and the other way', async () => {
  const { refreshToken } = await signUp(server, 'types@example.com');
  refused(await api(foyer, 'GET', '/account', { token: refreshToken }), 401, 'invalid_token');
});

test('signing out ends the session at once', async () => {
  const { accessToken, refreshToken } = await signUp(server, 'leaver@example.com');
  assert.equal((await api(foyer, 'GET', '/account', { token: accessToken })).status, 200); // it is known now
  const left = await api(foyer, 'POST', '/auth/logout', { token: accessToken });
  assert.deepEqual([left.status, left.json], [200, { message: 'Logout successful' }]);
  refused(await api(foyer, 'GET', '/account', { token: accessToken }), 401, 'invalid_token');
  refused(await api(foyer, 'POST', '/auth/refresh', { body: { refreshToken } }), 401, 'invalid_refresh_token');
  refused(await api(foyer, 'POST', '/auth/logout'), 401, 'unauthorized', 'Unauthorized');
});

test('a page of others signs nobody in by cookie', async () => {
  const email = 'login-csrf@example.com';
  await signUp(server, email, {});
  const { json, headers } = await signIn(foyer, email, {
    query: '?cookie=1',
    headers: { Origin: 'https://evil.example' },
  });
  assert.equal(headers['set-cookie'], undefined);
  assert.deepEqual(Object.keys(json), ['accessToken', 'refreshToken', 'user']);
});

test('a bearer token is meant, whatever cookie a browser adds', async () => {
  const origin = { Origin: `http://127.0.0.1:${foyer.port}` };
  await signUp(server, 'cookie-owner@example.com');
  const { headers } = await signIn(foyer, 'cookie-owner@example.com', { query: '?cookie=1', headers: origin });
  const Cookie = headers['set-cookie'].find((line) => line.startsWith('handshake_token=')).split(';')[0];
  const { accessToken: token } = await signUp(server, 'bearer@example.com');
  const emailWith = async (cookie) => (await api(foyer, 'GET', '/account', { token, headers: { Cookie: cookie, ...origin } })).json.email;
  assert.equal(await emailWith(Cookie), 'bearer@example.com');
  assert.equal(await emailWith('handshake_token=x'), 'bearer@example.com');
  const dialogs = { method: 'GET', path: '/api/dialog', headers: { Cookie, Authorization: `Bearer ${token}`, ...origin } };
  assert.equal((await foyer.request(dialogs)).status, 200);
  assert.equal((await api(foyer, 'POST', '/auth/logout', { headers: { Cookie, ...origin } })).status, 200);
  assert.equal(await emailWith(Cookie), 'bearer@example.com');
  assert.equal((await foyer.request(dialogs)).status, 200);
});

test('with cookie=1 the session is a cookie, and every door takes it', async () => {
  const email = 'cookie@example.com';
  await signUp(server, email, { name: 'Cookie Monster' });
  const origin = { Origin: `http://127.0.0.1:${foyer.port}` };
  const { json, headers } = await signIn(foyer, email, { query: '?cookie=1', headers: origin });
  assert.deepEqual(Object.keys(json), ['user']);
  const cookie = headers['set-cookie'].find((line) => line.startsWith('handshake_token=')).split(';')[0];
  assert.equal((await api(foyer, 'GET', '/account', { headers: { Cookie: cookie, ...origin } })).json.email, email);
  const foreign = { Cookie: cookie, Origin: 'https://evil.example' };
  refused(await api(foyer, 'GET', '/account', { headers: foreign }), 401, 'unauthorized');
  const status = await foyer.request({ method: 'POST', path: '/api/user/status', headers: { Cookie: cookie } });
  assert.deepEqual(status.json().data, { username: 'Cookie Monster', status: 'user', role: 'visitor' });
  const line = await Line.open(foyer, { headers: { Cookie: cookie } });
  const { data } = await line.ask('user.subscribe');
  assert.equal(data.username, 'Cookie Monster');
  const out = await api(foyer, 'POST', '/auth/logout', { headers: { Cookie: cookie, ...origin } });
  assert.match(out.headers['set-cookie'].join(), /handshake_token=; Path=\//);
  assert.equal((await line.closed).code, 4401);
});

test('a cookie past half of its life is given anew for the same session, and its sockets follow', async () => {
  const email = 'renewed@example.com';
  await signUp(server, email, { name: 'Renewed' });
  const origin = { Origin: `http://127.0.0.1:${foyer.port}` };
  const { headers } = await signIn(foyer, email, { query: '?cookie=1', headers: origin });
  const cookieIn = (lines = []) => lines.find((line) => line.startsWith('handshake_token='))?.split(';')[0];
  const fresh = cookieIn(headers['set-cookie']);
  const renew = (cookie) => api(foyer, 'POST', '/auth/renew', { headers: { Cookie: `${cookie}; ss_client=renewed`, ...origin } });
  const early = await renew(fresh);
  assert.equal(cookieIn(early.headers['set-cookie']), undefined);
  const claims = claimsOfCookie(fresh.slice('handshake_token='.length));
  assert.equal(Date.parse(early.json.expiresAt), claims.exp * 1000);

  const ending = (seconds) => `handshake_token=${forgeCookie({ ...claims, exp: Math.floor(Date.now() / 1000) + seconds })}`;
  const old = ending(2 * 24 * 3600);
  const line = await Line.open(foyer, { headers: { Cookie: `${old}; ss_client=renewed` } });
  assert.equal((await line.ask('user.subscribe', null, 'me')).data.username, 'Renewed');
  const late = await renew(old);
  assert.equal(late.status, 200, late.text);
  const anew = claimsOfCookie(cookieIn(late.headers['set-cookie']).slice('handshake_token='.length));
  assert.equal(anew.sid, claims.sid);
  assert.ok(anew.exp - Date.now() / 1000 > 4.9 * 24 * 3600);
  assert.equal(Math.floor(Date.parse(late.json.expiresAt) / 1000), anew.exp);
  assert.equal((await line.update('me')).data.username, 'Renewed');
  await line.close();
  assert.equal((await renew(ending(-1))).status, 401);
});

test('a bearer token opens a socket, and revoking its session closes it at once', async () => {
  const email = 'revoked@example.com';
  const { accessToken } = await signUp(server, email);
  const kept = await Line.open(foyer, { headers: { Authorization: `Bearer ${accessToken}` } });
  assert.equal((await kept.ask('account.subscribe', null, 'mine')).status, 'snapshot');
  const sessions = async () => (await api(foyer, 'GET', '/account/sessions', { token: accessToken })).json;
  const revoke = (path = '') => api(foyer, 'DELETE', `/account/sessions${path}`, { token: accessToken });
  const took = { one: [], all: [] };
  for (let round = 0; round < 3; round++) {
    const others = [];
    for (let i = 0; i < 3; i++) {
      const { json } = await signIn(foyer, email);
      others.push({ token: json.accessToken, line: await Line.open(foyer, { headers: { Authorization: `Bearer ${json.accessToken}` } }) });
    }
    assert.deepEqual((await sessions()).map(({ current }) => current).sort(), [false, false, false, true]);

    const { sid } = claimsOf(others[0].token);
    let begin = Date.now();
    assert.deepEqual((await revoke(`/${sid}`)).json, { success: true });
    assert.equal((await others[0].line.closed).code, 4401);
    took.one.push(Date.now() - begin);
    refused(await api(foyer, 'GET', '/account', { token: others[0].token }), 401, 'invalid_token');
    assert.deepEqual((await kept.update('mine')).data, { what: 'sessions' });
    refused(await revoke(`/${sid}`), 404, 'session_not_found');

    begin = Date.now();
    await revoke();
    const codes = await Promise.all(others.slice(1).map(({ line }) => line.closed));
    took.all.push(Date.now() - begin);
    assert.deepEqual(codes.map(({ code }) => code), [4401, 4401]);
    assert.equal((await sessions()).length, 1);
    assert.deepEqual((await kept.update('mine')).data, { what: 'sessions' });
  }
  // A machine that is busy with other tests lets one of them wait.
  for (const [what, times] of Object.entries(took)) assert.ok(Math.min(...times) < 100, `${what}: ${times} ms`);
  await kept.close();
});

test("another's session cannot be ended", async () => {
  const mine = await signUp(server, 'mine@example.com');
  const theirs = await signUp(server, 'theirs@example.com');
  const { sid } = claimsOf(theirs.accessToken);
  refused(await api(foyer, 'DELETE', `/account/sessions/${sid}`, { token: mine.accessToken }), 404, 'session_not_found');
  assert.equal((await api(foyer, 'GET', '/account', { token: theirs.accessToken })).status, 200);
});

test('a guest may not watch an account', async () => {
  const line = await Line.open(foyer);
  assert.equal((await line.ask('account.subscribe')).error, 'Unauthorized');
  await line.close();
});

test('name and language can be changed', async () => {
  const { accessToken: token } = await signUp(server, 'changer@example.com');
  const changed = await api(foyer, 'PATCH', '/account', { token, body: { name: 'Anna K.', language: 'ru' } });
  assert.deepEqual([changed.json.name, changed.json.language], ['Anna K.', 'ru']);
  assert.deepEqual((await api(foyer, 'GET', '/account', { token })).json, changed.json);
  refused(await api(foyer, 'PATCH', '/account', { token, body: { language: 'xx' } }), 400, 'validation_error');
});

test('who signed up by e-mail is made staff by it', async () => {
  const { accessToken: token } = await signUp(server, 'usher@example.com');
  foyer.command('user', 'role', 'Usher@Example.com', 'staff');
  assert.equal((await api(foyer, 'GET', '/account', { token })).json.role, 'staff');
  assert.throws(() => foyer.command('user', 'role', 'nobody@example.com', 'staff'), /There is nobody called nobody@example\.com/);
});

test('a code that cannot be mailed is an answer', async () => {
  const { foyer: unlucky, end } = await startTickets({ SMTP_URL: 'smtp://127.0.0.1:1' });
  const begin = Date.now();
  const body = { email: 'anna@example.com', password: PASSWORD };
  // Who goes away while it waits is missed by nobody.
  const socket = net.connect(unlucky.port, '127.0.0.1');
  const text = JSON.stringify({ ...body, email: 'leaver@example.com' });
  socket.end(`POST /api/v1/auth/signup/email HTTP/1.1\r\nHost: a\r\nContent-Length: ${text.length}\r\n\r\n${text}`, () => socket.destroy());
  refused(await api(unlucky, 'POST', '/auth/signup/email', { body }), 400, 'email_failed', 'Email sending failed');
  assert.ok(Date.now() - begin < 15_000);
  await end();
});
