"""Encrypted records of the units, decrypted: sessions as they were given, and faults.

Called by `results`; touches no file.

| record  | numbers                                                                              |
|---------|--------------------------------------------------------------------------------------|
| session | 1, lit, pad A's banks 0-3 and pad B's (uJ/cm2), ramp ms, throttled ms,                |
|         | CEM43 in 2^-10 ms, highest contact mC, battery %, reason                             |
| fault   | 2, its number, pad, value, limit, ms                                                 |
"""

import sqlite3
from typing import NamedTuple

from firmware.core import states
from firmware.core.faults import FAULTS, PADS
from firmware.records import encrypted
from tools.common.words import REASONS
from tools.trial.allocation import PLACEBO, THERAPY
from tools.trial.data import Data

SESSION, FAULT = 1, 2  # kinds
BANKS = 4
CEM43_MIN = 60_000 << 10


class Arm(NamedTuple):
    """A participant's arm, and the key that opens the unit's records."""

    arm: str
    key: bytes


class SessionDose(NamedTuple):
    """One session as it was given."""

    participant: str
    visit: int
    lit: bool
    j_cm2: tuple[float, float]  # by pad
    minutes: float
    throttled_min: float
    cem43_min: float
    highest_c: float
    reason: str
    seal: str  # of the end's record


class LatchedFault(NamedTuple):
    """One fault."""

    participant: str
    visit: int
    name: str
    pad: str
    seal: str


def decrypt_sessions(data: Data, arms: dict[str, Arm]) -> tuple[list[SessionDose], list[str]]:
    """Every session with an end, and a line for each that contradicts its arm."""
    found: list[SessionDose] = []
    wrong: list[str] = []
    for row in data.sessions:
        if row["sealed"] is None:
            continue
        arm, key = arms[row["participant"]]
        where = f"{row['participant']}, visit {row['visit']}"
        numbers = encrypted.decrypt(key, row["sealed"])
        if numbers[0] != SESSION or numbers[1] not in (0, 1):
            wrong.append(f"{where}: the sealed record does not open with this unit's key")
            continue
        one = decode_session(row, numbers)
        found.append(one)
        if one.lit != (arm == THERAPY):
            light = "lit" if one.lit else "dark"
            wrong.append(f"{where}: the unit was {light}, and its arm is {arm}")
        elif arm == PLACEBO and any(one.j_cm2):
            wrong.append(f"{where}: placebo, and light was given")
    return found, wrong


def decode_session(row: sqlite3.Row, numbers: tuple[int, ...]) -> SessionDose:
    """A session from its decrypted numbers."""
    banks = numbers[2 : 2 + 2 * BANKS]
    _, throttled_ms, cem43, highest_mc, _, reason = numbers[10:16]
    name = states.REASONS[reason] if 0 <= reason < len(states.REASONS) else ""
    return SessionDose(
        row["participant"], row["visit"], bool(numbers[1]),
        (sum(banks[:BANKS]) / 1e6, sum(banks[BANKS:]) / 1e6), row["treat_ms"] / 60_000,
        throttled_ms / 60_000, cem43 / CEM43_MIN, highest_mc / 1000,
        REASONS.get(name, name), row["end_seal"],
    )  # fmt: skip


def decrypt_faults(data: Data, arms: dict[str, Arm]) -> list[LatchedFault]:
    """Every fault; the name says where one cannot be decrypted."""
    found = []
    for row in data.faults:
        who = row["participant"]
        numbers = encrypted.decrypt(arms[who].key, row["sealed"]) if row["sealed"] else (0, 0, 0)
        kind, fault, pad = numbers[:3]
        known = kind == FAULT and 0 <= fault < len(FAULTS) and 0 <= pad < len(PADS)
        name, pad_name = (FAULTS[fault][0], PADS[pad]) if known else ("not to be opened", "")
        found.append(LatchedFault(who, row["visit"], name, pad_name, row["seal"]))
    return found
