"""Solvers: the simulated skin, its second column and the emitters' spots against other solutions.

    python -m tools.physics_checks.solvers > docs/maintainer/physics-checks.md

For maintainers, seconds. tests/sim/test_tissue.py and test_spot.py hold each story to AGREE_C. The
other solutions are `fine_grid` and `cells` of this room; they share the physical constants and no
code.
"""

from typing import Any, NamedTuple

from sim.common.value_record import replace
from sim.physics.person import SAFE
from sim.physics.spot import SpottedTissue, along_board_w_k, sheet_w_k
from sim.physics.tissue import Tissue
from tools.dev.spots import BLOODLESS, ORDINARY, Pad, solve
from tools.physics_checks.cells import solve_board, solve_modes
from tools.physics_checks.fine_grid import Reference, ReferencePair

AGREE_C = 0.05
MARKS_S = (5, 30, 120, 600, 1200, 2400)
AREA_M2 = 60e-4
Power = tuple[float, float]
# Light and waste of a pad, W/m2: 10 mW/cm2 with the default banks, and the anchor's 30.
GENTLE: Power = (100.0, 190.0)
STRONG: Power = (300.0, 300.0 * (1.0 / 0.45 - 1.0))
# How each begins, what then changes, and the power.
STORIES: dict[str, tuple[dict[str, Any], dict[str, Any], Power]] = {
    "an ordinary session": ({}, {}, GENTLE),
    "three times the light": ({}, {}, STRONG),
    "three times the light without vasodilation": ({"vasodilation": 1.0}, {}, STRONG),
    "a thin patient in a hot room": (
        {"ambient_c": 40.0, "perfusion": 0.003, "fat_mm": 5.0},
        {},
        STRONG,
    ),
    "a stout, poorly perfused patient in the cold": (
        {"ambient_c": 5.0, "perfusion": 0.0003, "fat_mm": 20.0},
        {},
        STRONG,
    ),
    "a pad lit on the table": ({"worn": False}, {}, GENTLE),
    "a lit pad taken off": ({}, {"worn": False}, GENTLE),
    "a cold pad put on": ({"worn": False}, {"worn": True}, (0.0, 0.0)),
    "a heating pad on the skin": ({}, {"external_w_m2": 500.0}, GENTLE),
    "a patient lying on the pad": ({}, {"perfusion": 0.0, "air_w_m2k": 0.5}, GENTLE),
}


class SpotStory(NamedTuple):
    """A pad with a second column, from the start."""

    start: dict[str, Any]
    share: float
    perfusion: float
    contact_w_m2k: float
    core: str
    power: Power
    change: dict[str, Any]


SPOTS: dict[str, SpotStory] = {
    "a pressed tenth without flow": SpotStory({}, 0.1, 0.0, 150.0, "aluminium", GENTLE, {}),
    "the same, three times the light": SpotStory({}, 0.1, 0.0, 150.0, "aluminium", STRONG, {}),
    "the same, poor contact": SpotStory({}, 0.1, 0.0, 75.0, "aluminium", GENTLE, {}),
    "half of the pad": SpotStory({}, 0.5, 0.0, 150.0, "aluminium", GENTLE, {}),
    "a fiftieth, on FR4": SpotStory({}, 0.02, 0.0, 150.0, "FR4", GENTLE, {}),
    "a well perfused, stout patient": SpotStory(
        {"perfusion": 0.003, "fat_mm": 40.0}, 0.2, 0.0, 100.0, "aluminium", STRONG, {}
    ),
    "a spot under a blanket": SpotStory(
        {}, 0.1, 0.0, 150.0, "aluminium", GENTLE, {"air_w_m2k": 0.5}
    ),
}
CELLS = ((4, 0.003), (8, 0.003), (24, 0.003), (48, 0.003), (4, 0.008))  # emitters, stand-off m
SHARES = (0.02, 0.1, 0.2, 0.5)
HEAD = """# Physics against other solutions

Made by

    python -m tools.physics_checks.solvers > docs/maintainer/physics-checks.md

and made anew by it: edit `tools/physics_checks/solvers.py`, not this page.

What is checked is that the equations are solved right. Whether they are the right equations is
[plant-against-people.md](plant-against-people.md); what their constants decide,
[assumptions.md](assumptions.md).

## Skin and pad

Against several hundred finite volumes and SciPy's BDF (`fine_grid.py`): the largest difference of
contact, skin and LED board at the start and after {marks} s. Bound: 0.05 C.
"""
SPOT_HEAD = """
## Second column

Two columns coupled along the LED board, each on the fine grid; both contacts, both skins and both
boards. Bound: 0.05 C.
"""
BOARD_HEAD = """
The conductance along the board is a formula for round pads (`sim/physics/spot.py`). Against finite
differences in the plane of a square pad, and of one twice as long as wide, aluminium, W/K:

| share of the spot | formula | square | off | 2 : 1 | off |
|---|---|---|---|---|---|"""
BOARD_TAIL = """
A square pad keeps to the formula up to a fifth of its area. **A long pad conducts less along
itself**: a spot in its corner is then warmer than the formula says.
[assumptions.md](assumptions.md) has what less conductance does.
"""
CELL_HEAD = """## Emitters as spots

The finite volumes of `tools/dev/spots.py` against a Fourier-Bessel series of 60 modes, each a
column of 740 cells. Sensor held at 40.5 C.

| emitters, mm | skin | hottest skin, C | series, C | hottest contact, C | series, C |
|---|---|---|---|---|---|"""


