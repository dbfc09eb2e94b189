"""Trial folder: reads a trial and checks its files against its log.

Called by every `waistband trial` command but `identity`; writes nothing.

trial.toml            public: name, protocol, prescription, recipients, who has which unit
allocation.age        to the statistician: arms, and the keys of the units' encrypted records
envelopes/P-07.age    to the officer who may break the code: one participant's arm
tickets/P-07.json     for the unit, as trial.json; encrypted with the unit's key
prescriptions/P-07.json   for the unit, as prescription.json; signed with the unit's key
spares/WB-0041/       for a spare unit: prescription.json, and a ticket for each participant
verify.age            to the monitor and the statistician: the units' journal keys, which verify
                      journals and could make them
log.jsonl             what people did, a hash chain
trial.sqlite          what `collect` read
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firmware.core.validate import Refused
from firmware.records import json_codec
from firmware.trial.enrolment import OVERALL, Protocol
from sim.common import validate
from sim.common.errors import BadInput
from tools.journal.chain import JournalKey
from tools.prescription.file import render_pair
from tools.trial import age
from tools.trial import log as trial_log
from tools.trial.log import Entry

TOML, ALLOCATION, VERIFY, DATABASE = "trial.toml", "allocation.age", "verify.age", "trial.sqlite"
ENVELOPES, TICKETS, PRESCRIPTIONS, SPARES = "envelopes", "tickets", "prescriptions", "spares"
PRESCRIPTION = "prescription.json"  # of a spare unit
KEYS = ("name", "synthetic", "statistician", "officer", "monitor", "ratio", "spares", "protocol",
        "prescription", "participants", "strata")  # fmt: skip
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
        """The entry of each enrolment that stands, by participant."""
        found = {entry.row["participant"]: entry for entry in self.entries("enrol")}
        return {who: entry for who, entry in found.items() if who not in self.undone}

    @property
    def undone(self) -> dict[str, Entry]:
        """The entry of each enrolment that was undone, by participant."""
        return {entry.row["participant"]: entry for entry in self.entries("undo-enrolment")}

    @property
    def withdrawn(self) -> dict[str, Entry]:
        """The entry of each withdrawal, by participant."""
        return {entry.row["participant"]: entry for entry in self.entries("withdraw")}

    def stratum(self, who: str) -> str:
        """A participant's stratum; empty where the trial has none."""
        return str(self.table["strata"].get(who, ""))

    def next_of_stratum(self, stratum: str) -> str:
        """The number that the next participant of a stratum gets; empty where none is left."""
        taken = {entry.row["participant"] for entry in self.entries("enrol")}
        free = (w for w in self.units if self.stratum(w) == stratum and w not in taken)
        return next(free, "")

    def units_of(self, who: str) -> list[str]:
        """The serials of a participant's units: the allotted one, then its replacements."""
        mine = [e for e in self.entries("replace") if e.row["participant"] == who]
        return [self.units[who], *(entry.row["unit"] for entry in mine)]

    @property
    def whose(self) -> dict[str, str]:
        """The participant of each unit that is allotted or has replaced one."""
        return {unit: who for who in self.units for unit in self.units_of(who)}

    def ticket_name(self, who: str, unit: str) -> str:
        """The file in the folder that is a unit's ticket for a participant."""
        own = unit == self.units[who]
        return f"{TICKETS}/{who}.json" if own else f"{SPARES}/{unit}/{who}.json"

    def prescription_name(self, who: str, unit: str) -> str:
        """The file in the folder that is the unit's prescription."""
        own = unit == self.units[who]
        return f"{PRESCRIPTIONS}/{who}.json" if own else f"{SPARES}/{unit}/{PRESCRIPTION}"

    def participant(self, name: str) -> str:
        """A participant's number, checked to be of this trial. Raises BadInput."""
        if name not in self.units:
            near = validate.nearest(name, tuple(self.units))
            raise BadInput(f"--participant is {validate.shown(name)}: not of this trial{near}")
        return name

    def journal_keys(self, identity: str) -> dict[str, JournalKey]:
        """The journal keys, by serial, opened with the monitor's or the statistician's identity.
        Raises BadInput."""
        where = str(self.folder / VERIFY)
        held = age.read_identity(identity)
        table = json_codec.parse(age.decrypt(self.read(VERIFY), held, where, "monitor"))
        return {unit: JournalKey(bytes.fromhex(str(key)), unit) for unit, key in table.items()}

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
