"""Third synthetic trial: its staff cheat in seven ways, and each is found.

Called by `run` and tests; writes into the trial's folder alone. The receipts were noted from the
screens at the visits, and the log's codes as they were printed: both are with the monitor.

| cheat                                                        | found by             | as        |
|--------------------------------------------------------------|----------------------|-----------|
| ratings changed, tags left                                   | `collect`            | altered   |
| ratings changed, tags made with what the folder holds        | `collect`            | altered   |
| key read from the unit at visit 1, later visits made anew    | a noted receipt      | receipt   |
| the last visit cut off                                       | a noted receipt      | behind    |
| two people's belts exchanged                                 | the folder's name    | swapped   |
| a withdrawal taken out of the log                            | a noted code         | log       |
| a rating changed in trial.sqlite                             | `unseal`             | edited    |
"""

import random
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support import staff
from tests.support.synthetic_trial.belt import Attended, Script
from tools.trial import collect, log, store, unseal
from tools.trial import folder as trial_folder
from tools.trial.folder import DATABASE

if TYPE_CHECKING:
    from tests.support.synthetic_trial.run import Check, DemoTrial

VISITS = 3
UNITS = 10
LIED = 2  # the visit whose ratings are changed
JOURNAL = "journal.0"


def scripts(arms: dict[str, str], dropped: str, source: random.Random) -> dict[str, Script]:
    """Ratings from 3 to 9, so that a changed one is another; everybody comes to every visit."""
    return {
        who: Script(
            tuple(source.randint(3, 9) for _ in range(VISITS)),
            tuple(source.randint(3, 9) for _ in range(VISITS)), (0,) * VISITS, source.randrange(3),
        )
        for who in arms
    }  # fmt: skip


def check_cheats(made: "DemoTrial", attended: dict[str, Attended]) -> list["Check"]:
    """Cheat, collect and unseal; whether the honest trial is clean and each cheat is found."""
    base, trial = made.base, made.trial
    noted = write_noted(made, attended)
    monitor = made.identity("monitor")
    clean = collect.collect(made.folder, [str(base / "journals")], monitor, str(noted))
    (Path(made.folder) / DATABASE).unlink()
    people = list(trial.units)
    cheat_in_journals(made, people)
    cheat_in_log(made)
    collect.collect(made.folder, [str(base / "journals")], monitor, str(noted))
    honest = people[6]
    path = Path(made.folder) / DATABASE
    with sqlite3.connect(path) as database:
        database.execute(
            "UPDATE ratings SET value = 0 WHERE participant = ? AND visit = ?", (honest, LIED)
        )
    database.close()
    unseal.unseal(made.folder, made.identity("statistician"), str(made.results), str(noted))
    tables = store.read_tables(path, ("quarantine", "notes"))
    found = {(row[3], row[4]) for row in tables["quarantine"]}
    found |= {(row[0], row[2]) for row in tables["notes"]}
    due = {
        "ratings changed, tags left": (people[0], "altered"),
        "tags made with what the folder holds": (people[1], "altered"),
        "later visits made with the unit's key": (people[2], "receipt"),
        "the last visit cut off": (people[3], "behind"),
        "exchanged belts": (people[4], "swapped"),
        "a withdrawal taken out of the log": ("", "log"),
        "a rating changed in the database": (honest, "edited"),
    }
    missed = [what for what, one in due.items() if one not in found]
    accused = {who for who, what in found if what != "no receipt"} - set(people[:7]) - {""}
    wrong = ", ".join(missed) or ", ".join(sorted(accused))
    text = f"cheating staff: {len(due) - len(missed)} of {len(due)} ways found"
    return [
        (clean == 0, "cheating staff: before they cheat nothing is found"),
        (not missed and not accused, f"{text}{f'; wrong: {wrong}' if wrong else ''}"),
    ]


def write_noted(made: "DemoTrial", attended: dict[str, Attended]) -> Path:
    """The monitor's file: the receipt of each visit from its screen, the log's last code."""
    entry = log.read_log(Path(made.folder))[-1]
    lines = ["who,number,code", f"log,{entry.n},{entry.code}"]
    for who, one in sorted(attended.items()):
        lines += [f"{who},{visit},{code}" for visit, code in enumerate(one.receipts, 1) if code]
    path = made.base / "noted.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def cheat_in_journals(made: "DemoTrial", people: list[str]) -> None:
    """The cheats that change or exchange pulled journals."""
    folder = made.base / "journals"
    change = staff.no_pain(LIED)

    def path(at: int) -> Path:
        return folder / people[at] / JOURNAL

    path(0).write_bytes(staff.keep_seals(path(0).read_bytes(), change))
    content = path(1).read_bytes()
    key = staff.fits(staff.find_keys(Path(made.folder)), content)
    path(1).write_bytes(staff.reseal(content, change, key))
    units = trial_folder.open_trial(made.folder).units
    stolen = made.keys[units[people[2]]].journal
    path(2).write_bytes(staff.reseal(path(2).read_bytes(), change, stolen))
    lines = path(3).read_bytes().splitlines(keepends=True)
    opened = f'"visit": {VISITS}, "stage": "opened"'.encode()
    last = next(at for at, line in enumerate(lines) if opened in line)
    path(3).write_bytes(b"".join(lines[: last - 1]))
    (folder / people[4]).rename(folder / "away")
    (folder / people[5]).rename(folder / people[4])
    (folder / "away").rename(folder / people[5])


def cheat_in_log(made: "DemoTrial") -> None:
    """Take the last entry, a withdrawal, out of the log."""
    path = Path(made.folder) / log.FILE
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1]))
