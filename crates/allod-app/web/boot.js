// Runs before the app: gives the first frame its theme, and says so in words when the app cannot start. Everything else is Rust.
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
