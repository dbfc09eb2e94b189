"""A board that is not the reference board, end to end: every command that takes `--board`."""

import json
import threading
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from firmware.therapy.calibration import read_calibration
from firmware.therapy.prescription import compile_course
from firmware.waistband import Waistband as Unit
from hal.boards import EXAMPLE_1200NM, RPI_PICO, RPI_PICO2
from sim.common.boards import find_board, list_boards
from sim.common.default_prescription import DEFAULT
from sim.common.errors import BadInput
from sim.common.story import Event, Scenario
from sim.driver_depth.run import DriverDepth
from sim.run import Run, nominal_calibration, trace_columns
from sim.scenario import toml_writer
from sim.scenario.scenario import default_prescription, load, ordinary, parse
from tests.support.command import Waistband
from tests.support.fake_hal import FakeHal
from tools.bench.server import listen
from tools.replay import check_recording

NAME = "EXAMPLE_1200NM"
BOARD = ("--board", NAME)
SCENARIO = f"""\
board = "{NAME}"
seed = 3
duration_s = 60
prescription = "rx.json"
[[event]]
at_s = 2
press = "START"
[[event]]
at_s = 55
fault = "led_open"
value = 1200
pad = "A"
"""
MEASURES = """\
serial = "WB-1200"
date = 2026-03-01
window_cm2 = 60
ntc_offset_c = { A = 0.1, B = -0.1 }
skin_codes = { A = { air = 4096, skin = 20480 }, B = { air = 4002, skin = 20110 } }
[irradiance_mw_cm2]
A = { 810 = 1.5, 850 = 1.4, 940 = 1.5, 1200 = 1.6 }
B = { 810 = 1.5, 850 = 1.5, 940 = 1.5, 1200 = 1.55 }
"""
KNOWN = "EXAMPLE_1200NM, RPI_PICO, RPI_PICO2"


def result(waistband: Waistband, *options: str) -> dict[str, Any]:
    """What `sim --json` says; it ends well."""
    code, out, err = waistband("sim", *options, "--json")
    assert (code, err) == (0, "")
    found: dict[str, Any] = json.loads(out)
    return found


def write_prescription(waistband: Waistband) -> None:
    ended = waistband("prescribe", "new", *BOARD, "--fluence", "2", "-o", "rx.json")
    assert (ended.code, ended.err) == (0, "")


def test_a_prescription_is_written_checked_and_explained_for_a_board(waistband: Waistband) -> None:
    write_prescription(waistband)
    asked = json.loads(Path("rx.json").read_text())
    assert list(asked["irradiance_mw_cm2"]) == ["810", "850", "940", "1200"]
    assert waistband("prescribe", "check", "rx.json", *BOARD).code == 0
    refused = waistband("prescribe", "check", "rx.json")
    assert refused.code == 2 and "'1200' is not a key of irradiance_mw_cm2" in refused.err
    said = waistband("prescribe", "explain", "rx.json", *BOARD).out
    assert "Dose by bank, J/cm2 a pad: 1200 nm 2.00." in said
    assert "led_open" not in said and "no light at" not in said
    waistband("key", "new", "-o", "k.key", "--unit", "WB-1200")
    sign = ("prescribe", "sign", "rx.json", "--key", "k.key", "--unit", "WB-1200", "--number", "1")
    assert waistband(*sign).code == 2
    assert waistband(*sign, *BOARD).code == 0
    assert waistband("prescribe", "check", "prescription.json", *BOARD, "--key", "k.key").code == 0


