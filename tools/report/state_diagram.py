"""State diagram: draws and lists the state table in `docs/maintainer/states.md`.

Made from `firmware.core.states`.

Called by `waistband check prove --diagram`; a test holds the document to the table.
"""

from collections.abc import Iterator

from firmware.core import states
from tools.common.words import STATES as WORDS

# Rows that begin in any state of a session are drawn from the box around these.
BOX = "IN_SESSION"

HEAD = """# States

Made from `firmware/core/states.py` by `waistband check prove --diagram docs/maintainer/states.md`.

Events of a tick are handled in the order of their list below, so that trouble wins over a
button and a button over the clock. An event without an arrow is ignored in that state. Light
may leave the unit in the states drawn red, and in no other.
"""


def arrows() -> "Iterator[tuple[str, str, str]]":
    """(from, to, event) by name; a row of a whole session is one arrow, from its box."""
    inside = set(states.IN_SESSION)
    for froms, event, to in states.ROWS:
        names = [states.STATES[state] for state in froms]
        if inside <= set(froms) and to not in inside:
            names = [BOX, *(states.STATES[state] for state in froms if state not in inside)]
        for name in names:
            yield name, states.STATES[to], states.EVENTS[event]


def mermaid() -> str:
    """The table as a Mermaid state diagram."""
    together: dict[tuple[str, str], list[str]] = {}
    for start, to, event in arrows():
        together.setdefault((start, to), []).append(event)
    inside = {states.STATES[state] for state in states.IN_SESSION}
    lines = ["stateDiagram-v2", f"    [*] --> {states.STATES[0]}", f"    state {BOX} {{"]
    within: list[str] = []
    without: list[str] = []
    for (start, to), events in together.items():
        line = f"{start} --> {to} : {', '.join(events)}"
        (within if {start, to} <= inside else without).append(line)
    lines += [f"        {line}" for line in within]
    lines += ["    }", *(f"    {line}" for line in without), "    OFF --> [*]"]
    lit = ",".join(states.STATES[state] for state in states.LIT)
    return "\n".join([*lines, "    classDef lit fill:#fbb,stroke:#a00", f"    class {lit} lit"])


def listed() -> "Iterator[str]":
    """The table row by row, then the events in their order."""
    yield "| state | is | leaves it |"
    yield "|---|---|---|"
    table = states.build()
    columns = len(states.EVENTS)
    for state, name in enumerate(states.STATES):
        ways = [
            f"{states.EVENTS[event]} to {states.STATES[to]}"
            for event in range(columns)
            if (to := table[state * columns + event]) >= 0
        ]
        yield f"| {name} | {WORDS[name]} | {', '.join(ways) or 'only power'} |"
    yield ""
    yield "| event | ends a session as |"
    yield "|---|---|"
    for name, reason in zip(states.EVENTS, states.REASONS, strict=True):
        yield f"| {name} | {reason} |"


def document() -> str:
    """The whole of `docs/maintainer/states.md`."""
    return "\n".join([HEAD, "```mermaid", mermaid(), "```", "", *listed(), ""])
