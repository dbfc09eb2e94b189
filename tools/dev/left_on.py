"""Measure how long a unit that is left on in each state feeds itself, and what that costs.

    python -m tools.dev.left_on > table.md

For maintainers; docs/maintainer/safety.md has the result. Each unit begins with a full pack and is
left alone: worn where that brings it into the state. It runs until the pack gives nothing, at most
MOST_S; where it is still on then, the hours to empty follow from its last hour.
"""

from collections.abc import Iterator
from typing import NamedTuple

from firmware.core import states
from hal.boards import RPI_PICO
from sim.common.story import Event, Scenario, Start
from sim.common.value_record import replace
from sim.run import Run
from sim.scenario.scenario import ordinary

MOST_S = 3 * 3600.0
HOUR_S = 3600.0
START = Event(5.0, "press", "START", hold_ms=200)
NO_PRESCRIPTION: dict[str, bytes] = {"prescription.json": b"{}"}


class Case(NamedTuple):
    """A way to leave a unit on."""

    name: str
    events: tuple[Event, ...] = ()
    worn: bool = True
    files: dict[str, bytes] | None = None


CASES = (
    Case("switched on, nothing more"),
    Case("START without the belt on", (START,), worn=False),
    Case("a session of the default prescription", (START,)),
    Case("paused by START", (START, Event(60.0, "press", "START", hold_ms=200))),
    Case("belt off in a session", (START, Event(60.0, "set", "worn", value=False))),
    Case("a sensor fails in a session", (START, Event(60.0, "fault", "ntc_open", "A"))),
    Case("no prescription that can be read", files=NO_PRESCRIPTION),
    Case("battery ends in a session",
         (START, Event(60.0, "fault", "battery_low", value=0.0))),
    Case("START stuck from power-on",
         (Event(0.0, "fault", "button_stuck", button="START"),)),
    Case("UP stuck from power-on", (Event(0.0, "fault", "button_stuck", button="UP"),)),
    Case("START sticks in READY", (Event(5.0, "fault", "button_stuck", button="START"),)),
    Case("START chatters in LOCKED",
         (Event(3.0, "fault", "button_chatter", value=30.0, button="START"),),
         files=NO_PRESCRIPTION),
    Case("a host attached, silent", (Event(3.0, "fault", "host_attach"),)),
)  # fmt: skip


class Left(NamedTuple):
    """What became of a unit that was left on."""

    seen: tuple[str, ...]  # its states, in order
    off_s: float | None  # when the pack gave nothing any more
    drawn_wh: float
    last_w: float  # over the last hour


def play(run: Run) -> Iterator[tuple[float, float]]:
    """(s, Wh drawn) of each second while the pack gives something."""
    fed_wh = -1.0
    while run.advance(5) and run.plant.drawn_wh > fed_wh:
        fed_wh = run.plant.drawn_wh
        yield run.t_s, fed_wh


def measure(case: Case) -> Left:
    """Leave a unit on."""
    scenario: Scenario = replace(
        ordinary(), events=(*case.events, Event(MOST_S - 1, "press", "UP")), duration_s=MOST_S,
        until_done=False, start=Start(battery_pct=100, worn=case.worn),
    )  # fmt: skip
    run = Run(scenario, files=case.files or {})
    seen: list[str] = []
    drawn = [(0.0, 0.0)]
    for row in play(run):
        drawn.append(row)
        state = states.STATES[run.unit.session.state]
        if run.depth.powered and state not in seen[-1:]:
            seen.append(state)
    last_s, fed_wh = drawn[-1]
    hour_wh = fed_wh - next((wh for t_s, wh in drawn if t_s >= last_s - HOUR_S), 0.0)
    off = last_s if last_s < MOST_S - 10 else None
    return Left(tuple(seen), off, fed_wh, hour_wh)


def render_row(case: Case, left: Left) -> str:
    """Return a row of the table."""
    pack_wh = RPI_PICO.PACK_CAPACITY_MWH / 1000
    if left.off_s is None:
        ends = (
            f"never; empty after {(pack_wh - left.drawn_wh) / left.last_w + MOST_S / HOUR_S:.0f} h"
        )
    else:
        ends = f"{left.off_s / 60:.1f} min"
    percent = 100 * left.drawn_wh / pack_wh
    return f"| {case.name} | {' '.join(left.seen)} | {ends} | {percent:.1f} % |"


def main() -> None:
    """Print the table."""
    print("| left on | states | off after | of the pack by then |")
    print("|---|---|---|---|")
    for case in CASES:
        print(render_row(case, measure(case)), flush=True)


if __name__ == "__main__":
    main()
