"""Wearer's manual: each step is lived through in the simulator; the page and its pictures."""

from pathlib import Path

import pytest

from firmware.core import states
from firmware.ui import texts
from tests.support.command import Waistband
from tools.common.cue_pattern import describe_cue
from tools.report import manual

DOCS = Path(__file__).resolve().parents[2] / "docs" / "wearer"


@pytest.fixture(scope="module")
def screens() -> dict[str, list[str]]:
    return manual.live_through()


@pytest.mark.parametrize("step", manual.STEPS, ids=lambda step: step.state)
def test_a_step_leads_to_its_state(step: manual.Step, screens: dict[str, list[str]]) -> None:
    shown = texts.STATES[getattr(states, step.state)].decode()
    assert step.state == "OFF" or screens[step.state][0].strip() == shown


def test_a_step_that_the_unit_does_not_take_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manual, "PRESSES", manual.PRESSES[:1])
    with pytest.raises(LookupError, match="never in PAUSED, OFF"):
        manual.live_through()


def test_the_page_in_the_documents_is_the_one_that_the_simulator_makes(
    screens: dict[str, list[str]],
) -> None:
    for name, content in manual.render_markdown(screens).items():
        assert (DOCS / name).read_text(encoding="utf-8") == content, name


def test_the_command_writes_one_page_with_steps_pictures_and_every_cue(
    waistband: Waistband,
) -> None:
    code, out, err = waistband("manual", "manual.html", "--language", "de")
    page = Path("manual.html").read_text(encoding="utf-8")
    assert (code, err) == (0, "") and "manual.html" in out
    assert page.count("<svg") == len(manual.STEPS) - 1
    assert page.count("<button") == len(states.CUES) - 1
    assert all(step.do in page for step in manual.STEPS)
    assert "navigator.vibrate" in page and "[[[2000, 160]], [160]]" in page
    assert "//" not in page.replace("http://www.w3.org/2000/svg", "")


def test_a_page_of_another_kind_is_refused(waistband: Waistband) -> None:
    code, _, err = waistband("manual", "manual.pdf")
    assert code == 2 and err.count("\n") == 1 and not Path("manual.pdf").exists()


def test_a_cue_in_words() -> None:
    assert describe_cue("REFUSED_WARM") == "2 very long pulses"
    assert describe_cue("READY") == "1 middle pulse"
