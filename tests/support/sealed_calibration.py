"""A calibration as a unit has it: sealed where the unit has a key.

Called by the bench of `tests.support.fake_hal`; reads the unit's files.
"""

import contextlib
from typing import Any

from firmware.core.validate import Refused
from sim.run import seal_for


def sealed(calibration: object, board: Any, hal: Any) -> object:
    """What `key install` leaves on a unit; what is refused whatever its seal stays as it is."""
    if isinstance(calibration, dict) and "crc32" in calibration:
        with contextlib.suppress(Refused):
            return seal_for(calibration, board, hal.load("keys.json"))
    return calibration
