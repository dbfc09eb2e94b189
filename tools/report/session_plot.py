"""Plot of a session: temperatures with limits, duty, dose, battery; states as bands.

Called by `waistband sim --plot` and by the gallery with trace rows of a control step each; writes
a PNG. Pad A is blue and pad B orange (colours of Okabe and Ito, which colour-blind people tell
apart). Lines are named where they end. Time that the unit was off is cut short.
"""

from collections.abc import Callable, Sequence
from itertools import compress, pairwise
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from firmware.core import limits
from firmware.core.limits import CEM43_SESSION_Q10_MS, CONTACT_ALERT_MC, DUTY_MAX
from sim.common.boards import find_board
from sim.common.story import Scenario
from sim.common.validate import excerpt
from sim.oracle.asked import read_steps, sum_pad_j_cm2
from sim.run import trace_columns

WHOLE_IN, WHOLE_DPI = (10.0, 80 / 7), 140  # 1400 by 1600 pixels
BRIEF_IN, BRIEF_DPI = (9.0, 5.6), 100  # 900 by 560 pixels
INK, SOFT, FAINT = "#222222", "#6b6b6b", "#b5b5b5"
LIMIT, ALARM = "#8a8a8a", "#b00020"
PADS = {"a": "#0072B2", "b": "#D55E00"}
BATTERY, CHARGE = "#222222", "#009E73"
BANDS = {
    "SELF_TEST": "#d3dde6", "READY": "#e8edf1", "WAIT_SKIN": "#fbe9b7", "CHECK": "#d9b8dc",
    "RAMP": "#fad7a6", "TREAT": "#edf6ed", "PAUSED": "#cfe1f5", "DONE": "#efefef",
    "CHARGING": "#c4e5e9", "FAULT": "#f7cccc", "LOCKED": "#e8bcbc", "OFF": "#d6d6d6",
}  # fmt: skip
STYLE: dict[Any, Any] = {
    "font.size": 9.5,
    "font.family": "DejaVu Sans",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": SOFT,
    "text.color": INK,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "lines.linewidth": 1.5,
    "lines.solid_capstyle": "round",
}
# Inches from the edges: of the panels, of the title's lines, and of the states' strip, whose height
# follows.
LEFT_IN, RIGHT_IN, TOP_IN, BOTTOM_IN = 0.75, 1.55, 1.2, 0.52
TITLE_IN, SUBTITLE_IN, STRIP_IN, STRIP_HIGH_IN = 0.2, 0.46, 0.89, 0.15
OFF_S = 60.0  # rows further apart: the unit was off. Shorter, it was reset
OFF_SHARE = 0.03  # width of such a gap, of the time on
WIDTHS = {"a": 3.0, "b": 1.2}  # B is drawn over A: where they agree, both are seen
LINE_IN = 0.155  # of text
LETTER_IN = 0.082
BACKED = {"facecolor": "white", "alpha": 0.7, "edgecolor": "none", "pad": 1.5}
Label = tuple[float, str, str]  # y, text, colour


class Trace:
    """Trace rows as columns, time in minutes."""

    def __init__(self, rows: Sequence[tuple[object, ...]], names: Sequence[str]) -> None:
        columns = map(list, zip(*rows, strict=True))
        self.columns: dict[str, list[Any]] = dict(zip(names, columns, strict=True))
        self.off: list[tuple[float, float, float]] = []  # from, to, hours off
        self.minutes = self._count_minutes()

    def __getitem__(self, name: str) -> list[Any]:
        return self.columns[name]

    def _count_minutes(self) -> list[float]:
        """Time of each row, without the time off but for a gap where that was."""
        t_s = self["t_s"]
        steps_s = [after - before for before, after in pairwise(t_s)]
        gap_s = max(1.0, OFF_SHARE * sum(step for step in steps_s if step <= OFF_S))
        minutes = [t_s[0] / 60]
        for step_s in steps_s:
            minutes.append(minutes[-1] + min(step_s, gap_s if step_s > OFF_S else step_s) / 60)
            if step_s > OFF_S:
                self.off.append((minutes[-2], minutes[-1], step_s / 3600))
        return minutes

    def spans(self, name: str) -> list[tuple[float, float, Any]]:
        """(from, to, value) in minutes for each stretch in which a column stays the same."""
        minutes, values = self.minutes, self[name]
        starts = [0] + [k for k in range(1, len(values)) if values[k] != values[k - 1]]
        ends = [*(minutes[k] for k in starts[1:]), minutes[-1]]
        return [(minutes[k], end, values[k]) for k, end in zip(starts, ends, strict=True)]


