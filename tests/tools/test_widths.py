"""Live view and summary on terminals from 40 columns on: whole, in every story."""

import re

import pytest
from rich.console import Console

from sim.run import Run
from sim.scenario import scenario
from tests.support.command import SHORT
from tests.tools.test_cli import STORIES
from tools.report.live_view import View
from tools.report.summary import render


@pytest.mark.parametrize("story", STORIES)
@pytest.mark.parametrize("width", [40, 50, 64, 80, 120])
def test_the_view_and_the_summary_fit_a_terminal_in_every_story(
    monkeypatch: pytest.MonkeyPatch, story: str, width: int
) -> None:
    text = STORIES[story]
    found = "duration_s = 30\n" + text + SHORT.partition("\n")[2] * (story != "idle")
    if text.startswith("[["):
        found = SHORT + text
    run = Run(scenario.parse(found, "story.toml"))
    console = Console(width=width, height=24, highlight=False)
    view = View(run, console)
    going = True
    while going:
        going = run.advance(10)
        with console.capture() as capture:
            console.print(view.screen())
        lines = capture.get().splitlines()
        assert len(lines) < 24
        assert max(map(len, lines)) <= width
        assert any("pad A" in line and "pad B" in line for line in lines)
        assert "…" not in capture.get() or width >= 80
    monkeypatch.setenv("COLUMNS", str(width))
    lines = render(run, []).splitlines()
    assert max(map(len, lines)) <= width and (len(lines) <= 28 or width < 80)
    if not run.unit.session.number:
        return
    [given] = [line for line in lines if re.match(r" given +[\d.]+ ", line)]
    pads = [cell for cell in given.split()[1:] if cell != "%"]
    assert len(pads) == (4 if width >= 80 else 2) or width == 64
