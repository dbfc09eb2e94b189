"""Measurements from outside the firmware: all light, its end, and how warm contact was."""

import pytest

from sim.campaign import fault_matrix
from sim.campaign.measurements import Measurements
from sim.common.story import Event
from sim.common.value_record import replace
from sim.run import Run
from sim.scenario.scenario import ordinary
from tests.support.chip_programs import ChipRun

PRESS = Event(10.0, "press", "START", hold_ms=200)
STOP = Event(40.0, "press", "START", hold_ms=200)


def watched(depth, *events, duration_s=45.0):
    """A run of these events, watched from power-on to its end."""
    story = replace(ordinary(), events=events, duration_s=duration_s, until_done=False)
    run = depth(story)
    watch = Measurements(run)
    while watch.advance():
        pass
    run.close()
    return watch


def light_j(run):
    """What the plant was given, in joules of light at the banks' calibrated power."""
    window_cm2 = run.board.WINDOW_CM2
    return sum(
        full / 1000 * window_cm2 * s
        for pad in run.plant.pads for full, s in zip(pad.full_mw_cm2, pad.light_s, strict=True)
    )  # fmt: skip


@pytest.mark.parametrize("depth", [Run, ChipRun])
def test_a_watch_sees_all_the_light_that_the_plant_was_given(depth):
    watch = watched(depth, PRESS, STOP)
    # the plant's light fades by 0.3 % for each kelvin of the LED board over 25 C
    assert watch.joules(0.0) == pytest.approx(light_j(watch.run), rel=0.05)
    assert watch.joules(0.0) > 10.0


@pytest.mark.parametrize("depth", [Run, ChipRun])
def test_light_ends_within_80_ms_of_a_stop_and_stays_away(depth):
    watch = watched(depth, PRESS, STOP)
    assert 40_000 <= watch.last_ms() <= 40_080
    assert watch.dark_ms() == pytest.approx(5_000, abs=200)
    assert watch.joules(40_080) == 0.0
    assert watch.state == "PAUSED"


def test_light_between_two_times_is_what_is_left_when_the_rest_is_taken_away():
    watch = watched(Run, PRESS)
    parts = watch.joules(0, 20_000) + watch.joules(20_000, 33_333) + watch.joules(33_333)
    assert parts == pytest.approx(watch.joules(0))
    assert watch.spans[0].from_ms == pytest.approx(15_580, abs=200)
    assert any(span.from_ms <= 30_020 and span.until_ms > 30_000 for span in watch.spans)
    assert watch.spans[-1].until_ms <= 60_000


def test_states_are_kept_in_the_order_in_which_they_were_entered():
    watch = watched(Run, PRESS, STOP)
    assert [name for _, name in watch.visited] == [
        "SELF_TEST", "READY", "WAIT_SKIN", "CHECK", "RAMP", "PAUSED",
    ]  # fmt: skip
    [ramp_ms] = [ms for ms, name in watch.visited if name == "RAMP"]
    assert ramp_ms == pytest.approx(17_380, abs=200)
    assert watch.list_visited(30_000) == {"PAUSED"}


def test_the_peak_is_the_hottest_skin_or_contact_of_the_warmer_pad():
    heat = Event(20.0, "fault", "hot_skin", "B", 1_500.0, for_s=5.0)
    watch = watched(Run, PRESS, heat, STOP, duration_s=90.0)
    a, b = watch.run.plant.pads
    assert watch.peak_c == b.max_skin_c > a.max_skin_c
    assert watch.peak_c > watch.contact_c()


def test_a_watch_names_what_was_latched_since_a_time():
    lost = Event(30.0, "fault", "contact_lost", "A")
    watch = watched(Run, PRESS, lost)
    assert watch.list_named(0) == ("contact_lost",)
    assert 30_000 < watch.find_named_ms("contact_lost", 0) <= 30_800
    assert watch.list_named(35_000) == ()
    assert watch.find_named_ms("ntc_open", 0) is None


@pytest.mark.parametrize(("fault", "kept"), [
    # so late that a rise without energy is not what ends light
    (Event(400.0, "fault", "hot_skin", "A", 3_000.0), "hot_ms"),
])  # fmt: skip
def test_since_when_a_pad_was_wrong_is_as_it_stood_when_light_ended(fault, kept):
    watch = watched(Run, PRESS, fault, duration_s=460.0)
    since_ms, never = getattr(watch, kept)
    assert 400_000 < since_ms <= watch.last_ms()
    assert never == -1


def test_an_empty_battery_is_seen_since_its_first_low_sample():
    watch = watched(Run, PRESS, Event(30.0, "fault", "battery_sag", value=3.0))
    assert 30_000 <= watch.empty_ms <= 30_020
    assert watch.last_ms() - watch.empty_ms <= 80


def test_an_alert_that_is_dead_is_still_seen_to_be_given():
    dead = Event(20.0, "fault", "alert_broken")
    heat = Event(20.0, "fault", "hot_skin", "A", 3_000.0)
    watch = watched(Run, PRESS, dead, heat, duration_s=90.0)
    assert watch.alerted and watch.crossing_s is not None
    assert not watched(Run, PRESS).alerted


def test_a_switch_that_sticks_as_the_checks_lease_runs_out_counts_from_the_next_light():
    broken = [
        tried
        for task in fault_matrix.list_tasks(["fet_stuck_on"], ["CHECK"]) if task.wearer == 0
        for tried in fault_matrix.run_task(task) if tried.broken
    ]  # fmt: skip
    assert broken == []
