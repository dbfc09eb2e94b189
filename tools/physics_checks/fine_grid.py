"""Fine grid: the skin under a pad solved independently, for checks of `sim.physics`.

Called by `tools.physics_checks.solvers` and by tests. It shares nothing with `sim.physics.tissue`
and `sim.physics.spot` but the physical constants: several hundred plain finite volumes, perfusion
continuous in temperature, SciPy's BDF in time. `Reference` is one column; `ReferencePair` is two,
coupled along the LED board.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.integrate import solve_ivp
from scipy.linalg import solve_banded
from scipy.optimize import brentq
from scipy.sparse import block_diag, lil_matrix

from sim.physics import tissue
from sim.physics.person import SAFE, Person

CELLS = (8, 40, 160, 80)  # epidermis, dermis, fat, muscle
Array = np.ndarray[Any, Any]
Rates = Callable[[float, Array], Array]


def by_layer(values: tuple[float, ...]) -> Array:
    """A value of each layer, repeated for its cells."""
    return np.repeat(np.array(values), CELLS)


class Reference:
    """The same column by the method of lines: board, face, cells, dilation."""

    def __init__(
        self,
        ambient_c: float = 23.0,
        perfusion: float = 0.001,
        vasodilation: float = 6.0,
        fat_mm: float = 10.0,
        air_w_m2k: float = 5.0,
        worn: bool = True,
        person: Person = SAFE,
    ) -> None:
        t = tissue
        self.person = person
        thick = (t.EPIDERMIS_M, t.DERMIS_M, fat_mm / 1000.0, person.muscle_m)
        self.h = by_layer(thick) / np.repeat(CELLS, CELLS)
        k = by_layer((t.EPIDERMIS_W_MK, t.DERMIS_W_MK, t.FAT_W_MK, t.MUSCLE_W_MK))
        rho_c = by_layer((t.EPIDERMIS_J_M3K, t.DERMIS_J_M3K, t.FAT_J_M3K, t.MUSCLE_J_M3K))
        self.half = self.h / k / 2.0
        self.heat = np.concatenate([[t.BOARD_J_M2K, t.FACE_J_M2K], self.h * rho_c])
        edges = np.concatenate([[0.0], np.cumsum(self.h)])
        self.absorbed = -np.diff(np.exp(-edges / (person.light_mm / 1000.0)))
        self.vasodilation = vasodilation
        self.now = {
            "ambient_c": ambient_c,
            "perfusion": perfusion,
            "air_w_m2k": air_w_m2k,
            "worn": worn,
            "external_w_m2": 0.0,
        }
        self.y = self.settle()

    def surface(self, face_c: float, cell_c: float) -> float:
        """Temperature of the skin's surface, by the heat that meets there."""
        now, inner = self.now, 1.0 / self.half[0]
        outer, beyond = now["air_w_m2k"], now["ambient_c"]
        if now["worn"]:
            outer, beyond = self.person.contact_w_m2k, face_c
        return float((outer * beyond + inner * cell_c + now["external_w_m2"]) / (outer + inner))

    def wanted(self, surface_c: float) -> float:
        """Dilation that a skin temperature asks for, 0 to 1."""
        span = self.person.dilate_full_c - self.person.dilate_from_c
        return min(max((surface_c - self.person.dilate_from_c) / span, 0.0), 1.0)

    def blood(self, dilation: float) -> Array:
        """Heat that blood brings to each cell, W/m2K."""
        w = self.now["perfusion"]
        flow = by_layer(
            (
                0.0,
                w * (1.0 + (self.vasodilation - 1.0) * dilation),
                w * tissue.FAT_PERFUSION_SHARE,
                self.person.muscle_perfusion_s,
            )
        )
        return np.asarray(flow * tissue.BLOOD_J_M3K * self.h)

    def flows(self, y: Array, dilation: float, light: float, waste: float) -> Array:
        """Net heat into each part, W/m2."""
        board, face, cells, now = y[0], y[1], y[2:], self.now
        surface = self.surface(face, cells[0])
        through = np.empty(len(cells) + 1)  # inward
        through[0] = (surface - cells[0]) / self.half[0]
        through[1:-1] = (cells[:-1] - cells[1:]) / (self.half[:-1] + self.half[1:])
        through[-1] = (cells[-1] - tissue.CORE_C) / self.half[-1]
        skin = through[:-1] - through[1:] + self.blood(dilation) * (tissue.CORE_C - cells)
        skin += self.absorbed * (light if now["worn"] else 0.0)
        back = 1.0 / (1.0 / now["air_w_m2k"] + self.person.back_m2k_w)
        window = tissue.WINDOW_W_M2K * (board - face)
        if now["worn"]:
            out = self.person.contact_w_m2k * (face - surface)
        else:
            out = now["air_w_m2k"] * (face - now["ambient_c"])
        board_net = waste - window - back * (board - now["ambient_c"])
        return np.concatenate([[board_net, window - out], skin])

    def settle(self, waste: float = 0.0) -> Array:
        """The dark steady state: linear for a given dilation, which then must agree. `waste` is
        heat that the board is given from beside."""
        n = len(self.heat)

        def at(dilation: float) -> Array:
            base = self.flows(np.zeros(n), dilation, 0.0, waste)
            bands = np.zeros((3, n))
            for phase in range(3):  # tridiagonal: three probes suffice
                probe = np.zeros(n)
                probe[phase::3] = 1.0
                column = self.flows(probe, dilation, 0.0, waste) - base
                for j in range(phase, n, 3):
                    for i in range(max(j - 1, 0), min(j + 2, n)):
                        bands[1 + i - j, j] = column[i]
            return np.asarray(solve_banded((1, 1), bands, -base))

        def miss(dilation: float) -> float:
            return self.wanted(self.surface(*at(dilation)[1:3])) - dilation

        dilation = brentq(miss, 0.0, 1.0) if miss(0.0) > 0.0 else 0.0
        return np.append(at(dilation), dilation)

    def find_rates(self, y: Array, light: float, waste: float) -> Array:
        """Rates of all temperatures and of the dilation."""
        flow = self.flows(y[:-1], y[-1], light, waste)
        lag = (self.wanted(self.surface(y[1], y[2])) - y[-1]) / tissue.DILATE_LAG_S
        return np.append(flow / self.heat, lag)

    def find_pattern(self) -> lil_matrix:
        """Which rate depends on which value."""
        n = len(self.y)
        pattern = lil_matrix((n, n))
        for i in range(n):
            pattern[i, max(i - 1, 0) : i + 2] = 1
        pattern[:, n - 1] = 1
        pattern[n - 1, 1:3] = 1
        return pattern

    def run(self, seconds: float, light: float, waste: float) -> None:
        """Advance in this light and waste heat, W/m2."""
        self.y = integrate(
            lambda _, y: self.find_rates(y, light, waste), self.y, seconds, self.find_pattern()
        )

    def temps_c(self) -> tuple[float, float, float]:
        """Contact, skin's surface, LED board."""
        return self.y[1], self.surface(self.y[1], self.y[2]), self.y[0]


