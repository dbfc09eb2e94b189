"""`waistband monitor`: what a unit says once a second, as a live view, as lines, or as JSON.

It only listens: nothing is typed that a running unit would take. `--sim` listens to a
simulated unit instead, whose telemetry is the firmware's own.
"""

import json
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Any, Protocol

from rich.console import Console, Group, RenderableType
from rich.constrain import Constrain
from rich.live import Live
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from firmware import states, texts
from firmware.faults import FAULTS
from firmware.pad import ONE
from firmware.session import REFUSALS
from sim import reading
from sim.boards import REFERENCE
from sim.errors import BadInput, one_line
from sim.run import Run
from sim.scenario import load, ordinary
from tools import device, view, words
from tools.files import emit
from tools.sim_command import Request as SimRequest
from tools.sim_command import Rows, advance, realtime_of

QUIET_S = 5.0  # a unit that has said nothing for so long is said to
NO_UNIT = b"waistband: no unit runs here: this is MicroPython's prompt"
PAIRS = ("contact_mc", "board_mc", "throttle", "fluence_uj_cm2", "cem43_q10_ms")
NUMBERS = ("ms", "refused", "lock", "faults", "set_point_mc", "treat_ms", "battery_mv",
           "battery_pct", "sessions_left", "clock_set", "late_us")  # fmt: skip
FOR_MAX_S = 1e7


@dataclass(frozen=True)
class Request:
    """What the command line asks for."""

    device: str | None = None
    sim: bool = False
    scenario: str | None = None
    realtime: str | None = None
    as_json: bool = False
    for_s: str | None = None
    board: str | None = None


class Over(Exception):
    """The time that was asked for is over."""


class Sink(Protocol):
    """Where lines go."""

    def take(self, line: bytes) -> None:
        """A line of the unit's."""

    def idle(self) -> None:
        """Nothing came for a moment."""


def monitor(request: Request) -> int:
    """Show what comes, until it ends or somebody ends it; returns the exit code."""
    if not request.sim:
        for option, given, own in (
            ("--realtime", request.realtime, "time"), ("a scenario", request.scenario, "time"),
            ("--board", request.board, "board"),
        ):  # fmt: skip
            if given is not None:
                raise BadInput(f"{option} without --sim: a unit has its own {own}")
    elif request.device is not None:
        raise BadInput("--device with --sim: name one of them")
    for_s = None
    if request.for_s is not None:
        try:
            for_s = reading.number(float(request.for_s), "--for", 0.1, FOR_MAX_S, "s")
        except ValueError:
            raise BadInput(f"--for is {reading.shown(request.for_s)}: seconds") from None
    listen = simulated(request) if request.sim else real(request)
    terminal = not request.as_json and sys.stdout is not None and sys.stdout.isatty()
    with ExitStack() as stack:
        stack.enter_context(suppress(KeyboardInterrupt, Over))  # the way that it ends
        sink: Sink = Lines(request.as_json)
        if terminal:
            sink = stack.enter_context(Screen(Console(highlight=False)))
        listen(Limited(sink, for_s))
    return 0


class Limited:
    """A sink that ends after so many seconds."""

    def __init__(self, sink: Sink, for_s: float | None) -> None:
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


def simulated(request: Request) -> Callable[[Sink], None]:
    """A unit at HAL depth, as fast as the clock or --realtime. Raises BadInput."""
    board = request.board
    named = request.scenario
    scenario = ordinary(board or REFERENCE) if named is None else load(named, board)
    realtime = realtime_of(request.realtime) or 1.0

    def listen(sink: Sink) -> None:
        run = Run(scenario)
        said: list[bytes] = []
        run.hal.on_line = said.append

        def update() -> None:
            while said:
                sink.take(said.pop(0).strip())
            sink.idle()

        advance(run, Rows(run, SimRequest(), None), realtime, update)
        update()

    return listen


def real(request: Request) -> Callable[[Sink], None]:
    """A unit on USB. One that goes away is waited for. Raises BadInput."""
    port = device.port_of(request.device)

    def listen(sink: Sink) -> None:
        with device.Device(port) as unit:
            heard_s = time.monotonic()
            begun = False
            while True:
                try:
                    for line in unit.lines(0.2):
                        heard_s = time.monotonic()
                        known = line == device.PROMPT or line[:1] in b"{w"
                        if begun or known:  # else it began before we listened
                            sink.take(NO_UNIT if line == device.PROMPT else line)
                        begun = True
                    if time.monotonic() - heard_s > QUIET_S:
                        heard_s = time.monotonic()
                        sink.take(b"waistband: nothing was heard for %d s" % QUIET_S)
                        unit.write(device.SHOW)  # a prompt says that it is one
                except BadInput:
                    sink.take(b"waistband: the unit went away; waiting for it")
                    unit.close()
                    again(unit, sink)
                sink.idle()

    return listen


def again(unit: device.Device, sink: Sink) -> None:
    """Wait for the port to come back."""
    while True:
        try:
            unit.open()
            return
        except BadInput:
            sink.idle()
            time.sleep(0.2)


def record_of(line: bytes) -> dict[str, Any] | None:
    """A telemetry line's fields; None where it is another, or not a whole one."""
    table = device.table(line)
    if table.get("state") not in states.STATES or not isinstance(table.get("reason"), str):
        return None
    for key in NUMBERS:
        if type(table.get(key)) is not int:
            return None
    for key in PAIRS:
        pair = table.get(key)
        if not isinstance(pair, list) or [type(value) for value in pair] != [int, int]:
            return None
    return table


