"""Everything that a person does to a unit: buttons, the belt, the cable, and time."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from firmware.core.inputs import HOST
from tests.support.fake_hal import BUCKLE, CHARGER, DOWN, START, UP
from tests.support.safety_oracle import BOARD_CODE
from tests.support.state_machine_base import IN_SESSION, Beside, in_state
from tests.support.unit_model import HOUR_MS, LIT, SESSION, WAITS_MS

LINES = [
    b"status", b"selftest", b"service", b"deploy", b"clock 2026-11-23T16:00:00", b"clock 2026",
    b"\xff\0",
]  # fmt: skip


class People(Beside):
    """Buttons, the belt, the cable, and time."""

    @rule(ms=st.sampled_from([20, 40, 60, 200, 220, 1_000, 3_000, 8_000]))
    def time_passes(self, ms: int) -> None:
        self.go(ms)

    @rule(button=st.sampled_from([START, START, START, UP, DOWN]),
          ms=st.sampled_from([20, 40, 100, 300]))  # fmt: skip
    def press(self, button: int, ms: int) -> None:
        self.press_for(button, ms)

    @in_state(*SESSION, "READY", "DONE")
    @rule(other=st.sampled_from([UP, DOWN]))
    def press_with_another_held(self, other: int) -> None:
        self.hal.pins |= other
        self.go(60)
        self.press_for(START, 100)
        self.hal.pins &= ~other
        self.go(60)

    @in_state(*SESSION, "READY", "FAULT")
    @rule(buttons=st.sampled_from([START | UP, START | DOWN, UP | DOWN]),
          ms=st.sampled_from([40, 300]))  # fmt: skip
    def press_two_at_once(self, buttons: int, ms: int) -> None:
        self.press_for(buttons, ms)

    @in_state(*SESSION, "READY", "FAULT")
    @rule(button=st.sampled_from([START, UP, DOWN]),
          bounces=st.lists(st.integers(1, 3), min_size=1, max_size=9))  # fmt: skip
    def press_with_a_bounce(self, button: int, bounces: list[int]) -> None:
        for ticks in bounces:
            self.hal.pins ^= button
            self.go(20 * ticks)
        self.hal.pins &= ~button
        self.go(60)

    @in_state(*SESSION, "FAULT")
    @rule(meant=st.booleans())
    def hold(self, meant: bool = True) -> None:
        if meant:
            self.press_for(UP, 100)
        self.press_for(START, 1_600)

    @IN_SESSION
    @rule(pin=st.sampled_from([START, UP, DOWN]), ms=st.sampled_from([60, 11_000]))
    def push_or_let_go(self, pin: int, ms: int) -> None:
        self.hal.pins ^= pin
        self.go(ms)

    @IN_SESSION
    @rule(ms=st.sampled_from([20, 200, 700, 1_200]))
    def buckle_opens(self, ms: int) -> None:
        self.hal.pins &= ~BUCKLE
        self.go(ms)

    @precondition(lambda self: not self.hal.pins & BUCKLE)
    @rule(ms=st.sampled_from([20, 1_200]))
    def buckle_closes(self, ms: int) -> None:
        self.hal.pins |= BUCKLE
        self.go(ms)

    @in_state(*LIT)
    @rule(times=st.sampled_from([1, 3]), mc=st.sampled_from([33_000, 33_000, 39_200, 40_600]),
          ms=st.sampled_from([300, 1_200, 1_200]))  # fmt: skip
    def comes_off_and_goes_on(self, times: int, mc: int, ms: int) -> None:
        """And is put on again, and START is pressed."""
        for _ in range(times):
            skin = self.hal.skin
            self.hal.pins &= ~BUCKLE
            self.hal.skin = [4_096, 4_000]
            self.go(800)
            self.hal.pins |= BUCKLE
            self.hal.skin = skin
            self.warm(mc)
            self.go(ms)
            self.press_for(START, 100)

    @IN_SESSION
    @rule(ms=st.sampled_from([20, 500]))
    def charger(self, ms: int) -> None:
        self.hal.pins ^= CHARGER
        self.go(ms)

    @IN_SESSION
    @rule(ms=st.sampled_from([20, 200]))
    def host_asks_for_the_prompt(self, ms: int) -> None:
        self.hal.pins |= HOST
        self.go(ms)
        self.hal.pins &= ~HOST

    @in_state("LOCKED")
    @rule(wait_ms=st.sampled_from([0, 1_000]), then_ms=st.sampled_from([1_000, 5_000]))
    def lit_self_test(self, wait_ms: int, then_ms: int) -> None:
        """As a host asks for it."""
        self.command(b"selftest")
        self.go(wait_ms)
        self.press_for(START, 100)
        self.go(then_ms)

    @rule(line=st.sampled_from(LINES))
    def command(self, line: bytes) -> None:
        self.hal.lines.append(line)
        for _ in range(50):
            self.watch.tick()
            if self.hal.called("restart_to_service"):
                self.power_up(0)

    @in_state("PAUSED")
    @rule(ms=st.sampled_from([500, 3_000, 33_000]))
    def resume(self, ms: int) -> None:
        self.press_for(START, 100)
        self.go(ms)

    @in_state("READY", "DONE")
    @rule(ms=st.sampled_from([1_000, 6_000, 12_000, 38_000]))
    def start(self, ms: int) -> None:
        self.press_for(START, 100)
        self.go(ms)

    @in_state("PAUSED", "WAIT_SKIN")
    @rule()
    def nobody_comes(self) -> None:
        """As if the unit had waited almost as long as it may."""
        waited_ms = WAITS_MS[self.state] - 2_000
        self.watch.bench.unit.session.state_ms = self.watch.model.state_ms = waited_ms
        self.go(4_000)

    @in_state("READY", "DONE", *LIT)
    @rule(treat_ms=st.sampled_from([0, 3_590_000, 3_600_000]),
          hot_min=st.sampled_from([0.0, 3.9, 4.2]),
          day_ms=st.sampled_from([0, HOUR_MS - 30_000]))  # fmt: skip
    def it_is_late_in_the_day(self, treat_ms: int, hot_min: float, day_ms: int) -> None:
        """As if the unit had been on for so long, and treated for so long."""
        unit = self.watch.bench.unit
        unit.session.day_treat_ms = treat_ms
        unit.session.day_ms = day_ms
        for pad in unit.pads:
            pad.cem43.day_q10_ms = int(hot_min * 60_000 * 1024)
        self.watch.model.day.pretend(treat_ms, hot_min, 0)
        if self.state not in LIT:
            self.press_for(START, 100)
        self.go(10_000)

    @rule()
    def everything_is_well_again(self) -> None:
        hal = self.hal
        hal.pins = BUCKLE
        hal.silent, hal.open_banks, hal.stuck_banks = set(), set(), set()
        hal.enable_stuck = hal.storage_full = False
        hal.cell_mv(3_800)
        hal.gauge[1] = 80 << 8
        self.warm(33_000)
        hal.board = [BOARD_CODE, BOARD_CODE]
        self.go(1_000)
        if self.state == "FAULT":
            self.hold()
            self.go(3_000)
        if self.state == "LOCKED":  # a hard fault is kept: the lit self-test lifts it
            self.command(b"selftest")
            self.press_for(START, 100)
            self.go(5_000)
