"""A small trial for tests: its folder, and journals written by the firmware's own code.

`Belt` writes what a unit would (`firmware.records.journal`), without running the unit: the same
kinds of records, which tests/trial/test_belt.py holds to what the firmware writes.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from firmware.records import encrypted, journal_events, mac
from firmware.records.journal import Journal
from firmware.records.keys import FILE, Keys
from firmware.trial import enrolment
from firmware.trial.trial import END
from hal.boards import RPI_PICO
from sim.scenario.enrolment import MOVEMENTS
from tests.support.clocks import turn_clock
from tests.support.fake_hal import FakeHal
from tests.support.journals import template
from tools.prescription import keyfile
from tools.prescription.keyfile import Key
from tools.trial import age, new
from tools.trial.plan import Plan, check_protocol, read_prescription

START_S = 820_584_000  # 2026-01-01 12:00
DAY_S = 86_400
NAME = "Test"
SPARE = 9000  # number of the spare unit, WB-9000
SIZES = (2, 4)


@dataclass
class Bench:
    """A trial's folder, and what only some may have."""

    folder: Path
    keys: dict[str, Key]  # by serial
    statistician: str  # path of the identity
    officer: str
    monitor: str = ""
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)  # the allocation, by participant

    @property
    def people(self) -> list[str]:
        """Participants' numbers."""
        return list(self.rows)


def make_trial(
    base: Path, units: int = 4, seed: int | None = 1, strata: dict[str, int] | None = None,
    **protocol: Any,
) -> Bench:  # fmt: skip
    """A trial of so many units, and a spare one, in a folder under `base`."""
    people = {who: base / f"{who}.age" for who in ("statistician", "officer", "monitor")}
    public = {who: age.write_identity(str(path)) for who, path in people.items()}
    keys = {
        f"WB-{number:04}": Key(mac.derive_key(bytes([number % 251]), str(number).encode()),
                               f"WB-{number:04}")
        for number in (*range(1, units + 1), SPARE)
    }  # fmt: skip
    plan = Plan(
        NAME, tuple(keys.values())[:-1], public["statistician"], public["officer"],
        read_prescription("default", RPI_PICO), SIZES, (1, 1), check_protocol(protocol),
        public["monitor"], tuple(keys.values())[-1:], strata or {},
    )  # fmt: skip
    new.create_trial(str(base / "trial"), plan, seed)
    held = age.read_identity(str(people["statistician"]))
    content = (base / "trial" / "allocation.age").read_bytes()
    table = json.loads(age.decrypt(content, held, "", ""))
    return Bench(
        base / "trial", keys, str(people["statistician"]), str(people["officer"]),
        str(people["monitor"]),
        {row["participant"]: row for row in table["rows"]},
    )  # fmt: skip


class Belt:
    """One participant's unit."""

    def __init__(self, bench: Bench, who: str, trial: str = NAME) -> None:
        """`trial` is that of the ticket; empty: there is none."""
        self.bench, self.who = bench, who
        self.row = bench.rows[who]
        self.unit = self.row["unit"]
        self.hal: Any = FakeHal()
        self.hal.clock_s = self.begins_s = START_S
        self.hal.files[FILE] = keyfile.render_unit_keys(bench.keys[self.unit])
        self.journal: Journal
        self.on()
        if trial:
            self.add("ticket", trial=trial, participant=who)

    def on(self) -> None:
        """Switched on."""
        self.journal = Journal(self.hal, Keys(self.hal.load(FILE)))
        self.journal.find()
        turn_clock(self.hal, self.journal.clock, self.hal.clock_s)
        row = {**template()["boot"], "serial": self.unit, "receipt": ""}
        self.add("boot", **{name: row[name] for name in journal_events.BOOT})

    def add(self, kind: str, **values: Any) -> None:
        """A record, at once."""
        self.journal.add(kind, tuple(values), tuple(values.values()))
        assert self.journal.write(10)

    def visit(
        self, number: int, before: int = 5, after: int | None = None, therapy: bool = True,
        day: int | None = None,
    ) -> None:  # fmt: skip
        """A whole visit: all items alike, therapy, all items again."""
        self.hal.clock_s = self.begins_s + DAY_S * (7 * (number - 1) if day is None else day)
        self.on()
        self.add("visit", visit=number, stage="opened")
        self.rate(number, "before", before)
        if therapy:
            self.session()
            if after is not None:
                self.rate(number, "after", after)
        self.add("visit", visit=number, stage="done")

    def rate(self, visit: int, when: str, value: int) -> None:
        """Every item alike."""
        for item in (enrolment.OVERALL, *MOVEMENTS):
            self.add("rating", visit=visit, when=when, item=item, value=value)

    def session(self, minutes: int = 10, uj_cm2: int = 1_000_000) -> None:
        """Therapy, lit or dark as the unit's arm is."""
        asked = {**template()["session"], "session": 1}
        keys = journal_events.SESSION
        assert self.journal.begin(keys, tuple(asked[key] for key in keys), 10)
        lit = self.row["arm"] == "therapy"
        numbers = (1, int(lit), *([uj_cm2 if lit else 0] * 8), 30_000, 0, 0, 33_000, 80, 1)
        nonce = mac.hmac_hex(b"", f"{self.journal.seal} {len(self.journal.waiting)}".encode())[:16]
        closed = encrypted.encrypt(bytes.fromhex(self.row["key"]), nonce, numbers)
        values = (1, "ended", minutes * 60_000, minutes * 60_000, closed)
        self.journal.end(END, values)
        assert self.journal.write(600)

    def files(self) -> dict[str, bytes]:
        """What a pull of the journal gives."""
        files: dict[str, bytes] = self.hal.files
        return {name: content for name, content in files.items() if name.startswith("journal.")}

    def pull(self, folder: Path) -> Path:
        """Pull the journal into a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in self.files().items():
            (folder / name).write_bytes(content)
        return folder
