"""PWM slices: counters, double-buffered registers and channels. RP2040 data sheet 4.5.

`hardware.PwmChannel` sets them as MicroPython's port does; `light` reads what they put out.

Compare and top values take effect when the counter of a running slice wraps. A stopped slice holds
its pins at the level they have.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sim.driver_depth.clock import Clock

SLICES = 8
HZ_PER_US = 125  # the system clock
SOURCE_HZ = HZ_PER_US * 1_000_000
TOP_MAX = 65_534  # MicroPython's, so that a duty of 65535 is always on
DIV_MAX = 256 * 16
DUTY_FULL = 65_535
NEVER_US = float("inf")


class Slice:
    """One counter and its two channels; times in microseconds since power-on."""

    def __init__(self) -> None:
        self.enabled = False
        self.div16 = 16
        self.top = 0xFFFF  # as latched
        self.compare = [0, 0]
        self.next_top = 0xFFFF  # as written
        self.next_compare = [0, 0]
        self.latch_us = NEVER_US  # when what was written takes effect
        self.zero_us = 0.0  # when the counter was last known to be 0
        self.stopped_at = 0.0  # count at which a stopped counter stands
        self._set_times()

    def _set_times(self) -> None:
        self.count_us = self.div16 / 16.0 / HZ_PER_US
        self.period_us = (self.top + 1) * self.count_us
        self.on_us = [min(c, self.top + 1) * self.count_us for c in self.compare]

    def count(self, us: float) -> float:
        """Return the counter's value."""
        if not self.enabled:
            return self.stopped_at
        return (us - self.zero_us) % self.period_us / self.count_us

    def level(self, channel: int, us: float) -> int:
        """Return the level that the channel puts out."""
        self.settle(us)
        return int(int(self.count(us)) < self.compare[channel])

    def settle(self, us: float) -> None:
        """Take over what was written, if the counter wrapped since."""
        if us >= self.latch_us:
            self.latch()

    def latch(self) -> None:
        """The counter wraps at `latch_us`: what was written takes effect."""
        self.zero_us = self.latch_us
        self.latch_us = NEVER_US
        self.top = self.next_top
        self.compare = self.next_compare[:]
        self._set_times()

    def written(self, us: float) -> None:
        """Compare or top were written."""
        if not self.enabled:  # "if the PWM is not running, the write is latched immediately"
            self.top = self.next_top
            self.compare = self.next_compare[:]
            self._set_times()
        elif self.latch_us == NEVER_US:
            passed = (us - self.zero_us) // self.period_us
            self.latch_us = self.zero_us + (passed + 1) * self.period_us

    def divide(self, div16: int, us: float) -> None:
        """The divider acts at once: the counter goes on from where it is."""
        count = self.count(us)
        self.div16 = div16
        self._set_times()
        self.zero_us = us - count * self.count_us
        if self.latch_us != NEVER_US:
            self.latch_us = self.zero_us + self.period_us

    def enable(self, on: bool, us: float) -> None:
        """Run or stop; the counter keeps its count."""
        if on and not self.enabled:
            self.zero_us = us - self.stopped_at * self.count_us
            self.enabled = True
            if (self.next_top, self.next_compare) != (self.top, self.compare):
                self.written(us)
        elif not on and self.enabled:
            self.settle(us)
            self.stopped_at = self.count(us)
            self.enabled = False
            self.latch_us = NEVER_US

    def lit_us(self, channel: int, begin_us: float, end_us: float) -> float:
        """How long the channel is high in a span in which nothing latches."""
        if not self.enabled:
            high = int(self.stopped_at) < self.compare[channel]
            return end_us - begin_us if high else 0.0
        on_us = self.on_us[channel]
        period_us = self.period_us
        if on_us >= period_us:
            return end_us - begin_us
        begin = begin_us - self.zero_us
        end = end_us - self.zero_us
        first, last = begin // period_us, end // period_us
        before, after = begin - first * period_us, end - last * period_us
        if before > on_us:
            before = on_us
        if after > on_us:
            after = on_us
        return (last - first) * on_us + after - before

    def share(self, channel: int) -> float:
        """Mean level, 0-1, as it is now."""
        if not self.enabled:
            return float(int(self.stopped_at) < self.compare[channel])
        return self.on_us[channel] / self.period_us


