"""INA219 monitor (TI SBOS448) in the emitters' supply: the current that banks really draw."""

from hal.bus import WRITE, Part

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hal.bus import Bus

ADDRESS = 0x40

# Registers (8.6.1). The shunt register is signed, 10 uV whatever the gain: 0.1 mA over the
# unit's 0.1 ohm.
CONFIGURATION = 0x00
SHUNT = 0x01

# Configuration (8.6.2.1). All banks at full duty and an empty pack are 2.3 A, 230 mV: the
# widest gain. 128 samples averaged are 68.1 ms; no bus conversions between them.
GAIN_320_MV = 0b11 << 11
BUS_12_BIT = 0b0011 << 7
SHUNT_128_SAMPLES = 0b1111 << 3
SHUNT_CONTINUOUS = 0b101
SET_UP = GAIN_320_MV | BUS_12_BIT | SHUNT_128_SAMPLES | SHUNT_CONTINUOUS

SETUP = ((WRITE, CONFIGURATION, SET_UP, 0xFFFF),)
FIRST_READS = 2  # 40 ms apart: after them the first average (75 ms at most, 7.5) is done


class Ina219(Part):
    """The rail monitor. The chip has no identity register: its set-up read back stands for it."""

    def __init__(self, bus: "Bus") -> None:
        super().__init__(bus, ADDRESS, SETUP)
        self.wait_reads = 0

    def settle(self) -> None:
        """Until the first average is done the register shows another."""
        self.wait_reads = FIRST_READS

    def measure(self, target: "list[int]", index: int) -> bool:
        """The last average, 0.1 mA, below zero where current flows back; False, and `target`
        as it was, where the monitor is not set up, has averaged nothing or does not answer."""
        if self.wait_reads:
            self.wait_reads -= 1
            return False
        return self.read(SHUNT, target, index, True)
