// Accounts and sessions at the messenger door (messenger contract, 1.1 to 1.3), with the mails read from the folder.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import { JWT_SECRET, Line, WAIT_MS } from './support/foyer.mjs';
import { parseMail, sql } from './support/outbox.mjs';
import { PASSWORD, api, claimsOf, signIn, signUp, startTickets } from './support/tickets.mjs';

const INVALID = 'Error validating url path or input data';
const REASONS = { 400: 'Bad Request', 401: 'Unauthorized', 404: 'Not Found', 413: 'Content Too Large', 429: 'Too Many Requests', 500: 'Internal Server Error' };
const PLACE = { os: 'Linux/unknown', browser: 'Chrome/120.0.0.0' };
let server;

/** One request below /api: {status, headers, json}. */
async function ask(method, target, { token, body, headers = {}, at = server } = {}) {
  const sent = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  const answer = await at.foyer.request({
    method,
    path: `/api${target}`,
    headers: {
      ...(token && { Authorization: `Bearer ${token}` }),
      ...(sent !== undefined && { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(sent) }),
      ...headers,
    },
    body: sent,
  });
  return { ...answer, json: answer.text === '' ? undefined : answer.json() };
}

function refused(answer, status, message) {
  assert.equal(answer.status, status, answer.text);
  assert.deepEqual(answer.json, { statusCode: status, message, error: REASONS[status] });
  assert.equal(answer.headers['access-control-allow-origin'], '*');
}

function succeeded(answer, message, ...data) {
  assert.equal(answer.status, 200, answer.text);
  assert.deepEqual(answer.json, { statusCode: 200, message, ...(data.length > 0 && { data: data[0] }) });
}

/** The nth mail (from 1) to an address with a link, once it is there: {id, token, path, mail}. */
async function linkFor(email, nth = 1, at = server) {
  for (const end = Date.now() + WAIT_MS; ; await pause(20)) {
    const mails = await Promise.all(at.mails().map(parseMail));
    const mail = mails.filter(({ to, text }) => to[0].address === email && /link: http/.test(text))[nth - 1];
    if (mail) {
      const url = new URL(/link: (http\S+?)\.?(\s|$)/.exec(mail.text)[1]);
      return { id: Number(url.searchParams.get('id')), token: url.searchParams.get('token'), path: url.pathname, url, mail };
    }
    assert.ok(Date.now() < end, `no mail ${nth} to ${email}`);
  }
}

const query = ({ id, token }) => `id=${id}&token=${token}`;
const signUpHere = (email, { name = 'Ann', ...more } = {}, at = server) =>
  ask('POST', '/user', { body: { name, email, password: PASSWORD, os: 'x', browser: 'y', ...more }, at });
const login = (email, place = {}, password = PASSWORD, at = server) =>
  ask('POST', '/auth/login', { body: { email, password, ...PLACE, ...place }, at });
const refresh = ({ userID, refreshToken }, place = {}) =>
  ask('POST', '/auth/refresh-token', { body: { userID, refreshToken, ...PLACE, ...place } });

let people = 0;
/** Somebody with a confirmed account and a session: {email, id, token, userID, accessToken, refreshToken}. */
async function member(name = 'Ann') {
  const email = `member${++people}@example.com`;
  succeeded(await signUpHere(email, { name }), 'User created. Please confirm your email to complete registration');
  const link = await linkFor(email);
  succeeded(await ask('GET', `/email/confirm-email?${query(link)}`), 'Email confirmed');
  const { data } = (await login(email)).json;
  return { ...data, email, id: link.id, token: data.accessToken };
}

before(async () => {
  server = await startTickets({ LOOPS: '2' });
});
after(() => server.end());

