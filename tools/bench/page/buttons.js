// The unit's three buttons: with mouse, touch or keys, for as long as they are held.

const CLICK_MS = 200; // of a screen reader, which clicks and does not press

/** `press(name, down)` is told each edge, once, of every button on the page. */
export function buttons(press) {
  for (const button of document.querySelectorAll("[data-button]")) one(button, press);
}

function one(button, press) {
  let down = false;
  const edge = (now) => {
    if (down === now) return;
    down = now;
    button.classList.toggle("down", down);
    press(button.dataset.button, down);
  };
  const key = (now) => (event) => {
    if (event.key !== " " && event.key !== "Enter") return;
    event.preventDefault(); // no click of its own
    edge(now);
  };
  button.addEventListener("keydown", key(true));
  button.addEventListener("keyup", key(false));
  button.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    button.setPointerCapture(event.pointerId);
    edge(true);
  });
  for (const kind of ["pointerup", "pointercancel", "lostpointercapture", "blur"]) {
    button.addEventListener(kind, () => edge(false));
  }
  button.addEventListener("contextmenu", (event) => event.preventDefault()); // a long touch
  button.addEventListener("click", (event) => {
    if (event.detail) return; // a pointer's, told by its edges
    edge(true);
    setTimeout(() => edge(false), CLICK_MS);
  });
}