def test_a_scenario_runs_at_hal_and_driver_depth_and_names_the_board_s_banks(
    waistband: Waistband,
) -> None:
    write_prescription(waistband)
    Path("s.toml").write_text(SCENARIO, encoding="utf-8")
    trace = ("--trace", "t.csv")
    hal, driver = (result(waistband, "s.toml", *trace, "--depth", d) for d in ("hal", "driver"))
    for found in (hal, driver):
        assert found["state"] in ("RAMP", "TREAT") and not found["faults"][1:]
        assert list(found["fluence_j_cm2"]["A"]) == ["810", "850", "940", "1200"]
        assert found["fluence_j_cm2"]["B"]["1200"] > 0 == found["fluence_j_cm2"]["B"]["810"]
        assert found["fluence_j_cm2"]["A"]["1200"] == pytest.approx(
            found["true_fluence_j_cm2"]["A"]["1200"], rel=0.05
        )
    header = Path("t.csv").read_text().split("\n", 1)[0]
    assert tuple(header.split(",")) == trace_columns(EXAMPLE_1200NM) and "duty_a_1200" in header


def test_the_option_goes_before_the_scenario_s_board(waistband: Waistband) -> None:
    write_prescription(waistband)
    Path("s.toml").write_text(SCENARIO, encoding="utf-8")
    ended = waistband("sim", "s.toml", "--board", "RPI_PICO")
    assert ended.code == 2 and "rx.json: '1200' is not a key" in ended.err
    Path("plain.toml").write_text(SCENARIO.split("\n", 1)[1], encoding="utf-8")
    assert waistband("sim", "plain.toml").code == 2
    assert result(waistband, "plain.toml", *BOARD)["fluence_j_cm2"]["A"]["1200"] > 0
    Path("s.toml").write_text(SCENARIO.replace("1200\npad", "1060\npad"), encoding="utf-8")
    ended = waistband("sim", "s.toml")
    assert "value is 1060: a bank of the board, 810, 850, 940, 1200 (nm)" in ended.err


def test_the_unit_itself_is_told_its_board_at_driver_depth() -> None:
    """The chip's own program, which knows its board from a file alone, and not the simulator's."""
    depth = DriverDepth()
    run = Run(ordinary(NAME), depth=depth)
    try:
        run.advance(100)
        assert run.unit.session.course.nm == [810, 850, 940, 1200] and not run.unit.session.locked
        assert depth.assembly.flash.files["board.txt"] == NAME.encode() + b"\n"
    finally:
        run.close()
    depth = DriverDepth()
    run = Run(ordinary(), depth=depth)
    assert "board.txt" not in depth.assembly.flash.files
    run.close()


def test_a_recording_names_its_board_and_replays(waistband: Waistband, npm: None) -> None:
    write_prescription(waistband)
    Path("s.toml").write_text(SCENARIO, encoding="utf-8")
    result(waistband, "s.toml", "--record", "s.rec")
    recorded = Path("s.rec").read_bytes()
    assert check_recording(recorded, "s.rec").about["board"] == NAME
    for on in ("cpython", "unix", "webassembly"):
        ended = waistband("replay", "s.rec", "--on", on)
        assert ended.code == 0 and "all equal" in ended.out, ended
    head, body = recorded.split(b"\n", 1)
    for board in ("NONE", "../x", 7, None):
        told = json.dumps({**json.loads(head), "board": board}).encode()
        Path("bad.rec").write_bytes(told + b"\n" + body)
        ended = waistband("replay", "bad.rec")
        assert ended.code == 2 and ended.err.count("\n") == 1
        assert ended.err.startswith("waistband: bad.rec: board ") and KNOWN in ended.err


def test_a_recording_of_before_boards_were_named_is_of_the_reference_board(
    waistband: Waistband,
) -> None:
    run = Run(parse('duration_s = 5\n[[event]]\nat_s = 1\npress = "START"\n', "s"), record=True)
    run.advance(1_000)
    head, body = b"".join(run.read_recording()).split(b"\n", 1)
    told = json.loads(head)
    assert told.pop("board") == "RPI_PICO"
    Path("old.rec").write_bytes(json.dumps(told).encode() + b"\n" + body)
    assert waistband("replay", "old.rec").code == 0


