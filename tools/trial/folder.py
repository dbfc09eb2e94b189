"""Trial folder: reads a trial and checks its files against its log.

Called by every `waistband trial` command but `identity`; writes nothing.

trial.toml            public: name, protocol, prescription, recipients, who has which unit
allocation.age        to the statistician: arms, and the keys of the units' encrypted records
envelopes/P-07.age    to the officer who may break the code: one participant's arm
tickets/P-07.json     for the unit, as trial.json; encrypted with the unit's key
prescriptions/P-07.json   for the unit, as prescription.json; signed with the unit's key
verify.json           the units' journal keys, private: verifies journals, opens nothing
log.jsonl             what people did, a hash chain
trial.sqlite          what `collect` read
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firmware.records import json_codec
from firmware.therapy.prescription import Refused
from firmware.trial.enrolment import OVERALL, Protocol
from sim.common import validate
from sim.common.errors import BadInput
from tools.journal.chain import JournalKey
from tools.prescription import keyfile
from tools.prescription.file import render_pair
from tools.trial import log as trial_log
from tools.trial.log import Entry

TOML, ALLOCATION, VERIFY, DATABASE = "trial.toml", "allocation.age", "verify.json", "trial.sqlite"
ENVELOPES, TICKETS, PRESCRIPTIONS = "envelopes", "tickets", "prescriptions"
KEYS = ("name", "synthetic", "statistician", "officer", "block_sizes", "ratio", "protocol",
        "prescription", "participants")  # fmt: skip
TEXT_MAX = 300


@dataclass(frozen=True)
class Trial:
    """A trial, read and checked against its log."""

    folder: Path
    table: dict[str, Any]
    log: list[Entry]

    @property
    def name(self) -> str:
        """The trial's name in its tickets."""
        return str(self.table["name"])

    @property
    def synthetic(self) -> bool:
        """Whether it was made with --seed, for scripted data."""
        return bool(self.table["synthetic"])

    @property
    def units(self) -> dict[str, str]:
        """The allotted unit of each participant."""
        return dict(self.table["participants"])

    @property
    def protocol(self) -> Protocol:
        """Visits, their windows and what is asked at them."""
        return Protocol(self.table["protocol"])

    @property
    def items(self) -> list[str]:
        """The rated items, in the order of the unit."""
        return [OVERALL, *self.protocol.movements]

    def entries(self, kind: str) -> list[Entry]:
        """The log's entries of a kind."""
        return [entry for entry in self.log if entry.kind == kind]

    @property
    def enrolled(self) -> dict[str, Entry]:
        """The entry of each enrolment, by participant."""
        return {entry.row["participant"]: entry for entry in self.entries("enrol")}

    def participant(self, name: str) -> str:
        """A participant's number, checked to be of this trial. Raises BadInput."""
        if name not in self.units:
            near = validate.nearest(name, tuple(self.units))
            raise BadInput(f"--participant is {validate.shown(name)}: not of this trial{near}")
        return name

    def journal_keys(self) -> dict[str, JournalKey]:
        """The journal keys, by serial. Raises BadInput."""
        path = str(self.folder / VERIFY)
        table = json_codec.parse(keyfile.read_private(path))
        try:
            found = {unit: JournalKey(bytes.fromhex(str(key)), unit) for unit, key in table.items()}
        except ValueError:
            found = {}
        if set(found) != set(self.units.values()):
            raise BadInput(f"{path}: is not what `trial new` wrote: take it from a copy")
        return found

    def read(self, name: str) -> bytes:
        """One of the files that `new` wrote, as it wrote it. Raises BadInput."""
        content = validate.read_bytes(self.folder / name, 1 << 20)
        if self.log[0].row["files"].get(name) != hashlib.sha256(content).hexdigest():
            raise BadInput(f"{self.folder / name}: was altered since the trial was made")
        return content


def open_trial(path: str) -> Trial:
    """The trial in a folder. Raises BadInput."""
    folder = Path(path)
    where = str(folder / TOML)
    if not (folder / TOML).is_file():
        raise BadInput(f"{path}: is no trial's folder: it has no {TOML}; `trial new` makes one")
    log = trial_log.read_log(folder)
    if log[0].kind != "new" or not isinstance(log[0].row.get("files"), dict):
        raise BadInput(f"{folder / trial_log.FILE}:1: is not the beginning of a trial's log")
    table = validate.table(validate.parse_toml(validate.read_text(where), where), where, KEYS)
    trial = Trial(folder, table, log)
    trial.read(TOML)
    try:
        Protocol(table["protocol"])
    except (Refused, KeyError) as why:
        raise BadInput(f"{where}: {why}") from None
    return trial


def render_toml(table: dict[str, object]) -> bytes:
    """The content of trial.toml. But for tables, JSON values are TOML values."""
    lines = ["# Made by `waistband trial new`; the log holds its hash."]
    tables = []
    for key, value in table.items():
        if isinstance(value, dict):
            tables += ["", f"[{key}]", *(render_pair(k, v) for k, v in value.items())]
        else:
            lines.append(render_pair(key, value))
    return ("\n".join(lines + tables) + "\n").encode()


def check_text(value: str, where: str) -> str:
    """One line of 1 to TEXT_MAX printable characters for the log. Raises BadInput."""
    if not value.strip() or len(value) > TEXT_MAX or not value.isprintable():
        shown = validate.shown(value)
        raise BadInput(f"{where} is {shown}: one line of 1 to {TEXT_MAX} characters")
    return value.strip()