class ReferencePair:
    """Two columns under one pad: the rest, and a spot of it with its own flow and contact.

    `exchange_w_m2k`, of the spot's area, passes along the LED board; `part` is the spot's area over
    the rest's.
    """

    def __init__(
        self, rest: Reference, spot: Reference, exchange_w_m2k: float, part: float
    ) -> None:
        self.rest, self.spot, self.exchange, self.part = rest, spot, exchange_w_m2k, part
        flow = brentq(self._miss, -2000.0, 2000.0, xtol=1e-9)
        self._miss(flow)

    def _miss(self, flow: float) -> float:
        """How far a heat into the spot's board is from what it would make flow."""
        self.spot.y = self.spot.settle(flow)
        self.rest.y = self.rest.settle(-self.part * flow)
        return float(self.exchange * (self.rest.y[0] - self.spot.y[0]) - flow)

    def run(self, seconds: float, light: float, waste: float) -> None:
        """Advance both in this light and waste heat, W/m2."""
        n = len(self.rest.y)

        def rates(_: float, y: Array) -> Array:
            flow = self.exchange * (y[0] - y[n])
            return np.concatenate([
                self.rest.find_rates(y[:n], light, waste - self.part * flow),
                self.spot.find_rates(y[n:], light, waste + flow),
            ])  # fmt: skip

        pattern = block_diag((self.rest.find_pattern(), self.spot.find_pattern())).tolil()
        pattern[0, n] = pattern[n, 0] = 1
        both = integrate(rates, np.concatenate([self.rest.y, self.spot.y]), seconds, pattern)
        self.rest.y, self.spot.y = both[:n], both[n:]


def integrate(rates: Rates, y: Array, seconds: float, pattern: lil_matrix) -> Array:
    """Values after so many seconds. Raises RuntimeError where SciPy gives up."""
    # scipy's BDF subtracts rows of its differences that nothing has written yet: what lies
    # in that memory may not be a number, and no result depends on it
    with np.errstate(invalid="ignore", over="ignore"):
        done = solve_ivp(
            rates, (0.0, seconds), y, method="BDF", rtol=1e-6, atol=1e-6,
            max_step=max(seconds / 20.0, 1.0), jac_sparsity=pattern,
        )  # fmt: skip
    if not done.success:
        raise RuntimeError(f"fine grid: {done.message}")
    return np.asarray(done.y[:, -1])
