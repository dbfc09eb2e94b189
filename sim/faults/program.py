"""Injectors of the faults of the program, the chip and its flash, at every depth.

`FAULTS[name](depth, event, on)` puts a fault on or takes it off. Called by `sim.timeline`; each
depth fulfils them in its own way (`sim.faults.depth.Depth`).
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


def clock_lost(depth: "Depth", event: "Event", on: bool) -> None:
    """The battery-backed clock is lost; it can be set anew."""
    if on:
        depth.lose_clock()


def clock_bit(depth: "Depth", event: "Event", on: bool) -> None:
    """Bit `value` of the clock's time registers reads wrong."""
    depth.flip_clock(int(event.value or 0.0) if on else None)


FAULTS: "dict[str, Inject]" = {
    "firmware_exception": firmware_exception,
    "firmware_hang": firmware_hang,
    "host_attach": lambda depth, event, on: depth.attach_host(on),
    "soft_reset": soft_reset,
    "brownout": brownout,
    "clock_jump": clock_jump,
    "clock_lost": clock_lost,
    "clock_bit": clock_bit,
    "flash_full": lambda depth, event, on: depth.fill_flash(on),
    "flash_corrupt": lambda depth, event, on: depth.corrupt_flash(on),
    "flash_torn": lambda depth, event, on: depth.tear_write(on),
}
