"""Faults that need a chip, done to a real program from outside: by its port, supply and memory.

An exception and a hang are put into the guard, which every tick asks, as at driver depth:
the class's `look` becomes a function of MicroPython's own that cannot do what it is asked,
or the processor is left jumping to where it is.
"""

from typing import TYPE_CHECKING, Any, cast

from sim.chip import faults as at_driver_depth
from sim.chip.flash import SECTOR
from sim.pin import flash

if TYPE_CHECKING:
    from sim.chip.run import ChipRun
    from sim.pin.run import PinRun

INTERRUPT = b"\r\x03\x03"  # what mpremote types to stop a program
RAW_PROMPT = b"\r\x01"
SOFT_RESET = b"\x04"
SUPERBLOCKS = 2 * SECTOR
AT_POWER_ON = ("flash_full",)


def broken_look(run: "PinRun", module: str, function: str) -> None:
    """Have `Guard.look` be a function of a module that the chip has built in."""
    heap = run.heap
    word = heap.builtin(module, function)
    for kind in heap.classes("Guard"):
        slot = heap.methods(kind).get("look")
        if slot:
            heap.memory.put(slot[0], word)


def firmware_exception(run: "PinRun", event: Any, on: bool) -> None:
    """The next tick raises: a sleep of a guard's length is no number."""
    if on:
        broken_look(run, "time", "sleep_ms")


def firmware_hang(run: "PinRun", event: Any, on: bool) -> None:
    """The firmware never comes back from where it is."""
    if on:
        run.emulator.hang()


def host_attach(run: "PinRun", event: Any, on: bool) -> None:
    """A host is plugged in and attaches as `mpremote` does."""
    if on:
        run.chip.host().type(INTERRUPT + RAW_PROMPT + SOFT_RESET)


def soft_reset(run: "PinRun", event: Any, on: bool) -> None:
    """The program exits, which at the prompt is a soft reset."""
    if on:
        broken_look(run, "sys", "exit")


def brownout(run: "PinRun", event: Any, on: bool) -> None:
    """Power is lost and comes back (after `for_s`, or at once)."""
    if on:
        run.chip.cut_power(event.for_s or 0.0)


def clock_jump(run: "PinRun", event: Any, on: bool) -> None:
    """The battery-backed clock jumps, as at driver depth."""
    at_driver_depth.clock_jump(cast("ChipRun", run), event, on)


def flash_corrupt(run: "PinRun", event: Any, on: bool) -> None:
    """The filesystem's first blocks are overwritten."""
    if on:
        begins = flash.STORAGE - flash.FLASH
        run.emulator.mcu.flash[begins : begins + SUPERBLOCKS] = bytes(SUPERBLOCKS)


def flash_torn(run: "PinRun", event: Any, on: bool) -> None:
    """Power is lost in the middle of the next page that is programmed, and is back at once."""
    run.emulator.burning.on_torn = (lambda: run.chip.cut_power(0.0)) if on else None


def flash_full(run: "PinRun", event: Any, on: bool) -> None:
    """Before power comes, a file is laid beside the unit's that takes all that was free."""
    flash.fill(run.emulator.mcu.flash)


PIN_FAULTS = {
    "firmware_exception": firmware_exception,
    "firmware_hang": firmware_hang,
    "host_attach": host_attach,
    "soft_reset": soft_reset,
    "brownout": brownout,
    "clock_jump": clock_jump,
    "flash_full": flash_full,
    "flash_corrupt": flash_corrupt,
    "flash_torn": flash_torn,
}
