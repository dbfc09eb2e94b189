// The scenario of what was done so far: as TOML to save and to load, and in the page's address.

import { parse, stringify } from "../vendor/smol-toml/index.js";
import { $, download, text } from "./dom.js";
import { pack, unpack } from "./link.js";

const SETTLE_MS = 400; // after the last change, before the address is written
const TICK_MS = 20;
const MARK = "#s=";

/** Events that have begun at a moment, s: what is done there takes effect with the next tick. */
export function begun(events, t_s) {
  return events.filter((event) => ms(event.at_s) <= ms(t_s) + TICK_MS);
}

/** Those of them that are faults, and last on. */
export function lasting(events, t_s) {
  return begun(events, t_s).filter((event) => event.fault
    && (event.for_s == null || ms(t_s) + TICK_MS < ms(event.at_s + event.for_s)));
}

function ms(seconds) {
  return Math.round(seconds * 1000);
}

export class Story {
  /** `begin(scenario, linked)` powers a new unit on; `ask()` asks the engine for the scenario up to
      now, for `receive`; `trouble(line)` shows what failed. While `kept`, the address is a link that
      somebody opened: it is written anew only once something was done. */
  constructor(begin, ask, trouble) {
    Object.assign(this, { begin, ask, trouble, scenario: null, typed: false, wanting: [], kept: false });
    $("story-save").addEventListener("click", () => this.save());
    $("story-file").addEventListener("change", (event) => this.load(event.target));
    $("story-link").addEventListener("click", () => this.copy());
    $("story-run").addEventListener("click", () => this.read($("story-text").value, "the text"));
    $("story-text").addEventListener("input", () => { this.typed = true; });
    addEventListener("hashchange", () => this.open());
  }

  /** The scenario up to now: made anew, it ends at this moment. */
  now() {
    return new Promise((resolve) => {
      this.wanting.push(resolve);
      this.ask();
    });
  }

  /** The engine's answer. */
  receive(scenario) {
    this.scenario = scenario;
    this.wanting.splice(0).forEach((resolve) => resolve(scenario));
  }

  /** Something was done, or time went on: show it in the text, unless a person is writing there,
      and in the address. */
  changed() {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(async () => {
      const scenario = await this.now();
      const area = $("story-text");
      if (!this.typed && document.activeElement !== area) area.value = stringify(scenario);
      if (!this.kept) await this.write(scenario);
    }, SETTLE_MS);
  }

  async write(scenario) {
    this.own = MARK + await pack(scenario);
    history.replaceState(null, "", this.own);
  }

  async save() {
    download("bench.toml", stringify(await this.now()), "application/toml");
  }

  async load(input) {
    const file = input.files[0];
    input.value = "";
    if (file) this.read(await file.text(), file.name);
  }

  read(toml, where) {
    let scenario;
    try {
      scenario = parse(toml);
    } catch (why) {
      this.trouble(`${where}: ${String(why.message).split("\n")[0]}`);
      return;
    }
    this.begin(scenario);
  }

  async copy() {
    await this.write(await this.now());
    const note = $("story-note");
    try {
      await navigator.clipboard.writeText(location.href);
      text(note, `Copied: a link of ${location.href.length} characters that shows this again.`);
    } catch {
      text(note, "The link is this page’s address: copy it from there.");
    }
  }

  /** Begin with what the address holds, or with nothing done yet. */
  async open() {
    if (location.hash === this.own) return;
    if (!location.hash.startsWith(MARK)) {
      if (!this.scenario) this.begin({});
      return;
    }
    this.kept = true;
    try {
      const held = await unpack(location.hash.slice(MARK.length));
      if (Object.prototype.toString.call(held) !== "[object Object]") this.refused("it holds no scenario");
      else this.begin(held, true);
    } catch (why) {
      this.refused(`it is damaged (${why.message})`);
    }
  }

  /** The link that the address holds cannot be used: say why, and keep it. */
  refused(why) {
    if (!this.scenario) this.begin({}, true);
    this.trouble(`The link was refused: ${why}. The address still holds it; this is a new unit.`);
  }
}