def draw(
    rows: Sequence[tuple[object, ...]], scenario: Scenario, path: Path, brief: bool = False
) -> None:
    """Write the plot of a run as PNG, 1400 by 1600 pixels; `brief`: temperature, duty and dose
    alone, 900 by 560 pixels in 64 colours."""
    trace = Trace(rows, trace_columns(find_board(scenario.board)))
    shown = [row for row in PANELS if row[2] or not brief]
    size_in, dpi = (BRIEF_IN, BRIEF_DPI) if brief else (WHOLE_IN, WHOLE_DPI)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=size_in, dpi=dpi, facecolor="white")
        panels, strip = lay_out(figure, [row[3] for row in shown])
        for panel, (title, unit, _, _, plot) in zip(panels, shown, strict=True):
            panel.set_title(title)
            panel.set_ylabel(unit)
            panel.tick_params(length=3)
            plot(panel, trace, scenario)
        bands(strip, panels, trace)
        faults(panels, trace)
        time_off(panels, strip, trace)
        panels[0].set_xlim(trace.minutes[0], trace.minutes[-1])
        panels[-1].set_xlabel("minutes on" if trace.off else "minutes since power-on")
        write_title(figure, scenario)
        figure.savefig(path, format="png", dpi=dpi)
    if brief:
        reduce_colours(path)


def lay_out(figure: Figure, heights: list[float]) -> tuple[Sequence[Axes], Axes]:
    """Axes for panels of these relative heights, and the strip of states above them."""
    wide, high = figure.get_size_inches()
    panels = figure.subplots(
        len(heights), 1, sharex=True, height_ratios=heights,
        gridspec_kw={
            "left": LEFT_IN / wide, "right": 1 - RIGHT_IN / wide, "top": 1 - TOP_IN / high,
            "bottom": BOTTOM_IN / high, "hspace": 0.36,
        },
    )  # fmt: skip
    place = (
        LEFT_IN / wide, 1 - STRIP_IN / high, 1 - (LEFT_IN + RIGHT_IN) / wide, STRIP_HIGH_IN / high
    )  # fmt: skip
    return panels, figure.add_axes(place, sharex=panels[0])


def write_title(figure: Figure, scenario: Scenario) -> None:
    """The scenario's name, and the conditions below it."""
    wide, high = figure.get_size_inches()
    x = LEFT_IN / wide
    figure.text(
        x, 1 - TITLE_IN / high, excerpt(scenario.name, 40), fontsize=14, fontweight="bold", va="top"
    )
    figure.text(
        x, 1 - SUBTITLE_IN / high, subtitle(scenario), fontsize=9.5, color=SOFT, va="top"
    )  # fmt: skip


def read_size_in(axes: Axes) -> tuple[float, float]:
    """Width and height of the figure that axes are on."""
    figure = axes.get_figure(root=True)
    assert figure
    wide, high = figure.get_size_inches()
    return wide, high


def reduce_colours(path: Path) -> None:
    """Write a PNG again with a palette of 64 colours: a third of the bytes."""
    from PIL import Image

    with Image.open(path) as image:
        image.convert("RGB").quantize(64).save(path, format="PNG", optimize=True)


def subtitle(scenario: Scenario) -> str:
    """Conditions, in a line."""
    start = scenario.start
    return (
        f"{start.ambient_c:g} C room, resting perfusion {start.perfusion:g} /s, "
        f"fat {start.fat_mm:g} mm, seed {scenario.seed}, simulated"
    )


