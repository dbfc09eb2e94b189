"""Expectations of a scenario, judged at their times against what the unit shows and gives.

Owned by `sim.run.Run`, at any depth. State and faults are the unit's claims; screen and cues are
what reached the HAL or the parts behind it; light is the plant's.
"""

from firmware.core.states import CUES
from sim.common.story import CUE_WINDOW_S, REFUSED
from sim.faults.hardware import NEVER_MS
from sim.oracle.claims import Claims

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from sim.common.story import Expectation
    from sim.oracle.subject import Subject

CUE_WINDOW_MS = int(CUE_WINDOW_S * 1000)
FOLLOWED_MS = CUE_WINDOW_MS + 400  # cues are followed from so long before, two control steps more


class Expectations:
    """`left`: still to come, soonest first. `rows`: judged, as the result has them."""

    def __init__(self, run: "Subject", expectations: "tuple[Expectation, ...]") -> None:
        self.run = run
        self.left = list(expectations)
        self.rows: list[dict[str, Any]] = []

    def next_ms(self) -> int:
        """When one is due next."""
        return due_ms(self.left[0]) if self.left else NEVER_MS

    def follows_cues(self, t_ms: int) -> bool:
        """Whether a cue is asked for soon: cues are to be followed in every tick."""
        if not self.left:
            return False
        return any(row.cue and due_ms(row) - t_ms <= FOLLOWED_MS for row in self.left)

    def judge_due(self, t_ms: int) -> None:
        """Judge those that are due."""
        while self.left and due_ms(self.left[0]) <= t_ms:
            self.rows.append(self.judge(self.left.pop(0), t_ms))

    def judge_rest(self) -> None:
        """The run is over: judge the others by how it ended."""
        for expectation in self.left:
            self.rows.append(self.judge(expectation, self.run.t_ms))
        self.left = []

    def judge(self, expectation: "Expectation", t_ms: int) -> "dict[str, Any]":
        """Judge one now: a row of the result's `expect`."""
        wanted: dict[str, Any] = {}
        found: dict[str, Any] = {}
        held = True
        for key in expectation.FIELDS[1:]:
            want = getattr(expectation, key)
            if want is None:
                continue
            wanted[key] = want
            found[key], holds = self._look(key, want, t_ms)
            held = held and holds
        return {"at_s": expectation.at_s, "wanted": wanted, "found": found, "held": held}

    def _look(self, key: str, want: "Any", t_ms: int) -> "tuple[Any, bool]":
        """What is found for a key, and whether it is what is wanted."""
        depth = self.run.depth
        if key == "lit":
            return depth.lit, depth.lit == want
        if key == "state":
            state = Claims(self.run).read_state()
            return state, state == want
        if key == "screen":
            rows = depth.screen()
            return [row.strip() for row in rows], any(want in row for row in rows)
        if key == "fault":
            names = [name for _, name, _ in Claims(self.run).list_latched()]
        else:
            names = [CUES[cue] for begun_ms, cue in depth.cues if begun_ms >= t_ms - CUE_WINDOW_MS]
        if want == REFUSED and key == "cue":
            return names, any(name.startswith(REFUSED) for name in names)
        return names, want in names if want else not names

    def list_unmet(self) -> list[str]:
        """A sentence for each that did not hold."""
        return [render_unmet(row) for row in self.rows if not row["held"]]


def due_ms(expectation: "Expectation") -> int:
    """An expectation's time in milliseconds since power-on."""
    return int(expectation.at_s * 1000 + 0.5)


def render_unmet(row: "dict[str, Any]") -> str:
    """A row in words: what was expected, and what was found."""
    wanted = ", ".join([f"{key} {in_words(want)}" for key, want in row["wanted"].items()])
    found = ", ".join([f"{key} {in_words(value)}" for key, value in row["found"].items()])
    return f"expected at {row['at_s']:g} s: {wanted}; found: {found}"


def in_words(value: object) -> str:
    """A value wanted or found, as a sentence has it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return " / ".join([str(item) for item in value if item]) or "none"
    return f'"{value}"' if value else "none"
