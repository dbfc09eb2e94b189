"""The unit's claims: what the firmware says of itself, read in this one place.

Called by the oracle's parts, the report, campaigns and the bench page; changes nothing. A claim is
what a person could read off the screen, the telemetry or the journal. The oracle compares claims
with the truth (`sim.physics.plant`, `sim.hal_depth.sim_hal`). No other file of the oracle that
judges reads the firmware; `fault_log` and `sessions` write down for reports when a claim changed.

| claim                  | where the unit shows it | what the oracle compares it with             |
|------------------------|-------------------------|----------------------------------------------|
| state                  | screen, telemetry       | current in the emitters: lit in a dark state?|
| time with power        | telemetry, state times  | only where measuring begins in mid-session   |
| step                   | light in time           | tells where its current can be judged        |
| session number         | journal                 | names the session of a counted dose          |
| counted dose           | screen, journal         | the light that the plant took                |
| reason of an end       | screen, journal         | true buttons, skin, dose, heat and clock     |
| pause for "not worn"   | screen                  | whether the belt was off the skin            |
| faults latched         | screen, journal         | the faults that were injected                |
| day's time and CEM43   | refusals, after a reset | light and heat of the day                    |
| dose that is kept      | journal, after a reset  | the light of the session that the reset cut  |
"""

import json

from firmware.core import states
from firmware.core.faults import FAULTS, PADS
from firmware.core.limits import CLOCK_MASK, RAMP_MS
from firmware.records.journal import SEGMENTS, name
from firmware.records.persistent_state import DAY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from firmware.waistband import Waistband
    from sim.oracle.subject import Subject

STATES = states.STATES
TREAT = states.TREAT


class Claims:
    """What the unit of one run says now.

    Reads the unit through `Depth`, a class, and not through a protocol: compiled, that is fast.
    """

    def __init__(self, run: "Subject") -> None:
        self._depth = run.depth
        self._clock_ms = run.scenario.start.clock  # the unit's, at power-on
        self._unit = run.depth.unit
        self._unit_before = run.depth.unit  # of the boot cycle before
        self.boots = 0  # boot cycles found to have begun

    def read_state(self) -> str:
        """Return the state's name. Count a boot cycle that began since the last call."""
        unit = self._depth.unit
        if unit is not self._unit:
            self._unit_before, self._unit = self._unit, unit
            self.boots += 1
        return STATES[unit.session.state]

    def read_powered_ms(self) -> int:
        """Return for how long it has given power since its last lamp test, ms."""
        session = self._depth.unit.session
        if session.state not in states.POWERED:
            return 0
        return session.state_ms + (RAMP_MS if session.state == TREAT else 0)

    def read_step(self) -> int:
        """Return which step of the prescription it gives, or would give next."""
        return self._depth.unit.session.step

    def read_session_number(self) -> int:
        """Return the number of sessions that began since the reset."""
        return self._depth.unit.session.number

    def read_reason(self) -> str | None:
        """Return why the last session ended; None before the first end."""
        reason = self._depth.unit.session.reason
        return states.REASONS[reason] if reason >= 0 else None

    def is_paused_unworn(self) -> bool:
        """Whether the session paused because the belt came off the skin."""
        return self._depth.unit.session.by_unworn

    def read_doses_j_cm2(self) -> list[float]:
        """Return the dose counted for each pad in the latest session, J/cm2."""
        return [pad.fluence.total_uj_cm2 / 1e6 for pad in self._depth.unit.pads]

    def read_bank_doses_j_cm2(self) -> list[list[float]]:
        """Return the dose counted for each bank of each pad, J/cm2."""
        return [[uj / 1e6 for uj in pad.fluence.uj_cm2] for pad in self._depth.unit.pads]

    def read_doses_before_reset_j_cm2(self) -> list[float]:
        """Return the dose counted for each pad when the last boot cycle ended, J/cm2."""
        return [pad.fluence.total_uj_cm2 / 1e6 for pad in self._unit_before.pads]

    def read_day_s(self) -> float:
        """Return for how long there was light this day, s."""
        return self._depth.unit.session.day_treat_ms / 1000

    def read_day_cem43_min(self) -> list[float]:
        """Return the CEM43 of each pad this day, minutes."""
        return [pad.cem43.day_q10_ms / 1024 / 60_000 for pad in self._depth.unit.pads]

    def read_kept_doses_j_cm2(self, files: "dict[str, bytes]") -> list[float] | None:
        """Return the dose of each pad in the journal's last session, J/cm2: wholly given until its
        end is written. None where the end is sealed; zeros where there is no session."""
        rows: list[dict[str, Any]] = []
        for segment in range(SEGMENTS):
            for line in files.get(name(segment), b"").split(b"\n"):
                try:
                    row = json.loads(line)
                except ValueError:  # torn
                    continue
                if isinstance(row, dict) and row.get("kind") in ("session", "end"):
                    rows.append(row)
        rows.sort(key=lambda row: row["n"])
        last: dict[str, Any] = rows[-1] if rows else {"kind": "end", "a_uj_cm2": [], "b_uj_cm2": []}
        if last["kind"] == "session":
            return [last["fluence_uj_cm2"] / 1e6] * 2
        if "a_uj_cm2" not in last:
            return None
        return [sum(last["a_uj_cm2"]) / 1e6, sum(last["b_uj_cm2"]) / 1e6]

    def read_day_age_s(self, files: "dict[str, bytes]", now_s: int | None) -> float | None:
        """Return how long ago the day was kept, s by the wall clock; None where that is unknown."""
        table = json.loads(files.get(DAY, b"{}") or b"{}")
        then_s = table.get("clock_s")
        return None if now_s is None or then_s is None else float(now_s - then_s)

    def count_faults(self) -> int:
        """Return the number of faults latched since the reset."""
        return self._depth.unit.faults.count

    def list_latched(self) -> list[tuple[int, str, str]]:
        """Return the faults latched now, as (number, name, pad)."""
        by_pad = self._depth.unit.faults.by_pad
        if not (by_pad[0] or by_pad[1] or by_pad[2]):
            return []
        return [
            (k, row[0], PADS[pad])
            for pad in range(len(PADS))
            for k, row in enumerate(FAULTS)
            if by_pad[pad] >> k & 1
        ]

    def list_faults(self) -> "list[dict[str, Any]]":
        """Return every fault latched since the last reset, in the order of latching."""
        kept = self._depth.unit.faults
        begun_s, begin_ms = 0.0, self._clock_ms
        for t_s, _ in self._depth.restarts:  # a reset restarts the chip's clock
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


class SessionClaims:
    """What the unit says of its latest session, read once."""

    def __init__(self, unit: "Waistband") -> None:
        session = unit.session
        self.state = STATES[session.state]
        self.reason = states.REASONS[session.reason] if session.reason >= 0 else None
        self.treat_s = session.treat_ms / 1000
        self.fluence_j_cm2 = [[uj / 1e6 for uj in pad.fluence.uj_cm2] for pad in unit.pads]
        is_over = self.reason is not None
        self.receipt = unit.journal.receipt.decode() if is_over else ""  # "": none is shown
