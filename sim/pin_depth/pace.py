"""Timing that the emulator leaves out: alarms, PIO pace in sleep, and busy time of the flash.

`sim.pin_depth.adapter` puts these between the emulator's parts.
"""

from collections.abc import Callable
from typing import Any

CYCLE_NS = 8.0  # 125 MHz
NEVER_DUE = 1 << 60  # in 1/256 cycles: no state machine waits for time
ERASE_SECTOR, ERASE_BLOCK, PROGRAM_PAGE = 0x20, 0xD8, 0x02  # SPI flash commands
TAKES_NS = {ERASE_SECTOR: 45e6, ERASE_BLOCK: 150e6, PROGRAM_PAGE: 0.7e6}  # typical of W25Q16JV
PAGE_HEAD = 4  # bytes before the data: the command and its address
FASTEST_FP = 125 << 8  # cycles of an instruction, in 1/256; faster machines are left alone


def whole_us(clock: Any) -> int:
    """Return the clock in whole microseconds; a thousandth of one is lost to rounding at most."""
    return int(clock.nanos * 1e-3 + 1e-3)


class Alarm:
    """Calls `action` at a time, in whole microseconds since the bench was switched on."""

    def __init__(self, clock: Any, action: Callable[[], None]) -> None:
        self.clock = clock
        self.alarm = clock.create_alarm(action)

    def at(self, us: int) -> None:
        """Call it then; at once if that time is past."""
        self.alarm.schedule(max(us * 1e3 - self.clock.nanos, 0.0))

    def cancel(self) -> None:
        """Do not call it."""
        self.alarm.cancel()


class PioPacer:
    """A PIO block as its bus sees it, and an alarm for each next instruction of it.

    The emulator hands a block its cycles after each instruction of the processor, or after
    each jump while that sleeps. What a jump has not handed over yet is lent for the moment.
    """

    def __init__(self, clock: Any, pio: Any) -> None:
        self.clock = clock
        self.pio = pio
        self.zero_ns = 0.0  # when the block's cycles began to be counted
        self.alarm = clock.create_alarm(self._due)
        self.read_uint32 = pio.read_uint32

    def write_uint32_atomic(self, offset: int, value: int, kind: int) -> None:
        """Write to the block; then set the alarm."""
        self.pio.write_uint32_atomic(offset, value, kind)
        self.zero_ns = self.clock.nanos - self.pio.cycle_fp / 256 * CYCLE_NS
        self._set_alarm()

    def _due(self) -> None:
        pio = self.pio
        if pio.stopped:
            return
        lent = round((self.clock.nanos - self.zero_ns) / CYCLE_NS) - (pio.cycle_fp >> 8)
        if lent > 0:
            pio.advance(lent)
            pio.cycle_fp -= lent << 8
        self._set_alarm()

    def _set_alarm(self) -> None:
        pio = self.pio
        dividers = [each.div_fp for each in pio.machines if each.enabled]
        if pio.stopped or pio.next_due_fp >= NEVER_DUE or min(dividers) < FASTEST_FP:
            return
        due_ns = self.zero_ns + pio.next_due_fp / 256 * CYCLE_NS - self.clock.nanos
        self.alarm.schedule(max(due_ns, CYCLE_NS))


class FlashTiming:
    """The flash as its bus ends a command: it is busy for as long as the part takes."""

    def __init__(self, ssi: Any, wait: Callable[[float], None]) -> None:
        """`wait` lets nanoseconds pass without an instruction."""
        self.ssi = ssi
        self.wait = wait
        self.apply = ssi._apply_command
        self.on_torn: Callable[[], None] | None = None  # power goes in the middle of a page
        ssi._apply_command = self._apply

    def _apply(self) -> None:
        sent = self.ssi._tx_buffer
        takes_ns = TAKES_NS.get(sent[0], 0) if sent and self.ssi._write_enabled else 0
        torn = None
        if takes_ns and sent[0] == PROGRAM_PAGE and self.on_torn:
            torn, self.on_torn = self.on_torn, None
            takes_ns /= 2
            del sent[(PAGE_HEAD + len(sent)) // 2 :]
        self.apply()
        if takes_ns:
            self.wait(takes_ns)
        if torn:
            torn()
