// Messages on /ws (seats contract, 2.5 and 2.6): the envelope row by row, eids, sizes, close codes, order and heartbeat.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { after, before, describe, test } from 'node:test';

import { Browser, Line, Person, startFoyer } from './support/foyer.mjs';

const MESSAGE_BYTES_MAX = 1024 * 1024;
const DATA_BYTES_MAX = 100 * 1024;
const HEARTBEAT = (message) => message === 1;

let foyer;

before(async () => {
  foyer = await startFoyer();
});
after(() => foyer.end());

/** Runs a test on a socket of its own. */
const onLine = (act, options) => async () => {
  const line = await new Browser(foyer).line(options);
  await act(line);
  await line.close();
};

/** The one answer to a message that names no request it could be told by. */
async function answerTo(line, message) {
  line.send(message);
  const answer = await line.take();
  assert.deepEqual(await line.rest(), []);
  return answer;
}

function assertError(answer, { error, eid, type, data = null }) {
  const { ts, eid: given, ...others } = answer;
  assert.deepEqual(others, { status: 'error', ...(type !== undefined && { type }), data, error });
  assert.ok(Math.abs(ts - Date.now()) < 60_000);
  if (eid === undefined) assert.match(given, /^.{8,}$/, 'an eid nobody uses');
  else assert.equal(given, eid);
  const keys = ['status', 'type', 'data', 'error', 'eid', 'ts'].filter((key) => key !== 'type' || type !== undefined);
  assert.deepEqual(Object.keys(answer), keys);
}

describe('an answer', () => {
  test('has its keys in order, with the time of the server', onLine(async (line) => {
    const earliest = Date.now();
    const answer = await line.ask('user.subscribe', null, 'one');
    assert.match(answer.text, /^\{"status":"snapshot","type":"user\.subscribe","data":\{"status":"guest"\},"error":null,"eid":"one","ts":\d{13}\}$/);
    assert.ok(answer.ts >= earliest && answer.ts <= Date.now());
    const success = await line.ask('cinemas.get_cinemas', null, 'two');
    assert.match(success.text, /^\{"status":"success","type":"cinemas\.get_cinemas","data":\[.*\],"error":null,"eid":"two","ts":\d{13}\}$/);
  }));

  test('needs no ts of the client, and takes none', onLine(async (line) => {
    for (const ts of [undefined, 1, -1, 'yesterday', null, {}]) {
      line.send({ type: 'cinemas.get_cinemas', data: null, eid: 'x', ts });
      assert.ok(Math.abs((await line.take()).ts - Date.now()) < 60_000);
    }
  }));

  const EIDS = [['text', 'text'], [' ', ' '], [7, '7'], [-3, '-3'], [1.5, '1.5'], ['0', '0'], [123456789012, '123456789012'], ['"\\\n€😀', '"\\\n€😀'], ['x'.repeat(255), 'x'.repeat(255)]];
  for (const [eid, echoed] of EIDS) {
    test(`echoes the eid ${JSON.stringify(eid).slice(0, 20)} as a string`, onLine(async (line) => {
      assert.equal((await answerTo(line, { type: 'cinemas.get_cinemas', data: null, eid })).eid, echoed);
    }));
  }
});

