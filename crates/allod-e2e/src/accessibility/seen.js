// What there is to look at, and how a fault is told: one line for each, its kind first.
const faults = [];
const told = (element) => {
  const test = element.closest("[data-test]")?.dataset.test;
  const name = element.id ? `#${element.id}` : element.className && typeof element.className === "string" ? `.${element.className.trim().split(/\s+/).join(".")}` : "";
  const text = element.textContent.trim().replace(/\s+/g, " ").slice(0, 40);
  return `${element.localName}${name}${test ? ` in ${test}` : ""}${text ? ` “${text}”` : ""}`;
};
const fault = (kind, element, more = "") => faults.push(`${kind}: ${told(element)}${more ? `, ${more}` : ""}`);

// What can be seen and reached: an open dialog makes all others inert.
const modal = document.querySelector("dialog:modal");
const scope = modal ?? document.body;
const isShown = (element) =>
  element.checkVisibility({ checkVisibilityCSS: true }) && !element.closest("[inert]") && element.getClientRects().length > 0;
const isSilent = (element) => element.closest("[aria-hidden=true]") !== null;
const all = [...scope.querySelectorAll("*"), ...(modal ? [modal] : [])].filter(isShown);

// Names, as the accessible name computation gives them, as far as this interface uses it.
const textOf = (node) => {
  if (node.nodeType === Node.TEXT_NODE) return node.data;
  if (node.nodeType !== Node.ELEMENT_NODE || node.getAttribute("aria-hidden") === "true") return "";
  if (getComputedStyle(node).display === "none") return "";
  return node.ariaLabel || node.getAttribute("alt") || [...node.childNodes].map(textOf).join(" ");
};
const byReference = (element, attribute) =>
  (element.getAttribute(attribute) ?? "").split(/\s+/).map((id) => id && document.getElementById(id)).filter(Boolean).map(textOf).join(" ");
const nameOf = (element) =>
  [
    byReference(element, "aria-labelledby"),
    element.ariaLabel,
    element.labels?.length ? [...element.labels].map(textOf).join(" ") : "",
    element.getAttribute("alt"),
    element.matches("input, textarea, select, progress, dialog, [role=dialog]") ? "" : textOf(element),
    element.title,
  ].find((name) => name && name.trim()) ?? "";

const INTERACTIVE = "button, a[href], input:not([type=hidden]), textarea, select, summary, audio[controls], video[controls], [role=button], [role=link], [role=checkbox], [role=radio], [role=menuitem], [role=option], [role=slider]";
const controls = all.filter((element) => element.matches(INTERACTIVE));
const fades = (element) => {
  let opacity = 1;
  for (let at = element; at; at = at.parentElement) opacity *= Number(getComputedStyle(at).opacity);
  return opacity;
};
const isDisabled = (element) => element.closest(":disabled, [aria-disabled=true]") !== null;
const isUnseen = (element) => element.closest(".sr-only") !== null || fades(element) === 0;
