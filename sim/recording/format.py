"""A run's inputs and outputs, tick by tick, and the same inputs fed to the firmware again.

Runs on CPython and on MicroPython. A recording is a line of JSON (what the unit
was), then the inputs, FIELDS little-endian 32-bit words a tick, then the outputs: one
byte for each call of the firmware on its HAL, followed by its arguments, and after
each tick that ran control a digest of what the firmware then held. The line's `board`
is the name of the unit's board; a recording without it is of RPI_PICO.
"""

import binascii
import hashlib
import json
import sys
from array import array

from firmware.core.limits import CONTROL_TICKS
from firmware.core.states import STATES
from firmware.waistband import Waistband
from hal.contract import Hal
from sim.common.boards import REFERENCE, find_board

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from hal.contract import Board, Inputs

    Answer = tuple[int, str, object]  # tick (-1: before the first), the question, its answer

# Calls, and how many bytes of arguments follow each.
TICK, DRIVE, CARRIER, OFF, RENEW, FEED, SIGNAL, POWER_OFF, DIGEST = range(1, 10)
ARM, SHOW, SAY, SERVICE, SCRATCH, SET_CLOCK, KEEP, APPEND = range(10, 18)
CALLS = {
    TICK: ("tick", 0), DRIVE: ("drive", 3), CARRIER: ("carrier", 2), OFF: ("off", 0),
    RENEW: ("renew_lease", 0), FEED: ("feed", 0), SIGNAL: ("signal", 1),
    POWER_OFF: ("power_off", 0), DIGEST: ("digest", 68), ARM: ("arm", 1), SHOW: ("show", 17),
    SAY: ("write_line", 6), SERVICE: ("restart_to_service", 0), SCRATCH: ("set_scratch", 4),
    SET_CLOCK: ("set_wall_clock", 4), KEEP: ("store", 4),
    APPEND: ("append", 4),
}  # fmt: skip
WRITES = ("keep", "append")  # questions whose tick may allocate, whatever the answer
DIGEST_FIELDS = (
    "state", "reason", "refused", "treat_ms", "latched", "battery_mv", "battery_percent",
    "contact_a_mc", "throttle_a", "fluence_a_uj", "cem43_a", "integral_a",
    "contact_b_mc", "throttle_b", "fluence_b_uj", "cem43_b", "integral_b",
)  # fmt: skip
FIELDS = 18  # words a tick: see `flatten`
SINK_BYTES = 1024  # more than a tick's calls can take
MAGIC = "waistband recording 1"
KEYS = ("magic", "ticks", "outputs", "sha256", "calibration", "prescription", "answers")


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


class Outputs(Hal):
    """A HAL that writes down what it is told; the part that answers is its subclass's."""

    def __init__(self, inner: "Hal | None") -> None:
        """`inner`, if there is one, is told the same."""
        self.sink = Sink()
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

    def arm(self, armed: bool) -> None:
        """Write down."""
        self.sink.put(ARM)
        self.sink.put(1 if armed else 0)
        if self.inner:
            self.inner.arm(armed)

    def show(self, row: int, cells: bytearray) -> None:
        """Write down."""
        self.sink.put(SHOW)
        self.sink.put(row)
        for k in range(16):
            self.sink.put(cells[k] if k < len(cells) else 0)
        if self.inner:
            self.inner.show(row, cells)

    def write_line(self, line: bytearray, length: int) -> None:
        """Write down its length and a sum that hangs on the order of its bytes."""
        mixed = 0
        for k in range(length):
            mixed = (mixed * 31 + line[k]) & 0xFFFFFF
        self.sink.put(SAY)
        self.sink.put(length)
        self.sink.put(length >> 8)
        self.sink.word(mixed)
        if self.inner:
            self.inner.write_line(line, length)

    def power_off(self) -> None:
        """Write down."""
        self.sink.put(POWER_OFF)
        if self.inner:
            self.inner.power_off()

    def restart_to_service(self) -> None:
        """Write down."""
        self.sink.put(SERVICE)
        if self.inner:
            self.inner.restart_to_service()

    def set_scratch(self, word: int) -> None:
        """Write down."""
        self.sink.put(SCRATCH)
        self.sink.word(word)
        if self.inner:
            self.inner.set_scratch(word)

    def set_wall_clock(self, seconds: int) -> bool:
        """Write down; the answer is one of those kept."""
        self.sink.put(SET_CLOCK)
        self.sink.word(seconds)
        return bool(self.answer("set_wall_clock", seconds))

    def store(self, name: str, content: bytes) -> bool:
        """Write down a check sum of both; the answer is one of those kept."""
        return self._written(KEEP, "keep", name, content)

    def append(self, name: str, content: bytes) -> bool:
        """Likewise."""
        return self._written(APPEND, "append", name, content)

    def _written(self, call: int, question: str, name: str, content: bytes) -> bool:
        self.sink.put(call)
        self.sink.word(binascii.crc32(name.encode() + content))
        return bool(self.answer(question, name, content))

    def listening(self) -> bool:
        """As the other side answers, like the rest of the questions."""
        return bool(self.answer("listening"))

    def read_line(self) -> "bytes | None":
        """As the other side answers."""
        return self.answer("hear") or None

    def reset_cause(self) -> int:
        """As the other side answers."""
        return self.answer("reset_cause") or 0

    def scratch(self) -> int:
        """As the other side answers."""
        return self.answer("scratch") or 0

    def load(self, name: str) -> "bytes | None":
        """As the other side answers."""
        return self.answer("load", name) or None

    def size(self, name: str) -> "int | None":
        """As the other side answers."""
        return self.answer("size", name) or None

    def tail(self, name: str, most: int) -> "bytes | None":
        """As the other side answers."""
        return self.answer("tail", name, most) or None

    def wall_clock(self) -> "int | None":
        """As the other side answers."""
        said: int | None = self.answer("wall_clock")
        return said

    def answer(self, question: str, *arguments: object) -> "Any":
        """What a method that returns something returns."""
        raise AssertionError(question)


