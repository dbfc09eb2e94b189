"""`waistband check faults`: what it measures, that it can fail, and what it answers."""

import json
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from firmware import parts
from firmware.core import limits
from firmware.safety import guard, guard_rows
from firmware.safety.gate import Gate
from firmware.safety.lamp_test import LampTest
from firmware.therapy import pad, session
from firmware.ui.button_actions import ButtonActions
from sim.campaign import fault_matrix
from sim.campaign.injection import Case, Injection, inject
from sim.campaign.injection_points import MOMENTS, WEARERS
from sim.campaign.snapshot import Snapshot
from sim.faults.catalogue import BOUNDS, FAULTS, NAMES
from sim.faults.deadlines import SINGLE_C
from sim.faults.depth import SWITCHED_ON
from sim.hal_depth import sim_hal
from sim.run import Run
from tools.commands.check_faults import measure
from tools.report import faults_report
from tools.report.faults_json import json_object
from tools.report.faults_table import render

QUICK = ("--jobs", "1")
CELL_KEYS = {
    "fault", "value", "button", "state", "pad", "alert", "depth", "strikes", "must", "since",
    "within_ms", "latency_ms", "share", "energy_j", "energy_bound_j", "after_due_j",
    "peak_contact_c", "peak_bound_c", "peak_wearer", "outside_alone", "contact_at_cut_c",
    "true_crossing_s", "stop_ms", "stop_within_ms", "ends", "named", "broken",
}  # fmt: skip


def asked(*faults: str, states: tuple[str, ...] = ()) -> list[str]:
    """The command for these faults and states, on this process alone."""
    words = ["check", "faults", *QUICK]
    for name in faults:
        words += ["--fault", name]
    for name in states:
        words += ["--state", name]
    return words


@pytest.fixture
def afresh():
    """Units are made anew, before a test breaks the firmware and after it."""
    fault_matrix.make_snapshot.cache_clear()
    yield
    fault_matrix.make_snapshot.cache_clear()


# -- what holds ----------------------------------------------------------------------------

HOLDS = (
    "ntc_open", "contact_lost", "board_sensor_lost", "charger_plugged", "unworn", "battery_sag",
    "gauge_nak", "button_stuck", "enable_stuck", "alert_broken",
)  # fmt: skip


@pytest.mark.parametrize("state", ["READY", "CHECK", "TREAT", "PAUSED"])
def test_these_faults_keep_their_bounds(waistband, state):
    ended = waistband(*asked(*HOLDS, states=(state,)), "--json")
    told = json.loads(ended.out)
    assert (ended.code, told["broken_cells"]) == (0, 0), [c for c in told["cells"] if c["broken"]]
    assert {cell["fault"] for cell in told["cells"]} == set(HOLDS)
    assert {cell["alert"] for cell in told["cells"]} == {"works", "dead"}
    assert {cell["pad"] for cell in told["cells"]} == {"A", "B", None}


def test_what_is_measured_of_an_open_thermistor_is_what_a_meter_would_show(waistband):
    ended = waistband(*asked("ntc_open", states=("TREAT",)), "--json")
    for cell in json.loads(ended.out)["cells"]:
        assert set(cell) == CELL_KEYS
        # three samples, 20 ms apart, the first up to 20 ms after the strike
        assert 40 < cell["latency_ms"] <= 60
        assert cell["share"] == pytest.approx(cell["latency_ms"] / 80, abs=0.001)
        assert 0 < cell["energy_j"] <= cell["energy_bound_j"]
        assert cell["after_due_j"] == 0.0
        assert 33 < cell["peak_contact_c"] <= SINGLE_C
        assert (cell["ends"], cell["named"], cell["broken"]) == (["FAULT"], ["ntc_open"], [])


def test_a_dark_unit_emits_nothing_after_an_open_thermistor(waistband):
    states = ("OFF", "SELF_TEST", "READY", "WAIT_SKIN", "PAUSED", "DONE", "CHARGING", "FAULT")
    ended = waistband(*asked("ntc_open", states=states), "--json")
    told = json.loads(ended.out)
    assert (ended.code, len(told["cells"])) == (0, len(states) * 4)
    for cell in told["cells"]:
        assert (cell["latency_ms"], cell["energy_j"], cell["ends"]) == (0.0, 0.0, ["FAULT"])


def test_in_fault_the_hold_that_cannot_acknowledge_switches_off_and_the_press_on_again():
    """What its wearer does there: START held 2 s after the fault, pressed 6 s after it."""
    place = next(k for k, moment in enumerate(MOMENTS) if moment.name == "FAULT")
    row = next(row for row in BOUNDS if row.fault == "ntc_open")
    fresh = fault_matrix.make_starter(place, 0, fault_matrix.HAL)
    case = Case(row, row.tried[0], "A", True)
    injection = inject(fresh, MOMENTS[place], case, MOMENTS[place].at_s)
    ((at_s, why),) = injection.run.restarts
    assert why == SWITCHED_ON
    assert MOMENTS[place].at_s + 6.0 <= at_s < MOMENTS[place].at_s + 7.0
    assert injection.measure().state == "FAULT"


