// The bench page's worker: an engine, a clock, and messages from and to the page.

import { Engine } from "./engine.js";
import { Clock } from "./clock.js";

const send = (message) => postMessage(message);
const failed = (why) => send({ is: "error", text: String(why.message ?? why) });
const waiting = [];
let clock = null;

onmessage = ({ data }) => (clock ? take(data) : waiting.push(data));

fetch("./bundle.json")
  .then((found) => found.json())
  .then(async ({ files, board, gallery, release, style }) => {
    const engine = await Engine.make(files, board, send);
    clock = new Clock(engine, send, failed);
    send({ ...engine.ready, gallery, release, style });
    waiting.forEach(take);
  })
  .catch((why) => failed(`the engine did not start: ${why.message ?? why}`));

function take(message) {
  try {
    clock.take(message);
  } catch (why) {
    failed(why);
  }
}
