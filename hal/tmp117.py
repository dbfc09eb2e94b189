"""TMP117 thermometer (TI SNOSD82): contact sensors with their hardware alert, and LED boards.

A contact sensor's ALERT pin opens the supply switch by itself: it is set up here and read
back, and a sensor whose alert never held is not listened to, so that the firmware misses it and
stays dark. One that loses its set-up measures on while it is set up anew.
"""

from hal.bus import CHECK, WRITE, Part

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hal.bus import Bus

# Registers (7.6.1). Temperatures are in 1/128 C, signed.
TEMPERATURE = 0x00
CONFIGURATION = 0x01
HIGH_LIMIT = 0x02
LOW_LIMIT = 0x03
DEVICE_ID = 0x0F

NOTHING_YET = 0x8000  # -256 C: what the register holds until the first conversion is done

ID = 0x0117
ID_MASK = 0x0FFF  # above it the silicon's revision

# Configuration (7.6.1.2): continuous, conversions back to back (MOD 00, CONV 000), each the
# average of eight (AVG 01): a new value every 125 ms. ALERT low when asserted (POL 0).
AVERAGING = 1 << 5
THERM_MODE = 1 << 4  # ALERT from above the high limit until below the low one
CONFIGURATION_MASK = 0x0FFC  # without the flags, and the soft reset

ALERT_HIGH = 43 * 128
ALERT_LOW = 42 * 128

# Therm mode before its limits: outside it, skin below the low limit would be an alert too.
CONTACT_SETUP = (
    (CHECK, DEVICE_ID, ID, ID_MASK),
    (WRITE, CONFIGURATION, AVERAGING | THERM_MODE, CONFIGURATION_MASK),
    (WRITE, HIGH_LIMIT, ALERT_HIGH, 0xFFFF),
    (WRITE, LOW_LIMIT, ALERT_LOW, 0xFFFF),
)
BOARD_SETUP = (
    (CHECK, DEVICE_ID, ID, ID_MASK),
    (WRITE, CONFIGURATION, AVERAGING, CONFIGURATION_MASK),
)


class Tmp117(Part):
    """One thermometer; `contact` ones have the alert."""

    measures_anyway = True  # a value a second, by its EEPROM as delivered

    def __init__(self, bus: "Bus", address: int, contact: bool) -> None:
        super().__init__(bus, address, CONTACT_SETUP if contact else BOARD_SETUP)

    def measure(self, target: "list[int]", index: int) -> bool:
        """The last conversion, 1/128 C, into `target[index]`; False, and `target` as it was,
        where the sensor is not set up, does not answer, or has converted nothing yet."""
        if not self.ready:
            return False
        raw = self.fetch(TEMPERATURE)
        if raw < 0 or raw == NOTHING_YET:
            return False
        target[index] = raw - 0x1_0000 if raw & 0x8000 else raw
        return True
