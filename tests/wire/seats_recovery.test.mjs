// The recovery phrase from end to end, and what is limited by address (seats contract, 2.3; contracts' first page).
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { Browser, codeOf, freshName, Person, secretOf, startFoyer, wrongCodeOf } from './support/foyer.mjs';

const PHRASE = 'correct horse battery staple';

let foyer;

before(async () => {
  foyer = await startFoyer();
});
after(() => foyer.end());

async function personWithPhrase(phrase = PHRASE) {
  const person = await Person.signUp(foyer);
  assert.deepEqual(await person.browser.call('save_recovery_phrase', { phrase }), { success: true });
  return person;
}

describe('save_recovery_phrase', () => {
  test('needs a sign-in', async () => {
    const answer = await new Browser(foyer).post('save_recovery_phrase', { phrase: PHRASE });
    assert.equal(answer.json().error, 'Unauthorized');
    assert.equal(answer.status, 401);
  });

  test('takes 12 to 255 characters after trimming, and a string', async () => {
    const { browser } = await Person.signUp(foyer);
    for (const phrase of [undefined, null, 123456789012, ['a phrase of words'], '', 'x'.repeat(11), ` ${'x'.repeat(11)} `, 'x'.repeat(256)]) {
      assert.equal(await browser.call('save_recovery_phrase', { phrase }), 'InvalidRecoveryPhrase', `${phrase}`);
    }
    for (const phrase of ['x'.repeat(12), 'x'.repeat(255), ` ${'x'.repeat(255)}\n`, 'ключ от всех дверей']) {
      assert.deepEqual(await browser.call('save_recovery_phrase', { phrase }), { success: true });
    }
  });
});

describe('recovery_phrase', () => {
  test('a wrong phrase and an unknown name are the same error', async () => {
    const { username } = await personWithPhrase();
    const { username: without } = await Person.signUp(foyer);
    const browser = new Browser(foyer);
    const wrong = [
      { username, phrase: 'another phrase of words' }, { username, phrase: PHRASE.toUpperCase() }, { username },
      { username: freshName(), phrase: PHRASE }, { username: 'x', phrase: PHRASE }, { phrase: PHRASE }, {},
      { username: without, phrase: PHRASE }, { username: without, phrase: '' },
    ];
    for (const body of wrong) assert.equal(await browser.call('recovery_phrase', body), 'InvalidRecoveryPhrase');
  });

  test('the sixth try is TooManyLoginAttempts, even with the right phrase', async () => {
    const { username } = await personWithPhrase();
    const browser = new Browser(foyer);
    const guess = { username, phrase: 'another phrase of words' };
    for (let i = 0; i < 5; i++) assert.equal(await browser.call('recovery_phrase', guess), 'InvalidRecoveryPhrase');
    const answer = await browser.post('recovery_phrase', { username, phrase: PHRASE });
    assert.equal(answer.json().error, 'TooManyLoginAttempts');
    assert.equal(answer.status, 429);
  });

  test('the right phrase makes a candidate, whose registration replaces the secret and ends every session', async () => {
    const person = await personWithPhrase();
    const { username } = person;
    const line = await person.line();
    const browser = new Browser(foyer, { agent: 'a new telephone' });
    const begun = await browser.post('recovery_phrase', { username, phrase: `  ${PHRASE}  ` });
    assert.match(
      begun.text,
      new RegExp(`^\\{"data":\\{"qr_url":"otpauth://totp/SeatsSync%20${username}\\?secret=[A-Z2-7]{52}","username":"${username}","status":"candidate"\\},"status":"success","error":null\\}$`),
    );
    const secret = secretOf(begun.json().data.qr_url);
    assert.notEqual(secret, person.secret);
    assert.equal((await person.browser.call('status')).username, username, 'nothing has changed yet');
    assert.equal(await browser.call('register', { username, code: wrongCodeOf(secret) }), 'InvalidCode');
    await person.signIn(); // the old secret is good until the new one is

    assert.deepEqual(await browser.call('register', { username, code: codeOf(secret) }), { status: 'user', username });
    assert.equal((await browser.call('status')).username, username);
    assert.equal((await line.closed).code, 4401);
    assert.deepEqual(await person.browser.call('status'), { status: 'guest' });
    assert.equal(await person.browser.call('logout'), 'TokenInvalid');
    const late = new Browser(foyer);
    assert.equal(await late.call('login', { username, code: codeOf(person.secret) }), 'InvalidCode');
    assert.equal(await late.call('recovery_phrase', { username, phrase: PHRASE }), 'InvalidRecoveryPhrase', 'it is used up');
    assert.equal(await late.call('register', { username, code: codeOf(secret) }), 'UserAlreadyExists');
  });

  test('a recovery can be dropped, and changes nothing then', async () => {
    const person = await personWithPhrase();
    const browser = new Browser(foyer);
    const { qr_url } = await browser.call('recovery_phrase', { username: person.username, phrase: PHRASE });
    assert.deepEqual(await browser.call('auth_start', { username: person.username }), { username: person.username, status: 'user' });
    assert.deepEqual(await browser.call('auth_reset', { username: person.username }), { success: true });
    assert.equal(await browser.call('register', { username: person.username, code: codeOf(secretOf(qr_url)) }), 'UserAlreadyExists');
    await person.signIn();
  });

  test('a new phrase replaces the old one', async () => {
    const { username, browser } = await personWithPhrase();
    await browser.call('save_recovery_phrase', { phrase: 'another phrase of words' });
    assert.equal(await browser.call('recovery_phrase', { username, phrase: PHRASE }), 'InvalidRecoveryPhrase');
    assert.equal((await browser.call('recovery_phrase', { username, phrase: 'another phrase of words' })).status, 'candidate');
  });
});

