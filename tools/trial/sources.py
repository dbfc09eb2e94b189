"""Where each number of a report comes from: the records behind it, by unit, number and hash."""

import csv
import io
from collections.abc import Iterable

from tools.trial.data import Data
from tools.trial.page import Number

COLUMNS = ("source", "what", "value", "participant", "unit", "record", "kind", "seal")


class Sources:
    """Keys are given out in the order in which numbers are told."""

    def __init__(self, data: Data, whose: dict[str, str]) -> None:
        """`whose` tells the participant of a unit."""
        self.data, self.whose = data, whose
        self.rows: list[tuple[object, ...]] = []
        self.count = 0

    def number(self, what: str, value: str, seals: Iterable[str]) -> Number:
        """A number of the report, with what it was computed from."""
        self.count += 1
        key = f"N{self.count}"
        for seal in seals:
            unit, n, kind = self.data.places[seal]
            self.rows.append((key, what, value, self.whose[unit], unit, n, kind, seal))
        return Number(value, key)

    def csv(self) -> str:
        """A row for each number and each record behind it. A seal is that of the record in the
        unit's journal, and its key in the table `records` of trial.sqlite."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(self.rows)
        return out.getvalue()
