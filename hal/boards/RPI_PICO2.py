"""Raspberry Pi Pico 2 (RP2350): the reference unit with the newer chip, pin for pin.

Erratum RP2350-E9: an input with its internal pull-down on can stick near 2 V. No pin
here counts on one: inputs close to ground against pull-ups, gates and the supply
switch have pull-downs of 8.2k or less on the unit.
"""

from hal.boards.RPI_PICO import (
    BANK_NOMINAL_UW_CM2,
    BANKS,
    BATTERY_FULL_SCALE_MV,
    IDLE_MW,
    NTC_B_K,
    NTC_OHM,
    NTC_PULLUP_OHM,
    PACK_CAPACITY_MWH,
    PAD_WINDOW_W_M2K,
    PIN_BUZZER,
    PIN_ENABLE,
    PIN_LIGHT,
    PIN_POWER_HOLD,
    PIN_VIBRATION,
    PINS_ADC,
    PINS_I2C0,
    PINS_I2C1,
    PINS_IN,
    WINDOW_CM2,
)

NAME = "RPI_PICO2"

# The watchdog counts 24 bits of whole microseconds.
CHIP = "RP2350"
WATCHDOG_MAX_MS = 16_777
# WATCHDOG_BASE + SCRATCH0 (RP2350 data sheet 12.9); scratch 4-7 are the boot ROM's and SDK's.
SCRATCH_ADDRESS = 0x400D_800C

__all__ = (
    "BANKS",
    "BANK_NOMINAL_UW_CM2",
    "BATTERY_FULL_SCALE_MV",
    "CHIP",
    "IDLE_MW",
    "NAME",
    "NTC_B_K",
    "NTC_OHM",
    "NTC_PULLUP_OHM",
    "PACK_CAPACITY_MWH",
    "PAD_WINDOW_W_M2K",
    "PINS_ADC",
    "PINS_I2C0",
    "PINS_I2C1",
    "PINS_IN",
    "PIN_BUZZER",
    "PIN_ENABLE",
    "PIN_LIGHT",
    "PIN_POWER_HOLD",
    "PIN_VIBRATION",
    "SCRATCH_ADDRESS",
    "WATCHDOG_MAX_MS",
    "WINDOW_CM2",
)
