"""What driver depth and pin depth have in common: a chip and its parts on a bench.

The firmware is not ours to call here: it is found in the running program, and until it is there
a unit that has just begun stands in for it in rows and reports.
"""

import json
from typing import TYPE_CHECKING, Any

from firmware.waistband import Waistband
from hal.contract import POWER_ON
from sim.common.boards import board_file
from sim.driver_depth.parts import UNIX_2000_S, Ds3231
from sim.faults.depth import Depth

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sim.driver_depth.bench import Bench, Chip
    from sim.driver_depth.parts import Part
    from sim.faults.depth import Setup
    from sim.physics.threshold_times import Dark


class NullHal:
    """A HAL for the firmware that stands in for reports before there is one: it does nothing."""

    def reset_cause(self) -> int:
        """As if just switched on."""
        return POWER_ON

    def __getattr__(self, name: str) -> Any:
        return lambda *arguments: None


def unit_before_boot(setup: "Setup") -> Waistband:
    """What there is to report while no firmware is there: a unit that has just begun."""
    nobody: Any = NullHal()
    return Waistband(nobody, setup.board, setup.calibration, setup.prescription)


def unit_files(setup: "Setup") -> dict[str, bytes]:
    """What the unit keeps at power-on, its calibration and prescription among it."""
    return {
        "calibration.json": json.dumps(setup.calibration).encode(),
        "prescription.json": json.dumps(setup.scenario.prescription).encode(),
        **board_file(setup.board),
        **setup.files,
    }


def clock_at_power_on(setup: "Setup") -> int | None:
    """What the battery-backed clock reads at power-on; None: never set."""
    return None if setup.clock_s is None else UNIX_2000_S + setup.clock_s


class BenchDepth(Depth):
    """A depth with a bench: what can be measured at its chip and parts."""

    setup: "Setup"
    bench: "Bench"
    parts: "Mapping[str, Part]"  # by name
    over = False  # the observer says so

    def expect(self, event_ms: int) -> None:
        """The observer's next event is due at this time."""
        self.bench.expect(event_ms)

    def reseed(self, seed: int) -> None:
        """The converter's noise begins anew."""
        self.bench.reseed(seed)

    @property
    def _chip(self) -> "Chip":
        return self.bench.chip

    @property
    def t_ms(self) -> int:
        """Time."""
        return self._chip.us // 1_000

    @property
    def powered(self) -> bool:
        """The unit has not let go of its supply."""
        return self.bench.powered

    @property
    def supply(self) -> bool:
        """The chip holds the supply switch closed."""
        return self._chip.light.enabled()

    @property
    def duty(self) -> list[int]:
        """Each bank's duty as its pin has it."""
        return self._chip.light.duties()

    @property
    def darks(self) -> "list[Dark]":
        """Every end of light."""
        return self._chip.light.darks

    @property
    def late_j(self) -> float:
        """Optical energy given while the enable pin was low."""
        return self._chip.light.late_j

    @property
    def restarts(self) -> list[tuple[float, str]]:
        """When (s) and why the chip began anew."""
        return [(us / 1e6, why) for us, why in self._chip.resets]

    def on_light(self, sink: "Callable[[float, float, float], object]") -> None:
        """As at HAL depth; at driver depth watts are a mean over the stretch, at pin depth there
        is a stretch for each of a carrier's pulses."""
        self._chip.light.on_light = sink

    def jump_clock(self, seconds: int) -> None:
        """The battery-backed clock jumps ahead."""
        clock = self.parts["clock"]
        assert isinstance(clock, Ds3231)
        clock.jump(seconds)
