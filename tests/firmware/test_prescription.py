"""Prescriptions and calibrations: whole and within the limits, or refused in one line."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.core.validate import Refused, quote
from firmware.therapy.calibration import calibration_crc, read_calibration
from firmware.therapy.course import Course
from firmware.therapy.prescription import compile_course
from sim.common.default_prescription import DEFAULT
from tests.support.fake_hal import BOARD, CALIBRATION, NAMES

FULL = [[10_000] * 4, [10_000] * 4]
BANKS = {"810": 2.5, "850": 2.5, "940": 2.5, "1060": 2.5}


def compiled(full: list[list[int]] | None = None, **changes: Any) -> Course:
    return compile_course({**DEFAULT, **changes}, BOARD, full or FULL)


def light_in_time(course: Course) -> tuple[int, int, int]:
    step = course.steps[0]
    return step.carrier_hz, step.period_ticks, step.on_ticks


def refusal(**changes: Any) -> str:
    with pytest.raises(Refused) as why:
        compiled(**changes)
    return str(why.value)


def test_the_default_is_the_designs_in_integers() -> None:
    course = compiled()
    assert course.name == "default"
    assert course.steps[0].irradiance_uw_cm2 == [2_500] * 4
    assert (course.steps[0].fluence_uj_cm2, course.max_ms, course.set_point_mc) == (
        6_000_000, 1_800_000, 40_500,
    )  # fmt: skip
    assert light_in_time(course) == (2_000, 1, 1)
    assert course.duties == [16_383] * 8
    assert course.longest_ms() == 600_000
    assert 0 < course.steps[0].least_uj_cm2 < course.steps[0].worst_uj_cm2 < 12_000


OUT_OF_LIMITS = [
    ("fluence_j_cm2", 90.1, "90"),
    ("fluence_j_cm2", 0.09, "0.1"),
    ("fluence_j_cm2", -1, "0.1"),
    ("max_min", 40.1, "40"),
    ("max_min", 0.9, "1"),
    ("set_point_c", 40.6, "40.5"),
    ("set_point_c", 37.9, "38"),
    ("irradiance_mw_cm2", {**BANKS, "850": 12.6}, "12.5"),
    ("irradiance_mw_cm2", {**BANKS, "850": -0.1}, "0"),
    ("name", "", "40"),
    ("name", "x" * 41, "40"),
    ("name", "two\nlines", "40"),
    ("name", 7, "40"),
]


@pytest.mark.parametrize(("key", "value", "allowed"), OUT_OF_LIMITS)
def test_a_value_out_of_limits_is_refused_by_name_value_and_what_is_allowed(
    key: str, value: Any, allowed: str
) -> None:
    message = refusal(**{key: value})
    assert key in message and allowed in message
    assert "\n" not in message
    if not isinstance(value, dict):
        assert quote(value) in message


@pytest.mark.parametrize("key", list(DEFAULT))
@pytest.mark.parametrize(
    "value",
    [math.nan, math.inf, -math.inf, True, False, None, 10**400, -(10**400), "12", [], {}, [[]],
     {"mode": None}, "x" * 10_000],
    ids=repr,
)  # fmt: skip
def test_what_is_no_such_value_is_refused_in_one_short_line(key: str, value: Any) -> None:
    if (key, value) == ("name", "12"):
        return
    message = refusal(**{key: value})
    assert "\n" not in message and message.isprintable() and len(message) < 200


@pytest.mark.parametrize("name", ["\ud800", "a\x7fb", "a\u2028b", "a\u202eb", "\x9b2J"], ids=ascii)
def test_a_name_that_cannot_be_shown_on_one_line_is_refused(name: str) -> None:
    assert "name" in refusal(name=name)


@pytest.mark.parametrize("key", list(DEFAULT))
def test_a_missing_key_is_named(key: str) -> None:
    with pytest.raises(Refused, match="lacks " + key):
        compile_course({k: v for k, v in DEFAULT.items() if k != key}, BOARD, FULL)


def test_an_unknown_key_is_named_with_those_allowed() -> None:
    message = refusal(fluence=12)
    assert "'fluence'" in message and "fluence_j_cm2" in message


@pytest.mark.parametrize("value", [None, 3, "default", [DEFAULT], True])
def test_what_is_no_table_is_refused(value: object) -> None:
    with pytest.raises(Refused):
        compile_course(value, BOARD, FULL)


def test_a_bank_that_the_unit_has_not_and_one_that_is_left_out_are_named() -> None:
    assert "'830'" in refusal(irradiance_mw_cm2={**BANKS, "830": 1})
    assert "lacks 1060" in refusal(irradiance_mw_cm2={"810": 1, "850": 1, "940": 1})


def test_all_banks_at_zero_are_refused() -> None:
    assert "sums to 0" in refusal(irradiance_mw_cm2=dict.fromkeys(BANKS, 0))


def test_more_than_a_bank_of_this_unit_gives_is_refused_with_what_it_gives() -> None:
    message = refusal(full=[[10_000] * 4, [10_000, 9_000, 10_000, 10_000]],
                      irradiance_mw_cm2={**BANKS, "850": 9.5})  # fmt: skip
    assert "850" in message and "9.5" in message and "pad B" in message and "9.0" in message


# -- light in time -----------------------------------------------------------------------------


@pytest.mark.parametrize("rate_hz", [100, 292, 2_000, 10_000])
def test_a_pulse_rate_is_the_carrier_itself(rate_hz: int) -> None:
    course = compiled(light={"mode": "pulse", "rate_hz": rate_hz})
    assert light_in_time(course) == (rate_hz, 1, 1)


@pytest.mark.parametrize(
    ("rate_hz", "ticks"),
    [(25, 2), (16.7, 3), (16.667, 3), (12.5, 4), (10, 5), (8.333, 6), (5, 10), (2, 25), (1, 50)],
)
def test_a_gated_rate_is_fifty_over_a_whole_number(rate_hz: float, ticks: int) -> None:
    course = compiled(light={"mode": "gated", "rate_hz": rate_hz, "on_ms": 20},
                      irradiance_mw_cm2={**dict.fromkeys(BANKS, 0), "850": 0.2})  # fmt: skip
    assert light_in_time(course) == (2_000, ticks, 1)


@pytest.mark.parametrize(
    ("light", "says"),
    [
        ({"mode": "pulse", "rate_hz": 99}, "100"),
        ({"mode": "pulse", "rate_hz": 10_001}, "10000"),
        ({"mode": "pulse", "rate_hz": 146.5}, "146.5"),
        ({"mode": "gated", "rate_hz": 17.5, "on_ms": 20}, "16.667"),
        ({"mode": "gated", "rate_hz": 20, "on_ms": 20}, "nearest"),
        ({"mode": "gated", "rate_hz": 0.5, "on_ms": 20}, "1"),
        ({"mode": "gated", "rate_hz": 26, "on_ms": 20}, "25"),
        ({"mode": "gated", "rate_hz": 5, "on_ms": 30}, "20"),
        ({"mode": "gated", "rate_hz": 5, "on_ms": 40.5}, "20"),
        ({"mode": "gated", "rate_hz": 5, "on_ms": 0}, "20"),
        ({"mode": "gated", "rate_hz": 5, "on_ms": 200}, "180"),
        ({"mode": "gated", "rate_hz": 5}, "lacks on_ms"),
        ({"mode": "cw", "rate_hz": 5}, "rate_hz"),
        ({"mode": "strobe"}, "gated"),
        ({}, "gated"),
        ("cw", "light"),
        ([], "gated"),
    ],
)
def test_any_other_light_is_refused_with_what_is_allowed(light: Any, says: str) -> None:
    message = refusal(light=light)
    assert says in message and "\n" not in message


@pytest.mark.parametrize("rate_hz", [1.03, 1.15, 2.03])
def test_a_slow_rate_between_two_gated_ones_is_refused(rate_hz: float) -> None:
    refusal(light={"mode": "gated", "rate_hz": rate_hz, "on_ms": 20},
            irradiance_mw_cm2={**dict.fromkeys(BANKS, 0), "850": 0.02})  # fmt: skip


# -- any value at all --------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=50),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
NUMBER = st.one_of(st.floats(-1, 100), st.integers(-5, 100), st.floats(), st.integers())
IRRADIANCE = st.one_of(st.floats(0, 13), st.just(0), st.sampled_from([0.001, 0.5, 12.5]))
LIGHT = st.one_of(
    st.just({"mode": "cw"}),
    st.fixed_dictionaries({"mode": st.just("pulse"), "rate_hz": st.integers(90, 10_010) | NUMBER}),
    st.fixed_dictionaries({
        "mode": st.just("gated"),
        "rate_hz": st.integers(2, 50).map(lambda n: round(50 / n, 3)) | NUMBER,
        "on_ms": st.integers(0, 20).map(lambda n: 20 * n) | NUMBER,
    }),
)  # fmt: skip
ALMOST = st.fixed_dictionaries({
    "name": st.text(max_size=45),
    "irradiance_mw_cm2": st.fixed_dictionaries(dict.fromkeys(NAMES, IRRADIANCE)),
    "fluence_j_cm2": st.floats(0.05, 95) | NUMBER,
    "max_min": st.floats(0.5, 45) | NUMBER,
    "set_point_c": st.floats(37.5, 41) | NUMBER,
    "light": LIGHT | JSON,
})  # fmt: skip
GOOD = st.fixed_dictionaries({
    "name": st.just("x"),
    "irradiance_mw_cm2": st.fixed_dictionaries(dict.fromkeys(NAMES, st.floats(0, 5))),
    "fluence_j_cm2": st.floats(0.1, 90),
    "max_min": st.floats(1, 40),
    "set_point_c": st.floats(38, 40.5),
    "light": LIGHT,
})  # fmt: skip
FULLS = st.lists(
    st.lists(st.integers(1_000, 12_500), min_size=4, max_size=4), min_size=2, max_size=2
)


@given(st.one_of(JSON, ALMOST, GOOD, GOOD), FULLS)
def test_any_value_is_compiled_within_every_limit_or_refused_in_one_line(
    value: Any, full: list[list[int]]
) -> None:
    try:
        course = compile_course(value, BOARD, full)
    except Refused as why:
        assert str(why) and "\n" not in str(why) and len(str(why)) < 300
        return
    assert 38_000 <= course.set_point_mc <= 40_500
    assert 60_000 <= course.max_ms <= 2_400_000 and 0 < course.longest_ms() <= course.max_ms
    assert 0 < course.steps[0].least_uj_cm2 < course.steps[0].fluence_uj_cm2 // 50
    assert course.steps[0].worst_uj_cm2 < 1 << 16 and course.steps[0].fluence_uj_cm2 <= 90_000_000
    step = course.steps[0]
    assert 1 <= step.on_ticks <= step.period_ticks <= 50
    assert step.period_ticks == 1 or step.on_ticks < step.period_ticks
    assert 100 <= course.steps[0].carrier_hz <= 10_000
    assert 0 <= course.power_mw(BOARD) <= 2 * sum(row[3] for row in BOARD.BANKS)
    assert sum(course.steps[0].irradiance_uw_cm2) <= 50_000
    for pad in (0, 1):
        given_uw = asked_uw = 0.0
        for k in range(4):
            duty = course.duties[4 * pad + k]
            assert 0 <= duty <= 65_535
            share = course.steps[0].on_ticks / course.steps[0].period_ticks / 65_535
            asked = course.steps[0].irradiance_uw_cm2[k]
            gives = full[pad][k] * duty * share
            # never more than asked, and less by a step of the duty at most
            assert asked - full[pad][k] * share <= gives <= asked + 1e-9
            given_uw += gives
            asked_uw += asked
        if min(x for x in course.steps[0].irradiance_uw_cm2 if x) >= 500:
            assert given_uw == pytest.approx(asked_uw, rel=0.001)


def test_what_json_can_hold_and_no_prescription_may_is_refused() -> None:
    nested = "[" * 500 + "]" * 500
    for text in ("1e400", "-1e400", "NaN", "1" * 4_000, '"' + "x" * 100_000 + '"', nested):
        assert "\n" not in refusal(fluence_j_cm2=json.loads(text))


# -- calibrations --------------------------------------------------------------------------------


def sealed(table: dict[str, Any]) -> dict[str, Any]:
    """With its CRC."""
    return {**table, "crc32": calibration_crc(table, BOARD)}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("serial", "WB-0002"), ("date", "2026-10-02"), ("window_cm2", 60.001),
        ("ntc_offset_c", {"A": 0, "B": 0.001}),
        ("irradiance_mw_cm2", {"A": {**dict.fromkeys(NAMES, 10), "940": 9.999},
                               "B": dict.fromkeys(NAMES, 10)}),
        ("irradiance_mw_cm2", {"A": dict.fromkeys(NAMES, 10),
                               "B": {**dict.fromkeys(NAMES, 10), "810": 10.001}}),
    ],
)  # fmt: skip
def test_a_calibration_that_was_altered_by_hand_is_refused(key: str, value: Any) -> None:
    altered = {**CALIBRATION, key: value}
    with pytest.raises(Refused, match="altered after waistband calibrate made it"):
        read_calibration(altered, BOARD)
    read_calibration(sealed(altered), BOARD)


def test_a_calibration_written_otherwise_is_the_same() -> None:
    floats = {**CALIBRATION, "window_cm2": 60.0, "ntc_offset_c": {"B": 0.0, "A": -0.0}}
    read_calibration(json.loads(json.dumps(floats, indent=4, sort_keys=True)), BOARD)


def test_a_calibration_gives_each_pads_banks_and_the_offsets_of_its_thermistors() -> None:
    table = {
        **CALIBRATION,
        "irradiance_mw_cm2": {"A": dict.fromkeys(NAMES, 9.9), "B": dict.fromkeys(NAMES, 10.1)},
        "ntc_offset_c": {"A": -0.2, "B": 0.2},
    }
    assert read_calibration(sealed(table), BOARD) == ([[9_900] * 4, [10_100] * 4], (-200, 200))


@pytest.mark.parametrize(
    ("key", "value", "named"),
    [
        ("irradiance_mw_cm2", {"A": dict.fromkeys(NAMES, 10)}, "lacks B"),
        ("irradiance_mw_cm2", {"A": dict.fromkeys(NAMES, 13), "B": {}}, "irradiance_mw_cm2.A.810"),
        ("irradiance_mw_cm2", {"A": dict.fromkeys(NAMES, 0), "B": {}}, "0.5"),
        ("ntc_offset_c", {"A": 2.1, "B": 0}, "ntc_offset_c.A"),
        ("ntc_offset_c", {"A": 0, "B": -2.1}, "-2.1"),
        ("ntc_offset_c", {"A": math.nan, "B": 0}, "nan"),
        ("window_cm2", 0, "window_cm2"),
        ("window_cm2", True, "True"),
        ("serial", "", "serial is ''"),
        ("serial", "\u00e9", "serial"),
        ("date", 20261001, "date is 20261001"),
        ("crc32", "00000000", "altered"),
        ("crc32", None, "altered"),
    ],
)
def test_a_calibration_out_of_limits_is_refused_by_name(key: str, value: Any, named: str) -> None:
    with pytest.raises(Refused) as why:
        read_calibration({**CALIBRATION, key: value}, BOARD)
    assert named in str(why.value) and "\n" not in str(why.value)


NEARLY = st.fixed_dictionaries({
    "serial": JSON,
    "date": JSON,
    "window_cm2": st.floats(0, 500) | JSON,
    "irradiance_mw_cm2": st.fixed_dictionaries(
        dict.fromkeys("AB", st.fixed_dictionaries(dict.fromkeys(NAMES, st.floats(0, 14) | NUMBER)))
    ),
    "ntc_offset_c": st.fixed_dictionaries({"A": st.floats(-3, 3), "B": NUMBER}),
})  # fmt: skip


def maybe_sealed(value: Any) -> Any:
    try:
        return sealed(value)
    except (Refused, TypeError, KeyError):
        return value


@given(JSON | NEARLY.map(maybe_sealed))
def test_any_calibration_is_within_its_limits_or_refused_in_one_line(value: Any) -> None:
    try:
        full, offsets = read_calibration(value, BOARD)
    except Refused as why:
        assert str(why) and "\n" not in str(why)
        return
    assert all(100 <= uw <= 12_500 for pad in full for uw in pad)
    assert all(-2_000 <= mc <= 2_000 for mc in offsets)
    for k, pad in enumerate("AB"):
        assert abs(offsets[k] - 1000 * value["ntc_offset_c"][pad]) <= 0.5 + 1e-6
