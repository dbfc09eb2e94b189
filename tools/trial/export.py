"""data.csv and dictionary.csv: a row a participant and visit, in the shape that REDCap imports.

Called by `unseal`, which writes both. A longitudinal project with one arm and an event a visit
(`visit_1_arm_1`, ...); dictionary.csv is its data dictionary, with the eighteen columns of REDCap's
own download. Of the two forms, `enrolment` belongs to the first event and `visit` to all.
"""

from collections.abc import Callable
from typing import NamedTuple

from firmware.trial.visits import GUESSES
from tools.common.files import render_csv
from tools.common.words import SEVERITIES
from tools.journal.sessions import format_clock
from tools.trial.allocation import ARMS
from tools.trial.data import WITHDRAWN
from tools.trial.given import SessionDose
from tools.trial.unsealed import Results

HEADER = (
    "Variable / Field Name", "Form Name", "Section Header", "Field Type", "Field Label",
    "Choices, Calculations, OR Slider Labels", "Field Note",
    "Text Validation Type OR Show Slider Number", "Text Validation Min", "Text Validation Max",
    "Identifier?", "Branching Logic (Show field only if...)", "Required Field?",
    "Custom Alignment", "Question Number (surveys only)", "Matrix Group Name", "Matrix Ranking?",
    "Field Annotation",
)  # fmt: skip
ENROLMENT, VISIT = "enrolment", "visit"
STATES = ("done", "unfinished", "missed", "open", WITHDRAWN)
Compute = Callable[[Results, str, int], object]


class Field(NamedTuple):
    """A column."""

    name: str
    form: str
    label: str
    compute: Compute
    choices: tuple[str, ...] = ()  # of a radio button, coded from 1
    check: str = ""  # validation of a text
    low: str = ""
    high: str = ""


def choice_number(words: tuple[str, ...], word: str) -> object:
    """A choice's number, as REDCap imports it."""
    return words.index(word) + 1 if word in words else ""


def rating_column(item: str, moment: str) -> Compute:
    """The ratings of an item."""

    def compute(found: Results, who: str, visit: int) -> object:
        answer = found.data.ratings.get((who, visit, moment, item))
        return "" if answer is None else answer.value

    return compute


def session_column(value: Callable[[list[SessionDose]], str]) -> Compute:
    """A value of all sessions of a visit."""

    def compute(found: Results, who: str, visit: int) -> object:
        mine = [one for one in found.given if (one.participant, one.visit) == (who, visit)]
        return value(mine) if mine else ""

    return compute


def dose_column(pad: int) -> Compute:
    """The light given to a pad in all sessions of a visit, J/cm2."""
    return session_column(lambda mine: f"{sum(one.j_cm2[pad] for one in mine):.4f}")


def worst_effect(found: Results, who: str, visit: int) -> object:
    """The choice number of the worst effect that was marked in a visit."""
    mine = [row["severity"] for row in found.data.effects
            if (row["participant"], row["visit"]) == (who, visit)]  # fmt: skip
    return max(mine) + 1 if mine else ""


def visit_column(found: Results, who: str, visit: int, name: str) -> object:
    """A column of the table of visits; None where the visit has no row."""
    row = found.data.visits.get((who, visit))
    return row[name] if row else None


def visit_opened(found: Results, who: str, visit: int) -> object:
    """When a visit was opened, as REDCap's datetime_seconds_ymd; empty where it was not."""
    at = visit_column(found, who, visit, "opened_at")
    return "" if at is None else format_clock(at)


def guess_of_visit(found: Results, who: str, visit: int) -> object:
    """The guess of the arm, at the visit that asked for it."""
    row = found.data.guesses.get(who)
    return choice_number(GUESSES, row["guess"]) if row and row["visit"] == visit else ""


def on_first_visit(compute: Callable[[Results, str], object]) -> Compute:
    """A column of the first event alone."""
    return lambda found, who, visit: compute(found, who) if visit == 1 else ""


def list_fields(found: Results) -> list[Field]:
    """Every column after the two that name the row."""
    number = ((), "number")
    return [
        Field("data_origin", ENROLMENT, "Where the data are from",
              on_first_visit(lambda f, who: 1 + f.data.trial.synthetic),
              ("units", "scripted (SYNTHETIC)")),
        Field("arm", ENROLMENT, "Arm",
              on_first_visit(lambda f, who: choice_number(ARMS, f.arms[who].arm)), ARMS),
        Field("unit", ENROLMENT, "Serial of the unit",
              on_first_visit(lambda f, who: " ".join(f.data.trial.units_of(who)))),
        Field("journal_head", ENROLMENT, "Seal of the journal's last record",
              on_first_visit(lambda f, who: f.data.journals[who]["head"])),
        Field("visit_state", VISIT, "Visit",
              lambda f, who, v: choice_number(STATES, f.data.state(who, v)), STATES),
        Field("visit_opened", VISIT, "Opened, by the unit's clock", visit_opened,
              check="datetime_seconds_ymd"),
        Field("visit_seal", VISIT, "Seal of the record that opened it",
              lambda f, who, v: visit_column(f, who, v, "seal") or ""),
        *(
            Field(f"{f'movement_{at}' if at else 'overall'}_{moment}", VISIT,
                  f"Pain, {item}, {moment} therapy (NRS 0-10)", rating_column(item, moment),
                  (), "integer", "0", "10")
            for moment in found.data.moments for at, item in enumerate(found.data.trial.items)
        ),
        Field("effect", VISIT, "Worst adverse effect marked at the belt", worst_effect, SEVERITIES),
        Field("therapy_min", VISIT, "Minutes of therapy",
              session_column(lambda mine: f"{sum(one.minutes for one in mine):.4f}"), *number),
        *(
            Field(f"dose_{pad}_j_cm2", VISIT, f"Light really given, pad {pad.upper()} (J/cm2)",
                  dose_column("ab".index(pad)), *number)
            for pad in "ab"
        ),
        Field("highest_contact_c", VISIT, "Highest contact temperature (C)",
              session_column(lambda mine: f"{max(one.highest_c for one in mine):.3f}"), *number),
        Field("guess", VISIT, "Guess of the arm", guess_of_visit, GUESSES),
    ]  # fmt: skip


def render_data(found: Results) -> str:
    """data.csv: a row for each visit of each participant with a journal."""
    columns = list_fields(found)
    return render_csv([
        ["record_id", "redcap_event_name", *(column.name for column in columns)],
        *(
            [who, f"visit_{visit}_arm_1", *(one.compute(found, who, visit) for one in columns)]
            for who in found.data.people for visit in found.data.visit_numbers
        ),
    ])  # fmt: skip


def render_dictionary(found: Results) -> str:
    """dictionary.csv: the project's data dictionary."""
    rows = [["record_id", ENROLMENT, "", "text", "Participant"]]
    for one in list_fields(found):
        choices = " | ".join(f"{at}, {word}" for at, word in enumerate(one.choices, 1))
        kind = "radio" if one.choices else "text"
        rows.append(
            [one.name, one.form, "", kind, one.label, choices, "", one.check, one.low, one.high]
        )
    return render_csv([HEADER, *(row + [""] * (len(HEADER) - len(row)) for row in rows)])
