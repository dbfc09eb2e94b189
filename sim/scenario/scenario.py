"""Scenario files: reads one from TOML and checks it.

Called by the commands, the bench page and campaigns; the same scenario runs at every depth.
Whatever is wrong with a file is a `BadInput` of one line, never another exception.
"""

from firmware.core.limits import RAIL_DARK_01MA
from firmware.core.validate import Refused
from firmware.records import signed_prescription
from firmware.safety.lamp_test import LampTest
from firmware.therapy.prescription import compile_course
from hal.contract import HEARD_MAX
from sim.common import validate
from sim.common.boards import REFERENCE, find_board, wavelengths_nm
from sim.common.default_prescription import DEFAULT
from sim.common.errors import BadInput
from sim.common.story import HOLD_MS, Event, PressureSpot, Scenario, Start
from sim.common.validate import shown
from sim.faults.catalogue import FAULTS, NAMES, Fault
from sim.faults.source_lines import parse_line
from sim.physics.person import PERSONS
from sim.scenario.clock_date import read_date
from sim.scenario.expectations import read_expectations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

    from hal.contract import Board

DURATION_MAX_S = 400 * 86_400  # of which the time that the unit is off costs nothing
EVENTS_MAX = 2_000
SEED_MAX = 2**32 - 1
CLOCK_MAX = 2**30 - 1
HOLD_MIN_MS = 20
HOLD_MAX_MS = 60_000
HOST_LINE_MAX = HEARD_MAX  # characters
PATH_MAX = 900  # characters
BUTTONS = ("START", "UP", "DOWN")
PADS = ("A", "B")
DEFAULT_MW_CM2 = 2.5  # of each bank, in the default prescription

# Numbers of `start`, and those of them that an event may change: low, high, unit.
RANGES = {
    "ambient_c": (-10, 50, "C"),
    "battery_pct": (0, 100, "%"),
    "perfusion": (0, 0.01, "1/s"),
    "vasodilation": (1, 12, "times"),
    "fat_mm": (2, 40, "mm"),
    "air_w_m2k": (0.5, 50, "W/m2K"),
    "contact_w_m2k": (20, 500, "W/m2K"),
    "back_m2k_w": (0, 1, "m2K/W"),
    "light_mm": (0.1, 20, "mm"),
}
SPOT_RANGES = {
    "share": (0.01, 0.5, "of the pad's area"),
    "perfusion_s": (0, 0.01, "1/s"),
    "contact_w_m2k": (20, 500, "W/m2K"),
}
PERSON_NAMES = ("safe", "typical")  # of PERSONS, in this order
BY_PERSON = ("vasodilation", "light_mm", "air_w_m2k")  # of a start, where it does not say them
# `seed`: new noise from here
CHANGES = ("worn", "buckled", "ambient_c", "perfusion", "air_w_m2k", "seed")
KINDS = ("press", "fault", "host") + CHANGES
START_KEYS = Start.FIELDS
EVENT_KEYS = ("at_s",) + KINDS + ("hold_ms", "pad", "value", "for_s", "button", "line", "nm")

SCENARIO_KEYS = ("seed", "duration_s", "board", "prescription", "start", "event", "expect")


def ordinary(board: str = REFERENCE) -> Scenario:
    """A belt worn at room temperature, START after 10 s, the default prescription to its end.
    Raises BadInput for a board that there is not."""
    return Scenario(
        name="ordinary session",
        seed=1,
        duration_s=1_920.0,  # 30 min of light, the start before it and a little more
        prescription=default_prescription(find_board(board)),
        board=board,
        events=(Event(10.0, "press", "START", hold_ms=HOLD_MS),),
        until_done=True,
    )


def load(path: str, board: str | None = None) -> Scenario:
    """Read a scenario from a TOML file; `board` goes before the one that the file names.

    Raises BadInput.
    """
    from pathlib import Path

    return parse(validate.read_text(path), str(path), Path(path).parent, board)


