"""What the unit never does, whatever a person, the belt, the sensors and the charger do.

Hypothesis makes up the mishaps; after every single tick a meter on the emitters is
held against the design's list of what never happens. The watch works from the pins,
the codes and the meter alone, and knows the firmware only by the name of its state.
"""

from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from firmware import states
from firmware.limits import CLOCK_MASK, CONTROL_TICKS, DUTY_MAX
from firmware.thermometry import ntc_code, tmp117_code
from tests.fake_hal import BOARD, BUCKLE, CHARGER, DOWN, SHORT, START, UP, Bench

LIT = ("CHECK", "RAMP", "TREAT")
DOSE_MJ = 500  # ten seconds of treatment after the ramp
SMALL: dict[str, Any] = {
    **SHORT,
    "irradiance_mw_cm2": {"810": 5, "850": 5, "940": 5, "1060": 5},
    "fluence_j_cm2": DOSE_MJ / 1000,
}
TRIP = ntc_code(BOARD, 42_500), tmp117_code(42_500), tmp117_code(50_000)
BOARD_CODE = tmp117_code(30_000)
COLD, FAR_COLD = 28_000, tmp117_code(-20_000)
EMPTY = 2 * 3_000 * 4096 // BOARD.BATTERY_FULL_SCALE_MV


SKIN_MC = [20_000, 27_500, 33_000, 39_200, 40_600, 41_200, 42_300, 42_700, 60_000]