def by_pad(panel: Axes, trace: Trace, column: str) -> list[Label]:
    """A line for each pad; `column` holds {} for its letter. Returns where they end."""
    ends = []
    for pad, colour in PADS.items():
        values = trace[column.format(pad)]
        panel.plot(trace.minutes, values, color=colour, linewidth=WIDTHS[pad])
        ends.append((values[-1], f"pad {pad.upper()}", colour))
    return ends


def contact(panel: Axes, trace: Trace, scenario: Scenario) -> None:
    """True contact temperature over the firmware's."""
    for pad, colour in PADS.items():
        panel.plot(trace.minutes, trace[f"contact_{pad}_c"], color=colour, alpha=0.3, linewidth=0.9)
    labels = by_pad(panel, trace, "true_contact_{}_c")
    remark(panel, "strong: true; pale: as the firmware holds it")
    set_point = float(scenario.prescription["set_point_c"])  # type: ignore[arg-type]
    alert = CONTACT_ALERT_MC / 1000
    for celsius, name, colour in (
        (set_point, "set point", INK),
        (limits.CONTACT_WARN_MC / 1000, "warning", LIMIT),
        (limits.CONTACT_TRIP_MC / 1000, "trip", ALARM),
        (alert, "hardware alert", ALARM),
    ):
        labels.append(limit(panel, celsius, f"{celsius:.1f} {name}", colour))
    true = trace["true_contact_a_c"] + trace["true_contact_b_c"]
    panel.set_ylim(min(true) - 0.6, max(*true, alert) + 0.4)
    name_right(panel, labels)


def boards(panel: Axes, trace: Trace, _: Scenario) -> None:
    """LED boards, and where they derate and trip."""
    labels = by_pad(panel, trace, "board_{}_c")
    derate, trip = limits.BOARD_DERATE_MC / 1000, limits.BOARD_TRIP_MC / 1000
    labels.append(limit(panel, derate, f"{derate:.0f} derate", LIMIT))
    labels.append(limit(panel, trip, f"{trip:.0f} trip", ALARM))
    panel.set_ylim(top=max(trip, *trace["board_a_c"], *trace["board_b_c"]) + 1.5)
    name_right(panel, labels)


