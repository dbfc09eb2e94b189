// Runs a flash image on rp2040js until the program has raised and lowered a pin:
//   node rp2040js.mjs FLASH BOOTROM PIN
// Prints, as JSON, how long that took on the chip's clock and in this process. See
// `tools/dev/figures_peer.py`.

import { readFileSync } from "node:fs";

import { ConsoleLogger, GPIOPinState, LogLevel, Simulator } from "rp2040js";

const FLASH_BEGINS = 0x10000000;
const CYCLE_NS = 8; // 125 MHz
const GIVE_UP_NS = 60e9;

const [flash, bootrom, pin] = process.argv.slice(2);
const words = readFileSync(bootrom);
const { clock, rp2040: chip } = new Simulator();
chip.logger = new ConsoleLogger(LogLevel.Error); // not of every register that it does not have
chip.loadBootrom(new Uint32Array(words.buffer, words.byteOffset, words.byteLength / 4));
chip.flash.set(readFileSync(flash));
chip.core.PC = FLASH_BEGINS;

const edges = [];
chip.gpio[Number(pin)].addListener((now) => {
  const high = now === GPIOPinState.High;
  if (high === (edges.length % 2 === 0)) edges.push({ ns: clock.nanos, cpu_us: process.cpuUsage().user });
});
while (edges.length < 2 && clock.nanos < GIVE_UP_NS) {
  if (chip.core.waiting) clock.tick(clock.nanosToNextAlarm);
  else clock.tick(chip.core.executeInstruction() * CYCLE_NS);
}
if (edges.length < 2) throw new Error(`no two edges of pin ${pin} within ${GIVE_UP_NS / 1e9} s`);
const [begun, ended] = edges;
console.log(JSON.stringify({ chip_s: (ended.ns - begun.ns) / 1e9, cpu_s: (ended.cpu_us - begun.cpu_us) / 1e6 }));
