"""Pad: sensor readings, temperature controller (PI with anti-windup) and dose counters.

Called once a control step for each pad. The contact temperature that everything
goes by is the warmer of the pad's two contact sensors.
"""

from firmware.core import faults
from firmware.core.inputs import BOARD_A, SKIN_A
from firmware.core.limits import (
    BOARD_DERATE_MC,
    BOARD_HEARD_WITHIN_MS,
    BOARD_TRIP_MC,
    CLOCK_MASK,
    CONTACT_WARN_MC,
    CONTROL_TICKS,
    HEARD_WITHIN_MS,
    JUMP_MC,
    NTC_OPEN_CODE,
    NTC_SHORT_CODE,
    PAIR_APART_STEPS,
    PAIR_TRIP_MC,
    REST_MC,
    SKIN_HEARD_WITHIN_MS,
    SPOT_FROM_MC,
    SPOT_SHIFT,
)
from firmware.safety.sensor_checks import SensorChecks
from firmware.therapy.dose import Cem43, Fluence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array

    from firmware.core.faults import Faults
    from firmware.core.inputs import Inputs
    from hal.contract import Board

ONE = 65_536  # a throttle fully open

# The controller: full power until BAND below the set point, then a proportional part and an
# integral that finds what the skin takes. Tuned on the plant at its worst corners (thick fat,
# no vasodilation): contact overshoots by less than 0.1 C. See docs/maintainer/thermal-control.md.
BAND_MC = 1_000
GAIN = ONE // BAND_MC  # throttle a mC
INTEGRAL_SHIFT = 9  # mC * ms, shifted by this, is throttle
ERROR_MAX_MC = 2_000
DERATE_SPAN_MC = BOARD_TRIP_MC - BOARD_DERATE_MC

assert ERROR_MAX_MC * GAIN < 1 << 30 and ERROR_MAX_MC * 1_000 < 1 << 30


