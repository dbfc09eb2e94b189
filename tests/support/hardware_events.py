"""Everything that sensors, their bus, the power and the clock may do to a unit."""

from hypothesis import strategies as st
from hypothesis.stateful import rule

from firmware.core.conversions import ntc_code, tmp117_code
from firmware.core.limits import CLOCK_MASK
from tests.support.fake_hal import BOARD, BUCKLE, START
from tests.support.safety_oracle import told_to_be_dark
from tests.support.state_machine_base import CLOCKS_MS, IN_SESSION, Beside, Broken, in_state
from tests.support.unit_model import LIT

SKIN_MC = [20_000, 27_500, 33_000, 37_000, 39_200, 40_600, 41_200, 42_300, 42_700, 60_000]
NTC_CODES = [0, 300, 301, 1_328, 1_329, 3_699, 3_700, 4_095]
TMP_CODES = [-32_768, -2_561, 0, tmp117_code(42_500), tmp117_code(50_000), 32_767]
METHODS = [
    "read", "drive", "off", "renew_lease", "feed", "arm", "signal", "show", "carrier", "listening",
    "read_line", "write_line",
]  # fmt: skip
PARTS = ("CONTACT_A", "CONTACT_B", "BOARD_A", "BOARD_B", "RAIL", "GAUGE")
TICKS = st.integers(1, 4)
PAD = st.integers(0, 1)


class Sensors(Beside):
    """What the sensors and their bus may say, and not say."""

    @IN_SESSION
    @rule(mc=st.sampled_from(SKIN_MC), pad=st.sampled_from([0, 1, None]),
          ms=st.sampled_from([200, 2_000]))  # fmt: skip
    def skin(self, mc: int, pad: int | None, ms: int) -> None:
        self.hal.skin_mc(mc, pad)
        self.go(ms)

    @in_state(*LIT, "PAUSED")
    @rule(mc=st.sampled_from([40_600, 42_300]))
    def heat_that_lasts(self, mc: int) -> None:
        self.warm(mc)
        self.go(20_000, 45)
        if self.state == "PAUSED":
            self.go(380_000, 80)

    @IN_SESSION
    @rule(code=st.sampled_from(NTC_CODES), pad=PAD, ticks=TICKS)
    def thermistor(self, code: int, pad: int, ticks: int) -> None:
        fine, self.hal.ntc[pad] = self.hal.ntc[pad], code
        self.go(20 * ticks)
        self.hal.ntc[pad] = fine

    @IN_SESSION
    @rule(code=st.sampled_from(TMP_CODES), pad=PAD, board=st.booleans(), ticks=TICKS)
    def thermometer(self, code: int, pad: int, board: bool, ticks: int) -> None:
        codes = self.hal.board if board else self.hal.contact
        fine, codes[pad] = codes[pad], code
        self.go(20 * ticks)
        codes[pad] = fine

    @IN_SESSION
    @rule(pad=PAD, board=st.booleans(), codes=st.lists(st.integers(-32_768, 32_767), max_size=12))
    def rubbish(self, pad: int, board: bool, codes: list[int]) -> None:
        said = self.hal.board if board else self.hal.contact
        fine = said[pad]
        for code in codes:
            said[pad] = code
            self.go(20)
        said[pad] = fine

    @IN_SESSION
    @rule(by_mc=st.sampled_from([-1_600, -1_400, 1_400, 1_600]), pad=PAD,
          ms=st.sampled_from([200, 600]))  # fmt: skip
    def apart(self, by_mc: int, pad: int, ms: int) -> None:
        self.hal.contact[pad] += by_mc * 16 // 125
        self.go(ms)

    @IN_SESSION
    @rule(by_mc=st.sampled_from([-100, 100]), pad=PAD, steps=st.integers(5, 30))
    def drift(self, by_mc: int, pad: int, steps: int) -> None:
        for step in range(1, steps + 1):
            self.hal.ntc[pad] = ntc_code(BOARD, 33_000 + step * by_mc)
            self.go(200)

    @IN_SESSION
    @rule(part=st.sampled_from(PARTS), ms=st.sampled_from([20, 600, 1_200]))
    def silence(self, part: str, ms: int) -> None:
        self.hal.silent ^= {part}
        self.go(ms)

    @IN_SESSION
    @rule(pad=PAD, silent_ms=st.sampled_from([0, 500, 580, 780]),
          open_ms=st.sampled_from([20, 60, 1_000]))  # fmt: skip
    def unplugged(self, pad: int, silent_ms: int, open_ms: int) -> None:
        """A pad's plug comes loose, pin by pin, and finds its way back."""
        fine = self.hal.ntc[pad]
        self.hal.silent |= {PARTS[pad], PARTS[2 + pad]}
        self.go(silent_ms)
        self.hal.ntc[pad] = 4_095
        self.go(open_ms)
        self.hal.ntc[pad] = fine
        self.go(200)
        self.hal.silent -= {PARTS[pad], PARTS[2 + pad]}

    @IN_SESSION
    @rule(ms=st.sampled_from([100, 500, 700, 900]))
    def bus_hangs(self, ms: int) -> None:
        before = self.hal.silent
        self.hal.silent = set(PARTS)
        self.go(ms)
        self.hal.silent = before


