"""Recording format: a run's inputs and outputs, tick by tick.

Shared by the recorder (`sim.recording.recorder`) and the player (`sim.recording.player`); runs on
CPython and on MicroPython. A recording is

1. a line of JSON: what the unit was, and what its HAL answered. `board` is the name of the unit's
   board; a recording without it is of RPI_PICO.
2. the inputs: FIELDS little-endian 32-bit words a tick, as `flatten` has them.
3. the outputs: one byte (CALLS) for each call of the firmware on its HAL, then its arguments, and
   after each tick that ran control a digest of what the firmware then held.
"""

import binascii
import hashlib
import json
from array import array

from hal.contract import Hal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from firmware.waistband import Waistband
    from hal.contract import Inputs

    Answer = tuple[int, str, object]  # tick (-1: before the first), the question, its answer

# Calls, and how many bytes of arguments follow each.
TICK, DRIVE, CARRIER, OFF, RENEW, FEED, SIGNAL, POWER_OFF, DIGEST = range(1, 10)
ARM, SHOW, SAY, SERVICE, SCRATCH, SET_CLOCK, KEEP, APPEND, SEND_FILE, RECEIVE, RESTART = range(
    10, 21
)
CALLS = {
    TICK: ("tick", 0), DRIVE: ("drive", 3), CARRIER: ("carrier", 2), OFF: ("off", 0),
    RENEW: ("renew_lease", 0), FEED: ("feed", 0), SIGNAL: ("signal", 1),
    POWER_OFF: ("power_off", 0), DIGEST: ("digest", 68), ARM: ("arm", 1), SHOW: ("show", 17),
    SAY: ("write_line", 6), SERVICE: ("restart_to_service", 0), SCRATCH: ("set_scratch", 4),
    SET_CLOCK: ("set_wall_clock", 4), KEEP: ("store", 4), APPEND: ("append", 4),
    SEND_FILE: ("send_file", 4), RECEIVE: ("receive", 4), RESTART: ("restart", 0),
}  # fmt: skip
WRITES = ("keep", "append")  # questions whose tick may allocate, whatever the answer
DIGEST_FIELDS = (
    "state", "reason", "refused", "treat_ms", "latched", "battery_mv", "battery_percent",
    "contact_a_mc", "throttle_a", "fluence_a_uj", "cem43_a", "integral_a",
    "contact_b_mc", "throttle_b", "fluence_b_uj", "cem43_b", "integral_b",
)  # fmt: skip
FIELDS = 30  # words a tick: see `flatten`
SINK_BYTES = 1024  # more than a tick's calls can take
MAGIC = "waistband recording 2"
KEYS = ("magic", "ticks", "outputs", "sha256", "calibration", "prescription", "answers")


class Sink:
    """Writes calls into a buffer that is made once."""

    def __init__(self) -> None:
        self.buffer = bytearray(SINK_BYTES)
        self.used = 0

    def write_byte(self, value: int) -> None:
        """One byte."""
        self.buffer[self.used] = value & 255
        self.used += 1

    def write_short(self, value: int) -> None:
        """Two bytes, little end first."""
        self.write_byte(value)
        self.write_byte(value >> 8)

    def write_word(self, value: int) -> None:
        """Four bytes, little end first."""
        self.write_short(value)
        self.write_short(value >> 16)

    def write_digest(self, unit: "Waistband") -> None:
        """State of the firmware after control, as DIGEST_FIELDS."""
        session = unit.session
        self.write_byte(DIGEST)
        self.write_word(session.state)
        self.write_word(session.reason)
        self.write_word(session.refused)
        self.write_word(session.treat_ms)
        self.write_word(unit.faults.latched)
        self.write_word(unit.battery.cell_mv)
        self.write_word(unit.battery.percent)
        for pad in unit.pads:
            self.write_word(pad.contact_mc)
            self.write_word(pad.throttle)
            self.write_word(pad.fluence.total_uj_cm2)
            self.write_word(pad.cem43.session_q10_ms)
            self.write_word(pad.integral)


