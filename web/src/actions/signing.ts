// Signing in, up and out. The socket learns of it from the server; where it does not, it is opened anew.
import type { AuthStart } from "../wire/http";
import { text } from "../wire/check";
import { accountOf, type Context } from "./context";

/** How long the server has to tell the socket who we are now, in milliseconds. */
const SWITCH_MS = 1_500;
/** How long a new socket may take to say who we are, in milliseconds; the page learns it later all the same. */
const LONGEST_MS = 4_000;

/** Begins with a username: a known one has to show a code, a new one gets an authenticator to add. Throws a Failure. */
export async function startSigning(context: Context, username: string): Promise<AuthStart> {
  return context.readAuthStart(await context.callUser("auth_start", { username }));
}

/** Drops a sign-up under way and begins it again. Throws a Failure. */
export async function restartSigning(context: Context, username: string): Promise<AuthStart> {
  await abandonSigning(context, username);
  return startSigning(context, username);
}

/** Drops a sign-up under way; when none is, that is as good. */
export async function abandonSigning(context: Context, username: string): Promise<void> {
  try {
    await context.callUser("auth_reset", { username });
  } catch (thrown) {
    if ((thrown as { code?: string }).code !== "RegistrationNotInProgress") throw thrown;
  }
}

/** A username and the code the authenticator shows. */
export interface Proof {
  readonly username: string;
  readonly code: string;
}

/** Completes a sign-up. Throws a Failure. */
export async function register(context: Context, proof: Proof): Promise<void> {
  await context.callUser("register", proof);
  await becomes(context, proof.username);
}

/** Signs in. Throws a Failure. */
export async function login(context: Context, proof: Proof): Promise<void> {
  await context.callUser("login", proof);
  await becomes(context, proof.username);
}

/** Signs out; a session that is already over is as good. Throws a Failure when the server cannot be reached. */
export async function logout(context: Context): Promise<void> {
  try {
    await context.callUser("logout", {});
  } catch (thrown) {
    const code = (thrown as { code?: string }).code ?? "";
    if (!["Unauthorized", "TokenExpired", "TokenInvalid"].includes(code)) throw thrown;
  }
  await becomes(context, undefined);
}

/** Keeps a recovery phrase. Throws a Failure. */
export async function savePhrase(context: Context, phrase: string): Promise<void> {
  await context.callUser("save_recovery_phrase", { phrase });
}

/** Uses a recovery phrase: a new authenticator can be added. Throws a Failure. */
export async function usePhrase(context: Context, input: { username: string; phrase: string }): Promise<AuthStart> {
  const answer = await context.callUser("recovery_phrase", input);
  return context.readAuthStart({ username: text(input.username, "username"), ...(answer as object) });
}

/** Signs in with an e-mail and a password. Throws a Failure. */
export async function signInByMail(context: Context, proof: { email: string; password: string }): Promise<void> {
  await context.ask({ method: "POST", path: "/auth/login/email?cookie=1", body: proof });
  await becomesUser(context);
}

/** An account that is to be made. */
export interface NewAccount {
  readonly email: string;
  readonly password: string;
  readonly name: string;
  readonly language: string;
}

/** Begins an account: a code is mailed. Asked again, another code is. Throws a Failure. */
export async function signUpByMail(context: Context, account: NewAccount): Promise<void> {
  const { name, ...rest } = account;
  await context.ask({ method: "POST", path: "/auth/signup/email", body: name ? { ...rest, name } : rest });
}

/** Proves the address by its code and signs in. Throws a Failure. */
export async function proveMail(context: Context, proof: { email: string; otp: string }): Promise<void> {
  await context.ask({ method: "POST", path: "/auth/verify-otp?cookie=1", body: proof });
  await becomesUser(context);
}

/** The cookie is another: a new socket says who we are by it. Waits until the page knows. */
function becomesUser(context: Context): Promise<void> {
  context.link.reopen();
  return new Promise((resolve) => {
    let stop = () => {};
    const done = () => {
      cancel();
      stop();
      resolve();
    };
    const cancel = context.after(LONGEST_MS, done);
    stop = context.page.subscribe((page) => {
      if (page.account?.kind === "user") queueMicrotask(done);
    });
  });
}

/** Waits until the page knows that we are someone else; when the server does not say so, asks it on a new socket. */
function becomes(context: Context, username: string | undefined): Promise<void> {
  return new Promise((resolve) => {
    let done = () => {};
    const cancel = context.after(SWITCH_MS, () => {
      context.link.reopen();
      done();
    });
    const stop = context.page.subscribe(() => {
      if (accountOf(context)?.username === username && context.page.get().account) done();
    });
    done = () => {
      cancel();
      stop();
      resolve();
    };
    if (accountOf(context)?.username === username && context.page.get().account) done();
  });
}
