// Requests to the tickets door under /api/v1: JSON in and out, the session in the cookie, errors by their code.
import { fetchBounded } from "./bounded";
import { textOr, type Json } from "./check";
import { Failure } from "./failure";

/** A request. */
export interface Ask {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** The path after `/api/v1`. */
  readonly path: string;
  readonly body?: unknown;
  /** The Idempotency-Key of a POST; one is made where none is given. */
  readonly key?: string;
}

/** An answer, with what the server's clock said. */
export interface Answer {
  readonly value: unknown;
  /** The body as it came, for what is signed. */
  readonly text: string;
  /** The server's time in milliseconds, to the second; 0 where it gave none. */
  readonly serverMs: number;
}

const TIMEOUT_MS = 20_000;

/** A name for one intention, so that asking twice has its effect once. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Sends a request. */
function send(ask: Ask, key: string): Promise<Response> {
  const headers: Record<string, string> = {};
  if (ask.body !== undefined) headers["Content-Type"] = "application/json";
  if (ask.method === "POST") headers["Idempotency-Key"] = key;
  const init: RequestInit = { method: ask.method, headers };
  if (ask.body !== undefined) init.body = JSON.stringify(ask.body);
  return fetchBounded(`/api/v1${ask.path}`, init, TIMEOUT_MS);
}

/** The code of an error's answer: what its status means where that passes by itself, else its own. */
function codeOf(status: number, body: Json): string {
  const code = textOr(body.code, "");
  if (status === 429) return "rate_limited";
  if (status >= 500 && code !== "provider_unavailable") return "InternalServerError";
  return code || (status === 401 ? "unauthorized" : "Unreadable");
}

/** Asks, and throws the Failure an error names. A POST whose answer got lost is asked once more under its key. */
export async function askApi(ask: Ask): Promise<Answer> {
  const key = ask.key ?? newKey();
  let response: Response;
  try {
    response = await send(ask, key);
  } catch (thrown) {
    if (ask.method !== "POST" || (thrown as Failure).code !== "Offline") throw thrown;
    response = await send(ask, key);
  }
  const serverMs = Date.parse(response.headers.get("Date") ?? "") || 0;
  const text = await response.text().catch(() => "");
  const body = parsed(text);
  if (response.ok && body !== undefined) return { value: body, text, serverMs };
  const read = typeof body === "object" && body !== null && !Array.isArray(body) ? (body as Json) : {};
  throw new Failure(response.ok ? "Unreadable" : codeOf(response.status, read), read);
}

/** The JSON of a text; undefined where it is none. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