def test_flash_takes_the_calibration_that_calibrate_made(waistband: Waistband) -> None:
    pytest.importorskip("littlefs", reason="littlefs-python is not installed")
    pytest.importorskip("uf2utils", reason="uf2utils is not installed")
    from tests.pin.test_emulated_flash import BANNER, uf2
    from tests.tools.test_flash import files_of

    write_prescription(waistband)
    Path("m.toml").write_text(MEASURES, encoding="utf-8")
    Path("base.uf2").write_bytes(uf2(BANNER.ljust(700, b"z")))
    assert waistband("calibrate", "m.toml", *BOARD, "-o", "c.json").code == 0
    own = ("--calibration", "c.json", "--prescription", "rx.json")
    flash = ("flash", "--micropython", "base.uf2", "-o", "out.uf2", *own)
    refused = waistband(*flash)
    assert refused.code == 2 and "'1200' is not a key" in refused.err
    assert not Path("out.uf2").exists()
    ended = waistband(*flash, *BOARD)
    assert (ended.code, ended.err) == (0, "")
    found = files_of(Path("out.uf2"))
    assert found["board.txt"] == NAME.encode() + b"\n"  # by which `main.py` finds its board
    calibration = json.loads(found["calibration.json"])
    full, _ = read_calibration(calibration, EXAMPLE_1200NM)
    assert full[0] == [1_500, 1_400, 1_500, 1_600]
    unit = Unit(FakeHal(), EXAMPLE_1200NM, calibration, found["prescription.json"])
    assert not unit.session.locked
    refused = waistband("flash", "--micropython", "base.uf2", "-o", "p.uf2", "--board", "RPI_PICO2")
    assert refused.code == 2
    said = "waistband: flash is for the RP2040: board RPI_PICO2 has an RP2350; put MicroPython on a"
    assert refused.err.startswith(said)


def test_the_bench_serves_a_unit_with_the_board(npm: None) -> None:
    server = listen(0, NAME)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        connection = HTTPConnection("127.0.0.1", server.server_address[1])
        connection.request("GET", "/bundle.json")
        bundle = json.loads(connection.getresponse().read())
        connection.close()
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert bundle["board"] == NAME
    assert {f"hal/boards/{NAME}.py", "hal/boards/RPI_PICO.py"} <= set(bundle["files"])


@pytest.mark.parametrize("command", [
    ["sim"], ["sim", "short.toml"], ["monitor", "--sim"], ["bench", "--no-open"],
    ["prescribe", "new", "-o", "a.json"], ["prescribe", "check", "a.json"],
    ["prescribe", "explain", "a.json"], ["calibrate", "m.toml", "-o", "c.json"],
])  # fmt: skip
def test_a_board_that_there_is_not_is_one_line_that_names_those_there_are(
    waistband: Waistband, command: list[str]
) -> None:
    Path("m.toml").write_text(MEASURES, encoding="utf-8")
    code, out, err = waistband(*command, "--board", "PICO")
    assert (code, out) == (2, "")
    said = f"board 'PICO': there is no such file in hal/boards: it has {KNOWN}"
    assert err == f"waistband: {said}\n"


def test_a_scenario_that_names_no_such_board_is_refused_with_its_file(waistband: Waistband) -> None:
    for board in ('"PICO"', "7", '"../x"', '""'):
        Path("s.toml").write_text(f"board = {board}\nduration_s = 9\n", encoding="utf-8")
        ended = waistband("sim", "s.toml")
        assert ended.code == 2 and ended.err.startswith("waistband: s.toml: board ")
        assert KNOWN in ended.err and ended.err.count("\n") == 1


