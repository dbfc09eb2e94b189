"""Persistent state: what outlives a reset and a loss of power, a hard fault and the day's light.

Used by `firmware.waistband` at start and while dark; locks the session where a hard fault is
kept. Two small files, each one JSON object, written by the HAL whole or not at all. What cannot
be read, or is empty, is taken for the worst: a hard fault whose name is lost locks the unit, a day
whose sums are lost is full. Only a file that is not there, and of which the journal knows nothing
either, says that nothing was kept: each file has a `version`, one higher with each writing, and
the journal's records name it. A file that is gone or older than the journal says is the worst.

The day is the last 24 hours: the hour that goes on, and 24 before it. What was in the oldest goes
when an hour is over. Time spent off counts as soon as the clock is trusted.
"""

from array import array

from firmware.core import faults
from firmware.core.limits import (
    CEM43_DAY_Q10_MS,
    CEM43_SESSION_Q10_MS,
    DAY_MS,
    HOUR_MS,
    SESSION_DAY_MAX_MS,
    SESSIONS_MAX,
)
from firmware.core.states import HARD_FAULT, IN_SESSION, RESTARTS, TRIAL
from firmware.records import journal as of_journal
from firmware.records import json_codec
from firmware.therapy.battery import CELL_MOHM, CELL_MOHM_MAX
from firmware.therapy.dose import FULL_Q10_MS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from firmware.core.faults import Faults
    from firmware.records.journal import Journal
    from firmware.therapy.battery import Battery
    from firmware.therapy.course import Course
    from firmware.therapy.pad import Pad
    from firmware.therapy.session import Session
    from hal.contract import Hal

FAULT = "fault.json"
DAY = "day.json"
LIFTED = b'{"fault": null}'  # the fault file's content once a lit self-test was passed
HOURS = DAY_MS // HOUR_MS
HOUR_S = HOUR_MS // 1000
VERSION = "version"
FILES = (DAY, FAULT, "visit.json")  # in the order of the journal's `kept`
FAULT_KEYS = ("fault", "pad", "value", "limit")
# In the day's file, of the prescription: its mark and number, then these of the session, then of
# both pads what is left, where the step began (uJ/cm2, below zero) and CEM43.
COURSE = "course"
DOUBTED = "doubted"  # START alone begins nothing
OF_SESSION = ("done_in_all", "done", "step", "in_step_ms", "part_ms")
COURSE_NUMBERS = 13
DAY_MORE = ("hours", "cell_mohm", "clock_s", VERSION, COURSE, DOUBTED)
DAY_KEYS = ("treat_ms", "cem43_a_q10_ms", "cem43_b_q10_ms", "day_ms")
SUMS = 4  # of light, of CEM43 of pad A, of pad B, of whole sessions
DONE = 3
CEM43_MOST_Q10_MS = FULL_Q10_MS + CEM43_SESSION_Q10_MS + (1 << 20)
DAY_MOST = (DAY_MS, CEM43_MOST_Q10_MS, CEM43_MOST_Q10_MS, DAY_MS)
UNREADABLE = (faults.KEPT_UNREADABLE, faults.UNIT, 0, 0)
FULL_DAY = (SESSION_DAY_MAX_MS, CEM43_DAY_Q10_MS, CEM43_DAY_Q10_MS, 0)
NO_HOURS: "tuple[int, ...]" = (0,) * (SUMS * HOURS)


def read_fault(content: "bytes | None") -> "tuple[int, int, int, int] | None":
    """(fault, pad, value, limit) of the hard fault that was kept, or None."""
    if content is None:
        return None
    table = json_codec.parse(content)
    if table.get("fault", 0) is None:
        return None
    numbers = [table.get(key) for key in FAULT_KEYS[2:]]
    name = table.get("fault")
    pad = table.get("pad")
    for number in numbers:
        if not json_codec.whole(number, -DAY_MS, DAY_MS):
            return UNREADABLE
    value, limit = numbers
    for fault in range(len(faults.FAULTS)):
        if name == faults.FAULTS[fault][0] and pad in faults.PADS:
            assert isinstance(pad, str) and isinstance(value, int) and isinstance(limit, int)
            return fault, faults.PADS.index(pad), value, limit
    return UNREADABLE


