// A service worker for the one thing that some browsers (Android's) leave to none else: showing notifications. A click
// leads to a page that is open, or opens one.
addEventListener("notificationclick", (event) => {
  const { notification } = event;
  notification.close();
  const lead = async () => {
    const [page] = await clients.matchAll({ type: "window" });
    if (!page) return clients.openWindow(notification.data);
    await page.focus();
    page.postMessage(notification.data);
  };
  event.waitUntil(lead());
});
