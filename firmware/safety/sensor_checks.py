"""Sensor checks: do a pad's temperature readings match the power that the pad gave?

Called by `Pad` once a control step (200 ms). Reads duties and sensor codes, latches faults, never
changes power. Thresholds scale with the delivered power, so that ambient temperature, battery
voltage, body fat, blood flow and blankets do not change them. Derivation:
docs/maintainer/safety.md, "Judging the sensors".

| check    | fault         | condition                                                          |
|----------|---------------|--------------------------------------------------------------------|
| jump     | contact_jump  | a contact sensor, or both alike, moves by more than JUMP_MC        |
| still    | contact_still | a contact sensor does not change at all while energy arrives       |
| loose    | contact_loose | LED board warmer than the face by more than waste heat explains    |
| off skin | off_skin      | in the first 200 s the face warms faster than it can on any skin   |

`off_skin` is judged only where the pad was at rest before the light; heat from a warmer room is
allowed for.
"""

from firmware.core import faults, limits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from firmware.core.faults import Faults
    from firmware.core.inputs import Inputs
    from hal.contract import Board

# The rise of the contact face on the skin that warms most of those tried (no blood flow, 40 mm
# of fat, under a blanket, at 40 C): per W/m2 of waste heat and of light, in mC, that it would
# come to, with a time constant of 2048 control steps. Fitted to sim/physics/tissue.py; a test
# holds it.
RISE_WASTE_MC = 38
RISE_LIGHT_MC = 19
RISE_SHIFT = 11
ROOM_MC = 7  # at once, per W/m2 that a room adds: 1 / (150 W/m2K) from face to skin
RISE_Q = 10  # the filter keeps its value in 1024ths
RISE_STEPS = 1_000  # judged for the first 200 s of light: then blood decides, and the room
SETTLE_SHIFT = 7  # board and face come together within 128 control steps
WASTE_MAX_W_M2 = 5_000  # far more than a pad can take; keeps every product below 2**30
START_MC = 6_000  # a pad just put on may be this far from its board
SURE_STEPS = 5  # a second
# A placebo unit's face does not warm. On skin a lit face comes to 0.80-0.86 of the rise that is
# allowed (5 wearers, 60-180 s); heat from outside may take the sixth that is left, in both arms.
UNUSED = 6
SEEN = 4  # control steps, before a spring can be told


def sprang(past_mc: list[int], now_mc: int) -> int:
    """By how much the last two values of a sensor lie beyond both that were before, in mC; 0 where
    that is no jump. `past_mc` holds three, and takes the present one in."""
    one, two, three = past_mc
    past_mc[0] = two
    past_mc[1] = three
    past_mc[2] = now_mc
    if -limits.JUMP_MC <= now_mc - two <= limits.JUMP_MC:
        return 0
    up = min(three, now_mc) - max(one, two)
    down = min(one, two) - max(three, now_mc)
    return max(up, down, 0)


