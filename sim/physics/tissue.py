"""Heat model of the skin under one pad, and of the pad on it: a column of one dimension.

Owned by the simulator's plant, one `Tissue` a pad; uses nothing but `math`. What its peaks depend
on: docs/maintainer/skin-model.md.

The column, per square metre, from the air to the core of the body:

    air - insulated back - LED board - window - face - contact - skin - core

The board and the face are lumped masses; the skin is one-dimensional Pennes
bioheat, rho c dT/dt = d/dz(k dT/dz) + w c_blood (T_core - T) + light absorbed.

**Contact temperature is the face's.** The face is what the wearer's skin
touches and what both contact sensors sit in; IEC 60601-1 limits the surface of
the applied part. While the pad gives heat to the skin the face is the hotter of
the two. Only an outside heat source makes the skin hotter, by its flux into the
pad over the contact conductance: 500 W/m2 from outside, by 1.3 C while the pad is
still warming and 0.5 C after 20 min.

**Space.** Nodes stand on the layer boundaries and between them. Each interval
gets the conductance and the blood exchange of the exact solution across it
(k m / sinh(m h) and k m tanh(m h / 2), m^2 = w c_blood / k), so a few nodes do
what hundreds of plain ones would. **Time.** Backward Euler at a fixed step: it
cannot ring or blow up, whatever is changed between steps. The matrix hangs on
perfusion alone, so it is factored once for each of a hundred levels of it, when
first visited.

Left out: metabolic heat, sweat, sideways flow at the pad's edge, vasoconstriction
in the cold (choose a lower `perfusion`), and light thrown back by the skin, which
the pad is taken to return to it.
"""

import math

from sim.physics.person import SAFE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sim.physics.person import Person

    Row = tuple[float, float, float]  # of `Tissue._factor`, as are these
    Factors = tuple[list[Row], float, Row, Row, float, list[float]]

CORE_C = 37.0  # assumed; blood arrives at this
BLOOD_J_M3K = 4.0e6  # assumed: volumetric heat capacity of blood

# Layers from outside in: thickness m (fat's is a parameter), k W/mK, rho c J/m3K.
# Skin and fat: PMC5459687 Table 3, whose rows are of porcine skin (epidermis 1190 kg/m3, the top of
# its range). Human: dermis 0.29 W/mK, fat 0.20-0.22. At 10 mW/cm2 the human pair peaks 0.1 to 0.3 C
# lower, human dermis over porcine fat 0.05 to 0.1 C higher: docs/maintainer/skin-model.md.
# Muscle: IT'IS tissue database (0.49 W/mK, 1090 kg/m3, 3421 J/kgK).
EPIDERMIS_M, EPIDERMIS_W_MK, EPIDERMIS_J_M3K = 0.0001, 0.21, 1190.0 * 3600.0
DERMIS_M, DERMIS_W_MK, DERMIS_J_M3K = 0.0015, 0.37, 1116.0 * 3224.0
FAT_W_MK, FAT_J_M3K = 0.16, 971.0 * 2303.0
MUSCLE_W_MK, MUSCLE_J_M3K = 0.49, 1090.0 * 3421.0

FAT_PERFUSION_SHARE = 0.3  # assumed: fat's flow over the dermis's at rest; heat leaves it be
DILATE_LAG_S = 60.0  # assumed: first-order; seconds for the reflex, minutes for the rest
DILATE_LEVELS = 100  # ours: 0.05 C of skin temperature a level

BOARD_J_M2K = 3500.0  # assumed: 1.5 mm aluminium-core board
FACE_J_M2K = 2000.0  # assumed: the skin half of a silicone window, with its sensors
WINDOW_W_M2K = 125.0  # assumed: board to face, 2 mm of clear silicone at 0.25 W/mK
AIR_LEAST_W_M2K = 0.1  # ours: nothing insulates altogether

