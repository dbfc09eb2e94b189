"""Journal schema: which fields each kind of record has, in every format that ever was.

Called by `reader`; reads no file. The firmware's own lists name the fields of the present format,
so that no field is named twice; those of earlier formats stand here. TYPES says what a field
holds, whatever the kind.

| format | boot record | every record | the key moves on |
|---|---|---|---|
| 1 | cause, lock, serial | without `kept` | as a session begins |
| 2 | also format, release, board, why, wrong, receipt | with `kept` | after a record |
"""

from collections.abc import Callable
from typing import Any

from firmware.records import journal_events, json_codec
from firmware.records.encrypted import HEX as SEALED_HEX
from firmware.records.journal import FORMAT
from firmware.trial import trial, visits

MOST = json_codec.MOST
INT = {int}
DIGITS = "0123456789abcdef"
KEPT = 3  # files whose versions a record names
SEALED = " sealed"  # after the kind, of a record that a blinded unit encrypts
STEP_NUMBERS = 6  # of a step, before its irradiance by bank
REST = ("from_step", "rest_uj_cm2", "part_ms")  # of a session that ended early
UNKNOWN = "segment"  # the fields of unknown kinds: only what every record has


def is_whole(value: object) -> bool:
    """An integer in the unit's range, no boolean."""
    return type(value) is int and -MOST <= value <= MOST


def is_clock(value: object) -> bool:
    """Seconds since 2000, or None where no clock was set."""
    return value is None or (is_whole(value) and value >= 0)  # type: ignore[operator]


def is_text(value: object) -> bool:
    """A string."""
    return isinstance(value, str)


def is_texts(value: object) -> bool:
    """A list of strings."""
    return isinstance(value, list) and all(isinstance(text, str) for text in value)


def are_wholes(values: list[Any]) -> bool:
    """Integers in the unit's range, no booleans. Fast: called for every record."""
    if not values:
        return True
    return set(map(type, values)) == INT and -MOST <= min(values) <= max(values) <= MOST


def is_sealed(value: object) -> bool:
    """Ciphertext that only the statistician of a trial can open."""
    return isinstance(value, str) and len(value) == SEALED_HEX and not value.strip(DIGITS)


def is_list(value: object) -> bool:
    """At most 16 integers, by bank."""
    return isinstance(value, list) and len(value) <= 16 and are_wholes(value)


def is_banks(value: object) -> bool:
    """An integer for each bank of a pad."""
    return is_list(value) and bool(value)


def is_pair(value: object) -> bool:
    """An integer for each pad."""
    return is_list(value) and isinstance(value, list) and len(value) == 2


def is_kept(value: object) -> bool:
    """Versions of the files beside the journal."""
    return is_list(value) and isinstance(value, list) and len(value) == KEPT


# Every field that is no integer; the others are integers.
TYPES: dict[str, Callable[[Any], bool]] = {
    **dict.fromkeys(
        ("cause", "lock", "serial", "release", "board", "why", "receipt", "how", "prescription",
         "reason", "fault", "pad", "trial", "participant", "stage", "when", "item", "guess", "do",
         "part"),
        is_text,
    ),
    **dict.fromkeys(("at", "before", "after"), is_clock),
    **dict.fromkeys(("nm", "irradiance_uw_cm2", "a_uj_cm2", "b_uj_cm2"), is_banks),
    **dict.fromkeys(("ramp_ms", "throttled_ms", "cem43_q10_ms", "highest_mc"), is_pair),
    "open_banks": is_list, "wrong": is_texts, "sealed": is_sealed, "kept": is_kept,
}  # fmt: skip
EVERY = ("at", "latest", "up_s")  # of every record, beside what the reader itself looks at

