"""A person at a visit of a trial: START, an answer to each question, therapy, answers again.

    run = Run(scenario, files=files, clock_s=clock_s)
    refused = attend(run, lambda visit, when, item: 6)
    files = run.hal.files

The answers are whoever asks's; what the unit makes of them is the firmware's own doing.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from firmware.core import states
from firmware.core.states import REFUSALS
from firmware.trial import visits
from sim.common.story import Event

if TYPE_CHECKING:
    from sim.run import Run

# The visit's number, "before" or "after" therapy, what is asked: a value from 0. Ill effects
# (EFFECT) go by 0-3, the guess (GUESS) by its place in `visits.GUESSES`.
Answer = Callable[[int, str, str], int]

EFFECT, GUESS = "Ill effects", "Guess"
HOLD_MS = 100
EVERY_S = 0.2  # a press
MOMENT_S = 1.6  # nobody presses in the moment in which a state changed
STEPS_A_LOOK = 25  # control steps, while therapy goes on
HELD_S = 2.0
DAY_S = 86_400.0


def presses(run: "Run", *buttons: str) -> None:
    """Press these one after the other, beginning a moment from now, and let it be done."""
    at_s = run.t_s + EVERY_S
    events = [
        Event(at_s + k * EVERY_S, "press", name, hold_ms=HOLD_MS) for k, name in enumerate(buttons)
    ]
    run.continue_with(tuple(events), run.t_s + DAY_S)
    run.advance(int((len(buttons) + 1) * EVERY_S * 5) + 1)


def state(run: "Run") -> int:
    """The unit's state."""
    return run.unit.session.state


def asked(run: "Run") -> tuple[int, str, str] | None:
    """What the unit asks: visit, when, item; None where it asks nothing."""
    trial = run.unit.trial
    if not trial or state(run) != states.RATE:
        return None
    item = trial.item()
    if item < 0:
        return None
    when = visits.STAGES[trial.progress.stage]
    names = {visits.EFFECT: EFFECT, visits.GUESS: GUESS}
    name = names.get(item) or visits.item_text(trial.ticket.protocol, item)
    return trial.progress.visit, when, name


def answers(run: "Run", answer: Answer) -> None:
    """Answer whatever is asked until nothing is, or the unit does not take it."""
    moment(run)
    while question := asked(run):
        presses(run, *["UP"] * (answer(*question) + 1), "START")
        if run.unit.session.refused:
            return


def moment(run: "Run") -> None:
    """See that the state changed."""
    run.continue_with((), run.t_s + DAY_S)
    run.advance(int(MOMENT_S * 5))


def attend(run: "Run", answer: Answer) -> str:
    """A whole visit, from a unit that has just been switched on and is worn: the refusal if the
    unit said no, else nothing. Ends a moment after the unit has no more to ask."""
    run.continue_with((), run.t_s + DAY_S)
    while state(run) in (states.SELF_TEST, states.CHARGING) and run.advance(1):
        continue
    moment(run)
    if state(run) != states.RATE:
        presses(run, "START")
    answers(run, answer)
    while state(run) in states.IN_SESSION and run.advance(STEPS_A_LOOK):
        continue
    moment(run)
    answers(run, answer)
    moment(run)
    return REFUSALS[run.unit.session.refused]


def switch_off(run: "Run") -> None:
    """START held: the unit lets go of its supply."""
    at_s = run.t_s + EVERY_S
    run.continue_with((Event(at_s, "press", "START", hold_ms=int(HELD_S * 1000)),), at_s + DAY_S)
    run.advance(int((HELD_S + EVERY_S) * 5) + 1)
