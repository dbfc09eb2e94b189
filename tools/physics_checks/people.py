"""The plant against people: measurements on people beside the simulated skin, as a page.

    python -m tools.physics_checks.people > docs/maintainer/plant-against-people.md

For maintainers; seconds. Rows: `measurements.MEASUREMENTS`; trials: `plant_trials.TRIALS`. Both
sets of constants of `sim.physics.person` are run. A verdict is computed, never written by hand.
"""

import math

from sim.physics.person import PERSONS
from tools.physics_checks.measurements import MEASUREMENTS, Measurement
from tools.physics_checks.plant_trials import TRIALS, Span

SETS = ("safe", "typical")
HEAD = """# The plant against people

Made by

    python -m tools.physics_checks.people > docs/maintainer/plant-against-people.md

and made anew by it: edit `tools/physics_checks/people.py`, not this page.

The simulated skin (the plant) is set as people were in published measurements, and read where they
were. `safe` and `typical` are the two sets of constants of `sim/physics/person.py`: `safe` judges
burns, `typical` judges nothing. Two figures in a cell are the lowest and the highest that the
settings give; the settings stand in the docstrings of `tools/physics_checks/plant_trials.py`.

A figure is quoted from the abstract or the excerpt that was found: full texts were not at hand.
Sources marked **second-hand** could not be read at all; no verdict rests on them alone.
"""
NEVER = """
## What must not be claimed

- **No depth profile, and no temperature below the skin.** Of {deep} rows in which something deep
  changes, {below} come out smaller than on people under `safe`, {below_typical} under `typical`.
  Two reasons are known: 37 C is held 20 mm (`safe`) or 50 mm (`typical`) below the fat, and the
  model's muscle keeps its flow when it is heated or cooled. No page, report or trial may quote
  `Tissue.profile_c` as a person's.
- **No therapeutic warmth.** The plant says how hot a surface gets, never what muscle gains.
- **Nobody's own temperature.** The sets are two wearers, not a population.
- **Contact conductance and the belt's back have no human evidence** (150 W/m2K and 0.1 m2K/W). Both
  move the peak by more than most rows here ([assumptions.md](assumptions.md)): measure them on a
  bench before anything else.
- **Dark skin.** With all light taken within 0.2 mm (melanin) contact rises by 0.28 C at 10 mW/cm2
  and by 1.16 C at 30, nothing throttled ([skin-model.md](skin-model.md)). The unit holds contact: a
  session gives less light there, not more heat.

## Which way the surface errs

What judges a burn is the surface. There the `safe` set takes less heat away than people do (thermal
inertia, conductance, flow at 36, 42 and 43 C are all below the measured) and its resting skin is
warmer. Each makes the simulated contact hotter than a person's at the same power. The exception to
watch is `typical` at 39 and 42 C, whose flow reaches or passes the measured: that is why `typical`
judges nothing.
"""


def judge(span: Span, low: float, high: float) -> str:
    """Say whether the plant lies where people do: within the measured, or how far off."""
    if math.isnan(low):
        return "open"
    least, most = span
    if most >= low and least <= high:
        return "agrees" if low <= least and most <= high else "partly"
    measured, ours = (low, most) if most < low else (high, least)
    side = "below" if most < low else "above"
    if low < 0.0:  # a fall: its size is what compares
        return f"{ours / ((low + high) / 2.0):.1f} of it"
    if abs(measured) < 30.0 or measured > 100.0:
        return f"{abs(ours - measured) / measured:.0%} {side}"
    return f"{abs(ours - measured):.1f} {side}"


def format_number(value: float) -> str:
    """Three significant figures, as a table has them."""
    if math.isnan(value):
        return "-"
    if abs(value) >= 100.0:
        return f"{value:.0f}"
    if 0.0 < abs(value) < 0.01:
        return f"{value:.2g}"
    return f"{value:.3f}" if 0.0 < abs(value) < 0.1 else f"{value:.1f}"


def format_span(low: float, high: float) -> str:
    """A value, or the lowest and the highest."""
    one, other = format_number(low), format_number(high)
    return one if one == other else f"{one} to {other}"


def measure_rows() -> list[tuple[Measurement, list[Span]]]:
    """Run each trial on both sets; rows of one trial share its run."""
    found = {key: [run(PERSONS[name]) for name in SETS] for key, run in TRIALS.items()}
    return [(row, found[row.key]) for row in MEASUREMENTS]


def render_page() -> str:
    """The page."""
    rows = measure_rows()
    lines = [HEAD, "| # | measured on people | unit | value | safe | verdict | typical | verdict |",
             "|---|---|---|---|---|---|---|---|"]  # fmt: skip
    for number, (row, spans) in enumerate(rows, 1):
        mark = "" if row.words else ", **second-hand**"
        cells = []
        for span in spans:
            cells += [format_span(*span), judge(span, row.low, row.high)]
        measured = format_span(row.low, row.high)
        lines.append(
            f"| {number} | {row.what}{mark} | {row.unit} | {measured} | {' | '.join(cells)} |"
        )
    lines.append("\nVerdicts: *agrees*: the plant's span lies within the measured one; *partly*: it"
                 " overlaps it;\notherwise how far it is off; of a fall, which share of it the"
                 " plant gives.")  # fmt: skip
    deep = [(row, spans) for row, spans in rows if row.deep and row.changes]
    below = [
        sum(max(abs(end) for end in spans[k]) < min(abs(row.low), abs(row.high))
            for row, spans in deep)
        for k in (0, 1)
    ]  # fmt: skip
    lines.append(NEVER.format(deep=len(deep), below=below[0], below_typical=below[1]))
    lines.append("## Sources\n")
    for number, (row, _) in enumerate(rows, 1):
        words = f'"{row.words}"' if row.words else "Second-hand: its text was not found."
        more = "".join([f" {text}." if text[-1] != "." else f" {text}"
                        for text in (row.converted, row.remark) if text])  # fmt: skip
        lines.append(f"{number}. {row.source}. {words}{more}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(render_page(), end="")