def parse(
    text: str, where: str, base: "Path | None" = None, board: "str | None" = None
) -> Scenario:
    """Read a scenario from TOML text that came from `where`; paths in it start at `base`.

    Raises BadInput.
    """
    return read(validate.parse_toml(text, where), where, base, board)


def read(
    value: object, where: str, base: "Path | None" = None, board: "str | None" = None
) -> Scenario:
    """A scenario of what its TOML says, as tables, lists and values. Raises BadInput."""
    from pathlib import Path

    found = validate.table(value, where, SCENARIO_KEYS)
    if "duration_s" not in found:
        raise BadInput(f"{where}: lacks duration_s: a number from 1 to {DURATION_MAX_S} (s)")
    duration_s = validate.number(
        found["duration_s"], f"{where}: duration_s", 1, DURATION_MAX_S, "s"
    )
    data = _board(found.get("board", REFERENCE), where, board)
    return Scenario(
        name=Path(where).stem,
        seed=validate.integer(found.get("seed", 1), f"{where}: seed", 0, SEED_MAX),
        duration_s=duration_s,
        prescription=_prescription(found.get("prescription", "default"), where, base, data),
        start=_start(found.get("start", {}), f"{where}: start"),
        events=_events(found.get("event", []), where, duration_s, data),
        board=data.NAME,
        expectations=read_expectations(found.get("expect", []), where, duration_s),
    )


def default_prescription(board: "Board") -> dict[str, object]:
    """The default prescription for this board's banks: each gives DEFAULT_MW_CM2, or its nominal
    irradiance where that is less. A bank whose lamp test pulse is too weak to be told from
    darkness would be found open: such a bank gives nothing."""
    asked = dict(DEFAULT)
    each_mw_cm2 = min(DEFAULT_MW_CM2, board.BANK_NOMINAL_UW_CM2 / 1000)
    least_01ma = LampTest(board).expected_01ma
    asked["irradiance_mw_cm2"] = {
        str(nm): each_mw_cm2 if least_01ma[k] > RAIL_DARK_01MA + 1 else 0.0
        for k, nm in enumerate(wavelengths_nm(board))
    }
    return asked


def load_prescription(path: "str | Path") -> dict[str, object]:
    """Read a prescription from a file, unchecked but for its form: TOML where its name ends in
    .toml, else JSON. Of a signed one, what was signed: the seal is the unit's to judge. Raises
    BadInput."""
    where = str(path)
    text = validate.read_text(path)
    inner = signed_prescription.payload(text.encode())
    if inner:
        asked = validate.parse_json(inner.decode(), where).get("prescription")
        if not isinstance(asked, dict):
            raise BadInput(f"{where}: is signed and lacks prescription")
        return asked
    return (
        validate.parse_toml(text, where)
        if where.endswith(".toml")
        else (validate.parse_json(text, where))
    )


def check_prescription(prescription: dict[str, object], where: str, board: "Board") -> None:
    """Compile it for a board at nominal irradiance; BadInput says what it lacks."""
    nominal = [board.BANK_NOMINAL_UW_CM2] * len(board.BANKS)
    try:
        compile_course(prescription, board, [nominal, nominal])
    except Refused as why:
        raise BadInput(f"{where}: {why}") from None
    except RecursionError:
        raise BadInput(f"{where}: is nested too deeply") from None


def _board(named: object, where: str, option: "str | None") -> "Board":
    """The board that an option names, else the one that the file names. Raises BadInput."""
    try:
        board: Board = find_board(named if option is None else option)
    except BadInput as why:
        raise BadInput(str(why) if option else f"{where}: {why}") from None
    return board


def _prescription(
    value: object, where: str, base: "Path | None", board: "Board"
) -> dict[str, object]:
    if isinstance(value, dict):
        check_prescription(value, f"{where}: prescription", board)
        return value
    if not isinstance(value, str) or not 0 < len(value) <= PATH_MAX:
        raise BadInput(
            f'{where}: prescription is {shown(value)}: "default", the path of a TOML or JSON file, '
            "or a table of what such a file says"
        )
    if value == "default":
        return default_prescription(board)
    path = base / value if base else value
    try:
        prescription = load_prescription(path)
        check_prescription(prescription, str(path), board)
    except BadInput as why:
        raise BadInput(f"{where}: prescription: {why}") from None
    return prescription


