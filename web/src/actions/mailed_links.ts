// Following the links that are mailed, and asking for one. Fetched with the views of those links and not before.
import { Failure, failureCode } from "../wire/failure";
import type { TalkAsk } from "../wire/talk";

/** What these actions work with: the messenger's door, whose links they are. */
interface Door {
  /** Asks; throws a Failure. */
  askTalk(ask: TalkAsk): Promise<unknown>;
}

/** What a mailed link names. */
export interface MailedLink {
  readonly id: string;
  readonly token: string;
}

/** How the door says that a link is no longer good; where it is about a link, "unauthorized" means nothing else. */
const REFUSALS = ["invalid_confirm_email_link", "unauthorized", "user_not_found"];

/** The query of a mailed link, read; null: it is none. */
export function readMailedLink(query: string): MailedLink | null {
  const [, id, token] = /^\?id=([1-9]\d{0,14})&token=([\w-]{1,1024})$/.exec(query) ?? [];
  return id && token ? { id, token } : null;
}

/** Confirms the address the link was mailed to. Throws a Failure; `link_invalid`: the link is no longer good. */
export function confirmAddress(door: Door, link: MailedLink): Promise<void> {
  return follow(door, { method: "GET", path: `/email/confirm-email${queryOf(link)}` });
}

/** Sets a new password and confirms the address. Throws a Failure; `link_invalid`: the link is no longer good. */
export function setPassword(door: Door, link: MailedLink, newPassword: string): Promise<void> {
  return follow(door, { method: "POST", path: `/email/reset-password${queryOf(link)}`, body: { newPassword } });
}

/** Has a link to a new password mailed; whether there is such an account is not told. Throws a Failure. */
export async function askForLink(door: Door, email: string): Promise<void> {
  await door.askTalk({ method: "POST", path: "/user/reset-password", body: { email } });
}

function queryOf({ id, token }: MailedLink): string {
  return `?id=${id}&token=${token}`;
}

async function follow(door: Door, ask: TalkAsk): Promise<void> {
  try {
    await door.askTalk(ask);
  } catch (thrown) {
    throw REFUSALS.includes(failureCode(thrown)) ? new Failure("link_invalid") : thrown;
  }
}
