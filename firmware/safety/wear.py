"""Wear detector: is the belt worn, for how long has it been, and has it come off?

Asked by `firmware.waistband` once a control step in a session, and by `firmware.ui.button_actions`
for a press. Reads the buckle and contact temperatures; changes its own counters, and lets the pads
say whether they are at rest while it waits for skin.
"""

from firmware.core.inputs import BUCKLE
from firmware.core.limits import CLOCK_MASK, UNWORN_STEPS, WORN_MAX_MC, WORN_MIN_MC, WORN_MS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from firmware.core.inputs import Inputs
    from firmware.therapy.pad import Pad


class WearDetector:
    """How long the belt has been worn, or off the skin."""

    def __init__(self, inputs: "Inputs", pads: "tuple[Pad, Pad]") -> None:
        self.inputs = inputs
        self.pads = pads
        self.begin()

    def begin(self) -> None:
        """A session begins, or pauses: count anew."""
        self.worn_ms = 0  # running, while it waits for skin
        self.unworn_steps = 0  # control steps running, while lit

    def is_worn(self, warmest_mc: int = CLOCK_MASK) -> bool:
        """Buckle closed and both contacts as warm as skin, and no warmer than `warmest_mc`."""
        if not self.inputs.pins & BUCKLE:
            return False
        for pad in self.pads:
            if not WORN_MIN_MC <= pad.contact_mc <= warmest_mc:
                return False
        return True

    def is_put_on(self, step_ms: int) -> bool:
        """While it waits for skin, once a control step: worn for WORN_MS running."""
        worn = self.is_worn(WORN_MAX_MC)
        self.worn_ms = self.worn_ms + step_ms if worn else 0
        for pad in self.pads:
            pad.rest(self.worn_ms <= step_ms)
        return self.worn_ms >= WORN_MS

    def is_off(self) -> bool:
        """While lit, once a control step: not worn for UNWORN_STEPS running."""
        self.unworn_steps = 0 if self.is_worn() else self.unworn_steps + 1
        return self.unworn_steps >= UNWORN_STEPS

    def warmest_mc(self) -> int:
        """The warmer pad's contact temperature."""
        a, b = self.pads
        return a.contact_mc if a.contact_mc > b.contact_mc else b.contact_mc
