"""Outside heat: how hot each pad and its skin would be without the heat that comes from outside.

Owned by `sim.oracle.safety_oracle`, which follows it tick by tick. Reads the plant and the
conditions that faults changed (`sim.faults.hardware.Hardware.before`); changes nothing.

While a fault heats a pad from outside (`Bound.outside`), a twin of the pad goes through the same
light on the same skin in the conditions from before the fault. The twin's hottest column is what
the unit alone does: it is judged lit or dark. The twin is kept until the pad is as cool again.

Skin can be hotter than the face, which every sensor sits in, by outside heat alone: what CEM43 the
skin takes beyond its twin's, and beyond what the sensors feel of the face, is nobody's count
(`excess_min`).
"""

import copy

from sim.faults.catalogue import ROWS
from sim.oracle.design import TICK_MS
from sim.physics.plant import CEM43_FROM_C, STEP_MS, PadPlant
from sim.physics.sensors import Silence
from sim.physics.spot import SpottedTissue
from sim.physics.tissue import CONDITIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from sim.oracle.subject import Subject

OUTSIDE = tuple([row.name for row in ROWS if any(bound.outside for bound in row.bounds)])
FELT_SHARE = 1.2  # of CEM43 in the face: sensors within 0.1 C and the unit's table within 2 %
SAME_C = 0.02  # pad and twin are alike again
SILENCE = Silence(0)  # nobody reads the twin's sensors


def cem43_rate(celsius: float) -> float:
    """Return CEM43 a unit of time at a temperature (Sapareto and Dewey 1984)."""
    if celsius <= CEM43_FROM_C:
        return 0.0
    return float((4.0 if celsius < 43.0 else 2.0) ** (celsius - 43.0))


class OutsideHeat:
    """Heat from outside in one run, pad by pad."""

    def __init__(self, run: "Subject") -> None:
        self.ever = False  # some heat came from outside
        self.excess_min = [0.0, 0.0]  # CEM43 of the skin that no sensor feels, while heat came
        self._hal = run.hal
        self._hardware = run.hardware
        self._pads = run.plant.pads
        self._kinds = run.plant.kinds
        self._twins: list[PadPlant | None] = [None, None]
        self._own: list[dict[str, Any]] = [{}, {}]  # conditions without the heat from outside

    def follow(self, t_ms: int) -> None:
        """A tick went by: follow the pads that are heated from outside, or were."""
        before = self._hardware.before
        twins = self._twins
        if not before and twins[0] is None and twins[1] is None:
            return
        for pad in (0, 1):
            heated = [name for name in OUTSIDE if (pad, name) in before]
            self._own[pad] = self._find_own(pad, heated)
            if heated and twins[pad] is None:
                self.ever = True
                twins[pad] = self._make_twin(pad)
            twin = twins[pad]
            if twin is None:
                continue
            self._count_excess(pad)
            if t_ms % STEP_MS == 0:
                self._advance(twin, pad)
                if not heated and self._is_same(twin, pad):
                    twins[pad] = None

    def judged_c(self, pad: int, lit: bool) -> float:
        """Return the temperature of a pad's hottest column by which the unit is judged. Where heat
        comes from outside: without that heat, and while lit contact where the sensors are. How
        much hotter that heat makes a spot beside them nothing can tell."""
        real = self._pads[pad]
        twin = self._twins[pad]
        if twin is None:
            return real.hottest_c
        own_c = min(real.hottest_c, twin.hottest_c)
        return max(own_c, real.tissue.contact_c) if lit else own_c

    def _find_own(self, pad: int, heated: list[str]) -> "dict[str, Any]":
        """Return the conditions from before the faults that heat a pad now."""
        own: dict[str, Any] = {}
        for name in heated:
            own.update(self._hardware.before[pad, name])
        return own

    def _count_excess(self, pad: int) -> None:
        real, twin = self._pads[pad], self._twins[pad]
        own = cem43_rate(twin.hottest_c) if twin else 0.0
        felt = cem43_rate(real.tissue.contact_c) / FELT_SHARE
        more = cem43_rate(real.hottest_c) - max(felt, own)
        if more > 0.0:
            self.excess_min[pad] += more * TICK_MS / 60_000

    def _make_twin(self, pad: int) -> PadPlant:
        """Return a copy of the pad as it is: its constants are shared."""
        real = self._pads[pad]
        shared = {id(one): one for one in real.tissue.constants()}
        return copy.deepcopy(real, shared)

    def _advance(self, twin: PadPlant, pad: int) -> None:
        """Let a step of the plant go by for the twin, in its own conditions."""
        real = self._pads[pad].tissue
        own = self._own[pad]
        if isinstance(real, SpottedTissue):  # pressure is no heat: the twin has its spot, too
            body = twin.press()
            if body.spot_perfusion != real.spot_perfusion:
                body.set_spot_flow(real.spot_perfusion)
        for key in CONDITIONS:
            value = own.get(key, getattr(real, key))
            if value != getattr(twin.tissue, key):
                twin.tissue.change(**{key: value})
        shares = self._hal.shares[pad * self._kinds : (pad + 1) * self._kinds]
        twin.advance(shares, any(shares), SILENCE)

    def _is_same(self, twin: PadPlant, pad: int) -> bool:
        real = self._pads[pad].tissue
        tissue = twin.tissue
        apart_c = max(
            abs(tissue.contact_c - real.contact_c), abs(tissue.skin_c - real.skin_c),
            abs(tissue.board_c - real.board_c), abs(twin.hottest_c - self._pads[pad].hottest_c),
        )  # fmt: skip
        return apart_c < SAME_C
