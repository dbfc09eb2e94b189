"""Journal events: builds the journal's records, one method a kind. All of it waits for the dark.

Called by `firmware.waistband` while dark. Reads what a session gave and what was latched; adds
records to the journal, and writes nothing else.

    boot      each time the unit is switched on or reset: cause, the lock, the unit's serial,
              format of the records, release, board, why a file was refused, what is gone or
              older than the journal says, and the receipt of the last session's end
    clock     a host set the clock, or it was found to be earlier than what was written last, or so
              much later that a person is to confirm it
    session   what is asked; before the first light, and wholly given until its end is there.
              Format 2 has its steps, as `Step.numbers`; the rest of a session that ended early,
              the step that it begins with, what is left of each pad's dose, and its light so far
    end       why it ended, what each bank gave, and what was withheld
    fault     a cause that was latched: name, pad, value and limit
    part      a part lost its set-up, which was set right: its name, and how often since power-on
    test      the lit self-test is over; as `end`
    command   a signed command was obeyed (`firmware.records.signed_command`)
    ack       nothing is latched any more, and what the unit is locked by even so

In a unit with a ticket `end`, `test` and `fault` seal what could tell the arm
(`firmware.trial.trial.SealedEvents`), and there are the kinds of `firmware.trial.visits`.
"""

from firmware.core import faults, states
from firmware.core.states import PRESCRIPTION
from firmware.records.journal import FORMAT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from firmware.records.journal import Journal
    from firmware.records.persistent_state import PersistentState
    from firmware.safety.gate import Gate
    from firmware.therapy.course import Course
    from firmware.therapy.session import Status
    from hal.contract import Hal

CAUSES = ("power on", "watchdog", "other")  # as `hal.contract` numbers them
RELEASE = "0.1.0"  # of the firmware
WHY_MAX = 80  # characters
BOOT = (
    "cause", "lock", "serial", "format", "release", "board", "why", "wrong", "receipt",
)  # fmt: skip
LOCKS = ("", "calibration", "prescription", "restarts", "board", "hard fault", "trial")
PARTS = ("contact A", "contact B", "board A", "board B", "rail", "gauge", "skin")
SESSION = (
    "session", "prescription", "number", "nm", "irradiance_uw_cm2", "fluence_uj_cm2", "max_ms",
    "set_point_mc", "carrier_hz", "period_ticks", "on_ticks", "day_treat_ms",
)  # fmt: skip
END = (
    "session", "reason", "session_ms", "treat_ms", "a_uj_cm2", "b_uj_cm2", "ramp_ms",
    "throttled_ms", "open_banks", "cem43_q10_ms", "highest_mc", "set_point_mc", "battery_pct",
)  # fmt: skip
FAULT = ("fault", "pad", "value", "limit", "ms")
CLOCK = ("before", "after", "how")
ACK = ("lock",)
PART = ("part", "lost")
COMMAND = ("do", "number", "value", "reason")


def clock(journal: "Journal", before_s: "int | None", after_s: int, how: str) -> None:
    """The wall clock is another one than it was."""
    journal.add("clock", CLOCK, (before_s, after_s, how))


def open_banks(course: "Course", live: "list[bool]") -> "list[int]":
    """Banks that the course asks for and the check found to give no light."""
    return [k for k in range(len(live)) if course.duties[k] and not live[k]]


