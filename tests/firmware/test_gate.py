"""The gate: the one way out for light, as a meter on the emitters sees it."""

import re
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.core.limits import (
    CLOCK_MASK,
    DUTY_MAX,
    LOOK_EVERY_TICKS,
    LOOK_TICKS,
)
from firmware.safety.gate import Gate
from tests.support.fake_hal import Bench, FakeHal

BANKS = 8


def gated(cap: int = 65_535, start_ms: int = 0) -> tuple[FakeHal, Gate]:
    """A gate on a HAL whose time goes by only in `go`."""
    hal = FakeHal(start_ms)
    hal.t_ms = 0
    gate = Gate(hal, BANKS)
    gate.caps = [cap] * BANKS
    return hal, gate


def now(hal: FakeHal) -> int:
    return (hal.start_ms + hal.t_ms) & CLOCK_MASK


def go(hal: FakeHal, gate: Gate, permitted: bool = True, ticks: int = 1) -> None:
    """Ticks as the unit makes them: time goes by, then the gate."""
    for _ in range(ticks):
        hal._pass()
        gate.pass_out(permitted, now(hal))


def want(gate: Gate, duty: int) -> None:
    for bank in range(BANKS):
        gate.set(bank, duty)
    gate.planned = True


@pytest.mark.parametrize("part", ["gate", "guard"])
def test_the_part_needs_nothing_of_the_hal_but_what_it_is_handed(part: str) -> None:
    code = f"import sys, firmware.safety.{part};"
    code += " print(sum(name[:3] == 'hal' for name in sys.modules))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout == "0\n"


def test_no_bank_ever_gets_more_than_its_cap() -> None:
    hal, gate = gated()
    gate.caps = [k * 1_000 for k in range(BANKS)]
    want(gate, 5_500)
    go(hal, gate)
    assert hal.duty == [0, 1_000, 2_000, 3_000, 4_000, 5_000, 5_500, 5_500]


def test_a_new_gate_gives_nothing_and_knows_of_no_modulation() -> None:
    gate = Gate(FakeHal(), BANKS)
    assert gate.out == gate.caps == gate.wanted == [0] * BANKS
    assert (gate.period_ticks, gate.on_ticks) == (1, 1)
    assert gate.lease and not (gate.planned or gate.open or gate.lit)
    assert gate.take_lit_ms(1_000) == 0


def test_before_a_prescription_sets_caps_no_plan_gives_light() -> None:
    hal = FakeHal()
    hal.t_ms = 0
    gate = Gate(hal, BANKS)
    want(gate, 5_500)
    go(hal, gate, ticks=3)
    assert hal.duty == [0] * BANKS


def test_a_plan_without_any_duty_is_dark() -> None:
    hal, gate = gated()
    gate.planned = True
    go(hal, gate, ticks=3)
    assert hal.duty == [0] * BANKS


@pytest.mark.parametrize("duty", [1, 40_000, DUTY_MAX - 1, DUTY_MAX])
@pytest.mark.parametrize(("mask", "share"), [(DUTY_MAX, 1), (0, 0)])
def test_a_mask_passes_every_duty_or_none_up_to_the_fullest(
    duty: int, mask: int, share: int
) -> None:
    hal, gate = gated()
    gate.mask = mask
    want(gate, duty)
    go(hal, gate)
    assert hal.duty == [share * duty] * BANKS


@pytest.mark.parametrize("duty", [-1, -5])
def test_a_negative_duty_is_dark(duty: int) -> None:
    hal, gate = gated()
    want(gate, duty)
    go(hal, gate)
    assert not hal.emitting()


def test_nothing_lights_before_control_has_planned() -> None:
    hal, gate = gated()
    gate.set(0, 1_000)
    go(hal, gate, ticks=20)
    assert hal.calls == []


def test_nothing_lights_that_is_not_permitted() -> None:
    hal, gate = gated()
    want(gate, 1_000)
    go(hal, gate, permitted=False, ticks=20)
    assert hal.calls == []


def test_a_plan_that_was_not_permitted_is_not_for_later() -> None:
    hal, gate = gated()
    want(gate, 1_000)
    go(hal, gate, permitted=False)
    go(hal, gate, ticks=20)
    assert hal.calls == []


