"""Raspberry Pi Pico 2 (RP2350): the reference unit with the newer chip, pin for pin.

Erratum RP2350-E9: an input with its internal pull-down on can stick near 2 V. No pin
here counts on one: inputs close to ground against pull-ups, gates and the supply
switch have pull-downs of 8.2k or less on the unit.
"""

from hal.boards.RPI_PICO import *  # noqa: F403 (all that is not defined below)

NAME = "RPI_PICO2"

# The watchdog counts 24 bits of whole microseconds.
CHIP = "RP2350"
WATCHDOG_MAX_MS = 16_777
# WATCHDOG_BASE + SCRATCH0 (RP2350 data sheet 12.9); scratch 4-7 are the boot ROM's and SDK's.
SCRATCH_ADDRESS = 0x400D_800C
