"""Light at pin depth, counted from the edges of the chip's pins.

A bank is lit while its pin is high and the supply switch is closed. How the chip makes a level does
not matter: PWM, PIO and plain outputs all end as edges. `sim.pin_depth.board` calls `edge`.
"""

from typing import TYPE_CHECKING

from sim.driver_depth.light_counter import LightCounter
from sim.physics.threshold_times import Dark

if TYPE_CHECKING:
    from sim.driver_depth.bench import Bench
    from sim.pin_depth.adapter import Emulator
    from sim.pin_depth.waveform import Edges

GAP_US = 12_000  # longer without light than the slowest carrier, 100 Hz, could be
POINT_US = 1_000  # between two remembered points of the supply's energy


class Light(LightCounter):
    """Each bank's time at full current, from the edges of its pin."""

    def __init__(self, emulator: "Emulator", bench: "Bench", edges: "Edges", banks: int) -> None:
        """`edges` has the banks' pins first, then the enable pin."""
        super().__init__(bench.hardware, banks)
        self.bench = bench
        self.emulator = emulator
        self.edges = edges
        self.banks = banks
        self.levels = [0] * (banks + 1)
        self.lit: list[int] = []
        self.ended: tuple[float, Dark] | None = None  # the last end of light

    def edge(self, place: int, level: int, us: float) -> None:
        """An emitter's pin or the enable pin has changed."""
        self.settle(us)
        self.levels[place] = level
        self._resolve(us)
        if place == self.banks and not level and self.ended and us - self.ended[0] <= GAP_US:
            self._end(us)  # the switch opened in a carrier's gap: until now light could come

    def change(self, us: float) -> None:
        """Something that light depends on changes now."""
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
                if self.on_light:
                    self.on_light(begin_us / 1e3, us / 1e3, watts)
            self.energy_uj += span_us * self.power_w
        if us - self.points[-1][0] >= POINT_US:
            self.points.append((us, self.energy_uj))

    def enabled(self) -> bool:
        """Whether the enable pin is high."""
        return bool(self.levels[self.banks])

    def _resolve(self, us: float) -> None:
        hardware = self.hardware
        enabled = self.levels[self.banks]
        self.lit = []
        self.late = not enabled
        closed = bool(enabled or hardware.enable_stuck) and not self.bench.alert_opens()
        self.note_switch(closed, us)
        if closed:
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
        """Every end of light; the gaps between a carrier's pulses are no ends."""
        self._take_end(self.emulator.us)
        return self.known

    def settle_window(self, end_us: float) -> None:
        """Count far enough for `mean_w`."""
        self.settle(self.emulator.us)

    def energy_at(self, us: float) -> float:
        """Return what the LED supply had delivered by then, uJ."""
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
        """Return each bank's duty, 0-65535."""
        share = self.emulator.share
        return [int(share(pin) * 65_535 + 0.5) for pin in self.edges.pins[: self.banks]]