test('who signs up confirms by the mailed link, and then signs in', async () => {
  const email = 'First.One@example.com';
  succeeded(await signUpHere(email), 'User created. Please confirm your email to complete registration');
  const link = await linkFor('first.one@example.com');
  assert.equal(link.mail.subject, 'Confirm Email');
  assert.equal(link.path, '/email/confirm-email');
  assert.equal(link.url.port, String(server.foyer.port));
  assert.match(link.token, /^[\w-]{128}$/);
  assert.ok(link.mail.html.includes(`href="${link.url.href.replaceAll('&', '&amp;')}"`));
  refused(await login(email), 401, 'You need to confirm your email');
  refused(await login(email, {}, 'a wrong password'), 401, 'Invalid password or email');
  refused(await signUpHere(` ${email}`), 400, `Email  ${email} already in use`);
  refused(await ask('GET', `/email/confirm-email?id=${link.id}&token=${link.token.slice(1)}`), 400, 'Invalid confirm email link');
  refused(await ask('GET', `/email/confirm-email?id=${link.id + 1}&token=${link.token}`), 400, 'Invalid confirm email link');
  refused(await ask('GET', `/email/confirm-email?id=${link.id}&token=${'x'.repeat(2000)}`), 400, 'Invalid confirm email link');
  succeeded(await ask('GET', `/email/confirm-email?${query(link)}`), 'Email confirmed');
  refused(await ask('GET', `/email/confirm-email?${query(link)}`), 400, 'Invalid confirm email link');
  const answer = await login(email);
  succeeded(answer, 'Authentication complited', answer.json.data);
  const { userID, accessToken, refreshToken } = answer.json.data;
  assert.deepEqual(Object.keys(answer.json.data), ['userID', 'accessToken', 'refreshToken']);
  assert.equal(userID, link.id);
  assert.match(refreshToken, /^[\w-]{128}$/);
  const claims = claimsOf(accessToken);
  assert.equal(claims.userID, userID);
  assert.equal(claims.exp - claims.iat, 3600);
  assert.deepEqual(JSON.parse(Buffer.from(accessToken.split('.')[0], 'base64url')), { alg: 'HS256', typ: 'JWT' });
});

test('what is sent is checked as the contract says, in code points', async () => {
  const good = { name: 'Ann', email: 'checked@example.com', password: PASSWORD };
  const bad = [
    [], {}, { ...good, name: 'A' }, { ...good, name: 'x'.repeat(21) }, { ...good, name: null }, { ...good, name: 5 },
    { ...good, email: 'nobody' }, { ...good, email: `${'x'.repeat(250)}@a.bc` }, { ...good, password: '1234567' },
    { ...good, password: 'x'.repeat(101) },
  ];
  for (const body of bad) refused(await ask('POST', '/user', { body }), 400, INVALID);
  for (const body of [{}, { email: '' }, { email: 'none' }, { email: 7 }]) refused(await ask('POST', '/user/check-email', { body }), 400, INVALID);
  for (const field of ['email', 'password', 'os', 'browser']) {
    for (const value of ['', null, 5, undefined]) {
      refused(await ask('POST', '/auth/login', { body: { email: 'a@b', password: 'x', ...PLACE, [field]: value } }), 400, INVALID);
    }
  }
  for (const more of [{ userID: '1' }, { refreshToken: '' }, { os: null }, { browser: undefined }]) {
    refused(await ask('POST', '/auth/refresh-token', { body: { userID: 1, refreshToken: 'x', ...PLACE, ...more } }), 400, INVALID);
  }
  refused(await ask('GET', '/email/confirm-email?id=x&token=y'), 400, INVALID);
  refused(await ask('GET', '/email/confirm-email?id=1&token='), 400, INVALID);
  succeeded(await signUpHere('emoji@example.com', { name: '😀😀' }), 'User created. Please confirm your email to complete registration');
  succeeded(await ask('POST', '/user/check-email', { body: { email: 'checked@example.com' } }), 'Email can be used');
  refused(await ask('POST', '/user/check-email', { body: { email: 'EMOJI@example.com' } }), 400, 'Email already in use');
});

test('a mail that cannot be sent takes the account back', async () => {
  const email = 'white space@example.com';
  const failed = 'Email sending error. Check if the email address you entered is correct';
  for (let i = 0; i < 2; i++) refused(await signUpHere(email), 500, failed);
  succeeded(await ask('POST', '/user/check-email', { body: { email } }), 'Email can be used');
  assert.deepEqual(sql(server.foyer, `SELECT count(*) AS n FROM mailed_links l JOIN users u ON u.id = l.user_id WHERE u.deleted_at IS NOT NULL`), [{ n: 0 }]);
  const ann = await member();
  const body = { password: PASSWORD, newEmail: email };
  refused(await ask('POST', '/user/change/email', { token: ann.token, body }), 500, 'Email sending error');
});

