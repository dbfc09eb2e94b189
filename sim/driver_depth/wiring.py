"""Wiring: the GPIO and ADC numbers of a board file, as bench, light and GPIO need them."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FIRST_ADC_PIN = 26


class Wiring:
    """GPIO numbers of a board."""

    sensors_bus = 0
    screen_bus = 1

    def __init__(self, board: "Any") -> None:
        """Take them from a board file."""
        rows = board.BANKS
        self.banks: tuple[int, ...] = tuple([row[1] for row in rows] + [row[2] for row in rows])
        self.enable: int = board.PIN_ENABLE  # of the emitter supply switch, active high
        # (pin, bit of `firmware.core.inputs`): low while the bit is set
        pins = board.PINS_IN
        self.inputs: tuple[tuple[int, int], ...] = tuple(
            [(pins[bit], 1 << bit) for bit in range(len(pins))]
        )
        # channels: thermistor A, thermistor B, pack
        self.adc: tuple[int, ...] = tuple([pin - FIRST_ADC_PIN for pin in board.PINS_ADC])
        self.hold: int = board.PIN_POWER_HOLD  # keeps the unit's own supply on while high
        self.scl: int = board.PINS_I2C0[0]  # clock of the sensors' bus
        self.light: int = board.PIN_LIGHT
        self.buzzer: int = board.PIN_BUZZER
        self.vibration: int = board.PIN_VIBRATION
