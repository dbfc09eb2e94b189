"""Page and figure of the assumptions: bars and tables of what `assumptions` measured.

    python -m tools.physics_checks.assumptions_page docs/maintainer/assumptions

For maintainers; about two minutes on one core. Writes a page (`.md`) and a figure (`.png`). A bar
goes from what the low end of a constant's range gives to what the high end gives; the dashed line
is the design's limit.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tools.common.files import write_whole
from tools.physics_checks.assumed import CONSTANTS, read_base
from tools.physics_checks.assumptions import (
    ALIKE,
    DECIDES,
    FAULTS,
    LIMITS,
    Peak,
    Swing,
    decides,
    find_worse_ends,
    measure,
    measure_swing,
)

DPI = 100
LOW_INK, HIGH_INK, LIMIT_INK, SOFT = "#7fb3de", "#0b4f8a", "#D55E00", "#6b6b6b"
FIGURES = ("contact, C", "hottest column, C", "CEM43, min")
WORDS = """# Assumptions: what decides whether a wearer is safe

Made by

    python -m tools.physics_checks.assumptions_page docs/maintainer/{name}

and made anew by it: edit `tools/physics_checks/assumptions_page.py`, not this page.

Every constant of the simulated skin and pad that is not measured is set to either end of its range,
one at a time; the whole firmware then runs at HAL depth on skin with a pressed spot without blood
flow (a tenth of the pad). The limits: contact 42.5 C (the trip), hottest column 43.0 C, CEM43 2 min
a session.

- **{ordinary}**: the default prescription.
- **{alike}**: 30 min at 40 mW/cm2, and both contact sensors of a pad read low by the
  same amount ({alike_names}). That is a common cause: no check can tell it from cooler skin, and
  the unit counts too little thermal dose. No single fault that was tried comes near: the worst are
  `pads_swapped` (hottest column 41.33 C) and `hot_room` 60 C (CEM43 0.36 min).

Runs end with their session; cooling adds 0.1 to 0.2 min to the dose.

Heat from outside is left out: the unit cannot stop it ([safety.md](safety.md)). Emitters' spots are
another model: 0.16 C are to be added to the hottest column ([hot-spots.md](hot-spots.md)).

![Each constant over its range: contact, hottest column and thermal dose]({name}.png)

## Room that is left

Worst over all constants, one at a time; then with each of them at its own worse end at once (ends
that are worse alone need not be worse together, and the unit may end the session). Room is the
limit less the worst; below zero, the limit is broken.

| situation | figure | shipped | worst, one at a time | by | room | all at once | room |
|---|---|---|---|---|---|---|---|"""


def list_faults(name: str) -> str:
    """The faults of a situation, in words."""
    return " and ".join(
        f"`{fault}`" + (f" {value:g}" if value is not None else "")
        for fault, _, value, _ in FAULTS[name]
    )


def render_room(name: str, base: Peak, swings: Sequence[Swing], corner: Peak) -> list[str]:
    """Rows of a situation: each figure's room."""
    lines = []
    for figure, (words, limit) in enumerate(zip(FIGURES, LIMITS, strict=True)):
        mosts = [max(one.low[figure], one.high[figure]) for one in swings]
        most = max(mosts)
        worst = swings[mosts.index(most)]
        lines.append(
            f"| {name} | {words} | {base[figure]:.2f} | {most:.2f} | {worst.constant.words} |"
            f" {limit - most:+.2f} | {corner[figure]:.2f} | {limit - corner[figure]:+.2f} |"
        )
    return lines


