// The browser's notifications: whether they may be shown, and showing them.
import { go } from "./router.svelte";

/** Whether the person can still be asked for notifications, has allowed them, or has not. */
export function notifying(): "ask" | "yes" | "no" {
  if (!("Notification" in window)) return "no";
  return Notification.permission === "granted" ? "yes" : Notification.permission === "denied" ? "no" : "ask";
}

/** Asks to be allowed to notify. */
export async function askToNotify(): Promise<"ask" | "yes" | "no"> {
  if ("Notification" in window) await Notification.requestPermission().catch(() => {});
  return notifying();
}

/** Shows a notification, where that is allowed. A click on it leads to the path. */
export async function showNotification(title: string, options: NotificationOptions, path: string): Promise<void> {
  try {
    new Notification(title, options).onclick = () => {
      window.focus();
      go(path);
    };
  } catch {
    await showByWorker(title, { ...options, data: path }).catch(() => {});
  }
}

/** Shows it where only a service worker may. */
async function showByWorker(title: string, options: NotificationOptions): Promise<void> {
  const { serviceWorker } = navigator;
  await serviceWorker.register("/notifier.js");
  serviceWorker.onmessage = ({ data }) => go(data);
  const registration = await serviceWorker.ready;
  await registration.showNotification(title, options);
}
