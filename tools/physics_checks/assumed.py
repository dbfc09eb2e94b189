"""Assumed constants: numbers of the simulated skin and pad that are not measured, and their range.

Read by `tools.physics_checks.assumptions`. `varied` sets constants for as long as a run is made and
driven, in the modules that hold them; nothing of the firmware is touched.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from sim.common.story import PressureSpot, Start
from sim.common.value_record import replace
from sim.physics import emitters, person, plant, sensors, spot, tissue

MODULES = (tissue, spot, emitters, plant, sensors)
START, SPOT, PERSON, MODULE, TIMES = "start", "spot", "person", "module", "times"


class Constant(NamedTuple):
    """A constant and its range. `place` says where it is set: a field of START, of its SPOT or of
    the PERSON, a number of a MODULE, or a table of a module whose values are multiplied (TIMES)."""

    name: str
    place: str
    low: float
    high: float
    words: str
    source: str


CONSTANTS = (
    Constant("perfusion", START, 0.0003, 0.003, "flow of the dermis at rest, 1/s", "design"),
    Constant("vasodilation", START, 1.0, 12.0, "dilation, times", "none, and the typical set"),
    Constant("fat_mm", START, 2.0, 40.0, "fat, mm", "the scenario's range"),
    Constant("ambient_c", START, 5.0, 40.0, "room, C", "design, for use"),
    Constant("air_w_m2k", START, 0.5, 15.0, "surface to air, W/m2K", "blanket; design"),
    Constant("contact_w_m2k", START, 75.0, 300.0, "face to skin, W/m2K", "no human evidence"),
    Constant("back_m2k_w", START, 0.05, 0.2, "back of the belt, m2K/W", "no human evidence"),
    Constant("light_mm", START, 0.2, 8.0, "light's 1/e depth, mm", "melanin; the typical set"),
    Constant("share", SPOT, 0.02, 0.5, "share of the pressed spot", "assumed"),
    Constant("perfusion_s", SPOT, 0.0, 0.001, "flow of the spot, 1/s", "none; the rest's"),
    Constant("contact_w_m2k", SPOT, 75.0, 300.0, "face to the spot, W/m2K", "no human evidence"),
    Constant("dilate_from_c", PERSON, 36.0, 39.4, "dilation begins at, C", "cited in person.py"),
    Constant("dilate_full_c", PERSON, 42.0, 45.0, "dilation is full at, C", "cited; slower"),
    Constant("muscle_m", PERSON, 0.020, 0.050, "muscle, m", "the typical set"),
    Constant("muscle_perfusion_s", PERSON, 0.0003, 0.0007, "flow of muscle, 1/s", "the sets"),
    Constant("CORE_C", MODULE, 36.5, 38.0, "core, C", "a day's course; a light fever"),
    Constant("BLOOD_J_M3K", MODULE, 3.6e6, 4.0e6, "blood, J/m3K", "assumed"),
    Constant("DERMIS_M", MODULE, 0.001, 0.003, "dermis, m", "assumed"),
    Constant("DERMIS_W_MK", MODULE, 0.29, 0.37, "dermis, W/mK", "PMC5459687: human, porcine"),
    Constant("FAT_W_MK", MODULE, 0.16, 0.22, "fat, W/mK", "PMC5459687: porcine, human"),
    Constant("FAT_PERFUSION_SHARE", MODULE, 0.0, 1.0, "fat's flow over the dermis's", "assumed"),
    Constant("DILATE_LAG_S", MODULE, 5.0, 300.0, "dilation's lag, s", "assumed"),
    Constant("BOARD_J_M2K", MODULE, 2000.0, 6000.0, "LED board, J/m2K", "assumed"),
    Constant("FACE_J_M2K", MODULE, 1000.0, 4000.0, "face, J/m2K", "assumed"),
    Constant("WINDOW_W_M2K", MODULE, 60.0, 250.0, "window, W/m2K", "1 to 4 mm of silicone"),
    Constant("NTC_LAG_S", MODULE, 0.3, 5.0, "thermistor's lag, s", "assumed"),
    Constant("TMP117_LAG_S", MODULE, 1.0, 6.0, "thermometer's lag, s", "assumed"),
    Constant("LIGHT_PER_K", MODULE, -0.005, -0.001, "light for a K of board", "assumed"),
    Constant("EFFICIENCY", TIMES, 0.8, 1.2, "efficiency of the banks, times", "assumed"),
    Constant("CORE_W_MK", TIMES, 0.4, 1.3, "conductance along the board, times",
             "a long pad (physics-checks.md); alloys"),
)  # fmt: skip


def scale_table(name: str, times: float) -> Any:
    """A module's table with its values multiplied."""
    table = getattr(find_module(name), name)
    if isinstance(table, dict):
        return {key: value * times for key, value in table.items()}
    return tuple([(key, value * times) for key, value in table])


def find_module(name: str) -> Any:
    """The module that defines a number."""
    return next(module for module in MODULES if hasattr(module, name))


def read_base(constant: Constant) -> float:
    """Its value as shipped."""
    if constant.place == TIMES:
        return 1.0
    if constant.place == MODULE:
        return float(getattr(find_module(constant.name), constant.name))
    owner = {START: Start(), SPOT: PressureSpot(), PERSON: person.SAFE}[constant.place]
    return float(getattr(owner, constant.name))


@contextmanager
def varied(setting: Sequence[tuple[Constant, float]]) -> Iterator[Start]:
    """Set these constants; the start of a scenario that has them, a pressed spot under each pad."""
    fields: dict[str, dict[str, Any]] = {START: {}, SPOT: {}, PERSON: {}}
    before: list[tuple[Any, str, Any]] = []
    safe = person.PERSONS["safe"]
    try:
        for constant, value in setting:
            if constant.place in fields:
                fields[constant.place][constant.name] = value
                continue
            new = value if constant.place == MODULE else scale_table(constant.name, value)
            for module in MODULES:
                if hasattr(module, constant.name):
                    before.append((module, constant.name, getattr(module, constant.name)))
                    setattr(module, constant.name, new)
        person.PERSONS["safe"] = replace(safe, **fields[PERSON])
        yield Start(spot=PressureSpot(**fields[SPOT]), **fields[START])
    finally:
        person.PERSONS["safe"] = safe
        for module, name, old in reversed(before):
            setattr(module, name, old)
