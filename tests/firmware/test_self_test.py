"""The self-test: as long as it takes to hear every part, and not longer than its second."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.core.inputs import START, UP
from firmware.core.limits import CONTROL_TICKS, SELF_TEST_MS, TICK_MS
from firmware.core.states import STATES
from hal.contract import HEARD_NAMES
from sim.run import Run
from sim.scenario.scenario import ordinary
from tests.support.fake_hal import Bench

STEP_MS = CONTROL_TICKS * TICK_MS
EACH_PART = pytest.mark.parametrize("part", HEARD_NAMES)


def without(part: str, ms: int) -> Bench:
    """A unit that has been on for so long, and has not heard a part."""
    bench = Bench()
    bench.hal.silent.add(part)
    bench.run(ms)
    return bench


@EACH_PART
@given(st.integers(0, SELF_TEST_MS - STEP_MS))
def test_it_ends_with_the_control_step_in_which_the_last_part_was_heard(part: str, ms: int) -> None:
    bench = without(part, ms)
    assert bench.state == "SELF_TEST"
    bench.hal.silent.clear()
    bench.run(STEP_MS)
    assert bench.state == "READY"


@EACH_PART
def test_a_part_that_stays_silent_is_a_fault_after_a_second_but_for_the_gauge(part: str) -> None:
    bench = without(part, SELF_TEST_MS)
    assert bench.state == "SELF_TEST"
    bench.run(STEP_MS)
    lost = {"CONTACT_A": ("contact_lost", "A"), "CONTACT_B": ("contact_lost", "B"),
            "BOARD_A": ("board_sensor_lost", "A"), "BOARD_B": ("board_sensor_lost", "B"),
            "RAIL": ("rail_lost", ""), "SKIN_A": ("skin_sensor_lost", "A"),
            "SKIN_B": ("skin_sensor_lost", "B")}  # fmt: skip
    assert bench.faults() == ([lost[part]] if part in lost else [])
    assert bench.state == ("FAULT" if part in lost else "READY")


def test_it_takes_a_round_of_the_sensors_bus() -> None:
    run = Run(ordinary())
    states = [STATES[run.unit.session.state] for _ in range(3) if run.advance(1)]
    assert states == ["SELF_TEST", "READY", "READY"]


def test_what_was_heard_before_a_fault_was_acknowledged_does_not_count_after_it() -> None:
    bench = Bench().to("FAULT")
    bench.hal.skin_mc(33_000)
    bench.run(2_000)
    bench.press(UP)
    bench.down(START)
    bench.run(1_300)
    bench.hal.silent.add("BOARD_B")
    bench.until("SELF_TEST", 400)
    seen = set()
    for _ in range(2 * SELF_TEST_MS // TICK_MS):
        bench.tick()
        seen.add(bench.state)
    assert seen == {"SELF_TEST", "FAULT"}


def test_sensors_that_disagree_are_found_before_a_session_can_begin() -> None:
    bench = Bench()
    bench.hal.skin_mc(33_000, 0)
    bench.hal.contact[0] += 3 << 7  # 3 C
    bench.run(2 * STEP_MS)
    assert ("contact_apart", "A") in bench.faults()
    assert bench.state == "FAULT"


def test_the_battery_is_judged_with_its_gauge_before_a_session_can_begin() -> None:
    bench = without("GAUGE", STEP_MS)
    assert not bench.unit.battery.gauge_believed
    bench.hal.gauge[1] = bench.unit.battery.percent << 8  # it agrees with the voltage
    bench.hal.silent.clear()
    bench.run(STEP_MS)
    assert bench.state == "READY"
    assert bench.unit.battery.gauge_believed
