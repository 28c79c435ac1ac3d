// Staying signed in for as long as the page is open; and learning that one is not any more, whatever ended the session.
import { object } from "../wire/check";
import { time } from "../wire/concert";
import { failureCode } from "../wire/failure";
import { accountOf, type Context } from "./context";

/** Bounds of the time until the session is asked for again, in milliseconds. */
const SOONEST_MS = 1_000;
const LATEST_MS = 3_600_000;
/** How long until it is asked for again when nothing was answered. */
const AGAIN_MS = 30_000;
/** How long after a refusal no other makes us ask who we are. */
const DOUBT_MS = 5_000;
/** How the doors say that they do not know who asks. */
const UNKNOWN = ["unauthorized", "invalid_token", "Unauthorized", "TokenExpired", "TokenInvalid"];

/** The session of whoever is signed in is given anew before it ends, for as long as the page lives. */
export function staySignedIn(context: Context): void {
  let kept: unknown = null;
  let cancel = () => {};
  const renew = async (): Promise<void> => {
    cancel();
    const account = accountOf(context);
    if (!account) return;
    const wait = await askToRenew(context);
    if (account === accountOf(context)) cancel = context.after(wait, () => void renew());
  };
  context.page.subscribe(({ account }) => {
    if (account === kept) return;
    kept = account;
    void renew();
  });
}

/** Asks for the session anew. Gives how long to wait before the next time: half of what is left of it. */
async function askToRenew(context: Context): Promise<number> {
  try {
    const { value, serverMs } = await context.ask({ method: "POST", path: "/auth/renew" });
    const leftMs = time(object(value, "answer").expiresAt, "answer.expiresAt") - serverMs;
    return Math.min(Math.max(leftMs / 2, SOONEST_MS), LATEST_MS);
  } catch {
    return AGAIN_MS;
  }
}

let doubting = false;

/** Takes whatever was thrown: who is refused as nobody, though the page shows an account, asks the server who one is. */
export function doubtAccount(context: Context, thrown: unknown): void {
  if (doubting || !accountOf(context) || !UNKNOWN.includes(failureCode(thrown))) return;
  doubting = true;
  context.after(DOUBT_MS, () => (doubting = false));
  context.link.reopen();
}
