"""Feeds a recording's inputs to the firmware again and compares every output byte.

Called by the command `waistband replay`. The comparison is made here for every
interpreter; the interpreter only plays (`sim.recording.player`).
"""

import json
import os
import shlex
import shutil
import struct
import subprocess
import sys
import tempfile
from contextlib import suppress
from importlib import util
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple, cast

from firmware.core import states
from firmware.core.faults import FAULTS
from firmware.core.limits import TICK_MS
from sim.common import validate
from sim.common.boards import REFERENCE, find_board
from sim.common.errors import BadInput, one_line
from sim.recording import format as recording
from sim.recording import player
from sim.recording.format import (
    CALLS,
    DIGEST,
    DIGEST_FIELDS,
    DRIVE,
    FIELDS,
    MAGIC,
    SIGNAL,
    TICK,
)

ROOT = Path(__file__).resolve().parent.parent
FILE_MAX_BYTES = 1 << 28
HEAP_TIMES = 5  # the heap of an interpreter, over the recording's size
HEAP_LEAST = 64 << 20  # bytes
TIMEOUT_S = 1_800
QUOTED_MAX = 200  # characters of an interpreter's output that a message quotes
GET_UNIX = "pip install -e '.[micropython]', or name one as WAISTBAND_MICROPYTHON"

Call = tuple[int, bytes]  # number of the call, arguments


class Recording(NamedTuple):
    """A recording that passed `check_recording`."""

    data: bytes
    about: dict[str, Any]
    words: Any  # array of signed 32-bit words, FIELDS a tick
    outputs: bytes

    @property
    def ticks(self) -> int:
        """Count of ticks."""
        return int(self.about["ticks"])


class Played(NamedTuple):
    """Outputs of an interpreter; `stopped` is (tick, state, error), or None at the end."""

    outputs: bytes
    stopped: tuple[int, str, str] | None


def replay(path: Path, on: str) -> tuple[bool, str]:
    """Play a recording on one of PLAYERS. Return whether all outputs were equal, and a sentence.

    Raises BadInput for a damaged file and for a missing interpreter.
    """
    recorded = open_recording(path)
    where, play = PLAYERS[on]
    played = play(recorded)
    different = find_difference(recorded, played)
    if different:
        return False, f"{path} on {where}: {different}"
    seconds = recorded.ticks * TICK_MS / 1000
    return True, (
        f"{path} on {where}: {recorded.ticks} ticks ({seconds:.2f} s), "
        f"{len(recorded.outputs)} bytes of output, all equal"
    )


# -- the file --------------------------------------------------------------------------


def open_recording(path: Path) -> Recording:
    """Read a recording and check it. Raises BadInput."""
    return check_recording(validate.read_bytes(path, FILE_MAX_BYTES), str(path))


def check_recording(data: bytes, where: str) -> Recording:
    """Split a recording into its parts and check them. Raises BadInput, whatever the bytes."""
    try:
        about, words, outputs = recording.parse_recording(data)
        find_recorded_board(about)
        wrong = find_problem(about, data, outputs)
    except RecursionError:
        wrong = "is not a recording"
    except ValueError as why:
        wrong = str(why)
    if wrong:
        raise BadInput(f"{where}: {wrong}; a {MAGIC} made by `waistband sim --record` is needed")
    return Recording(data, about, words, outputs)


def find_problem(about: dict[str, Any], data: bytes, outputs: bytes) -> str:
    """An error in a recording of the right form, as a predicate; "" without one."""
    body = data[data.index(b"\n") + 1 :]
    if about["sha256"] != recording.sha256_hex(body):
        return "is damaged: its contents are not those that were written"
    if not isinstance(about["answers"], list) or not all(map(is_answer, about["answers"])):
        return "has answers that are none"
    if sum(call == TICK for call, _ in split_calls(outputs)) != about["ticks"]:
        return "has outputs that are not of its ticks"
    return ""


def find_recorded_board(about: dict[str, Any]) -> Any:
    """The board that a recording names. Raises BadInput."""
    return find_board(about.get("board", REFERENCE))


def is_answer(row: object) -> bool:
    """Whether a row is [tick, question, answer], as `sim.recording.format` writes it."""
    if not isinstance(row, list) or len(row) != 3:
        return False
    tick, question, answer = row
    if isinstance(answer, dict):
        answer = answer.get("base64")
        if not isinstance(answer, str) or not answer.isascii():
            return False
    return type(tick) is int and isinstance(question, str)


