// What is on its way, kept in this browser: each message under a key of its own, so that tabs do not undo each other's.
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
