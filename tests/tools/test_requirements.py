"""Requirements: each promise is still made and shown; each limit and each fault has a row."""

from pathlib import Path

import pytest

from firmware.core import limits
from hal.boards import RPI_PICO
from sim.faults.catalogue import NAMES
from tools.dev import requirements
from tools.dev.requirements import list_depths, list_mistakes, list_rows, read_table, render_page

ROOT = Path(__file__).resolve().parents[2]
TABLE = read_table()


def test_each_promise_is_made_and_shown_and_each_limit_fault_and_board_value_has_a_test() -> None:
    assert list_mistakes(TABLE) == []


def test_every_limit_fault_and_board_value_has_a_row() -> None:
    rows = list_rows(TABLE)
    names = {name for name in dir(limits) if name.isupper() and name != "TABLE"}
    assert {row.id for row in rows["Limits"]} == {f"LIM-{name}" for name in names}
    assert [row.id for row in rows["Faults"]] == [f"FLT-{name}" for name in NAMES]
    board = {name for name in dir(RPI_PICO) if name.isupper()}
    assert {row.id for row in rows["Board"]} == {f"BRD-{name}" for name in board}


@pytest.mark.parametrize(("change", "said"), [
    ({"quote": "it never gets warm"}, "docs/maintainer/safety.md does not say so any more"),
    ({"tests": []}, "DARK-80: no test names it"),
    ({"tests": ["tests/hal/test_lease.py::test_nothing"]}, "DARK-80: there is no test"),
    ({"id": "DARK-GATE"}, "DARK-GATE stands twice"),
])  # fmt: skip
def test_a_promise_that_is_not_kept_is_named(change: dict[str, object], said: str) -> None:
    promises = [{**TABLE.promises[0], **change}, *TABLE.promises[1:]]
    assert any(said in line for line in list_mistakes(TABLE._replace(promises=promises)))


def test_a_limit_that_no_test_shows_is_named() -> None:
    shown = {one: tests for one, tests in TABLE.shown.items() if one != "LIM-STUCK_MS"}
    found = list_mistakes(TABLE._replace(shown=shown))
    assert any(line.startswith("LIM-STUCK_MS: no test names it") for line in found)


def test_a_fault_that_no_test_names_is_named_and_so_is_an_excuse_for_none() -> None:
    found = list_mistakes(TABLE._replace(unnamed={"FLT-nothing": "it is easy"}))
    assert any("has FLT-nothing: there is no such row" in line for line in found)
    assert any(line.startswith("FLT-skin_sensor_drift: no test names it") for line in found)


def test_a_promise_with_another_key_is_refused(tmp_path: Path) -> None:
    text = (ROOT / requirements.DATA).read_text(encoding="utf-8")
    (tmp_path / "bad.toml").write_text(text.replace("says =", "said =", 1), encoding="utf-8")
    with pytest.raises(ValueError, match="a promise has the keys"):
        read_table(tmp_path / "bad.toml")


@pytest.mark.parametrize(("file", "depths"), [
    ("tests/firmware/test_dose.py", {"HAL"}),  # by its imports
    ("tests/hal/test_boards.py", set()),
    ("tests/hal/test_traps.py", {"HAL", "driver"}),
    ("tests/sim/test_kept_recordings.py", {"MicroPython", "WebAssembly"}),
])  # fmt: skip
def test_the_depth_of_a_file_of_tests_is_that_of_its_markers_and_imports(
    file: str, depths: set[str]
) -> None:
    assert list_depths(file) >= depths and bool(list_depths(file)) == bool(depths)


def test_the_page_has_a_line_for_each_requirement() -> None:
    page = render_page(TABLE)
    for rows in list_rows(TABLE).values():
        for row in rows:
            assert page.count(f"| `{row.id}` |") == 1
