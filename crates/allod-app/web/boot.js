// Runs before the app: gives the first frame its theme, says so in words when the app cannot start, and lets the browser keep
// the app's files (worker.js). Everything else is Rust.
const root = document.documentElement;
const chosen = localStorage.getItem("allod-theme");
if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;
if (chosen === "contrast" || matchMedia("(prefers-contrast: more)").matches) root.dataset.contrast = "more";

const failed = () => {
  const text = document.getElementById("starting-text");
  if (!text) return;
  text.textContent = navigator.language.startsWith("fr")
    ? "Ce navigateur n’a pas pu démarrer Allod. Rien n’est perdu : rechargez la page ou essayez un navigateur à jour."
    : "This browser could not start Allod. Nothing is lost: reload the page, or try an up-to-date browser.";
};
addEventListener("unhandledrejection", failed);
addEventListener("error", failed, true);

// The two script addresses that the policy of this page lets through besides its own: they are written here and nowhere else.
const address = (name) => (name === "stretch" ? "/stretch.js" : "/worker.js");
const policy = globalThis.trustedTypes?.createPolicy("worker", { createScriptURL: address }) ?? { createScriptURL: address };

// The key of a backup is made by a worker of its own, so that the page lives on. It says that it is ready, gets its task, and answers.
globalThis.allodStretch = (task) =>
  new Promise((resolve, reject) => {
    const worker = new Worker(policy.createScriptURL("stretch"), { type: "module" });
    worker.addEventListener("error", () => (worker.terminate(), reject(new Error("no worker"))));
    worker.addEventListener("message", ({ data }) => {
      if (data === "ready") return worker.postMessage(task);
      worker.terminate();
      resolve(data);
    });
  });

const keepFiles = async () => {
  const workers = navigator.serviceWorker;
  if (!workers) return;
  const registration = await workers.register(policy.createScriptURL("files"), { updateViaCache: "none" });
  const look = () => {
    // Another version waits while this one runs; the first version of all has nobody to wait for.
    if (!registration.waiting || !workers.controller) return;
    root.dataset.update = "ready";
    dispatchEvent(new Event("allod-update"));
  };
  const watch = () => registration.installing?.addEventListener("statechange", look);
  registration.addEventListener("updatefound", watch);
  watch();
  look();
  addEventListener("online", () => registration.update().catch(() => {}));
  addEventListener("allod-reload", () => {
    workers.addEventListener("controllerchange", () => location.reload(), { once: true });
    registration.waiting?.postMessage("take over");
  });
};
// Private windows may refuse; the app works without, only not offline.
keepFiles().catch(() => {});
