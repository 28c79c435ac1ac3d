// Plans that come in: a wrong one is refused with where and what, and changes nothing; a right one comes back out as it was.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { foyer, hallCsv, newDatabase, newFolder, readHall, Server, startServer, verify } from './support/faults.mjs';

const LIMIT = { timeout: 120_000 };

// Everything an import could have changed, as an operator sees it.
function exported(folder, hall) {
  const file = path.join(folder, `out-${hall}.json`);
  const { status, stderr } = foyer(folder, 'export', String(hall), file);
  return status === 0 ? readFileSync(file, 'utf8') : stderr;
}

const halls = (folder) => [1, 2, 3].map((hall) => exported(folder, hall));
const untouched = new Map(); // of each folder: the halls as they were at first

function refused(folder, name, text, where, what) {
  writeFileSync(path.join(folder, name), text);
  if (!untouched.has(folder)) untouched.set(folder, halls(folder));
  const { status, signal, stderr, stdout } = foyer(folder, 'import', name);
  assert.equal(signal, null, stderr);
  assert.notEqual(status, 0, `${name} was taken: ${stdout}`);
  assert.match(stderr, /Nothing was changed/);
  assert.match(stderr, where, 'where');
  assert.match(stderr, what, 'what');
  assert.deepEqual(halls(folder), untouched.get(folder), 'nothing was changed');
}

const HEAD = 'row,place,x,y,width,height,rotation,type\n';
const rows = (...lines) => `${HEAD}${lines.join('\n')}\n`;

test('a wrong CSV is refused with its line and what is wrong, and nothing is changed', LIMIT, () => {
  const folder = newDatabase();
  refused(folder, 'word.csv', rows('1,1,0,0,30,30,0,VIP', '1,two,40,0,30,30,0,VIP'), /line 3/, /place/);
  refused(folder, 'twice.csv', rows('1,1,0,0,30,30,0,VIP', '1,1,40,0,30,30,0,VIP'), /line 3/, /./);
  refused(folder, 'short.csv', rows('1,1,0,0,30'), /line 2/, /./);
  refused(folder, 'head.csv', 'row,place\n1,1\n', /line 1/, /./);
  refused(folder, 'negative.csv', rows('-1,1,0,0,30,30,0,VIP'), /line 2/, /row/);
  refused(folder, 'infinite.csv', rows('1,1,0,0,30,30,1e999,VIP'), /line 2/, /rotation/);
  refused(folder, 'quote.csv', rows('1,1,0,0,30,30,0,"VIP'), /line 2/, /./);
  refused(folder, 'empty.csv', '', /./, /./);
  refused(folder, 'nobody.csv', HEAD, /./, /seat/);
  refused(folder, 'bytes.csv', Buffer.concat([Buffer.from(HEAD), Buffer.from([0xff, 0xfe, 0, 0x31])]), /line 2|line 1/, /./);
  const last = hallCsv().trimEnd().split('\n');
  last[last.length - 1] = '20,30,x,800,30,30,0,VIP';
  refused(folder, 'late.csv', `${last.join('\n')}\n`, new RegExp(`line ${last.length}`), /x/);
  verify(folder);
});

// A small plan in the pretix form.
function plan(change = () => {}) {
  const seat = (number, x) => ({
    seat_guid: `r1-${number}`, seat_number: String(number), position: { x, y: 0 }, category: 'Standard', radius: 15,
  });
  const whole = {
    name: 'A small hall',
    size: { width: 400, height: 200 },
    categories: [{ name: 'Standard', color: '#7c93b8' }],
    zones: [{
      name: 'Parterre', uuid: 'z', position: { x: 0, y: 0 }, areas: [],
      rows: [{ row_number: 'A', uuid: 'r', position: { x: 10, y: 10 }, seats: [seat(1, 0), seat(2, 40), seat(3, 80)] }],
    }],
  };
  change(whole);
  return whole;
}

test('a wrong JSON plan is refused with its path and what is wrong, and nothing is changed', LIMIT, () => {
  const folder = newDatabase();
  const wrong = (name, change, where, what = /./) => refused(folder, `${name}.json`, JSON.stringify(plan(change)), where, what);
  wrong('position', ({ zones }) => {
    zones[0].rows[0].seats[1].position = 'left';
  }, /zones\[0\]\.rows\[0\]\.seats\[1\]\.position/);
  wrong('category', ({ zones }) => {
    zones[0].rows[0].seats[2].category = 'Nobody';
  }, /zones\[0\]\.rows\[0\]\.seats\[2\]/, /categor/i);
  wrong('guid', ({ zones }) => { zones[0].rows[0].seats[2].seat_guid = 'r1-1'; }, /zones\[0\]\.rows\[0\]\.seats\[2\]/);
  wrong('seats', ({ zones }) => { zones[0].rows[0].seats = 7; }, /zones\[0\]\.rows\[0\]\.seats/);
  wrong('zones', (whole) => { delete whole.zones; }, /zones/);
  wrong('nobody', ({ zones }) => { zones[0].rows = []; }, /./, /seat/);
  refused(folder, 'cut.json', JSON.stringify(plan()).slice(0, -40), /\d/, /./);
  refused(folder, 'deep.json', '['.repeat(100_000), /./, /./);
  refused(folder, 'list.json', '[]', /./, /./);
  refused(folder, 'empty.json', '', /./, /./);
  refused(folder, 'bytes.json', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), /./, /./);
  verify(folder);
});

