// Snapshots of a memory at moments of a run: the whole of it once, then of each moment the pages
// that differ from it. They are sparser the further back they are.

const EVERY_TICKS = 500; // ten seconds of the run
const MOST = 96;
const RECENT_TICKS = 3000;
const PAGE_WORDS = 1024; // 4 KiB

export class Copies {
  constructor(memory) {
    this.memory = memory;
    this.clear();
  }

  clear() {
    this.first = null;
    this.kept = []; // {ticks, pages, words}, in order; the first has none
  }

  // Ticks until the next snapshot.
  due(ticks) {
    const last = this.kept.length ? this.kept.at(-1).ticks : -EVERY_TICKS;
    return Math.max(0, last + EVERY_TICKS - ticks);
  }

  store(ticks) {
    const now = new Int32Array(this.memory.buffer);
    if (!this.first) {
      this.first = now.slice(0, used(now));
      this.kept.push({ ticks, pages: [], words: new Int32Array(0) });
      return;
    }
    const pages = changed(this.first, now);
    const words = new Int32Array(pages.length * PAGE_WORDS);
    pages.forEach((page, k) => {
      words.set(now.subarray(page * PAGE_WORDS, (page + 1) * PAGE_WORDS), k * PAGE_WORDS);
    });
    this.kept.push({ ticks, pages, words });
    if (this.kept.length > MOST) this.kept.splice(this.least(ticks), 1);
  }

  // Index of the snapshot to drop. Gaps grow with the root of their age: about a minute at an
  // hour, which is simulated again in a second.
  least(ticks) {
    let found = 1;
    let cost = Infinity;
    for (let k = 1; k < this.kept.length - 1; k += 1) {
      const gap = this.kept[k + 1].ticks - this.kept[k - 1].ticks;
      const its = gap / Math.sqrt(ticks - this.kept[k].ticks + RECENT_TICKS);
      if (its < cost) [found, cost] = [k, its];
    }
    return found;
  }

  // Restore the latest snapshot that is not later than this; returns its ticks.
  restore(ticks) {
    const found = this.kept.findLast((copy) => copy.ticks <= ticks);
    const now = new Int32Array(this.memory.buffer);
    now.set(this.first);
    now.fill(0, this.first.length);
    found.pages.forEach((page, k) => {
      now.set(found.words.subarray(k * PAGE_WORDS, (k + 1) * PAGE_WORDS), page * PAGE_WORDS);
    });
    return found.ticks;
  }

  // Drop the snapshots later than this.
  forget(ticks) {
    this.kept = this.kept.filter((copy) => copy.ticks <= ticks);
  }

  bytes() {
    return this.kept.reduce((sum, copy) => sum + copy.words.byteLength, this.first.byteLength);
  }
}

// Words of a memory up to its last page that holds anything.
function used(words) {
  let top = words.length;
  while (top && words[top - 1] === 0) top -= 1;
  return Math.ceil(top / PAGE_WORDS) * PAGE_WORDS;
}

// The pages that differ. A memory grows by whole pages, of zeros.
function changed(first, now) {
  const pages = [];
  for (let page = 0; page * PAGE_WORDS < now.length; page += 1) {
    const end = (page + 1) * PAGE_WORDS;
    let k = page * PAGE_WORDS;
    if (k < first.length) {
      while (k < end && first[k] === now[k]) k += 1;
    } else {
      while (k < end && now[k] === 0) k += 1;
    }
    if (k < end) pages.push(page);
  }
  return pages;
}
