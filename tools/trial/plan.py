"""Plan of a new trial: read from a TOML file, from options, or both; options win.

Called by `waistband trial new`. Reads the plan, the key files and the prescription; writes nothing.

name = "Example"
keys = ["keys/WB-0001.key", "keys/WB-0002.key"]
statistician = "age1..."
officer = "age1..."
monitor = "age1..."                # verifies journals; else the statistician
spares = ["keys/WB-0041.key"]      # units that may replace a broken one
board = "RPI_PICO"                 # of every unit: a file of hal/boards
prescription = "dose.toml"         # or "default"
block_sizes = [4, 6]               # two at least
ratio = "1:1"                      # therapy : placebo
[strata]                           # units of each stratum, in the order of their serials
under_50 = 20
from_50 = 20
[protocol]
visits = 7
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from firmware.core.validate import Refused, read_text
from firmware.trial.enrolment import PROTOCOL_KEYS, Protocol
from hal.contract import Board
from sim.common import validate
from sim.common.boards import REFERENCE, find_board
from sim.common.errors import BadInput
from sim.oracle.asked import read_steps
from sim.scenario.enrolment import DEFAULT as PROTOCOL
from sim.scenario.scenario import check_prescription, default_prescription
from tools.prescription import file, keyfile
from tools.prescription.keyfile import Key
from tools.trial import age

KEYS = ("name", "keys", "statistician", "officer", "monitor", "spares", "board", "prescription",
        "block_sizes", "ratio", "strata", "protocol")  # fmt: skip
NEEDED = ("name", "keys", "statistician", "officer")
SIZES = (4, 6)
UNITS_MIN, UNITS_MAX = 2, 999
SPARES_MAX = 20
STRATA_MAX = 16
SIZES_MIN, SIZES_MOST = 2, 8
SIZE_MAX = 24
SHARE_MAX = 4


@dataclass(frozen=True)
class Plan:
    """A plan with every value checked."""

    name: str
    keys: tuple[Key, ...]  # by serial
    statistician: str
    officer: str
    prescription: dict[str, object]
    sizes: tuple[int, ...]
    ratio: tuple[int, int]
    protocol: dict[str, object] = field(default_factory=dict)
    monitor: str = ""  # empty: the statistician
    spares: tuple[Key, ...] = ()  # by serial
    strata: dict[str, int] = field(default_factory=dict)  # units of each; empty: one stratum


def read_plan(path: str | None, options: dict[str, Any]) -> Plan:
    """The plan in a file, with options over it. Raises BadInput."""
    table: dict[str, Any] = {}
    if path is not None:
        table = validate.table(validate.parse_toml(validate.read_text(path), path), path, KEYS)
        for name in {"keys", "spares", "prescription"} & set(table):
            table[name] = resolve_paths(Path(path).parent, table[name])
    table = {**table, **{name: value for name, value in options.items() if value}}
    lacking = [name for name in NEEDED if not table.get(name)]
    if lacking:
        raise BadInput(f"the trial's plan lacks {', '.join(lacking)}: in --plan or as options")
    ratio = parse_ratio(table.get("ratio") or "1:1")
    board = find_board(table.get("board") or REFERENCE)
    table.setdefault("monitor", table["statistician"])
    recipients = [
        age.check_recipient(table[who], who) for who in ("statistician", "officer", "monitor")
    ]
    spares = table.get("spares") or []
    keys, spare_keys = read_keys(table["keys"], spares)
    return Plan(
        check_name(table["name"]), keys, recipients[0], recipients[1],
        read_prescription(table.get("prescription") or "default", board),
        check_sizes(table.get("block_sizes") or list(SIZES), ratio), ratio,
        check_protocol(table.get("protocol") or {}), recipients[2], spare_keys,
        check_strata(table.get("strata") or {}, len(keys)),
    )  # fmt: skip


def resolve_paths(base: Path, named: object) -> object:
    """Paths relative to the plan's folder; what is no path is refused later."""
    if isinstance(named, list):
        return [str(base / one) if isinstance(one, str) else one for one in named]
    return str(base / named) if isinstance(named, str) and named != "default" else named


def check_name(value: object) -> str:
    """A trial's name, checked. Raises BadInput."""
    try:
        return read_text("name", value)
    except Refused as why:
        raise BadInput(f"the trial's {why}") from None


