// The messenger as its views use it: made once, when somebody is signed in, and alive for as long as the page.
import type { Talking } from "../../actions/talk_context";
import { bindTalk, type TalkActions } from "../../actions/talk_table";
import { createStore, type Store } from "../../state/store";
import { newTalk, otherOf, type Talk } from "../../state/talk";
import { EventSocket, handshakeQuery } from "../../wire/event_socket";
import { browserSurroundings } from "../../wire/link";
import { askTalk, type Message } from "../../wire/talk";
import type { App } from "../app";
import { shelf } from "./shelf";

/** The state and the actions of the messenger. */
export interface Messenger {
  readonly talk: Store<Talk>;
  readonly talking: TalkActions;
  /** Calls `heard` with every message of others as it arrives, until the result is called. */
  onArrival(heard: (message: Message, other: number) => void): () => void;
}

let made: Messenger | null = null;
const watching = $state({ is: looking(), now: Date.now() });

function looking(): boolean {
  return document.visibilityState === "visible" && document.hasFocus();
}

const look = () => (watching.is = looking());
for (const name of ["focus", "blur", "pageshow"]) addEventListener(name, look);
document.addEventListener("visibilitychange", look);
setInterval(() => (watching.now = Date.now()), 20_000);

/** Whether the person looks at this page; reactive. */
export function isWatching(): boolean {
  return watching.is;
}

/** The device's time, to twenty seconds; reactive. */
export function timeNow(): number {
  return watching.now;
}

/** How this browser is called among the places where one is signed in. */
function surroundingsOf(): { os: string; browser: string } {
  const agent = navigator.userAgent;
  const os = /Android|iPhone|iPad|Windows|Mac OS X|CrOS|Linux/.exec(agent)?.[0] ?? "unknown";
  const browser = /(Firefox|Edg|OPR|Chrome|Version)\/[\d.]+/.exec(agent)?.[0].replace("Version", "Safari") ?? "unknown";
  return { os: `${os}/unknown`, browser };
}

/** The messenger of this page. */
export function messenger(app: App): Messenger {
  if (made) return made;
  const talk = createStore(newTalk(0));
  const heard = new Set<(message: Message, other: number) => void>();
  const { os, browser } = surroundingsOf();
  const address = location.origin.replace(/^http/, "ws") + handshakeQuery(os, browser);
  const world = { ...browserSurroundings(), open: () => new WebSocket(address) };
  const socket = new EventSocket(world, {
    onState: (state) => talking.takeSocket(state),
    onRefused: () => talking.takeRefusal(),
    onEvent(name, argument) {
      const event = talking.takeEvent(name, argument);
      if (event?.kind !== "message" || event.message.sender === talk.get().me) return;
      for (const listener of heard) listener(event.message, otherOf(talk.get(), event.message));
    },
  });
  const ask: typeof askTalk = async (asked) => {
    try {
      return await askTalk(asked);
    } catch (thrown) {
      app.actions.doubtAccount(thrown);
      throw thrown;
    }
  };
  const context: Talking = { ...app.context, talk, socket, shelf, askTalk: ask, deviceNow: () => Date.now() };
  const talking = bindTalk(context);
  talking.followPerson();
  addEventListener("online", () => talking.wake());
  addEventListener("pageshow", () => talking.wake());
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && talking.wake());
  made = {
    talk,
    talking,
    onArrival(listener) {
      heard.add(listener);
      return () => heard.delete(listener);
    },
  };
  return made;
}
