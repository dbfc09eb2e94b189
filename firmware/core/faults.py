"""The faults by name, and the latch that keeps them.

A fault is a bit that stays set until its cause is gone **and** a person
acknowledged it. The first cause is kept, with the pad, the value and the limit
that it broke, in raw codes or in the unit named here.
"""

from firmware.core.limits import CLOCK_MASK

NTC_OPEN = 0
NTC_SHORT = 1
CONTACT_HOT = 2
CONTACT_APART = 3
CONTACT_LOST = 4
CONTACT_GARBAGE = 5
BOARD_HOT = 6
BOARD_LOST = 7
BOARD_GARBAGE = 8
LED_OPEN = 9
LED_STUCK_ON = 10
ENABLE_STUCK = 11
SUPPLY_OPEN = 12
RAIL_LOST = 13
BATTERY_EMPTY = 14  # ends a session and holds until charged: never latched here
PAD_UNPLUGGED = 15  # its thermistor open and its contact thermometer silent
CONTACT_STILL = 16  # a contact sensor that never moves
CONTACT_JUMP = 17  # ... or faster than anything that touches skin
CONTACT_LOOSE = 18  # both read far below an LED board that is no warmer than its power makes it
OFF_SKIN = 19  # warms faster than on any skin
RAIL_APART = 20  # the LED supply's current is not that of the duty
KEPT_UNREADABLE = 21  # a hard fault was kept, and its name is lost
SKIN_LOST = 22  # a skin sensor is silent
LED_GAIN = 23  # a bank's driver gives another current than when the unit was calibrated
SET_UP_LOST = 24  # a part loses its set-up again and again

# name, unit of value and limit
FAULTS = (  # by number
    ("ntc_open", "code"),
    ("ntc_short", "code"),
    ("contact_hot", "mc"),
    ("contact_apart", "mc"),
    ("contact_lost", "ms"),
    ("contact_garbage", "mc"),
    ("board_hot", "mc"),
    ("board_sensor_lost", "ms"),
    ("board_garbage", "mc"),
    ("led_open", "0.1 ma"),
    ("fet_stuck_on", "0.1 ma"),
    ("enable_stuck", "0.1 ma"),
    ("supply_open", "0.1 ma"),
    ("rail_lost", "ms"),
    ("battery_empty", "code"),
    ("pad_unplugged", "code"),
    ("contact_still", "steps"),
    ("contact_jump", "mc"),
    ("contact_loose", "mc"),
    ("off_skin", "mc"),
    ("rail_apart", "0.1 ma"),
    ("kept_unreadable", ""),
    ("skin_sensor_lost", "ms"),
    ("led_gain", "0.1 ma"),
    ("set_up_lost", "times"),
)
PADS = ("A", "B", "")  # the last: the unit as a whole
UNIT = 2
STOPPING = ~(1 << LED_OPEN)  # a bank that gives no light is left out; the others go on
# Trips, stuck switches, a failed check, and sensors that may still be wrong: kept in flash, lifted
# by a lit self-test in SERVICE alone.
HARD = (
    1 << CONTACT_HOT | 1 << CONTACT_JUMP | 1 << BOARD_HOT | 1 << LED_STUCK_ON
    | 1 << ENABLE_STUCK | 1 << SUPPLY_OPEN | 1 << KEPT_UNREADABLE
)  # fmt: skip
KEPT = 8  # how many causes are kept in full, first first


class Faults:
    """The latch."""

    def __init__(self) -> None:
        self.latched = 0  # a bit a fault, whatever the pad
        self.active = 0  # what the last control step found wrong
        self.count = 0  # rows kept since power-on
        self.first = 0  # the row of what was latched first, of what is latched now
        self.hard = False  # a hard fault, in `hard_row`, is still to be kept in flash
        self.hard_row = [0, 0, 0, 0, 0]
        self.rows = [[0, 0, 0, 0, 0] for _ in range(KEPT)]  # fault, pad, ms, value, limit
        self.by_pad = [0, 0, 0]  # latched, as bits, for each pad and the unit

    def raise_fault(
        self, fault: int, pad: int, ms: int, value: int, limit: int, borne_out: bool = True
    ) -> None:
        """Latch a fault of a pad (0, 1, or 2 for the unit); once latched, its first cause stays.

        A hard one is to be kept as well, unless another sensor did not bear it out.
        """
        bit = 1 << fault
        self.active |= bit
        if self.by_pad[pad] & bit:
            return
        self.by_pad[pad] |= bit
        if HARD & bit and borne_out and not self.hard:
            self.hard = True
            self._write(self.hard_row, fault, pad, ms, value, limit)
        at = self.count
        if at >= KEPT:
            if self.latched & STOPPING:
                self.latched |= bit
                return
            at = KEPT - 1  # a new first cause goes before the last of those long past
        if not self.latched & STOPPING:
            self.first = at
        self.latched |= bit
        self._write(self.rows[at], fault, pad, ms, value, limit)
        self.count = at + 1

    def check_heard(self, fault: int, pad: int, ms: int, heard_ms: int, within_ms: int) -> None:
        """Latch a fault where a part was last heard more than `within_ms` ago, or (-1) never."""
        age_ms = (ms - heard_ms) & CLOCK_MASK
        if age_ms > within_ms or heard_ms < 0:
            self.raise_fault(fault, pad, ms, age_ms, within_ms)

    def _write(self, row: list[int], fault: int, pad: int, ms: int, value: int, limit: int) -> None:
        row[0] = fault
        row[1] = pad
        row[2] = ms
        row[3] = value
        row[4] = limit

    def recall(self, fault: int, pad: int, ms: int, value: int, limit: int) -> None:
        """At start: the hard fault that was kept, to be shown; nothing is latched by it."""
        self._write(self.rows[0], fault, pad, ms, value, limit)
        self.count = 1

    def rename(self, fault: int, other: int, pad: int) -> bool:
        """What a pad's fault was at first taken for has a better name now. False, and nothing
        done, where neither is latched."""
        if self.by_pad[pad] >> fault & 1:
            self.by_pad[pad] = self.by_pad[pad] & ~(1 << fault) | 1 << other
            self.latched = self.by_pad[0] | self.by_pad[1] | self.by_pad[2]
            for k in range(self.count - 1, -1, -1):
                row = self.rows[k]
                if row[0] == fault and row[1] == pad:
                    row[0] = other
                    break
        if not self.by_pad[pad] >> other & 1:
            return False
        self.active |= 1 << other
        return True

    def forget(self, fault: int) -> None:
        """Unlatch one fault of every pad: it is about to be judged afresh."""
        kept = ~(1 << fault)
        self.latched &= kept
        for pad in range(len(self.by_pad)):
            self.by_pad[pad] &= kept

    def acknowledge(self) -> None:
        """A person saw it and its cause is gone: forget what was latched, keep what happened."""
        self.latched = 0
        self.by_pad[0] = self.by_pad[1] = self.by_pad[2] = 0
