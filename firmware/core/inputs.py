"""The record that the HAL fills once a tick, made once, and the meaning of its bits.

The contract (`hal/contract.py`) says what each field is; a test holds the two equal.
"""

START = 1
UP = 2
DOWN = 4
BUCKLE = 8
CHARGER = 16
CHARGING = 32
HOST = 64
BUTTONS = START | UP | DOWN

CONTACT_A = 0
CONTACT_B = 1
BOARD_A = 2
BOARD_B = 3
RAIL = 4
GAUGE = 5
SKIN_A = 6
SKIN_B = 7


class Inputs:
    """Raw codes of one tick; the HAL writes into the lists and never replaces them."""

    def __init__(self) -> None:
        self.ms = 0
        self.pins = 0
        self.ntc = [0, 0]
        self.battery = [0]
        self.contact = [0, 0]
        self.board = [0, 0]
        self.rail = [0]
        self.gauge = [0, 0]
        self.skin = [0, 0]
        self.heard = [-1, -1, -1, -1, -1, -1, -1, -1]
        self.lost = [0, 0, 0, 0, 0, 0, 0]
        self.proved = [-1]
