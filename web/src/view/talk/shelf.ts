// What is on its way, kept in this browser: each message under a key of its own, so that tabs do not undo each other's. And
// what is being written, kept in this tab.
import type { Shelf } from "../../actions/talk_context";
import type { Outgoing } from "../../state/talk";

const prefixOf = (me: number) => `foyer.talk.${me}.`;

/** Does something where keeping is allowed. */
function trying<T>(task: () => T, otherwise: T): T {
  try {
    return task();
  } catch {
    return otherwise;
  }
}

/** The shelf of this browser. */
export const shelf: Shelf = {
  all: (me) =>
    trying(() => {
      const keys = Object.keys(localStorage).filter((key) => me > 0 && key.startsWith(prefixOf(me)));
      const kept = keys.map((key) => JSON.parse(localStorage.getItem(key) ?? "null") as Outgoing | null);
      return kept.filter((one) => one !== null).sort((one, two) => one.at - two.at);
    }, []),
  put: (me, outgoing) => trying(() => localStorage.setItem(prefixOf(me) + outgoing.clientId, JSON.stringify(outgoing)), undefined),
  drop: (me, clientId) => trying(() => localStorage.removeItem(prefixOf(me) + clientId), undefined),
  watch(changed) {
    addEventListener("storage", (event) => {
      if (event.key === null || event.key.startsWith("foyer.talk.")) changed();
    });
  },
};

const draftOf = (me: number, to: number) => `foyer.draft.${me}.${to}`;

/** What somebody has begun to write to somebody. */
export function beginningOf(me: number, to: number): string {
  return trying(() => sessionStorage.getItem(draftOf(me, to)) ?? "", "");
}

/** Keeps it, through another conversation, a reload or the end of the session; empty: there is none. */
export function keepBeginning(me: number, to: number, text: string): void {
  trying(() => (text ? sessionStorage.setItem(draftOf(me, to), text) : sessionStorage.removeItem(draftOf(me, to))), undefined);
}
