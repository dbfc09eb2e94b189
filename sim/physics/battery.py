"""Battery: charge of the 2S Li-ion pack, its voltage under load, and its gauge's registers.

Owned by the plant. The cells are taken to be alike, at room temperature, and to lose no charge by
themselves.
"""

import math

CELLS = 2  # the unit's pack, in series
CAPACITY_AS = 3.0 * 3600.0  # the unit's pack, about: 3 Ah in ampere seconds
# Open-circuit volts of a cell by charge, 0-1, full first: assumed, the shape of an NMC 18650.
OPEN_CIRCUIT_V = [
    (1.0, 4.19),
    (0.9, 4.09),
    (0.8, 4.01),
    (0.7, 3.93),
    (0.6, 3.84),
    (0.5, 3.75),
    (0.4, 3.69),
    (0.3, 3.64),
    (0.2, 3.58),
    (0.1, 3.48),
    (0.05, 3.35),
    (0.0, 3.00),
]
RESISTANCE_OHM = 0.15  # assumed: two cells, their protection, leads
EMPTY_BELOW = 0.2  # assumed: below this charge resistance rises
EMPTY_TIMES = 3.0  # assumed: to so many times when empty

VCELL_LSB_MV = 0.078125  # MAX17048/9 datasheet: mean cell
SOC_LSB_PCT = 1.0 / 256.0  # MAX17048/9 datasheet


class Battery:
    """A pack at `charge_pct`, 0-100, at rest.

    After each step: `pack_mv` under load, `current_ma` (into the pack is negative),
    `charge` 0-1. `resistance_times` makes a tired pack (1 is a sound one).
    """

    def __init__(self, charge_pct: float = 80.0) -> None:
        self.charge = charge_pct / 100.0
        self.resistance_times = 1.0
        self.advance(0.0, 0.0)

    def advance(self, power_w: float, dt_s: float, charge_w: float = 0.0) -> None:
        """Draw `power_w`, or charge with `charge_w`, for `dt_s`.

        Voltage and current come from P = V I and V = E - I R together. Asked for more
        than the pack can give, it gives its most: half its open-circuit voltage.
        """
        open_v = CELLS * open_circuit_v(self.charge)
        ohm = RESISTANCE_OHM * self.resistance_times
        if self.charge < EMPTY_BELOW:
            ohm *= EMPTY_TIMES - (EMPTY_TIMES - 1.0) * self.charge / EMPTY_BELOW
        watts = power_w - (charge_w if self.charge < 1.0 else 0.0)
        root = open_v * open_v - 4.0 * watts * ohm
        volts = (open_v + (math.sqrt(root) if root > 0.0 else 0.0)) / 2.0
        amps = (open_v - volts) / ohm
        self.pack_mv = volts * 1000.0
        self.current_ma = amps * 1000.0
        charge = self.charge - amps * dt_s / CAPACITY_AS
        self.charge = 0.0 if charge < 0.0 else 1.0 if charge > 1.0 else charge

    def vcell_raw(self, sag_mv: float = 0.0) -> int:
        """The gauge's VCELL register: mean cell voltage, 78.125 uV a code; the pack stands `sag_mv`
        lower."""
        return max(int((self.pack_mv - sag_mv) / CELLS / VCELL_LSB_MV), 0)

    def soc_raw(self) -> int:
        """The gauge's SOC register, 1/256 % a code; its model is taken to be right."""
        return int(self.charge * 100.0 / SOC_LSB_PCT)


def open_circuit_v(charge: float) -> float:
    """Volts of one cell at rest with this charge, 0-1."""
    above, above_v = OPEN_CIRCUIT_V[0]
    for below, below_v in OPEN_CIRCUIT_V[1:]:
        if charge > below:
            return below_v + (above_v - below_v) * (charge - below) / (above - below)
        above, above_v = below, below_v
    return above_v
