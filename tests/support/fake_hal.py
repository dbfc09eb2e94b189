"""A HAL that writes down what it is asked, and a bench with a meter on it.

`FakeHal` answers with what a test set: codes of the sensors, pins, who is silent. It
keeps every call in order, and knows what a meter on the emitters would show: a bank
gives light while it is driven and the lease holds the supply switch closed.
`Bench` puts a whole firmware on it, with words for what people do.
"""

from collections.abc import Callable
from typing import Any

from firmware.core import states
from firmware.core.conversions import ntc_code, tmp117_code
from firmware.core.faults import FAULTS, PADS
from firmware.core.inputs import BUCKLE, CHARGER, DOWN, START, UP
from firmware.core.limits import CLOCK_MASK, CONTROL_TICKS, DUTY_MAX, LEASE_MS, TICK_MS
from firmware.therapy.calibration import calibration_crc
from firmware.waistband import Waistband
from hal.boards import RPI_PICO
from hal.contract import HEARD_NAMES, POWER_ON
from sim.common.default_prescription import DEFAULT
from tests.support.file_calls import FileCalls
from tests.support.sealed_calibration import sealed

__all__ = [
    "BOARD",
    "BUCKLE",
    "CALIBRATION",
    "CHARGER",
    "DOWN",
    "MOMENT_MS",
    "SHORT",
    "START",
    "UP",
    "Bench",
    "FakeHal",
    ]  # fmt: skip

BOARD: Any = RPI_PICO  # a module that is data
NAMES = tuple(str(row[0]) for row in BOARD.BANKS)
BANK_MW = tuple(row[3] for row in BOARD.BANKS) * 2
CALIBRATION: dict[str, Any] = {
    "serial": "WB-0001",
    "date": "2026-10-01",
    "window_cm2": 60,
    "irradiance_mw_cm2": {"A": dict.fromkeys(NAMES, 10), "B": dict.fromkeys(NAMES, 10)},
    "ntc_offset_c": {"A": 0, "B": 0},
    "skin_codes": {"A": {"air": 4_096, "skin": 20_480}, "B": {"air": 4_000, "skin": 20_000}},
}
CALIBRATION["crc32"] = calibration_crc(CALIBRATION, BOARD)
SHORT: dict[str, Any] = {**DEFAULT, "fluence_j_cm2": 1}  # 100 s of light at full throttle

PACK_MV = 7_400
MOMENT_MS = 2_400  # what a person takes to see that a state changed; longer than a stop wins
RAIL_WINDOW_MS = 68
INSIDE = 1_340, 3_690  # thermistor codes well within every limit
SKIN = tmp117_code(30_000), tmp117_code(36_000)


