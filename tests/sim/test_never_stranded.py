"""Never stranded: where only a person, a charger, a clock, time or a service leads on, the screen
says what to do, and a person who does just that comes to a session.

The lists are the firmware's own: a new state, refusal, lock or fault without a walk fails here.
The prompt is walked in test_driver_depth.py.
"""

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from firmware.core import faults, states
from firmware.records.keys import FILE as KEYS
from firmware.ui import texts
from sim.common.default_prescription import DEFAULT
from sim.common.story import Start
from sim.faults.injectors import wear
from tests.support.enrolled_unit import SIM, sim_files, ticket_of
from tests.support.keyed_unit import installed, made
from tests.support.obedient_person import DAY, DAY_S, HOUR_S, THEN_S, TICKET, Person

STEPS = 40  # a visit asks nine times
FULL = json.dumps({
    "treat_ms": 3_600_000, "cem43_a_q10_ms": 0, "cem43_b_q10_ms": 0, "day_ms": 0,
    "clock_s": THEN_S,
}).encode()  # fmt: skip
BRIEF: dict[str, Any] = {**DEFAULT, "fluence_j_cm2": 1}
TWO: dict[str, Any] = {
    "format": 2, "name": "once", "max_min": 4, "set_point_c": 40.5, "sessions_a_day": 2,
    "sessions": 1, "step": [{"pads": "AB", "minutes": 2, "light": {"mode": "cw"},
                             "irradiance_mw_cm2": {"810": 2.5, "850": 2.5}}],
}  # fmt: skip
LAST_VISIT: dict[str, Any] = {
    "trial": "WB-PILOT", "participant": "P-07", "visit": 7, "stage": "closed", "item": 0,
    "first_s": THEN_S - 43 * DAY_S, "owes": [4, "visit", 7, "done"],
}  # fmt: skip
Meet = Callable[[Person], None]


class Walk(NamedTuple):
    """A unit that somebody finds: its files, how its trouble comes, and what must be met."""

    name: str
    meets: str  # of `Person.met`, apart by a comma
    says: str  # some row, on the way
    files: dict[str, bytes] = {}  # noqa: RUF012 - read only
    clock_s: int | None = THEN_S + HOUR_S
    start: Start = Start()
    power_on: Meet = lambda person: None  # at each power-on
    comes: Meet = lambda person: None  # once it is on
    lock: int = states.NOT_LOCKED
    unreadable: tuple[str, ...] = ()


def lit(person: Person) -> None:
    """A session goes on."""
    person.obey(3)
    person.wait(20.0)


def done(person: Person) -> None:
    """A session is over."""
    lit(person)
    while person.state != states.DONE:
        person.wait(10.0)
    person.wait(3.0)


def warm(person: Person) -> None:
    """A session of five minutes, that the wearer ended; the unit is on again at once."""
    lit(person)
    person.wait(300.0)
    person.press(hold_s=1.7)
    person.press()


def paused(person: Person) -> None:
    """The belt came off while lit."""
    lit(person)
    wear(person.run.hardware, False)
    person.wait(5.0)


def restarts(person: Person) -> None:
    """The firmware raises three times."""
    for _ in range(3):
        person.wait(6.0)
        person.run.depth.raise_exception()
    person.wait(20.0)


def strike(name: str, **more: Any) -> Meet:
    """A fault comes while a session goes on, and its cause stays until somebody sees to it."""

    def comes(person: Person) -> None:
        lit(person)
        person.strike(name, **more)
        person.wait(6.0)

    return comes


def stuck(name: str) -> Meet:
    """A button that is stuck as the unit is switched on."""

    def comes(person: Person) -> None:
        if not person.run.injected:
            person.strike("button_stuck", button=name)

    return comes


def hold_bus(person: Person) -> None:
    """Nothing on the sensors' bus answers, in the dark."""
    person.strike("i2c_hang")
    person.wait(4.0)


def full(person: Person) -> None:
    """Nothing more can be written."""
    person.run.hal.full = True


def unmounted(person: Person) -> None:
    """The filesystem is lost while the unit is on."""
    person.run.hal.mounted = False


def charging(person: Person) -> None:
    """The charger is plugged in, in a session."""
    lit(person)
    person.charge()


def hard(person: Person) -> None:
    """A fault that only a service lifts."""
    person.run.unit.faults.raise_fault(faults.LED_STUCK_ON, 0, 0, 1, 0)
    person.wait(3.0)


def lose_fault_file(person: Person) -> None:
    """The journal knows of a file that is gone, and START comes before it was looked at."""
    hard(person)
    person.step()
    person.step()
    person.wait(3.0)
    kept = {name: body for name, body in person.run.hal.files.items() if name != "fault.json"}
    person.power_on(kept, THEN_S + 2 * HOUR_S)


