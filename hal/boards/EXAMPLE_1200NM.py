"""An example: the reference unit with a 1200 nm bank in the place of the 1060 nm one.

What 1200 nm costs. Of an emitter's electrical power about 3 % is light there (assumed),
so the reference's 10 mW/cm2 over 60 cm2, 600 mW of light, would take 20 W a pad and
heat it with 19.4 W: no belt and no skin carries that off. This board gives every bank
as much as 3 W of the 1200 nm bank do, 1.5 mW/cm2, and 2.9 W of the 3 W are heat. 2
J/cm2 of 1200 nm take 22 minutes at best, and the pad's temperature holds them back
further. The reference's default prescription asks for more than these banks have, and
is refused by name.

Known limitation: the lamp test lights a bank at a tenth of its duty, and of the banks of
0.2 W the current monitor's step of 0.1 mA is some 4 % of that. Their dose is counted up to
5 % higher than it is (simulated), never lower. A bank of less than 0.13 W is found open.
"""

from hal.boards.RPI_PICO import *  # noqa: F403 (all that is not defined below)

NAME = "EXAMPLE_1200NM"

# As in RPI_PICO; 90 mW of light a bank over wall-plug efficiencies of 0.4, 0.47, 0.51 and 0.03.
BANKS = (
    (810, 8, 9, 225),
    (850, 10, 11, 191),
    (940, 12, 13, 176),
    (1200, 14, 15, 3000),
)
BANK_NOMINAL_UW_CM2 = 1_500  # at the skin, full duty, LED board at 25 C (assumed)
SPOT_ALLOWANCE_MC = 50  # most of its power is waste heat, which comes evenly