test('a file that is not there, and a hall that is there already, are refused', LIMIT, () => {
  const folder = newDatabase();
  const missing = foyer(folder, 'import', 'nowhere.csv');
  assert.equal(missing.status, 1);
  assert.match(missing.stderr, /nowhere\.csv: No such file/);
  writeFileSync(path.join(folder, 'hall.csv'), hallCsv());
  const again = foyer(folder, 'import', 'hall.csv');
  assert.notEqual(again.status, 0, 'the same hall of the same cinema twice');
  assert.match(again.stderr, /Nothing was changed/);
  verify(folder);
});

test('an export that cannot be written says so and fails', LIMIT, () => {
  const folder = newDatabase();
  const { status, stderr } = foyer(folder, 'export', '1', 'nowhere/out.json');
  assert.equal(status, 1);
  assert.match(stderr, /nowhere\/out\.json: /);
});

// The lines of a CSV with x and y counted from the first seat: it carries no areas, and a hall begins where its first thing
// stands.
function fromTheCorner(csv) {
  const [head, ...lines] = csv.trimEnd().split('\r\n').map((line) => line.split(','));
  const [x, y] = [2, 3].map((column) => Math.min(...lines.map((line) => Number(line[column]))));
  return [head, ...lines.map((line) => [line[0], line[1], line[2] - x, line[3] - y, ...line.slice(4)])];
}

// The demo's opera: its number.
async function opera() {
  const server = new Server(newFolder(), { DEMO: '1' });
  await server.start();
  await server.finish();
  for (let hall = 1; hall < 30; hall++) {
    const { status, stdout } = foyer(server.folder, 'export', String(hall), '-');
    if (status !== 0) continue;
    const seats = JSON.parse(stdout).zones.flatMap((zone) => zone.rows).reduce((sum, row) => sum + row.seats.length, 0);
    if (seats > 1500 && seats < 2500) return { folder: server.folder, hall, seats };
  }
  return assert.fail('the demo has no opera');
}

test('the opera goes out and comes back in, as JSON and as CSV, and is the same hall', { timeout: 180_000 }, async () => {
  const { folder, hall, seats } = await opera();
  for (const form of ['json', 'csv']) {
    const first = path.join(folder, `first.${form}`);
    const second = path.join(folder, `second.${form}`);
    assert.equal(foyer(folder, 'export', String(hall), first).status, 0);
    const other = newFolder();
    const imported = foyer(other, 'import', first, '--cinema', 'Another');
    assert.equal(imported.status, 0, imported.stderr);
    assert.match(imported.stdout, new RegExp(`${seats} seats`));
    assert.equal(foyer(other, 'export', '1', second).status, 0);
    const [left, right] = [first, second].map((file) => readFileSync(file, 'utf8'));
    if (form === 'json') assert.equal(right, left, 'the JSON is the same');
    else assert.deepEqual(fromTheCorner(right), fromTheCorner(left), 'the CSV is the same');
    verify(other);
  }
});

test('a hall that comes in while the server runs can be watched', LIMIT, async () => {
  const server = await startServer();
  writeFileSync(path.join(server.folder, 'new.json'), JSON.stringify(plan()));
  const imported = foyer(server.folder, 'import', 'new.json');
  assert.equal(imported.status, 0, imported.stderr);
  const hall = await readHall(server, 2);
  assert.equal(hall.statuses.size, 3);
  await server.finish();
});

test('a server that is ready stays so while it reads a hall that is new', LIMIT, async () => {
  const server = await startServer({ LOOPS: '1' });
  writeFileSync(path.join(server.folder, 'large.csv'), hallCsv(200, 100));
  assert.equal(foyer(server.folder, 'import', 'large.csv').status, 0);
  const told = [];
  let reading = true;
  const asking = (async () => {
    while (reading) told.push((await server.ready()).status);
  })();
  await readHall(server, 2);
  reading = false;
  await asking;
  assert.deepEqual([...new Set(told)], [200]);
  await server.finish();
});
