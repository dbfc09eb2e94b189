"""Light account of a session: fluence asked for, given, and why it was less.

Called by the summary of a run, the journal and `waistband explain`. Of each pad, the fluence asked
for less that given is the sum of `parts`, J/cm2.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from firmware.records import journal_events
from tools.common import words

if TYPE_CHECKING:
    from sim.run import Run

LEAST_PART = 0.005  # of the fluence asked for; smaller parts are joined to another


@dataclass(frozen=True)
class PadAccount:
    """One pad's light, J/cm2. `banks` are (nm, asked, given), `parts` (cause, J/cm2 less)."""

    name: str
    asked: float
    given: float
    banks: tuple[tuple[int, float, float], ...]
    parts: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Given:
    """Prescription and result of a session. Lists are by bank of a pad, pairs by pad; `open_banks`
    numbers the banks of both pads, pad A first."""

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


def accounts(session: Given) -> list[PadAccount]:
    """Both pads' accounts."""
    return [pad_account(session, index) for index in (0, 1)]


def pad_account(session: Given, index: int) -> PadAccount:
    """One pad's account."""
    whole = sum(session.irradiance_uw_cm2)
    asked = session.fluence_uj_cm2 / 1e6
    given_uj_cm2 = session.given_uj_cm2[index]
    given = sum(given_uj_cm2) / 1e6
    rows = zip(session.nm, session.irradiance_uw_cm2, given_uj_cm2, strict=True)
    banks = tuple((nm, asked * share / whole, uj_cm2 / 1e6) for nm, share, uj_cm2 in rows)
    parts = close(withheld(session, index, given), asked, given, session.reason)
    return PadAccount("AB"[index], asked, given, banks, tuple(parts))


def withheld(session: Given, index: int, given: float) -> list[tuple[str, float]]:
    """Fluence withheld by the ramp, the throttle and dark banks: (cause, J/cm2)."""
    first = index * len(session.nm)
    dark = [k for k in range(len(session.nm)) if first + k in session.open_banks]
    lost = sum(session.irradiance_uw_cm2[k] for k in dark)
    lit = sum(session.irradiance_uw_cm2) - lost
    # Withheld times are of a gate's open part, where the light is stronger than its average.
    w_cm2 = lit / 1e6 * session.period_ticks / session.on_ticks
    parts = [
        ("check and ramp", session.ramp_ms[index] / 1000 * w_cm2),
        ("throttled for heat", session.throttled_ms[index] / 1000 * w_cm2),
    ]
    if dark:
        names = ", ".join(str(session.nm[k]) for k in dark)
        parts.append((f"no light at {names} nm", given * lost / lit if lit else 0.0))
    return parts


def close(
    parts: list[tuple[str, float]], asked: float, given: float, reason: str | None
) -> list[tuple[str, float]]:
    """Drop parts that are too small, and add the rest, so that the sum is right."""
    said = [(why, j_cm2) for why, j_cm2 in parts if j_cm2 >= LEAST_PART * asked]
    rest = asked - given - sum(j_cm2 for _, j_cm2 in said)
    if rest < -LEAST_PART * asked:
        said.append(("made up by longer light", rest))
    elif rest > LEAST_PART * asked:
        why_it_ended = words.REASONS.get(reason, reason) if reason else "the run ended first"
        said.append((why_it_ended, rest))
    elif said:
        why, j_cm2 = said[-1]
        said[-1] = (why, j_cm2 + rest)
    return said
