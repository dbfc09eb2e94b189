"""Injected fault: when it was put on a run, and the event that named it.

Made by `sim.timeline`; read by the oracle and by reports.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sim.common.story import Event


class Injected:
    """A fault that was put on at `t_ms` after power-on."""

    def __init__(self, t_ms: int, event: "Event") -> None:
        self.t_ms = t_ms
        self.event = event
        self.waits = bool(event.line)  # for a line of the firmware that was not reached yet
