"""`waistband prescribe`: what it writes the unit takes, and what it signs only the right one."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firmware.core.validate import Refused
from firmware.records import mac, signed_prescription
from firmware.records.keys import Keys
from hal.boards import RPI_PICO
from sim.common.default_prescription import DEFAULT
from sim.common.errors import BadInput
from tests.support.command import Waistband, files
from tests.support.journals import KEY, OTHER
from tools.common.words import NOT_KNOWN
from tools.prescription import ask, file, keyfile
from tools.prescription.dose_in_words import compile_nominal

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "clinician" / "programmes"
NAMES = [str(row[0]) for row in RPI_PICO.BANKS]


def unit_keys(key: keyfile.Key = KEY, number: int = 0) -> Keys:
    """A unit's, with the number of the last prescription that it took."""
    keys = Keys(keyfile.render_unit_keys(key))
    keys.number = number
    return keys


def write_key(key: keyfile.Key = KEY, path: str = "unit.key") -> None:
    """A key file."""
    digits = json.dumps({"key": key.secret.hex(), "unit": key.unit}).encode()
    keyfile.write_private(path, digits)


@pytest.mark.parametrize("name", ["a.toml", "a.json"])
def test_a_new_prescription_is_the_default_but_for_what_was_asked(
    waistband: Waistband, name: str
) -> None:
    assert waistband("prescribe", "new", "-o", name).code == 0
    assert file.read(name, RPI_PICO).asked == DEFAULT | {"name": "a"}
    options = ["--fluence", "6", "--bank", "850=5", "--light", "gated", "--rate-hz", "12.5",
               "--force", "--on-ms", "40", "--name", "ankle, cold", "--max-min", "20"]  # fmt: skip
    assert waistband("prescribe", "new", "-o", name, *options).code == 0
    assert file.read(name, RPI_PICO).asked == DEFAULT | {
        "name": "ankle, cold", "fluence_j_cm2": 6, "max_min": 20,
        "irradiance_mw_cm2": DEFAULT["irradiance_mw_cm2"] | {"850": 5},  # type: ignore[operator]
        "light": {"mode": "gated", "rate_hz": 12.5, "on_ms": 40},
    }  # fmt: skip
    code, out, _ = waistband("prescribe", "check", name)
    assert (code, out) == (0, f"{name}: 'ankle, cold' is within every limit; it is not signed\n")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--fluence", "91"], "--fluence is 91: a number from 0.1 to 90.0 J/cm2"),
        (["--set-point", "41"], "--set-point is 41: a number from 38.0 to 40.5 C"),
        (["--bank", "850=x"], "--bank 850 is 'x': a number of mW/cm2"),
        (["--bank", "1200=1"], "--bank is '1200=1': NM=mW/cm2"),
        (["--bank", "850=nan"], "--bank 850 is nan"),
        (["--irradiance", "11"], "--irradiance of bank 810 is 11"),
        (["--max-min", "0.5"], "--max-min is 0.5: a number from 1 to"),
        (["--light", "gated"], "--light lacks rate_hz"),
        (["--light", "gated", "--rate-hz", "11", "--on-ms", "20"], "--rate-hz is 11: gated rates"),
        (["--name", ""], "--name is ''"),
        (["--rate-hz", "100"], "--rate-hz is not a key of light"),
    ],
)
def test_what_the_unit_would_refuse_is_not_written(
    waistband: Waistband, options: list[str], said: str
) -> None:
    code, out, err = waistband("prescribe", "new", "-o", "a.toml", *options)
    assert (code, out, files()) == (2, "", [])
    assert err.startswith(f"waistband: {said}") and err.count("\n") == 1


def test_what_is_signed_is_taken_by_the_one_unit_byte_for_byte(waistband: Waistband) -> None:
    write_key()
    waistband("prescribe", "new", "-o", "a.toml", "--name", "default")
    arguments = ["sign", "a.toml", "--key", "unit.key", "--unit", "WB-0001", "--number", "7"]
    code, out, err = waistband("prescribe", *arguments, "--expires", "2027-01-31")
    assert (code, err) == (0, "") and KEY.secret.hex()[:8] not in out
    content = Path("prescription.json").read_bytes()
    inner = signed_prescription.payload(content)
    asked: dict[str, Any] = {"expires": "2027-01-31", "number": 7, "prescription": DEFAULT,
                             "unit": "WB-0001"}  # fmt: skip
    assert inner == json.dumps(asked, sort_keys=True, separators=(",", ":")).encode()
    assert signed_prescription.verify(content, unit_keys(), "WB-0001") == (DEFAULT, 7, 854755199)
    for keys, serial in ((unit_keys(OTHER), "WB-0001"), (unit_keys(), "WB-0002"),
                         (unit_keys(number=8), "WB-0001")):  # fmt: skip
        with pytest.raises(Refused):
            signed_prescription.verify(content, keys, serial)
    code, out, _ = waistband("prescribe", "check", "prescription.json", "--key", "unit.key")
    assert code == 0 and "number 7, good to the end of 2027-01-31; sealed with this key" in out
    assert "its seal was not checked" in waistband("prescribe", "check", "prescription.json").out


