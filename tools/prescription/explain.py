"""Explanation of a prescription in words, with sessions simulated on several skins and rooms.

Called by `waistband prescribe explain`; reads the prescription's file. Heat decides how much light
is withheld, so that each session is simulated whole, at HAL depth. The last line is the sentence
that a report of the treatment needs, filled in.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from firmware.core import limits, states
from firmware.therapy.battery import Battery
from firmware.therapy.course import Course, Step
from hal.contract import Board
from sim.common.boards import find_board
from sim.common.story import HOLD_MS, Event, Scenario, Start
from sim.run import Run
from tools.common import words
from tools.common.files import emit
from tools.prescription import dose_in_words, file
from tools.report.light_account import PadAccount, account

SKINS = {
    "ordinary skin at 18 C": Start(ambient_c=18.0),
    "ordinary skin at 23 C": Start(),
    "ordinary skin at 30 C": Start(ambient_c=30.0),
    "30 mm of fat, no vasodilation, at 30 C": Start(ambient_c=30.0, fat_mm=30.0, vasodilation=1.0),
}
# Recommended doses 780-860 nm, World Association for Laser Therapy, 2010.
WALT = "WALT's table counts so: lumbar spine 16 J in 4 to 8 points, at least 4 J a point"
START_S = 5.0
WAITING_S = 60.0  # for skin, the check and what a session needs besides its light
FULL_PCT = 100
NOT_REACHED = 0.98  # of what was asked: the last percent is left, as no light gives it exactly
SLOWED = 0.02  # of a step's light
HEAT = "throttled for heat"


@dataclass(frozen=True)
class StepResult:
    """A step in one simulated session: minutes of light, J/cm2 of each pad, and the share of its
    light that heat withheld."""

    minutes: float
    given: tuple[float, float]
    slowed: float


@dataclass(frozen=True)
class Skin:
    """The result of a session on one kind of skin."""

    name: str
    reason: str
    lit_min: float
    pads: list[PadAccount]
    steps: list[StepResult]
    highest_c: float
    cem43_min: float
    energy_wh: float

    @property
    def given(self) -> float:
        """The given share of the dose, of the pad that got less."""
        return min(pad.given / pad.asked for pad in self.pads if pad.asked)


def explain(path: str, board: str) -> int:
    """Print the explanation of a prescription for a board. Raises BadInput."""
    data = find_board(board)
    found = file.read(path, data)
    course = dose_in_words.compile_nominal(found.asked, data)
    with show_progress(course) as report:
        skins = [simulate_session(name, found.asked, course, board, report) for name in SKINS]
    lines = [dose_in_words.render_asked(course), *dose_in_words.render_light(course)]
    for skin in skins:
        lines += render_skin(skin)
        lines += render_steps(course, skin)
    lines += render_energy(course, data)
    lines += render_battery(course, data, skins)
    lines += [f"Mind: {text}" for text in render_warnings(course, skins)]
    lines.append(render_report(course, data, skins))
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


def render_steps(course: Course, skin: Skin) -> Iterator[str]:
    """A line on each step that was lit: what ended it, and the irradiance that was reached."""
    for number, (step, result) in enumerate(zip(course.steps, skin.steps, strict=False), 1):
        binds = "its minutes end it" if step.ms else "its dose ends it"
        if number == len(skin.steps) and skin.reason not in ("dose", "time"):
            binds = words.REASONS.get(skin.reason, skin.reason)
        elif number == len(skin.steps) and skin.reason == "time" and not step.ms:
            binds = "the session's time ends it"
        if result.slowed > SLOWED:
            binds += f", heat withholds {100 * result.slowed:.0f} %"
        seconds = max(result.minutes * 60, 1.0)
        pads = [k for k in (0, 1) if step.of_pad(k, 1)]
        reached = ", ".join(f"{'AB'[k]} {1000 * result.given[k] / seconds:.2f}" for k in pads)
        yield (
            f"  Step {number}: {result.minutes:.1f} min, {binds}; on average {reached} of "
            f"{step.total_uw_cm2 / 1000:g} mW/cm2."
        )


def render_energy(course: Course, board: Board) -> Iterator[str]:
    """Lines on what a session, a day and the course come to, prescribed, a pad."""
    a, b = [whole / 1e6 for whole in course.whole_uj_cm2]
    each = f"{max(a, b):g} J/cm2" if a == b else f"A {a:g}, B {b:g} J/cm2"
    joules = ", ".join(f"{name} {j_cm2 * board.WINDOW_CM2:.0f} J" for name, j_cm2 in
                       (("A", a), ("B", b)))  # fmt: skip
    yield (
        f"A session: {each}, which is {joules} over {board.WINDOW_CM2} cm2; a point of 1 cm2 gets "
        f"{max(a, b):g} J ({WALT})."
    )
    longest_min = course.longest_ms() / 60_000
    day_min = limits.SESSION_DAY_MAX_MS / 60_000
    if course.a_day:
        fits = min(course.a_day, int(day_min / longest_min))
        yield (
            f"A day: at most {course.a_day} such sessions; the day's {day_min:g} min of light "
            f"allow {fits}, {fits * max(a, b):g} J/cm2 of a pad."
        )
    else:
        yield f"A day: as many sessions as {day_min:g} min of light allow."
    if course.sessions:
        yield (
            f"The course: {course.sessions} sessions, {course.sessions * max(a, b):g} J/cm2 of a "
            "pad in all."
        )


def render_report(course: Course, board: Board, skins: list[Skin]) -> str:
    """The sentence on the treatment that a report needs (Jenkins and Carroll 2011, as
    `tools.journal.export` has them), filled in as prescribed and as simulated."""
    lit = [
        nm for k, nm in enumerate(course.nm) if any(s.irradiance_uw_cm2[k] for s in course.steps)
    ]
    steps = "; ".join(f"{words.render_step(step)} ({render_pulses(step)})" for step in course.steps)
    minutes = [skin.lit_min for skin in skins]
    sessions = f"{course.sessions} sessions" if course.sessions else "[number of sessions]"
    a_day = f"at most {course.a_day} a day" if course.a_day else "[interval]"
    return (
        f"For a report: LEDs of {', '.join(map(str, lit))} nm (nominal peaks), two pads with a "
        f"window of {board.WINDOW_CM2} cm2 each in contact with skin [site: lower back]; "
        f"{steps}; {max(course.whole_uj_cm2) / 1e6:g} J/cm2, "
        f"{max(course.whole_uj_cm2) / 1e6 * board.WINDOW_CM2:.0f} J a pad and session, in "
        f"{min(minutes):.0f} to {max(minutes):.0f} min (simulated, contact held at "
        f"{course.set_point_mc / 1000:g} C); {sessions}, {a_day}."
    )


def render_pulses(step: Step) -> str:
    """Average and peak irradiance, frequency and duty."""
    duty = dose_in_words.pulse_duty(step)
    share = dose_in_words.gate_share(step)
    text = f"peak {step.total_uw_cm2 / 1000 / duty / share:.3g} mW/cm2 in pulses of "
    text += f"{step.carrier_hz} Hz, duty {100 * duty:.0f} %"
    return text + (f", gated {100 * share:.0f} %" if share < 1 else "")


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
        by_minutes = course.steps[-1].ms or skin.reason == "dose"
        if skin.given < NOT_REACHED and not (by_minutes and find_binding(skin) == "time"):
            yield (
                f"on {skin.name} {100 * skin.given:.0f} % of the dose is reached: "
                f"{find_binding(skin)}, not dose, is what binds (docs/maintainer/safety.md, "
                "simulated)"
            )
    yield from (text for applies, text in dose_in_words.WARNINGS if applies(course))
    day_min = limits.CEM43_DAY_Q10_MS / 1024 / 60_000
    if any(dose_in_words.TWO_A_DAY * skin.cem43_min >= day_min for skin in skins):
        yield (
            "two sessions use up a day's thermal dose, 4 min CEM43 (Sapareto and Dewey 1984,"
            " firmware/core/limits.py)"
        )


def find_binding(skin: Skin) -> str:
    """What kept a session from its dose: heat, where it withheld more than the ramp did."""
    pad = min((pad for pad in skin.pads if pad.asked), key=lambda pad: pad.given / pad.asked)
    parts = dict(pad.parts)
    lost = pad.asked - pad.given
    return "heat" if parts.get(HEAT, 0.0) > 0.5 * lost else "time"


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
    steps: list[StepResult] = []
    while run.advance(1):
        note_step(run, steps)
        report(name, run.t_s)
    report(name, scenario.duration_s)
    result = run.result()
    return Skin(
        name, result["reason"] or "", result["treat_s"] / 60, account(run), steps,
        max(result["max_contact_c"].values()), max(result["cem43_min"].values()),
        result["energy_wh"],
    )  # fmt: skip


def note_step(run: Run, steps: list[StepResult]) -> None:
    """Note how far the present step has come."""
    session = run.unit.session
    if session.state not in states.LIT:
        return
    del steps[session.step :]
    before = sum(step.slowed * step.minutes for step in steps)
    slowed_min = max(pad.throttled_ms for pad in run.unit.pads) / 60_000 - before
    minutes = session.in_step_ms / 60_000
    a, b = [(pad.fluence.total_uj_cm2 - pad.from_uj_cm2) / 1e6 for pad in run.unit.pads]
    steps.append(StepResult(minutes, (a, b), slowed_min / minutes if minutes else 0.0))


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
