// Measures the frames the map draws. Only made when the page is opened with ?fps=1; `bench/` reads what it exposes.

/** What the bench reads as `window.__foyerFps`. Times in milliseconds. */
export interface FrameFigures {
  /** The script's time in each frame drawn, the last 2,000 of them. */
  readonly script: number[];
  /** The time between frames that follow each other. */
  readonly interval: number[];
  /** Forgets all frames so far. */
  reset(): void;
}

/** Takes note of frames. */
export interface FrameMeter {
  /** A frame began at `start` and its script ended at `end`. */
  note(start: number, end: number): void;
  /** Frames a second, of late; 0 when nothing moves. */
  rate(): number;
}

const KEPT = 2_000;
/** A longer pause is no slow frame: nothing had to be drawn. */
const PAUSE_MS = 250;

/** Makes a meter and exposes its figures. */
export function exposeFrameMeter(): FrameMeter {
  const figures: FrameFigures = {
    script: [],
    interval: [],
    reset() {
      figures.script.length = figures.interval.length = 0;
    },
  };
  (window as unknown as { __foyerFps: FrameFigures }).__foyerFps = figures;
  let last = 0;
  return {
    note(start, end) {
      figures.script.push(end - start);
      if (start - last < PAUSE_MS) figures.interval.push(start - last);
      last = start;
      if (figures.script.length > KEPT) figures.script.shift();
      if (figures.interval.length > KEPT) figures.interval.shift();
    },
    rate() {
      const recent = figures.interval.slice(-30);
      const sum = recent.reduce((total, ms) => total + ms, 0);
      return sum > 0 && performance.now() - last < PAUSE_MS ? Math.round((recent.length * 1000) / sum) : 0;
    },
  };
}
