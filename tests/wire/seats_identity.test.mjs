// Who a socket is (seats contract, 2.10): its handshake, the cookie of the browser, and what signing in and out through
// HTTP does to the sockets that are open.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { Browser, claimsOf, forgeCookie, Line, Person, startFoyer } from './support/foyer.mjs';

const GUEST = { status: 'guest' };

let foyer;

before(async () => {
  foyer = await startFoyer();
});
after(() => foyer.end());

const visitor = (username) => ({ status: 'user', username, role: 'visitor' });

/** A socket that watches its own identity. */
async function watcher(browser, expected) {
  const line = await browser.line();
  const snapshot = await line.ask('user.subscribe', null, '1');
  assert.equal(snapshot.status, 'snapshot');
  assert.equal(snapshot.type, 'user.subscribe');
  assert.deepEqual(snapshot.data, expected);
  return line;
}

async function assertUpdated(line, expected) {
  const update = await line.update('1');
  assert.equal(update.type, 'user.subscribe');
  assert.deepEqual(update.data, expected);
  assert.deepEqual(await line.rest(), []);
}

describe('the handshake', () => {
  test('a browser without ss_client is given one, and no other', async () => {
    const browser = new Browser(foyer);
    const line = await browser.line();
    assert.equal(line.setCookies.length, 1);
    assert.match(line.setCookies[0], /^ss_client=[\w-]{21,}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=31536000$/);
    const again = await browser.line();
    assert.deepEqual(again.setCookies, []);
    const other = await new Browser(foyer).line();
    assert.notEqual(other.setCookies[0], line.setCookies[0]);
    for (const each of [line, again, other]) await each.close();
  });

  test('a token makes the socket a person', async () => {
    const person = await Person.signUp(foyer);
    const line = await watcher(person.browser, visitor(person.username));
    await line.close();
  });

  test('no token, or one worth nothing, makes a guest', async () => {
    const person = await Person.signUp(foyer);
    const claims = claimsOf(person.browser.cookies.get('handshake_token'));
    const cookies = [
      'x', 's%3Ax.y', forgeCookie(claims, { cookieKey: 'other' }), forgeCookie(claims, { jwtKey: 'other' }),
      forgeCookie({ ...claims, exp: 1 }), forgeCookie({ ...claims, sid: 'none' }),
    ];
    for (const cookie of cookies) {
      const browser = new Browser(foyer);
      browser.cookies.set('handshake_token', cookie);
      await (await watcher(browser, GUEST)).close();
    }
  });

  test('nothing is sent before it is asked for', async () => {
    const line = await new Browser(foyer).line();
    assert.deepEqual(await line.rest(), []);
    await line.close();
  });

  test('staff is told so', async () => {
    const person = await Person.staff(foyer);
    const line = await watcher(person.browser, { status: 'user', username: person.username, role: 'staff' });
    await line.close();
  });

  test('when the token ends, so does the identity', async () => {
    const short = await startFoyer({ ACCESS_SECONDS: '1' });
    const person = await Person.signUp(short);
    const line = await person.line();
    const end = claimsOf(person.browser.cookies.get('handshake_token')).exp * 1000;
    while (Date.now() <= end + 1) await line.ask('nothing.such');
    assert.deepEqual((await line.ask('user.subscribe', null, 'late')).data, GUEST);
    assert.equal((await line.ask('hall.update_seat_status', { hall_id: 1, seat_id: 1, status: 'RESERVED' })).error, 'Unauthorized');
    assert.equal(await person.browser.call('logout'), 'TokenExpired');
    await line.close();
    await short.end();
  });
});

