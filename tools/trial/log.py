"""Log of a trial: what people did, as a hash chain of JSON lines.

Called by the commands of `waistband trial`; reads and writes log.jsonl.

    {"n": 2, "at": "2026-11-27T14:00:00Z", "kind": "enrol", ..., "prev": "...", "hash": "..."}

`hash` is the SHA-256 of the line up to `, "hash"`, without a key: whoever rewrites the whole log
can compute it anew. Each command prints the code of the last entry; noted down elsewhere, the code
shows a rewriting.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from firmware.records import json_codec, mac
from sim.common import validate
from sim.common.errors import BadInput
from tools.common.files import write_whole

FILE = "log.jsonl"
FIRST = "0" * mac.HEX
BYTES_MAX = 4_000_000


@dataclass(frozen=True)
class Entry:
    """One line of the log."""

    n: int
    at: str
    kind: str
    row: dict[str, Any]
    hash: str

    @property
    def code(self) -> str:
        """Eight characters of the hash to note down."""
        return mac.receipt_code(self.hash)


def render_entry(n: int, at: str, kind: str, fields: dict[str, object], prev: str) -> bytes:
    """An entry's bytes without the newline."""
    names = ("n", "at", "kind", *fields, "prev")
    body = json_codec.text(names, (n, at, kind, *fields.values(), prev))[:-1]
    return body + b', "hash": "' + mac.hmac_hex(b"", body).encode() + b'"}'


def read_log(folder: Path) -> list[Entry]:
    """The whole log, its chain checked. Raises BadInput."""
    path = folder / FILE
    return list(parse_log(validate.read_bytes(path, BYTES_MAX), str(path)))


def parse_log(content: bytes, where: str) -> Iterator[Entry]:
    """The entries of a log, each checked against the one before. Raises BadInput."""
    prev = FIRST
    lines = content.split(b"\n")
    if lines.pop():
        raise BadInput(f"{where}:{len(lines) + 1}: the line has no end: the log was cut short")
    for n, line in enumerate(lines):
        row = json_codec.parse(line)
        kind, at = row.get("kind"), row.get("at")
        body, between, _ = line.rpartition(b', "hash": "')
        good = between and row.get("hash") == mac.hmac_hex(b"", body) and row.get("prev") == prev
        if not good or row.get("n") != n or not isinstance(kind, str) or not isinstance(at, str):
            text = f"{where}:{n + 1}: does not go on with the line before: the log was altered"
            raise BadInput(text)
        prev = str(row["hash"])
        yield Entry(n, at, kind, row, prev)
    if prev == FIRST:
        raise BadInput(f"{where}: is empty: the log was cut short")


def append_entry(folder: Path, kind: str, fields: dict[str, object]) -> Entry:
    """Append an entry. Raises BadInput."""
    path = folder / FILE
    content = validate.read_bytes(path, BYTES_MAX)
    last = list(parse_log(content, str(path)))[-1]
    at = format_now()
    new = render_entry(last.n + 1, at, kind, fields, last.hash)
    if len(content) + len(new) >= BYTES_MAX:
        raise BadInput(f"{path}: is full")
    with write_whole(path) as part:
        part.write_bytes(content + new + b"\n")
    row = json.loads(new)
    return Entry(last.n + 1, at, kind, row, row["hash"])


def format_now() -> str:
    """The present time, UTC, ISO 8601."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