# Depths of the nodes inside each layer, ours, metres below its top: finer towards the light,
# where the heat goes in. The layer's own thickness closes the list.
EPIDERMIS_NODES_M = ()
DERMIS_NODES_M = (0.0002, 0.0005, 0.001)
FAT_NODES_UM = (600, 1300, 2100, 3100, 4300, 5800, 7600, 10_000, 13_000, 17_000, 23_000, 31_000)
FAT_NODES_M = tuple([um / 1e6 for um in FAT_NODES_UM])
MUSCLE_NODES_M = (0.0015, 0.004, 0.008, 0.013, 0.020, 0.030, 0.040)

CONDITIONS = ("ambient_c", "perfusion", "air_w_m2k", "worn", "external_w_m2")


class Tissue:
    """One pad and the skin under it, started in the dark steady state.

    `ambient_c` 5-40 C. `perfusion`: of the dermis at rest, 1/s, 0.0003-0.003, or 0
    for none. `vasodilation`: the largest factor by which heat raises it, 1 (none)
    to 12. `fat_mm` 2-40. `air_w_m2k`: surface to air, 5-15, less under a blanket.
    `dt_s`: what one `advance` advances. `person`: whose skin, and how the belt lies on it.

    After each step, degrees C: `contact_c`, `skin_c` (its surface), `board_c`.
    """

    def __init__(
        self,
        ambient_c: float = 23.0,
        perfusion: float = 0.001,
        vasodilation: float = 6.0,
        fat_mm: float = 10.0,
        air_w_m2k: float = 5.0,
        worn: bool = True,
        dt_s: float = 0.2,
        person: "Person" = SAFE,
    ) -> None:
        self.skin_constants = (vasodilation, fat_mm, dt_s, person)
        self.ambient_c = ambient_c
        self.perfusion = perfusion
        self.air_w_m2k = air_w_m2k
        self.worn = worn
        self.external_w_m2 = 0.0
        self._contact_w_m2k = person.contact_w_m2k
        self._back_m2k_w = person.back_m2k_w
        self._dilate_from_c = person.dilate_from_c
        self._dilate_span_k = person.dilate_full_c - person.dilate_from_c
        self._muscle_perfusion_s = person.muscle_perfusion_s
        self.set_step(dt_s)
        self._rise = max(vasodilation - 1.0, 0.0)
        self._levels = DILATE_LEVELS if self._rise else 0
        self._dilation = 0.0
        self._intervals = _intervals(fat_mm / 1000.0, person.muscle_m, person.light_mm / 1000.0)
        self._skin = [0.0] * len(self._intervals)
        self._face = self._board = 0.0
        self.contact_c = self.skin_c = self.board_c = CORE_C
        self._apply_conditions()
        self.settle()

    def set_step(self, dt_s: float) -> None:
        """Set what one `advance` advances from now on, s."""
        self._per_s = 1.0 / dt_s
        self._lag_share = dt_s / (DILATE_LAG_S + dt_s)
        self._factors: dict[int, Factors] = {}

    def change(self, **conditions: float) -> None:
        """Change conditions between steps; what is left out stays as it is.

        `ambient_c`, `perfusion`, `air_w_m2k`, `worn`, or `external_w_m2`: heat put into the skin's
        surface from outside, W/m2. Raises TypeError for any other. Ambient and external heat cost
        nothing to change; the others refactor.
        """
        before = (self.perfusion, self.air_w_m2k, self.worn)
        for key, value in conditions.items():
            if key not in CONDITIONS:
                raise TypeError("no condition of a pad: " + key)
            setattr(self, key, bool(value) if key == "worn" else value)
        self._renew(before)

    def take_conditions(self, other: "Tissue", perfusion: float) -> None:
        """Take on the conditions of another pad, but for the flow."""
        before = (self.perfusion, self.air_w_m2k, self.worn)
        self.perfusion = perfusion
        self.ambient_c, self.external_w_m2 = other.ambient_c, other.external_w_m2
        self.air_w_m2k, self.worn = other.air_w_m2k, other.worn
        self._renew(before)

    def _renew(self, before: tuple[float, float, bool]) -> None:
        """Work out anew what hangs on the conditions."""
        if before != (self.perfusion, self.air_w_m2k, self.worn):
            self._factors = {}
        self._apply_conditions()

    def advance(self, light_w_m2: float, waste_w_m2: float) -> None:
        """Advance by dt_s with this light entering the skin (W/m2) and this heat
        given off in the LED board (W/m2 of pad). Off the skin the light is lost."""
        wanted = (self.skin_c - self._dilate_from_c) / self._dilate_span_k
        if wanted < 0.0:
            wanted = 0.0
        elif wanted > 1.0:
            wanted = 1.0
        self._dilation += (wanted - self._dilation) * self._lag_share
        level = int(self._dilation * self._levels + 0.5)
        factors = self._factors.get(level)
        if factors is None:
            factors = self._factors[level] = self._factor(level, self._per_s)
        self._solve(factors, light_w_m2 if self.worn else 0.0, waste_w_m2)

    def depths_mm(self) -> list[float]:
        """How deep each of `profile_c` lies, the skin's surface first."""
        depths = [0.0]
        for interval in reversed(self._intervals):
            depths.append(depths[-1] + interval[0] * 1000.0)
        return depths

    def profile_c(self) -> list[float]:
        """Temperatures of the column, the skin's surface first and the body's core last."""
        return [CORE_C + t for t in reversed(self._skin)] + [CORE_C]

    def constants(self) -> list[object]:
        """Objects that are replaced or only added to: copies of a pad may share them."""
        return [self._factors, self._intervals]

    def copy_state(self, other: "Tissue") -> None:
        """Take on the temperatures and the dilation of a column of the same layers."""
        self._skin = other._skin[:]
        self._face, self._board, self._dilation = other._face, other._board, other._dilation
        self.contact_c, self.skin_c, self.board_c = other.contact_c, other.skin_c, other.board_c

    def _solve(self, factors: "Factors", light: float, waste: float) -> None:
        """Eliminate from the core out to the board, and substitute back in.

        Temperatures are kept relative to the core, deepest first: blood and core
        then add nothing to the right-hand side.
        """
        rows, surface_share, face, board, face_gain, gains = factors
        y = 0.0
        forward = []
        for (keep, absorb, carry), t in zip(rows, self._skin):
            y = keep * t + absorb * light + carry * y
            forward.append(y)
        y += surface_share * self._skin_w_m2
        forward[-1] = y

        keep, share, carry = face
        y = keep * self._face + share * self._face_w_m2 + carry * y
        keep, share, carry = board
        t = keep * self._board + share * (self._board_w_m2 + waste) + carry * y
        self._board = t
        self.board_c = CORE_C + t

        t = y + face_gain * t
        self._face = t
        self.contact_c = CORE_C + t
        skin = []
        for gain in gains:
            t = forward.pop() + gain * t
            skin.append(t)
        self.skin_c = CORE_C + skin[0]
        skin.reverse()
        self._skin = skin

    def _apply_conditions(self) -> None:
        """Work out the ways to the air, and the heat that comes in along them."""
        air = max(self.air_w_m2k, AIR_LEAST_W_M2K)
        bare = 0.0 if self.worn else air
        self._to_air = (bare, bare, air / (1.0 + air * self._back_m2k_w))  # skin, face, board
        above_core = self.ambient_c - CORE_C
        self._skin_w_m2 = bare * above_core + self.external_w_m2
        self._face_w_m2 = bare * above_core
        self._board_w_m2 = self._to_air[2] * above_core

    def settle(self, waste_w_m2: float = 0.0) -> None:
        """Put the column in its dark steady state, perfusion and skin in agreement; `waste_w_m2`
        is heat that the LED board is given from beside."""
        low, high = 0, self._levels
        while True:
            level = (low + high) // 2
            self._solve(self._factor(level, 0.0), 0.0, waste_w_m2)
            if low >= high:
                break
            share = (self.skin_c - self._dilate_from_c) / self._dilate_span_k
            if share * self._levels > level + 0.5:
                low = level + 1
            else:
                high = level
        self._dilation = level / DILATE_LEVELS

    def _factor(self, level: int, per_s: float) -> "Factors":
        """The matrix eliminated once, for one level of perfusion; per_s = 0 is the
        steady state.

        A row for each node of the skin, the deepest first: what it keeps of its own temperature,
        of the light, of the node before. The share that the surface keeps of heat put in. The
        same two rows for face and board: of own temperature, of heat put in, of the node before.
        The gains, from the face inwards: how far each node follows the one outside it.
        """
        dermis = self.perfusion * (1.0 + self._rise * level / DILATE_LEVELS)
        flows = (0.0, dermis, self.perfusion * FAT_PERFUSION_SHARE, self._muscle_perfusion_s)
        own, links, absorbs = _assemble(self._intervals, flows, per_s)

        skin_air, face_air, board_air = self._to_air
        own[-1] = (own[-1][0], own[-1][1] + skin_air)
        own += [(FACE_J_M2K * per_s, face_air), (BOARD_J_M2K * per_s, board_air)]
        links += [self._contact_w_m2k if self.worn else 0.0, WINDOW_W_M2K, 0.0]
        absorbs += [0.0, 0.0]

        rows: list[Row] = []
        layers: list[Row] = []  # the same nodes, face and board after them
        gains: list[float] = []
        inner, gain = links[0], 0.0
        for (held, lost), absorb, outer in zip(own, absorbs, links[1:]):
            share = 1.0 / (held + lost + inner + outer - inner * gain)
            rows.append((held * share, absorb * share, inner * share))
            layers.append((held * share, share, inner * share))
            gain, inner = outer * share, outer
            gains.append(gain)
        _, surface_share, _ = layers[-3]
        gains.pop()  # nothing lies outside the board
        gains.reverse()
        return rows[:-2], surface_share, layers[-2], layers[-1], gains[0], gains[1:]


