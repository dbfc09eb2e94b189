"""`waistband sim`: runs a scenario on the simulated unit, shows it, then prints the result."""

import os
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from sim.common.errors import BadInput
from tools.commands.options import (
    BOARD,
    LANGUAGE,
    LanguageName,
    ScenarioBoard,
    check_suffix,
    parse_integer,
    parse_number,
)
from tools.common import compiled

if TYPE_CHECKING:
    from sim.common.story import Scenario

REALTIME_MAX = 100_000
TraceEvery = Annotated[
    Literal["control", "tick"] | None,
    typer.Option(help="A row every control step (200 ms), the default, or tick (20 ms)."),
]
Uf2 = Annotated[
    str | None, typer.Option(metavar="FILE", help="MicroPython's UF2, or its number: 1.28.0.")
]
Vcd = Annotated[
    str | None, typer.Option(metavar="FILE.vcd", help="Pin depth: write all edges of the pins.")
]
Waveform = Annotated[
    str | None, typer.Option(metavar="FILE.png", help="Pin depth: draw pins at each event.")
]
Realtime = Annotated[
    str | None, typer.Option(metavar="X", help="Run X times as fast as the clock; else flat out.")
]
Keep = Annotated[
    str | None,
    typer.Option(metavar="FOLDER", help="What the unit keeps: read before, written back after."),
]
Record = Annotated[str | None, typer.Option(metavar="FILE", help="Write a recording for `replay`.")]


def sim(  # noqa: PLR0913, PLR0917 - one parameter an option
    scenario: Annotated[
        str | None,
        typer.Argument(metavar="[SCENARIO.toml]", help="What happens; else an ordinary session."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the result as one JSON object.")
    ] = False,
    trace: Annotated[
        str | None, typer.Option(metavar="FILE.csv", help="Write what happened, row by row.")
    ] = None,
    trace_every: TraceEvery = None,
    plot: Annotated[str | None, typer.Option(metavar="FILE.png", help="Draw the session.")] = None,
    report: Annotated[str | None, typer.Option(metavar="FILE.html", help="A page of it.")] = None,
    board: ScenarioBoard = None,
    seed: Annotated[
        str | None, typer.Option(metavar="N", help="Seed of all noise, over the scenario's.")
    ] = None,
    depth: Annotated[
        Literal["hal", "driver", "pin"], typer.Option(help="Where physics stands in for hardware.")
    ] = "hal",
    realtime: Realtime = None,
    keep: Keep = None,
    record: Record = None,
    uf2: Uf2 = None,
    vcd: Vcd = None,
    waveform: Waveform = None,
    language: LanguageName = LANGUAGE,
) -> int:
    """Run a scenario on the simulated unit: a live view on a terminal, then a summary.

    At HAL depth the firmware runs on simulated sensors and pads; at driver depth the unit's
    own files (boot.py, main.py, hal/) run on a simulated chip, and faults of a chip are there
    as well: firmware_hang, brownout, flash_full, ... At pin depth they run on real MicroPython,
    from a UF2 file, on an emulated RP2040: some ten times slower than the clock.

    At HAL depth a compiled copy of the unit runs where `make compiled` has made one; set
    WAISTBAND_COMPILED=0 to run the sources themselves.

    With --keep FOLDER the unit is the same one each time: its files, battery and clock go on
    where the last run left them, and its own prescription goes before the scenario's.
    `prescribe push`, `key install`, `journal pull`, `trial push` and `monitor` take --sim FOLDER.

    Exits 1 if the run ends in a fault that its scenario does not inject.
    """
    named = {"trace": trace, "plot": plot, "report": report, "recording": record, "edges": vcd,
             "waveform": waveform}  # fmt: skip
    outputs = [(what, path) for what, path in named.items() if path is not None]
    check_files(plot, waveform, report)
    check_depth(depth, uf2, vcd, waveform, record)
    check_outputs(scenario, outputs, trace_every)
    enter_copy(depth, scenario, language, record)
    from sim.scenario.scenario import SEED_MAX

    number = parse_integer(seed, "--seed", 0, SEED_MAX)
    from tools.simulate import simulate

    return simulate(
        load_scenario(scenario, board), outputs, as_json=as_json, trace_every=trace_every,
        seed=number, realtime=parse_realtime(realtime), depth=depth, uf2=uf2, keep=keep,
        language=language,
    )  # fmt: skip


def check_files(plot: str | None, waveform: str | None, report: str | None) -> None:
    """Raise BadInput for a file of another kind, or a report without its npm packages."""
    check_suffix("--plot", plot, ".png")
    check_suffix("--waveform", waveform, ".png")
    check_suffix("--report", report, ".html")
    if report is not None:
        from tools.bench.site import check_npm

        check_npm()


def check_depth(
    depth: str, uf2: str | None, vcd: str | None, waveform: str | None, record: str | None
) -> None:
    """Raise BadInput for an option of another depth."""
    if depth != "pin":
        for option, given in (("--uf2", uf2), ("--vcd", vcd), ("--waveform", waveform)):
            if given is not None:
                raise BadInput(f"{option} at --depth {depth}: it is for --depth pin")
    if record is not None and depth != "hal":
        raise BadInput(f"--record at --depth {depth}: recordings are made at --depth hal")


def check_outputs(
    scenario: str | None, outputs: Sequence[tuple[str, str]], trace_every: str | None
) -> None:
    """Raise BadInput for two outputs in one file, an output in the scenario's file, or rows of a
    trace that is not asked for."""
    if trace_every is not None and "trace" not in dict(outputs):
        raise BadInput("--trace-every needs --trace FILE.csv")
    used: dict[str, str] = {}
    if scenario is not None:
        used[os.path.realpath(scenario)] = "the scenario"
    for what, path in outputs:
        real = os.path.realpath(path)
        if real in used:
            raise BadInput(f"{path}: is {used[real]} already; give the {what} a name of its own")
        used[real] = f"the {what}"


def enter_copy(depth: str, scenario: str | None, language: str, record: str | None) -> None:
    """Run on the compiled copy, where there is one and it can do what is asked: its texts are
    English. Raises BadInput for a recording in another language."""
    if language != LANGUAGE:
        if record is not None:
            raise BadInput(f"--record with --language {language}: recordings are made in English")
    elif depth == "hal" and not names_a_line(scenario):
        compiled.enter(compiled.made())


def names_a_line(path: str | None) -> bool:
    """Whether a scenario injects a fault at a line of the firmware, which the interpreter alone
    can do. False where the file cannot be read: its reader says why."""
    try:
        found = tomllib.loads(Path(path).read_text(encoding="utf-8")) if path else {}
    except (OSError, ValueError):
        return False
    events = found.get("event")
    return isinstance(events, list) and any(
        isinstance(row, dict) and "line" in row for row in events
    )


def load_scenario(path: str | None, board: str | None) -> "Scenario":
    """The scenario in a file, or an ordinary session. Raises BadInput."""
    from sim.common.boards import find_board
    from sim.scenario.scenario import load, ordinary

    if path is None:
        return ordinary(board or BOARD)
    if board is not None:
        find_board(board)
    return load(path, board)


def parse_realtime(written: str | None) -> float | None:
    """`--realtime`, simulated seconds a second. Raises BadInput."""
    return parse_number(written, "--realtime", 0.01, REALTIME_MAX)
