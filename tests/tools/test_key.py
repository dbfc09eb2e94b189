"""`waistband key`: a key that others may not read, and what the unit keeps of it."""

import os
import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firmware.records import mac
from firmware.records.keys import Keys
from sim.common.errors import BadInput
from tests.support.command import Waistband, files
from tools.prescription import keyfile


def make_key(waistband: Waistband, *more: str) -> str:
    """A new key file; its digits."""
    assert waistband("key", "new", "-o", "unit.key", *more).code == 0
    return keyfile.read("unit.key").secret.hex()


def test_a_new_key_is_32_random_bytes_for_its_owner_alone(waistband: Waistband) -> None:
    old = os.umask(0)
    try:
        first = make_key(waistband, "--unit", "WB-0001")
    finally:
        os.umask(old)
    assert len(first) == 64
    assert stat.S_IMODE(os.stat("unit.key").st_mode) == 0o600
    assert keyfile.read("unit.key").unit == "WB-0001"
    os.remove("unit.key")
    assert make_key(waistband) != first
    assert keyfile.read("unit.key").unit is None


def test_a_key_is_never_written_over(waistband: Waistband) -> None:
    digits = make_key(waistband)
    code, out, err = waistband("key", "new", "-o", "unit.key")
    assert (code, out) == (2, "")
    assert err == "waistband: unit.key: is there already: a key is never written over\n"
    assert keyfile.read("unit.key").secret.hex() == digits
    assert waistband("key", "install", "unit.key", "-o", "unit.key").code == 2
    assert keyfile.read("unit.key").secret.hex() == digits


def test_what_is_installed_are_the_keys_that_the_unit_reads(waistband: Waistband) -> None:
    digits = make_key(waistband)
    code, out, err = waistband("key", "install", "unit.key", "-o", "keys.json")
    content = Path("keys.json").read_bytes()
    assert (code, err) == (0, "") and stat.S_IMODE(os.stat("keys.json").st_mode) == 0o600
    keys = Keys(content)
    root = bytes.fromhex(digits)
    assert not keys.broken and (keys.key, keys.number) == (0, 0)
    assert keys.prescription == mac.derive_key(root, b"prescription")
    assert keys.journal == mac.derive_key(root, b"journal")
    assert digits not in content.decode()
    for secret in (digits, keys.prescription.hex(), keys.journal.hex()):
        assert secret not in out


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o777])
def test_a_key_that_others_may_read_is_refused(waistband: Waistband, mode: int) -> None:
    digits = make_key(waistband)
    os.chmod("unit.key", mode)
    code, out, err = waistband("key", "install", "unit.key", "-o", "keys.json")
    assert (code, out, files()) == (2, "", ["unit.key"])
    assert err == (
        f"waistband: unit.key: others may read this key (mode {mode:o}): run chmod 600 on it\n"
    )
    assert digits not in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["key", "new"], "Missing option"),
        (["key", "new", "-o", "none/a"], "none/a: cannot be written: No such file"),
        (["key", "new", "-o", "a", "--unit", ""], "--unit is ''"),
        (["key", "new", "-o", "a", "--unit", "\u00e9"], "--unit is"),
        (["key", "install", "none", "-o", "keys.json"], "none: there is no such file"),
        (["key", "install", ".", "-o", "keys.json"], ".: is a directory, not a file"),
        (["key", "install", "short.toml", "-o", "keys.json"], "short.toml: is no key file"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(
    waistband: Waistband, arguments: list[str], said: str
) -> None:
    os.chmod("short.toml", 0o600)
    code, out, err = waistband(*arguments)
    assert (code, out, files()) == (2, "", [])
    assert err.startswith("waistband: ") and said in err and err.count("\n") == 1


SECRET = bytes(range(100, 132)).hex()
SHAPES = (
    '"%s"', '{"%s": 1, "%s": 2}', '{"key": "%s"}', '{"key": "%s", "unit": 5}', "%s", '["%s"]',
    '{"key": "%s", "unit": "a', '{"key": "%sg", "unit": null}', '{"unit": "%s", "key": null}',
)  # fmt: skip
FILLED = [shape.replace("%s", SECRET).encode() for shape in SHAPES]


@given(st.one_of(st.binary(max_size=200), st.sampled_from(FILLED)))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_message_quotes_what_a_key_file_holds(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "key"
    path.write_bytes(content)
    os.chmod(path, 0o600)
    with pytest.raises(BadInput) as why:
        keyfile.read(str(path))
    assert SECRET[:8] not in str(why.value)
    assert "is no key file, or was altered" in str(why.value)


def test_a_key_is_not_shown_by_what_holds_it() -> None:
    assert repr(keyfile.Key(bytes.fromhex(SECRET), "WB-0001")) == "Key(unit='WB-0001')"
