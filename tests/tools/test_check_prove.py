"""The command `waistband check prove`: a changed row, a wrong name, the diagram of the states."""

from pathlib import Path

import pytest

from tests.support.command import Waistband as Command
from tools.report.state_diagram import render_document


def test_the_command_finds_a_wrong_row_and_says_so(waistband: Command) -> None:
    said = waistband("check", "prove", "--row", "FAULT,ACK,RAMP")
    assert said.code == 1
    assert "FAULT      START is held 1.5 s, UP just before -> RAMP" in said.out


@pytest.mark.parametrize("row", ["", "TREAT", "TREAT,PRESS", "TREAT,PRESS,BED", "A,B,C,D"])
def test_the_command_refuses_a_row_that_cannot_be(waistband: Command, row: str) -> None:
    said = waistband("check", "prove", "--row", row)
    assert said.code == 2
    assert said.err.count("\n") == 1 and "write STATE,EVENT,TO" in said.err


def test_the_drawing_is_of_the_table_as_it_is(waistband: Command) -> None:
    drawn = Path(__file__).parents[2] / "docs" / "maintainer" / "states.md"
    assert waistband("check", "prove", "--diagram", "states.md").code == 0
    assert Path("states.md").read_text() == drawn.read_text() == render_document()