class FakeHal(FileCalls):
    """Inputs as the test set them; every call, in order, in `calls`."""

    def __init__(self, start_ms: int = 0, number: Callable[[int], int] = int) -> None:
        self.number = number  # the kind of integer that the firmware is given
        self.calls: list[tuple[Any, ...]] = []
        # What the sensors say.
        self.pins = BUCKLE
        self.ntc = [0, 0]
        self.contact = [0, 0]
        self.board = [tmp117_code(30_000), tmp117_code(30_000)]
        self.skin = [20_480, 20_000]  # as calibrated on skin
        self.battery = 7_600 * 4096 // BOARD.BATTERY_FULL_SCALE_MV
        self.gauge = [round(3_800_000 / 78.125), 80 << 8]
        self.moving = True  # as sensors do by their noise
        self.resting = False  # skin neither warms nor cools before light
        self.silent: set[str] = set()  # parts of the I2C bus that do not answer
        self.heard_ticks = 1  # the thermometers and the gauge are heard in one tick of so many
        self.files: dict[str, bytes] = {}  # what is kept; nothing more, where
        self.storage_full = False  # it is full
        self.unreadable: set[str] = set()  # files that are there and cannot be read
        self.clock_s: int | None = None  # the battery-backed clock; None: there is none
        self.reader = False  # somebody reads telemetry, and
        self.lines: list[bytes] = []  # asks this, first first
        self.rail_01ma = -1  # the rail monitor's answer; negative: what the emitters draw
        self.rail_gain = 1.0  # of what the drivers draw over what the board file says
        self.skin_mc(33_000)
        # What is wrong with the power side.
        self.open_banks: set[int] = set()
        self.stuck_banks: set[int] = set()
        self.enable_stuck = False
        # Time, and the meter.
        self.start_ms = start_ms
        self.step_ms = TICK_MS
        self.t_ms = -TICK_MS  # since power-on; never wraps
        self.duty = [0] * len(BANK_MW)
        self.lease_end_ms = -1
        self.lit_ms = 0  # when current last flowed
        self.lit_duty_ms = [0] * len(BANK_MW)  # duty times ms, as the meter integrates it
        self.powers: list[float] = [0.0] * 3  # mW of the latest ticks

    # -- the bench's side ----------------------------------------------------------------

    def skin_mc(self, mc: int, pad: int | None = None) -> None:
        """Both contact sensors of a pad, or of both, at a temperature."""
        for k in (0, 1) if pad is None else (pad,):
            self.ntc[k] = ntc_code(BOARD, mc)
            self.contact[k] = tmp117_code(mc)

    def board_mc(self, mc: int) -> None:
        """Both LED-board thermometers at a temperature."""
        self.board = [tmp117_code(mc), tmp117_code(mc)]

    def cell_mv(self, mv: int) -> None:
        """The mean cell, at the converter and at the gauge."""
        self.battery = 2 * mv * 4096 // BOARD.BATTERY_FULL_SCALE_MV
        self.gauge[0] = round(mv * 1000 / 78.125)

    def emitting(self) -> bool:
        """Whether any emitter carries current now."""
        return any(self.currents())

    def currents(self) -> list[int]:
        """What a meter in each bank's string shows, in units of duty."""
        if not (self.enable_stuck or self.t_ms < self.lease_end_ms):
            return [0] * len(self.duty)
        currents = self.duty[:]
        for bank in self.stuck_banks:
            currents[bank] = DUTY_MAX
        for bank in self.open_banks:
            currents[bank] = 0
        return currents

    def called(self, name: str) -> int:
        """How often a method was called."""
        return sum(call[0] == name for call in self.calls)

    def lose_power(self, start_ms: int) -> None:
        """Power goes and comes back, or the chip is reset: every pin lets go, and the clock
        begins at `start_ms`."""
        self.duty = [0] * len(self.duty)
        self.lease_end_ms = -1
        self.start_ms = (start_ms - self.t_ms - TICK_MS) & CLOCK_MASK

    def _pass(self) -> None:
        """A tick's time goes by with the emitters as they are."""
        currents = self.currents()
        power_mw = 0.0
        lit_ms = max(0, min(self.step_ms, self.lease_end_ms - self.t_ms))
        for bank, duty in enumerate(currents):
            if duty:
                self.lit_duty_ms[bank] += duty * lit_ms
                power_mw += BANK_MW[bank] * duty / DUTY_MAX
        self.powers = [*self.powers[1:], power_mw]
        if power_mw:
            self.lit_ms = self.t_ms
        self.t_ms += self.step_ms

    # -- the contract --------------------------------------------------------------------

    def read(self, inputs: Any) -> None:
        self._pass()
        number = self.number
        ms = number((self.start_ms + self.t_ms) & CLOCK_MASK)
        inputs.ms = ms
        inputs.pins = number(self.pins)
        inputs.battery[0] = number(self.battery)
        for k in (0, 1):
            inputs.ntc[k] = number(self.ntc[k] + self.alive(k))
        self._answer(inputs, ms)

    def prove_rail(self) -> None:
        """Nothing to do: it is proved in each tick."""

    def _answer(self, inputs: Any, ms: int) -> None:
        """The I2C parts; one that is silent leaves its last value and when it was heard."""
        heard, number = self.t_ms // TICK_MS % self.heard_ticks == 0, self.number
        rail = self.rail_01ma
        if rail < 0:
            mean_mw = sum(self.powers) * TICK_MS / RAIL_WINDOW_MS
            rail = int(mean_mw * self.rail_gain * 10_000 / PACK_MV)
        a, b = (self.contact[k] + self.restless(k) for k in (0, 1))
        codes = (a, b, self.board[0], self.board[1], rail, 0, self.skin[0], self.skin[1])
        places = ((inputs.contact, 0), (inputs.contact, 1), (inputs.board, 0), (inputs.board, 1),
                  (inputs.rail, 0), (inputs.gauge, 0), (inputs.skin, 0),
                  (inputs.skin, 1))  # fmt: skip
        for slot, name in enumerate(HEARD_NAMES):
            if name in self.silent:
                continue
            if heard or name == "RAIL":
                inputs.heard[slot] = inputs.proved[0] = ms
            if name == "GAUGE":
                inputs.gauge[:] = [number(self.gauge[0]), number(self.gauge[1])]
            else:
                values, index = places[slot]
                values[index] = number(codes[slot])

    def drive(self, bank: int, duty: int) -> None:
        assert 0 <= duty <= DUTY_MAX
        self.calls.append(("drive", bank, duty))
        self.duty[bank] = int(duty)

    def alive(self, pad: int) -> int:
        """A converter's codes are never quite still; near a limit they are just what was set."""
        quiet = not INSIDE[0] < self.ntc[pad] < INSIDE[1]
        return 0 if quiet or not self.moving or self.t_ms // TICK_MS % 20 else 1

    def restless(self, pad: int) -> int:
        """A thermometer moves by a step; and skin in the dark warms by one a second, so that a
        rise in these tests, where skin may spring, is not held against the energy given."""
        if not self.moving:
            return 0
        if self.resting or not SKIN[0] < self.contact[pad] < SKIN[1]:
            return self.t_ms // 10_000 % 2
        return (self.t_ms - self.lit_ms) // 1_000 % 64 + self.t_ms // 10_000 % 2

    def off(self) -> None:
        self.calls.append(("off",))
        self.duty = [0] * len(self.duty)
        self.lease_end_ms = self.t_ms

    def renew_lease(self) -> None:
        self.calls.append(("renew_lease",))
        self.lease_end_ms = self.t_ms + LEASE_MS

    def carrier(self, hz: int) -> None:
        self.calls.append(("carrier", hz, self.emitting()))

    def feed(self) -> None:
        self.calls.append(("feed",))

    def signal(self, cue: int) -> None:
        self.calls.append(("signal", cue))

    def arm(self, armed: bool) -> None:
        self.calls.append(("arm", armed, self.emitting()))

    def show(self, row: int, cells: bytearray) -> None:
        assert 0 <= row < 8 and len(cells) == 16 and bytes(cells).isascii()
        self.calls.append(("show", row, bytes(cells)))

    def write_line(self, line: bytearray, length: int) -> None:
        self.calls.append(("write_line", bytes(line[:length])))

    def listening(self) -> bool:
        return self.reader

    def read_line(self) -> Any:
        return self.lines.pop(0) if self.lines else None

    def power_off(self) -> None:
        self.calls.append(("power_off", self.emitting()))

    def reset_cause(self) -> int:
        return POWER_ON

    def scratch(self) -> int:
        return 0

    def set_scratch(self, word: int) -> None:
        self.calls.append(("set_scratch", word))

    def load(self, name: str) -> Any:
        self.calls.append(("load", name))
        return b"" if name in self.unreadable else self.files.get(name)

    def store(self, name: str, content: bytes) -> bool:
        self.calls.append(("store", name, bytes(content), self.emitting()))
        if self.storage_full:
            return False
        self.files[name] = bytes(content)
        return True

    def append(self, name: str, content: bytes) -> bool:
        return self.store(name, self.files.get(name, b"") + content)

    def size(self, name: str) -> Any:
        return len(self.files[name]) if name in self.files else None

    def tail(self, name: str, most: int) -> Any:
        return b"" if name in self.unreadable else self.files[name][-most:]

    def wall_clock(self) -> Any:
        return self.clock_s

    def set_wall_clock(self, seconds: int) -> bool:
        self.calls.append(("set_wall_clock", seconds))
        if self.clock_s is None:
            return False
        self.clock_s = seconds
        return True


