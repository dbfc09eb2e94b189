"""A story: who wears the unit where, what happens when. Plain records, read at every depth.

`sim.scenario` reads them from TOML and checks them; physics, faults and runs only read them.
"""

from sim.common.boards import REFERENCE
from sim.common.value_record import Record

HOLD_MS = 200  # a press, where none is named


class Start(Record):
    """The wearer, the room and the unit at power-on."""

    FIELDS = (
        "ambient_c", "battery_pct", "worn", "perfusion", "vasodilation", "fat_mm", "air_w_m2k",
        "clock",
    )  # fmt: skip

    def __init__(
        self, ambient_c: float = 23.0, battery_pct: float = 80.0, worn: bool = True,
        perfusion: float = 0.001, vasodilation: float = 6.0, fat_mm: float = 10.0,
        air_w_m2k: float = 5.0, clock: int = 0,
    ) -> None:  # fmt: skip
        self.ambient_c = ambient_c
        self.battery_pct = battery_pct
        self.worn = worn
        self.perfusion = perfusion  # of resting skin, 1/s
        self.vasodilation = vasodilation  # how many times perfusion rises with heat
        self.fat_mm = fat_mm
        self.air_w_m2k = air_w_m2k  # from surfaces to air
        self.clock = clock  # what the unit's 30-bit millisecond clock reads


class Event(Record):
    """Something that happens to the unit.

    `kind` is "press" (`name` a button, held for `hold_ms`), "fault" (`name` of FAULTS) or
    "set" (`name` of CHANGES, `value` its new value). `pad` None means both; a fault's `value`
    is in the unit of its row, and `for_s` None lasts to the end. `button` is what is stuck,
    `line` where in the firmware, as "firmware/safety/gate.py:58".
    """

    FIELDS = ("at_s", "kind", "name", "pad", "value", "for_s", "hold_ms", "button", "line")

    def __init__(  # noqa: PLR0913, PLR0917 - what an event says; most have three of these
        self, at_s: float, kind: str, name: str, pad: str | None = None,
        value: float | bool | None = None, for_s: float | None = None, hold_ms: int = 0,
        button: str | None = None, line: str | None = None,
    ) -> None:  # fmt: skip
        self.at_s = at_s
        self.kind = kind
        self.name = name
        self.pad = pad
        self.value = value
        self.for_s = for_s
        self.hold_ms = hold_ms
        self.button = button
        self.line = line


class Scenario(Record):
    """A run to be made; `events` are in order of time, and of the file where times are equal.
    With `until_done`, `duration_s` is the most: it is over once the session is. `board` names
    the unit's board: prescription and wavelengths are of its banks."""

    FIELDS = (
        "name", "seed", "duration_s", "prescription", "start", "events", "until_done", "board",
    )  # fmt: skip

    def __init__(
        self, name: str, seed: int, duration_s: float, prescription: dict[str, object],
        start: Start = Start(),  # noqa: B008 - nobody changes it
        events: tuple[Event, ...] = (), until_done: bool = False, board: str = REFERENCE,
    ) -> None:  # fmt: skip
        self.name = name
        self.seed = seed
        self.duration_s = duration_s
        self.prescription = prescription
        self.start = start
        self.events = events
        self.until_done = until_done
        self.board = board
