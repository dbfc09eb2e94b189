"""Wearer's manual: its steps, lived through in the simulator, with pictures of the unit's screen.

Called by `waistband manual`, which writes the page, and by `python -m tools.report.manual FOLDER`,
which writes manual.md and its pictures for docs/wearer.
"""

import sys
from pathlib import Path
from typing import NamedTuple

from firmware.core import states
from firmware.ui import texts
from sim.common.story import HOLD_MS, Event
from sim.common.value_record import replace
from sim.driver_depth.font import CELLS
from sim.run import Run
from sim.scenario import scenario
from tools.common.cue_pattern import describe_cue
from tools.common.files import write_whole

NOT_A_DEVICE = (
    "The belt is not a medical device. We make no claim that the therapy works: your clinician"
    " chose the dose."
)
TAKE_CARE = (
    "Do not fall asleep on a pad, and put nothing warm over it.",
    "Bare, whole skin only: no plaster, drug patch or ointment under a pad.",
    "Never on numb skin. Not with a fever, an implant, or pregnant, unless your clinician said so.",
    "Tell your clinician of every medicine and tattoo. Lend the belt to nobody.",
    "Do not look into a pad: its light cannot be seen. Keep the belt from children and necks.",
    "Take it off before you plug in a cable. Do not open or wet it, or lie on its battery.",
    "Off at once if it burns or hurts, or if your back, looked at each week, is marked like a net.",
)
BUZZES = (  # cue, what to do; {NAME} is what the screen says of that refusal
    ("FAULT", "The light is out. Take the belt off first, always. Then press UP and, within 10"
     " seconds, hold START for 2 seconds."),
    ("LOCKED", "It gives no light before a service. Ask your clinician."),
    ("REFUSED_BELT", "Close the buckle, both pads on the skin; or take it off and put it on anew."),
    ("REFUSED_WARM", "Too warm: wait."),
    ("REFUSED_DAY", "Enough for today."),
    ("REFUSED_BATTERY", "Charge it."),
    ("REFUSED_HELP", "{NO_ANSWER}, or {BUTTON_STUCK}: press UP, let go, and press START within 10"
     " seconds. Still 5? Read the screen, or ask your clinician."),
    ("DONE_EARLY", "It ended before its dose: the screen says why. START gives the rest."),
    ("BATTERY_LOW", "Charge it after this session."),
)  # fmt: skip


class Step(NamedTuple):
    """A step of the manual, and what the simulated unit shows after it."""

    state: str  # in which the unit is then
    at_s: float  # the picture is the screen of this state from then on
    do: str
    then: str


STEPS = (
    Step("READY", 2.0, "Charge the belt. Put it on.",
         "Pads on bare skin, left and right of the spine. Close the buckle."),
    Step("WAIT_SKIN", 11.0, "Press START and let go.",
         "The belt feels for your skin. This takes 5 seconds, 3 minutes at most. A belt that was"
         " off is only switched on by this: press START again."),
    Step("CHECK", 11.0, "Wait.", "It tests each lamp."),
    Step("TREAT", 50.0, "Rest.", "Too warm? Press DOWN. UP takes that back."),
    Step("PAUSED", 61.0, "To pause, press START.",
         "The light is out at once. To go on, wait 3 seconds and press START."),
    Step("DONE", 70.0, "It ends by itself.", "Open the buckle. Take the belt off."),
    Step("OFF", 300.0, "To stop at any time, hold START for 2 seconds.",
         "The belt is off. It switches itself off after 10 minutes, too."),
)  # fmt: skip
PRESSES = ((10.0, HOLD_MS), (60.0, HOLD_MS), (66.0, HOLD_MS), (300.0, 2_000))  # of START


def live_through() -> dict[str, list[str]]:
    """The eight rows of the screen after each step, by its state. A dose of 1 J/cm2 keeps it
    short. Raises LookupError for a step whose state never came."""
    story = scenario.ordinary()
    run = Run(replace(
        story, duration_s=310.0, until_done=False,
        prescription={**story.prescription, "fluence_j_cm2": 1},
        events=tuple(Event(at_s, "press", "START", hold_ms=ms) for at_s, ms in PRESSES),
    ))  # fmt: skip
    found: dict[str, list[str]] = {}
    since = 0
    shown = ""
    more = True
    while more:
        more = run.advance(1)
        now = states.STATES[run.unit.session.state]
        since = since + 1 if now == shown else 0
        shown = now
        for step in STEPS:
            late = step.state == "OFF" or since >= 9  # the screen shows a row a control step
            if step.state == now and step.state not in found and run.t_s >= step.at_s and late:
                found[now] = run.depth.screen()
    missing = [step.state for step in STEPS if step.state not in found]
    if missing:
        raise LookupError(f"the simulated unit was never in {', '.join(missing)}")
    return found


def list_buzzes() -> list[tuple[str, str]]:
    """Each cue that is long, in words, and what to do; in quotes what the screen then says."""
    said = {
        name: f"\u201c{texts.REFUSALS[getattr(states, name)].decode()}\u201d"
        for name in ("NO_ANSWER", "BUTTON_STUCK")
    }
    return [(describe_cue(name), what.format(**said)) for name, what in BUZZES]


def draw_screen(rows: list[str]) -> str:
    """The screen as an SVG picture, pixel by pixel as the font has them."""
    path = []
    for row, text in enumerate(rows):
        for column, character in enumerate(text[:16]):
            cell = CELLS[ord(character)]
            path += [
                f"M{column * 8 + x} {row * 8 + y}h1v1h-1z"
                for x in range(8) for y in range(8) if cell[x] >> y & 1
            ]  # fmt: skip
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="-4 -4 136 72" width="272" height="144">'
        '<rect x="-4" y="-4" width="136" height="72" rx="4" fill="#111"/>'
        f'<path fill="#eef" d="{"".join(path)}"/></svg>\n'
    )


def render_markdown(screens: dict[str, list[str]]) -> dict[str, str]:
    """manual.md and its pictures, by name."""
    files = {}
    lines = ["# Wearer's manual", "",
             "One page to print in large letters, with its cues to hear and feel:"
             " `waistband manual manual.html`. This page is made by"
             " `python -m tools.report.manual docs/wearer`.", "", NOT_A_DEVICE, ""]  # fmt: skip
    for number, step in enumerate(STEPS, 1):
        lines += [f"## {number}. {step.do}", "", step.then, ""]
        if step.state != "OFF":
            name = f"screen-{step.state.lower()}.svg"
            files[name] = draw_screen(screens[step.state])
            shown = screens[step.state][0].strip()
            lines += [f"![The screen says: {shown}]({name})", ""]
    lines += ["## If it buzzes long", "", "| it buzzes | what to do |", "|---|---|"]
    lines += [f"| {felt} | {what} |" for felt, what in list_buzzes()]
    lines += ["", "## Take care", "", *(f"- {row}" for row in TAKE_CARE), ""]
    return {**files, "manual.md": "\n".join(lines)}


def main() -> int:
    """Write manual.md and its pictures."""
    for name, content in render_markdown(live_through()).items():
        with write_whole(str(Path(sys.argv[1]) / name)) as part:
            part.write_text(content, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
