"""What was asked, what was given, and why it was less: the account of one session.

A pad's parts add up: asked less given is the sum of its `parts`, all in J/cm2.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from firmware.records import journal_events
from tools.common import words

if TYPE_CHECKING:
    from sim.run import Run

WORTH_SAYING = 0.005  # of what was asked; smaller parts are joined to another


@dataclass(frozen=True)
class PadAccount:
    """One pad's light, J/cm2. `banks` are (nm, asked, given); `parts` (why, J/cm2 less)."""

    name: str
    asked: float
    given: float
    banks: tuple[tuple[int, float, float], ...]
    parts: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Given:
    """What a session was asked for and what it came to, whoever tells it. Lists are by bank of
    one pad, pairs by pad; `open_banks` numbers the banks of both, pad A first."""

    nm: tuple[int, ...]
    irradiance_uw_cm2: list[int]
    fluence_uj_cm2: int
    period_ticks: int
    on_ticks: int
    given_uj_cm2: tuple[list[int], list[int]]
    ramp_ms: tuple[int, int]
    throttled_ms: tuple[int, int]
    open_banks: list[int]
    reason: str | None


def account(run: "Run") -> list[PadAccount]:
    """Both pads' accounts of the last session of a unit that is not locked."""
    unit = run.unit
    course = unit.session.course
    a, b = unit.pads
    return accounts(
        Given(
            tuple(row[0] for row in run.board.BANKS), course.irradiance_uw_cm2,
            course.fluence_uj_cm2, course.period_ticks, course.on_ticks,
            (a.fluence.uj_cm2, b.fluence.uj_cm2), (a.ramp_ms, b.ramp_ms),
            (a.throttled_ms, b.throttled_ms),
            journal_events.open_banks(course, unit.gate.caps) if unit.session.number else [],
            run.result()["reason"],
        )
    )  # fmt: skip


def accounts(told: Given) -> list[PadAccount]:
    """Both pads' accounts."""
    return [pad_account(told, index) for index in (0, 1)]


def pad_account(told: Given, index: int) -> PadAccount:
    """One pad's account."""
    whole = sum(told.irradiance_uw_cm2)
    asked = told.fluence_uj_cm2 / 1e6
    given = sum(told.given_uj_cm2[index]) / 1e6
    banks = tuple(
        (nm, asked * irradiance / whole, uj_cm2 / 1e6)
        for nm, irradiance, uj_cm2 in zip(
            told.nm, told.irradiance_uw_cm2, told.given_uj_cm2[index], strict=True
        )
    )
    parts = close(withheld(told, index, given), asked, given, told.reason)
    return PadAccount("AB"[index], asked, given, banks, tuple(parts))


def withheld(told: Given, index: int, given: float) -> list[tuple[str, float]]:
    """What the ramp, the throttle and dark banks kept back, J/cm2, by cause."""
    first = index * len(told.nm)
    dark = [k for k in range(len(told.nm)) if first + k in told.open_banks]
    lost = sum(told.irradiance_uw_cm2[k] for k in dark)
    lit = sum(told.irradiance_uw_cm2) - lost
    # Withheld times are of a gate's open part, where the light is stronger than its average.
    w_cm2 = lit / 1e6 * told.period_ticks / told.on_ticks
    parts = [
        ("check and ramp", told.ramp_ms[index] / 1000 * w_cm2),
        ("throttled for heat", told.throttled_ms[index] / 1000 * w_cm2),
    ]
    if dark:
        names = ", ".join(str(told.nm[k]) for k in dark)
        parts.append((f"no light at {names} nm", given * lost / lit if lit else 0.0))
    return parts


def close(
    parts: list[tuple[str, float]], asked: float, given: float, reason: str | None
) -> list[tuple[str, float]]:
    """Drop what is too small to say and add what the causes leave open, so that all sums up."""
    said = [(why, j_cm2) for why, j_cm2 in parts if j_cm2 >= WORTH_SAYING * asked]
    rest = asked - given - sum(j_cm2 for _, j_cm2 in said)
    if rest < -WORTH_SAYING * asked:
        said.append(("made up by longer light", rest))
    elif rest > WORTH_SAYING * asked:
        why_it_ended = words.REASONS.get(reason, reason) if reason else "the run ended first"
        said.append((why_it_ended, rest))
    elif said:
        why, j_cm2 = said[-1]
        said[-1] = (why, j_cm2 + rest)
    return said
