"""Emitters as spots: how much hotter skin and contact are under an emitter than at the sensors.

    python -m tools.dev.spots [BOARD]

Run by maintainers who write a board file, and by tests, which hold each board's
`SPOT_ALLOWANCE_MC` to it. Prints the temperatures that a board comes to, and its allowance.

A steady, axisymmetric finite-volume model of the cell of one emitter: a disc of the pad's area over
the number of emitters, through whose rim nothing passes. Its constants: `sim.physics.tissue`.

| part     | model                                                                                 |
|----------|---------------------------------------------------------------------------------------|
| emitter  | a Lambertian point, `stand_off` above the skin; what would fall beyond the rim falls  |
|          | within it in the same shape                                                           |
| diffuser | a Lambertian surface between emitter and skin: each point of it is a point again      |
| skin     | Pennes bioheat; light goes straight down, and is not scattered (the worse)            |
| board    | waste heat uniform, sideways conduction of its core                                   |
| window   | no sideways conduction (the worse)                                                    |
| sensor   | at the rim, midway between emitters, held at 40.5 C                                   |

The power of all emitters is what holds it there: the model is linear in it.
"""

import sys
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.linalg import splu
from scipy.special import j0, k1

from sim.common.boards import find_board
from sim.physics import tissue
from sim.physics.emitters import efficiency
from sim.physics.person import SAFE
from sim.physics.spot import sheet_w_k

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hal.contract import Board

    Array = NDArray[np.float64]
    Nodes = NDArray[np.intp]

HELD_C = 40.5
ROOM_C, AIR_W_M2K, FAT_M = 23.0, 5.0, 0.010
ORDINARY, BLOODLESS = 0.001, 0.0  # flow of the dermis, 1/s; dilation left out
ROUND_MC = 10  # an allowance is a multiple of this
RINGS = 60
# Cells of each layer: epidermis, dermis, fat, muscle; and by which power they grow with depth.
CELLS = ((3, 1.0), (12, 1.0), (24, 1.3), (8, 1.0))


class Pad(NamedTuple):
    """What the model needs of a pad."""

    emitters: int
    stand_off_m: float
    diffuser_m: float = 0.0  # from the diffuser to the skin; 0: there is none
    efficiency: float = 0.345  # light over electrical power; of the reference's banks together
    area_m2: float = 60e-4
    sheet_w_k: float = 0.207  # of the LED board, a square


class Result(NamedTuple):
    """Steady temperatures of a cell, its sensor at HELD_C."""

    mw_cm2: float  # mean irradiance that holds it
    skin_c: float  # hottest, of the skin's surface
    contact_c: float  # hottest, of the window's face


def from_board(board: "Board") -> Pad:
    """The pad of a board file, every bank alike. Its most efficient bank alone comes to 0.2 C
    more on the reference board: docs/maintainer/hot-spots.md."""
    count, stand_off_um, diffuser_um = board.EMITTERS
    together = len(board.BANKS) / sum(1.0 / efficiency(row[0]) for row in board.BANKS)
    return Pad(
        count, stand_off_um * 1e-6, diffuser_um * 1e-6, together, board.WINDOW_CM2 * 1e-4,
        sheet_w_k(*board.LED_BOARD),
    )  # fmt: skip


def ring_shares(pad: Pad, edges_m: "Array") -> "Array":
    """Share of the cell's light that falls on each ring between these radii."""
    if not pad.diffuser_m:
        within = edges_m**2 / (edges_m**2 + pad.stand_off_m**2)
    else:
        # The light of a Lambertian point at h falls as h^2 / (pi (r^2 + h^2)^2); its Hankel
        # transform is k h K1(k h). Two of them one after the other multiply.
        first, second = pad.stand_off_m - pad.diffuser_m, pad.diffuser_m
        k = np.linspace(1e-3, 40.0 / pad.stand_off_m, 4_000)
        both = (first * k * k1(first * k)) * (second * k * k1(second * k))
        middle = (edges_m[1:] + edges_m[:-1]) / 2.0
        density = np.array([np.trapezoid(both * j0(k * r) * k, k) for r in middle]) / (2.0 * np.pi)
        rings = np.maximum(density, 0.0) * np.pi * (edges_m[1:] ** 2 - edges_m[:-1] ** 2)
        within = np.concatenate([[0.0], np.cumsum(rings)])
    shares = within[1:] - within[:-1]
    return np.asarray(shares / shares.sum())


def skin_layers(perfusion: float) -> "tuple[Array, Array, Array]":
    """Edges of the cells, m below the surface; W/mK and W/m3K lost to blood of each."""
    flows = (0.0, perfusion, perfusion * tissue.FAT_PERFUSION_SHARE, SAFE.muscle_perfusion_s)
    thick = (tissue.EPIDERMIS_M, tissue.DERMIS_M, FAT_M, SAFE.muscle_m)
    conductivities = (
        tissue.EPIDERMIS_W_MK,
        tissue.DERMIS_W_MK,
        tissue.FAT_W_MK,
        tissue.MUSCLE_W_MK,
    )
    edges, top = [np.zeros(1)], 0.0
    for (count, power), layer in zip(CELLS, thick, strict=True):
        edges.append(top + layer * np.linspace(0.0, 1.0, count + 1)[1:] ** power)
        top += layer
    counts = [count for count, _ in CELLS]
    blood = [flow * tissue.BLOOD_J_M3K for flow in flows]
    return np.concatenate(edges), np.repeat(conductivities, counts), np.repeat(blood, counts)


