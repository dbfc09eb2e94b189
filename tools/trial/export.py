"""data.csv and dictionary.csv: a row a participant and visit, in the shape that REDCap imports.

A longitudinal project with one arm and an event a visit (`visit_1_arm_1`, ...); dictionary.csv
is its data dictionary, with the eighteen columns that REDCap's own download has. Of the two forms,
`enrolment` belongs to the first event and `visit` to all.
"""

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple

from firmware.trial.visits import GUESSES
from tools.common.words import SEVERITIES
from tools.journal.sessions import EPOCH
from tools.trial.allocation import ARMS
from tools.trial.results import Results

HEADER = (
    "Variable / Field Name", "Form Name", "Section Header", "Field Type", "Field Label",
    "Choices, Calculations, OR Slider Labels", "Field Note",
    "Text Validation Type OR Show Slider Number", "Text Validation Min", "Text Validation Max",
    "Identifier?", "Branching Logic (Show field only if...)", "Required Field?",
    "Custom Alignment", "Question Number (surveys only)", "Matrix Group Name", "Matrix Ranking?",
    "Field Annotation",
)  # fmt: skip
ENROLMENT, VISIT = "enrolment", "visit"
STATES = ("done", "unfinished", "missed", "open")
Compute = Callable[[Results, str, int], object]


class Field(NamedTuple):
    """A column."""

    name: str
    form: str
    label: str
    compute: Compute
    choices: tuple[str, ...] = ()  # coded from 1; of a radio button
    check: str = ""  # validation of a text
    low: str = ""
    high: str = ""


def choice_number(words: tuple[str, ...], word: str) -> object:
    """A choice's number, as REDCap imports it."""
    return words.index(word) + 1 if word in words else ""


def format_clock(seconds: object) -> str:
    """As REDCap's datetime_seconds_ymd."""
    if not isinstance(seconds, int):
        return ""
    return (EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%d %H:%M:%S")


def rating_column(item: str, moment: str) -> Compute:
    """The answer for an item."""

    def compute(found: Results, who: str, visit: int) -> object:
        answer = found.data.rating(who, visit, moment, item)
        return "" if answer is None else answer.value

    return compute


def session_column(value: Callable[[list[float]], object], pick: Callable[..., float]) -> Compute:
    """Of the sessions of a visit."""

    def compute(found: Results, who: str, visit: int) -> object:
        mine = [one for one in found.given if (one.participant, one.visit) == (who, visit)]
        return value([pick(one) for one in mine]) if mine else ""

    return compute


def total(values: list[float]) -> str:
    """A sum."""
    return f"{sum(values):.4f}"


def highest(values: list[float]) -> str:
    """The highest."""
    return f"{max(values):.3f}"


def worst_effect(found: Results, who: str, visit: int) -> object:
    """The worst effect that was marked in a visit."""
    mine = [row["severity"] for row in found.data.effects
            if (row["participant"], row["visit"]) == (who, visit)]  # fmt: skip
    return max(mine) + 1 if mine else ""


def visit_column(name: str) -> Compute:
    """A column of the table of visits."""

    def compute(found: Results, who: str, visit: int) -> object:
        row = found.data.visits.get((who, visit))
        return row[name] if row else None

    return compute


def guess_of_visit(found: Results, who: str, visit: int) -> object:
    """The guess of the arm, where it was asked."""
    row = found.data.guesses.get(who)
    return choice_number(GUESSES, row["guess"]) if row and row["visit"] == visit else ""


def on_first_visit(compute: Callable[[Results, str], object]) -> Compute:
    """What belongs to the first event."""
    return lambda found, who, visit: compute(found, who) if visit == 1 else ""


def list_fields(found: Results) -> list[Field]:
    """Every column, after the two that name the row."""
    data = found.data
    origin = ("units", "scripted (SYNTHETIC)")
    columns = [
        Field("data_origin", ENROLMENT, "Where the data are from",
              on_first_visit(lambda f, who: 1 + f.data.trial.synthetic), origin),
        Field("arm", ENROLMENT, "Arm",
              on_first_visit(lambda f, who: choice_number(ARMS, f.arms[who].arm)), ARMS),
        Field("unit", ENROLMENT, "Serial of the unit",
              on_first_visit(lambda f, who: f.data.trial.units[who])),
        Field("journal_head", ENROLMENT, "Seal of the journal's last record",
              on_first_visit(lambda f, who: f.data.journals[who]["head"])),
        Field("visit_state", VISIT, "Visit",
              lambda f, who, v: choice_number(STATES, f.data.state(who, v)), STATES),
        Field("visit_opened", VISIT, "Opened, by the unit's clock",
              lambda f, who, v: format_clock(visit_column("opened_at")(f, who, v)),
              check="datetime_seconds_ymd"),
        Field("visit_seal", VISIT, "Seal of the record that opened it",
              lambda f, who, v: visit_column("seal")(f, who, v) or ""),
    ]  # fmt: skip
    for moment in data.moments():
        for at, item in enumerate(data.trial.items):
            name = f"{'overall' if not at else f'movement_{at}'}_{moment}"
            said = f"Pain, {item}, {moment} therapy (NRS 0-10)"
            columns.append(
                Field(name, VISIT, said, rating_column(item, moment), (), "integer", "0", "10")
            )
    columns += [
        Field("effect", VISIT, "Worst adverse effect marked at the belt", worst_effect, SEVERITIES),
        Field("therapy_min", VISIT, "Minutes of therapy",
              session_column(total, lambda o: o.minutes), (), "number"),
        Field("dose_a_j_cm2", VISIT, "Light really given, pad A (J/cm2)",
              session_column(total, lambda o: o.j_cm2[0]), (), "number"),
        Field("dose_b_j_cm2", VISIT, "Light really given, pad B (J/cm2)",
              session_column(total, lambda o: o.j_cm2[1]), (), "number"),
        Field("highest_contact_c", VISIT, "Highest contact temperature (C)",
              session_column(highest, lambda o: o.highest_c), (), "number"),
        Field("guess", VISIT, "Guess of the arm", guess_of_visit, GUESSES),
    ]  # fmt: skip
    return columns


def render_data(found: Results) -> str:
    """A row a participant and visit, for whoever has a journal."""
    columns = list_fields(found)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["record_id", "redcap_event_name", *(column.name for column in columns)])
    for who in found.data.people:
        for visit in found.data.visit_numbers:
            values = [column.compute(found, who, visit) for column in columns]
            writer.writerow([who, f"visit_{visit}_arm_1", *values])
    return out.getvalue()


def render_dictionary(found: Results) -> str:
    """The project's data dictionary."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerow(["record_id", ENROLMENT, "", "text", "Participant", *[""] * 13])
    for one in list_fields(found):
        choices = " | ".join(f"{at + 1}, {word}" for at, word in enumerate(one.choices))
        kind = "radio" if one.choices else "text"
        row = [one.name, one.form, "", kind, one.label, choices, "", one.check, one.low, one.high]
        writer.writerow(row + [""] * 8)
    return out.getvalue()
