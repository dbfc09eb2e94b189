"""`list`, `get` and `put`: which files, in which states, whole or not at all."""

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.core import states
from firmware.core.states import RESTARTS
from firmware.records.keys import FILE as KEYS
from firmware.ui import usb_files
from tests.support.fake_hal import SHORT, Bench
from tests.support.keyed_unit import KEY, keyed, made

NAME = usb_files.PRESCRIPTION
PLAIN = json.dumps(dict(SHORT, name="another")).encode()


def resting(bench: Bench | None = None) -> Bench:
    """A unit that is ready, and somebody who reads."""
    found = bench or Bench()
    found.to_ready()
    found.run(3_000)
    found.hal.reader = True
    return found


def ask(bench: Bench, line: bytes) -> list[tuple[Any, ...]]:
    """What the unit did within a second of a line, but for telemetry and the tick's own calls."""
    bench.hal.lines = [line]
    before = len(bench.hal.calls)
    bench.run(1_000)
    kinds = ("write_line", "send_file", "receive", "restart", "store")
    calls = [call for call in bench.hal.calls[before:] if call[0] in kinds]
    return [call for call in calls if call[0] != "write_line" or b'"state"' not in call[1]]


def error(calls: list[tuple[Any, ...]]) -> str:
    """The error of an answer that did nothing else."""
    ((kind, line),) = calls
    assert kind == "write_line"
    return str(json.loads(line)["error"])


def put(bench: Bench, content: bytes, digest: str = "", name: str = NAME) -> list[tuple[Any, ...]]:
    """Offer a file and, where it is asked for, send it."""
    digest = digest or hashlib.sha256(content).hexdigest()
    line = f"put {name} {len(content)} {digest}".encode()
    calls = ask(bench, line)
    if ("receive", line, len(content)) not in calls:
        return calls
    return ask(bench, line + b"\n" + content)


def test_a_list_names_the_files_that_may_be_read_and_whose_they_are() -> None:
    bench = keyed(made())
    resting(bench)
    ((_, line),) = ask(bench, b"list")
    told = json.loads(line)
    assert told["files"] == list(usb_files.NAMES)
    assert told["serial"] == bench.unit.serial and told["board"] == bench.unit.board.NAME
    assert len(line) <= 512  # a line of the console


def test_a_file_is_announced_and_then_sent() -> None:
    bench = resting()
    bench.hal.files["journal.3"] = b"x" * 300
    head, sent = ask(bench, b"get journal.3")
    assert json.loads(head[1]) == {"get": "journal.3", "size": 300}
    assert sent == ("send_file", "journal.3", 300)
    assert "no such file" in error(ask(bench, b"get journal.4"))


@pytest.mark.parametrize(
    "name",
    [KEYS, "trial.json", "main.py", "firmware/waistband.mpy", "../keys.json", "/keys.json",
     "files.json", "day.json", "keys.json\0", ""],
)  # fmt: skip
def test_a_key_a_ticket_and_code_are_never_read_or_written(name: str) -> None:
    bench = keyed(made())
    resting(bench)
    bench.hal.files |= {"trial.json": b"{}", "main.py": b"1"}
    for line in (f"get {name}", f"put {name} 5 {'0' * 64}"):
        assert error(ask(bench, line.encode()))


def test_a_session_refuses_files_and_goes_on() -> None:
    bench = resting()
    bench.to("TREAT")
    for line in (b"list", b"get " + NAME.encode(), b"put %s 5 %s" % (NAME.encode(), b"0" * 64)):
        assert "session" in error(ask(bench, line))
        assert bench.unit.session.state in states.IN_SESSION


@pytest.mark.parametrize("state", [states.SELF_TEST, states.SERVICE, states.RATE])
def test_other_states_refuse_too(state: int) -> None:
    bench = resting()
    bench.unit.session.state = state
    answer = usb_files.answer(b"list", None, bench.unit.events, bench.unit.judge)
    assert b"refused in this state" in answer


def test_a_prescription_is_kept_and_the_unit_restarts_to_go_by_it() -> None:
    bench = resting()
    calls = put(bench, PLAIN)
    assert bench.hal.files[NAME] == PLAIN
    assert ("restart",) in calls
    assert calls[-1][0] == "write_line" and b'"ok"' in calls[-1][1]


def test_what_the_unit_would_refuse_is_not_kept() -> None:
    bench = keyed(made())
    resting(bench)
    bench.hal.files[NAME] = b"old"
    for content, said in (
        (PLAIN, "not signed"), (made(key=b"x" * 32), "altered"), (made(unit="WB-9"), "for unit"),
        (made(prescription={"name": "x"}), ""),
    ):  # fmt: skip
        assert said in error(put(bench, content))
        assert bench.hal.files[NAME] == b"old" and ("restart",) not in bench.hal.calls
    put(bench, made(KEY, number=4))
    assert bench.hal.files[NAME] == made(KEY, number=4)


@given(st.integers(0, len(PLAIN) - 1), st.binary(min_size=1, max_size=4))
def test_a_file_that_arrives_otherwise_is_not_kept(at: int, other: bytes) -> None:
    bench = BENCH
    bench.hal.files[NAME] = b"old"
    digest = hashlib.sha256(PLAIN).hexdigest()
    line = f"put {NAME} {len(PLAIN)} {digest}".encode()
    for content in (PLAIN[:at], PLAIN[:at] + other + PLAIN[at + len(other) :]):
        if content != PLAIN:
            assert "did not arrive whole" in error(ask(bench, line + b"\n" + content))
            assert bench.hal.files[NAME] == b"old"


BENCH = resting()


@given(st.binary(max_size=120))
def test_whatever_a_host_says_the_unit_answers_in_a_line_and_writes_nothing(line: bytes) -> None:
    words = (b"get ", b"put ", b"list ", b"")
    for word in words:
        before = dict(BENCH.hal.files)
        calls = ask(BENCH, word + line)
        assert BENCH.hal.files == before
        for call in calls:
            if call[0] == "write_line":
                assert json.loads(call[1]) and call[1].endswith(b"\n") and len(call[1]) <= 512
    assert BENCH.unit.session.state == states.READY


def test_a_full_flash_keeps_the_old_file_and_a_boot_loop_writes_none() -> None:
    bench = resting()
    bench.hal.files[NAME] = b"old"
    bench.hal.storage_full = True
    assert "full or broken" in error([put(bench, PLAIN)[-1]])
    bench.hal.storage_full = False
    bench.unit.session.lock = RESTARTS
    assert "nothing is written" in error(put(bench, PLAIN))
    assert bench.hal.files[NAME] == b"old"
