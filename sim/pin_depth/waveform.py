"""Edges of the watched pins: recorded in microseconds, summed up a pin, written as VCD."""

from array import array
from bisect import bisect_left
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from vcd import VCDWriter

from firmware.core.inputs import BUCKLE, CHARGER, CHARGING, DOWN, START, UP

if TYPE_CHECKING:
    from typing import Any

    from sim.driver_depth.wiring import Wiring

NS_A_US = 1_000
INPUT_NAMES = {
    START: "START", UP: "UP", DOWN: "DOWN", BUCKLE: "BUCKLE", CHARGER: "CHARGER",
    CHARGING: "CHARGING",
}  # fmt: skip
PULLED_UP = tuple(INPUT_NAMES.values())


def channels(board: "Any", wiring: "Wiring") -> dict[str, int]:
    """Return name -> pin of all watched pins: emitters, pad A first, the enable pin, the rest."""
    named = {f"{pad}_{row[0]}": row[1 + k] for k, pad in enumerate("AB") for row in board.BANKS}
    named["ENABLE"] = wiring.enable
    named["LIGHT"], named["BUZZER"] = wiring.light, wiring.buzzer
    named["VIBRATION"], named["POWER_HOLD"] = wiring.vibration, wiring.hold
    named.update({INPUT_NAMES[bit]: pin for pin, bit in wiring.inputs})
    return named


class Edges:
    """Every change of the watched pins: when, which, and to what level. Inputs rest high."""

    def __init__(self, named: dict[str, int]) -> None:
        self.names = tuple(named)
        self.pins = tuple(named.values())
        self.us = array("d")
        self.codes = array("B")  # twice the pin's place in `names`, plus the level

    def add(self, us: float, place: int, level: int) -> None:
        """Record one edge."""
        self.us.append(us)
        self.codes.append(2 * place + level)

    def between(self, begin_us: float, end_us: float) -> Iterator[tuple[float, int, int]]:
        """Yield (us, place, level) of each edge of a span."""
        for k in range(bisect_left(self.us, begin_us), bisect_left(self.us, end_us)):
            code = self.codes[k]
            yield self.us[k], code >> 1, code & 1

    def levels(self, us: float) -> list[int]:
        """Return each pin's level just before a time."""
        found = [int(name in PULLED_UP) for name in self.names]
        missing = set(range(len(found)))
        for k in range(bisect_left(self.us, us) - 1, -1, -1):
            place = self.codes[k] >> 1
            if place in missing:
                found[place] = self.codes[k] & 1
                missing.discard(place)
                if not missing:
                    break
        return found


class PinActivity(NamedTuple):
    """Edges and high time of a pin in a span; times in microseconds from its beginning."""

    name: str
    edges: int
    high_us: float  # in all
    last_fall_us: float | None  # None: it did not fall
    at_end: int


def pin_activity(edges: Edges, begin_us: float, end_us: float) -> list[PinActivity]:
    """Return a row a pin."""
    level = edges.levels(begin_us)
    since = [begin_us] * len(level)
    count = [0] * len(level)
    high = [0.0] * len(level)
    fell: list[float | None] = [None] * len(level)
    for us, place, now in edges.between(begin_us, end_us):
        if level[place]:
            high[place] += us - since[place]
            if not now:
                fell[place] = us - begin_us
        level[place], since[place] = now, us
        count[place] += 1
    for place, now in enumerate(level):
        if now:
            high[place] += end_us - since[place]
    rows = zip(edges.names, count, high, fell, level, strict=True)
    return [PinActivity(*row) for row in rows]


def dark_after(edges: Edges, emitters: int, begin_us: float, end_us: float) -> float | None:
    """Return when the last light of a span ended, us from its beginning; None where there was none.
    Light is an emitter pin high while the enable pin, which follows them, is high."""
    level = edges.levels(begin_us)
    enable = edges.names.index("ENABLE")
    last: float | None = None
    lit = bool(level[enable] and any(level[:emitters]))
    for us, place, now in edges.between(begin_us, end_us):
        level[place] = now
        was, lit = lit, bool(level[enable] and any(level[:emitters]))
        if was and not lit:
            last = us - begin_us
    return end_us - begin_us if lit else last


def write_vcd(edges: Edges, path: Path, end_us: int) -> None:
    """Write the whole run for a waveform viewer, in nanoseconds."""
    with open(path, "w", encoding="ascii", newline="\n") as file:
        writer = VCDWriter(file, timescale="1 ns", date="", version="waistband, pin depth")
        first = edges.levels(0.0)
        wires = [
            writer.register_var("unit", name, "wire", size=1, init=level)
            for name, level in zip(edges.names, first, strict=True)
        ]
        for us, place, level in edges.between(0.0, float("inf")):
            writer.change(wires[place], round(us * NS_A_US), level)
        writer.close(end_us * NS_A_US)
