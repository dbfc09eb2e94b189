"""`waistband prescribe`: what it writes the unit takes, and what it signs only the right one."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firmware.records import mac, signed_prescription
from firmware.records.keys import Keys
from firmware.therapy.prescription import Refused
from hal.boards import RPI_PICO
from sim.common.default_prescription import DEFAULT
from sim.common.errors import BadInput
from tests.support.command import Waistband, files
from tests.support.journals import KEY, OTHER
from tools.common.words import NOT_KNOWN
from tools.prescription import file, keyfile

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
    assert file.read(name, RPI_PICO).asked == DEFAULT
    options = ["--fluence", "6", "--bank", "850=5", "--light", "gated", "--rate-hz", "12.5",
               "--on-ms", "40", "--name", "ankle, cold", "--max-min", "20"]  # fmt: skip
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
        (["--fluence", "91"], "fluence_j_cm2 is 91: a number from 0.1 to 90.0 J/cm2"),
        (["--set-point", "41"], "set_point_c is 41: a number from 38.0 to 40.5 C"),
        (["--bank", "850=x"], "--bank 850 is 'x': a number of mW/cm2"),
        (["--bank", "1200=1"], "--bank is '1200=1': NM=mW/cm2"),
        (["--bank", "850=nan"], "irradiance_mw_cm2.850 is nan"),
        (["--light", "gated"], "light lacks rate_hz"),
        (["--light", "gated", "--rate-hz", "11", "--on-ms", "20"], "gated rates are 50/n Hz"),
        (["--name", ""], "name is ''"),
        (["--rate-hz", "100"], "'rate_hz' is not a key of light"),
    ],
)
def test_what_the_unit_would_refuse_is_not_written(
    waistband: Waistband, options: list[str], said: str
) -> None:
    code, out, err = waistband("prescribe", "new", "-o", "a.toml", *options)
    assert (code, out, files()) == (2, "", [])
    assert err.startswith("waistband: ") and said in err and err.count("\n") == 1


def test_what_is_signed_is_taken_by_the_one_unit_byte_for_byte(waistband: Waistband) -> None:
    write_key()
    waistband("prescribe", "new", "-o", "a.toml")
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
    Path("p.json").write_bytes(content.replace(b'"fluence_j_cm2":9', b'"fluence_j_cm2":8'))
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
        "default: 0.5 J/cm2 a pad, CW, 10 mW/cm2", "810 nm 0.12", "would take 0.8 min",
        "On ordinary skin: lit for", "On 30 mm of fat, no vasodilation: lit for",
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
