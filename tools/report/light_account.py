"""Light account of a session: fluence asked for, given, and why it was less.

Called by the summary of a run, the journal and `waistband prescribe explain`. Of each pad, the
fluence asked for less that given is the sum of `parts`, J/cm2.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from firmware.core import states
from firmware.records import journal_events
from tools.common import words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from firmware.therapy.course import Step
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
    steps: list["AskedStep"]
    before_uj_cm2: tuple[int, int]  # given by an earlier START, whose session ended early
    given_uj_cm2: tuple[list[int], list[int]]
    ramp_ms: tuple[int, int]
    throttled_ms: tuple[int, int]
    open_banks: list[int]
    reason: str | None


class AskedStep:
    """A step as the journal has it (`firmware.therapy.prescription.Step.numbers`)."""

    def __init__(self, numbers: list[int]) -> None:
        self.pads, self.ms, self.fluence_uj_cm2 = numbers[:3]
        self.carrier_hz, self.period_ticks, self.on_ticks = numbers[3:6]
        self.irradiance_uw_cm2 = numbers[6:]
        self.total_uw_cm2 = sum(self.irradiance_uw_cm2)


def read_numbers(step: "Step") -> list[int]:
    """`Step.numbers` of a step of which attributes alone can be read."""
    ends = [step.pads, step.ms, step.fluence_uj_cm2]
    return [*ends, step.carrier_hz, step.period_ticks, step.on_ticks, *step.irradiance_uw_cm2]


def of_pad(step: "Step | AskedStep", pad: int, value: int) -> int:
    """A value of the step for one pad: 0 where the step is not for that pad. Of a step it reads
    attributes alone: at pin depth there is no method to call."""
    return value if step.pads >> pad & 1 else 0


def pad_dose_uj_cm2(steps: "Sequence[Step | AskedStep]", pad: int) -> int:
    """The fluence that all steps ask of a pad, uJ/cm2."""
    return sum(of_pad(step, pad, step.fluence_uj_cm2) for step in steps)


def bank_dose_uj_cm2(steps: "Sequence[Step | AskedStep]", pad: int, bank: int) -> float:
    """The fluence that all steps ask of a pad's bank, uJ/cm2."""
    return sum(
        of_pad(step, pad, step.fluence_uj_cm2) * step.irradiance_uw_cm2[bank] / step.total_uw_cm2
        for step in steps
    )


def account(run: "Run") -> list[PadAccount]:
    """Both pads' accounts of the last session of a unit that is not locked."""
    unit = run.unit
    course = unit.session.course
    a, b = unit.pads
    return accounts(
        Given(
            tuple(row[0] for row in run.board.BANKS),
            [AskedStep(read_numbers(step)) for step in course.steps],
            (given_before_uj_cm2(run, 0), given_before_uj_cm2(run, 1)),
            (a.fluence.uj_cm2, b.fluence.uj_cm2), (a.ramp_ms, b.ramp_ms),
            (a.throttled_ms, b.throttled_ms),
            journal_events.open_banks(course, unit.gate.live) if unit.session.number else [],
            run.result()["reason"],
        )
    )  # fmt: skip


def given_before_uj_cm2(run: "Run", index: int) -> int:
    """What earlier STARTs gave of a pad's last session, uJ/cm2."""
    session, pad = run.unit.session, run.unit.pads[index]
    if not session.number:
        return 0
    left_uj_cm2 = pad.whole_uj_cm2
    if session.state not in states.IN_SESSION and not run.unit.trial:
        left_uj_cm2 += pad.fluence.total_uj_cm2  # its end has taken that off
    return session.course.whole_uj_cm2[index] - left_uj_cm2


def accounts(session: Given) -> list[PadAccount]:
    """Both pads' accounts."""
    return [pad_account(session, index) for index in (0, 1)]


def pad_account(session: Given, index: int) -> PadAccount:
    """One pad's account."""
    asked = pad_dose_uj_cm2(session.steps, index) / 1e6
    given_uj_cm2 = session.given_uj_cm2[index]
    given = sum(given_uj_cm2) / 1e6
    banks = tuple(
        (nm, bank_dose_uj_cm2(session.steps, index, k) / 1e6, given_uj_cm2[k] / 1e6)
        for k, nm in enumerate(session.nm)
    )
    parts = close(withheld(session, index, given), asked, given, session.reason)
    return PadAccount("AB"[index], asked, given, banks, tuple(parts))


def withheld(session: Given, index: int, given: float) -> list[tuple[str, float]]:
    """Fluence withheld by the ramp, the throttle and dark banks: (cause, J/cm2)."""
    first = index * len(session.nm)
    dark = [k for k in range(len(session.nm)) if first + k in session.open_banks]
    asked = [bank_dose_uj_cm2(session.steps, index, k) for k in range(len(session.nm))]
    lost = sum(asked[k] for k in dark)
    lit = sum(asked) - lost
    # Withheld times are of a gate's open part, where the light is stronger than its average; in
    # more than one step, by the mean of the steps.
    open_s = sum(
        of_pad(step, index, step.fluence_uj_cm2)
        / step.total_uw_cm2
        * step.on_ticks
        / step.period_ticks
        for step in session.steps
    )
    w_cm2 = lit / 1e6 / open_s if open_s else 0.0
    parts = [
        ("given by an earlier START", session.before_uj_cm2[index] / 1e6),
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
