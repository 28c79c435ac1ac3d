// Waiting in a test. Nothing but what Node has: other folders' tests use it, too.
import assert from 'node:assert/strict';

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until `holds()` is true; the message says what was waited for. */
export async function until(holds, what, limitMs = 60_000) {
  const end = Date.now() + limitMs;
  while (!(await holds())) {
    if (Date.now() > end) assert.fail(`in ${limitMs} ms it did not come: ${typeof what === 'function' ? what() : what}`);
    await sleep(10);
  }
}
