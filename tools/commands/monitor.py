"""`waistband monitor`: what a unit says once a second, as a live view, as lines, or as JSON.

It only listens: nothing is typed that a running unit would take. `--sim` listens to a
simulated unit instead, whose telemetry is the firmware's own.
"""

import sys
import time
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Annotated

import typer

from sim.common import validate
from sim.common.errors import BadInput
from tools.commands.sim import realtime_of, story
from tools.unit import device as devices
from tools.unit.device import Where

if TYPE_CHECKING:
    from collections.abc import Callable

    from tools.unit.monitor_view import Sink

QUIET_S = 5.0  # a unit that has said nothing for so long is said to
NO_UNIT = b"waistband: no unit runs here: this is MicroPython's prompt"
FOR_MAX_S = 1e7


class Over(Exception):
    """The time that was asked for is over."""


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
    from rich.console import Console

    from tools.unit.monitor_view import Lines, Screen

    if not simulated:
        for option, given, own in (
            ("--realtime", realtime, "time"), ("a scenario", scenario, "time"),
            ("--board", board, "board"),
        ):  # fmt: skip
            if given is not None:
                raise BadInput(f"{option} without --sim: a unit has its own {own}")
    elif device is not None:
        raise BadInput("--device with --sim: name one of them")
    limit_s = limit_of(for_s)
    listen = simulated_unit(scenario, board, realtime) if simulated else unit_on_usb(device)
    terminal = not as_json and sys.stdout is not None and sys.stdout.isatty()
    with ExitStack() as stack:
        stack.enter_context(suppress(KeyboardInterrupt, Over))  # the way that it ends
        sink: Sink = Lines(as_json)
        if terminal:
            sink = stack.enter_context(Screen(Console(highlight=False)))
        listen(Limited(sink, limit_s))
    return 0


def limit_of(written: str | None) -> float | None:
    """`--for`, in seconds; raises BadInput."""
    if written is None:
        return None
    try:
        return validate.number(float(written), "--for", 0.1, FOR_MAX_S, "s")
    except ValueError:
        raise BadInput(f"--for is {validate.shown(written)}: seconds") from None


class Limited:
    """A sink that ends after so many seconds."""

    def __init__(self, sink: "Sink", for_s: float | None) -> None:
        self.sink = sink
        self.until_s = time.monotonic() + for_s if for_s is not None else float("inf")

    def take(self, line: bytes) -> None:
        """Pass it on. Raises Over."""
        self.sink.take(line)
        self.idle()

    def idle(self) -> None:
        """Pass it on. Raises Over."""
        self.sink.idle()
        if time.monotonic() >= self.until_s:
            raise Over


# -- where lines come from -------------------------------------------------------------------


def simulated_unit(
    path: str | None, board: str | None, times: str | None
) -> "Callable[[Sink], None]":
    """A unit at HAL depth, as fast as the clock or --realtime. Raises BadInput."""
    from sim.run import Run
    from tools.simulate import Rows, advance

    scenario = story(path, board)
    realtime = realtime_of(times) or 1.0

    def listen(sink: "Sink") -> None:
        run = Run(scenario)
        said: list[bytes] = []
        run.hal.on_line = said.append

        def update() -> None:
            while said:
                sink.take(said.pop(0).strip())
            sink.idle()

        advance(run, Rows(run), realtime, update)
        update()

    return listen


def unit_on_usb(name: str | None) -> "Callable[[Sink], None]":
    """A unit on USB. One that goes away is waited for. Raises BadInput."""
    port = devices.port_of(name)

    def listen(sink: "Sink") -> None:
        with devices.Device(port) as unit:
            heard_s = time.monotonic()
            begun = False
            while True:
                try:
                    for line in unit.lines(0.2):
                        heard_s = time.monotonic()
                        known = line == devices.PROMPT or line[:1] in b"{w"
                        if begun or known:  # else it began before we listened
                            sink.take(NO_UNIT if line == devices.PROMPT else line)
                        begun = True
                    if time.monotonic() - heard_s > QUIET_S:
                        heard_s = time.monotonic()
                        sink.take(b"waistband: nothing was heard for %d s" % QUIET_S)
                        unit.write(devices.SHOW)  # a prompt says that it is one
                except BadInput:
                    sink.take(b"waistband: the unit went away; waiting for it")
                    unit.close()
                    again(unit, sink)
                sink.idle()

    return listen


def again(unit: devices.Device, sink: "Sink") -> None:
    """Wait for the port to come back."""
    while True:
        try:
            unit.open()
            return
        except BadInput:
            sink.idle()
            time.sleep(0.2)
