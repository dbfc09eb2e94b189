"""The unit's keys, as `waistband key install` put them there.

Two, derived from one that only the clinic has: one to check prescriptions with, which stays, and
the journal's, which moves forward with each session and is gone then. With them stands the
number of the last prescription that was taken, so that an older one cannot come again.
"""

from firmware.records import json_codec, mac

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hal.contract import Hal

FILE = "keys.json"
NAMES = ("prescription", "journal", "key", "number")


class Keys:
    """The unit's keys: for prescriptions, and the journal's, which moves forward."""

    def __init__(self, content: "bytes | None") -> None:
        """From the file; none where there is no file, and `broken` where it cannot be read."""
        self.prescription = self.journal = b""
        self.index = 0  # of the journal's key
        self.number = 0  # of the last prescription that was taken
        self.broken = False
        if content is None:
            return
        table = json_codec.parse(content)
        try:
            for key in NAMES[:2]:
                if len(str(table[key])) != mac.HEX:
                    raise ValueError
            self.prescription = bytes.fromhex(str(table["prescription"]))
            self.journal = bytes.fromhex(str(table["journal"]))
            index, number = table["key"], table["number"]
            if not (
                json_codec.whole(index, 0, json_codec.MOST)
                and json_codec.whole(number, 0, json_codec.MOST)
            ):
                raise ValueError
            assert isinstance(index, int) and isinstance(number, int)
            self.index = index
            self.number = number
        except (KeyError, ValueError):
            self.broken = True

    def content(self) -> bytes:
        """The file's content."""
        return json_codec.text(
            NAMES, (self.prescription.hex(), self.journal.hex(), self.index, self.number)
        )

    def advance(self, hal: "Hal") -> bool:
        """A session begins: replace the journal's key by the next. False where that cannot be
        stored."""
        if not self.journal:
            return True
        return self._store(hal, mac.next_key(self.journal), self.index + 1, self.number)

    def accept_number(self, number: int, hal: "Hal") -> bool:
        """A prescription of this number was accepted. False where that cannot be stored."""
        return number <= self.number or self._store(hal, self.journal, self.index, number)

    def _store(self, hal: "Hal", journal: bytes, index: int, number: int) -> bool:
        before = self.journal, self.index, self.number
        self.journal, self.index, self.number = journal, index, number
        if hal.store(FILE, self.content()):
            return True
        self.journal, self.index, self.number = before
        return False
