"""Lifecycle of the firmware at HAL depth: boot, resets, power cycles.

Stands for `main.py`, the watchdog and the supply round a tick that does not come to its end. Owned
by `sim.hal_depth.depth`. A boot cycle is from one reset to the next, on the same plant. While no
firmware runs (hung, booting, without power, at the prompt) `wait` lets the HAL's time go on. What
is decided over resets is decided by `hal.resets`, as `main.py` has it decided.
"""

import sys

from firmware.core.inputs import START, Inputs
from firmware.core.states import NOT_LOCKED, RESTARTS
from firmware.waistband import Waistband
from hal import resets
from sim.faults.catalogue import HANGS, POWER_LOST, RAISES, SOFT_RESET
from sim.faults.depth import SWITCHED_ON
from sim.faults.hardware import NEVER_MS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from sim.faults.depth import Setup
    from sim.hal_depth.sim_hal import SimHal
    from sim.recording.recorder import Recorder

BOOT_MS = 200  # from a reset to the first tick: what imports take at driver depth
WATCHDOG_ARMED_MS = 500  # of the unit's HAL, as is the next
WATCHDOG_MS = 8_000
SECOND_MS = 1_000


class Ended(BaseException):
    """The program ends here: (how, as in the catalogue; seconds that power stays away)."""


class Raised(Exception):
    """... because the firmware raised: as an ordinary exception, which could be caught."""


ENDED = (Exception, Ended)  # all that ends a tick


def end(how: str, for_s: float | None = None) -> "Ended | Raised":
    """The exception that ends the program as `how` says (`Fault.ends_program`)."""
    return (Raised if how == RAISES else Ended)(how, for_s or 0.0)


