"""The emitters' pins: a PWM channel each, behind the supply switch and its lease.

Off is by pin, never by duty: a duty waits for its slice to wrap, a stopped slice keeps
its level. `off` opens the switch, makes each pin a plain output, low, and only then
clears the duties, so that a pin that is taken back begins dark.
"""

from machine import PWM, Pin

from hal.lease import Lease

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hal.contract import Board

DUTY_MAX = 65_535
CARRIER_HZ = 2_000  # until a prescription says otherwise


class Emitters:
    """Banks numbered pad A first, as the contract has them."""

    def __init__(self, board: "Board", enable: int) -> None:
        """Dark from the first line on."""
        self.lease = Lease(enable)
        self.kinds = len(board.BANKS)
        self.numbers = tuple([row[1] for row in board.BANKS] + [row[2] for row in board.BANKS])
        for number in self.numbers:
            Pin(number, Pin.OUT, value=0)
        # This gives the pins to their slices, at a level of 0 or, after a soft reset, at an
        # old one until the slice wraps: the switch is open, and `off` takes them back.
        self.pins = tuple([Pin(number) for number in self.numbers])
        self.channels = [PWM(pin, freq=CARRIER_HZ, duty_u16=0) for pin in self.pins]
        self.plain = bytearray(len(self.numbers))  # 1: a plain output
        self.lit = True  # some pin may be its slice's
        self.off()

    def drive(self, bank: int, duty: int) -> None:
        """A bank's duty, 0-65535, from its slice's next wrap on."""
        if self.plain[bank]:
            self.lit = True
            self.plain[bank] = 0
            self.channels[bank] = PWM(self.pins[bank])
        if duty < 0:
            duty = 0  # the port would take it for a very large one
        elif duty > DUTY_MAX:
            duty = DUTY_MAX
        self.channels[bank].duty_u16(duty)

    def carrier(self, hz: int) -> None:
        """Every slice's frequency; pads A and B share theirs. Only while dark, or at duty 0."""
        for k in range(self.kinds):
            self.channels[k].freq(hz)

    def off(self) -> None:
        """Dark, at once; about 0.5 ms in all."""
        try:
            self.lease.drop()
        finally:
            for number in self.numbers:
                Pin(number, Pin.OUT, value=0)
        plain = self.plain
        channels = self.channels
        for bank in range(len(plain)):
            plain[bank] = 1
            channels[bank].duty_u16(0)
        self.lit = False
