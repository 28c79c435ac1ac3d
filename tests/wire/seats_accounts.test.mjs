// Accounts of the seats door (seats contract, 2.3 and 2.4): every method's errors in their order, the counting of tries,
// codes that are good once, and the cookie to the byte.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { after, before, describe, test } from 'node:test';

import {
  Browser, claimsOf, codeOf, COOKIE_SECRET, forgeCookie, freshName, JWT_SECRET, Person, secretOf, startFoyer, stepNow, wrongCodeOf,
} from './support/foyer.mjs';

const FIVE_DAYS_S = 5 * 24 * 60 * 60;
const WRONG_NAMES = ['', 'ab', 'a'.repeat(33), 'a b', 'añb', 'a.b', 'abc\n', ' abc', "a'--"];
const WRONG_CODES = ['', '12345', '1234567', 'abcdef', ' 12345', '12345 ', '-12345', '+12345', '12.345', '１２３４５６', 123456, null, ['123456']];

let foyer;
let browser;

before(async () => {
  foyer = await startFoyer();
  browser = new Browser(foyer);
});
after(() => foyer.end());

/** Begins a registration; gives its name and secret. */
async function candidate(username = freshName()) {
  const { qr_url } = await browser.call('auth_start', { username });
  return { username, secret: secretOf(qr_url) };
}

describe('auth_start', () => {
  test('a new name becomes a candidate with a secret to scan', async () => {
    const username = freshName();
    const answer = await browser.call('auth_start', { username });
    assert.deepEqual(Object.keys(answer), ['qr_url', 'username', 'status']);
    assert.equal(answer.username, username);
    assert.equal(answer.status, 'candidate');
    assert.match(answer.qr_url, new RegExp(`^otpauth://totp/SeatsSync%20${username}\\?secret=[A-Z2-7]{52}$`));
  });

  test('a name with an account is a user', async () => {
    const { username } = await Person.signUp(foyer);
    const answer = await browser.post('auth_start', { username });
    assert.equal(answer.text, `{"data":{"username":"${username}","status":"user"},"status":"success","error":null}`);
  });

  test('a name that is being registered is RegistrationInProgress', async () => {
    const { username } = await candidate();
    assert.equal(await browser.call('auth_start', { username }), 'RegistrationInProgress');
  });

  test('names differ by their case', async () => {
    const { username } = await candidate();
    const upper = await browser.call('auth_start', { username: username.toUpperCase() });
    assert.equal(upper.status, 'candidate');
  });

  test('names of 3 and of 32 letters, digits, _ and - are taken', async () => {
    for (const username of ['a-_', crypto.randomBytes(16).toString('hex')]) {
      assert.equal((await browser.call('auth_start', { username })).status, 'candidate');
    }
  });

  for (const method of ['auth_start', 'auth_reset', 'register']) {
    test(`${method} refuses other names before all else: InvalidUsername`, async () => {
      for (const username of WRONG_NAMES) assert.equal(await browser.call(method, { username, code: 'x' }), 'InvalidUsername');
    });
  }
});

describe('auth_reset', () => {
  test('drops the candidate and its tries', async () => {
    const { username, secret } = await candidate();
    for (let i = 0; i < 3; i++) await browser.call('register', { username, code: wrongCodeOf(secret) });
    const answer = await browser.post('auth_reset', { username });
    assert.equal(answer.text, '{"data":{"success":true},"status":"success","error":null}');
    assert.equal(await browser.call('register', { username, code: codeOf(secret) }), 'RegistrationNotInProgress');
    const again = await candidate(username);
    assert.notEqual(again.secret, secret);
    assert.equal((await browser.call('register', { username, code: codeOf(again.secret) })).status, 'user');
  });

  test('without a candidate is RegistrationNotInProgress, also of a user', async () => {
    assert.equal(await browser.call('auth_reset', { username: freshName() }), 'RegistrationNotInProgress');
    const { username } = await Person.signUp(foyer);
    assert.equal(await browser.call('auth_reset', { username }), 'RegistrationNotInProgress');
  });
});

