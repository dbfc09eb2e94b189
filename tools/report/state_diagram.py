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


def list_arrows() -> "Iterator[tuple[str, str, str]]":
    """(from, to, event) by name; a row of a whole session is one arrow, from its box."""
    inside = set(states.IN_SESSION)
    for froms, event, to in states.ROWS:
        names = [states.STATES[state] for state in froms]
        if inside <= set(froms) and to not in inside:
            names = [BOX, *(states.STATES[state] for state in froms if state not in inside)]
        for name in names:
            yield name, states.STATES[to], states.EVENTS[event]


def mermaid() -> str:
    """The state table as a Mermaid diagram."""
    together: dict[tuple[str, str], list[str]] = {}
    for start, to, event in list_arrows():
        together.setdefault((start, to), []).append(event)
    inside = {states.STATES[state] for state in states.IN_SESSION}
    lines = ["stateDiagram-v2", f"    [*] --> {states.STATES[0]}", f"    state {BOX} {{"]
    edges = {pair: f"{' --> '.join(pair)} : {', '.join(ev)}" for pair, ev in together.items()}
    lines += [f"        {line}" for pair, line in edges.items() if inside.issuperset(pair)]
    lines += ["    }"]
    lines += [f"    {line}" for pair, line in edges.items() if not inside.issuperset(pair)]
    lines += ["    OFF --> [*]"]
    lit = ",".join(states.STATES[state] for state in states.LIT)
    return "\n".join([*lines, "    classDef lit fill:#fbb,stroke:#a00", f"    class {lit} lit"])


def list_states() -> "Iterator[str]":
    """The tables of states and of events, line by line."""
    yield "| state | is | leaves it |"
    yield "|---|---|---|"
    table = states.build()
    columns = len(states.EVENTS)
    for state, name in enumerate(states.STATES):
        ways = [
            f"{event} to {states.STATES[to]}"
            for event, to in zip(states.EVENTS, table[state * columns :], strict=False)
            if to >= 0
        ]
        yield f"| {name} | {WORDS[name]} | {', '.join(ways) or 'only power'} |"
    yield ""
    yield "| event | ends a session as |"
    yield "|---|---|"
    for name, reason in zip(states.EVENTS, states.REASONS, strict=True):
        yield f"| {name} | {reason} |"


def render_document() -> str:
    """The whole of `docs/maintainer/states.md`."""
    return "\n".join([HEAD, "```mermaid", mermaid(), "```", "", *list_states(), ""])
