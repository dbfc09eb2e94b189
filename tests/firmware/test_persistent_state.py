"""What outlives a reset and a loss of power: hard faults, and the light of the day."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.core import states
from firmware.core.inputs import START
from firmware.core.limits import CEM43_SESSION_Q10_MS, SESSION_DAY_MAX_MS
from firmware.records import json_codec, persistent_state
from firmware.waistband import Waistband
from tests.support.fake_hal import BOARD, CALIBRATION, MOMENT_MS, SHORT, Bench

MINUTE = 60_000


def again(bench: Bench) -> Bench:
    """The unit after a loss of power, its files as they were."""
    after = Bench(SHORT)
    after.hal.files = dict(bench.hal.files)
    after.unit = Waistband(after.hal, BOARD, CALIBRATION, SHORT)
    return after


def tripped(pad: int = 0) -> Bench:
    """A unit that treated until both contact sensors of a pad were too hot."""
    bench = Bench(SHORT).to("TREAT")
    bench.hal.skin_mc(43_000, pad)
    bench.until("FAULT", 80)
    bench.run(1_200)
    return bench


@pytest.mark.parametrize("pad", [0, 1])
def test_a_trip_is_written_once_dark_with_name_pad_value_and_limit(pad: int) -> None:
    bench = tripped(pad)
    [row] = [call for call in bench.hal.calls if call[:2] == ("store", persistent_state.FAULT)]
    assert not row[3]  # what a meter showed
    told = json.loads(row[2])
    assert (told["fault"], told["pad"]) == ("contact_hot", "AB"[pad])
    assert told["value"] >= told["limit"] > 42_400


@pytest.mark.parametrize("power", ["kept", "lost"])
def test_after_a_trip_the_unit_is_locked_whether_or_not_its_power_goes(power: str) -> None:
    bench = tripped()
    bench.skin(33_000)
    if power == "lost":
        bench = again(bench)
    else:
        bench.run(MOMENT_MS)
        bench.acknowledge()
    bench.until("LOCKED")
    bench.run(MOMENT_MS)
    bench.press(START)
    bench.run(MINUTE)
    assert bench.state == "LOCKED"
    shown = [call[2] for call in bench.hal.calls if call[0] == "show"]
    assert b"Needs service   " in shown and b"Skin too hot   A" in shown


def test_a_trip_that_the_pads_other_sensor_does_not_bear_out_is_not_kept() -> None:
    bench = Bench(SHORT).to("TREAT")
    bench.hal.contact[0] = 43 * 128  # one wrong reading, held for three ticks
    bench.until("FAULT", 80)
    bench.skin(33_000)
    bench.run(MOMENT_MS)
    bench.acknowledge()
    bench.until("READY")
    assert persistent_state.FAULT not in bench.hal.files


def serviced() -> Bench:
    """A locked unit whose host asked for the lit self-test."""
    bench = again(tripped())
    bench.until("LOCKED")
    bench.hal.reader = True
    bench.hal.lines = [b"selftest"]
    bench.until("SERVICE")
    bench.run(MOMENT_MS)
    return bench


def test_a_lit_self_test_lifts_what_was_kept_and_gives_no_therapy() -> None:
    bench = serviced()
    bench.run(5_000)
    bench.press(START)
    seen = set()
    for _ in range(500):
        bench.tick()
        seen.add(bench.state)
    assert seen == {"CHECK", "SELF_TEST", "READY"} and bench.lit_in == {"CHECK"}
    assert json.loads(bench.hal.files[persistent_state.FAULT]) == {"fault": None, "version": 2}
    assert all(not call[3] for call in bench.hal.calls if call[0] == "store")
    assert again(bench).until("READY")
    assert day(bench)["treat_ms"] == bench.unit.session.day_treat_ms > 2_000


def test_a_lit_self_test_that_fails_lifts_nothing() -> None:
    bench = serviced()
    bench.run(5_000)
    bench.hal.stuck_banks = {5}
    bench.press(START)
    bench.until("FAULT")
    assert ("fet_stuck_on", "") in bench.faults()
    assert again(bench).until("LOCKED")


def test_a_lit_self_test_needs_a_person_and_skin_and_is_not_waited_for_long() -> None:
    bench = serviced()
    bench.skin(25_000)
    bench.press(START)
    assert bench.state == "SERVICE" and bench.refused == "not_worn"
    bench.until("LOCKED", 200_000)
    assert not bench.lit_in


def test_a_lit_self_test_waits_for_the_whole_worn_test() -> None:
    bench = serviced()
    bench.take_off()
    bench.run(3_000)
    bench.press(START)
    assert (bench.state, bench.refused) == ("SERVICE", "not_worn")
    bench.run(2_000)
    bench.press(START)
    assert bench.state == "CHECK"


@given(st.binary(max_size=60) | st.sampled_from([b"[]", b"{}", b'{"fault":"ntc_open","pad":"A"}']))
def test_whatever_stands_where_a_hard_fault_is_kept_locks_the_unit_or_is_nothing(
    content: bytes,
) -> None:
    lifted = json_codec.parse(content).get("fault", 0) is None
    expected = None if lifted else persistent_state.UNREADABLE
    assert persistent_state.read_fault(content) == expected


def test_while_storage_takes_nothing_a_session_is_refused_with_words() -> None:
    bench = Bench(SHORT).to_ready()
    bench.hal.storage_full = True
    bench.press(START)
    assert (bench.state, bench.refused) == ("READY", "storage")
    bench.hal.storage_full = False
    bench.press(START)
    assert bench.state == "WAIT_SKIN"


def test_a_hard_fault_that_cannot_be_written_is_written_when_it_can_be() -> None:
    bench = Bench(SHORT).to("TREAT")
    bench.hal.storage_full = True
    bench.hal.skin_mc(43_000)
    bench.run(5_000)
    assert persistent_state.FAULT not in bench.hal.files
    bench.hal.storage_full = False
    bench.run(1_200)
    assert json.loads(bench.hal.files[persistent_state.FAULT])["fault"] == "contact_hot"


def test_a_hard_fault_is_not_acknowledged_before_it_is_kept() -> None:
    bench = Bench(SHORT).to("TREAT")
    bench.hal.storage_full = True
    bench.hal.skin_mc(43_000)
    bench.until("FAULT", 80)
    bench.skin(33_000)
    bench.run(MOMENT_MS)
    bench.down(START)
    bench.until("OFF", 2_000)
    assert persistent_state.FAULT not in bench.hal.files
    assert bench.unit.faults.latched and "SELF_TEST" not in bench.cues()


def day(bench: Bench) -> dict[str, Any]:
    """What is kept of the day."""
    table: dict[str, Any] = json.loads(bench.hal.files[persistent_state.DAY])
    return table


def test_a_session_counts_as_wholly_given_from_before_its_first_light_until_it_is_over() -> None:
    bench = Bench(SHORT).to("CHECK")
    assert day(bench)["treat_ms"] == bench.unit.session.course.max_ms
    after = again(bench)
    assert after.unit.session.day_treat_ms == bench.unit.session.course.max_ms
    bench.until("DONE", 5 * MINUTE)
    bench.run(1_200)
    assert day(bench)["treat_ms"] == bench.unit.session.day_treat_ms < 3 * MINUTE


@pytest.mark.parametrize("hot", [0, 1])
def test_the_thermal_dose_of_each_pad_is_kept_for_the_day(hot: int) -> None:
    bench = Bench(SHORT).to("TREAT")
    bench.skin(41_500, hot)
    bench.run(4_000)
    bench.skin(33_000, hot)
    bench.until("DONE", 5 * MINUTE)
    bench.run(1_200)
    felt = [pad.cem43.day_q10_ms for pad in bench.unit.pads]
    assert felt[hot] > 400_000 > felt[1 - hot]  # a second of 41.5 C is 128,000
    assert [day(bench)[f"cem43_{pad}_q10_ms"] for pad in "ab"] == felt
    assert [pad.cem43.day_q10_ms for pad in again(bench).unit.pads] == felt


def test_a_session_that_is_cut_counts_as_its_whole_thermal_dose_for_both_pads() -> None:
    bench = Bench(SHORT).to("TREAT")
    before = [pad.cem43.day_q10_ms for pad in bench.unit.pads]
    after = [pad.cem43.day_q10_ms for pad in again(bench).unit.pads]
    assert all(
        more - less >= CEM43_SESSION_Q10_MS - 1_000
        for more, less in zip(after, before, strict=True)
    )


def test_a_session_switched_off_by_hand_is_counted_as_what_it_was() -> None:
    bench = Bench(SHORT).to("TREAT")
    bench.down(START)
    bench.until("OFF")
    assert day(bench)["treat_ms"] == bench.unit.session.day_treat_ms < MINUTE


def test_nothing_is_written_while_lit() -> None:
    bench = Bench(SHORT).to("TREAT")
    bench.press(START)
    bench.run(MOMENT_MS)
    bench.press(START)
    bench.until("DONE", 5 * MINUTE)
    bench.run(1_200)
    assert all(not call[3] for call in bench.hal.calls if call[0] == "store")


def test_pulling_the_battery_gives_no_more_light_than_a_day_has() -> None:
    bench = Bench(SHORT)
    for _ in range(3):  # three times 30 minutes begun are more than the day's 60
        bench.to_ready()
        bench.press(START)
        bench = again(bench)
    bench.to_ready()
    bench.press(START)
    assert bench.refused == "no_clock"  # without one nobody knows for how long it was off


HOURS = [5] + [0] * 22 + [1] + [6] + [0] * 23 + [0] * 48  # light, pad A, B, sessions
SUMS = {
    "treat_ms": 9, "cem43_a_q10_ms": 6, "cem43_b_q10_ms": 7, "day_ms": 8, "hours": HOURS,
    "clock_s": 1_000_000,
}  # fmt: skip


@pytest.mark.parametrize(("now_s", "expected"), [
    (None, (9, 6, 7, 8)),  # no clock: no older than it was
    (999_000, (9, 6, 7, 8)),  # turned back
    (1_000_010, (9, 6, 7, 10_008)),
    (1_003_600, (4, 0, 7, 8)),  # the oldest hour goes
    (1_000_000 + 23 * 3_600, (4, 0, 7, 8)),
    (1_000_000 + 24 * 3_600, (3, 0, 7, 8)),
    (1_000_000 + 25 * 3_600, (0, 0, 0, 8)),
    (1_000_000 + 36 * 3_600, (0, 0, 0, 8)),
    (1_000_001 + 36 * 3_600, (9, 6, 7, 8)),  # nobody confirmed so long a jump
])  # fmt: skip
def test_time_spent_off_counts_where_both_clocks_are_known(
    now_s: int | None, expected: tuple[int, ...]
) -> None:
    bench = Bench(SHORT, files={"day.json": json.dumps(SUMS).encode()}, clock_s=now_s)
    unit = bench.unit
    heat = [pad.cem43.day_q10_ms for pad in unit.pads]
    assert (unit.session.day_treat_ms, *heat, unit.session.day_ms) == expected


def test_what_is_kept_is_read_back_hour_by_hour() -> None:
    bench = Bench(SHORT, files={"day.json": json.dumps(SUMS).encode()}, clock_s=1_003_600)
    assert bench.unit.kept.store_day(False)
    kept = day(bench)
    assert kept["hours"] == [*HOURS[1:24], 3, *HOURS[25:48], 0, *HOURS[49:72], 7, *[0] * 24]
    assert kept["clock_s"] == 1_003_600


@given(st.binary(max_size=60))
def test_a_day_that_cannot_be_read_is_full(content: bytes) -> None:
    assert persistent_state.read_day(content)[0][0] == SESSION_DAY_MAX_MS


@pytest.mark.parametrize("key", persistent_state.DAY_KEYS)
@given(
    wrong=st.one_of(
        st.none(),
        st.booleans(),
        st.text(),
        st.integers(max_value=-1),
        st.integers(min_value=2**30),
        st.floats(),
    )
)
def test_a_day_with_one_wrong_number_is_full(key: str, wrong: object) -> None:
    content = json.dumps({**SUMS, key: wrong}).encode()
    assert persistent_state.read_day(content)[0] == persistent_state.FULL_DAY


def test_only_a_kept_hard_fault_is_lifted() -> None:
    bench = Bench({**SHORT, "set_point_c": 44})
    bench.until("LOCKED")
    bench.unit.session.post(states.SERVE)
    bench.unit.kept.lift_fault()
    assert bench.unit.session.lock == states.PRESCRIPTION
