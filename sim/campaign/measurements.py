"""Measurements of a run from outside: when there was light, how hot contact was, which states.

Called by `sim.campaign.injection`, `sim.campaign.common_cause` and tests; one `Measurements` a run,
at any depth. Reads the physics, the pins and the sensors' codes. The unit's claims
(`sim.oracle.claims`: its state, the names of its faults) are recorded beside them.
"""

from typing import TYPE_CHECKING, NamedTuple

from sim.oracle.claims import Claims
from sim.oracle.design import CONTROL_MS, POWERED
from sim.oracle.outside_heat import OutsideHeat
from sim.oracle.supply_current import SupplyCurrent
from sim.physics.plant import TRIP_C

if TYPE_CHECKING:
    from sim.run import Run

FOREVER_MS = float("inf")
RISE_C = 0.01


class Span(NamedTuple):
    """A stretch of light and its optical power."""

    from_ms: float
    until_ms: float
    watts: float


class Measurements:
    """Measures a run from now on; `advance` moves it by a control step.

    `bank` may name a bank that breaks at `breaks_ms`: then also from when the LED supply's current
    shows it, and until when it was driven. Where heat comes from `outside`, `own_c` is the highest
    temperature by which the unit is judged (`sim.oracle.outside_heat`); else it is None.
    """

    def __init__(
        self, run: "Run", bank: int = -1, breaks_ms: float = 0.0, outside: bool = False
    ) -> None:
        self.run = run
        self._outside = OutsideHeat(run) if outside else None
        self.own_c: float | None = None
        self._judged = 0  # stretches of light that were judged
        self.claims = Claims(run)
        self._supply = SupplyCurrent(run, self.claims)
        self.bank = bank
        self.breaks_ms = breaks_ms
        self.driven_ms: float | None = None  # until when, in therapy
        self.shown_ms: float | None = None  # since when the supply's current shows it
        self._shown_until_ms = 0.0  # before the supply switch opened
        self._darks = 0  # ends of light by then
        self.begun_ms = run.t_ms
        self.spans: list[Span] = []
        self.visited: list[tuple[int, str]] = []  # when each state was first seen, in order
        self.peak_c = self._risen_c = self.hottest_c()
        self.crossing_s: float | None = None  # when true contact crossed the trip
        self.peak_ms = self.begun_ms  # when the peak last rose by RISE_C
        self.alerted = False  # a hardware alert was due, even from a dead one
        self.cut_c = self.contact_c()  # true contact, of the hottest column, at the last light
        self.cem43_min = 0.0  # true, of the hottest column of skin, at the last light
        # At the last light: since when a pad was sensed too hot, its sensors were too far apart,
        # the battery was empty.
        self.hot_ms = self.apart_ms = (-1, -1)
        self.empty_ms = -1
        run.depth.on_light(self._add_light)
        self._measure()

    def contact_c(self) -> float:
        """Return true contact of the hottest column of either pad."""
        a, b = self.run.plant.pads
        return max(a.hottest_contact_c(), b.hottest_contact_c())

    def hottest_c(self) -> float:
        """Return the hottest skin or contact of any column of either pad."""
        a, b = self.run.plant.pads
        return max(a.hottest_c, b.hottest_c)

    def _add_light(self, from_ms: float, until_ms: float, watts: float) -> None:
        hardware = self.run.hardware
        self.spans.append(Span(from_ms, until_ms, watts))
        self.hot_ms = (hardware.hot_ms[0], hardware.hot_ms[1])
        self.apart_ms = (hardware.apart_ms[0], hardware.apart_ms[1])
        self.empty_ms = hardware.empty_ms
        self.cut_c = self.contact_c()
        self.cem43_min = max(pad.hottest_cem43_min() for pad in self.run.plant.pads)
        if self.bank >= 0 and until_ms > self.breaks_ms:
            self._measure_bank(max(from_ms, self.breaks_ms), until_ms)

    def _measure_bank(self, from_ms: float, until_ms: float) -> None:
        depth = self.run.depth
        hardware = self.run.hardware
        opened = self.bank in hardware.open_banks
        broken = opened or self.bank in hardware.stuck_banks  # not yet, where the step began before
        state = self.claims.read_state()
        supply = self._supply
        supply.follow(from_ms)
        if broken and supply.is_detectable(self.bank, opened, self.breaks_ms, from_ms):
            if self.shown_ms is None or self._is_lost():
                self.shown_ms = from_ms
                self._darks = len(depth.darks)
            if len(depth.darks) == self._darks:
                self._shown_until_ms = until_ms
        if state in POWERED and depth.duty[self.bank]:
            self.driven_ms = until_ms

    def _is_lost(self) -> bool:
        """Whether the supply switch opened before the unit read the current that shows the fault:
        the lamp test lets its lease run out, and the unit reads once a control step."""
        assert self.shown_ms is not None
        opened = len(self.run.depth.darks) != self._darks
        return opened and self._shown_until_ms - self.shown_ms < CONTROL_MS

    def _measure(self) -> None:
        a, b = self.run.plant.pads
        self.alerted = self.alerted or a.alert or b.alert
        hottest_c = self.hottest_c()
        if hottest_c > self.peak_c:
            if hottest_c > self._risen_c + RISE_C:
                self._risen_c = hottest_c
                self.peak_ms = self.run.t_ms
            self.peak_c = hottest_c
            if hottest_c >= TRIP_C and self.crossing_s is None:
                self.crossing_s = self.run.t_s
        if self._outside is not None:
            self._measure_own(self._outside)
        state = self.claims.read_state()
        if not self.visited or self.visited[-1][1] != state:
            self.visited.append((self.run.t_ms, state))

    def _measure_own(self, outside: OutsideHeat) -> None:
        outside.follow(self.run.t_ms)
        lit = len(self.spans) > self._judged
        self._judged = len(self.spans)
        own_c = max(outside.judged_c(pad, lit) for pad in (0, 1))
        self.own_c = own_c if self.own_c is None else max(self.own_c, own_c)

    @property
    def state(self) -> str:
        """The state that the unit last claimed."""
        return self.visited[-1][1]

    def advance(self) -> bool:
        """Run one control step; return False where the run is over."""
        more = self.run.advance(1)
        self._measure()
        return more

    def last_ms(self, before_ms: float = FOREVER_MS) -> float | None:
        """Return when the last light ended that began before a time."""
        return next((s.until_ms for s in reversed(self.spans) if s.from_ms < before_ms), None)

    def dark_ms(self) -> float:
        """Return for how long it has been dark since measuring began."""
        last_ms = self.last_ms()
        return self.run.t_ms - (self.begun_ms if last_ms is None else last_ms)

    def joules(self, from_ms: float, until_ms: float = FOREVER_MS) -> float:
        """Return the optical energy between two times, J."""
        lit = [(min(s.until_ms, until_ms) - max(s.from_ms, from_ms), s.watts) for s in self.spans]
        return sum(ms * watts for ms, watts in lit if ms > 0) / 1000

    def list_named(self, after_ms: float) -> tuple[str, ...]:
        """Return the names of the faults latched from a time on, in order."""
        return tuple(
            row["name"] for row in self.claims.list_faults() if row["t_s"] * 1000 >= after_ms
        )

    def find_named_ms(self, name: str, after_ms: float) -> float | None:
        """Return when the firmware first latched a fault by this name, from a time on."""
        found = [row["t_s"] * 1000 for row in self.claims.list_faults() if row["name"] == name]
        return min((ms for ms in found if ms >= after_ms), default=None)

    def list_visited(self, ms: float) -> set[str]:
        """Return the states entered after a time."""
        return {name for at_ms, name in self.visited if at_ms > ms}
