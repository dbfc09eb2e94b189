"""Wiring diagram: draws the unit's wiring from its board file.

Run as `python -m tools.report.wiring_diagram docs/wiring.svg`.

Three columns: what lies on the skin, the board with its GPIO numbers, what the wearer
touches. The supply switch stands between the battery and every emitter.
"""

import sys
from types import ModuleType

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

from hal.boards import RPI_PICO

INK, FAINT, LIGHT, HEAT, SAFE = "#1f2933", "#9aa5b1", "#f5f7fa", "#c2410c", "#0f766e"
PAD_X, BOARD_X, USER_X = (0.2, 3.4), (5.1, 7.4), (9.1, 12.3)


def box(ax: Axes, x: tuple[float, float], top: float, lines: list[str], edge: str = INK) -> float:
    """A box hanging from `top`, its first line bold; returns the middle of its height."""
    height = 0.3 * len(lines) + 0.2
    ax.add_patch(
        FancyBboxPatch(
            (x[0], top - height), x[1] - x[0], height,
            boxstyle="round,pad=0,rounding_size=0.08", fc=LIGHT, ec=edge, lw=1.2,
        )
    )  # fmt: skip
    for row, line in enumerate(lines):
        ax.text(
            x[0] + 0.12, top - 0.25 - 0.3 * row, line, fontsize=9, va="center", color=INK,
            weight="bold" if row == 0 else "normal",
        )  # fmt: skip
    return top - height / 2


def wire(ax: Axes, y: float, ends: tuple[float, float], label: str, color: str = INK) -> None:
    """A line at a height, its label above it."""
    ax.plot(ends, (y, y), color=color, lw=1.4, solid_capstyle="round", zorder=0)
    ax.text(sum(ends) / 2, y + 0.05, label, fontsize=8, ha="center", va="bottom", color=color)


def gp(*pins: int) -> str:
    """GPIO names as the board's silk screen has them."""
    return ", ".join(f"GP{pin}" for pin in pins)


def left_side(ax: Axes, board: ModuleType) -> None:
    """Pads, supply switch, sensors' bus."""
    to_board = (PAD_X[1], BOARD_X[0])
    switch = [
        "Supply switch of every emitter", "opened by itself at 43.0 C", "by the contact ALERT lines"
    ]  # fmt: skip
    y = box(ax, PAD_X, 8.9, switch, SAFE)
    wire(ax, y, to_board, f"{gp(board.PIN_ENABLE)}  PIO lease", SAFE)
    top = 7.45
    for index, pad in enumerate("AB"):
        banks = [f"{row[0]} nm  {gp(row[1 + index])}" for row in board.BANKS]
        y = box(ax, PAD_X, top, [f"Pad {pad}: emitter banks", *banks], HEAT)
        pins = [row[1 + index] for row in board.BANKS]
        wire(ax, y, to_board, f"GP{pins[0]} ... GP{pins[-1]}  PWM", HEAT)
        top -= 2.0
    y = box(ax, PAD_X, 3.45, ["Contact thermistors A, B", "10k NTC, pull-up to ADC_VREF"])
    wire(ax, y, to_board, gp(*board.PINS_ADC[:2]))
    parts = ["TMP117 contact 0x48 0x49", "TMP117 LED board 0x4A 0x4B", "INA219 rail 0x40"]
    parts += ["MAX17049 gauge 0x36", "FDC1004 skin sensors 0x50"]
    y = box(ax, PAD_X, 2.45, ["Sensors' bus, I2C0", *parts])
    wire(ax, y, to_board, f"{gp(*board.PINS_I2C0)}  SCL, SDA")
    ax.text(PAD_X[0], 0.4, "Pull-downs hold every gate low;", fontsize=8, color=FAINT)
    ax.text(PAD_X[0], 0.15, "a thermal fuse in each pad opens at 70 C.", fontsize=8, color=FAINT)


def right_side(ax: Axes, board: ModuleType) -> None:
    """What the wearer touches, and the battery."""
    to_board = (BOARD_X[1], USER_X[0])
    start, up, down, buckle, charger, charging = board.PINS_IN
    y = box(ax, USER_X, 8.9, ["Buttons, active low", "START   UP   DOWN"])
    wire(ax, y, to_board, gp(start, up, down))
    y = box(ax, USER_X, 7.9, ["Buckle switch", "closed when worn"])
    wire(ax, y, to_board, gp(buckle))
    y = box(ax, USER_X, 6.9, ["Light, buzzer, vibration"])
    wire(ax, y, to_board, gp(board.PIN_LIGHT, board.PIN_BUZZER, board.PIN_VIBRATION))
    y = box(ax, USER_X, 6.2, ["Screen's bus, I2C1", "SSD1306 128x64 0x3C", "DS3231 clock 0x68"])
    wire(ax, y, to_board, f"{gp(*board.PINS_I2C1)}  SCL, SDA")
    y = box(ax, USER_X, 4.8, ["Charger", "present, charging"])
    wire(ax, y, to_board, gp(charger, charging))
    y = box(ax, USER_X, 3.8, ["Battery, 2S Li-ion 3 Ah", "divider, protection, balancing"])
    wire(ax, y, to_board, gp(board.PINS_ADC[2]))
    y = box(ax, USER_X, 2.8, ["The unit's own supply", "held on until OFF"])
    wire(ax, y, to_board, gp(board.PIN_POWER_HOLD))


def draw(board: ModuleType, path: str) -> None:
    """Draw a board's wiring into an SVG or PNG file."""
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "wiring"}):
        figure, ax = plt.subplots(figsize=(12.6, 9.4), layout="constrained")
        ax.set(xlim=(0, 12.5), ylim=(0.1, 9.3))
        ax.axis("off")
        ax.add_patch(
            FancyBboxPatch(
                (BOARD_X[0], 0.7), BOARD_X[1] - BOARD_X[0], 8.3,
                boxstyle="round,pad=0,rounding_size=0.1", fc="white", ec=INK, lw=1.6,
            )
        )  # fmt: skip
        middle = sum(BOARD_X) / 2
        ax.text(middle, 8.6, board.NAME, ha="center", fontsize=11, weight="bold", color=INK)
        ax.text(middle, 8.25, board.CHIP, ha="center", fontsize=9, color=INK)
        left_side(ax, board)
        right_side(ax, board)
        figure.savefig(path, dpi=110, metadata={"Date": None} if path.endswith("svg") else None)
        plt.close(figure)


if __name__ == "__main__":
    draw(RPI_PICO, sys.argv[1])