class Pad:
    """A pad's state, in mC, uJ/cm2 and throttle (0-65536)."""

    def __init__(
        self, index: int, board: "Board", table: "array[int]", ntc_offset_mc: int,
        full_uw_cm2: "list[int]",
    ) -> None:  # fmt: skip
        self.index = index
        self.table = table  # of `ntc_table`, which takes 65 ms: both pads have the same
        self.ntc_offset_mc = ntc_offset_mc
        self.first = index * len(full_uw_cm2)  # its first bank
        self.fluence = Fluence(full_uw_cm2)
        self.cem43 = Cem43()
        self.checks = SensorChecks(board, index, full_uw_cm2)
        self.code_sum = 0
        self.thermistor_mc = self.digital_mc = 0  # its two contact sensors, and
        self.contact_mc = 0  # the warmer of them
        self.before_mc = self.earlier_mc = 0  # ... one and two control steps before
        self.highest_mc = 0  # that contact reached in this session and held for three steps
        self.rest_mc = self.later_mc = 0  # while dark: 5 to 15 s ago, and since
        self.at_rest = False
        self.board_mc = 0
        self.allowance_mc = board.SPOT_ALLOWANCE_MC  # skin under an emitter, over the sensors
        self.spot_q10_mc = 0  # skin without blood flow, over the sensors, in 1024ths of a mC
        self.throttle = 0
        self.integral = 0  # throttle that the integral takes away
        self.done = False  # its dose is reached
        self.stop_uj_cm2 = 0  # where that is in this step, and
        self.whole_uj_cm2 = 0  # at most in all that is left of the session
        self.from_uj_cm2 = 0  # where the step began: below zero in an earlier START's light
        self.apart_steps = 0  # control steps running that the contact sensors disagreed
        self.ramp_ms = 0  # full-power time withheld by the ramp, and
        self.throttled_ms = 0  # by the set point or a limit

    def begin(self, whole_uj_cm2: int) -> None:
        """A new session of this fluence; -1: the rest of one that ended early."""
        if whole_uj_cm2 >= 0:
            self.whole_uj_cm2 = whole_uj_cm2
            self.from_uj_cm2 = self.cem43.session_q10_ms = 0
        self.stop_uj_cm2 = self.whole_uj_cm2
        self.fluence.clear()
        self.integral = self.ramp_ms = self.throttled_ms = self.highest_mc = 0
        self.done = False

    def count(self, out: list[int], lit_ms: int, treating: bool) -> None:
        """The light of the control step that ends, and how much of it was withheld."""
        self.fluence.add(out, self.first, lit_ms, self.board_mc)
        if not self.done:
            withheld_ms = (ONE - self.throttle) * lit_ms >> 16
            if treating:
                self.throttled_ms += withheld_ms
            else:
                self.ramp_ms += withheld_ms

    def ntc_mc(self, code_q4: int) -> int:
        """Temperature in mC of a thermistor code in sixteenths."""
        cell = code_q4 >> 8
        below_mc: int = self.table[cell]
        more_mc = (self.table[cell + 1] - below_mc) * (code_q4 & 255) >> 8
        return below_mc + more_mc + self.ntc_offset_mc

    def sense(self, inputs: "Inputs", code_sum: int) -> None:
        """Take a control step's codes; `code_sum` is the sum of its thermistor codes."""
        index = self.index
        self.code_sum = code_sum
        self.thermistor_mc = self.ntc_mc((code_sum << 4) // CONTROL_TICKS)
        self.digital_mc = inputs.contact[index] * 125 >> 4
        self.board_mc = inputs.board[index] * 125 >> 4
        self.earlier_mc = self.before_mc
        self.before_mc = self.contact_mc
        self.contact_mc = max(self.thermistor_mc, self.digital_mc)
        # a spike of one sensor lasts two steps at most: what is recorded, three bear out
        held_mc = min(self.contact_mc, self.before_mc, self.earlier_mc)
        if held_mc > self.highest_mc:
            self.highest_mc = held_mc

    def count_heat(self, step_ms: int) -> None:
        """Count a control step's thermal dose, lit or dark, of the hottest skin that there may be
        under the pad."""
        above_mc = self.contact_mc - SPOT_FROM_MC
        if above_mc < 0:
            above_mc = 0
        self.spot_q10_mc += ((above_mc << 9) - self.spot_q10_mc) >> SPOT_SHIFT
        hottest_mc = self.contact_mc + self.allowance_mc + (self.spot_q10_mc >> 10)
        self.cem43.add(hottest_mc, step_ms)

    def lowered_mc(self) -> int:
        """By how much contact is held below the set point: the allowance for emitters, and 750 mC
        for each minute of thermal dose, which makes the dose last for the longest session."""
        return self.allowance_mc + (self.cem43.session_q10_ms >> 14) // 5

    def rest(self, begin: bool, later: bool, long_enough: bool) -> None:
        """Dark: has the pad not warmed in the last 5 to 15 s? `begin`: they begin now; `later`:
        another 5 s are over; `long_enough`: 5 s were dark and worn. A pad may cool: what is left
        of earlier heat only falls, so that a rise is still no more than the light's."""
        if begin:
            self.rest_mc = self.later_mc = self.digital_mc
        elif later:
            self.rest_mc = self.later_mc
            self.later_mc = self.digital_mc
        self.at_rest = long_enough and self.digital_mc - self.rest_mc <= REST_MC

    def judge(self, inputs: "Inputs", latch: "Faults") -> None:
        """Latch what is wrong with this pad's sensors."""
        index = self.index
        ms = inputs.ms
        heard = inputs.heard
        jump_mc = self.checks.jump_mc(self.thermistor_mc, self.digital_mc)
        if not NTC_SHORT_CODE < inputs.ntc[index] < NTC_OPEN_CODE:
            self.checks.seen = 0  # nothing jumps from a wire that is open, or to it
            jump_mc = 0
        apart_mc = abs(self.thermistor_mc - self.digital_mc)
        age_ms = (ms - heard[index]) & CLOCK_MASK
        if age_ms > HEARD_WITHIN_MS or heard[index] < 0:
            open_too = inputs.ntc[index] >= NTC_OPEN_CODE
            if open_too and latch.rename(faults.NTC_OPEN, faults.PAD_UNPLUGGED, index):
                return
            latch.raise_fault(faults.CONTACT_LOST, index, ms, age_ms, HEARD_WITHIN_MS)
            apart_mc = 0  # a silent sensor is not a valid second reading
            self.checks.seen = 0  # nor is its last one what it may jump from
        self.apart_steps = self.apart_steps + 1 if apart_mc > PAIR_TRIP_MC else 0
        if self.apart_steps >= PAIR_APART_STEPS:
            latch.raise_fault(faults.CONTACT_APART, index, ms, apart_mc, PAIR_TRIP_MC)
        elif jump_mc:
            latch.raise_fault(faults.CONTACT_JUMP, index, ms, abs(jump_mc), JUMP_MC, jump_mc < 0)
        board_ms, skin_ms = heard[BOARD_A + index], heard[SKIN_A + index]
        latch.check_heard(faults.BOARD_LOST, index, ms, board_ms, BOARD_HEARD_WITHIN_MS)
        latch.check_heard(faults.SKIN_LOST, index, ms, skin_ms, SKIN_HEARD_WITHIN_MS)

    def fit(
        self, out: list[int], lit_ms: int, step_ms: int, inputs: "Inputs", latch: "Faults"
    ) -> None:
        """While power rises or is on: latch where it does not fit what the pad feels."""
        self.checks.power(out, self.first, lit_ms, step_ms)
        self.checks.still(inputs, self.code_sum, latch)
        self.checks.judge(inputs.ms, self.contact_mc, self.board_mc, latch)

    def regulate(self, set_point_mc: int, step_ms: int, ceiling: int) -> int:
        """The throttle for the next control step, at most `ceiling` (the ramp)."""
        error_mc = set_point_mc - self.lowered_mc() - self.contact_mc
        if error_mc > ERROR_MAX_MC:
            error_mc = ERROR_MAX_MC
        elif error_mc < -ERROR_MAX_MC:
            error_mc = -ERROR_MAX_MC
        integral = self.integral
        opened = (error_mc * GAIN) - integral
        # wind the integral only while it decides anything
        if (opened < ceiling or error_mc < 0) and (opened > 0 or error_mc > 0):
            integral -= error_mc * step_ms >> INTEGRAL_SHIFT
            if integral < -ONE:
                integral = -ONE
            elif integral > ONE:
                integral = ONE
            self.integral = integral
        if self.contact_mc >= CONTACT_WARN_MC or self.board_mc >= BOARD_TRIP_MC:
            opened = 0
        elif self.board_mc > BOARD_DERATE_MC:
            left = (BOARD_TRIP_MC - self.board_mc) * ONE // DERATE_SPAN_MC
            if left < opened:
                opened = left
        if opened > ceiling:
            opened = ceiling
        if opened < 0:
            opened = 0
        self.throttle = opened
        return opened
