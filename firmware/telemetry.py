"""Telemetry: a JSON line a second, written number by number into one buffer.

Only while someone reads, and never in the way of a tick: the HAL drops what the
reader does not take at once. Keys are those of `FIELDS`, in order; units in names.
"""

from firmware import console, states
from firmware.cells import append_int, put_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from firmware.waistband import Waistband

FIELDS = (
    b'{"ms":', b',"state":"', b'","reason":"', b'","refused":', b',"lock":', b',"faults":',
    b',"contact_mc":[', b',', b'],"board_mc":[', b',', b'],"throttle":[', b',',
    b'],"fluence_uj_cm2":[', b',', b'],"cem43_q10_ms":[', b',', b'],"set_point_mc":',
    b',"treat_ms":', b',"battery_mv":', b',"battery_pct":', b',"sessions_left":',
    b',"clock_set":', b',"late_us":', b'}\n',
)  # fmt: skip
LINE_BYTES = 512
STATE_NAMES = tuple([name.encode() for name in states.STATES])
REASON_NAMES = tuple([name.encode() for name in states.REASONS])


class Telemetry:
    """The line, and how far it is written."""

    def __init__(self) -> None:
        self.line = bytearray(LINE_BYTES)
        self.at = 0
        self.field = 0

    def _next(self) -> None:
        self.at = put_text(self.line, self.at, FIELDS[self.field])
        self.field += 1

    def _int(self, value: int) -> None:
        self._next()
        self.at = append_int(self.line, self.at, value)

    def step(self, unit: "Waistband") -> None:
        """Once a second while somebody reads: the line, and the answer to what they asked."""
        hal = unit.hal
        line = hal.hear()
        if line is not None:
            reply = console.answer(unit, line)
            if reply:
                hal.say(bytearray(reply), len(reply))
        hal.say(self.line, self.write(unit))

    def write(self, unit: "Waistband") -> int:
        """Write the present; returns the line's length."""
        self.at = self.field = 0
        session = unit.session
        battery = unit.battery
        a, b = unit.pads
        self._int(unit.inputs.ms)
        self._next()
        self.at = put_text(self.line, self.at, STATE_NAMES[session.state])
        self._next()
        if session.reason >= 0:
            self.at = put_text(self.line, self.at, REASON_NAMES[session.reason])
        self._int(session.refused)
        self._int(unit.lock)
        self._int(unit.faults.latched)
        self._int(a.contact_mc)
        self._int(b.contact_mc)
        self._int(a.board_mc)
        self._int(b.board_mc)
        self._int(a.throttle)
        self._int(b.throttle)
        self._int(a.fluence.total_uj_cm2)
        self._int(b.fluence.total_uj_cm2)
        self._int(a.cem43.session_q10_ms)
        self._int(b.cem43.session_q10_ms)
        self._int(unit.set_point_mc)
        self._int(session.treat_ms)
        self._int(battery.cell_mv)
        self._int(battery.percent)
        self._int(battery.sessions_left())
        self._int(1 if unit.clock_set else 0)
        self._int(unit.late_us)
        self._next()
        return self.at
