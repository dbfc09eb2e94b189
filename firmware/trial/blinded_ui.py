"""Blinded screen and telemetry: the same in both arms of a trial.

Called by `firmware.ui.screen` and `firmware.ui.telemetry`; only reads. Shows the visit and the
question in place of contact temperature, dose, set point and charge; faults have no name, and an
open bank is not shown. Telemetry has 0 for these numbers. docs/trialist/trial.md lists what cannot
be hidden.
"""

from firmware.core import states
from firmware.core.faults import STOPPING
from firmware.trial import visits
from firmware.trial.trial import ENDED, reason_number
from firmware.ui import texts
from firmware.ui.screen import advise, draw_refusal
from firmware.ui.text_buffer import put_date, put_int, put_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from firmware.therapy.session import Status
    from firmware.trial.trial import Trial


class Face:
    """The rows and numbers of a blinded unit."""

    def __init__(self, status: "Status", trial: "Trial") -> None:
        self.status = status
        self.trial = trial

    def _stopped(self) -> int:
        """1 where a fault is latched that keeps the unit dark."""
        return 1 if self.status.latch.latched & STOPPING else 0

    def key(self, row: int) -> int:
        """The number behind a row from 1 on, as `screen.Screen` asks for it; 0 for an empty row."""
        session, trial = self.status.session, self.trial
        asks = session.state == states.RATE
        if row == 1:
            return 1_000 + trial.item() if asks else reason_number(session) + 10_000
        if row == 2:
            return trial.progress.visit if trial.taken else 0
        if row == 3:
            return (trial.item() + 1 << 5) + trial.value + 2 if asks else 0
        if row == 4:
            return (2 if trial.alone else 4 + trial.progress.stage) if asks else 0
        if row >= 6:
            clock = 1 if self.status.clock.base_s else 0
            refused = (session.lock << 5) + session.refused
            return ((refused << 1) + self._stopped() << 1) + clock
        return 0

    def draw(self, row: int, cells: bytearray) -> None:
        """A row from 1 on that is not drawn as in every unit."""
        session, trial = self.status.session, self.trial
        asks = session.state == states.RATE
        if row == 1:
            if asks:
                self._draw_item(trial.item(), cells)
            elif session.reason >= 0:
                number = reason_number(session)
                put_text(cells, 0, texts.ENDED if number == ENDED else texts.REASONS[number])
        elif row == 2:
            if trial.taken and trial.progress.visit:
                put_text(cells, 0, texts.VISIT)
                put_int(cells, 8, trial.progress.visit)
                put_int(cells, 14, trial.ticket.protocol.visits)
        elif row == 3 and asks:
            draw_value(trial.item(), trial.value, cells)
        elif row == 4 and asks and not trial.alone:
            put_text(cells, 0, texts.STAGES[trial.progress.stage])
        elif row == 6:
            self._draw_trouble(cells)
        elif row == 7:
            self._draw_advice(cells)

    def _draw_item(self, item: int, cells: bytearray) -> None:
        """What is asked."""
        if item == visits.EFFECT:
            put_text(cells, 0, texts.ILL_EFFECTS)
        elif item == visits.GUESS:
            put_text(cells, 0, texts.GUESS)
        elif item == 0:
            put_text(cells, 0, texts.OVERALL)
        elif item > 0:
            put_text(cells, 0, self.trial.ticket.protocol.shown[item - 1])

    def _draw_trouble(self, cells: bytearray) -> None:
        """The lock, a fault without its name, the refusal, or an unset clock."""
        session = self.status.session
        lock = session.lock
        if lock == states.HARD_FAULT or (not lock and self._stopped()):
            put_text(cells, 0, texts.TELL_THE_CLINIC)
        elif lock:
            put_text(cells, 0, texts.LOCKS[lock])
        else:
            draw_refusal(self.status, cells)

    def _draw_advice(self, cells: bytearray) -> None:
        """What to do; the day from which on the next visit may be; a refusal for which row 6 has no
        room."""
        session = self.status.session
        if session.refused == states.TOO_EARLY:
            put_text(cells, 0, texts.FROM)
            put_date(cells, 9, self.trial.early_date)
        elif session.refused and self._stopped():
            draw_refusal(self.status, cells)
        elif session.lock != states.HARD_FAULT:
            put_text(cells, 0, advise(session))

    def take(self, numbers: "list[int]") -> None:
        """What telemetry says of the present, in the order of its fields."""
        session = self.status.session
        for field in range(len(numbers)):
            numbers[field] = 0
        numbers[0] = self.status.inputs.ms
        numbers[1] = session.state
        numbers[2] = reason_number(session)
        numbers[3] = session.refused
        numbers[4] = session.lock
        numbers[5] = self._stopped()
        numbers[17] = session.treat_ms
        numbers[21] = 1 if self.status.clock.base_s else 0


def draw_value(item: int, value: int, cells: bytearray) -> None:
    """The answer so far."""
    if item < 0:
        return
    at = 0
    if item < visits.EFFECT:
        at = put_text(cells, 0, texts.PAIN) + 2
    if value < 0:
        put_text(cells, at, texts.BLANK)
    elif item == visits.EFFECT:
        put_text(cells, 0, texts.SEVERITIES[value])
    elif item == visits.GUESS:
        put_text(cells, 0, texts.GUESSES[value])
    else:
        put_int(cells, at + 1, value)
