"""Simulated HAL, as a meter and a stopwatch beside the unit would see it."""

import statistics
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.core.conversions import ntc_code
from firmware.core.inputs import BUCKLE, RAIL, START, Inputs
from firmware.core.limits import CONTACT_TRIP_MC, DUTY_MAX, LEASE_MS, RAIL_DARK_01MA, TICK_MS
from hal.boards import RPI_PICO
from hal.contract import HEARD_NAMES
from sim.common.story import Event, Start
from sim.faults.hardware import NEVER_MS, Filter, Hardware
from sim.faults.injectors import INJECT, wear
from sim.hal_depth.sim_hal import SimHal
from sim.physics.plant import ALERT_BACK_C, ALERT_C, Plant
from sim.physics.sensors import ntc_level, tmp117_raw
from sim.run import Run, nominal_calibration
from sim.scenario.scenario import ordinary

WRAP_MS = 1 << 30
KINDS = len(RPI_PICO.BANKS)
ROTA_TICKS = 20
DIMMING = 0.03  # the LED board's warmth takes less than this from the light of these tests


class Desk:
    """A SimHal and the record that it fills, with a meter on the emitters."""

    def __init__(self, seed: int = 1, clock: int = 0) -> None:
        start = Start(clock=clock)
        self.plant = Plant(start, RPI_PICO, nominal_calibration(RPI_PICO), seed)
        self.hal = SimHal(self.plant, RPI_PICO, start, seed)
        self.inputs = Inputs()
        wear(self.hal.hardware, True)
        self.read()

    def read(self, ticks: int = 1) -> None:
        """Let ticks go by."""
        for _ in range(ticks):
            self.hal.read(self.inputs)

    def hold(self, ticks: int) -> None:
        """Let ticks go by, the lease renewed at the start of each."""
        for _ in range(ticks):
            self.hal.renew_lease()
            self.read()

    def lit_ms(self, bank: int = 0) -> float:
        """Light that a bank gave so far, as time at full duty."""
        self.read(ROTA_TICKS)  # so that the plant has taken in what was
        return self.plant.pads[bank // KINDS].light_s[bank % KINDS] * 1000.0

    def fault(self, name: str, **fields: Any) -> Event:
        """Put a fault on."""
        event = Event(self.hal.t_ms / 1000, "fault", name, **fields)
        INJECT[name](self.hal.hardware, event, True)
        self.hal.refresh()
        self.hal.off()
        return event

    def pin(self, bend: Callable[[Hardware], None]) -> None:
        """Have levels and registers bent each time they are taken."""
        event = Event(0.0, "fault", "ntc_stuck")
        self.hal.hardware.add_filter(Filter(event, lambda hardware, *_: bend(hardware), None))
        self.hal.refresh()


@pytest.fixture
def desk() -> Desk:
    return Desk()


# -- emitters --------------------------------------------------------------------------


@given(renewals=st.integers(1, 60), begin=st.integers(0, 30))
def test_the_lease_lapses_50_ms_after_the_last_renewal(renewals: int, begin: int) -> None:
    desk = Desk()
    desk.read(begin)
    desk.hal.drive(0, DUTY_MAX)
    desk.hold(renewals)
    expected_ms = (renewals - 1) * TICK_MS + LEASE_MS
    assert desk.lit_ms() == pytest.approx(expected_ms, rel=DIMMING)
    assert not desk.hal.supply


def test_renewals_of_one_tick_do_not_add_up(desk: Desk) -> None:
    desk.hal.drive(0, DUTY_MAX)
    for _ in range(10):
        desk.hal.renew_lease()
    assert desk.lit_ms() == pytest.approx(LEASE_MS, rel=DIMMING)


@given(ticks=st.integers(1, 60), begin=st.integers(0, 30))
def test_off_is_dark_at_once(ticks: int, begin: int) -> None:
    desk = Desk()
    desk.read(begin)
    desk.hal.drive(0, DUTY_MAX)
    desk.hold(ticks)
    off_ms = desk.hal.t_ms
    desk.hal.off()
    assert desk.lit_ms() == pytest.approx(ticks * TICK_MS, rel=DIMMING)
    assert [dark.t_ms for dark in desk.hal.darks] == [off_ms]
    assert desk.hal.late_j == 0.0


def test_light_is_told_with_the_duties_that_gave_it(desk: Desk) -> None:
    """Whoever is told looks at the duties: at the end of light they are not yet zero."""
    told: list[tuple[float, float, int]] = []
    desk.hal.on_light = lambda from_ms, to_ms, watts: told.append(
        (from_ms, to_ms, desk.hal.duty[0])
    )
    desk.hal.drive(0, DUTY_MAX)
    desk.hold(3)
    desk.hal.off()
    assert told and {duty for *_, duty in told} == {DUTY_MAX}


def test_nothing_is_lit_without_a_lease(desk: Desk) -> None:
    desk.hal.drive(0, DUTY_MAX)
    assert desk.lit_ms() == 0.0


@given(duties=st.lists(st.integers(0, DUTY_MAX), min_size=2 * KINDS, max_size=2 * KINDS))
def test_each_bank_gives_light_as_its_duty(duties: list[int]) -> None:
    desk = Desk()
    for bank, duty in enumerate(duties):
        desk.hal.drive(bank, duty)
    desk.hold(10)
    desk.hal.off()
    for bank, duty in enumerate(duties):
        expected_ms = 10 * TICK_MS * duty / DUTY_MAX
        assert desk.lit_ms(bank) == pytest.approx(expected_ms, rel=DIMMING)


def test_the_rail_monitor_sees_a_flash_of_20_ms_and_then_nothing(desk: Desk) -> None:
    for begin in range(10):
        desk.read(begin)
        desk.hal.drive(3, DUTY_MAX)
        desk.hold(1)
        desk.hal.off()
        seen = []
        for _ in range(12):
            desk.read()
            seen.append(desk.inputs.rail[0])
        full_01ma = RPI_PICO.BANKS[3][3] * 10_000 / desk.plant.pack_mv()
        assert full_01ma * 20 / 68 / 2 * 0.9 < max(seen) < full_01ma * 20 / 68 * 1.1
        assert seen[-1] == 0


def test_the_rail_monitor_reads_the_steady_current(desk: Desk) -> None:
    desk.hal.drive(0, DUTY_MAX)
    desk.hal.drive(KINDS, DUTY_MAX // 2)
    desk.hold(30)
    expected_01ma = RPI_PICO.BANKS[0][3] * 1.5 * 10_000 / (desk.plant.pack_mv() / 1000)
    assert desk.inputs.rail[0] == pytest.approx(expected_01ma / 1000, rel=0.02)


def test_an_open_string_gives_no_light_and_draws_no_current(desk: Desk) -> None:
    desk.fault("led_open", pad="A", value=810.0)
    desk.hal.drive(0, DUTY_MAX)
    desk.hold(20)
    assert desk.inputs.rail[0] == 0
    assert desk.lit_ms(0) == 0.0


def test_a_shorted_led_switch_is_full_on_whenever_the_supply_is(desk: Desk) -> None:
    desk.fault("fet_stuck_on", pad="B", value=850.0)
    bank = KINDS + 1
    assert desk.lit_ms(bank) == 0.0
    desk.hold(10)
    assert desk.inputs.rail[0] > RAIL_DARK_01MA
    desk.hal.off()
    assert desk.lit_ms(bank) == pytest.approx(10 * TICK_MS, rel=DIMMING)


def test_a_stuck_supply_switch_leaves_banks_on_when_the_lease_lapses_but_not_after_off(
    desk: Desk,
) -> None:
    desk.fault("enable_stuck")
    desk.hal.drive(0, DUTY_MAX)
    desk.hold(1)
    desk.read(9)
    assert desk.hal.late_j > 0.0
    desk.hal.off()
    lit_ms = desk.lit_ms()
    assert lit_ms == pytest.approx(10 * TICK_MS, rel=DIMMING)
    assert desk.lit_ms() == lit_ms


def test_the_hardware_alert_opens_the_supply_at_43_c_and_closes_it_below_42(desk: Desk) -> None:
    pad = desk.plant.pads[0]

    def lit_in_a_second_at(celsius: float) -> bool:
        before = desk.lit_ms()
        for _ in range(50):
            pad.contact_error_c = celsius - pad.contact.value
            desk.hal.drive(0, DUTY_MAX)
            desk.hold(1)
        return desk.lit_ms() > before + 500

    assert lit_in_a_second_at(ALERT_C - 0.2)
    assert not lit_in_a_second_at(ALERT_C + 0.2)
    assert not lit_in_a_second_at(ALERT_BACK_C + 0.2)
    assert lit_in_a_second_at(ALERT_BACK_C - 0.2)
    desk.fault("alert_broken")
    assert lit_in_a_second_at(ALERT_C + 0.2)


# -- sensors ---------------------------------------------------------------------------


def codes_at(seed: int, level: float, ticks: int) -> list[int]:
    """What the converter reads of a level."""
    desk = Desk(seed)

    def bend(hardware: Hardware) -> None:
        hardware.levels[0] = level

    desk.pin(bend)
    codes = []
    for _ in range(ticks):
        desk.read()
        codes.append(desk.inputs.ntc[0])
    return codes


@pytest.mark.parametrize(("seed", "level"), [(0, 1_000), (1, 1_328), (2**32 - 1, 1_900)])
def test_the_converter_is_noisy_by_about_2_8_codes(seed: int, level: int) -> None:
    codes = codes_at(seed, level, 3_000)
    assert statistics.fmean(codes) == pytest.approx(level, abs=0.3)
    assert statistics.pstdev(codes) == pytest.approx(2.8, abs=0.2)


def test_codes_beside_a_wide_one_are_never_read() -> None:
    seen = set(codes_at(1, 1536.0, 1_000))
    assert {1536, 1531, 1540} <= seen
    assert not seen & {1532, 1533, 1534, 1535, 1537, 1538, 1539}


@pytest.mark.parametrize("part", HEARD_NAMES)
def test_a_silent_part_keeps_its_value_and_its_time(part: str, desk: Desk) -> None:
    names = ("cell", "charge") if part == "GAUGE" else (part.lower(),)
    slot = HEARD_NAMES.index(part)
    desk.read(2 * ROTA_TICKS)
    inputs = desk.inputs
    desk.hal.hardware.silence(names, True)
    heard_ms = inputs.heard[slot]
    values = inputs.contact + inputs.board + inputs.rail + inputs.gauge + inputs.skin
    for pad in desk.plant.pads:
        pad.tissue.change(external_w_m2=2_000.0)
        pad.cover(0.5)
    desk.hal.drive(0, DUTY_MAX)
    desk.hold(40 * ROTA_TICKS)
    after = inputs.contact + inputs.board + inputs.rail + inputs.gauge + inputs.skin
    own = {"RAIL": (4,), "GAUGE": (5, 6), "SKIN_A": (7,), "SKIN_B": (8,)}.get(part, (slot,))
    assert inputs.heard[slot] == heard_ms
    assert all(after[k] == values[k] for k in own)
    assert sum(after[k] != values[k] for k in range(5)) >= 4 - (own[0] < 5)
    desk.hal.hardware.silence(names, False)
    desk.read(ROTA_TICKS)
    assert inputs.heard[slot] > heard_ms


def test_every_part_is_heard_within_a_round_and_only_one_in_a_tick(desk: Desk) -> None:
    assert desk.inputs.heard[RAIL] == -1
    for _ in range(ROTA_TICKS):
        before = desk.inputs.heard[:]
        desk.read()
        assert sum(a != b for a, b in zip(before, desk.inputs.heard, strict=True)) <= 1
    now_ms = desk.inputs.ms
    assert all(0 <= now_ms - ms < ROTA_TICKS * TICK_MS for ms in desk.inputs.heard)


def test_thermistor_and_thermometer_agree_with_the_plant(desk: Desk) -> None:
    desk.read(ROTA_TICKS)
    pad = desk.plant.pads[0]
    contact_c = pad.tissue.contact_c
    code = ntc_code(RPI_PICO, int(1000 * (contact_c + pad.ntc_error_c)))
    assert desk.inputs.ntc[0] == pytest.approx(code, abs=12)
    raw = tmp117_raw(contact_c + pad.contact_error_c)
    assert desk.inputs.contact[0] == pytest.approx(raw, abs=5)


@pytest.mark.parametrize("sensor", ["thermistor", "thermometer"])
def test_a_pad_is_hot_since_the_first_of_the_codes_that_stayed_beyond_the_trip(
    sensor: str, desk: Desk
) -> None:
    celsius = 40.0

    def bend(hardware: Hardware) -> None:
        if sensor == "thermistor":
            hardware.levels[0] = ntc_level(celsius)
        else:
            hardware.raw[0] = tmp117_raw(celsius)

    desk.pin(bend)
    desk.hal.drive(0, DUTY_MAX)
    desk.hold(19)
    celsius = CONTACT_TRIP_MC / 1000 + 1.0  # from the next block on, which begins the rota, too
    desk.hold(7 if sensor == "thermometer" else 1)  # pad A's is the seventh turn
    hot_ms = desk.hal.t_ms
    desk.hold(3)
    desk.hal.off()
    assert [dark.hot_ms for dark in desk.hal.darks] == [(hot_ms, -1)]


# -- time ------------------------------------------------------------------------------


@given(clock=st.integers(0, WRAP_MS - 1), ticks=st.integers(0, 50))
def test_the_clock_goes_on_by_20_ms_and_wraps_at_30_bits(clock: int, ticks: int) -> None:
    desk = Desk(clock=clock)
    desk.read(ticks)
    assert desk.inputs.ms == (clock + ticks * TICK_MS) % WRAP_MS


@given(due_ms=st.integers(0, 2_000))
def test_an_event_happens_before_the_first_tick_at_or_after_its_time(due_ms: int) -> None:
    desk = Desk()

    def happen(_: int) -> int:
        desk.hal.hardware.pins |= START
        return NEVER_MS

    desk.hal.on_event = happen
    desk.hal.event_ms = due_ms
    desk.hal._turn_ms = 0
    pressed = [desk.hal.t_ms] if desk.inputs.pins & START else []
    while not pressed:
        desk.read()
        if desk.inputs.pins & START:
            pressed.append(desk.hal.t_ms)
    assert max(due_ms, TICK_MS) <= pressed[0] < max(due_ms, TICK_MS) + TICK_MS
    assert desk.inputs.pins & BUCKLE


def test_the_battery_is_empty_for_the_judge_at_the_guards_very_code() -> None:
    run = Run(ordinary())
    source, _, low, _ = run.unit.guard.rows[-1]
    assert source is run.unit.inputs.battery and low == run.hal._empty_level
