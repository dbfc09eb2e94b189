"""A clock that lies gains nothing and closes nothing; what a person confirms, counts.

Weeks go by in files: each power-on is a run of its own on what the one before kept.
"""

import json
from typing import Any

import pytest

from firmware.core import states
from hal.ds3231 import SECONDS_MAX, decode, encode
from sim.common.story import Event, Scenario, Start
from sim.common.value_record import replace
from sim.driver_depth.ds3231 import Ds3231
from sim.driver_depth.run import DriverDepth
from sim.run import Run
from sim.scenario.scenario import ordinary

THEN_S = 820_584_000
HOUR_S, DAY_S = 3_600, 86_400
FULL = json.dumps({
    "treat_ms": 3_600_000, "cem43_a_q10_ms": 0, "cem43_b_q10_ms": 0, "day_ms": 0,
    "clock_s": THEN_S,
}).encode()  # fmt: skip


def press(at_s: float) -> Event:
    return Event(at_s, "press", "START", hold_ms=200)


def fault(name: str, at_s: float, value: float | None = None, for_s: float | None = None) -> Event:
    return Event(at_s, "fault", name, value=value, for_s=for_s)


def story(*events: Event, duration_s: float = 20.0, **more: Any) -> Scenario:
    return replace(
        ordinary(), events=events, duration_s=duration_s, until_done=False, start=Start(), **more
    )


def begin(clock_s: int | None, *events: Event, files: dict[str, bytes] | None = None) -> Run:
    """A unit that was kept full at THEN_S, switched on at `clock_s`."""
    kept = {"day.json": FULL} if files is None else files
    run = Run(story(*events), files=kept, clock_s=clock_s)
    while run.advance(1):
        continue
    return run


def refused(run: Run) -> str:
    return states.REFUSALS[run.unit.session.refused]


def begun(run: Run) -> bool:
    return run.unit.session.state in states.IN_SESSION


def state(run: Run) -> str:
    return states.STATES[run.unit.session.state]


def test_the_next_day_is_a_new_one() -> None:
    assert begun(begin(THEN_S + 26 * HOUR_S, press(5.0)))
    assert refused(begin(THEN_S + 20 * HOUR_S, press(5.0))) == "day_limit"


def test_a_jump_of_more_than_36_hours_is_shown_as_a_date_and_start_confirms_it() -> None:
    later_s = THEN_S + 30 * DAY_S
    once = begin(later_s, press(5.0))
    assert (state(once), refused(once)) == ("READY", "new_date")
    assert once.unit.session.day_treat_ms == 3_600_000
    assert begun(begin(later_s, press(5.0), press(9.0)))


def test_a_clock_ahead_for_a_moment_at_power_on_gains_nothing_and_closes_nothing() -> None:
    run = Run(
        story(fault("clock_jump", 2.5, -30.0), press(1.5), press(10.0)),
        files={"day.json": FULL}, clock_s=THEN_S + 30 * HOUR_S + 30 * DAY_S,
    )  # fmt: skip
    while run.advance(1):
        continue
    assert begun(run)  # the clock was right again by the second START
    kept = json.loads(run.hal.files["day.json"])
    assert THEN_S < kept["clock_s"] < THEN_S + 31 * HOUR_S
    lines = [json.loads(line) for line in run.hal.files["journal.0"].splitlines()]
    assert max(line["latest"] for line in lines) < THEN_S + 31 * HOUR_S


@pytest.mark.parametrize("days", [30.0, -30.0])
def test_a_jump_while_it_runs_changes_no_time_that_is_kept(days: float) -> None:
    run = begin(THEN_S + 30 * HOUR_S, fault("clock_jump", 3.0, days), press(5.0))
    assert begun(run)
    kept = json.loads(run.hal.files["day.json"])
    assert abs(kept["clock_s"] - THEN_S - 30 * HOUR_S) < 60


@pytest.mark.parametrize("bit", range(56))
def test_no_wrong_bit_begins_a_day_or_expires_anything(bit: int) -> None:
    now_s = THEN_S + 20 * HOUR_S
    run = begin(now_s, fault("clock_bit", 0.0, float(bit)), press(5.0), press(9.0))
    read_s = run.hal.wall_clock()
    confirmed = read_s is not None and read_s > THEN_S + 36 * HOUR_S  # a person said so, twice
    soon = read_s is not None and THEN_S + 24 * HOUR_S <= read_s <= THEN_S + 36 * HOUR_S
    assert confirmed or soon or state(run) == "READY"


