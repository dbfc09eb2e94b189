"""Parts of a unit: made once, at start, each given all that it may read and change.

Called by `firmware.waistband`, whose tick runs them. Reads the unit's files; a file that is
refused locks the session.
"""

from firmware import signed
from firmware.battery import Battery
from firmware.buttons import Buttons
from firmware.check import Check
from firmware.faults import Faults
from firmware.gate import Gate
from firmware.inputs import Inputs
from firmware.journal import Journal
from firmware.kept import PersistentState
from firmware.keys import FILE as KEYS
from firmware.keys import Keys
from firmware.limits import DUTY_MAX
from firmware.notes import JournalEvents
from firmware.pad import Pad
from firmware.prescription import Course, Refused, calibration_rows, serial_of
from firmware.rail import Rail
from firmware.screen import Screen
from firmware.session import Session, Status
from firmware.states import CALIBRATION, PRESCRIPTION, TRIAL
from firmware.telemetry import Telemetry
from firmware.trips import GuardRows
from firmware.wear import WearDetector
from firmware.wearer import ButtonActions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from firmware.trial import Trial
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
        self.trial = trial = self._enrolled()
        serial, full_uw_cm2, offsets_mc = self._accept(board, calibration, prescription)
        self.guard_rows = GuardRows(inputs, board, offsets_mc)
        self.guard = self.guard_rows.guard
        self.faults = latch = Faults()
        self.gate = Gate(hal, 2 * len(board.BANKS), trial.mask if trial else DUTY_MAX)
        self.check = Check(board)
        self.rail = Rail(board)
        self.battery = Battery(board)
        self.pads = pads = (
            Pad(0, board, offsets_mc[0], full_uw_cm2[0]),
            Pad(1, board, offsets_mc[1], full_uw_cm2[1]),
        )
        self.wear = WearDetector(inputs, pads)
        if not session.lock:
            session.set_point_mc = session.course.set_point_mc
            self.battery.expect(session.course.power_mw(board), session.course.longest_ms())
        now_s = hal.wall_clock()
        self.kept = PersistentState(hal, session, latch, pads)
        self.kept.restore(inputs.ms, now_s)
        status = Status(inputs, session, latch, pads, self.battery, now_s is not None)
        self._wire_panel(status, serial)

    def _wire_panel(self, status: Status, serial: str) -> None:
        """What a person presses, sees and reads afterwards: buttons, screen, telemetry, journal."""
        hal, trial, journal = self.hal, self.trial, self.journal
        face = None
        if trial:
            from firmware.blinded import Face  # noqa: PLC0415
            from firmware.trial import SealedEvents  # noqa: PLC0415

            face = Face(status, trial)
            self.events: JournalEvents = SealedEvents(
                trial, hal, journal, status, self.gate, serial
            )
        else:
            self.events = JournalEvents(hal, journal, status, self.gate, serial)
        self.buttons = Buttons()
        self.actions = ButtonActions(
            self.session, status, self.buttons, self.wear, self.guard, journal
        )
        self.screen = Screen(hal, status, journal, face)
        self.telemetry = Telemetry(hal, status, face)

    def _enrolled(self) -> "Trial | None":
        """In a trial there is more to a unit; else none of it is ever in memory."""
        for name in TRIAL_FILES:
            if self.hal.load(name) is not None:
                from firmware.trial import Trial  # noqa: PLC0415

                return Trial(self.hal, self.session, self.journal)
        return None

    def _accept(
        self, board: "Board", calibration: object, prescription: object
    ) -> "tuple[str, list[list[int]], tuple[int, int]]":
        """The unit's serial, as calibrated; full-duty irradiance and thermistor offsets of each
        pad. Zeros where they are refused."""
        kinds = len(board.BANKS)
        rows = ([[0] * kinds, [0] * kinds], (0, 0))
        serial = ""
        session = self.session
        wrong = CALIBRATION
        try:
            rows = calibration_rows(calibration, board)
            serial = serial_of(calibration)
            if self.trial:
                wrong = TRIAL
                self.trial.open(self.keys, serial)
            wrong = PRESCRIPTION
            inner, number, expires_s = signed.opened(prescription, self.keys, serial)
            session.course = Course(inner, board, rows[0])
            session.course.number = number
            session.course.expires_s = expires_s
        except Refused as why:
            session.lock = session.lock or wrong
            session.locked = str(why)
        return serial, rows[0], rows[1]
