"""A trial, for the unit of the proof: a real ticket, and how far its visits may have come.

Whatever a person, the calendar and flash make of a trial, START finds it in one of these places;
what follows is the firmware's own doing. How far it is between two ticks is free in a node.
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
from sim.scenario.enrolment import made as ticket_of

SetPlace = Callable[[Trial], None]

SERIAL = "SIM-0001"
PROTOCOL = {**DEFAULT, "movements": ["Bend"]}
FIRST_S = 820_584_000
CLOCK_S = FIRST_S + 7 * visits.DAY_S  # the second visit is due
OWES = (0, "missed", 1)


class Files:
    """What such a unit keeps; enough of a HAL to open a trial."""

    def __init__(self, content: bytes) -> None:
        """With this ticket."""
        self.content = content

    def load(self, name: str) -> "bytes | None":
        """The ticket, and nothing else."""
        return self.content if name == enrolment.FILE else None


def make_trial(unit: Any) -> Trial:
    """A unit's trial, whose ticket was taken; its arm is set where it is put."""
    keys = Keys(None)
    keys.prescription = bytes(mac.KEY_BYTES)
    key = mac.derived(keys.prescription, enrolment.PURPOSE)
    public: dict[str, object] = {
        "participant": "P-01", "protocol": PROTOCOL, "salt": "0" * enrolment.SALT_HEX,
        "trial": "PROOF", "unit": SERIAL,
    }  # fmt: skip
    table = ticket_of(public, False, bytes(mac.KEY_BYTES), key)
    files: Any = Files(signed_prescription.sealed(json.dumps(table).encode(), key))
    made = Trial(files, unit.session, unit.journal)
    made.open(keys, SERIAL)
    made.hal = unit.hal
    return made


def place_at(
    visit: int, stage: int, item: int = 0, value: int = BLANK, alone: bool = False
) -> SetPlace:
    """The trial is there, and this is on the screen."""
    step = Progress("PROOF", "P-01").then(visit, stage, item, OWES)
    step.first_s = FIRST_S - (visits.DAY_S * 70 if visit > 2 else 0)

    def put(of: Trial) -> None:
        of._come_to(step)
        of.value, of.alone = value, alone

    return put


def place_new(of: Trial) -> None:
    """Nothing was ever asked, or written."""
    of._come_to(Progress("PROOF", "P-01"))


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