def _start(value: object, where: str) -> Start:
    found = validate.table(value, where, START_KEYS)
    person = validate.choice(found.get("person", "safe"), f"{where}.person", PERSON_NAMES)
    checked: dict[str, object] = {key: getattr(PERSONS[person], key) for key in BY_PERSON}
    for key in found:
        if key == "person":
            checked[key] = person
        elif key == "spot":
            checked[key] = _spot(found[key], f"{where}.spot")
        else:
            checked[key] = _condition(key, found[key], f"{where}.{key}")
    return Start(**checked)  # type: ignore[arg-type]


def _spot(value: object, where: str) -> PressureSpot:
    found = validate.table(value, where, PressureSpot.FIELDS)
    checked = {
        key: validate.number(found[key], f"{where}.{key}", *SPOT_RANGES[key]) for key in found
    }
    return PressureSpot(**checked)


def _condition(key: str, value: object, where: str) -> float | bool | int:
    if key in {"worn", "buckled", "clock_set"}:
        return validate.truth(value, where)
    if key == "date":
        return read_date(value, where)
    if key == "clock":
        return validate.integer(value, where, 0, CLOCK_MAX, "ms")
    if key == "seed":
        return validate.integer(value, where, 0, SEED_MAX)
    low, high, unit = RANGES[key]
    return validate.number(value, where, low, high, unit)


def _events(value: object, where: str, duration_s: float, board: "Board") -> tuple[Event, ...]:
    if not isinstance(value, list):
        raise BadInput(f"{where}: event is {shown(value)}: tables, each headed [[event]]")
    if len(value) > EVENTS_MAX:
        raise BadInput(f"{where}: has {len(value)} events: at most {EVENTS_MAX}")
    events: list[Event] = []
    for number, found in enumerate(value, 1):
        place = f"{where}: event {number}"
        for table in repeat_event(found, place, duration_s):
            events.append(read_event(table, place, duration_s, board))
        if len(events) > EVENTS_MAX:
            raise BadInput(f"{place}: with it there are more than {EVENTS_MAX} events")
    return tuple(sorted(events, key=lambda event: event.at_s))


def repeat_event(value: object, where: str, duration_s: float) -> list[object]:
    """An event's table once for each time that it happens: with `every_s`, again and again until
    `until_s`, or the end of the run. Raises BadInput."""
    if not isinstance(value, dict) or not ("every_s" in value or "until_s" in value):
        return [value]
    table = dict(value)
    every_s = validate.number(
        table.pop("every_s", None), f"{where}: every_s", 1, DURATION_MAX_S, "s"
    )
    at_s = validate.number(table.get("at_s"), f"{where}: at_s", 0, duration_s, "s, to duration_s")
    until_s = table.pop("until_s", duration_s)
    until_s = validate.number(until_s, f"{where}: until_s", at_s, duration_s, "s, to duration_s")
    times = int((until_s - at_s) / every_s) + 1
    if times > EVENTS_MAX:
        raise BadInput(f"{where}: happens {times} times: at most {EVENTS_MAX}")
    return [table | {"at_s": at_s + k * every_s} for k in range(times)]


def read_event(value: object, where: str, duration_s: float, board: "Board") -> Event:
    """One of a scenario's events, of what its TOML says. Raises BadInput."""
    if not isinstance(value, dict):
        raise BadInput(f"{where} is {shown(value)}: a table with at_s and one of {_any_of(KINDS)}")
    kinds = [key for key in KINDS if key in value]
    if not kinds:
        validate.table(value, where, EVENT_KEYS)
        raise BadInput(f"{where} lacks what happens: one of {_any_of(KINDS)}")
    if len(kinds) > 1:
        raise BadInput(f"{where} has {' and '.join(kinds)}: only one of {_any_of(KINDS)}")
    if "at_s" not in value:
        raise BadInput(f"{where} lacks at_s: a number from 0 to duration_s, {duration_s:g} (s)")
    at_s = validate.number(value["at_s"], f"{where}: at_s", 0, duration_s, "s, to duration_s")
    if kinds[0] == "press":
        return _press(value, where, at_s)
    if kinds[0] == "fault":
        return _fault(value, where, at_s, board)
    validate.table(value, where, ("at_s", kinds[0]))
    if kinds[0] == "host":
        return Event(at_s, "host", _host_line(value["host"], f"{where}: host"))
    new = _condition(kinds[0], value[kinds[0]], f"{where}: {kinds[0]}")
    return Event(at_s, "set", kinds[0], value=new)


