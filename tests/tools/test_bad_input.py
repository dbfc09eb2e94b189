"""Hostile files: whatever stands in a scenario or a prescription, one line says what is wrong."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hal.boards import RPI_PICO
from sim.common.default_prescription import DEFAULT
from sim.common.errors import BadInput, one_line
from sim.common.validate import FILE_MAX_BYTES
from sim.faults.catalogue import FAULTS
from sim.scenario.scenario import check_prescription, load, load_prescription, parse

VALID_TOML = """\
seed = 7
duration_s = 2400.5
prescription = "default"
start = { ambient_c = 23.0, battery_pct = 80, worn = true, clock = 1073741000 }

[[event]]
at_s = 10
press = "START"
hold_ms = 1500

[[event]]
at_s = 300
fault = "ntc_drift"
pad = "A"
value = 1.5
for_s = 20

[[event]]
at_s = 301
fault = "led_open"
pad = "B"
value = 810

[[event]]
at_s = 400
fault = "button_stuck"
button = "UP"

[[event]]
at_s = 500
ambient_c = 31
"""
PULSED = {"mode": "pulse", "rate_hz": 1000}
GATED = {"mode": "gated", "rate_hz": 10, "on_ms": 60}
VALID_JSON = [json.dumps(DEFAULT | {"light": light}) for light in (DEFAULT["light"], PULSED, GATED)]

Reader = Callable[[str], object]


def only_bad_input(read: Callable[[], object], *names: str) -> str | None:
    """Read; a refusal must be one line that names the file. Returns it."""
    try:
        read()
    except BadInput as why:
        said = str(why)
        assert said.isprintable()
        assert any(said.startswith(name) for name in names), said
        return said
    return None


def read_scenario(text: str) -> str | None:
    return only_bad_input(lambda: parse(text, "night.toml", Path("/nowhere")), "night.toml", "/")


def check(prescription: dict[str, object], where: str) -> None:
    check_prescription(prescription, where, RPI_PICO)


def read_prescription(text: str | bytes, path: Path) -> str | None:
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    return only_bad_input(lambda: check(load_prescription(path), str(path)), str(path))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bad") / "dose.json"


@given(st.binary(max_size=400))
def test_random_bytes_as_a_scenario(place: Path, data: bytes) -> None:
    place.write_bytes(data)
    assert only_bad_input(lambda: load(str(place)), str(place))


@given(st.binary(max_size=400))
def test_random_bytes_as_a_prescription(place: Path, data: bytes) -> None:
    assert read_prescription(data, place)


@given(st.text(max_size=400))
@example("a = 1979-05-27T07:32:00-25:00")
@example("a = " + "9" * 900)
@example("duration_s = 0x" + "f" * 900)
@example("\u2028 = 1\x85\x00")
def test_random_text_as_a_scenario(text: str) -> None:
    assert read_scenario(text)


@given(st.text(max_size=400))
@example("[" * 30_000)
@example('{"name": ' * 900 + "1" + "}" * 900)
@example('{"a": 1, "a": 2}')
@example('{"\\ud800": 1, "name": "\\ud800"}')
@example('{"name": ' + "9" * 5000 + "}")
@example("NaN")
def test_random_text_as_a_prescription(place: Path, text: str) -> None:
    assert read_prescription(text, place)


@st.composite
def mutated(draw: st.DrawFn, text: str) -> str:
    """The text with up to four stretches cut out, doubled, or written over."""
    pieces = st.one_of(
        st.text(max_size=6),
        st.sampled_from(["nan", "-inf", "1e999", "true", "null", "[", "{", "]]", '"', "\n", "="]),
    )
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 12)))
        middle = draw(st.one_of(pieces, st.just(text[start:end] * 2)))
        text = text[:start] + middle + text[end:]
    return text


@given(mutated(VALID_TOML))
def test_a_scenario_with_stretches_of_it_changed(text: str) -> None:
    read_scenario(text)


@given(st.sampled_from(VALID_JSON).flatmap(mutated))
def test_a_prescription_with_stretches_of_it_changed(place: Path, text: str) -> None:
    read_prescription(text, place)


SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20),
    st.integers(10**300, 10**400), st.sampled_from([0, 1, -1, 2**32, 1e308, 5e-324, -0.0]),
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)
PLACES: list[tuple[str, ...]] = [
    *((key,) for key in DEFAULT), ("light", "mode"), ("light", "rate_hz"), ("light", "on_ms"),
    *(("irradiance_mw_cm2", nm) for nm in ("810", "1060", "1200")), ("more",),
]  # fmt: skip


@given(st.sampled_from(VALID_JSON), st.sampled_from(PLACES), VALUES)
def test_any_value_at_any_key_of_a_prescription(
    place: Path, text: str, keys: tuple[str, ...], value: object
) -> None:
    found = json.loads(text)
    inner = found
    for key in keys[:-1]:
        inner = inner[key]
    inner[keys[-1]] = value
    read_prescription(json.dumps(found), place)


def toml(value: object) -> str:
    """A value as TOML writes it."""
    if isinstance(value, bool) or value is None:
        return "true" if value else "false"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)} = {toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, str):
        return json.dumps(value).replace("\x7f", "\\u007f")
    return repr(value)


TOP = ("seed", "duration_s", "prescription", "start", "event", "more")
START = ("ambient_c", "battery_pct", "worn", "perfusion", "vasodilation", "fat_mm", "air_w_m2k",
         "clock", "spot", "person", "contact_w_m2k", "back_m2k_w", "light_mm", "more")  # fmt: skip
IN_EVENT = ("at_s", "press", "fault", "worn", "ambient_c", "perfusion", "air_w_m2k", "hold_ms",
            "pad", "value", "for_s", "button", "more")  # fmt: skip


@given(st.sampled_from(TOP), VALUES)
def test_any_value_at_any_key_of_a_scenario(key: str, value: object) -> None:
    head = {} if key == "duration_s" else {"duration_s": 60}
    read_scenario("".join(f"{k} = {toml(v)}\n" for k, v in (head | {key: value}).items()))


@given(st.sampled_from(START), VALUES)
def test_any_value_at_any_key_of_the_start(key: str, value: object) -> None:
    read_scenario(f"duration_s = 60\nstart = {toml({key: value})}")


@given(
    st.dictionaries(
        st.sampled_from(IN_EVENT),
        st.one_of(VALUES, st.sampled_from([*FAULTS, "START", "A", 810, 10, True])),
        max_size=6,
    )
)
def test_any_values_at_any_keys_of_an_event(event: dict[str, object]) -> None:
    read_scenario(f"duration_s = 60\nevent = [{toml(event)}]")


@pytest.mark.parametrize("read", [load, load_prescription])
class TestAFileThat:
    """What both readers say of files that hold nothing to read."""

    def said(self, read: Reader, path: object) -> str:
        with pytest.raises(BadInput) as why:
            read(str(path))
        assert str(why.value).isprintable()
        return str(why.value)

    def test_is_ten_megabytes_of_zeros(self, read: Reader, tmp_path: Path) -> None:
        path = tmp_path / "zeros"
        with open(path, "wb") as file:
            file.truncate(10_000_000)
        assert self.said(read, path) == f"{path}: is larger than 64 KiB, the most that is read"

    def test_never_ends(self, read: Reader) -> None:
        if not os.path.exists("/dev/zero"):
            pytest.skip("this system has no /dev/zero")
        assert "larger than 64 KiB" in self.said(read, "/dev/zero")

    def test_is_not_there(self, read: Reader, tmp_path: Path) -> None:
        assert self.said(read, tmp_path / "none") == f"{tmp_path / 'none'}: there is no such file"

    def test_is_a_directory(self, read: Reader, tmp_path: Path) -> None:
        assert self.said(read, tmp_path) == f"{tmp_path}: is a directory, not a file"

    def test_is_not_utf_8(self, read: Reader, tmp_path: Path) -> None:
        path = tmp_path / "latin"
        path.write_bytes(b"# 40 \xb0C\n")
        assert self.said(read, path) == f"{path}: is not UTF-8 text, at byte 5"

    def test_has_a_name_that_no_file_can_have(self, read: Reader) -> None:
        assert self.said(read, "a\0b\nc").startswith(r"a\x00b\nc: cannot be read")
        assert "cannot be read" in self.said(read, "n" * 5000)

    def test_is_nested_without_end(self, read: Reader, tmp_path: Path) -> None:
        path = tmp_path / "deep"
        path.write_text("a = " * (read is load) + "[\n" * 30_000)
        assert self.said(read, path) == f"{path}: is nested too deeply"


@pytest.mark.parametrize(
    "text",
    [
        ".".join("a" * 30_000) + " = 1",
        "\n".join("abcdefgh"[k % 8] + ".x" * 500 + f".y{k} = 1" for k in range(60)),
        "[[event]]\n" * 6_500,
        "a = [" + "1,\n" * 20_000 + "]",
        "a = '''\n" + "''\n" * 20_000,
    ],
    ids=["a long key", "many keys", "many events", "a long list", "an open string"],
)
def test_no_scenario_of_64_kib_keeps_a_person_waiting(text: str) -> None:
    assert len(text) <= FILE_MAX_BYTES
    begun_s = time.process_time()
    assert read_scenario(text)
    assert time.process_time() - begun_s < 5


def test_a_message_stays_on_one_line_whatever_it_quotes() -> None:
    assert one_line("a\nb\x1b[31m\u2028\ud800 \N{DEGREE SIGN}C") == (
        "a\\nb\\x1b[31m\\u2028\\ud800 \N{DEGREE SIGN}C"
    )
