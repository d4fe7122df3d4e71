// What keeps people from using the page as it is. First, that whatever can be used or seen has a name.
for (const element of controls) if (!nameOf(element).trim()) fault("name", element);
for (const element of all) if (element.matches("img, [role=img]") && !element.hasAttribute("alt") && !nameOf(element) && !isSilent(element)) fault("alt", element);

// Roles: known ones, with what each of them needs, and within what it belongs to.
const NEEDS = { checkbox: "aria-checked", radio: "aria-checked", switch: "aria-checked", slider: "aria-valuenow", combobox: "aria-expanded", option: "aria-selected", heading: "aria-level" };
const NAMED = ["dialog", "alertdialog", "menu", "radiogroup", "listbox", "log", "group", "region", "img", "slider", "progressbar"];
const WITHIN = { menuitem: "[role=menu]", radio: "[role=radiogroup]", option: "[role=listbox]", listitem: "ul, ol, [role=list]" };
const KNOWN = [...Object.keys(NEEDS), ...NAMED, ...Object.keys(WITHIN), "alert", "article", "banner", "button", "link", "list", "main", "navigation", "none", "note", "presentation", "search", "separator", "status", "timer", "toolbar"];
for (const element of all) {
  const role = element.getAttribute("role") ?? { dialog: "dialog", progress: "progressbar" }[element.localName];
  if (element.localName === "li" && !element.closest("ul, ol")) fault("role", element, "a list item without a list");
  if (!role || isSilent(element)) continue;
  if (!KNOWN.includes(role)) fault("role", element, `unknown: ${role}`);
  if (NEEDS[role] && !element.hasAttribute(NEEDS[role])) fault("role", element, `${role} without ${NEEDS[role]}`);
  if (NAMED.includes(role) && !nameOf(element).trim()) fault("name", element, role);
  if (WITHIN[role] && !element.parentElement.closest(WITHIN[role])) fault("role", element, `${role} not within ${WITHIN[role]}`);
}

// Headings, landmarks, identifiers, language.
if (!modal) {
  let before = 0;
  for (const element of all.filter((element) => element.matches("h1, h2, h3, h4, h5, h6"))) {
    const level = Number(element.localName[1]);
    if (before && level > before + 1) fault("heading", element, `level ${level} after ${before}`);
    before = level;
  }
  const first = document.querySelectorAll("h1");
  if (first.length !== 1) fault("heading", document.body, `${first.length} headings of the first level`);
  if (document.querySelectorAll("main").length !== 1) fault("landmark", document.body, `${document.querySelectorAll("main").length} main`);
}
const seen = new Set();
for (const element of document.querySelectorAll("[id]")) {
  if (seen.has(element.id)) fault("id", element, `#${element.id} twice`);
  seen.add(element.id);
}
if (!document.documentElement.lang) fault("language", document.documentElement);

// Colours: drawn and read back, so that every notation of CSS counts.
const canvas = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true });
const known = new Map();
const colour = (css) => {
  if (!known.has(css)) {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = css;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    known.set(css, [r, g, b, a / 255]);
  }
  return known.get(css);
};
const over = ([r, g, b, a], [r2, g2, b2]) => [r * a + r2 * (1 - a), g * a + g2 * (1 - a), b * a + b2 * (1 - a), 1];
const ground = (element) => {
  if (!element) return document.documentElement.matches(":root") ? colour("Canvas") : [255, 255, 255, 1];
  const style = getComputedStyle(element);
  const own = colour(style.backgroundColor);
  const under = own[3] === 1 ? own : over(own, ground(element.parentElement));
  return under;
};
const light = (channel) => (channel / 255 <= 0.04045 ? channel / 255 / 12.92 : ((channel / 255 + 0.055) / 1.055) ** 2.4);
const luminance = ([r, g, b]) => 0.2126 * light(r) + 0.7152 * light(g) + 0.0722 * light(b);
const contrast = (one, other) => {
  const [dark, bright] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (bright + 0.05) / (dark + 0.05);
};
const onGround = (element, css) => {
  const back = ground(element);
  const [r, g, b, a] = colour(css);
  return contrast(over([r, g, b, a * fades(element)], back), back);
};
const hasText = (element) => [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
for (const element of all) {
  if (isDisabled(element) || isUnseen(element)) continue;
  const style = getComputedStyle(element);
  if (hasText(element) && !element.matches("title, script, style") && !/^\p{Extended_Pictographic}/u.test(element.textContent.trim())) {
    const size = parseFloat(style.fontSize);
    const wanted = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
    const got = onGround(element, style.color);
    if (got < wanted) fault("contrast", element, `${got.toFixed(2)} of ${wanted}`);
  }
  if (element.matches("input, textarea") && element.placeholder && !element.value) {
    const got = onGround(element, getComputedStyle(element, "::placeholder").color);
    if (got < 4.5) fault("contrast", element, `placeholder ${got.toFixed(2)} of 4.5`);
  }
  if (element.matches("button") && !element.textContent.trim() && element.querySelector("svg")) {
    const icon = element.querySelector("svg");
    const got = onGround(icon, getComputedStyle(icon).color);
    if (got < 3) fault("contrast", element, `icon ${got.toFixed(2)} of 3`);
  }
  // What shows that there is something to write into or to choose: a magnifier does so too.
  if (element.matches("input.input, textarea.input, .choice, .tick") && !element.parentElement.querySelector(":scope > svg")) {
    const around = ground(element.parentElement);
    const edge = contrast(over(colour(style.borderTopColor), ground(element)), around);
    const got = Math.max(edge, contrast(ground(element), around));
    if (got < 3) fault("contrast", element, `edge ${got.toFixed(2)} of 3`);
  }
}

