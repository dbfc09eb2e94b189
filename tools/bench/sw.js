// Service worker of the bench page: keeps a whole copy of the page, and answers from it without a
// network. With one, every file comes from the server, so a page is never of two versions.

const NAME = "waistband-bench-";
const LIST = "./offline.json"; // {version, files}: the version is a hash of all their contents

self.addEventListener("install", (event) => event.waitUntil(keep().then(() => self.skipWaiting())));
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("message", (event) => event.waitUntil(keep()));

/** Make a copy of the page as it is now, whole or not at all; then drop older ones. */
async function keep() {
  const { version, files } = await (await fetch(LIST, { cache: "no-store" })).json();
  const name = NAME + version, known = await caches.keys();
  if (!known.includes(name)) {
    try {
      await (await caches.open(name)).addAll(["./", ...files]);
    } catch (why) {
      await caches.delete(name);
      throw why;
    }
  }
  await Promise.all(known.filter((old) => old.startsWith(NAME) && old !== name).map((old) => caches.delete(old)));
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || new URL(request.url).origin !== location.origin) return;
  event.respondWith(fetch(request).catch(async (why) => {
    const kept = await caches.match(request, { ignoreSearch: true });
    if (!kept) throw why;
    return kept;
  }));
});
