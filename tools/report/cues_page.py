"""Page of the wearer's manual: one to print, and below it each cue to hear and to feel.

Called by `waistband manual`. The page is one file; its script plays cues and asks for nothing.
"""

import json

from firmware.core import states
from firmware.ui.cues import CUES
from tools.common import words
from tools.common.cue_pattern import LIGHTS, cue_tones, cue_vibration, describe_cue
from tools.report.html_page import render_page
from tools.report.manual import NOT_A_DEVICE, STEPS, TAKE_CARE, draw_screen, list_buzzes

LIT = {"dark": "dark", "steady": "on", "slow": "blinks slowly", "fast": "blinks fast",
       "twice": "two flashes a second", "rarely": "a flash every 2 s", "": "as it was"}  # fmt: skip


def list_cues() -> list[dict[str, object]]:
    """Each cue: its name in words, pulses, light, tones and vibration."""
    return [
        {"name": words.CUES[name], "felt": describe_cue(name), "number": number,
         "light": LIT["" if CUES[number][0] is None else LIGHTS[CUES[number][0] or 0]]}
        for number, name in enumerate(states.CUES) if CUES[number][2]
    ]  # fmt: skip


def render_manual(screens: dict[str, list[str]]) -> str:
    """The page. `screens`: the screen's rows after each step, by its state."""
    played = [[cue_tones(cue), cue_vibration(cue)] for cue in range(len(CUES))]
    steps = [
        {"do": step.do, "then": step.then,
         "picture": draw_screen(screens[step.state]) if step.state != "OFF" else ""}
        for step in STEPS
    ]  # fmt: skip
    return render_page(
        "manual.html", page={"title": "The belt: one page"}, steps=steps, never=TAKE_CARE,
        no_device=NOT_A_DEVICE, buzzes=list_buzzes(),
        cues=list_cues(), played=json.dumps(played),
    )  # fmt: skip
