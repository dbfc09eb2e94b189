// The strip that stays in sight: state, reason, contact, dose, verdict. Called by main.js with
// readings in the terms of a frame, from the engine's rows or from any other source.

import { $, text } from "./dom.js";
import { number } from "./words.js";

const UNTOLD = "Nothing is broken yet. What a fault did is told here.";

export class Strip {
  /** `states` are the words of each state. */
  constructor(states) {
    this.states = states;
    this.asked = NaN;
  }

  /** A new unit, asked for this dose a pad, J/cm². */
  begun(asked) {
    this.asked = asked;
    this.state("…", ""); // until it says which
    this.verdict(null);
  }

  /** State and why it is in it. */
  state(name, why) {
    text($("state-name"), name);
    text($("state-words"), this.states[name] ?? "");
    text($("state-why"), why);
    $("state-name").dataset.state = name;
  }

  /** Contact as sensed and dose, of both pads. */
  reading({ contact_c, fluence }) {
    ["a", "b"].forEach((pad, k) => {
      text($(`brief-contact-${pad}`), number(contact_c[k], 1));
      text($(`brief-dose-${pad}`), number(fluence[k], 2));
    });
    $("strip").title = Number.isFinite(this.asked) ? `asked: ${this.asked} J/cm² a pad` : "";
  }

  /** The latest verdict, or null where nothing was broken. */
  verdict(row) {
    text($("told"), row ? row.text : UNTOLD);
    $("told").classList.toggle("is", Boolean(row));
  }
}
