"""Bench around the chip: advances plant and hardware in the chip's time, and answers its ADC.

Driver depth and pin depth have one each. `hardware` is what faults act on.
"""

from firmware.core.inputs import CHARGER, START
from sim.faults.hardware import NEVER_MS, Hardware
from sim.physics import sensors
from sim.physics.plant import STEP_MS, Plant

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    from sim.driver_depth.light_counter import LightCounter
    from sim.driver_depth.wiring import Wiring

    class Part(Protocol):
        """A part on a bus; see `sim.driver_depth.parts`."""

        alert: bool

        def supply(self, us: int) -> None:
            """Its supply is there again: registers as after power-up."""

        def check_supply(self, us: int) -> None:
            """A fault may have taken its supply for a moment."""

        def measure(self, us: int) -> None:
            """The hardware has new values."""

    class Chip(Protocol):
        """The chip on its board: virtual at driver depth, emulated at pin depth."""

        wiring: Wiring
        resets: list[tuple[int, str]]

        @property
        def us(self) -> int:
            """Microseconds since power-on."""

        @property
        def light(self) -> LightCounter:
            """Counts the light."""


BLOCK_US = STEP_MS * 1_000
RING = 4_096
NEAR_CODES = 15  # noise reaches no further than 10


class Bench:
    """Plant, hardware and ADC. Sensor values are new every 200 ms, noise in each conversion."""

    def __init__(self, plant: Plant, board: "Any", seed: int) -> None:
        self.plant = plant
        self.hardware = Hardware(plant, board)
        self.chip: Chip
        self.parts: list[Part] = []  # on the buses
        self.due_us = 0
        self.block_us = 0
        self.event_ms = NEVER_MS  # when `on_event` is next due
        self.on_event: Callable[[int], int] | None = None
        self.powered = True  # the unit holds its supply on
        self.released = False  # since it let go of it, START was seen up
        self.on_start: Callable[[], None] = lambda: None  # START switches the unit on again
        self.on_unheld: Callable[[], None] = lambda: None  # it let go, and START is up
        self.reseed(seed)
        self.at = 0
        self.contact_read = [0, 0]  # what the program last read of the contact thermometers
        self.near = False  # codes may be beyond the trip

    def reseed(self, seed: int) -> None:
        """Draw the converter's noise from this seed."""
        noise = sensors.Noise(seed ^ 0x5EED)
        self.ring = [sensors.ADC_NOISE_LSB * noise.draw() + 0.5 for _ in range(RING)]

    def attach(self, chip: "Chip") -> None:
        """Put the chip on this bench."""
        self.chip = chip

    def is_fed(self) -> bool:
        """Whether the charger, or START while it is held, supplies a unit that let go."""
        return bool(self.hardware.pins & (CHARGER | START))

    def alert_opens(self) -> bool:
        """Whether a contact thermometer's ALERT holds the supply switch open, in hardware."""
        return self.hardware.alert_works and any(part.alert for part in self.parts)

    # -- time --------------------------------------------------------------------------

    def handle_due(self, us: int) -> None:
        """A block of the plant ends, or an event is due."""
        self.hardware.t_ms = us // 1_000
        if us >= self.block_us:
            shares = self.chip.light.take_shares(us)
            if us:
                self.plant.advance(shares, any(shares))
            self.block_us = us + BLOCK_US
        if us >= self.event_ms * 1_000 and self.on_event:
            self.chip.light.change(us)
            self.event_ms = self.on_event(us // 1_000)
        self.expect(self.event_ms)
        self.refresh()
        if not self.powered:
            self._feel_start()

    def _feel_start(self) -> None:
        """START supplies a unit that is off while it is held; pressed anew, it starts it."""
        down = bool(self.hardware.pins & START)
        if down and self.released:
            off = not self.plant.powered  # a charger or a host feeds a unit that let go
            self.powered = self.plant.powered = True
            self.released = False
            if off:
                self.on_start()
                return
        self.released = self.released or not down
        if not self.powered and self.plant.powered and not self.is_fed():
            self.on_unheld()

    def expect(self, event_ms: int) -> None:
        """Set when `on_event` is next due."""
        self.event_ms = event_ms
        self.due_us = min(self.block_us, event_ms * 1_000)

    def refresh(self) -> None:
        """Take the sensors' levels and registers from the plant, as faults change them."""
        hardware = self.hardware
        us = self.chip.us
        hardware.t_ms = us // 1_000
        hardware.refresh()
        for part in self.parts:
            part.check_supply(us)
            part.measure(us)
        levels = hardware.levels
        near = hardware.threshold_times.trip_level + NEAR_CODES
        hot = hardware.threshold_times.trip_raw
        self.near = levels[0] < near or levels[1] < near or max(self.contact_read) >= hot

    def lose_power(self) -> None:
        """The unit's supply is gone: its parts lose their registers."""
        self.plant.powered = self.powered
        for part in self.parts:
            part.supply(self.chip.us)

    # -- ADC ------------------------------------------------------------------------------

    def convert(self, channel: int) -> int:
        """One conversion of the ADC: 12 bits, with noise and the converter's wide codes."""
        wired = self.chip.wiring.adc
        at = self.at
        self.at = at + 1 & RING - 1
        if channel not in wired:
            return sensors.READ_AS[int(2_048 + self.ring[at])]  # nothing there: mid-scale
        k = wired.index(channel)
        code = sensors.READ_AS[int(self.hardware.levels[k] + self.ring[at])]
        if self.near and k < 2:
            t_ms = self.chip.us // 1_000
            self.hardware.threshold_times.judge_codes(k, code, self.contact_read[k], t_ms)
        return code
