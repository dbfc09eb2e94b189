"""The bench around the chip: plant, sensors, batteries, buttons, and what is broken.

It has the attributes that the table of faults works on (`sim.faults.INJECT`), so that
a fault is written once for every depth.
"""

from firmware.inputs import CHARGER
from sim import sensors
from sim.onsets import Dark, Onsets
from sim.plant import STEP_MS, Plant

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from sim.chip.core import Chip
    from sim.chip.parts import Part
    from sim.scenario import Event

    Bend = Callable[[Any, Event, Any], None]

BLOCK_US = STEP_MS * 1_000
RING = 4_096
NEVER_MS = 1 << 60
NEAR_CODES = 15  # noise reaches no further than 10
LEVEL_MIN, LEVEL_MAX = 14.0, 4_080.0  # levels that noise cannot carry out of 12 bits
PARTS = ("contact_a", "contact_b", "board_a", "board_b", "rail", "cell", "charge")


class Bench:
    """What stands around the chip. Levels and raw values are taken each 200 ms, as faults
    bend them; noise is new with each conversion."""

    def __init__(self, plant: Plant, board: "Any", seed: int) -> None:
        self.plant = plant
        self.board = board
        self.chip: Chip
        self.parts: list[Part] = []  # on the buses; told when power comes and a block ends
        self.due_us = 0
        self.block_us = 0
        self.event_ms = NEVER_MS  # when `on_event` is next due
        self.on_event: Callable[[int], int] | None = None
        self.warps: list[tuple[Event, Bend, Any]] = []  # faults of sensors
        self.pins = 0  # bits of `firmware.inputs`
        self.silent: set[str] = set()
        self.held = False  # the sensors' bus is held low
        self.levels = [0.0, 0.0, 0.0]  # thermistor A, B, pack, in codes
        self.raw = [0] * len(PARTS)  # what its parts answer
        self.felt = self.raw  # what they felt, before faults bent it
        self.open_banks: set[int] = set()
        self.stuck_banks: set[int] = set()
        self.enable_stuck = False
        self.stuck_pins = 0
        self.bouncing = False
        self.kept: dict[Any, Any] = {}
        self.alert_works = True
        self.powered = True  # the unit has not let go of its supply
        self.cue = -1
        self.reseed(seed)
        self.at = 0
        self.contact_read = [0, 0]  # what the program last read of the contact thermometers
        self.onsets = Onsets(board)
        self.hot_ms = self.onsets.hot_ms
        self.apart_ms = self.onsets.apart_ms
        self.empty_ms = -1  # not watched at this depth
        self.near = False  # they may be

    def reseed(self, seed: int) -> None:
        """The converter's noise begins anew."""
        noise = sensors.Noise(seed ^ 0x5EED)
        self.ring = [sensors.ADC_NOISE_LSB * noise.draw() + 0.5 for _ in range(RING)]

    def attach(self, chip: "Chip") -> None:
        """This is the chip that stands here."""
        self.chip = chip

    @property
    def t_ms(self) -> int:
        """Milliseconds since power-on."""
        return self.chip.us // 1_000

    @property
    def duty(self) -> list[int]:
        """Each bank's duty, 0-65535, as its pin has it."""
        return self.chip.light.duties()

    @property
    def supply(self) -> bool:
        """The chip holds the supply switch closed."""
        return self.chip.light.enabled()

    @property
    def darks(self) -> list[Dark]:
        """When light ended."""
        return self.chip.light.darks

    @property
    def late_j(self) -> float:
        """Optical energy given while the enable pin was low."""
        return self.chip.light.late_j

    def fed(self) -> bool:
        """The charger is plugged in."""
        return bool(self.pins & CHARGER)

    def alert_opens(self) -> bool:
        """A contact thermometer's ALERT holds the supply switch open, in hardware."""
        return self.alert_works and any(part.alert for part in self.parts)

    # -- time --------------------------------------------------------------------------

    def turn(self, us: int) -> None:
        """A block of the plant ends, or an event is due."""
        if us >= self.block_us:
            shares = self.chip.light.take_shares(us)
            if us:
                self.plant.step(shares, any(shares))
            self.block_us = us + BLOCK_US
        if us >= self.event_ms * 1_000 and self.on_event:
            self.chip.light.change(us)
            self.event_ms = self.on_event(us // 1_000)
        self.expect(self.event_ms)
        self.refresh()

    def expect(self, event_ms: int) -> None:
        """`on_event` is next due at this time, whatever was said before."""
        self.event_ms = event_ms
        self.due_us = min(self.block_us, event_ms * 1_000)

    def refresh(self) -> None:
        """Take the sensors' levels and registers from the plant, then bend them."""
        a, b = self.plant.pads
        pack = self.plant.pack_mv() * sensors.ADC_FULL / self.board.BATTERY_FULL_SCALE_MV
        self.levels = levels = [a.ntc_level, b.ntc_level, pack]
        battery = self.plant.battery
        self.raw = [
            a.contact_raw, b.contact_raw, a.board_raw, b.board_raw, 0,
            battery.vcell_raw(), battery.soc_raw(),
        ]  # fmt: skip
        self.felt = self.raw[:]
        if self.warps:
            for event, bend, kept in self.warps:
                bend(self, event, kept)
        for k, level in enumerate(levels):
            if not LEVEL_MIN <= level <= LEVEL_MAX:
                levels[k] = min(max(level, LEVEL_MIN), LEVEL_MAX)
        if self.warps or max(self.apart_ms) >= 0:
            self.onsets.judge_pairs(levels, self.raw, self.t_ms)
        for part in self.parts:
            part.measure(self.chip.us)
        near = self.onsets.trip_level + NEAR_CODES
        hot = self.onsets.trip_raw
        self.near = levels[0] < near or levels[1] < near or max(self.contact_read) >= hot

    def lose_power(self) -> None:
        """The unit's supply is gone: its parts forget."""
        for part in self.parts:
            part.power_on(self.chip.us)

    # -- what is asked of it -------------------------------------------------------------

    def convert(self, channel: int) -> int:
        """One conversion of the ADC: 12 bits, with noise and the converter's wide codes."""
        wired = self.chip.wiring.adc
        at = self.at
        self.at = at + 1 & RING - 1
        if channel not in wired:
            return sensors.READ_AS[int(2_048 + self.ring[at])]  # nothing there: mid-scale
        k = wired.index(channel)
        code = sensors.READ_AS[int(self.levels[k] + self.ring[at])]
        if self.near and k < 2:
            self.onsets.judge_codes(k, code, self.contact_read[k], self.t_ms)
        return code

    def silence(self, parts: tuple[str, ...], silent: bool) -> None:
        """Make I2C parts stop answering, or answer again. All at once is a held bus."""
        if set(parts) == set(PARTS):
            self.held = silent
        elif silent:
            self.silent = self.silent | set(parts)
        else:
            self.silent = self.silent - set(parts)
