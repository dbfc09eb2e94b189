"""FDC1004 capacitance-to-digital converter (TI SNOSCY5): one electrode behind each pad's window.

Called in the rota of `hal.rp2_hal`. The result is absolute: the chip has no baseline that could
follow a touch that is held, or be taken on skin at power-on. It is set up here and read back, and
is listened to only while the set-up holds.
"""

from hal.bus import CHECK, WRITE, Part

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hal.bus import Bus

ADDRESS = 0x50

# Registers (table 7.6). A result has 24 bits in two registers, 2^19 codes a pF; the upper one
# alone is 2^11 codes a pF, signed, -16 to 16 pF.
RESULT = 0x00  # of measurement 1, upper half; measurement 2 is two registers on
CONF_MEAS1 = 0x08
CONF_MEAS2 = 0x09
FDC_CONF = 0x0C
MANUFACTURER_ID = 0xFE
DEVICE_ID = 0xFF

MANUFACTURER = 0x5449
DEVICE = 0x1004

NOTHING_YET = 0  # what a result holds until the first conversion is done

# Measurement 1 is input 1 (CHA 000), 2 is input 2 (CHA 001), both against nothing (CHB 111), no
# offset by the CAPDAC.
INPUT_1 = 0b111 << 10
INPUT_2 = 0b001 << 13 | 0b111 << 10
# 100 conversions a second, repeated, measurements 1 and 2: each pad has a new value every 20 ms.
RUN = 0b01 << 10 | 1 << 8 | 1 << 7 | 1 << 6
RUN_MASK = 0xFFF0  # without the flags that say which measurement is done

SETUP = (
    (CHECK, MANUFACTURER_ID, MANUFACTURER, 0xFFFF),
    (CHECK, DEVICE_ID, DEVICE, 0xFFFF),
    (WRITE, CONF_MEAS2, INPUT_2, 0xFFFF),
    (WRITE, FDC_CONF, RUN, RUN_MASK),
    (WRITE, CONF_MEAS1, INPUT_1, 0xFFFF),  # as after power-on (8.6.2): it need not be waited for
)


class Fdc1004(Part):
    """The skin sensors of both pads: one chip, two inputs. What converted nothing is not a
    measurement: so it may be asked while it is set up anew."""

    measures_anyway = True

    def __init__(self, bus: "Bus") -> None:
        super().__init__(bus, ADDRESS, SETUP)

    def measure(self, target: "list[int]", index: int) -> bool:
        """The last conversion of pad `index`, 1/2048 pF, into `target[index]`; False, and
        `target` as it was, where the chip does not answer or has converted nothing: then it has
        lost its supply, and is set up anew at once."""
        if not self.ready:
            return False
        raw = self.fetch(RESULT + 2 * index)
        if raw < 0:
            return False
        if raw == NOTHING_YET:
            if self.whole:
                self.lose()
            return False
        target[index] = raw - 0x1_0000 if raw & 0x8000 else raw
        return True
