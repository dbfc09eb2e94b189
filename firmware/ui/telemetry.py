"""Telemetry: a JSON line a second, written number by number into one buffer.

Called by `firmware.waistband`; reads, and hands the line to the HAL. Only while someone reads,
and never in the way of a tick: the numbers of one moment are taken down together, and turned
into digits over the ticks that follow; the HAL drops what the reader does not take at once.
Keys are those of `FIELDS`, in order; units in names.
"""

from firmware.core import states
from firmware.core.limits import CONTROL_TICKS
from firmware.ui.text_buffer import append_int, put_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from firmware.records.journal import Journal
    from firmware.therapy.session import Status
    from firmware.ui.screen import Face
    from hal.contract import Hal

FIELDS = (
    b'{"ms":', b',"state":"', b'","reason":"', b'","refused":', b',"lock":', b',"faults":',
    b',"contact_mc":[', b',', b'],"board_mc":[', b',', b'],"throttle":[', b',',
    b'],"fluence_uj_cm2":[', b',', b'],"cem43_q10_ms":[', b',', b'],"set_point_mc":',
    b',"treat_ms":', b',"battery_mv":', b',"battery_pct":', b',"sessions_left":',
    b',"clock_set":', b',"late_us":', b',"receipt":"',
)  # fmt: skip
STATE, REASON, END = 1, 2, len(FIELDS) - 1  # those that no number follows; END: the receipt
LAST = b'"}\n'
LINE_BYTES = 512
FIELDS_A_TICK = 3  # 1 to 2 ms on the chip
STATE_NAMES = tuple([name.encode() for name in states.STATES])
REASON_NAMES = tuple([name.encode() for name in states.REASONS]) + (b"ended",)  # in a trial

# said before the next control step; that one and the screen's tick write nothing
assert len(FIELDS) <= (CONTROL_TICKS - 2) * FIELDS_A_TICK


class Telemetry:
    """The numbers, the line, and how far it is written."""

    def __init__(
        self, hal: "Hal", status: "Status", face: "Face | None", journal: "Journal"
    ) -> None:
        """`face` is what a blinded unit says in the place of these numbers."""
        self.hal = hal
        self.status = status
        self.face = face
        self.journal = journal
        self.late_us = 0  # the worst that a tick came late, as the loop keeps it
        self.line = bytearray(LINE_BYTES)
        self.numbers = [0] * END  # a moment's, each where its field is
        self.at = 0
        self.field = 0  # the next to be written
        self.writing = False

    def take(self) -> None:
        """Once a second while somebody reads: take down the moment that the next line is of."""
        self.at = self.field = 0
        self.writing = True
        if self.face:
            self.face.take(self.numbers)
            return
        status = self.status
        session = status.session
        battery = status.battery
        a, b = status.pads
        numbers = self.numbers
        numbers[0] = status.inputs.ms
        numbers[STATE] = session.state
        numbers[REASON] = session.reason
        numbers[3] = session.refused
        numbers[4] = session.lock
        numbers[5] = status.latch.latched
        numbers[6] = a.contact_mc
        numbers[7] = b.contact_mc
        numbers[8] = a.board_mc
        numbers[9] = b.board_mc
        numbers[10] = a.throttle
        numbers[11] = b.throttle
        numbers[12] = a.fluence.total_uj_cm2
        numbers[13] = b.fluence.total_uj_cm2
        numbers[14] = a.cem43.session_q10_ms
        numbers[15] = b.cem43.session_q10_ms
        numbers[16] = session.set_point_mc
        numbers[17] = session.treat_ms
        numbers[18] = battery.cell_mv
        numbers[19] = battery.percent
        numbers[20] = battery.sessions_left()
        numbers[21] = 1 if status.clock.base_s else 0
        numbers[22] = self.late_us

    def write(self) -> None:
        """A few more fields; with the last of them the line is said."""
        for _ in range(FIELDS_A_TICK):
            self._field()
            if self.field == len(FIELDS):
                self.writing = False
                self.hal.write_line(self.line, self.at)
                return

    def _field(self) -> None:
        field = self.field
        self.field = field + 1
        self.at = at = put_text(self.line, self.at, FIELDS[field])
        if field == END:
            self.at = put_text(self.line, put_text(self.line, self.at, self.journal.receipt), LAST)
            return
        number = self.numbers[field]
        if field == STATE:
            self.at = put_text(self.line, at, STATE_NAMES[number])
        elif field != REASON:
            self.at = append_int(self.line, at, number)
        elif number >= 0:
            self.at = put_text(self.line, at, REASON_NAMES[number])
