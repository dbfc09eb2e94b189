"""Everything that can happen in a part of a tick: the product of its groups."""

from collections.abc import Iterator
from itertools import product

from sim.model_check.events import CONTROL, GUARD, Choice
from sim.model_check.node import Node
from sim.model_check.plan_choices import PLAN
from sim.model_check.user_inputs import REST

Chosen = tuple[Choice, ...]
PARTS = (GUARD, CONTROL, PLAN, REST)  # by place


def list_choices(node: Node) -> "Iterator[Chosen]":
    """One choice of every group that makes a difference here."""
    return product(*(options for group in PARTS[node.place] if (options := group(node))))
