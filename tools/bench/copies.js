// Copies of a memory at moments of a run, fewer the further back they lie.

const EVERY_TICKS = 500; // ten seconds
const MOST_BYTES = 192 << 20;

export class Copies {
  constructor(memory) {
    this.memory = memory;
    this.clear();
  }

  clear() {
    this.kept = []; // {ticks, bytes}, in order
  }

  // Ticks until the next is to be kept.
  due(ticks) {
    const last = this.kept.length ? this.kept[this.kept.length - 1].ticks : -EVERY_TICKS;
    return Math.max(0, last + EVERY_TICKS - ticks);
  }

  keep(ticks) {
    this.kept.push({ ticks, bytes: new Uint8Array(this.memory.buffer).slice() });
  }

  // Put back the latest that is not later than this; the moment that it is of.
  back(ticks) {
    const found = this.kept.findLast((copy) => copy.ticks <= ticks);
    new Uint8Array(this.memory.buffer).fill(0, found.bytes.length);
    new Uint8Array(this.memory.buffer).set(found.bytes);
    return found.ticks;
  }

  // What was kept later than this is no longer what will be.
  forget(ticks) {
    this.kept = this.kept.filter((copy) => copy.ticks <= ticks);
  }
}