test('a refresh gives a new pair; two at once end with the same one', async () => {
  const ann = await member();
  const first = await refresh(ann);
  succeeded(first, 'Token refreshed', first.json.data);
  assert.notEqual(first.json.data.refreshToken, ann.refreshToken);
  const raced = await Promise.all([1, 2, 3, 4, 5].map(() => refresh(ann)));
  for (const answer of raced) assert.equal(answer.json.data.refreshToken, first.json.data.refreshToken);
  succeeded(await ask('GET', '/dialog', { token: first.json.data.accessToken }), 'dialogs found', []);
  refused(await refresh(ann, { os: 'Windows/11' }), 401, 'Refresh token verify failed');
  refused(await refresh({ ...ann, userID: ann.userID + 100000 }), 401, 'Refresh token verify failed');
  succeeded(await ask('GET', '/dialog', { token: ann.token }), 'dialogs found', []);
});

test('a token that was replaced long ago ends every session, and so it does their sockets', async () => {
  const ann = await member();
  const other = (await login(ann.email, { browser: 'Firefox/1' })).json.data;
  const line = await lineOf(ann);
  const second = (await refresh(ann)).json.data;
  await refresh(second);
  refused(await refresh(ann), 401, 'Refresh token verify failed');
  assert.equal((await line.closed).code, 4401);
  for (const { accessToken } of [ann, second, other]) {
    refused(await ask('GET', '/dialog', { token: accessToken }), 401, 'Authorization error');
  }
  refused(await refresh(other, { browser: 'Firefox/1' }), 401, 'Refresh token verify failed');
});

// A seats socket of the same session: by its cookie, which a sign-in gives with ?cookie=1.
async function lineOf(person, place = { browser: 'Socket/1' }) {
  const answer = await ask('POST', '/auth/login?cookie=1', { body: { email: person.email, password: PASSWORD, ...PLACE, ...place } });
  succeeded(answer, 'Authentication complited', { userID: person.userID });
  const [, cookie] = /handshake_token=([^;]+)/.exec(answer.headers['set-cookie'].join());
  return Line.open(server.foyer, { headers: { Cookie: `handshake_token=${cookie}` } });
}

test('a sixth session ends the oldest; signing in again from the same place does not', async () => {
  const ann = await member();
  const tokens = [ann.token];
  for (let i = 2; i <= 5; i++) tokens.push((await login(ann.email, { browser: `b/${i}` })).json.data.accessToken);
  tokens.push((await login(ann.email, { browser: 'b/5' })).json.data.accessToken);
  for (const token of tokens) succeeded(await ask('GET', '/dialog', { token }), 'dialogs found', []);
  await login(ann.email, { browser: 'b/6' });
  refused(await ask('GET', '/dialog', { token: tokens[0] }), 401, 'Authorization error');
  for (const token of tokens.slice(1)) succeeded(await ask('GET', '/dialog', { token }), 'dialogs found', []);
});

test('sessions are listed and ended one by one', async () => {
  const ann = await member();
  const other = (await login(ann.email, { browser: 'Firefox/1' })).json.data;
  const { data } = (await ask('GET', '/auth/sessions', { token: ann.token })).json;
  assert.deepEqual(data.map(({ door, os, browser, current }) => ({ door, os, browser, current })).sort((a, b) => (a.browser < b.browser ? -1 : 1)), [
    { door: 'messenger', os: PLACE.os, browser: PLACE.browser, current: true },
    { door: 'messenger', os: PLACE.os, browser: 'Firefox/1', current: false },
  ]);
  const { id } = data.find(({ current }) => !current);
  refused(await ask('DELETE', '/auth/sessions/nobodys', { token: ann.token }), 404, 'There is no such session.');
  succeeded(await ask('DELETE', `/auth/sessions/${id}`, { token: ann.token }), 'Session ended', { success: true });
  refused(await ask('GET', '/dialog', { token: other.accessToken }), 401, 'Authorization error');
  const out = await ask('POST', '/auth/logout', { token: ann.token });
  assert.equal(out.status, 200, out.text);
  refused(await ask('GET', '/dialog', { token: ann.token }), 401, 'Authorization error');
});