def test_off_is_called_once_and_in_the_tick_that_is_no_longer_permitted() -> None:
    hal, gate = gated()
    want(gate, 1_000)
    go(hal, gate, ticks=5)
    hal.calls.clear()
    go(hal, gate, permitted=False)
    assert hal.calls[0] == ("off",) and not hal.emitting()
    calls = hal.calls[:]
    go(hal, gate, permitted=False, ticks=50)
    assert hal.calls == calls and hal.called("off") == 1


def test_the_watchdog_is_made_short_before_light_and_long_again_in_the_dark() -> None:
    hal, gate = gated()
    want(gate, 1_000)
    go(hal, gate, ticks=5)
    go(hal, gate, permitted=False, ticks=5)
    arms = [call for call in hal.calls if call[0] == "arm"]
    assert arms == [("arm", True, False), ("arm", False, False)]
    names = [call[0] for call in hal.calls]
    assert names.index("arm") < names.index("drive") < names.index("renew_lease")


def test_what_was_wanted_is_forgotten_once_dark() -> None:
    hal, gate = gated()
    want(gate, 1_000)
    go(hal, gate)
    go(hal, gate, permitted=False)
    go(hal, gate, ticks=20)
    assert not hal.emitting()
    gate.planned = True  # control planned, and asked for nothing
    go(hal, gate, ticks=20)
    assert not hal.emitting()


def test_off_finds_a_withheld_lease_granted_again() -> None:
    hal, gate = gated()
    want(gate, 1_000)
    gate.lease = False
    go(hal, gate, ticks=5)
    assert hal.called("renew_lease") == 0
    go(hal, gate, permitted=False)
    want(gate, 1_000)
    go(hal, gate)
    assert hal.called("renew_lease") == 1


@pytest.mark.parametrize("then", [30_000, 39_999, 40_001, 0])
def test_the_next_plan_is_driven_whether_more_or_less(then: int) -> None:
    hal, gate = gated()
    want(gate, 40_000)
    go(hal, gate, ticks=2)
    want(gate, then)
    go(hal, gate)
    assert hal.duty == [then] * BANKS


def test_a_plan_that_stays_the_same_is_not_driven_again() -> None:
    hal, gate = gated()
    want(gate, 1_000)
    go(hal, gate)
    hal.calls.clear()
    want(gate, 1_000)
    go(hal, gate, ticks=10)
    assert hal.called("drive") == 0 and hal.called("renew_lease") == 10


@pytest.mark.parametrize(("period", "on"), [(2, 1), (3, 1), (3, 2), (10, 1), (50, 49), (5, 4)])
def test_gated_light_is_on_for_its_ticks_of_each_period_and_begins_at_once(
    period: int, on: int
) -> None:
    hal, gate = gated()
    want(gate, 30_000)
    gate.modulate(period, on)
    lit = []
    for _ in range(3 * period):
        go(hal, gate)
        lit.append(hal.emitting())
    assert lit == ([True] * on + [False] * (period - on)) * 3


@given(
    gate_ticks=st.integers(2, 50).flatmap(
        lambda period: st.tuples(st.just(period), st.integers(1, period - 1))
    )
)
def test_gated_light_is_dark_long_enough_to_be_looked_at_and_often_enough(
    gate_ticks: tuple[int, int],
) -> None:
    period, on = gate_ticks
    hal, gate = gated()
    want(gate, 30_000)
    gate.modulate(period, on, LOOK_TICKS)
    lit = ""
    for _ in range(1_000):
        go(hal, gate)
        lit += "#" if hal.emitting() else "."
    looked = re.split(f"\\.{{{LOOK_TICKS},}}", lit.rstrip("."))
    assert max(map(len, looked)) <= LOOK_EVERY_TICKS
    dark = max(period - on, LOOK_TICKS)
    assert re.fullmatch(f"(#{{{on}}}\\.{{{period - on},{dark}}})*#*\\.*", lit)


def test_without_a_need_to_look_no_dark_part_is_made_longer() -> None:
    hal, gate = gated()
    want(gate, 30_000)
    gate.modulate(20, 19)
    lit_ticks = 0
    for _ in range(400):
        go(hal, gate)
        lit_ticks += hal.emitting()
    assert lit_ticks == 380


def test_the_lease_is_renewed_in_the_dark_part_of_gated_light() -> None:
    hal, gate = gated()
    want(gate, 30_000)
    gate.modulate(50, 1)
    go(hal, gate, ticks=50)
    assert hal.called("renew_lease") == 50


