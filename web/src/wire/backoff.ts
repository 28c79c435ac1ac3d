// How long to wait before the next try to connect.

const FIRST_MS = 400;
const FACTOR = 1.7;
const LONGEST_MS = 10_000;

/**
 * The wait before try number `attempt` (0 is the first), in milliseconds. `chance` in [0, 1) spreads it between half
 * and the whole, so that a thousand pages do not come back in the same moment.
 */
export function backoffMs(attempt: number, chance: number): number {
  const ceiling = Math.min(FIRST_MS * FACTOR ** attempt, LONGEST_MS);
  return Math.round(ceiling * (0.5 + chance / 2));
}