class Power(Beside):
    """Battery, strings and switches; resets, hangs, exceptions; the clock."""

    @IN_SESSION
    @rule(mv=st.sampled_from([2_500, 2_990, 3_250, 3_800]), ms=st.sampled_from([40, 60, 2_000]))
    def battery(self, mv: int, ms: int) -> None:
        self.hal.cell_mv(mv)
        self.go(ms)

    @IN_SESSION
    @rule(mv=st.sampled_from([2_500, 3_001]))
    def battery_sags_and_is_asked_again(self, mv: int) -> None:
        """At rest an empty cell reads like a full one."""
        self.hal.cell_mv(mv)
        self.go(100)
        self.hal.cell_mv(3_800)
        self.go(1_200)
        pins, self.hal.pins = self.hal.pins, self.hal.pins & ~BUCKLE  # a new session asks for it
        skin, self.hal.skin = self.hal.skin, [0, 0]
        self.go(400)
        self.hal.pins, self.hal.skin = pins, skin
        self.go(400)
        self.press_for(START, 100)

    @IN_SESSION
    @rule(cell=st.integers(0, 65_535), charge=st.integers(0, 65_535))
    def gauge_talks_rubbish(self, cell: int, charge: int) -> None:
        self.hal.gauge = [cell, charge]
        self.go(1_000)

    @IN_SESSION
    @rule(bank=st.integers(0, 7))
    def a_string_breaks_or_is_mended(self, bank: int) -> None:
        self.hal.open_banks ^= {bank}
        self.go(20)

    @IN_SESSION
    @rule(bank=st.integers(0, 7))
    def an_led_switch_sticks_or_is_mended(self, bank: int) -> None:
        if not self.hal.enable_stuck:  # with both, nothing keeps the unit dark
            self.hal.stuck_banks ^= {bank}
            self.go(20)

    @IN_SESSION
    @rule()
    def the_supply_switch_sticks_or_is_mended(self) -> None:
        if not self.hal.stuck_banks:
            self.hal.enable_stuck = not self.hal.enable_stuck
            self.go(20)

    @IN_SESSION
    @rule(ticks=TICKS, off_ms=st.sampled_from([0, 20, 5_000]), start_ms=st.sampled_from(CLOCKS_MS))
    def power_is_lost(self, ticks: int, off_ms: int, start_ms: int) -> None:
        self.go(20 * ticks)
        self.power_up(start_ms)
        assert not self.hal.emitting()
        self.go(off_ms)

    @IN_SESSION
    @rule(step_ms=st.sampled_from([21, 39, 45, 51, 200, 480]), ticks=TICKS)
    def late_ticks(self, step_ms: int, ticks: int) -> None:
        self.go(step_ms * ticks, step_ms)

    @IN_SESSION
    @rule()
    def the_firmware_hangs(self) -> None:
        """Until the watchdog bites."""
        if not self.hal.enable_stuck:
            told_to_be_dark(self.watch.bench)
        self.power_up(0)

    @IN_SESSION
    @rule(method=st.sampled_from(METHODS))
    def a_method_of_the_hal_raises(self, method: str) -> None:
        def fail(*_: object) -> None:
            raise Broken(method)

        setattr(self.hal, method, fail)
        try:
            for _ in range(60):
                self.watch.tick()
        except Broken:
            self.the_firmware_hangs()
        finally:
            delattr(self.hal, method)

    @IN_SESSION
    @rule(by_ms=st.sampled_from([-(1 << 29), -5_000, 20, 500, 5_000, 1 << 29]))
    def the_counter_jumps(self, by_ms: int) -> None:
        """Back by less than a tick is left out: nothing on the unit could tell."""
        self.hal.start_ms += by_ms
        self.go(200)

    @IN_SESSION
    @rule(full=st.booleans())
    def storage_fills_up_or_is_mended(self, full: bool) -> None:
        self.hal.storage_full = full

    @IN_SESSION
    @rule(name=st.sampled_from(["fault.json", "day.json"]),
          content=st.sampled_from([b"{", b"[1]", b'{"fault": "hot"}', b"\xff"]))  # fmt: skip
    def what_is_kept_is_torn(self, name: str, content: bytes) -> None:
        """And power goes."""
        self.hal.files[name] = content
        self.power_up(0)
        self.go(1_400)

    @IN_SESSION
    @rule(clock_s=st.sampled_from([None, 0, 800_000_000, CLOCK_MASK]))
    def the_wall_clock_is_set(self, clock_s: int | None) -> None:
        self.hal.clock_s = clock_s
        self.watch.model.clock_set = True
        self.go(20)