# Kinds and fields of a unit of the present format.
PRESENT: dict[str, tuple[str, ...]] = {
    "boot": journal_events.BOOT, "clock": journal_events.CLOCK, "session": journal_events.SESSION,
    "end": journal_events.END, "test": journal_events.END, "fault": journal_events.FAULT,
    "ack": journal_events.ACK, "part": journal_events.PART,
    "command": journal_events.COMMAND, "dropped": ("records",),
    "segment": (), "end" + SEALED: trial.END, "test" + SEALED: trial.END,
    "fault" + SEALED: trial.FAULT, **visits.RECORDS,
}  # fmt: skip
FORMAT_1: dict[str, tuple[str, ...]] = {
    "boot": ("cause", "lock", "serial"),
    "clock": ("before", "after", "how"),
    "session": (
        "session", "prescription", "number", "nm", "irradiance_uw_cm2", "fluence_uj_cm2", "max_ms",
        "set_point_mc", "carrier_hz", "period_ticks", "on_ticks", "day_treat_ms",
    ),
    "end": (
        "session", "reason", "session_ms", "treat_ms", "a_uj_cm2", "b_uj_cm2", "ramp_ms",
        "throttled_ms", "open_banks", "cem43_q10_ms", "highest_mc", "set_point_mc", "battery_pct",
    ),
    "fault": ("fault", "pad", "value", "limit", "ms"),
    "ack": ("lock",),
    "dropped": ("records",),
    "segment": (),
    "end sealed": ("session", "reason", "session_ms", "treat_ms", "sealed"),
    "fault sealed": ("sealed",),
    "ticket": ("trial", "participant"),
    "visit": ("visit", "stage"),
    "missed": ("visit",),
    "rating": ("visit", "when", "item", "value"),
    "effect": ("visit", "severity"),
    "guess": ("visit", "guess"),
}  # fmt: skip
FORMAT_1["test"], FORMAT_1["test sealed"] = FORMAT_1["end"], FORMAT_1["end sealed"]
FORMATS = {
    FORMAT: {kind: (*EVERY, "kept", *fields) for kind, fields in PRESENT.items()},
    1: {kind: (*EVERY, *fields) for kind, fields in FORMAT_1.items()},
}


class Shape:
    """What a kind of record must have, ready for the check of many records."""

    def __init__(self, kind: str, fields: tuple[str, ...]) -> None:
        types = {name: TYPES.get(name, is_whole) for name in fields}
        if kind == "command":
            types["value"] = is_text
        self.names = types.keys()
        self.wholes = [name for name, right in types.items() if right is is_whole]
        self.others = [(name, right) for name, right in types.items() if right is not is_whole]

    def fits(self, row: dict[str, Any]) -> bool:
        """Whether a record has these fields; it may have more."""
        return (
            row.keys() >= self.names
            and are_wholes([row[name] for name in self.wholes])
            and all(right(row[name]) for name, right in self.others)
        )


SHAPES = {
    number: {kind: Shape(kind, fields) for kind, fields in kinds.items()}
    for number, kinds in FORMATS.items()
}


def are_steps(row: dict[str, object]) -> bool:
    """Whether a session's steps, where it has them, are as `Step.numbers` writes them, and what is
    left of a session that ended early is there whole or not at all."""
    steps, banks = row.get("steps", []), len(row["nm"])  # type: ignore[arg-type]
    if not isinstance(steps, list) or ("steps" in row) != bool(steps):
        return False
    for step in steps:
        if not is_list(step) or len(step) != STEP_NUMBERS + banks:
            return False
        pads, ms, fluence, _, period, on, *irradiance = step
        if not (1 <= pads <= 3 and min(ms, fluence) >= 0 and 1 <= on <= period):
            return False
        if min(irradiance) < 0 or not sum(irradiance):
            return False
    rest = [name for name in REST if name in row]
    wholes = is_whole(row.get("from_step")) and is_whole(row.get("part_ms"))
    return not rest or (wholes and is_pair(row.get("rest_uj_cm2")))


def has_shape(row: dict[str, object]) -> bool:
    """Whether a record has the fields of its kind, in its format."""
    kind = str(row["kind"])
    for number, shapes in SHAPES.items():
        if (number == 1) == ("kept" not in row):
            known = kind + SEALED if "sealed" in row and kind + SEALED in shapes else kind
            if shapes.get(known, shapes[UNKNOWN]).fits(row):
                break
    else:
        return False
    if kind != "session":
        return True
    period, on, banks_uw_cm2 = row["period_ticks"], row["on_ticks"], row["irradiance_uw_cm2"]
    assert isinstance(period, int) and isinstance(on, int) and isinstance(banks_uw_cm2, list)
    alike = len(banks_uw_cm2) == len(row["nm"])  # type: ignore[arg-type]
    light = period >= 1 and on >= 1 and sum(banks_uw_cm2) > 0 and min(banks_uw_cm2) >= 0
    return alike and light and are_steps(row)
