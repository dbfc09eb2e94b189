"""Mutations: small changes to a source file, each of which its tests should notice.

Called by `tools.dev.mutants`; reads and writes no file. The operators are cosmic-ray's: another
operator, comparison or number, a condition negated, a loop that does not run. Not used are those
that need a name chosen, and `is` in the place of `==`, which are alike for small integers. One more
is ours: a statement left out.
"""

import ast
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from itertools import accumulate

SIMPLE = (ast.Assign, ast.AugAssign, ast.Expr, ast.Assert, ast.Return, ast.Break, ast.Continue)


@dataclass(frozen=True)
class Mutant:
    """A source with one change: at `line`, which read `was` and now reads `becomes`."""

    line: int
    was: str
    becomes: str
    source: str


def list_mutants(source: str) -> list[Mutant]:
    """Return every mutant of a module's source once, in the order of its lines."""
    lines = source.splitlines()
    found: dict[str, Mutant] = {}
    for changed in (*replace_operators(source), *leave_out_statements(source)):
        if changed == source or changed in found:
            continue
        at = next(k for k, pair in enumerate(zip(lines, changed.splitlines(), strict=False))
                  if pair[0] != pair[1])  # fmt: skip
        becomes = " ".join(changed.splitlines()[at].split())
        found[changed] = Mutant(at + 1, lines[at].strip(), becomes, changed)
    return sorted(found.values(), key=lambda mutant: mutant.line)


def replace_operators(source: str) -> Iterator[str]:
    """Apply each of cosmic-ray's operators at each place that it can change. An operator changes
    the node that it is given, so it gets a copy."""
    import parso
    from cosmic_ray.ast import ast_nodes
    from cosmic_ray.plugins import get_operator, operator_names

    starts = list(accumulate(map(len, source.splitlines(keepends=True)), initial=0))
    nodes = list(ast_nodes(parso.parse(source)))
    for name in operator_names():
        if get_operator(name).arguments() or name.endswith(("_Is", "_IsNot")):
            continue
        operator = get_operator(name)()
        for node in nodes:
            for index, _ in enumerate(operator.mutation_positions(node)):
                line, column = node.get_start_pos_of_prefix()
                first = starts[line - 1] + column
                last = first + len(node.get_code())
                changed = operator.mutate(deepcopy(node, {id(node.parent): node.parent}), index)
                text = changed.get_code() if changed else ""
                yield source[:first] + text + source[last:]


def leave_out_statements(source: str) -> Iterator[str]:
    """Replace each simple statement by `pass`, one at a time; docstrings stay."""
    lines = source.splitlines(keepends=True)
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, SIMPLE) or node.end_lineno is None:
            continue
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        first, last = node.lineno - 1, node.end_lineno
        passed = lines[first][: node.col_offset] + "pass" + lines[last - 1][node.end_col_offset :]
        yield "".join((*lines[:first], passed, *lines[last:]))
