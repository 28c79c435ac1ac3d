// One's own account and its sessions, as the tickets door sends them.
import { list, object, text, textOr, whole } from "./check";
import { timeOr } from "./concert";

/** One's own account. Empty texts are what it does not have. */
export interface Person {
  readonly id: string;
  /** What the messenger knows one by. */
  readonly number: number;
  readonly email: string;
  readonly username: string;
  readonly name: string;
  readonly staff: boolean;
  readonly language: string;
}

/** Decodes `GET /account`. */
export function readPerson(value: unknown): Person {
  const read = object(value, "account");
  return {
    id: text(read.id, "account.id"),
    number: whole(read.number, "account.number"),
    email: textOr(read.email, ""),
    username: textOr(read.username, ""),
    name: textOr(read.name, ""),
    staff: read.role === "staff",
    language: textOr(read.language, "en"),
  };
}

/** A place where one is signed in. */
export interface Session {
  readonly id: string;
  readonly door: string;
  readonly device: string;
  readonly os: string;
  readonly browser: string;
  readonly ip: string;
  readonly lastUsedAt: number;
  readonly current: boolean;
}

/** Decodes `GET /account/sessions`. */
export function readSessions(value: unknown): Session[] {
  const items = Array.isArray(value) ? value : object(value, "answer").sessions;
  return list(items, "sessions", (item, place) => {
    const read = object(item, place);
    return {
      id: String(read.id),
      door: textOr(read.door, ""),
      device: textOr(read.device, ""),
      os: textOr(read.os, ""),
      browser: textOr(read.browser, ""),
      ip: textOr(read.ip, ""),
      lastUsedAt: timeOr(read.lastUsedAt) || timeOr(read.createdAt),
      current: read.current === true,
    };
  });
}
