// The speed of rp2040js on a flash image: node rp2040js.mjs FLASH BOOTROM SECONDS MODULE
// Prints {"simulated_s", "wall_s"} after so many simulated seconds from power-up. No plant is
// wired to the chip: its sensors are silent, and the unit stays dark.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [flash, bootrom, seconds, module] = process.argv.slice(2);
const { Simulator } = await import(pathToFileURL(module).href);
const words = (bytes) => new Uint32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));

const simulator = new Simulator();
const { rp2040, clock } = simulator;
rp2040.logger = { debug() {}, info() {}, warn() {}, error() {} };
rp2040.loadBootrom(words(readFileSync(bootrom)));
rp2040.flash.set(readFileSync(flash));
rp2040.core.PC = 0x10000000;

const CYCLE_NS = 8; // 125 MHz
const end_ns = Number(seconds) * 1e9;
const begun = performance.now();
while (clock.nanos < end_ns) {
  if (rp2040.core.waiting) clock.tick(Math.min(clock.nanosToNextAlarm || CYCLE_NS, end_ns));
  else clock.tick(rp2040.core.executeInstruction() * CYCLE_NS);
}
const wall_s = (performance.now() - begun) / 1000;
console.log(JSON.stringify({ simulated_s: clock.nanos / 1e9, wall_s }));
