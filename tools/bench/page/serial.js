// A unit's serial line over Web Serial: lines of JSON in and out, and files by `get` and `put`.
// Called by real.js. Whatever comes is survived: only whole lines of at most LINE_MOST bytes that
// are JSON objects are taken, and a file only with the size and the hash that the unit announced.

const LINE_MOST = 2_048, FILE_MOST = 1 << 18;
const ANSWER_MS = 8_000, QUIET_MS = 5_000;
// Longer than the 2 s for which a unit waits for more of a file: what it takes for some begins them anew.
const LIST_MS = 3_000, LIST_TRIES = 4;
const LATE_MS = 1_000, LATE_MOST_MS = 5_000; // 800 bytes a second: an answer behind a line of telemetry
const BAUD = 115_200; // USB takes no notice
const rest = (ms) => new Promise((done) => { setTimeout(done, ms); });
export const ABSENT = "there is no such file";
export const BROKE_OFF = "the line broke off: plug the unit in and connect again";

/** What this browser lacks to reach a unit; "" where nothing. */
export function lacking() {
  if (navigator.serial) return "";
  const why = isSecureContext ? "This browser has no Web Serial"
    : "A page that came over plain HTTP may not use Web Serial";
  return `${why}: open this page in Chrome, Edge or Opera on a computer, from this machine or over `
    + "HTTPS. Without it: waistband monitor, prescribe push and journal pull do the same.";
}

export class Line {
  /** `heard(object)` is called with each line that is an object and answers nothing; `gone()` when
      the port is gone. */
  constructor(port, heard, gone) {
    Object.assign(this, { port, heard, gone, text: [], overlong: false, asked: null, file: null,
      raw: null });
    this.late = true; // an answer to an earlier question may still come
    this.decoder = new TextDecoder();
  }

  /** Open the port and read it until it is gone. Throws where another tab or program has it. */
  async open() {
    await this.port.open({ baudRate: BAUD, bufferSize: 16_384 });
    Object.assign(this, { is: true, text: [], overlong: false, decoder: new TextDecoder() });
    await this.port.setSignals?.({ dataTerminalReady: true }).catch(() => {});
    this.pump();
  }

  async pump() {
    while (this.is && this.port.readable) {
      this.reader = this.port.readable.getReader();
      try {
        for (let part; !(part = await this.reader.read()).done;) this.take(part.value);
        this.is = false;
      } catch { // a fault of the line: there is a new stream, or the port is gone
      } finally {
        this.reader.releaseLock();
      }
    }
    if (this.is) await this.port.close().catch(() => {}); // else it cannot be opened again
    this.is = false;
    this.fail(BROKE_OFF);
    this.gone();
  }

  /** Close the port; no one is told that it is gone. */
  async close() {
    this.is = false;
    this.gone = () => {};
    await this.reader?.cancel().catch(() => {});
    await this.port.close().catch(() => {});
  }

  /** Send bytes, behind those that are on their way. */
  write(bytes) {
    this.sent = (this.sent ?? Promise.resolve()).catch(() => {}).then(() => this.send(bytes));
    return this.sent;
  }

  async send(bytes) {
    if (!this.is || !this.port.writable) throw new Error(BROKE_OFF);
    const writer = this.port.writable.getWriter();
    try {
      await writer.write(bytes);
    } catch {
      throw new Error(BROKE_OFF);
    } finally {
      writer.releaseLock();
    }
  }

  // -- bytes in ----------------------------------------------------------------------------

  take(bytes) {
    if (this.raw) {
      this.raw(bytes); // a prompt, which has no lines
      return;
    }
    for (let at = 0; at < bytes.length;) {
      if (this.file) {
        at = this.takeFile(bytes, at);
        continue;
      }
      const end = bytes.indexOf(10, at), to = end < 0 ? bytes.length : end;
      if (this.text.length + to - at > LINE_MOST) this.overlong = true;
      if (!this.overlong) this.text.push(...bytes.subarray(at, to));
      at = to + 1;
      if (end < 0) continue;
      const row = this.overlong ? null : read(this.decoder.decode(new Uint8Array(this.text)));
      if (!row || !Object.hasOwn(row, "state")) this.busy_ms = performance.now();
      if (row) this.takeRow(row);
      this.text = [];
      this.overlong = false;
    }
  }