def read_temps_c(pad: Tissue) -> tuple[float, float, float]:
    """Contact, skin's surface, LED board."""
    return pad.contact_c, pad.skin_c, pad.board_c


def find_miss_c(pairs: list[tuple[Tissue, Reference]]) -> float:
    """The largest difference of these columns' temperatures."""
    return max(
        abs(one - other)
        for pad, fine in pairs
        for one, other in zip(read_temps_c(pad), fine.temps_c(), strict=True)
    )


def compare_story(name: str) -> list[float]:
    """Largest difference at the start and at each mark, C."""
    start, change, power = STORIES[name]
    pad, fine = Tissue(**start), Reference(**start)
    missed = [find_miss_c([(pad, fine)])]
    pad.change(**change)
    fine.now.update(change)
    now = 0
    for mark in MARKS_S:
        for _ in range((mark - now) * 5):
            pad.advance(*power)
        fine.run(mark - now, *power)
        now = mark
        missed.append(find_miss_c([(pad, fine)]))
    return missed


def compare_spot(name: str) -> list[float]:
    """Largest difference of either column at the start and at each mark, C."""
    story = SPOTS[name]
    sheet = sheet_w_k(story.core, 1500 if story.core == "aluminium" else 1600)
    pad = SpottedTissue(
        Tissue(**story.start), story.share, story.perfusion, story.contact_w_m2k, sheet,
        AREA_M2 * 1e4,
    )  # fmt: skip
    pad.settle_together()
    person = replace(SAFE, contact_w_m2k=story.contact_w_m2k)
    rest = Reference(**story.start)
    spot = Reference(**{**story.start, "perfusion": story.perfusion}, person=person)
    exchange = along_board_w_k(story.share, sheet) / (story.share * AREA_M2)
    fine = ReferencePair(rest, spot, exchange, story.share / (1.0 - story.share))
    columns: list[tuple[Tissue, Reference]] = [(pad, rest), (pad.spot, spot)]
    missed = [find_miss_c(columns)]
    pad.change(**story.change)
    for column in (rest, spot):
        column.now.update(story.change)
    now = 0
    for mark in MARKS_S:
        for _ in range((mark - now) * 5):
            pad.advance(*story.power)
        fine.run(mark - now, *story.power)
        now = mark
        missed.append(find_miss_c(columns))
    return missed


def render_story(name: str, missed: list[float]) -> str:
    """A row: the largest difference, and where."""
    worst = max(missed)
    at = ("start", *[f"{mark} s" for mark in MARKS_S])[missed.index(worst)]
    return f"| {name} | {missed[0]:.4f} | {worst:.3f} | {at} |"


def render_boards() -> list[str]:
    """Rows of the conductance along the board."""
    sheet, lines = sheet_w_k("aluminium", 1500), []
    for share in SHARES:
        ours = along_board_w_k(share, sheet)
        cells = [f"{share:g}", f"{ours:.3f}"]
        for across in (1.0, 2.0):
            other = solve_board(share, sheet, across)
            cells += [f"{other:.3f}", f"{other / ours - 1.0:+.0%}"]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def render_cells() -> list[str]:
    """Rows of the emitters' cells."""
    lines = []
    for emitters, stand_off_m in CELLS:
        for words, flow in (("ordinary", ORDINARY), ("bloodless", BLOODLESS)):
            pad = Pad(emitters, stand_off_m)
            ours, other = solve(pad, flow), solve_modes(pad, flow)
            lines.append(
                f"| {emitters}, {stand_off_m * 1000:g} | {words} | {ours.skin_c:.2f} |"
                f" {other.skin_c:.2f} | {ours.contact_c:.2f} | {other.contact_c:.2f} |"
            )
    return lines


def render_page() -> str:
    """The page."""
    table = ["| story | start, C | largest, C | after |", "|---|---|---|---|"]
    marks = ", ".join(str(mark) for mark in MARKS_S)
    lines = [HEAD.format(marks=marks), *table]
    lines += [render_story(name, compare_story(name)) for name in STORIES]
    lines += [SPOT_HEAD, *table]
    lines += [render_story(name, compare_spot(name)) for name in SPOTS]
    lines += [BOARD_HEAD, *render_boards(), BOARD_TAIL, CELL_HEAD, *render_cells()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(render_page(), end="")
