"""Tickets of a trial: accepted or refused by the unit, in words that never name the arm."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.core.validate import Refused
from firmware.records import mac, signed_prescription
from firmware.records.keys import Keys
from firmware.trial import enrolment, visits
from sim.scenario.enrolment import DEFAULT, MOVEMENTS
from tests.support.enrolled_unit import PROTOCOL, SEALING, TICKETS, ticket_of
from tests.support.keyed_unit import SERIAL, installed

UNIT_KEYS = Keys(installed())


def taken(content: bytes, keys: Keys = UNIT_KEYS, serial: str = SERIAL) -> enrolment.Ticket:
    return enrolment.verify(content, keys, serial)


@pytest.mark.parametrize("masked", [False, True])
def test_a_ticket_gives_the_arm_the_key_and_the_protocol(masked: bool) -> None:
    found = taken(ticket_of(masked))
    assert found.masked is masked and found.key == SEALING
    assert (found.trial, found.participant) == ("WB-PILOT", "P-07")
    rules = found.protocol
    assert (rules.visits, rules.interval_days, rules.window_days) == (7, 7, 2)
    assert (rules.baseline_therapy, rules.rate_after, rules.guess) == (False, True, True)
    assert rules.ill_effects and rules.movements == PROTOCOL["movements"]


def test_the_default_protocol_is_taken() -> None:
    assert enrolment.Protocol(DEFAULT).movements == list(MOVEMENTS)


def test_the_file_of_one_arm_is_as_long_as_that_of_the_other_and_names_none() -> None:
    therapy, placebo = ticket_of(False), ticket_of(True)
    assert len(therapy) == len(placebo) and therapy != placebo
    for content in (therapy, placebo):
        assert b"therapy " not in content and b"placebo" not in content
        assert SEALING.hex().encode() not in content


OTHER = mac.derive_key(b"k" * 32, enrolment.PURPOSE)
REFUSED: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "copy it again"),
    "not JSON": (b"\xff{", "copy it again"),
    "unsealed": (b'{"trial": "X"}', "copy it again"),
    "altered": (ticket_of(False).replace(b"P-07", b"P-08"), "was altered"),
    "another unit's key": (ticket_of(False, OTHER), "was altered"),
    "another unit": (ticket_of(False, unit="WB-9999"), "for unit 'WB-9999'"),
    "the other key's arm": (ticket_of(False, arm="0" * 64), "the ticket's arm"),
    "an arm that is no text": (ticket_of(False, arm=1), "64 hexadecimal digits"),
    "a short salt": (ticket_of(False, salt="0" * 30), "32 hexadecimal digits"),
    "a key in capitals": (ticket_of(False, key="A" * 64), "64 hexadecimal digits"),
    "a key of another kind": (ticket_of(False, key=None), "64 hexadecimal digits"),
    "an extra key": (ticket_of(False, more=1), "'more' is not a key of the ticket"),
    "a name that no screen shows": (ticket_of(False, trial="\u00e9"), "plain ASCII"),
    "nobody": (ticket_of(False, participant=""), "participant"),
    "no protocol": (ticket_of(False, protocol={"more": 1}), "'more' is not a key of the protocol"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_ticket_of_this_unit_is_refused_with_words(name: str) -> None:
    content, words = REFUSED[name]
    with pytest.raises(Refused) as why:
        taken(content)
    said = str(why.value).replace("baseline_therapy", "")
    assert words in said
    assert "therapy" not in said and "placebo" not in said


def test_without_a_key_or_with_keys_that_cannot_be_read_no_ticket_is_taken() -> None:
    for keys, words in ((Keys(None), "no key"), (Keys(b"?"), "cannot be read")):
        with pytest.raises(Refused, match=words):
            taken(ticket_of(True), keys)


WRONG: list[tuple[str, Any]] = [
    ("visits", 1), ("visits", 21), ("visits", 7.0), ("visits", True), ("interval_days", 0),
    ("interval_days", 61), ("window_days", -1), ("window_days", 4), ("baseline_therapy", 1),
    ("rate_after", None), ("guess", "yes"), ("ill_effects", 0), ("movements", "Bend"),
    ("movements", ["x"] * 9), ("movements", [""]), ("movements", ["x" * 17]),
    ("movements", ["\n"]), ("movements", [7]), ("movements", ["Bend", "Bend"]),
    ("movements", ["Overall"]),
]  # fmt: skip


@pytest.mark.parametrize(("key", "value"), WRONG)
def test_a_protocol_with_a_value_out_of_bounds_is_refused_by_name(key: str, value: Any) -> None:
    with pytest.raises(Refused) as why:
        enrolment.Protocol({**DEFAULT, key: value})
    assert key.rstrip("s") in str(why.value)


def test_a_protocol_that_lacks_a_key_is_refused_by_name() -> None:
    for key in enrolment.PROTOCOL_KEYS:
        table = {name: value for name, value in DEFAULT.items() if name != key}
        with pytest.raises(Refused, match=f"lacks {key}"):
            enrolment.Protocol(table)


@given(st.binary(max_size=2_000))
def test_any_bytes_are_refused_or_a_ticket(content: bytes) -> None:
    with pytest.raises(Refused):
        taken(content)


@given(st.integers(0, 10_000), st.integers(0, 255))
def test_no_byte_can_be_changed(at: int, byte: int) -> None:
    content = bytearray(ticket_of(True))
    at %= len(content) - 1  # the line's end is not sealed
    if content[at] != byte:
        content[at] = byte
        with pytest.raises(Refused):
            taken(bytes(content))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


@given(st.sampled_from(enrolment.KEYS), JSON)
def test_a_sealed_ticket_of_any_values_is_refused_with_words(key: str, value: Any) -> None:
    content = ticket_of(True)
    table = json.loads(content)["signed"]
    if value == table[key]:
        return
    table[key] = value
    inner = json.dumps(table, sort_keys=True, separators=(",", ":")).encode()
    try:
        found = taken(signed_prescription.sign(inner, TICKETS))
    except Refused as why:
        assert str(why)
        return
    assert key in ("trial", "participant") and found.masked


# -- what a protocol asks ----------------------------------------------------------------------

PROTOCOLS = st.fixed_dictionaries({
    "visits": st.integers(2, 20), "interval_days": st.just(7), "window_days": st.just(2),
    "baseline_therapy": st.booleans(), "rate_after": st.booleans(), "guess": st.booleans(),
    "ill_effects": st.booleans(),
    "movements": st.lists(st.sampled_from(MOVEMENTS), unique=True, max_size=6),
})  # fmt: skip


@given(PROTOCOLS)
def test_every_protocol_asks_each_question_of_a_visit_once(table: dict[str, Any]) -> None:
    protocol = enrolment.Protocol(table)
    for visit in range(1, protocol.visits + 1):
        before = visits.items(protocol, visit, visits.BEFORE)
        after = visits.items(protocol, visit, visits.AFTER)
        pain = tuple(range(1 + len(protocol.movements)))
        assert before[: len(pain)] == pain
        therapy = visits.has_therapy(protocol, visit)
        assert set(pain) <= set(after) or not (therapy and protocol.rate_after)
        both = before + after
        assert both.count(visits.EFFECT) == protocol.ill_effects
        assert both.count(visits.GUESS) == (protocol.guess and visit == protocol.visits)
        assert therapy or not after
        for stage in (visits.THERAPY, visits.CLOSED):
            assert visits.items(protocol, visit, stage) == ()
