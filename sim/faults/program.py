"""Faults of the program, the chip and its flash, by their names in the design, at every depth.

`FAULTS[name](depth, event, on)` puts one on or takes it off. What each does to a unit is the
depth's (`sim.faults.depth.Depth`).
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from sim.common.story import Event
    from sim.faults.depth import Depth

    Inject = Callable[[Depth, Event, bool], None]

DAY_S = 86_400


def firmware_exception(depth: "Depth", event: "Event", on: bool) -> None:
    """The firmware raises: in its next tick, or at the event's line."""
    if on and event.line:
        depth.wait_for_line(event)
    elif on:
        depth.raise_exception()


def firmware_hang(depth: "Depth", event: "Event", on: bool) -> None:
    """The firmware never comes back: from its next tick, or from the event's line."""
    if on and event.line:
        depth.wait_for_line(event)
    elif on:
        depth.hang()


def host_attach(depth: "Depth", event: "Event", on: bool) -> None:
    """A host is plugged in and attaches as `mpremote` does."""
    depth.attach_host(on)


def soft_reset(depth: "Depth", event: "Event", on: bool) -> None:
    """The interpreter is reset softly."""
    if on:
        depth.reset_softly()


def brownout(depth: "Depth", event: "Event", on: bool) -> None:
    """Power is lost and comes back (after `for_s`, or at once)."""
    if on:
        depth.cut_power(event.for_s or 0.0)


def clock_jump(depth: "Depth", event: "Event", on: bool) -> None:
    """The battery-backed clock jumps by `value` days, a day where none is named."""
    days = 1.0 if event.value is None else float(event.value)
    depth.jump_clock(int(days * DAY_S) * (1 if on else -1))


def flash_full(depth: "Depth", event: "Event", on: bool) -> None:
    """Nothing more can be written."""
    depth.fill_flash(on)


def flash_corrupt(depth: "Depth", event: "Event", on: bool) -> None:
    """The filesystem cannot be mounted any more."""
    depth.corrupt_flash(on)


def flash_torn(depth: "Depth", event: "Event", on: bool) -> None:
    """Power is lost in the middle of what is next written, and is back at once."""
    depth.tear_write(on)


FAULTS: "dict[str, Inject]" = {
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