def test_a_fault_of_the_chip_is_measured_at_driver_depth(waistband):
    ended = waistband(*asked("firmware_hang", states=("RAMP",)), "--json")
    cells = json.loads(ended.out)["cells"]
    assert ended.code == 0
    assert [cell["alert"] for cell in cells if cell["depth"] == "driver"] == ["works", "dead"]
    assert all(0 < cell["latency_ms"] <= 80 for cell in cells)


# -- that it can fail ----------------------------------------------------------------------


def deaf(*_arguments: object, **_named: object) -> None:
    """Does nothing."""


def always(answer: object) -> Callable[..., object]:
    """Answers always the same."""
    return lambda *_arguments, **_named: answer


class Ajar(Gate):
    """A gate that asks nobody, and shuts for nobody: the tick and the end of a state close it."""

    def pass_out(self, permitted: bool, ms: int) -> None:
        """Let it out."""
        super().pass_out(True, ms)

    def shut(self, ms: int) -> None:
        """Stay open."""


def limits_with(**changed):
    """The limits, some of them changed, for one module alone."""
    return SimpleNamespace(**{**vars(limits), **changed})


# What is broken, of which module or class; which fault shows it, in which state; the bound.
SABOTAGE = {
    "ten samples to trip": (guard, "TRIP_SAMPLES", 10, "ntc_open", "TREAT", "off"),
    "sensors not judged": (pad.Pad, "judge", deaf, "contact_lost", "TREAT", "off"),
    "a pair may differ": (pad, "PAIR_TRIP_MC", 10**9, "ntc_drift", "READY", "off"),
    "the gate lets all out": (parts, "Gate", Ajar, "charger_plugged", "RAMP", "off"),
    "a longer lease": (sim_hal, "LEASE_MS", 150, "firmware_hang", "RAMP", "off"),
    "buckle not asked": (session.Session, "unworn", deaf, "unworn", "RAMP", "off"),
    "no button is stuck": (
        ButtonActions, "is_stuck", always(False), "button_stuck", "READY", "start"),
    "refuses every start": (
        ButtonActions, "why_no_start", always(1), "gauge_nak", "READY", "goes on"),
    "a lower end of the battery": (
        guard_rows, "limits", limits_with(CELL_END_MV=1_000), "battery_sag", "RAMP", "off"),
    "a higher trip": (
        guard_rows, "limits", limits_with(CONTACT_TRIP_MC=46_000), "hot_skin", "READY", "off"),
    "the check passes all": (LampTest, "watch", deaf, "enable_stuck", "READY", "name"),
}  # fmt: skip


@pytest.mark.parametrize("name", SABOTAGE)
def test_a_firmware_that_was_broken_on_purpose_is_found_out(waistband, monkeypatch, afresh, name):
    owner, attribute, value, fault, state, bound = SABOTAGE[name]
    monkeypatch.setattr(owner, attribute, value)
    ended = waistband(*asked(fault, states=(state,)))
    assert ended.code == 1
    assert f"{bound}: " in ended.out
    assert "broken" in ended.out.splitlines()[-1]


# -- what it answers -----------------------------------------------------------------------


@pytest.mark.parametrize(("words", "said"), [
    (["--fault", "ntc_opn"], "--fault is 'ntc_opn' (did you mean ntc_open?)"),
    (["--state", "TREATT"], "--state is 'TREATT' (did you mean TREAT?)"),
    (["--fault", ""], "--fault is ''"),
    (["--jobs", "0"], "--jobs is '0': an integer from 1 to 256"),
    (["--jobs", "many"], "--jobs is 'many': an integer from 1 to 256"),
    (["--plot", "map.jpg"], "--plot is 'map.jpg': a name that ends in .png"),
    (["--report", "table.txt"], "--report is 'table.txt': a name that ends in .md"),
    (["--fault", "charger_plugged", "--state", "CHARGING"], "cannot strike in CHARGING"),
    (["--plot", "nowhere/map.png"], "nowhere/map.png: cannot be written"),
    (["--colour"], "No such option: --colour; see waistband check faults --help"),
])  # fmt: skip
def test_bad_input_is_refused_in_one_line_before_anything_is_tried(waistband, words, said):
    ended = waistband("check", "faults", *words)
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err
    assert len(ended.err.splitlines()) == 1


def test_the_group_says_what_it_can_do(waistband):
    ended = waistband("check")
    assert ended.code == 0
    assert "faults" in ended.out


def test_json_is_one_object_and_nothing_else(waistband):
    ended = waistband(*asked("gauge_nak", states=("READY",)), "--json")
    told = json.loads(ended.out)
    assert (ended.code, ended.err) == (0, "")
    assert set(told) == {
        "cells", "both_contact_sensors_lie", "strikes", "broken_cells", "broken_bounds",
    }  # fmt: skip
    assert told["strikes"] == sum(cell["strikes"] for cell in told["cells"])
    assert told["both_contact_sensors_lie"] == []  # a part of the whole table only