def render_constants(bases: dict[str, Peak], swings: dict[str, list[Swing]]) -> list[str]:
    """The table of all constants: hottest column and dose at both ends, in each situation."""
    heads = "".join([f" {name}: hottest | CEM43 |" for name in swings])
    lines = [
        f"| constant | shipped | range | source |{heads}",
        "|---|---|---|---|" + "---|---|" * 3,
    ]
    for k, constant in enumerate(CONSTANTS):
        cells = [
            constant.words, f"{read_base(constant):g}", f"{constant.low:g} to {constant.high:g}",
            constant.source,
        ]  # fmt: skip
        for name, found in swings.items():
            swing, mark = found[k], "**" if decides(found[k], bases[name]) else ""
            cells.append(f"{mark}{swing.low.hottest_c:.2f}, {swing.high.hottest_c:.2f}{mark}")
            cells.append(f"{swing.low.cem43_min:.2f}, {swing.high.cem43_min:.2f}")
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def render_page(
    bases: dict[str, Peak], swings: dict[str, list[Swing]], corners: dict[str, Peak], name: str
) -> str:
    """The page."""
    ordinary, alike = FAULTS
    lines = [WORDS.format(
        name=name, ordinary=ordinary.capitalize(), alike=alike.capitalize(),
        alike_names=list_faults(ALIKE),
    )]  # fmt: skip
    for situation, found in swings.items():
        lines += render_room(situation, bases[situation], found, corners[situation])
    lines += ["", "## What decides", ""]
    for situation, found in swings.items():
        names = [one.constant.words for one in found if decides(one, bases[situation])]
        lines.append(f"- **{situation.capitalize()}**: {'; '.join(names) or 'none'}.")
    lines += [
        f"\nA constant decides where it raises the hottest column by more than {DECIDES[0]:g} C or"
        f" its dose by more\nthan {DECIDES[1]:g} min. No other does, over its whole range.",
        "\n## Every constant\n",
        "At the low end of the range, and at the high end. Bold: decides.\n",
        *render_constants(bases, swings),
    ]
    return "\n".join(lines) + "\n"


def draw(bases: dict[str, Peak], swings: dict[str, list[Swing]], path: Path) -> None:
    """Draw the figure: situations across in groups of three figures, constants down."""
    order = sorted(
        range(len(CONSTANTS)),
        key=lambda k: max(span(found[k], 1) for found in swings.values()),
    )
    figure = Figure(figsize=(17.0, 9.5), dpi=DPI, layout="constrained")
    axes = figure.subplots(1, 3 * len(swings), sharey=True)
    for group, (name, found) in enumerate(swings.items()):
        for k in range(3):
            plot = axes[3 * group + k]
            draw_bars(plot, [found[at] for at in order], bases[name], k)
            plot.set_title(f"{name}\n{FIGURES[k]}", fontsize=8)
    axes[0].set_yticks(range(len(order)), [CONSTANTS[at].words for at in order], fontsize=7)
    figure.suptitle(
        "Each constant over its range: pale, the low end; dark, the high end; dashed, the limit",
        fontsize=10,
    )
    figure.savefig(path, format="png")


def span(swing: Swing, k: int) -> float:
    """How far apart the two ends are."""
    return abs(swing.high[k] - swing.low[k])


def draw_bars(plot: Axes, swings: Sequence[Swing], base: Peak, k: int) -> None:
    """Draw one figure's bars from the shipped value to either end."""
    for at, swing in enumerate(swings):
        for end, ink in ((swing.low[k], LOW_INK), (swing.high[k], HIGH_INK)):
            plot.barh(at, end - base[k], left=base[k], height=0.7, color=ink, alpha=0.85)
    plot.axvline(base[k], color=SOFT, linewidth=0.8)
    plot.axvline(LIMITS[k], color=LIMIT_INK, linewidth=1.2, linestyle="--")
    plot.tick_params(axis="x", labelsize=7)
    plot.margins(y=0.01)


def main(to: str) -> None:
    """Write the page and the figure."""
    bases = {name: measure(name, []) for name in FAULTS}
    swings = {name: [measure_swing(name, one) for one in CONSTANTS] for name in FAULTS}
    corners = {name: measure(name, find_worse_ends(swings[name])) for name in FAULTS}
    path = Path(to)
    with write_whole(path.with_suffix(".md")) as page:
        page.write_text(render_page(bases, swings, corners, path.name), encoding="utf-8")
    with write_whole(path.with_suffix(".png")) as figure:
        draw(bases, swings, figure)


if __name__ == "__main__":
    main(sys.argv[1])
