"""The pins that go dark first are literal; here they are held to every board."""

import ast
import importlib
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
BOARDS = sorted(path.stem for path in (ROOT / "hal/boards").glob("*.py") if path.stem != "__init__")


def board_of(name: str) -> ModuleType:
    """A board's module."""
    return importlib.import_module("hal.boards." + name)


def must_be_low(board: ModuleType) -> list[int]:
    """Supply switch first, then pad A's and B's emitters."""
    rows = board.BANKS
    return [board.PIN_ENABLE, *sorted(row[pad] for row in rows for pad in (1, 2))]


def literal_tuples(path: str) -> list[tuple[int, ...]]:
    """Every tuple of numbers in a file, in order."""
    found = []
    for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Tuple):
            try:
                found.append(ast.literal_eval(node))
            except ValueError:
                continue
    return found


def boot_pins(direction: str) -> list[object]:
    """Pins that boot.py names by a number, and makes an IN or an OUT, in order."""
    tree = ast.parse((ROOT / "boot.py").read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [
        node.args[0].value
        for node in calls
        if isinstance(node.func, ast.Name)
        and node.func.id == "Pin"
        and isinstance(node.args[0], ast.Constant)
        and ast.unparse(node.args[1]) == "Pin." + direction
    ]


def test_there_are_boards_to_compare() -> None:
    assert "RPI_PICO" in BOARDS


@pytest.mark.parametrize("name", BOARDS)
@pytest.mark.parametrize("path", ["boot.py", "hal/dark.py"])
def test_the_pins_that_go_low_are_the_board_s(path: str, name: str) -> None:
    (pins,) = literal_tuples(path)
    assert list(pins) == must_be_low(board_of(name))


@pytest.mark.parametrize("name", BOARDS)
def test_service_mode_is_asked_for_with_the_board_s_up_and_down(name: str) -> None:
    _, up, down, *_ = board_of(name).PINS_IN
    assert boot_pins("IN") == [up, down]


@pytest.mark.parametrize("name", BOARDS)
def test_the_supply_is_held_by_the_board_s_pin_right_after_the_emitters_are_low(name: str) -> None:
    assert boot_pins("OUT") == [board_of(name).PIN_POWER_HOLD]
    loop, hold, *_ = [
        node
        for node in ast.parse((ROOT / "boot.py").read_text(encoding="utf-8")).body[1:]
        if not isinstance(node, ast.ImportFrom)
    ]
    assert isinstance(loop, ast.For)
    assert ast.unparse(hold) == f"Pin({board_of(name).PIN_POWER_HOLD}, Pin.OUT, value=1)"


@pytest.mark.parametrize("name", BOARDS)
def test_the_prompt_looks_at_the_board_s_start_and_lets_go_of_its_supply(name: str) -> None:
    board = board_of(name)
    text = (ROOT / "hal/prompt.py").read_text(encoding="utf-8")
    assert f"Pin({board.PINS_IN[0]}, Pin.IN, Pin.PULL_UP)" in text
    assert f"Pin({board.PIN_POWER_HOLD}, Pin.OUT, value=1)" in text
    assert f"Bus(1, {board.PINS_I2C1[0]}, {board.PINS_I2C1[1]})" in text


def test_boot_is_fifteen_lines_and_lowers_pins_before_anything_else() -> None:
    text = (ROOT / "boot.py").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 15
    body = ast.parse(text).body[1:]
    first = next(node for node in body if not isinstance(node, ast.ImportFrom))
    assert isinstance(first, ast.For)
    modules = {node.module for node in body if isinstance(node, ast.ImportFrom)}
    assert modules == {"utime", "umachine"}  # not looked for among the files
