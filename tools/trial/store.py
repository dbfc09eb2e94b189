"""trial.sqlite: every journal that was read, unchanged, and the rows derived from all of them.

Called by `collect` (writes) and `data` (reads). `pulls`, `segments` and `unreadable` hold what was
read; every `collect` makes the other tables anew from them, so that the file does not depend on
the order or number of readings. The file has no seal: `unseal` makes the tables anew as well.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sim.common.errors import BadInput
from tools.common.files import write_whole

VERSION = 2
TABLES = {
    "meta": ("name TEXT PRIMARY KEY", "value TEXT"),
    "pulls": ("pull TEXT", "label TEXT", "PRIMARY KEY (pull, label)"),
    "segments": ("pull TEXT", "name TEXT", "content BLOB", "PRIMARY KEY (pull, name)"),
    "unreadable": ("label TEXT PRIMARY KEY", "said TEXT"),
    "receipts": ("participant TEXT", "visit INTEGER", "code TEXT", "seal TEXT"),
    "quarantine": ("label TEXT", "pull TEXT", "unit TEXT", "participant TEXT", "what TEXT",
                   "said TEXT"),
    "notes": ("participant TEXT", "unit TEXT", "what TEXT", "said TEXT"),
    "journals": ("participant TEXT PRIMARY KEY", "unit TEXT", "records INTEGER",
                 "last_at INTEGER", "head TEXT"),
    "records": ("seal TEXT PRIMARY KEY", "participant TEXT", "unit TEXT", "n INTEGER",
                "at INTEGER", "kind TEXT", "body TEXT"),
    "visits": ("participant TEXT", "visit INTEGER", "state TEXT", "opened_at INTEGER",
               "closed_at INTEGER", "seal TEXT", "PRIMARY KEY (participant, visit)"),
    "ratings": ("participant TEXT", "visit INTEGER", "moment TEXT", "item TEXT", "value INTEGER",
                "at INTEGER", "seal TEXT", "PRIMARY KEY (participant, visit, moment, item)"),
    "effects": ("participant TEXT", "visit INTEGER", "severity INTEGER", "at INTEGER",
                "seal TEXT"),
    "guesses": ("participant TEXT PRIMARY KEY", "visit INTEGER", "guess TEXT", "seal TEXT"),
    "sessions": ("participant TEXT", "visit INTEGER", "begun_at INTEGER", "seal TEXT",
                 "end_seal TEXT", "reason TEXT", "session_ms INTEGER", "treat_ms INTEGER",
                 "sealed TEXT"),
    "faults": ("participant TEXT", "visit INTEGER", "at INTEGER", "seal TEXT", "sealed TEXT"),
}  # fmt: skip
Row = tuple[Any, ...]


@dataclass
class Pull:
    """One folder's journal; `labels` are the places where the same bytes were read."""

    files: dict[str, bytes]
    labels: set[str] = field(default_factory=set)


@dataclass
class Kept:
    """What was collected so far: pulls by their digest, and why a label could not be read."""

    pulls: dict[str, Pull] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)


def read_kept(path: Path) -> Kept:
    """What was collected so far. Raises BadInput."""
    kept = Kept()
    if not path.exists():
        return kept
    with open_database(path) as base:
        for pull, name, content in base.execute("SELECT pull, name, content FROM segments"):
            kept.pulls.setdefault(pull, Pull({})).files[name] = content
        for pull, label in base.execute("SELECT pull, label FROM pulls"):
            kept.pulls[pull].labels.add(label)
        kept.unreadable.update(base.execute("SELECT label, said FROM unreadable").fetchall())
    return kept


def read_tables(path: Path, names: Iterable[str]) -> dict[str, list[Row]]:
    """The rows of some tables, as they are in the file. Raises BadInput."""
    with open_database(path) as base:
        return {
            name: [tuple(row) for row in base.execute(f"SELECT * FROM {name}")] for name in names
        }


@contextmanager
def open_database(path: Path) -> Iterator[sqlite3.Connection]:
    """Yield the file, opened read-only. Raises BadInput."""
    if not path.exists():
        raise BadInput(f"{path}: is not there: `trial collect` makes it")
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as base:
            base.row_factory = sqlite3.Row
            version = base.execute("SELECT value FROM meta WHERE name = 'version'").fetchone()
            if version is None or version[0] != str(VERSION):
                raise BadInput(
                    f"{path}: is of another version: read it with the release that wrote it; keep"
                    " it, it may hold the only copy of earlier pulls"
                )
            yield base
    except sqlite3.OperationalError as why:
        if "lock" in str(why):
            raise BadInput(f"{path}: another program holds it: close that, and try again") from None
        raise BadInput(f"{path}: cannot be opened: {why}: see whether you may read it") from None
    except (sqlite3.Error, KeyError) as why:
        raise BadInput(
            f"{path}: is damaged ({why}): put a copy of it in its place; keep this one, it may hold"
            " the only copy of earlier pulls"
        ) from None


def write_database(path: Path, kept: Kept, derived: Mapping[str, Iterable[Row]]) -> None:
    """Write the file anew, whole or not at all. Raises BadInput."""
    rows: dict[str, Iterable[Row]] = {
        "pulls": [(pull, label) for pull, one in kept.pulls.items() for label in one.labels],
        "unreadable": list(kept.unreadable.items()),
        "segments": [
            (pull, name, content) for pull, one in kept.pulls.items()
            for name, content in one.files.items()
        ],
        **derived,
        "meta": [*derived.get("meta", ()), ("version", str(VERSION))],
    }  # fmt: skip
    with write_whole(path) as part:
        try:
            with closing(sqlite3.connect(part)) as base, base:
                for name, columns in TABLES.items():
                    base.execute(f"CREATE TABLE {name} ({', '.join(columns)})")
                    marks = ", ".join("?" * sum(not one.startswith("PRIMARY") for one in columns))
                    base.executemany(
                        f"INSERT INTO {name} VALUES ({marks})", sorted(rows.get(name, ()), key=repr)
                    )
        except sqlite3.Error as why:
            raise BadInput(f"{path}: cannot be written: {why}") from None
