"""When everything that guards a pad lies: both of its contact sensors frozen, the alert dead.

Both froze while the pad was still cool, so that they agree, and agree for ever: no light is
withheld. What is left is the LED board's own limit, the dose and the clock. Not a bound of
the table, where two faults are meant that have nothing to do with each other: it is measured
so that it can be said how hot it gets.
"""

from typing import NamedTuple

from firmware import states
from firmware.states import REASONS
from sim import report
from sim.bounds import SINGLE_C
from sim.matrix import brought
from sim.moments import MOMENTS, PRESCRIPTIONS, WEARERS
from sim.run import Run
from sim.scenario import Event, Scenario
from sim.strike import LONGEST_S
from sim.watch import Watch

PAD = 0
LIARS = ("ntc_stuck", "contact_stuck")
MOMENT = next(moment for moment in MOMENTS if moment.name == "RAMP")  # as cool as it gets, lit
LIGHTS = ("default", "strongest")
STEP_S = 0.2


Story = tuple[str, str, str]  # skin, prescription, alert


class Lie(NamedTuple):
    """A wearer and a prescription, and what became of them."""

    skin: str
    prescription: str
    alert: str  # "works" or "dead"
    peak_c: float  # true contact
    beyond_s: float  # for how long contact was above the single fault's bound
    board_c: float  # true, highest
    cem43_min: float  # true, of the skin
    ended: str  # state, and the reason or the fault
    lit_s: float

    @property
    def story(self) -> Story:
        """What was tried."""
        return self.skin, self.prescription, self.alert


def lies() -> list[Story]:
    """Everything to try."""
    skins = dict.fromkeys(who.skin for who in WEARERS)
    return [
        (skin, light, alert)
        for light in LIGHTS for skin in skins for alert in ("works", "dead")
    ]  # fmt: skip


def lie(told: Story) -> Lie:
    """One whole session of it."""
    skin, prescription, alert = told
    who = next(who for who in WEARERS if who.skin == skin)
    story = Scenario(
        skin, who.seed, LONGEST_S, PRESCRIPTIONS[prescription], who.start, MOMENT.before
    )
    run = brought(Run(story), MOMENT)
    at_s = MOMENT.at_s + 0.001
    events = [Event(at_s, "fault", name, "AB"[PAD]) for name in LIARS]
    events += [] if alert == "works" else [Event(at_s, "fault", "alert_broken")]
    run.then(tuple(events), LONGEST_S)
    watch = Watch(run)
    plant = run.plant.pads[PAD]
    board_c, beyond_s = 0.0, 0.0
    while run.unit.session.state in states.IN_SESSION and watch.step():
        board_c = max(board_c, plant.tissue.board_c)
        beyond_s += STEP_S * (plant.tissue.contact_c > SINGLE_C)
    session = run.unit.session
    why = REASONS[session.reason] if session.reason >= 0 else "not over"
    if named := [row["name"] for row in report.fault_rows(run)]:
        why = named[0]
    return Lie(
        skin, prescription, alert, watch.peak_c, beyond_s, board_c,
        plant.cem43_min, f"{states.STATES[session.state]} ({why})", session.treat_ms / 1000,
    )  # fmt: skip
