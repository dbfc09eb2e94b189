"""What `collect` found, as the reports take it."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from tools.trial import store
from tools.trial.derive import AFTER, BEFORE
from tools.trial.folder import DATABASE, Trial

OVERALL = "Overall"


class Rating(NamedTuple):
    """An answer, and the seal of its record."""

    value: int
    seal: str


@dataclass(frozen=True)
class Data:
    """The trial's data; everything by participant. No arms."""

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
    places: dict[str, tuple[str, int, str]]  # of a record's seal: unit, number, kind

    @property
    def people(self) -> list[str]:
        """Who has a journal that can be used."""
        return sorted(self.journals)

    @property
    def last(self) -> int:
        """The number of the last visit."""
        return self.trial.protocol.visits

    @property
    def visit_numbers(self) -> range:
        """All visits."""
        return range(1, self.last + 1)

    def state(self, who: str, visit: int) -> str:
        """Of a visit; empty where there is none yet."""
        row = self.visits.get((who, visit))
        return row["state"] if row else ""

    def finished(self, who: str) -> bool:
        """Whether the last visit was done."""
        return self.state(who, self.last) == "done"

    def rating(
        self, who: str, visit: int, moment: str = BEFORE, item: str = OVERALL
    ) -> Rating | None:
        """An answer, if it was given."""
        return self.ratings.get((who, visit, moment, item))

    def rated(
        self, people: Iterable[str], visit: int, moment: str = BEFORE, item: str = OVERALL
    ) -> list[Rating]:
        """The answers of those who gave one."""
        found = (self.rating(who, visit, moment, item) for who in people)
        return [one for one in found if one is not None]

    def moments(self) -> tuple[str, ...]:
        """When is rated."""
        return (BEFORE, AFTER) if self.trial.protocol.rate_after else (BEFORE,)


def load_data(trial: Trial) -> Data:
    """What was collected. Raises BadInput."""
    with store.open_database(trial.folder / DATABASE) as base:

        def rows(table: str) -> list[sqlite3.Row]:
            return base.execute(f"SELECT * FROM {table}").fetchall()

        return Data(
            trial,
            {row["participant"]: row for row in rows("journals")},
            {(row["participant"], row["visit"]): row for row in rows("visits")},
            {
                (row["participant"], row["visit"], row["moment"], row["item"]):
                    Rating(row["value"], row["seal"])
                for row in rows("ratings")
            },
            rows("effects"),
            {row["participant"]: row for row in rows("guesses")},
            rows("sessions"), rows("faults"), rows("quarantine"), rows("notes"),
            {row["seal"]: (row["unit"], row["n"], row["kind"]) for row in rows("records")},
        )  # fmt: skip
