"""Common causes: faults that come together, and both contact sensors of a pad wrong alike.

CAUSES is read by `sim.campaign.generators`. The study is called by `waistband check faults`: the
alert is dead, and the two sensors of a pad agree, so that the pair check does not find them:
either both froze while the pad was cool, or both came to read low by the same amount, from each
of several moments of ramp and treatment, within creeps of several lengths. The LED board's
thermometer, the dose and the clock are left. No bound of the table holds here (the table's pairs
are independent faults): the study measures how hot the skin gets.
"""

from typing import NamedTuple

from firmware.core import states
from sim.campaign.fault_matrix import STEP_S, advance_to
from sim.campaign.injection import LONGEST_S
from sim.campaign.injection_points import MOMENTS, PRESCRIPTIONS, WEARERS
from sim.campaign.measurements import Measurements
from sim.common.story import Event, Scenario
from sim.faults.catalogue import ALERT_BROKEN, NAMES
from sim.faults.deadlines import SINGLE_C
from sim.run import Run

# Faults that one cause brings about together, within WITHIN_S; campaigns draw from each.
CAUSES: "dict[str, tuple[str, ...]]" = {
    "supply dips": (
        "battery_sag", "contact_reset", "board_sensor_reset", "rail_reset", "gauge_reset",
        "skin_sensor_reset", "screen_reset", "firmware_exception",
    ),
    "wet belt": (
        "skin_sensor_drift", "skin_sensor_stuck", "ntc_drift", "button_chatter", "buckle_stuck",
    ),
    "bus": ("i2c_hang", "bus_low", "gauge_nak", "contact_garbage", "skin_sensor_lost", "clock_bit"),
    "heat": ("hot_room", "under_blanket", "lying_on_pad", "board_sensor_drift", "battery_aged"),
    "cold start of an old unit": ("battery_aged", "clock_lost", "rail_offset", "led_gain"),
}  # fmt: skip
WITHIN_S = 1.0
KNOWN = {cause: [name for name in names if name in NAMES] for cause, names in CAUSES.items()}

PAD = 0
MOMENT = next(moment for moment in MOMENTS if moment.name == "RAMP")  # lit, and as cool as it gets
LIGHTS = ("default", "strongest")
FROZEN = "frozen"
LOW_C = (1.0, 2.0, 3.0, 4.0, 6.0)
CREEP_S = 60.0  # in which the sensors come to read low: no reading jumps
WORST = "no flow, 40 C, blanket"  # of the skins: the others are tried from the ramp alone
STARTS_S = (60.0, 120.0, 300.0, 600.0, 1_000.0, 1_500.0)  # after power-on
CREEPS_S = (3.0, CREEP_S, 300.0)  # 4 C within 1 s is a jump
DEEP_C = (2.0, 4.0, 6.0)


class CommonCause(NamedTuple):
    """A case of the study."""

    low_c: float | None  # by how much both sensors read low; None: both froze
    skin: str
    light: str
    alert: str  # "works" or "dead"
    at_s: float = MOMENT.at_s  # the lie begins
    creep_s: float = CREEP_S


class Outcome(NamedTuple):
    """A case and its measurements; `waistband check faults --json` has these names."""

    low_c: float | None
    skin: str
    light: str
    alert: str
    at_s: float
    creep_s: float
    peak_c: float  # true contact
    beyond_s: float  # for how long contact was above the single fault's bound
    board_c: float  # true, highest
    cem43_min: float  # true, of the skin
    ended: str  # state, and the reason or the fault
    lit_s: float

    @property
    def label(self) -> str:
        """The sensors' fault in words."""
        if self.low_c is None:
            return FROZEN
        since = f" from {self.at_s:g} s in {self.creep_s:g} s" if self.at_s != MOMENT.at_s else ""
        return f"{self.low_c:g} C low{since}"


def list_cases() -> list[CommonCause]:
    """Return all cases. An alert that reads low comes too late: there it counts as dead."""
    skins = dict.fromkeys(who.skin for who in WEARERS if who.seed == 1)
    frozen = [
        CommonCause(None, skin, light, alert)
        for light in LIGHTS for skin in skins for alert in ("works", "dead")
    ]  # fmt: skip
    low = [CommonCause(low_c, skin, LIGHTS[-1], "dead") for low_c in LOW_C for skin in skins]
    return frozen + low + [
        CommonCause(low_c, WORST, LIGHTS[-1], "dead", at_s, creep_s)
        for at_s in STARTS_S for creep_s in CREEPS_S for low_c in DEEP_C
    ]  # fmt: skip


def run_case(case: CommonCause) -> Outcome:
    """Run one whole session of a case."""
    who = next(who for who in WEARERS if who.skin == case.skin)
    before = Scenario(
        case.skin, who.seed, LONGEST_S, PRESCRIPTIONS[case.light], who.start, MOMENT.before
    )
    run = advance_to(Run(before), MOMENT)
    run.advance(max(0, round((case.at_s - run.t_s) / STEP_S)))
    at_s = run.t_s + 0.001
    events = [Event(at_s, "fault", ALERT_BROKEN)] if case.alert == "dead" else []
    plant = run.plant.pads[PAD]
    if case.low_c is None:
        events += [Event(at_s, "fault", name, "AB"[PAD]) for name in ("ntc_stuck", "contact_stuck")]
    low_c = case.low_c or 0.0
    run.continue_with(tuple(events), LONGEST_S)
    measured = Measurements(run)
    board_c, beyond_s = 0.0, 0.0
    while run.unit.session.state in states.IN_SESSION and measured.advance():
        if run.t_s < at_s + case.creep_s:
            plant.ntc_error_c -= low_c * STEP_S / case.creep_s
            plant.contact_error_c -= low_c * STEP_S / case.creep_s
        board_c = max(board_c, plant.tissue.board_c)
        beyond_s += STEP_S * (plant.tissue.contact_c > SINGLE_C)
    session = run.unit.session
    why = states.REASONS[session.reason] if session.reason >= 0 else "not over"
    if named := [row["name"] for row in run.fault_rows()]:
        why = named[0]
    return Outcome(
        *case, measured.peak_c, beyond_s, board_c, plant.cem43_min,
        f"{states.STATES[session.state]} ({why})", session.treat_ms / 1000,
    )  # fmt: skip
