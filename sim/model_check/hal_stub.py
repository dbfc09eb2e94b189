"""HAL stub of the model check: keeps the last commands to the emitters.

The firmware in `sim.model_check.harness` runs on it. What makes no difference to a node is ignored.
"""

from typing import Any


class HalStub:
    """A HAL that keeps the duties and whether the emitters are dark and armed."""

    def __init__(self, banks: int) -> None:
        self.duty = [0] * banks
        self.dark = True
        self.armed = False
        self.granted = False  # the lease was renewed in this tick
        self.wrong = ""  # the call made while lit that must only be made while dark
        self.flash = True  # flash accepts a file
        self.line = b""  # from the host
        self.clock_s: int | None = None  # the wall clock

    def ignore(self, *_arguments: Any) -> None:
        """Do nothing: of no consequence to a node."""

    read = feed = signal = write_line = size = load = ignore

    def drive(self, bank: int, duty: int) -> None:
        """Keep a bank's duty."""
        self.duty[bank] = duty
        self.dark = False

    def off(self) -> None:
        """Switch off all banks."""
        self.duty[:] = [0] * len(self.duty)
        self.dark = True

    def prove_rail(self) -> None:
        """Nothing: whether the set-up was read back is chosen."""

    def renew_lease(self) -> None:
        """Close the supply switch."""
        self.granted = True
        self.dark = False

    def arm(self, armed: bool) -> None:
        """Keep whether the emitters are armed; only while dark."""
        self._check_dark("arm")
        self.armed = armed

    def carrier(self, hz: int) -> None:
        """Only while dark, or while every duty is 0."""
        if max(self.duty):
            self._check_dark("carrier")

    def power_off(self) -> None:
        """Only while dark."""
        self._check_dark("power_off")

    def _check_dark(self, name: str) -> None:
        if not self.dark:
            self.wrong = name

    def listening(self) -> bool:
        """Whether a host is there."""
        return bool(self.line)

    def read_line(self) -> bytes:
        """Return the host's line."""
        return self.line

    def store(self, name: str, content: bytes) -> bool:
        """Return whether flash accepts a file; only while dark."""
        self._check_dark("store")
        return self.flash

    append = store

    def reset_cause(self) -> int:
        """Power came."""
        return 0

    def wall_clock(self) -> "int | None":
        """Return the clock, if there is one."""
        return self.clock_s


class NoScreen:
    """In place of the screen, which only reads."""

    def step(self) -> None:
        """Draw nothing."""