def _any_of(words: tuple[str, ...]) -> str:
    return ", ".join(words[:-1]) + " or " + words[-1]


def _host_line(value: object, where: str) -> str:
    """A line that a host sends to the unit."""
    if not isinstance(value, str) or not 0 < len(value) <= HOST_LINE_MAX or not value.isascii():
        raise BadInput(f"{where} is {shown(value)}: 1 to {HOST_LINE_MAX} characters of ASCII")
    if min(value) < " ":
        raise BadInput(f"{where} is {shown(value)}: one line, without control characters")
    return value


def _press(found: dict[str, object], where: str, at_s: float) -> Event:
    validate.table(found, where, ("at_s", "press", "hold_ms"))
    button = validate.choice(found["press"], f"{where}: press", BUTTONS)
    held = found.get("hold_ms", HOLD_MS)
    hold_ms = validate.integer(held, f"{where}: hold_ms", HOLD_MIN_MS, HOLD_MAX_MS, "ms")
    return Event(at_s, "press", button, hold_ms=hold_ms)


def _fault(found: dict[str, object], where: str, at_s: float, board: "Board") -> Event:
    name = validate.choice(found["fault"], f"{where}: fault", NAMES)
    row = FAULTS[name]
    takes = ["at_s", "fault"]
    takes += ["pad"] * bool(row.pad) + ["value"] * bool(row.unit) + ["for_s"] * row.lasts
    takes += [row.also] * bool(row.also)
    where = f"{where} ({name})"
    validate.table(found, where, tuple(takes))
    pad = None
    if "pad" in found or row.pad == "must":
        pad = validate.choice(_needed(found, "pad", where, "A or B"), f"{where}: pad", PADS)
    for_s = row.for_s
    if "for_s" in found:
        for_s = validate.number(found["for_s"], f"{where}: for_s", 0.02, DURATION_MAX_S, "s")
    button = line = None
    if row.also == "button":
        stuck = _needed(found, "button", where, _any_of(BUTTONS))
        button = validate.choice(stuck, f"{where}: button", BUTTONS)
    elif "line" in found:
        line = "{}:{}".format(*parse_line(found["line"], f"{where}: line"))
    value = _value(row, found, where, board)
    nm = _bank_nm(found["nm"], f"{where}: nm", board) if "nm" in found else None
    return Event(at_s, "fault", name, pad, value, for_s, button=button, line=line, nm=nm)


def _banks_in_words(board: "Board") -> str:
    return f"a bank of the board, {', '.join(map(str, wavelengths_nm(board)))} (nm)"


def _bank_nm(value: object, where: str, board: "Board") -> int:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if not is_whole or value not in wavelengths_nm(board):
        raise BadInput(f"{where} is {shown(value)}: {_banks_in_words(board)}")
    assert isinstance(value, int)
    return value


def _value(row: Fault, found: dict[str, object], where: str, board: "Board") -> float | None:
    if row.unit == "nm":
        value = _needed(found, "value", where, _banks_in_words(board))
        return float(_bank_nm(value, f"{where}: value", board))
    if row.unit:
        value = found.get("value", row.default)
        return validate.number(value, f"{where}: value", row.low, row.high, row.unit)
    return None


def _needed(found: dict[str, object], key: str, where: str, allowed: str) -> object:
    if key not in found:
        raise BadInput(f"{where} lacks {key}: {allowed}")
    return found[key]
