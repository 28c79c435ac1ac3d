// Mails as their readers get them: by a real SMTP server that refuses, hangs up and speaks TLS, and as files.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { SMTPServer } from 'smtp-server';

import { ownFolder } from './support/folders.mjs';
import { startFoyer } from './support/foyer.mjs';
import { addEffect, done, effect, givenUp, hurry, mailsOf, parseMail, tried, until } from './support/outbox.mjs';

const soon = () => Date.now() + 300_000;
const otp = (code, language = 'en') => ({ template: 'otp', to: 'ann@example.com', language, args: { code, until: soon() } });
const welcome = (name = 'Ann') => ({ template: 'welcome', to: 'ann@example.com', language: 'en', args: { name } });
const tickets = [1, 2].map((number) => ({
  number, code: `FT1.${String(number).repeat(101)}`, seatLabel: `Row A, ${number}`,
}));
const confirmed = (language) => ({
  template: 'confirmed', to: 'ann@example.com', language,
  args: {
    bookingId: '0123456789abcdef01234567', concert: 'Rock & <Roll> "Live"', venue: 'DY Patil, Mumbai',
    date: Date.UTC(2026, 11, 31, 19, 30), seats: 2, category: 'gold', amount: 240_000, currency: 'inr', tickets,
  },
});

/** What a QR picture says, read by zbar. */
function readCode(png) {
  const { status, stdout, stderr } = spawnSync('zbarimg', ['-q', '--raw', 'png:-'], { input: Buffer.from(png) });
  assert.equal(status, 0, String(stderr));
  return stdout.toString().trim();
}

// As files.

let foyer;
before(async () => {
  foyer = await startFoyer({ COMPANY_NAME: 'Патефон', PUBLIC_URL: 'https://tickets.example/' });
});
after(() => foyer.end());

test('a folder that takes no mails and a concert that is not there are told at the start', async () => {
  const odd = await startFoyer({ MAIL_DIR: '/dev/null', CONCERT_ID: '0123456789abcdef01234567' });
  await odd.end();
  assert.match(odd.log, /warn +mail: MAIL_DIR cannot be written.* folder=\/dev\/null reason="Not a directory"/);
  assert.match(odd.log, /warn +concert: CONCERT_ID names none.* id=0123456789abcdef01234567/);
  assert.doesNotMatch(foyer.log, /MAIL_DIR|CONCERT_ID/);
});

test('payments that move no money, or only in part, are told at the start', async () => {
  const unset = await startFoyer({ DEMO: '0' });
  await unset.end();
  assert.match(unset.log, /warn +payments: the built-in test provider serves, no money is moved +missing=STRIPE_SECRET_KEY/);
  const part = await startFoyer({ STRIPE_SECRET_KEY: 'sk_test_x' });
  await part.end();
  assert.match(part.log, /warn +payments: Stripe is set in part +missing=STRIPE_PUBLISHABLE_KEY,STRIPE_WEBHOOK_SECRET/);
  assert.doesNotMatch(part.log, /test provider/);
  assert.doesNotMatch(foyer.log, /payments: /);
});

async function folderMail(key, payload, recognise) {
  addEffect(foyer, 'mail', key, payload);
  await done(foyer, key);
  return (await mailsOf(foyer)).find(recognise);
}

test('a code stands on a line of its own, in the subject\'s words, and in the log', async () => {
  const mail = await folderMail('otp:ann@example.com:1', otp('012345'), (one) => /OTP/.test(one.subject));
  assert.equal(mail.subject, 'Патефон - Your OTP for Verification');
  assert.match(mail.text, /^012345$/m);
  assert.match(mail.text, /good for 5 min/);
  assert.deepEqual(mail.to, [{ address: 'ann@example.com', name: '' }]);
  assert.deepEqual(mail.from, { address: 'tickets@tickets.example', name: 'Патефон' });
  assert.match(mail.html, />012345</);
  await until(() => foyer.log.includes('code=012345'));
  assert.match(foyer.log, /template=otp to=ann@example.com file=mail\/otp-\w+\.eml code=012345/);
});

