/**
 * The service worker of an exported page: keeps all its files for when there is no network, of one version, whole or not
 * at all. A newer version is fetched beside the one in use; offline.js changes over when the page is opened next.
 */

/** @type {Record<string, string>} path -> SHA-256 in base64: written when the page is exported */
const FILES = {};
const VERSION = ""; // of the digests of all of them: written, too

const scope = /** @type {any} */ (self).registration.scope;
const OURS = `kickitout ${scope} `; // other pages of this host have caches of their own
const NAME = OURS + VERSION;

async function keep() {
  const cache = await caches.open(NAME);
  await Promise.all(
    Object.entries(FILES).map(async ([path, digest]) => {
      // What the browser has already is only checked. A file of another version is refused, and all with it.
      const reply = await fetch(new Request(path, { cache: "no-cache", integrity: `sha256-${digest}` }));
      if (!reply.ok) throw new Error(`${path}: ${reply.status}`);
      await cache.put(path, reply);
    }),
  );
}

async function forgetOthers() {
  for (const name of await caches.keys()) if (name.startsWith(OURS) && name !== NAME) await caches.delete(name);
}

/** @param {Request} request */
async function answer(request) {
  const cache = await caches.open(NAME);
  const { href } = new URL(request.url);
  const home = [scope, `${scope}index.html`].includes(href.replace(/[?#].*/, ""));
  return (await cache.match(home ? scope : request)) ?? fetch(request);
}

addEventListener("install", (/** @type {any} */ event) => event.waitUntil(keep()));
addEventListener("activate", (/** @type {any} */ event) => event.waitUntil(forgetOthers()));
addEventListener("fetch", (/** @type {any} */ event) => event.request.method === "GET" && event.respondWith(answer(event.request)));
addEventListener("message", ({ data }) => data === "change over" && /** @type {any} */ (self).skipWaiting());
