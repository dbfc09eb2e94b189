"""Collection of journals: checks each pull and writes all of them into trial.sqlite.

Called by `waistband trial collect`, and `recompute_rows` by `unseal`. Reads the trial's folder and
the pulled folders; writes trial.sqlite alone. A file that cannot be read keeps its pull apart and
stops nothing.
"""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from sim.common import validate
from sim.common.errors import BadInput, one_line
from tools.common.files import emit
from tools.common.words import plural
from tools.journal.reader import PULLS_MOST
from tools.trial import derive, receipts, store
from tools.trial import folder as trial_folder
from tools.trial.checker import PullChecker
from tools.trial.folder import DATABASE, Trial
from tools.trial.receipts import Noted
from tools.trial.store import Kept, Pull, Row

FORM_ALONE = (
    "The form alone was checked: whether these journals are as the units wrote them, only the "
    "monitor can tell (`trial collect --identity`)"
)
VERIFIED = "verified"  # row of the table meta: yes, or no where the form alone was checked


def collect(
    folder: str, journals: list[str], identity: str | None = None, noted: str | None = None
) -> int:
    """Read journals; 1 if any is quarantined or contradicts a noted receipt. Raises BadInput."""
    trial = trial_folder.open_trial(folder)
    path = trial.folder / DATABASE
    kept = store.read_kept(path)
    known = len(kept.pulls)
    for root in journals:
        read_root(root, kept)
    rows = recompute_rows(trial, kept, identity, receipts.read_noted(noted))
    store.write_database(path, kept, rows)
    emit(render_summary(trial, rows, len(kept.pulls) - known, len(kept.pulls)))
    wrong = [row for row in rows["notes"] if row[2] in receipts.WRONG]
    return 1 if rows["quarantine"] or wrong else 0


def recompute_rows(
    trial: Trial, kept: Kept, identity: str | None, noted: Noted
) -> dict[str, list[Row]]:
    """Every derived table, from the pulls alone. Raises BadInput."""
    keys = trial.journal_keys(identity) if identity is not None else None
    checker = PullChecker(trial, keys, noted)
    rows = derive.merge_rows(checker.check_all(kept.pulls))
    there = {row[0] for row in rows["journals"]}
    unread = [(label, "", "", "", "unreadable", why) for label, why in kept.unreadable.items()]
    rows["quarantine"] = checker.quarantine + unread
    rows["notes"] += checker.notes + receipts.check_log(noted, trial.log)
    rows["notes"] += receipts.list_without_journal(noted, there)
    rows["receipts"] = checker.receipts
    rows["meta"] = [("trial", trial.name), (VERIFIED, "no" if keys is None else "yes")]
    return rows


def read_root(root: str, kept: Kept) -> None:
    """Read every pull under a folder into `kept`. Raises BadInput where there is none."""
    found = 0
    for label, folder, names in find_pulls(root):
        found += len(names)
        if found > PULLS_MOST:
            raise BadInput(f"{root}: more than {PULLS_MOST} journal files")
        try:
            files = {name: validate.read_bytes(folder / name) for name in names}
        except BadInput as why:
            kept.unreadable[label] = one_line(str(why))
            continue
        kept.unreadable.pop(label, None)
        kept.pulls.setdefault(hash_files(files), Pull(files)).labels.add(label)
    if not found:
        raise BadInput(f"{root}: holds no journal.0 to journal.7")


def find_pulls(root: str) -> Iterator[tuple[str, Path, list[str]]]:
    """(label, folder, names of files) of each folder with a journal under `root`, or of the one
    file that `root` is. A label starts with the name of `root`, whatever the working directory
    is. Raises BadInput."""
    top = Path(os.path.realpath(root))
    if not top.exists():
        raise BadInput(f"{root}: there is no such file")
    if not top.is_dir():
        yield top.parent.name, top.parent, [top.name]
        return
    by_folder: dict[Path, list[str]] = {}
    for path in sorted(top.rglob("journal.[0-7]")):
        by_folder.setdefault(path.parent, []).append(path.name)
    for folder, names in by_folder.items():
        yield folder.relative_to(top.parent).as_posix(), folder, names


def hash_files(files: dict[str, bytes]) -> str:
    """SHA-256 of a pull's files, whatever its folder is called."""
    whole = hashlib.sha256()
    for name, content in sorted(files.items()):
        whole.update(f"{name} {len(content)}\n".encode())
        whole.update(content)
    return whole.hexdigest()


def render_summary(trial: Trial, rows: dict[str, list[Row]], new: int, count: int) -> str:
    """What was read: counts, notes, quarantined pulls and missing journals, a line each."""
    lines = [
        f"{plural(count, 'journal')}, {new} of them new: {len(rows['journals'])} participants, "
        f"{plural(len(rows['records']), 'record')}, {plural(len(rows['ratings']), 'rating')}"
    ]
    if (VERIFIED, "no") in rows["meta"]:
        lines.append(FORM_ALONE)
    if rows["receipts"]:
        lines.append(f"{plural(len(rows['receipts']), 'noted receipt')} found in the journals")
    for who, unit, what, text in sorted(rows["notes"]):
        where = ", unit ".join(filter(None, (who, unit)))
        lines.append(f"  {where}: {what}: {text}" if where else f"  {what}: {text}")
    for label, _, _, _, what, text in sorted(rows["quarantine"]):
        lines.append(f"APART {label}: {what}: {text}")
    lacking = list_missing(trial, {row[0] for row in rows["journals"]})
    if lacking:
        lines.append(f"MISSING no journal of {', '.join(lacking)}")
    return "\n".join(map(one_line, lines))


def list_missing(trial: Trial, there: set[str]) -> list[str]:
    """Enrolled participants without a usable journal."""
    return [who for who in trial.enrolled if who not in there]