test('a confirmation has a QR code a ticket, the words of the contract, a calendar file, and no markup of a name', async () => {
  const mail = await folderMail('confirmed:1', confirmed('en'), (one) => /Booking Confirmation/.test(one.subject));
  assert.equal(mail.subject, 'Патефон - Booking Confirmation');
  assert.ok(mail.text.includes('Your booking is confirmed. Details: Seats -2, Concert -Rock & <Roll> "Live".'), mail.text);
  assert.match(mail.text, /https:\/\/tickets\.example\/booking\/0123456789abcdef01234567/);
  assert.match(mail.text, /Thursday, 31 December 2026/);
  assert.match(mail.text, /2400\.00 INR/);
  assert.ok(mail.html.includes('Rock &amp; &lt;Roll&gt; &quot;Live&quot;'));
  assert.doesNotMatch(mail.html, /<Roll>/);
  const pictures = mail.attachments.filter((part) => part.mimeType === 'image/png');
  assert.deepEqual(pictures.map((part) => readCode(part.content)), tickets.map((ticket) => ticket.code));
  for (const part of pictures) assert.ok(mail.html.includes(`cid:${part.contentId.slice(1, -1)}`), part.contentId);
  tickets.forEach((ticket) => assert.ok(mail.text.includes(ticket.seatLabel) && mail.html.includes(ticket.seatLabel)));
  const calendar = mail.attachments.find((part) => part.mimeType === 'text/calendar');
  assert.match(Buffer.from(calendar.content).toString(), /DTSTART:20261231T193000Z\r?\n[^]*SUMMARY:Rock & <Roll> "Live"\r?\n/);
});

test('it is in Russian for who reads Russian', async () => {
  const mail = await folderMail('confirmed:ru', confirmed('ru'), (one) => /Бронирование/.test(one.subject));
  assert.equal(mail.subject, 'Патефон - Бронирование подтверждено');
  assert.match(mail.text, /четверг, 31 декабря 2026/);
  assert.match(mail.html, /<html lang="ru">/);
});

test('a refund says why, and a name cannot make lines or headers of its own', async () => {
  const args = { bookingId: 'b', concert: 'A\r\nBcc: all@example.com', seats: 1, amount: 100, currency: 'jpy', reason: 'late' };
  const refund = { template: 'refunded', to: 'ann@example.com', language: 'en', args };
  const mail = await folderMail('refunded:1', refund, (one) => /refunded/.test(one.subject));
  assert.equal(mail.subject, 'Патефон - Your payment was refunded');
  assert.match(mail.text, /Your payment of 100 JPY for A {2}Bcc: all@example\.com \(seats: 1\) goes back/);
  assert.match(mail.text, /after the booking had expired/);
  assert.doesNotMatch(mail.text, /paid twice/);
});

test('of free tickets nothing is said to be paid or given back', async () => {
  const args = { ...confirmed('en').args, amount: 0 };
  const booked = await folderMail('confirmed:free', { ...confirmed('en'), args }, (one) => /Confirmation/.test(one.subject) && !/Paid:/.test(one.text));
  assert.ok(booked, 'it says what was paid');
  const mail = await folderMail('cancelled:free', { ...confirmed('en'), template: 'cancelled', args: { ...args, reason: 'cancelled', tickets: [] } },
    (one) => /cancelled/.test(one.subject));
  assert.equal(mail.subject, 'Патефон - Your booking was cancelled');
  assert.match(mail.text, /they had cost nothing/);
  assert.doesNotMatch(mail.text, /payment|Bank/);
});

