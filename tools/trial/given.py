"""What was really given: the units' sealed records, opened.

A session's numbers: 1, lit, pad A's banks 0-3 and pad B's (uJ/cm2), ms of ramp, ms throttled,
CEM43 in 2^-10 ms, highest contact in mC, battery %, reason. A fault's: 2, its number, pad, value,
limit, ms.
"""

import sqlite3
from dataclasses import dataclass

from firmware.core import states
from firmware.core.faults import FAULTS, PADS
from firmware.records import encrypted
from tools.common.words import REASONS
from tools.trial.allocation import PLACEBO, THERAPY
from tools.trial.data import Data

SESSION, FAULT = 1, 2  # kinds
BANKS = 4
CEM43_MIN = 60_000 << 10


@dataclass(frozen=True)
class Arm:
    """A participant's place in the allocation."""

    arm: str
    key: bytes


@dataclass(frozen=True)
class SessionDose:
    """One session as it was."""

    participant: str
    visit: int
    lit: bool
    j_cm2: tuple[float, float]  # of each pad
    minutes: float
    throttled_min: float
    cem43_min: float
    highest_c: float
    reason: str
    seal: str  # of the end's record


@dataclass(frozen=True)
class LatchedFault:
    """One fault as it was."""

    participant: str
    visit: int
    name: str
    pad: str
    seal: str


def decrypt_sessions(data: Data, arms: dict[str, Arm]) -> tuple[list[SessionDose], list[str]]:
    """Every session with an end, and what is wrong with any."""
    found: list[SessionDose] = []
    wrong: list[str] = []
    for row in data.sessions:
        if row["sealed"] is None:
            continue
        who = row["participant"]
        where = f"{who}, visit {row['visit']}"
        numbers = encrypted.opened(arms[who].key, row["sealed"])
        if numbers[0] != SESSION or numbers[1] not in (0, 1):
            wrong.append(f"{where}: the sealed record does not open with this unit's key")
            continue
        one = decode_session(row, numbers)
        found.append(one)
        if one.lit != (arms[who].arm == THERAPY):
            said = "lit" if one.lit else "dark"
            wrong.append(f"{where}: the unit was {said}, and its arm is {arms[who].arm}")
        elif arms[who].arm == PLACEBO and any(one.j_cm2):
            wrong.append(f"{where}: placebo, and light was given")
    return found, wrong


def decode_session(row: sqlite3.Row, numbers: tuple[int, ...]) -> SessionDose:
    """A session from its sealed numbers."""
    banks = numbers[2 : 2 + 2 * BANKS]
    _, throttled_ms, cem43, highest_mc, _, reason = numbers[10:16]
    named = states.REASONS[reason] if 0 <= reason < len(states.REASONS) else ""
    return SessionDose(
        row["participant"], row["visit"], bool(numbers[1]),
        (sum(banks[:BANKS]) / 1e6, sum(banks[BANKS:]) / 1e6), row["treat_ms"] / 60_000,
        throttled_ms / 60_000, cem43 / CEM43_MIN, highest_mc / 1000,
        REASONS.get(named, named), row["end_seal"],
    )  # fmt: skip


def decrypt_faults(data: Data, arms: dict[str, Arm]) -> list[LatchedFault]:
    """Every fault."""
    found = []
    for row in data.faults:
        who = row["participant"]
        numbers = encrypted.opened(arms[who].key, row["sealed"]) if row["sealed"] else (0, 0, 0)
        _, fault, pad = numbers[:3]
        known = numbers[0] == FAULT and 0 <= fault < len(FAULTS) and 0 <= pad < len(PADS)
        name = FAULTS[fault][0] if known else "not to be opened"
        found.append(LatchedFault(who, row["visit"], name, PADS[pad] if known else "", row["seal"]))
    return found
