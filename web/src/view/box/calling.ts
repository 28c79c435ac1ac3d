// Calls a person who has turned to something else: by the tab's title and icon, by a notification, by a short buzz.
import { notifying, showNotification } from "../notifying";

let calling: ReturnType<typeof setInterval> | undefined;
let titleBefore = "";
let iconBefore = "";

const icon = () => document.querySelector<HTMLLinkElement>('link[rel="icon"]');
const CALLING_ICON =
  "data:image/svg+xml," +
  encodeURIComponent(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><circle cx="16" cy="16" r="15" fill="#17734a"/><path d="M9 16l5 5 9-10" fill="none" stroke="#fff" stroke-width="3.5" stroke-linecap="round" stroke-linejoin="round"/></svg>',
  );

/** Calls: it is your turn. While the page is looked at, the buzz is enough. */
export function callTurn(title: string, body: string): void {
  navigator.vibrate?.([120, 80, 120]);
  if (!document.hidden || calling) return;
  titleBefore = document.title;
  iconBefore = icon()?.href ?? "";
  if (icon()) icon()!.href = CALLING_ICON;
  let shown = false;
  calling = setInterval(() => (document.title = (shown = !shown) ? `● ${title}` : titleBefore), 1_000);
  if (notifying() === "yes") void showNotification(title, { body, tag: "foyer-turn" }, location.pathname);
  document.addEventListener("visibilitychange", restoreTitle, { once: true });
}

/** The call is over. */
export function restoreTitle(): void {
  if (!calling) return;
  clearInterval(calling);
  calling = undefined;
  document.title = titleBefore;
  if (icon() && iconBefore) icon()!.href = iconBefore;
}