class Bench:
    """A unit on the bench: worn, charged and at rest, unless a test says otherwise."""

    def __init__(
        self,
        prescription: object = DEFAULT,
        calibration: object = CALIBRATION,
        start_ms: int = 0,
        number: Callable[[int], int] = int,
        files: dict[str, bytes] | None = None,
        clock_s: int | None = None,
    ) -> None:
        self.hal = FakeHal(start_ms, number)
        self.hal.files.update(files or {})
        self.hal.clock_s = clock_s
        self.kept = (calibration, prescription)
        self.unit = Waistband(self.hal, BOARD, sealed(calibration, BOARD, self.hal), prescription)
        self.lit_in: set[str] = set()  # states in which a meter saw current

    @property
    def state(self) -> str:
        """The state by name."""
        return states.STATES[self.unit.session.state]

    @property
    def reason(self) -> str:
        """Why the last session ended."""
        return states.REASONS[self.unit.session.reason]

    @property
    def refused(self) -> str:
        """Why what was asked last was refused; empty if it was not."""
        return states.REFUSALS[self.unit.session.refused]

    def cues(self) -> list[str]:
        """What the wearer heard and felt, in order."""
        return [states.CUES[call[1]] for call in self.hal.calls if call[0] == "signal"]

    def faults(self) -> list[tuple[str, str]]:
        """The faults so far, by name and pad."""
        latch = self.unit.faults
        return [(FAULTS[row[0]][0], PADS[row[1]]) for row in latch.rows[: latch.count]]

    def reset(self, start_ms: int = 0) -> None:
        """Power is lost and comes back, or the chip is reset: the same unit, begun anew."""
        self.hal.lose_power(start_ms)
        calibration, prescription = self.kept
        self.unit = Waistband(self.hal, BOARD, sealed(calibration, BOARD, self.hal), prescription)

    def tick(self) -> None:
        """One tick."""
        self.unit.tick()
        if self.hal.emitting():
            self.lit_in.add(self.state)

    def run(self, ms: int) -> None:
        """Let time go by."""
        for _ in range(ms // TICK_MS):
            self.tick()

    def skin(self, mc: int, pad: int | None = None) -> None:
        """The skin under a pad, or both, at a temperature from the next control step on. It warmed
        as skin does: no sensor is taken to have jumped."""
        while self.unit.phase != CONTROL_TICKS - 1:
            self.tick()
        self.hal.skin_mc(mc, pad)
        for one in self.unit.pads:
            one.checks.seen = 0
        self.run(CONTROL_TICKS * TICK_MS)

    def take_off(self) -> None:
        """The belt comes off, and is put on again: every sign is seen to go and to come."""
        pins, skin = self.hal.pins, self.hal.skin
        self.hal.pins, self.hal.skin = pins & ~BUCKLE, [4_096, 4_000]
        self.run(400)
        self.hal.pins, self.hal.skin = pins, skin
        self.run(400)

    def until(self, state: str, within_ms: int = 10_000) -> int:
        """Let time go by until the unit is in a state; how long that took, in ms."""
        for k in range(within_ms // TICK_MS + 1):
            if self.state == state:
                return k * TICK_MS
            self.tick()
        raise AssertionError(f"{self.state} and not {state} after {within_ms} ms")

    def dark_after_ms(self, within_ms: int = 2_000) -> int:
        """Let time go by until no emitter carries current; how long that took, in ms."""
        for k in range(within_ms // TICK_MS + 1):
            if not self.hal.emitting():
                return k * TICK_MS
            self.tick()
        raise AssertionError(f"still lit after {within_ms} ms")

    def down(self, button: int) -> None:
        """Press a button until the unit has taken it."""
        self.hal.pins |= button
        self.run(60)

    def up(self, button: int) -> None:
        """Let go of it."""
        self.hal.pins &= ~button
        self.run(60)

    def press(self, button: int, ms: int = 100) -> None:
        """A short press."""
        self.down(button)
        self.run(ms - 60)
        self.up(button)

    def acknowledge(self) -> None:
        """UP, then START held: a person who means it."""
        self.press(UP)
        self.press(START, 1_700)

    def to_ready(self) -> "Bench":
        """Through the self-test, and a moment longer: nobody presses in that very instant."""
        self.until("READY")
        self.run(MOMENT_MS)
        return self

    def to(self, state: str) -> "Bench":
        """To any state that a session or a mishap leads to, in the shortest way."""
        if state == "CHARGING":
            self.to_ready().hal.pins |= CHARGER
        elif state == "FAULT":
            self.to_ready().hal.skin_mc(45_000)
        elif state == "LOCKED":
            self.until("LOCKED")
        elif state != "SELF_TEST":
            self.to_ready()
            if state != "READY":
                self.press(START)
            if state == "PAUSED":
                self.until("RAMP", 20_000)
                self.press(START)
                self.run(MOMENT_MS)
            elif state == "OFF":
                self.down(START)
                self.run(1_600)
            elif state == "DONE":
                self.until("RAMP", 20_000)
                self.hal.cell_mv(2_800)
        self.until(state, 60_000)
        return self

    def fluence_mj_cm2(self, pad: int) -> float:
        """What a meter at the skin would have summed up, LED board at 25 C."""
        full = CALIBRATION["irradiance_mw_cm2"]["AB"[pad]]
        given: float = sum(
            full[name] * self.hal.lit_duty_ms[pad * len(NAMES) + k] / DUTY_MAX / 1000
            for k, name in enumerate(NAMES)
        )
        return given