def duty(panel: Axes, trace: Trace, _: Scenario) -> None:
    """Duty of every bank; equal banks of a pad are one line."""
    labels: list[Label] = []
    highest = 1.0
    judged = [state != "CHECK" for state in trace["state"]]
    for pad, colour in PADS.items():
        alike: dict[tuple[int, ...], list[str]] = {}  # in CHECK each bank has a tick of its own
        for column in trace.columns:
            if column.startswith(f"duty_{pad}_"):
                seen = tuple(compress(trace[column], judged))
                alike.setdefault(seen, []).append(column.rpartition("_")[2])
        for names in alike.values():
            series = trace[f"duty_{pad}_{names[0]}"]
            percent = [100 * value / DUTY_MAX for value in series]
            highest = max(highest, *percent)
            panel.plot(trace.minutes, percent, color=colour, linewidth=WIDTHS[pad] * 0.7)
            typical = sorted(value for value in percent if value)
            at = typical[len(typical) // 2] if typical else 0.0
            who = "all banks" if len(alike) == 1 else " ".join(names) + " nm"
            labels.append((at, f"{pad.upper()}: {who}", colour))
    panel.set_ylim(0, highest * 1.1)
    name_right(panel, labels)


def dose(panel: Axes, trace: Trace, scenario: Scenario) -> None:
    """Fluence of each pad, as the firmware counts it, and the fluence asked for."""
    steps = read_steps(scenario.prescription)
    asked = max(sum_pad_j_cm2(steps, pad) for pad in (0, 1))
    ends = by_pad(panel, trace, "fluence_{}")
    labels = [(y, f"{who}: {y:.2f}", colour) for y, who, colour in ends]
    labels.append(limit(panel, asked, f"{asked:g} asked", INK))
    panel.set_ylim(0, asked * 1.12)
    name_right(panel, labels)


def thermal_dose(panel: Axes, trace: Trace, _: Scenario) -> None:
    """CEM43 of the true contact temperature since power-on, in minutes."""
    cap = CEM43_SESSION_Q10_MS / 1024 / 60_000
    for pad in PADS:
        minutes_43 = cem43(trace.minutes, trace[f"true_contact_{pad}_c"])
        trace.columns[f"cem43_{pad}"] = minutes_43
    ends = by_pad(panel, trace, "cem43_{}")
    labels = [(y, f"{who}: {y:.2f}", colour) for y, who, colour in ends]
    panel.set_ylim(0, max(cap, *(y for y, _, _ in ends)) * 1.12)
    labels.append(limit(panel, cap, f"{cap:g} cap", ALARM))
    name_right(panel, labels)


def cem43(minutes: Sequence[float], celsius: Sequence[float]) -> list[float]:
    """Cumulative equivalent minutes at 43 C (Sapareto and Dewey 1984)."""
    total, sums, before = 0.0, [], minutes[0]
    for at, now_c in zip(minutes, celsius, strict=True):
        total += (at - before) * (0.25 if now_c < 43 else 0.5) ** (43 - now_c)
        sums.append(total)
        before = at
    return sums


def battery(panel: Axes, trace: Trace, _: Scenario) -> None:
    """Pack voltage on the axis; charge, as the unit shows it, from empty to full height."""
    volts, percent = trace["battery_v"], trace["battery_pct"]
    end_v = 2 * limits.CELL_END_MV / 1000
    low, high = min(*volts, end_v) - 0.2, 8.7
    labels = [limit(panel, end_v, f"{end_v:.1f} V end", ALARM)]
    panel.plot(trace.minutes, volts, color=BATTERY)
    labels.append((volts[-1], f"{volts[-1]:.2f} V", BATTERY))
    charge = [low + (high - low) * value / 100 for value in percent]
    panel.plot(trace.minutes, charge, color=CHARGE)
    labels.append((charge[-1], f"{percent[-1]:.0f} % charge", CHARGE))
    panel.set_ylim(low, high)
    remark(panel, "the panel's height is 0-100 % of charge")
    name_right(panel, labels)


def remark(panel: Axes, text: str) -> None:
    """How to read a panel, at the right over it."""
    panel.text(
        1.0, 1.02, text, transform=panel.transAxes, fontsize=8.5, color=SOFT,
        va="bottom", ha="right",
    )  # fmt: skip


def limit(panel: Axes, y: float, name: str, colour: str) -> Label:
    """A line that something should stay below, or reach; returns its name for the edge."""
    panel.axhline(y, color=colour, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
    return (y, name, colour)


def name_right(panel: Axes, labels: list[Label]) -> None:
    """Names beside the right edge at their lines' ends, moved apart where they would touch."""
    low, high = panel.get_ylim()
    gap = LINE_IN / (panel.get_position().height * read_size_in(panel)[1])
    labels = sorted(labels, key=lambda label: (label[0], label[1] < "p", label[1]))
    wanted = [min(max((y - low) / (high - low), 0.0), 1.0) for y, _, _ in labels]
    for at, (_, text, colour) in zip(apart(wanted, gap), labels, strict=True):
        panel.text(
            1.012, at, text, transform=panel.transAxes, color=colour, va="center", fontsize=9,
            clip_on=False,
        )  # fmt: skip


def apart(wanted: list[float], gap: float) -> list[float]:
    """Rising places, each at least `gap` from the next, as near to the wanted ones as it goes.

    Clusters of names that touch are centred on the mean of where they want to be.
    """
    clusters: list[list[float]] = []  # each: mean, count
    for at in wanted:
        clusters.append([at, 1])
        while len(clusters) > 1:
            (below, few), (above, many) = clusters[-2:]
            if above - below >= gap * (few + many) / 2:
                break
            clusters[-2:] = [[(below * few + above * many) / (few + many), few + many]]
    return [
        mean + gap * (k - (count - 1) / 2) for mean, count in clusters for k in range(int(count))
    ]


def bands(strip: Axes, panels: Sequence[Axes], trace: Trace) -> None:
    """States as coloured bands over all panels; named in the strip, or above where too narrow."""
    whole = max(trace.minutes[-1] - trace.minutes[0], 1e-9)
    wide, high = read_size_in(strip)
    inches = strip.get_position().width * wide / whole
    strip.set_axis_off()
    strip.set_ylim(0, 1)
    named: set[str] = set()
    spans = trace.spans("state")
    for start, end, state in spans:
        for panel in (strip, *panels):
            panel.axvspan(start, end, color=BANDS.get(state, FAINT), linewidth=0, zorder=0)
        if (end - start) * inches > LETTER_IN * (len(state) + 1):
            strip.text((start + end) / 2, 0.45, state, ha="center", va="center", fontsize=8)
            named.add(state)
    narrow = [state for state in dict.fromkeys(state for *_, state in spans) if state not in named]
    if narrow:
        strip.legend(
            handles=[Patch(color=BANDS.get(state, FAINT), label=state) for state in narrow],
            loc="upper right", bbox_to_anchor=(strip.get_position().x1, 1 - TITLE_IN / high),
            bbox_transform=strip.figure.transFigure, ncols=len(narrow), frameon=False,
            fontsize=8, handlelength=0.9, handleheight=0.9, columnspacing=1.2,
            handletextpad=0.4, borderaxespad=0.0, labelcolor=SOFT,
        )  # fmt: skip


def faults(panels: Sequence[Axes], trace: Trace) -> None:
    """A vertical mark where a fault was latched, named in the first panel."""
    middle = (trace.minutes[0] + trace.minutes[-1]) / 2
    before: set[str] = set()
    marks = 0
    for start, _, names in trace.spans("faults"):
        latched = {name for name in str(names).split("+") if name}
        new = sorted(latched - before)
        before = latched
        if not new:
            continue
        for panel in panels:
            panel.axvline(start, color=ALARM, linewidth=1.0, zorder=3)
        left = start < middle
        panels[0].annotate(
            ", ".join(new), (start, 0.05 + 0.075 * (marks % 5)),
            xytext=(5 if left else -5, 0), textcoords="offset points",
            xycoords=("data", "axes fraction"), ha="left" if left else "right",
            color=ALARM, fontsize=9, fontweight="bold", bbox=BACKED,
        )  # fmt: skip
        marks += 1


def time_off(panels: Sequence[Axes], strip: Axes, trace: Trace) -> None:
    """A band over each gap in which the unit was off, with its length."""
    for start, end, hours in trace.off:
        for panel in (strip, *panels):
            panel.axvspan(start, end, color=BANDS["OFF"], linewidth=0, zorder=5)
        for_long = f"{hours:.1f} h" if hours >= 1 else f"{hours * 60:.0f} min"
        panels[0].text(
            (start + end) / 2, 0.5, f"off for {for_long}", rotation=90, fontsize=8, color=SOFT,
            transform=panels[0].get_xaxis_transform(), ha="center", va="center", zorder=6,
        )  # fmt: skip


# Title, unit, whether a brief plot has it, relative height, and what draws it.
PANELS: tuple[tuple[str, str, bool, float, Callable[[Axes, Trace, Scenario], None]], ...] = (
    ("Contact temperature", "C", True, 3.6, contact),
    ("LED board temperature", "C", False, 1.7, boards),
    ("Duty, by bank", "%", True, 1.8, duty),
    ("Dose, all banks of a pad", "J/cm2", True, 2.0, dose),
    ("Thermal dose at the contact, CEM43", "min", False, 1.3, thermal_dose),
    ("Battery", "V, pack", False, 1.5, battery),
)
