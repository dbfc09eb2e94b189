"""A unit's ticket: which trial it is in, for whom, by what protocol; and, sealed, its arm.

    {"seal": "<64 digits>", "signed": {"arm": "<64>", "key": "<64>", "participant": "P-07",
     "protocol": {...}, "salt": "<32>", "trial": "NAME", "unit": "WB-0001"}}

In the form of `firmware.records.signed_prescription`, with a key of its own, derived from that of
prescriptions. The arm is one of two HMACs, which only a holder of that key can tell apart; `key`,
likewise covered, is what the unit seals its records with (`firmware.records.encrypted`). No
message here says which arm it is.
"""

import binascii

from firmware.core.validate import Refused, quote, read_text, require_keys
from firmware.records import json_codec, mac
from firmware.records.signed_prescription import BEFORE, payload

TYPE_CHECKING = False
if TYPE_CHECKING:
    from firmware.records.keys import Keys

FILE = "trial.json"
KEYS = ("arm", "key", "participant", "protocol", "salt", "trial", "unit")
PURPOSE = b"ticket"  # of the key, as `mac.derive_key` takes it
SALT_HEX = 32
THERAPY, PLACEBO = b"therapy ", b"placebo "  # before the salt, as the arm's HMAC covers them
KEY = b"key "

PROTOCOL_KEYS = (
    "visits", "interval_days", "window_days", "baseline_therapy", "rate_after", "guess",
    "ill_effects", "movements",
)  # fmt: skip
VISITS_MIN, VISITS_MAX = 2, 20
INTERVAL_MAX_DAYS = 60
MOVEMENTS_MAX = 8
MOVEMENT_MAX = 16  # characters: a row of the screen
OVERALL = "Overall"  # the first item, as the journal names it


def whole(table: "dict[str, object]", key: str, low: int, high: int) -> int:
    """An integer of the protocol, within limits. Raises Refused."""
    value = table[key]
    if not json_codec.whole(value, low, high):
        raise Refused(
            "protocol." + key + " is " + quote(value) + ": a whole number from " + str(low)
            + " to " + str(high)
        )  # fmt: skip
    assert isinstance(value, int)
    return value


def truth(table: "dict[str, object]", key: str) -> bool:
    """True or false, of the protocol. Raises Refused."""
    value = table[key]
    if not isinstance(value, bool):
        raise Refused("protocol." + key + " is " + quote(value) + ": true or false")
    return value


def digits(table: "dict[str, object]", key: str, length: int) -> bytes:
    """So many hexadecimal digits of the ticket, in lower case. Raises Refused."""
    value = table[key]
    if not isinstance(value, str) or len(value) != length or value.strip("0123456789abcdef"):
        raise Refused("the ticket's " + key + " is no " + str(length) + " hexadecimal digits")
    return value.encode()


def movements_of(value: object) -> "list[str]":
    """The movements that are rated, each once; none may be. Raises Refused."""
    if not isinstance(value, list) or len(value) > MOVEMENTS_MAX:
        raise Refused(
            "protocol.movements is " + quote(value) + ": a list of at most " + str(MOVEMENTS_MAX)
        )
    seen: list[str] = [OVERALL]
    for text in value:
        if (
            not isinstance(text, str)
            or not 0 < len(text) <= MOVEMENT_MAX
            or not (" " <= min(text) <= max(text) <= "~")
        ):
            raise Refused(
                "a movement is " + quote(text) + ": 1 to " + str(MOVEMENT_MAX)
                + " characters of plain ASCII"
            )  # fmt: skip
        if text in seen:
            raise Refused("the movement " + quote(text) + " stands there twice, or is the first")
        seen.append(text)
    return seen[1:]


class Protocol:
    """What is done at which visit, and when visits are due."""

    def __init__(self, protocol: object) -> None:
        """From what `json` gives. Raises Refused with the key, its value and what is allowed."""
        table = require_keys("the protocol", protocol, PROTOCOL_KEYS)
        self.visits = whole(table, "visits", VISITS_MIN, VISITS_MAX)
        self.interval_days = whole(table, "interval_days", 1, INTERVAL_MAX_DAYS)
        # windows of two visits never meet
        self.window_days = whole(table, "window_days", 0, (self.interval_days - 1) // 2)
        self.baseline_therapy = truth(table, "baseline_therapy")
        self.rate_after = truth(table, "rate_after")
        self.guess = truth(table, "guess")
        self.ill_effects = truth(table, "ill_effects")
        self.movements = movements_of(table["movements"])
        self.shown = [text.encode() for text in self.movements]  # as the screen takes them


class Ticket:
    """A ticket that was taken."""

    def __init__(self, table: "dict[str, object]", key: bytes) -> None:
        """From what is signed, and the key of tickets. Raises Refused."""
        self.trial = read_text("trial", table["trial"])
        self.participant = read_text("participant", table["participant"])
        self.protocol = Protocol(table["protocol"])
        salt = digits(table, "salt", SALT_HEX)
        arm = digits(table, "arm", mac.HEX)
        covered = binascii.unhexlify(digits(table, "key", mac.HEX))
        lit = mac.is_equal(arm, mac.hmac_hex(key, THERAPY + salt).encode())
        self.masked = mac.is_equal(arm, mac.hmac_hex(key, PLACEBO + salt).encode())
        if lit == self.masked:
            raise Refused("the ticket's arm cannot be read: get a new ticket")
        cover = binascii.unhexlify(mac.hmac_hex(key, KEY + salt))
        self.key = bytes([a ^ b for a, b in zip(covered, cover)])


def verify(content: bytes, unit_keys: "Keys", serial: str) -> Ticket:
    """The ticket in a file's bytes. Raises Refused where it is not this unit's, or was altered."""
    if unit_keys.broken:
        raise Refused("the unit's keys cannot be read, so that its ticket cannot: install them")
    if not unit_keys.prescription:
        raise Refused("there is a ticket and the unit has no key: install its key")
    inner = payload(content)
    if not inner:
        raise Refused("the ticket cannot be read: copy it again")
    key = mac.derive_key(unit_keys.prescription, PURPOSE)
    said = content.strip()[len(BEFORE) : len(BEFORE) + mac.HEX]
    if not mac.is_equal(said, mac.hmac_hex(key, inner).encode()):
        raise Refused("the ticket was altered, or is for a unit with another key")
    table = require_keys("the ticket", json_codec.parse(inner), KEYS)
    if table["unit"] != serial:
        raise Refused("the ticket is for unit " + quote(table["unit"]) + ", not this one")
    return Ticket(table, key)
