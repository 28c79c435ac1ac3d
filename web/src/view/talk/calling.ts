// Tells of messages outside of the page: by the browser's notifications, and by a dot on the tab's icon.
import { notifying, showNotification } from "../notifying";

const DOTTED =
  "data:image/svg+xml," +
  encodeURIComponent(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="9" fill="#4338ca"/><path d="M9 8h14v10H9zM6 14v9h20v-9" fill="none" stroke="#fff" stroke-width="2.4" stroke-linecap="round" stroke-linejoin="round"/><circle cx="24" cy="8" r="7" fill="#dc2626" stroke="#fff" stroke-width="2"/></svg>',
  );

let plain = "";

/** Puts the dot on the tab's icon, or takes it away. */
export function markIcon(marked: boolean): void {
  const icon = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
  if (!icon) return;
  plain ||= icon.href;
  icon.href = marked ? DOTTED : plain;
}

/** Whether another tab of ours is being looked at: each holds a lock meanwhile, which goes with it, however it ends. */
async function lookedAtElsewhere(): Promise<boolean> {
  const locks = await navigator.locks?.query().catch(() => null);
  return locks?.held?.some(({ name }) => name === LOOKED_AT) ?? false;
}

const LOOKED_AT = "foyer.looked-at";

/** Holds the lock while this tab is looked at; to be called whenever that may have changed. */
let letGo: (() => void) | null = null;
function holdWhileSeen(): void {
  const seen = document.visibilityState === "visible" && document.hasFocus();
  if (!seen) {
    letGo?.();
    letGo = null;
  } else if (!letGo) {
    const held = new Promise<void>((resolve) => (letGo = resolve));
    void navigator.locks?.request(LOOKED_AT, { mode: "shared" }, () => held).catch(() => {});
  }
}

for (const name of ["focus", "blur"]) addEventListener(name, holdWhileSeen);
document.addEventListener("visibilitychange", holdWhileSeen);
holdWhileSeen();

/** What to tell of a message, and where a click on it leads. */
export interface Call {
  readonly id: number;
  readonly name: string;
  readonly text: string;
  readonly path: string;
}

/** Notifies of a message, where that is allowed and no tab of ours is looked at; all tabs together once. */
export async function notify({ id, name, text, path }: Call): Promise<void> {
  if (notifying() !== "yes" || (await lookedAtElsewhere())) return;
  await showNotification(name, { body: text.slice(0, 200), tag: `foyer-message-${id}` }, path);
}