def fault_record(row: "list[int] | tuple[int, ...]", version: int) -> bytes:
    """The file's content for a row of the latch: fault, pad, ms, value, limit."""
    return json_codec.text(
        FAULT_KEYS + (VERSION,),
        (faults.FAULTS[row[0]][0], faults.PADS[row[1]], row[3], row[4], version),
    )


def read_version(content: "bytes | None") -> int:
    """The version of a kept file; 0 where it has none."""
    version = json_codec.parse(content or b"").get(VERSION)
    if not json_codec.whole(version, 0, json_codec.MOST):
        return 0
    assert isinstance(version, int)
    return version


def read_day(
    content: "bytes | None",
) -> "tuple[tuple[int, int, int, int], tuple[int, ...] | list[int], int]":
    """((ms treated, CEM43 of pad A, of pad B, ms of the present hour), the same sums of each of
    the 24 hours before it, oldest first, the trusted time then or 0) of the day that was kept."""
    if content is None:
        return (0, 0, 0, 0), NO_HOURS, 0
    table = json_codec.parse(content)
    numbers = []
    for key, most in zip(DAY_KEYS, DAY_MOST):
        number = table.get(key)
        if not json_codec.whole(number, 0, most):
            return FULL_DAY, NO_HOURS, 0
        assert isinstance(number, int)
        numbers.append(number)
    treat_ms, a_q10_ms, b_q10_ms, hour_ms = numbers
    then_s = table.get("clock_s")
    if not isinstance(then_s, int) or not json_codec.whole(then_s, 0, json_codec.MOST):
        then_s = 0
    hours = table.get("hours", NO_HOURS)
    if not isinstance(hours, (list, tuple)) or len(hours) != len(NO_HOURS):
        return FULL_DAY, NO_HOURS, then_s
    for number in hours:
        if not json_codec.whole(number, 0, CEM43_MOST_Q10_MS):
            return FULL_DAY, NO_HOURS, then_s
    return (treat_ms, a_q10_ms, b_q10_ms, hour_ms % HOUR_MS), hours, then_s