describe('limits by address', () => {
  /** Calls a method often, with a name of its own each time; gives the last answer. */
  async function often(server, method, times, body = {}) {
    const browser = new Browser(server);
    let last;
    for (let i = 0; i < times; i++) last = await browser.post(method, { username: freshName(), code: '123456', ...body });
    return last;
  }

  test('20 tries to sign in or register, 30 beginnings; the next is TooManyRequests and 429', async () => {
    const limited = await startFoyer({ RATE_LIMITS: 'on' });
    await often(limited, 'login', 10);
    assert.equal((await often(limited, 'register', 10)).json().error, 'RegistrationNotInProgress');
    for (const method of ['login', 'register']) {
      const answer = await often(limited, method, 1);
      assert.equal(answer.text, '{"error":"TooManyRequests","data":null,"status":"error"}');
      assert.equal(answer.status, 429);
    }
    assert.equal((await often(limited, 'auth_start', 30)).json().data.status, 'candidate');
    const answer = await often(limited, 'auth_start', 1);
    assert.equal(answer.json().error, 'TooManyRequests');
    assert.equal(answer.status, 429);
    assert.equal((await often(limited, 'status', 50)).status, 200);
    await limited.end();
  });

  test('another address behind a trusted proxy has tries of its own; an untrusted header has none', async () => {
    const proxied = await startFoyer({ RATE_LIMITS: 'on', TRUST_PROXY: '1' });
    const tryFrom = async (server, address) => {
      const body = { username: freshName(), code: '123456' };
      return (await new Browser(server).post('login', body, { 'X-Forwarded-For': address })).json().error;
    };
    for (let i = 0; i < 20; i++) await tryFrom(proxied, `198.51.100.${i}, 203.0.113.1`);
    assert.equal(await tryFrom(proxied, '203.0.113.1'), 'TooManyRequests');
    assert.equal(await tryFrom(proxied, '203.0.113.2'), 'UserNotFound');
    for (let i = 0; i < 20; i++) await tryFrom(proxied, [`198.51.100.${i}`, '203.0.113.3']); // a line of the proxy's own
    assert.equal(await tryFrom(proxied, ['198.51.100.99', '203.0.113.3']), 'TooManyRequests');
    for (let i = 0; i < 20; i++) await tryFrom(proxied, `2001:db8:0:1::${i}`); // who has one of these has all that begin so
    assert.equal(await tryFrom(proxied, '2001:db8:0:1:ffff::99'), 'TooManyRequests');
    assert.equal(await tryFrom(proxied, '2001:db8:0:2::1'), 'UserNotFound');
    await proxied.end();
    const direct = await startFoyer({ RATE_LIMITS: 'on' });
    for (let i = 0; i < 20; i++) await tryFrom(direct, `203.0.113.${i}`);
    assert.equal(await tryFrom(direct, '203.0.113.99'), 'TooManyRequests');
    await direct.end();
  });

  test('RATE_LIMITS=off turns them off, and leaves what counts guesses', async () => {
    assert.equal((await often(foyer, 'login', 40)).json().error, 'UserNotFound');
    assert.equal((await often(foyer, 'auth_start', 60)).json().data.status, 'candidate');
    const { username } = await Person.signUp(foyer);
    assert.equal((await often(foyer, 'login', 6, { username, code: '000000' })).json().error, 'TooManyLoginAttempts');
  });
});
