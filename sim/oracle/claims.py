"""The unit's claims: what the firmware says of itself, read in this one place.

A claim is what a person could read off the screen, the telemetry or the journal: a state, a
dose, a reason, a fault. The oracle compares claims with the truth (`sim.physics.plant`,
`sim.hal_depth.sim_hal`); no claim says what ought to be true. Nothing else of the oracle imports
or reads the firmware.

| claim                  | where the unit tells it | what the oracle compares it with             |
|------------------------|-------------------------|----------------------------------------------|
| state                  | screen, telemetry       | current in the emitters: lit in a dark state?|
| time with power        | telemetry, state times  | only where a watch begins in mid-session     |
| session number         | journal                 | says to which session a counted dose belongs |
| counted dose           | screen, journal         | the light that the plant took                |
| reason of an end       | screen, journal         | buttons, skin, dose, heat and clock, as true |
| pause for "not worn"   | screen                  | whether the belt was off the skin            |
| faults latched         | screen, journal         | the faults that were put on                  |
"""

from firmware.core import states
from firmware.core.faults import FAULTS, PADS
from firmware.core.limits import CLOCK_MASK, RAMP_MS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sim.oracle.subject import Row, Speaker

STATES = states.STATES
TREAT = states.TREAT


class Claims:
    """Reads what the unit of one run says now. Changes nothing."""

    def __init__(self, run: "Speaker") -> None:
        self._run = run
        self._unit = run.unit
        self.begun = 0  # how often another boot cycle's unit was found to speak

    def read_state(self) -> str:
        """The state's name. Counts in `begun` a unit that was begun since the last call."""
        unit = self._run.unit
        if unit is not self._unit:
            self._unit = unit
            self.begun += 1
        return STATES[unit.session.state]

    def read_powered_ms(self) -> int:
        """For how long it says that it has given power since its last check, ms."""
        session = self._run.unit.session
        if session.state not in states.POWERED:
            return 0
        return session.state_ms + (RAMP_MS if session.state == TREAT else 0)

    def read_session_number(self) -> int:
        """Sessions that it says it began since it was reset."""
        return self._run.unit.session.number

    def read_reason(self) -> str | None:
        """Why it says that the last session ended; None before the first has."""
        reason = self._run.unit.session.reason
        return states.REASONS[reason] if reason >= 0 else None

    def is_paused_unworn(self) -> bool:
        """Whether it says that it paused for having come off the skin."""
        return self._run.unit.session.by_unworn

    def read_treat_s(self) -> float:
        """For how long it says that it treated in the latest session, s."""
        return self._run.unit.session.treat_ms / 1000

    def read_doses_j_cm2(self) -> list[float]:
        """The dose that it counted for each pad in the latest session, J/cm2."""
        return [pad.fluence.total_uj_cm2 / 1e6 for pad in self._run.unit.pads]

    def read_bank_doses_j_cm2(self) -> list[list[float]]:
        """The same for each bank of each pad."""
        return [[uj / 1e6 for uj in pad.fluence.uj_cm2] for pad in self._run.unit.pads]

    def count_faults(self) -> int:
        """Faults that it kept since it was reset."""
        return self._run.unit.faults.count

    def list_latched(self) -> list[tuple[int, str, str]]:
        """Faults latched now, as (number, name, pad)."""
        by_pad = self._run.unit.faults.by_pad
        if not (by_pad[0] or by_pad[1] or by_pad[2]):
            return []
        return [
            (k, row[0], PADS[pad])
            for pad in range(len(PADS))
            for k, row in enumerate(FAULTS)
            if by_pad[pad] >> k & 1
        ]

    def list_faults(self) -> "list[Row]":
        """Every fault that it latched, first first; after a reset it knows no older ones."""
        run = self._run
        kept = run.unit.faults
        begun_s, begin_ms = 0.0, run.scenario.start.clock
        for t_s, _ in run.restarts:  # the chip's clock begins anew with it
            begun_s, begin_ms = t_s, 0
        rows = []
        for fault, pad, ms, value, limit in kept.rows[: min(kept.count, len(kept.rows))]:
            name, unit = FAULTS[fault]
            celsius = unit == "mc"
            rows.append({
                "name": name,
                "pad": PADS[pad] or None,
                "t_s": begun_s + ((ms - begin_ms) & CLOCK_MASK) / 1000,
                "value": value / 1000 if celsius else value,
                "limit": limit / 1000 if celsius else limit,
                "unit": "C" if celsius else unit,
            })  # fmt: skip
        return rows
