"""Languages of the unit's screen: each is complete, fits its cells, and is alone on a unit."""

import importlib
import json
from pathlib import Path
from types import ModuleType

import pytest

from firmware.core import faults, states
from firmware.ui import screen, texts
from sim.common.value_record import replace
from sim.driver_depth.flash import device_files
from sim.driver_depth.release import release
from sim.run import Run
from sim.scenario import scenario
from tests.support.command import Waistband
from tools.common.languages import LANGUAGES, TEXTS, texts_file, use_texts

ROOT = Path(__file__).resolve().parents[2]
OTHERS = LANGUAGES[1:]
# Cells of a row that numbers take ("0"), and signs that stand between them.
CELLS = {
    "LEFT": "      00:00", "CONTACT": " 00.0   00.0", "DOSE": "000.0 000.0",
    "SET_POINT": "        00.0", "BATTERY": " 000?  000", "OFFER": "       00.0 00.0",
    "REST_OF_DAY": "           00:00", "VISIT": "      00    00", "FROM": "     0000-00-00",
}  # fmt: skip
PAIN_MOST = len("Schmerz 0-10:")  # two cells, then two digits
FIXED = ("CONTACT", "DOSE", "OFFER", "RECEIPT", "UNSURE", "BLANK", "PADS")
english = vars(texts)
NAMES = sorted(name for name in english if name.isupper())


@pytest.fixture(params=OTHERS)
def other(request: pytest.FixtureRequest) -> ModuleType:
    return importlib.import_module(f"tools.languages.{request.param}")


def all_of(value: object) -> list[bytes]:
    return [value] if isinstance(value, bytes) else list(value)  # type: ignore[call-overload]


def test_a_language_has_every_text_and_no_other(other: ModuleType) -> None:
    assert sorted(name for name in vars(other) if name.isupper()) == NAMES
    for name in NAMES:
        ours, its = all_of(english[name]), all_of(vars(other)[name])
        assert [bool(text) for text in its] == [bool(text) for text in ours], name


def test_every_text_fits_its_row_and_the_font_has_its_letters(other: ModuleType) -> None:
    for name in NAMES:
        for text in all_of(vars(other)[name]):
            assert len(text) <= screen.CELLS, (name, text)
            assert all(0x20 <= byte < 0x7F for byte in text), (name, text)
    assert max(map(len, other.FAULTS)) + len(" A") <= screen.CELLS
    assert len(other.RESET) <= 5 and max(map(len, other.PARTS)) <= 9
    assert len(other.PAIN) <= PAIN_MOST


@pytest.mark.parametrize("name", CELLS)
def test_the_cells_that_numbers_take_are_free(other: ModuleType, name: str) -> None:
    text, ours = vars(other)[name].decode(), english[name].decode()
    for cell, sign in enumerate(CELLS[name]):
        here = text[cell : cell + 1]
        if sign == "0":
            assert here in ("", " ") or here == ours[cell : cell + 1], (text, cell)
        elif sign in ".:-":
            assert here == sign, (text, cell)


def test_what_no_language_changes(other: ModuleType) -> None:
    for name in FIXED:
        assert vars(other)[name] == english[name]
    date = states.REFUSALS.index("new_date")
    assert other.REFUSALS[date] == texts.REFUSALS[date]


def test_texts_of_one_language_are_told_apart(other: ModuleType) -> None:
    """Two faults, or two refusals, that differ in English differ in the other language."""
    for name, labels in (("FAULTS", faults.FAULTS), ("REFUSALS", states.REFUSALS)):
        assert len(vars(other)[name]) == len(labels)
        assert len(set(vars(other)[name])) >= len(set(english[name])) - 1


@pytest.mark.parametrize("language", OTHERS)
def test_a_unit_holds_one_language(language: str) -> None:
    product = device_files(ROOT)
    built = {**product, **texts_file(language)}
    assert set(built) == set(product) and built[TEXTS] != product[TEXTS]
    sizes = [len(release(files)["firmware/ui/texts.mpy"]) for files in (product, built)]
    assert sizes[1] < sizes[0] + 300


def test_english_comes_back_afterwards() -> None:
    with use_texts("de"):
        assert texts.STATES[states.READY] == b"Bereit"
    assert texts.STATES[states.READY] == b"Ready"


@pytest.mark.parametrize("depth", ["hal", "driver"])
@pytest.mark.parametrize(("language", "ready"), [("de", "Bereit"), ("fr", "Pret"), ("en", "Ready")])
def test_the_simulated_unit_shows_the_language(
    waistband: Waistband, depth: str, language: str, ready: str
) -> None:
    Path("ready.toml").write_text(f'duration_s = 8\n[[expect]]\nat_s = 6\nscreen = "{ready}"\n')
    code, out, err = waistband(
        "sim", "ready.toml", "--json", "--depth", depth, "--language", language
    )
    assert (code, err) == (0, "") and json.loads(out)["expect"][0]["held"]


def test_a_recording_is_made_in_english(waistband: Waistband) -> None:
    code, _, err = waistband("sim", "--record", "a.rec", "--language", "de")
    assert code == 2 and "--record with --language de" in err and not Path("a.rec").exists()


def test_every_screen_of_a_session_fits(other: ModuleType) -> None:
    """A run in each language shows its labels with the numbers beside them."""
    with use_texts(other.__name__.rpartition(".")[2]):
        run = Run(replace(scenario.ordinary(), duration_s=70.0))
        run.advance(10**9)
        rows = [row.rstrip() for row in run.depth.screen()]
    assert rows[0] == other.STATES[states.TREAT].decode()
    assert rows[1].startswith(other.LEFT[:5].decode().rstrip()) and rows[1][8] == ":"
    assert rows[4].startswith(other.SET_POINT[:8].decode().rstrip()) and "40.5" in rows[4]
