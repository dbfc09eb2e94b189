"""Plant trials: each measurement on people, made on the simulated skin.

Called by `tools.physics_checks.people`. Reads `sim.physics.tissue` through its public conditions;
a skin temperature is imposed by moving air of 100,000 W/m2K over bare skin. Each trial takes a
`Person` and returns the lowest and the highest of what its stated settings give.
"""

import math
from collections.abc import Callable

from scipy.optimize import brentq

from sim.common.value_record import replace
from sim.physics.person import Person
from sim.physics.tissue import DERMIS_M, EPIDERMIS_M, Tissue

Span = tuple[float, float]

ROOM_C = 23.0
IMPOSED_W_M2K = 1e5
AREA_M2 = 4e-4  # of the skin calorimeter, 2 x 2 cm
SKIN_MM = (EPIDERMIS_M + DERMIS_M) * 1000.0
HOT_PACK_C = (40.0, 43.0)  # assumed: of the skin under it, at the end
HOT_PACK_S, WRAP_S, ICE_S = 240.0, 600.0, 180.0  # assumed: time constants of the skin's course
ICE_C = 5.0  # assumed: of the skin under crushed ice
WRAP_RISE_C = 7.48  # Draper and Hopkins
EFFICIENCY = 0.345  # of the reference board's banks together
STEP_S = 1.0


def rest_bare(person: Person, fat_mm: float = 10.0, step_s: float = STEP_S) -> Tissue:
    """Bare skin at rest in a room of ROOM_C."""
    return Tissue(
        ROOM_C, vasodilation=person.vasodilation, fat_mm=fat_mm, air_w_m2k=person.air_w_m2k,
        worn=False, dt_s=step_s, person=person,
    )  # fmt: skip


def read_depth_c(tissue: Tissue, depth_mm: float) -> float:
    """Temperature at a depth below the skin's surface, C; the core's below the last node."""
    depths, temps = tissue.depths_mm(), tissue.profile_c()
    for above, below, warm, warmer in zip(depths, depths[1:], temps, temps[1:], strict=False):
        if depth_mm <= below:
            return warm + (depth_mm - above) / (below - above) * (warmer - warm)
    return temps[-1]


def impose_skin(tissue: Tissue, to_c: float, lag_s: float, seconds: float) -> None:
    """Bring the skin to a temperature along a first-order course."""
    from_c = tissue.skin_c
    tissue.change(air_w_m2k=IMPOSED_W_M2K)
    for step in range(round(seconds / STEP_S)):
        along = 1.0 - math.exp(-(step + 1) * STEP_S / lag_s)
        tissue.change(ambient_c=from_c + (to_c - from_c) * along)
        tissue.advance(0.0, 0.0)


def find_rise_c(
    person: Person, fat_mm: float, depth_mm: float, to_c: float | None, lag_s: float, seconds: float
) -> float:
    """Rise at a depth after the skin was brought to `to_c`; None: WRAP_RISE_C above rest."""
    tissue = rest_bare(person, fat_mm)
    before_c = read_depth_c(tissue, depth_mm)
    impose_skin(tissue, tissue.skin_c + WRAP_RISE_C if to_c is None else to_c, lag_s, seconds)
    return read_depth_c(tissue, depth_mm) - before_c


def span(*values: float) -> Span:
    """The lowest and the highest."""
    return min(values), max(values)


def measure_lumbar_c(person: Person) -> Span:
    """Bare skin at rest, fat 5 to 20 mm."""
    return span(*[rest_bare(person, fat).skin_c for fat in (5.0, 10.0, 20.0)])


def measure_abdomen_c(person: Person) -> Span:
    """2 cm deep at rest, fat 10 and 20 mm."""
    return span(*[read_depth_c(rest_bare(person, fat), 20.0) for fat in (10.0, 20.0)])


def measure_conductance_w_k(person: Person) -> Span:
    """Heat into the skin 10 min after it went from 30 to 36 C, a kelvin and 2 x 2 cm; fat 5 and
    10 mm."""
    found = []
    for fat_mm in (5.0, 10.0):
        tissue = rest_bare(person, fat_mm)
        flux = []
        for at_c, seconds in ((30.0, 1200), (36.0, 600)):
            tissue.change(air_w_m2k=IMPOSED_W_M2K, ambient_c=at_c)
            for _ in range(seconds):
                tissue.advance(0.0, 0.0)
            flux.append(IMPOSED_W_M2K * (at_c - tissue.skin_c))
        found.append((flux[1] - flux[0]) / 6.0 * AREA_M2)
    return span(*found)


def measure_inertia(person: Person) -> Span:
    """Root of k rho c by the rise under a step of 1000 W/m2, after 1, 3 and 10 s."""
    found = []
    tissue = rest_bare(person, step_s=0.01)
    rest_c = tissue.skin_c
    tissue.change(air_w_m2k=0.0, ambient_c=rest_c, external_w_m2=1000.0)
    for step in range(1, 1001):
        tissue.advance(0.0, 0.0)
        if step in (100, 300, 1000):
            rise_c = tissue.skin_c - rest_c
            found.append(2.0 * 1000.0 * math.sqrt(step * 0.01 / math.pi) / rise_c)
    return span(*found)


