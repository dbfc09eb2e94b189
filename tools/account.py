"""What was asked, what was given, and why it was less: the account of one session.

A pad's parts add up: asked less given is the sum of its `parts`, all in J/cm2.
"""

from dataclasses import dataclass

from firmware.waistband import Waistband
from sim.run import Run

WORTH_SAYING = 0.005  # of what was asked; smaller parts are joined to another
ENDINGS = {
    "time": "time was up",
    "stopped": "stopped with START",
    "fault": "ended by a fault",
    "battery": "battery empty",
    "charger": "charger plugged in",
    "cem43": "thermal dose at its cap",
    "unworn": "off the skin too often",
    "timeout": "never resumed",
    None: "the run ended first",
}


@dataclass(frozen=True)
class PadAccount:
    """One pad's light, J/cm2. `banks` are (nm, asked, given); `parts` (why, J/cm2 less)."""

    name: str
    asked: float
    given: float
    banks: tuple[tuple[int, float, float], ...]
    parts: tuple[tuple[str, float], ...]


def account(run: Run) -> list[PadAccount]:
    """Both pads' accounts of the last session of a unit that is not locked."""
    return [pad_account(run, index) for index in (0, 1)]


def pad_account(run: Run, index: int) -> PadAccount:
    """One pad's account."""
    course = run.unit.course
    fluence = run.unit.pads[index].fluence
    whole = sum(course.irradiance_uw_cm2)
    asked = course.fluence_uj_cm2 / 1e6
    given = fluence.total_uj_cm2 / 1e6
    banks = tuple(
        (row[0], asked * irradiance / whole, uj_cm2 / 1e6)
        for row, irradiance, uj_cm2 in zip(
            run.board.BANKS, course.irradiance_uw_cm2, fluence.uj_cm2, strict=True
        )
    )
    parts = close(withheld(run, index, given), asked, given, run.result()["reason"])
    return PadAccount("AB"[index], asked, given, banks, tuple(parts))


def withheld(run: Run, index: int, given: float) -> list[tuple[str, float]]:
    """What the ramp, the throttle and dark banks kept back, J/cm2, by cause."""
    course = run.unit.course
    pad = run.unit.pads[index]
    dark = dark_banks(run.unit, index)
    lost = sum(course.irradiance_uw_cm2[k] for k in dark)
    lit = sum(course.irradiance_uw_cm2) - lost
    # Withheld times are of a gate's open part, where the light is stronger than its average.
    w_cm2 = lit / 1e6 * course.period_ticks / course.on_ticks
    parts = [
        ("check and ramp", pad.ramp_ms / 1000 * w_cm2),
        ("throttled for heat", pad.throttled_ms / 1000 * w_cm2),
    ]
    if dark:
        names = ", ".join(str(run.board.BANKS[k][0]) for k in dark)
        parts.append((f"no light at {names} nm", given * lost / lit if lit else 0.0))
    return parts


def dark_banks(unit: Waistband, index: int) -> list[int]:
    """The pad's banks that the course uses and the check found to give no light."""
    first = index * len(unit.course.irradiance_uw_cm2)
    return [
        k
        for k, irradiance in enumerate(unit.course.irradiance_uw_cm2)
        if irradiance and unit.session.number and not unit.gate.caps[first + k]
    ]


def close(
    parts: list[tuple[str, float]], asked: float, given: float, reason: str | None
) -> list[tuple[str, float]]:
    """Drop what is too small to say and add what the causes leave open, so that all sums up."""
    said = [(why, j_cm2) for why, j_cm2 in parts if j_cm2 >= WORTH_SAYING * asked]
    rest = asked - given - sum(j_cm2 for _, j_cm2 in said)
    if rest < -WORTH_SAYING * asked:
        said.append(("made up by longer light", rest))
    elif rest > WORTH_SAYING * asked:
        said.append((ENDINGS.get(reason, str(reason)), rest))
    elif said:
        why, j_cm2 = said[-1]
        said[-1] = (why, j_cm2 + rest)
    return said
