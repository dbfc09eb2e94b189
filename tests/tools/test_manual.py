"""Wearer's manual: each step is lived through in the simulator; the page and its pictures."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from firmware.core import states
from firmware.core.limits import MEANT_MS, QUIET_MS
from firmware.ui import texts
from sim.common.story import Event
from sim.run import Run
from sim.scenario.scenario import parse
from tests.support.command import Waistband
from tools.common.cue_pattern import describe_cue
from tools.dev.hazards import read_table
from tools.report import manual

if TYPE_CHECKING:
    from playwright.sync_api import Browser

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


# Of a hazard of hazards.toml: words that the wearer's page must have.
TOLD = {
    "burn": ("asleep", "warm over it", "numb"), "eyes": ("look into a pad",),
    "chronic": ("looked at each week", "like a net"), "deep": ("implant",),
    "reaction": ("medicine", "tattoo", "drug patch", "ointment"), "electric": ("plug in a cable",),
    "pack_fire": ("wet", "battery"), "mechanical": ("children", "necks"),
    "prescribed_wrong": ("Lend",), "reprogrammed": ("open",),
}  # fmt: skip


def test_the_wearer_is_told_what_each_hazard_asks() -> None:
    said = " ".join(manual.TAKE_CARE)
    assert TOLD.keys() <= {row["id"] for row in read_table().hazards}
    for hazard, words in TOLD.items():
        assert [word for word in words if word not in said] == [], hazard


def test_the_command_writes_one_page_with_steps_pictures_and_every_cue(
    waistband: Waistband,
) -> None:
    code, out, err = waistband("manual", "manual.html", "--language", "de")
    page = Path("manual.html").read_text(encoding="utf-8")
    assert (code, err) == (0, "") and "manual.html" in out
    assert page.count("<svg") == len(manual.STEPS) - 1
    assert "Erst UP / DOWN" in page and "Taste klemmt" in page  # what the screen says
    assert page.count("<button") == len(states.CUES) - 1
    assert all(step.do in page for step in manual.STEPS)
    assert "navigator.vibrate" in page and "[[[2000, 160]], [160]]" in page
    assert "//" not in page.replace("http://www.w3.org/2000/svg", "")


@pytest.mark.parametrize("language", ["en", "de", "fr"])
def test_it_prints_on_one_sheet(waistband: Waistband, chromium: "Browser", language: str) -> None:
    waistband("manual", "manual.html", "--language", language)
    tab = chromium.new_page()
    tab.goto(Path("manual.html").resolve().as_uri())
    sheets = re.findall(rb"/Type\s*/Page\b", tab.pdf(prefer_css_page_size=True))
    tab.close()
    assert len(sheets) == 1


def test_a_page_of_another_kind_is_refused(waistband: Waistband) -> None:
    code, _, err = waistband("manual", "manual.pdf")
    assert code == 2 and err.count("\n") == 1 and not Path("manual.pdf").exists()


def test_a_cue_in_words() -> None:
    assert describe_cue("REFUSED_WARM") == "2 pulses of 0.6 s"
    assert describe_cue("READY") == "1 middle pulse"


def press(button: str, at_s: float, hold_ms: int = 200) -> Event:
    return Event(at_s, "press", button, hold_ms=hold_ms)


def lives(until_s: float, *events: Event, fault: str = "") -> Run:
    """A worn belt, and what a person does; a fault of 3 s at 55 s."""
    text = f"duration_s = {until_s}\n"
    if fault:
        text += f'[[event]]\nat_s = 55\nfault = "{fault}"\npad = "A"\nfor_s = 3\n'
    run = Run(parse(text, "card"))
    run.continue_with((*run.scenario.events, *events), until_s)
    run.advance(10**9)
    return run


@pytest.mark.parametrize("fault", ["ntc_open", "contact_lost", "pad_unplugged"])
@pytest.mark.parametrize("late_s", [0, 12])
def test_the_card_acknowledges_a_fault_with_the_belt_off_and_within_10_s(
    fault: str, late_s: int
) -> None:
    run = lives(
        150.0, press("START", 2.0), Event(60.0, "set", "worn", value=False),
        press("UP", 66.0), press("START", 69.0 + late_s, 2_000),
        Event(100.0, "set", "worn", value=True), press("START", 110.0), fault=fault,
    )  # fmt: skip
    assert "hold START for 2 seconds" in dict(manual.list_buzzes())[describe_cue("FAULT")]
    assert MEANT_MS == 10_000
    assert states.STATES[run.unit.session.state] == ("READY" if late_s else "TREAT")


@pytest.mark.parametrize("meant", [True, False])
def test_up_then_start_answers_a_button_that_is_called_stuck(meant: bool) -> None:
    """START, pause, START, pause: the next is refused by 5 pulses, and is not after UP."""
    presses = [press("START", at_s) for at_s in (2.0, 30.0, 36.0, 66.0, 72.0)]
    presses += [press("UP", 78.0)] * meant + [press("START", 80.0)]
    run = lives(115.0, *presses)
    assert states.STATES[run.unit.session.state] == ("TREAT" if meant else "PAUSED")
    assert meant or run.unit.session.refused == states.BUTTON_STUCK
    assert "press UP" in dict(manual.list_buzzes())[describe_cue("REFUSED_HELP")]


def test_the_wearers_page_has_the_lengths_and_times_of_the_firmware() -> None:
    page = (DOCS / "using-the-belt.md").read_text(encoding="utf-8")
    table = page.partition("## What the hand feels")[2].partition("## Buttons")[0]
    for name in states.CUES:
        words = describe_cue(name) if name != "SELF_TEST" else ""
        count, _, length = words.replace("pulses", "").replace("pulse", "").partition(" ")
        kind = length.replace("of", "").split()[:2]
        if words and not name.startswith("REFUSED"):
            row = f"| {count} of {' '.join(kind)}" if kind[-1] == "s" else f"| {count} {kind[0]} "
            assert row in table, name
    assert f"{MEANT_MS // 1000} s" in page and f"{QUIET_MS // 1000} s" in page
