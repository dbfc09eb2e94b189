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

    def move_on(self, hal: "Hal") -> bool:
        """A session begins: the journal's next key. False where that cannot be kept."""
        if not self.journal:
            return True
        before = self.journal
        self.journal = mac.forward(before)
        self.index += 1
        if hal.store(FILE, self.content()):
            return True
        self.journal = before
        self.index -= 1
        return False

    def take(self, number: int, hal: "Hal") -> bool:
        """A prescription of this number was taken. False where that cannot be kept."""
        if number <= self.number:
            return True
        before = self.number
        self.number = number
        if hal.store(FILE, self.content()):
            return True
        self.number = before
        return False
