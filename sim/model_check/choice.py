"""Choices of the model check: one row a choice, one table a group.

A choice is words, for the path in a report, and what it does to the harness. A group is a function
of the node; it returns only choices that make a difference there. Used by `sim.model_check.events`,
`plan_choices` and `user_inputs`; `sim.model_check.search` takes one choice of each group.
"""

from collections.abc import Callable
from operator import attrgetter

from sim.model_check.harness import Harness
from sim.model_check.node import Node

Do = Callable[[Harness], object]
Choice = tuple[str, "Do | None"]
Group = Callable[[Node], "list[Choice]"]

NOTHING: Choice = ("", None)


def when(applies: "Callable[[Node], bool | int]", *choices: Choice) -> Group:
    """Return a group that has NOTHING and these choices where it applies, and none elsewhere."""
    rows = [NOTHING, *choices]
    return lambda node: rows if applies(node) else []


def setter(path: str, value: object) -> Do:
    """Return what sets an attribute, by its path from the harness: `stub.flash`."""
    owner, _, name = path.rpartition(".")
    return lambda harness: setattr(attrgetter(owner)(harness) if owner else harness, name, value)


def pin_setter(pins: int) -> Do:
    """Return what sets bits of the unit's input pins."""

    def do(harness: Harness) -> None:
        harness.unit.inputs.pins |= pins

    return do
