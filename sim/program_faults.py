"""Faults of the program, the chip and its flash at HAL depth, by their names in the design.

`FAULTS[name](run, event, on)` puts one on or takes it off. What ends the program is
raised by the HAL at the start of the tick that runs, or at the line of the firmware that
the event names; `sim.lives` knows what follows. `sim.chip.faults` has the same names.
"""

from firmware.inputs import HOST
from sim.lives import end

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from sim.run import Run
    from sim.scenario import Event

DAY_S = 86_400


def ends(run: "Run", event: "Event", on: bool) -> None:
    """The program ends: in this tick, or at the event's line."""
    if not on:
        return
    if event.line:
        run.lines.arm(event)
    else:
        run.hal.ending = end(event.name, event.for_s)


def host_attach(run: "Run", event: "Event", on: bool) -> None:
    """A host types Ctrl-C."""
    run.hal.pins = run.hal.pins | HOST if on else run.hal.pins & ~HOST


def clock_jump(run: "Run", event: "Event", on: bool) -> None:
    """The battery-backed clock jumps by `value` days, a day where none is named."""
    days = 1.0 if event.value is None else float(event.value)
    if run.hal.clock_s is not None:
        run.hal.clock_s += int(days * DAY_S) * (1 if on else -1)


def flash_full(run: "Run", event: "Event", on: bool) -> None:
    """Nothing more can be written."""
    run.hal.full = on


def flash_corrupt(run: "Run", event: "Event", on: bool) -> None:
    """The filesystem cannot be mounted any more."""
    run.hal.mounted = not on


def flash_torn(run: "Run", event: "Event", on: bool) -> None:
    """Power is lost in the middle of what is next written, and is back at once."""
    run.hal.torn = end(event.name) if on else None


FAULTS: "dict[str, Any]" = {
    "firmware_exception": ends,
    "firmware_hang": ends,
    "host_attach": host_attach,
    "soft_reset": ends,
    "brownout": ends,
    "clock_jump": clock_jump,
    "flash_full": flash_full,
    "flash_corrupt": flash_corrupt,
    "flash_torn": flash_torn,
}