def test_a_plan_that_changes_in_the_dark_part_waits_for_the_light_part() -> None:
    hal, gate = gated()
    gate.modulate(10, 2)
    want(gate, 30_000)
    go(hal, gate, ticks=4)
    want(gate, 40_000)
    go(hal, gate, ticks=6)
    assert not hal.emitting()
    go(hal, gate)
    assert hal.duty == [40_000] * BANKS


def test_the_dose_counts_the_duty_that_went_out_and_not_the_one_that_was_wanted() -> None:
    hal, gate = gated()
    gate.modulate(10, 2)
    want(gate, 30_000)
    go(hal, gate, ticks=4)
    want(gate, 40_000)
    go(hal, gate, ticks=6)
    assert gate.take_lit_ms(now(hal)) == 40
    assert gate.out == [30_000] * BANKS


PLAN = st.tuples(
    st.sampled_from(["want", "want", "forbid", "wait", "modulate"]),
    st.integers(-10, 70_000),
    st.integers(1, 50),
    st.integers(1, 50),
    st.lists(st.integers(1, 45), min_size=10, max_size=10),
)


@given(
    st.lists(PLAN, max_size=25),
    st.integers(0, 65_535),
    st.one_of(st.just(0), st.integers(CLOCK_MASK - 2_000, CLOCK_MASK)),
)
def test_lit_time_is_what_the_meter_saw_under_any_plan(
    plans: list[Any], cap: int, start_ms: int
) -> None:
    """Control takes the lit time in each tenth tick, as in the unit; ticks may be late."""
    hal, gate = gated(cap, start_ms)
    counted = [0] * BANKS

    def take() -> None:
        lit_ms = gate.take_lit_ms(now(hal))
        for bank in range(BANKS):
            counted[bank] += gate.out[bank] * lit_ms

    for what, duty, period, on, spans_ms in plans:
        for tick, span_ms in enumerate(spans_ms):
            hal.step_ms = span_ms
            hal.calls.clear()
            hal._pass()
            if tick == 0:
                take()
                if what == "want":
                    want(gate, duty)
                elif what == "modulate":
                    gate.modulate(period, min(on, period))
            permitted = not (what == "forbid" and tick == period % 10)
            gate.pass_out(permitted, now(hal))
            assert max(hal.duty) <= cap and min(hal.duty) >= 0
            assert hal.called("off") <= 1
            if not (permitted and gate.planned):
                assert not hal.emitting() and hal.called("renew_lease") == 0
    take()
    assert counted == hal.lit_duty_ms


def test_light_with_the_lease_withheld_is_counted_though_no_meter_sees_it() -> None:
    hal, gate = gated()
    want(gate, 1_000)
    gate.lease = False
    go(hal, gate, ticks=10)
    assert hal.lit_duty_ms == [0] * BANKS
    assert gate.take_lit_ms(now(hal)) == 180


def test_in_a_whole_session_the_lease_is_renewed_in_lit_states_alone() -> None:
    bench = Bench()
    lit = {"CHECK", "RAMP", "TREAT"}
    renewed_in = set()

    def watch(ms: int) -> None:
        for _ in range(ms // 20):
            bench.hal.calls.clear()
            bench.tick()
            if bench.hal.called("renew_lease"):
                renewed_in.add(bench.state)

    watch(3_000)
    bench.press(1)
    watch(50_000)
    bench.press(1)
    watch(2_000)
    bench.press(1)
    watch(40_000)
    bench.hal.pins = 0
    watch(5_000)
    assert bench.state == "PAUSED"
    assert renewed_in == lit == bench.lit_in


def test_another_carrier_is_set_after_a_tick_in_which_every_duty_was_0() -> None:
    hal, gate = gated()
    gate.carrier_hz = 2_000
    want(gate, 5_000)
    go(hal, gate)
    gate.retune(2_000)
    go(hal, gate)
    assert gate.lit and hal.called("carrier") == 0
    gate.retune(292)
    go(hal, gate)
    assert hal.duty == [0] * BANKS and hal.called("carrier") == 0
    go(hal, gate)
    assert hal.duty == [0] * BANKS and ("carrier", 292, False) in hal.calls
    go(hal, gate)
    assert hal.duty == [5_000] * BANKS and hal.called("carrier") == 1 and hal.called("off") == 0
