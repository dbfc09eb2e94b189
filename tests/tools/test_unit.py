"""`key install`, `prescribe push`, `journal pull` on a unit at its prompt: the VM on littlefs."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from firmware.records import mac
from firmware.records.keys import FILE, Keys
from hal.boards import RPI_PICO
from sim.common.default_prescription import DEFAULT
from sim.run import nominal_calibration, seal_for
from tests.support.command import Ended, Waistband, files
from tests.support.journals import KEY, OTHER, unit_journal
from tests.tools.test_prescribe import write_key
from tools.prescription import file, keyfile

CALIBRATION = nominal_calibration(RPI_PICO)
SERIAL = CALIBRATION["serial"]
KEYS = keyfile.render_unit_keys(KEY)


@pytest.fixture
def on_unit(vm_folder: Path, waistband: Waistband) -> Callable[..., tuple[Ended, dict[str, bytes]]]:
    """Run a command on a unit that holds these files; how it ended, and what it holds then."""
    from tests.support.unit_on_vm import Flash

    def run(held: dict[str, bytes], *words: str) -> tuple[Ended, dict[str, bytes]]:
        flash = Flash(vm_folder, {"main.py": b"1\n", **held})
        vm = flash.vm()
        try:
            ended = waistband(*words, "--device", f"port:{vm.port.name}")
        finally:
            vm.cut()
        left = flash.files()
        assert left.pop("main.py") == b"1\n"
        return ended, left

    return run


def calibrated(**more: bytes) -> dict[str, bytes]:
    """A unit's files."""
    calibration = seal_for(CALIBRATION, RPI_PICO, more.get(FILE))
    return {"calibration.json": json.dumps(calibration).encode(), **more}


def test_a_key_goes_onto_a_unit_and_over_another_only_with_replace(on_unit: Any) -> None:
    write_key(keyfile.Key(KEY.secret, SERIAL))
    write_key(keyfile.Key(OTHER.secret, SERIAL), "other.key")
    write_key(KEY, "elsewhere.key")
    ended, left = on_unit(calibrated(), "key", "install", "unit.key")
    assert (ended.code, ended.err) == (0, "") and left[FILE] == KEYS
    assert json.loads(left["calibration.json"]) == seal_for(CALIBRATION, RPI_PICO, KEYS)
    assert "its calibration of 2026-01-01 is sealed with it" in ended.out
    assert KEY.secret.hex() not in left[FILE].decode() + ended.out
    ended, after = on_unit(left, "key", "install", "other.key")
    assert ended.code == 2 and after == left and "has keys already" in ended.err
    ended, after = on_unit(left, "key", "install", "other.key", "--replace")
    assert ended.code == 0 and Keys(after[FILE]).journal == mac.derive_key(OTHER.secret, b"journal")
    ended, after = on_unit(calibrated(), "key", "install", "elsewhere.key")
    assert ended.code == 2 and FILE not in after
    assert f"is unit {SERIAL}: the key is of WB-0001" in ended.err


def test_what_a_unit_would_refuse_is_not_pushed_and_the_old_one_stays(on_unit: Any) -> None:
    asked = dict(DEFAULT, name="weaker", fluence_j_cm2=9)
    good = file.sign(asked, KEY, SERIAL, 3, "2027-01-31")
    older = Keys(KEYS)
    older.number = 4
    refused = {
        "plain.toml": ({FILE: KEYS}, b"", "is not signed"),
        "other.json": (
            {FILE: KEYS}, file.sign(asked, OTHER, SERIAL, 3, None), "was altered",
        ),
        "unit.json": (
            {FILE: KEYS}, file.sign(asked, KEY, "WB-9", 3, None), "is for unit",
        ),
        "old.json": ({FILE: older.content()}, good, "an older prescription, number 3"),
        "keyless.json": ({}, good, "the unit has no key"),
    }  # fmt: skip
    Path("plain.toml").write_bytes(file.render(asked, "plain.toml"))
    for name, (held, content, said) in refused.items():
        if content:
            Path(name).write_bytes(content)
        before = calibrated(**{"prescription.json": b"old", **held})
        ended, after = on_unit(before, "prescribe", "push", name)
        assert ended.code == 2 and said in ended.err and ended.err.count("\n") == 1
        assert "keeps its old prescription" in ended.err and after == before
    Path("good.json").write_bytes(good)
    ended, after = on_unit(calibrated(**{FILE: KEYS}), "prescribe", "push", "good.json")
    assert ended.code == 0 and after["prescription.json"] == good  # byte for byte
    assert "goes by weaker now; it needs the clock set" in ended.out
    ended, after = on_unit(calibrated(), "prescribe", "push", "plain.toml")
    assert ended.code == 0 and json.loads(after["prescription.json"]) == asked


def test_a_prescription_that_this_units_banks_cannot_give_is_refused(on_unit: Any) -> None:
    strong = dict(DEFAULT, irradiance_mw_cm2=dict.fromkeys(("810", "850", "940", "1060"), 10))
    Path("strong.json").write_text(json.dumps(strong))
    weak = nominal_calibration(RPI_PICO)
    weak["irradiance_mw_cm2"]["B"] = dict(weak["irradiance_mw_cm2"]["A"], **{"850": 8})
    from firmware.therapy.calibration import calibration_crc

    weak["crc32"] = calibration_crc(weak, RPI_PICO)
    held = {"calibration.json": json.dumps(weak).encode()}
    ended, after = on_unit(held, "prescribe", "push", "strong.json")
    assert ended.code == 2 and "850" in ended.err and after == held
    ended, _ = on_unit(calibrated(), "prescribe", "push", "strong.json")
    assert ended.code == 0
    ended, _ = on_unit({}, "prescribe", "push", "strong.json")
    assert ended.code == 2 and "its calibration: " in ended.err


def test_a_journal_is_pulled_whole_into_a_folder_of_its_own_and_verifies(
    on_unit: Any, waistband: Waistband
) -> None:
    write_key()
    held = calibrated(**unit_journal().files, **{"day.json": b"{}"})
    ended, after = on_unit(held, "journal", "pull", "pulls")
    assert (ended.code, ended.err, after) == (0, "", held)
    (pulled,) = os.listdir("pulls")
    assert pulled.startswith(f"{SERIAL}-20")
    assert {p.name: p.read_bytes() for p in Path("pulls", pulled).iterdir()} == unit_journal().files
    assert waistband("journal", "verify", "pulls", "--key", "unit.key").code == 0


def test_a_unit_without_a_journal_leaves_no_folder(on_unit: Any) -> None:
    ended, _ = on_unit(calibrated(), "journal", "pull", "pulls")
    assert ended.code == 2 and "keeps no journal yet" in ended.err
    assert os.listdir("pulls") == []


WRONG = {
    ("key", "install", "unit.key", "-o", "k.json", "--device", "a0"): "name one place",
    ("key", "install", "unit.key", "--device", "id:nobody"): "no port has this serial number",
    ("prescribe", "push", "none.json"): "none.json: there is no such file",
    ("prescribe", "push", "p.json", "--device", "port:/dev/none"): "there is no such port",
    ("journal", "pull", "p.json/x"): "p.json/x: cannot be written",
    ("journal", "pull", "pulls", "--device", "port:/dev/none"): "there is no such port",
}


@pytest.mark.parametrize("words", WRONG)
def test_what_cannot_be_is_one_line(words: tuple[str, ...], waistband: Waistband) -> None:
    write_key()
    Path("p.json").write_text(json.dumps(DEFAULT))
    ended = waistband(*words)
    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert WRONG[words] in ended.err
    assert set(files()) <= {"unit.key", "p.json", "pulls"}