def split_calls(outputs: bytes) -> list[Call]:
    """The calls in the outputs, up to the first byte that is no call."""
    found = []
    at = 0
    while at < len(outputs) and outputs[at] in CALLS:
        end = at + 1 + CALLS[outputs[at]][1]
        found.append((outputs[at], outputs[at + 1 : end]))
        at = end
    return found


# -- playing ---------------------------------------------------------------------------


def play_on_cpython(recorded: Recording) -> Played:
    """Play in this process."""
    outputs = bytearray()
    about = json.loads(json.dumps(recorded.about))  # playing turns its answers into bytes
    try:
        player.play(
            about, recorded.words, find_recorded_board(recorded.about), outputs.extend, None
        )
    except player.Stopped as why:
        return Played(bytes(outputs), cast("tuple[int, str, str]", why.args))
    return Played(bytes(outputs), None)


def find_micropython() -> list[str]:
    """The command that runs MicroPython's unix port. Raises BadInput where it is missing."""
    named = os.environ.get("WAISTBAND_MICROPYTHON")
    if named:
        with suppress(ValueError):  # an open quote
            command = shlex.split(named)
            if command and shutil.which(command[0]):
                return command
        raise BadInput(f"WAISTBAND_MICROPYTHON is {named!r}: no such command")
    if util.find_spec("micropython_unix"):
        return [sys.executable, "-m", "micropython_unix"]
    beside = Path(sys.executable).with_name("micropython")
    if beside.exists():
        return [str(beside)]
    raise BadInput(f"MicroPython's unix port is not installed: {GET_UNIX}")


def play_on_unix(recorded: Recording) -> Played:
    """On MicroPython's unix port, every tick with its heap locked."""
    command = find_micropython()
    options = ["-X", "heapsize={heap}", "-m", "sim.recording.player", "{given}", "{made}"]
    path = {"MICROPYPATH": f"{ROOT}{os.pathsep}.frozen"}
    return play_on_command(recorded, command, options, GET_UNIX, path=path)


def play_on_webassembly(recorded: Recording) -> Played:
    """Play on MicroPython's WebAssembly build under Node, every tick with the heap locked. Small
    ints have 31 bits there, as on the chip: a larger int allocates."""
    from tools.bench import site

    node = site.node()
    site.check_npm()
    options = [str(site.BENCH / "replay.mjs"), "{given}", "{made}", "{heap}"]
    files = json.dumps(site.unit("sim.recording.player", find_recorded_board(recorded.about).NAME))
    return play_on_command(recorded, [node], options, site.GET, files)


def play_on_command(
    recorded: Recording, command: list[str], options: list[str], get: str, given_in: str = "",
    path: dict[str, str] | None = None,
) -> Played:  # fmt: skip
    """On another interpreter, which runs `sim.recording.player` by this command; `options` name the
    recording {given}, the outputs to be {made} and the {heap}'s bytes, `get` says what may be
    missing. Raises BadInput where it gives up."""
    heap = max(HEAP_LEAST, HEAP_TIMES * len(recorded.data))
    with tempfile.TemporaryDirectory(prefix="waistband-") as folder:
        given, made = Path(folder, "recording"), Path(folder, "outputs")
        given.write_bytes(recorded.data)
        try:
            done = subprocess.run(
                command + [row.format(given=given, made=made, heap=heap) for row in options],
                env={**os.environ, **(path or {})}, input=given_in,
                cwd=folder, capture_output=True, text=True, errors="replace",
                check=False, timeout=TIMEOUT_S,
            )  # fmt: skip
        except (OSError, subprocess.SubprocessError) as why:
            raise BadInput(f"{shlex.join(command)}: did not run: {why}; {get}") from None
        said = done.stdout.strip().rpartition("\n")[2]
        if said.startswith("stopped "):
            tick, state, what = json.loads(said.removeprefix("stopped "))
            return Played(made.read_bytes(), (tick, state, what))
        if done.returncode or said != f"played {recorded.ticks}":
            words = " ".join((done.stdout + done.stderr).split())[-QUOTED_MAX:]
            raise BadInput(f"{shlex.join(command)}: gave up: {words or 'without a word'}")
        return Played(made.read_bytes(), None)


