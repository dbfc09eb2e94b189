"""Measurements of a run, from outside: when there was light, how hot contact was, which states.

Called by `sim.campaign.injection`, `sim.campaign.common_cause` and tests; one `Watch` a run, at
any depth. Measures the physics, the pins and the sensors' codes. The unit's claims
(`sim.oracle.claims`: its state, the names of its faults) are written down beside them, to be
compared.
"""

from typing import TYPE_CHECKING, NamedTuple

from sim.oracle.claims import Claims
from sim.oracle.current_oracle import Asked
from sim.oracle.design import CONTROL_MS, POWERED
from sim.physics.plant import TRIP_C

if TYPE_CHECKING:
    from sim.run import Run

FOREVER_MS = float("inf")
RISE_C = 0.01


class Span(NamedTuple):
    """Some light: from when to when, and how many optical watts."""

    from_ms: float
    until_ms: float
    watts: float


class Watch:
    """Looks at a run from now on; `step` moves it by a control step. `bank` may name one that
    breaks at `breaks_ms`: then it is seen from when the LED supply's current can tell, and
    until when it was driven."""

    def __init__(self, run: "Run", bank: int = -1, breaks_ms: float = 0.0) -> None:
        self.run = run
        self.claims = Claims(run)
        self._asked = Asked(run, self.claims)
        self.bank = bank
        self.breaks_ms = breaks_ms
        self.driven_ms: float | None = None  # until when, in therapy
        self.tells_ms: float | None = None  # since when the supply's current can tell
        self._told_ms = 0.0  # ... until when, before the supply switch opened
        self._darks = 0  # ends of light by then
        self.begun_ms = run.t_ms
        self.spans: list[Span] = []
        self.visited: list[tuple[int, str]] = []  # when each state was first seen, in order
        self.peak_c = self._risen_c = self.contact_c()
        self.crossing_s: float | None = None  # when true contact crossed the trip
        self.peak_ms = self.begun_ms  # when it was last seen to rise by RISE_C
        self.alerted = False  # a hardware alert, which may be dead, was given
        self.cut_c = self.peak_c  # true contact, of the warmer pad, at the last light
        # As they stood at the last light: since when a pad was sensed too hot, its sensors were
        # too far apart, the battery was empty.
        self.hot_ms = self.apart_ms = (-1, -1)
        self.empty_ms = -1
        run.depth.on_light(self._light)
        self._look()

    def contact_c(self) -> float:
        """True contact of the warmer pad."""
        a, b = self.run.plant.pads
        return max(a.tissue.contact_c, b.tissue.contact_c)

    def _light(self, from_ms: float, until_ms: float, watts: float) -> None:
        hardware = self.run.hardware
        self.spans.append(Span(from_ms, until_ms, watts))
        self.hot_ms = (hardware.hot_ms[0], hardware.hot_ms[1])
        self.apart_ms = (hardware.apart_ms[0], hardware.apart_ms[1])
        self.empty_ms = hardware.empty_ms
        self.cut_c = self.contact_c()
        if self.bank >= 0 and until_ms > self.breaks_ms:
            self._look_at_bank(max(from_ms, self.breaks_ms), until_ms)

    def _look_at_bank(self, from_ms: float, until_ms: float) -> None:
        depth = self.run.depth
        hardware = self.run.hardware
        opened = self.bank in hardware.open_banks
        broken = opened or self.bank in hardware.stuck_banks  # not yet, where the step began before
        state = self.claims.read_state()
        asked = self._asked
        asked.follow_state(state, depth.t_ms)
        if broken and asked.is_told(self.bank, opened, self.breaks_ms):
            if self.tells_ms is None or self._is_lost():
                self.tells_ms = from_ms
                self._darks = len(depth.darks)
            if len(depth.darks) == self._darks:
                self._told_ms = until_ms
        if state in POWERED and depth.duty[self.bank]:
            self.driven_ms = until_ms

    def _is_lost(self) -> bool:
        """Whether the supply switch opened before the unit had looked at what was told: the
        lamp check lets its lease run out, and the unit looks once a control step."""
        assert self.tells_ms is not None
        opened = len(self.run.depth.darks) != self._darks
        return opened and self._told_ms - self.tells_ms < CONTROL_MS

    def _look(self) -> None:
        a, b = self.run.plant.pads
        self.alerted = self.alerted or a.alert or b.alert
        contact_c = self.contact_c()
        if contact_c > self.peak_c:
            if contact_c > self._risen_c + RISE_C:
                self._risen_c = contact_c
                self.peak_ms = self.run.t_ms
            self.peak_c = contact_c
            if contact_c >= TRIP_C and self.crossing_s is None:
                self.crossing_s = self.run.t_s
        state = self.claims.read_state()
        self._asked.follow_state(state, self.run.t_ms)
        if not self.visited or self.visited[-1][1] != state:
            self.visited.append((self.run.t_ms, state))

    @property
    def state(self) -> str:
        """The one that the unit claimed at the last look."""
        return self.visited[-1][1]

    def step(self) -> bool:
        """Go on by a control step; False where the run is over."""
        more = self.run.advance(1)
        self._look()
        return more

    def first_ms(self, after_ms: float) -> float | None:
        """When light was first seen, from a time on."""
        return next((max(s.from_ms, after_ms) for s in self.spans if s.until_ms > after_ms), None)

    def last_ms(self, before_ms: float = FOREVER_MS) -> float | None:
        """When the last light ended that began before a time."""
        return next((s.until_ms for s in reversed(self.spans) if s.from_ms < before_ms), None)

    def dark_ms(self) -> float:
        """For how long it has been dark, as far as it was watched."""
        last_ms = self.last_ms()
        return self.run.t_ms - (self.begun_ms if last_ms is None else last_ms)

    def joules(self, from_ms: float, until_ms: float = FOREVER_MS) -> float:
        """Optical energy between two times."""
        lit = [(min(s.until_ms, until_ms) - max(s.from_ms, from_ms), s.watts) for s in self.spans]
        return sum(ms * watts for ms, watts in lit if ms > 0) / 1000

    def named(self, after_ms: float) -> tuple[str, ...]:
        """The faults that the firmware latched from a time on, first first."""
        return tuple(
            row["name"] for row in self.claims.list_faults() if row["t_s"] * 1000 >= after_ms
        )

    def named_ms(self, name: str, after_ms: float) -> float | None:
        """When the firmware first latched a fault by this name, from a time on."""
        found = [row["t_s"] * 1000 for row in self.claims.list_faults() if row["name"] == name]
        return min((ms for ms in found if ms >= after_ms), default=None)

    def entered_ms(self, state: str, after_ms: float) -> float | None:
        """When a state was first entered, from a time on."""
        return next((ms for ms, name in self.visited if name == state and ms >= after_ms), None)

    def visited_since(self, ms: float) -> set[str]:
        """States entered from a time on."""
        return {name for at_ms, name in self.visited if at_ms > ms}
