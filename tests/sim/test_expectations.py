"""Expectations of a scenario: read, judged at HAL and driver depth, and named where not held."""

import json
from pathlib import Path

import pytest

from sim.common.errors import BadInput
from sim.common.story import Expectation
from sim.faults.depth import Depth
from sim.hal_depth.depth import HalDepth
from sim.run import Run
from sim.scenario.scenario import parse
from sim.scenario.toml_writer import to_toml
from tests.support.command import Waistband

STORY = """
duration_s = 70
[[event]]
at_s = 10
press = "START"
[[event]]
at_s = 60
fault = "ntc_open"
pad = "A"
[[expect]]
at_s = 5
state = "READY"
screen = "Ready"
fault = ""
lit = false
[[expect]]
at_s = 10.6
state = "WAIT_SKIN"
cue = "WAIT_SKIN"
[[expect]]
at_s = 12.6
cue = "RAMP"
lit = true
[[expect]]
at_s = 55
state = "TREAT"
lit = true
fault = ""
[[expect]]
at_s = 60.4
state = "FAULT"
lit = false
fault = "ntc_open"
cue = "FAULT"
[[expect]]
at_s = 62.5
screen = "FAULT"
"""
HEAD = 'duration_s = 30\n[[event]]\nat_s = 2\npress = "START"\n'


def story() -> str:
    """STORY, its third time where this firmware's lamp test ends."""
    run = Run(parse(STORY, "story.toml"))
    seen: list[tuple[float, str]] = []
    run.trace(lambda row: seen.append((float(row[0]), str(row[1]))))
    while run.advance(100):
        pass
    ramp_s = next(t_s for t_s, state in seen if state == "RAMP")
    return STORY.replace("12.6", f"{ramp_s + 0.4:.1f}")


@pytest.mark.parametrize("depth", ["hal", "driver"])
def test_what_a_scenario_expects_is_judged_at_every_depth(waistband: Waistband, depth: str) -> None:
    Path("story.toml").write_text(story())
    code, out, err = waistband("sim", "story.toml", "--json", "--depth", depth)
    rows = json.loads(out)["expect"]
    assert [row["held"] for row in rows] == [True] * 6, err
    assert (code, err) == (0, "")
    assert rows[0]["wanted"] == {"state": "READY", "screen": "Ready", "fault": "", "lit": False}
    assert rows[4]["found"]["fault"][0] == "ntc_open" and rows[4]["at_s"] == 60.4


@pytest.mark.parametrize("depth", ["hal", "driver"])
@pytest.mark.parametrize(
    ("wrong", "found"),
    [
        ('state = "TREAT"', 'state "READY"'),
        ('screen = "Ready!"', "screen Ready / "),
        ('fault = "ntc_open"', "fault none"),
        ("lit = true", "lit false"),
        ('cue = "REFUSED"', "cue none"),
    ],
)
def test_what_does_not_hold_is_said_and_exits_1(
    waistband: Waistband, depth: str, wrong: str, found: str
) -> None:
    Path("wrong.toml").write_text(f"duration_s = 8\n[[expect]]\nat_s = 6\n{wrong}\n")
    code, out, err = waistband("sim", "wrong.toml", "--json", "--depth", depth)
    assert code == 1 and json.loads(out)["expect"][0]["held"] is False
    wanted = wrong.replace(" = ", " ")
    assert err.startswith(f"waistband: expected at 6 s: {wanted}; found: {found}")
    assert err.count("\n") == 1


def test_one_that_the_run_ends_before_is_judged_by_its_end(waistband: Waistband) -> None:
    Path("off.toml").write_text(
        'duration_s = 30\n[[event]]\nat_s = 5\npress = "START"\nhold_ms = 2000\n'
        '[[expect]]\nat_s = 30\nstate = "OFF"\nlit = false\n'
        '[[expect]]\nat_s = 29\nscreen = "Ready"\n'
    )
    code, out, _ = waistband("sim", "off.toml", "--json")
    held = {row["at_s"]: row["held"] for row in json.loads(out)["expect"]}
    assert code == 1 and held == {30.0: True, 29.0: False}


