// MicroPython's raw prompt on a unit's line: programs in, what they print out. Called by bringup.js.
// Whatever comes is text, at most HEARD_MOST of it; nothing of it is evaluated here.

const HEARD_MOST = 65_536;
const PART_BYTES = 256, PART_MS = 10; // a prompt takes no more at once: it has no flow control
const LISTEN_MS = 3_000, ANSWER_MS = 10_000, PROGRAM_MS = 90_000, RETURN_MS = 30_000, AGAIN_MS = 500;
const CTRL_A = "\x01", CTRL_B = "\x02", CTRL_C = "\x03", CTRL_D = "\x04";
const SHOW = `\r${CTRL_B}`; // a prompt prints itself again; a running unit ignores both
const PROMPT = ">>> ", RAW = "raw REPL; CTRL-B to exit\r\n>";
const ANSWER = /^OK([^\x04]*)\x04([^\x04]*)\x04>$/;

const rest = (ms) => new Promise((done) => { setTimeout(done, ms); });

export class Prompt {
  /** `line` is open. */
  constructor(line) {
    Object.assign(this, { line, heard: "", decoder: new TextDecoder() });
    this.listen();
  }

  listen() {
    this.heard = "";
    this.line.raw = (bytes) => {
      this.heard = (this.heard + this.decoder.decode(bytes, { stream: true })).slice(-HEARD_MOST);
    };
  }

  /** Wait until `find(heard)` gives something, and give it; null where nothing does in time, or the
      line is gone. */
  async until(find, ms) {
    for (const end = performance.now() + ms; performance.now() < end && this.line.is; await rest(20)) {
      const found = find(this.heard);
      if (found) return found;
    }
    return find(this.heard) || null;
  }

  async type(text) {
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.length; at += PART_BYTES) {
      await this.line.write(bytes.subarray(at, at + PART_BYTES));
      if (at + PART_BYTES < bytes.length) await rest(PART_MS);
    }
  }

  /** Bring the unit to its raw prompt: a running one is asked into service mode and restarts. Throws
      where it refuses, or nothing answers. */
  async enter() {
    await this.type(SHOW);
    let there = await this.until(whatIs, LISTEN_MS);
    if (!there) {
      await this.type(CTRL_C + CTRL_C + SHOW);
      there = await this.until(whatIs, LISTEN_MS);
    }
    if (!there) throw new Error("neither a unit nor MicroPython answers on this port: is it this one?");
    if (there === "unit") await this.leaveProgram();
    this.heard = "";
    await this.type(`\r${CTRL_C}${CTRL_C}`);
    await rest(100);
    await this.type(`\r${CTRL_A}`);
    if (!await this.until((heard) => heard.endsWith(RAW), ANSWER_MS)) {
      throw new Error("the prompt does not take a program: try again");
    }
  }

  /** The running unit goes into service mode; its port may go meanwhile, and come back. */
  async leaveProgram() {
    this.line.raw = null;
    await this.line.order("deploy");
    this.listen();
    for (const end = performance.now() + RETURN_MS; performance.now() < end;) {
      if (!this.line.is) await this.line.open().catch(() => {});
      if (this.line.is) await this.type(SHOW).catch(() => {});
      if (await this.until((heard) => heard.endsWith(PROMPT), AGAIN_MS)) return;
      if (!this.line.is) await rest(AGAIN_MS);
    }
    throw new Error("the unit did not come back: plug it in anew, and begin this again");
  }

  /** Run a program: [what it printed, the last line of its exception or ""]; null where the line is
      gone or nothing comes. */
  async run(program) {
    try {
      await this.start(program);
      const found = await this.until((heard) => ANSWER.exec(heard), PROGRAM_MS);
      return found && [found[1].replaceAll("\r\n", "\n"), found[2].trim().split("\n").at(-1).trim()];
    } catch {
      return null;
    }
  }

  /** Start a program and wait for nothing: it ends in a reset. */
  async start(program) {
    this.heard = "";
    await this.type(program + CTRL_D);
  }
}

/** What there is to be heard: "prompt", "unit", or "". */
function whatIs(heard) {
  if (heard.endsWith(PROMPT)) return "prompt";
  return /^\{.*"state":.*\}\r?$/m.test(heard) ? "unit" : "";
}