  takeFile(bytes, at) {
    const { content, done, fill } = this.file;
    const count = Math.min(bytes.length - at, content.length - fill);
    content.set(bytes.subarray(at, at + count), fill);
    this.file.fill += count;
    this.watch(QUIET_MS);
    if (this.file.fill === content.length) {
      this.file = null;
      done([content, this.ask("", ["sha256"])]); // its line may be in these very bytes
    }
    return at + count;
  }

  takeRow(row) {
    const { asked } = this;
    if (!asked || !asked.keys.some((key) => Object.hasOwn(row, key))) {
      this.heard(row);
      return;
    }
    this.asked = null;
    clearTimeout(this.waiting);
    asked.answer(row); // which may ask anew
  }

  // -- questions ---------------------------------------------------------------------------

  watch(ms) {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.fail("the unit does not answer: try again"), ms);
  }

  fail(why) {
    clearTimeout(this.waiting);
    const { asked, file } = this;
    if (asked || file) this.late = true;
    this.asked = this.file = null;
    asked?.fail(new Error(why));
    file?.fail(new Error(why));
  }

  /** The next object with one of these keys, after `line` was sent. Throws where none comes. */
  ask(line, keys, answered = (row) => row, ms = ANSWER_MS) {
    const found = new Promise((answer, fail) => {
      this.asked = { keys, fail, answer: (row) => answer(answered(row)) };
      this.watch(ms);
    });
    found.catch(() => {}); // whoever awaits it hears of it
    if (line) this.write(new TextEncoder().encode(`${line}\n`)).catch((why) => this.fail(why.message));
    return found;
  }

  /** Ask for the list of files; its answer. What was asked before the line broke, or too long ago,
      may be answered only now, and the unit drops an answer while another is on its way: so an error or
      silence is asked again, and the line is free once nothing but telemetry comes. */
  async list() {
    let row = {};
    for (let left = LIST_TRIES; left && !row.files; left -= 1) {
      try {
        row = await this.ask("list", ["files", "error"], undefined, left > 1 ? LIST_MS : ANSWER_MS);
      } catch (why) {
        if (!this.is || (left === 1 && !row.error)) throw why;
      }
    }
    for (const end = performance.now() + LATE_MOST_MS; performance.now() < end; await rest(50)) {
      if (!this.is) throw new Error(BROKE_OFF);
      if (performance.now() - this.busy_ms > LATE_MS) break;
    }
    this.late = false;
    return row;
  }

  /** "ok" of a command. Throws with the unit's own words where it refuses. */
  async order(line) {
    if (line && this.late) await this.list();
    const row = await this.ask(line, ["ok", "error"]);
    if (row.error !== undefined) throw Object.assign(new Error(`the unit says: ${row.error}`), { said: true });
    return String(row.ok);
  }

  /** A file's bytes, whole; null where there is none. */
  async get(name) {
    if (this.late) await this.list();
    const { row, content } = await this.ask(`get ${name}`, ["get", "error"], (row) => this.begin(row, name));
    if (row.error === ABSENT) return null;
    if (row.error !== undefined) throw new Error(`the unit says: ${row.error}`);
    if (!content) throw new Error(`${name} did not come whole: try again`);
    const [bytes, end] = await content;
    const { sha256 } = await end;
    if (sha256 !== await digest(bytes)) throw new Error(`${name} did not come whole: try again`);
    return bytes;
  }

  /** From the line that announces a file on, bytes are the file's. */
  begin(row, name) {
    const { get, size } = row;
    if (get !== name || !Number.isInteger(size) || size < 0 || size > FILE_MOST) return { row };
    if (!size) return { row, content: Promise.resolve([new Uint8Array(0), this.ask("", ["sha256"])]) };
    const content = new Promise((done, fail) => {
      this.file = { content: new Uint8Array(size), fill: 0, done, fail };
      this.watch(QUIET_MS);
    });
    content.catch(() => {}); // whoever awaits it hears of it
    return { row, content };
  }

  /** Have the unit judge and keep a file; its last word. Throws with its own words. */
  async put(name, bytes) {
    await this.order(`put ${name} ${bytes.length} ${await digest(bytes)}`);
    const said = this.order("");
    said.catch(() => {}); // it is heard of below, unless the writing fails first
    await this.write(bytes);
    return said;
  }
}

/** The object in a line, or null. */
function read(text) {
  try {
    const row = JSON.parse(text);
    return typeof row === "object" && !Array.isArray(row) ? row : null;
  } catch {
    return null;
  }
}

/** SHA-256 in hexadecimal. */
async function digest(bytes) {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
