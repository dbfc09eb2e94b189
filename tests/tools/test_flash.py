"""`waistband flash`: what is in the file that it makes, where it goes, and what it refuses."""

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("littlefs", reason="littlefs-python is not installed: pip install -e '.[pin]'")
pytest.importorskip("uf2utils", reason="uf2utils is not installed: pip install -e '.[pin]'")

from littlefs import LittleFS

from hal.boards import RPI_PICO
from sim.common.default_prescription import DEFAULT
from sim.driver_depth.flash import SECTOR, SECTORS
from sim.pin_depth import flash
from sim.run import nominal_calibration
from tests.pin.test_emulated_flash import BANNER, uf2
from tests.support.command import Waistband
from tests.support.journals import KEY
from tests.tools.test_prescribe import write_key
from tools.commands import flash as flash_command
from tools.prescription import file, keyfile

INFO = "UF2 Bootloader v3.0\nModel: Raspberry Pi RP2\nBoard-ID: {}\n"


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A UF2 that says it is MicroPython for the Pico."""
    path = tmp_path / "base.uf2"
    path.write_bytes(uf2(BANNER.ljust(700, b"z")))
    return path


def drive(folder: Path, name: str, board: str = "RPI-RP2") -> Path:
    """What a board in its bootloader shows as a drive."""
    made = folder / name
    made.mkdir(parents=True)
    (made / "INFO_UF2.TXT").write_text(INFO.format(board), encoding="ascii")
    return made


def files_of(path: Path) -> dict[str, bytes]:
    """The unit's files in a UF2, by name."""
    image = bytearray(b"\xff" * SECTOR * SECTORS)
    for address, content in flash.micropython(str(path), with_files=True):
        if address >= flash.STORAGE:
            at = address - flash.STORAGE
            image[at : at + len(content)] = content
    storage = LittleFS(block_size=SECTOR, block_count=SECTORS, mount=False)
    storage.context.buffer = image
    storage.mount()
    return flash.files_on(storage)


def test_the_file_has_micropython_as_it_was_and_the_whole_product(
    base: Path, waistband: Waistband
) -> None:
    out = base.with_name("out.uf2")
    said = waistband("flash", "--micropython", str(base), "-o", str(out)).out
    assert "MicroPython 1.28.0" in said and "locked until it is calibrated" in said
    blocks = flash.micropython(str(out), with_files=True)
    assert blocks[:3] == flash.micropython(str(base))
    assert [address for address, _ in blocks[3:]] == list(
        range(flash.STORAGE, flash.FLASH_END, flash.PAGE)
    )
    files = files_of(out)
    assert {"boot.py", "main.py", "firmware/waistband.mpy", "hal/rp2_hal.mpy"} <= set(files)
    assert files["boot.py"] == (flash_command.ROOT / "boot.py").read_bytes()
    assert not {"calibration.json", "prescription.json"} & set(files)


def test_a_base_with_the_product_frozen_in_gets_the_units_own_files_alone(
    base: Path, waistband: Waistband
) -> None:
    frozen = base.with_name("frozen.uf2")
    frozen.write_bytes(uf2(BANNER + b"waistband-frozen 0.0.1 0123456789ab\0".ljust(700, b"z")))
    calibration = base.with_name("cal.json")
    calibration.write_text(json.dumps(nominal_calibration(RPI_PICO)), encoding="utf-8")
    to = ("flash", "--micropython", str(frozen), "-o", "out.uf2")
    ended = waistband(*to, "--calibration", str(calibration))
    assert "MicroPython 1.28.0 with waistband 0.0.1 0123456789ab frozen in, and 1 f" in ended.out
    assert "the frozen release is another" in ended.out
    assert set(files_of(Path("out.uf2"))) == {"calibration.json"}
    assert "locked until it is calibrated" in waistband(*to).out
    assert files_of(Path("out.uf2")) == {}


def test_a_units_own_files_go_with_it_if_the_unit_would_take_them(
    base: Path, waistband: Waistband
) -> None:
    table: dict[str, Any] = nominal_calibration(RPI_PICO)
    calibration, prescription = base.with_name("cal.json"), base.with_name("rx.json")
    calibration.write_text(json.dumps(table), encoding="utf-8")
    prescription.write_text(json.dumps(DEFAULT), encoding="utf-8")
    out = base.with_name("out.uf2")
    options = ("--calibration", str(calibration), "--prescription", str(prescription))
    said = waistband("flash", "--micropython", str(base), "-o", str(out), *options).out
    assert "locked" not in said
    assert json.loads(files_of(out)["calibration.json"]) == table
    assert json.loads(files_of(out)["prescription.json"]) == DEFAULT
    calibration.write_text(json.dumps({**table, "window_cm2": -1}), encoding="utf-8")
    ended = waistband("flash", "--micropython", str(base), "-o", str(out), *options)
    assert ended.code == 2 and "cal.json: window_cm2 is -1" in ended.err


