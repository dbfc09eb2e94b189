// The page without a network: a service worker keeps a whole copy of it (sw.js). Where there is
// none, or the copy cannot be made, the page works as it did, on line.

const WAIT_MS = 3_000; // after the unit is there: the copy must not delay it

export function keepOffline() {
  if (!("serviceWorker" in navigator)) return;
  setTimeout(async () => {
    try {
      await navigator.serviceWorker.register("./sw.js");
      const { active } = await navigator.serviceWorker.ready;
      active.postMessage("keep");
    } catch {
      // a host without https, or a browser that keeps nothing
    }
  }, WAIT_MS);
}
