"""What stands behind the firmware in the proof: a HAL that keeps what the emitters were told."""

from typing import Any


class HalStub:
    """The HAL of the proof: keeps what the emitters were told."""

    def __init__(self, banks: int) -> None:
        self.duty = [0] * banks
        self.dark = True
        self.armed = False
        self.granted = False  # the lease was renewed in this tick
        self.wrong = ""  # asked while lit for what must only be asked while dark
        self.flash = True  # takes what is to be kept
        self.line = b""  # typed at the console
        self.clock_s: int | None = None  # the wall clock

    def read(self, inputs: Any) -> None:
        """The inputs are as the node and the choices left them."""

    def feed(self) -> None:
        """A tick went through."""

    def signal(self, cue: int) -> None:
        """Nobody listens here."""

    def drive(self, bank: int, duty: int) -> None:
        """A bank may give light."""
        self.duty[bank] = duty
        self.dark = False

    def off(self) -> None:
        """Dark."""
        self.duty = [0] * len(self.duty)
        self.dark = True

    def renew_lease(self) -> None:
        """The supply switch is closed."""
        self.granted = True
        self.dark = False

    def arm(self, armed: bool) -> None:
        """Only while dark."""
        self._while_dark("arm")
        self.armed = armed

    def carrier(self, hz: int) -> None:
        """Only while dark."""
        self._while_dark("carrier")

    def power_off(self) -> None:
        """Only while dark."""
        self._while_dark("power_off")

    def _while_dark(self, name: str) -> None:
        if not self.dark:
            self.wrong = name

    def listening(self) -> bool:
        """Whether a host is there."""
        return bool(self.line)

    def hear(self) -> bytes:
        """What it typed."""
        return self.line

    def say(self, line: bytearray, length: int) -> None:
        """Nobody reads here."""

    def keep(self, name: str, content: bytes) -> bool:
        """Only while dark."""
        self._while_dark("keep")
        return self.flash

    def append(self, name: str, content: bytes) -> bool:
        """Likewise."""
        return self.keep(name, content)

    def size(self, name: str) -> None:
        """Nothing was written."""

    def load(self, name: str) -> None:
        """Nothing was kept: a node says so where it is otherwise."""

    def reset_cause(self) -> int:
        """Power came."""
        return 0

    def wall_clock(self) -> "int | None":
        """The clock, where there is one."""
        return self.clock_s


class NoScreen:
    """In the place of the screen, which only reads."""

    def step(self) -> None:
        """Nobody looks here."""