test('a new password is set by the mailed link, once, and ends all sessions', async () => {
  const ann = await member();
  const asked = 'If the user is registered with this email address, the email will be sent to this email address';
  succeeded(await ask('POST', '/user/reset-password', { body: { email: 'nobody@example.com' } }), asked);
  succeeded(await ask('POST', '/user/reset-password', { body: { email: ann.email } }), asked);
  refused(await ask('POST', '/user/reset-password', { body: { email: 'a@' } }), 400, INVALID);
  const link = await linkFor(ann.email, 2);
  assert.equal(link.mail.subject, 'Reset password');
  assert.match(link.mail.text, /^Reset password link: http\S+\. Link is valid 24 hours$/m);
  assert.equal(link.path, '/email/reset-password');
  const body = { newPassword: 'another password' };
  refused(await ask('POST', `/email/reset-password?id=${link.id}&token=x`, { body }), 401, 'Invalid reset password link');
  refused(await ask('POST', `/email/reset-password?${query(link)}`, { body: { newPassword: 'short' } }), 400, INVALID);
  succeeded(await ask('POST', `/email/reset-password?${query(link)}`, { body }), 'Password reseted');
  refused(await ask('POST', `/email/reset-password?${query(link)}`, { body }), 401, 'Invalid reset password link');
  refused(await ask('GET', '/dialog', { token: ann.token }), 401, 'Authorization error');
  refused(await login(ann.email), 401, 'Invalid password or email');
  assert.equal((await login(ann.email, {}, 'another password')).status, 200);
});

test('a newer link takes the place of the older', async () => {
  const ann = await member();
  for (let i = 0; i < 2; i++) await ask('POST', '/user/reset-password', { body: { email: ann.email } });
  const links = [await linkFor(ann.email, 3), await linkFor(ann.email, 2)]; // the last one first: both are there then
  const body = { newPassword: 'another password' };
  const answers = [];
  for (const link of links) answers.push((await ask('POST', `/email/reset-password?${query(link)}`, { body })).status);
  assert.deepEqual(answers.sort(), [200, 401]); // mails may come in either order
});

test('name, bio and password are changed by who is signed in', async () => {
  const ann = await member();
  const other = (await login(ann.email, { browser: 'Firefox/1' })).json.data;
  const { token } = ann;
  succeeded(await ask('POST', '/user/change/name', { token, body: { newName: 'Anna Karenina' } }), 'User name changed');
  succeeded(await ask('GET', `/user/${ann.id}/name`), 'User name found', 'Anna Karenina');
  refused(await ask('GET', '/user/999999/name'), 400, 'User not found');
  refused(await ask('GET', '/user/x/name'), 400, INVALID);
  for (const newName of ['A', 'x'.repeat(21), null]) refused(await ask('POST', '/user/change/name', { token, body: { newName } }), 400, INVALID);
  for (const newBio of ['', 'é'.repeat(100)]) succeeded(await ask('POST', '/user/change/bio', { token, body: { newBio } }), 'User bio changed');
  for (const newBio of [undefined, null, 'x'.repeat(101)]) refused(await ask('POST', '/user/change/bio', { token, body: { newBio } }), 400, INVALID);
  refused(await ask('POST', '/user/change/bio', { body: { newBio: '' } }), 401, 'Access token Validation failed');
  const change = (oldPassword, newPassword) => ask('POST', '/user/change/password', { token, body: { oldPassword, newPassword } });
  refused(await change('not the password', 'another password'), 401, 'Invalid password');
  refused(await change(PASSWORD, 'short'), 400, INVALID);
  succeeded(await change(PASSWORD, 'another password'), 'User password changed');
  succeeded(await ask('GET', '/dialog', { token }), 'dialogs found', []);
  refused(await ask('GET', '/dialog', { token: other.accessToken }), 401, 'Authorization error');
  assert.equal((await login(ann.email, {}, 'another password')).status, 200);
});

