"""The screen: eight rows of sixteen cells, one row looked at each control step.

A row is drawn anew only when the number behind it has changed, so a steady tick
costs next to nothing; the HAL puts rows on the glass when their bus is free.
"""

from firmware import states, texts
from firmware.cells import ZERO, blank, put_int, put_text
from firmware.faults import FAULTS
from firmware.session import TOO_EARLY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from firmware.waistband import Waistband

ROWS = 8
RECEIPT = 1 << 29  # behind row 7, less the session's number: no other number is near
CELLS = 16


def left_s(unit: "Waistband") -> int:
    """Seconds of light that are left, at the pads' present throttle."""
    course = unit.course
    left_ms = course.max_ms - unit.session.treat_ms
    limit_s = left_ms // 1000 if left_ms > 0 else 0
    if unit.trial:
        return limit_s  # in both arms alike
    longest_s = 0
    for pad in unit.pads:
        if not pad.done:
            # 12 bits of throttle: 50000 uW/cm2 << 12 is below 2**30
            rate_uw_cm2 = course.total_uw_cm2 * (pad.throttle >> 4) >> 12
            short_uj_cm2 = course.fluence_uj_cm2 - pad.fluence.total_uj_cm2
            pad_s = short_uj_cm2 // rate_uw_cm2 if rate_uw_cm2 else limit_s
            if pad_s > longest_s:
                longest_s = pad_s
    return longest_s if longest_s < limit_s else limit_s


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
        if row == 1 and session.state in states.IN_SESSION:
            return left_s(unit)
        if row == 7 and self._has_receipt(unit):
            return RECEIPT - session.number
        if unit.trial:
            behind: int = unit.trial.face.key(unit, row)
            return behind
        if row == 1:
            return session.reason + 10_000
        if row == 2:
            return ((a.contact_mc // 100 & 0x7FFF) << 15) + (b.contact_mc // 100 & 0x7FFF)
        if row == 3:
            return (a.fluence.total_uj_cm2 // 100_000 << 15) + b.fluence.total_uj_cm2 // 100_000
        if row == 4:
            return unit.set_point_mc
        if row == 5:
            return (unit.battery.percent << 15) + unit.battery.sessions_left()
        trouble = self._trouble(unit)
        return (trouble << 7) + (unit.lock << 4) + session.refused if row == 6 else trouble

    def _has_receipt(self, unit: "Waistband") -> bool:
        """A session is over and in the journal: a person may note down what proves it."""
        done = unit.session.state == states.DONE and unit.session.refused != TOO_EARLY
        return done and len(unit.journal.receipt) > 0

    def _trouble(self, unit: "Waistband") -> int:
        """Changes with every fault that comes, and when they are acknowledged."""
        return unit.faults.count * 2 + (1 if unit.faults.latched else 0)

    def _draw(self, unit: "Waistband", row: int, cells: bytearray) -> None:
        session = unit.session
        a, b = unit.pads
        if row == 0:
            put_text(cells, 0, texts.STATES[session.state])
        elif row == 1 and session.state in states.IN_SESSION:
            self._draw_left(unit, cells)
        elif row == 7 and self._has_receipt(unit):
            put_text(cells, 0, texts.RECEIPT)
            put_text(cells, 8, unit.journal.receipt)
        elif unit.trial:
            unit.trial.face.draw(unit, row, cells)
        elif row == 1:
            if session.reason >= 0:
                put_text(cells, 0, texts.REASONS[session.reason])
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

    def _draw_left(self, unit: "Waistband", cells: bytearray) -> None:
        """Minutes and seconds left."""
        seconds = left_s(unit)
        put_text(cells, 0, texts.LEFT)
        put_int(cells, 8, seconds // 60)
        cells[9] = ZERO + seconds % 60 // 10
        cells[10] = ZERO + seconds % 10

    def _draw_trouble(self, unit: "Waistband", row: int, cells: bytearray) -> None:
        """Row 6: the lock, the first fault, the refusal or an unset clock; row 7: the fault's
        value and limit."""
        kept = unit.faults
        if row == 6:
            if unit.lock:
                put_text(cells, 0, texts.LOCKS[unit.lock])
            elif kept.latched:
                first = kept.rows[kept.first]
                put_text(cells, 0, texts.FAULTS[first[0]])
                put_text(cells, CELLS - 1, texts.PADS[first[1]])
            elif unit.session.refused:
                put_text(cells, 0, texts.REFUSALS[unit.session.refused])
            elif not unit.clock_set:
                put_text(cells, 0, texts.NO_CLOCK)
        elif unit.lock and kept.count:
            put_text(cells, 0, texts.FAULTS[kept.rows[0][0]])
            put_text(cells, CELLS - 1, texts.PADS[kept.rows[0][1]])
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
