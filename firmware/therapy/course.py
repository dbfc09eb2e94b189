"""A course: a prescription in integers, ready for the tick.

Made by `firmware.therapy.prescription`, which checks what the file says and is let go of after the
start. Read by whatever gives, shows and records light; the journal's number and expiry are set by
`firmware.parts`.
"""

from firmware.core import limits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hal.contract import Board


class Step:
    """A step. Lists are by bank of one pad; `duties` has pad A's first."""

    def __init__(self) -> None:
        self.pads = 3  # bits: 1 is pad A, 2 is pad B
        self.carrier_hz = limits.CARRIER_HZ
        self.period_ticks = 1
        self.on_ticks = 1
        self.irradiance_uw_cm2: list[int] = []  # the average at the skin
        self.total_uw_cm2 = 0
        self.ms = 0  # of light, where minutes end it
        self.fluence_uj_cm2 = 0
        self.duties: list[int] = []
        # towards its dose a pad is slowed down, and stops where as little is left as two
        # checks or a sixteenth of a control step could give
        self.worst_uj_cm2 = self.least_uj_cm2 = 0

    def of_pad(self, pad: int, value: int) -> int:
        """A value of the step for one pad: 0 where the step is not for that pad."""
        return value if self.pads >> pad & 1 else 0

    def longest_ms(self) -> int:
        """How long it lasts at full throttle."""
        return self.ms or self.fluence_uj_cm2 // self.total_uw_cm2 * 1000

    def power_mw(self, board: "Board") -> int:
        """Average electrical power of the emitters at full throttle, both pads."""
        total = 0
        for k in range(len(self.duties)):
            peak_mw = board.BANKS[k % len(board.BANKS)][3] * self.duties[k] // limits.DUTY_MAX
            total += peak_mw * self.on_ticks // self.period_ticks
        return total

    def numbers(self) -> "list[int]":
        """What it asks for, as the journal has it: pads, ms and fluence, and its light."""
        ends = [self.pads, self.ms, self.fluence_uj_cm2]
        return ends + [self.carrier_hz, self.period_ticks, self.on_ticks] + self.irradiance_uw_cm2


class Course:
    """What holds for the whole session, and its steps."""

    def __init__(self) -> None:
        self.name = ""
        self.number = 0  # among those that were signed for this unit
        self.expires_s = 0  # the last second in which a session may begin; 0: it does not expire
        self.max_ms = self.set_point_mc = 0
        self.a_day = self.sessions = 0  # sessions of a day, and in all; 0: as many as limits allow
        self.nm: list[int] = []
        self.steps: list[Step] = []
        self.whole_uj_cm2 = [0, 0]  # of each pad, in all steps
        self.duties: list[int] = []  # of each bank, the most of any step
        self.mark = 0  # tells it from another

    def power_mw(self, board: "Board") -> int:
        """Average electrical power of the emitters at full throttle, both pads."""
        energy = longest_s = 0
        for step in self.steps:
            seconds = step.longest_ms() // 1000 + 1
            longest_s += seconds
            energy += step.power_mw(board) * seconds
        return energy // longest_s

    def longest_ms(self) -> int:
        """How long the light lasts at full throttle: dose or time, whichever is first."""
        return min(sum([step.longest_ms() for step in self.steps]), self.max_ms)
