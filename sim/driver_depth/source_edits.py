"""Edits in place of a source: stretches exchanged, every line where it was.

Called by `sim.driver_depth.unit_source` and `unit_names`; touches nothing.
"""

import ast
from typing import NamedTuple


class Span(NamedTuple):
    """A stretch of source, from (line, byte) up to (line, byte), and what stands there instead."""

    first: tuple[int, int]
    last: tuple[int, int]
    text: str


def words_of(node: ast.AST) -> list[str]:
    """Return the names that a node itself spells, in code or as a string."""
    fields = ("id", "attr", "arg", "name", "asname", "value")
    names = [getattr(node, field, None) for field in fields]
    return [name for name in names if isinstance(name, str)]


def span_over(node: ast.stmt | ast.expr, text: str) -> Span:
    """Return a span over a whole node."""
    assert node.end_lineno is not None and node.end_col_offset is not None
    first = (node.lineno, node.col_offset)
    return Span(first, (node.end_lineno, node.end_col_offset), text)


def apply_spans(source: bytes, spans: list[Span]) -> bytes:
    """Return the source with its spans exchanged and as many lines as before."""
    lines = source.split(b"\n")
    for span in sorted(spans, reverse=True):
        (first, begin), (last, end) = span.first, span.last
        head, tail = lines[first - 1][:begin], lines[last - 1][end:]
        lines[first - 1 : last] = [
            head + span.text.encode() + (tail if first == last else b""),
            *[b""] * (last - first - 1),
            *([tail] if last > first else []),
        ]
    return b"\n".join(lines)
