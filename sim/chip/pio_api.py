"""`rp2` for one chip: state machines as a program uses them."""

from sim.chip import asm
from sim.chip.i2c import pin_number
from sim.chip.module import Module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sim.chip.core import Chip

PIO_US, PIO_INIT_US = 6, 120  # (assumed)


class StateMachine:
    """One of eight; made again by its number, it is the same."""

    chip: "Chip"

    def __init__(self, id: int, program: asm.Program | None = None, **settings: object) -> None:
        if not 0 <= id < len(self.chip.pio.machines):
            raise ValueError("invalid StateMachine")
        self.number = id
        if program is not None:
            self.init(program, **settings)  # type: ignore[arg-type]

    def init(
        self, program: asm.Program, freq: int = -1, *, set_base: object = None,
        out_base: object = None, sideset_base: object = None, in_base: object = None,
        jmp_pin: object = None,
    ) -> None:  # fmt: skip
        """Take a program, its clock and its pins; stopped."""
        self.chip.pio.activate(self.number, False)
        each = self.chip.pio.machines[self.number]
        each.div256 = 256 if freq < 0 else self.chip.pio.divider(freq)
        each.load(program)
        for base, states, kind in (
            (out_base, program[6], "out"), (set_base, program[7], "set"),
            (sideset_base, program[8], "side"),
        ):  # fmt: skip
            if base is not None and states is not None:
                pin = pin_number(base)
                count = self.chip.pio.pins_of(self.number, pin, states)
                setattr(each, kind + "_base", pin)
                if kind != "side":
                    setattr(each, kind + "_count", count)
        self.chip.spend(PIO_INIT_US)

    def active(self, value: object = None) -> bool:
        """Start or stop it; whether it runs."""
        if value is not None:
            self.chip.pio.activate(self.number, bool(value))
        self.chip.spend(PIO_US)
        return self.chip.pio.machines[self.number].enabled

    def put(self, value: int, shift: int = 0) -> None:
        """A word to its FIFO; waits while that is full."""
        chip = self.chip
        chip.us += PIO_US
        if chip.us >= chip.due:
            chip.catch_up()
        self.chip.pio.put(self.number, value << shift)

    def tx_fifo(self) -> int:
        """Words that it has not taken yet."""
        chip = self.chip
        chip.us += PIO_US
        if chip.us >= chip.due:
            chip.catch_up()
        each = self.chip.pio.machines[self.number]
        each.run_to(self.chip.us)
        return len(each.fifo)

    def rx_fifo(self) -> int:
        """Words that the program has not taken yet."""
        each = self.chip.pio.machines[self.number]
        each.run_to(self.chip.us)
        return len(each.received)

    def restart(self) -> None:
        """Back to the first instruction."""
        self.chip.pio.restart(self.number)
        self.chip.spend(PIO_US)

    def exec(self, instruction: "str | int") -> None:
        """Execute one instruction now."""
        opcode = instruction
        if isinstance(opcode, str):
            opcode = asm.encode(opcode)
        self.chip.pio.execute(self.number, opcode)
        self.chip.spend(PIO_US)


def rp2_module(chip: "Chip") -> Module:
    """The module `rp2`."""

    class PioBlock:
        """Constants of a program's pins and shifts."""

        IN_LOW, IN_HIGH, OUT_LOW, OUT_HIGH = 0, 1, 2, 3
        SHIFT_LEFT, SHIFT_RIGHT = 0, 1
        JOIN_NONE, JOIN_TX, JOIN_RX = 0, 1, 2

    return Module("rp2", {
        "PIO": PioBlock, "StateMachine": type("StateMachine", (StateMachine,), {"chip": chip}),
        "asm_pio": asm.asm_pio, "asm_pio_encode": asm.encode, "PIOASMError": asm.PIOASMError,
    })  # fmt: skip
