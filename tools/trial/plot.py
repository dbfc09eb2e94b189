"""Plots of a trial's reports, as SVG elements. Called by `report` and `results`."""

import io
import re
from collections.abc import Sequence
from typing import Any

import matplotlib

matplotlib.use("Agg")
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tools.trial.stats import Mean

INK, SOFT, FAINT = "#222222", "#6b6b6b", "#b5b5b5"
COLOURS = {"": "#0072B2", "therapy": "#D55E00", "placebo": "#0072B2"}  # Okabe and Ito
MARKS = {"": "o", "therapy": "o", "placebo": "s"}
STYLE: dict[Any, Any] = {
    "font.size": 9.5, "font.family": "DejaVu Sans", "axes.spines.top": False,
    "axes.spines.right": False, "axes.edgecolor": FAINT, "axes.labelcolor": SOFT,
    "text.color": INK, "xtick.color": SOFT, "ytick.color": SOFT, "svg.fonttype": "path",
}  # fmt: skip
WIDTH_IN, HEIGHT_IN = 7.2, 3.4
NRS_MAX = 10
APART = 0.09  # between two arms at one visit

Series = tuple[str, list[tuple[int, Mean]]]  # an arm, or "" for all; mean of each visit


def plot_ratings(series: Sequence[Series], what: str, synthetic: bool) -> str:
    """The mean rating by visit with its interval, a line for each arm."""
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": what}):
        figure = Figure(figsize=(WIDTH_IN, HEIGHT_IN), facecolor="white", layout="constrained")
        axes = figure.subplots()
        for at, (arm, points) in enumerate(series):
            shift = APART * (at - (len(series) - 1) / 2)
            plot_arm(axes, arm, points, shift)
        axes.set_ylim(0, NRS_MAX)
        axes.set_yticks(range(0, NRS_MAX + 1, 2))
        axes.set_xticks(sorted({visit for _, points in series for visit, _ in points}))
        axes.set_xlabel("visit")
        axes.set_ylabel("pain, NRS 0-10")
        axes.set_title(f"{what}: mean and 95 % interval", fontsize=10.5, loc="left", color=INK)
        return render_svg(figure, axes, synthetic)


def plot_arm(axes: Axes, arm: str, points: list[tuple[int, Mean]], shift: float) -> None:
    """Draw one arm's means, its name at the end."""
    colour = COLOURS[arm]
    xs = [visit + shift for visit, _ in points]
    ys = [mean.mean for _, mean in points]
    axes.plot(xs, ys, color=colour, marker=MARKS[arm], markersize=5, linewidth=1.5)
    for x, (_, mean) in zip(xs, points, strict=True):
        if mean.low is not None and mean.high is not None:
            axes.plot([x, x], [mean.low, mean.high], color=colour, linewidth=1.2, alpha=0.8)
    if arm and xs:
        axes.annotate(arm, (xs[-1], ys[-1]), xytext=(9, 0), textcoords="offset points",
                      va="center", color=colour)  # fmt: skip


def plot_doses(by_arm: dict[str, list[float]], synthetic: bool) -> str:
    """The light that each participant was given, J/cm2 a pad in all."""
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": "dose"}):
        figure = Figure(figsize=(WIDTH_IN, 2.2), facecolor="white", layout="constrained")
        axes = figure.subplots()
        for at, (arm, values) in enumerate(by_arm.items()):
            heights = [at + 0.5 * ((k * 7919) % 31 / 31 - 0.5) for k in range(len(values))]
            axes.plot(values, heights, linestyle="", marker=MARKS[arm], markersize=4.5,
                      color=COLOURS[arm], alpha=0.7)  # fmt: skip
        axes.set_yticks(range(len(by_arm)), list(by_arm))
        axes.set_ylim(len(by_arm) - 0.5, -0.5)
        axes.set_xlim(left=min(0.0, axes.get_xlim()[0]))
        axes.set_xlabel("J/cm2, mean of both pads, all sessions of one participant")
        axes.set_title("Light really given", fontsize=10.5, loc="left", color=INK)
        return render_svg(figure, axes, synthetic)


def render_svg(figure: Figure, axes: Axes, synthetic: bool) -> str:
    """The figure as an SVG element, with SYNTHETIC across it where it is."""
    if synthetic:
        axes.text(0.5, 0.5, "SYNTHETIC", transform=axes.transAxes, fontsize=34, color="#b00020",
                  alpha=0.13, ha="center", va="center", zorder=0)  # fmt: skip
    out = io.StringIO()
    figure.savefig(out, format="svg", metadata={"Date": None})
    return re.sub(r"^.*?(?=<svg)", "", out.getvalue(), flags=re.DOTALL)
