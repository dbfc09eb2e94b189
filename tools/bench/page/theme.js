// Colours of the style sheet, for what is drawn on a canvas.

const dark = matchMedia("(prefers-color-scheme: dark)");
let known = new Map();

/** The style sheet's colour of this name, or "". */
export function theme(name) {
  if (!known.has(name)) {
    known.set(name, getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim());
  }
  return known.get(name);
}

/** Have `redraw` called when light turns to dark or back. */
export function watchTheme(redraw) {
  dark.addEventListener("change", () => {
    known = new Map();
    redraw();
  });
}
