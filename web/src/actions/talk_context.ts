// What the actions of the messenger work with.
import type { Outgoing, Talk } from "../state/talk";
import { unreadIn } from "../state/talk";
import type { Store } from "../state/store";
import type { EventSocket } from "../wire/event_socket";
import { Failure } from "../wire/failure";
import type { TalkAsk } from "../wire/talk";
import type { Context } from "./context";

/** What this browser keeps of what is on its way: through a reload, and for its other tabs to see. */
export interface Shelf {
  all(me: number): Outgoing[];
  put(me: number, outgoing: Outgoing): void;
  drop(me: number, clientId: string): void;
  /** Calls `changed` when another tab has put or dropped something. */
  watch(changed: () => void): void;
}

/** The page's context, and the messenger's. */
export interface Talking extends Context {
  readonly talk: Store<Talk>;
  readonly socket: EventSocket;
  readonly shelf: Shelf;
  /** Asks the messenger's door; throws a Failure. */
  askTalk(ask: TalkAsk): Promise<unknown>;
  /** The device's clock, milliseconds since 1970. */
  deviceNow(): number;
}

/** Changes the messenger's state; the rest of the page knows how much is unread. */
export function change(talking: Talking, step: (talk: Talk) => Talk): void {
  talking.talk.update(step);
  const unread = unreadIn(talking.talk.get());
  talking.page.update((page) => (page.unread === unread ? page : { ...page, unread }));
}

/** Asks for whoever is signed in. Throws a Failure, also when that is somebody else by the time the answer comes. */
export async function askDoor(talking: Talking, ask: TalkAsk): Promise<unknown> {
  const { me } = talking.talk.get();
  const answer = await talking.askTalk(ask);
  if (talking.talk.get().me !== me) throw new Failure("unauthorized");
  return answer;
}
