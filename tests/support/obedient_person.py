"""A person who knows of a unit only its screen, and does what the screen says; and their clinic.

Used by tests/sim/test_never_stranded.py, at HAL depth. `Person.step` looks at the rows and does one
thing:

| the screen says                     | the person                                               |
|-------------------------------------|----------------------------------------------------------|
| Hold START 1.5 s                    | holds START                                              |
| Tell the clinic, Needs service      | brings the unit to the clinic                            |
| Cause persists                      | takes the cause away                                     |
| Let go 1 minute                     | the same, and lets go of the buttons                     |
| Charge it first, Charging           | charges it for half an hour, unplugs it                  |
| Enough for today, From YYYY-MM-DD   | comes back then                                          |
| Too warm: wait                      | waits                                                    |
| Put the belt on, First belt off     | does so                                                  |
| First UP or DOWN                    | presses UP, then START                                   |
| nothing of all that                 | presses START                                            |

The clinic reads the unit's reason over USB and does what the manuals say about it. The unit's
files go on over its power cycles; each is a run of its own.
"""

import hashlib
import json
from collections.abc import Callable
from typing import Any

from firmware.core import states
from firmware.core.conversions import date_of
from firmware.records import signed_command
from firmware.records.keys import FILE as KEYS
from firmware.records.keys import Keys
from firmware.therapy.session import Session
from sim.common.default_prescription import DEFAULT
from sim.common.story import Event, Start
from sim.common.value_record import replace
from sim.faults.injectors import BUTTON_PINS, set_bits, wear
from sim.run import Run
from sim.scenario.scenario import ordinary
from tests.support.enrolled_unit import SIM, ticket_of
from tests.support.keyed_unit import KEY, installed, made

THEN_S = 820_584_000  # 2026-01-01 12:00
HOUR_S, DAY_S = 3_600, 86_400
TICKET, VISIT, DAY = "trial.json", "visit.json", "day.json"
PASSING = (states.SELF_TEST, states.WAIT_SKIN, *states.LIT)  # a person waits
SETTLED_S = 2.4  # until each row was looked at, and a press is no second thought


