"""Wear detector: is the belt worn, for how long has it been, and was a sign of it lost?

Worn is three signs, each of which can fail alone:

| sign        | there                                          | lost                             |
|-------------|------------------------------------------------|----------------------------------|
| buckle      | its switch is closed                           | open for BUCKLE_TICKS            |
| skin sensor | of each pad, above 60 % of the calibrated step | one look below 40 %              |
| warmth      | both contact sensors of each pad, 28 to 38.5 C | below 28 C for UNWORN_STEPS      |

Asked by `firmware.waistband` once a control step, the buckle in each tick, and by
`firmware.ui.button_actions` for a press. Reads the buckle, the skin sensors and the contact
temperatures; changes its own counters, and lets the pads say whether they are at rest.
"""

from firmware.core.inputs import BUCKLE
from firmware.core.limits import (
    BUCKLE_TICKS,
    CLOCK_MASK,
    RESUME_BELOW_MC,
    SKIN_OFF_PERCENT,
    SKIN_ON_PERCENT,
    UNWORN_STEPS,
    WORN_MAX_MC,
    WORN_MIN_MC,
    WORN_MS,
)
from firmware.core.states import LIT, PAUSED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from firmware.core.inputs import Inputs
    from firmware.therapy.pad import Pad

SIGNS = 7  # of `seen_off`: the skin sensors of pad A and B, the buckle
BUCKLE_SIGN = 4
MOST_MS = 1 << 29


class WearDetector:
    """The three signs, and what has become of them."""

    def __init__(
        self, inputs: "Inputs", pads: "tuple[Pad, Pad]", skin_codes: "list[list[int]]"
    ) -> None:
        """`skin_codes`: of each pad's skin sensor, in air and on skin, as calibrated."""
        self.inputs = inputs
        self.pads = pads
        # absolute: no baseline that could follow a touch that is held
        self.on_codes = [air + (skin - air) * SKIN_ON_PERCENT // 100 for air, skin in skin_codes]
        self.off_codes = [air + (skin - air) * SKIN_OFF_PERCENT // 100 for air, skin in skin_codes]
        self.touched = [False, False]
        self.open_ticks = 0  # running, that the buckle was open
        self.on_ms = 0  # running, that buckle and skin sensors said on: warmth has no say in it
        # seen to be off since light last began, or the buckle opened; at power-on nobody asks
        self.seen_off = SIGNS
        self.begin(True)

    def begin(self, lost: bool) -> None:
        """A session begins (`lost`), or pauses: the worn test counts anew."""
        self.worn_ms = 0  # running
        self.cold_steps = 0  # control steps running
        self.lost = lost  # a sign was lost, and the worn test was not passed since

    def light(self, again: bool) -> None:
        """Light begins after the worn test was passed, or (`again`) in a check amid it."""
        self.seen_off = 0
        if not again:
            self.lost = False

    def feel_buckle(self, pins: int) -> None:
        """Each tick."""
        if pins & BUCKLE:
            self.open_ticks = 0
        elif self.open_ticks < BUCKLE_TICKS:
            self.open_ticks += 1
            if self.open_ticks == BUCKLE_TICKS:
                self.lost = True
                self.worn_ms = 0
                if self.touched[0] or self.touched[1]:
                    self.seen_off = 0  # what is touched now must read air, or may be stuck
                self.seen_off |= BUCKLE_SIGN

    def sense(self, step_ms: int, state: int) -> None:
        """Each control step: which signs are there, and for how long all of them have been.
        While it is dark the pads learn whether they are at rest."""
        skin = self.inputs.skin
        touched = self.touched
        cold = False
        for k in (0, 1):
            code = skin[k]
            if code < self.off_codes[k]:
                touched[k] = False
                self.seen_off |= 1 << k
            elif code >= self.on_codes[k]:
                touched[k] = True
            cold = cold or self.pads[k].contact_mc < WORN_MIN_MC
        self.cold_steps = self.cold_steps + 1 if cold else 0
        on = self.inputs.pins & BUCKLE and touched[0] and touched[1]
        self.on_ms = min(self.on_ms + step_ms, MOST_MS) if on else 0
        if self.cold_steps >= UNWORN_STEPS or not (touched[0] and touched[1]):
            self.lost = True
        worn = self.is_worn(RESUME_BELOW_MC if state == PAUSED else WORN_MAX_MC)
        self.worn_ms = self.worn_ms + step_ms if worn else 0
        later = self.worn_ms >= 2 * WORN_MS
        if later:
            self.worn_ms -= WORN_MS
        if state not in LIT:
            for pad in self.pads:
                pad.rest(self.worn_ms <= step_ms, later, self.worn_ms >= WORN_MS)

    def is_worn(self, warmest_mc: int = CLOCK_MASK) -> bool:
        """All three signs are there, and no contact is warmer than `warmest_mc`."""
        touched = self.touched
        if not (self.inputs.pins & BUCKLE and touched[0] and touched[1]):
            return False
        for pad in self.pads:
            if not WORN_MIN_MC <= pad.contact_mc <= warmest_mc:
                return False
        return True

    def is_put_on(self) -> bool:
        """Whether the worn test is passed: worn for WORN_MS running."""
        return self.worn_ms >= WORN_MS and not self.opened_alone()

    def opened_alone(self) -> bool:
        """The buckle was open, and a skin sensor that was touched then has not read air since."""
        return BUCKLE_SIGN <= self.seen_off < SIGNS

    def warmest_mc(self) -> int:
        """The warmer pad's contact temperature."""
        a, b = self.pads
        return a.contact_mc if a.contact_mc > b.contact_mc else b.contact_mc
