// Dialogs and messages at the messenger door, as the chat page and a stranger's script ask for them.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { signUp, startTickets } from './support/tickets.mjs';

const INVALID = 'Error validating url path or input data';
let server;
let anna;
let bert;

/** One request below /api: {status, headers, json}. */
async function ask(person, method, target, body, headers = {}) {
  const answer = await server.foyer.request({
    method,
    path: `/api${target}`,
    headers: {
      ...(person && { Authorization: `Bearer ${person.token}` }),
      ...(body !== undefined && { 'Content-Type': 'application/json' }),
      ...headers,
    },
    body: typeof body === 'object' ? JSON.stringify(body) : body,
  });
  return { ...answer, json: answer.text === '' ? undefined : answer.json() };
}

function refused(answer, status, message, error = { 400: 'Bad Request', 401: 'Unauthorized', 404: 'Not Found' }[status]) {
  assert.equal(answer.status, status, answer.text);
  assert.deepEqual(answer.json, { statusCode: status, message, error });
  assert.equal(answer.headers['access-control-allow-origin'], '*');
}

function succeeded(answer, message, ...data) {
  assert.equal(answer.status, 200, answer.text);
  assert.deepEqual(answer.json, { statusCode: 200, message, ...(data.length > 0 && { data: data[0] }) });
}

// Somebody with an account, and the number that others know him by: what he writes shows it.
async function person(email) {
  const { accessToken: token } = await signUp(server, email, { name: email.split('@')[0] });
  const { json } = await ask({ token }, 'POST', '/message/1', { message: 'x' });
  await ask({ token }, 'DELETE', `/message?message-id=${json.data.messageID}`);
  return { token, id: json.data.senderID };
}

before(async () => {
  server = await startTickets({ LOOPS: '2' });
  anna = await person('anna@example.com');
  bert = await person('bert@example.com');
});
after(() => server.end());

