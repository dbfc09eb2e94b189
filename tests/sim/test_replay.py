"""A recorded run's inputs give the same outputs, to the byte, on both interpreters.

The recordings below visit every state. On MicroPython each tick runs with its heap
locked, so that equal also means: no tick allocated anything.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.core import states
from firmware.core.inputs import CHARGER
from firmware.waistband import Waistband
from sim.campaign.trial_visit import attend_visit
from sim.common.default_prescription import DEFAULT
from sim.common.errors import BadInput
from sim.common.story import Event, Scenario, Start
from sim.common.value_record import replace
from sim.recording import recorder
from sim.recording.format import DIGEST, DIGEST_FIELDS, DRIVE, FIELDS, POWER_OFF, TICK, sha256_hex
from sim.run import Run
from sim.scenario.scenario import ordinary
from tests.support.enrolled_unit import CLOCK_S, sim_files
from tools import replay as tool
from tools.replay import (
    Played,
    Recording,
    check_recording,
    find_difference,
    play_on_cpython,
    play_on_unix,
    replay,
    split_calls,
)

WRAP_MS = 1 << 30
EVERYTHING = 10**9
SECOND_TICKS = 50
GATED = {"mode": "gated", "rate_hz": 2.5, "on_ms": 220}  # each bank up to 5.5 mW/cm2 on average
PULSE = {"mode": "pulse", "rate_hz": 146}
INTERPRETERS = ("cpython", "unix")


def press(at_s: float, name: str = "START", hold_ms: int = 200) -> Event:
    """A button is pressed."""
    return Event(at_s, "press", name, hold_ms=hold_ms)


def make_story(duration_s: float, *events: Event, **other: Any) -> Scenario:
    """A scenario of these events; it ends with its session, if that ends for good."""
    return replace(
        ordinary(), duration_s=duration_s,
        events=tuple(sorted(events, key=lambda event: event.at_s)), **other,
    )  # fmt: skip


def make_prescription(fluence_j_cm2: float, light: dict[str, Any] | None = None) -> dict[str, Any]:
    """The default prescription with another dose, and light."""
    return {**DEFAULT, "fluence_j_cm2": fluence_j_cm2, "light": light or DEFAULT["light"]}


HARD = "a trip, and the lit self-test that lifts it"
STORIES = {
    # throttled in a hot room on badly perfused skin; the clock wraps while it treats
    "a whole session with a pause, a throttle and a clock wrap": make_story(
        1_900.0, press(3.0), press(150.0), press(170.0),
        prescription=make_prescription(3.0),
        start=Start(40.0, perfusion=0.0003, fat_mm=20.0, clock=WRAP_MS - 100_000),
    ),
    "set point down and up, then held to off": make_story(
        75.0, press(2.0), press(50.0, "DOWN"), press(52.0, "DOWN"), press(55.0, "UP"),
        press(58.0, "UP"), press(60.0, "UP"), press(65.0, "START", 2_000),
    ),
    "a gated session, a charger in the middle, and a start after it": make_story(
        100.0, press(2.0), Event(50.0, "fault", "charger_plugged", for_s=20.0),
        Event(72.0, "fault", "unworn", for_s=3.0), press(80.0),
        prescription=make_prescription(12.0, GATED),
    ),
    "a pulsed session, an open thermistor, an acknowledgement": make_story(
        75.0, press(2.0), Event(50.0, "fault", "ntc_open", "A", for_s=5.0), press(52.0),
        Event(59.0, "press", "UP"), press(60.0, hold_ms=2_000),
        Event(62.0, "fault", "unworn", for_s=2.0), press(66.0),
        prescription=make_prescription(12.0, PULSE),
    ),
    "the belt comes off and goes on": make_story(
        90.0, press(2.0), Event(50.0, "fault", "unworn", for_s=15.0), press(54.0), press(75.0),
        start=Start(battery_pct=30.0, clock=WRAP_MS - 55_000),
    ),
    "a dose reached": make_story(60.0, press(2.0), prescription=make_prescription(0.2), seed=9),
    HARD: make_story(
        480.0, press(2.0), Event(50.0, "fault", "hot_skin", "A", 5_000.0, for_s=20.0),
        Event(144.0, "press", "UP"), press(145.0, hold_ms=2_000),
        press(420.0), Event(460.0, "fault", "unworn", for_s=2.0),
        press(470.0),
    ),
    "no skin": make_story(200.0, press(2.0), start=Start(worn=False)),
    "locked": make_story(5.0, press(2.0), prescription={**DEFAULT, "set_point_c": 44}),
}  # fmt: skip


VISITS = {"a visit of the therapy arm": False, "a visit of the placebo arm": True}
NAMES = (*STORIES, *VISITS)


@cache
def record_story(name: str) -> Recording:
    """A story's recording."""
    if name in VISITS:
        return check_recording(record_visit(VISITS[name]), name)
    run = Run(STORIES[name], record=True)
    if name == HARD:
        run.advance(350 * 5)
        run.hal.on_line = lambda line: None
        run.hal.commands.append(b"selftest")
    run.advance(EVERYTHING)
    return check_recording(b"".join(run.read_recording()), name)


