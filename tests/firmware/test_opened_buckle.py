"""A buckle that opened over a touched skin sensor: that has to read air before light begins."""

from firmware.core.inputs import BUCKLE, START
from tests.support.fake_hal import Bench


def test_a_buckle_that_opened_alone_goes_on_once_the_pads_were_off_the_skin_too() -> None:
    """A skin sensor that stays touched while the belt is taken off is no sign any more."""
    bench = Bench().to("TREAT")
    bench.hal.pins &= ~BUCKLE
    bench.until("PAUSED", 1_000)
    bench.hal.pins |= BUCKLE
    bench.run(6_000)
    bench.press(START)
    assert (bench.state, bench.refused) == ("PAUSED", "never_off")
    bench.take_off()
    bench.run(6_000)
    bench.press(START)
    assert bench.state == "CHECK"


def test_a_buckle_that_opens_alone_while_skin_is_waited_for_asks_for_the_belt_off() -> None:
    bench = Bench().to("WAIT_SKIN")
    bench.hal.pins &= ~BUCKLE
    bench.run(400)
    bench.hal.pins |= BUCKLE
    bench.run(20_000)
    assert (bench.state, bench.refused) == ("WAIT_SKIN", "never_off")
    bench.take_off()
    bench.until("CHECK")
