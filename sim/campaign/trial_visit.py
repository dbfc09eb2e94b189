"""Visit of a trial: START, an answer to each question, therapy, answers again.

    run = Run(scenario, files=files, clock_s=clock_s)
    refused = attend_visit(run, lambda visit, when, item: 6)
    files = run.hal.files

Called by tests and by their synthetic trials; presses the buttons of the run. The caller gives the
answers; the firmware decides what follows from them.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from firmware.core import states
from firmware.core.limits import CONTROL_TICKS, TICK_MS
from firmware.core.states import REFUSALS
from firmware.trial import visits
from sim.common.story import Event

if TYPE_CHECKING:
    from sim.run import Run

# The visit's number, "before" or "after" therapy, the item: a value from 0. Ill effects (EFFECT)
# are 0-3, the guess (GUESS) is a place in `visits.GUESSES`.
Answer = Callable[[int, str, str], int]

EFFECT, GUESS = "Ill effects", "Guess"
NAMES = {visits.EFFECT: EFFECT, visits.GUESS: GUESS}
STEPS_A_SECOND = 1000 // (CONTROL_TICKS * TICK_MS)
HOLD_MS = 100
EVERY_S = 0.2  # between presses
MOMENT_S = 1.6  # after a change of state, in which nobody presses
STEPS_A_LOOK = 25  # control steps, while therapy goes on
HELD_MS = 2_000  # START, to switch off
DAY_S = 86_400.0


def run_events(run: "Run", events: tuple[Event, ...], steps: int) -> None:
    """Run some control steps, with these events and none of the scenario's."""
    run.continue_with(events, run.t_s + DAY_S)
    run.advance(steps)


def press_buttons(run: "Run", *buttons: str) -> None:
    """Press these buttons one after the other, and wait until the unit has taken them."""
    at_s = run.t_s + EVERY_S
    events = [
        Event(at_s + k * EVERY_S, "press", name, hold_ms=HOLD_MS) for k, name in enumerate(buttons)
    ]
    run_events(run, tuple(events), int((len(buttons) + 1) * EVERY_S * STEPS_A_SECOND) + 1)


def read_question(run: "Run") -> tuple[int, str, str] | None:
    """Return what the unit asks: visit, when, item; None where it asks nothing."""
    trial = run.unit.trial
    if not trial or run.unit.session.state != states.RATE or (item := trial.item()) < 0:
        return None
    when = visits.STAGES[trial.progress.stage]
    name = NAMES.get(item) or visits.item_text(trial.ticket.protocol, item)
    return trial.progress.visit, when, name


def answer_questions(run: "Run", answer: Answer) -> None:
    """Answer until the unit asks nothing more, or refuses an answer."""
    wait_a_moment(run)
    while question := read_question(run):
        press_buttons(run, *["UP"] * (answer(*question) + 1), "START")
        if run.unit.session.refused:
            return


def put_on(run: "Run") -> None:
    """Put the belt on for the visit: the unit asks that it was off since the last one."""
    off_s = run.t_s + EVERY_S
    belt = (Event(off_s, "set", "worn", value=False), Event(off_s + 1.0, "set", "worn", value=True))
    run_events(run, belt, 2 * STEPS_A_SECOND)


def wait_a_moment(run: "Run") -> None:
    """Wait after a change of state."""
    run_events(run, (), int(MOMENT_S * STEPS_A_SECOND))


def attend_visit(run: "Run", answer: Answer) -> str:
    """Attend a whole visit with a worn unit that has just been switched on; return the refusal,
    or nothing. Ends a moment after the unit has no more to ask."""
    run.continue_with((), run.t_s + DAY_S)
    while run.unit.session.state in (states.SELF_TEST, states.CHARGING) and run.advance(1):
        pass
    put_on(run)
    wait_a_moment(run)
    if run.unit.session.state != states.RATE:
        press_buttons(run, "START")
    if run.unit.session.refused == states.NEW_DATE:  # shown since the last visit is long ago
        wait_a_moment(run)
        press_buttons(run, "START")
    answer_questions(run, answer)
    while run.unit.session.state in states.IN_SESSION and run.advance(STEPS_A_LOOK):
        pass
    wait_a_moment(run)
    answer_questions(run, answer)
    wait_a_moment(run)
    return REFUSALS[run.unit.session.refused]


def switch_off(run: "Run") -> None:
    """Hold START until the unit lets go of its supply."""
    at_s = run.t_s + EVERY_S
    steps = int((HELD_MS / 1000 + EVERY_S) * STEPS_A_SECOND) + 1
    run_events(run, (Event(at_s, "press", "START", hold_ms=HELD_MS),), steps)
