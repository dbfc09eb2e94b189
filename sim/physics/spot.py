"""Spot: a second column of skin under part of a pad, with its own blood flow and contact.

Made by the plant for `start.spot`, and by the fault `pressure_spot`, in place of a pad's `Tissue`:
whoever changes or advances the pad reaches both columns. Neither contact sensor of the pad feels
the spot: both lie over the rest.

The spot has its share of the pad's area, of its LED board, window and emitters. Heat passes between
the two parts along the LED board alone. For a round spot in the middle of a round pad of uniform
waste heat (own derivation; R and a the radii, s = a^2 / R^2 the share, kt the sheet conductance):

    G = 2 pi kt (1 - s) / (ln(1/s) / (2 (1 - s)) - 1/2)      W/K, between the two mean temperatures

A spot in a corner is a quarter of a spot of four times the area in a pad of four times the area: it
has a quarter of G. A corner is assumed, the worst place.

Left out, each of which would cool the spot: sideways flow in skin, fat, face and window (all of
them together 0.003 W/K, a hundredth of the board's).
"""

import math

from sim.common.value_record import replace
from sim.physics.tissue import BOARD_J_M2K, Tissue

CORNER = 0.25  # assumed: of a spot in a corner over one in the middle; see above
PRESSURE_SHARE = 0.1  # of the fault `pressure_spot`: 6 cm2, a bony prominence (assumed)
PRESSURE_CONTACT_W_M2K = 150.0  # assumed

# Thermal conductivity of an LED board's core, W/mK.
CORE_W_MK = {
    "aluminium": 138.0,  # alloy 5052-H32, usual for such boards
    "copper": 390.0,
    # two planes of 35 um copper that cover half of 1.6 mm FR4 (0.3 W/mK), in the plane (assumed)
    "FR4": 8.7,
}


def sheet_w_k(material: str, thickness_um: int) -> float:
    """Sheet conductance of an LED board, W/K a square. Raises KeyError for an unknown core."""
    return CORE_W_MK[material] * thickness_um * 1e-6


def along_board_w_k(share: float, sheet: float) -> float:
    """Conductance between a spot in a pad's corner and the rest of the pad, W/K."""
    rest = 1.0 - share
    return CORNER * 2.0 * math.pi * sheet * rest / (math.log(1.0 / share) / (2.0 * rest) - 0.5)


class SpottedTissue(Tissue):
    """A pad and the skin under it, part of which differs: `spot`, a column of its own.

    Takes over from `around`, the same pad without a spot: conditions and temperatures. `share` of
    the pad's area, 0.01-0.5. `perfusion` of the spot's dermis at rest, 1/s: never more than the
    rest of the pad has. `contact_w_m2k` from the face to its skin. `sheet` W/K a square of the LED
    board. `window_cm2` of the whole pad.
    """

    def __init__(
        self, around: Tissue, share: float, perfusion: float, contact_w_m2k: float, sheet: float,
        window_cm2: float,
    ) -> None:  # fmt: skip
        vasodilation, fat_mm, dt_s, person = around.skin_constants
        super().__init__(
            around.ambient_c, around.perfusion, vasodilation, fat_mm, around.air_w_m2k,
            around.worn, dt_s, person,
        )  # fmt: skip
        self.spot_perfusion = perfusion
        self.part = share / (1.0 - share)  # area of the spot over that of the rest
        self.along_w_m2k = along_board_w_k(share, sheet) / (share * window_cm2 * 1e-4)
        self.spot = Tissue(
            around.ambient_c, min(perfusion, around.perfusion), vasodilation, fat_mm,
            around.air_w_m2k, around.worn, dt_s, replace(person, contact_w_m2k=contact_w_m2k),
        )  # fmt: skip
        self._spread(dt_s)
        self.change(external_w_m2=around.external_w_m2)
        self.copy_state(around)
        self.spot.copy_state(around)

    def set_step(self, dt_s: float) -> None:
        """As `Tissue` has it, of both columns."""
        super().set_step(dt_s)
        if hasattr(self, "spot"):  # made already
            self.spot.set_step(dt_s)
            self._spread(dt_s)

    def _spread(self, dt_s: float) -> None:
        """Set the exchange along the board, of the spot's area, averaged over a step in which the
        two parts of the board approach each other: no sheet, however good, makes them swing."""
        both = (1.0 + self.part) * dt_s / BOARD_J_M2K
        self.exchange_w_m2k = (1.0 - math.exp(-self.along_w_m2k * both)) / both

    def _renew(self, before: tuple[float, float, bool]) -> None:
        """As `Tissue` has it; the spot takes on the pad's, but for more flow than its own."""
        super()._renew(before)
        self.spot.take_conditions(self, min(self.spot_perfusion, self.perfusion))

    def set_spot_flow(self, perfusion: float) -> None:
        """Change the flow of the spot's dermis, 1/s."""
        self.spot_perfusion = perfusion
        self.change()

    def advance(self, light_w_m2: float, waste_w_m2: float) -> None:
        """Advance both columns, and the heat along the board between them."""
        flow_w_m2 = self.exchange_w_m2k * (self.board_c - self.spot.board_c)
        self.spot.advance(light_w_m2, waste_w_m2 + flow_w_m2)
        super().advance(light_w_m2, waste_w_m2 - self.part * flow_w_m2)

    def settle_together(self) -> None:
        """Put both columns in the dark steady state that they have together: the secant method on
        the heat along the board."""
        before, flow_w_m2 = 0.0, 1.0
        missed, now = self._miss_w_m2(before), self._miss_w_m2(flow_w_m2)
        for _ in range(8):
            if abs(now) < 1e-6 or now == missed:
                break
            before, flow_w_m2 = flow_w_m2, flow_w_m2 - now * (flow_w_m2 - before) / (now - missed)
            missed, now = now, self._miss_w_m2(flow_w_m2)

    def _miss_w_m2(self, flow_w_m2: float) -> float:
        """How far a heat along the board is from what it would make flow."""
        self.spot.settle(flow_w_m2)
        self.settle(-self.part * flow_w_m2)
        return self.exchange_w_m2k * (self.board_c - self.spot.board_c) - flow_w_m2

    def constants(self) -> list[object]:
        """As `Tissue` has it."""
        return super().constants() + self.spot.constants()