describe('the table of errors', () => {
  for (const text of ['', 'hello', '{', '{"type":"x"', '{"type":"x",}', "{'type':'x'}", '[1', '{"a":"\u0001"}', '{}{}', '\ufeff{}', '['.repeat(100_000), 'NaN']) {
    test(`what is no JSON is InvalidRequest: ${JSON.stringify(text.slice(0, 16))}`, onLine(async (line) => {
      assertError(await answerTo(line, text), { error: 'InvalidRequest' });
    }));
  }

  for (const text of ['null', '"text"', '[]', '[{"type":"a.b","data":null,"eid":"x"}]', 'true', '0', '2', '1.0', ' 11 ']) {
    test(`JSON that is no object is InvalidRequest: ${text}`, onLine(async (line) => {
      assertError(await answerTo(line, text), { error: 'InvalidRequest' });
    }));
  }

  for (const type of [undefined, null, '']) {
    test(`the type ${JSON.stringify(type)} is MessageTypeRequired, with an eid nobody uses`, onLine(async (line) => {
      for (const eid of ['mine', undefined]) {
        const answer = await answerTo(line, { type, data: null, eid });
        assertError(answer, { error: 'MessageTypeRequired' });
        assert.notEqual(answer.eid, 'mine');
      }
    }));
  }

  for (const type of [7, true, {}, ['cinemas.get_cinemas']]) {
    test(`the type ${JSON.stringify(type)} is InvalidRequest`, onLine(async (line) => {
      assertError(await answerTo(line, { type, data: null, eid: 'mine' }), { error: 'InvalidRequest', eid: 'mine' });
    }));
  }

  for (const eid of [undefined, null, '', 0, -0, false, true, {}, []]) {
    test(`the eid ${JSON.stringify(eid)} is InvalidRequest`, onLine(async (line) => {
      for (const type of ['cinemas.get_cinemas', 'nothing.such']) {
        assertError(await answerTo(line, { type, data: null, eid }), { error: 'InvalidRequest' });
      }
    }));
  }

  test('a message without data is InvalidRequest, with its eid', onLine(async (line) => {
    assertError(await answerTo(line, { type: 'cinemas.get_cinemas', eid: 'mine' }), { error: 'InvalidRequest', eid: 'mine' });
    assertError(await answerTo(line, { type: 'nothing.such', eid: 7 }), { error: 'InvalidRequest', eid: '7' });
  }));

  for (const type of ['nothing.such', 'cinemas', 'Cinemas.get_cinemas', 'user.login', 'user.status', 'cinema.subscribe', '__proto__', 'a"b', '€']) {
    test(`an unknown type is UnknownMessageType, with eid and type: ${type}`, onLine(async (line) => {
      assertError(await answerTo(line, { type, data: null, eid: 'mine' }), { error: 'UnknownMessageType', eid: 'mine', type });
    }));
  }

  test('what a handler refuses has eid and type', onLine(async (line) => {
    const refused = await line.ask('hall.subscribe', {}, 'mine');
    assertError(refused, { error: 'RequiredHallId', eid: 'mine', type: 'hall.subscribe' });
    const unauthorized = await line.ask('hall.update_seat_status', null, 'mine');
    assertError(unauthorized, { error: 'Unauthorized', eid: 'mine', type: 'hall.update_seat_status' });
  }));
});

describe('sizes', () => {
  /** A message whose `data` is so long when written without white space. */
  const withData = (bytes, eid) => ({ type: 'cinemas.get_cinemas', data: 'x'.repeat(bytes - 2), eid });

  test('data of 100 KiB is taken, one byte more is MessageTooLarge', onLine(async (line) => {
    assert.equal((await answerTo(line, withData(DATA_BYTES_MAX, 'mine'))).status, 'success');
    assertError(await answerTo(line, withData(DATA_BYTES_MAX + 1, 'mine')), { error: 'MessageTooLarge', eid: 'mine' });
    const unknown = { type: 'nothing.such', data: withData(DATA_BYTES_MAX + 1).data, eid: 'mine' };
    assertError(await answerTo(line, unknown), { error: 'MessageTooLarge', eid: 'mine' });
  }));

  test('sizes are bytes, without white space', onLine(async (line) => {
    const euros = { type: 'cinemas.get_cinemas', data: '€'.repeat(DATA_BYTES_MAX / 3), eid: 'mine' };
    assertError(await answerTo(line, euros), { error: 'MessageTooLarge', eid: 'mine' });
    const spaced = `{"type":"cinemas.get_cinemas","eid":"mine","data":[${' '.repeat(DATA_BYTES_MAX * 2)}]}`;
    assert.equal((await answerTo(line, spaced)).status, 'success');
  }));

  test('a message of 1 MiB is read, one byte more closes with 1009', onLine(async (line) => {
    const message = (bytes) => `{"type":"cinemas.get_cinemas","eid":"mine","data":null${' '.repeat(bytes - 55)}}`;
    assert.equal(message(MESSAGE_BYTES_MAX).length, MESSAGE_BYTES_MAX);
    assert.equal((await answerTo(line, message(MESSAGE_BYTES_MAX))).status, 'success');
    line.send(message(MESSAGE_BYTES_MAX + 1));
    assert.equal((await line.closed).code, 1009);
  }));

  test('a message in fragments that grow past 1 MiB closes with 1009', onLine(async (line) => {
    for (let i = 0; i < 20; i++) line.socket.send('x'.repeat(64 * 1024), { fin: false });
    assert.equal((await line.closed).code, 1009);
  }));
});

