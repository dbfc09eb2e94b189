"""Lifecycle at HAL depth: what ends a boot cycle, how dark it is, what the next one knows.

Time and light are read where a meter on the emitters and a stopwatch would be.
"""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.core import states
from firmware.core.limits import LEASE_MS, TICK_MS
from firmware.core.states import REFUSALS
from hal import resets
from sim.common.default_prescription import DEFAULT
from sim.common.story import Event, Scenario, Start
from sim.common.value_record import replace
from sim.faults.source_lines import executed_lines
from sim.hal_depth import lifecycle, sim_hal
from sim.run import Run
from sim.scenario.scenario import ordinary
from tests.support.chip_programs import Desk
from tools.replay import check_recording, find_difference, play_on_cpython

EVERYTHING = 10**9
DARK_MS = 80
START = Event(10.0, "press", "START", hold_ms=200)
LIT_MS = 25_000  # by then the ordinary start is in its ramp
RAISES, HANGS = "firmware_exception", "firmware_hang"


@pytest.fixture(autouse=True)
def roomy_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two sessions cut off use up a day's thermal dose; here more than two are."""
    monkeypatch.setattr("firmware.records.persistent_state.CEM43_SESSION_Q10_MS", 0)


def make_story(*events: Event, duration_s: float = 40.0, **start: Any) -> Scenario:
    """A scenario of these events; sessions so short that a day has room for those cut off."""
    ordered = tuple(sorted(events, key=lambda event: event.at_s))
    return replace(
        ordinary(), events=ordered, duration_s=duration_s, until_done=False,
        start=replace(Start(), **start), prescription={**DEFAULT, "max_min": 10},
    )  # fmt: skip


def fault(name: str, at_ms: int = LIT_MS, **more: Any) -> Event:
    return Event(at_ms / 1000, "fault", name, **more)


class Metered(Run):
    """A run with a meter on the emitters."""

    lit_until_ms = -1.0

    def light(self, since_ms: float, until_ms: float, watts: float) -> None:
        """Current flowed."""
        self.lit_until_ms = until_ms


def run_metered(*events: Event, **more: Any) -> Metered:
    """A whole run of START and these events."""
    run = Metered(make_story(START, *events, **more))
    run.hal.on_light = run.light
    run.advance(EVERYTHING)
    return run


def state(run: Run) -> str:
    return states.STATES[run.unit.session.state]


def restart_reasons(run: Run) -> list[str]:
    return [why for _, why in run.restarts]


# -- how each life ends ------------------------------------------------------------------------


@given(late_ms=st.integers(0, 1_000))
@settings(max_examples=20)
def test_an_exception_is_dark_in_its_own_tick_and_a_reset(late_ms: int) -> None:
    at_ms = LIT_MS + late_ms
    run = run_metered(fault(RAISES, at_ms))
    assert run.lit_until_ms <= at_ms + TICK_MS
    [(at_s, why)] = run.restarts
    assert why == "reset" and 0 <= at_s * 1000 - at_ms <= TICK_MS
    assert state(run) == "READY" and run.unexpected() == []


@given(late_ms=st.integers(0, 1_000))
@settings(max_examples=20)
def test_a_hang_is_dark_by_its_lease_and_reset_by_the_watchdog(late_ms: int) -> None:
    at_ms = LIT_MS + late_ms
    run = run_metered(fault(HANGS, at_ms))
    lit_for_ms = run.lit_until_ms - at_ms
    assert LEASE_MS - 2 * TICK_MS <= lit_for_ms <= LEASE_MS + TICK_MS <= DARK_MS
    [(at_s, why)] = run.restarts
    assert why == "watchdog"
    assert (
        lifecycle.WATCHDOG_ARMED_MS - TICK_MS <= at_s * 1000 - at_ms <= lifecycle.WATCHDOG_ARMED_MS
    )
    assert state(run) == "READY" and run.unexpected() == []