def record_visit(masked: bool) -> bytes:
    """The recording of a visit with therapy, a host reading along."""
    protocol = {"baseline_therapy": True, "movements": ["Bend"]}
    files = sim_files(masked, {**DEFAULT, "max_min": 1}, protocol=protocol)
    run = Run(make_story(3_600.0, until_done=False), record=True, files=files, clock_s=CLOCK_S)
    run.hal.on_line = lambda line: None
    assert attend_visit(run, lambda visit, when, item: len(item) % 3) == ""
    return b"".join(run.read_recording())


def replay_difference(name: str, play: "Callable[[Recording], Played]") -> str:
    """What differs when a story's recording is played, in words."""
    recording = record_story(name)
    return find_difference(recording, play(recording))


@cache
def record_brief() -> bytes:
    """A recording of a second and a half."""
    run = Run(make_story(1.5), record=True)
    run.advance(EVERYTHING)
    return b"".join(run.read_recording())


def field(recording: Recording, name: str) -> list[int]:
    """A field of every digest."""
    begin = 4 * DIGEST_FIELDS.index(name)
    return [
        int.from_bytes(arguments[begin : begin + 4], "little", signed=True)
        for call, arguments in split_calls(recording.outputs)
        if call == DIGEST
    ]


@pytest.fixture(autouse=True)
def sound() -> None:
    """What broken firmware is compared with was recorded before anything is broken."""
    record_story("a dose reached")


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The firmware that MicroPython runs, as a copy to be broken."""
    for part in ("firmware", "hal", "sim"):
        skipped = shutil.ignore_patterns("__pycache__")
        shutil.copytree(tool.ROOT / part, tmp_path / part, ignore=skipped)
    monkeypatch.setattr(tool, "ROOT", tmp_path)
    return tmp_path


# -- equal -----------------------------------------------------------------------------


def test_a_recording_in_compressed_pieces_is_the_same_to_the_byte_and_small(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = record_story("a dose reached").data
    monkeypatch.setattr(recorder, "PIECE_TICKS", 700)
    run = Run(STORIES["a dose reached"], record=True)
    run.advance(10**9)
    assert b"".join(run.read_recording()) == b"".join(run.read_recording()) == whole
    kept = run.depth.recorder  # type: ignore[attr-defined]
    pieces = sum(len(piece) for part in kept.past for piece in part.pieces)
    assert len(kept.inputs) < 700 * FIELDS and pieces < len(whole) / 5


@pytest.mark.parametrize("name", NAMES)
def test_cpython_gives_what_was_recorded(name: str) -> None:
    assert replay_difference(name, play_on_cpython) == ""


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.usefixtures("unix")
def test_micropython_gives_what_was_recorded_and_allocates_nothing(name: str) -> None:
    assert replay_difference(name, play_on_unix) == ""


def test_the_recordings_visit_every_state() -> None:
    seen = {states.STATES[n] for name in NAMES for n in field(record_story(name), "state")}
    if any(
        call == POWER_OFF for name in STORIES for call, _ in split_calls(record_story(name).outputs)
    ):
        seen.add("OFF")  # a unit without power holds nothing more
    assert seen == set(states.STATES)


def test_the_whole_session_has_a_pause_a_throttle_a_clock_wrap_and_its_end() -> None:
    recording = record_story(next(iter(STORIES)))
    visited = [states.STATES[state] for state in field(recording, "state")]
    paused = visited.index("PAUSED")
    assert "TREAT" in visited[:paused]
    assert "TREAT" in visited[paused:]
    assert visited[-1] == "DONE"
    clocks = recording.words[::FIELDS]
    wrap = next(k for k in range(1, len(clocks)) if clocks[k] < clocks[k - 1])
    assert visited[wrap // 10] == "TREAT"
    throttles = [
        throttle
        for state, throttle in zip(visited, field(recording, "throttle_a"), strict=True)
        if state == "TREAT"
    ]
    assert min(throttles) < 40_000 < max(throttles)


def test_the_gated_session_has_dark_parts_and_the_pulsed_one_its_rate() -> None:
    gated = record_story("a gated session, a charger in the middle, and a start after it")
    duties = [arguments[1:] for call, arguments in split_calls(gated.outputs) if call == DRIVE]
    changes = sum(a != b and b"\0\0" in (a, b) for a, b in pairwise(duties))
    assert changes > 10
    pulsed = record_story("a pulsed session, an open thermistor, an acknowledgement")
    assert (3, (146).to_bytes(2, "little")) in split_calls(pulsed.outputs)


# -- not equal -------------------------------------------------------------------------


@given(tick=st.integers(0, 30 * SECOND_TICKS))
@settings(max_examples=15)
def test_a_changed_input_is_reported_at_its_tick(tick: int) -> None:
    recording = record_story("a dose reached")
    words = recording.words[:]
    words[tick * FIELDS + 1] |= CHARGER
    said = find_difference(recording, play_on_cpython(recording._replace(words=words)))
    assert said.startswith(f"tick {tick} ({tick * 0.02:.2f} s, clock ")
    assert "signal(CHARGING)" in said


def test_firmware_that_signals_too_much_is_reported_at_that_tick(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tick = Waistband.tick

    def noisy(unit: Waistband) -> None:
        tick(unit)
        if unit.inputs.ms == 4_020:
            unit.hal.signal(states.CUE_REFUSED_HELP)

    monkeypatch.setattr(Waistband, "tick", noisy)
    said = replay_difference("a dose reached", play_on_cpython)
    assert said == (
        "tick 201 (4.02 s, clock 4020 ms), state WAIT_SKIN: recorded was nothing, "
        "and came signal(REFUSED_HELP)"
    )


def test_firmware_that_raises_is_reported_at_that_tick(monkeypatch: pytest.MonkeyPatch) -> None:
    tick = Waistband.tick

    def broken(unit: Waistband) -> None:
        tick(unit)
        if unit.inputs.ms == 4_020:
            raise ZeroDivisionError("by nought")

    monkeypatch.setattr(Waistband, "tick", broken)
    said = replay_difference("a dose reached", play_on_cpython)
    assert said.startswith("tick 201 (4.02 s, clock 4020 ms), state WAIT_SKIN: the firmware raised")
    assert "by nought" in said


def patch_file(path: Path, old: str, new: str) -> None:
    """Change one place of a file."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.usefixtures("unix")
