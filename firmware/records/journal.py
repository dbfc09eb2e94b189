"""The journal: one JSON line a record, each sealed over itself and the seal of the one before.

    {"n": 7, "at": 817344000, "latest": 817344000, "up_s": 12, "kind": "session", ...,
     "kept": [12, 1, 0], "key": 3, "prev": "<seal of record 6>", "seal": "<64 digits>"}

`n` counts without a gap; `at` is the trusted time (seconds since 2000, null without one), `latest`
the latest that it ever was, `up_s` the time since the unit was switched on; `kept` are the
versions of day.json, fault.json and visit.json beside it; `key` tells with which of the journal's
keys the line is sealed, up to `, "seal"`. Without a key the seals are plain hashes: they show what
was lost, not what was forged.

Key ratchet: a key that sealed a record is replaced by its hash within a second, with a session's
record at once, and before a boot's record where a loss of power came in between. So the indices of
a chain rise by 0 or 1 from record to record.

The lines lie in eight files, written one after the other. The next one is begun anew when the
present one is full, with a record of its own that goes on with the chain; so the oldest eighth
goes. Nothing is written but in the dark. What cannot be written waits, and no session begins.
"""

from firmware.core.clock import Clock
from firmware.records import json_codec, mac
from firmware.records.keys import FRESH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from firmware.records.keys import Keys
    from hal.contract import Hal

# Of the records; a boot record names it. Whoever changes the fields of a record raises it, keeps
# the old lists in tools/journal/schema.py and an old journal in tests/data/journals.
FORMAT = 2
DAY, FAULT, VISIT = range(3)  # of `kept`
SEGMENTS = 8
SEGMENT_BYTES = 32_000  # a file is full beyond: 256 KB in all
LINE_MAX = 1_200  # bytes of a record, by far
WAITING_MAX = 16  # records that may wait for the dark; beyond, they are counted
RECEIPT_BYTES = 8_192  # in which the last session's end is looked for
FIRST = "0" * mac.HEX  # what the first record of a unit has before it


def name(segment: int) -> str:
    """The file of a segment."""
    return "journal." + str(segment)


def read_versions(value: object) -> "list[int]":
    """`kept` of a record: zeros where it has none."""
    versions = [0, 0, 0]
    if isinstance(value, list) and len(value) == len(versions):
        for k in range(len(versions)):
            if json_codec.whole(value[k], 0, json_codec.MOST):
                versions[k] = value[k]
    return versions