def test_a_line_a_state_and_pad_where_faults_are_named(waistband):
    told = waistband(*asked("ntc_open", states=("LOCKED", "READY"))).out.splitlines()
    assert [line.split()[:2] for line in told[2:6]] == [
        ["READY", "A"], ["READY", "B"], ["LOCKED", "A"], ["LOCKED", "B"],
    ]  # fmt: skip


def test_a_line_a_fault_in_the_whole_table():
    found = measure(
        fault_matrix.list_tasks(["ntc_open", "unworn"], ["READY", "PAUSED"]), 1, False, False
    )
    told = render(found, False, 1.0, []).splitlines()
    assert [line.split()[0] for line in told if "0 ms READY" in " ".join(line.split())] == [
        "ntc_open", "unworn",
    ]  # fmt: skip


def test_table_page_and_json_tell_the_same_figures():
    found = measure(fault_matrix.list_tasks(["ntc_open"], ["READY", "TREAT"]), 1, False, False)
    cells = json_object(found)["cells"]
    slowest = max(cells, key=lambda cell: cell["share"])
    joules = max((cell for cell in cells if cell["energy_bound_j"]),
                 key=lambda cell: cell["energy_j"] / cell["energy_bound_j"])  # fmt: skip
    figures = [
        f"{slowest['latency_ms']:.0f} ms", f"{slowest['state']} {slowest['pad']}",
        f"{max(cell['peak_contact_c'] for cell in cells):.2f}",
        f"{joules['energy_j']:.3f} / {joules['energy_bound_j']:.3f}",
    ]  # fmt: skip
    (line,) = (row for row in faults_report.render_page(found).splitlines() if row[:3] == "| `")
    assert line.split(" | ")[2:6] == figures
    on_terminal = " ".join(render(found, False, 1.0, []).split())
    assert f"ntc_open 80 ms {' '.join(figures)} ok" in on_terminal


def test_map_and_report_are_written_and_the_report_has_every_fault_that_was_tried(
    waistband, tmp_path
):
    ended = waistband(
        *asked("ntc_open", "gauge_nak", states=("READY",)), "--plot", "map.png", "--report", "t.md"
    )
    assert ended.code == 0
    assert (tmp_path / "map.png").read_bytes()[:4] == b"\x89PNG"
    page = (tmp_path / "t.md").read_text()
    assert "| `ntc_open` |" in page
    assert "| `gauge_nak` |" in page
    assert "Wrote the plot to map.png" in ended.out
    assert "Wrote the report to t.md" in ended.out


def test_a_run_that_is_interrupted_leaves_no_file(waistband, tmp_path, monkeypatch):
    monkeypatch.setattr(fault_matrix, "add_to_cells", interrupted)
    ended = waistband(*asked("gauge_nak", states=("READY",)), "--plot", "map.png")
    assert ended.code == 130
    assert not list(tmp_path.glob("*map*"))


def interrupted(*_arguments: object) -> None:
    """Ctrl-C."""
    raise KeyboardInterrupt


# -- what is tried -------------------------------------------------------------------------


def test_every_fault_that_a_depth_has_is_tried_in_every_state_where_it_can_strike():
    todo = fault_matrix.list_tasks(NAMES, [moment.name for moment in MOMENTS])
    tried = {(BOUNDS[task.row].fault, MOMENTS[task.moment].name) for task in todo}
    assert tried == {(f, m.name) for f in FAULTS for m in MOMENTS if m.name not in FAULTS[f].not_in}


def test_lit_states_are_struck_on_every_wearer():
    todo = fault_matrix.list_tasks(["ntc_open"], ["TREAT"])
    assert sorted(task.wearer for task in todo) == list(range(len(WEARERS)))


def test_one_seed_makes_every_contact_sensor_read_as_low_as_it_may():
    wearer = WEARERS[-1]
    run = Run(fault_matrix.make_scenario(MOMENTS[0], len(WEARERS) - 1))
    assert run.seed == wearer.seed
    for one in run.plant.pads:
        assert one.ntc_error_c == pytest.approx(-0.2, abs=0.001)
        assert one.contact_error_c == pytest.approx(-0.1, abs=0.001)


@pytest.mark.parametrize("fault", ["ntc_open", "hot_skin"])
def test_a_strikes_scenario_made_anew_tells_the_same_story(fault):
    row = next(row for row in BOUNDS if row.fault == fault)
    moment = next(moment for moment in MOMENTS if moment.name == "RAMP")
    case = Case(row, row.tried[-1], "B", False)
    kept = Snapshot(fault_matrix.advance_to(Run(fault_matrix.make_scenario(moment, 1)), moment))
    story = Injection(kept.fork(), moment, case, moment.at_s + 0.062)
    story.run_to_end()
    again = Run(story.run.scenario)
    again.advance(-(-story.run.ticks // 10))  # a unit that goes off ends within a step
    assert again.t_s == story.run.t_s
    assert again.fault_rows() == story.run.fault_rows() != []
    given = [pad.fluence_j_cm2() for pad in story.run.plant.pads]
    assert [pad.fluence_j_cm2() for pad in again.plant.pads] == given
