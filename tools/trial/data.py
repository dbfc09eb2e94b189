"""Data of a trial as the reports take it: the tables of trial.sqlite, keyed by participant.

Called by `report` and `unseal`; reads trial.sqlite alone. It holds no arm.
"""

import sqlite3
from collections.abc import Iterable
from typing import NamedTuple

from tools.trial import store
from tools.trial.derive import AFTER, BEFORE
from tools.trial.folder import DATABASE, Trial

OVERALL = "Overall"
WITHDRAWN = "withdrawn"


class Rating(NamedTuple):
    """An answer, and the tag ("seal") of its record."""

    value: int
    seal: str


class Data(NamedTuple):
    """All tables of a trial."""

    trial: Trial
    journals: dict[str, sqlite3.Row]
    visits: dict[tuple[str, int], sqlite3.Row]
    ratings: dict[tuple[str, int, str, str], Rating]  # participant, visit, moment, item
    effects: list[sqlite3.Row]
    guesses: dict[str, sqlite3.Row]
    sessions: list[sqlite3.Row]
    faults: list[sqlite3.Row]
    quarantine: list[sqlite3.Row]
    notes: list[sqlite3.Row]
    records: dict[str, tuple[str, int, str]]  # unit, number and kind, by seal
    verified: bool  # with the units' keys; else the form alone was checked
    receipts: int  # noted ones that were found

    @property
    def people(self) -> list[str]:
        """Participants with a usable journal."""
        return sorted(self.journals)

    @property
    def last(self) -> int:
        """The number of the last visit."""
        return self.trial.protocol.visits

    @property
    def visit_numbers(self) -> range:
        """The numbers of all visits."""
        return range(1, self.last + 1)

    @property
    def moments(self) -> tuple[str, ...]:
        """The moments of a visit at which ratings are asked."""
        return (BEFORE, AFTER) if self.trial.protocol.rate_after else (BEFORE,)

    def state(self, who: str, visit: int) -> str:
        """The state of a visit: as recorded, else withdrawn where the participant was, else
        empty: not yet."""
        row = self.visits.get((who, visit))
        if row:
            return str(row["state"])
        return WITHDRAWN if who in self.trial.withdrawn else ""

    def finished(self, who: str) -> bool:
        """Whether the last visit was done."""
        return self.state(who, self.last) == "done"

    def rated(self, people: Iterable[str], visit: int, moment: str = BEFORE) -> list[Rating]:
        """The overall ratings of those people who gave one."""
        keys = ((who, visit, moment, OVERALL) for who in people)
        return [self.ratings[key] for key in keys if key in self.ratings]

    def worst_effects(self, people: Iterable[str]) -> dict[str, int]:
        """The highest severity that each of these people marked at the belt."""
        worst: dict[str, int] = {}
        for row in self.effects:
            who = row["participant"]
            if who in people:
                worst[who] = max(worst.get(who, 0), row["severity"])
        return worst


def load_data(trial: Trial) -> Data:
    """The data that `collect` wrote. Raises BadInput."""
    with store.open_database(trial.folder / DATABASE) as base:

        def rows(table: str) -> list[sqlite3.Row]:
            return base.execute(f"SELECT * FROM {table}").fetchall()

        ratings = {
            (row["participant"], row["visit"], row["moment"], row["item"]):
                Rating(row["value"], row["seal"])
            for row in rows("ratings")
        }  # fmt: skip
        return Data(
            trial,
            {row["participant"]: row for row in rows("journals")},
            {(row["participant"], row["visit"]): row for row in rows("visits")},
            ratings,
            rows("effects"),
            {row["participant"]: row for row in rows("guesses")},
            rows("sessions"), rows("faults"), rows("quarantine"), rows("notes"),
            {row["seal"]: (row["unit"], row["n"], row["kind"]) for row in rows("records")},
            ("verified", "yes") in {tuple(row) for row in rows("meta")}, len(rows("receipts")),
        )  # fmt: skip
