"""Light at driver depth, counted exactly, PWM wrap by wrap, from pin registers and slices.

Whoever changes a pin, a slice or the supply switch calls `change` first; the time up to then is
counted with the levels until then. A bank is lit while its pin is high and the supply switch is
closed.
"""

from sim.driver_depth.gpio import PWM
from sim.driver_depth.light_counter import LightCounter
from sim.physics.threshold_times import Dark

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sim.driver_depth.bench import Bench
    from sim.driver_depth.clock import Clock
    from sim.driver_depth.gpio import Gpio
    from sim.driver_depth.pwm import Pwm, Slice
    from sim.driver_depth.wiring import Wiring


class Light(LightCounter):
    """Each bank's time at full current, from what its pin is driven by."""

    def __init__(
        self, clock: "Clock", bench: "Bench", wiring: "Wiring", gpio: "Gpio", pwm: "Pwm"
    ) -> None:
        super().__init__(bench.hardware, len(wiring.banks))
        self.bench = bench
        self.clock = clock
        self.gpio = gpio
        self.pwm = pwm
        self.enable = wiring.enable
        self.pins = wiring.banks
        self.full: list[int] = []  # banks that are on without a break
        self.pulsed: list[tuple[int, Slice, int]] = []  # (bank, slice, channel)
        self.slices: list[Slice] = []
        self.stale = True

    def change(self, us: int) -> None:
        """Something that light depends on changes now."""
        self.settle(us)
        self.stale = True

    def settle(self, us: float) -> None:
        """Count the light up to this moment."""
        if self.stale:
            self._resolve()
        while self.slices:
            latch_us = min([part.latch_us for part in self.slices])
            if latch_us > us:
                break
            self._count(latch_us)
            for part in self.slices:
                part.settle(latch_us)
            self._update_power()
        self._count(us)

    def enabled(self) -> bool:
        """Whether the enable pin is high."""
        return self.gpio.driven(self.enable) == 1

    def _resolve(self) -> None:
        """Find the banks that are lit from `mark_us` on."""
        self.stale = False
        hardware = self.hardware
        gpio = self.gpio
        enabled = self.enabled()
        closed = (enabled or hardware.enable_stuck) and not self.bench.alert_opens()
        self.late = closed and not enabled
        self.note_switch(closed, self.mark_us)
        self.full, self.pulsed, self.slices = [], [], []
        for bank, pin in enumerate(self.pins):
            if gpio.function[pin] == PWM:
                part = self.pwm.slice_of(pin)
                part.settle(self.mark_us)
                if part not in self.slices:
                    self.slices.append(part)
            if not closed or bank in hardware.open_banks:
                continue
            if bank in hardware.stuck_banks:
                self.full.append(bank)
            elif gpio.function[pin] == PWM:
                self.pulsed.append((bank, part, pin & 1))
            elif gpio.driven(pin) == 1:  # a gate that floats is pulled down
                self.full.append(bank)
        before_w = self.power_w
        self._update_power()
        if before_w and not self.power_w:
            t_ms = int(self.mark_us // 1_000)
            self.known.append(Dark(t_ms, hardware.hot_ms, hardware.apart_ms))

    def _update_power(self) -> None:
        """Find the power of the LED supply from `mark_us` on."""
        bank_w = self.hardware.plant.bank_w
        power_w = 0.0
        for bank in self.full:
            power_w += bank_w[bank]
        for bank, part, channel in self.pulsed:
            power_w += part.share(channel) * bank_w[bank]
        self.power_w = power_w
        self.points.append((self.mark_us, self.energy_uj))

    def _count(self, us: float) -> None:
        """Count the light since `mark_us` and report it to `on_light`."""
        begin_us = self.mark_us
        self.mark_us = us
        if us <= begin_us or not (self.power_w or self.pulsed):
            return
        plant = self.hardware.plant
        lit = [(bank, us - begin_us) for bank in self.full]
        lit += [(bank, part.lit_us(ch, begin_us, us)) for bank, part, ch in self.pulsed]
        light_uj = 0.0
        for bank, lit_us in lit:
            if lit_us:
                self.lit_us[bank] += lit_us
                self.energy_uj += lit_us * plant.bank_w[bank]
                light_uj += lit_us * plant.bank_light_w[bank]
        if self.late:
            self.late_j += light_uj * 1e-6
        if self.on_light and light_uj:
            self.on_light(begin_us / 1e3, us / 1e3, light_uj / (us - begin_us))
        self.points.append((us, self.energy_uj))

    def settle_window(self, end_us: float) -> None:
        """Count far enough for `mean_w`."""
        if self.stale or any(part.latch_us <= end_us for part in self.slices):
            self.settle(self.clock.us)

    def energy_at(self, us: float) -> float:
        """Return what the LED supply had delivered by then, uJ."""
        later_us, later_uj = us, 0.0
        for point_us, point_uj in reversed(self.points):
            if point_us <= us:
                if later_us == us:
                    return point_uj + (us - point_us) * self.power_w
                return point_uj + (later_uj - point_uj) * (us - point_us) / (later_us - point_us)
            later_us, later_uj = point_us, point_uj
        return later_uj

    def duties(self) -> list[int]:
        """Return each bank's duty, 0-65535."""
        self.settle(self.clock.us)  # a duty that a slice takes up here is light from here on
        gpio = self.gpio
        duties = []
        for pin in self.pins:
            if gpio.function[pin] == PWM:
                part = self.pwm.slice_of(pin)
                part.settle(self.clock.us)
                duties.append(int(part.share(pin & 1) * 65_535 + 0.5))
            else:
                duties.append(65_535 if gpio.driven(pin) else 0)
        return duties
