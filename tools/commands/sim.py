"""`waistband sim`: a scenario on the simulated unit, watched, then told."""

import os
import tomllib
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sim.common.errors import BadInput
from tools.commands.options import BOARD, ScenarioBoard
from tools.common import compiled

if TYPE_CHECKING:
    from sim.common.story import Scenario

REALTIME_MAX = 100_000
Uf2 = Annotated[
    str | None, typer.Option(metavar="FILE", help="MicroPython's UF2, or its number: 1.28.0.")
]
Vcd = Annotated[
    str | None, typer.Option(metavar="FILE.vcd", help="Pin depth: write all edges of the pins.")
]
Waveform = Annotated[
    str | None, typer.Option(metavar="FILE.png", help="Pin depth: draw pins at each event.")
]


class Depth(StrEnum):
    """Where the physics stands in for the hardware."""

    HAL = "hal"
    DRIVER = "driver"
    PIN = "pin"


class Every(StrEnum):
    """How often the trace has a row."""

    CONTROL = "control"
    TICK = "tick"


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
    trace_every: Annotated[
        Every, typer.Option(help="A row every control step (200 ms) or tick (20 ms).")
    ] = Every.CONTROL,
    plot: Annotated[str | None, typer.Option(metavar="FILE.png", help="Draw the session.")] = None,
    report: Annotated[str | None, typer.Option(metavar="FILE.html", help="A page of it.")] = None,
    board: ScenarioBoard = None,
    seed: Annotated[
        str | None, typer.Option(metavar="N", help="Seed of all noise, over the scenario's.")
    ] = None,
    depth: Annotated[Depth, typer.Option(help="Where physics stands in for hardware.")] = Depth.HAL,
    realtime: Annotated[
        str | None,
        typer.Option(metavar="X", help="Run X times as fast as the clock; else flat out."),
    ] = None,
    record: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write a recording for `replay`.")
    ] = None,
    uf2: Uf2 = None,
    vcd: Vcd = None,
    waveform: Waveform = None,
) -> int:
    """Run a scenario on the simulated unit: a live view on a terminal, then a summary.

    At HAL depth the firmware runs on simulated sensors and pads; at driver depth the unit's
    own files (boot.py, main.py, hal/) run on a simulated chip, and faults of a chip are there
    as well: firmware_hang, brownout, flash_full, ... At pin depth they run on real MicroPython,
    from a UF2 file, on an emulated RP2040: some ten times slower than the clock.

    At HAL depth a compiled copy of the unit runs where `make compiled` has made one; set
    WAISTBAND_COMPILED=0 to run the sources themselves.

    Exits 1 if the run ends in a fault that its scenario does not inject.
    """
    named = {"trace": trace, "plot": plot, "report": report, "recording": record, "edges": vcd,
             "waveform": waveform}  # fmt: skip
    outputs = [(what, path) for what, path in named.items() if path is not None]
    check_names(plot, waveform, report)
    check_depth(depth.value, uf2, vcd, waveform, record)
    check_outputs(scenario, outputs)
    enter_copy(depth, scenario)
    number, times = seed_of(seed), realtime_of(realtime)
    from tools.simulate import simulate

    return simulate(
        story(scenario, board), outputs, as_json=as_json, trace_every=trace_every.value,
        seed=number, realtime=times, depth=depth.value, uf2=uf2,
    )  # fmt: skip


# -- options -------------------------------------------------------------------------------


def check_names(plot: str | None, waveform: str | None, report: str | None) -> None:
    """Refuse names of files that are of another kind; raises BadInput."""
    from sim.common.validate import shown

    kinds = (("--plot", plot, ".png"), ("--waveform", waveform, ".png"),
             ("--report", report, ".html"))  # fmt: skip
    for option, path, kind in kinds:
        if path is not None and Path(path).suffix.lower() != kind:
            raise BadInput(f"{option} is {shown(path)}: a name that ends in {kind}")
    if report is not None:
        from tools.bench.site import check_npm

        check_npm()


def check_depth(
    depth: str, uf2: str | None, vcd: str | None, waveform: str | None, record: str | None
) -> None:
    """Refuse options that are for another depth; raises BadInput."""
    if depth != "pin":
        for option, given in (("--uf2", uf2), ("--vcd", vcd), ("--waveform", waveform)):
            if given is not None:
                raise BadInput(f"{option} at --depth {depth}: it is for --depth pin")
    if record is not None and depth != "hal":
        raise BadInput(f"--record at --depth {depth}: recordings are made at --depth hal")


def check_outputs(scenario: str | None, outputs: Sequence[tuple[str, str]]) -> None:
    """Refuse two outputs in one file, or one in the scenario's; raises BadInput."""
    used: dict[str, str] = {}
    if scenario is not None:
        used[os.path.realpath(scenario)] = "the scenario"
    for what, path in outputs:
        real = os.path.realpath(path)
        if real in used:
            raise BadInput(f"{path}: is {used[real]} already; give the {what} a name of its own")
        used[real] = f"the {what}"


def enter_copy(depth: Depth, scenario: str | None) -> None:
    """Run on the compiled copy, where there is one and it can do what is asked."""
    if depth is Depth.HAL and not names_a_line(scenario):
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


def story(path: str | None, board: str | None) -> "Scenario":
    """The scenario in a file, or an ordinary session. Raises BadInput."""
    from sim.scenario.scenario import load, ordinary

    return ordinary(board or BOARD) if path is None else load(path, board)


def seed_of(written: str | None) -> int | None:
    """`--seed`; raises BadInput."""
    if written is None:
        return None
    from sim.common import validate
    from sim.scenario.scenario import SEED_MAX

    try:
        return validate.integer(int(written), "--seed", 0, SEED_MAX)
    except ValueError:
        raise BadInput(
            f"--seed is {validate.shown(written)}: an integer from 0 to {SEED_MAX}"
        ) from None


def realtime_of(written: str | None) -> float | None:
    """`--realtime`, simulated seconds a second; raises BadInput."""
    if written is None:
        return None
    from sim.common import validate

    try:
        return validate.number(float(written), "--realtime", 0.01, REALTIME_MAX)
    except ValueError:
        raise BadInput(
            f"--realtime is {validate.shown(written)}: a number from 0.01 to {REALTIME_MAX}"
        ) from None
