// Folders of a test's own. Nothing but what Node has: other folders' tests use it, too.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const folders = [];
process.on('exit', () => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

/** A new one, empty, that goes away with the test's process, if not before; `name`: of what, for who looks there. */
export function ownFolder(name) {
  const folder = mkdtempSync(path.join(tmpdir(), `foyer-${name}-`));
  folders.push(folder);
  return folder;
}
