"""Records have a value, as dataclasses do, on every interpreter."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.common.story import Event, Start
from sim.common.value_record import replace

NUMBERS = st.floats(allow_nan=False)


@given(a=NUMBERS, b=NUMBERS)
def test_records_are_equal_where_all_they_say_is(a: float, b: float) -> None:
    one, other = Start(ambient_c=a), Start(ambient_c=b)
    assert (one == other) == (a == b)
    if one == other:
        assert hash(one) == hash(other)


def test_records_of_two_kinds_are_never_equal() -> None:
    assert Start() != Event(0.0, "press", "START")
    assert Start() != 3


@given(a=NUMBERS, name=st.text())
def test_another_record_differs_in_what_was_named_alone(a: float, name: str) -> None:
    event = Event(1.0, "fault", "ntc_open", "A")
    other = replace(event, at_s=a, name=name)
    assert other == Event(a, "fault", name, "A")
    assert event == Event(1.0, "fault", "ntc_open", "A")


def test_what_a_record_lacks_cannot_be_replaced() -> None:
    with pytest.raises(TypeError, match="wavelength"):
        replace(Start(), wavelength=1)


def test_a_record_says_what_it_holds() -> None:
    assert repr(Event(1.0, "press", "UP", hold_ms=40)) == (
        "Event(at_s=1.0, kind='press', name='UP', pad=None, value=None, for_s=None, "
        "hold_ms=40, button=None, line=None, nm=None)"
    )