def test_a_lost_clock_says_so_and_a_set_one_mends_the_day_at_once() -> None:
    lost = begin(None, press(5.0))
    assert (state(lost), refused(lost)) == ("READY", "no_clock")
    run = Run(story(press(5.0), press(12.0)), files={"day.json": FULL}, clock_s=None)
    run.hal.on_line = lambda line: None
    while run.t_s < 8.0 and run.advance(1):
        continue
    assert refused(run) == "no_clock"
    run.hal.commands.append(b"clock 2026-01-02T15:00:00")  # 27 hours later
    while run.advance(1):
        continue
    assert begun(run)


def test_a_host_that_sets_the_clock_years_ahead_gains_nothing() -> None:
    run = Run(story(press(12.0)), files={"day.json": FULL}, clock_s=THEN_S + HOUR_S)
    run.hal.on_line = lambda line: None
    run.hal.commands.append(b"clock 2033-01-02T15:00:00")
    while run.advance(1):
        continue
    assert (state(run), refused(run)) == ("READY", "day_limit")
    assert run.unit.session.day_treat_ms == 3_600_000
    assert run.unit.actions.why_no_date() == states.NEW_DATE


def test_a_trusted_word_sets_the_clock_back() -> None:
    run = begin(THEN_S + HOUR_S, press(5.0))
    clock = run.unit.clock
    assert clock.set(THEN_S - 90 * DAY_S, True)
    now_s = clock.now_s()
    assert now_s is not None and now_s <= THEN_S - 90 * DAY_S + 1


@pytest.mark.parametrize("seconds", [0, THEN_S, 951_782_399, SECONDS_MAX])
def test_the_chips_registers_are_read_as_they_are_written(seconds: int) -> None:
    assert decode(encode(seconds)) == seconds


def test_a_clock_that_is_set_runs_on_its_own_cell_from_then_on() -> None:
    depth = DriverDepth()
    run = Run(story(duration_s=6.0), depth=depth)
    clock = depth.parts["clock"]
    assert isinstance(clock, Ds3231)
    clock.control |= 0x80
    while run.t_s < 3.0 and run.advance(1):
        continue
    assert run.unit.clock.set(THEN_S + 60, True)
    run.close()
    assert not clock.control & 0x80


def test_two_readings_that_differ_are_no_time() -> None:
    depth = DriverDepth()
    run = Run(story(duration_s=6.0), depth=depth)
    clock = depth.parts["clock"]
    assert isinstance(clock, Ds3231)
    while run.t_s < 3.0 and run.advance(1):
        continue
    sound = clock.fields
    reads = [0]

    def fields(us: int) -> list[int]:
        reads[0] += 1
        return [*sound(us)[:6], sound(us)[6] ^ (reads[0] == 4)]

    clock.fields = fields  # type: ignore[method-assign]
    hal: Any = run.unit.hal
    assert hal.wall_clock() is None
    assert hal.wall_clock() is not None
    run.close()


@pytest.mark.parametrize("days", [400.0, -400.0])
def test_a_prescription_does_not_expire_by_a_jump(days: float) -> None:
    run = Run(story(fault("clock_jump", 3.0, days), press(5.0)), files={}, clock_s=THEN_S)
    run.unit.session.course.expires_s = THEN_S + 30 * DAY_S
    while run.advance(1):
        continue
    assert begun(run)


def test_a_prescription_that_expired_is_so_once_a_person_confirmed_the_date() -> None:
    def asked(*presses: Event) -> str:
        files = {"day.json": FULL.replace(b"3600000", b"0")}
        run = Run(story(*presses), files=files, clock_s=THEN_S + 60 * DAY_S)
        run.unit.session.course.expires_s = THEN_S + 30 * DAY_S
        while run.advance(1):
            continue
        return refused(run)

    assert asked(press(5.0)) == "new_date"
    assert asked(press(5.0), press(9.0)) == "expired"


# -- more than 36 hours off: the date is asked once something hangs on it ------------------------

HALF_WEEK_S = 84 * HOUR_S  # twice a week
MINUTE_MS = 60_000


