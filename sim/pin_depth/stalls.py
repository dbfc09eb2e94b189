"""Flash stalls: the emulated processor waits where the flash cache misses.

Made by `sim.pin_depth.run` where a run has a flash cache. Replaces the emulator's three bus
reads; touches nothing else of the emulator but its clock.

The emulator is native code. A Python function called at each fetch would cost more than the
instruction. A read of the line that was used last in its set is a hit and leaves the cache as it
was. The halfwords of these lines therefore lie in a dict, and the processor fetches from the dict
without running Python. These hits are not counted: only `misses` of the cache is whole.

Time passes within the instruction that misses, unless something is due meanwhile: a reset in the
middle of an instruction would be half undone by its rest. Then the wait follows the instruction.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sim.pin_depth.flash_cache import OFFSET_MASK, FlashCache
from sim.pin_depth.pace import CYCLE_NS

if TYPE_CHECKING:
    from sim.pin_depth.adapter import Emulator

FLASH, XIP_END = 0x1000_0000, 0x1400_0000
XIP_FLUSH = 0x04  # register of XIP_CTRL, data sheet 2.6.3.2
HALFWORD = 2
PAUSED = 2  # in place of True: the batch ends after this instruction, the run does not


class Fetches(dict[int, int]):
    """Address -> halfword of what can be fetched without a change of the cache."""

    def __init__(self, fetch: Callable[[int], int]) -> None:
        super().__init__()
        self.fetch = fetch

    def __missing__(self, address: int) -> int:
        return self.fetch(address)


class Stalls:
    """The bus of one emulated chip, with a cache between it and the flash."""

    def __init__(self, emulator: "Emulator", cache: FlashCache) -> None:
        self.simulator: Any = emulator.simulator  # its `stopped` takes PAUSED, too
        self.mcu = mcu = emulator.mcu
        self.clock = emulator.clock
        self.cache = cache
        self.owed_cycles = 0  # of misses, not waited for yet
        self.halfwords = mcu.flash.cast("H")
        self.read16 = mcu.read_uint16
        self.fetches = Fetches(self._fetch)
        mcu.read_uint8 = self._data_read(mcu.read_uint8, mcu.flash)
        mcu.read_uint32 = self._data_read(mcu.read_uint32, mcu.flash.cast("I"))
        mcu.read_uint16 = self.fetches.__getitem__
        emulator.on_batch = self.settle
        write = mcu.xip_ctrl.write_uint32

        def control_written(offset: int, value: int) -> None:
            if offset == XIP_FLUSH and value & 1:
                self.flush()
            write(offset, value)

        mcu.xip_ctrl.write_uint32 = control_written
        leave_reset = mcu.leave_reset

        def reset_left() -> None:
            leave_reset()
            self.flush()  # the boot ROM does

        mcu.leave_reset = reset_left

    def flush(self) -> None:
        """Empty the cache."""
        self.cache.flush()
        self.fetches.clear()

    def settle(self) -> None:
        """Wait for what is owed, and let a paused batch go on; only between two instructions."""
        if self.simulator.stopped == PAUSED:
            self.simulator.stopped = False
        if self.owed_cycles:
            cycles, self.owed_cycles = self.owed_cycles, 0
            self._wait(cycles)

    def _wait(self, cycles: int) -> None:
        self.clock.tick(cycles * CYCLE_NS)
        for pio in self.mcu.pio:
            if not pio.stopped:
                pio.advance(cycles)

    def _stall(self, cycles: int) -> None:
        """Let a miss's cycles pass, at once or after the instruction."""
        clock = self.clock
        owed = self.owed_cycles + cycles
        if clock.has_scheduled_alarm and clock.nanos_to_next_alarm <= owed * CYCLE_NS:
            self.owed_cycles = owed
            self.simulator.stopped = self.simulator.stopped or PAUSED
            return
        self.owed_cycles = 0
        self._wait(owed)

    def _touch(self, address: int) -> None:
        """Read through the cache; keep the halfwords of the set's newest line at hand."""
        cache = self.cache
        before = cache.newest(address)
        cycles = cache.read(address)
        line = cache.newest(address)
        if line != before:
            size = cache.line
            for at in range(before * size, before * size + size, HALFWORD):
                self.fetches.pop(FLASH + at, None)
            for at in range(line * size, line * size + size, HALFWORD):
                self.fetches[FLASH + at] = self.halfwords[at // HALFWORD]
        if cycles:
            self._stall(cycles)

    def _fetch(self, address: int) -> int:
        """A fetch, or a load of a halfword, that is not at hand."""
        if FLASH <= address < XIP_END:
            self._touch(address)
            return int(self.halfwords[(address & OFFSET_MASK) // HALFWORD])
        return int(self.read16(address))

    def _data_read(self, read: Callable[[int], int], flash: Any) -> Callable[[int], int]:
        """Return what the bus does for loads of one width; `flash` is in units of it."""
        fetches, touch, width = self.fetches, self._touch, flash.itemsize

        def load(address: int) -> int:
            if FLASH <= address < XIP_END:
                if address & ~1 not in fetches:
                    touch(address)
                return int(flash[(address & OFFSET_MASK) // width])
            return read(address)

        return load
