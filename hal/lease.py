"""The emitter lease: a PIO state machine that closes the supply switch on borrowed time.

Each grant reloads a countdown of 50 ms and never adds to it. The state machine needs
no CPU to end: whatever becomes of the program, the switch opens when the last grant
has run out. (A soft reset may freeze the state machine with the pin high; the watchdog
then ends it. See `hal.rp2_hal`.)
"""

from machine import Pin
from rp2 import PIO, StateMachine, asm_pio

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rp2.asm_pio import (
        jmp,
        label,
        mov,
        noblock,
        not_x,
        osr,
        pins,
        pull,
        set,
        wrap,
        wrap_target,
        x,
        x_dec,
    )

# The arithmetic. One pass of the countdown is five instructions, and the state machine runs
# 10 000 instructions a second (a divider of 12 500 at 125 MHz, 15 000 at 150, 20 000 at 200:
# whole numbers all, below the divider's 65 536), so a pass is 0.5 ms. A grant is seen by the
# next pull, at most 0.5 ms late; the pin goes up three instructions after it (0.3 ms) and down
# three after the pull that finds X at zero, PASSES passes later:
#     from grant to low = 0 to 0.5 ms + 99 * 0.5 ms + 0.3 to 0.4 ms = 49.8 to 50.4 ms.
INSTRUCTIONS_HZ = 10_000
PASSES = 99
FIFO_WORDS = 4
STATE_MACHINE = 0


@asm_pio(set_init=PIO.OUT_LOW)
def _countdown() -> None:
    """X is what is left, in passes. Words in the FIFO are granted lengths.

    `pull(noblock)` of an empty FIFO copies X to the OSR, so that `mov(x, osr)` leaves X
    as it is; of a full one, it replaces what is left, a word a pass: waiting words are
    used up within four passes. X must be looked at before it is decremented: `x_dec`
    counts zero down to 2**32 - 1 as well.
    """
    set(x, 0)
    label("low")
    set(pins, 0)
    wrap_target()
    label("pass")
    pull(noblock)
    mov(x, osr)
    jmp(not_x, "low")
    set(pins, 1)
    jmp(x_dec, "pass")
    wrap()


class Lease:
    """The enable pin, and who may hold it high for how long."""

    def __init__(self, pin: int) -> None:
        """Takes the pin and holds it low; nothing is granted yet."""
        self.number = pin
        self.pin = Pin(pin, Pin.OUT, value=0)
        self.machine = StateMachine(STATE_MACHINE)
        self.running = False

    def grant(self) -> None:
        """Hold the switch closed for 50 ms from now, whatever was left before.

        Where the state machine does not take words any more, nothing is granted: a grant
        must not wait, and a lease that is not renewed runs out.
        """
        machine = self.machine
        if not self.running:
            # init empties the FIFO, sets the pin low, gives it to the state machine and goes
            # back to the first instruction: nothing of an earlier grant is left
            machine.init(_countdown, freq=INSTRUCTIONS_HZ, set_base=self.pin)
            machine.active(1)
            self.running = True
        if machine.tx_fifo() < FIFO_WORDS:
            machine.put(PASSES)

    def drop(self) -> None:
        """Open the switch now: the pin becomes a plain output, low, and the machine stops."""
        Pin(self.number, Pin.OUT, value=0)  # first: it takes the pin away from the machine
        self.machine.active(0)
        self.running = False

    def closed(self) -> bool:
        """Whether the pin really is high, whoever drives it."""
        return self.pin.value() == 1
