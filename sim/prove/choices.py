"""Everything that can happen in a part of a tick: the product of its groups."""

from collections.abc import Iterator
from itertools import product

from sim.prove.events import CONTROL, GUARD, Choice
from sim.prove.light import PLAN
from sim.prove.node import Node
from sim.prove.people import REST

Chosen = tuple[Choice, ...]
PARTS = (GUARD, CONTROL, PLAN, REST)  # by place


def choices(node: Node) -> "Iterator[Chosen]":
    """One choice of every group that makes a difference here."""
    return product(*(options for group in PARTS[node.place] if (options := group(node))))
