"""Sessions of a run: what each one gave, as the unit counts it and as the physics has it.

Owned by `sim.run.Run`, which calls `follow` after each control step, and read by
`sim.oracle.report`. Reads the run, changes nothing.

A session begins with START and ends in a state outside a session, or with a reset. What is true of
it is counted from its begin to the next one's begin, of the first one from power-on: no light and
no heat of a run is without a session.
"""

from sim.oracle.claims import SessionClaims

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from firmware.waistband import Waistband
    from sim.oracle.subject import Subject

PADS = ("A", "B")
SETTLED_MS = 5_000  # after the end of a session its record is written, and its last dose counted
RESET = "reset"  # the reason of a session that a reset ended


class Truth:
    """Sums of the plant at one time, by pad: fluence of each bank (J/cm2), CEM43 (minutes)."""

    def __init__(self, run: "Subject") -> None:
        pads = run.plant.pads
        self.fluence_j_cm2 = [pad.fluence_j_cm2() for pad in pads]
        self.cem43_min = [pad.cem43_min for pad in pads]


class Session:
    """One session; `end_ms` is None while it goes on, `after` while no other has begun."""

    def __init__(self, before: "Truth | None", begin_ms: int, contact_c: list[float]) -> None:
        self.before = before  # None: of a plant at power-on
        self.after: Truth | None = None
        self.begin_ms = begin_ms
        self.end_ms: int | None = None
        self.max_contact_c = contact_c
        self.claims: SessionClaims | None = None  # once they are settled


class SessionLog:
    """The sessions so far, in order."""

    def __init__(self, run: "Subject") -> None:
        self.run = run
        self.sessions: list[Session] = []
        self._unit: Waistband = run.depth.unit
        self._number = 0  # of the latest session since the reset

    def follow(self) -> None:
        """A control step went by."""
        unit = self.run.depth.unit
        session = unit.session
        if unit is not self._unit:
            self._end_boot()
            self._unit = unit
            self._number = 0
        if session.number != self._number:
            self._begin_session()
            self._number = session.number
        if self.sessions:
            self._follow_last(session.reason >= 0)

    def _begin_session(self) -> None:
        """Another session begins; what is true of the one before is complete."""
        before = None
        pads = self.run.plant.pads
        contact_c = [pad.max_contact_c for pad in pads]
        if self.sessions:
            before = Truth(self.run)
            contact_c = [pad.tissue.contact_c for pad in pads]
            last = self.sessions[-1]
            last.after = before
            if last.claims is None:  # the pads' counters begin anew with the first light
                last.claims = SessionClaims(self._unit)
        self.sessions.append(Session(before, self.run.t_ms, contact_c))

    def _end_boot(self) -> None:
        """A reset ended the firmware that ran."""
        if not self.sessions:
            return
        last = self.sessions[-1]
        if last.claims is None and self.run.depth.outlives_reset:
            last.claims = SessionClaims(self._unit)
        if last.end_ms is None:
            last.end_ms = self.run.t_ms
            if last.claims is not None:
                last.claims.reason = RESET

    def _follow_last(self, is_over: bool) -> None:
        last = self.sessions[-1]
        hottest_c = last.max_contact_c
        for k, pad in enumerate(self.run.plant.pads):
            hottest_c[k] = max(hottest_c[k], pad.tissue.contact_c)
        t_ms = self.run.t_ms
        if last.end_ms is None:
            if is_over and self._number:
                last.end_ms = t_ms
            if not self.run.depth.outlives_reset:
                last.claims = SessionClaims(self._unit)
        elif t_ms <= last.end_ms + SETTLED_MS and self._number:
            last.claims = SessionClaims(self._unit)

    # -- what came of them -----------------------------------------------------------------

    def last_end_ms(self) -> int | None:
        """When the latest session ended; None while it goes on, or where there was none."""
        return self.sessions[-1].end_ms if self.sessions else None

    def list_rows(self) -> "list[dict[str, Any]]":
        """A row for each session, as the result of a run has it."""
        return [self._row(session) for session in self.sessions]

    def _row(self, session: Session) -> "dict[str, Any]":
        claims = session.claims or SessionClaims(self._unit)
        end_ms = self.run.t_ms if session.end_ms is None else session.end_ms
        after = session.after or Truth(self.run)
        nm = [str(row[0]) for row in self.run.board.BANKS]
        fluence = after.fluence_j_cm2
        cem43_min = after.cem43_min
        if session.before:
            earlier = session.before
            fluence = [subtract(a, b) for a, b in zip(fluence, earlier.fluence_j_cm2)]
            cem43_min = subtract(cem43_min, earlier.cem43_min)
        return {
            "state": claims.state,
            "reason": claims.reason,
            "begin_s": session.begin_ms / 1000,
            "session_s": (end_ms - session.begin_ms) / 1000,
            "treat_s": claims.treat_s,
            "fluence_j_cm2": by_pad([dict(zip(nm, row)) for row in claims.fluence_j_cm2]),
            "true_fluence_j_cm2": by_pad([dict(zip(nm, row)) for row in fluence]),
            "max_contact_c": by_pad(session.max_contact_c),
            "cem43_min": by_pad(cem43_min),
            "receipt": claims.receipt,
        }


def by_pad(values: "list[Any]") -> "dict[str, Any]":
    """A value of each pad under the pad's name."""
    return dict(zip(PADS, values))


def subtract(values: list[float], earlier: list[float]) -> list[float]:
    """The differences, one by one."""
    return [value - before for value, before in zip(values, earlier)]


def sum_fluence(rows: "list[dict[str, Any]]", key: str) -> "dict[str, dict[str, float]]":
    """Sum over sessions of a fluence, by pad and bank; at least one session."""
    sums = {pad: dict(banks) for pad, banks in rows[0][key].items()}
    for row in rows[1:]:
        for pad, banks in row[key].items():
            for nm, j_cm2 in banks.items():
                sums[pad][nm] += j_cm2
    return sums