PLAYERS = {
    "cpython": ("CPython", play_on_cpython),
    "unix": ("MicroPython (unix)", play_on_unix),
    "webassembly": ("MicroPython (WebAssembly)", play_on_webassembly),
}


# -- comparing -------------------------------------------------------------------------


def find_difference(recorded: Recording, played: Played) -> str:
    """A sentence about the first tick whose outputs differ; "" if none does."""
    was, came, stopped = recorded.outputs, played.outputs, played.stopped
    if was == came and stopped is None:
        return ""
    was_ticks, came_ticks = split_ticks(was), split_ticks(came)
    for tick, was_calls in enumerate(was_ticks):
        if stopped and tick == stopped[0]:
            break
        came_calls = came_ticks[tick] if tick < len(came_ticks) else []
        if was_calls != came_calls:
            where = locate_tick(recorded, tick, find_state(was_ticks[: tick + 1]))
            return f"{where} {compare_calls(was_calls, came_calls)}"
    if stopped:
        tick, state, what = stopped
        did = "allocated memory:" if what.startswith("MemoryError") else "raised"
        return f"{locate_tick(recorded, tick, state)} the firmware {did} {one_line(what)}"
    return f"after the last tick came {len(came) - len(was)} bytes more than were recorded"


def split_ticks(outputs: bytes) -> list[list[Call]]:
    """The calls of each tick; calls before the first tick belong to it."""
    ticks: list[list[Call]] = []
    before: list[Call] = []
    for call in split_calls(outputs):
        if call[0] == TICK:
            ticks.append([])
        (ticks[-1] if ticks else before).append(call)
    if ticks:
        ticks[0] = before + ticks[0]
    return ticks


def find_state(ticks: list[list[Call]]) -> str:
    """The state in the last digest of these ticks."""
    for row in reversed(ticks):
        for call, arguments in row:
            if call == DIGEST:
                return name_by_number(states.STATES, int.from_bytes(arguments[:4], "little"))
    return states.STATES[0]


def name_by_number(names: tuple[str, ...], number: int) -> str:
    """A name by number, or the number."""
    return names[number] if 0 <= number < len(names) else str(number)


def locate_tick(recorded: Recording, tick: int, state: str) -> str:
    """A tick's place in the run: number, time, clock and state."""
    clock = recorded.words[tick * FIELDS]
    return f"tick {tick} ({tick * TICK_MS / 1000:.2f} s, clock {clock} ms), state {state}:"


def compare_calls(was: list[Call], came: list[Call]) -> str:
    """The first call that differs between two ticks, in words."""
    first, second = next(pair for pair in zip_longest(was, came) if pair[0] != pair[1])
    return f"recorded was {render_call(first, second)}, and came {render_call(second, first)}"


def render_call(call: Call | None, other: Call | None) -> str:
    """A call with its arguments; of two digests only the fields that differ."""
    if call is None:
        return "nothing"
    number, arguments = call
    name, size = CALLS[number]
    if len(arguments) == size:
        if number == DRIVE:
            return f"drive(bank {arguments[0]}, duty {int.from_bytes(arguments[1:], 'little')})"
        if number == SIGNAL:
            return f"signal({name_by_number(states.CUES, arguments[0])})"
        if number == DIGEST:
            digest = other and other[0] == DIGEST and len(other[1]) == size
            return render_digest(arguments, other[1] if other and digest else b"")
    return f"{name}({arguments.hex(' ')})"


def render_digest(arguments: bytes, other: bytes) -> str:
    """The fields of a digest that differ from another digest; all fields without another."""
    count = len(DIGEST_FIELDS)
    values = struct.unpack(f"<{count}i", arguments)
    others = struct.unpack(f"<{count}i", other) if other else (None,) * count
    return ", ".join(
        f"{name} {render_field(name, value)}"
        for name, value, than in zip(DIGEST_FIELDS, values, others, strict=True)
        if value != than
    )


def render_field(name: str, value: int) -> str:
    """The value of a digest's field, as a name where it has one."""
    if name == "state":
        return name_by_number(states.STATES, value)
    if name == "reason":
        return name_by_number(states.REASONS, value)
    if name == "latched":
        return "+".join(fault for k, (fault, _) in enumerate(FAULTS) if value >> k & 1) or "none"
    return str(value)
