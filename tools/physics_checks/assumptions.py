"""Assumptions: every assumed constant over its range, and whether it decides that a wearer is safe.

Called by `tools.physics_checks.assumptions_page`, which writes what is measured here. Each constant
of `assumed.CONSTANTS` is set to either end of its range, the others as shipped; the whole firmware
is then run at HAL depth, on skin with a pressed spot, in the situations of FAULTS. What is judged
is the plant's own: contact where the sensors are, the hottest column, its thermal dose.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sim.common.story import Event, Start
from sim.common.value_record import replace
from sim.run import Run
from sim.scenario.scenario import ordinary
from tools.physics_checks.assumed import Constant, varied

SEED = 1
PRESS_S, DURATION_S = 3.0, 1_900.0
LIMITS = (42.5, 43.0, 2.0)  # design: contact's trip, the hottest column, CEM43 a session
STRONGEST_MW_CM2 = 40.0
ORDINARY, ALIKE = "ordinary session", "both sensors lie alike"
Fault = tuple[str, str | None, float | None, float]  # name, pad, value, when it strikes, s
# Both contact sensors of a pad reading low alike is a common cause, and worse than any single fault
# that was tried at the shipped constants (heat from outside aside).
FAULTS: dict[str, tuple[Fault, ...]] = {
    ORDINARY: (),
    ALIKE: (("sensors_step", "A", -1.5, 1.0),),
}
DECIDES = (0.1, 0.1)  # C of the hottest column, min of CEM43: less than this decides nothing


class Peak(NamedTuple):
    """The worst of both pads."""

    contact_c: float
    hottest_c: float
    cem43_min: float


class Swing(NamedTuple):
    """A constant at the low and the high end of its range, in one situation."""

    constant: Constant
    low: Peak
    high: Peak


def run_session(start: Start, fault: Fault | None) -> Peak:
    """The default session; or 30 min of the strongest light, with a fault. The run ends with its
    session: cooling adds 0.2 min of CEM43 to the first, 0.1 to the second."""
    base = ordinary()
    asked, events = base.prescription, [Event(PRESS_S, "press", "START", hold_ms=200)]
    if fault:
        name, pad, value, at_s = fault
        banks: Any = asked["irradiance_mw_cm2"]
        each = STRONGEST_MW_CM2 / len(banks)
        asked = {
            **asked, "fluence_j_cm2": 90, "max_min": 30,
            "irradiance_mw_cm2": dict.fromkeys(banks, each),
        }  # fmt: skip
        events.append(Event(at_s, "fault", name, pad, value))
    events.sort(key=lambda event: event.at_s)
    run = Run(replace(
        base, prescription=asked, events=tuple(events), duration_s=DURATION_S, start=start,
        seed=SEED, until_done=True,
    ))  # fmt: skip
    while run.advance(500):
        pass
    pads = run.plant.pads
    return Peak(
        max(pad.max_contact_c for pad in pads), max(pad.max_skin_c for pad in pads),
        max(pad.hottest_cem43_min() for pad in pads),
    )  # fmt: skip


def measure(situation: str, setting: Sequence[tuple[Constant, float]]) -> Peak:
    """The peaks with these constants; of FAULTS, the worst of each figure."""
    with varied(setting) as start:
        found = [run_session(start, fault) for fault in FAULTS[situation] or (None,)]
    return Peak(*[max(each) for each in zip(*found, strict=True)])


def measure_swing(situation: str, constant: Constant) -> Swing:
    """Both ends of a constant's range."""
    low, high = [measure(situation, [(constant, end)]) for end in (constant.low, constant.high)]
    return Swing(constant, low, high)


def find_worse_ends(swings: Sequence[Swing]) -> list[tuple[Constant, float]]:
    """Each constant at the end that makes the hottest column hotter; where neither does, its own
    value."""
    ends = []
    for constant, low, high in swings:
        end = constant.low if low.hottest_c > high.hottest_c else constant.high
        if abs(low.hottest_c - high.hottest_c) > 0.005:
            ends.append((constant, end))
    return ends


def move(swing: Swing, base: Peak, figure: int) -> float:
    """How far a constant can move a figure upwards."""
    return max(swing.low[figure], swing.high[figure]) - base[figure]


def decides(swing: Swing, base: Peak) -> bool:
    """Whether a constant moves the hottest column or its dose by more than DECIDES."""
    return move(swing, base, 1) > DECIDES[0] or move(swing, base, 2) > DECIDES[1]