class Watch:
    """What a person beside the unit notes down, tick by tick."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        bench.hal.reader = True
        self.state = bench.state
        self.out_ticks = [0] * 7
        self.unworn_ms = 0
        self.silent_ms = dict.fromkeys(("CONTACT_A", "CONTACT_B", "BOARD_A", "BOARD_B"), 0)
        self.asked_ms = 10_000  # since START was last let go
        self.worn_ms = 0
        self.hot_min = 0.0  # thermal dose since the session began, the hotter pad
        self.begun_duty_ms = [0] * 8
        self.board_told_true = True

    def tick(self) -> None:
        hal = self.bench.hal
        hal.calls.clear()
        lit_before = hal.emitting()
        self.bench.tick()
        self.look_at_inputs()
        if self.bench.state == "WAIT_SKIN" != self.state:
            self.begun_duty_ms = hal.lit_duty_ms[:]
            self.hot_min = 0.0
            self.board_told_true = True
        self.check_changes()
        self.state = self.bench.state
        if self.state not in LIT:
            assert not hal.emitting(), f"lit in {self.state}"
            assert hal.called("renew_lease") == 0, f"lease renewed in {self.state}"
            assert max(hal.duty) == 0
        if hal.called("restart_to_service"):
            assert self.state not in (*LIT, "WAIT_SKIN", "PAUSED")
        if lit_before and self.state not in LIT:
            assert hal.called("off") == 1
        if hal.emitting():
            self.check_light()
        self.check_dose()

    def look_at_inputs(self) -> None:
        hal = self.bench.hal
        rows = [
            *(not TRIP[0] < code < 3_700 for code in hal.ntc),
            *(not FAR_COLD < code < TRIP[1] for code in hal.contact),
            *(not FAR_COLD < code < TRIP[2] for code in hal.board),
            hal.battery <= EMPTY,
        ]
        self.out_ticks = [
            ticks + 1 if out else 0 for ticks, out in zip(self.out_ticks, rows, strict=True)
        ]
        # worn, for both sensors of a pad alike: not where they disagree
        warm = all(
            code >= tmp117_code(COLD) or ntc <= ntc_code(BOARD, COLD)
            for code, ntc in zip(hal.contact, hal.ntc, strict=True)
        )
        worn = bool(hal.pins & BUCKLE) and warm
        self.unworn_ms = 0 if worn else self.unworn_ms + 20
        # the unit looks at the belt five times a second: what is shorter may go unseen
        self.worn_ms = self.worn_ms + 20 if self.unworn_ms < 200 else 0
        for part in self.silent_ms:
            self.silent_ms[part] = self.silent_ms[part] + 20 if part in hal.silent else 0
        if hal.pins & START:
            self.asked_ms = 0
        else:
            self.asked_ms += 20
        hottest_c = max(hal.contact) / 128
        rate = (0.25 if hottest_c < 43 else 0.5) ** (43 - min(hottest_c, 45.0))
        self.hot_min += rate * 0.02 / 60

    def check_changes(self) -> None:
        """Light begins because a person let go of START, and in no other way."""
        state, was = self.bench.state, self.state
        if state == was:
            return
        if state == "WAIT_SKIN":
            # a self-test may pass in the very tick of the release
            assert was in ("SELF_TEST", "READY", "DONE"), f"a start from {was}"
            assert self.asked_ms <= 60, "a start nobody asked for"
            assert not self.bench.hal.pins & (UP | DOWN), "a start with a stuck button"
        if state == "CHECK":
            if was == "WAIT_SKIN":
                assert self.worn_ms >= 4_600
            elif was not in ("RAMP", "TREAT"):  # current is missed: the check is made again
                assert was in ("PAUSED", "SERVICE"), f"a check from {was}"
                assert self.asked_ms <= 60, "light nobody asked for"
        assert state != "RAMP" or was == "CHECK"
        assert state != "TREAT" or was == "RAMP"

    def check_light(self) -> None:
        hal = self.bench.hal
        assert max(self.out_ticks) < 3, "lit with a code out of bounds"
        assert self.unworn_ms <= 1_000, "lit while not worn"
        assert not hal.pins & CHARGER, "lit on the charger"
        for part, ms in self.silent_ms.items():
            assert ms <= (800 if part.startswith("CONTACT") else 1_000), f"lit, {part} silent"
        assert self.hot_min < 2 * 1.03 + 0.02, "lit beyond the thermal dose of a session"

    def check_dose(self) -> None:
        """What a meter at the skin summed up; light falls by 0.3 % for each kelvin above 25 C."""
        hal = self.bench.hal
        self.board_told_true &= hal.board == [BOARD_CODE, BOARD_CODE]
        for pad in (0, 1) if self.board_told_true else ():
            duty_ms = sum(hal.lit_duty_ms[4 * pad : 4 * pad + 4])
            duty_ms -= sum(self.begun_duty_ms[4 * pad : 4 * pad + 4])
            given_mj = 10 * duty_ms / DUTY_MAX / 1000 * (1 - 0.003 * (30 - 25))
            assert given_mj <= DOSE_MJ, "dose beyond the prescription"


def state_of(machine: "NeverMachine") -> str:
    return machine.watch.bench.state


IN_SESSION = precondition(lambda machine: state_of(machine) in (*LIT, "PAUSED", "WAIT_SKIN"))


class NeverMachine(RuleBasedStateMachine):
    """A unit, its wearer, and everything that goes wrong."""

    def __init__(self) -> None:
        super().__init__()
        self.watch = Watch(Bench(SMALL))

    @property
    def hal(self) -> Any:
        return self.watch.bench.hal

    def go(self, ms: int) -> None:
        for _ in range(ms // 20):
            self.watch.tick()

    @initialize(
        start_ms=st.sampled_from([0, CLOCK_MASK - 1_000, CLOCK_MASK - 20_000]),
        to=st.sampled_from(["SELF_TEST", "READY", "WAIT_SKIN", "CHECK", "RAMP", "TREAT", "PAUSED"]),
    )
    def power_on(self, start_ms: int, to: str) -> None:
        self.watch = Watch(Bench(SMALL, start_ms=start_ms))
        self.go(1_400)
        order = ["SELF_TEST", "READY", "WAIT_SKIN", "CHECK", "RAMP", "TREAT", "PAUSED"].index(to)
        if order >= 2:
            self.press(100)
        if order >= 3:
            self.go(5_200)
        if order >= 4:
            self.go(3_000)
        if order >= 5:
            self.go(30_000)
        if order == 6:
            self.press(100)

    @rule(ms=st.sampled_from([20, 40, 60, 200, 220, 1_000, 3_000, 8_000]))
    def time_passes(self, ms: int) -> None:
        self.go(ms)

    @rule(ms=st.sampled_from([20, 40, 100, 300]))
    def press(self, ms: int) -> None:
        self.hal.pins |= START
        self.go(ms)
        self.hal.pins &= ~START
        self.go(60)

    @IN_SESSION
    @rule()
    def hold(self) -> None:
        self.hal.pins |= START
        self.go(1_600)
        self.hal.pins &= ~START
        self.go(60)
        assert state_of(self) in ("OFF", "CHARGING")
        if state_of(self) == "OFF":
            self.watch = Watch(Bench(SMALL))
            self.go(1_400)

    @IN_SESSION
    @rule(pin=st.sampled_from([START, UP, DOWN]))
    def push_or_let_go(self, pin: int) -> None:
        self.hal.pins ^= pin
        self.go(60)

    @rule(ms=st.sampled_from([20, 200, 700, 1_200]))
    def buckle_opens(self, ms: int) -> None:
        self.hal.pins &= ~BUCKLE
        self.go(ms)

    @rule()
    def buckle_closes(self) -> None:
        self.hal.pins |= BUCKLE
        self.go(20)

    @IN_SESSION
    @rule(ms=st.sampled_from([20, 500]))
    def charger(self, ms: int) -> None:
        self.hal.pins ^= CHARGER
        self.go(ms)

    @IN_SESSION
    @rule(mc=st.sampled_from(SKIN_MC), pad=st.sampled_from([0, 1, None]))
    def skin(self, mc: int, pad: int | None) -> None:
        while self.watch.bench.unit.phase != CONTROL_TICKS - 1:
            self.watch.tick()
        self.hal.skin_mc(mc, pad)
        self.go(200)

    @IN_SESSION
    @rule(code=st.sampled_from([0, 300, 1_328, 1_329, 3_699, 3_700, 4_095]), pad=st.integers(0, 1),
          ticks=st.integers(1, 4))  # fmt: skip
    def thermistor(self, code: int, pad: int, ticks: int) -> None:
        fine, self.hal.ntc[pad] = self.hal.ntc[pad], code
        self.go(20 * ticks)
        self.hal.ntc[pad] = fine

    @IN_SESSION
    @rule(code=st.sampled_from([-32_768, 0, TRIP[1], TRIP[2], 32_767]), pad=st.integers(0, 1),
          board=st.booleans(), ticks=st.integers(1, 4))  # fmt: skip
    def thermometer(self, code: int, pad: int, board: bool, ticks: int) -> None:
        codes = self.hal.board if board else self.hal.contact
        fine, codes[pad] = codes[pad], code
        self.go(20 * ticks)
        codes[pad] = fine

    @IN_SESSION
    @rule(part=st.sampled_from(["CONTACT_A", "CONTACT_B", "BOARD_A", "BOARD_B", "RAIL", "GAUGE"]),
          ms=st.sampled_from([20, 600, 1_200]))  # fmt: skip
    def silence(self, part: str, ms: int) -> None:
        self.hal.silent ^= {part}
        self.go(ms)

    @IN_SESSION
    @rule(mv=st.sampled_from([2_500, 2_990, 3_250, 3_800]), ms=st.sampled_from([40, 60, 2_000]))
    def battery(self, mv: int, ms: int) -> None:
        self.hal.cell_mv(mv)
        self.go(ms)

    @IN_SESSION
    @rule(bank=st.integers(0, 7))
    def a_string_breaks_or_is_mended(self, bank: int) -> None:
        self.hal.open_banks ^= {bank}
        self.go(20)

    @rule(line=st.sampled_from([b"status", b"service", b"deploy", b"clock 2026", b"", b"\xff\0"]))
    def command(self, line: bytes) -> None:
        self.hal.lines.append(line)
        self.go(1_000)

    @rule()
    def everything_is_well_again(self) -> None:
        hal = self.hal
        hal.pins = BUCKLE
        hal.silent, hal.open_banks = set(), set()
        hal.cell_mv(3_800)
        while self.watch.bench.unit.phase != CONTROL_TICKS - 1:
            self.watch.tick()
        hal.skin_mc(33_000)
        hal.board = [BOARD_CODE, BOARD_CODE]
        self.go(1_000)
        if state_of(self) == "FAULT":
            self.press(100)
            self.go(3_000)
        if state_of(self) == "LOCKED":  # a hard fault is kept: a lit self-test lifts it
            hal.lines.append(b"selftest")
            self.go(1_400)
            self.press(100)
            self.go(5_000)

    @precondition(lambda self: state_of(self) == "PAUSED")
    @rule(ms=st.sampled_from([500, 3_000, 33_000]))
    def resume(self, ms: int) -> None:
        self.press(100)
        self.go(ms)

    @precondition(lambda self: state_of(self) in ("READY", "DONE"))
    @rule(ms=st.sampled_from([1_000, 6_000, 12_000, 38_000, 50_000]))
    def start(self, ms: int) -> None:
        self.press(100)
        self.go(ms)

    @invariant()
    def locks_nobody_out(self) -> None:
        assert self.watch.bench.unit.lock in (states.NOT_LOCKED, states.HARD_FAULT)


TestNever = NeverMachine.TestCase
TestNever.settings = settings(
    max_examples=120,
    stateful_step_count=40,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