def test_other_firmware_on_micropython_is_reported_with_what_differs(copied: Path) -> None:
    patch_file(copied / "firmware/core/limits.py", "WORN_MS = 5_000", "WORN_MS = 5_200")
    said = replay_difference("a dose reached", play_on_unix)
    assert "state" in said
    assert "signal(CHECK)" in said


@pytest.mark.usefixtures("unix")
def test_a_tick_that_allocates_on_micropython_is_reported_with_its_state(copied: Path) -> None:
    patch_file(
        copied / "firmware/safety/gate.py",
        "        if not (permitted and self.planned):",
        "        if ms == 4_020:\n"
        "            self.spare = [ms, ms]\n"
        "        if not (permitted and self.planned):",
    )
    said = replay_difference("a dose reached", play_on_unix)
    assert said.startswith(
        "tick 201 (4.02 s, clock 4020 ms), state WAIT_SKIN: the firmware allocated memory"
    )


# -- the tool --------------------------------------------------------------------------


@pytest.mark.parametrize("on", INTERPRETERS)
def test_an_equal_replay_says_how_much_was_compared(
    on: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if on == "unix":
        request.getfixturevalue("unix")
    path = tmp_path / "run.rec"
    path.write_bytes(record_brief())
    equal, said = replay(path, on)
    assert equal
    assert "75 ticks" in said or "80 ticks" in said


def test_a_missing_interpreter_is_said_with_the_way_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "run.rec"
    path.write_bytes(record_brief())
    monkeypatch.setenv("WAISTBAND_MICROPYTHON", "/nowhere/micropython")
    with pytest.raises(BadInput, match="/nowhere/micropython"):
        replay(path, "unix")
    monkeypatch.delenv("WAISTBAND_MICROPYTHON")
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(BadInput, match="pip install"):
        replay(path, "unix")


def test_an_interpreter_that_is_none_is_bad_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "run.rec"
    path.write_bytes(record_brief())
    monkeypatch.setenv("WAISTBAND_MICROPYTHON", "false")
    with pytest.raises(BadInput, match="gave up"):
        replay(path, "unix")


def test_a_file_that_cannot_be_read_is_bad_input(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nothing"):
        with pytest.raises(BadInput, match=str(path)):
            replay(path, "cpython")


@given(st.binary(max_size=300))
def test_random_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(BadInput):
        check_recording(data, "noise")


@given(st.data())
def test_a_recording_cut_short_or_grown_is_refused(data: st.DataObject) -> None:
    whole = record_brief()
    cut = data.draw(st.integers(0, len(whole) - 1))
    more = data.draw(st.binary(min_size=1, max_size=20))
    for wrong in (whole[:cut], whole + more):
        with pytest.raises(BadInput):
            check_recording(wrong, "cut")


@given(st.data())
def test_a_flipped_bit_is_refused_or_is_in_what_the_unit_was(data: st.DataObject) -> None:
    whole = bytearray(record_brief())
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= 1 << data.draw(st.integers(0, 7))
    try:
        found = check_recording(bytes(whole), "flipped")
    except BadInput:
        return
    assert at < whole.index(b"\n")
    find_difference(found, play_on_cpython(found))  # whatever the unit now is, it is played


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b"recording 2", b"recording 3", "another version"),
        (b'"ticks"', b'"tocks"', "lacks ticks"),
        (b'"answers": [', b'"answers": [1, ', "answers"),
        (b'"sha256": "', b'"sha256": "0', "damaged"),
        (b'{"magic"', b"[" * 2_000 + b'{"magic"', "not a recording"),
    ],
)
def test_what_is_wrong_with_a_recording_is_said(old: bytes, new: bytes, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        check_recording(record_brief().replace(old, new, 1), "edited")


def test_outputs_of_more_ticks_than_inputs_are_refused_even_with_the_right_sum() -> None:
    head, body = record_brief().split(b"\n", 1)
    wrong = body + bytes([TICK])
    head = head.replace(sha256_hex(body).encode(), sha256_hex(wrong).encode())
    count = len(check_recording(record_brief(), "whole").outputs)
    head = head.replace(b'"outputs": %d' % count, b'"outputs": %d' % (count + 1))
    with pytest.raises(BadInput, match="outputs"):
        check_recording(head + b"\n" + wrong, "edited")


# -- the simulator ---------------------------------------------------------------------

ELSEWHERE = """
from firmware.core.inputs import START
from firmware.therapy.calibration import calibration_crc
from sim.common.default_prescription import DEFAULT
from firmware.core.states import STATES
from firmware.waistband import Waistband
from hal.boards import RPI_PICO
from sim.faults.injectors import wear
from sim.hal_depth.sim_hal import SimHal
from sim.physics.plant import Plant

class Room:
    ambient_c, battery_pct, worn, perfusion, vasodilation = 23.0, 80.0, True, 0.001, 6.0
    spot, person, contact_w_m2k, back_m2k_w, light_mm = None, "safe", 150.0, 0.1, 3.0
    fat_mm, air_w_m2k, clock = 10.0, 5.0, (1 << 30) - 20_000

light = {"810": 10.0, "850": 10.0, "940": 10.0, "1060": 10.0}
calibration = {"serial": "S-1", "date": "2026-01-01", "window_cm2": 60,
    "irradiance_mw_cm2": {"A": light, "B": light}, "ntc_offset_c": {"A": 0.0, "B": 0.0},
    "skin_codes": {pad: {"air": 4096, "skin": 20480} for pad in "AB"}}
calibration["crc32"] = calibration_crc(calibration, RPI_PICO)
plant = Plant(Room, RPI_PICO, calibration, 7)
hal = SimHal(plant, RPI_PICO, Room, 7)
wear(hal.hardware, True)
unit = Waistband(hal, RPI_PICO, calibration, DEFAULT)
mixed = 0
for tick in range(1_200):
    if tick == 100:
        hal.hardware.pins |= START
    if tick == 110:
        hal.hardware.pins &= ~START
    unit.tick()
    i = unit.inputs
    for code in i.ntc + i.battery + i.contact + i.board + i.rail + i.gauge:
        mixed = (mixed * 31 + code) & 0xFFFFFF
a, b = plant.pads
print(STATES[unit.session.state], mixed, int(1e6 * a.fluence_j_cm2()[0]), int(1e9 * b.cem43_min))
"""


@pytest.mark.usefixtures("unix")
def test_the_simulator_itself_gives_the_same_codes_on_micropython(tmp_path: Path) -> None:
    path = tmp_path / "elsewhere.py"
    path.write_text(ELSEWHERE, encoding="utf-8")
    said = [
        subprocess.run(
            [*command, str(path)], env={**os.environ, **found}, cwd=tmp_path, check=True,
            capture_output=True, text=True,
        ).stdout
        for command, found in (
            ([sys.executable], {"PYTHONPATH": str(tool.ROOT)}),
            (
                [*tool.find_micropython(), "-X", "heapsize=32m"],
                {"MICROPYPATH": f"{tool.ROOT}:.frozen"},
            ),
        )
    ]  # fmt: skip
    assert said[0].startswith("RAMP ")
    assert said[0] == said[1]
