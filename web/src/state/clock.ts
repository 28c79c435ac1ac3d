// The server's clock, as far as its answers tell: everything that runs out is counted by it, not by the device's.

/** How far the server's clock is from ours. */
export interface Clock {
  /** Server minus device, in milliseconds. */
  readonly offset: number;
  /** How wrong `offset` may be. */
  readonly doubt: number;
}

/** Nothing known: the device's own clock. */
export const UNKNOWN_CLOCK: Clock = { offset: 0, doubt: Infinity };

/**
 * Takes a reading: at `deviceMs` the server's clock was between `serverMs` and `doubt` later. The surer one stays, unless
 * it has turned out wrong.
 */
export function takeReading(clock: Clock, serverMs: number, deviceMs: number, doubt: number): Clock {
  if (serverMs <= 0) return clock;
  const offset = serverMs + doubt / 2 - deviceMs;
  const contradicts = Math.abs(offset - clock.offset) > clock.doubt + doubt;
  return doubt <= clock.doubt || contradicts ? { offset, doubt } : clock;
}

/** The server's time at a moment of the device. */
export function serverTime(clock: Clock, deviceMs: number): number {
  return deviceMs + clock.offset;
}

/** Whole seconds left, rounded up; never below 0. */
export function secondsLeft(until: number, now: number): number {
  return Math.max(0, Math.ceil((until - now) / 1000));
}

/** Seconds as `9:05` or `1:02:03`. */
export function asClock(seconds: number): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}