def test_a_trial_s_prescription_is_for_the_board_of_its_units(waistband: Waistband) -> None:
    pytest.importorskip("pyrage", reason="pyrage is not installed: pip install -e '.[trial]'")
    write_prescription(waistband)
    for serial in ("WB-1", "WB-2"):
        waistband("key", "new", "-o", f"{serial}.key", "--unit", serial)
    codes = []
    for who in ("statistician", "officer"):
        said = waistband("trial", "identity", "-o", f"{who}.age").out
        codes.append(said.split()[-1])
    plan = f"""\
name = "Boards"
keys = ["WB-1.key", "WB-2.key"]
statistician = "{codes[0]}"
officer = "{codes[1]}"
prescription = "rx.json"
"""
    Path("plan.toml").write_text(plan, encoding="utf-8")
    new = ("trial", "new", "T", "--plan", "plan.toml", "--seed", "1")
    refused = waistband(*new)
    assert refused.code == 2 and "rx.json: '1200' is not a key" in refused.err
    Path("plan.toml").write_text(plan + 'board = "PICO"\n', encoding="utf-8")
    refused = waistband(*new)
    assert refused.code == 2 and KNOWN in refused.err and not Path("T").exists()
    assert waistband(*new, *BOARD).code == 0  # the option goes before the plan
    assert "1200" in Path("T/trial.toml").read_text(encoding="utf-8")


def test_a_unit_on_usb_names_its_own_board(waistband: Waistband) -> None:
    ended = waistband("monitor", *BOARD)
    assert ended.code == 2 and "--board without --sim: a unit has its own board" in ended.err


@pytest.mark.parametrize("name", list_boards())
def test_the_default_prescription_of_a_board_is_within_what_it_can_give(name: str) -> None:
    board = find_board(name)
    full = nominal_calibration(board)
    compile_course(default_prescription(board), board, read_calibration(full, board)[0])


def test_the_default_prescription_of_the_reference_boards_is_the_firmware_s() -> None:
    assert default_prescription(RPI_PICO) == default_prescription(RPI_PICO2) == DEFAULT


def test_a_scenario_is_written_with_its_board_and_read_again(tmp_path: Path) -> None:
    story = ordinary(NAME)
    path = tmp_path / "ordinary session.toml"
    path.write_text(toml_writer.to_toml(story), encoding="utf-8")
    read = load(str(path))
    assert (read.board, read.prescription) == (NAME, story.prescription)
    assert "board" not in toml_writer.to_toml(ordinary())


@pytest.mark.parametrize(("text", "said"), [
    ("raise SystemError('torn')", "board BROKEN cannot be read: SystemError('torn')"),
    ("from hal.boards.RPI_PICO import *\nCHIP = 'Z80'", "board BROKEN is refused: CHIP is 'Z80'"),
])  # fmt: skip
def test_a_board_file_that_the_unit_would_refuse_is_refused(
    text: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hal import boards

    (tmp_path / "BROKEN.py").write_text(text, encoding="utf-8")
    monkeypatch.setattr(boards, "__path__", [str(tmp_path), *boards.__path__])
    monkeypatch.delitem(__import__("sys").modules, "hal.boards.BROKEN", raising=False)
    with pytest.raises(BadInput, match=said.replace("(", r"\(").replace(")", r"\)")):
        find_board("BROKEN")


def test_every_bank_of_the_example_is_seen_to_light_and_its_dose_counted_rather_too_high() -> None:
    light = {"irradiance_mw_cm2": dict.fromkeys(("810", "850", "940", "1200"), 0.5)}
    prescription = {**default_prescription(EXAMPLE_1200NM), **light, "fluence_j_cm2": 1}
    start = Event(5.0, "press", "START", hold_ms=200)
    run = Run(Scenario("weak banks", 1, 120.0, prescription, events=(start,), board=NAME))
    run.advance(10**9)
    result = run.result()
    assert result["faults"] == [] and result["state"] == "TREAT"
    for pad, banks in result["fluence_j_cm2"].items():
        for nm, counted in banks.items():
            given = result["true_fluence_j_cm2"][pad][nm]
            assert 0.04 < given <= counted * 1.001 and counted < 1.05 * given
