"""Actions of people in a trial, each an entry of its log.

Called by `waistband trial`; reads the trial's folder, writes log.jsonl alone.

| action         | log entry      | rule                                                         |
|----------------|----------------|--------------------------------------------------------------|
| enrol          | enrol          | the next number of the stratum, with the unit allotted to it |
| undo_enrolment | undo-enrolment | before any session, and while the log has nothing else of    |
|                |                | the participant; the number is not given again               |
| replace_unit   | replace        | an unused spare unit, whose ticket was made with the trial   |
| withdraw       | withdraw       | once                                                         |
| break_code     | break-code     | before the arm is printed                                    |
"""

from firmware.core.validate import read_text
from firmware.records import json_codec, signed_prescription
from sim.common import validate
from sim.common.errors import BadInput
from tools.common.files import emit
from tools.trial import age, log
from tools.trial import folder as trial_folder
from tools.trial.data import load_data
from tools.trial.folder import DATABASE, ENVELOPES, TICKETS, Trial
from tools.trial.log import Entry

# What was noted of a participant cannot be in error together with the enrolment: an opened arm or
# an ill effect would be a reason to have had nobody enrolled.
LASTING = ("adverse-event", "deficiency", "replace", "withdraw", "break-code")


def enrol(folder: str, participant: str, unit: str, ticket: str | None) -> int:
    """Log that a participant gets a unit, and print it. Raises BadInput."""
    entry = add_enrolment(trial_folder.open_trial(folder), participant, unit, ticket)
    print_entry(entry, f"Enrolled {participant} with unit {unit}")
    return 0


def add_enrolment(trial: Trial, participant: str, unit: str, ticket: str | None = None) -> Entry:
    """Log that a participant gets a unit; the ticket must be theirs. Raises BadInput."""
    who = trial.participant(participant)
    if unit not in trial.whose:
        raise BadInput(f"--unit is {validate.shown(unit)}: no unit of this trial")
    check_ticket(trial, who, unit, f"{TICKETS}/{who}.json", ticket)
    for entry in trial.entries("enrol"):
        if entry.row["participant"] == who:
            undone = "; that was undone, and a number is given once" * (who in trial.undone)
            raise BadInput(
                f"{who} was enrolled with unit {entry.row['unit']} at {entry.at}{undone}"
            )
    due = trial.next_of_stratum(trial.stratum(who))
    if who != due:
        stratum = f" of the stratum {trial.stratum(who)}" if trial.stratum(who) else ""
        raise BadInput(f"{who}: the next participant{stratum} is {due}: enrol in sequence")
    return log.append_entry(trial.folder, "enrol", {"participant": who, "unit": unit})


def check_ticket(trial: Trial, who: str, unit: str, name: str, path: str | None = None) -> None:
    """The unit's ticket, `name` in the folder, is this participant's and unchanged. Raises
    BadInput."""
    made = trial.read(name)
    where = path or str(trial.folder / name)
    content = made if path is None else validate.read_bytes(path)
    inner = json_codec.parse(signed_prescription.payload(content))
    holder, serial = inner.get("participant"), inner.get("unit")
    if inner.get("trial") != trial.name:
        raise BadInput(f"{where}: is no ticket of the trial {trial.name}")
    if holder != who:
        raise BadInput(f"{where}: is the ticket of {validate.shown(holder)}, not of {who}")
    if serial != unit:
        text = f"{where}: the ticket of {who} is for unit {validate.shown(serial)}, not for {unit}"
        raise BadInput(f"{text}: two units cannot have one ticket")
    if content != made:
        raise BadInput(f"{where}: was altered since the trial was made")


