"""The gate: the one place where a duty passes on its way out. It can only lower it.

`set` takes what control wants; `pass_out`, last in every tick, lets it out or
not. Off is `hal.off()`, which opens the supply switch and pulls every pin low;
the lease is renewed only here, and only by a tick that came this far.
"""

from firmware.core.limits import (
    CLOCK_MASK,
    DUTY_MAX,
    LOOK_EVERY_TICKS,
    LOOK_STEADY_STEPS,
    LOOK_TICKS,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hal.contract import Hal

RETUNE_TICKS = 2  # the first sets each duty to 0; before the second the slowest slice has wrapped


class Gate:
    """Duties on their way out, pad A's banks first."""

    def __init__(self, hal: "Hal", banks: int, mask: int = DUTY_MAX) -> None:
        self.hal = hal
        self.mask = mask  # of every duty, as bits: 0 in a unit that gives no light
        self.caps = [0] * banks  # the most that may ever leave
        self.live = [False] * banks  # not found open by the session's lamp tests
        self.wanted = [0] * banks
        self.out = [0] * banks  # what left in the control step that is running
        self.period_ticks = 1
        self.on_ticks = 1
        self.carrier_hz = 0  # the PWM's frequency, and
        self.retune_ticks = 0  # ticks until that is set: light is dark for so long
        self.phase = 0
        self.more_dark_ticks = 0  # that make a dark part long enough to look at it
        self.unseen_ticks = 0  # since there was one
        self.steady = False  # gated light is not gated in this control step, but at its mean
        self.gated_steps = 0  # since it was steady
        self.lease = True
        self.fresh = False  # `wanted` has not been driven yet
        self.planned = False  # control has set `wanted` since the gate last shut
        self.open = False  # light is permitted
        self.lit = False  # ... and not in a gate's dark part
        self.since_ms = 0
        self.lit_ms = 0  # since control last took it

    def modulate(self, period_ticks: int, on_ticks: int, look_ticks: int = 0) -> None:
        """Let light out for the first `on_ticks` of each period, beginning with this tick. Where
        its dark part is shorter than `look_ticks`, it is made so long now and then (within
        LOOK_EVERY_TICKS), at the end of a period."""
        self.period_ticks = period_ticks
        self.on_ticks = on_ticks
        self.phase = -1
        self.unseen_ticks = self.gated_steps = 0
        self.steady = False
        self.more_dark_ticks = look_ticks - (period_ticks - on_ticks)

    def take_look(self) -> bool:
        """Once a control step: whether gated light is to be steady in the next one, at its mean:
        the rail monitor's average then lies within. The dark part of a period follows."""
        self.steady = False
        if self.on_ticks < self.period_ticks:
            self.gated_steps += 1
            if self.gated_steps > LOOK_STEADY_STEPS and self.phase >= 0:
                self.gated_steps = 0
                self.phase = self.on_ticks - 1
                self.steady = True
        return self.steady

    def retune(self, carrier_hz: int) -> None:
        """Another PWM frequency, amid light: for two ticks every duty is 0, in which each slice
        has wrapped before its frequency changes."""
        if carrier_hz != self.carrier_hz:
            self.carrier_hz = carrier_hz
            self.retune_ticks = RETUNE_TICKS

    def look(self) -> None:
        """Light without a gate: dark for as long as a look takes; the PWM's frequency stays."""
        if self.on_ticks >= self.period_ticks:
            self.retune_ticks = LOOK_TICKS

    def set(self, bank: int, duty: int) -> None:
        """What control wants a bank's duty to be; never more than its cap."""
        cap = self.caps[bank]
        if duty > cap:
            duty = cap
        if duty < 0:
            duty = 0
        if duty != self.wanted[bank]:
            self.wanted[bank] = duty
            self.fresh = True

    def take_lit_ms(self, ms: int) -> int:
        """How long `out` was lit since this was last asked."""
        self._count(ms)
        lit_ms = self.lit_ms
        self.lit_ms = 0
        return lit_ms

    def pass_out(self, permitted: bool, ms: int) -> None:
        """End of a tick: drive and renew the lease, or be dark."""
        if not (permitted and self.planned):
            if self.open:
                self.shut(ms)
            self.planned = False  # a plan that was not permitted is not for later
            return
        lit = True
        if self.retune_ticks:
            lit = False
            self.retune_ticks -= 1
            if not self.retune_ticks:
                self.hal.carrier(self.carrier_hz)
        elif self.on_ticks < self.period_ticks and not self.steady:
            phase = self.phase + 1
            if phase >= self.period_ticks:
                phase = self._next_period()
            self.phase = phase
            lit = 0 <= phase < self.on_ticks
        if not self.open:
            self.hal.arm(True)
            self.open = True
        if lit != self.lit or self.fresh:
            self._drive(lit, ms)
        if self.lease:
            self.hal.renew_lease()

    def _next_period(self) -> int:
        """The phase with which it begins: below zero for ticks that are dark before."""
        period_ticks = self.period_ticks
        self.unseen_ticks += period_ticks
        if self.more_dark_ticks <= 0 or self.unseen_ticks + period_ticks <= LOOK_EVERY_TICKS:
            return 0
        self.unseen_ticks = 0
        return -self.more_dark_ticks

    def shut(self, ms: int) -> None:
        """Dark now; what was wanted is forgotten."""
        self.hal.off()
        self.hal.arm(False)
        self._count(ms)
        self.open = self.lit = self.planned = False
        self.lease = self.fresh = True
        for k in range(len(self.wanted)):
            self.wanted[k] = 0

    def _drive(self, lit: bool, ms: int) -> None:
        self._count(ms)
        hal = self.hal  # not hal.drive: taking a bound method allocates
        out = self.out
        if lit:
            wanted = self.wanted
            mask = self.mask
            for k in range(len(wanted)):
                duty = wanted[k] & mask
                out[k] = duty
                hal.drive(k, duty)
            self.fresh = False
        else:
            for k in range(len(out)):
                hal.drive(k, 0)
        self.lit = lit

    def _count(self, ms: int) -> None:
        if self.lit:
            self.lit_ms += (ms - self.since_ms) & CLOCK_MASK
        self.since_ms = ms
