"""A person with a meter beside the unit, who knows what must never happen.

After every tick the meter on the emitters is held against the design's list of what never
happens, from the pins, the codes and the meter alone, with the firmware known only by the name
of its state. What the unit shows and counts is held against the small model beside it
(`tests.support.unit_model`).

Times are counted in ticks of 20 ms: where ticks come late, the unit itself is slow.
"""

from math import log
from typing import Any

from firmware.core.conversions import ntc_code, tmp117_code
from firmware.core.limits import DUTY_MAX
from tests.support.fake_hal import BOARD, BUCKLE, CHARGER, SHORT, Bench
from tests.support.unit_model import LIT, SESSION, STEP_MAX_MS, Model

DOSE_MJ = 500  # ten seconds of treatment after the ramp
MAX_MS = 60_000
PRESCRIBED_DUTY = DUTY_MAX // 2
SMALL: dict[str, Any] = {
    **SHORT,
    "irradiance_mw_cm2": {"810": 5, "850": 5, "940": 5, "1060": 5},
    "fluence_j_cm2": DOSE_MJ / 1000,
    "max_min": MAX_MS // 60_000,
}
TRIP = ntc_code(BOARD, 42_500), tmp117_code(42_500), tmp117_code(50_000)
BOARD_CODE = tmp117_code(30_000)
COLD = ntc_code(BOARD, 28_000), tmp117_code(28_000)
FAR_COLD = tmp117_code(-20_000)
EMPTY = 2 * 3_000 * 4096 // BOARD.BATTERY_FULL_SCALE_MV
APART_MC = 1_500 + 100  # the design's, and what a code and its table differ by
CONTROL_TICKS = 10
STARTS = ("SELF_TEST", "READY", "DONE", "RATE")
BEGINS = [*((was, "WAIT_SKIN") for was in STARTS), ("SERVICE", "CHECK")]
DARK_WITHIN_TICKS = {"CONTACT_A": 40, "CONTACT_B": 40, "BOARD_A": 50, "BOARD_B": 50}
CHECK_DUTY = DUTY_MAX // 10 + 1


def ntc_mc(code: int) -> float:
    """Temperature of a thermistor code, by the B-equation."""
    ohm = float(BOARD.NTC_PULLUP_OHM * max(code, 1) / (4096 - code))
    return float(1000 / (log(ohm / BOARD.NTC_OHM) / BOARD.NTC_B_K + 1 / 298.15) - 273_150)


