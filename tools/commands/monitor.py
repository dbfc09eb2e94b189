"""`waistband monitor`: a unit's telemetry, one record a second, as a live view, lines or JSON.

It only listens: it types nothing that a running unit would obey. `--sim` listens to a simulated
unit instead, whose telemetry the same firmware writes: of a scenario, or of a unit's folder.
"""

import math
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, closing, suppress
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from sim.common.errors import BadInput
from tools.commands.options import DeviceName, parse_number
from tools.commands.sim import load_scenario, parse_realtime
from tools.common.files import is_terminal
from tools.unit.device import PROMPT, SHOW_PROMPT, Device, find_port

QUIET_S = 5.0  # after so long without a line, SHOW_PROMPT is sent
NO_UNIT = b"waistband: no unit runs here: this is MicroPython's prompt"
FOR_MAX_S = 1e7
IDLE_S = 600.0  # of a kept unit that nobody touches: then it switches itself off

Lines = Generator[bytes | None, None, None]  # None: nothing came for a moment


def monitor(
    scenario: Annotated[
        str | None,
        typer.Argument(
            metavar="[SCENARIO.toml | FOLDER]", help="With --sim: what happens, or the unit."
        ),
    ] = None,
    device: DeviceName = None,
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
    if simulated and device is not None:
        raise BadInput("--device with --sim: name one of them")
    given = {"--realtime": realtime, "a scenario": scenario, "--board": board}
    for option, value in given.items():
        if value is not None and not simulated:
            own = "board" if option == "--board" else "time"
            raise BadInput(f"{option} without --sim: a unit has its own {own}")
    limit_s = parse_number(for_s, "--for", 0.1, FOR_MAX_S, "s") or math.inf
    lines = read_simulated(scenario, board, realtime) if simulated else read_usb(device)
    show_lines(lines, limit_s, as_json)
    return 0


def show_lines(lines: Lines, limit_s: float, as_json: bool) -> None:
    """Show each line as it comes, until the end, Ctrl-C, or for so many seconds."""
    from rich.console import Console

    from tools.unit.monitor_view import Screen, print_line

    with ExitStack() as stack:
        stack.enter_context(suppress(KeyboardInterrupt))
        stack.enter_context(closing(lines))
        take: Callable[[bytes], None] = partial(print_line, as_json=as_json)
        if is_terminal(as_json):
            screen = Screen(Console(highlight=False))
            stack.enter_context(screen.live)
            take = screen.take
        until_s = time.monotonic() + limit_s
        for line in lines:
            if line is not None:
                take(line)
            if time.monotonic() >= until_s:
                break


def read_simulated(path: str | None, board: str | None, times: str | None) -> Lines:
    """Yield the lines of a unit at HAL depth, as fast as the clock or --realtime. Raises
    BadInput."""
    from sim.run import Run
    from tools.simulate import Rows, advance
    from tools.unit.kept import read_unit, switch_on

    if path is not None and Path(path).is_dir():
        run = switch_on(read_unit(path), IDLE_S, worn=True)
    else:
        run = Run(load_scenario(path, board))
    waiting: list[bytes] = []
    run.hal.on_line = waiting.append
    for _ in advance(run, Rows(run), parse_realtime(times) or 1.0):
        yield from map(bytes.strip, waiting)
        waiting.clear()
        yield None


def read_usb(name: str | None) -> Lines:
    """Yield the lines of a unit on USB; wait for a unit that goes away. Raises BadInput."""
    with Device(find_port(name)) as unit:
        heard_s = time.monotonic()
        begun = False
        while True:
            try:
                for line in unit.lines(0.2):
                    heard_s = time.monotonic()
                    known = line == PROMPT or line[:1] in b"{w"
                    if begun or known:  # else the first part of the line was missed
                        yield NO_UNIT if line == PROMPT else line
                    begun = True
                if time.monotonic() - heard_s > QUIET_S:
                    heard_s = time.monotonic()
                    yield b"waistband: nothing was heard for %d s" % QUIET_S
                    unit.write(SHOW_PROMPT)
            except BadInput:
                yield b"waistband: the unit went away; waiting for it"
                unit.close()
                while not reopen(unit):
                    yield None
            yield None


def reopen(unit: Device) -> bool:
    """Whether the port is there again; if not, after a short wait."""
    try:
        unit.open()
    except BadInput:
        time.sleep(0.2)
        return False
    return True
