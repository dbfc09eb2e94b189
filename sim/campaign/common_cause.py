"""When everything that guards a pad lies alike, and the alert is dead.

Both contact sensors agree with each other, so that no pair gives them away. Either both froze
while the pad was still cool, or both live on and read so much too low. What is left is the
LED board's thermometer, the dose and the clock. Not a bound of the table, which means two
faults that have nothing to do with each other: it is measured so that it can be said how hot
it gets.
"""

from typing import NamedTuple

from firmware.core import states
from firmware.core.states import REASONS
from sim.campaign.fault_matrix import brought
from sim.campaign.injection import LONGEST_S
from sim.campaign.injection_points import MOMENTS, PRESCRIPTIONS, WEARERS
from sim.campaign.measurements import Watch
from sim.common.story import Event, Scenario
from sim.faults.catalogue import ALERT_BROKEN
from sim.faults.deadlines import SINGLE_C
from sim.run import Run

PAD = 0
MOMENT = next(moment for moment in MOMENTS if moment.name == "RAMP")  # as cool as it gets, lit
LIGHTS = ("default", "strongest")
FROZEN = "frozen"
LOW_C = (1.0, 2.0, 3.0, 4.0, 6.0)
CREEP_S = 60.0  # over which sensors come to read so much too low: nothing springs
STEP_S = 0.2


class Story(NamedTuple):
    """What is tried."""

    low_c: float | None  # by how much both read too low; None: both froze
    skin: str
    light: str
    alert: str  # "works" or "dead"; one that reads too low comes too late as well


class Lie(NamedTuple):
    """What became of it."""

    low_c: float | None
    skin: str
    light: str
    alert: str
    peak_c: float  # true contact
    beyond_s: float  # for how long contact was above the single fault's bound
    board_c: float  # true, highest
    cem43_min: float  # true, of the skin
    ended: str  # state, and the reason or the fault
    lit_s: float

    @property
    def story(self) -> Story:
        """What was tried."""
        return Story(self.low_c, self.skin, self.light, self.alert)

    @property
    def said(self) -> str:
        """The lie in words."""
        return FROZEN if self.low_c is None else f"{self.low_c:g} C low"


def lies() -> list[Story]:
    """Everything to try."""
    skins = dict.fromkeys(who.skin for who in WEARERS if who.seed == 1)
    frozen = [
        Story(None, skin, light, alert)
        for light in LIGHTS for skin in skins for alert in ("works", "dead")
    ]  # fmt: skip
    return frozen + [Story(low_c, skin, LIGHTS[-1], "dead") for low_c in LOW_C for skin in skins]


def lie(story: Story) -> Lie:
    """One whole session of it."""
    who = next(who for who in WEARERS if who.skin == story.skin)
    before = Scenario(
        story.skin, who.seed, LONGEST_S, PRESCRIPTIONS[story.light], who.start, MOMENT.before
    )
    run = brought(Run(before), MOMENT)
    at_s = MOMENT.at_s + 0.001
    events = [Event(at_s, "fault", ALERT_BROKEN)] if story.alert == "dead" else []
    plant = run.plant.pads[PAD]
    if story.low_c is None:
        events += [Event(at_s, "fault", name, "AB"[PAD]) for name in ("ntc_stuck", "contact_stuck")]
    low_c = 0.0 if story.low_c is None else story.low_c
    run.continue_with(tuple(events), LONGEST_S)
    watch = Watch(run)
    board_c, beyond_s = 0.0, 0.0
    while run.unit.session.state in states.IN_SESSION and watch.step():
        if run.t_s < MOMENT.at_s + CREEP_S:
            plant.ntc_error_c -= low_c * STEP_S / CREEP_S
            plant.contact_error_c -= low_c * STEP_S / CREEP_S
        board_c = max(board_c, plant.tissue.board_c)
        beyond_s += STEP_S * (plant.tissue.contact_c > SINGLE_C)
    session = run.unit.session
    why = REASONS[session.reason] if session.reason >= 0 else "not over"
    if named := [row["name"] for row in run.fault_rows()]:
        why = named[0]
    return Lie(
        *story, watch.peak_c, beyond_s, board_c, plant.cem43_min,
        f"{states.STATES[session.state]} ({why})", session.treat_ms / 1000,
    )  # fmt: skip
