// The browser's notifications: whether they may be shown.

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