class Pwm:
    """All slices, and MicroPython's own state of their channels."""

    def __init__(self, clock: "Clock") -> None:
        self.clock = clock
        self.reset()

    def reset(self) -> None:
        """Set every slice as after a reset of the chip."""
        self.slices = [Slice() for _ in range(SLICES)]
        self.freq_set = [False] * SLICES
        self.duty: list[int | None] = [None] * (2 * SLICES)

    def slice_of(self, pin: int) -> Slice:
        """The slice that a pin belongs to."""
        return self.slices[pin >> 1 & 7]

    def level(self, pin: int) -> int:
        """Return what its slice puts out on a pin now."""
        return self.slice_of(pin).level(pin & 1, self.clock.us)

    def set_freq(self, channel: int, freq: int) -> None:
        """Divider and top for this frequency, then both channels' duties again."""
        if freq <= 0:
            raise ZeroDivisionError("divide by zero")
        if (SOURCE_HZ + freq // 2) // freq < TOP_MAX:
            div16, top = 16, (SOURCE_HZ + freq // 2) // freq - 1
        else:
            div16 = (16 * SOURCE_HZ + TOP_MAX * freq - 1) // (TOP_MAX * freq)
            top = (16 * SOURCE_HZ + div16 * freq // 2) // (div16 * freq) - 1
        if top < 1:
            raise ValueError("freq too large")
        if div16 >= DIV_MAX:
            raise ValueError("freq too small")
        us = self.clock.us
        self.clock.count_light()
        part = self.slices[channel >> 1]
        part.settle(us)
        part.divide(div16, us)
        part.next_top = top
        part.written(us)
        self.freq_set[channel >> 1] = True
        for each in (channel, channel ^ 1):
            duty = self.duty[each]
            if duty is not None:
                self.set_duty(each, duty)
        if part.enabled:
            self.clock.count_light()

    def set_duty(self, channel: int, duty: int) -> None:
        """Duty 0-65535 of one channel: a compare value, from the next wrap on."""
        self.duty[channel] = duty = min(duty, DUTY_FULL)
        part = self.slices[channel >> 1]
        us = self.clock.us
        if not part.enabled:
            self.clock.count_light()
        elif us >= part.latch_us:
            self.clock.light.settle(us)
            part.settle(us)
        compare = (duty * (part.next_top + 1) + DUTY_FULL // 2) // DUTY_FULL
        part.next_compare[channel & 1] = compare & 0xFFFF
        part.written(us)
        if self.freq_set[channel >> 1] and not part.enabled:  # MicroPython starts it now
            self.clock.count_light()
            part.enable(True, us)

    def stop(self, channel: int) -> None:
        """`deinit`: the slice stops, both its pins stay at the level they have."""
        self.clock.count_light()
        self.slices[channel >> 1].enable(False, self.clock.us)

    def deinit_all(self) -> None:
        """MicroPython's at a soft reset: meant for all slices, it reaches those of the first
        eight channels, hence slices 0-3 (`machine_pwm_deinit_all`)."""
        self.clock.count_light()
        self.freq_set = [False] * SLICES
        for channel in range(SLICES):
            self.slices[channel >> 1].enable(False, self.clock.us)

    def freeze(self, on: bool) -> None:
        """Stop the PWM clock, as in `lightsleep`, or start it again."""
        self.clock.count_light()
        if on:
            self.frozen = [part for part in self.slices if part.enabled]
        for part in self.frozen:
            part.enable(not on, self.clock.us)
