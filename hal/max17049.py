"""MAX17049 fuel gauge (Maxim 19-6171) of the two-cell pack: mean cell voltage and charge."""

from hal.bus import CHECK, WRITE, Part

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hal.bus import Bus

ADDRESS = 0x36

# Registers (table 2).
CELL = 0x02  # VCELL, mean cell, 78.125 uV
CHARGE = 0x04  # SOC, 1/256 %
VERSION = 0x08
STATUS = 0x1A  # its RI bit is set at power-up, and stays until it is cleared

FAMILY = 0x0010  # production versions are 0x001_
FAMILY_MASK = 0xFFF0

RESET_INDICATOR = 0x0100

SETUP = (
    (CHECK, VERSION, FAMILY, FAMILY_MASK),
    (WRITE, STATUS, 0, RESET_INDICATOR),
)


class Max17049(Part):
    """The gauge. Its one register of set-up says whether it lost its supply; whether it is
    believed is the firmware's to judge."""

    measures_anyway = True

    def __init__(self, bus: "Bus") -> None:
        super().__init__(bus, ADDRESS, SETUP)

    def measure_cell(self, target: "list[int]", index: int) -> bool:
        """Mean cell voltage, 78.125 uV; False, and `target` as it was, without an answer or in the
        first 17 ms (19-6171, p. 8), in which it is 0."""
        return self.read(CELL, target, index, False)

    def measure_charge(self, target: "list[int]", index: int) -> bool:
        """Charge, 1/256 %; False, and `target` as it was, without an answer or where it is 0: an
        empty pack, or up to a second after it was supplied (p. 10)."""
        return self.read(CHARGE, target, index, False)