test('a code that is too old is not sent, nor is a mail to what is no address', async () => {
  addEffect(foyer, 'mail', 'otp:late', { ...otp('1'), args: { code: '1', until: Date.now() - 1 } });
  addEffect(foyer, 'mail', 'otp:nobody', { ...otp('1'), to: 'ann@example.com\r\nBcc: all@example.com' });
  assert.equal((await givenUp(foyer, 'otp:late')).last_error, 'too late');
  assert.equal((await givenUp(foyer, 'otp:nobody')).last_error, 'not an address');
});

// By SMTP.

const folder = ownFolder('mail');
const [key, cert] = ['key.pem', 'cert.pem'].map((name) => path.join(folder, name));
execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
  '-keyout', key, '-out', cert, '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'],
{ stdio: 'ignore' });
after(() => rmSync(folder, { recursive: true }));

/** A relay and a foyer that uses it. `onMail(session, n)` may throw to refuse the nth mail, or end the line. */
async function withRelay(t, { onMail = () => {}, url = (port) => `smtp://127.0.0.1:${port}`, environment = {}, ...options } = {}) {
  const relay = { mails: [], sessions: [] };
  const server = new SMTPServer({
    key: readFileSync(key), cert: readFileSync(cert), authOptional: true, logger: false,
    onData(stream, session, callback) {
      const parts = [];
      stream.on('data', (part) => parts.push(part));
      stream.on('end', async () => {
        relay.mails.push(await parseMail(Buffer.concat(parts)));
        relay.sessions.push({ secure: session.secure, to: session.envelope.rcptTo[0].address });
        try {
          await onMail(session, relay.mails.length, server);
          callback();
        } catch (error) {
          callback(error);
        }
      });
    },
    ...options,
  });
  server.on('error', () => {}); // a line that a test has cut
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const sender = await startFoyer({ SMTP_URL: url(server.server.address().port), SSL_CERT_FILE: cert, ...environment });
  t.after(async () => {
    await sender.end().catch((error) => assert.match(error.message, /SIGKILL|null !== 0/));
    await new Promise((resolve) => server.close(resolve));
  });
  return { relay, sender };
}

const refusal = (code, text) => Object.assign(new Error(text), { responseCode: code });

test('by STARTTLS and with a password', async (t) => {
  const people = [];
  const { relay, sender } = await withRelay(t, {
    url: (port) => `smtp://post%40office:pass%2Fword@localhost:${port}`,
    authOptional: false,
    onAuth(auth, session, callback) {
      people.push([auth.username, auth.password, session.secure]);
      callback(null, { user: auth.username });
    },
  });
  addEffect(sender, 'mail', 'welcome:1', welcome());
  await done(sender, 'welcome:1');
  assert.deepEqual(people, [['post@office', 'pass/word', true]]);
  assert.match(relay.mails[0].text, /^Hello Ann,$/m);
  assert.equal(relay.sessions[0].to, 'ann@example.com');
});

test('by TLS from the first byte', async (t) => {
  const { relay, sender } = await withRelay(t, { secure: true, url: (port) => `smtps://localhost:${port}` });
  addEffect(sender, 'mail', 'welcome:1', welcome());
  await done(sender, 'welcome:1');
  assert.ok(relay.sessions[0].secure);
});

test('no password is told to a relay that has no TLS, or whose certificate is another\'s', async (t) => {
  for (const [options, environment] of [[{ hideSTARTTLS: true, disabledCommands: ['STARTTLS'] }, {}], [{}, { SSL_CERT_FILE: '' }]]) {
    const told = [];
    const onAuth = (auth, session, callback) => callback(null, { user: told.push(auth) });
    const { relay, sender } = await withRelay(t, { url: (port) => `smtp://u:p@localhost:${port}`, onAuth, environment, ...options });
    addEffect(sender, 'mail', 'welcome:1', welcome());
    await tried(sender, 'welcome:1', 1);
    assert.deepEqual([told, relay.mails], [[], []]);
  }
});

