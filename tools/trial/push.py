"""`waistband trial push`: a participant's ticket and prescription, onto their unit on USB.

What the unit would refuse is not brought. The ticket goes before what it replaces is removed: cut
off in between, the unit is locked and says so, and running this again mends it.
"""

from firmware.records import signed_prescription
from firmware.records.keys import FILE as KEYS
from firmware.records.keys import Keys
from firmware.therapy.prescription import Course, Refused, calibration_rows
from firmware.trial import enrolment, visits
from sim.common import validate
from sim.common.boards import find_board
from sim.common.errors import BadInput
from sim.run import CALIBRATION
from tools.common.files import emit
from tools.trial import folder as trial_folder
from tools.trial import people
from tools.trial.folder import PRESCRIPTIONS, TICKETS
from tools.unit.device import Device, Failed, parse_object
from tools.unit.exchange import PRESCRIPTION
from tools.unit.files import at_prompt, read_board_name, read_file, write_file

REMOVE = "import os\nos.remove({name!r})\n"


def push(folder: str, participant: str, device: str | None, replace: bool) -> int:
    """Bring both files. Raises BadInput; then the unit is as it was, or locked."""
    trial = trial_folder.opened(folder)
    who = people.enrolled(trial, participant)
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
            taken = enrolment.opened(content, keys, serial)
            prescription, _, _ = signed_prescription.opened(asked, keys, serial)
            Course(prescription, board, calibration_rows(calibration, board)[0])
        except Refused as why:
            raise BadInput(f"{unit.port}: {why}") from None
        old = others(unit, taken)
        if old and not replace:
            raise BadInput(
                f"{unit.port}: has {old}: pull its journal first; then --replace removes them"
            )
        write_file(unit, PRESCRIPTION, asked)
        write_file(unit, enrolment.FILE, content)
        if old:
            remove(unit, visits.FILE)
    emit(f"{unit.port}: unit {serial} has the ticket and the prescription of {who}")
    return 0


def others(unit: Device, taken: enrolment.Ticket) -> str:
    """Whose visits the unit keeps, if they are not this participant's; empty where there are
    none."""
    content = read_file(unit, visits.FILE)
    if content is None:
        return ""
    table = parse_object(content)
    whose, of = table.get("participant"), table.get("trial")
    if (whose, of) == (taken.participant, taken.trial):
        return ""
    return f"the visits of {validate.shown(whose)} in the trial {validate.shown(of)}"


def remove(unit: Device, name: str) -> None:
    """Take a file off the unit. Raises BadInput."""
    try:
        unit.run(REMOVE.format(name=name))
    except Failed as why:
        raise BadInput(
            f"{unit.port}: its {name} could not be removed: {why}; it is locked: run this again"
        ) from None
