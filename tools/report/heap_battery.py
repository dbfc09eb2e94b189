"""Sessions left in the battery of a unit, at any depth.

Called by the summary and the live view. At pin depth the firmware's battery is read out of the
chip's memory, where its attributes can be read and no method can be called.
"""

from typing import Any

from firmware.therapy.battery import Battery


def count_sessions_left(battery: Any) -> int:
    """Whole sessions of the course in use."""
    if isinstance(battery, Battery):
        return battery.sessions_left()

    class Read(Battery):
        """The firmware's methods on attributes that are read elsewhere."""

        def __init__(self) -> None:
            """Made without attributes of its own."""

        def __getattr__(self, name: str) -> Any:
            return getattr(battery, name)

    return Read().sessions_left()