class Player(Outputs):
    """A HAL that answers with recorded inputs; allocates nothing in a tick."""

    def __init__(self, words: "array[int]", answers: "list[list[Any]]") -> None:
        self.words = words
        self.at = 0
        self.answers = answers
        self.asked = 0
        for row in answers:
            row[2] = unpacked(row[2])
        Outputs.__init__(self, None)

    def read(self, inputs: "Inputs") -> None:
        """The next tick's inputs."""
        self.sink.put(TICK)
        w = self.words
        at = self.at
        self.at = at + FIELDS
        inputs.ms = w[at]
        inputs.pins = w[at + 1]
        inputs.battery[0] = w[at + 4]
        inputs.rail[0] = w[at + 9]
        for k in range(2):
            inputs.ntc[k] = w[at + 2 + k]
            inputs.contact[k] = w[at + 5 + k]
            inputs.board[k] = w[at + 7 + k]
            inputs.gauge[k] = w[at + 10 + k]
        heard = inputs.heard
        for k in range(6):
            heard[k] = w[at + 12 + k]

    def answer(self, question: str, *arguments: object) -> "Any":
        """What was answered then."""
        if self.asked < len(self.answers):
            row = self.answers[self.asked]
            if row[0] == self.at // FIELDS - 1 and row[1] == question:
                self.asked += 1
                return row[2]
        return None


def flatten(inputs: "Inputs") -> "list[int]":
    """The record as FIELDS words, in the order that `Player.read` takes them."""
    codes = inputs.ntc + inputs.battery + inputs.contact + inputs.board
    return [inputs.ms, inputs.pins] + codes + inputs.rail + inputs.gauge + inputs.heard


def packed(value: object) -> object:
    """As JSON takes it: bytes by the one key `base64`, all else as it is."""
    if not isinstance(value, (bytes, bytearray)):
        return value
    return {"base64": binascii.b2a_base64(value).decode()}


def unpacked(value: "Any") -> "Any":
    """What was packed."""
    if isinstance(value, dict) and list(value) == ["base64"]:
        return binascii.a2b_base64(value["base64"].encode())
    return value


def digest(body: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return binascii.hexlify(hashlib.sha256(body).digest()).decode()


def split(data: bytes) -> "tuple[dict[str, Any], array[int], bytes]":
    """(about, inputs as words, outputs) of a recording; ValueError says why it is not one."""
    end = data.find(b"\n")
    try:
        about = json.loads(data[:end])
    except ValueError:
        about = None
    if not isinstance(about, dict) or not isinstance(about.get("magic"), str):
        raise ValueError("is not a recording")
    if about["magic"] != MAGIC:
        raise ValueError("is of another version: " + repr(about["magic"])[:60])
    for key in KEYS:
        if key not in about:
            raise ValueError("lacks " + key)
    for key in ("ticks", "outputs"):
        if not isinstance(about[key], int) or isinstance(about[key], bool) or about[key] < 0:
            raise ValueError("has no number of " + key)
    begin = end + 1
    middle = begin + about["ticks"] * FIELDS * 4
    if len(data) < middle + about["outputs"]:
        raise ValueError("is cut short")
    if len(data) > middle + about["outputs"]:
        raise ValueError("goes on beyond its end")
    words: array[int] = array("i", data[begin:middle])
    return about, words, data[middle:]


class Stopped(Exception):
    """The firmware raised: (tick, state, what)."""


def play(
    about: "dict[str, Any]", words: "array[int]", board: "Board",
    write: "Callable[[bytearray], object]",
    lock: "tuple[Callable[[], object], Callable[[], object]] | None",
) -> None:  # fmt: skip
    """Feed recorded inputs to new firmware; `write` takes each tick's outputs.

    `lock` is None, or (heap_lock, heap_unlock) of MicroPython: every tick then runs with
    the heap locked, but for the few in which something is kept or a command is answered.
    Raises Stopped if the firmware raised, as it does where it allocates.
    """
    player = Player(words, about["answers"])
    try:
        prescription = unpacked(about["prescription"])
        unit = Waistband(player, board, about["calibration"], prescription)
    except Exception as why:
        raise Stopped(0, STATES[0], repr(why)) from why
    sink = player.sink
    free = [row[0] for row in about["answers"] if row[1] in WRITES + ("hear",)]
    for tick in range(about["ticks"]):
        held = lock and tick not in free
        if lock and held:
            lock[0]()
        try:
            unit.tick()
            if tick % CONTROL_TICKS == CONTROL_TICKS - 1:
                sink.digest(unit)
        except Exception as why:
            if lock and held:
                lock[1]()
            raise Stopped(tick, STATES[unit.session.state], repr(why)) from why
        if lock and held:
            lock[1]()
        write(sink.buffer[: sink.used])
        sink.used = 0


def main() -> int:
    """For an interpreter's command line: RECORDING OUTPUTS. Its last line says how it went."""
    with open(sys.argv[1], "rb") as file:
        about, words, _ = split(file.read())
    board = find_board(about.get("board", REFERENCE))
    lock = None
    if sys.implementation.name == "micropython":
        import micropython  # type: ignore[import-not-found]

        lock = (micropython.heap_lock, micropython.heap_unlock)
    with open(sys.argv[2], "wb") as file:
        try:
            play(about, words, board, file.write, lock)
        except Stopped as why:
            print("stopped " + json.dumps(list(why.args)))
            return 3
    print("played " + str(about["ticks"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
