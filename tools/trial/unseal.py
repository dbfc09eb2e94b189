"""Unsealing: opens the arms with the statistician's identity and writes the results.

Called by `waistband trial unseal`. Reads the trial's folder, makes the tables of trial.sqlite anew
from the pulls in it, every tag verified, and adds an entry to the log; writes one new folder. The
entry comes first: no result exists that the log does not tell of.
"""

import os

from firmware.records import json_codec, mac
from sim.common.errors import BadInput
from tools.common.files import emit, new_folder
from tools.trial import age, collect, export, log, page, receipts, store
from tools.trial import data as trial_data
from tools.trial import folder as trial_folder
from tools.trial import results as trial_results
from tools.trial.allocation import ARMS
from tools.trial.folder import ALLOCATION, DATABASE, Trial
from tools.trial.given import Arm
from tools.trial.unsealed import Results

EVIDENCE = ("visits", "ratings", "effects", "guesses", "sessions")  # tables compared
REPORT, DATA, DICTIONARY, SOURCES = "report.html", "data.csv", "dictionary.csv", "sources.csv"


def unseal(folder: str, identity: str, output: str, noted: str | None = None) -> int:
    """Write the results; 1 if a unit did not do as its arm says. Raises BadInput."""
    trial = trial_folder.open_trial(folder)
    if os.path.lexists(output):
        raise BadInput(f"{output}: is there already: name a new folder")
    trial_data.load_data(trial)
    arms = read_allocation(trial, identity)
    verify_database(trial, identity, noted)
    data = trial_data.load_data(trial)
    with new_folder(output) as part:
        entry = log.append_entry(trial.folder, "unseal", {"records": len(data.records)})
        found = compute_results(trial_folder.open_trial(folder), arms)
        contents = {
            REPORT: page.render_html(trial_results.build_page(found)),
            DATA: export.render_data(found),
            DICTIONARY: export.render_dictionary(found),
            SOURCES: found.sources.csv(),
        }
        for name, content in contents.items():
            (part / name).write_text(content, encoding="utf-8", newline="")
    emit(trial_results.verdict_in_words(found.primary))
    for line in found.wrong:
        emit(f"WRONG {line}")
    emit(f"Wrote {REPORT}, {DATA}, {DICTIONARY} and {SOURCES} to {output}. Log entry {entry.n}, "
         f"code {entry.code}")  # fmt: skip
    return 1 if found.wrong else 0


def verify_database(trial: Trial, identity: str, noted: str | None) -> None:
    """Make the tables anew from the pulls, verified; a note tells where a table had been edited.
    Raises BadInput."""
    path = trial.folder / DATABASE
    kept = store.read_kept(path)
    codes = receipts.read_noted(noted)
    rows = collect.recompute_rows(trial, kept, identity, codes)
    before = store.read_tables(path, EVIDENCE)
    was_verified = trial_data.load_data(trial).verified
    due = rows if was_verified else collect.recompute_rows(trial, kept, None, codes)
    there = {row[0] for row in due["journals"]}
    for name in EVIDENCE:
        had = {tuple(row) for row in before[name] if row[0] in there}
        edited = {str(row[0]) for row in had ^ set(due[name])}
        for who in sorted(edited & there):
            text = f"the table {name} of {DATABASE} was not what the journals say: made anew"
            rows["notes"].append((who, "", "edited", text))
    store.write_database(path, kept, rows)


def compute_results(trial: Trial, arms: dict[str, Arm]) -> Results:
    """The results, computed and not written. Raises BadInput."""
    return trial_results.compute_results(trial_data.load_data(trial), arms)


def read_allocation(trial: Trial, identity: str) -> dict[str, Arm]:
    """Every participant's arm and key. Raises BadInput."""
    held = age.read_identity(identity)
    where = str(trial.folder / ALLOCATION)
    table = json_codec.parse(age.decrypt(trial.read(ALLOCATION), held, where, "statistician"))
    rows = table.get("rows")
    arms = {}
    for row in rows if isinstance(rows, list) else []:
        key = bytes.fromhex(row["key"])
        if row["arm"] in ARMS and len(key) == mac.KEY_BYTES:
            arms[row["participant"]] = Arm(row["arm"], key)
    if set(arms) != set(trial.units):
        raise BadInput(f"{where}: is not this trial's allocation")
    return arms