describe('register', () => {
  test('the right code makes the account, once', async () => {
    const { username, secret } = await candidate();
    const own = new Browser(foyer);
    const answer = await own.post('register', { username, code: codeOf(secret) });
    assert.equal(answer.text, `{"data":{"status":"user","username":"${username}"},"status":"success","error":null}`);
    assert.ok(own.cookies.has('handshake_token'));
    assert.equal(await browser.call('register', { username, code: 'x' }), 'UserAlreadyExists');
  });

  test('a code that is not six digits is InvalidCode and no try', async () => {
    const { username, secret } = await candidate();
    for (const code of WRONG_CODES) assert.equal(await browser.call('register', { username, code }), 'InvalidCode');
    assert.equal((await browser.call('register', { username, code: codeOf(secret) })).status, 'user');
  });

  test('without a candidate is RegistrationNotInProgress, after the look at the code', async () => {
    const username = freshName();
    assert.equal(await browser.call('register', { username, code: 'x' }), 'InvalidCode');
    assert.equal(await browser.call('register', { username, code: '123456' }), 'RegistrationNotInProgress');
  });

  test('the fourth try is TooManyValidationAttempts, even with the right code, and 429', async () => {
    const { username, secret } = await candidate();
    for (let i = 0; i < 3; i++) {
      assert.equal(await browser.call('register', { username, code: wrongCodeOf(secret) }), 'InvalidCode');
    }
    assert.equal(await browser.call('register', { username, code: 'x' }), 'InvalidCode');
    const answer = await browser.post('register', { username, code: codeOf(secret) });
    assert.equal(answer.json().error, 'TooManyValidationAttempts');
    assert.equal(answer.status, 429);
  });

  test('a wrong code is no use to another name', async () => {
    const first = await candidate();
    const second = await candidate();
    for (let i = 0; i < 3; i++) await browser.call('register', { username: first.username, code: wrongCodeOf(first.secret) });
    assert.equal((await browser.call('register', { username: second.username, code: codeOf(second.secret) })).status, 'user');
  });

  for (const [offset, expected] of [[-3, 'InvalidCode'], [3, 'InvalidCode'], [1, undefined]]) {
    test(`the code of ${offset} steps from now is ${expected ?? 'taken'}`, async () => {
      const { username, secret } = await candidate();
      const answer = await browser.call('register', { username, code: codeOf(secret, stepNow() + offset) });
      assert.equal(answer.status === 'user' ? undefined : answer, expected);
    });
  }

  test('a restart forgets candidates, not users', async () => {
    const other = await startFoyer();
    const someone = new Browser(other);
    const person = await Person.signUp(other);
    const { qr_url } = await someone.call('auth_start', { username: 'candidate' });
    await other.crash();
    assert.equal(await someone.call('register', { username: 'candidate', code: codeOf(secretOf(qr_url)) }), 'RegistrationNotInProgress');
    assert.equal((await person.browser.call('status')).username, person.username);
    await other.end();
  });
});

describe('login', () => {
  test('an unknown name is UserNotFound, whatever it looks like', async () => {
    for (const username of [freshName(), ...WRONG_NAMES, undefined]) {
      assert.equal(await browser.call('login', { username, code: 'x' }), 'UserNotFound');
    }
  });

  test('a candidate is no user yet', async () => {
    const { username, secret } = await candidate();
    assert.equal(await browser.call('login', { username, code: codeOf(secret) }), 'UserNotFound');
  });

  test('a code that is not six digits is InvalidCode and no try', async () => {
    const person = await Person.signUp(foyer);
    for (const code of WRONG_CODES) assert.equal(await browser.call('login', { username: person.username, code }), 'InvalidCode');
    await person.signIn();
  });

  test('the right code signs in', async () => {
    const person = await Person.signUp(foyer);
    const other = new Browser(foyer);
    const answer = await other.post('login', { username: person.username, code: person.nextCode() });
    assert.equal(answer.text, `{"data":{"status":"user","username":"${person.username}"},"status":"success","error":null}`);
    assert.equal((await other.call('status')).username, person.username);
    assert.equal((await person.browser.call('status')).username, person.username, 'both are signed in');
  });

  test('a code is good once, at registration too', async () => {
    const person = await Person.signUp(foyer);
    const first = codeOf(person.secret, person.step);
    assert.equal(await browser.call('login', { username: person.username, code: first }), 'InvalidCode');
    const second = person.nextCode();
    assert.equal((await browser.call('login', { username: person.username, code: second })).status, 'user');
    assert.equal(await browser.call('login', { username: person.username, code: second }), 'InvalidCode');
    assert.equal(await browser.call('login', { username: person.username, code: first }), 'InvalidCode');
  });

  test('one code, many at once: one is let in', async () => {
    const person = await Person.signUp(foyer);
    const code = person.nextCode();
    const answers = await Promise.all(Array.from({ length: 5 }, () => browser.call('login', { username: person.username, code })));
    assert.equal(answers.filter((answer) => answer.status === 'user').length, 1);
  });

  test('the sixth try is TooManyLoginAttempts, even with the right code, and 429', async () => {
    const person = await Person.signUp(foyer);
    const wrong = { username: person.username, code: wrongCodeOf(person.secret) };
    for (let i = 0; i < 5; i++) assert.equal(await browser.call('login', wrong), 'InvalidCode');
    const answer = await browser.post('login', { username: person.username, code: person.nextCode() });
    assert.equal(answer.json().error, 'TooManyLoginAttempts');
    assert.equal(answer.status, 429);
    assert.equal((await person.browser.call('status')).username, person.username, 'who is in stays in');
  });

  test('signing in clears the tries', async () => {
    const person = await Person.signUp(foyer);
    const wrong = { username: person.username, code: wrongCodeOf(person.secret) };
    for (let i = 0; i < 4; i++) await browser.call('login', wrong);
    await person.signIn();
    for (let i = 0; i < 5; i++) assert.equal(await browser.call('login', wrong), 'InvalidCode');
    assert.equal(await browser.call('login', wrong), 'TooManyLoginAttempts');
  });
});

