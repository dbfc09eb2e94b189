"""Clock: the wall clock as far as it can be trusted, and the unit's own seconds.

Made by `firmware.parts`; asked in the dark alone. `firmware.waistband` counts its seconds.

| the battery-backed clock says          | then                                            |
|----------------------------------------|-------------------------------------------------|
| nothing                                | own seconds go on; None where none was trusted  |
| what own seconds expect                | trusted, and followed                           |
| something else than they expect        | own seconds go on: it is a jump                 |
| at power-on, up to AHEAD_S past stamp  | trusted                                         |
| at power-on, later                     | None, until a person confirms the date          |
| at power-on, earlier than the stamp    | the stamp: time does not go back                |

The stamp is the latest trusted time that was kept. Seconds are since 2000-01-01.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hal.contract import Hal

AHEAD_S = 36 * 3600  # design
SLACK_S = 120  # ours: own seconds lose what ticks are late, and as much again in SLACK_OF seconds
SLACK_OF = 100


class Clock:
    """What is trusted of time."""

    def __init__(self, hal: "Hal") -> None:
        self.hal = hal
        self.up_s = 0  # own seconds, since power-on or reset
        self.stamp_s = 0
        self.base_s = 0  # trusted time less own seconds; 0: none is trusted
        self.doubted_s = 0  # what waits for a person to confirm it; 0: nothing does

    def remember(self, stamp_s: int) -> None:
        """A trusted time that was kept. What was trusted without it may be too far ahead of it."""
        if stamp_s > self.stamp_s:
            if self.stamp_s == 0 and self.base_s + self.up_s > stamp_s + AHEAD_S:
                self.base_s = 0
            self.stamp_s = stamp_s

    def now_s(self) -> "int | None":
        """The trusted time, read anew; None where there is none."""
        read_s = self.hal.wall_clock()
        self.doubted_s = 0
        if self.base_s:
            expected_s = self.base_s + self.up_s
            slack_s = SLACK_S + self.up_s // SLACK_OF
            if read_s is None or not -slack_s <= read_s - expected_s <= slack_s:
                return expected_s
            self.base_s = read_s - self.up_s
        elif read_s is None:
            return None
        elif self.stamp_s and read_s > self.stamp_s + AHEAD_S:
            self.doubted_s = read_s
            return None
        elif read_s < self.stamp_s:
            return self.stamp_s
        else:
            self.base_s = read_s - self.up_s
        return read_s

    def confirm(self) -> None:
        """A person saw the date that is doubted, and it is right."""
        if self.doubted_s:
            self.base_s = self.doubted_s - self.up_s
            self.doubted_s = 0

    def set(self, seconds: int, trusted: bool) -> bool:
        """Set the battery-backed clock; False where there is none. On a `trusted` word it may go
        anywhere, back too; else it is believed as far as a clock is at power-on, with the
        trusted time that it is now for a stamp where it would go back."""
        now_s = self.now_s() or 0
        if not self.hal.set_wall_clock(seconds):
            return False
        self.base_s = 0
        if trusted or self.stamp_s < now_s > seconds:
            self.stamp_s = seconds if trusted else now_s
        self.now_s()
        return True
