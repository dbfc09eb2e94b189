"""A run at pin depth, with what its tests look at by name."""

from sim.common.story import Scenario
from sim.driver_depth.unit_build import Build
from sim.pin_depth.flash_cache import FlashCache
from sim.pin_depth.run import PinDepth
from sim.run import Run

SOUND = Build()


class PinRun(Run):
    """Powered on, with the UF2 that is named, or that the environment names."""

    def __init__(
        self, scenario: Scenario, build: Build = SOUND, uf2: str | None = None,
        flash_cache: FlashCache | None = None,
    ) -> None:  # fmt: skip
        self.pins = pins = PinDepth(build, uf2, flash_cache)
        super().__init__(scenario, depth=pins)
        self.chip, self.bench, self.emulator = pins.chip, pins.bench, pins.emulator
        self.heap, self.parts = pins.heap, pins.parts
        self.screen, self.console = pins.screen, pins.console
