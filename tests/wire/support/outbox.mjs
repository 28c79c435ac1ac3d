// The outbox of a foyer under test: effects put in by hand, and what became of them.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import PostalMime from 'postal-mime';

import { sqlIn } from './database.mjs';
import { WAIT_MS } from './foyer.mjs';

const quoted = (text) => `'${text.replaceAll("'", "''")}'`;

/** Runs SQL on the database beside the server; gives the rows. */
export const sql = (foyer, statement) => sqlIn(foyer.folder, statement);

export function addEffect(foyer, kind, key, payload, { created = Date.now(), attempts = 0 } = {}) {
  sql(foyer, `INSERT INTO outbox(kind, key, payload, created_at, due_at, attempts)
    VALUES(${quoted(kind)}, ${quoted(key)}, ${quoted(JSON.stringify(payload))}, ${created}, ${created}, ${attempts})`);
}

/** Waits until something holds. */
export async function until(holds) {
  for (const end = Date.now() + WAIT_MS; !holds(); await pause(10)) assert.ok(Date.now() < end, `${holds} did not come`);
}

/** Waits until a row of the outbox is as wanted, and gives it. */
export async function effect(foyer, key, wanted) {
  for (const end = Date.now() + WAIT_MS; ; await pause(20)) {
    const [row] = sql(foyer, `SELECT * FROM outbox WHERE key = ${quoted(key)}`);
    if (row && wanted(row)) return row;
    assert.ok(Date.now() < end, `${key}: ${JSON.stringify(row)}`);
  }
}

export const done = (foyer, key) => effect(foyer, key, (row) => row.done_at !== null && row.given_up === 0);
export const givenUp = (foyer, key) => effect(foyer, key, (row) => row.given_up === 1);
export const tried = (foyer, key, times) => effect(foyer, key, (row) => row.attempts >= times);

/** What waits for its next try need not any more. */
export const hurry = (foyer, key) => sql(foyer, `UPDATE outbox SET due_at = 0 WHERE done_at IS NULL AND key = ${quoted(key)}`);

export const parseMail = (bytes) => new PostalMime().parse(bytes);

/** The mails in the server's folder, read as a mail program reads them. */
export function mailsOf(foyer) {
  const folder = path.join(foyer.folder, 'mail');
  const names = readdirSync(folder);
  assert.ok(names.every((name) => name.endsWith('.eml')), `drafts are left: ${names}`);
  return Promise.all(names.map((name) => parseMail(readFileSync(path.join(folder, name)))));
}
