// Every action of the messenger, by name. It is fetched with the messenger and not before.
import { bind, type Bound } from "./bind";
import * as conversing from "./conversing";
import type { Talking } from "./talk_context";
import * as talking from "./talking";
import * as writing from "./writing";

const TALK_ACTIONS = { ...conversing, ...writing, ...talking } as const;

/** The actions as the view calls them. */
export type TalkActions = Bound<typeof TALK_ACTIONS>;

/** Hands the context to every action. */
export function bindTalk(context: Talking): TalkActions {
  return bind(context, TALK_ACTIONS);
}
