"""A peer of pin depth's emulator: rp2040js takes the same time on the chip's clock."""

import pytest

from sim.common.errors import BadInput
from tools.dev import figures_peer, figures_pin


def test_both_emulators_take_the_same_time_on_the_chips_clock() -> None:
    try:
        uf2 = figures_pin.named_uf2()
        ours, theirs = figures_peer.take_turns(uf2, turns=1)
    except BadInput as why:
        pytest.skip(str(why))
    assert ours.chip_s == pytest.approx(theirs.chip_s, rel=1e-3) and ours.chip_s > 0.1