def fault_names(bits: int) -> list[str]:
    """The faults that are latched."""
    return [row[0] for number, row in enumerate(FAULTS) if bits >> number & 1]


def locked(record: dict[str, Any]) -> str:
    """Why the unit is locked; "" where it is not."""
    lock = record["lock"]
    return texts.LOCKS[lock].decode() if 0 <= lock < len(texts.LOCKS) else f"lock {lock}"


def refused(record: dict[str, Any]) -> str:
    """Why the last thing asked for was refused; "" where nothing was."""
    number = record["refused"]
    return words.REFUSED.get(REFUSALS[number], "") if 0 <= number < len(REFUSALS) else ""


def percents(record: dict[str, Any]) -> list[float]:
    """Light of each pad, of the prescribed power; none while dark."""
    lit = states.STATES.index(record["state"]) in states.LIT
    return [100 * share / ONE if lit else 0.0 for share in record["throttle"]]


# -- where they go ---------------------------------------------------------------------------


class Lines:
    """A line for each, for pipes and logs; with `as_json`, the unit's own objects, and words on
    standard error."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json

    def take(self, line: bytes) -> None:
        """Print it."""
        if self.as_json and (table := device.table(line)):
            emit(json.dumps(table))
            return
        record = record_of(line)
        if record:
            emit(told(record))
        elif line and self.as_json:
            print(one_line(line.decode("utf-8", "replace")), file=sys.stderr)
        elif line:
            emit(one_line(line.decode("utf-8", "replace")))

    def idle(self) -> None:
        """Nothing to do: what there is was printed."""


def told(record: dict[str, Any]) -> str:
    """A record in a line."""
    parts = [f"{record['ms'] / 1000:9.2f} s  {record['state']:9}"]
    for pad, contact_mc, light, uj_cm2 in zip(
        "AB", record["contact_mc"], percents(record), record["fluence_uj_cm2"], strict=True
    ):
        parts.append(f"{pad} {contact_mc / 1000:.2f} C {light:3.0f} % {uj_cm2 / 1e6:.2f} J/cm2")
    parts.append(f"{record['battery_pct']} %")
    for said in (", ".join(fault_names(record["faults"])), locked(record), refused(record)):
        if said:
            parts.append(said)
    return "  ".join(parts)


class Screen:
    """The live view: one screen of at most 80 by 24."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.record: dict[str, Any] | None = None
        self.note = "listening"
        self.live = Live(self.screen(), console=console, auto_refresh=False, transient=True)

    def __enter__(self) -> "Screen":
        self.live.__enter__()
        return self

    def __exit__(self, *raised: object) -> None:
        self.live.__exit__(None, None, None)

    def take(self, line: bytes) -> None:
        """Show it."""
        record = record_of(line)
        if record:
            self.record, self.note = record, ""
        elif line:
            self.note = one_line(line.decode("utf-8", "replace"))
        self.live.update(self.screen(), refresh=True)

    def idle(self) -> None:
        """Nothing new to draw."""

    def screen(self) -> RenderableType:
        """All of it."""
        parts: list[RenderableType] = []
        if self.record:
            parts = [self.head(self.record), "", body(self.record), "", foot(self.record)]
        parts.append(Text(self.note, style="yellow", no_wrap=True, overflow="ellipsis"))
        width = min(self.console.width - view.MARGIN, view.WIDTH_MAX)
        return Constrain(Padding(Group(*parts), (0, 1)), width)

    def head(self, record: dict[str, Any]) -> Table:
        """State, and how long the light was on."""
        return view.head(record["state"], f"{record['treat_ms'] / 60_000:.1f} min of light")


def body(record: dict[str, Any]) -> Table:
    """Both pads, side by side."""
    table = Table.grid(padding=(0, 1))
    table.add_column(min_width=view.LABEL, style="dim")
    table.add_column(min_width=view.PAD_WIDTH)
    table.add_column(min_width=view.PAD_WIDTH)
    set_point_mc = None if record["lock"] else record["set_point_mc"]
    table.add_row("", Text("pad A", style="bold"), Text("pad B", style="bold"))
    table.add_row("contact", *(view.contact(mc, set_point_mc) for mc in record["contact_mc"]))
    table.add_row("LED board", *(view.board(mc) for mc in record["board_mc"]))
    table.add_row("CEM43", *(view.thermal_dose(q10_ms) for q10_ms in record["cem43_q10_ms"]))
    lights = [view.with_bar(part, 100, f"{part:3.0f} %", "yellow") for part in percents(record)]
    table.add_row("light", *lights)
    table.add_row("dose", *(Text(f"{uj / 1e6:6.2f} J/cm2") for uj in record["fluence_uj_cm2"]))
    return table


def foot(record: dict[str, Any]) -> Group:
    """Battery, faults, and what was refused."""
    battery = view.label("battery").append(f"{record['battery_pct']} %")
    if not record["lock"]:
        battery.append(f"   {record['sessions_left']} sessions left")
    battery.append(f"   {record['battery_mv'] / 1000:.2f} V a cell", style="dim")
    named = ", ".join(fault_names(record["faults"]))
    faults = view.label("faults").append(named or "none", style="red" if named else "default")
    parts = [battery, faults]
    rows = (("locked", locked(record), "red"), ("refused", refused(record), "yellow"),
            ("ended", words.REASONS.get(record["reason"], ""), "default"),
            ("clock", "" if record["clock_set"] else "not set", "yellow"))  # fmt: skip
    parts += [view.label(what).append(said, style=style) for what, said, style in rows if said]
    for part in parts:
        part.no_wrap, part.overflow = True, "ellipsis"
    return Group(*parts)