class Watch:
    """What a person beside the unit notes down, tick by tick."""

    def __init__(self, bench: Bench, locked: bool = False) -> None:
        self.bench = bench
        self.locked = locked  # for want of a calibration
        bench.hal.reader = True
        self.model = Model(bench, not locked)
        self.begin()

    def reset(self, start_ms: int) -> None:
        """Power comes back, or the chip was reset: whatever is pressed still is."""
        self.bench.reset(start_ms)
        self.model = Model(self.bench, not self.locked, self.model)
        assert not self.bench.hal.emitting(), "lit at power-on"
        self.begin()
        assert self.state == "SELF_TEST", f"begins in {self.state}"

    def begin(self) -> None:
        """Note everything down from here on."""
        self.state = self.bench.state
        self.ticks = 0
        self.out_ticks = [0] * 7
        self.unworn_ticks = 0
        self.silent_ticks = dict.fromkeys(DARK_WITHIN_TICKS, 0)
        self.worn_ms = 0
        self.said: tuple[int, ...] = ()
        self.warm = self.apart = False
        self.apart_ticks = 0
        self.begun_duty_ms = self.bench.hal.lit_duty_ms[:]
        self.board_told_true = True

    def tick(self) -> None:
        """One tick of the unit, and everything that is held against it."""
        hal = self.bench.hal
        hal.calls.clear()
        lit_before = hal.emitting()
        self.bench.tick()
        self.ticks += 1
        self.look_at_inputs()
        if (self.state, self.bench.state) in BEGINS:
            self.begun_duty_ms = hal.lit_duty_ms[:]
            self.board_told_true = True
        self.check_changes()
        self.check_calls(lit_before)
        if hal.emitting():
            self.check_light()
        self.model.tick(self.out_ticks, self.check_dose())

    def look_at_inputs(self) -> None:
        hal = self.bench.hal
        record = self.bench.unit.inputs
        said = (*record.ntc, *record.contact, *record.board, *record.battery)
        if said != self.said or any(self.out_ticks):
            self.said = said
            self.look_at_codes(record)
        worn = bool(hal.pins & BUCKLE) and self.warm
        self.unworn_ticks = 0 if worn else self.unworn_ticks + 1
        # the unit looks at the belt five times a second: what is shorter may go unseen
        seen = self.unworn_ticks < CONTROL_TICKS
        self.worn_ms = self.worn_ms + hal.step_ms if seen else 0
        self.apart_ticks = self.apart_ticks + 1 if self.apart else 0
        for part, ticks in self.silent_ticks.items():
            self.silent_ticks[part] = ticks + 1 if part in hal.silent else 0

    def look_at_codes(self, record: Any) -> None:
        """What the sensors say, where it changed."""
        rows = [
            *(not TRIP[0] < code < 3_700 for code in record.ntc),
            *(not FAR_COLD < code < TRIP[1] for code in record.contact),
            *(not FAR_COLD < code < TRIP[2] for code in record.board),
            record.battery[0] <= EMPTY,
        ]
        self.out_ticks = [
            ticks + 1 if out else 0 for ticks, out in zip(self.out_ticks, rows, strict=True)
        ]
        # worn, for both sensors of a pad alike: not where they disagree
        self.warm = all(
            code >= COLD[1] or ntc <= COLD[0]
            for code, ntc in zip(record.contact, record.ntc, strict=True)
        )
        self.apart = any(
            abs(code * 1000 / 128 - ntc_mc(ntc)) > APART_MC
            for code, ntc in zip(record.contact, record.ntc, strict=True)
        )

    def check_changes(self) -> None:
        """Light begins on skin, and rises slowly."""
        state, was = self.bench.state, self.state
        self.state = state
        assert (was, state) != ("WAIT_SKIN", "CHECK") or self.worn_ms >= 4_600, "hardly worn"
        assert state != "RAMP" or was in ("RAMP", "CHECK")
        assert state != "TREAT" or was in ("TREAT", "RAMP")

    def check_calls(self, lit_before: bool) -> None:
        """What was asked of the hardware fits the state."""
        hal = self.bench.hal
        if self.state not in LIT:
            assert not hal.emitting(), f"lit in {self.state}"
            assert hal.called("renew_lease") == 0, f"lease renewed in {self.state}"
            assert max(hal.duty) == 0
            assert not lit_before or hal.called("off") == 1
        if ("arm", True, False) in hal.calls:
            assert self.ticks % CONTROL_TICKS == 0, "armed before control planned any light"
        if hal.called("restart_to_service"):
            assert self.state not in SESSION, "left a session for service"
        assert hal.called("feed") == 1
        for call in hal.calls:
            assert call[0] != "store" or not call[3], "flash written while lit"

    def check_light(self) -> None:
        hal = self.bench.hal
        assert not self.locked, "lit while locked"
        assert max(self.out_ticks) < 3, "lit with a code out of bounds"
        assert self.unworn_ticks <= 50, "lit while not worn"
        assert self.apart_ticks <= 40, "lit with a pad's sensors apart"
        assert not hal.pins & CHARGER, "lit on the charger"
        for part, ticks in self.silent_ticks.items():
            assert ticks <= DARK_WITHIN_TICKS[part], f"lit, {part} silent"
        if self.state == "CHECK":
            assert sum(duty > 0 for duty in hal.duty) <= 1, "two banks at once in the check"
            assert max(hal.duty) <= CHECK_DUTY
        else:
            risen = 1.0 if self.state == "TREAT" else (self.model.state_ms + STEP_MAX_MS) / 30_000
            assert max(hal.duty) <= PRESCRIBED_DUTY * risen, "more than was prescribed"

    def check_dose(self) -> tuple[float, ...]:
        """What a meter at the skin summed up for each pad, in mJ/cm2; light falls by 0.3 % for
        each kelvin above 25 C. Nothing where the board was not at 30 C throughout."""
        hal = self.bench.hal
        self.board_told_true &= hal.board == [BOARD_CODE, BOARD_CODE] and not hal.stuck_banks
        if not self.board_told_true:
            return ()
        given_mj = []
        for banks in (slice(4), slice(4, 8)):
            duty_ms = sum(hal.lit_duty_ms[banks]) - sum(self.begun_duty_ms[banks])
            given_mj.append(10 * duty_ms / DUTY_MAX / 1000 * (1 - 0.003 * (30 - 25)))
        assert max(given_mj) <= DOSE_MJ, "dose beyond the prescription"
        return tuple(given_mj)


def told_to_be_dark(bench: Bench) -> None:
    """No tick comes any more: the lease alone has to end the light, within 80 ms."""
    hal = bench.hal
    hal.step_ms = 80
    hal._pass()
    hal.step_ms = 20
    assert not hal.emitting(), "lit 80 ms after the last tick"