class JournalEvents:
    """What has happened since the journal was last told."""

    def __init__(
        self, hal: "Hal", journal: "Journal", status: "Status", gate: "Gate", serial: str,
        board: str, kept: "PersistentState",
    ) -> None:  # fmt: skip
        self.hal = hal
        self.board = board
        self.kept = kept
        self.journal = journal
        self.status = status
        self.gate = gate
        self.serial = serial
        self.noted = [row[:] for row in status.latch.rows]  # what the journal knows of them, and
        self.noted_latched = 0  # that they were latched
        self.noted_lost = [0] * len(PARTS)
        self.ended = False  # a session, of which the journal has not been told

    def settle(self) -> None:
        """Whatever there is to tell; only in the dark, for it allocates."""
        self.boot()
        self._note_faults()
        lost = self.status.inputs.lost
        for k in range(len(PARTS)):
            if lost[k] != self.noted_lost[k]:
                self.noted_lost[k] = lost[k]
                self.journal.add("part", PART, (PARTS[k], lost[k]))
        latched = self.status.latch.latched
        if self.noted_latched and not latched:
            self.journal.add("ack", ACK, (LOCKS[self.status.session.lock],))
        self.noted_latched = latched
        if self.ended:
            self.ended = False
            self._end()

    def boot(self) -> None:
        """Once: the unit was switched on, or reset. Not before it is ready, for that takes time.
        Where the journal's end cannot be found, this is tried again, and no session begins."""
        journal = self.journal
        if journal.found or not journal.find():
            return
        wrong = self._distrust()
        self._owed()
        session = self.status.session
        if session.lock:
            session.post(states.LOCK)
        cause = self.hal.reset_cause()
        journal.add("boot", BOOT, (
            CAUSES[cause] if cause < len(CAUSES) else "", LOCKS[session.lock], self.serial, FORMAT,
            RELEASE, self.board, session.locked[:WHY_MAX], wrong, journal.receipt.decode(),
        ))  # fmt: skip
        now_s, then_s = self.hal.wall_clock(), journal.latest
        if now_s is not None and now_s < then_s:
            clock(journal, then_s, now_s, "went back")
        elif now_s is not None and journal.clock_s() is None:
            clock(journal, then_s, now_s, "not confirmed")

    def begin(self) -> bool:
        """A session is about to begin; False where that cannot be written."""
        self.settle()
        session = self.status.session
        course = session.course
        first = course.steps[0]
        values: tuple[object, ...] = (
            session.number + 1, course.name, course.number, course.nm, first.irradiance_uw_cm2,
            max(course.whole_uj_cm2), course.max_ms, course.set_point_mc, first.carrier_hz,
            first.period_ticks, first.on_ticks, session.day_treat_ms,
        )  # fmt: skip
        keys: tuple[str, ...] = SESSION
        if course.a_day:
            keys += ("steps",)
            values += ([step.numbers() for step in course.steps],)
        if session.part_ms:
            a, b = self.status.pads
            rest = (session.step, [a.whole_uj_cm2, b.whole_uj_cm2], session.part_ms)
            keys += ("from_step", "rest_uj_cm2", "part_ms")
            values += rest
        return self.journal.begin(keys, values, session.up_s)

    def _distrust(self) -> "list[str]":
        """What is gone or older than the journal says, in words: each is the worst case."""
        journal = self.journal
        wrong = self.kept.distrust()
        keys = journal.distrust_keys()
        if keys:
            wrong.append("keys.json: " + keys)
            self.status.session.lock_by(PRESCRIPTION, "keys.json is " + keys + ": install the key")
        if journal.is_cut():
            wrong.append("journal: cut")
        return wrong

    def _note_faults(self) -> None:
        """The faults that were latched, or have a better name, since this was last asked."""
        latch = self.status.latch
        for k in range(latch.count):
            row = latch.rows[k]
            if row != self.noted[k]:
                self.noted[k][:] = row
                self._fault(row)

    def _fault(self, row: "list[int]") -> None:
        """A cause that was latched: fault, pad, ms, value, limit."""
        values = (faults.FAULTS[row[0]][0], faults.PADS[row[1]], row[3], row[4], row[2])
        self.journal.add("fault", FAULT, values)

    def _owed(self) -> None:
        """Records from before the reset that were not written: none outside of a trial."""

    def _end(self) -> None:
        """A session is over, or the lit self-test."""
        status = self.status
        session = status.session
        a, b = status.pads
        reason = states.REASONS[session.reason] if session.reason >= 0 else ""
        values = (
            session.number, reason, session.session_ms, session.treat_ms,
            a.fluence.uj_cm2[:], b.fluence.uj_cm2[:], [a.ramp_ms, b.ramp_ms],
            [a.throttled_ms, b.throttled_ms], open_banks(session.course, self.gate.live),
            [a.cem43.session_q10_ms, b.cem43.session_q10_ms], [a.highest_mc, b.highest_mc],
            session.set_point_mc, status.battery.percent,
        )  # fmt: skip
        self.journal.end(END, values)