test('a message is sent, listed, read, edited and deleted', async () => {
  const sent = await ask(anna, 'POST', `/message/${bert.id}`, { message: 'héllo 😀', os: 'ignored' });
  const { createdAt, messageID, seq } = sent.json.data;
  assert.match(createdAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  const message = {
    senderID: anna.id, receiverID: bert.id, message: 'héllo 😀', createdAt, updatedAt: createdAt, isUpdated: false,
    isReaded: false, messageID, seq,
  };
  succeeded(sent, 'Message sent', message);
  assert.equal(sent.headers['content-type'], 'application/json; charset=utf-8');
  succeeded(await ask(bert, 'GET', `/message/${anna.id}/not-readed`), 'All not readed messages found', 1);
  succeeded(await ask(bert, 'GET', '/dialog'), 'dialogs found', [{
    receiverID: anna.id, receiverName: 'anna', lastMessage: 'héllo 😀', createdAt, newMessagesCount: 1,
    connectionStatus: 'offline',
  }]);
  succeeded(await ask(bert, 'GET', `/message/${anna.id}?take=10&skip=0`), 'All messages found', [{ ...message, isReaded: true }]);
  succeeded(await ask(anna, 'GET', `/message/${bert.id}?take=10&skip=1`), 'All messages found', []);
  succeeded(await ask(bert, 'GET', `/message/read?message-id=${messageID}`), 'Message marked as read');
  succeeded(await ask(anna, 'PUT', `/message?message-id=${messageID}`, { message: 'new' }), 'Message edited');
  const [edited] = (await ask(anna, 'GET', `/message/${bert.id}?take=1&before=${seq + 1}`)).json.data;
  assert.deepEqual([edited.message, edited.isUpdated], ['new', true]);
  succeeded(await ask(anna, 'DELETE', `/message?message-id=${messageID}`), 'Message deleted');
  succeeded(await ask(anna, 'GET', '/dialog'), 'dialogs found', []);
});

test('what may not be done is refused in the words of the contract', async () => {
  const { messageID } = (await ask(anna, 'POST', `/message/${bert.id}`, { message: 'mine' })).json.data;
  const rights = (what, who) => `Insufficient rights to ${what} the message. You must be the ${who} of this message`;
  refused(await ask(anna, 'GET', `/message/read?message-id=${messageID}`), 401,
    'Insufficient rights to mark the message as read. You must be the receiver of this message');
  refused(await ask(bert, 'PUT', `/message?message-id=${messageID}`, { message: 'x' }), 401, rights('edit', 'sender'));
  refused(await ask(bert, 'DELETE', `/message?message-id=${messageID}`), 401, rights('delete', 'sender'));
  refused(await ask(anna, 'DELETE', '/message?message-id=999999'), 400, 'Message not found');
  refused(await ask(anna, 'POST', '/message/999999', { message: 'x' }), 400, 'Receiver user not found');
  refused(await ask(anna, 'GET', '/message/999999?take=1&skip=0'), 400, 'Receiver user not found');
  refused(await ask(anna, 'GET', '/message/999999/not-readed'), 400, 'User not found');
});

test('numbers are read as parseInt reads them, and what is none is refused', async () => {
  const page = await ask(anna, 'GET', `/message/${bert.id}abc?take=1000x&skip=%200`);
  assert.equal(page.status, 200, page.text);
  for (const query of ['', '?take=1', '?skip=0', '?take=x&skip=0', '?take=-1&skip=0', '?take=1&skip=-1']) {
    refused(await ask(anna, 'GET', `/message/${bert.id}${query}`), 400, INVALID);
  }
  for (const id of ['x', '0', '-3', 'read']) refused(await ask(anna, 'POST', `/message/${id}`, { message: 'x' }), 400, INVALID);
  refused(await ask(anna, 'GET', '/message/read'), 400, INVALID);
  for (const body of [undefined, {}, [], { message: '' }, { message: 5 }, { message: null }, { message: 'x'.repeat(4097) }]) {
    refused(await ask(anna, 'POST', `/message/${bert.id}`, body), 400, INVALID);
  }
  succeeded(await ask(anna, 'GET', `/message/${bert.id}?take=0&skip=0`), 'All messages found', []);
});

test('a body that is no JSON is refused with what the parser says, before anything else', async () => {
  refused(await ask(anna, 'POST', `/message/${bert.id}`, '{"message":x}'), 400, 'Unexpected token x in JSON at position 11');
  refused(await ask(undefined, 'POST', '/nowhere', '5'), 400, 'Unexpected token 5 in JSON at position 0');
});

test('without a good token nobody gets in', async () => {
  const none = 'Access token Validation failed';
  const bad = [undefined, 'Bearer', `bearer ${anna.token}`, `Bearer  ${anna.token}`, `Bearer ${anna.token} x`, 'Bearer a.b', 'Bearer a.b.c!'];
  for (const Authorization of bad) {
    refused(await ask(undefined, 'GET', '/dialog', undefined, Authorization && { Authorization }), 401, none);
  }
  const forged = anna.token.slice(0, -2) + (anna.token.endsWith('AA') ? 'BB' : 'AA');
  for (const target of ['/dialog', `/message/${bert.id}?take=1&skip=0`]) {
    refused(await ask({ token: forged }, 'GET', target), 401, 'Authorization error');
  }
  refused(await ask({ token: forged }, 'POST', `/message/${bert.id}`, {}), 401, 'Authorization error');
});

test('a session that was ended gets in no more', async () => {
  const carl = await person('carl@example.com');
  succeeded(await ask(carl, 'GET', '/dialog'), 'dialogs found', []);
  await server.foyer.request({ method: 'POST', path: '/api/v1/auth/logout', headers: { Authorization: `Bearer ${carl.token}` } });
  refused(await ask(carl, 'GET', '/dialog'), 401, 'Authorization error');
});

test('what is sent again under its name is the same message, across a crash too', async () => {
  const body = { message: 'once', clientID: 'a-1' };
  const first = await ask(anna, 'POST', `/message/${bert.id}`, body);
  assert.equal(first.json.data.clientID, 'a-1');
  await server.foyer.crash();
  const again = await Promise.all(Array.from({ length: 10 }, () => ask(anna, 'POST', `/message/${bert.id}`, body)));
  for (const answer of again) assert.deepEqual(answer.json, first.json);
  const { data } = (await ask(anna, 'GET', `/message/${bert.id}?take=200&skip=0`)).json;
  assert.equal(data.filter(({ message }) => message === 'once').length, 1);
});

/** What a search finds once the index has it: new messages are indexed a moment after they came. */
async function searchUntil(person, query, count) {
  for (const end = Date.now() + 20000; ; await new Promise((resolve) => setTimeout(resolve, 50))) {
    const answer = await ask(person, 'GET', `/message/search?${query}`);
    assert.equal(answer.status, 200, answer.text);
    if (answer.json.data.messages.length === count || Date.now() > end) return answer;
  }
}

test('messages are found by their words, one\'s own only, and every sign means itself', async () => {
  const dora = await person('dora@example.com');
  const sent = await ask(anna, 'POST', `/message/${bert.id}`, { message: 'Zurück zur "Oper" & <b>Café</b>' });
  await ask(anna, 'POST', `/message/${dora.id}`, { message: 'Café again' });
  const found = await searchUntil(anna, 'q=cafe', 2);
  assert.deepEqual(found.json.data.messages.map(({ message }) => message), ['Café again', 'Zurück zur "Oper" & <b>Café</b>']);
  assert.equal(found.json.message, 'Messages found');
  const own = await searchUntil(bert, 'q=cafe&take=5', 1);
  succeeded(own, 'Messages found', { messages: [{ ...sent.json.data, marks: [[23, 27]] }], next: null, partial: false });
  const [only] = (await searchUntil(anna, `q=zuruck+op&with=${bert.id}&take=1`, 1)).json.data.messages;
  assert.deepEqual(only.marks.map(([from, to]) => only.message.slice(from, to)), ['Zurück', 'Oper']);
  for (const q of ['"', 'cafe OR oper', 'text:cafe', '*', '(', "'", '%', '"cafe', '😀']) {
    const answer = await ask(bert, 'GET', `/message/search?q=${encodeURIComponent(q)}`);
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.json.data.messages.length, q === '"cafe' ? 1 : 0, q);
  }
  for (const query of ['', 'q=', `q=${'x'.repeat(101)}`, 'q=x&take=-1', 'q=x&with=0', 'q=x&before=y']) {
    refused(await ask(bert, 'GET', `/message/search?${query}`), 400, INVALID);
  }
  refused(await ask(bert, 'GET', '/message/search?q=x&with=999999'), 400, 'User not found');
  refused(await ask(undefined, 'GET', '/message/search?q=x'), 401, 'Access token Validation failed');
});

