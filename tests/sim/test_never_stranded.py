"""Never stranded: where only a person, a charger, a clock or time leads on, the screen says what to
do, and doing it works. The prompt is walked in test_driver_depth.py.
"""

import json
from typing import Any, NamedTuple

import pytest

from firmware.core import states
from sim.common.story import Event, Start
from sim.common.value_record import replace
from sim.run import Run
from sim.scenario.scenario import ordinary

THEN_S = 820_584_000
HOUR_S = 3_600
FULL = json.dumps({
    "treat_ms": 3_600_000, "cem43_a_q10_ms": 0, "cem43_b_q10_ms": 0, "day_ms": 0,
    "clock_s": THEN_S,
}).encode()  # fmt: skip


def press(at_s: float, hold_ms: int = 200) -> Event:
    return Event(at_s, "press", "START", hold_ms=hold_ms)


def fault(name: str, at_s: float, for_s: float | None = None, **more: Any) -> Event:
    return Event(at_s, "fault", name, for_s=for_s, **more)


class Walk(NamedTuple):
    """A unit in a state that holds it: what it shows at `look_s`, and what leads on."""

    name: str
    says: str
    look_s: float
    events: tuple[Event, ...]
    until_s: float
    start: tuple[tuple[str, Any], ...] = ()
    day: bytes = b""
    clock_s: int | None = THEN_S + HOUR_S
    line: bytes = b""  # from a host, after the look


WALKS = (
    Walk("a low battery", "Charge it first", 8.0,
         (press(5.0), fault("charger_plugged", 10.0, 1_800.0), press(1_820.0)), 1_835.0,
         start=(("battery_pct", 3),)),
    Walk("a dead coin cell", "Set the clock", 8.0, (press(5.0), press(12.0)), 25.0,
         day=FULL, clock_s=None, line=b"clock 2026-01-02T15:00:00"),
    Walk("a clock that jumped", "2026-01-31 OK?", 8.0, (press(5.0), press(9.0)), 25.0,
         day=FULL, clock_s=THEN_S + 30 * 24 * HOUR_S),
    Walk("a full day", "Enough for today", 8.0,
         (press(5.0), fault("clock_jump", 9.0, value=1.1), press(700.0), press(710.0)), 725.0,
         day=FULL),
    Walk("a bus that was held", "First UP or DOWN", 26.0,
         (fault("i2c_hang", 5.0, 10.0), press(20.0), Event(39.0, "press", "UP"),
          press(40.0, 1_700), press(50.0)), 65.0),
    Walk("a bus that was held, UP and a short START", "Hold START 1.5 s", 26.0,
         (fault("i2c_hang", 5.0, 10.0), Event(19.0, "press", "UP"), press(20.0),
          Event(39.0, "press", "UP"), press(40.0, 1_700), press(50.0)), 65.0),
    Walk("a fault that was left by a hold", "First UP or DOWN", 56.0,
         (fault("i2c_hang", 5.0, 10.0), press(20.0, 1_700), press(30.0), press(50.0),
          Event(60.0, "press", "UP"), press(61.0)), 80.0),
    Walk("UP that was stuck", "Button is stuck", 18.0,
         (fault("button_stuck", 1.0, 20.0, button="UP"), press(15.0), press(90.0)), 105.0),
    Walk("START that was stuck", "", 3.0,
         (fault("button_stuck", 5.0, 20.0, button="START"), press(30.0), press(60.0)), 75.0),
    Walk("restarts", "Restarted a lot", 45.0,
         (*[fault("firmware_exception", at_s) for at_s in (10.0, 20.0, 30.0)],
          press(60.0, 2_000), press(70.0), press(80.0)), 95.0),
)  # fmt: skip


@pytest.mark.parametrize("walk", WALKS, ids=[walk.name for walk in WALKS])
def test_the_screen_says_what_to_do_and_doing_it_leads_to_a_session(walk: Walk) -> None:
    scenario = replace(
        ordinary(), events=walk.events, duration_s=walk.until_s, until_done=False,
        start=replace(Start(), **dict(walk.start)),
    )  # fmt: skip
    files = {"day.json": walk.day} if walk.day else {}
    run = Run(scenario, files=files, clock_s=walk.clock_s)
    rows: dict[int, str] = {}
    hal: Any = run.hal
    hal.show = lambda row, cells: rows.update({row: bytes(cells).decode().strip()})
    hal.on_line = lambda line: None
    while run.t_s < walk.look_s and run.advance(1):
        continue
    assert walk.says in ("", *rows.values())
    assert run.unit.session.state not in states.IN_SESSION
    if walk.line:
        hal.commands.append(walk.line)
    while run.advance(1):
        continue
    assert run.unit.session.state in states.IN_SESSION


@pytest.mark.parametrize(("file", "says"), [
    ("calibration.json", "Not calibrated"), ("prescription.json", "Bad prescription"),
])  # fmt: skip
def test_a_unit_that_only_a_service_can_mend_says_why_and_goes_off(file: str, says: str) -> None:
    scenario = replace(ordinary(), events=(press(3.0),), duration_s=10.0, until_done=False)
    run = Run(scenario, files={} if file.startswith("cal") else {file: b"{}"})
    if file.startswith("cal"):
        run.unit.session.lock = states.CALIBRATION
    rows: list[str] = []
    hal: Any = run.hal
    hal.show = lambda row, cells: rows.append(bytes(cells).decode().strip())
    while run.advance(1):
        continue
    assert says in rows and "LOCKED: dark" in rows
