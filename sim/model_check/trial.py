"""Trial of the model check's unit: a real ticket, and the places that its visits may have reached.

Used by `sim.model_check.harness` and the choices. Whatever a person, the calendar and flash make of
a trial, START meets it in one of these places; the firmware does the rest. A node does not contain
the place: it is free between two ticks.
"""

import json
from collections.abc import Callable
from typing import Any

from firmware.records import mac, signed_prescription
from firmware.records.keys import Keys
from firmware.trial import enrolment, visits
from firmware.trial.trial import BLANK, Trial
from firmware.trial.visits import AFTER, BEFORE, CLOSED, THERAPY, Progress
from sim.scenario.enrolment import DEFAULT
from sim.scenario.enrolment import make_enrolment as ticket_of

SetPlace = Callable[[Trial], None]

SERIAL = "SIM-0001"
PROTOCOL = {**DEFAULT, "movements": ["Bend"]}
FIRST_S = 820_584_000
CLOCK_S = FIRST_S + 7 * visits.DAY_S  # the second visit is due
OWES = (0, "missed", 1)


class Files:
    """Files of the unit; enough of a HAL to open a trial."""

    def __init__(self, ticket: bytes) -> None:
        self.ticket = ticket

    def load(self, name: str) -> "bytes | None":
        """Return the ticket; there is no other file."""
        return self.ticket if name == enrolment.FILE else None


def make_trial(unit: Any) -> Trial:
    """Return a unit's trial with an accepted ticket; `restore` sets its arm."""
    keys = Keys(None)
    keys.prescription = bytes(mac.KEY_BYTES)
    key = mac.derive_key(keys.prescription, enrolment.PURPOSE)
    public: dict[str, object] = {
        "participant": "P-01", "protocol": PROTOCOL, "salt": "0" * enrolment.SALT_HEX,
        "trial": "PROOF", "unit": SERIAL,
    }  # fmt: skip
    table = ticket_of(public, False, bytes(mac.KEY_BYTES), key)
    files: Any = Files(signed_prescription.sign(json.dumps(table).encode(), key))
    made = Trial(files, unit.session, unit.journal)
    made.open(keys, SERIAL)
    made.hal = unit.hal
    return made


def place_at(
    visit: int, stage: int, item: int = 0, value: int = BLANK, alone: bool = False
) -> SetPlace:
    """Return what puts a trial at a place, with this on the screen."""
    step = Progress("PROOF", "P-01").then(visit, stage, item, OWES)
    step.first_s = FIRST_S - (visits.DAY_S * 70 if visit > 2 else 0)

    def set_place(trial: Trial) -> None:
        trial.come_to(step)
        trial.value, trial.alone = value, alone

    return set_place


def place_new(trial: Trial) -> None:
    """Put a trial before its first question."""
    trial.come_to(Progress("PROOF", "P-01"))


DUE = place_at(1, CLOSED)
STARTS = place_at(2, THERAPY)
BEGINS = ("a visit is due", "all before therapy is answered", "the last answer before therapy")
AT_START = {
    "a visit is due": DUE,
    "a visit is open": place_at(2, BEFORE, 1),
    "all before therapy is answered": STARTS,
    "therapy is over": place_at(2, AFTER, 0),
    "no visit has been": place_new,
    "it is too early": place_at(2, CLOSED),
    "windows are over": place_at(3, BEFORE),
    "no visit is left": place_at(7, CLOSED),
}
AT_ANSWER = {
    "nothing is chosen": place_at(2, BEFORE),
    "an answer of some": place_at(2, BEFORE, 0, 5),
    "the last answer before therapy": place_at(2, BEFORE, 1, 5),
    "all before therapy is answered": STARTS,
    "the last answer": place_at(2, AFTER, 2, 1),
    "all is answered, which was not kept": place_at(2, AFTER, 3),
    "an ill effect alone": place_at(1, CLOSED, 0, 2, True),
}