describe('frames', () => {
  test('a binary one closes with 1003', onLine(async (line) => {
    line.send(Buffer.from('{"type":"cinemas.get_cinemas","data":null,"eid":"x"}'));
    assert.equal((await line.closed).code, 1003);
  }));

  for (const bytes of ['ff', 'c080', 'eda080', 'f4908080', '22e282']) {
    test(`text that is not UTF-8 closes with 1007: ${bytes}`, onLine(async (line) => {
      line.socket.send(Buffer.from(bytes, 'hex'), { binary: false });
      assert.equal((await line.closed).code, 1007);
    }));
  }

  test('a ping is answered', onLine(async (line) => {
    const pong = new Promise((resolve) => line.socket.once('pong', resolve));
    line.socket.ping('are you there');
    assert.equal(String(await pong), 'are you there');
  }));

  test('a close is answered', onLine(async (line) => {
    line.socket.close(1000);
    assert.equal((await line.closed).code, 1000);
  }));

  test('a message in many fragments is one message', onLine(async (line) => {
    const text = JSON.stringify({ type: 'cinemas.get_cinemas', data: null, eid: 'in pieces' });
    for (const letter of text.slice(0, -1)) line.socket.send(letter, { fin: false });
    line.socket.send(text.slice(-1), { fin: true });
    assert.equal((await line.take()).eid, 'in pieces');
  }));

  test('messages may be deflated, both ways', onLine(async (line) => {
    assert.match(line.socket.extensions, /permessage-deflate/);
    const answer = await answerTo(line, { type: 'cinemas.get_cinemas', data: 'x'.repeat(90_000), eid: 'x' });
    assert.equal(answer.status, 'success');
    assert.equal((await line.ask('hall.subscribe', { id: 1 })).data.seats.length, 28);
  }, { deflate: { threshold: 0 } }));
});

describe('order', () => {
  /** Writes messages as frames of one segment, unlike `send`, which writes each by itself. */
  function sendTogether(line, messages) {
    const frames = messages.map((message) => {
      const payload = Buffer.from(JSON.stringify(message));
      const mask = crypto.randomBytes(4);
      const head = payload.length < 126 ? Buffer.from([0x81, 0x80 | payload.length])
        : Buffer.from([0x81, 0x80 | 126, payload.length >> 8, payload.length & 255]);
      return Buffer.concat([head, mask, payload.map((byte, i) => byte ^ mask[i % 4])]);
    });
    line.socket._socket.write(Buffer.concat(frames));
  }

  async function takeAll(line, count) {
    const taken = [];
    while (taken.length < count) taken.push(await line.take());
    return taken;
  }

  const told = ({ status, eid, error }) => `${eid} ${error ?? status}`;

  test('messages of one segment are answered in the order in which they stand', async () => {
    const person = await Person.signUp(foyer);
    const line = await person.line();
    const { data: hall } = await line.ask('hall.subscribe', { id: 4 }, 'seen');
    const seat_id = hall.seats.find((seat) => seat.status === 'VACANT').id;
    const reserve = (status, more) => ({ type: 'hall.update_seat_status', data: { hall_id: 4, seat_id, status, ...more } });
    const messages = [
      { type: 'cinemas.get_cinemas', data: null }, reserve('RESERVED'), { type: 'nothing.such', data: null },
      reserve('VACANT'), reserve('RESERVED', { hall_id: 'none' }), reserve('RESERVED'), reserve('NONE'), { type: 'hall.my_seats', data: { hall_id: 4 } },
      { type: 'cinemas.subscribe', data: null }, reserve('VACANT'), { type: 'user.subscribe', data: null }, reserve('OCCUPIED'),
      { type: 'hall.my_seats', data: { hall_id: 4 } }, { type: 'hall.subscribe', data: { id: 999 } }, { type: 'hall.subscribe', data: { id: 3 } },
      { type: 'viewers.subscribe', data: { id: 4 } }, { type: '', data: null }, { type: 'cinema.get_cinemas', data: null },
    ].map((message, i) => ({ ...message, eid: String(i) }));
    sendTogether(line, messages);
    const answers = (await takeAllUntil(line, '17')).filter(({ status }) => status !== 'update');
    assert.deepEqual(answers.map((answer) => (answer.error === 'MessageTypeRequired' ? 'MessageTypeRequired' : told(answer))), [
      '0 success', '1 success', '2 UnknownMessageType', '3 success', '4 RequiredHallId', '5 success', '6 InvalidSeatData', '7 success',
      '8 snapshot', '9 success', '10 snapshot', '11 Forbidden', '12 success', '13 HallNotFound', '14 snapshot',
      '15 snapshot', 'MessageTypeRequired', '17 success',
    ]);
    assert.deepEqual(answers[7].data.seat_ids, [seat_id]);
    assert.deepEqual(answers[12].data.seat_ids, []);
    await line.close();
  });

  async function takeAllUntil(line, eid) {
    const taken = [];
    do taken.push(await line.take()); while (taken.at(-1).eid !== eid);
    return taken;
  }

  test('unsubscribing and subscribing with the same eid, back to back', onLine(async (line) => {
    await line.ask('hall.subscribe', { id: 1 }, 'hall-sub');
    const change = (id) => [
      { type: 'hall.unsubscribe', data: { sub_eid: 'hall-sub' }, eid: 'gone' },
      { type: 'hall.subscribe', data: { id }, eid: 'hall-sub' },
    ];
    sendTogether(line, [2, 4, 3, 1, 7].flatMap(change));
    const answers = await takeAll(line, 5);
    assert.deepEqual(answers.map(told), Array(5).fill('hall-sub snapshot'));
    assert.deepEqual(answers.map(({ data }) => data.id), [2, 4, 3, 1, 7]);
    assert.deepEqual(await line.rest(), []);
  }));

  test('what was asked for before unsubscribing is still told', async () => {
    const person = await Person.signUp(foyer);
    const line = await person.line();
    const { data: hall } = await line.ask('hall.subscribe', { id: 7 }, 'hall-sub');
    const seat_id = hall.seats.find((seat) => seat.status === 'VACANT').id;
    for (const status of ['RESERVED', 'VACANT', 'RESERVED']) {
      sendTogether(line, [
        { type: 'hall.update_seat_status', data: { hall_id: 7, seat_id, status }, eid: 'change' },
        { type: 'hall.unsubscribe', data: { sub_eid: 'hall-sub' }, eid: 'gone' },
        { type: 'hall.subscribe', data: { id: 7 }, eid: 'hall-sub' },
      ]);
      assert.deepEqual((await takeAll(line, 3)).map(told), ['hall-sub update', 'change success', 'hall-sub snapshot']);
    }
    await line.close();
  });

  test('a thousand messages of one segment', onLine(async (line) => {
    const messages = Array.from({ length: 1000 }, (_, i) => ({
      type: ['nothing.such', 'cinemas.get_cinemas', 'hall.my_seats'][i % 3], data: null, eid: i + 1,
    }));
    sendTogether(line, messages);
    assert.deepEqual((await takeAll(line, 1000)).map(({ eid }) => Number(eid)), messages.map(({ eid }) => eid));
  }));
});