def press_at_once(person: Person) -> None:
    """START as soon as the unit is ready, where the journal is there."""
    if "journal.0" in person.run.hal.files and "fault.json" not in person.run.hal.files:
        while person.state == states.SELF_TEST:
            person.run.advance(1)
        person.run.hardware.pins |= 1
        person.wait(0.2)
        person.run.hardware.pins &= ~1
        person.wait(0.4)


def remove(name: str) -> Meet:
    """A file is removed from a unit that was used, and that is switched on again."""

    def comes(person: Person) -> None:
        lit(person)
        person.press(hold_s=1.7)
        person.again(1.0, **{name.replace(".", "__"): None})

    return comes


def ruin(name: str, body: bytes, unreadable: bool = False) -> Meet:
    """A file of a unit that was used cannot be read as it is switched on again."""

    def comes(person: Person) -> None:
        lit(person)
        person.press(hold_s=1.7)
        if unreadable:
            person.unreadable = {name}
        person.again(1.0, **({} if unreadable else {name.replace(".", "__"): body}))

    return comes


def keyed(**changed: Any) -> dict[str, bytes]:
    """Files of a unit with a key, and its signed prescription."""
    return {KEYS: installed(), "prescription.json": made(prescription=BRIEF, unit=SIM, **changed)}


def trial(**changed: bytes) -> dict[str, bytes]:
    """Files of a unit in a trial, some of them others; None: it is not there."""
    files = sim_files(False, BRIEF)
    files.update({name.replace("__", "."): body for name, body in changed.items()})
    return files


def without(files: dict[str, bytes], *names: str) -> dict[str, bytes]:
    return {name: body for name, body in files.items() if name not in names}


def visit(**changed: Any) -> bytes:
    return json.dumps({**LAST_VISIT, **changed}).encode()


PLAIN = {"prescription.json": json.dumps(BRIEF).encode()}
ONCE = {"prescription.json": json.dumps(TWO).encode()}
WAITS = "refusal too_warm"

# Of refusals and states.
REFUSED = (
    Walk("UP that is stuck", "refusal button_stuck", "Button is stuck", power_on=stuck("UP")),
    Walk("START that is stuck", "refusal button_stuck", "Button is stuck", power_on=stuck("START")),
    Walk("a low battery", "refusal battery,state CHARGING", "Charge it first",
         start=Start(battery_pct=3.0)),
    Walk("a charger in a session", "state CHARGING", "Charging", comes=charging),
    Walk("a full day", "refusal day_limit", "Enough for today", {DAY: FULL}),
    Walk("a pad that is warm", "refusal too_warm", "Too warm: wait", comes=warm),
    Walk("a belt that came off", "refusal not_worn,state PAUSED", "Put the belt on", comes=paused),
    Walk("a cause that stays", "refusal cause_there,refusal hold_start,state FAULT",
         "Cause persists", comes=strike("contact_lost", pad="A")),
    Walk("a bus that is held", "refusal cause_there,refusal hold_start", "Cause persists",
         comes=strike("i2c_hang")),
    Walk("a bus that is held, in a trial", "refusal hold_start", "Hold START 1.5 s", trial(),
         comes=hold_bus),
    Walk("a flash that is full", "refusal storage", "Cannot keep log", comes=full),
    Walk("a flash that is lost", "refusal storage", "Cannot keep log", comes=unmounted),
    Walk("a lock that START finds", "refusal needs_service,lock 5", "Needs service",
         comes=lose_fault_file, power_on=press_at_once),
    Walk("a prescription that expired", "refusal expired", "Prescr. expired",
         keyed(expires="2025-12-31")),
    Walk("a clock that was never set, and an expiry", "refusal no_clock", "Set the clock",
         keyed(expires="2026-12-31"), None),
    Walk("a dead coin cell", "refusal no_clock", "Set the clock", {DAY: FULL}, None),
    Walk("the first visits", "refusal no_answer,refusal too_early,state RATE", "From 2026-01-06",
         trial()),
    Walk("a trial that is over", "refusal trial_over", "Trial is over",
         trial(visit__json=visit())),
    Walk("a session, and a second one at once", "refusal never_off,state DONE,state WAIT_SKIN",
         "First belt off", PLAIN, comes=done),
    Walk("a course of one session", "refusal course_over", "Course is over", ONCE, comes=done),
    Walk("a month off", "refusal new_date", "2026-01-31 OK?", {DAY: FULL}, THEN_S + 30 * DAY_S),
)  # fmt: skip