def test_an_altered_or_rewritten_signed_file_is_refused(waistband: Waistband) -> None:
    write_key()
    content = file.sign(dict(DEFAULT), KEY, "WB-0001", 1, None)
    Path("p.json").write_bytes(content.replace(b'"fluence_j_cm2":6', b'"fluence_j_cm2":8'))
    code, _, err = waistband("prescribe", "check", "p.json", "--key", "unit.key")
    assert code == 2 and "was altered" in err
    Path("p.json").write_text(json.dumps(json.loads(content), indent=1))
    code, _, err = waistband("prescribe", "check", "p.json", "--key", "unit.key")
    assert code == 2 and "was written anew since it was signed" in err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--number", "0"], "--number is 0: a whole number from 1"),
        (["--number", "1073741824"], "--number is 1073741824"),
        (["--expires", "2027-02-30"], "--expires is '2027-02-30': a date YYYY-MM-DD"),
        (["--expires", "tomorrow"], "--expires is 'tomorrow'"),
        (["--unit", ""], "--unit is ''"),
        (["--unit", "WB-0002"], "unit.key: is the key of unit WB-0001, not of WB-0002"),
        (["-o", "a.toml"], "a.toml: is the prescription itself"),
        (["-o", "none/a"], "none/a: cannot be written"),
        (["--key", "none"], "none: there is no such file"),
    ],
)
def test_what_cannot_be_signed_is_not(waistband: Waistband, options: list[str], said: str) -> None:
    write_key()
    Path("a.toml").write_bytes(file.render(dict(DEFAULT), "a.toml"))
    all_options = {"--key": "unit.key", "--unit": "WB-0001", "--number": "1"}
    all_options |= dict([options])
    arguments = [word for pair in all_options.items() for word in pair]
    code, out, err = waistband("prescribe", "sign", "a.toml", *arguments)
    assert (code, out, files()) == (2, "", ["a.toml", "unit.key"])
    assert said in err and err.count("\n") == 1


def test_a_prescription_is_told_in_words(waistband: Waistband) -> None:
    waistband("prescribe", "new", "-o", "a.toml", "--fluence", "0.5")
    code, out, err = waistband("prescribe", "explain", "a.toml")
    assert (code, err) == (0, "")
    for words in (
        "a: 0.5 J/cm2 a pad, CW, 10 mW/cm2", "810 nm 0.12", "would take 0.8 min",
        "On ordinary skin at 18 C: lit for",
        "On 30 mm of fat, no vasodilation, at 30 C: lit for", "Step 1: ", "its dose ends it",
        "peak is 40 mW/cm2", "0.5 J (WALT", "For a report: LEDs of 810, 850, 940, 1060 nm",
        "the dose was reached", "check and ramp 0.17", "sessions a charge", "IEC 60601-1",
        NOT_KNOWN,
    ):  # fmt: skip
        assert words in out


EDGES: list[object] = [0, 1, -1, 0.1, 1e-9, 1e308, True, None, "a", [], {}, 12.5, 3, 40.5]


@given(
    asked=st.fixed_dictionaries({
        "name": st.text(" !#+-.0123456789=ABCxyz{}~\"\\", min_size=1, max_size=40),
        "irradiance_mw_cm2": st.fixed_dictionaries(
            {nm: st.one_of(st.just(0), st.floats(0.1, 12.5), st.integers(1, 10)) for nm in NAMES}),
        "fluence_j_cm2": st.floats(0.1, 90), "max_min": st.floats(1, 40),
        "set_point_c": st.floats(38, 40.5),
        "light": st.sampled_from([{"mode": "cw"}, {"mode": "pulse", "rate_hz": 2_000}]),
    }),
    number=st.integers(1, 2**30 - 1), expires=st.sampled_from([None, "2028-02-29"]),
)  # fmt: skip
@settings(suppress_health_check=list(HealthCheck))
def test_whatever_is_within_limits_is_sealed_and_comes_back_the_same(
    tmp_path: Path, asked: dict[str, Any], number: int, expires: str | None
) -> None:
    for name in ("a.toml", "a.json"):
        path = str(tmp_path / name)
        Path(path).write_bytes(file.render(asked, path))
        try:
            found = file.read(path, RPI_PICO)
        except BadInput as why:  # banks beyond their duty or their sum
            assert "mw_cm2" in str(why)
            return
        assert found.asked == asked
        content = file.sign(found.asked, KEY, "WB-0001", number, expires)
        assert signed_prescription.verify(content, unit_keys(), "WB-0001")[:2] == (asked, number)


