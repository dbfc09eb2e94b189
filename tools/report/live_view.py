"""Live view of a run: one screen of 40 to 90 columns and less than 24 rows.

Called by `waistband sim`; `waistband monitor` uses its cells. Reads the run and changes nothing.
"""

import time

from rich.console import Console, Group, RenderableType
from rich.constrain import Constrain
from rich.live import Live
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from firmware.core import limits, states
from firmware.therapy.pad import ONE, Pad
from sim.run import Run
from tools.common import words
from tools.report.heap_battery import count_sessions_left
from tools.report.light_account import bank_dose_uj_cm2

REFRESH_S = 0.1
BAR = 13  # characters
LABEL = 13
PAD_WIDTH = 29
WIDTH_MAX = 90
MARGIN = 3
WIDE = LABEL + 2 * PAD_WIDTH + MARGIN + 4  # columns that bars need, with the spaces between them


class View:
    """Shows a run on a terminal: a context manager; `update` may be called at any rate."""

    def __init__(self, run: Run, console: Console) -> None:
        self.run = run
        self.console = console
        self.begun_s = self.shown_s = time.perf_counter()
        self.live = Live(self.screen(), console=console, auto_refresh=False, transient=True)

    def __enter__(self) -> "View":
        self.live.__enter__()
        return self

    def __exit__(self, *raised: object) -> None:
        self.live.__exit__(None, None, None)

    def update(self) -> None:
        """Draw again if REFRESH_S has passed."""
        now_s = time.perf_counter()
        if now_s - self.shown_s >= REFRESH_S:
            self.shown_s = now_s
            self.live.update(self.screen(), refresh=True)

    def screen(self) -> RenderableType:
        """The whole screen, with a margin for the ^C that a terminal shows."""
        parts = Group(self.head(), self.progress(), "", self.body(), "", self.foot())
        return Constrain(Padding(parts, (0, 1)), min(self.console.width - MARGIN, WIDTH_MAX))

    def head(self) -> Table:
        """State in words, and minutes left."""
        left = self.minutes_left()
        said = f"{left:.1f} min left" if left is not None else ""
        return head(states.STATES[self.run.unit.session.state], said)

    def minutes_left(self) -> float | None:
        """Minutes until the dose at the present light or the time limit; None outside a session."""
        unit = self.run.unit
        session = unit.session
        if session.locked or session.state not in (states.RAMP, states.TREAT, states.PAUSED):
            return None
        course = session.course
        step = course.steps[session.step]
        left_ms = course.max_ms - session.part_ms - session.treat_ms
        dose_ms = float(max(step.ms - session.in_step_ms, 0))
        for pad in unit.pads:
            lacks = max(pad.stop_uj_cm2 - pad.fluence.total_uj_cm2, 0)
            share = max(pad.throttle / ONE, 0.01)
            if not step.ms:
                dose_ms = max(dose_ms, 1000 * lacks / (step.total_uw_cm2 * share))
        dose_ms += sum(later.longest_ms() for later in course.steps[session.step + 1 :])
        return min(float(left_ms), dose_ms) / 60_000

    def progress(self) -> Table:
        """Progress and speed of the run."""
        run = self.run
        wall_s = max(time.perf_counter() - self.begun_s, 1e-6)
        said = f"{run.t_s / 60:.1f} of {run.duration_s / 60:.1f} min, {run.t_s / wall_s:,.0f} x"
        line = Table.grid(expand=True, padding=(0, 1))
        line.add_column(ratio=1)
        line.add_column(justify="right")
        bar = ProgressBar(total=run.duration_s, completed=run.t_s)
        line.add_row(bar, Text(said, style="dim"))
        return line

    def body(self) -> Table:
        """Both pads, side by side."""
        session, pads = self.run.unit.session, self.run.unit.pads
        narrow = is_narrow(self.console)
        table = pads_table(narrow)
        set_point_mc = None if session.locked or narrow else session.set_point_mc
        table.add_row("contact", *(contact(pad.contact_mc, set_point_mc) for pad in pads))
        table.add_row("LED board", *(board(pad.board_mc) for pad in pads))
        warmth = (thermal_dose(pad.cem43.session_q10_ms, narrow) for pad in pads)
        table.add_row("CEM43", *warmth)
        table.add_row("light", *(self.light(pad, narrow) for pad in pads))
        if not session.locked:
            course = session.course
            wholes = course.whole_uj_cm2
            cells = [bar(pad.fluence.total_uj_cm2, wholes[pad.index], narrow) for pad in pads]
            table.add_row("dose, J/cm2", *cells)
            for k, row in enumerate(self.run.board.BANKS):
                cells = [
                    bar(pad.fluence.uj_cm2[k], bank_dose_uj_cm2(course.steps, pad.index, k), narrow)
                    for pad in pads
                ]
                table.add_row(f"  {row[0]} nm", *cells)
        return table

    def light(self, pad: Pad, narrow: bool) -> RenderableType:
        """Throttle, in percent of the prescribed power; 0 while dark."""
        lit = self.run.unit.gate.open and self.run.unit.session.state in states.LIT
        percent = 100 * pad.throttle / ONE if lit else 0.0
        said = "dose reached" if pad.done else f"{percent:3.0f} %"
        return with_bar(percent, 100, said, "yellow", narrow)

    def foot(self) -> Group:
        """Battery, faults and refusals."""
        session, battery = self.run.unit.session, self.run.unit.battery
        style = "red" if battery.low or battery.ended else "default"
        charge = label("battery").append(f"{battery.percent} %", style=style)
        if not session.locked:
            charge.append(f"   {words.plural(count_sessions_left(battery), 'session')} left")
        charge.append(f"   {battery.cell_mv / 1000:.2f} V a cell", style="dim")
        parts = [charge]
        if rows := self.run.fault_rows():
            first = rows[0]
            more = f" and {len(rows) - 1} more" if len(rows) > 1 else ""
            said = f"{words.locate_fault(first)}: {words.render_figures(first)}{more}"
            parts.append(label("faults").append(said, style="red"))
            parts.append(label("").append(words.FAULTS[str(first["name"])], style="red"))
        else:
            parts.append(label("faults").append("none"))
        if session.locked:
            parts.append(label("locked").append(session.locked, style="red"))
        elif refused := words.explain_refusal(session.refused):
            parts.append(label("refused").append(refused, style="yellow"))
        return Group(*lines(parts, is_narrow(self.console)))


