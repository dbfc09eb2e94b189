"""The command `waistband`: one function a subcommand, and how it ends.

Exit codes: 0 all well; 1 the run or the comparison failed; 2 bad input, said in one
line on standard error; 130 interrupted.
"""

import signal
import sys
from enum import StrEnum
from importlib import metadata
from typing import Annotated, NoReturn

import typer

from sim.errors import BadInput, Interrupted, one_line
from tools import check, journal, key, prescribe, trial
from tools.device import Where
from tools.files import emit
from tools.options import BOARD, BoardName, ScenarioBoard

BAD_INPUT = 2
INTERRUPTED = 130
TERMINATED = 143
# Typer keeps its base class for wrong options in a private module; a public subclass shows it.
UsageProblem: type[Exception] = typer.BadParameter.__mro__[2]

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(check.app, name="check")
app.add_typer(prescribe.app, name="prescribe")
app.add_typer(key.app, name="key")
app.add_typer(journal.app, name="journal")
app.add_typer(trial.app, name="trial")


class Depth(StrEnum):
    """Where the physics stands in for the hardware."""

    HAL = "hal"
    DRIVER = "driver"
    PIN = "pin"


class Every(StrEnum):
    """How often the trace has a row."""

    CONTROL = "control"
    TICK = "tick"


class Interpreter(StrEnum):
    """What runs the firmware again."""

    CPYTHON = "cpython"
    UNIX = "unix"
    WEBASSEMBLY = "webassembly"


def version() -> str:
    """The installed version, or that there is none."""
    try:
        return metadata.version("waistband")
    except metadata.PackageNotFoundError:
        return "not installed"


def show_version(wanted: bool) -> None:
    """`--version`."""
    if wanted:
        emit(f"waistband {version()}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def waistband(
    context: typer.Context,
    _version: Annotated[
        bool, typer.Option("--version", callback=show_version, is_eager=True, help="Say which.")
    ] = False,
) -> None:
    """An infrared waistband: its simulator and its tools."""
    if context.invoked_subcommand is None:
        emit(context.get_help())


@app.command()
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
    uf2: Annotated[
        str | None, typer.Option(metavar="FILE", help="MicroPython's UF2, or its number: 1.28.0.")
    ] = None,
    vcd: Annotated[
        str | None, typer.Option(metavar="FILE.vcd", help="Pin depth: write all edges of the pins.")
    ] = None,
    waveform: Annotated[
        str | None, typer.Option(metavar="FILE.png", help="Pin depth: draw pins at each event.")
    ] = None,
) -> int:
    """Run a scenario on the simulated unit: a live view on a terminal, then a summary.

    At HAL depth the firmware runs on simulated sensors and pads; at driver depth the unit's
    own files (boot.py, main.py, hal/) run on a simulated chip, and faults of a chip are there
    as well: firmware_hang, brownout, flash_full, ... At pin depth they run on real MicroPython,
    from a UF2 file, on an emulated RP2040: some ten times slower than the clock.

    Exits 1 if the run ends in a fault that its scenario does not inject.
    """
    from tools.sim_command import Request, simulate

    return simulate(
        Request(
            scenario, as_json, trace, trace_every.value, plot, report, seed, realtime, record,
            depth.value, uf2, vcd, waveform, board,
        )
    )


@app.command()
def replay(
    recording: Annotated[str, typer.Argument(metavar="RECORDING", help="From `sim --record`.")],
    on: Annotated[Interpreter, typer.Option(help="What runs the firmware.")] = Interpreter.CPYTHON,
) -> int:
    """Feed a recorded run's inputs to the firmware again and compare every output.

    Exits 1 at the first output that differs, and shows it.
    """
    from tools.replay_command import compare

    return compare(recording, on.value)


@app.command()
def bench(
    port: Annotated[
        str | None, typer.Option(metavar="N", help="Of 127.0.0.1; else 8017. 0: any free one.")
    ] = None,
    opens: Annotated[bool, typer.Option("--open/--no-open", help="Open it in a browser.")] = True,
    output: Annotated[
        str | None,
        typer.Option("-o", "--output", metavar="FOLDER", help="Write it for any static host."),
    ] = None,
    board: BoardName = BOARD,
) -> int:
    """The unit in a browser tab: the unmodified firmware and simulator on MicroPython's own
    WebAssembly build. Live with it, break any part of it, go back in time.

    Served on this machine's own address until Ctrl-C; the page asks nobody else for anything.
    """
    from tools.bench_command import bench as show

    return show(port, opens, output, board)


@app.command()
def flash(
    micropython: Annotated[
        str, typer.Option(metavar="BASE.uf2", help="MicroPython for the board: RPI_PICO's.")
    ],
    output: Annotated[
        str | None, typer.Option("-o", "--output", metavar="OUT.uf2", help="Write it to a file.")
    ] = None,
    drive: Annotated[
        str | None, typer.Option(metavar="DIR", help="The board's drive; else it is looked for.")
    ] = None,
    calibration: Annotated[
        str | None, typer.Option(metavar="FILE.json", help="The unit's own, to go with it.")
    ] = None,
    prescription: Annotated[
        str | None, typer.Option(metavar="FILE", help="The wearer's, to go with it.")
    ] = None,
    key: Annotated[
        str | None, typer.Option(metavar="KEYFILE", help="The unit's: what it gets of it.")
    ] = None,
    board: BoardName = BOARD,
) -> int:
    """Make one UF2 file with MicroPython and the whole product, and write it to a board that
    was plugged in with BOOTSEL held, or to a file that can be dropped onto one.

    Whatever was on the board is gone: its calibration, its prescription, what it kept.
    """
    from tools.flash_command import Request
    from tools.flash_command import flash as write

    return write(Request(micropython, output, drive, calibration, prescription, key, board))