class SensorChecks:
    """What one pad's sensors were like, and what they may come to."""

    def __init__(self, board: "Board", index: int, full_uw_cm2: list[int]) -> None:
        self.index = index
        self.full_mw = [row[3] for row in board.BANKS]
        self.full_uw_cm2 = full_uw_cm2
        self.window_cm2 = board.WINDOW_CM2
        self.window_w_m2k = board.PAD_WINDOW_W_M2K
        self.dark = False  # a placebo unit: duties are those that a lit one would give
        self.light_w_m2 = self.waste_w_m2 = 0  # of the control step that ends
        self.thermistor = [0, 0, 0]  # mC at the last three control steps, the oldest first
        self.digital = [0, 0, 0]
        self.seen = 0
        self.ntc_sum = self.contact_code = 0  # as last seen
        self.begin(0, 0, False)

    def begin(self, contact_mc: int, board_mc: int, at_rest: bool) -> None:
        """Light begins; `at_rest`: the pad neither warmed nor cooled just before."""
        self.start_mc = contact_mc
        self.dark_mc = board_mc - contact_mc
        self.settled_q10 = 0  # the waste heat, as slowly as the board warms
        self.rise_q10 = 0
        self.steps = 0 if at_rest else RISE_STEPS
        self.apart_mc = START_MC  # the board above the face, at most
        self.ntc_steps = self.contact_steps = 0  # control steps running without any change
        self.loose_steps = self.off_steps = 0

    def power(self, duties: list[int], first: int, lit_ms: int, step_ms: int) -> None:
        """What the pad's banks gave in the control step that ends, W/m2 of its window."""
        electrical_mw = light_uw_cm2 = 0
        full_mw = self.full_mw
        full_uw_cm2 = self.full_uw_cm2
        for k in range(len(full_mw)):
            duty = duties[first + k]
            electrical_mw += full_mw[k] * duty >> 16
            light_uw_cm2 += full_uw_cm2[k] * duty >> 16
        if self.dark:
            electrical_mw //= UNUSED
            light_uw_cm2 //= UNUSED
        self.light_w_m2 = light_uw_cm2 // 100 * lit_ms // step_ms
        electrical_w_m2 = electrical_mw * 10 // self.window_cm2 * lit_ms // step_ms
        waste_w_m2 = max(electrical_w_m2 - self.light_w_m2, 0)
        self.waste_w_m2 = min(waste_w_m2, WASTE_MAX_W_M2)

    def jump_mc(self, thermistor_mc: int, digital_mc: int) -> int:
        """How far a contact sensor sprang, and stayed, whether or not the other did the same: no
        skin and no air moves the face so far (a belt put on from 5 C: 0.29 C). 0 where none did.
        What lasts one control step is a spike, and no sensor's fault. Negative where both did:
        nothing tells whether they lie ever since."""
        a_mc = sprang(self.thermistor, thermistor_mc)
        b_mc = sprang(self.digital, digital_mc)
        self.seen += 1 if self.seen < SEEN else 0
        if self.seen < SEEN or max(a_mc, b_mc) <= limits.JUMP_MC:
            return 0
        both_mc = min(a_mc, b_mc)
        return -both_mc if both_mc > limits.JUMP_MC else max(a_mc, b_mc)

    def still(self, inputs: "Inputs", ntc_sum: int, latch: "Faults") -> None:
        """While energy arrives: does each contact sensor move at all?"""
        index = self.index
        code = inputs.ntc[index]
        wide = -limits.NTC_DNL_NEAR <= code - limits.NTC_DNL_CODE <= limits.NTC_DNL_NEAR
        same = ntc_sum == self.ntc_sum and not wide
        self.ntc_steps = self.ntc_steps + 1 if same else 0
        same = inputs.contact[index] == self.contact_code
        self.contact_steps = self.contact_steps + 1 if same else 0
        self.ntc_sum = ntc_sum
        self.contact_code = inputs.contact[index]
        steps, limit = self.ntc_steps, limits.STILL_NTC_STEPS
        if self.contact_steps >= limits.STILL_CONTACT_STEPS:
            steps, limit = self.contact_steps, limits.STILL_CONTACT_STEPS
        if steps >= limit:
            latch.raise_fault(faults.CONTACT_STILL, index, inputs.ms, steps, limit)

    def judge(self, ms: int, contact_mc: int, board_mc: int, latch: "Faults") -> None:
        """While power rises or is on: do contact and board fit what was given?"""
        index = self.index
        waste_w_m2 = self.waste_w_m2
        # no more than a fifth above what a steady flow of all the waste heat needs
        most_mc = waste_w_m2 * 1_200 // self.window_w_m2k
        apart_mc = self.apart_mc
        self.apart_mc = (
            most_mc if most_mc > apart_mc else (apart_mc - ((apart_mc - most_mc) >> SETTLE_SHIFT))
        )
        loose_mc = board_mc - contact_mc - self.apart_mc - limits.LOOSE_MARGIN_MC
        self.loose_steps = self.loose_steps + 1 if loose_mc > 0 else 0
        if self.loose_steps >= SURE_STEPS:
            limit_mc = board_mc - self.apart_mc - limits.LOOSE_MARGIN_MC
            latch.raise_fault(faults.CONTACT_LOOSE, index, ms, contact_mc, limit_mc)
        if self.steps >= RISE_STEPS:
            return
        self.steps += 1
        # off the skin less than three quarters of the waste heat pass the window to the face
        # (docs/maintainer/safety.md): what passes beyond them came from a room that has grown
        # warmer
        self.settled_q10 += ((waste_w_m2 << RISE_Q) - self.settled_q10) >> SETTLE_SHIFT
        passes_w_m2 = (board_mc - contact_mc - self.dark_mc) * self.window_w_m2k // 1_000
        room_w_m2 = passes_w_m2 - (self.settled_q10 >> RISE_Q) * 3 // 4
        room_w_m2 = min(max(room_w_m2, 0), WASTE_MAX_W_M2)
        heat_w_m2 = waste_w_m2 + room_w_m2
        comes_to_q10 = (heat_w_m2 * RISE_WASTE_MC + self.light_w_m2 * RISE_LIGHT_MC) << RISE_Q
        self.rise_q10 += (comes_to_q10 - self.rise_q10) >> RISE_SHIFT
        most_mc = self.start_mc + (self.rise_q10 >> RISE_Q) * 9 // 8 + room_w_m2 * ROOM_MC
        most_mc += limits.OFF_SKIN_MARGIN_MC
        self.off_steps = self.off_steps + 1 if contact_mc > most_mc else 0
        if self.off_steps >= SURE_STEPS:
            latch.raise_fault(faults.OFF_SKIN, index, ms, contact_mc, most_mc)
