// Plays a recording's inputs to the firmware on MicroPython's WebAssembly build, under Node:
//   node replay.mjs RECORDING OUTPUTS HEAP_BYTES < bundle.json
// Says and exits as `sim/recording/player.py` does on any other interpreter; see `tools/replay.py`.

import { readFileSync, writeFileSync } from "node:fs";

import { loadMicroPython } from "./node_modules/@micropython/micropython-webassembly-pyscript/micropython.mjs";
import { start } from "./python.js";

const [recording, outputs, heap] = process.argv.slice(2);
const files = JSON.parse(readFileSync(0, "utf8"));
const said = (line) => console.log(line);
const { python } = await start(loadMicroPython, files, Number(heap), said);
python.FS.writeFile("/recording", readFileSync(recording));
python.runPython("sys.argv[:] = ['', '/recording', '/outputs']\nfrom sim.recording.player import main");
const code = python.globals.get("main")();
writeFileSync(outputs, python.FS.readFile("/outputs"));
process.exitCode = code;