describe('status', () => {
  const guest = '{"data":{"status":"guest"},"status":"success","error":null}';

  test('tells name and state', async () => {
    const person = await Person.signUp(foyer);
    const told = (role) => `{"data":{"username":"${person.username}","status":"user","role":"${role}"},"status":"success","error":null}`;
    assert.equal((await person.browser.post('status')).text, told('visitor'));
    foyer.command('user', 'role', person.username, 'staff');
    assert.equal((await person.browser.post('status')).text, told('staff'));
  });

  test('without a cookie, or with one that is worth nothing, is guest', async () => {
    const { browser: own } = await Person.signUp(foyer);
    const good = own.cookies.get('handshake_token');
    const claims = claimsOf(good);
    const cut = decodeURIComponent(good);
    const flip = (text, at) => text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);
    const bad = [
      '', 'x', 's%3A', 's%3A.', 's%3Ax.y', '%', '%zz', good.slice(0, -1), `${good}A`,
      encodeURIComponent(cut.slice(2)), encodeURIComponent(`j:${cut.slice(2)}`), encodeURIComponent(flip(cut, 10)),
      encodeURIComponent(flip(cut, cut.length - 5)), encodeURIComponent(flip(cut, cut.lastIndexOf('.') - 3)),
      forgeCookie(claims, { cookieKey: 'other' }), forgeCookie(claims, { jwtKey: 'other' }),
      forgeCookie({ ...claims, exp: claims.iat - 1 }), forgeCookie({ ...claims, username: undefined }),
      forgeCookie({ ...claims, sub: undefined }), forgeCookie({ ...claims, sub: 'undefined' }), forgeCookie({ ...claims, sid: undefined }),
      forgeCookie({ ...claims, sid: 'no such session' }), forgeCookie({ ...claims, exp: undefined }),
      forgeCookie(claims, { header: { alg: 'none', typ: 'JWT' } }), forgeCookie(claims, { header: { alg: 'HS512', typ: 'JWT' } }),
    ];
    for (const cookie of bad) {
      const answer = await browser.post('status', undefined, { Cookie: `handshake_token=${cookie}` });
      assert.equal(answer.text, guest, cookie);
    }
    for (const cookie of [good, forgeCookie(claims)]) {
      const answer = await browser.post('status', undefined, { Cookie: `a=b; handshake_token=${cookie}; c=d` });
      assert.equal(answer.json().data.username, claims.username);
    }
  });
});