@app.command()
def deploy(device: Where = None) -> int:
    """Copy the product to a unit over USB: what changed, compiled, each file's hash verified.

    The unit is asked into service mode, which it refuses while a session runs, and restarted;
    its clock is set. Its calibration, prescription and records stay. Interrupted, it stays
    dark and says so until this is run again.
    """
    from tools.deploy_command import deploy as bring

    return bring(device)


@app.command()
def release(
    folder: Annotated[str, typer.Argument(metavar="FOLDER", help="A new one.")],
) -> int:
    """Write the product to a folder that MicroPython's own installer takes: compiled, with the
    hashes of all files and a package.json for `mpremote mip install --target /`."""
    from tools.release_command import write

    return write(folder)


@app.command()
def monitor(
    scenario: Annotated[
        str | None, typer.Argument(metavar="[SCENARIO.toml]", help="With --sim: what happens.")
    ] = None,
    device: Where = None,
    simulated: Annotated[
        bool, typer.Option("--sim", help="A simulated unit instead of one on USB.")
    ] = False,
    realtime: Annotated[
        str | None, typer.Option(metavar="X", help="With --sim: X times as fast as the clock.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the unit's objects, one a line.")
    ] = False,
    for_s: Annotated[
        str | None, typer.Option("--for", metavar="S", help="End after so many seconds.")
    ] = None,
    board: Annotated[
        str | None, typer.Option(metavar="NAME", help="With --sim: over the scenario's board.")
    ] = None,
) -> int:
    """Show what a unit says once a second: a live view on a terminal, else a line each.

    It only listens: a session goes on undisturbed. Ctrl-C ends it.
    """
    from tools.monitor_command import Request
    from tools.monitor_command import monitor as listen

    return listen(Request(device, simulated, scenario, realtime, as_json, for_s, board))


@app.command()
def calibrate(
    measures: Annotated[
        str, typer.Argument(metavar="MEASURES.toml", help="What was measured; TOML or JSON.")
    ],
    output: Annotated[
        str | None, typer.Option("-o", "--output", metavar="FILE.json", help="Not to a unit.")
    ] = None,
    device: Where = None,
    serial: Annotated[
        str | None, typer.Option(metavar="TEXT", help="The unit's, over the file's.")
    ] = None,
    date: Annotated[
        str | None, typer.Option(metavar="YYYY-MM-DD", help="Of measuring, over the file's.")
    ] = None,
    board: Annotated[
        str, typer.Option(metavar="NAME", help="A file of hal/boards, with -o; a unit tells its.")
    ] = BOARD,
    replace: Annotated[
        bool, typer.Option("--replace", help="Write over the calibration that a unit has.")
    ] = False,
) -> int:
    """Make a unit's calibration of what was measured on it, check it as the unit does, and write
    it to the unit (in service mode) or to a file.

    Measured are the irradiance of each bank at full duty, at the skin side of the window, LED
    board at 25 C (mW/cm2); the window (cm2); what each contact thermistor reads too low (C).

    \b
    serial = "WB-0001"
    date = 2026-11-27
    window_cm2 = 60
    ntc_offset_c = { A = 0.12, B = -0.05 }
    [irradiance_mw_cm2]
    A = { 810 = 9.8, 850 = 10.1, 940 = 10.0, 1060 = 9.7 }
    B = { 810 = 9.9, 850 = 10.2, 940 = 9.9, 1060 = 9.8 }
    """
    from tools.calibrate_command import Request
    from tools.calibrate_command import calibrate as make

    return make(Request(measures, output, device, board, serial, date, replace))


@app.command()
def doctor() -> int:
    """Say what is installed, what is missing, and what each missing part would give."""
    from tools.doctor import report

    return report(version())


def refuse(message: str) -> int:
    """Say in one line what was wrong; returns the exit code for it."""
    print("waistband: " + one_line(message.strip()), file=sys.stderr)
    return BAD_INPUT


def terminate(_number: int, _frame: object) -> NoReturn:
    """SIGTERM: leave the way an exception does, so that nothing half-written stays."""
    raise SystemExit(TERMINATED)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    before = signal.signal(signal.SIGTERM, terminate)
    try:
        code = app(arguments, prog_name="waistband", standalone_mode=False)
    except Interrupted as why:
        refuse(str(why))
        return INTERRUPTED
    except BadInput as why:
        return refuse(str(why))
    except UsageProblem as why:
        return refuse(usage_line(why))
    except KeyboardInterrupt:
        code = INTERRUPTED
    finally:
        signal.signal(signal.SIGTERM, before)
    if code == INTERRUPTED:
        print("waistband: interrupted; nothing was written", file=sys.stderr)
    return int(code or 0)


def usage_line(why: Exception) -> str:
    """What Typer says of wrong options, on one line, with the way to the help."""
    said = " ".join(str(getattr(why, "format_message", why.__str__)()).split())
    context = getattr(why, "ctx", None)
    path = context.command_path if context else "waistband"
    return f"{said.rstrip('.')}; see {path} --help"


if __name__ == "__main__":
    sys.exit(main())
