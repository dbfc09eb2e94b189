"""`waistband monitor` shows telemetry without disturbing a session; commands to a running unit.

The unit runs at driver depth behind a real serial port.
"""

import io
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

pytest.importorskip("mpremote", reason="mpremote is not installed: pip install -e '.[deploy]'")

from firmware.core import states
from firmware.ui.telemetry import FIELDS
from hal.files import DEPLOYING
from sim.driver_depth.unit_build import Build
from tests.support.chip_programs import START, ChipRun, story
from tests.support.command import JSON, SHORT, Waistband
from tests.support.serial_pty import Port, Simulated, on_port, until
from tools.commands import monitor
from tools.unit import device, monitor_view
from tools.unit.device import Device
from tools.unit.monitor_view import Screen, parse_record, print_line

RECORD: dict[str, Any] = {
    "ms": 61_234, "state": "TREAT", "reason": "", "refused": 0, "lock": 0, "faults": 0,
    "contact_mc": [38_120, 38_240], "board_mc": [39_000, 39_100], "throttle": [65_536, 49_152],
    "fluence_uj_cm2": [1_230_000, 1_200_000], "cem43_q10_ms": [0, 61_440_000],
    "set_point_mc": 40_500, "treat_ms": 45_000, "battery_mv": 3_977, "battery_pct": 79,
    "sessions_left": 11, "clock_set": 1, "late_us": 0, "receipt": "",
}  # fmt: skip


def line(**changes: Any) -> bytes:
    return json.dumps({**RECORD, **changes}).encode()


@contextmanager
def behind(begin_s: float, *events: Any, build: Build | None = None) -> Iterator[Simulated]:
    """A unit on the bench, on a port; it runs once somebody has opened that."""
    run = ChipRun(story(*events, duration_s=600.0), build=build or Build())
    with on_port(run, begin_s) as bench:
        yield bench


def test_the_fields_are_those_of_the_firmware() -> None:
    named = [part.split('"')[1] for part in b"".join(FIELDS).decode().split(",") if '":' in part]
    assert sorted(named) == sorted(RECORD)
    assert set(monitor_view.NUMBERS) | set(monitor_view.PAIRS) == set(named) - {
        "state", "reason", "receipt",
    }  # fmt: skip


def test_a_simulated_unit_tells_a_line_a_second(waistband: Waistband) -> None:
    ended = waistband("monitor", "--sim", "short.toml", "--realtime", "1000", "--json")
    assert (ended.code, ended.err) == (0, "")
    records = [json.loads(row) for row in ended.out.splitlines()]
    assert 28 <= len(records) <= 31
    assert {"READY", "WAIT_SKIN", "RAMP"} <= {record["state"] for record in records}
    plain = waistband("monitor", "--sim", "short.toml", "--realtime", "1000").out.splitlines()
    assert len(plain) == len(records)
    assert all(f"  {record['state']}" in row for record, row in zip(records, plain, strict=True))
    assert max(map(len, plain)) < 100


def test_a_unit_on_a_port_is_listened_to_and_its_session_goes_on(waistband: Waistband) -> None:
    with behind(40.0, START) as bench:
        assert bench.run.unit.session.state == states.RAMP
        ended = waistband("monitor", "--device", f"port:{bench.port.name}", "--json", "--for", "2")
        assert (ended.code, ended.err) == (0, "")
        records = [json.loads(row) for row in ended.out.splitlines()]
        assert len(records) >= 5
        assert {record["state"] for record in records} <= {"RAMP", "TREAT"}
        assert bench.run.unit.session.state in (states.RAMP, states.TREAT)


