"""From pins to photons: how long each bank is lit, and what the LED supply delivers.

Whoever changes a pin, a slice or the supply switch calls `change` first; the time up
to then is counted with what held until then. A bank is lit while its pin is high and
the supply switch is closed, counted exactly, wrap by wrap.
"""

from collections import deque

from sim.driver_depth.gpio import PWM
from sim.physics.plant import STEP_MS
from sim.physics.threshold_times import Dark

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from sim.driver_depth.bench import Bench
    from sim.driver_depth.clock import Clock
    from sim.driver_depth.gpio import Gpio
    from sim.driver_depth.pwm import Pwm, Slice
    from sim.driver_depth.wiring import Wiring

BLOCK_US = STEP_MS * 1_000
REMEMBERED = 400  # points of the supply's energy: more than the rail monitor's window holds


class Light:
    """Counts each bank's time at full current, pad A's banks first."""

    def __init__(
        self, clock: "Clock", bench: "Bench", wiring: "Wiring", gpio: "Gpio", pwm: "Pwm"
    ) -> None:
        self.clock = clock
        self.bench = bench
        self.hardware = bench.hardware
        self.gpio = gpio
        self.pwm = pwm
        self.enable = wiring.enable
        self.pins = wiring.banks
        self.lit_us = [0.0] * len(self.pins)  # in this block of the plant
        self.full: list[int] = []  # banks that are on without a break
        self.pulsed: list[tuple[int, Slice, int]] = []  # (bank, slice, channel)
        self.slices: list[Slice] = []
        self.closed = False  # current can flow
        self.late = False  # ... though the enable pin says no
        self.power_w = 0.0  # of the LED supply, mean over a PWM period
        self.energy_uj = 0.0
        self.points: deque[tuple[float, float]] = deque([(0.0, 0.0)], REMEMBERED)
        self.late_j = 0.0
        self.darks: list[Dark] = []
        self.mark_us = 0.0
        self.stale = True
        self.on_light: Callable[[float, float, float], object] | None = None  # see `_count`

    def change(self, us: int) -> None:
        """Something that bears on light changes now: count up to it."""
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
            self._weigh()
        self._count(us)

    def enabled(self) -> bool:
        """The enable pin is high; it is pulled down where the chip lets it float."""
        return self.gpio.driven(self.enable) == 1

    def _resolve(self) -> None:
        """What is lit from `mark_us` on."""
        self.stale = False
        hardware = self.hardware
        gpio = self.gpio
        enabled = self.enabled()
        self.closed = closed = (enabled or hardware.enable_stuck) and not self.bench.alert_opens()
        self.late = closed and not enabled
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
        self._weigh()
        if before_w and not self.power_w:
            t_ms = int(self.mark_us // 1_000)
            self.darks.append(Dark(t_ms, hardware.hot_ms, hardware.apart_ms))

    def _weigh(self) -> None:
        """What the LED supply delivers from `mark_us` on."""
        bank_w = self.hardware.plant.bank_w
        power_w = 0.0
        for bank in self.full:
            power_w += bank_w[bank]
        for bank, part, channel in self.pulsed:
            power_w += part.share(channel) * bank_w[bank]
        self.power_w = power_w
        self.points.append((self.mark_us, self.energy_uj))

    def _count(self, us: float) -> None:
        """Count the light since `mark_us`; `on_light` is told from when to when there was some
        (ms), and how many watts on average."""
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

    def take_shares(self, us: int) -> list[float]:
        """Share of the block that ends now for which each bank was lit at full duty."""
        self.settle(us)
        shares = [lit_us / BLOCK_US for lit_us in self.lit_us]
        if any(shares):
            self.lit_us = [0.0] * len(shares)
        return shares

    def mean_w(self, begin_us: float, end_us: float) -> float:
        """What the LED supply delivered on average in a span that is over."""
        if self.stale or any(part.latch_us <= end_us for part in self.slices):
            self.settle(self.clock.us)
        return (self._energy_at(end_us) - self._energy_at(begin_us)) / (end_us - begin_us)

    def _energy_at(self, us: float) -> float:
        later_us, later_uj = us, 0.0
        for point_us, point_uj in reversed(self.points):
            if point_us <= us:
                if later_us == us:
                    return point_uj + (us - point_us) * self.power_w
                return point_uj + (later_uj - point_uj) * (us - point_us) / (later_us - point_us)
            later_us, later_uj = point_us, point_uj
        return later_uj

    def duties(self) -> list[int]:
        """Each bank's duty as its pin gives it now, 0-65535, whatever the supply switch does."""
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
