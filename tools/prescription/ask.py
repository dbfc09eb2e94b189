"""Questions on a terminal that make a prescription of format 2, step by step.

Called by `waistband prescribe new --ask`. Each answer is checked by the firmware's own code as soon
as there is enough to check; a wrong one is said and asked again. An empty answer takes what stands
in brackets.
"""

import sys
from collections.abc import Callable
from typing import Any

from firmware.core import limits
from hal.contract import Board
from sim.common.boards import wavelengths_nm
from sim.common.errors import BadInput
from tools.common.files import emit
from tools.prescription.dose_in_words import compile_nominal

STEP = {"irradiance_mw_cm2": {}, "light": {"mode": "cw"}, "pads": "AB", "fluence_j_cm2": 1}
Answer = Callable[[str], str]


def ask_prescription(name: str, board: Board) -> dict[str, Any]:
    """The prescription that a person describes. Raises BadInput without a terminal."""
    if not sys.stdin.isatty():
        raise BadInput("--ask: needs a terminal; give a TOML file or options instead")
    return read_answers(name, board, read_line)


def read_line(question: str) -> str:
    """A line from the terminal. Raises BadInput at its end."""
    try:
        return input(question).strip()
    except EOFError:
        raise BadInput("--ask: ended before the last answer; nothing was written") from None


def read_answers(name: str, board: Board, answer: Answer) -> dict[str, Any]:
    """Ask until all is answered; `answer` takes a question and returns the line."""
    nm = wavelengths_nm(board)
    first = {**STEP, "irradiance_mw_cm2": {str(nm[0]): limits.BANK_MIN_UW_CM2 / 1000}}
    asked: dict[str, Any] = {
        "format": 2, "name": name, "max_min": 40, "set_point_c": 40.5, "sessions_a_day": 1,
        "step": [first],
    }  # fmt: skip
    for key, question, default in (
        ("name", "Name on the unit's screen", name),
        ("set_point_c", "Contact held at, C (38 to 40.5)", 40.5),
        ("sessions_a_day", "Sessions a day at most", 1),
        ("sessions", "Sessions in all (empty: no limit)", ""),
    ):
        ask_until_right(asked, asked, key, question, default, board, answer)
    steps = asked["step"] = [ask_step(1, [], asked, board, answer)]
    while len(steps) < limits.STEPS_MAX and answer("Another step? [n] ").lower().startswith("y"):
        steps.append(ask_step(len(steps) + 1, list(steps), asked, board, answer))
    least_min = max(1, -(-sum(step.get("minutes", 0) for step in steps) // 1))
    ask_until_right(
        asked, asked, "max_min", f"Light of a session at most, minutes ({least_min:g} to 40)", 30,
        board, answer,
    )  # fmt: skip
    return asked


def ask_step(
    number: int, before: list[dict[str, Any]], asked: dict[str, Any], board: Board, answer: Answer
) -> dict[str, Any]:
    """Ask for one step, after those `before`."""
    step: dict[str, Any] = {"light": {"mode": "cw"}, "pads": "AB", "minutes": 0.5}
    whole = {**asked, "step": [*before, step]}
    emit(f"Step {number}: irradiance is the average of a bank at the skin, mW/cm2; 0 gives none.")
    while True:
        banks = {
            str(nm): parse_number(answer(f"  {nm} nm, mW/cm2 [0] ") or "0")
            for nm in wavelengths_nm(board)
        }
        step["irradiance_mw_cm2"] = {nm: value for nm, value in banks.items() if value}
        if is_right(whole, board):
            break
    ask_until_right(whole, step, "pads", "  Pads (A, B or AB)", "AB", board, answer)
    ask_light(whole, step, board, answer)
    while True:
        text = answer("  Ends by: a fluence of each pad, J/cm2, or minutes (4 min) ")
        key = "minutes" if text.endswith("min") else "fluence_j_cm2"
        step.pop("minutes", None)
        step.pop("fluence_j_cm2", None)
        step[key] = parse_number(text.removesuffix("min").strip())
        if is_right(whole, board):
            return step


def ask_light(whole: dict[str, Any], step: dict[str, Any], board: Board, answer: Answer) -> None:
    """Ask for a step's light in time."""
    while True:
        mode = answer("  Light (cw, pulse or gated) [cw] ") or "cw"
        step["light"] = {"mode": mode}
        if mode in ("pulse", "gated"):
            step["light"]["rate_hz"] = parse_number(answer("  Rate, Hz "))
        if mode == "gated":
            step["light"]["on_ms"] = parse_number(answer("  Lit in each period, ms "))
        if is_right(whole, board):
            return


def ask_until_right(
    whole: dict[str, Any], table: dict[str, Any], key: str, question: str, default: object,
    board: Board, answer: Answer,
) -> None:  # fmt: skip
    """Ask for one value of a table until the whole prescription is accepted."""
    while True:
        text = answer(f"{question} [{default}] ")
        value = parse_number(text) if text and not isinstance(default, str) else text or default
        if key == "sessions":
            value = parse_number(text) if text else None
        table[key] = value
        if value is None:
            del table[key]
        if is_right(whole, board):
            return


def is_right(asked: dict[str, Any], board: Board) -> bool:
    """Whether the unit accepts it; says why not."""
    try:
        compile_nominal(asked, board)
    except BadInput as why:
        emit(f"  {why}")
        return False
    return True


def parse_number(text: str) -> object:
    """A number as written; the text itself where it is none, which is then refused by name."""
    try:
        number = float(text.replace(",", "."))
    except ValueError:
        return text
    return int(number) if number.is_integer() else number