describe('the heartbeat', { concurrency: true }, () => {
  test('a 1 is answered with a 1, in its turn', onLine(async (line) => {
    line.send('1');
    assert.equal(await line.take(HEARTBEAT), 1);
    for (let i = 0; i < 3; i++) line.send('1');
    assert.deepEqual(await line.rest(), [1, 1, 1]);
  }, { beats: false }));

  test('who is silent is asked after 5 s, and cut off without a close frame after 15 s', async () => {
    const began = performance.now();
    const line = await Line.open(foyer, { beats: false });
    assert.equal(await line.take(HEARTBEAT, 10_000), 1);
    const asked = performance.now() - began;
    assert.ok(asked > 4_900 && asked < 9_000, `${asked} ms`);
    assert.equal((await line.closed).code, 1006);
    const cut = performance.now() - began;
    assert.ok(cut > 14_900 && cut < 19_000, `${cut} ms`);
    assert.ok(line.queue.every(HEARTBEAT) && line.queue.length <= 2);
  });

  for (const [what, act] of Object.entries({
    'a heartbeat': (line) => line.send('1'),
    'a message': (line) => line.send({ type: 'nothing.such', data: null, eid: 'x' }),
    'a ping': (line) => line.socket.ping(),
  })) {
    test(`${what} now and then is life enough`, async () => {
      const line = await Line.open(foyer, { beats: false });
      const beating = setInterval(() => act(line), 4_000);
      const silent = new Promise((resolve) => setTimeout(resolve, 17_000, 'open'));
      assert.equal(await Promise.race([line.closed, silent]), 'open');
      clearInterval(beating);
      if (what === 'a ping') assert.deepEqual(line.queue, [], 'nobody had to ask');
      await line.close();
    });
  }
});
