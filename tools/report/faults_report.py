"""The fault matrix as a page of Markdown: `docs/maintainer/faults.md`.

Called by `waistband check faults --report`; returns the page, writes nothing.
"""

from collections import Counter

from sim.campaign.common_cause import Outcome
from sim.campaign.injection_points import MOMENTS
from sim.faults.catalogue import BOUNDS
from sim.faults.deadlines import IN_DESIGN, SINGLE_C
from tools.report.faults_rows import COLUMNS, OUTSIDE, Found, bound_in_words
from tools.report.tables import markdown_table

HEAD = """\
# Every fault, in every state

Measured on the simulated unit by

    waistband check faults --report docs/maintainer/faults.md --plot docs/maintainer/faults.png

and made anew by it: edit `tools/report/faults_report.py`, not this page.

![Faults down, states across: time to dark and true contact](faults.png)

Each figure is the worst of all states in which the fault can strike, of both pads, with the
hardware alert working and dead. Where the unit is dark the wearer presses START after the
strike; where light went out, again; where it stays, they stop it: a stop must be dark within
80 ms beside every fault. A latency counts from the fault's own onset, just after a sample was
taken, unless the table says otherwise: "of sensing it" from the first of the samples that
stayed beyond the limit, "of 1.5 C apart" from when the pad's two contact sensors truly were.
J is the light from the onset until dark, beside what everything that may be lit gives within
the bound.
"""

HOW = """\
## How it is tried

A unit is brought into a state once and forked there (`sim.campaign.snapshot`,
`sim/campaign/injection_points.py`); OFF is a fault that is there before power comes, TREAT_HELD a
treatment held back at its set point. Lit states are struck at twelve instants, spread over the
bus's rota and the steps of the check, and on seven wearers, as it is not known beforehand which is
the worst: ordinary skin; 40 mm of fat over vessels that do not widen, under the default, the
strongest and a slowly gated light; no blood flow at 40 C under a blanket; 2 mm of fat at 5 C; and
a unit whose four contact sensors all read as low as they may. The hottest of them was, in so many
cells:

{hottest}

What the alert could not have changed, as it was never given, is not run twice. Faults of the
program, the chip and its flash are tried at HAL depth, where what follows them is emulated, and
at driver depth, on the unit's own files. A story goes on until it has been dark for three
seconds or was watched for the time in `sim/faults/catalogue.py`; then the wearer presses START and
it goes on for ten. What is not tried here: other pairs of faults (`waistband check campaign`).
"""

OUTSIDE_SAID = """\
{mark} Heat from outside is not the unit's to stop. Such a figure is what contact came to after
light had ended in time, at {bound:.1f} C at most, or without any light; the same story with
the heat taken away at the cut stays below {bound:.1f} C, or the cell is counted as broken.
"""

LYING = """\
## When everything that guards a pad lies

Both contact sensors of pad A lie alike, so that they agree: they froze while the pad was cool,
or live on and come to read so much too low, within a minute where nothing else is said. That is
no pair of faults which have nothing to do with each other, and no bound of the table. What is
left is the LED board's thermometer, against which contact is judged, and the thermometer's own
stillness. A whole session; the lie begins in the ramp, or at the moment that is named (seconds
after power-on); the strongest light is four banks at full duty, 40 mW/cm2.
"""


LIE_HEAD = (
    "lie", "skin", "light", "alert", "highest contact, C", f"above {SINGLE_C:.1f} C, s",
    "LED board, C", "CEM43, min", "ended",
)  # fmt: skip


def render_page(found: Found) -> str:
    """The whole page."""
    parts = [HEAD, fault_table(found)]
    if any(cell.outside for cell in found.cells):
        parts.append(OUTSIDE_SAID.format(mark=OUTSIDE, bound=SINGLE_C))
    broken = [f"- {name}: {what}: {said}" for name, what, said in found.sentences()]
    if broken:
        parts += ["## Bounds that do not hold\n", "\n".join(broken) + "\n"]
    parts += ["## Bounds that are ours\n", "\n".join(list_own_bounds()) + "\n"]
    parts.append(HOW.format(hottest=count_hottest(found)))
    if found.lies:
        parts += [LYING, lie_table(found.lies)]
    return "\n".join(parts)


def count_hottest(found: Found) -> str:
    """Number of lit cells in which each wearer was the hottest."""
    lit = [moment.name for moment in MOMENTS if moment.lit]
    count = Counter(cell.peak_wearer for cell in found.cells if cell.key.state in lit)
    return "\n".join(f"- {wearer}: {cells}" for wearer, cells in count.most_common())


def fault_table(found: Found) -> str:
    """A line a fault."""
    return markdown_table(COLUMNS, (
        (f"`{row.label}`{' (driver depth)' * row.on_chip}", row.bound, row.latency().text,
         row.where(), row.contact().text.strip(), row.light().text, row.broken() or "ok")
        for row in found.rows()
    ))  # fmt: skip


def list_own_bounds() -> list[str]:
    """A line for each bound that is not the design's alone, with its source."""
    return [
        f"- `{' '.join(filter(None, (row.fault, row.tried[0].button)))}`: {bound_in_words(row)}. "
        f"{row.source[0].upper()}{row.source[1:]}."
        for row in BOUNDS
        if row.source != IN_DESIGN
    ]


def lie_table(lies: list[Outcome]) -> str:
    """A line a common-cause case."""
    return markdown_table(LIE_HEAD, (
        (lie.label, lie.skin, lie.light, lie.alert, f"{lie.peak_c:.2f}", f"{lie.beyond_s:.0f}",
         f"{lie.board_c:.2f}", f"{lie.cem43_min:.1f}", lie.ended)
        for lie in lies
    ))  # fmt: skip