class Outputs(Hal):
    """A HAL that writes each call to its sink and passes it on to `inner`.

    What returns something asks `answer`, which a subclass fulfils. Allocates nothing in a call
    that the firmware makes in a lit tick.
    """

    def __init__(self, inner: Hal) -> None:
        self.sink = Sink()
        self.inner = inner

    def answer(self, question: str, *arguments: object) -> "Any":
        """The return value of the method named `question`."""
        raise AssertionError(question)

    def drive(self, bank: int, duty: int) -> None:
        """Bank, duty; see `hal.contract`, as for each of these."""
        self.sink.write_byte(DRIVE)
        self.sink.write_byte(bank)
        self.sink.write_short(duty)
        self.inner.drive(bank, duty)

    def carrier(self, hz: int) -> None:
        """Hz."""
        self.sink.write_byte(CARRIER)
        self.sink.write_short(hz)
        self.inner.carrier(hz)

    def off(self) -> None:
        """No arguments."""
        self.sink.write_byte(OFF)
        self.inner.off()

    def prove_rail(self) -> None:
        """Not written: what comes of it is in the inputs."""
        self.inner.prove_rail()

    def renew_lease(self) -> None:
        """No arguments."""
        self.sink.write_byte(RENEW)
        self.inner.renew_lease()

    def feed(self) -> None:
        """No arguments."""
        self.sink.write_byte(FEED)
        self.inner.feed()

    def signal(self, cue: int) -> None:
        """Cue."""
        self.sink.write_byte(SIGNAL)
        self.sink.write_byte(cue)
        self.inner.signal(cue)

    def arm(self, armed: bool) -> None:
        """1 or 0."""
        self.sink.write_byte(ARM)
        self.sink.write_byte(1 if armed else 0)
        self.inner.arm(armed)

    def show(self, row: int, cells: bytearray) -> None:
        """Row, 16 cells."""
        self.sink.write_byte(SHOW)
        self.sink.write_byte(row)
        for k in range(16):
            self.sink.write_byte(cells[k] if k < len(cells) else 0)
        self.inner.show(row, cells)

    def write_line(self, line: bytearray, length: int) -> None:
        """Length, and a sum that depends on the order of the bytes."""
        mixed = 0
        for k in range(length):
            mixed = (mixed * 31 + line[k]) & 0xFFFFFF
        self.sink.write_byte(SAY)
        self.sink.write_short(length)
        self.sink.write_word(mixed)
        self.inner.write_line(line, length)

    def send_file(self, name: str, size: int) -> None:
        """Size."""
        self.sink.write_byte(SEND_FILE)
        self.sink.write_word(size)
        self.inner.send_file(name, size)

    def receive(self, command: bytes, size: int) -> None:
        """Size."""
        self.sink.write_byte(RECEIVE)
        self.sink.write_word(size)
        self.inner.receive(command, size)

    def restart(self) -> None:
        """No arguments."""
        self.sink.write_byte(RESTART)
        self.inner.restart()

    def power_off(self) -> None:
        """No arguments."""
        self.sink.write_byte(POWER_OFF)
        self.inner.power_off()

    def restart_to_service(self) -> None:
        """No arguments."""
        self.sink.write_byte(SERVICE)
        self.inner.restart_to_service()

    def set_scratch(self, word: int) -> None:
        """Word."""
        self.sink.write_byte(SCRATCH)
        self.sink.write_word(word)
        self.inner.set_scratch(word)

    def set_wall_clock(self, seconds: int) -> bool:
        """Seconds."""
        self.sink.write_byte(SET_CLOCK)
        self.sink.write_word(seconds)
        return bool(self.answer("set_wall_clock", seconds))

    def store(self, name: str, content: bytes) -> bool:
        """CRC-32 of name and content."""
        self.sink.write_byte(KEEP)
        self.sink.write_word(binascii.crc32(name.encode() + content))
        return bool(self.answer("keep", name, content))

    def append(self, name: str, content: bytes) -> bool:
        """CRC-32 of name and content."""
        self.sink.write_byte(APPEND)
        self.sink.write_word(binascii.crc32(name.encode() + content))
        return bool(self.answer("append", name, content))

    def listening(self) -> bool:
        """Nothing is written of these that only ask."""
        return bool(self.answer("listening"))

    def read_line(self) -> "bytes | None":
        """As answered."""
        return self.answer("hear") or None

    def reset_cause(self) -> int:
        """As answered."""
        return self.answer("reset_cause") or 0

    def scratch(self) -> int:
        """As answered."""
        return self.answer("scratch") or 0

    def load(self, name: str) -> "bytes | None":
        """As answered."""
        found: bytes | None = self.answer("load", name)
        return found

    def size(self, name: str) -> "int | None":
        """As answered."""
        found: int | None = self.answer("size", name)
        return found

    def tail(self, name: str, most: int) -> "bytes | None":
        """As answered."""
        found: bytes | None = self.answer("tail", name, most)
        return found

    def wall_clock(self) -> "int | None":
        """As answered."""
        seconds: int | None = self.answer("wall_clock")
        return seconds


def flatten(inputs: "Inputs") -> "list[int]":
    """The record as FIELDS words, in the order that `sim.recording.player` reads them."""
    codes = inputs.ntc + inputs.battery + inputs.contact + inputs.board
    parts = inputs.rail + inputs.gauge + inputs.skin
    return [inputs.ms, inputs.pins] + codes + parts + inputs.heard + inputs.lost + inputs.proved


def to_json(value: object) -> object:
    """As JSON takes it: bytes by the one key `base64`, all else as it is."""
    if not isinstance(value, (bytes, bytearray)):
        return value
    return {"base64": binascii.b2a_base64(value).decode()}


def from_json(value: "Any") -> "Any":
    """The value that `to_json` took."""
    if isinstance(value, dict) and list(value) == ["base64"]:
        return binascii.a2b_base64(value["base64"].encode())
    return value


def sha256_hex(body: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return binascii.hexlify(hashlib.sha256(body).digest()).decode()


def parse_recording(data: bytes) -> "tuple[dict[str, Any], array[int], bytes]":
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