def test_a_fault_that_is_expected_was_called_for(waistband: Waistband) -> None:
    story = "duration_s = 120\nstart = { ambient_c = 45 }\n" + HEAD.split("\n", 1)[1]
    run = Run(parse(story, "hot.toml"))
    while run.advance(100):
        pass
    names = [row["name"] for row in run.fault_rows()]
    for name in names:  # none today: a hot room is a refusal
        story += f'[[expect]]\nat_s = 120\nfault = "{name}"\n'
    Path("hot.toml").write_text(story)
    assert waistband("sim", "hot.toml").code == 0


@pytest.mark.parametrize("depth", ["hal", "driver"])
def test_the_dark_part_of_a_gate_is_lit_and_a_pause_is_not(depth: str) -> None:
    gated = """
    duration_s = 60
    [prescription]
    name = "gated"
    light = { mode = "gated", rate_hz = 1, on_ms = 100 }
    irradiance_mw_cm2 = { 810 = 1.0, 850 = 1.0, 940 = 1.0, 1060 = 1.0 }
    fluence_j_cm2 = 1
    max_min = 10
    set_point_c = 39
    [[event]]
    at_s = 10
    press = "START"
    [[event]]
    at_s = 45
    press = "START"
    """
    times = [40 + k / 8 for k in range(8)]
    wanted = "".join(f"[[expect]]\nat_s = {t_s}\nlit = true\n" for t_s in times)
    text = gated + wanted + "[[expect]]\nat_s = 46\nlit = false\nstate = 'PAUSED'\n"
    run = Run(parse(text, "gated.toml"), depth=depth_of(depth))
    while run.advance(100):
        pass
    run.close()
    assert run.expectations.list_unmet() == []


def depth_of(name: str) -> Depth:
    from sim.driver_depth.run import DriverDepth

    return DriverDepth() if name == "driver" else HalDepth()


def test_a_bank_that_no_switch_can_darken_is_lit() -> None:
    text = (
        "duration_s = 40\n"
        '[[event]]\nat_s = 5\npress = "START"\n'
        '[[event]]\nat_s = 30\nfault = "fet_stuck_on"\npad = "A"\nvalue = 810\n'
        '[[event]]\nat_s = 30\nfault = "enable_stuck"\n'
        "[[expect]]\nat_s = 39\nlit = true\n"
    )
    run = Run(parse(text, "stuck.toml"))
    while run.advance(100):
        pass
    assert run.expectations.list_unmet() == []


def test_the_writer_writes_what_the_reader_reads() -> None:
    found = parse(STORY, "story.toml")
    assert parse(to_toml(found), "story.toml").expectations == found.expectations
    assert found.expectations[0] == Expectation(5.0, "READY", "Ready", "", False)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("at_s = 1", "expect 1 lacks what is to hold: any of state, screen, fault, lit, cue"),
        ("lit = true", "expect 1 lacks at_s: a number from 0 to duration_s, 30 (s)"),
        ("at_s = 31\nlit = true", "expect 1: at_s is 31: a number from 0 to 30"),
        ("at_s = 1\nlit = 1", "expect 1: lit is 1: true or false"),
        ('at_s = 1\nstate = "TRAET"', "expect 1: state is 'TRAET' (did you mean TREAT?)"),
        ('at_s = 1\nfault = "ntc_opn"', "expect 1: fault is 'ntc_opn' (did you mean ntc_open?)"),
        ('at_s = 1\ncue = "beep"', "expect 1: cue is 'beep'; allowed are"),
        ('at_s = 1\nscreen = "12345678901234567"', "1 to 16 characters of a screen's row"),
        ('at_s = 1\nscreen = ""', "1 to 16 characters of a screen's row"),
        ("at_s = 1\nlight = true", "expect 1: 'light' is not a key"),
    ],
)
def test_a_wrong_expectation_is_refused_by_name(table: str, said: str) -> None:
    with pytest.raises(BadInput) as why:
        parse(f"{HEAD}[[expect]]\n{table}\n", "night.toml")
    assert f"night.toml: {said}" in str(why.value) or said in str(why.value)


def test_expectations_are_tables() -> None:
    with pytest.raises(BadInput, match="expect is 'READY': tables, each headed"):
        parse('expect = "READY"\n' + HEAD, "night.toml")
