// Whether all of it fits, as it is laid out now.
// Targets: 24 × 24 pixels, or so far from all others that a circle of 24 touches none; links within a sentence are exempt.
const targets = controls.filter((element) => !isDisabled(element) && !isUnseen(element) && getComputedStyle(element).pointerEvents !== "none");
const box = (element) => (element.closest("label") ?? element).getBoundingClientRect();
for (const element of targets) {
  const { width, height, left, top } = box(element);
  if ((width >= 23.9 && height >= 23.9) || getComputedStyle(element).display === "inline") continue;
  const [x, y] = [left + width / 2, top + height / 2];
  const near = targets.find((other) => {
    if (other === element || other.contains(element) || element.contains(other)) return false;
    const at = box(other);
    const distance = Math.hypot(Math.max(at.left - x, 0, x - at.right), Math.max(at.top - y, 0, y - at.bottom));
    return distance < 12;
  });
  if (near) fault("target", element, `${Math.round(width)} × ${Math.round(height)} beside ${told(near)}`);
}

// Nothing is to be scrolled sideways, and nothing that can be pressed lies outside of the window's sides.
const root = document.scrollingElement;
if (root.scrollWidth > root.clientWidth + 1) fault("reflow", root, `${root.scrollWidth} in ${root.clientWidth}`);
for (const element of all) {
  const style = getComputedStyle(element);
  const scrolls = ["auto", "scroll"].includes(style.overflowX) && !element.matches("pre, textarea");
  if (scrolls && element.scrollWidth > element.clientWidth + 1) fault("reflow", element, `${element.scrollWidth} in ${element.clientWidth}`);
}
for (const element of targets) {
  const { left, right } = element.getBoundingClientRect();
  if (left < -1 || right > innerWidth + 1) fault("reflow", element, `from ${Math.round(left)} to ${Math.round(right)} of ${innerWidth}`);
}

// No words are cut off without a sign of it.
for (const element of all) {
  const style = getComputedStyle(element);
  const hides = style.overflowY === "hidden" || style.overflowY === "clip";
  if (!hides || isUnseen(element) || !element.textContent.trim() || style.webkitLineClamp !== "none" || element.matches("textarea")) continue;
  const isCut = style.textOverflow !== "ellipsis" && element.scrollWidth > element.clientWidth + 1;
  if (isCut || element.scrollHeight > element.clientHeight + 3) fault("cut", element, `${element.scrollWidth} × ${element.scrollHeight} in ${element.clientWidth} × ${element.clientHeight}`);
}

