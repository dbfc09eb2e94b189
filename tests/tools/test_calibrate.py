"""`waistband calibrate`: measurements become a calibration, or are refused in a line."""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.core.validate import read_number
from firmware.therapy.calibration import calibration_crc, read_calibration
from firmware.waistband import Waistband as Unit
from sim.common.default_prescription import DEFAULT
from sim.common.errors import BadInput
from tests.support.command import JSON, Waistband, files
from tests.support.fake_hal import BOARD, FakeHal
from tools.commands.calibrate import read_measures
from tools.unit.calibration import ORDER, encode_calibration, make_calibration, round_numbers

MEASURES = """\
serial = "WB-0001"
date = 2026-03-01
window_cm2 = 60
ntc_offset_c = { A = 0.12, B = -0.05 }
skin_codes = { A = { air = 4096, skin = 20480 }, B = { air = 4002, skin = 20110 } }
[irradiance_mw_cm2]
A = { 810 = 9.8, 850 = 10.1, 940 = 10.0, 1060 = 9.7 }
B = { 810 = 9.9, 850 = 10.2, 940 = 9.9004, 1060 = 9.8 }
"""


@pytest.fixture(autouse=True)
def there(waistband: Waistband) -> None:
    Path("m.toml").write_text(MEASURES, encoding="utf-8")


def test_what_was_measured_becomes_a_calibration_that_unlocks_a_unit(waistband: Waistband) -> None:
    ended = waistband("calibrate", "m.toml", "-o", "calibration.json")
    assert ended == (0, "Wrote calibration.json: unit WB-0001, measured 2026-03-01\n", "")
    table = json.loads(Path("calibration.json").read_text())
    full, offsets = read_calibration(table, BOARD)
    assert full == [[9_800, 10_100, 10_000, 9_700], [9_900, 10_200, 9_900, 9_800]]
    assert offsets == (120, -50)
    assert not Unit(FakeHal(), BOARD, table, DEFAULT).session.locked
    table["irradiance_mw_cm2"]["A"]["810"] = 9.9
    assert "altered" in (Unit(FakeHal(), BOARD, table, DEFAULT).session.locked or "")


def test_options_stand_over_the_file_and_json_is_as_good(waistband: Waistband) -> None:
    table = json.loads(json.dumps(read_measures("m.toml")))
    del table["serial"], table["date"]
    Path("m.json").write_text(json.dumps(table), encoding="utf-8")
    ended = waistband(
        "calibrate", "m.json", "-o", "c.json", "--serial", "X-9", "--date", "2026-02-03"
    )
    assert (ended.code, ended.err) == (0, "")
    made_of = json.loads(Path("c.json").read_text())
    assert (made_of["serial"], made_of["date"]) == ("X-9", "2026-02-03")
    read_calibration(made_of, BOARD)


TOMORROW = (date.today() + timedelta(2)).isoformat()
NONSENSE = {
    # what is written: (instead of, what is said)
    "A = { 810 = 98": ("A = { 810 = 9.8", "irradiance_mw_cm2.A.810 is 98"),
    "A = { 810 = 12.6": ("A = { 810 = 9.8", "irradiance_mw_cm2.A.810 is 12.6: a number from 0.5"),
    "A = { 810 = 4.9": ("A = { 810 = 9.8", "irradiance_mw_cm2.A.810 is 4.9: from 5 to 12.5 mW/cm2"),
    "A = { 810 = nan": ("A = { 810 = 9.8", "irradiance_mw_cm2.A.810 is nan"),
    "A = { 820 = 9.8": ("A = { 810 = 9.8", "'820' is not a key of irradiance_mw_cm2.A"),
    "A = { 850 = 1, 9": ("A = { 810 = 9.8, 850 = 10.1, 9", "irradiance_mw_cm2.A lacks 810"),
    "window_cm2 = 600": ("window_cm2 = 60", "window_cm2 is 600: a number from 1 to 400 cm2"),
    "window_cm2 = 6": ("window_cm2 = 60", "window_cm2 is 6: within a half of this board's 60"),
    "ntc_offset_c = { A = 12": ("ntc_offset_c = { A = 0.12", "ntc_offset_c.A is 12: a number"),
    "date = 2026-02-31": ("date = 2026-03-01", "is not TOML"),
    'date = "1 March"': (
        "date = 2026-03-01",
        "date is 1 March: a day from 2020 to today, as YYYY-MM-DD",
    ),
    "date = 1999-03-01": ("date = 2026-03-01", "date is 1999-03-01: a day from 2020 to today"),
    f"date = {TOMORROW}": ("date = 2026-03-01", f"date is {TOMORROW}: a day from 2020"),
    'serial = ""': ('serial = "WB-0001"', "serial is '': 1 to 40 characters of plain ASCII"),
    "serial = 1": ('serial = "WB-0001"', "serial is 1: 1 to 40 characters"),
    "": ('serial = "WB-0001"\n', "lacks serial: it needs serial, date"),
    'crc32 = "0"\nserial = "A"': ('serial = "WB-0001"', "'crc32' is not a key"),
}


@pytest.mark.parametrize("wrong", NONSENSE)
def test_nonsense_is_refused_with_the_key_and_nothing_is_written(
    wrong: str, waistband: Waistband
) -> None:
    right, said = NONSENSE[wrong]
    assert right in MEASURES
    Path("m.toml").write_text(MEASURES.replace(right, wrong, 1), encoding="utf-8")
    ended = waistband("calibrate", "m.toml", "-o", "c.json")
    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert ended.err.startswith("waistband: m.toml: ") and said in ended.err
    assert files() == ["m.toml"]