def undo_enrolment(folder: str, participant: str, reason: str) -> int:
    """Log that a participant was enrolled in error; the number is not given again. Raises
    BadInput."""
    trial = trial_folder.open_trial(folder)
    who = require_enrolled(trial, participant)
    why = trial_folder.check_text(reason, "--reason")
    since = [entry for kind in LASTING for entry in trial.entries(kind)
             if entry.row["participant"] == who]  # fmt: skip
    if since:
        raise BadInput(
            f"{who}: the log has {since[0].kind} of {since[0].at}: `trial withdraw` keeps"
            " both in the analysis"
        )
    if (trial.folder / DATABASE).exists():
        data = load_data(trial)
        if any(row["participant"] == who for row in data.sessions):
            raise BadInput(f"{who}: has had a session: `trial withdraw` keeps it in the analysis")
    entry = log.append_entry(trial.folder, "undo-enrolment", {"participant": who, "reason": why})
    due = trial_folder.open_trial(folder).next_of_stratum(trial.stratum(who)) or "none"
    print_entry(entry, f"The enrolment of {who} is undone; next is {due}")
    return 0


def replace_unit(folder: str, participant: str, unit: str, reason: str) -> int:
    """Log that a spare unit replaces a participant's unit; no arm is opened. Raises BadInput."""
    trial = trial_folder.open_trial(folder)
    who = require_enrolled(trial, participant)
    why = trial_folder.check_text(reason, "--reason")
    spares = trial.table["spares"]
    if unit not in spares:
        named = ", ".join(spares) or "none was named by the plan"
        raise BadInput(f"--unit is {validate.shown(unit)}: no spare unit: {named}")
    if unit in trial.whose:
        raise BadInput(f"--unit is {unit}: has replaced a unit of {trial.whose[unit]} already")
    if who in trial.withdrawn:
        raise BadInput(f"{who} was withdrawn at {trial.withdrawn[who].at}")
    check_ticket(trial, who, unit, trial.ticket_name(who, unit))
    trial.read(trial.prescription_name(who, unit))
    old = trial.units_of(who)[-1]
    fields: dict[str, object] = {
        "participant": who, "unit": unit, "instead_of": old, "reason": why,
    }  # fmt: skip
    entry = log.append_entry(trial.folder, "replace", fields)
    print_entry(entry, f"{who} goes on with unit {unit} in place of {old}: pull the journal of "
                       f"{old}, `trial collect` it, then `trial push`")  # fmt: skip
    return 0


def withdraw(folder: str, participant: str, reason: str) -> int:
    """Log that a participant goes no further. Raises BadInput."""
    trial = trial_folder.open_trial(folder)
    who = require_enrolled(trial, participant)
    if who in trial.withdrawn:
        raise BadInput(f"{who} was withdrawn at {trial.withdrawn[who].at}")
    why = trial_folder.check_text(reason, "--reason")
    entry = log.append_entry(trial.folder, "withdraw", {"participant": who, "reason": why})
    print_entry(entry, f"{who} goes no further")
    return 0


def break_code(folder: str, participant: str, reason: str, identity: str) -> int:
    """Open and print one participant's arm, after the log entry. Raises BadInput."""
    trial = trial_folder.open_trial(folder)
    who = require_enrolled(trial, participant)
    why = trial_folder.check_text(reason, "--reason")
    held = age.read_identity(identity)
    where = str(trial.folder / ENVELOPES / f"{who}.age")
    content = trial.read(f"{ENVELOPES}/{who}.age")
    inner = json_codec.parse(age.decrypt(content, held, where, "officer"))
    entry = log.append_entry(trial.folder, "break-code", {"participant": who, "reason": why})
    print_entry(entry, f"{who}, unit {inner['unit']}: {read_text('arm', inner['arm'])}")
    return 0


def require_enrolled(trial: Trial, participant: str) -> str:
    """A participant's number, checked to be enrolled. Raises BadInput."""
    who = trial.participant(participant)
    if who in trial.undone:
        raise BadInput(f"{who}: the enrolment was undone at {trial.undone[who].at}")
    if who not in trial.enrolled:
        raise BadInput(f"{who}: was not enrolled: `trial enrol` comes first")
    return who


def print_entry(entry: Entry, text: str) -> None:
    """Print a text with the number and code of its log entry."""
    emit(f"{text}. Log entry {entry.n}, code {entry.code}")
