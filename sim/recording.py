"""A run's inputs and outputs, tick by tick, and the same inputs fed to the firmware again.

Runs on CPython and on MicroPython. A recording is a line of JSON (what the unit
was), then the inputs, FIELDS little-endian 32-bit words a tick, then the outputs: one
byte for each call of the firmware on its HAL, followed by its arguments, and after
each tick that ran control a digest of what the firmware then held.
"""

import json
import sys
from array import array

from firmware.limits import CONTROL_TICKS
from firmware.waistband import Waistband

# Calls, and how many bytes of arguments follow each.
TICK, DRIVE, CARRIER, OFF, RENEW, FEED, SIGNAL, POWER_OFF, DIGEST = range(1, 10)
CALLS = {
    TICK: ("tick", 0), DRIVE: ("drive", 3), CARRIER: ("carrier", 2), OFF: ("off", 0),
    RENEW: ("renew_lease", 0), FEED: ("feed", 0), SIGNAL: ("signal", 1),
    POWER_OFF: ("power_off", 0), DIGEST: ("digest", 68),
}  # fmt: skip
DIGEST_FIELDS = (
    "state", "reason", "refused", "treat_ms", "latched", "battery_mv", "battery_percent",
    "contact_a_mc", "throttle_a", "fluence_a_uj", "cem43_a", "integral_a",
    "contact_b_mc", "throttle_b", "fluence_b_uj", "cem43_b", "integral_b",
)  # fmt: skip
FIELDS = 18  # words a tick: see `flatten`
SINK_BYTES = 512  # more than a tick's calls can take
MAGIC = "waistband recording 1"


class Sink:
    """Writes calls into a buffer that is made once."""

    def __init__(self) -> None:
        self.buffer = bytearray(SINK_BYTES)
        self.used = 0

    def put(self, value: int) -> None:
        """One byte."""
        self.buffer[self.used] = value & 255
        self.used += 1

    def word(self, value: int) -> None:
        """Four bytes, little end first."""
        self.put(value)
        self.put(value >> 8)
        self.put(value >> 16)
        self.put(value >> 24)

    def digest(self, unit: Waistband) -> None:
        """What the firmware holds after control."""
        session = unit.session
        self.put(DIGEST)
        self.word(session.state)
        self.word(session.reason)
        self.word(session.refused)
        self.word(session.treat_ms)
        self.word(unit.faults.latched)
        self.word(unit.battery.cell_mv)
        self.word(unit.battery.percent)
        for pad in unit.pads:
            self.word(pad.contact_mc)
            self.word(pad.throttle)
            self.word(pad.fluence.total_uj_cm2)
            self.word(pad.cem43.session_q10_ms)
            self.word(pad.integral)


class Outputs:
    """A HAL that writes down what it is told; `inner` also does it."""

    def __init__(self, sink: Sink, inner: object) -> None:
        self.sink = sink
        self.inner = inner

    def drive(self, bank: int, duty: int) -> None:
        """Write down; see `hal.contract`, as for each of these."""
        sink = self.sink
        sink.put(DRIVE)
        sink.put(bank)
        sink.put(duty)
        sink.put(duty >> 8)
        if self.inner:
            self.inner.drive(bank, duty)

    def carrier(self, hz: int) -> None:
        """Write down."""
        self.sink.put(CARRIER)
        self.sink.put(hz)
        self.sink.put(hz >> 8)
        if self.inner:
            self.inner.carrier(hz)

    def off(self) -> None:
        """Write down."""
        self.sink.put(OFF)
        if self.inner:
            self.inner.off()

    def renew_lease(self) -> None:
        """Write down."""
        self.sink.put(RENEW)
        if self.inner:
            self.inner.renew_lease()

    def feed(self) -> None:
        """Write down."""
        self.sink.put(FEED)
        if self.inner:
            self.inner.feed()

    def signal(self, cue: int) -> None:
        """Write down."""
        self.sink.put(SIGNAL)
        self.sink.put(cue)
        if self.inner:
            self.inner.signal(cue)

    def power_off(self) -> None:
        """Write down."""
        self.sink.put(POWER_OFF)
        if self.inner:
            self.inner.power_off()


