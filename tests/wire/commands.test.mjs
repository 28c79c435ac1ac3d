// The command line as an operator meets it: how it helps, and what it says to what makes no sense.
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { test } from './support/database.mjs';
import { foyer, hallCsv, newDatabase, newFolder, until } from './support/faults.mjs';
import { startFoyer } from './support/foyer.mjs';

const COMMANDS = ['serve', 'import', 'export', 'user', 'webhook', 'concert', 'rehearse', 'verify', 'migrate', 'ready', 'env-example'];
const OPTIONS = /Options, from the environment/;

// What is not understood: exit code 2, nothing on standard output, and a word about how it is.
function assertMisused(folder, words, said) {
  const { status, stdout, stderr } = foyer(folder, ...words);
  assert.equal(status, 2, words.join(' '));
  assert.equal(stdout, '', words.join(' '));
  assert.match(stderr, said, words.join(' '));
}

test('foyer --help names every command and every option', () => {
  for (const words of [['--help'], ['-h'], ['help']]) {
    const { status, stdout } = foyer(newFolder(), ...words);
    assert.equal(status, 0);
    for (const command of COMMANDS) assert.match(stdout, new RegExp(`^  foyer ${command} `, 'm'));
    assert.match(stdout, OPTIONS);
  }
});

test('foyer COMMAND --help says how that command is called, and the options of serve alone', () => {
  for (const command of COMMANDS) {
    const { status, stdout, stderr } = foyer(newFolder(), command, '--help');
    assert.equal(status, 0, command);
    assert.equal(stderr, '', command);
    assert.match(stdout, new RegExp(`^usage: foyer ${command} `), command);
    assert.equal(OPTIONS.test(stdout), command === 'serve', command);
  }
});

test('what is not understood is told how it is called', () => {
  const folder = newDatabase();
  for (const command of COMMANDS.filter((name) => name !== 'verify')) {
    assertMisused(folder, [command, 'some', 'thing', '--odd'], new RegExp(`usage: foyer ${command} `));
  }
  assertMisused(folder, ['sing', '--help'], /no command "sing"/);
  assertMisused(folder, ['export', '1', 'hall.txt'], /usage: foyer export/);
  assertMisused(folder, ['export', '1', 'hall.json', '--strictly'], /usage: foyer export/);
  assertMisused(folder, ['export', '1', 'hall.csv', '--strict'], /usage: foyer export/);
  assert.ok(!existsSync(path.join(folder, 'hall.json')));
});

test('foyer ready succeeds while the server is ready, and says what it says', async () => {
  const server = await startFoyer();
  const folder = newFolder();
  writeFileSync(path.join(folder, '.env'), `HOST=127.0.0.1\nPORT=${server.port}\n`);
  const { status, stdout, stderr } = foyer(folder, 'ready');
  assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: '{"status":"ready"}\n', stderr: '' });
  const gone = server.stop();
  await until(() => foyer(folder, 'ready').status === 1, 'it is no longer ready');
  await gone;
  assert.match(foyer(folder, 'ready').stdout, /^[a-zA-Z].*\n$/);
});

test('somebody may be called help', () => {
  assert.match(foyer(newDatabase(), 'user', 'add', 'help').stdout, /^help, visitor\n/);
});

test('a database that is not there is told, and not made, by what can only read one', () => {
  const folder = newFolder();
  for (const words of [['verify'], ['export', '1', 'hall.json'], ['rehearse']]) {
    const { status, stdout, stderr } = foyer(folder, ...words);
    assert.equal(status, 1);
    assert.equal(stdout, '');
    assert.match(stderr, /The database .*foyer\.db cannot be used/);
    assert.ok(!existsSync(path.join(folder, 'foyer.db')));
  }
});

test('a hall and a cinema have a name that can be read', () => {
  const folder = newDatabase();
  writeFileSync(path.join(folder, 'other.csv'), hallCsv());
  for (const name of ['', 'x'.repeat(256), 'two\nlines']) {
    for (const option of ['--hall', '--cinema']) {
      const { status, stderr } = foyer(folder, 'import', 'other.csv', option, name);
      assert.equal(status, 1);
      assert.match(stderr, /a name is one line/);
    }
  }
  assert.match(foyer(folder, 'import', 'other.csv', '--hall', 'é'.repeat(255)).stdout, /^hall 2 /);
});
