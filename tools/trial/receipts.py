"""Receipts noted at visits, and codes of the log noted elsewhere: compared with what there is now.

Called by `collect` and `checker`; reads the named file. A receipt is the code that the unit shows
when a session ends: the first bits of a record's authentication tag. Whoever holds a unit can read
its present key and write what follows; a receipt that was noted before shows it.

The file is CSV with a head, kept by the monitor, not by the clinic:

    who,number,code
    P-07,2,9QK3-ZT4M          participant, visit, receipt
    log,14,00B2-YD7H          entry of the trial's log, its code

| finding    | meaning                                                          | effect        |
|------------|------------------------------------------------------------------|---------------|
| receipt    | the visit is in the journal and no record of it has the code     | kept apart    |
| behind     | no record of the visit: an earlier pull, or one that was cut     | noted, exit 1 |
| log        | the entry has another code, or is gone: the log was written anew | noted, exit 1 |
| no receipt | a visit with a session, of which no receipt was noted            | noted         |
"""

import csv
import io
from collections import defaultdict
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from firmware.records import mac
from sim.common import validate
from sim.common.errors import BadInput

if TYPE_CHECKING:
    from tools.trial.derive import ParticipantRows
    from tools.trial.log import Entry
    from tools.trial.store import Row

HEAD = ("who", "number", "code")
LOG = "log"
WRONG = ("behind", "log")  # notes that make `collect` exit 1
CODE_MIN = 8  # letters: of units that show 40 bits
BYTES_MAX = 4_000_000


class Noted(NamedTuple):
    """What was noted; `file`: whether there is such a file at all."""

    visits: Mapping[str, list[tuple[int, str]]] = MappingProxyType({})  # by participant
    log: tuple[tuple[int, str], ...] = ()
    file: bool = False


def plain_code(text: str) -> str:
    """A code without what people put between its letters; letters that look alike are one."""
    kept = text.upper().replace("O", "0").replace("I", "1").replace("L", "1")
    return "".join(letter for letter in kept if letter in mac.CODE_LETTERS)


def is_receipt_of(seal: str, code: str) -> bool:
    """Whether a noted code is the receipt of the record with this seal. A shorter code, of an
    older unit, is the beginning of it."""
    return len(code) >= CODE_MIN and plain_code(mac.receipt_code(seal)).startswith(code)


def read_noted(path: str | None) -> Noted:
    """The file of noted codes; nothing where none is named. Raises BadInput with the line."""
    if path is None:
        return Noted()
    try:
        text = validate.read_bytes(path, BYTES_MAX).decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(text), strict=True))
    except (UnicodeDecodeError, csv.Error):
        raise BadInput(f"{path}: is no CSV file in UTF-8") from None
    if not rows or tuple(cell.strip() for cell in rows[0]) != HEAD:
        raise BadInput(f"{path}:1: the first line is {','.join(HEAD)}")
    visits: dict[str, list[tuple[int, str]]] = defaultdict(list)
    log = []
    for line, row in enumerate(rows[1:], 2):
        cells = [cell.strip() for cell in row]
        if not any(cells):
            continue
        code = plain_code(cells[-1])
        if len(cells) != len(HEAD) or not cells[1].isdecimal() or len(code) < CODE_MIN:
            text = "a participant and a visit, or log and an entry; then a code of 8 letters or 12"
            raise BadInput(f"{path}:{line}: is {validate.shown(','.join(row))}: {text}")
        if cells[0] == LOG:
            log.append((int(cells[1]), code))
        else:
            visits[cells[0]].append((int(cells[1]), code))
    return Noted(dict(visits), tuple(log), True)


def check_receipts(
    noted: Noted, who: str, rows: "ParticipantRows"
) -> tuple[list["Row"], list["Row"]]:
    """Notes about a participant's receipts, and a row for each that was found. Raises ValueError
    where a visit was rewritten since its receipt was noted."""
    notes: list[Row] = []
    found: list[Row] = []
    unit = rows.units[-1]
    mine = noted.visits.get(who, [])
    for visit, code in mine:
        seals = rows.seals_of_visit.get(visit, [])
        seal = next((seal for seal in seals if is_receipt_of(seal, code)), None)
        if seal is not None:
            found.append((who, visit, code, seal))
        elif seals:
            text = f"the receipt noted at visit {visit}, {code}, is of none of its records"
            raise ValueError(f"{text}: the visit was written anew, or the receipt misread")
        else:
            text = f"a receipt was noted at visit {visit}, and the journal has no such visit"
            notes.append((who, unit, "behind", f"{text}: pull it again; else it was cut"))
    if noted.file:
        having = {visit for visit, _ in mine}
        treated = {session[1] for session in rows.rows["sessions"]}
        notes += [
            (who, unit, "no receipt", f"none was noted at visit {visit}")
            for visit in sorted(treated - having - {0})
        ]
    return notes, found


def check_log(noted: Noted, log: list["Entry"]) -> list["Row"]:
    """A note for each entry of the log that is not the one whose code was noted."""
    codes = {entry.n: plain_code(entry.code) for entry in log}
    return [
        ("", "", "log", f"entry {n} had the code {code} when it was noted, and is "
                        f"{'another' if n in codes else 'gone'}: the log was written anew")
        for n, code in noted.log
        if not codes.get(n, "").startswith(code)
    ]  # fmt: skip


def list_without_journal(noted: Noted, there: set[str]) -> list["Row"]:
    """A note for each participant with noted receipts and no journal that can be used."""
    return [
        (who, "", "behind", f"{len(codes)} receipts were noted, and no journal can be used")
        for who, codes in sorted(noted.visits.items())
        if who not in there
    ]
