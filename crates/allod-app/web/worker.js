// Keeps the app's own files, so that it opens without the network. The build lists them with the hash of their content: a file
// that is another one than listed is not taken, and then the version before stays. Answers of the server's interface never
// pass here, and nothing that people write is kept here.
const VERSION = "__VERSION__";
const FILES = { __FILES__: "" };
const CACHE = `allod-${VERSION}`;

const hex = (bytes) => [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");

const take = async (cache, path) => {
  const answer = await fetch(path, { cache: "no-cache", credentials: "omit", redirect: "error" });
  const hash = hex(await crypto.subtle.digest("SHA-256", await answer.clone().arrayBuffer()));
  if (!answer.ok || hash !== FILES[path]) throw new Error(`${path} is not of this version`);
  await cache.put(path, answer);
};

const install = async () => {
  const cache = await caches.open(CACHE);
  await Promise.all(Object.keys(FILES).map((path) => take(cache, path)));
};

const activate = async () => {
  const old = (await caches.keys()).filter((name) => name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
  await clients.claim();
};

const answer = async (path, request) => {
  const cache = await caches.open(CACHE);
  return (await cache.match(path)) ?? fetch(request);
};

addEventListener("install", (event) => event.waitUntil(install()));
addEventListener("activate", (event) => event.waitUntil(activate()));
addEventListener("message", (event) => {
  if (event.data === "take over") skipWaiting();
});
addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  const own = event.request.method === "GET" && url.origin === location.origin && Object.hasOwn(FILES, url.pathname);
  if (own) event.respondWith(answer(url.pathname, event.request));
});
