// The gallery: scenarios of the documents, each a button that runs it at once.

import { $, make } from "./dom.js";

/** `rows` of {title, words, scenario}; `show(scenario)` begins one and runs it. */
export function gallery(rows, show) {
  $("gallery").append(...rows.map(({ title, words, scenario }) => make("li", {},
    make("button", { type: "button", onclick: () => show(scenario) },
      make("b", {}, title), make("span", { class: "words" }, words)))));
}
