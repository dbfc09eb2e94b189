"""From the chip's pins to photons, edge by edge: what `sim.driver_depth.light` reckons, seen here.

A bank is lit while its pin is high and the supply switch is closed. Nothing is assumed
about how the chip comes by a level: PWM, PIO and plain outputs all end as edges.
"""

from collections import deque
from typing import TYPE_CHECKING

from sim.driver_depth.light import BLOCK_US, REMEMBERED
from sim.physics.threshold_times import Dark

if TYPE_CHECKING:
    from collections.abc import Callable

    from sim.driver_depth.bench import Bench
    from sim.pin_depth.adapter import Emulator
    from sim.pin_depth.waveform import Edges

GAP_US = 12_000  # longer without light than the slowest carrier, 100 Hz, could be
POINT_US = 1_000  # between two remembered points of the supply's energy


class Light:
    """Counts each bank's time at full current, pad A's banks first."""

    def __init__(self, emulator: "Emulator", bench: "Bench", edges: "Edges", banks: int) -> None:
        """`edges` has the banks' pins first, then the enable pin."""
        self.emulator = emulator
        self.bench = bench
        self.hardware = bench.hardware
        self.edges = edges
        self.banks = banks
        self.levels = [0] * (banks + 1)
        self.lit: list[int] = []
        self.lit_us = [0.0] * self.banks  # in this block of the plant
        self.power_w = 0.0  # what the LED supply delivers at this instant
        self.energy_uj = 0.0
        self.points: deque[tuple[float, float]] = deque([(0.0, 0.0)], REMEMBERED)
        self.late = False  # current may flow though the enable pin says no
        self.late_j = 0.0
        self.mark_us = 0.0
        self.ended: tuple[float, Dark] | None = None  # the last end of light
        self.known: list[Dark] = []
        self.on_light: Callable[[float, float, float], object] | None = None

    def edge(self, place: int, level: int, us: float) -> None:
        """An emitter's pin or the enable pin has changed."""
        self.settle(us)
        self.levels[place] = level
        self._resolve(us)
        if place == self.banks and not level and self.ended and us - self.ended[0] <= GAP_US:
            self._end(us)  # the switch opened in a carrier's gap: until now light could come

    def change(self, us: float) -> None:
        """Something other than a pin that bears on light changes now."""
        self.settle(us)
        self._resolve(us)

    def settle(self, us: float) -> None:
        """Count the light up to this moment."""
        span_us = us - self.mark_us
        if span_us <= 0.0:
            return
        begin_us, self.mark_us = self.mark_us, us
        if self.power_w:
            for bank in self.lit:
                self.lit_us[bank] += span_us
            if self.late or self.on_light:
                light_w = self.hardware.plant.bank_light_w
                watts = sum([light_w[bank] for bank in self.lit])
                if self.late:
                    self.late_j += span_us * 1e-6 * watts
                if self.on_light:  # told from when to when there was light (ms), and how much
                    self.on_light(begin_us / 1e3, us / 1e3, watts)
            self.energy_uj += span_us * self.power_w
        if us - self.points[-1][0] >= POINT_US:
            self.points.append((us, self.energy_uj))

    def enabled(self) -> bool:
        """The enable pin is high; it is pulled down where the chip lets it float."""
        return bool(self.levels[self.banks])

    def _resolve(self, us: float) -> None:
        hardware = self.hardware
        enabled = self.levels[self.banks]
        self.lit = []
        self.late = not enabled
        if (enabled or hardware.enable_stuck) and not self.bench.alert_opens():
            for bank in range(self.banks):
                if bank not in hardware.open_banks and (
                    self.levels[bank] or bank in hardware.stuck_banks
                ):
                    self.lit.append(bank)
        bank_w = hardware.plant.bank_w
        before_w = self.power_w
        self.power_w = sum([bank_w[bank] for bank in self.lit])
        if before_w and not self.power_w:
            self._end(us)
        elif self.power_w and not before_w:
            self._take_end(us)

    def _end(self, us: float) -> None:
        hardware = self.hardware
        self.ended = us, Dark(int(us // 1_000), hardware.hot_ms, hardware.apart_ms)

    def _take_end(self, us: float) -> None:
        if self.ended and us - self.ended[0] > GAP_US:
            self.known.append(self.ended[1])
            self.ended = None

    @property
    def darks(self) -> list[Dark]:
        """When light ended; a carrier's own gaps are no ends."""
        self._take_end(self.emulator.us)
        return self.known

    def take_shares(self, us: float) -> list[float]:
        """Share of the block that ends now for which each bank was lit at full duty."""
        self.settle(us)
        shares = [lit_us / BLOCK_US for lit_us in self.lit_us]
        self.lit_us = [0.0] * self.banks
        return shares

    def mean_w(self, begin_us: float, end_us: float) -> float:
        """What the LED supply delivered on average in a span that is over."""
        self.settle(self.emulator.us)
        return (self._energy_at(end_us) - self._energy_at(begin_us)) / (end_us - begin_us)

    def _energy_at(self, us: float) -> float:
        later_us, later_uj = self.mark_us, self.energy_uj
        for point_us, point_uj in reversed(self.points):
            if point_us <= us:
                if later_us <= point_us:
                    return point_uj
                part = min((us - point_us) / (later_us - point_us), 1.0)
                return point_uj + (later_uj - point_uj) * part
            later_us, later_uj = point_us, point_uj
        return later_uj

    def duties(self) -> list[int]:
        """Each bank's duty as its pin has it now, 0-65535, whatever the supply switch does."""
        share = self.emulator.share
        return [int(share(pin) * 65_535 + 0.5) for pin in self.edges.pins[: self.banks]]
