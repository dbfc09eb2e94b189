"""Cheating staff of a trial: what they can do with what they hold. For tests.

`reseal_visit` changes ratings and makes every tag from there on anew, as somebody can who has a
journal key; `find_keys` looks for one in everything that a folder holds.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from firmware.records import mac
from tools.journal.reader import NEXT, SEAL_BYTES

Change = Callable[[dict[str, Any]], dict[str, Any]]
KEY = re.compile(rb"[0-9a-f]{64}")


def find_keys(folder: Path) -> set[bytes]:
    """Whatever in the folder's files could be a journal key."""
    found: set[bytes] = set()
    for path in folder.rglob("*"):
        if path.is_file() and path.suffix != ".sqlite":
            found |= {bytes.fromhex(one.decode()) for one in KEY.findall(path.read_bytes())}
    return found


def tag(key: bytes, index: int, body: bytes) -> str:
    """The tag of a record, made with the key of an index; without a key, a plain hash."""
    if not key:
        return hashlib.sha256(body).hexdigest()
    for _ in range(index):
        key = hmac.digest(key, NEXT, "sha256")
    return hmac.digest(key, body, "sha256").hex()


def fits(keys: Iterable[bytes], content: bytes) -> bytes:
    """The key of index 0 among `keys` that made a journal's records; empty where none did."""
    line = content.split(b"\n")[0]
    index = json.loads(line)["key"]
    seal = json.loads(line)["seal"]
    return next((key for key in keys if tag(key, index, line[:-SEAL_BYTES]) == seal), b"")


def reseal(content: bytes, change: Change, key: bytes, index: int = 0) -> bytes:
    """The journal with each record changed by `change`, and every tag from the first change on
    made anew with the key of this index."""
    out = []
    prev = None
    for line in content.splitlines():
        row = json.loads(line)
        del row["seal"]
        changed = change(dict(row))
        if changed == row and prev is None:
            out.append(line)
            continue
        changed["prev"] = prev or row["prev"]
        body = json.dumps(changed)[:-1].encode()
        prev = tag(key, changed["key"] - index, body)
        out.append(body + b', "seal": "' + prev.encode() + b'"}')
    return b"\n".join(out) + b"\n"


def no_pain(visit: int) -> Change:
    """Every rating of a visit is 0."""

    def change(row: dict[str, Any]) -> dict[str, Any]:
        if row["kind"] == "rating" and row["visit"] == visit:
            row["value"] = 0
        return row

    return change


def keep_seals(content: bytes, change: Change) -> bytes:
    """The journal with its records changed and its tags left as they were."""
    lines = []
    for line in content.splitlines():
        row = json.loads(line)
        lines.append(json.dumps(change(row)).encode())
    return b"\n".join(lines) + b"\n"


def receipt(content: bytes, visit: int) -> str:
    """The receipt that the unit showed at the end of a visit."""
    rows = [json.loads(line) for line in content.splitlines()]
    (done,) = [
        row["seal"] for row in rows
        if row["kind"] == "visit" and (row["visit"], row["stage"]) == (visit, "done")
    ]  # fmt: skip
    return mac.receipt_code(done)
