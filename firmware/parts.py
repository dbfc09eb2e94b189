"""Parts of a unit: made once, at start, each given all that it may read and change.

Called by `firmware.waistband`, whose tick runs them. Reads the unit's files; a file that is
refused locks the session.
"""

from firmware.core.conversions import ntc_table
from firmware.core.faults import Faults
from firmware.core.inputs import Inputs
from firmware.core.limits import BLIND_WAIT_MS, DUTY_MAX, SKIN_CODE_MAX
from firmware.core.states import CALIBRATION, PRESCRIPTION, TRIAL
from firmware.core.validate import Refused
from firmware.records.journal import Journal
from firmware.records.journal_events import JournalEvents
from firmware.records.keys import FILE as KEYS
from firmware.records.keys import Keys
from firmware.records.persistent_state import PersistentState
from firmware.safety.current_monitor import CurrentMonitor
from firmware.safety.gate import Gate
from firmware.safety.guard_rows import GuardRows
from firmware.safety.lamp_test import LampTest
from firmware.safety.set_ups import SetUps
from firmware.safety.wear import WearDetector
from firmware.therapy.battery import Battery
from firmware.therapy.pad import Pad
from firmware.therapy.session import Session, Status
from firmware.ui.button_actions import ButtonActions
from firmware.ui.buttons import Buttons
from firmware.ui.screen import Screen
from firmware.ui.telemetry import Telemetry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from firmware.therapy.course import Course
    from firmware.trial.trial import Trial
    from hal.contract import Board, Hal

TRIAL_FILES = ("trial.json", "visit.json")  # with either, a unit is blinded