class Matrix:
    """Heat balance of numbered nodes: conductances between them and to fixed temperatures."""

    def __init__(self, nodes: int) -> None:
        self.nodes = nodes
        self.entries: list[tuple[Nodes, Nodes, Array]] = []
        self.fixed = np.zeros(nodes)  # heat that comes from the fixed temperatures

    def link(self, one: "Nodes", other: "Nodes", w_k: "Array") -> None:
        """Conduct between nodes."""
        for row, column, value in ((one, one, w_k), (one, other, -w_k), (other, other, w_k),
                                   (other, one, -w_k)):  # fmt: skip
            self.entries.append((row, column, value))

    def sink(self, nodes: "Nodes", w_k: "Array", at_c: float) -> None:
        """Conduct to a fixed temperature."""
        self.entries.append((nodes, nodes, w_k))
        np.add.at(self.fixed, nodes, w_k * at_c)

    def solve(self, heat_w: "Array") -> "tuple[Array, Array]":
        """Temperatures with no heat but from the fixed ones, and what `heat_w` adds."""
        rows, columns, values = (np.concatenate(part) for part in zip(*self.entries, strict=True))
        factors = splu(coo_matrix((values, (rows, columns)), (self.nodes, self.nodes)).tocsc())
        return factors.solve(self.fixed), factors.solve(heat_w)


def solve(pad: Pad, perfusion: float = ORDINARY) -> Result:
    """Hottest skin and contact of a pad whose sensor is held at HELD_C."""
    rim_m = np.sqrt(pad.area_m2 / pad.emitters / np.pi)
    r_m = rim_m * np.linspace(0.0, 1.0, RINGS + 1) ** 1.5
    middle_m = (r_m[1:] + r_m[:-1]) / 2.0
    area = np.pi * (r_m[1:] ** 2 - r_m[:-1] ** 2)
    edges_m, k_w_mk, blood = skin_layers(perfusion)
    thick_m = np.diff(edges_m)
    half = thick_m / k_w_mk / 2.0
    cells = len(thick_m)

    ring = np.arange(RINGS)
    board, face = ring, RINGS + ring
    skin = 2 * RINGS + np.arange(RINGS * cells).reshape(RINGS, cells)
    matrix = Matrix(2 * RINGS + RINGS * cells)
    matrix.sink(board, area / (1.0 / AIR_W_M2K + SAFE.back_m2k_w), ROOM_C)
    matrix.link(board, face, tissue.WINDOW_W_M2K * area)
    matrix.link(face, skin[:, 0], area / (1.0 / SAFE.contact_w_m2k + half[0]))
    around = 2.0 * np.pi * r_m[1:-1] / np.diff(middle_m)
    matrix.link(board[:-1], board[1:], pad.sheet_w_k * around)
    for j in range(cells):
        matrix.link(skin[:-1, j], skin[1:, j], k_w_mk[j] * thick_m[j] * around)
        matrix.sink(skin[:, j], blood[j] * thick_m[j] * area, tissue.CORE_C)
        if j + 1 < cells:
            matrix.link(skin[:, j], skin[:, j + 1], area / (half[j] + half[j + 1]))
        else:
            matrix.sink(skin[:, j], area / half[j], tissue.CORE_C)

    heat_w = np.zeros(matrix.nodes)  # of a mean irradiance of 1 W/m2
    heat_w[board] = (1.0 / pad.efficiency - 1.0) * area
    depth_m = SAFE.light_mm / 1_000.0
    left = np.exp(-edges_m / depth_m)
    heat_w[skin] = np.outer(ring_shares(pad, r_m) * area.sum(), left[:-1] - left[1:])
    dark_c, rise_c = matrix.solve(heat_w)
    sensor = face[-1]
    light_w_m2 = float((HELD_C - dark_c[sensor]) / rise_c[sensor])
    temps_c = dark_c + light_w_m2 * rise_c
    out, inner = SAFE.contact_w_m2k, 1.0 / half[0]
    surface_c = (out * temps_c[face] + inner * temps_c[skin[:, 0]]) / (out + inner)
    return Result(light_w_m2 / 10.0, float(surface_c.max()), float(temps_c[face].max()))


def find_allowance_mc(pad: Pad) -> int:
    """The hottest of skin and contact over the sensor, on ordinary skin and on skin without blood
    flow, in mC, rounded up."""
    hottest_c = max(max(solve(pad, flow)[1:]) for flow in (ORDINARY, BLOODLESS))
    return -int(-(hottest_c - HELD_C) * 1_000 // ROUND_MC) * ROUND_MC


def main(name: str) -> None:
    """Print what the model says of a board."""
    board = find_board(name)
    pad = from_board(board)
    print(pad)
    for flow in (ORDINARY, BLOODLESS):
        print(f"flow {flow:g} 1/s: {solve(pad, flow)}")
    print(f"SPOT_ALLOWANCE_MC = {find_allowance_mc(pad)}; the file has {board.SPOT_ALLOWANCE_MC}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "RPI_PICO")