class Lifecycle:
    """Boot cycles of one unit: `unit` is the firmware of the present one, `tick` spends a tick's
    time."""

    def __init__(self, hal: "SimHal", setup: "Setup", recorder: "Recorder | None") -> None:
        """Power on; the unit runs from the first tick on, as if its boot had taken no time."""
        self.hal = hal
        self.setup = setup
        self.recorder = recorder
        self.unit: Waistband
        self.tick: Callable[[], None] = self.wait
        self.spare = Inputs()  # filled while no firmware reads
        self.running = False
        self.is_off = False  # it let go of its supply, and
        self.released = False  # START was seen up since
        self.next: Callable[[], None] = self.start_firmware  # while not running: what comes
        self.next_ms = 0  # ... and when
        self.restarts: list[tuple[float, str]] = []  # (s, why)
        self.raised: list[tuple[float, str]] = []  # (s, what the firmware raised by itself)
        self.boot(True)
        self.start_firmware()

    def wait(self) -> None:
        """A tick's time in which no firmware runs."""
        hal = self.hal
        hal.read(self.spare)
        if hal.t_ms >= self.next_ms:
            self.next()

    def end_tick(self, why: "Exception | Ended") -> None:
        """The tick ended so. Raises `why` itself where it is the simulator's own failure."""
        if isinstance(why, (Ended, Raised)):
            how, for_s = why.args
        elif is_firmware_error(why):
            how, for_s = RAISES, 0.0
            self.raised.append((self.hal.t_ms / 1000, repr(why)))
        else:
            raise why
        if not (self.running or how == POWER_LOST) or self.is_off:
            return  # there is no program that could raise, hang or be reset
        if self.running and self.recorder and not self.restarts:
            self.recorder.discard_tick()
        self.running = False
        self.tick = self.wait
        if not self.hal.powered:
            self.switch_off()
        elif how == POWER_LOST:
            self.lose_power(for_s)
        elif how == HANGS or (how == SOFT_RESET and self.hal.armed):
            self.wait_for_watchdog(how == SOFT_RESET)
        else:
            self.reset("reset")  # `main.py` ends dark, by pin, and resets

    def wait_for_watchdog(self, frozen: bool) -> None:
        """Nothing is executed any more, until the watchdog bites. `frozen`: the lease stopped
        with its pin as it is, the worst that a soft reset does."""
        hal = self.hal
        if frozen:
            hal.freeze()
        self.next = self.reset_by_watchdog
        self.next_ms = hal.fed_ms + (WATCHDOG_ARMED_MS if hal.armed else WATCHDOG_MS)

    def reset_by_watchdog(self) -> None:
        """The watchdog resets the chip."""
        self.reset("watchdog")

    def reset(self, why: str) -> None:
        """The chip begins anew; only its scratch word is as it was."""
        hal = self.hal
        for _ in range(min(hal.dark_so_far_ms() // SECOND_MS, resets.WINDOW_S)):
            hal.word = resets.after_second(hal.word)
        hal.restart()
        self.restarts.append((hal.t_ms / 1000, why))
        self.boot(False)

    def lose_power(self, for_s: float) -> None:
        """Dark at once, and nothing is kept but flash and the clock with its battery."""
        hal = self.hal
        hal.restart()
        self.next = self.power_on
        self.next_ms = hal.t_ms + int(for_s * 1000)

    def switch_off(self) -> None:
        """The unit has let go of its supply. START held supplies it as long as it is held; pressed
        anew, it starts the unit."""
        self.hal.restart()
        self.running = False
        self.is_off = True
        self.released = False
        self.tick = self.stay_off

    def stay_off(self) -> None:
        """A tick's time without a supply."""
        hal = self.hal
        hal.read(self.spare)
        down = bool(self.spare.pins & START)
        hal.plant.powered = down
        if down and self.released:
            self.is_off = False
            hal.powered = True
            self.tick = self.wait
            self.power_on(SWITCHED_ON)
        self.released = self.released or not down

    def power_on(self, why: str = "power-on") -> None:
        """Power has come, or come back."""
        hal = self.hal
        hal.restart()
        self.restarts.append((hal.t_ms / 1000, why))
        self.boot(True)

    def sleeps(self) -> bool:
        """Whether the unit is off and stays so until an event comes."""
        return self.is_off and self.released and not self.hal.hardware.pins & START

    def boot(self, power_on: bool) -> None:
        """As `main.wire`: word and firmware of the boot cycle that begins, or the prompt."""
        hal = self.hal
        word = resets.after_reset(hal.word, power_on)
        hal.word = word & ~resets.SERVICE
        self.next = self.start_firmware
        self.next_ms = hal.t_ms + BOOT_MS
        if resets.is_hopeless(word) or not hal.mounted:
            self.next_ms = NEVER_MS  # dark at the prompt
        lock = RESTARTS if resets.is_loop(word) else NOT_LOCKED
        try:
            self.unit = self.make_firmware(lock)
        except ENDED as why:
            self.unit = self.make_firmware(lock)
            self.next_ms = NEVER_MS  # what raises or hangs there leaves it at the prompt
            if isinstance(why, Ended) and why.args[0] == POWER_LOST:
                self.lose_power(why.args[1])
        if self.next_ms == NEVER_MS:
            self.unit.faults.count = 0  # no firmware runs at the prompt: it recalled nothing

    def make_firmware(self, lock: int) -> Waistband:
        """New firmware; that of the first boot cycle is recorded, if the run is."""
        setup = self.setup
        hal = self.recorder if self.recorder and not self.restarts else self.hal
        return Waistband(hal, setup.board, setup.calibration, setup.prescription, lock)

    def start_firmware(self) -> None:
        """Booted: from here on the firmware runs."""
        self.running = True
        self.hal.begin_dark()
        self.tick = self.unit.tick


def is_firmware_error(why: Exception) -> bool:
    """Whether an exception was raised in the firmware's own code."""
    if hasattr(sys, "print_exception"):  # MicroPython keeps no frames, but tells them
        from io import StringIO

        trace = StringIO()
        sys.print_exception(why, trace)
        last = [line for line in trace.getvalue().split("\n") if line.startswith("  File ")][-1:]
        return bool(last) and "firmware/" in last[0]
    import traceback

    frames = [frame for frame, _ in traceback.walk_tb(why.__traceback__)]
    name: str = frames[-1].f_globals["__name__"] if frames else ""
    return name.startswith("firmware.")