OPTIONS = {
    "none.toml -o c.json": "none.toml: there is no such file",
    "m.toml -o c.json --device a0": "--output with --device: name one place",
    "m.toml -o c.json --board NONE": "board 'NONE': there is no such file in hal/boards",
    "m.toml -o c.json --board ../x": "there is no such file in hal/boards",
    "m.toml -o c.json --board EXAMPLE_1200NM": "is not a key of irradiance_mw_cm2.A",
    "m.toml -o none/c.json": "none/c.json: cannot be written",
    "m.toml --device id:nobody": "no port has this serial number",
}


@pytest.mark.parametrize("options", OPTIONS)
def test_options_that_cannot_be_are_refused(options: str, waistband: Waistband) -> None:
    ended = waistband("calibrate", *options.split())
    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert OPTIONS[options] in ended.err
    assert files() == ["m.toml"]


@given(
    st.sampled_from(["serial", "date", "window_cm2", "irradiance_mw_cm2", "ntc_offset_c", "A"]),
    JSON,
)
def test_any_value_at_any_key_is_a_sealed_calibration_or_a_line(key: str, value: Any) -> None:
    table: dict[str, Any] = {**read_measures("m.toml"), key: value}
    Path("any.json").write_text(json.dumps(table), encoding="utf-8")
    try:
        found = make_calibration(read_measures("any.json"), BOARD, "any.json")
    except BadInput as why:
        assert str(why).startswith("any.json: ") and str(why).isprintable()
        return
    read_calibration(json.loads(json.dumps(found)), BOARD)


@given(st.floats(1, 400), st.floats(0.5, 12.5), st.floats(-2, 2), st.integers(0, 16_384))
def test_the_file_is_the_calibration_as_json_a_value_a_line(
    window: float, bank: float, offset: float, air: int
) -> None:
    table: dict[str, Any] = {
        "crc32": "00ff", "ntc_offset_c": {"B": offset, "A": -0.0}, "serial": 'W"\\',
        "irradiance_mw_cm2": {"A": {"1060": bank, "810": 10.0}}, "window_cm2": window,
        "skin_codes": {"A": {"skin": 60_000, "air": air}},
    }  # fmt: skip
    table = cast("dict[str, Any]", round_numbers(table))
    text = encode_calibration(table).decode()
    assert json.loads(text) == table
    assert list(json.loads(text)) == sorted(table, key=ORDER.index)
    assert list(json.loads(text)["irradiance_mw_cm2"]["A"]) == ["810", "1060"]
    assert text == json.dumps(json.loads(text), indent=1) + "\n"


def on_chip(value: float, low: float) -> int:
    """`firmware.therapy.prescription.number` in the chip's 32-bit floats."""
    single = np.float32
    whole = int(single(value) * single(1000) - single(low) * single(1000) + single(0.5))
    return whole + int(single(low) * single(1000))


@given(st.floats(1, 400), st.floats(0.5, 12.5), st.floats(-2, 2))
def test_thousandths_come_out_alike_in_the_chips_short_floats(
    window: float, bank: float, offset: float
) -> None:
    for value, low, high in ((window, 1, 400), (bank, 0.5, 12.5), (offset, -2, 2)):
        short: Any = round_numbers(value)
        assert on_chip(short, low) == read_number("x", short, low, high, "")


# -- on a unit ---------------------------------------------------------------------------------


def test_a_unit_gets_it_whole_and_a_second_one_only_with_replace(
    vm_folder: Path, waistband: Waistband
) -> None:
    from tests.support.unit_on_vm import Flash
    from tools.commands import calibrate

    flash = Flash(vm_folder, {"main.py": b"1\n"})

    def calibrated(*options: str) -> Any:
        vm = flash.vm()
        try:
            return waistband("calibrate", "m.toml", "--device", f"port:{vm.port.name}", *options)
        finally:
            vm.cut()

    assert calibrated().out.endswith("unit WB-0001, measured 2026-03-01; the unit runs again\n")
    first = flash.files()["calibration.json"]
    read_calibration(json.loads(first), BOARD)
    assert calibrated().code == 0  # the same once more is no other
    Path("m.toml").write_text(MEASURES.replace("9.8", "9.7", 1), encoding="utf-8")
    refused = calibrated()
    assert refused.code == 2 and "is calibrated already (WB-0001, 2026-03-01)" in refused.err
    assert flash.files()["calibration.json"] == first
    assert calibrated("--replace").code == 0
    assert json.loads(flash.files()["calibration.json"])["irradiance_mw_cm2"]["A"]["810"] == 9.7
    assert set(flash.files()) == {"main.py", "calibration.json"}
    flash = Flash(vm_folder, {"main.py": b"1\n", "board.txt": b"EXAMPLE_1200NM\n"})
    assert "is not a key of irradiance_mw_cm2.A" in calibrated().err
    assert calibrate.FILE not in flash.files()


def test_the_crc_is_that_of_the_values_in_thousandths() -> None:
    import binascii

    table: dict[str, Any] = dict(read_measures("m.toml"))
    said = "WB-0001 2026-03-01 60000 9800 10100 10000 9700 9900 10200 9900 9800 120 -50"
    said += " 4096 20480 4002 20110"
    expected = binascii.crc32("\n".join(said.split(" ")).encode())
    assert calibration_crc(table, BOARD) == f"{expected:08x}"