test('a relay that says "later" is asked again, one that says "never" is not', async (t) => {
  const { relay, sender } = await withRelay(t, {
    onMail(session, n) {
      if (n === 1) throw refusal(451, 'come back later');
      if (n === 3) throw refusal(550, 'no such person');
    },
  });
  addEffect(sender, 'mail', 'welcome:1', welcome());
  const row = await tried(sender, 'welcome:1', 1);
  assert.match(row.last_error, /451/);
  assert.ok(row.due_at - row.created_at >= 2500, 'it waits before it tries again');
  hurry(sender, 'welcome:1');
  assert.equal((await done(sender, 'welcome:1')).attempts, 2);
  addEffect(sender, 'mail', 'welcome:2', welcome());
  assert.equal((await givenUp(sender, 'welcome:2')).attempts, 1);
  assert.equal(relay.mails.length, 3);
});

test('a relay that lets nobody in for a while is asked again', async (t) => {
  let lines = 0;
  const { sender } = await withRelay(t, {
    onConnect: (session, callback) => callback(++lines === 1 ? refusal(554, 'no service here') : null),
  });
  addEffect(sender, 'mail', 'welcome:1', welcome());
  assert.match((await tried(sender, 'welcome:1', 1)).last_error, /554/);
  hurry(sender, 'welcome:1');
  assert.equal((await done(sender, 'welcome:1')).attempts, 2);
});

test('a code is tried for seconds, for somebody waits for it', async (t) => {
  const { relay, sender } = await withRelay(t, {
    onMail() {
      throw refusal(451, 'later');
    },
  });
  addEffect(sender, 'mail', 'otp:1', otp('123456'));
  const row = await givenUp(sender, 'otp:1');
  assert.ok(row.attempts >= 3, `${row.attempts} tries`);
  assert.ok(row.done_at - row.created_at < 10_000);
  assert.equal(relay.mails.length, row.attempts);
});

test('a line that drops after the final dot: the same mail once more, and it can be seen to be the same', async (t) => {
  const { relay, sender } = await withRelay(t, {
    onMail(session, n, server) {
      if (n > 1) return undefined;
      for (const connection of server.connections) connection._socket.destroy();
      return new Promise(() => {});
    },
  });
  addEffect(sender, 'mail', 'welcome:1', welcome());
  await tried(sender, 'welcome:1', 1);
  hurry(sender, 'welcome:1');
  await done(sender, 'welcome:1');
  assert.deepEqual(relay.mails.map((mail) => mail.messageId), [relay.mails[0].messageId, relay.mails[0].messageId]);
});

for (const point of ['outbox.taken', 'outbox.performed', 'outbox.settling', 'outbox.settled']) {
  test(`a crash at ${point}: the mail is sent, at least once, and nothing is left to do`, async (t) => {
    const { relay, sender } = await withRelay(t, { environment: { CRASH_AT: `${point}:1` } });
    addEffect(sender, 'mail', 'welcome:1', welcome());
    assert.equal(await sender.ended(), 'SIGKILL');
    const sent = relay.mails.length;
    await sender.start({ CRASH_AT: '' });
    await done(sender, 'welcome:1');
    assert.ok(relay.mails.length >= 1 && relay.mails.length <= sent + 1, `${relay.mails.length} mails`);
    if (point === 'outbox.taken') assert.equal(sent, 0);
    if (point === 'outbox.settled') assert.equal(relay.mails.length, 1);
    assert.equal(new Set(relay.mails.map((mail) => mail.messageId)).size, 1);
  });
}

test('a stop waits for the mail under way', async (t) => {
  let inside;
  const begun = new Promise((resolve) => (inside = resolve));
  const { relay, sender } = await withRelay(t, {
    async onMail() {
      inside();
      await new Promise((resolve) => setTimeout(resolve, 300));
    },
  });
  addEffect(sender, 'mail', 'welcome:1', welcome());
  await begun;
  await sender.stop();
  await effect(sender, 'welcome:1', (row) => row.done_at !== null);
  assert.equal(relay.mails.length, 1);
  await sender.start();
});
