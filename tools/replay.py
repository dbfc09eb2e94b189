"""A recording's inputs to the firmware again, and its outputs compared to the byte.

Called by the command `waistband replay`. The comparison is made here for every
interpreter; the interpreter only plays (`sim.recording.format`).
"""

import json
import os
import shlex
import shutil
import struct
import subprocess
import sys
import tempfile
from importlib import util
from pathlib import Path
from typing import Any, NamedTuple, cast

from firmware.core import states
from firmware.core.faults import FAULTS
from firmware.core.limits import TICK_MS
from sim.common.boards import REFERENCE, find_board
from sim.common.errors import BadInput, one_line
from sim.recording import format as recording
from sim.recording.format import (
    CALLS,
    DIGEST,
    DIGEST_FIELDS,
    DRIVE,
    FIELDS,
    MAGIC,
    SIGNAL,
    TICK,
    Stopped,
)

ROOT = Path(__file__).resolve().parent.parent
FILE_MAX_BYTES = 1 << 28
HEAP_TIMES = 5  # the VM's heap over the recording's size, and
HEAP_LEAST = 64 << 20  # at least this many bytes
TIMEOUT_S = 1_800
QUOTED_MAX = 200  # characters of an interpreter's words that a message quotes
GET_UNIX = "pip install -e '.[micropython]', or name one as WAISTBAND_MICROPYTHON"


class Recording(NamedTuple):
    """A recording that is whole."""

    data: bytes
    about: dict[str, Any]
    words: Any  # array of signed 32-bit words, FIELDS a tick
    outputs: bytes

    @property
    def ticks(self) -> int:
        """How many ticks it holds."""
        return int(self.about["ticks"])


class Played(NamedTuple):
    """What an interpreter made of the inputs; `stopped` is (tick, state, why) or None."""

    outputs: bytes
    stopped: tuple[int, str, str] | None


def replay(path: Path, on: str) -> tuple[bool, str]:
    """Play a recording on one of PLAYERS; whether all outputs were equal, and a sentence.

    Raises BadInput for a file that is no whole recording, and where the interpreter is missing.
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
    """Read a recording and check that it is whole. Raises BadInput."""
    try:
        with path.open("rb") as file:
            data = file.read(FILE_MAX_BYTES + 1)
    except (OSError, ValueError) as why:
        reason = getattr(why, "strerror", None) or why
        raise BadInput(f"{path}: cannot be read: {reason}") from None
    if len(data) > FILE_MAX_BYTES:
        raise BadInput(f"{path}: is larger than {FILE_MAX_BYTES >> 20} MiB, the most that is read")
    return check_recording(data, str(path))


def check_recording(data: bytes, where: str) -> Recording:
    """The parts of a recording's bytes. Raises BadInput, whatever they are."""
    try:
        about, words, outputs = recording.split(data)
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
    """What is wrong with a recording of the right form; "" if nothing is."""
    body = data[data.index(b"\n") + 1 :]
    if about["sha256"] != recording.digest(body):
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
    """Whether it is [tick, question, answer] as `sim.recording.format` keeps it."""
    if not isinstance(row, list) or len(row) != 3:
        return False
    tick, question, answer = row
    if isinstance(answer, dict):
        answer = answer.get("base64")
        if not isinstance(answer, str) or not answer.isascii():
            return False
    return type(tick) is int and isinstance(question, str)


def split_calls(outputs: bytes) -> list[tuple[int, bytes]]:
    """Outputs as (call, arguments); ends early where a byte is no call."""
    found = []
    at = 0
    while at < len(outputs) and outputs[at] in CALLS:
        call = outputs[at]
        end = at + 1 + CALLS[call][1]
        found.append((call, outputs[at + 1 : end]))
        at = end
    return found


# -- playing ---------------------------------------------------------------------------


def play_on_cpython(recorded: Recording) -> Played:
    """In this process."""
    outputs = bytearray()
    about = json.loads(json.dumps(recorded.about))  # playing turns its answers into bytes
    try:
        recording.play(
            about, recorded.words, find_recorded_board(recorded.about), outputs.extend, None
        )
    except Stopped as why:
        return Played(bytes(outputs), cast("tuple[int, str, str]", why.args))
    return Played(bytes(outputs), None)


def find_micropython() -> list[str]:
    """The command of MicroPython's unix port. Raises BadInput if there is none."""
    named = os.environ.get("WAISTBAND_MICROPYTHON")
    if named:
        try:
            command = shlex.split(named)
        except ValueError:
            command = []
        if not command or shutil.which(command[0]) is None:
            raise BadInput(f"WAISTBAND_MICROPYTHON is {named!r}: no such command")
        return command
    if util.find_spec("micropython_unix"):
        return [sys.executable, "-m", "micropython_unix"]
    beside = Path(sys.executable).with_name("micropython")
    if beside.exists():
        return [str(beside)]
    raise BadInput(f"MicroPython's unix port is not installed: {GET_UNIX}")


def play_on_unix(recorded: Recording) -> Played:
    """On MicroPython's unix port, every tick with its heap locked."""
    command = find_micropython()
    options = ["-X", "heapsize={heap}", "-m", "sim.recording.format", "{given}", "{made}"]
    path = {"MICROPYPATH": f"{ROOT}{os.pathsep}.frozen"}
    return play_on_command(recorded, command, options, GET_UNIX, path=path)


