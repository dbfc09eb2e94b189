"""What is soldered to which pin of the chip: a board file, as the physics needs it."""

from dataclasses import dataclass
from typing import Any

FIRST_ADC_PIN = 26


@dataclass(frozen=True)
class Wiring:
    """GPIO numbers; each of `inputs` is low while its bit of the inputs record is set."""

    banks: tuple[int, ...]  # pad A's, then pad B's
    enable: int  # of the emitter supply switch, active high
    inputs: tuple[tuple[int, int], ...]  # (pin, bit of `firmware.inputs`)
    adc: tuple[int, ...]  # channels: thermistor A, thermistor B, pack
    hold: int  # keeps the unit's own supply on while high
    light: int
    buzzer: int
    vibration: int
    sensors_bus: int = 0
    screen_bus: int = 1


def wiring(board: Any) -> Wiring:
    """A board file's pins."""
    return Wiring(
        banks=tuple([row[1] for row in board.BANKS] + [row[2] for row in board.BANKS]),
        enable=board.PIN_ENABLE,
        inputs=tuple([(pin, 1 << bit) for bit, pin in enumerate(board.PINS_IN)]),
        adc=tuple([pin - FIRST_ADC_PIN for pin in board.PINS_ADC]),
        hold=board.PIN_POWER_HOLD,
        light=board.PIN_LIGHT,
        buzzer=board.PIN_BUZZER,
        vibration=board.PIN_VIBRATION,
    )
