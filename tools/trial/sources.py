"""Sources of a report's numbers: the records behind each, by unit, number and seal.

Called by `results`; its CSV goes into sources.csv. A seal is the authentication tag of a record in
the unit's journal, and its key in the table `records` of trial.sqlite.
"""

from collections.abc import Iterable

from tools.common.files import render_csv
from tools.trial.data import Data
from tools.trial.page import Number

COLUMNS = ("source", "what", "value", "participant", "unit", "record", "kind", "seal")


class Sources:
    """Gives each number of a report the next key, N1, N2, ..."""

    def __init__(self, data: Data, whose: dict[str, str]) -> None:
        """`whose` maps a unit to its participant."""
        self.data, self.whose = data, whose
        self.rows: list[tuple[object, ...]] = []
        self.count = 0

    def add_number(self, what: str, value: str, seals: Iterable[str]) -> Number:
        """A number of the report, computed from the records with these seals."""
        self.count += 1
        key = f"N{self.count}"
        for seal in seals:
            unit, n, kind = self.data.records[seal]
            self.rows.append((key, what, value, self.whose[unit], unit, n, kind, seal))
        return Number(value, key)

    def add_numbers(
        self, prefix: str, numbers: Iterable[tuple[str, str]], seals: list[str]
    ) -> list[Number]:
        """Several (what, value) of the report from the same records."""
        return [self.add_number(prefix + what, value, seals) for what, value in numbers]

    def csv(self) -> str:
        """A row for each number and each record behind it."""
        return render_csv([COLUMNS, *self.rows])
