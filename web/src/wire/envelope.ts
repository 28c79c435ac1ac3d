// The envelope of every text message on the socket.
import { object, text, textOr, WireFault } from "./check";

/** What an answer is: the reply to a request, or a message of a subscription. */
export type ReplyStatus = "success" | "error" | "snapshot" | "update";

/** A decoded text message from the server. */
export interface Reply {
  readonly status: ReplyStatus;
  readonly eid: string;
  readonly data: unknown;
  /** The error's code; empty when there is none. */
  readonly error: string;
}

const STATUSES: readonly string[] = ["success", "error", "snapshot", "update"];

/** The single character both sides send to say that they are alive. */
export const HEARTBEAT = "1";

/** Writes a request; `data` is always there, null when a message has none. */
export function writeRequest(type: string, data: unknown, eid: string): string {
  return JSON.stringify({ type, data: data ?? null, eid });
}

/** Reads a text message; a heartbeat is null. */
export function readReply(message: string): Reply | null {
  if (/^\d+$/.test(message)) return null;
  const read = object(JSON.parse(message), "message");
  const status = text(read.status, "message.status");
  if (!STATUSES.includes(status)) throw new WireFault("message.status is unknown");
  return {
    status: status as ReplyStatus,
    eid: text(read.eid, "message.eid"),
    data: read.data,
    error: textOr(read.error, ""),
  };
}