def _intervals(
    fat_m: float, muscle_m: float, light_m: float
) -> list[tuple[float, float, float, int, float, float]]:
    """The skin cut into intervals, deepest first: (thickness m, W/mK, J/m3K, which
    layer, share of the light that its deep end takes, and its shallow end)."""
    layers = (
        (EPIDERMIS_M, EPIDERMIS_W_MK, EPIDERMIS_J_M3K, EPIDERMIS_NODES_M),
        (DERMIS_M, DERMIS_W_MK, DERMIS_J_M3K, DERMIS_NODES_M),
        (fat_m, FAT_W_MK, FAT_J_M3K, FAT_NODES_M),
        (muscle_m, MUSCLE_W_MK, MUSCLE_J_M3K, MUSCLE_NODES_M),
    )
    cut, entering = [], 1.0
    for which, (thick, k, rho_c, nodes) in enumerate(layers):
        start = 0.0
        for end in [depth for depth in nodes if depth < thick] + [thick]:
            h = end - start
            start = end
            left = entering * math.exp(-h / light_m)
            # Beer-Lambert against a straight-line share between the two ends.
            deep = (entering - left) * light_m / h - left
            cut.append((h, k, rho_c, which, deep, entering - left - deep))
            entering = left
    cut.reverse()
    return cut


def _assemble(
    intervals: list[tuple[float, float, float, int, float, float]],
    flows: tuple[float, ...],
    per_s: float,
) -> tuple[list[tuple[float, float]], list[float], list[float]]:
    """Nodes from the deepest to the surface: (held W/m2K, lost to blood W/m2K) each;
    the conductances on their deep sides; the share of the light that each takes."""
    own, links, absorbs = [], [], []
    held = lost = taken = 0.0
    for h, k, rho_c, which, deep, shallow in intervals:
        half = rho_c * h * per_s / 2.0
        m = math.sqrt(flows[which] * BLOOD_J_M3K / k)
        fade = math.exp(-m * h)
        if m * h > 1e-4:
            link = 2.0 * k * m * fade / (1.0 - fade * fade)
            blood = k * m * (1.0 - fade) / (1.0 + fade)
        else:
            link, blood = k / h, flows[which] * BLOOD_J_M3K * h / 2.0
        links.append(link)
        if len(links) > 1:  # the first deep end is the core itself
            own.append((held + half, lost + blood))
            absorbs.append(taken + deep)
        held, lost, taken = half, blood, shallow
    own.append((held, lost))
    absorbs.append(taken)
    return own, links, absorbs