class Parts:
    """What a unit is made of."""

    def __init__(
        self, hal: "Hal", board: "Board", calibration: object, prescription: object, lock: int
    ) -> None:
        """Wire the parts. `prescription` is what its file holds, as bytes, or what that says,
        if nothing is to be signed. A calibration or prescription that is refused locks the
        session, which says why; it has a `course` only where it is NOT_LOCKED. Whoever starts
        the unit may lock it too (RESTARTS, BOARD); a hard fault that was kept does (HARD_FAULT)."""
        self.hal = hal
        self.inputs = inputs = Inputs()
        self.session = session = Session(hal, lock)
        self.keys = Keys(hal.load(KEYS))
        self.journal = Journal(hal, self.keys)
        self.board = board
        self.clock = self.journal.clock
        self.taken = ""  # of the seal of the prescription that was accepted
        self.measured = ""  # date of the calibration that was accepted
        self.trial = trial = self._enrolled()
        self.visit = trial.set_visit if trial else None  # for signed commands
        self.skin_codes = [[0, SKIN_CODE_MAX], [0, SKIN_CODE_MAX]]
        serial, full_uw_cm2, offsets_mc, reference_mw = self._accept(
            board, calibration, prescription
        )
        self.guard_rows = GuardRows(inputs, board, offsets_mc)
        self.guard = self.guard_rows.guard
        self.faults = latch = Faults()
        self.gate = Gate(hal, 2 * len(board.BANKS), trial.mask if trial else DUTY_MAX)
        self.check = LampTest(board, reference_mw)
        self.rail = CurrentMonitor(board, self.gate, self.check.full_mw, len(reference_mw) > 0)
        self.set_ups = SetUps(inputs)
        self.battery = Battery(board)
        table = ntc_table(board)
        self.pads = pads = (
            Pad(0, board, table, offsets_mc[0], full_uw_cm2[0]),
            Pad(1, board, table, offsets_mc[1], full_uw_cm2[1]),
        )
        self.wear = WearDetector(inputs, pads, self.skin_codes)
        if not session.lock:
            session.set_point_mc = session.course.set_point_mc
            self.battery.expect(session.course.power_mw(board), session.course.longest_ms())
        self.kept = PersistentState(hal, session, latch, pads, self.journal, self.battery)
        self.kept.restore(inputs.ms)
        self.clock.now_s()
        status = Status(inputs, session, latch, pads, self.battery, self.clock)
        self._wire_panel(status, serial, board.NAME)

    def _wire_panel(self, status: Status, serial: str, board: str) -> None:
        """What a person presses, sees and reads afterwards: buttons, screen, telemetry, journal."""
        hal, trial, journal = self.hal, self.trial, self.journal
        face = None
        if trial:
            from firmware.trial.blinded_ui import Face  # noqa: PLC0415
            from firmware.trial.trial import SealedEvents  # noqa: PLC0415

            face = Face(status, trial)
            self.events: JournalEvents = SealedEvents(
                trial, hal, journal, status, self.gate, serial, board, self.kept
            )
        else:
            self.events = JournalEvents(hal, journal, status, self.gate, serial, board, self.kept)
        self.buttons = Buttons()
        self.actions = ButtonActions(
            self.session, status, self.buttons, self.wear, self.guard, journal, self.kept
        )
        if trial:
            self.session.tells = False
            self.actions.wait_ms = BLIND_WAIT_MS
            for pad in self.pads:
                pad.checks.dark = not trial.mask
        self.screen = Screen(hal, status, journal, face)
        self.telemetry = Telemetry(hal, status, face, journal)

    def _enrolled(self) -> "Trial | None":
        """In a trial there is more to a unit; else none of it is ever in memory."""
        for name in TRIAL_FILES:
            if self.hal.load(name) is not None:
                from firmware.trial.trial import Trial  # noqa: PLC0415

                return Trial(self.hal, self.session, self.journal)
        return None

    def _accept(
        self, board: "Board", calibration: object, prescription: object
    ) -> "tuple[str, list[list[int]], tuple[int, int], tuple[list[int], ...]]":
        """The unit's serial, as calibrated; full-duty irradiance and thermistor offsets of each
        pad, and what its drivers draw. Zeros, and nothing, where they are refused."""
        # `main.py` lets go of these once all is wired: the heap has their room again
        from firmware.records import signed_prescription  # noqa: PLC0415
        from firmware.therapy.calibration import (  # noqa: PLC0415
            read_calibration,
            read_reference,
            read_serial,
            read_skin_codes,
        )

        kinds = len(board.BANKS)
        rows = ([[0] * kinds, [0] * kinds], (0, 0))
        reference_mw: tuple[list[int], ...] = ()
        serial = ""
        session = self.session
        wrong = CALIBRATION
        try:
            rows = read_calibration(calibration, board)
            self.serial = serial = read_serial(calibration)
            self.full_uw_cm2 = rows[0]
            reference_mw = read_reference(calibration, board)
            self.measured = signed_prescription.verify_calibration(calibration, board, self.keys)
            self.skin_codes = read_skin_codes(calibration)
            if self.trial:
                wrong = TRIAL
                self.trial.open(self.keys, serial)
            wrong = PRESCRIPTION
            session.course = self.read_course(prescription)
            self.taken = signed_prescription.read_seal(prescription)
        except Refused as why:
            session.lock = session.lock or wrong
            session.locked = str(why)
        return serial, rows[0], rows[1], reference_mw

    def read_course(self, prescription: object) -> "Course":
        """What a prescription's file asks of this unit. Raises Refused. Imports what the start let
        go of: up to 0.1 s, only while dark."""
        from firmware.records import signed_prescription  # noqa: PLC0415
        from firmware.therapy.prescription import compile_course  # noqa: PLC0415

        inner, number, expires_s = signed_prescription.verify(prescription, self.keys, self.serial)
        course = compile_course(inner, self.board, self.full_uw_cm2)
        course.number = number
        course.expires_s = expires_s
        return course

    def judge(self, prescription: bytes) -> str:
        """Why the unit would be locked by this prescription, or nothing."""
        if self.session.lock == CALIBRATION:
            return "the unit's calibration is refused"
        try:
            course = self.read_course(prescription)
        except Refused as why:
            return str(why)
        now_s = self.journal.clock_s()
        if course.expires_s and now_s is not None and now_s > course.expires_s:
            return "the prescription has expired"
        return ""

    def keep_records(self) -> None:
        """Once a second while dark: write what the journal waits for; where it waits for nothing,
        what was accepted, and let go of the key that sealed something. All of it in one tick would
        take so long that sensors count as lost."""
        journal, session = self.journal, self.session
        self.events.settle()
        busy = len(journal.waiting) > 0
        if self.trial:
            self.trial.settle()
        if busy:
            journal.write(session.up_s)
            return
        if not session.lock:
            self.keys.accept(session.course.number, self.taken, self.measured, self.hal)
        journal.ratchet()