def test_a_hang_while_dark_is_reset_by_the_long_watchdog() -> None:
    run = run_metered(fault(HANGS, 5_000))
    [(at_s, why)] = run.restarts
    assert why == "watchdog"
    assert at_s * 1000 - 5_000 == pytest.approx(lifecycle.WATCHDOG_MS, abs=2 * TICK_MS)


def test_a_soft_reset_while_lit_leaves_light_until_the_watchdog_bites() -> None:
    run = run_metered(fault("soft_reset"))
    assert run.lit_until_ms - LIT_MS == lifecycle.WATCHDOG_ARMED_MS - TICK_MS
    assert restart_reasons(run) == ["watchdog"] and state(run) == "READY"
    [cutoff] = run.result()["cutoffs"]
    assert cutoff["latency_ms"] == lifecycle.WATCHDOG_ARMED_MS - TICK_MS


def test_a_soft_reset_while_dark_is_a_reset() -> None:
    run = run_metered(fault("soft_reset", 5_000), duration_s=9.0)
    assert run.restarts == [(5.0, "reset")] and state(run) == "READY"
    assert run.lit_until_ms == -1


@pytest.mark.parametrize("for_s", [None, 0.1, 3.0])
def test_power_lost_is_dark_at_once_and_a_unit_that_knows_nothing_when_it_is_back(
    for_s: float | None,
) -> None:
    run = run_metered(fault("brownout", for_s=for_s))
    assert run.lit_until_ms == LIT_MS
    [(at_s, why)] = run.restarts
    assert why == "power-on"
    assert at_s * 1000 - LIT_MS == pytest.approx((for_s or 0.0) * 1000, abs=TICK_MS)
    assert state(run) == "READY"
    assert run.hal.word == resets.MARK


def test_a_reset_while_lit_is_remembered_until_power_is_lost() -> None:
    assert run_metered(fault(RAISES)).hal.word & resets.DIED_LIT
    assert not run_metered(fault(RAISES, 5_000)).hal.word & resets.DIED_LIT
    assert not run_metered(fault(RAISES), fault("brownout", 30_000)).hal.word & resets.DIED_LIT


# -- what follows ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [RAISES, HANGS, "soft_reset", "brownout"])
def test_no_life_begins_lit_and_none_lights_without_a_person(name: str) -> None:
    run = run_metered(fault(name), duration_s=120.0)
    assert run.unit.session.number == 0
    assert state(run) == "READY"
    assert run.lit_until_ms <= LIT_MS + lifecycle.WATCHDOG_ARMED_MS


def test_the_next_life_treats_when_a_person_asks() -> None:
    run = run_metered(fault(RAISES), replace(START, at_s=30.0), duration_s=60.0)
    assert (state(run), run.unit.session.number) == ("RAMP", 1)


def test_its_clock_begins_at_zero_and_faults_are_told_in_the_benchs_time() -> None:
    run = run_metered(fault(RAISES, 5_000), fault("ntc_open", 12_000, pad="A"), duration_s=15.0,
              clock=12_345)  # fmt: skip
    assert run.unit.inputs.ms == run.hal.t_ms - 5_000
    row = run.fault_rows()[0]
    assert row["t_s"] == pytest.approx(12.0, abs=0.1)


def test_a_session_ends_with_the_life_that_it_was_in() -> None:
    run = run_metered(fault(RAISES), duration_s=120.0)
    assert run.result()["session_s"] == pytest.approx((LIT_MS - 10_300) / 1000, abs=0.3)


def times(*seconds: float) -> list[Event]:
    """An exception at each of these."""
    return [fault(RAISES, int(s * 1000)) for s in seconds]