def read_keys(paths: object, spares: object) -> tuple[tuple[Key, ...], tuple[Key, ...]]:
    """The keys of units and of spare units, in the order of their serials, each unit once.
    Raises BadInput."""
    for name, named in (("keys", paths), ("spares", spares)):
        if not isinstance(named, list) or not all(isinstance(path, str) for path in named):
            raise BadInput(f"{name} is {validate.shown(named)}: a list of the units' key files")
    assert isinstance(paths, list) and isinstance(spares, list)
    if not UNITS_MIN <= len(paths) <= UNITS_MAX:
        raise BadInput(f"keys names {len(paths)} units: from {UNITS_MIN} to {UNITS_MAX}")
    if len(spares) > SPARES_MAX:
        raise BadInput(f"spares names {len(spares)} units: at most {SPARES_MAX}")
    found: dict[str, tuple[Key, str]] = {}
    secrets: dict[bytes, str] = {}
    for path in [*paths, *spares]:
        key = keyfile.read(path)
        if key.unit is None:
            raise BadInput(f"{path}: names no unit: make it with `key new --unit SERIAL`")
        if key.unit in found:
            raise BadInput(f"{path}: is of unit {key.unit}, as {found[key.unit][1]} is")
        if key.secret in secrets:
            raise BadInput(f"{path}: holds the same key as {secrets[key.secret]}: one key a unit")
        check_serial(key.unit, path)
        found[key.unit] = key, path
        secrets[key.secret] = path
    ordered = [found[unit] for unit in sorted(found)]
    return (
        tuple(key for key, path in ordered if path not in spares),
        tuple(key for key, path in ordered if path in spares),
    )


def check_serial(serial: str, path: str) -> None:
    """Refuse a serial that cannot be a file's name, or that a spreadsheet takes for a formula.
    Raises BadInput."""
    plain = serial.replace("-", "").replace("_", "").replace(".", "")
    if not plain.isalnum() or not serial.isascii() or not serial[0].isalnum():
        text = f"{path}: is of unit {validate.shown(serial)}: a trial takes serials of letters"
        raise BadInput(f"{text}, digits, - _ and ., that begin with a letter or digit")


def check_strata(value: object, units: int) -> dict[str, int]:
    """The count of units of each stratum, checked to be all units. Raises BadInput."""
    if not isinstance(value, dict) or len(value) > STRATA_MAX:
        raise BadInput(f"strata is {validate.shown(value)}: a table of at most {STRATA_MAX}")
    for name, count in value.items():
        if not str(name).isprintable() or not str(name).strip():
            raise BadInput(f"strata names {validate.shown(name)}: printable characters")
        validate.integer(count, f"strata.{name}", 1, UNITS_MAX)
    if value and sum(value.values()) != units:
        text = f"strata has {sum(value.values())} units in all, and keys names {units}"
        raise BadInput(f"{text}: every unit is of one stratum")
    return dict(value)


def read_prescription(value: object, board: Board) -> dict[str, object]:
    """The prescription of every unit. Raises BadInput."""
    if value == "default":
        return default_prescription(board)
    if isinstance(value, dict):
        check_prescription(value, "prescription", board)
        return require_minutes(value, "prescription")
    if not isinstance(value, str):
        raise BadInput(f"prescription is {validate.shown(value)}: a file, or default")
    found = file.read(value, board)
    if found.unit is not None:
        raise BadInput(f"{value}: is signed for one unit: take the prescription it was made from")
    return require_minutes(found.asked, value)


def require_minutes(asked: dict[str, object], where: str) -> dict[str, object]:
    """A prescription whose steps follow each other alike in both arms: by minutes, as a placebo
    unit gives no dose; the session's time ends the last. Raises BadInput."""
    for number, step in enumerate(read_steps(asked)[:-1], 1):
        if not step.minutes:
            raise BadInput(
                f"{where}: step {number} ends by its fluence: in a trial each step but the last "
                "ends by minutes, alike in both arms"
            )
    return asked


def parse_ratio(value: object) -> tuple[int, int]:
    """Therapy to placebo. Raises BadInput."""
    parts = str(value).split(":")
    whole = [int(part) for part in parts if part.isdecimal() and len(part) == 1]
    if len(parts) != 2 or len(whole) != 2 or not all(1 <= part <= SHARE_MAX for part in whole):
        text = f"ratio is {validate.shown(value)}: therapy to placebo"
        raise BadInput(f"{text}, as 1:1, each from 1 to {SHARE_MAX}")
    return whole[0], whole[1]


def check_sizes(value: object, ratio: tuple[int, int]) -> tuple[int, ...]:
    """Block sizes, checked to be multiples of the ratio's sum and two at least: of blocks of one
    known size the last arms can be told. Raises BadInput."""
    if not isinstance(value, list) or len(value) > SIZES_MOST:
        text = f"block_sizes is {validate.shown(value)}: a list of"
        raise BadInput(f"{text} {SIZES_MIN} to {SIZES_MOST} sizes")
    step = sum(ratio)
    for size in value:
        validate.integer(size, "block_sizes", step, SIZE_MAX)
        if size % step:
            text = f"block_sizes names {size}: a multiple of {step}, for the ratio"
            raise BadInput(f"{text} {ratio[0]}:{ratio[1]}")
    sizes = tuple(dict.fromkeys(value))
    if len(sizes) < SIZES_MIN:
        text = "two sizes at least, or the last arm of each block can be told"
        raise BadInput(f"block_sizes is {list(sizes)}: {text}")
    return sizes


def check_protocol(value: object) -> dict[str, object]:
    """The protocol with defaults filled in, checked with the firmware's code. Raises BadInput."""
    table = validate.table(value, "protocol", PROTOCOL_KEYS)
    whole = {**PROTOCOL, **table}
    try:
        Protocol(whole)
    except Refused as why:
        raise BadInput(str(why)) from None
    return whole
