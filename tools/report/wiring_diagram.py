"""Wiring diagram: draws the unit's wiring from its board file.

Run as `python -m tools.report.wiring_diagram docs/wiring.svg`. Three columns: parts on the skin,
the board with its GPIO numbers, parts that the wearer touches.
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
Part = tuple[str, float, str, list[str]]  # colour, top, label of its wire, lines


def gp(*pins: int) -> str:
    """GPIO names as on the board's silk screen."""
    return ", ".join(f"GP{pin}" for pin in pins)


def left_parts(board: ModuleType) -> list[Part]:
    """Pads, supply switch and sensors."""
    pads: list[Part] = []
    for index, pad in enumerate("AB"):
        pins = [row[1 + index] for row in board.BANKS]
        banks = [f"{row[0]} nm  {gp(pin)}" for row, pin in zip(board.BANKS, pins, strict=True)]
        lines = [f"Pad {pad}: emitter banks", *banks]
        pads.append((HEAT, 7.45 - 2.0 * index, f"GP{pins[0]} ... GP{pins[-1]}  PWM", lines))
    return [
        (SAFE, 8.9, f"{gp(board.PIN_ENABLE)}  PIO lease",
         ["Supply switch of every emitter", "opened by itself at 43.0 C",
          "by the contact ALERT lines"]),
        *pads,
        (INK, 3.45, gp(*board.PINS_ADC[:2]),
         ["Contact thermistors A, B", "10k NTC, pull-up to ADC_VREF"]),
        (INK, 2.45, f"{gp(*board.PINS_I2C0)}  SCL, SDA",
         ["Sensors' bus, I2C0", "TMP117 contact 0x48 0x49", "TMP117 LED board 0x4A 0x4B",
          "INA219 rail 0x40", "MAX17049 gauge 0x36", "FDC1004 skin sensors 0x50"]),
    ]  # fmt: skip


def right_parts(board: ModuleType) -> list[Part]:
    """Parts that the wearer touches, and the battery."""
    start, up, down, buckle, charger, charging = board.PINS_IN
    signals = gp(board.PIN_LIGHT, board.PIN_BUZZER, board.PIN_VIBRATION)
    return [
        (INK, 8.9, gp(start, up, down), ["Buttons, active low", "START   UP   DOWN"]),
        (INK, 7.9, gp(buckle), ["Buckle switch", "closed when worn"]),
        (INK, 6.9, signals, ["Light, buzzer, vibration"]),
        (INK, 6.2, f"{gp(*board.PINS_I2C1)}  SCL, SDA",
         ["Screen's bus, I2C1", "SSD1306 128x64 0x3C", "DS3231 clock 0x68"]),
        (INK, 4.8, gp(charger, charging), ["Charger", "present, charging"]),
        (INK, 3.8, gp(board.PINS_ADC[2]),
         ["Battery, 2S Li-ion 3 Ah", "divider, protection, balancing"]),
        (INK, 2.8, gp(board.PIN_POWER_HOLD), ["The unit's own supply", "held on until OFF"]),
    ]  # fmt: skip


def draw_part(ax: Axes, x: tuple[float, float], ends: tuple[float, float], part: Part) -> None:
    """Draw a box that hangs from its top, its first line bold, and its wire to the board."""
    colour, top, label, lines = part
    height = 0.3 * len(lines) + 0.2
    ax.add_patch(
        FancyBboxPatch(
            (x[0], top - height), x[1] - x[0], height,
            boxstyle="round,pad=0,rounding_size=0.08", fc=LIGHT, ec=colour, lw=1.2,
        )
    )  # fmt: skip
    for row, line in enumerate(lines):
        weight = "normal" if row else "bold"
        y = top - 0.25 - 0.3 * row
        ax.text(x[0] + 0.12, y, line, fontsize=9, va="center", color=INK, weight=weight)
    y = top - height / 2
    ax.plot(ends, (y, y), color=colour, lw=1.4, solid_capstyle="round", zorder=0)
    ax.text(sum(ends) / 2, y + 0.05, label, fontsize=8, ha="center", va="bottom", color=colour)


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
        for part in left_parts(board):
            draw_part(ax, PAD_X, (PAD_X[1], BOARD_X[0]), part)
        ax.text(PAD_X[0], 0.4, "Pull-downs hold every gate low;", fontsize=8, color=FAINT)
        note = "a thermal fuse in each pad opens at 70 C."
        ax.text(PAD_X[0], 0.15, note, fontsize=8, color=FAINT)
        for part in right_parts(board):
            draw_part(ax, USER_X, (BOARD_X[1], USER_X[0]), part)
        figure.savefig(path, dpi=110, metadata={"Date": None} if path.endswith("svg") else None)
        plt.close(figure)


if __name__ == "__main__":
    draw(RPI_PICO, sys.argv[1])