test('an e-mail is changed by a link to the new one', async () => {
  const ann = await member();
  const bert = await member('Bert');
  const change = (body) => ask('POST', '/user/change/email', { token: ann.token, body });
  for (const newEmail of [ann.email, bert.email.toUpperCase()]) refused(await change({ password: PASSWORD, newEmail }), 400, 'Email already in use');
  refused(await change({ password: 'wrong', newEmail: 'new.ann@example.com' }), 401, 'Invalid password');
  refused(await change({ password: PASSWORD, newEmail: 'none' }), 400, INVALID);
  const sent = 'A link to complete the email change has been sent to the new email address';
  succeeded(await change({ password: PASSWORD, newEmail: 'New.Ann@example.com' }), sent);
  const link = await linkFor('new.ann@example.com');
  assert.equal(link.mail.subject, 'Confirm email');
  assert.equal(link.path, '/api/email/change-email');
  refused(await ask('GET', `/email/change-email?id=${ann.id}&token=x`), 401, 'Invalid change email link');
  const followed = await server.foyer.request({ path: link.url.pathname + link.url.search });
  assert.deepEqual(followed.json(), { statusCode: 200, message: 'Email changed' });
  refused(await login(ann.email), 401, 'Invalid password or email');
  assert.equal((await login('new.ann@example.com')).status, 200);
  succeeded(await change({ password: PASSWORD, newEmail: 'late@example.com' }), sent);
  succeeded(await signUpHere('late@example.com'), 'User created. Please confirm your email to complete registration');
  const late = await linkFor('late@example.com');
  assert.equal(late.path, '/api/email/change-email');
  refused(await ask('GET', `/email/change-email?${query(late)}`), 400, 'Email already in use');
});

test('a link to change an e-mail dies with the password it was asked for by', async () => {
  const ways = {
    change: (ann) => ask('POST', '/user/change/password', {
      token: ann.token, body: { oldPassword: PASSWORD, newPassword: 'another password' },
    }),
    reset: async (ann) => {
      await ask('POST', '/user/reset-password', { body: { email: ann.email } });
      const link = await linkFor(ann.email, 2);
      return ask('POST', `/email/reset-password?${query(link)}`, { body: { newPassword: 'another password' } });
    },
  };
  for (const [way, renew] of Object.entries(ways)) {
    const ann = await member();
    const newEmail = `taken.by.${way}@example.com`;
    assert.equal((await ask('POST', '/user/change/email', { token: ann.token, body: { password: PASSWORD, newEmail } })).status, 200);
    const link = await linkFor(newEmail);
    assert.equal((await renew(ann)).status, 200);
    refused(await ask('GET', `/email/change-email?${query(link)}`), 401, 'Invalid change email link');
    assert.equal((await login(ann.email, {}, 'another password')).status, 200);
  }
});

test('a deleted account signs in no more, and its e-mail is free', async () => {
  const ann = await member('Gone');
  const bert = await member('Stays');
  await ask('POST', `/message/${bert.id}`, { token: ann.token, body: { message: 'still here' } });
  refused(await ask('DELETE', '/user', { token: ann.token, body: { password: 'wrong' } }), 401, 'Invalid password');
  refused(await ask('DELETE', '/user', { token: ann.token, body: {} }), 400, INVALID);
  succeeded(await ask('DELETE', '/user', { token: ann.token, body: { password: PASSWORD } }), 'User deleted');
  refused(await ask('GET', '/dialog', { token: ann.token }), 401, 'Authorization error');
  refused(await refresh(ann), 401, 'Refresh token verify failed');
  refused(await login(ann.email), 401, 'Invalid password or email');
  const [dialog] = (await ask('GET', '/dialog', { token: bert.token })).json.data;
  assert.deepEqual([dialog.receiverID, dialog.receiverName, dialog.lastMessage], [ann.id, 'deleted', 'still here']);
  succeeded(await ask('POST', '/user/check-email', { body: { email: ann.email } }), 'Email can be used');
  succeeded(await ask('POST', '/user/search', { token: bert.token, body: { name: 'Gone' } }), 'Users found', []);
});

