"""The screen: eight rows of sixteen cells, one row looked at each control step.

A row is drawn anew only when the number behind it has changed, so a steady tick
costs next to nothing; the HAL puts rows on the glass when their bus is free.
"""

from firmware import states, texts
from firmware.cells import blank, put_int, put_text
from firmware.faults import FAULTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from firmware.waistband import Waistband

ROWS = 8
CELLS = 16


class Screen:
    """What each row last showed."""

    def __init__(self) -> None:
        self.cells = bytearray(CELLS)
        self.keys = [-1] * ROWS  # the number behind each row, as last drawn
        self.row = 0

    def step(self, unit: "Waistband") -> None:
        """Look at the next row; draw it if it changed."""
        row = self.row
        self.row = (row + 1) % ROWS
        key = self._key(unit, row)
        if key == self.keys[row]:
            return
        self.keys[row] = key
        cells = self.cells
        blank(cells)
        self._draw(unit, row, cells)
        unit.hal.show(row, cells)

    def _key(self, unit: "Waistband", row: int) -> int:
        """The number behind a row, below 2**30; two pads' halves are 15 bits each."""
        session = unit.session
        a, b = unit.pads
        if row == 0:
            return session.state
        if row == 1:
            return unit.left_s() if session.state in states.IN_SESSION else session.reason + 10_000
        if row == 2:
            return ((a.contact_mc // 100 & 0x7FFF) << 15) + (b.contact_mc // 100 & 0x7FFF)
        if row == 3:
            return (a.fluence.total_uj_cm2 // 100_000 << 15) + b.fluence.total_uj_cm2 // 100_000
        if row == 4:
            return unit.set_point_mc
        if row == 5:
            return (unit.battery.percent << 15) + unit.battery.sessions_left()
        if row == 6:
            return (unit.faults.count << 8) + session.refused + (unit.lock << 4)
        return unit.faults.count

    def _draw(self, unit: "Waistband", row: int, cells: bytearray) -> None:
        session = unit.session
        a, b = unit.pads
        if row == 0:
            put_text(cells, 0, texts.STATES[session.state])
        elif row == 1:
            self._draw_time(unit, cells)
        elif row == 2:
            put_text(cells, 0, texts.CONTACT)
            put_int(cells, 5, a.contact_mc // 100, 1)
            put_int(cells, 12, b.contact_mc // 100, 1)
        elif row == 3:
            put_text(cells, 0, texts.DOSE)
            put_int(cells, 5, a.fluence.total_uj_cm2 // 100_000, 1)
            put_int(cells, 11, b.fluence.total_uj_cm2 // 100_000, 1)
        elif row == 4:
            put_text(cells, 0, texts.SET_POINT)
            put_int(cells, 12, unit.set_point_mc // 100, 1)
        elif row == 5:
            put_text(cells, 0, texts.BATTERY)
            put_int(cells, 4, unit.battery.percent)
            put_int(cells, 10, unit.battery.sessions_left())
        else:
            self._draw_trouble(unit, row, cells)

    def _draw_time(self, unit: "Waistband", cells: bytearray) -> None:
        """Minutes and seconds left, or why the last session ended."""
        session = unit.session
        if session.state in states.IN_SESSION:
            left_s = unit.left_s()
            put_text(cells, 0, texts.LEFT)
            put_int(cells, 8, left_s // 60)
            cells[9] = 0x30 + left_s % 60 // 10
            cells[10] = 0x30 + left_s % 10
        elif session.reason >= 0:
            put_text(cells, 0, texts.REASONS[session.reason])

    def _draw_trouble(self, unit: "Waistband", row: int, cells: bytearray) -> None:
        """Row 6: the first fault, the lock or the refusal. Row 7: the fault's value, limit."""
        kept = unit.faults
        if row == 6:
            if unit.lock:
                put_text(cells, 0, texts.LOCKS[unit.lock])
            elif kept.latched:
                first = kept.rows[kept.first]
                at = put_text(cells, 0, texts.FAULTS[first[0]])
                put_text(cells, at + 1, texts.PADS[first[1]])
            else:
                put_text(cells, 0, texts.REFUSALS[unit.session.refused])
        elif kept.latched:
            first = kept.rows[kept.first]
            point = 0
            value, limit = first[3], first[4]
            if FAULTS[first[0]][1] == "mc":
                value //= 100
                limit //= 100
                point = 1
            put_int(cells, 7, value, point)
            cells[8] = 0x2F
            put_int(cells, 15, limit, point)
