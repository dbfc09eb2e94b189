"""Push of a participant's ticket and prescription to their unit on USB.

Called by `waistband trial push`. The firmware's own checks run first: a file that the unit would
refuse is not written. The ticket is written before another participant's visits are removed: cut
off in between, the unit is locked and says so, and a second run completes it.
"""

from firmware.records import signed_prescription
from firmware.records.keys import FILE as KEYS
from firmware.records.keys import Keys
from firmware.therapy.prescription import Course, Refused, read_calibration
from firmware.trial import enrolment, visits
from sim.common import validate
from sim.common.boards import find_board
from sim.common.errors import BadInput
from sim.run import CALIBRATION
from tools.common.files import emit
from tools.trial import folder as trial_folder
from tools.trial import people
from tools.trial.folder import PRESCRIPTIONS, TICKETS
from tools.unit.device import Failed, parse_object
from tools.unit.exchange import PRESCRIPTION
from tools.unit.files import (
    Unit,
    at_prompt,
    read_board_name,
    read_file,
    remove_file,
    write_file,
)


def push(folder: str, participant: str, device: str | None, replace: bool) -> int:
    """Write both files. Raises BadInput; then the unit is unchanged or locked."""
    trial = trial_folder.open_trial(folder)
    who = people.require_enrolled(trial, participant)
    serial = trial.units[who]
    content = trial.read(f"{TICKETS}/{who}.json")
    asked = trial.read(f"{PRESCRIPTIONS}/{who}.json")
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
            Course(prescription, board, read_calibration(calibration, board)[0])
        except Refused as why:
            raise BadInput(f"{unit.port}: {why}") from None
        old = other_visits(unit, taken)
        if old and not replace:
            text = f"{unit.port}: has {old}: pull its journal first; then --replace removes them"
            raise BadInput(text)
        write_file(unit, PRESCRIPTION, asked)
        write_file(unit, enrolment.FILE, content)
        if old:
            remove_visits(unit)
    emit(f"{unit.port}: unit {serial} has the ticket and the prescription of {who}")
    return 0


def other_visits(unit: Unit, taken: enrolment.Ticket) -> str:
    """Whose visits the unit keeps, in words; empty where none, or this participant's."""
    content = read_file(unit, visits.FILE)
    table = parse_object(content)
    who, trial = table.get("participant"), table.get("trial")
    if content is None or (who, trial) == (taken.participant, taken.trial):
        return ""
    return f"the visits of {validate.shown(who)} in the trial {validate.shown(trial)}"


def remove_visits(unit: Unit) -> None:
    """Remove the visits that a unit keeps. Raises BadInput."""
    try:
        remove_file(unit, visits.FILE)
    except Failed as why:
        raise BadInput(
            f"{unit.port}: its {visits.FILE} could not be removed: {why}; it is locked:"
            " run this again"
        ) from None