test('people are found by a part of their name, whatever its case', async () => {
  const ann = await member('Щукина Ann_x%');
  const bert = await member('щука');
  const search = (name, token = bert.token) => ask('POST', '/user/search', { token, body: { name } });
  succeeded(await search(' ЩУК '), 'Users found', [{ name: 'Щукина Ann_x%', id: ann.id }]);
  succeeded(await search('щук', ann.token), 'Users found', [{ name: 'щука', id: bert.id }]);
  for (const part of ['_x%', 'x%', '%', 'N_', 'ина ann_x%']) succeeded(await search(part), 'Users found', [{ name: 'Щукина Ann_x%', id: ann.id }]);
  for (const nobody of ['', '   ', 'щук%', '\u{10ffff}']) succeeded(await search(nobody), 'Users found', []);
  for (const name of [undefined, null, 5]) refused(await search(name), 400, INVALID);
  refused(await ask('POST', '/user/search', { body: { name: 'x' } }), 401, 'Access token Validation failed');
  succeeded(await ask('GET', `/user/is-exist?user-id=${ann.id}x`), 'User exist', true);
  succeeded(await ask('GET', '/user/is-exist?user-id=999999'), 'User not exist', false);
  refused(await ask('GET', '/user/is-exist?user-id=0'), 400, INVALID);
  refused(await ask('GET', '/user/is-exist'), 400, INVALID);
});

test('one account and its tokens are good at every door', async () => {
  const ann = await member();
  const account = await api(server.foyer, 'GET', '/account', { token: ann.token });
  assert.equal(account.status, 200, account.text);
  assert.equal(account.json.email, ann.email);
  const tickets = await signIn(server.foyer, ann.email);
  assert.equal(tickets.status, 200, tickets.text);
  succeeded(await ask('GET', '/dialog', { token: tickets.json.accessToken }), 'dialogs found', []);
  await signUp(server, 'from.tickets@example.com');
  assert.equal((await login('from.tickets@example.com')).status, 200);
});

test('a sign-up at the tickets door over an address that was not confirmed confirms it', async () => {
  const email = 'half.way@example.com';
  await signUpHere(email, { password: 'the first password' });
  const link = await linkFor(email);
  await signUp(server, email);
  refused(await ask('GET', `/email/confirm-email?${query(link)}`), 400, 'Invalid confirm email link');
  const answer = await login(email);
  assert.equal(answer.json.data.userID, link.id);
});

test('a token is refused in the words of the contract', async () => {
  const ann = await member();
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const forge = (claims, key = JWT_SECRET) => {
    const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`;
    return `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`;
  };
  const claims = claimsOf(ann.token);
  succeeded(await ask('GET', '/dialog', { token: forge(claims) }), 'dialogs found', []);
  for (const token of [forge(claims, 'another key'), forge({ ...claims, exp: claims.iat - 1 }), forge({ ...claims, sid: 'x' })]) {
    refused(await ask('GET', '/dialog', { token }), 401, 'Authorization error');
  }
  for (const token of ['x', 'a.b.c.d', 'a..c']) refused(await ask('GET', '/dialog', { token }), 401, 'Access token Validation failed');
  refused(await ask('GET', '/dialog'), 401, 'Access token Validation failed');
});

test('what is guessed is counted, whatever the rates are', async () => {
  const ann = await member();
  for (let i = 0; i < 10; i++) refused(await login(ann.email, {}, 'a wrong password'), 401, 'Invalid password or email');
  refused(await login(ann.email), 429, 'Too many requests');
});

test('a body that is too large is refused in the envelope', async () => {
  refused(await ask('POST', '/user/check-email', { body: { email: 'x'.repeat(110 * 1024) } }), 413, 'Content Too Large');
});

test('addresses may ask so often and no more', async () => {
  const limited = await startTickets({ RATE_LIMITS: 'on' });
  const ways = [
    [10, () => ask('POST', '/auth/login', { body: {}, at: limited })],
    [60, () => ask('POST', '/auth/refresh-token', { body: {}, at: limited })],
    [5, () => ask('POST', '/user', { body: {}, at: limited })],
    [5, () => ask('POST', '/user/reset-password', { body: {}, at: limited })],
    [60, () => ask('POST', '/user/search', { body: {}, at: limited })],
  ];
  for (const [limit, way] of ways) {
    for (let i = 0; i < limit; i++) assert.notEqual((await way()).status, 429);
    const over = await way();
    refused(over, 429, 'Too many requests');
    assert.ok(Number(over.headers['retry-after']) > 0);
  }
  for (let i = 0; i < 70; i++) refused(await ask('GET', '/dialog', { at: limited }), 401, 'Access token Validation failed');
  await limited.end();
});

test('an account survives a crash, and the invariants hold after all of it', async () => {
  const ann = await member();
  await server.foyer.crash();
  const { status } = await refresh(ann);
  assert.equal(status, 200);
  server.foyer.command('verify');
});
