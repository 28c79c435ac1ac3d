// The tickets door as its app speaks to it, and the mails it sends.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';

import { ownFolder } from './folders.mjs';
import { startFoyer } from './foyer.mjs';

export const PASSWORD = 'a good password';

/** A server whose mails are files: {foyer, mails, end}; with MAIL_DIR, several on one database share a folder of theirs. */
export async function startTickets(options = {}) {
  const folder = options.MAIL_DIR ?? ownFolder('mail');
  const foyer = await startFoyer({ MAIL_DIR: folder, ...options });
  const mails = () => {
    const files = readdirSync(folder).filter((name) => name.endsWith('.eml')).map((name) => path.join(folder, name));
    const ages = new Map(files.map((file) => [file, statSync(file, { bigint: true }).mtimeNs]));
    return files.sort((a, b) => (ages.get(a) < ages.get(b) ? -1 : 1)).map((file) => readFileSync(file, 'utf8'));
  };
  const end = async () => {
    await foyer.end();
    rmSync(folder, { recursive: true, force: true });
  };
  return { foyer, mails, end };
}

/** One request: {status, headers, text, json}. */
export async function api(foyer, method, target, { token, body, headers = {}, raw } = {}) {
  const answer = await foyer.request({
    method,
    path: `/api/v1${target}`,
    headers: {
      ...(body !== undefined && { 'Content-Type': 'application/json' }),
      ...(token && { Authorization: `Bearer ${token}` }),
      ...headers,
    },
    body: raw ?? (body === undefined ? undefined : JSON.stringify(body)),
  });
  const isJson = answer.text !== '' && /json/.test(answer.headers['content-type'] ?? '');
  return { status: answer.status, headers: answer.headers, text: answer.text, json: isJson ? JSON.parse(answer.text) : undefined };
}

/** The latest code that was mailed to an address: it stands on a line of its own. */
export function codeFor(mails, email) {
  const mail = mails().filter((text) => text.includes(`To: <${email}>`) && text.includes('OTP')).at(-1);
  assert.ok(mail, `no mail to ${email}`);
  const found = /^(\d{6})\r?$/m.exec(mail);
  assert.ok(found, mail);
  return found[1];
}

/** Signs somebody up: {accessToken, refreshToken}. */
export async function signUp({ foyer, mails }, email, { name = 'Ann', headers = {} } = {}) {
  const begun = await api(foyer, 'POST', '/auth/signup/email', { body: { email, password: PASSWORD, name }, headers });
  assert.equal(begun.status, 200, begun.text);
  const proved = await api(foyer, 'POST', '/auth/verify-otp', { body: { email, otp: codeFor(mails, email) }, headers });
  assert.equal(proved.status, 200, proved.text);
  return proved.json;
}

export const signIn = (foyer, email, { query = '', headers = {}, password = PASSWORD } = {}) =>
  api(foyer, 'POST', `/auth/login/email${query}`, { body: { email, password }, headers });

/** The one error body of the door. */
export function refused(answer, status, code, text) {
  assert.equal(answer.status, status, answer.text);
  assert.equal(answer.json.success, false);
  assert.equal(answer.json.code, code);
  assert.equal(answer.json.error, answer.json.message);
  if (text !== undefined) assert.equal(answer.json.message, text);
}

export const claimsOf = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));