def find_flow(person: Person, skin_c: float) -> float:
    """Steady flow of the dermis at a skin temperature, times the flow at rest."""
    along = (skin_c - person.dilate_from_c) / (person.dilate_full_c - person.dilate_from_c)
    return 1.0 + (person.vasodilation - 1.0) * min(max(along, 0.0), 1.0)


def measure_flow_share(skin_c: float) -> Callable[[Person], Span]:
    """Flow at a skin temperature, % of the most."""

    def measure(person: Person) -> Span:
        return span(100.0 * find_flow(person, skin_c) / person.vasodilation)

    return measure


def measure_hot_pack(fat_mm: float, depth_mm: float, minutes: float) -> Callable[[Person], Span]:
    """Rise at a depth below the skin's surface under a hot pack."""

    def measure(person: Person) -> Span:
        return span(*[
            find_rise_c(person, fat_mm, depth_mm, to_c, HOT_PACK_S, minutes * 60.0)
            for to_c in HOT_PACK_C
        ])  # fmt: skip

    return measure


def measure_knee_wrap(person: Person) -> Span:
    """Rise at 1.5 cm below the skin's surface, fat 3 to 10 mm, 2 h."""
    return span(*[find_rise_c(person, fat, 15.0, None, WRAP_S, 7200.0) for fat in (3.0, 10.0)])


def measure_ice(fat_mm: float) -> Callable[[Person], Span]:
    """Fall 1 cm below the fat, 20 min."""

    def measure(person: Person) -> Span:
        depth_mm = SKIN_MM + fat_mm + 10.0
        return span(find_rise_c(person, fat_mm, depth_mm, ICE_C, ICE_S, 1200.0))

    return measure


def light_bare(person: Person, fat_mm: float, light_w_m2: float) -> tuple[float, float]:
    """Skin after 20 min of light on bare skin, and the rise at 2 cm.

    The model lights worn skin alone: a pad that conducts nothing to the skin stands for no pad,
    and the heat to the air is put in as heat from outside.
    """
    tissue = Tissue(
        ROOM_C, vasodilation=person.vasodilation, fat_mm=fat_mm, dt_s=STEP_S,
        person=replace(person, contact_w_m2k=1e-6),
    )  # fmt: skip

    def lose_to_air() -> None:
        tissue.change(external_w_m2=-person.air_w_m2k * (tissue.skin_c - ROOM_C))

    for _ in range(60):
        lose_to_air()
        tissue.settle()
    before_c = read_depth_c(tissue, 20.0)
    for _ in range(1200):
        lose_to_air()
        tissue.advance(light_w_m2, 0.0)
    return tissue.skin_c, read_depth_c(tissue, 20.0) - before_c


def measure_lamp(person: Person) -> Span:
    """Rise at 2 cm under light that brings bare skin to 39 C in 20 min; fat 10 and 20 mm."""
    found = []
    for fat_mm in (10.0, 20.0):
        light = brentq(lambda w, fat=fat_mm: light_bare(person, fat, w)[0] - 39.0, 10.0, 3000.0,
                       rtol=1e-4)  # fmt: skip
        found.append(light_bare(person, fat_mm, light)[1])
    return span(*found)


def measure_led_pad(person: Person) -> Span:
    """Electrical W/m2 of our pad that brings contact to 40 C in 30 min, put on bare skin."""

    def end_c(power_w_m2: float) -> float:
        tissue = rest_bare(person)
        tissue.change(worn=True)
        for _ in range(1800):
            tissue.advance(power_w_m2 * EFFICIENCY, power_w_m2 * (1.0 - EFFICIENCY))
        return tissue.contact_c

    return span(brentq(lambda w: end_c(w) - 40.0, 10.0, 1000.0, rtol=1e-4))


TRIALS: dict[str, Callable[[Person], Span]] = {
    "lumbar": measure_lumbar_c,
    "abdomen": measure_abdomen_c,
    "resting_flow": lambda person: span(rest_bare(person).perfusion),
    "conductance": measure_conductance_w_k,
    "inertia": measure_inertia,
    "flow_36": measure_flow_share(36.0),
    "flow_39": measure_flow_share(39.0),
    "flow_42": measure_flow_share(42.0),
    "flow_43": lambda person: span(find_flow(person, 43.0)),
    "hot_pack_15": measure_hot_pack(7.1, 15.0, 20.0),
    "hot_pack_10": measure_hot_pack(7.2, 10.0, 30.0),
    "hot_pack_3": measure_hot_pack(7.2, 30.0, 20.0),
    "knee_wrap": measure_knee_wrap,
    "ice_4": measure_ice(4.0),
    "ice_7": measure_ice(7.0),
    "ice_10": measure_ice(10.0),
    "lamp": measure_lamp,
    "led_pad": measure_led_pad,
}
