"""The three buttons: what a finger did, whatever the contacts did."""

from collections.abc import Iterable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from firmware.core.inputs import BUCKLE, BUTTONS, CHARGER, DOWN, START, UP
from firmware.core.limits import CLOCK_MASK
from firmware.ui.buttons import DOWN_PRESSED, HELD, NONE, PRESSED, RELEASED, UP_PRESSED, Buttons
from tests.support.fake_hal import Bench

TICK_MS = 20
FROM = pytest.mark.parametrize("from_ms", [0, CLOCK_MASK - 1_000, CLOCK_MASK - 30])


class Fingers:
    """Feeds pins to the buttons as the tick does: while one is down or has just been."""

    def __init__(self, from_ms: int = 0) -> None:
        self.buttons = Buttons()
        self.ms = (from_ms - 3 * TICK_MS) & CLOCK_MASK
        self.done: list[int] = []
        self.hold(0, 3 * TICK_MS)  # at power-on nothing is pressed

    def feed(self, pins: int) -> int:
        self.ms = (self.ms + TICK_MS) & CLOCK_MASK
        done = NONE
        if pins & BUTTONS or self.buttons.busy:
            done = self.buttons.step(pins, self.ms)
        if done:
            self.done.append(done)
        return done

    def stuck(self) -> bool:
        return self.buttons.stuck

    def hold(self, pins: int, ms: int) -> "Fingers":
        for _ in range(ms // TICK_MS):
            self.feed(pins)
        return self


@FROM
def test_a_press_counts_from_its_second_sample(from_ms: int) -> None:
    fingers = Fingers(from_ms)
    assert fingers.feed(START) == NONE
    assert fingers.feed(START) == PRESSED
    assert fingers.hold(START, 200).done == [PRESSED]


@FROM
def test_a_short_press_is_a_press_and_a_release(from_ms: int) -> None:
    assert Fingers(from_ms).hold(START, 300).hold(0, 300).done == [PRESSED, RELEASED]


def test_contact_for_one_sample_is_nothing() -> None:
    assert Fingers().hold(START, 20).hold(0, 5_000).done == []


def test_a_bouncing_press_is_one_press_and_a_bouncing_release_one_release() -> None:
    fingers = Fingers()
    for pins in (START, 0, START, 0, START, START, 0, START, START, START):
        fingers.feed(pins)
    assert fingers.done == [PRESSED]
    for pins in (0, START, 0, START, 0, 0, START, 0, 0):
        fingers.feed(pins)
    assert fingers.done == [PRESSED, RELEASED]


@FROM
def test_start_held_is_held_once_after_one_and_a_half_seconds_and_has_no_release(
    from_ms: int,
) -> None:
    fingers = Fingers(from_ms).hold(START, 1_520)
    assert fingers.done == [PRESSED]
    fingers.hold(START, 20)
    assert fingers.done == [PRESSED, HELD]
    fingers.hold(START, 5_000).hold(0, 1_000)
    assert fingers.done == [PRESSED, HELD]


def test_after_a_hold_the_next_press_is_a_press_again() -> None:
    fingers = Fingers().hold(START, 2_000).hold(0, 100).hold(START, 100).hold(0, 100)
    assert fingers.done == [PRESSED, HELD, PRESSED, RELEASED]


@pytest.mark.parametrize(("pin", "pressed"), [(UP, UP_PRESSED), (DOWN, DOWN_PRESSED)])
def test_up_and_down_count_once_a_press_and_not_on_release_or_when_held(
    pin: int, pressed: int
) -> None:
    assert Fingers().hold(pin, 5_000).hold(0, 1_000).hold(pin, 100).done == [pressed, pressed]


@FROM
@pytest.mark.parametrize("pin", [START, UP, DOWN, UP | DOWN])
def test_a_button_down_for_ten_seconds_is_stuck_and_one_that_comes_up_is_not(
    from_ms: int, pin: int
) -> None:
    fingers = Fingers(from_ms).hold(pin, 10_000)
    assert not fingers.stuck()
    fingers.hold(pin, 60)
    assert fingers.stuck()
    fingers.hold(pin, 60_000)
    assert fingers.stuck()
    fingers.hold(0, 60)
    assert not fingers.stuck()


def test_pins_that_are_no_buttons_are_nothing() -> None:
    fingers = Fingers().hold(BUCKLE | CHARGER | 32, 5_000)
    assert fingers.done == [] and not fingers.stuck()


class Model:
    """One button, told slowly: two samples alike are believed; START is also timed."""

    def __init__(self) -> None:
        self.samples = [False, False]
        self.believed = False
        self.down_ms = 0
        self.used = True

    def step(self, down: bool, now_ms: int) -> set[str]:
        self.samples = [self.samples[-1], down]
        did = set()
        if self.samples == [not self.believed] * 2:
            self.believed = down
            if down:
                self.down_ms, self.used = now_ms, False
                did.add("down")
            elif not self.used:
                did.add("up")
        if self.believed and not self.used and now_ms - self.down_ms >= 1_500:
            self.used = True
            did.add("held")
        return did


NAMED = {
    (START, "down"): PRESSED, (START, "up"): RELEASED, (START, "held"): HELD,
    (UP, "down"): UP_PRESSED, (DOWN, "down"): DOWN_PRESSED,
}  # fmt: skip


def modelled(runs: Iterable[tuple[int, int]]) -> tuple[list[int], list[int]]:
    """What the buttons and their models said, tick by tick, of runs of (pins, ticks)."""
    fingers = Fingers(CLOCK_MASK - 2_000)
    models = {pin: Model() for pin in (START, UP, DOWN)}
    now_ms = 0
    said, expected = [], []
    for pins, ticks in runs:
        for _ in range(ticks):
            now_ms += TICK_MS
            said.append(fingers.feed(pins))
            bits = 0
            for pin, model in models.items():
                for did in model.step(bool(pins & pin), now_ms):
                    bits |= NAMED.get((pin, did), 0)
            expected.append(bits)
    return said, expected


TICKS = st.one_of(st.integers(1, 4), st.integers(1, 100))


@pytest.mark.parametrize("pin", [START, UP, DOWN])
@given(lengths=st.lists(TICKS, max_size=30))
def test_each_button_alone_equals_its_model_over_any_contacts(pin: int, lengths: list[int]) -> None:
    said, expected = modelled((pin * (k % 2), ticks) for k, ticks in enumerate(lengths))
    assert said == expected


@given(st.lists(st.tuples(st.integers(0, 7), TICKS), max_size=30))
@example([(START | DOWN, 1), (START, 1)] * 40)
def test_the_three_buttons_equal_their_models_whatever_the_others_do(
    runs: list[tuple[int, int]],
) -> None:
    said, expected = modelled(runs)
    assert said == expected


# -- stop always wins ----------------------------------------------------------------------------


@pytest.mark.parametrize("pin", [UP, DOWN])
def test_start_pauses_while_another_button_chatters(pin: int) -> None:
    bench = Bench().to("TREAT")
    bench.hal.pins |= START
    for _ in range(10):
        bench.hal.pins ^= pin
        bench.tick()
    assert bench.state == "PAUSED" and not bench.hal.emitting()


@pytest.mark.parametrize("pin", [UP, DOWN])
def test_start_held_switches_off_while_another_button_is_pressed_again_and_again(
    pin: int,
) -> None:
    bench = Bench().to("TREAT")
    bench.hal.pins |= START
    for _ in range(6):
        bench.hal.pins ^= pin
        bench.run(500)
    assert bench.state == "OFF"


@pytest.mark.parametrize("pin", [UP, DOWN])
def test_start_pauses_while_another_button_is_stuck(pin: int) -> None:
    bench = Bench().to("TREAT")
    bench.hal.pins |= pin
    bench.run(15_000)
    bench.hal.pins |= START
    bench.run(60)
    assert bench.state == "PAUSED" and not bench.hal.emitting()
    bench.run(1_500)
    assert bench.state == "OFF"


def test_a_start_that_bounces_pauses_once_and_does_not_resume() -> None:
    bench = Bench().to("TREAT")
    for pins in (START, 0, START, START, 0, START, START, START, 0, START, 0, 0, 0):
        bench.hal.pins = BUCKLE | pins
        bench.tick()
    bench.run(1_000)
    assert bench.state == "PAUSED" and bench.refused == ""


def test_the_fourth_closure_of_start_is_chatter_and_the_third_is_not() -> None:
    fingers = Fingers().hold(0, 70_000)
    found = [fingers.hold(START, 100).hold(0, 3_000).buttons.chatters(fingers.ms) for _ in range(5)]
    assert found == [False, False, False, True, True]