# Of locks.
LOCKED = (
    Walk("no calibration", "lock 1,state LOCKED", "Not calibrated", {"calibration.json": b"{}"}),
    Walk("no prescription", "lock 2", "Bad prescription", {"prescription.json": b"{}"}),
    Walk("a prescription cut short", "lock 2", "Bad prescription",
         {KEYS: installed(), "prescription.json": made(unit=SIM)[:-9]}),
    Walk("a key that is gone", "lock 2", "Bad prescription", keyed(), comes=remove(KEYS)),
    Walk("a key that is ruined", "lock 2", "Bad prescription", keyed(), comes=ruin(KEYS, b"{")),
    Walk("restarts", "lock 3", "Restarted a lot", comes=restarts),
    Walk("a wrong board file", "lock 4", "Board file wrong", lock=states.BOARD),
    Walk("a switch that sticks", "lock 5,state SERVICE", "Needs service", comes=hard),
    Walk("a switch that sticks, in a trial", "lock 5", "Tell the clinic", trial(), comes=hard),
    Walk("a fault file in pieces", "lock 5", "Needs service", {"fault.json": b"{"}),
    Walk("a ticket without its unit's key", "lock 6", "Ticket is wrong", without(trial(), KEYS)),
    Walk("a ticket whose key is ruined", "lock 6", "Ticket is wrong", trial(keys__json=b"{")),
    Walk("a ticket in pieces", "lock 6", "Ticket is wrong", trial(trial__json=b"?")),
    Walk("a ticket for another unit", "lock 6", "Ticket is wrong",
         trial(trial__json=ticket_of(False, unit="WB-9999"))),
    Walk("a ticket whose arm nobody can read", "lock 6", "Ticket is wrong",
         trial(trial__json=ticket_of(False, unit=SIM, arm="0" * 64))),
    Walk("a ticket that is gone", "lock 6", "Ticket is wrong",
         without(trial(visit__json=visit(visit=1)), TICKET)),
    Walk("visits that cannot be read", "lock 6", "Ticket is wrong", trial(visit__json=b"{")),
    Walk("visits of another participant", "lock 6", "Ticket is wrong",
         trial(visit__json=visit(participant="P-08"))),
)  # fmt: skip

# Of files that are kept, in a unit that was used.
KEPT = tuple(
    Walk(f"{name}, {how}", "state READY", "", PLAIN, comes=comes)
    for name in (DAY, "fault.json", "journal.0")
    for how, comes in (
        ("removed", remove(name)), ("empty", ruin(name, b"")), ("cut", ruin(name, b"{")),
        ("unreadable", ruin(name, b"", True)),
    )
) + tuple(
    Walk(f"{name} of a new unit, cut", "state READY", "", {**PLAIN, name: b"{"})
    for name in (DAY, "journal.0")
)  # fmt: skip
WALKS = REFUSED + LOCKED + KEPT


@pytest.mark.parametrize("walk", WALKS, ids=[walk.name for walk in WALKS])
def test_the_screen_says_what_to_do_and_doing_it_leads_to_light(walk: Walk) -> None:
    person = Person(
        walk.files, walk.clock_s, walk.start, walk.power_on, walk.lock, set(walk.unreadable)
    )
    walk.comes(person)
    person.obey(STEPS)
    assert not walk.says or any(walk.says in row for row in person.said), sorted(person.said)
    missing = set(walk.meets.split(",")) - person.met
    assert not missing, sorted(person.met)


def test_each_state_refusal_and_lock_has_a_walk() -> None:
    met = {one for walk in WALKS for one in walk.meets.split(",")}
    refusals = {f"refusal {name}" for name in states.REFUSALS if name}
    locks = {f"lock {lock}" for lock in range(1, len(texts.LOCKS))}
    passing = (states.SELF_TEST, states.OFF, *states.LIT)  # these lead on by themselves
    held = {f"state {states.STATES[k]}" for k in range(len(states.STATES)) if k not in passing}
    assert refusals | locks | held <= met


@pytest.mark.parametrize("fault", range(len(faults.FAULTS)))
def test_each_fault_leads_to_light_again_once_its_cause_is_gone(fault: int) -> None:
    """Latched by hand, so that none of the list can be left out; the causes are the fault
    matrix's."""
    person = Person()
    person.run.unit.faults.raise_fault(fault, 0, person.run.hal.t_ms, 1, 0)
    person.wait(4.0)
    stops = faults.STOPPING >> fault & 1
    assert ("state FAULT" in person.met) == bool(stops)
    assert not stops or any(texts.FAULTS[fault].decode() in row for row in person.rows())
    person.obey(STEPS)
    assert ("state SERVICE" in person.met) == bool(faults.HARD >> fault & 1)
