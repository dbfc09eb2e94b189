"""What can make a difference where control plans the light: see `sim.model_check.events`."""

from collections.abc import Callable, Sequence
from functools import partial

from firmware.core.inputs import RAIL
from firmware.core.limits import DUTY_MAX, RAIL_STALE_MS, RAMP_MS
from firmware.core.states import CHECK, LIT, RAMP
from firmware.safety.lamp_test import SILENCES
from sim.model_check.events import NOTHING, Choice, Group, setter
from sim.model_check.harness import NOW_MS, Harness
from sim.model_check.node import BANKS_A, BANKS_B, BEGINNING, SOME, Node

Which = Callable[[Harness], "Sequence[int]"]

NEAR_MC = 39_900  # a set point of 40.5 C: the controller throttles
ABOVE_MC = 41_200  # and here it gives nothing

RISING: list[Choice] = [NOTHING, ("", setter("session.state_ms", RAMP_MS // 2))]


def see_pulse(stand: Harness) -> None:
    """As much current as the weakest of the banks must draw to count as lit, or the strongest."""
    check = stand.unit.check
    check.peak_01ma = max(check.expected_01ma)


def silence_rail(times: int, stand: Harness) -> None:
    """The rail monitor was not heard in this step, as so often before in this check."""
    stand.unit.inputs.heard[RAIL] = NOW_MS - RAIL_STALE_MS - 1
    stand.unit.check.silences = times


CURRENT: list[Choice] = [
    NOTHING,
    ("the rail monitor sees a pulse", see_pulse),
    ("the rail monitor sees far too much", setter("check.peak_01ma", DUTY_MAX)),
    ("the rail monitor is silent", partial(silence_rail, 0)),
    ("the rail monitor stays silent", partial(silence_rail, SILENCES)),
]


def rising(node: Node) -> "list[Choice]":
    """How far the ramp is: at its beginning it gives nothing."""
    return RISING if node.state == RAMP else []


def set_contact(pad: int, contact_mc: int, stand: Harness) -> None:
    """What a pad feels."""
    stand.unit.pads[pad].contact_mc = contact_mc


def contact(pad: int, node: Node) -> "list[Choice]":
    """How far the controller throttles a pad: not, some, or altogether."""
    if node.state == CHECK:
        return []
    name = "AB"[pad]
    return [
        NOTHING,
        (f"pad {name} is near its set point", partial(set_contact, pad, NEAR_MC)),
        (f"pad {name} is above 41 C", partial(set_contact, pad, ABOVE_MC)),
    ]


def current(node: Node) -> "list[Choice]":
    """What the rail monitor sees in a step of the check."""
    return CURRENT if node.state == CHECK else []


def go_to_last_bank(pad: int, stand: Harness) -> None:
    """The check is at a pad's last bank."""
    stand.unit.check.step = stand.banks * (pad + 1)


BEGUN_LIT: list[Choice] = [NOTHING, ("", setter("check.step", -2))]


def step(node: Node) -> "list[Choice]":
    """Which of a pad's banks the check is at, the first or the last; begun in the light, it
    waits for a step before the first."""
    if node.state != CHECK or node.step not in (BEGINNING, BANKS_A, BANKS_B):
        return []
    if node.step == BEGINNING:
        return BEGUN_LIT
    return [NOTHING, ("", partial(go_to_last_bank, node.step - BANKS_A))]


def leave_out(which: Which, stand: Harness) -> None:
    """These banks must not be lit."""
    caps = stand.unit.gate.caps
    caps[:] = stand.course.duties
    for number in which(stand):
        caps[number] = 0


def checked(stand: Harness) -> "Sequence[int]":
    """The bank that the check is at."""
    at = stand.unit.check.step - 1
    return (at,) if 0 <= at < 2 * stand.banks else (0,)


def all_but_checked(stand: Harness) -> "Sequence[int]":
    """Every bank but that."""
    return [number for number in range(2 * stand.banks) if number not in checked(stand)]


def not_checked(stand: Harness) -> "Sequence[int]":
    """Another bank than that."""
    return all_but_checked(stand)[:1]


def first(_stand: Harness) -> "Sequence[int]":
    """A bank of a pad that has others."""
    return (0,)


def pad_a(stand: Harness) -> "Sequence[int]":
    """Every bank of pad A."""
    return range(stand.banks)


def pad_b(stand: Harness) -> "Sequence[int]":
    """Every bank of pad B."""
    return range(stand.banks, 2 * stand.banks)


def some_left_out(node: Node) -> "list[Choice]":
    """Where some banks were left out: which."""
    if node.banks != SOME or node.state not in LIT:
        return []
    ways = (checked, all_but_checked, not_checked) if node.state == CHECK else (first, pad_a, pad_b)
    return [("", partial(leave_out, which)) for which in ways]


PLAN: "tuple[Group, ...]" = (
    rising, partial(contact, 0), partial(contact, 1), current, step, some_left_out
)  # fmt: skip