def is_narrow(console: Console) -> bool:
    """Whether two pads with their bars do not fit side by side."""
    return console.width < WIDE


def pads_table(narrow: bool) -> Table:
    """An empty table of both pads, side by side; without room for bars where `narrow`."""
    table = Table.grid(padding=(0, 1))
    table.add_column(min_width=0 if narrow else LABEL, style="dim")
    for _ in "AB":
        table.add_column(min_width=0 if narrow else PAD_WIDTH, no_wrap=narrow)
    table.add_row("", Text("pad A", style="bold"), Text("pad B", style="bold"))
    return table


def lines(parts: list[Text], narrow: bool) -> list[Text]:
    """A line each, cut where it is too long; where `narrow`, as many as a part needs."""
    for part in parts:
        part.no_wrap, part.overflow = not narrow, "fold" if narrow else "ellipsis"
    return parts


def head(state: str, said: str) -> Table:
    """A state in words, and a remark at the right."""
    line = Table.grid(expand=True)
    line.add_column()
    line.add_column(justify="right")
    doing = Text().append(f" {state} ", style=f"bold black on {words.COLOURS[state]}")
    doing.append(f"  {words.STATES[state]}")
    line.add_row(doing, Text(said, style="bold"))
    return line


def contact(contact_mc: int, set_point_mc: int | None) -> Text:
    """The firmware's contact temperature, and the set point."""
    text = coloured(contact_mc, limits.CONTACT_WARN_MC, limits.CONTACT_TRIP_MC, "green")
    if set_point_mc is not None:
        text.append(f"   set point {set_point_mc / 1000:.1f}", style="dim")
    return text


def board(board_mc: int) -> Text:
    """The firmware's LED-board temperature."""
    return coloured(board_mc, limits.BOARD_DERATE_MC, limits.BOARD_TRIP_MC, "default")


def coloured(temperature_mc: int, warn_mc: int, trip_mc: int, normal: str) -> Text:
    """A temperature, red from its trip on, yellow from its warning on."""
    style = "bold red" if temperature_mc >= trip_mc else "yellow"
    return Text(
        f"{temperature_mc / 1000:6.2f} C", style=normal if temperature_mc < warn_mc else style
    )


def thermal_dose(session_q10_ms: int, narrow: bool = False) -> Text:
    """The session's CEM43, minutes; its limit as well, unless `narrow`."""
    minutes = session_q10_ms / 1024 / 60_000
    if narrow:
        return Text(f"{minutes:6.2f} min")
    limit = limits.CEM43_SESSION_Q10_MS / 1024 / 60_000
    return Text(f"{minutes:6.2f} min").append(f" of {limit:g}", style="dim")


def label(text: str) -> Text:
    """The beginning of a line, as wide as the table's first column."""
    return Text().append(f"{text:{LABEL + 1}}", style="dim")


def bar(done_uj: float, whole_uj: float, narrow: bool) -> RenderableType:
    """A dose of its whole, J/cm2, with a bar."""
    said = f"{done_uj / 1e6:.2f} of {whole_uj / 1e6:.2f}"
    return with_bar(done_uj, whole_uj, said, "cyan", narrow)


def with_bar(
    done: float, whole: float, said: str, style: str, narrow: bool = False
) -> RenderableType:
    """A bar and its text; where `narrow`, the text alone."""
    if narrow:
        return Text(said)
    cell = Table.grid(padding=(0, 1))
    cell.add_column(width=BAR)
    cell.add_column()
    full = max(whole, 1e-9)
    drawn = ProgressBar(
        total=full, completed=min(done, full), width=BAR, complete_style=style,
        finished_style=style,
    )  # fmt: skip
    cell.add_row(drawn, Text(said))
    return cell
