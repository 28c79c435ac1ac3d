// When this process was not let run, on a machine that is busy: no wait in it was anybody else's.
const BEAT_MS = 50;
const STALL_MS = 200;

/** Those from its making on. */
export class Stalls {
  all = []; // {from, to}

  constructor() {
    let last = performance.now();
    setInterval(() => {
      const now = performance.now();
      if (now - last > STALL_MS) this.all.push({ from: last, to: now });
      last = now;
    }, BEAT_MS).unref();
  }

  /** How long it is from one moment to another, but for stalls. */
  spent(from, to) {
    const overlap = (stall) => Math.max(0, Math.min(stall.to, to) - Math.max(stall.from, from));
    return to - from - this.all.reduce((sum, stall) => sum + overlap(stall), 0);
  }
}
