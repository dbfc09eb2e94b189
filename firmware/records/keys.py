"""The unit's keys: `waistband key install` writes them, the unit moves the journal's key forward.

Made by `firmware.parts`; stored while dark by the journal, signed commands and
`firmware.waistband`.
Both keys are derived from one that only the clinic has. The prescription key stays. The journal's
key is replaced by its hash once it sealed a record.

| field | meaning |
|---|---|
| `prescription` | key of prescriptions, calibrations and commands |
| `journal`, `key` | the journal's next key, and its index |
| `number`, `taken` | the last prescription that was taken: its number, 16 digits of its seal |
| `since` | the journal's last record when this key was installed; FRESH: not seen yet |
| `command` | number of the last signed command that was obeyed |
| `calibrated` | date of the latest calibration that was taken |

Files of earlier releases lack `taken` and what follows it.
"""

from firmware.records import json_codec, mac

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hal.contract import Hal

FILE = "keys.json"
FRESH = -2  # `since` of keys that this unit's journal has not seen yet
LATER = {"taken": "", "since": FRESH, "command": 0, "calibrated": ""}
NAMES = ("prescription", "journal", "key", "number", "taken", "since", "command", "calibrated")


class Keys:
    """What the file holds; no keys where there is no file."""

    def __init__(self, content: "bytes | None") -> None:
        """From the file; none where there is no file, and `broken` where it cannot be read."""
        self.prescription = self.journal = b""
        self.key = 0  # index of the journal's key
        self.number = 0
        self.taken = ""
        self.since = FRESH
        self.command = 0
        self.calibrated = ""
        self.broken = False
        if content is None:
            return
        table = json_codec.parse(content)
        try:
            for name in NAMES[:2]:
                digits = table[name]
                if not isinstance(digits, str) or len(digits) != mac.HEX:
                    raise ValueError
                setattr(self, name, bytes.fromhex(digits))
            for name in NAMES[2:]:
                value = table.get(name, LATER.get(name))
                if not (
                    isinstance(value, str)
                    if isinstance(LATER.get(name), str)
                    else json_codec.whole(value, FRESH, json_codec.MOST)
                    and (name == "since" or value >= 0)  # type: ignore[operator]
                ):
                    raise ValueError
                setattr(self, name, value)
        except (KeyError, ValueError):
            self.broken = True

    def content(self) -> bytes:
        """The file's content."""
        return json_codec.text(
            NAMES,
            (self.prescription.hex(), self.journal.hex())
            + tuple([getattr(self, name) for name in NAMES[2:]]),
        )

    def keep(self, hal: "Hal", changes: "dict[str, object]") -> bool:
        """Change these fields and store the file; only while dark. False, and nothing changed,
        where it cannot be stored."""
        before = [(name, getattr(self, name)) for name in changes]
        for name in changes:
            setattr(self, name, changes[name])
        if hal.store(FILE, self.content()):
            return True
        for name, value in before:
            setattr(self, name, value)
        return False

    def advance(self, hal: "Hal") -> bool:
        """Replace the journal's key by the next one. False where that cannot be stored."""
        return not self.journal or self.keep(
            hal, {"journal": mac.next_key(self.journal), "key": self.key + 1}
        )

    def accept(self, number: int, taken: str, date: str, hal: "Hal") -> bool:
        """A prescription of this number and seal was accepted, and a calibration of this date.
        False where that cannot be stored."""
        if not self.prescription or (
            number <= self.number and taken == self.taken and date <= self.calibrated
        ):
            return True
        return self.keep(hal, {"number": number, "taken": taken, "calibrated": date})