class Person:
    """Who obeys the screen of one unit."""

    def __init__(
        self, files: dict[str, bytes] | None = None, clock_s: int | None = THEN_S,
        start: Start | None = None, at_power_on: Callable[["Person"], None] = lambda person: None,
        lock: int = states.NOT_LOCKED, unreadable: set[str] | None = None,
    ) -> None:  # fmt: skip
        self.start = start or Start()
        self.cause: Event | None = None  # of the trouble, until it is taken away
        self.met: set[str] = set()  # states, refusals and locks that were met
        self.said: set[str] = set()  # rows that the screen showed
        self.unreadable = unreadable or set()  # files
        self.lock = lock  # that whoever starts the unit would give it
        self.number = 10  # of what the clinic signs
        self.at_power_on = at_power_on
        self.power_on(files or {}, clock_s)

    # -- the unit ------------------------------------------------------------------------

    def power_on(self, files: dict[str, bytes], clock_s: int | None) -> None:
        """Switch on a unit that keeps these files."""
        scenario = replace(
            ordinary(), events=(), duration_s=1e6, until_done=False, start=self.start
        )
        self.run = Run(scenario, files=files, clock_s=clock_s)
        hal = self.run.hal
        hal.on_line = self._hear
        self.answers: list[dict[str, Any]] = []
        if self.unreadable or self.lock:
            hal.unreadable = self.unreadable & set(files)
            vars(hal)["store"] = self._store
            lifecycle = self.run.lifecycle
            lifecycle.unit = lifecycle.make_firmware(self.lock)
            lifecycle.start_firmware()
        self._watched_session()
        self.at_power_on(self)
        self.wait(SETTLED_S)

    def again(self, hours: float = 0.0, **files: bytes | None) -> None:
        """Switch it on again some hours later, these files put there; None: removed."""
        hal = self.run.hal
        now_s = hal.wall_clock()
        put = {name.replace("__", "."): body for name, body in files.items()}
        self.start = replace(self.start, battery_pct=80.0)
        self.power_on(
            {name: body for name, body in {**hal.files, **put}.items() if body is not None},
            None if now_s is None else now_s + round(hours * HOUR_S) + 10,
        )

    def _store(self, name: str, content: bytes) -> bool:
        """A file that is written anew lies in other blocks of the flash, and can be read."""
        self.unreadable.discard(name)
        hal = self.run.hal
        hal.unreadable.discard(name)
        return type(hal).store(hal, name, content)

    def _hear(self, line: bytes) -> None:
        if line.startswith((b'{"ok"', b'{"error"')):
            self.answers.append(json.loads(line))

    def wait(self, seconds: float) -> None:
        """Time goes by; what the unit went through is kept in `met`."""
        run = self.run
        until_s = run.t_s + seconds
        while run.t_s < until_s:
            run.advance(1)
            session = self._watched_session()
            self.met |= {"state " + states.STATES[session.state], f"lock {session.lock}"}
        self.said |= set(self.rows())

    def _watched_session(self) -> Session:
        """The session, whose refusals are kept in `met`: a lock that follows hides one at once."""
        session = self.run.unit.session
        if "refuse" not in vars(session):

            def refuse(why: int) -> None:
                self.met.add("refusal " + states.REFUSALS[why])
                Session.refuse(session, why)

            vars(session)["refuse"] = refuse
        return session

    def rows(self) -> list[str]:
        """What the screen shows."""
        return [row.decode().strip() for row in self.run.hal.rows]

    @property
    def state(self) -> int:
        """The unit's state."""
        return self.run.unit.session.state

    @property
    def treats(self) -> bool:
        """Whether the unit gives therapy."""
        return self.state in states.POWERED and self.run.hal.gives_light()

    # -- the person ----------------------------------------------------------------------

    def press(self, name: str = "START", hold_s: float = 0.2) -> None:
        """A button, and the time to see what comes of it."""
        self._pin(name, True)
        self.wait(hold_s)
        self._pin(name, False)
        self.wait(SETTLED_S)

    def _pin(self, name: str, down: bool) -> None:
        hardware = self.run.hardware
        bit = BUTTON_PINS[name]
        hardware.pins = set_bits(hardware.pins, bit, down or bool(hardware.stuck_pins & bit))

    def strike(self, name: str, **more: Any) -> None:
        """A fault comes, and lasts until its cause is taken away."""
        self.cause = Event(0.0, "fault", name, **more)
        self.run.timeline.inject(self.cause, True)

    def mend(self) -> None:
        """Take the cause away, and let go for a minute."""
        if self.cause:
            self.run.timeline.inject(self.cause, False)
            self.cause = None
        self.wait(66.0)

    def mend_and_press(self) -> None:
        """Take the cause away; and START."""
        self.mend()
        self.press()

    def cool(self) -> None:
        """Wait until pads have cooled; and START."""
        self.wait(240.0)
        self.press()

    def step(self) -> None:
        """Look at the screen, and do what it says."""
        rows = self.rows()
        for words, do in DO:
            if any(row.startswith(words) for row in rows):
                do(self)
                return
        if any(row.endswith("OK?") for row in rows):
            self.met.add("date " + next(row[:10] for row in rows if row.endswith("OK?")))
        if not self.run.depth.powered:
            self.again()
            return
        self.press()

    def obey(self, steps: int) -> int:
        """Do what the screen says until there is light; return in how many steps, or raise."""
        for step in range(steps):
            if self.treats:
                return step
            self.step()
            for _ in range(30):  # skin is waited for, lamps are tested, power rises
                if not self.treats and self.state in PASSING:
                    self.wait(2.0)
        raise AssertionError((self.rows(), sorted(self.met)))

    def charge(self) -> None:
        """Plug the charger in for half an hour."""
        plug = Event(0.0, "fault", "charger_plugged")
        self.run.timeline.inject(plug, True)
        self.wait(1_800.0)
        self.run.timeline.inject(plug, False)
        self.wait(3.0)

    def come_back(self) -> None:
        """Switch it off, and on again a day later, or on the date that it says."""
        days = 1.05
        for row in self.rows():
            if row.startswith("From"):
                date = int(row[5:].replace("-", ""))
                now_s = self.run.hal.wall_clock() or 0
                while date_of(int(now_s / DAY_S + days)) < date:
                    days += 1
        self.press(hold_s=1.7)
        self.again(24.0 * days)

    def take_off_and_on(self) -> None:
        """The belt off, its buckle open; and on again."""
        wear(self.run.hardware, False)
        self.wait(4.0)
        self.put_on()

    def put_on(self) -> None:
        """The belt on; and START."""
        wear(self.run.hardware, True)
        self.wait(20.0)
        self.press()

    def choose(self) -> None:
        """An answer."""
        self.press("UP")
        self.press()

    # -- the clinic ----------------------------------------------------------------------

    def send(self, line: bytes, *more: bytes) -> dict[str, Any]:
        """A line over USB, and its last answer."""
        self.run.hal.commands += [line, *more]
        self.wait(3.0)
        return self.answers[-1]

    def sign(self, text: str) -> None:
        """A signed command, which must be obeyed."""
        self.number += 1
        body = f"{self.number} {text}".encode()
        seal = signed_command.seal(body, self.run.calibration["serial"], KEY)
        answer = self.send(b"signed " + body + b" " + seal)
        assert "ok" in answer, answer

    def visit_clinic(self) -> None:
        """The clinic reads why, and does what its manual says."""
        unit = self.run.unit
        session, hal = unit.session, self.run.hal
        lock, why = session.lock, session.locked
        if lock == states.CALIBRATION:
            self.again(calibration__json=None)
        elif lock == states.BOARD:
            self.lock = states.NOT_LOCKED  # the right board file is deployed
            self.again()
        elif lock == states.HARD_FAULT and self.state == states.SERVICE:
            self.press()
        elif lock == states.HARD_FAULT:
            answer = self.send(b"selftest")
            if "first UP, then hold START" in answer.get("error", ""):
                self.press("UP")
                self.press(hold_s=1.7)
            else:
                assert "ok" in answer, answer
        elif lock == states.PRESCRIPTION and "install" in why:
            self.again(keys__json=installed())
        elif lock == states.TRIAL:
            self.mend_trial(why)
        elif lock == states.PRESCRIPTION or session.refused in (
            states.EXPIRED, states.COURSE_OVER,
        ):  # fmt: skip
            self.prescribe()
        elif session.refused == states.NO_CLOCK:
            assert "ok" in self.send(b"clock 2026-01-02T15:00:00")
            self.press()
        elif session.refused == states.TRIAL_OVER:
            self.leave_trial()
        elif session.refused == states.STORAGE:
            self.make_room()
        elif unit.faults.latched:
            self.press()
        else:
            raise AssertionError((self.rows(), why, hal.files.keys()))

    def mend_trial(self, why: str) -> None:
        """The ticket is wrong, or what it needs."""
        if "install" in why:
            self.again(keys__json=installed())
        elif "visit.json is of another" in why:
            self.again(visit__json=None)
        elif "visit.json" in why:
            self.sign("visit 2@2025-12-25 it was lost")
            self.again()
        else:
            self.again(trial__json=ticket_of(False, unit=SIM))

    def leave_trial(self) -> None:
        """The trial is over for this unit: it is an ordinary one again."""
        self.again(trial__json=None, visit__json=None)
        self.sign("leave - the trial is over")
        self.again()

    def prescribe(self) -> None:
        """Another prescription, over USB; the unit restarts to go by it."""
        self.number += 1
        table = {**DEFAULT, "fluence_j_cm2": 5}
        body = json.dumps(table).encode()
        if Keys(self.run.hal.files.get(KEYS)).prescription:
            body = made(prescription=table, unit=SIM, number=self.number)
        digest = hashlib.sha256(body).hexdigest()
        answer = self.send(f"put prescription.json {len(body)} {digest}".encode(), body)
        assert "ok" in answer, answer
        self.again()

    def make_room(self) -> None:
        """The flash is mended: room is made, and what cannot be read is removed."""
        hal = self.run.hal
        hal.full, hal.mounted = False, True
        unread = self.unreadable | {name for name, body in hal.files.items() if not body}
        lost: dict[str, bytes | None] = {name.replace(".", "__"): None for name in unread}
        self.unreadable = set()
        self.again(0.0, **lost)


# In this order: what tells most first.
DO: tuple[tuple[str, Callable[[Person], None]], ...] = (
    ("Cause persists", Person.mend_and_press),
    ("Hold START 1.5 s", lambda person: person.press(hold_s=1.7)),
    ("First UP or DOWN", Person.choose),
    ("Service: START", Person.press),
    ("Tell the clinic", Person.visit_clinic),
    ("Needs service", Person.visit_clinic),
    ("Charge it first", Person.charge),
    ("Enough for today", Person.come_back),
    ("From ", Person.come_back),
    ("Let go 1 minute", Person.mend_and_press),
    ("Too warm: wait", Person.cool),
    ("Put the belt on", Person.put_on),
    ("First belt off", Person.take_off_and_on),
)
