"""Explanation of a prescription in words, with a simulated session on two kinds of skin.

Called by `waistband prescribe explain`; reads the prescription's file. Heat decides how much light
is withheld, so that each session is simulated whole, at HAL depth.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from firmware.core import limits
from firmware.therapy.battery import Battery
from firmware.therapy.prescription import Course
from hal.contract import Board
from sim.common.boards import find_board
from sim.common.story import HOLD_MS, Event, Scenario, Start
from sim.run import Run
from tools.common import words
from tools.common.files import emit
from tools.prescription import dose_in_words, file
from tools.report.light_account import PadAccount, account

SKINS = {
    "ordinary skin": Start(),
    "30 mm of fat, no vasodilation": Start(fat_mm=30.0, vasodilation=1.0),
}
START_S = 5.0
WAITING_S = 60.0  # for skin, the check and what a session needs besides its light
FULL_PCT = 100
NOT_REACHED = 0.995  # of what was asked


@dataclass(frozen=True)
class Skin:
    """The result of a session on one kind of skin."""

    name: str
    reason: str
    lit_min: float
    pads: list[PadAccount]
    highest_c: float
    cem43_min: float
    energy_wh: float

    @property
    def given(self) -> float:
        """The given share of the dose, of the pad that got less."""
        return min(pad.given / pad.asked for pad in self.pads)


def explain(path: str, board: str) -> int:
    """Print the explanation of a prescription for a board. Raises BadInput."""
    data = find_board(board)
    found = file.read(path, data)
    course = dose_in_words.compile_course(found.asked, data)
    with show_progress(course) as report:
        skins = [simulate_session(name, found.asked, course, board, report) for name in SKINS]
    lines = [dose_in_words.render_asked(course), *dose_in_words.render_light(course)]
    for skin in skins:
        lines += render_skin(skin)
    lines += render_battery(course, data, skins)
    lines += [f"Mind: {text}" for text in render_warnings(course, skins)]
    emit("\n".join(lines))
    return 0


def render_skin(skin: Skin) -> Iterator[str]:
    """Lines on a simulated session."""
    given = ", ".join(f"{pad.name} {pad.given:.2f}" for pad in skin.pads)
    yield (
        f"On {skin.name}: lit for {skin.lit_min:.1f} min, then "
        f"{words.REASONS.get(skin.reason, skin.reason)}; given {given} J/cm2."
    )
    parts = {why: max(dict(pad.parts).get(why, 0.0) for pad in skin.pads)
             for pad in skin.pads for why, _ in pad.parts}  # fmt: skip
    withheld = [f"{why} {j_cm2:.2f}" for why, j_cm2 in parts.items() if j_cm2 > 0]
    if withheld:
        yield f"  Withheld, J/cm2: {', '.join(withheld)}."
    yield f"  Contact at most {skin.highest_c:.1f} C, thermal dose {skin.cem43_min:.2f} min CEM43."


def render_battery(course: Course, board: Board, skins: list[Skin]) -> Iterator[str]:
    """A line on the sessions a charge: simulated, and as the unit's screen counts them."""
    counted = Battery(board)
    counted.expect(course.power_mw(board), course.longest_ms())
    counted.percent = FULL_PCT
    drawn = max(skin.energy_wh for skin in skins)
    most = int(board.PACK_CAPACITY_MWH / 1000 / drawn) if drawn else 0
    yield (
        f"Battery: {drawn:.2f} Wh a session, {most} sessions a charge; "
        f"the screen counts {counted.sessions_left()} on a full one."
    )


def render_warnings(course: Course, skins: list[Skin]) -> Iterator[str]:
    """Warnings about this prescription, each with its source."""
    for skin in skins:
        if skin.given < NOT_REACHED:
            yield (
                f"on {skin.name} {100 * skin.given:.0f} % of the dose is reached: heat, not dose,"
                " is what binds (docs/maintainer/safety.md, simulated)"
            )
    yield from (text for applies, text in dose_in_words.WARNINGS if applies(course))
    day_min = limits.CEM43_DAY_Q10_MS / 1024 / 60_000
    if any(dose_in_words.TWO_A_DAY * skin.cem43_min >= day_min for skin in skins):
        yield (
            "two sessions use up a day's thermal dose, 4 min CEM43 (Sapareto and Dewey 1984,"
            " firmware/core/limits.py)"
        )


def simulate_session(
    name: str, asked: dict[str, Any], course: Course, board: str,
    report: Callable[[str, float], None],
) -> Skin:  # fmt: skip
    """Simulate a whole session, belt on and START pressed; `report` takes name and seconds."""
    press = Event(START_S, "press", "START", hold_ms=HOLD_MS)
    scenario = Scenario(
        name=name, seed=1, duration_s=course.max_ms / 1000 + WAITING_S, prescription=asked,
        start=SKINS[name], events=(press,), until_done=True, board=board,
    )  # fmt: skip
    run = Run(scenario)
    while run.advance(run.depth.chunk_steps):
        report(name, run.t_s)
    report(name, scenario.duration_s)
    result = run.result()
    return Skin(
        name, result["reason"] or "", result["treat_s"] / 60, account(run),
        max(result["max_contact_c"].values()), max(result["cem43_min"].values()),
        result["energy_wh"],
    )  # fmt: skip


@contextmanager
def show_progress(course: Course) -> Iterator[Callable[[str, float], None]]:
    """Yield a function that moves a bar on a terminal; the bar is erased at the end."""
    columns = TextColumn("Simulating {task.description}"), BarColumn(), TimeRemainingColumn()
    console = Console(stderr=True)
    whole_s = course.max_ms / 1000 + WAITING_S
    with Progress(
        *columns, console=console, transient=True, disable=not sys.stderr.isatty()
    ) as bar:
        tasks = {name: bar.add_task(name, total=whole_s) for name in SKINS}
        yield lambda name, t_s: bar.update(tasks[name], completed=t_s)