class Journal:
    """The end of the chain, and what waits to be written."""

    def __init__(self, hal: "Hal", keys: "Keys") -> None:
        self.hal = hal
        self.clock = Clock(hal)  # the unit's
        self.keys = keys
        self.n = -1  # of the last record
        self.latest = 0  # the latest that the clock was when something was written
        self.seal = FIRST
        self.segment = 0
        self.size = 0  # of the present segment, bytes
        self.torn = False  # its last line has no end
        self.waiting: list[tuple[str, tuple[str, ...], tuple[object, ...]]] = []
        self.dropped = 0  # records that found no room to wait
        self.open = False  # a session began
        self.receipt = b""  # of the last session, once its end is written; none once another began
        self.key = -1  # of the last record: its key's index
        self.used = False  # the present key has sealed a record,
        self.stale = False  # before a reset: it must seal no other
        self.kept = [0, 0, 0]  # versions of the files that records name, as they are,
        self.seen = [0, 0, 0]  # and as the last record that was found has them
        self.found = False  # where the chain ends
        self.broken = False  # a segment is there and cannot be read: nothing may be written

    def find(self) -> bool:
        """Look for the end of the chain; takes some tens of milliseconds. False where a segment is
        there and cannot be read: the end may lie in it, and whatever was written would fork the
        chain."""
        self.n = -1
        self.broken = False
        for segment in range(SEGMENTS):
            self._find_in(segment)
        self.clock.remember(self.latest)
        keys = self.keys
        self.used = self.stale = self.key == keys.key and len(keys.journal) > 0
        if not self._find_receipt(self.segment):
            self._find_receipt((self.segment - 1) % SEGMENTS)
        self.found = not self.broken
        return self.found

    def _find_in(self, segment: int) -> None:
        """Go on from this segment, if its last whole line is the latest so far."""
        size = self.hal.size(name(segment))
        if size is None:
            return
        content = self.hal.tail(name(segment), 2 * LINE_MAX) if size > 0 else b""
        if not content:
            self.broken = True
            return
        lines = content.split(b"\n")
        for k in range(len(lines) - 1, -1, -1):
            row = json_codec.parse(lines[k])
            n, sealed = row.get("n"), row.get("seal")
            latest, key = row.get("latest"), row.get("key")
            if not json_codec.whole(n, 0, json_codec.MOST) or not isinstance(sealed, str):
                continue
            assert isinstance(n, int)
            if n > self.n and len(sealed) == mac.HEX:
                self.n, self.seal, self.segment, self.size = n, sealed, segment, size
                self.torn = bool(lines[len(lines) - 1])
                self.latest = latest if isinstance(latest, int) else 0
                self.key = key if isinstance(key, int) else 0
                self.seen = read_versions(row.get("kept"))
            return

    def _find_receipt(self, segment: int) -> bool:
        """Whether the last session's end was found, or that there is none: its receipt."""
        if not (self.hal.size(name(segment)) or 0) > 0:
            return False
        content = self.hal.tail(name(segment), RECEIPT_BYTES) or b""
        lines = content.split(b"\n")
        for k in range(len(lines) - 1, -1, -1):
            row = json_codec.parse(lines[k])
            kind = row.get("kind")
            if kind == "end":
                self.receipt = mac.receipt_code(str(row.get("seal"))).encode()
            elif kind == "boot" and "receipt" in row:
                self.receipt = str(row["receipt"]).encode()
            elif kind != "session":
                continue
            return True
        return False

    def is_cut(self) -> bool:
        """Whether records are missing at the journal's end: the key is further on than they."""
        return self.keys.key > self.key + 1 and self.keys.since != FRESH

    def distrust_keys(self) -> str:
        """What is wrong with the keys by what the journal's last record says: "gone", "older",
        or nothing. Keys that were just installed are noted to be of this journal."""
        keys = self.keys
        if not keys.journal:
            return "gone" if self.key > 0 and not keys.broken else ""
        if keys.since == FRESH and (keys.key == 0 or keys.key >= self.key):
            keys.since = self.n  # stored with the next key
        return "older" if keys.key < self.key and self.n > keys.since else ""

    def add(self, kind: str, keys: "tuple[str, ...]", values: "tuple[object, ...]") -> None:
        """Have a record written as soon as it is dark and nobody waits."""
        if len(self.waiting) >= WAITING_MAX:
            self.dropped += 1
            return
        self.waiting.append((kind, keys, values))

    def clock_s(self) -> "int | None":
        """The trusted time; None where there is none. Time does not go back: where the clock does,
        this is the latest that was ever written down."""
        return self.clock.now_s()

    def is_full(self) -> bool:
        """Whether the next record begins another segment."""
        return self.size > SEGMENT_BYTES

    def write(self, up_s: int) -> bool:
        """Write what waits; only while dark. False where something is left."""
        if self.broken or (self.stale and not self.ratchet()):
            return False
        at = self.clock.now_s() if self.waiting else None
        while self.waiting:
            if (self.is_full() and not self._begin_segment(at, up_s)) or not self._append(at, up_s):
                return False
            self.waiting.pop(0)
            if self.dropped and not self.waiting:
                self.add("dropped", ("records",), (self.dropped,))
                self.dropped = 0
        return True

    def ratchet(self) -> bool:
        """Replace the key by the next, if it sealed a record; only while dark. False where that
        cannot be stored."""
        if self.used and not self.keys.advance(self.hal):
            return False
        self.used = self.stale = False
        return True

    def begin(self, keys: "tuple[str, ...]", values: "tuple[object, ...]", up_s: int) -> bool:
        """A session: its record is there before any light, and its key is gone. False where that
        cannot be kept."""
        if not self.write(up_s):
            return False
        self.open = True
        self.add("session", keys, values)
        return self.write(up_s) and self.ratchet()

    def end(self, keys: "tuple[str, ...]", values: "tuple[object, ...]") -> None:
        """The session is over, or a lit self-test that began none."""
        self.add("end" if self.open else "test", keys, values)
        self.open = False

    def _line(
        self, at: "int | None", up_s: int, kind: str, keys: "tuple[str, ...]",
        values: "tuple[object, ...]",
    ) -> "tuple[bytes, str]":  # fmt: skip
        """The record after the last, and its seal."""
        self.latest = max(self.latest, at or 0)
        body = json_codec.text(
            ("n", "at", "latest", "up_s", "kind") + keys + ("kept", "key", "prev"),
            (self.n + 1, at, self.latest, up_s, kind)
            + values
            + (self.kept, self.keys.key, self.seal),
        )[:-1]
        sealed = mac.hmac_hex(self.keys.journal, body)
        return body + b', "seal": "' + sealed.encode() + b'"}\n', sealed

    def _append(self, at: "int | None", up_s: int) -> bool:
        kind, keys, values = self.waiting[0]
        line, sealed = self._line(at, up_s, kind, keys, values)
        if self.torn:
            line = b"\n" + line  # what was torn stays, as a line that is no record
        if not self.hal.append(name(self.segment), line):
            return False
        self._extend_chain(self.segment, self.size + len(line), sealed)
        if kind == "end":
            self.receipt = mac.receipt_code(sealed).encode()
        elif kind == "session":
            self.receipt = b""
        return True

    def _begin_segment(self, at: "int | None", up_s: int) -> bool:
        """Begin the next segment, whatever it held, with a record that goes on with the chain."""
        segment = (self.segment + 1) % SEGMENTS
        line, sealed = self._line(at, up_s, "segment", (), ())
        if not self.hal.store(name(segment), line):
            return False
        self._extend_chain(segment, len(line), sealed)
        return True

    def _extend_chain(self, segment: int, size: int, sealed: str) -> None:
        """A record was written: the chain ends with it."""
        self.segment, self.size, self.torn = segment, size, False
        self.n += 1
        self.seal = sealed
        self.key = self.keys.key
        self.used = len(self.keys.journal) > 0
