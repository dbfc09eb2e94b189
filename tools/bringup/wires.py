"""Wires of a unit: pins of its board file with their numbers on the Pico's header.

Called by the checks of `waistband bringup`, so that a failure names the wire to look at. Also holds
the I2C parts with their addresses and identities. Reads board files, changes nothing.
"""

from sim.common.value_record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Numbers of the data sheets as `hal/` has them; a test holds them equal. They are repeated here
# because the drivers import `machine`, and because integer constants do not exist on the unit
# (`sim.driver_depth.unit_source`).
TMP117_ID = (0x0F, 0x0FFF, 0x0117)  # register, mask, value
MAX17049_VERSION = (0x08, 0xFFF0, 0x0010)
FDC1004_DEVICE = (0xFF, 0xFFFF, 0x1004)
NO_IDENTITY = (-1, 0, 0)
CONTACTS = (0x48, 0x49)
ALERT_HIGH, ALERT_LOW = 43 * 128, 42 * 128  # TMP117, 1/128 C
HIGH_LIMIT, LOW_LIMIT = 0x02, 0x03  # its registers
# INA219: 320 mV, 12 bits of bus voltage, continuous shunt conversions of eight samples: 4.26 ms.
RAIL_FAST = 0b11 << 11 | 0b0011 << 7 | 0b1011 << 3 | 0b101

# GPIO -> pin of the 40-pin header, the same on Pico and Pico 2 (Pico data sheet, 2.1).
HEADER = {
    0: 1, 1: 2, 2: 4, 3: 5, 4: 6, 5: 7, 6: 9, 7: 10, 8: 11, 9: 12, 10: 14, 11: 15, 12: 16, 13: 17,
    14: 19, 15: 20, 16: 21, 17: 22, 18: 24, 19: 25, 20: 26, 21: 27, 22: 29, 26: 31, 27: 32, 28: 34,
}  # fmt: skip
PADS = "AB"
INPUT_NAMES = ("START", "UP", "DOWN", "buckle", "charger present", "charging")


class Part(Record):
    """An I2C part: where it is, and the register by which it is known."""

    FIELDS = ("name", "title", "bus", "address", "identity", "strap")
    name: str
    title: str
    bus: int
    address: int
    identity: "tuple[int, int, int]"
    strap: str  # what sets its address, and other pins of its own to look at


PARTS = (
    Part("contact_a", "contact thermometer of pad A (TMP117)", 0, 0x48, TMP117_ID, "ADD0 to GND"),
    Part("contact_b", "contact thermometer of pad B (TMP117)", 0, 0x49, TMP117_ID, "ADD0 to V+"),
    Part("board_a", "LED-board thermometer of pad A (TMP117)", 0, 0x4A, TMP117_ID, "ADD0 to SDA"),
    Part("board_b", "LED-board thermometer of pad B (TMP117)", 0, 0x4B, TMP117_ID, "ADD0 to SCL"),
    Part("rail", "rail monitor (INA219)", 0, 0x40, NO_IDENTITY, "A0 and A1 to GND"),
    Part("gauge", "fuel gauge (MAX17049)", 0, 0x36, MAX17049_VERSION,
         "VDD to 3V3, CELL to the pack's plus"),
    Part("skin", "skin sensors (FDC1004)", 0, 0x50, FDC1004_DEVICE, "VDD: its address is fixed"),
    Part("clock", "clock (DS3231)", 1, 0x68, NO_IDENTITY, "VCC: its address is fixed"),
    Part("screen", "screen (SSD1306)", 1, 0x3C, NO_IDENTITY, "its address jumper to 0x3C"),
)  # fmt: skip
OPTIONAL = ("clock",)  # the unit works without it


def pin(number: int) -> str:
    """A GPIO as a person finds it: `GP16 (header pin 21)`."""
    return f"GP{number} (header pin {HEADER[number]})"


def emitter_pins(board: "Any") -> "dict[int, str]":
    """Supply switch and banks by GPIO, pad A first, each with its name."""
    named = {board.PIN_ENABLE: "supply switch"}
    for side, pad in enumerate(PADS):
        for row in board.BANKS:
            named[row[1 + side]] = f"bank {row[0]} nm of pad {pad}"
    return named


def bus_pins(board: "Any") -> "tuple[tuple[int, str], ...]":
    """The four bus lines with their names."""
    rows = []
    for bus, whose, (scl, sda) in (
        (0, "sensors", board.PINS_I2C0),
        (1, "screen and clock", board.PINS_I2C1),
    ):
        rows += [(scl, f"SCL of I2C{bus} ({whose})"), (sda, f"SDA of I2C{bus} ({whose})")]
    return tuple(rows)


def bus_wires(board: "Any", bus: int) -> str:
    """The two pins of a bus in words."""
    scl, sda = (board.PINS_I2C0, board.PINS_I2C1)[bus]
    return f"SDA {pin(sda)} and SCL {pin(scl)}"
