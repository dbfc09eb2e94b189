"""Bring-up in the bench page: the steps of `tools.bringup.steps`, where nothing can be waited for.

Called by `tools.bench.page`, on MicroPython. The page has unit and person; both answer later.
So the whole session runs again with the answers that there are, up to the first question that has
none: this one is the page's to ask. The same answers lead to the same question.

| question                                  | what the page does                | answer           |
|-------------------------------------------|-----------------------------------|------------------|
| {"run": program, "stops": bool}           | runs it at the unit's raw prompt  | [printed, ""],   |
|                                           |                                   | ["", exception]  |
| {"do": act, "words": text, "wait": bool}  | shows the text; waits for "done"  | true             |
| {"saw": what, "words": text}              | asks yes or no                    | true or false    |
| {"report": ..., "html": ..., "toml": ..., | it is over: restarts the unit     |                  |
| "restart": program, "words": text}        |                                   |                  |

Each has the results so far, too: {"steps": [...], "titles": [[name, title], ...]}. An answer of
null says that the line broke. {"end": true} is Ctrl-C; a program with "stops" false, which makes
the unit dark, takes none.

Measures that the person has given become the unit's calibration, by the command's own programs.
"""

import json

from sim.common.boards import BOARD_FILE
from sim.common.errors import BadInput
from tools.bringup.calibration import calibrate_by, check_partial
from tools.bringup.person import ASK, CONFIRMED, DO
from tools.bringup.report import UNFIT, describe_step, make_report, render_html, render_measures
from tools.bringup.session import DARK_PROGRAM, Bringup, Result, run_steps
from tools.bringup.steps import STEPS
from tools.unit import about
from tools.unit.about import Failed
from tools.unit.restart import render_restart

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PORT = "the unit"
BOARD = f"""
try:
 print(open({BOARD_FILE!r}).read())
except OSError:
 print('')
"""


class Waiting(BaseException):  # no check may catch it as an error of its own
    """A question that has no answer yet."""

    def __init__(self, question: "dict[str, Any]") -> None:
        super().__init__()
        self.question = question


class Answered:
    """The unit and the person, as far as they have answered."""

    port = PORT

    def __init__(self, answers: "list[Any]") -> None:
        self.answers = answers
        self.used = 0

    def ask(self, question: "dict[str, Any]") -> "Any":
        """The next answer. Raises Waiting, and KeyboardInterrupt where the person ended it."""
        if self.used == len(self.answers):
            raise Waiting(question)
        self.used += 1
        answer = self.answers[self.used - 1]
        if answer is None:
            raise BadInput(f"{PORT}: the line broke off: plug it in, and begin this again")
        if isinstance(answer, dict):
            raise KeyboardInterrupt
        return answer

    def run(self, program: str) -> str:
        """See `tools.unit.prompt_files.Prompt`."""
        printed, raised = self.ask({"run": program, "stops": program != DARK_PROGRAM})
        if raised:
            raise Failed(raised)
        return str(printed)

    def do(self, act: str) -> None:
        """See `tools.bringup.person.Person`."""
        self.ask({"do": act, "words": DO[act], "wait": act in CONFIRMED})

    def saw(self, what: str) -> bool:
        """See `tools.bringup.person.Person`."""
        return bool(self.ask({"saw": what, "words": ASK[what]}))


def next_question(text: str, board: "Any") -> str:
    """The next question, or the report: JSON. `text`: {"answers", "serial", "date", "release",
    "style", "measures", "file"}; the unit has to have this board. "measures" is the table of a
    file of this name, or null; without answers, the table alone is judged. Raises BadInput where
    the unit cannot be one of ours, or the measures lack something that no step finds."""
    given = json.loads(text)
    table, where, today = given["measures"], str(given["file"]), given["date"][:10]
    if given["answers"] is None:  # the person has just given the measures
        check_partial(table, where, today)
        return json.dumps({"measures": f"{where}: the unit gets its calibration of these measures"})
    there = Answered(given["answers"])
    results: list[Result] = []
    bringup = Bringup(there, board, there, given["serial"])
    if table is not None:
        named = check_partial(table, where, today).get("serial")
        bringup.serial = bringup.serial or (named if isinstance(named, str) else "")
        bringup.calibrate = calibrate_by(table, where, today)
    try:
        who = identify(there, board)
        run_steps(bringup, STEPS, results.append)
    except Waiting as waiting:
        question = waiting.question
    else:
        report = make_report(bringup, results, who, given["date"], given["release"], False)
        question = {
            "report": report, "html": render_html(report, given["style"]),
            "toml": render_measures(report), "restart": render_restart(board.SCRATCH_ADDRESS),
            "words": "Every step passed." if report["passed"] else UNFIT,
        }  # fmt: skip
    question["steps"] = [describe_step(result) for result in results]
    question["titles"] = [[step.name, step.title] for step in STEPS]
    return json.dumps(question)


def identify(there: Answered, board: "Any") -> about.About:
    """What runs on the unit. Raises BadInput where that is not this page's board."""
    try:
        who = about.judge_about(there.run(about.ASK), PORT)
        named = there.run(BOARD).strip() or who.board
    except Failed:
        raise BadInput(f"{PORT}: what answers is no MicroPython of ours") from None
    except KeyboardInterrupt:
        raise BadInput("stopped before anything was done") from None
    if named != board.NAME:
        raise BadInput(
            f"{PORT}: has board {named}: this page is of {board.NAME}: waistband bringup takes"
            f" any board, or waistband bench --board {named}"
        )
    return who
