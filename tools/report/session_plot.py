"""Plot of a session: temperatures with limits, duty, dose, battery; states as bands.

Called by `waistband sim --plot` with trace rows of a control step each; writes a PNG. Pad A is blue
and pad B orange (colours of Okabe and Ito, which colour-blind people tell apart). Lines are named
where they end.
"""

from collections.abc import Sequence
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

SIZE_IN = (10.0, 80 / 7)  # 1400 by 1600 pixels
DPI = 140
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
PANELS = (  # title, unit, relative height
    ("Contact temperature", "C", 3.6),
    ("LED board temperature", "C", 1.7),
    ("Duty, by bank", "%", 1.8),
    ("Dose, all banks of a pad", "J/cm2", 2.0),
    ("Thermal dose at the contact, CEM43", "min", 1.3),
    ("Battery", "V, pack", 1.5),
)
EDGES = {"left": 0.075, "right": 0.845, "top": 0.895, "bottom": 0.045, "hspace": 0.36}
STRIP = (0.922, 0.013)  # bottom and height of the states' strip, of the figure
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

    def __getitem__(self, name: str) -> list[Any]:
        return self.columns[name]

    @property
    def minutes(self) -> list[float]:
        """Time of each row."""
        return [t_s / 60 for t_s in self["t_s"]]

    def spans(self, name: str) -> list[tuple[float, float, Any]]:
        """(from, to, value) in minutes for each stretch in which a column stays the same."""
        minutes, values = self.minutes, self[name]
        starts = [0] + [k for k in range(1, len(values)) if values[k] != values[k - 1]]
        ends = [*(minutes[k] for k in starts[1:]), minutes[-1]]
        return [(minutes[k], end, values[k]) for k, end in zip(starts, ends, strict=True)]


def draw(rows: Sequence[tuple[object, ...]], scenario: Scenario, path: Path) -> None:
    """Write the plot of a run as PNG, 1400 by 1600 pixels."""
    trace = Trace(rows, trace_columns(find_board(scenario.board)))
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=SIZE_IN, dpi=DPI, facecolor="white")
        panels = figure.subplots(
            len(PANELS), 1, sharex=True, height_ratios=[row[2] for row in PANELS], gridspec_kw=EDGES
        )
        for panel, (title, unit, _) in zip(panels, PANELS, strict=True):
            panel.set_title(title)
            panel.set_ylabel(unit)
            panel.tick_params(length=3)
        width = EDGES["right"] - EDGES["left"]
        strip = figure.add_axes((EDGES["left"], STRIP[0], width, STRIP[1]), sharex=panels[0])
        contact(panels[0], trace, scenario)
        boards(panels[1], trace)
        duty(panels[2], trace)
        dose(panels[3], trace, scenario)
        thermal_dose(panels[4], trace)
        battery(panels[5], trace)
        bands(strip, panels, trace)
        faults(panels, trace)
        panels[0].set_xlim(trace.minutes[0], trace.minutes[-1])
        panels[-1].set_xlabel("minutes since power-on")
        figure.text(
            0.075, 0.982, excerpt(scenario.name, 40), fontsize=14, fontweight="bold", va="top"
        )
        figure.text(0.075, 0.96, subtitle(scenario), fontsize=9.5, color=SOFT, va="top")
        figure.savefig(path, format="png", dpi=DPI)


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


def boards(panel: Axes, trace: Trace) -> None:
    """LED boards, and where they derate and trip."""
    labels = by_pad(panel, trace, "board_{}_c")
    derate, trip = limits.BOARD_DERATE_MC / 1000, limits.BOARD_TRIP_MC / 1000
    labels.append(limit(panel, derate, f"{derate:.0f} derate", LIMIT))
    labels.append(limit(panel, trip, f"{trip:.0f} trip", ALARM))
    panel.set_ylim(top=max(trip, *trace["board_a_c"], *trace["board_b_c"]) + 1.5)
    name_right(panel, labels)


def duty(panel: Axes, trace: Trace) -> None:
    """Duty of every bank; equal banks of a pad are one line."""
    labels: list[Label] = []
    highest = 1.0
    for pad, colour in PADS.items():
        alike: dict[tuple[int, ...], list[str]] = {}
        for column in trace.columns:
            if column.startswith(f"duty_{pad}_"):
                alike.setdefault(tuple(trace[column]), []).append(column.rpartition("_")[2])
        for series, names in alike.items():
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


def thermal_dose(panel: Axes, trace: Trace) -> None:
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


def battery(panel: Axes, trace: Trace) -> None:
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
    gap = LINE_IN / (panel.get_position().height * SIZE_IN[1])
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
    inches = strip.get_position().width * SIZE_IN[0] / whole
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
            loc="upper right", bbox_to_anchor=(EDGES["right"], 0.983),
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
