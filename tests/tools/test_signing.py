"""Signing: a number once, nothing that has expired, and commands that a unit obeys."""

import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.firmware.test_signed_command import ask, ready
from tests.support.command import Waistband
from tests.support.enrolled_unit import records
from tests.support.fake_hal import SHORT
from tests.support.journals import KEY
from tools.prescription import file, keyfile

SIGN = ("prescribe", "sign", "a.toml", "--key", "unit.key", "--unit", "WB-0001", "--number")


@pytest.fixture(autouse=True)
def key(waistband: Waistband) -> None:
    """A key file and a prescription in the folder."""
    digits = json.dumps({"key": KEY.secret.hex(), "unit": "WB-0001"}).encode()
    keyfile.write_private("unit.key", digits)
    Path("a.toml").write_bytes(file.render(dict(SHORT), "a.toml"))
    Path("b.toml").write_bytes(file.render({**SHORT, "fluence_j_cm2": 2}, "b.toml"))


def test_a_number_is_signed_once(waistband: Waistband) -> None:
    assert waistband(*SIGN, "3", "-o", "one.json").code == 0
    assert waistband(*SIGN, "3", "-o", "again.json").code == 0  # the same, again
    assert Path("one.json").read_bytes() == Path("again.json").read_bytes()
    other = [*SIGN, "3", "-o", "two.json"]
    other[2] = "b.toml"
    ended = waistband(*other)
    assert ended.code == 2 and not Path("two.json").exists() and ended.err.count("\n") == 1
    assert "number 3 was signed for WB-0001 on" in ended.err and "the next is 4" in ended.err
    other[other.index("3")] = "2"
    ended = waistband(*other)
    assert ended.code == 0
    assert "number 3 was signed for WB-0001: a unit that took it refuses 2" in ended.err
    other[other.index("2")] = "4"
    assert waistband(*other).err == ""
    rows = [json.loads(line) for line in Path("unit.key.signed").read_text().splitlines()]
    assert [(row["what"], row["unit"], row["number"]) for row in rows] == [
        ("prescription", "WB-0001", number) for number in (3, 2, 4)
    ]
    assert KEY.secret.hex() not in Path("unit.key.signed").read_text()


def test_a_register_that_cannot_be_read_signs_nothing(waistband: Waistband) -> None:
    Path("unit.key.signed").write_text('{"what": "prescription"}\n')
    ended = waistband(*SIGN, "3")
    assert ended.code == 2 and "unit.key.signed:1: is no line of a register" in ended.err
    assert not Path("prescription.json").exists()


def test_what_has_expired_is_not_signed_and_is_told(waistband: Waistband) -> None:
    past = (date.today() - timedelta(days=1)).isoformat()
    for day in ("2020-01-01", past):
        ended = waistband(*SIGN, "3", "--expires", day)
        assert ended.code == 2 and f"--expires is {day}: is past" in ended.err
    assert not Path("prescription.json").exists() and not Path("unit.key.signed").exists()
    assert waistband(*SIGN, "3", "--expires", date.today().isoformat()).code == 0
    Path("old.json").write_bytes(file.sign(dict(SHORT), KEY, "WB-0001", 5, past))
    ended = waistband("prescribe", "check", "old.json")
    assert ended.code == 0 and f"expired on {past}: the unit begins no session" in ended.err


def test_a_unit_obeys_the_line_that_the_command_prints(waistband: Waistband) -> None:
    words = ("key", "command", "unit.key", "clock", "2025-12-31T08:00:00", "--print", "--reason")
    ended = waistband(*words, "it was a year ahead")
    assert ended.code == 0
    bench = ready()
    assert ask(bench, ended.out.strip().encode()) == {"ok": "done and recorded"}
    (row,) = records(bench, "command")
    assert (row["number"], row["reason"]) == (1, "it was a year ahead")
    assert waistband(*words, "again").out.startswith("signed 2 clock ")  # the register goes on


@pytest.mark.parametrize(("words", "said"), [
    (("clock", "tomorrow", "--reason", "why"), "clock 'tomorrow': YYYY-MM-DD"),
    (("visit", "0", "--reason", "why"), "visit '0': N or N@YYYY-MM-DD"),
    (("visit", "3@2026-02-31", "--reason", "why"), "N@YYYY-MM-DD"),
    (("leave", "now", "--reason", "why"), "takes no value"),
    (("go", "--reason", "why"), "Invalid value for 'do': 'go' is not one of"),
    (("leave",), "--reason is missing"),
    (("leave", "--reason", "x" * 100), "characters too long"),
    (("leave", "--reason", "a\nb"), "plain ASCII, on one line"),
    (("leave", "--reason", "why", "--unit", "WB-0002"), "is the key of unit WB-0001, not of"),
])  # fmt: skip
def test_a_command_that_a_unit_would_refuse_is_not_signed(
    waistband: Waistband, words: tuple[str, ...], said: str
) -> None:
    ended = waistband("key", "command", "unit.key", *words, "--print")
    assert ended.code == 2 and said in ended.err and ended.err.count("\n") == 1
    assert not Path("unit.key.signed").exists()