def test_a_signed_prescription_goes_with_its_key_byte_for_byte(
    base: Path, waistband: Waistband
) -> None:
    table: dict[str, Any] = nominal_calibration(RPI_PICO)
    Path("cal.json").write_text(json.dumps(table), encoding="utf-8")
    write_key(keyfile.Key(KEY.secret, None))
    write_key(KEY, "elsewhere.key")
    sealed = file.sign(DEFAULT, KEY, table["serial"], 2, None)
    Path("rx.json").write_bytes(sealed)
    Path("plain.toml").write_bytes(file.render(DEFAULT, "plain.toml"))
    to = ("flash", "--micropython", str(base), "-o", "out.uf2", "--calibration", "cal.json")
    refused = {
        ("--prescription", "rx.json"): "the unit has no key",
        ("--prescription", "plain.toml", "--key", "unit.key"): "is not signed",
        ("--key", "elsewhere.key"): "is the key of unit WB-0001, not of",
    }
    for options, said in refused.items():
        ended = waistband(*to, *options)
        assert ended.code == 2 and said in ended.err and not Path("out.uf2").exists()
    assert waistband(*to, "--prescription", "rx.json", "--key", "unit.key").code == 0
    found = files_of(Path("out.uf2"))
    assert found["prescription.json"] == sealed
    assert found["keys.json"] == keyfile.render_unit_keys(KEY)
    uncalibrated = to[:-2]
    assert waistband(*uncalibrated, "--prescription", "rx.json", "--key", "unit.key").code == 0
    assert waistband(*uncalibrated, "--prescription", "plain.toml").code == 0
    assert json.loads(files_of(Path("out.uf2"))["prescription.json"]) == DEFAULT


def test_without_a_file_it_goes_to_the_one_board_that_waits(
    base: Path, waistband: Waistband, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        flash_command, "mounted_drives", lambda: sorted(base.parent.glob("media/*"))
    )
    ended = waistband("flash", "--micropython", str(base))
    assert ended.code == 2 and "hold BOOTSEL" in ended.err
    board = drive(base.parent, "media/RPI-RP2")
    drive(base.parent, "media/other", "RP2350")
    (base.parent / "media/stick").mkdir()
    ended = waistband("flash", "--micropython", str(base))
    assert ended.code == 0 and "the board restarts by itself" in ended.out
    assert "main.py" in files_of(board / "waistband.uf2")
    drive(base.parent, "media/RPI-RP21")
    ended = waistband("flash", "--micropython", str(base))
    assert ended.code == 2 and "2 boards" in ended.err and "--drive" in ended.err


@pytest.mark.parametrize(("board", "word"), [("RP2350", "RP2350"), ("", "no board's drive")])
def test_a_drive_that_is_not_ours_is_refused_in_a_line(
    board: str, word: str, base: Path, waistband: Waistband
) -> None:
    where = drive(base.parent, "media/d", board) if board else base.parent
    ended = waistband("flash", "--micropython", str(base), "--drive", str(where))
    assert ended.code == 2 and word in ended.err and ended.err.count("\n") == 1
    assert not (where / "waistband.uf2").exists()


def test_a_pico_2_is_refused_with_the_way_that_reaches_it(base: Path, waistband: Waistband) -> None:
    other = base.with_name("pico2.uf2")
    other.write_bytes(uf2(BANNER, family=0xE48B_FF59))
    where = drive(base.parent, "media/d", "RP2350")
    for options in (
        ("--micropython", str(other), "-o", "out.uf2"),
        ("--micropython", str(base), "-o", "out.uf2", "--board", "RPI_PICO2"),
        ("--micropython", str(base), "--drive", str(where)),
    ):
        ended = waistband("flash", *options)
        assert ended.code == 2 and ended.err.count("\n") == 1
        assert "RP2350" in ended.err and "and the product by waistband deploy" in ended.err
    assert not Path("out.uf2").exists()


def test_one_place_is_enough(base: Path, waistband: Waistband) -> None:
    ended = waistband("flash", "--micropython", str(base), "-o", "a.uf2", "--drive", ".")
    assert ended.code == 2 and "name one place" in ended.err


def test_a_base_that_has_files_of_its_own_is_refused_and_nothing_is_written(
    base: Path, waistband: Waistband
) -> None:
    out, again = base.with_name("out.uf2"), base.with_name("again.uf2")
    waistband("flash", "--micropython", str(base), "-o", str(out))
    ended = waistband("flash", "--micropython", str(out), "-o", str(again))
    assert ended.code == 2 and "files of its own" in ended.err and not again.exists()


def test_a_language_takes_the_place_of_the_english_texts(base: Path, waistband: Waistband) -> None:
    sizes = {}
    for language in ("en", "de"):
        out = base.with_name(f"{language}.uf2")
        code = waistband(
            "flash", "--micropython", str(base), "-o", str(out), "--language", language
        ).code
        assert code == 0
        files = files_of(out)
        sizes[language] = len(files)
        assert (b"Bereit" in files["firmware/ui/texts.mpy"]) == (language == "de")
    assert files["language.txt"] == b"de\n" and sizes["de"] == sizes["en"] + 1
