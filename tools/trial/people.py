"""Actions of people in a trial, each an entry of its log: enrol, withdraw, break a code.

Called by `waistband trial`; reads the trial's folder, writes log.jsonl alone.
"""

from datetime import date as Date

from firmware.records import json_codec, signed_prescription
from firmware.therapy.prescription import read_text
from sim.common import validate
from sim.common.errors import BadInput
from tools.common.files import emit
from tools.trial import age, log
from tools.trial import folder as trial_folder
from tools.trial.folder import ENVELOPES, TICKETS, Trial
from tools.trial.log import Entry


def enrol(folder: str, participant: str, unit: str, ticket: str | None) -> int:
    """Log that a participant gets a unit, and print it. Raises BadInput."""
    entry = add_enrolment(trial_folder.open_trial(folder), participant, unit, ticket)
    print_entry(entry, f"Enrolled {participant} with unit {unit}")
    return 0


def add_enrolment(trial: Trial, participant: str, unit: str, ticket: str | None = None) -> Entry:
    """Log that a participant gets a unit; the ticket must be theirs. Raises BadInput."""
    who = trial.participant(participant)
    whose = {allotted: name for name, allotted in trial.units.items()}
    if unit not in whose:
        raise BadInput(f"--unit is {validate.shown(unit)}: no unit of this trial")
    check_ticket(trial, who, unit, ticket)
    for name, entry in trial.enrolled.items():
        if name == who or entry.row["unit"] == unit:
            raise BadInput(f"{name} was enrolled with unit {entry.row['unit']} at {entry.at}")
    return log.append_entry(trial.folder, "enrol", {"participant": who, "unit": unit})


def check_ticket(trial: Trial, who: str, unit: str, path: str | None) -> None:
    """The unit's ticket is this participant's and unchanged. Raises BadInput."""
    made = trial.read(f"{TICKETS}/{who}.json")
    where = path or str(trial.folder / TICKETS / f"{who}.json")
    content = made if path is None else validate.read_bytes(path)
    inner = json_codec.parse(signed_prescription.payload(content))
    name, serial = inner.get("participant"), inner.get("unit")
    if inner.get("trial") != trial.name:
        raise BadInput(f"{where}: is no ticket of the trial {trial.name}")
    if name != who:
        raise BadInput(f"{where}: is the ticket of {validate.shown(name)}, not of {who}")
    if serial != unit:
        text = f"{where}: the ticket of {who} is for unit {validate.shown(serial)}, not for {unit}"
        raise BadInput(f"{text}: two units cannot have one ticket")
    if content != made:
        raise BadInput(f"{where}: was altered since the trial was made")


def withdraw(folder: str, participant: str, reason: str) -> int:
    """Log that a participant goes no further. Raises BadInput."""
    trial = trial_folder.open_trial(folder)
    who = require_enrolled(trial, participant)
    for entry in trial.entries("withdraw"):
        if entry.row["participant"] == who:
            raise BadInput(f"{who} was withdrawn at {entry.at}")
    why = trial_folder.check_text(reason, "--reason")
    entry = log.append_entry(trial.folder, "withdraw", {"participant": who, "reason": why})
    print_entry(entry, f"{who} goes no further")
    return 0


def adverse_event(
    folder: str, participant: str, text: str, severity: str, date: str, serious: bool
) -> int:
    """Log an adverse event, whatever its cause. Raises BadInput."""
    trial = trial_folder.open_trial(folder)
    who = require_enrolled(trial, participant)
    try:
        began = Date.fromisoformat(date).isoformat()
    except ValueError:
        raise BadInput(f"--date is {validate.shown(date)}: a date YYYY-MM-DD") from None
    entry = log.append_entry(
        trial.folder, "adverse-event",
        {"participant": who, "began": began, "severity": severity, "serious": serious,
         "text": trial_folder.check_text(text, "--text")},
    )  # fmt: skip
    print_entry(entry, f"Noted for {who}: {severity}{', serious' if serious else ''}")
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
    if who not in trial.enrolled:
        raise BadInput(f"{who}: was not enrolled: `trial enrol` comes first")
    return who


def print_entry(entry: Entry, text: str) -> None:
    """Print a text with the number and code of its log entry."""
    emit(f"{text}. Log entry {entry.n}, code {entry.code}")