class Recorder(Outputs):
    """Between the firmware and a HAL: keeps every input and every output."""

    def __init__(self, inner: object, about: dict) -> None:
        self.inputs = array("i")
        self.outputs = bytearray()
        self.about = about
        self.unit = None  # set once the firmware is made
        self.ticks = 0
        Outputs.__init__(self, Sink(), inner)

    def read(self, inputs: object) -> None:
        """Read the inner HAL, and keep what it gave."""
        self.flush()
        self.sink.put(TICK)
        self.inner.read(inputs)
        self.inputs.extend(flatten(inputs))

    def flush(self) -> None:
        """A tick ended: its digest if it ran control, then its calls to the recording."""
        sink = self.sink
        if sink.used:
            if self.ticks % CONTROL_TICKS == 0:
                sink.digest(self.unit)
            self.ticks += 1
            self.outputs += sink.buffer[: sink.used]
            sink.used = 0

    def recording(self) -> bytes:
        """The whole as bytes."""
        self.flush()
        self.about["magic"] = MAGIC
        self.about["ticks"] = self.ticks
        head = json.dumps(self.about).encode() + b"\n"
        return head + self.inputs.tobytes() + bytes(self.outputs)


class Player(Outputs):
    """A HAL that answers with recorded inputs; allocates nothing."""

    def __init__(self, words: array) -> None:
        self.words = words
        self.at = 0
        Outputs.__init__(self, Sink(), None)

    def read(self, inputs: object) -> None:
        """The next tick's inputs."""
        self.sink.put(TICK)
        w = self.words
        at = self.at
        self.at = at + FIELDS
        inputs.ms = w[at]
        inputs.pins = w[at + 1]
        inputs.ntc[0] = w[at + 2]
        inputs.ntc[1] = w[at + 3]
        inputs.battery[0] = w[at + 4]
        inputs.contact[0] = w[at + 5]
        inputs.contact[1] = w[at + 6]
        inputs.board[0] = w[at + 7]
        inputs.board[1] = w[at + 8]
        inputs.rail[0] = w[at + 9]
        inputs.gauge[0] = w[at + 10]
        inputs.gauge[1] = w[at + 11]
        heard = inputs.heard
        for k in range(6):
            heard[k] = w[at + 12 + k]


def flatten(inputs: object) -> list:
    """The record as FIELDS words, in the order that `Player.read` takes them."""
    head = [inputs.ms, inputs.pins]
    codes = inputs.ntc + inputs.battery + inputs.contact + inputs.board
    return head + codes + inputs.rail + inputs.gauge + inputs.heard


def split(data: bytes) -> tuple:
    """(about, inputs as words, outputs) of a recording; raises ValueError if it is not one."""
    end = data.find(b"\n")
    about = json.loads(data[:end])
    if not isinstance(about, dict) or about.get("magic") != MAGIC:
        raise ValueError("not a " + MAGIC)
    length = about["ticks"] * FIELDS * 4
    words = array("i", data[end + 1 : end + 1 + length])
    if len(words) != about["ticks"] * FIELDS:
        raise ValueError("cut short")
    return about, words, data[end + 1 + length :]


def play(about: dict, words: array, board: object, write: object, lock: object) -> None:
    """Feed recorded inputs to new firmware; `write` takes each tick's outputs.

    `lock` is None, or (heap_lock, heap_unlock) of MicroPython: every tick then runs with
    the heap locked, and the first allocation raises MemoryError.
    """
    player = Player(words)
    unit = Waistband(player, board, about["calibration"], about["prescription"])
    sink = player.sink
    for tick in range(about["ticks"]):
        if lock:
            lock[0]()
        try:
            unit.tick()
            if tick % CONTROL_TICKS == 0:
                sink.digest(unit)
        finally:
            if lock:
                lock[1]()
        write(sink.buffer[: sink.used])
        sink.used = 0


def main() -> None:
    """For an interpreter's command line: RECORDING OUTPUTS."""
    from hal.boards import RPI_PICO

    with open(sys.argv[1], "rb") as file:
        about, words, _ = split(file.read())
    lock = None
    if sys.implementation.name == "micropython":
        import micropython

        lock = (micropython.heap_lock, micropython.heap_unlock)
    with open(sys.argv[2], "wb") as file:
        play(about, words, RPI_PICO, file.write, lock)
    print(about["ticks"])


if __name__ == "__main__":
    main()
