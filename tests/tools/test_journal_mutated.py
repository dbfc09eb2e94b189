"""A hundred thousand altered journals, and none is accepted.

MUTATED=100000 in the environment makes so many, in the place of 300.
"""

import itertools
import json
import os
import re
from collections.abc import Callable
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.records import journal, json_codec, mac
from tests.support.journals import OTHER, LongUsed, segments, unit_journal
from tests.tools.test_journal_verify import Files, lines, verified

MUTATED = int(os.environ.get("MUTATED", "300"))


def altered(rows: list[bytes], random: Random) -> bytes:
    """One byte is another."""
    content = bytearray(b"".join(rows))
    at = random.randrange(len(content))
    content[at] = (content[at] + random.randrange(1, 256)) % 256
    return bytes(content)


def dropped(rows: list[bytes], random: Random) -> bytes:
    """A line, or a few, are gone."""
    at = random.randrange(len(rows))
    return b"".join(rows[:at] + rows[at + random.randint(1, 3) :])


def swapped(rows: list[bytes], random: Random) -> bytes:
    """Two lines are in each other's place."""
    one, other = random.sample(range(len(rows)), 2)
    rows[one], rows[other] = rows[other], rows[one]
    return b"".join(rows)


def inserted(rows: list[bytes], random: Random) -> bytes:
    """A line stands there that was elsewhere, in this journal or in another unit's."""
    other = unit_journal(OTHER).files["journal.0"].splitlines(keepends=True)
    rows.insert(random.randrange(len(rows) + 1), random.choice(rows + other))
    return b"".join(rows)


def stuffed(rows: list[bytes], random: Random) -> bytes:
    """Some bytes stand somewhere."""
    content = b"".join(rows)
    at = random.randrange(len(content))
    return content[:at] + random.randbytes(random.randint(1, 40)) + content[at:]


def truncated(rows: list[bytes], random: Random) -> bytes:
    """The end is gone; more of it than the last line's own end."""
    content = b"".join(rows)
    return content[: -random.randint(2, len(content))]


def replayed(rows: list[bytes], random: Random) -> bytes:
    """A stretch is another unit's, of the same serial."""
    other = unit_journal(OTHER).files["journal.0"].splitlines(keepends=True)
    at = random.randrange(len(rows))
    until = random.randint(at + 1, len(rows))
    return b"".join(rows[:at] + other[at:until] + rows[until:])


def forged(rows: list[bytes], random: Random) -> bytes:
    """A number is another, and the seals from there on are made anew with what is at hand."""
    at = random.randrange(len(rows))
    numbers = list(re.finditer(rb": \[?(\d+)", rows[at][: rows[at].index(b', "key"')]))
    one = random.choice(numbers)
    digits = str(int(one[1]) + random.randint(1, 1_000)).encode()
    rows[at] = rows[at][: one.start(1)] + digits + rows[at][one.end(1) :]
    index = random.randint(0, 4)
    key = random.choice((b"", OTHER.journal, bytes(32)))
    prev = journal.FIRST if at == 0 else json.loads(rows[at - 1])["seal"]
    new = rows[:at]
    for n, row in enumerate(rows[at:], at):
        table = json_codec.parse(row)
        table |= {"n": n, "prev": prev, "key": index if key else 0}
        del table["seal"]
        body = json.dumps(table).encode()[:-1]
        prev = mac.hmac_hex(key, body)
        new.append(body + f', "seal": "{prev}"}}\n'.encode())
    return b"".join(new)


WAYS: tuple[Callable[[list[bytes], Random], bytes], ...] = (
    altered, dropped, swapped, inserted, stuffed, truncated, replayed, forged,
)  # fmt: skip


def test_no_mutated_journal_is_accepted() -> None:
    unit = unit_journal()
    accepted, tried = [], 0
    for seed in itertools.count():
        random = Random(seed)
        content = random.choice(WAYS)(lines(), random)
        if content == unit.files["journal.0"]:
            continue
        if not verified({"journal.0": content}, codes=unit.receipts).wrong:
            accepted.append(seed)
        tried += 1
        if tried == MUTATED:
            break
    assert accepted == []


@given(seed=st.integers(0, 2**48))
@settings(max_examples=60)
def test_a_journal_of_several_files_is_not_accepted_with_one_of_them_changed(seed: int) -> None:
    files, receipts = several()
    random = Random(seed)
    name = random.choice(sorted(files))
    rows = files[name].splitlines(keepends=True)
    content = random.choice(WAYS[:7])(rows, random)
    if content != files[name]:
        assert verified({**files, name: content}, codes=receipts).wrong


def several(unit: LongUsed = LongUsed()) -> tuple[Files, tuple[str, ...]]:  # noqa: B008
    """A journal of three files that ends with a session, and its receipts."""
    while len(segments(unit.hal.files)) < 3:
        unit.use()
    return segments(unit.hal.files), tuple(unit.receipts)


def test_every_way_is_tried() -> None:
    for way, seed in itertools.product(WAYS, range(3)):
        assert way(lines(), Random(seed)) != unit_journal().files["journal.0"]
