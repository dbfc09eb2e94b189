"""Events of the model check where control plans the light; see `sim.model_check.choice`."""

from collections.abc import Callable, Sequence
from functools import partial

from firmware.core.inputs import RAIL
from firmware.core.limits import DUTY_MAX, RAIL_STALE_MS, RAMP_MS
from firmware.core.states import CHECK, LIT, RAMP
from firmware.safety.lamp_test import SILENCES
from sim.model_check.choice import NOTHING, Choice, Group, setter, when
from sim.model_check.harness import NOW_MS, STEP_MS, Harness
from sim.model_check.node import BANKS_A, BANKS_B, BEGINNING, SOME, WITHHELD, Node

Which = Callable[[Harness], "Sequence[int]"]

NEAR_MC = 39_900  # a set point of 40.5 C: the controller throttles
ABOVE_MC = 41_200  # and here it gives nothing


def see_pulse(harness: Harness) -> None:
    """The peak current is the largest that any bank is expected to draw."""
    check = harness.unit.check
    check.peak_01ma = max(check.expected_01ma)


def unprove_rail(harness: Harness) -> None:
    """The rail monitor's set-up was last read back before this step."""
    harness.unit.inputs.proved[0] = NOW_MS - 2 * STEP_MS
    see_pulse(harness)


def silence_rail(times: int, harness: Harness) -> None:
    """The rail monitor was not heard in this step, and in `times` steps of this lamp test."""
    harness.unit.inputs.heard[RAIL] = NOW_MS - RAIL_STALE_MS - 1
    harness.unit.check.silences = times


def set_contact(pad: int, contact_mc: int, harness: Harness) -> None:
    """A pad reads this temperature."""
    harness.unit.pads[pad].contact_mc = contact_mc


def contact(pad: int) -> Group:
    """How far the controller throttles a pad: not, in part, or to nothing."""
    name = "AB"[pad]
    return when(
        lambda node: node.state != CHECK,
        (f"pad {name} is near its set point", partial(set_contact, pad, NEAR_MC)),
        (f"pad {name} is above 41 C", partial(set_contact, pad, ABOVE_MC)),
    )


def go_to_last_bank(pad: int, harness: Harness) -> None:
    """The lamp test is at a pad's last bank."""
    harness.unit.check.step = harness.banks * (pad + 1)


BEGUN_LIT: list[Choice] = [NOTHING, ("", setter("unit.check.step", -2))]
TOO_STRONG: list[Choice] = [
    NOTHING, ("the last bank's driver gave too much", setter("unit.check.strong_of_01ma", 1))
]  # fmt: skip


def step(node: Node) -> "list[Choice]":
    """Which of a pad's banks the lamp test is at, the first or the last; begun while lit, it waits
    for a step before the first. What the last bank's step found is told in the next one."""
    if node.state == CHECK and node.step == WITHHELD:
        return TOO_STRONG
    if node.state != CHECK or node.step not in (BEGINNING, BANKS_A, BANKS_B):
        return []
    if node.step == BEGINNING:
        return BEGUN_LIT
    return [NOTHING, ("", partial(go_to_last_bank, node.step - BANKS_A))]


def leave_out(which: Which, harness: Harness) -> None:
    """These banks are left out of the light."""
    caps = harness.unit.gate.caps
    caps[:] = harness.course.duties
    for number in which(harness):
        caps[number] = 0
    harness.unit.gate.live[:] = [cap > 0 for cap in caps]


def checked(harness: Harness) -> "Sequence[int]":
    """The bank that the lamp test is at."""
    at = harness.unit.check.step - 1
    return (at,) if 0 <= at < 2 * harness.banks else (0,)


def all_but_checked(harness: Harness) -> "Sequence[int]":
    """Every bank but the one that the lamp test is at."""
    return [number for number in range(2 * harness.banks) if number not in checked(harness)]


def not_checked(harness: Harness) -> "Sequence[int]":
    """A bank other than the one that the lamp test is at."""
    return all_but_checked(harness)[:1]


IN_POWER: "tuple[Which, ...]" = (
    lambda harness: (0,),  # a bank of a pad that has others
    lambda harness: range(harness.banks),  # pad A
    lambda harness: range(harness.banks, 2 * harness.banks),  # pad B
)
IN_CHECK: "tuple[Which, ...]" = (checked, all_but_checked, not_checked)


def some_left_out(node: Node) -> "list[Choice]":
    """Which banks are left out, where some are."""
    if node.banks != SOME or node.state not in LIT:
        return []
    ways = IN_CHECK if node.state == CHECK else IN_POWER
    return [("", partial(leave_out, which)) for which in ways]


PLAN: "tuple[Group, ...]" = (
    when(lambda node: node.state == RAMP,  # at its beginning the ramp gives nothing
         ("", setter("unit.session.state_ms", RAMP_MS // 2))),
    contact(0), contact(1),
    when(lambda node: node.state == CHECK,
         ("the rail monitor sees a pulse", see_pulse),
         ("the rail monitor sees far too much", setter("unit.check.peak_01ma", DUTY_MAX)),
         ("the rail monitor's set-up was not read back", unprove_rail),
         ("the rail monitor is silent", partial(silence_rail, 0)),
         ("the rail monitor stays silent", partial(silence_rail, SILENCES))),
    step, some_left_out,
)  # fmt: skip