describe('signing in', () => {
  test('switches the sockets of this browser, and tells no others', async () => {
    const person = await Person.signUp(foyer);
    const browser = new Browser(foyer);
    const lines = [await watcher(browser, GUEST), await watcher(browser, GUEST)];
    const other = await watcher(new Browser(foyer, { agent: browser.agent }), GUEST); // at the same address, too
    await person.signIn(browser);
    for (const line of lines) await assertUpdated(line, visitor(person.username));
    assert.deepEqual(await other.rest(), []);
    const update = { hall_id: 1, seat_id: 0, status: 'RESERVED' };
    assert.equal((await lines[0].ask('hall.update_seat_status', update)).error, 'InvalidSeatData', 'it may write now');
    assert.equal((await other.ask('hall.update_seat_status', update)).error, 'Unauthorized');
    for (const line of [...lines, other]) await line.close();
  });

  test('by registering does the same', async () => {
    const person = new Person(foyer);
    const line = await watcher(person.browser, GUEST);
    const { qr_url } = await person.browser.call('auth_start', { username: person.username });
    person.secret = qr_url.slice(-52);
    await person.browser.call('register', { username: person.username, code: person.nextCode() });
    await assertUpdated(line, visitor(person.username));
    await line.close();
  });

  test('in another browser tells this one nothing', async () => {
    const person = await Person.signUp(foyer);
    const line = await watcher(person.browser, visitor(person.username));
    await person.signIn();
    assert.deepEqual(await line.rest(), []);
    await line.close();
  });

  test('every eid of user.subscribe is told, one that was unsubscribed is not', async () => {
    const person = await Person.signUp(foyer);
    const browser = new Browser(foyer);
    const line = await browser.line();
    for (const eid of ['1', '2', 'three']) await line.ask('user.subscribe', null, eid);
    line.send({ type: 'user.unsubscribe', data: { sub_eid: '2' }, eid: 'x' });
    assert.deepEqual(await line.rest(), []);
    await person.signIn(browser);
    await line.update('1');
    await line.update('three');
    assert.deepEqual(await line.rest(), []);
    await line.close();
  });

  test('without ss_client falls back to the sockets of the same address and User-Agent', async () => {
    const person = await Person.signUp(foyer);
    const plain = { agent: 'keeps no cookies' };
    const same = await watcher(new Browser(foyer, plain), GUEST);
    const other = await watcher(new Browser(foyer, { agent: 'another agent' }), GUEST);
    await person.signIn(new Browser(foyer, plain));
    await assertUpdated(same, visitor(person.username));
    assert.deepEqual(await other.rest(), []);
    await same.close();
    await other.close();
  });

  test('without ss_client and behind a proxy asks for the address that the proxy tells', async () => {
    class Behind extends Browser {
      get headers() {
        return { ...super.headers, 'X-Forwarded-For': this.address };
      }
    }
    const at = (address) => Object.assign(new Behind(proxied, { agent: 'as everybody here has' }), { address });
    const proxied = await startFoyer({ TRUST_PROXY: '1' });
    const person = await Person.signUp(proxied);
    const same = await watcher(at('203.0.113.1'), GUEST);
    const other = await watcher(at('203.0.113.2'), GUEST);
    await person.signIn(at('203.0.113.1'));
    await assertUpdated(same, visitor(person.username));
    assert.deepEqual(await other.rest(), []);
    await same.close();
    await other.close();
    await proxied.end();
  });

  test('without ss_client takes nobody’s place who is signed in', async () => {
    const alike = { agent: 'as everybody here has' };
    const [first, second] = [await Person.signUp(foyer), await Person.signUp(foyer)];
    const line = await watcher(await first.signIn(new Browser(foyer, alike)), visitor(first.username));
    const cookieless = await second.signIn(new Browser(foyer, alike));
    assert.deepEqual(await line.rest(), []);
    await cookieless.call('logout');
    assert.deepEqual(await line.rest(), []);
    await line.close();
  });
});

describe('signing out', () => {
  test('makes the sockets of this browser guests, and leaves them open', async () => {
    const person = await Person.signUp(foyer);
    const line = await watcher(person.browser, visitor(person.username));
    const watching = await line.ask('cinemas.subscribe', null, 'cinemas-sub');
    assert.equal(watching.status, 'snapshot');
    await person.browser.call('logout');
    await assertUpdated(line, GUEST);
    assert.equal((await line.ask('hall.update_seat_status', { hall_id: 1, seat_id: 1, status: 'RESERVED' })).error, 'Unauthorized');
    assert.equal((await line.ask('cinemas.subscribe', null, 'cinemas-sub')).error, 'SubscriptionAlreadyExists', 'it still watches');
    await line.close();
  });

  test('closes the other sockets of this session with 4401, at once', async () => {
    const person = await Person.signUp(foyer);
    const line = await watcher(person.browser, visitor(person.username));
    const elsewhere = new Browser(foyer, { agent: 'elsewhere' });
    elsewhere.cookies.set('handshake_token', person.browser.cookies.get('handshake_token'));
    const other = await watcher(elsewhere, visitor(person.username));
    await person.browser.call('logout');
    const answered = performance.now();
    assert.equal((await other.closed).code, 4401);
    assert.ok(performance.now() - answered < 1000, 'it is 100 ms where the machine has nothing else to do');
    await assertUpdated(line, GUEST);
    await line.close();
  });

  test('leaves the sockets of other sessions and of other people alone', async () => {
    const person = await Person.signUp(foyer);
    const second = await person.signIn(new Browser(foyer, { agent: 'second' }));
    const stranger = await Person.signUp(foyer);
    const lines = [await watcher(second, visitor(person.username)), await watcher(stranger.browser, visitor(stranger.username))];
    const own = await watcher(person.browser, visitor(person.username));
    await person.browser.call('logout');
    await assertUpdated(own, GUEST);
    for (const line of lines) assert.deepEqual(await line.rest(), []);
    for (const line of [...lines, own]) await line.close();
  });

  test('without ss_client makes guests of this session’s sockets of the same address and User-Agent', async () => {
    const person = await Person.signUp(foyer);
    const plain = new Browser(foyer, { agent: 'keeps one cookie' });
    const line = await watcher(plain, GUEST);
    plain.cookies.delete('ss_client');
    await person.signIn(plain);
    await assertUpdated(line, visitor(person.username));
    await plain.call('logout');
    await assertUpdated(line, GUEST);
    await line.close();
  });

  test('a socket opened afterwards with the old token is a guest', async () => {
    const person = await Person.signUp(foyer);
    const token = person.browser.cookies.get('handshake_token');
    await person.browser.call('logout');
    const line = await Line.open(foyer, { headers: { Cookie: `handshake_token=${token}` } });
    assert.deepEqual((await line.ask('user.subscribe')).data, GUEST);
    await line.close();
  });
});