class PersistentState:
    """What is kept of faults and of the day, and whether the day's file is behind."""

    def __init__(
        self, hal: "Hal", session: "Session", latch: "Faults", pads: "tuple[Pad, Pad]",
        journal: "Journal", battery: "Battery",
    ) -> None:  # fmt: skip
        self.hal = hal
        self.journal = journal
        self.session = session
        self.latch = latch
        self.pads = pads
        self.clock = journal.clock
        self.battery = battery
        self.hours = [array("i", NO_HOURS[:HOURS]) for _ in range(SUMS)]
        self.hour = 0  # the oldest of them
        # the trusted time of what was kept, until time spent off was counted; -1: it is unknown
        self.kept_s = 0
        self.day_open = False  # there was light, or is to be, since the day was last written

    def restore(self, ms: int) -> None:
        """At start: go on with the day, and lock the unit if a hard fault was kept."""
        contents = [self.hal.load(name) for name in FILES]
        self.journal.kept[:] = [read_version(content) for content in contents]
        session = self.session
        content = contents[of_journal.DAY]
        sums, hours, self.kept_s = read_day(content)
        self._set_day(sums)
        # one that cannot be read is written anew, or the day would be full at each start for good
        self.day_open = sums is FULL_DAY and self.session.lock != RESTARTS
        for k in range(SUMS):
            for hour in range(HOURS):
                self.hours[k][hour] = hours[k * HOURS + hour]
        self.clock.remember(self.kept_s)
        self.kept_s = self.kept_s or (-1 if content is not None else 0)
        course = getattr(session, "course", None)  # none where a file was refused
        if course:
            self._restore_course(course, content)
        if sum(self.hours[DONE]) > session.done:  # of another prescription
            self.hours[DONE] = array("i", NO_HOURS[:HOURS])
        self.count_time_off()
        table = json_codec.parse(content or b"")
        session.doubted = table.get(DOUBTED) is True
        mohm = table.get("cell_mohm")
        if json_codec.whole(mohm, CELL_MOHM, CELL_MOHM_MAX):
            assert isinstance(mohm, int)
            self.battery.cell_mohm = mohm
        found = read_fault(contents[of_journal.FAULT])
        if found:
            fault, pad, value, limit = found
            self.latch.recall(fault, pad, ms, value, limit)
            session.lock_for_service()

    def count_time_off(self) -> None:
        """Once a trusted clock says for how long the unit was off: that time has gone by."""
        if not self.kept_s:
            return
        now_s = self.clock.now_s()
        if now_s is None:
            return
        off_s = now_s - self.kept_s - self.clock.up_s if self.kept_s > 0 else 0
        self.kept_s = 0
        hours = min(max(off_s, 0) // HOUR_S, HOURS + 1)
        for _ in range(hours):
            self.pass_hour()
        if off_s > 0:
            self.session.day_ms += off_s % HOUR_S * 1000

    def pass_hour(self) -> None:
        """An hour is over: what was in the oldest of 24 counts no more."""
        session = self.session
        a, b = self.pads
        session.day_treat_ms = self._shift(0, session.day_treat_ms)
        a.cem43.day_q10_ms = self._shift(1, a.cem43.day_q10_ms)
        b.cem43.day_q10_ms = self._shift(2, b.cem43.day_q10_ms)
        session.done = self._shift(DONE, session.done)
        self.hour = (self.hour + 1) % HOURS
        if not session.day_treat_ms and session.state not in IN_SESSION:
            session.part_ms = 0  # what was left of another day's session is not given any more

    def _shift(self, k: int, total: int) -> int:
        """Put the present hour in the place of the oldest; return what is left of the total."""
        row = self.hours[k]
        oldest = row[self.hour]
        row[self.hour] = max(total - sum(row), 0)
        return max(total - oldest, 0)

    def _restore_course(self, course: "Course", content: "bytes | None") -> None:
        """What was given of this prescription; where that cannot be read, all of it."""
        session = self.session
        table = json_codec.parse(content or b"")
        found = table.get(COURSE)
        valid = isinstance(found, list) and len(found) == COURSE_NUMBERS
        for number in found if isinstance(found, list) else ():
            valid = valid and json_codec.whole(number, -json_codec.MOST, json_codec.MOST)
        if not (valid and isinstance(found, list)):
            if found is not None or not (table or content is None):  # no earlier release's
                self._use_up()
            return
        if found[:2] != [course.mark, course.number] or not 0 <= found[4] < len(course.steps):
            return
        for k in range(len(OF_SESSION)):
            setattr(session, OF_SESSION[k], found[2 + k])
        if not session.day_treat_ms:  # another day: what was left of one is not given any more
            session.done = session.part_ms = 0
        k = 2 + len(OF_SESSION)
        for pad in self.pads:
            pad.whole_uj_cm2, pad.from_uj_cm2, pad.cem43.session_q10_ms = found[k : k + 3]
            k += 3

    def _use_up(self) -> None:
        """All sessions of the prescription were given."""
        session = self.session
        session.done_in_all = session.done = SESSIONS_MAX
        session.part_ms = 0

    def _course_numbers(self, whole: bool) -> "list[int] | None":
        """What is kept of the prescription; `whole`: the session that begins counts as whole. None
        where a file was refused: such a unit gave no light."""
        session = self.session
        course = getattr(session, "course", None)
        if course is None:
            return None
        numbers = [course.mark, course.number] + [getattr(session, name) for name in OF_SESSION]
        for pad in self.pads:
            numbers += [pad.whole_uj_cm2, pad.from_uj_cm2, pad.cem43.session_q10_ms]
        if whole:
            numbers[2] += 1
            numbers[3] += 1
            numbers[6] = 0
        return numbers

    def _set_day(self, sums: "tuple[int, int, int, int]") -> None:
        a, b = self.pads
        session = self.session
        session.day_treat_ms, a.cem43.day_q10_ms, b.cem43.day_q10_ms, session.day_ms = sums

    def _store(self, which: int, content: bytes) -> bool:
        """Write a file that has the next version. False where that failed."""
        if not self.hal.store(FILES[which], content):
            return False
        self.journal.kept[which] += 1
        return True

    def distrust(self) -> "list[str]":
        """Once the journal's end was found: what is wrong with these files, in words. One that is
        gone or older than the journal says is the worst case, and is written so; only while
        dark."""
        journal = self.journal
        wrong = {}
        for k in range(len(FILES)):
            if journal.kept[k] < journal.seen[k]:
                journal.kept[k] = journal.seen[k]  # versions go on from there
                wrong[FILES[k]] = "gone" if self.hal.load(FILES[k]) is None else "older"
        if DAY in wrong or journal.is_cut():
            self._set_day(FULL_DAY)
            self._use_up()
            self.store_day(False)
        if FAULT in wrong:
            self.latch.hard = True
            self.latch.hard_row[:] = (faults.KEPT_UNREADABLE, faults.UNIT, 0, 0, 0)
            self.keep_fault()
            self.session.lock_for_service()  # even where it cannot be written yet
        if FILES[of_journal.VISIT] in wrong:
            self.session.lock_by(TRIAL, "visit.json is lost: which visit was the last is not known")
        return [name + ": " + wrong[name] for name in wrong]

    def keep_fault(self) -> bool:
        """Write the hard fault that is still to be kept, if any, and lock the unit; only while
        dark. False where that failed."""
        latch = self.latch
        if latch.hard and self._store(
            of_journal.FAULT,
            fault_record(latch.hard_row, self.journal.kept[of_journal.FAULT] + 1),
        ):
            latch.hard = False
            self.session.lock_for_service()
        return not latch.hard

    def lift_fault(self) -> None:
        """The lit self-test was passed: where a hard fault locks the unit, none is kept any more,
        and the unit is unlocked, if that can be written, and none came since that could not; only
        while dark."""
        session = self.session
        version = self.journal.kept[of_journal.FAULT] + 1
        if (
            session.lock == HARD_FAULT
            and not self.latch.hard
            and self._store(of_journal.FAULT, json_codec.text(("fault", VERSION), (None, version)))
        ):
            session.unlock()

    def store_day(self, whole: bool) -> bool:
        """Write the day's sums; only while dark. `whole`: a session begins, and counts as wholly
        given until the sums are written again. False where that failed."""
        session = self.session
        a, b = self.pads
        more_ms = session.course.max_ms if whole else 0
        more_q10_ms = CEM43_SESSION_Q10_MS if whole else 0
        sums = (
            session.day_treat_ms + more_ms,
            a.cem43.day_q10_ms + more_q10_ms,
            b.cem43.day_q10_ms + more_q10_ms,
            session.day_ms,
        )
        hours = []
        for row in self.hours:
            for hour in range(HOURS):
                hours.append(row[(self.hour + hour) % HOURS])
        version = self.journal.kept[of_journal.DAY] + 1
        values = sums + (
            hours, self.battery.cell_mohm, self._stamp(), version, self._course_numbers(whole),
            session.doubted and not whole,
        )  # fmt: skip
        if not self._store(of_journal.DAY, json_codec.text(DAY_KEYS + DAY_MORE, values)):
            return False
        self.day_open = whole
        return True

    def _stamp(self) -> "int | None":
        """The trusted time of what is kept; None, null in the file, where there is none. While it
        is unknown for how long the unit was off, what was kept before stays the beginning."""
        return self.kept_s + self.clock.up_s if self.kept_s > 0 else self.clock.now_s()

    def tidy(self) -> None:
        """Once a second while dark: what could not be written yet."""
        self.count_time_off()
        self.keep_fault()
        if self.day_open:
            self.store_day(False)
