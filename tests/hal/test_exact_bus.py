"""Figures of the HAL to the digit: what a bus counts, what a part's set-up does, which reset locks.

Each was found by a mutant that lived (`tools.dev.mutants_beyond`).
"""

import errno
from typing import Any

import pytest

from hal import resets
from tests.support.chip_programs import Desk


class Line:
    """An I2C controller that fails as it is told, and notes what it was asked."""

    def __init__(self, fails: OSError | None = None) -> None:
        self.fails, self.asked = fails, []  # type: ignore[var-annotated]

    def writeto(self, address: int, data: Any, stop: bool = True) -> int:
        self.asked.append((bytes(data), stop))
        if self.fails:
            raise self.fails
        return len(data)

    def readfrom_into(self, address: int, into: bytearray) -> None:
        into[:] = bytes(len(into))


def bus_on(line: Line) -> Any:
    bus = Desk().program.load("hal.bus").Bus(0, 5, 4)
    bus.i2c = line
    return bus


@pytest.mark.parametrize(("why", "counts"), [
    (OSError(errno.ETIMEDOUT), (0, 1)), (OSError(errno.EIO), (1, 0)), (OSError(), (1, 0)),
])  # fmt: skip
def test_a_transfer_that_fails_is_counted_by_its_cause(
    why: OSError, counts: tuple[int, int]
) -> None:
    bus = bus_on(Line(why))
    assert not bus.read(0x48, 0, bytearray(2))
    assert (bus.refused, bus.timed_out) == counts


def test_a_register_is_read_in_one_transfer_without_a_stop_between() -> None:
    line = Line()
    assert bus_on(line).read(0x48, 7, bytearray(2))
    assert line.asked == [(b"\x07", False)]


def test_a_set_up_that_cannot_be_written_is_tried_again_and_not_called_lost() -> None:
    bus = bus_on(Line(OSError(errno.EIO)))
    part = Desk().program.load("hal.bus").Part(bus, 0x48, ((1, 0x01, 0x0030, 0x0FFC),))
    part.found = True
    for _ in range(5):
        assert not part.step()
    assert part.lost == 0 and not part.whole


def test_three_unclean_resets_are_a_loop_and_the_fourth_is_hopeless() -> None:
    word = resets.after_reset(0, True)
    seen = []
    for _ in range(5):
        word = resets.after_reset(word, False)
        seen.append((resets.is_loop(word), resets.is_hopeless(word)))
    assert seen == [(False, False), (False, False), (True, False), (True, True), (True, True)]
