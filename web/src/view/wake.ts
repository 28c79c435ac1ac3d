// Keeps a lobby screen awake, where the browser can.

/** Holds the screen awake until the result is called; asked for again whenever the page is seen again. */
export function keepAwake(): () => void {
  let lock: WakeLockSentinel | null = null;
  const hold = async () => {
    if (document.hidden || !("wakeLock" in navigator)) return;
    lock = await navigator.wakeLock.request("screen").catch(() => null);
  };
  const again = () => void hold();
  document.addEventListener("visibilitychange", again);
  void hold();
  return () => {
    document.removeEventListener("visibilitychange", again);
    void lock?.release();
  };
}
