// What every action is given: the state, the connection, and the calls over HTTP.
import type { Page } from "../state/page";
import type { Store } from "../state/store";
import type { Answer, Ask } from "../wire/api";
import type { AuthStart } from "../wire/http";
import type { Link } from "../wire/link";
import type { Plan } from "../wire/plan";

/** What an action works with. Nothing in it is global, so a test hands in its own. */
export interface Context {
  readonly page: Store<Page>;
  readonly link: Link;
  /** Calls a user method over HTTP; throws a Failure. */
  callUser(name: string, input: unknown): Promise<unknown>;
  /** Asks the tickets door; throws a Failure. */
  ask(ask: Ask): Promise<Answer>;
  /** Decodes the answer of `auth_start` and `recovery_phrase`. */
  readAuthStart(answer: unknown): AuthStart;
  /** Fetches a plan; throws a Failure. */
  fetchPlan(hallId: number, hash: string): Promise<Plan>;
  /** Runs a task later, once; the result cancels it. */
  after(ms: number, task: () => void): () => void;
}

/** The signed-in account, as the server last said; null for a guest and before the first word. */
export function accountOf(context: Context): { username: string; staff: boolean } | null {
  const account = context.page.get().account;
  return account?.kind === "user" ? account : null;
}
