"""Adverse events and device deficiencies, each an entry of the trial's log.

Called by `waistband trial adverse-event` and `trial deficiency`; reads the trial's folder, writes
log.jsonl alone. Terms: ISO 14155:2020 (3.2 adverse event, 3.19 device deficiency). Relatedness has
the four steps of MDCG 2020-10/1: not related, possible, probable, causal.
"""

from datetime import UTC, datetime, timedelta
from datetime import date as Date

from sim.common import validate
from sim.common.errors import BadInput
from tools.trial import folder as trial_folder
from tools.trial import log
from tools.trial.folder import Trial
from tools.trial.people import print_entry, require_enrolled

RELATED = ("not related", "possible", "probable", "causal")
AHEAD = timedelta(hours=14)  # the calendar's day is nowhere further ahead of UTC
YEAR = timedelta(days=366)


def adverse_event(
    folder: str, participant: str, text: str, severity: str, date: str, serious: bool,
    related: str,
) -> int:  # fmt: skip
    """Log an adverse event, whatever its cause. Raises BadInput."""
    trial = trial_folder.open_trial(folder)
    who = require_enrolled(trial, participant)
    entry = log.append_entry(
        trial.folder, "adverse-event",
        {"participant": who, "began": check_date(trial, who, date), "severity": severity,
         "serious": serious, "related": related, "text": trial_folder.check_text(text, "--text")},
    )  # fmt: skip
    kind = f"{severity}{', serious' if serious else ''}, relation to the unit: {related}"
    print_entry(entry, f"Noted for {who}: {kind}")
    return 0


def deficiency(folder: str, participant: str, text: str, date: str, could_harm: bool) -> int:
    """Log a device deficiency: a unit that failed in what it is, lasts, does or tells. Raises
    BadInput."""
    trial = trial_folder.open_trial(folder)
    who = require_enrolled(trial, participant)
    unit = trial.units_of(who)[-1]
    entry = log.append_entry(
        trial.folder, "deficiency",
        {"participant": who, "unit": unit, "seen": check_date(trial, who, date),
         "could_harm": could_harm, "text": trial_folder.check_text(text, "--text")},
    )  # fmt: skip
    print_entry(entry, f"Noted for unit {unit} of {who}{', could have harmed' * could_harm}")
    return 0


def check_date(trial: Trial, who: str, text: str) -> str:
    """A date YYYY-MM-DD that can be true: not ahead of today, not before the participant was
    enrolled (the day before, for the sake of time zones). Scripted visits of a synthetic trial lie
    anywhere in the year before it was made. Raises BadInput."""
    where = f"--date is {validate.shown(text)}"
    try:
        found = Date.fromisoformat(text)
    except ValueError:
        raise BadInput(f"{where}: a date YYYY-MM-DD") from None
    latest = (datetime.now(UTC) + AHEAD).date()
    if found > latest:
        raise BadInput(f"{where}: lies ahead: today is {latest.isoformat()} at the latest")
    enrolled = Date.fromisoformat(trial.enrolled[who].at[:10])
    earliest = enrolled - (YEAR if trial.synthetic else timedelta(days=1))
    if found < earliest:
        raise BadInput(f"{where}: lies before the enrolment of {who}, {enrolled.isoformat()}")
    return found.isoformat()
