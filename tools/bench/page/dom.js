// A few lines that every part needs: find, make, and speak to screen readers.

export const $ = (id) => document.getElementById(id);

/** An element with attributes and children; `on...` attributes are listeners. */
export function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  return fill(node, attributes, children);
}

/** The same of SVG. */
export function draw(tag, attributes = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  return fill(node, attributes, children);
}

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

/** Change text only where it differs: a screen reader hears of changes alone. */
export function text(node, value) {
  if (node.textContent !== value) node.textContent = value;
}

/** Give a person a file. */
export function download(name, content, type) {
  const link = make("a", { href: URL.createObjectURL(new Blob([content], { type })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

/** Say something to screen readers, politely. */
export function say(value) {
  text($("said"), value);
}
