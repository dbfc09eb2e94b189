"""`waistband bringup`: the guided first start of a hand-built unit, or of a simulated one.

The steps stand in `tools.bringup.steps`. The unit is brought to its prompt as for `deploy`; its own
drivers run there, and it is restarted at the end.
"""

import json
import sys
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Annotated, Any

import typer

from sim.common import validate
from sim.common.errors import BadInput
from tools.commands.options import BOARD, DeviceName
from tools.common.files import emit

SUFFIXES = (".html", ".json", ".toml")


def bringup(
    output: Annotated[
        list[str] | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="Report (.html, .json) or measures (.toml); repeatable.",
        ),
    ] = None,
    device: DeviceName = None,
    serial: Annotated[
        str | None, typer.Option(metavar="TEXT", help="The unit's, over the measures'.")
    ] = None,
    measures: Annotated[
        str | None,
        typer.Option(
            metavar="MEASURES.toml", help="As calibrate's; what is measured here may lack."
        ),
    ] = None,
    simulated: Annotated[
        bool, typer.Option("--sim", help="A simulated unit instead of one on USB.")
    ] = False,
    wrong: Annotated[
        str | None, typer.Option(metavar="NAME", help="With --sim: how it is wrong; ? lists all.")
    ] = None,
    board: Annotated[
        str | None, typer.Option(metavar="NAME", help="With --sim: a file of hal/boards.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the report as one JSON object.")
    ] = False,
) -> int:
    """Start a hand-built unit for the first time, one part after the other.

    Nothing is lit before every dark step has passed: pins, buses, parts, thermometers, pack,
    buttons, buckle, charger, hands on the pads, signals. Then the lease, the supply switch, each
    bank for 20 ms, the calibration, ALERT. Each failure names the wire to look at. The unit needs
    MicroPython and the product (`flash` or `deploy`), and somebody who presses and looks. Exit code
    1 where a step failed.
    """
    check_options(output, device, simulated, {"--wrong": wrong, "--board": board})
    given = None if measures is None else read_partial(measures)
    if serial is None and given is not None and isinstance(given.get("serial"), str):
        serial = str(given["serial"])
    if simulated:
        return run_simulated(board, wrong, serial, (given, measures), output, as_json)
    if not sys.stdin.isatty():
        raise BadInput("bringup asks a person at a terminal: run it in one, or with --sim")
    return run_usb(device, serial, (given, measures), output, as_json)


def check_options(
    output: list[str] | None, device: str | None, simulated: bool, own: dict[str, str | None]
) -> None:
    """Refuse options that do not go together; `own` are those of a simulated unit. Raises
    BadInput."""
    for option, value in own.items():
        if value is not None and not simulated:
            raise BadInput(f"{option} without --sim: a unit on USB is as it is")
    if simulated and device is not None:
        raise BadInput("--device with --sim: name one of them")
    for path in output or ():
        if not path.lower().endswith(SUFFIXES):
            raise BadInput(
                f"-o is {validate.shown(path)}: a name that ends in .html, .json or .toml"
            )


Given = tuple[dict[str, object] | None, str | None]  # measures, and the name of their file


def read_partial(path: str) -> dict[str, object]:
    """Measures that may lack what a bring-up finds by itself. Raises BadInput."""
    from tools.bringup.calibration import check_partial
    from tools.commands.calibrate import read_table

    return check_partial(read_table(path), path, date.today().isoformat())


def run_simulated(
    board: str | None, wrong: str | None, serial: str | None, given: Given,
    output: list[str] | None, as_json: bool,
) -> int:  # fmt: skip
    """Bring a simulated unit up, wrong in some way where one is named."""
    from sim.common.boards import find_board
    from tools.bringup.simulated import SimulatedUnit
    from tools.bringup.wrongs import WRONGS, make_wrong

    if wrong is not None and wrong not in WRONGS:
        raise BadInput(f"--wrong is {validate.shown(wrong)}: one of {', '.join(WRONGS)}")
    data = find_board(board or BOARD)
    unit = make_wrong(data, wrong) if wrong else SimulatedUnit(data)
    try:
        report = run_all(unit, data, unit, serial, given, as_json)
    finally:
        unit.close()
    return finish(report, output, as_json)


def run_usb(
    device: str | None, serial: str | None, given: Given, output: list[str] | None, as_json: bool
) -> int:
    """Bring the unit on USB up."""
    from sim.common.boards import find_board
    from tools.bringup.terminal import AtTerminal
    from tools.unit.device import Device, find_port
    from tools.unit.files import read_board_name

    with Device(find_port(device)) as unit:
        unit.to_prompt()
        data = find_board(read_board_name(unit, unit.about()))
        report = run_all(unit, data, AtTerminal(), serial, given, as_json)
    return finish(report, output, as_json)


def run_all(
    unit: Any, board: Any, person: Any, serial: str | None, given: Given, as_json: bool
) -> dict[str, Any]:
    """Run the steps and restart the unit; return the report and, beside it, the measures."""
    from tools.bringup.calibration import calibrate_by
    from tools.bringup.report import make_report
    from tools.bringup.session import Bringup, Result, run_steps
    from tools.bringup.steps import STEPS
    from tools.bringup.verdict import BROKEN_OFF
    from tools.unit import transfer
    from tools.unit.manifest import release_name

    about = unit.about()
    table, where = given
    bringup = Bringup(unit, board, person, serial or "")

    if table is not None:
        bringup.calibrate = calibrate_by(table, str(where), date.today().isoformat())

    def tell(result: Result) -> None:
        """Print a step's result as it comes."""
        if not as_json:
            emit(describe(result))

    results = run_steps(bringup, STEPS, tell)
    with suppress(BadInput):
        if any(result.state == BROKEN_OFF for result in results):
            unit.to_prompt()  # after Ctrl-C, or with the cable back
        transfer.restart(unit, about)
        unit.wait_for_restart()
    return make_report(
        bringup, results, about, date=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        release=release_name(product()), simulated=unit is person,
    )  # fmt: skip


def product() -> dict[str, bytes]:
    """The files of this clone's product."""
    from sim.driver_depth.flash import device_files
    from tools.unit.transfer import ROOT

    return device_files(ROOT)


def describe(result: Any) -> str:
    """A step's result in lines."""
    step, state, verdict = result.values()
    lines = [f"{step.name:<12} {state:<10} {step.title}"]
    lines += [f"  ! {line}" for line in verdict.failures]
    lines += [f"  - {line}" for line in verdict.notes]
    return "\n".join(lines)


def finish(report: dict[str, Any], output: list[str] | None, as_json: bool) -> int:
    """Write the reports and the measures; return the exit code."""
    from tools.bringup.report import UNFIT
    from tools.bringup.report_files import write_report

    for path in output or ():
        write_report(path, report)
    if as_json:
        emit(json.dumps(report))
    else:
        emit("Every step passed." if report["passed"] else UNFIT)
    return 0 if report["passed"] else 1