@pytest.mark.parametrize(
    ("seconds", "ends"),
    [
        ((3, 6), "READY"),
        ((3, 6, 9), "LOCKED"),
        ((3, 30, 59), "LOCKED"),  # within a minute of dark time
        ((3, 30, 70), "READY"),
        ((3, 30, 70, 73, 76), "LOCKED"),
    ],
)
def test_three_unclean_resets_within_a_dark_minute_lock_the_unit(
    seconds: tuple[float, ...], ends: str
) -> None:
    run = Run(make_story(*times(*seconds), duration_s=90.0))
    run.advance(EVERYTHING)
    assert state(run) == ends and len(run.restarts) == len(seconds)


def test_lit_time_does_not_count_towards_the_minute() -> None:
    starts = [replace(START, at_s=s) for s in (40.0, 80.0)]
    run = run_metered(*times(30.0, 70.0, 110.0), *starts, duration_s=115.0)
    assert state(run) == "LOCKED"


def test_a_locked_unit_that_is_reset_stays_at_the_prompt_until_power_is_lost() -> None:
    run = Run(make_story(*times(3, 6, 9, 12, 15), START, duration_s=60.0))
    run.advance(EVERYTHING)
    assert len(run.restarts) == 4  # nothing runs that could raise a fifth time
    assert not run.lifecycle.running
    run = Run(make_story(*times(3, 6, 9, 12), fault("brownout", 20_000), duration_s=30.0))
    run.advance(EVERYTHING)
    assert state(run) == "READY"


def test_a_flash_that_cannot_be_read_leaves_the_next_life_at_the_prompt() -> None:
    run = run_metered(fault("flash_corrupt", 20_000), fault(RAISES), duration_s=60.0)
    assert not run.lifecycle.running and len(run.restarts) == 1
    assert run.lit_until_ms <= LIT_MS


def test_the_clock_on_the_wall_jumps_and_therapy_does_not() -> None:
    plain = run_metered()
    jumped = run_metered(fault("clock_jump", value=-400.0))
    for run in (plain, jumped):
        run.hal.wall_clock()
    now_s, then_s = jumped.hal.wall_clock(), plain.hal.wall_clock()
    assert now_s is not None and then_s is not None and now_s - then_s == -400 * 86_400
    assert jumped.unit.session.treat_ms == plain.unit.session.treat_ms
    assert jumped.result()["fluence_j_cm2"] == plain.result()["fluence_j_cm2"]


# -- what is kept ------------------------------------------------------------------------------


def test_power_lost_in_a_write_leaves_the_old_record_and_a_unit_that_is_ready() -> None:
    run = run_metered(fault("flash_torn", 5_000), duration_s=20.0)
    assert restart_reasons(run) == ["power-on"] and run.restarts[0][0] == pytest.approx(
        10.3, abs=0.1
    )
    assert "day.json" not in run.hal.files
    assert (state(run), run.lit_until_ms) == ("READY", -1)


def test_a_torn_write_strikes_once_and_not_after_it_was_taken_back() -> None:
    again = replace(START, at_s=20.0)
    assert state(run_metered(fault("flash_torn", 5_000), again, duration_s=40.0)) == "RAMP"
    taken_back = run_metered(fault("flash_torn", 5_000, for_s=2.0), duration_s=40.0)
    assert (state(taken_back), taken_back.restarts) == ("RAMP", [])


@pytest.mark.parametrize("name", ["flash_full", "flash_corrupt"])
def test_a_start_is_refused_with_a_word_where_nothing_can_be_kept(name: str) -> None:
    run = run_metered(fault(name, 5_000))
    assert (state(run), run.lit_until_ms) == ("READY", -1)
    assert REFUSALS[run.unit.session.refused] == "storage"


def test_a_days_light_is_remembered_over_resets_and_counts_as_wholly_given() -> None:
    run = run_metered(fault(RAISES))
    assert run.unit.session.day_treat_ms == run.unit.session.course.max_ms


def test_a_hard_fault_is_remembered_over_a_loss_of_power() -> None:
    run = run_metered(fault("enable_stuck", 5_000), fault("brownout", 30_000))
    assert state(run) == "LOCKED" and restart_reasons(run) == ["power-on"]


# -- at a line ---------------------------------------------------------------------------------


