// Fetching with a time limit.
import { Failure } from "./failure";

/** Fetches from our own server, with the cookie; no answer at all is `Offline`, none within `ms` is `Timeout`. */
export async function fetchBounded(path: string, options: RequestInit, ms: number): Promise<Response> {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), ms);
  try {
    return await fetch(path, { credentials: "same-origin", ...options, signal: stop.signal });
  } catch {
    throw new Failure(stop.signal.aborted ? "Timeout" : "Offline");
  } finally {
    clearTimeout(timer);
  }
}
