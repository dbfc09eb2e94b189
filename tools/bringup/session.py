"""Session of the bring-up: runs the steps in order on one unit, dark before and after each.

Called by `waistband bringup`, and on MicroPython by `tools.bringup.in_page`. Sends programs to the
unit's raw prompt and asks the person through `tools.bringup.person`. A step runs if all that it
needs have passed; what lights emitters needs every dark step.
"""

from sim.common.errors import BadInput
from sim.common.value_record import Record
from tools.bringup.programs import build_program
from tools.bringup.verdict import BROKEN_OFF, FAILED, PASSED, SKIPPED, Verdict
from tools.unit.about import Failed, parse_answer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from tools.bringup.person import Person
    from tools.unit.prompt_files import Prompt


DARK_PROGRAM = "from hal import dark\ndark.off()\n"


class Bringup:
    """The unit in front of us, who sits there, and what was measured so far."""

    def __init__(self, unit: "Prompt", board: "Any", person: "Person", serial: str = "") -> None:
        self.unit, self.board, self.person, self.serial = unit, board, person, serial
        # Writes the unit's calibration; None where nobody gave measures.
        self.calibrate: Callable[[Bringup, Verdict], None] | None = None
        self.values: dict[str, Any] = {}  # of the steps, by name

    def ask(self, body: str, touches: bool = False, **constants: object) -> "Any":
        """Run a program of `tools.bringup.programs`; return its answer. Raises BadInput where the
        line breaks, Failed with the unit's exception."""
        return parse_answer(self.unit.run(build_program(body, touches, constants)))


class Step(Record):
    """One step of the table in `tools.bringup.steps`."""

    FIELDS = ("name", "title", "needs", "check")
    name: str
    title: str  # what it does
    needs: "tuple[str, ...]"  # what must have passed
    check: "Callable[[Bringup, Verdict], None]"


class Result(Record):
    """A step and how it ended."""

    FIELDS = ("step", "state", "verdict")
    step: Step
    state: str
    verdict: Verdict


def run_steps(
    bringup: Bringup, steps: "Iterable[Step]", tell: "Callable[[Result], object]"
) -> "list[Result]":
    """Run the steps; `tell` hears each result. A line that breaks, or Ctrl-C, ends the run: what
    is left is skipped, and the emitters are dark by the unit's own program, or its lease."""
    results: list[Result] = []
    passed: set[str] = set()
    ended = ""
    for step in steps:
        missing = [name for name in step.needs if name not in passed]
        verdict = Verdict()
        if ended or missing:
            verdict.notes.append(ended or f"needs {', '.join(missing)} to have passed")
            state = SKIPPED
        else:
            state, ended = run_step(bringup, step, verdict)
        if state == PASSED:
            passed.add(step.name)
        results.append(Result(step, state, verdict))
        tell(results[-1])
    return results


def run_step(bringup: Bringup, step: Step, verdict: Verdict) -> "tuple[str, str]":
    """Run one step; return its state, and why the whole run ends with it, "" if it goes on."""
    ended = ""
    try:
        step.check(bringup, verdict)
    except Failed as why:
        if step.name == "product":
            verdict.fail("product.missing", what=why)
        else:
            verdict.fail("broken.raised", why=why)
    except BadInput as why:  # where the line broke, `make_dark` finds it again
        verdict.fail("broken.said", why=why)
    except (ValueError, TypeError):
        verdict.fail("broken.answer", port=bringup.unit.port)
    except (KeyboardInterrupt, EOFError):
        ended = "interrupted"
    bringup.values[step.name] = verdict.values
    ended = ended or make_dark(bringup, step)
    if ended:
        verdict.fail("broken.said", why=ended)
        return BROKEN_OFF, ended
    if verdict.failures:
        return FAILED, ""
    return (SKIPPED if verdict.skipped else PASSED), ""


def make_dark(bringup: Bringup, step: Step) -> str:
    """Put every emitter pin low after a step; return why that could not be done, "" if it was. The
    step's own program did so already; this is for a program that did not come to its end."""
    try:
        bringup.unit.run(DARK_PROGRAM)
    except Failed:  # no product yet: its drivers were never there to light anything
        return "" if step.name == "product" else "the unit cannot put its pins low: unplug it"
    except BadInput as why:
        return str(why)
    return ""
