// What is asked over HTTP: the user methods, which set the cookie, and the plan of a hall.
import { fetchBounded } from "./bounded";
import { object, text, textOr } from "./check";
import { Failure } from "./failure";
import { readPlan, type Plan } from "./plan";

/** What `auth_start` and `recovery_phrase` answer: a known user, or a candidate with an authenticator to add. */
export type AuthStart =
  | { readonly kind: "user"; readonly username: string }
  | { readonly kind: "candidate"; readonly username: string; readonly qrUrl: string };

const TIMEOUT_MS = 15_000;

/** The JSON of a response; what is no JSON did not come from our server. */
async function readJson(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    throw new Failure(response.status >= 500 ? "InternalServerError" : "Unreadable");
  }
}

/** Calls `POST /api/user/NAME` and gives the data of its answer, or throws the Failure it names. */
export async function callUser(name: string, input: unknown): Promise<unknown> {
  const headers = { "Content-Type": "application/json" };
  const init = { method: "POST", headers, body: JSON.stringify(input ?? {}) };
  const response = await fetchBounded(`/api/user/${name}`, init, TIMEOUT_MS);
  const answer = object(await readJson(response), "answer");
  if (answer.status !== "success") throw new Failure(textOr(answer.error, "InternalServerError"), answer.data);
  return answer.data;
}

/** Decodes the answer of `auth_start` and `recovery_phrase`. */
export function readAuthStart(value: unknown): AuthStart {
  const read = object(value, "answer");
  const username = text(read.username, "answer.username");
  if (read.status === "user") return { kind: "user", username };
  return { kind: "candidate", username, qrUrl: text(read.qr_url, "answer.qr_url") };
}

/** The secret of a `qr_url`: its last query parameter. */
export function secretOf(qrUrl: string): string {
  return qrUrl.slice(qrUrl.indexOf("secret=") + "secret=".length);
}

/** Fetches a plan. `NotFound` means that the hall's geometry has changed since. */
export async function fetchPlan(hallId: number, hash: string): Promise<Plan> {
  const response = await fetchBounded(`/plan/${hallId}/${hash}`, {}, TIMEOUT_MS);
  if (response.status === 404) throw new Failure("NotFound");
  if (!response.ok) throw new Failure("InternalServerError");
  return readPlan(await readJson(response));
}

/** Pays an intent at the built-in test provider, in the manner of Stripe. Gives what it answers, a refusal as well. */
export async function payByTest(intentId: string, clientSecret: string, card: string): Promise<unknown> {
  const path = `/test-provider/v1/payment_intents/${encodeURIComponent(intentId)}/confirm`;
  const body = new URLSearchParams({ client_secret: clientSecret, card });
  const response = await fetchBounded(path, { method: "POST", body }, TIMEOUT_MS);
  return readJson(response);
}
