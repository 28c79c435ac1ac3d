// A conversation as the lines of a page: its days, where the new begins, and which messages stand together. Pure.
import type { Message } from "../wire/talk";
import type { Outgoing, Room } from "./talk";

/** A line. Messages of one person within a short time stand together: `first` and `last` of such a run. */
export type Line =
  | { readonly kind: "day"; readonly key: string; readonly at: number }
  | { readonly kind: "new"; readonly key: string }
  | {
      readonly kind: "message";
      readonly key: string;
      readonly mine: boolean;
      readonly first: boolean;
      readonly last: boolean;
      readonly at: number;
      readonly text: string;
      /** What the server has; null while it is on its way. */
      readonly message: Message | null;
      /** What is on its way; null when it has arrived. */
      readonly outgoing: Outgoing | null;
    };

/** How far apart two messages of a run may be, in milliseconds. */
const TOGETHER_MS = 5 * 60_000;

type Said = Extract<Line, { kind: "message" }>;

function saidOf(message: Message, me: number): Said {
  const { at, text } = message;
  // One's own message keeps its key when it is acknowledged, so that its line does not blink.
  const key = message.clientId || `m${message.id}`;
  return { kind: "message", key, mine: message.sender === me, first: true, last: true, at, text, message, outgoing: null };
}

/** What is on its way stands below all that has arrived, whatever this device's clock says. */
function outOf(outgoing: Outgoing, after: number): Said {
  const { text, clientId } = outgoing;
  const at = Math.max(outgoing.at, after);
  return { kind: "message", key: clientId, mine: true, first: true, last: true, at, text, message: null, outgoing };
}

/** The lines of a conversation, and what is on its way below them. `dayOf` names the day of a moment. */
export function linesOf(room: Room, outgoing: readonly Outgoing[], me: number, dayOf: (ms: number) => string): Line[] {
  const arrived = room.messages.map((message) => saidOf(message, me));
  const after = arrived.at(-1)?.at ?? 0;
  const said = [...arrived, ...(room.live ? outgoing.map((one) => outOf(one, after)) : [])];
  const lines: Line[] = [];
  let before: Said | null = null;
  for (const one of said) {
    const newDay: boolean = !before || dayOf(before.at) !== dayOf(one.at);
    const isNew = room.newFrom > 0 && one.message?.seq === room.newFrom;
    if (newDay) lines.push({ kind: "day", key: `d${dayOf(one.at)}${one.key}`, at: one.at });
    if (isNew) lines.push({ kind: "new", key: "new" });
    const joins: boolean = !!before && !newDay && !isNew && before.mine === one.mine && one.at - before.at < TOGETHER_MS;
    if (joins) lines[lines.length - 1] = { ...(lines[lines.length - 1] as Said), last: false };
    const line: Said = { ...one, first: !joins };
    lines.push(line);
    before = one;
  }
  return lines;
}

/** The lines with those of before that are the same: what has not changed need not be drawn again. */
export function reuseLines(before: readonly Line[], lines: readonly Line[]): Line[] {
  const held = new Map(before.map((line) => [line.key, line]));
  return lines.map((line) => {
    const old = held.get(line.key);
    return old && sameLine(old, line) ? old : line;
  });
}

function sameLine(one: Line, two: Line): boolean {
  const fields = Object.entries(two) as [keyof Line, unknown][];
  return fields.every(([name, value]) => one[name] === value);
}