def test_a_dark_unit_says_why_and_a_prompt_is_named(
    waistband: Waistband, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(monitor, "QUIET_S", 0.5)
    with behind(0.0, build=Build(files={DEPLOYING: b""})) as bench:
        out = waistband("monitor", "--device", bench.port.name, "--for", "2").out
    assert "dark, at the prompt: a deploy did not end: run waistband deploy again" in out
    assert "nothing was heard for" in out


def test_a_unit_in_a_session_refuses_to_be_deployed_to_and_goes_on(waistband: Waistband) -> None:
    with behind(40.0, START) as bench:
        ended = waistband("deploy", "--device", f"port:{bench.port.name}")
        assert ended.code == 2 and ended.err.count("\n") == 1
        assert "the unit says: refused while a session runs: end it first" in ended.err
        assert bench.run.unit.session.state in (states.RAMP, states.TREAT)
        assert not bench.run.chip.resets


def test_a_unit_that_rests_goes_into_service_mode_when_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(device, "RETURN_S", 1.0)
    with behind(10.0) as bench, Device(bench.port.name) as unit:
        assert unit.greet() == "unit"
        assert unit.ask("deploy") == "restarting into service mode"
        until(lambda: bench.failed is not None or bench.run.device.at_prompt)
        assert "service mode, as asked" in bench.run.console()


def test_a_unit_that_goes_away_is_waited_for(waistband: Waistband) -> None:
    port = Port()
    threading.Timer(0.5, port.close).start()
    out = waistband("monitor", "--device", port.name, "--for", "1.5").out
    assert out.count("the unit went away; waiting for it") == 1


REFUSED = {
    "--realtime 2": "--realtime without --sim",
    "short.toml": "a scenario without --sim",
    "--sim --device a0": "--device with --sim: name one of them",
    "--sim none.toml": "none.toml: there is no such file",
    "--sim --realtime 0": "--realtime is '0'",
    "--sim --for x": "--for is 'x'",
    "--sim --for 0": "--for is '0'",
    "--device port:/dev/nothing": "/dev/nothing: there is no such port",
}


@pytest.mark.parametrize("options", REFUSED)
def test_options_that_cannot_be_are_refused_in_a_line(options: str, waistband: Waistband) -> None:
    ended = waistband("monitor", *options.split())
    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert REFUSED[options] in ended.err


def test_interrupted_it_just_ends(tmp_path: Path) -> None:
    (tmp_path / "short.toml").write_text(SHORT)
    root = Path(__file__).resolve().parents[2]
    process = subprocess.Popen(
        [sys.executable, "-m", "tools.commands.main", "monitor", "--sim"], cwd=tmp_path, text=True,
        env={**os.environ, "PYTHONPATH": str(root)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout
    assert process.stdout.readline().split()[2] == "SELF_TEST"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert (process.returncode, err) == (0, "")


STORIES: dict[str, bytes] = {
    "treating": line(),
    "faults": line(state="FAULT", faults=(1 << 30) - 1, reason="fault", refused=6, clock_set=0),
    "locked": line(state="LOCKED", lock=1, refused=8),
    "refused": line(state="READY", refused=9),
    "no clock": line(state="READY", refused=10, clock_set=0),
    "in a trial": line(state="DONE", reason="ended"),
    "unknown numbers": line(lock=99, refused=99, reason="new"),
    "words": b"waistband: dark, at the prompt: " + b"x" * 300,
    "nothing": b"",
}


SAID = {
    "refused": "the prescription has expired",
    "no clock": "the clock is not set",
    "in a trial": "it came to its end; why is sealed",
    "faults": "ntc_open (thermistor open), ntc_short (thermistor shorted)",
}


@pytest.mark.parametrize("what", STORIES)
@pytest.mark.parametrize("width", [80, 120])
def test_the_view_fits_a_terminal(
    what: str, width: int, capsys: pytest.CaptureFixture[str]
) -> None:
    console = Console(width=width, height=24, highlight=False)
    view = Screen(console)
    view.take(STORIES["treating"])
    view.take(STORIES[what])
    with console.capture() as capture:
        console.print(view.screen())
    shown = capture.get()
    assert len(shown.splitlines()) < 24 and max(map(len, shown.splitlines())) <= width
    if what == "treating":
        for word in ("TREAT", "38.12 C", "set point 40.5", "75 %", "1.23 J/cm2", "1.00 min"):
            assert word in shown
    if what == "locked":
        assert "it is not calibrated" in shown and "a hard fault is kept" in shown
    if what in SAID:
        assert SAID[what] in shown
        print_line(STORIES[what], as_json=False)
        assert (SAID[what] in capsys.readouterr().out) == (what != "in a trial")


@given(st.binary(max_size=200) | st.builds(line, state=JSON) | st.builds(
    lambda key, value: line(**{key: value}), st.sampled_from(sorted(RECORD)), JSON
))  # fmt: skip
def test_whatever_comes_is_shown_or_passed_over(said: bytes) -> None:
    view = Screen(Console(width=80, file=io.StringIO()))
    view.take(said)
    view.console.print(view.screen())
    print_line(said, as_json=True)
    print_line(said, as_json=False)
    parse_record(said)
