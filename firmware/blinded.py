"""What a blinded unit shows and says: the same in both arms.

In the place of contact temperature, dose, set point and charge it shows the visit, and what is
asked; faults have no name, and a bank that gives no light is not shown. Telemetry's numbers of
the same are 0. What cannot be hidden is named in docs/trial.md.
"""

from firmware import states, texts, trial_texts, visits
from firmware.cells import MINUS, put_int, put_text
from firmware.faults import STOPPING
from firmware.session import TOO_EARLY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from firmware.session import Session
    from firmware.waistband import Waistband

# Reasons that a person caused or saw; the others are one.
SEEN = ("stopped", "unworn", "charger", "host", "time", "timeout")
ENDED = len(states.REASONS)  # stands for every other, as a number
HIDDEN = tuple([reason != "" and reason not in SEEN for reason in states.REASONS])


def reason_number(session: "Session") -> int:
    """Why the last session ended, where a person may know; ENDED for the rest."""
    reason = session.reason
    return ENDED if reason >= 0 and HIDDEN[reason] else reason


def reason(session: "Session") -> str:
    """The same in words, as the journal has it."""
    number = reason_number(session)
    return "ended" if number == ENDED else states.REASONS[number] if number >= 0 else ""


def stopped(unit: "Waistband") -> int:
    """1 where a fault is latched that keeps the unit dark."""
    return 1 if unit.faults.latched & STOPPING else 0


def key(unit: "Waistband", row: int) -> int:
    """The number behind a row from 1 on, as `screen.Screen` asks for it; 0 for an empty row."""
    session, trial = unit.session, unit.trial
    assert trial
    asks = session.state == states.RATE
    if row == 1:
        return 1_000 + trial.item() if asks else reason_number(session) + 10_000
    if row == 2:
        return trial.progress.visit if trial.taken else 0
    if row == 3:
        return (trial.item() + 1 << 5) + trial.value + 2 if asks else 0
    if row == 4:
        return (2 if trial.alone else 4 + trial.progress.stage) if asks else 0
    if row == 6:
        clock = 1 if unit.clock_set else 0
        return (((unit.lock << 4) + session.refused << 1) + stopped(unit) << 1) + clock
    if row == 7 and session.refused == TOO_EARLY:
        return trial.early_date
    return 0


def draw(unit: "Waistband", row: int, cells: bytearray) -> None:
    """A row from 1 on that is not drawn as in every unit."""
    session, trial = unit.session, unit.trial
    assert trial
    asks = session.state == states.RATE
    if row == 1:
        if asks:
            _draw_item(unit, trial.item(), cells)
        elif session.reason >= 0:
            number = reason_number(session)
            put_text(cells, 0, trial_texts.ENDED if number == ENDED else texts.REASONS[number])
    elif row == 2:
        if trial.taken and trial.progress.visit:
            put_text(cells, 0, trial_texts.VISIT)
            put_int(cells, 8, trial.progress.visit)
            put_int(cells, 14, trial.ticket.protocol.visits)
    elif row == 3 and asks:
        _draw_value(trial.item(), trial.value, cells)
    elif row == 4 and asks and not trial.alone:
        put_text(cells, 0, trial_texts.STAGES[trial.progress.stage])
    elif row == 6:
        _draw_trouble(unit, cells)
    elif row == 7 and session.refused == TOO_EARLY:
        date = trial.early_date
        put_text(cells, 0, trial_texts.FROM)
        put_int(cells, 9, date // 10_000)
        put_int(cells, 12, date // 100 % 100 + 100)  # the hundred goes under the mark
        put_int(cells, 15, date % 100 + 100)
        cells[9] = cells[12] = MINUS


def _draw_item(unit: "Waistband", item: int, cells: bytearray) -> None:
    """What is asked."""
    trial = unit.trial
    if item == visits.EFFECT:
        put_text(cells, 0, trial_texts.ILL_EFFECTS)
    elif item == visits.GUESS:
        put_text(cells, 0, trial_texts.GUESS)
    elif item == 0:
        put_text(cells, 0, trial_texts.OVERALL)
    elif item > 0 and trial:
        put_text(cells, 0, trial.ticket.protocol.shown[item - 1])


def _draw_value(item: int, value: int, cells: bytearray) -> None:
    """The answer so far."""
    if item < 0:
        return
    at = 0
    if item < visits.EFFECT:
        at = put_text(cells, 0, trial_texts.PAIN) + 2
    if value < 0:
        put_text(cells, at, trial_texts.BLANK)
    elif item == visits.EFFECT:
        put_text(cells, 0, trial_texts.SEVERITIES[value])
    elif item == visits.GUESS:
        put_text(cells, 0, trial_texts.GUESSES[value])
    else:
        put_int(cells, at + 1, value)


def _draw_trouble(unit: "Waistband", cells: bytearray) -> None:
    """The lock, a fault without its name, the refusal, or an unset clock."""
    if unit.lock == states.HARD_FAULT or (not unit.lock and stopped(unit)):
        put_text(cells, 0, trial_texts.TELL_THE_CLINIC)
    elif unit.lock:
        put_text(cells, 0, texts.LOCKS[unit.lock])
    elif unit.session.refused:
        put_text(cells, 0, texts.REFUSALS[unit.session.refused])
    elif not unit.clock_set:
        put_text(cells, 0, texts.NO_CLOCK)


def take(unit: "Waistband", numbers: "list[int]") -> None:
    """What telemetry says of the present, in the order of its fields."""
    session = unit.session
    for field in range(len(numbers)):
        numbers[field] = 0
    numbers[0] = unit.inputs.ms
    numbers[1] = session.state
    numbers[2] = reason_number(session)
    numbers[3] = session.refused
    numbers[4] = unit.lock
    numbers[5] = stopped(unit)
    numbers[17] = session.treat_ms
    numbers[21] = 1 if unit.clock_set else 0
