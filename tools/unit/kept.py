"""Folder of a simulated unit: what it keeps between two runs, and the commands that act on it.

Called by `waistband sim --keep FOLDER` and, for `--sim FOLDER`, by `tools.unit.files` and
`waistband monitor`. FOLDER holds the files of the unit's flash, by name, and STATE beside them:
battery, clock, scratch word. Each file is written whole or not at all, STATE last.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sim.common import validate
from sim.common.boards import BOARD_FILE, REFERENCE
from sim.common.errors import BadInput
from sim.common.story import Scenario, Start
from sim.common.value_record import replace
from sim.faults.hardware import CLOCK_S
from sim.hal_depth.depth import HalDepth
from sim.run import CALIBRATION, Run
from tools.common.files import reason, write_whole

STATE = "simulator.json"
STATE_KEYS = ("battery_pct", "clock_s", "scratch")
FILE_MAX = 2**20  # bytes: no file of a unit is larger
CLOCK_MAX_S = 2**32 - 1
BOOT_S = 10.0  # within this time a unit has booted and answered
STEPS = 5  # control steps, one second: telemetry's rate
DEPLOY = b"deploy"  # the command by which a host asks for the prompt


@dataclass
class Kept:
    """What a unit keeps: its files by name, charge (%), clock (s since 2000-01-01; None: not set)
    and scratch word."""

    files: dict[str, bytes]
    battery_pct: float
    clock_s: int | None
    scratch: int

    def board(self) -> str:
        """The board that the files name."""
        named = self.files.get(BOARD_FILE, b"").decode("ascii", "replace").strip()
        return named or REFERENCE

    def at_power_on(self) -> dict[str, bytes]:
        """The files that a run begins with. A calibration that is gone is an empty one: without it
        the simulator would take the unit for a new one, and make it."""
        return {CALIBRATION: b"", **self.files}


def read_unit(folder: str) -> Kept:
    """Read a folder. Raises BadInput where it holds no simulated unit."""
    home = Path(folder)
    try:
        names = sorted(path.name for path in home.iterdir() if path.is_file())
    except FileNotFoundError:
        names = []
    except (OSError, ValueError) as why:
        raise BadInput(f"{folder}: cannot be read: {reason(why)}") from None
    if STATE not in names:
        raise BadInput(
            f"{folder}: there is no simulated unit here: waistband sim --keep {folder} makes one"
        )
    where = str(home / STATE)
    table = validate.parse_json(validate.read_text(where), where)
    validate.table(table, where, STATE_KEYS)
    for key in STATE_KEYS:
        if key not in table:
            raise BadInput(f"{where}: lacks {key}")
    clock_s = table["clock_s"]
    if clock_s is not None:
        clock_s = validate.integer(clock_s, f"{where}: clock_s", 0, CLOCK_MAX_S, "s")
    return Kept(
        {
            name: validate.read_bytes(home / name, FILE_MAX)
            for name in names
            if name != STATE and not name.startswith(".")
        },
        validate.number(table["battery_pct"], f"{where}: battery_pct", 0, 100, "%"),
        clock_s,
        validate.integer(table["scratch"], f"{where}: scratch", 0, 2**30 - 1),
    )


def open_folder(folder: str) -> Kept | None:
    """Read a unit's folder; None where it is new or empty: it exists then. Raises BadInput where
    it holds something else."""
    try:
        home = Path(folder)
        home.mkdir(parents=True, exist_ok=True)
        if not any(home.iterdir()):
            return None
    except (OSError, ValueError) as why:
        raise BadInput(f"{folder}: cannot be a unit's folder: {reason(why)}") from None
    return read_unit(folder)


def write_unit(folder: str, kept: Kept) -> None:
    """Write a folder: what changed, and no more. Raises BadInput."""
    home = Path(folder)
    state = {
        "battery_pct": kept.battery_pct, "clock_s": kept.clock_s, "scratch": kept.scratch,
    }  # fmt: skip
    for name, content in {**kept.files, STATE: json.dumps(state).encode() + b"\n"}.items():
        path = home / name
        if not path.is_file() or path.read_bytes() != content:
            with write_whole(path) as part:
                part.write_bytes(content)
    for path in home.iterdir():
        if path.is_file() and path.name not in kept.files and path.name != STATE:
            path.unlink()


def read_run(run: Run) -> Kept:
    """What the unit of a run keeps now."""
    charge_pct = min(max(run.plant.battery.charge * 100.0, 0.0), 100.0)
    depth = run.depth
    word = depth.read_scratch() if depth.powered else 0
    files = run.read_files()
    if not files[CALIBRATION]:
        del files[CALIBRATION]  # it was gone
    return Kept(files, charge_pct, depth.read_clock_s(), word)


def fit_scenario(scenario: Scenario, kept: Kept | None, folder: str) -> Scenario:
    """A scenario with the kept unit's charge. Raises BadInput where it is of another board."""
    if kept is None:
        return scenario
    if kept.board() != scenario.board:
        raise BadInput(
            f"{folder}: is a unit with board {kept.board()}: name it with --board, or another"
            " folder"
        )
    start = replace(scenario.start, battery_pct=kept.battery_pct)
    return replace(scenario, start=start)