describe('the cookie', () => {
  test('is written to the byte as it always was', async () => {
    const { username, secret } = await candidate();
    const earliest = Date.now();
    const answer = await new Browser(foyer).post('register', { username, code: codeOf(secret) });
    const [line, ...more] = answer.headers['set-cookie'];
    assert.deepEqual(more, []);
    const [, value, expires] = /^handshake_token=(s%3A[^;]+); Max-Age=432000; Path=\/; Expires=([^;]+); HttpOnly; SameSite=Strict$/.exec(line);
    assert.equal(new Date(expires).toUTCString(), expires);
    const expires_s = Date.parse(expires) / 1000;
    assert.ok(expires_s >= Math.floor(earliest / 1000) + FIVE_DAYS_S && expires_s <= Date.now() / 1000 + FIVE_DAYS_S);
    const [, token, signature] = /^s:(.+)\.([^.]+)$/.exec(decodeURIComponent(value));
    assert.equal(value, encodeURIComponent(`s:${token}.${signature}`));
    assert.equal(signature, crypto.createHmac('sha256', COOKIE_SECRET).update(token).digest('base64').replace(/=+$/, ''));
    const [header, claims, digest] = token.split('.');
    assert.deepEqual(JSON.parse(Buffer.from(header, 'base64url')), { alg: 'HS256', typ: 'JWT' });
    assert.equal(digest, crypto.createHmac('sha256', JWT_SECRET).update(`${header}.${claims}`).digest('base64url'));
  });

  test('holds who it is and for how long', async () => {
    const { username, browser: own } = await Person.signUp(foyer);
    const claims = claimsOf(own.cookies.get('handshake_token'));
    assert.equal(claims.username, username);
    assert.match(claims.sub, /^[1-9]\d*$/);
    assert.equal(claims.exp - claims.iat, FIVE_DAYS_S);
    assert.ok(Math.abs(claims.iat - Date.now() / 1000) < 30);
    assert.equal(typeof claims.sid, 'string');
    assert.equal(claims.typ, 'access');
  });

  test('is Secure, in its place, when people come by https', async () => {
    const tls = await startFoyer({ PUBLIC_URL: 'https://seats.example', ACCESS_SECONDS: '60' });
    const own = new Browser(tls);
    const { qr_url } = await own.call('auth_start', { username: 'somebody' });
    const answer = await own.post('register', { username: 'somebody', code: codeOf(secretOf(qr_url)) });
    assert.match(answer.headers['set-cookie'][0], /; Max-Age=60; Path=\/; Expires=[^;]+; HttpOnly; Secure; SameSite=Strict$/);
    await tls.end();
  });

  test('is not set by what signs nobody in', async () => {
    const { username } = await candidate();
    const guest = new Browser(foyer);
    for (const method of ['status', 'auth_start', 'auth_reset', 'register', 'login', 'logout']) {
      assert.equal((await guest.post(method, { username, code: '000000' })).headers['set-cookie'], undefined);
    }
  });
});

describe('logout', () => {
  test('clears the cookie, and the token is worth nothing any more', async () => {
    const { browser: own } = await Person.signUp(foyer);
    const token = own.cookies.get('handshake_token');
    const answer = await own.post('logout');
    assert.equal(answer.text, '{"data":{"success":true},"status":"success","error":null}');
    assert.deepEqual(answer.headers['set-cookie'], ['handshake_token=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT']);
    own.cookies.set('handshake_token', token);
    assert.deepEqual(await own.call('status'), { status: 'guest' });
    assert.equal(await own.call('logout'), 'TokenInvalid');
  });

  test('ends this session and no other of the same person', async () => {
    const person = await Person.signUp(foyer);
    const other = await person.signIn();
    await person.browser.call('logout');
    assert.equal((await other.call('status')).username, person.username);
  });

  test('tells why it cannot: Unauthorized, TokenExpired, TokenInvalid', async () => {
    const { browser: own } = await Person.signUp(foyer);
    const claims = claimsOf(own.cookies.get('handshake_token'));
    const logoutWith = (cookie) => browser.post('logout', undefined, { Cookie: `handshake_token=${cookie}` });
    const cases = [
      ['', 'Unauthorized'],
      ['tampered', 'Unauthorized'],
      [forgeCookie(claims, { cookieKey: 'other' }), 'Unauthorized'],
      [forgeCookie({ ...claims, exp: claims.iat - 1 }), 'TokenExpired'],
      [forgeCookie(claims, { jwtKey: 'other' }), 'TokenInvalid'],
      [forgeCookie({ ...claims, exp: claims.iat - 1 }, { jwtKey: 'other' }), 'TokenInvalid'],
      [forgeCookie({ ...claims, username: undefined }), 'TokenInvalid'],
      [forgeCookie({ ...claims, sid: 'no such session' }), 'TokenInvalid'],
    ];
    for (const [cookie, error] of cases) {
      const answer = await logoutWith(cookie);
      assert.equal(answer.json().error, error, cookie);
      assert.equal(answer.status, 401);
    }
    assert.equal((await own.call('status')).status, 'user', 'none of them signed anybody out');
  });
});
