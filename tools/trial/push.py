"""Push of a participant's ticket and prescription to their unit on USB.

Called by `waistband trial push`. The firmware's own checks run first: a file that the unit would
refuse is not written. The ticket is written before another participant's visits are begun anew: cut
off in between, the unit is locked and says so, and a second run completes it.
"""

from firmware.core.validate import Refused
from firmware.records import signed_prescription
from firmware.records.keys import FILE as KEYS
from firmware.records.keys import Keys
from firmware.records.persistent_state import read_version
from firmware.therapy.calibration import read_calibration
from firmware.therapy.prescription import compile_course
from firmware.trial import enrolment, visits
from sim.common import validate
from sim.common.boards import find_board
from sim.common.errors import BadInput
from sim.run import CALIBRATION
from tools.common.files import emit
from tools.trial import folder as trial_folder
from tools.trial import people
from tools.trial.data import load_data
from tools.trial.folder import DATABASE, Trial
from tools.unit.about import parse_object
from tools.unit.exchange import PRESCRIPTION
from tools.unit.files import Unit, at_prompt, read_board_name, read_file, write_file


def push(folder: str, participant: str, device: str | None, replace: bool) -> int:
    """Write both files. Raises BadInput; then the unit is unchanged or locked."""
    trial = trial_folder.open_trial(folder)
    who = people.require_enrolled(trial, participant)
    serial = trial.units_of(who)[-1]
    content = trial.read(trial.ticket_name(who, serial))
    asked = trial.read(trial.prescription_name(who, serial))
    with at_prompt(device) as (unit, about):
        calibration = parse_object(read_file(unit, CALIBRATION))
        found = str(calibration.get("serial", ""))
        if found != serial:
            raise BadInput(f"{unit.port}: is unit {validate.shown(found)}: {who} has {serial}")
        keys = Keys(read_file(unit, KEYS))
        board = find_board(read_board_name(unit, about))
        try:
            taken = enrolment.verify(content, keys, serial)
            prescription, _, _ = signed_prescription.verify(asked, keys, serial)
            compile_course(prescription, board, read_calibration(calibration, board)[0])
            signed_prescription.verify_calibration(calibration, board, keys)
        except Refused as why:
            raise BadInput(f"{unit.port}: {why}") from None
        old = other_visits(unit, taken)
        if old and not replace:
            text = f"{unit.port}: has {old}: pull its journal first; then --replace removes them"
            raise BadInput(text)
        write_file(unit, PRESCRIPTION, asked)
        write_file(unit, enrolment.FILE, content)
        held = read_file(unit, visits.FILE)
        done = render_progress(trial, taken) if serial != trial.units[who] else None
        if old or (done and held is None):
            # others' visits are not removed: the journal knows of a version, the next one is higher
            begun = done or visits.Progress(taken.trial, taken.participant)
            begun.version = read_version(held) + 1
            write_file(unit, visits.FILE, begun.content())
    emit(f"{unit.port}: unit {serial} has the ticket and the prescription of {who}")
    return 0


def render_progress(trial: Trial, taken: enrolment.Ticket) -> visits.Progress | None:
    """What visit.json of a unit that replaces another says: it goes on after the last visit that
    was collected from the broken one; None where none was. Raises BadInput."""
    if not (trial.folder / DATABASE).exists():
        return None
    mine = {
        visit: row for (who, visit), row in load_data(trial).visits.items()
        if who == taken.participant
    }  # fmt: skip
    first = mine[1]["opened_at"] if 1 in mine else None
    if first is None:
        return None
    progress = visits.Progress(taken.trial, taken.participant)
    progress.visit, progress.first_s = max(mine), first
    progress.owes = 0, "ticket", taken.trial, taken.participant  # 0: the record comes first
    return progress


def other_visits(unit: Unit, taken: enrolment.Ticket) -> str:
    """Whose visits the unit keeps, in words; empty where none, or this participant's."""
    content = read_file(unit, visits.FILE)
    table = parse_object(content)
    who, trial = table.get("participant"), table.get("trial")
    if content is None or (who, trial) == (taken.participant, taken.trial):
        return ""
    return f"the visits of {validate.shown(who)} in the trial {validate.shown(trial)}"