def day_of(treat_min: float, cem43_min: float = 0.0) -> bytes:
    """A day that was kept at THEN_S."""
    return json.dumps({
        "treat_ms": round(treat_min * MINUTE_MS), "day_ms": 0, "clock_s": THEN_S,
        "cem43_a_q10_ms": round(cem43_min * MINUTE_MS) << 10, "cem43_b_q10_ms": 0,
    }).encode()  # fmt: skip


def lines_of(run: Run) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run.hal.files["journal.0"].splitlines()]


def test_who_has_a_whole_session_left_of_the_day_is_not_asked_for_the_date() -> None:
    run = begin(THEN_S + HALF_WEEK_S, press(5.0), files={"day.json": day_of(29)})
    assert begun(run)


def test_what_is_not_asked_gains_nothing() -> None:
    """No day begun, no stamp, no time in the journal; that the clock waits is on record."""
    run = begin(THEN_S + HALF_WEEK_S, press(5.0), files={"day.json": day_of(29)})
    assert run.unit.session.day_treat_ms >= 29 * MINUTE_MS
    assert run.unit.clock.now_s() is None
    kept = json.loads(run.hal.files["day.json"])
    assert THEN_S <= kept["clock_s"] <= THEN_S + 60  # own seconds alone
    lines = lines_of(run)
    assert all(line["at"] is None and line["latest"] <= THEN_S + 60 for line in lines)
    (row,) = [line for line in lines if line["kind"] == "clock"]
    assert row["how"] == "not confirmed" and row["after"] - THEN_S - HALF_WEEK_S < 60


@pytest.mark.parametrize("kept", [day_of(31), day_of(0, 2.5), day_of(59), FULL], ids=str)
def test_a_day_that_would_cut_the_session_short_has_the_date_asked(kept: bytes) -> None:
    once = begin(THEN_S + HALF_WEEK_S, press(5.0), files={"day.json": kept})
    assert (state(once), refused(once)) == ("READY", "new_date")
    twice = begin(THEN_S + HALF_WEEK_S, press(5.0), press(9.0), files={"day.json": kept})
    assert begun(twice)
    assert twice.unit.session.day_treat_ms < MINUTE_MS and twice.unit.pads[0].cem43.day_q10_ms == 0


def test_without_a_clock_such_a_day_gives_what_it_has_left() -> None:
    assert begun(begin(None, press(5.0), files={"day.json": day_of(31)}))


def end(clock_s: int, *presses: float, ends_s: float, files: dict[str, bytes]) -> Run:
    """A session that START begins, and that ends by then: it is over, or START is held."""
    hold = Event(ends_s, "press", "START", hold_ms=1_700)
    events = (*[press(at_s) for at_s in presses], hold)
    run = Run(story(*events, duration_s=ends_s + 5.0), files=dict(files), clock_s=clock_s)
    while run.advance(1):
        continue
    return run


def test_the_rest_of_last_weeks_dose_is_not_given_unasked() -> None:
    first = end(THEN_S, 5.0, ends_s=80.0, files={})  # a hold soon after START leaves a doubt
    files = first.hal.files
    assert first.unit.session.part_ms > 0
    again = begin(THEN_S + HOUR_S, press(5.0), files=dict(files))
    assert begun(again) and again.unit.session.part_ms > 0
    later = begin(THEN_S + HALF_WEEK_S, press(5.0), files=dict(files))
    assert refused(later) == "new_date"
    whole = begin(THEN_S + HALF_WEEK_S, press(5.0), press(9.0), files=dict(files))
    assert begun(whole) and whole.unit.session.part_ms == 0


def test_twice_a_week_no_session_is_refused_or_cut_and_every_other_asks_at_most() -> None:
    files: dict[str, bytes] = {}
    asked = 0
    for visit in range(6):
        clock_s = THEN_S + visit * HALF_WEEK_S
        presses: tuple[float, ...] = (5.0,)
        if refused(begin(clock_s, press(5.0), files=dict(files))) == "new_date":
            asked += 1
            presses = (5.0, 9.0)
        run = end(clock_s, *presses, ends_s=1_300.0, files=files)
        (row,) = [line for line in lines_of(run) if line["kind"] == "end"][-1:]
        assert row["reason"] == "dose"
        files = run.hal.files
    assert 1 <= asked <= 3
