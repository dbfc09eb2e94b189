// A pulled journal, read: its chain and its sessions. Called by real.js with the text of each file.
// No key is here, so nothing is proven: a line is only seen to name the seal of the one before it.

const EPOCH_S = Date.UTC(2000, 0, 1) / 1000;
const ROWS_MOST = 5_000;

/** {records, breaks, torn, sessions} of a journal's files. */
export function readJournal(texts) {
  const records = new Map();
  let torn = 0;
  for (const text of texts) {
    for (const line of text.split("\n").filter(Boolean)) {
      const row = parse(line);
      if (row) records.set(row.n, row); else torn += 1;
    }
  }
  const rows = [...records.values()].sort((a, b) => a.n - b.n).slice(-ROWS_MOST);
  const breaks = rows.filter((row, k) => k && (row.n !== rows[k - 1].n + 1 || row.prev !== rows[k - 1].seal))
    .map((row) => row.n);
  return { records: rows.length, breaks, torn, sessions: sessions(rows) };
}

function parse(line) {
  try {
    const row = JSON.parse(line);
    return Number.isInteger(row?.n) && typeof row.seal === "string" ? row : null;
  } catch {
    return null;
  }
}

/** Each session: when, prescription, why it ended, light and dose; dose NaN where it is sealed. */
function sessions(rows) {
  const found = [];
  for (const row of rows) {
    if (row.kind === "session") {
      found.push({ n: row.n, at: dateOf(row.at), name: String(row.prescription), reason: "", treat_min: NaN, dose: [NaN, NaN] });
    } else if (row.kind === "end" && found.length) {
      Object.assign(found.at(-1), {
        reason: String(row.reason), treat_min: row.treat_ms / 60_000,
        dose: [row.a_uj_cm2, row.b_uj_cm2].map((banks) =>
          Array.isArray(banks) ? banks.reduce((sum, uj) => sum + uj, 0) / 1e6 : NaN),
      });
    }
  }
  return found;
}

function dateOf(at) {
  return Number.isInteger(at) ? new Date((EPOCH_S + at) * 1000).toISOString().slice(0, 16).replace("T", " ") : "no clock";
}
