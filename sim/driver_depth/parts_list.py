"""I2C parts of a sound unit, and the bus of each; used by both depths with a bench."""

from sim.driver_depth.ds3231 import UNIX_2000_S, Ds3231
from sim.driver_depth.i2c import Bus
from sim.driver_depth.parts import Fdc1004, Ina219, Max17049, Tmp117
from sim.driver_depth.screen import Ssd1306
from sim.faults.hardware import CLOCK_S as SINCE_2000_S

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sim.driver_depth.bench import Bench
    from sim.driver_depth.parts import Part

CLOCK_S = UNIX_2000_S + SINCE_2000_S  # what the battery-backed clock reads at power-on
SENSORS = 7  # parts on the first bus


def fit(bench: "Bench", clock_s: int | None = CLOCK_S) -> "tuple[tuple[str, Part], ...]":
    """Put them on the bench; (name, part) of each, the sensors' bus first."""
    rows: tuple[tuple[str, Part], ...] = (
        ("contact_a", Tmp117(bench, 0x48, 0, "contact_a", True)),
        ("contact_b", Tmp117(bench, 0x49, 1, "contact_b", True)),
        ("board_a", Tmp117(bench, 0x4A, 2, "board_a", False)),
        ("board_b", Tmp117(bench, 0x4B, 3, "board_b", False)),
        ("rail", Ina219(bench)),
        ("gauge", Max17049(bench)),
        ("skin", Fdc1004(bench)),
        ("clock", Ds3231(bench, clock_s)),
        ("screen", Ssd1306(bench)),
    )
    bench.parts = [part for _, part in rows]
    return rows


def buses(rows: "tuple[tuple[str, Part], ...]") -> "tuple[Bus, Bus]":
    """The sensors' bus and the screen's, with these parts."""
    return (
        Bus([part for _, part in rows[:SENSORS]]),
        Bus([part for _, part in rows[SENSORS:]]),
    )