def play_on_webassembly(recorded: Recording) -> Played:
    """On MicroPython's WebAssembly build under Node, every tick with its heap locked; small ints
    have 31 bits there, as the chip's, and whatever outgrows them allocates."""
    from tools.bench import site

    node = site.node()
    site.check_npm()
    options = [str(site.BENCH / "replay.mjs"), "{given}", "{made}", "{heap}"]
    files = json.dumps(site.unit("sim.recording.format", find_recorded_board(recorded.about).NAME))
    return play_on_command(recorded, [node], options, site.GET, files)


def play_on_command(
    recorded: Recording, command: list[str], options: list[str], get: str, given_in: str = "",
    path: dict[str, str] | None = None,
) -> Played:  # fmt: skip
    """On another interpreter, which runs `sim.recording.format` by this command; `options` name the
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
    was, came = recorded.outputs, played.outputs
    stopped = played.stopped
    if was == came and stopped is None:
        return ""
    was_ticks, came_ticks = split_ticks(was), split_ticks(came)
    for tick in range(len(was_ticks)):
        if stopped and tick == stopped[0]:
            break
        if tick >= len(came_ticks) or was_ticks[tick] != came_ticks[tick]:
            came_calls = came_ticks[tick] if tick < len(came_ticks) else []
            return describe_tick(
                recorded, tick, state_before(was_ticks, tick), was_ticks[tick], came_calls
            )
    if stopped:
        tick, state, what = stopped
        allocated = what.startswith("MemoryError")
        did = "allocated memory:" if allocated else "raised"
        return f"{locate_tick(recorded, tick, state)} the firmware {did} {one_line(what)}"
    return f"after the last tick came {len(came) - len(was)} bytes more than were recorded"


def split_ticks(outputs: bytes) -> list[list[tuple[int, bytes]]]:
    """The calls of each tick; those from before the first go with it."""
    ticks: list[list[tuple[int, bytes]]] = []
    before: list[tuple[int, bytes]] = []
    for call in split_calls(outputs):
        if call[0] == TICK:
            ticks.append([])
        (ticks[-1] if ticks else before).append(call)
    if ticks:
        ticks[0] = before + ticks[0]
    return ticks


def state_before(ticks: list[list[tuple[int, bytes]]], tick: int) -> str:
    """The state that the unit was last recorded in, up to and with this tick."""
    for row in reversed(ticks[: tick + 1]):
        for call, arguments in row:
            if call == DIGEST:
                return name_by_number(states.STATES, int.from_bytes(arguments[:4], "little"))
    return states.STATES[0]


def name_by_number(names: tuple[str, ...], number: int) -> str:
    """A name by number, or the number."""
    return names[number] if 0 <= number < len(names) else str(number)


def locate_tick(recorded: Recording, tick: int, state: str) -> str:
    """Where in the run a tick is."""
    clock = recorded.words[tick * FIELDS]
    return f"tick {tick} ({tick * TICK_MS / 1000:.2f} s, clock {clock} ms), state {state}:"


def describe_tick(
    recorded: Recording, tick: int, state: str, was: list[tuple[int, bytes]],
    came: list[tuple[int, bytes]],
) -> str:  # fmt: skip
    """Two ticks' first different calls, in words."""
    k = 0
    while k < len(was) and k < len(came) and was[k] == came[k]:
        k += 1
    said, says = (
        render_call(row[k], was, came, k) if k < len(row) else "nothing" for row in (was, came)
    )
    return f"{locate_tick(recorded, tick, state)} recorded was {said}, and came {says}"


def render_call(
    call: tuple[int, bytes], was: list[tuple[int, bytes]], came: list[tuple[int, bytes]], k: int
) -> str:
    """A call with its arguments; of two digests only the fields that differ."""
    number, arguments = call
    if number == DRIVE and len(arguments) == 3:
        return f"drive(bank {arguments[0]}, duty {int.from_bytes(arguments[1:], 'little')})"
    if number == SIGNAL and arguments:
        return f"signal({name_by_number(states.CUES, arguments[0])})"
    if number == DIGEST and len(arguments) == CALLS[DIGEST][1]:
        other = next(
            (row[k][1] for row in (came, was)
             if k < len(row) and row[k][0] == DIGEST and row[k][1] != arguments
             and len(row[k][1]) == len(arguments)),
            b"",
        )  # fmt: skip
        return render_digest(arguments, other)
    return f"{CALLS[number][0]}({arguments.hex(' ')})"


def render_digest(arguments: bytes, other: bytes) -> str:
    """The fields of a digest that are not as in the other one; all, if there is none."""
    count = len(DIGEST_FIELDS)
    values = struct.unpack(f"<{count}i", arguments)
    others = struct.unpack(f"<{count}i", other) if other else (None,) * count
    return ", ".join(
        f"{name} {render_field(name, value)}"
        for name, value, than in zip(DIGEST_FIELDS, values, others, strict=True)
        if value != than
    )


def render_field(name: str, value: int) -> str:
    """A field of a digest for people."""
    if name == "state":
        return name_by_number(states.STATES, value)
    if name == "reason":
        return name_by_number(states.REASONS, value)
    if name == "latched":
        return "+".join(fault for k, (fault, _) in enumerate(FAULTS) if value >> k & 1) or "none"
    return str(value)