def find_line(file: str, text: str) -> str:
    """The first executed line of a file that holds this text."""
    with open(file, encoding="utf-8") as source:
        lines = source.read().splitlines()
    return next(f"{file}:{k}" for k in sorted(executed_lines(file)) if text in lines[k - 1])


def test_a_line_is_waited_for_and_its_fault_counts_from_when_it_was_reached() -> None:
    line = find_line("firmware/waistband.py", "session.post(states.RAMPED)")
    run = run_metered(fault(RAISES, line=line), duration_s=60.0)
    [(at_s, _)] = run.restarts
    assert at_s > 47.0
    [cutoff] = run.result()["cutoffs"]
    assert cutoff["onset_s"] == at_s and cutoff["latency_ms"] == 0


def test_a_line_that_is_never_reached_does_nothing() -> None:
    line = find_line("firmware/therapy/session.py", "self.unworn_count += 1")
    run = run_metered(fault(HANGS, line=line))
    assert (state(run), run.restarts, run.result()["cutoffs"]) == ("RAMP", [], [])


def test_lines_are_waited_for_side_by_side_and_over_resets() -> None:
    gate = find_line("firmware/safety/gate.py", "hal.drive(k, duty)")
    begin = find_line("firmware/therapy/session.py", "self.number += 1")
    check = find_line("firmware/safety/lamp_test.py", "return PASSED")
    run = run_metered(
        fault(RAISES, line=gate), fault(HANGS, line=begin), fault(RAISES, line=check),
        replace(START, at_s=30.0), replace(START, at_s=45.0), duration_s=70.0,
    )  # fmt: skip
    assert restart_reasons(run) == ["reset", "watchdog", "reset"]
    assert [round(at_s) for at_s, _ in run.restarts] == [25, 38, 52]


def test_a_line_of_the_start_leaves_the_unit_at_the_prompt() -> None:
    line = find_line("firmware/safety/gate.py", "self.caps = [0] * banks")
    run = run_metered(fault(RAISES, 5_000, line=line), fault(RAISES, 6_000), duration_s=60.0)
    assert not run.lifecycle.running and len(run.restarts) == 1
    assert run.lit_until_ms == -1


def test_what_the_firmware_raises_by_itself_is_an_end_that_nobody_called_for() -> None:
    run = Run(make_story(START))
    run.advance(125)
    del run.unit.gate.out[5:]
    run.advance(EVERYTHING)
    assert restart_reasons(run) == ["reset"] and state(run) == "READY"
    reset, raised = run.unexpected()
    assert "a reset (reset) at 25.18 s was not called for" in reset
    assert "the firmware raised IndexError" in raised


def test_a_failure_of_the_simulator_is_not_taken_for_one_of_the_firmware(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = Run(make_story(START))
    monkeypatch.setattr(run.plant, "advance", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run.advance(EVERYTHING)


def test_a_recording_ends_with_the_life_that_it_began_with() -> None:
    run = Run(make_story(START, fault(RAISES)), record=True)
    run.advance(EVERYTHING)
    recording = check_recording(b"".join(run.read_recording()), "cut")
    assert recording.about["ticks"] == LIT_MS // TICK_MS
    assert find_difference(recording, play_on_cpython(recording)) == ""


def test_the_watchdog_and_the_boot_take_what_they_take_at_driver_depth() -> None:
    hal = Desk().program.load("hal.rp2_hal")
    assert hal.WATCHDOG_ARMED_MS == lifecycle.WATCHDOG_ARMED_MS
    assert hal.WATCHDOG_MS == lifecycle.WATCHDOG_MS


def test_a_stuck_bus_is_found_and_tried_as_at_driver_depth() -> None:
    program = Desk().program
    assert program.load("hal.bus").STUCK_AFTER == sim_hal.STUCK_AFTER
    assert program.load("hal.rp2_hal").SKIP_TICKS == sim_hal.SKIP_TICKS