def idle_scenario(kept: Kept, duration_s: float, worn: bool = False) -> Scenario:
    """The unit switched on, on a table, and nothing pressed."""
    start = Start(battery_pct=kept.battery_pct, worn=worn)
    return Scenario("idle", 1, duration_s, {}, start, board=kept.board())


def switch_on(kept: Kept, duration_s: float = BOOT_S, worn: bool = False) -> Run:
    """Switch the unit on, at HAL depth."""
    return Run(
        idle_scenario(kept, duration_s, worn), files=kept.at_power_on(), clock_s=kept.clock_s,
        depth=HalDepth(),
    )  # fmt: skip


class SimulatedUnit:
    """A simulated unit at its prompt, in the place of a `tools.unit.device.Device`."""

    def __init__(self, folder: str, kept: Kept) -> None:
        self.port = folder
        self.files = kept.files
        self.board = kept.board()


@contextmanager
def at_simulated_prompt(folder: str) -> Iterator[SimulatedUnit]:
    """Yield the unit at its prompt, then restart it and keep what it keeps. Its own firmware is
    asked first, as on hardware, and runs again afterwards, also after an error."""
    kept = read_unit(folder)
    kept = ask_for_prompt(folder, kept)
    unit = SimulatedUnit(folder, kept)
    try:
        yield unit
    finally:
        run = switch_on(kept)
        run.advance(STEPS)
        write_unit(folder, read_run(run))


def ask_for_prompt(folder: str, kept: Kept) -> Kept:
    """Switch the unit on and ask it for the prompt; return what it keeps then. Raises BadInput
    where its firmware refuses."""
    run = switch_on(kept)
    said = ask_running(folder, run, DEPLOY)
    if run.depth.powered:
        raise no_answer(folder) if said is None else refusal(folder, said)
    return read_run(run)


def ask_unit(folder: str, line: str) -> str:
    """Switch the unit on, send it a line, return what it answers, and keep what it keeps then.
    Raises BadInput where its firmware refuses."""
    run = switch_on(read_unit(folder))
    said = ask_running(folder, run, line.encode())
    run.advance(3 * STEPS)  # its journal is written once a second
    write_unit(folder, read_run(run))
    if said is None:
        raise no_answer(folder)
    if "error" in said:
        raise refusal(folder, said)
    return str(said["ok"])


def ask_running(folder: str, run: Run, line: bytes) -> dict[str, object] | None:
    """Send a line to a unit that was switched on; return its answer, None where none came."""
    lines: list[bytes] = []
    run.hal.on_line = lines.append
    run.advance(STEPS)
    run.hal.commands.append(line)
    while run.depth.powered and run.advance(1):
        for text in lines:
            if b'"error"' in text or b'"ok"' in text:
                answer: dict[str, object] = json.loads(text)
                return answer
    return None


def refusal(folder: str, said: dict[str, object]) -> BadInput:
    """The error where a unit refuses."""
    return BadInput(f"{folder}: the unit says: {said.get('error')}")


def no_answer(folder: str) -> BadInput:
    """The error where a unit says nothing."""
    return BadInput(f"{folder}: the unit does not answer: simulate it with sim --keep {folder}")


def first_clock_s(kept: Kept | None) -> int | None:
    """The clock at the begin of a run: the kept one's; a new unit's is set."""
    return CLOCK_S if kept is None else kept.clock_s
