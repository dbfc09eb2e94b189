"""Records of a scenario: who wears the unit where, and what happens when.

`sim.scenario` reads them from TOML and checks them; physics, faults and runs only read them.
"""

from sim.common.boards import REFERENCE
from sim.common.value_record import Record

HOLD_MS = 200  # a press, where none is named
REFUSED = "REFUSED"  # in an expectation: the cue of any kind of refusal
CUE_WINDOW_S = 1.0  # a cue is looked for so far back


class PressureSpot(Record):
    """Skin under part of each pad that differs from the rest (`sim.physics.spot`)."""

    FIELDS = ("share", "perfusion_s", "contact_w_m2k")
    share: float = 0.1  # of the pad's area
    perfusion_s: float = 0.0  # of its dermis at rest, 1/s
    contact_w_m2k: float = 150.0  # from the pad's face to its skin


class Start(Record):
    """The wearer, the room and the unit at power-on."""

    FIELDS = (
        "ambient_c", "battery_pct", "worn", "perfusion", "vasodilation", "fat_mm", "air_w_m2k",
        "clock", "spot", "person", "contact_w_m2k", "back_m2k_w", "light_mm", "date", "clock_set",
    )  # fmt: skip
    ambient_c: float = 23.0
    battery_pct: float = 80.0
    worn: bool = True
    perfusion: float = 0.001  # of resting skin, 1/s
    vasodilation: float = 6.0  # how many times perfusion rises with heat
    fat_mm: float = 10.0
    air_w_m2k: float = 5.0  # from surfaces to air
    clock: int = 0  # what the unit's 30-bit millisecond clock reads
    spot: PressureSpot | None = None  # under both pads
    person: str = "safe"  # of `sim.physics.person.PERSONS`
    contact_w_m2k: float = 150.0  # from a pad's face to the skin
    back_m2k_w: float = 0.10  # from LED board to outer surface
    light_mm: float = 3.0  # 1/e depth of the light; 0.2: dark skin, all of it in the melanin
    date: int | None = None  # of the battery-backed clock, s since 2000-01-01; None: as it was
    clock_set: bool = True  # False: that clock was never set


class Event(Record):
    """Something that happens to the unit.

    `kind` is "press" (`name` a button, held for `hold_ms`), "fault" (`name` of FAULTS), "host"
    (`name` a line that a host on USB sends) or "set" (`name` of CHANGES, `value` its new value).
    `pad` None means both; a fault's `value` is in the unit of its row, and `for_s` None lasts to
    the end. `button` is what is stuck, `line` where in the firmware, as
    "firmware/safety/gate.py:128", `nm` the bank of each pad.
    """

    FIELDS = ("at_s", "kind", "name", "pad", "value", "for_s", "hold_ms", "button", "line", "nm")
    at_s: float
    kind: str
    name: str
    pad: str | None = None
    value: float | bool | None = None
    for_s: float | None = None
    hold_ms: int = 0
    button: str | None = None
    line: str | None = None
    nm: int | None = None


class Expectation(Record):
    """What is to hold at a time, before whatever else happens then; None: not asked.

    | field  | holds where                                                            |
    |--------|------------------------------------------------------------------------|
    | state  | the unit is in this state                                              |
    | screen | some row of the screen has this text                                   |
    | fault  | this fault is latched; "": none is                                     |
    | lit    | emitters give light, a gate's dark part included                       |
    | cue    | this cue began within the last CUE_WINDOW_S                            |
    """

    FIELDS = ("at_s", "state", "screen", "fault", "lit", "cue")
    at_s: float
    state: str | None = None
    screen: str | None = None
    fault: str | None = None
    lit: bool | None = None
    cue: str | None = None


class Scenario(Record):
    """A run to be made; `events` are in order of time, and of the file where times are equal.
    With `until_done`, `duration_s` is the most: it is over once the session is. `board` names
    the unit's board: prescription and wavelengths are of its banks."""

    FIELDS = (
        "name", "seed", "duration_s", "prescription", "start", "events", "until_done", "board",
        "expectations",
    )  # fmt: skip
    name: str
    seed: int
    duration_s: float
    prescription: dict[str, object]
    start: Start = Start()
    events: tuple[Event, ...] = ()
    until_done: bool = False
    board: str = REFERENCE
    expectations: tuple[Expectation, ...] = ()  # in order of time
