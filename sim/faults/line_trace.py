"""Line trace: waits until the firmware is about to execute a named line.

Waiting costs nothing until a line is armed; then every call is looked at, until the line was
reached. Used by the depths whose firmware runs in this interpreter.
"""

import sys

from sim.faults.source_lines import TRACES, parse_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Any

    from sim.common.story import Event


class LineTrace:
    """The lines that one run waits for."""

    def __init__(self, reached: "Callable[[Event], None]") -> None:
        """`reached` is called with the event whose line is about to be executed, in the
        firmware's place; what it raises is raised there."""
        self.reached = reached
        self.waiting: list[tuple[str, int, Event]] = []

    def arm(self, event: "Event") -> None:
        """From here on wait for the event's line, in what runs already and what is called."""
        file, line = parse_line(event.line, "line")
        self.waiting.append((file, line, event))
        self.start_trace()
        frame: FrameType | None = sys._getframe(1)
        while frame:
            if self._here(frame):
                frame.f_trace = self._line
            frame = frame.f_back

    def current_trace(self) -> "Any":
        """The present trace function of this thread, for `restore_trace`."""
        return sys.gettrace() if TRACES else None

    def restore_trace(self, tracing: "Any") -> None:
        """Restore an earlier trace function."""
        if TRACES:
            sys.settrace(tracing)

    def start_trace(self) -> None:
        """Trace this thread from now on, if there is something to wait for. Whoever raises out
        of a traced frame ends its tracing: it is for them to ask for it anew."""
        if self.waiting:
            sys.settrace(self._call)

    def _here(self, frame: "FrameType") -> bool:
        name = frame.f_code.co_filename.replace("\\", "/")
        return any(name.endswith(file) for file, _, _ in self.waiting)

    def _call(self, frame: "FrameType", what: str, argument: "Any") -> "Any":
        return self._line if self._here(frame) else None

    def _line(self, frame: "FrameType", what: str, argument: "Any") -> "Any":
        if what == "line":
            name = frame.f_code.co_filename.replace("\\", "/")
            for k, (file, line, event) in enumerate(self.waiting):
                if line == frame.f_lineno and name.endswith(file):
                    del self.waiting[k]
                    if not self.waiting:
                        sys.settrace(None)
                    self.reached(event)
        return self._line
