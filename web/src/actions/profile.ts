// One's own account: its details, further ways to sign in, the places where it is signed in. All throw a Failure.
import { object, text } from "../wire/check";
import { readPerson, readSessions, type Session } from "../wire/person";
import type { Context } from "./context";

/** Changes name or language. */
export async function saveProfile(context: Context, change: { name?: string; language?: string }): Promise<void> {
  const { value } = await context.ask({ method: "PATCH", path: "/account", body: change });
  context.page.update((page) => ({ ...page, person: readPerson(value) }));
}

/** Begins to add an e-mail: a code is mailed to it. */
export async function addEmail(context: Context, email: string): Promise<void> {
  await context.ask({ method: "POST", path: "/account/email", body: { email } });
}

/** Adds it, by its code. */
export async function proveEmail(context: Context, otp: string): Promise<void> {
  const { value } = await context.ask({ method: "POST", path: "/account/email/verify", body: { otp } });
  context.page.update((page) => ({ ...page, person: readPerson(value) }));
}

/** Begins to add a username; gives the address of its authenticator's QR code. */
export async function addUsername(context: Context, username: string): Promise<string> {
  const { value } = await context.ask({ method: "POST", path: "/account/username", body: { username } });
  return text(object(value, "answer").qr_url, "answer.qr_url");
}

/** Adds it, by a code of the authenticator. */
export async function proveUsername(context: Context, code: string): Promise<void> {
  const { value } = await context.ask({ method: "POST", path: "/account/username/verify", body: { code } });
  context.page.update((page) => ({ ...page, person: readPerson(value) }));
}

/** Where one is signed in. */
export async function askSessions(context: Context): Promise<Session[]> {
  return readSessions((await context.ask({ method: "GET", path: "/account/sessions" })).value);
}

/** Signs out there; without an id everywhere but here. */
export async function endSessions(context: Context, id: string): Promise<void> {
  await context.ask({ method: "DELETE", path: `/account/sessions${id ? `/${id}` : ""}` });
}
