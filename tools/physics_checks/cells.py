"""Cells: the board's conductance and an emitter's cell, solved by other methods than `sim` uses.

Called by `tools.physics_checks.solvers` and tests. `solve_board` checks the formula of
`sim.physics.spot` by finite differences in a plane; `solve_modes` checks the finite volumes of
`tools.dev.spots` by a Fourier-Bessel series.
"""

import math

import numpy as np
from scipy.linalg import solve_banded
from scipy.sparse import coo_matrix
from scipy.sparse.linalg import spsolve
from scipy.special import j0, jn_zeros

from sim.physics import tissue
from sim.physics.person import SAFE
from tools.dev.spots import AIR_W_M2K, FAT_M, HELD_C, ROOM_C, Pad, Result
from tools.physics_checks.fine_grid import Array

MODES = 60
RADII = 2000
DEPTH_CELLS = (20, 120, 400, 200)  # epidermis, dermis, fat, muscle
BOARD_CELLS = 120  # along each side of a square pad


def solve_board(share: float, sheet_w_k: float, across: float = 1.0) -> float:
    """W/K between the mean temperatures of a quarter-round spot in a rectangular pad's corner and
    of the rest, under uniform heat. `across`: the pad's long side over its short one."""
    n, m = round(BOARD_CELLS / math.sqrt(across)), round(BOARD_CELLS * math.sqrt(across))
    radius = math.sqrt(4.0 * share * n * m / math.pi)
    x, y = np.meshgrid(np.arange(m) + 0.5, np.arange(n) + 0.5)
    spot = (np.hypot(x, y) < radius).ravel()
    heat = np.where(spot, 1.0 / spot.sum(), -1.0 / (~spot).sum())  # 1 W in, 1 W out
    at = np.arange(n * m).reshape(n, m)
    rows, columns, values = [], [], []
    for one, other in ((at[:, :-1], at[:, 1:]), (at[:-1], at[1:])):
        a, b = one.ravel(), other.ravel()
        for row, column, sign in ((a, a, 1.0), (b, b, 1.0), (a, b, -1.0), (b, a, -1.0)):
            rows.append(row)
            columns.append(column)
            values.append(np.full(len(row), sign * sheet_w_k))
    matrix = coo_matrix(
        (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns)))
    ).tocsr()
    temps = np.append(0.0, spsolve(matrix[1:, 1:].tocsc(), heat[1:]))  # the first cell at zero
    return float(1.0 / (temps[spot].mean() - temps[~spot].mean()))


def read_layers(perfusion: float) -> tuple[Array, Array, Array]:
    """Thickness m, W/mK and W/m3K lost to blood of each cell, from the surface down."""
    t = tissue
    thick = (t.EPIDERMIS_M, t.DERMIS_M, FAT_M, SAFE.muscle_m)
    k = (t.EPIDERMIS_W_MK, t.DERMIS_W_MK, t.FAT_W_MK, t.MUSCLE_W_MK)
    flow = (0.0, perfusion, perfusion * t.FAT_PERFUSION_SHARE, SAFE.muscle_perfusion_s)
    size = np.repeat(np.array(thick) / DEPTH_CELLS, DEPTH_CELLS)
    blood = np.repeat(np.array(flow) * t.BLOOD_J_M3K, DEPTH_CELLS)
    return size, np.repeat(k, DEPTH_CELLS), blood


def solve_mode(pad: Pad, perfusion: float, wave: float, heat: Array, fixed: bool) -> Array:
    """Board, face and skin of one radial mode; `wave` is its wave number, 1/m, `heat` W/m2 put into
    each, `fixed` whether the room and the core are there, 1 W/m2 of light otherwise."""
    size, k, blood = read_layers(perfusion)
    half = size / k / 2.0
    n = len(size) + 2
    bands = np.zeros((3, n))
    source = heat.copy()
    back = 1.0 / (1.0 / AIR_W_M2K + SAFE.back_m2k_w)
    links = np.concatenate([
        [tissue.WINDOW_W_M2K, 1.0 / (1.0 / SAFE.contact_w_m2k + half[0])],
        1.0 / (half[:-1] + half[1:]),
    ])  # fmt: skip
    core = blood * size
    core[-1] += 1.0 / half[-1]
    bands[1, 0] = back + pad.sheet_w_k * wave**2
    bands[1, 2:] = core + k * size * wave**2
    bands[1, :-1] += links
    bands[1, 1:] += links
    bands[0, 1:] = bands[2, :-1] = -links
    if fixed:
        source[0] += back * ROOM_C
        source[2:] += core * tissue.CORE_C
    return np.asarray(solve_banded((1, 1), bands, source))


def solve_modes(pad: Pad, perfusion: float) -> Result:
    """As `tools.dev.spots.solve` has it, for a pad without a diffuser."""
    rim_m = math.sqrt(pad.area_m2 / pad.emitters / math.pi)
    size = read_layers(perfusion)[0]
    depth = np.concatenate([[0.0], np.cumsum(size)]) / (SAFE.light_mm / 1000.0)
    absorbed = np.concatenate([[0.0, 0.0], -np.diff(np.exp(-depth))])
    r = rim_m * (np.arange(RADII) + 0.5) / RADII
    ring = 2.0 * r / rim_m**2 * (rim_m / RADII)  # each ring's share of the cell
    light = pad.stand_off_m**2 / (r**2 + pad.stand_off_m**2) ** 2
    light /= (light * ring).sum()  # its mean over the cell is one
    waste = np.zeros(len(size) + 2)
    waste[0] = 1.0 / pad.efficiency - 1.0
    dark = solve_mode(pad, perfusion, 0.0, np.zeros(len(size) + 2), True)
    centre = solve_mode(pad, perfusion, 0.0, absorbed + waste, False)
    rim = centre.copy()
    for zero in jn_zeros(1, MODES):
        wave = zero / rim_m
        share = (light * j0(wave * r) * ring).sum() / j0(zero) ** 2
        mode = solve_mode(pad, perfusion, wave, share * absorbed, False)
        centre += mode
        rim += mode * j0(zero)
    held = (HELD_C - dark[1]) / rim[1]
    hot = dark + held * centre
    inner = 2.0 * tissue.EPIDERMIS_W_MK / size[0]
    surface_c = (SAFE.contact_w_m2k * hot[1] + inner * hot[2]) / (SAFE.contact_w_m2k + inner)
    return Result(float(held) / 10.0, float(surface_c), float(hot[1]))