@given(
    content=st.one_of(
        st.binary(max_size=200),
        st.dictionaries(
            st.sampled_from([*signed_prescription.KEYS, "more"]), st.sampled_from([*EDGES, DEFAULT])
        ).map(lambda table: signed_prescription.sign(json.dumps(table).encode(), b"")),
    ),
    suffix=st.sampled_from([".json", ".toml"]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_as_a_prescription_are_refused_in_one_line(
    tmp_path: Path, content: bytes, suffix: str
) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(content)
    try:
        found = file.read(str(path), RPI_PICO)
    except BadInput as why:
        assert str(why).startswith(str(path)) and str(why).isprintable()
        return
    assert found.asked == DEFAULT and found.unit is not None


def test_a_seal_that_is_not_of_the_key_is_told_by_the_unit_and_here_alike() -> None:
    content = signed_prescription.sign(b"{}", mac.derive_key(OTHER.secret, b"prescription"))
    with pytest.raises(BadInput, match="signed with another unit's key"):
        file.check_signature(content, KEY, "WB-0001")


# -- more than one step ---------------------------------------------------------------------------

TWO = """format = 2
name = "two steps"
max_min = 30
set_point_c = 39.5
sessions_a_day = 1
sessions = 12
[[step]]
irradiance_mw_cm2 = { 850 = 5 }
light = { mode = "gated", rate_hz = 10, on_ms = 60 }
pads = "A"
minutes = 4
[[step]]
irradiance_mw_cm2 = { 810 = 2.5, 940 = 2.5 }
light = { mode = "cw" }
pads = "AB"
fluence_j_cm2 = 2
"""


def test_toml_in_json_out_and_back(waistband: Waistband) -> None:
    Path("two.toml").write_text(TWO)
    code, out, err = waistband("prescribe", "new", "two.toml", "-o", "two.json")
    assert (code, err) == (0, "") and "4 min pad A, gated at 10 Hz, 5 mW/cm2; then" in out
    asked = json.loads(Path("two.json").read_text())
    assert [step["pads"] for step in asked["step"]] == ["A", "AB"]
    assert waistband("prescribe", "new", "two.json", "-o", "again.toml").code == 0
    assert file.read("again.toml", RPI_PICO).asked == asked
    assert waistband("prescribe", "check", "again.toml").code == 0


def test_a_file_is_not_written_over_unasked(waistband: Waistband) -> None:
    Path("a.json").write_text("mine")
    code, out, err = waistband("prescribe", "new", "-o", "a.json")
    assert (code, out) == (2, "") and "give --force" in err
    assert Path("a.json").read_text() == "mine"
    assert waistband("prescribe", "new", "-o", "a.json", "--force").code == 0


def test_questions_on_a_terminal_make_a_prescription_that_the_unit_takes() -> None:
    answers = iter([
        "back", "39.5", "2", "",
        "2.5", "", "99", "0",  # a bank of 99 is refused, and the banks asked for again
        "2.5", "", "2,5", "0", "B", "gated", "11", "60", "gated", "10", "60", "4 min", "y",
        "0", "5", "0", "0", "", "", "3", "n", "2", "30",
    ])  # fmt: skip
    asked = ask.read_answers("x", RPI_PICO, lambda _: next(answers))
    assert next(answers, None) is None
    assert (asked["name"], asked["set_point_c"], asked["sessions_a_day"]) == ("back", 39.5, 2)
    assert "sessions" not in asked and asked["max_min"] == 30
    assert asked["step"] == [
        {"irradiance_mw_cm2": {"810": 2.5, "940": 2.5}, "pads": "B", "minutes": 4,
         "light": {"mode": "gated", "rate_hz": 10, "on_ms": 60}},
        {"irradiance_mw_cm2": {"850": 5}, "pads": "AB", "fluence_j_cm2": 3,
         "light": {"mode": "cw"}},
    ]  # fmt: skip
    compile_nominal(asked, RPI_PICO)


def test_without_a_terminal_nothing_is_asked(waistband: Waistband) -> None:
    code, _, err = waistband("prescribe", "new", "--ask", "-o", "a.json")
    assert code == 2 and "--ask: needs a terminal" in err and files() == []


def test_explain_says_for_each_step_what_binds_and_ends_with_the_reports_sentence(
    waistband: Waistband,
) -> None:
    Path("two.toml").write_text(TWO)
    code, out, err = waistband("prescribe", "explain", "two.toml")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert any("Step 1: 4.0 min, its minutes end it; on average A 4.2" in line for line in lines)
    assert any("Step 2: " in line and "its dose ends it" in line for line in lines)
    assert "the emitters' peak is 20 mW/cm2, 2.5 uJ/cm2 a pulse" in out
    assert "A 3.2, B 2 J/cm2, which is A 192 J, B 120 J over 60 cm2" in out
    assert "The course: 12 sessions, 38.4 J/cm2" in out and "heat" not in out
    assert lines[-1].startswith("For a report: ") and lines[-1].endswith("at most 1 a day.")


@pytest.mark.parametrize("path", sorted(Path(EXAMPLES).glob("*.toml")), ids=lambda path: path.stem)
def test_the_named_programmes_are_within_every_limit(path: Path) -> None:
    course = compile_nominal(file.read(str(path), RPI_PICO).asked, RPI_PICO)
    assert course.name and course.a_day == 1


def test_there_is_a_plain_programme_one_in_sequence_and_one_of_each_wavelength() -> None:
    names = {path.stem for path in Path(EXAMPLES).glob("*.toml")}
    assert names == {"plain", "rates", *[f"nm{nm}" for nm in NAMES]}