test('who is blocked is told so, until it is over', async () => {
  const eve = await person('eve@example.com');
  succeeded(await ask(anna, 'PUT', `/user/${eve.id}/block`), 'User blocked');
  succeeded(await ask(anna, 'PUT', `/user/${eve.id}/block`), 'User blocked');
  refused(await ask(eve, 'POST', `/message/${anna.id}`, { message: 'x' }), 403, 'This person takes no messages from you', 'Forbidden');
  refused(await ask(anna, 'POST', `/message/${eve.id}`, { message: 'x' }), 403, 'You have blocked this person', 'Forbidden');
  succeeded(await ask(anna, 'GET', '/user/blocked'), 'Blocked users found', [{ id: eve.id, name: 'eve' }]);
  succeeded(await ask(eve, 'GET', '/user/blocked'), 'Blocked users found', []);
  succeeded(await ask(anna, 'DELETE', `/user/${eve.id}/block`), 'User unblocked');
  assert.equal((await ask(eve, 'POST', `/message/${anna.id}`, { message: 'x' })).status, 200);
  refused(await ask(anna, 'PUT', `/user/${anna.id}/block`), 400, INVALID);
  refused(await ask(anna, 'PUT', '/user/999999/block'), 400, 'User not found');
});

test('one\'s own data is given page by page', async () => {
  const first = (await ask(bert, 'GET', '/user/export')).json;
  assert.equal(first.message, 'User data found');
  assert.equal(first.data.account.email, 'bert@example.com');
  assert.ok(first.data.messages.every(({ senderID, receiverID }) => senderID === bert.id || receiverID === bert.id));
  assert.equal(first.data.next, null);
  const other = (await ask(bert, 'GET', '/user/export?after=m.1.0')).json.data;
  assert.deepEqual(Object.keys(other), ['bookings', 'messages', 'next']);
  refused(await ask(bert, 'GET', '/user/export?after=m.1'), 400, INVALID);
});

test('an unknown address and a preflight are answered in the dialect of the door', async () => {
  refused(await ask(anna, 'GET', '/nowhere'), 404, 'Cannot GET /api/nowhere');
  refused(await ask(anna, 'PATCH', '/message'), 404, 'Cannot PATCH /api/message');
  const preflight = await ask(undefined, 'OPTIONS', '/message/5', undefined, {
    Origin: 'https://elsewhere.example', 'Access-Control-Request-Headers': 'authorization,content-type',
  });
  assert.equal(preflight.status, 204);
  assert.equal(preflight.headers['access-control-allow-origin'], '*');
  assert.equal(preflight.headers['access-control-allow-methods'], 'GET,HEAD,PUT,PATCH,POST,DELETE');
  assert.equal(preflight.headers['access-control-allow-headers'], 'authorization,content-type');
  assert.equal(preflight.headers['content-length'], '0');
  assert.equal(preflight.headers['access-control-allow-credentials'], undefined);
});

test('the invariants hold after all of it', () => server.foyer.command('verify'));
