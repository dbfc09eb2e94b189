"""Scenario files: allowed TOML, the scenario it gives, and the name of each mistake."""

import json
from pathlib import Path

import pytest

from firmware.records import signed_prescription
from sim.common.default_prescription import DEFAULT
from sim.common.errors import BadInput
from sim.common.story import Event, PressureSpot, Scenario, Start
from sim.faults.catalogue import FAULTS, Fault
from sim.faults.source_lines import executed_lines
from sim.scenario import toml_writer
from sim.scenario.scenario import load, ordinary, parse
from tests.support.journals import KEY
from tools.prescription.file import render, sign

HEAD = "duration_s = 600\n"


def event(text: str) -> str:
    """A scenario of one event."""
    return f"{HEAD}[[event]]\n{text}\n"


def only_event(text: str) -> Event:
    (found,) = parse(event(text), "night.toml").events
    return found


def refusal(text: str) -> str:
    with pytest.raises(BadInput) as why:
        parse(text, "night.toml")
    return str(why.value)


def test_a_duration_alone_makes_a_scenario_with_everything_else_ordinary() -> None:
    found = parse(HEAD, "some/night.toml")
    assert found == Scenario("night", 1, 600.0, DEFAULT, Start(), ())


def test_the_scenario_of_the_design_reads_as_it_says() -> None:
    found = parse(
        """
        seed = 7
        duration_s = 2400
        prescription = "default"
        start = { ambient_c = 23.0, battery_pct = 80, worn = true }

        [[event]]
        at_s = 10
        press = "START"

        [[event]]
        at_s = 300
        fault = "ntc_open"
        pad = "A"
        """,
        "design.toml",
    )
    assert (found.seed, found.duration_s, found.start) == (7, 2400, Start())
    assert found.events == (
        Event(10, "press", "START", hold_ms=200),
        Event(300, "fault", "ntc_open", pad="A"),
    )


def test_the_ordinary_session_is_worn_and_started_after_ten_seconds() -> None:
    found = ordinary()
    assert found.start == Start(ambient_c=23.0, battery_pct=80.0, worn=True)
    assert found.events == (Event(10, "press", "START", hold_ms=200),)
    assert found.duration_s >= 10 + 30 * 60
    assert found.until_done


def test_events_come_in_order_of_time_and_of_the_file_where_times_are_equal() -> None:
    found = parse(
        HEAD
        + "".join(
            f'[[event]]\nat_s = {at_s}\npress = "{press}"\n'
            for at_s, press in ((5, "UP"), (1, "DOWN"), (5, "DOWN"), (1, "UP"))
        ),
        "night.toml",
    )
    assert [(e.at_s, e.name) for e in found.events] == [
        (1, "DOWN"), (1, "UP"), (5, "UP"), (5, "DOWN"),
    ]  # fmt: skip


def test_a_fault_without_a_pad_strikes_both() -> None:
    assert only_event('at_s = 1\nfault = "ntc_open"').pad is None


@pytest.mark.parametrize("name", [n for n, row in FAULTS.items() if row.default is not None])
def test_a_fault_has_its_usual_value_if_none_is_given(name: str) -> None:
    row = FAULTS[name]
    needed = '\nbutton = "UP"' if row.also == "button" else ""
    assert only_event(f'at_s = 1\nfault = "{name}"{needed}').value == row.default
    assert row.low <= (row.default or 0) <= row.high


@pytest.mark.parametrize(("name", "row"), FAULTS.items(), ids=FAULTS)
def test_a_fault_takes_what_its_row_says_and_nothing_else(name: str, row: Fault) -> None:
    text = f'at_s = 1\nfault = "{name}"\n'
    needed = 'pad = "B"\n' if row.pad == "must" else ""
    needed += "value = 810\n" if row.unit == "nm" else ""
    needed += 'button = "UP"\n' if row.also == "button" else ""
    assert only_event(text + needed).name == name
    pad, value, lasts = 'pad = "B"', f"value = {row.high or 1:g}", "for_s = 2"
    line = f'line = "firmware/safety/gate.py:{max(executed_lines("firmware/safety/gate.py"))}"'
    takes = ((row.pad, pad), (row.unit, value), (row.lasts, lasts), (row.also == "line", line))
    for taken, key in takes:
        if taken and key.partition(" ")[0] not in needed:
            only_event(text + needed + key)
        elif not taken:
            assert "is not a key" in refusal(event(text + needed + key))


def test_a_host_that_attaches_is_there_for_a_second() -> None:
    assert only_event('at_s = 1\nfault = "host_attach"').for_s == 1.0


@pytest.mark.parametrize("name", ["firmware_exception", "firmware_hang"])
def test_a_line_of_the_firmware_may_be_named_and_must_be_one_that_runs(name: str) -> None:
    text = f'at_s = 1\nfault = "{name}"\n'
    assert only_event(text).line is None
    lines = sorted(executed_lines("firmware/safety/guard.py"))
    assert only_event(text + f'line = "firmware/safety/guard.py:{lines[3]}"').line is not None
    for line in set(range(1, lines[-1] + 10)) - set(lines):
        said = refusal(event(text + f'line = "firmware/safety/guard.py:{line}"'))
        assert f"nothing is executed at line {line} of firmware/safety/guard.py; near it at" in said


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            '"firmware/gaurd.py:30"',
            ["'firmware/gaurd.py'", "did you mean firmware/"],
        ),
        ('"hal/lease.py:30"', ["there is no 'hal/lease.py'", '"firmware/safety/gate.py:']),
        (
            '"firmware/safety/guard.py"',
            ["line is 'firmware/safety/guard.py'", '"firmware/safety/gate.py:'],
        ),
        ('"firmware/safety/guard.py:"', ["line is 'firmware/safety/guard.py:'"]),
        ('"firmware/safety/guard.py:-3"', ["line is 'firmware/safety/guard.py:-3'"]),
        ('"firmware/safety/guard.py:1e1"', ["line is 'firmware/safety/guard.py:1e1'"]),
        ('"firmware/safety/guard.py:0"', ["at line 0"]),
        ('"firmware/safety/guard.py:\u0663"', ["a line of the firmware"]),
        (f'"firmware/safety/guard.py:{"9" * 70}"', ["a line of the firmware"]),
        (
            '"firmware/core/limits.py:9"',
            ["firmware/core/limits.py has no line that a running unit"],
        ),
        ("58", ["line is 58"]),
    ],
)
def test_a_line_that_is_none_of_the_firmwares_is_refused_with_what_may_stand_there(
    line: str, words: list[str]
) -> None:
    said = refusal(event(f'at_s = 1\nfault = "firmware_hang"\nline = {line}'))
    assert all(word in said for word in words), said
    assert said.startswith("night.toml: event 1 (firmware_hang): line")


def test_a_stuck_button_names_the_button() -> None:
    assert only_event('at_s = 1\nfault = "button_stuck"\nbutton = "UP"').button == "UP"


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("worn = false", "worn", False),
        ("ambient_c = 40", "ambient_c", 40.0),
        ("perfusion = 0.0003", "perfusion", 0.0003),
        ("air_w_m2k = 15.0", "air_w_m2k", 15.0),
        ("seed = 4294967295", "seed", 2**32 - 1),
    ],
)
def test_conditions_change_during_a_run(text: str, name: str, value: object) -> None:
    found = only_event("at_s = 1\n" + text)
    assert (found.kind, found.name, found.value) == ("set", name, value)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", ["lacks duration_s", "1 to 34560000"]),
        ("duration_s = 0.5", ["duration_s is 0.5", "1 to 34560000"]),
        ("duration_s = true", ["duration_s is true", "a number"]),
        ("duration_s = nan", ["duration_s is nan"]),
        ("duration_s = inf", ["duration_s is inf"]),
        ('duration_s = "600"', ["duration_s is '600'"]),
        ("duration_s = 600", None),
        (HEAD + "seed = 4294967295", None),
        (HEAD + "seed = 4294967296", ["seed is 4294967296", "0 to 4294967295"]),
        (HEAD + "seed = 1.0", ["seed is 1.0", "an integer"]),
        (HEAD + "sed = 1", ["'sed' is not a key", "did you mean seed?"]),
        (HEAD + "start = 3", ["start is 3", "a table"]),
        (HEAD + "start = { ambient_c = 50.1 }", ["start.ambient_c is 50.1", "-10 to 50"]),
        (HEAD + "start = { ambient_c = -10 }", None),
        (HEAD + "start = { battery_pct = 101 }", ["start.battery_pct is 101", "0 to 100"]),
        (event("at_s = 1\nseed = -1"), ["seed is -1", "0 to 4294967295"]),
        (HEAD + "start = { perfusion = 0.02 }", ["start.perfusion is 0.02", "0 to 0.01"]),
        (HEAD + 'start = { person = "thin" }', ["start.person is 'thin'", "safe, typical"]),
        (HEAD + "start = { spot = 1 }", ["start.spot is 1"]),
        (HEAD + "start = { spot = { share = 0.6 } }", ["start.spot.share is 0.6", "0.01 to 0.5"]),
        (HEAD + "start = { spot = { depth = 1 } }", ["start.spot", "depth"]),
        (HEAD + "start = { vasodilation = 0.9 }", ["start.vasodilation is 0.9", "1 to 12"]),
        (HEAD + "start = { fat_mm = 1 }", ["start.fat_mm is 1", "2 to 40"]),
        (HEAD + "start = { air_w_m2k = 0 }", ["start.air_w_m2k is 0", "0.5 to 50"]),
        (HEAD + "start = { clock = 1073741823 }", None),
        (HEAD + "start = { clock = 1073741824 }", ["start.clock is 1073741824", "1073741823"]),
        (HEAD + "start = { worn = 1 }", ["start.worn is 1", "true or false"]),
        (HEAD + "start = { clok = 1 }", ["'clok'", "clock"]),
        (HEAD + "event = 3", ["event is 3"]),
        (HEAD + "event = [3]", ["event 1 is 3"]),
        (event("at_s = 1"), ["event 1 lacks what happens"]),
        (event('press = "UP"'), ["event 1 lacks at_s"]),
        (event('at_s = 1\npress = "UP"\nworn = true'), ["press and worn", "only one"]),
        (event('at_s = 1\npres = "UP"'), ["'pres' is not a key", "press"]),
        (event('at_s = 601\npress = "UP"'), ["at_s is 601", "0 to 600"]),
        (event('at_s = 600\npress = "UP"'), None),
        (event('at_s = -1\npress = "UP"'), ["at_s is -1"]),
        (event('at_s = 1\npress = "up"'), ["press is 'up'", "START, UP, DOWN"]),
        (event('at_s = 1\npress = "UP"\nhold_ms = 19'), ["hold_ms is 19", "20 to 60000"]),
        (event('at_s = 1\npress = "UP"\nhold_ms = 60000'), None),
        (event('at_s = 1\npress = "UP"\nhold_ms = 1e3'), ["hold_ms is 1000.0", "an integer"]),
        (event('at_s = 1\nfault = "ntc_opne"'), ["fault is 'ntc_opne'", "did you mean ntc_open?"]),
        (event('at_s = 1\nfault = "ntc_open"\npad = "C"'), ["pad is 'C'", "A, B"]),
        (event('at_s = 1\nfault = "ntc_open"\nfor_s = 0'), ["for_s is 0"]),
        (event('at_s = 1\nfault = "ntc_drift"\nvalue = 11'), ["value is 11", "-10 to 10 (C/min)"]),
        (event('at_s = 1\nfault = "led_open"\nvalue = 810'), ["lacks pad", "A or B"]),
        (event('at_s = 1\nfault = "led_open"\npad = "A"'), ["lacks value", "810, 850, 940, 1060"]),
        (event('at_s = 1\nfault = "led_open"\npad = "A"\nvalue = 800'), ["value is 800", "810"]),
        (event('at_s = 1\nfault = "button_stuck"'), ["lacks button", "START, UP or DOWN"]),
        (event('at_s = 1\nfault = ["ntc_open"]'), ["fault is a list"]),
        (HEAD + "prescription = 3", ["prescription is 3", '"default"']),
        (HEAD + "[prescription]\nfluence_j_cm2 = 1", ["night.toml: prescription:", "lacks name"]),
        (HEAD + 'prescription = ""', ["prescription is ''"]),
        (HEAD + 'prescription = "none.json"', ["none.json", "no such file"]),
    ],
)
def test_a_mistake_is_named_with_file_key_value_and_what_is_allowed(
    text: str, named: list[str] | None
) -> None:
    if named is None:
        parse(text, "night.toml")
        return
    said = refusal(text)
    assert all(part in said for part in named), said
    assert said.startswith("night.toml: ") or "none.json" in said


def test_two_thousand_events_are_read_and_one_more_is_refused() -> None:
    one = "{at_s=1,worn=true},\n"
    assert len(parse(HEAD + f"event = [\n{one * 2000}]", "many.toml").events) == 2000
    with pytest.raises(BadInput, match="has 2001 events: at most 2000"):
        parse(HEAD + f"event = [\n{one * 2001}]", "many.toml")


def test_a_prescription_is_found_beside_its_scenario(tmp_path: Path) -> None:
    (tmp_path / "gentle.json").write_text(json.dumps(DEFAULT | {"fluence_j_cm2": 6}))
    path = tmp_path / "night.toml"
    path.write_text(HEAD + 'prescription = "gentle.json"')
    assert load(str(path)).prescription["fluence_j_cm2"] == 6


def test_a_prescription_may_stand_in_its_scenario() -> None:
    text = (
        HEAD
        + """
        [prescription]
        name = "gentle"
        irradiance_mw_cm2 = { "810" = 1, "850" = 0.5, "940" = 0, "1060" = 0 }
        fluence_j_cm2 = 6
        max_min = 20
        set_point_c = 39.5
        light = { mode = "gated", rate_hz = 10, on_ms = 40 }
        """
    )
    assert parse(text, "night.toml").prescription["light"] == {
        "mode": "gated", "rate_hz": 10, "on_ms": 40,
    }  # fmt: skip


def test_a_prescription_out_of_limits_is_refused_when_the_scenario_is_read(tmp_path: Path) -> None:
    (tmp_path / "hot.json").write_text(json.dumps(DEFAULT | {"set_point_c": 41}))
    path = tmp_path / "night.toml"
    path.write_text(HEAD + 'prescription = "hot.json"')
    with pytest.raises(BadInput, match=r"hot\.json: set_point_c is 41: .*38\.0 to 40\.5 C"):
        load(str(path))


def test_an_editor_that_marks_utf_8_at_the_start_is_forgiven(tmp_path: Path) -> None:
    path = tmp_path / "night.toml"
    path.write_bytes(b"\xef\xbb\xbf" + HEAD.encode())
    assert load(str(path)).duration_s == 600


def test_a_spot_and_a_person_are_read_and_written_again() -> None:
    told = parse(
        HEAD + 'start = { person = "typical", fat_mm = 5.0, spot = { share = 0.2 } }', "night.toml"
    )
    start = told.start
    assert start.spot == PressureSpot(0.2, 0.0, 150.0)
    assert (start.person, start.fat_mm) == ("typical", 5.0)
    # what the person has, where the file does not say it
    assert (start.vasodilation, start.light_mm, start.air_w_m2k) == (12.0, 8.0, 9.0)
    assert parse(toml_writer.to_toml(told), "night.toml").start == start
    plain = parse(HEAD, "night.toml")
    assert plain.start == Start()
    assert parse(toml_writer.to_toml(plain), "night.toml").start == Start()


# -- prescriptions in files of their own -------------------------------------------------------


def test_a_prescription_is_a_toml_or_a_json_or_a_signed_file(tmp_path: Path) -> None:
    asked = dict(DEFAULT, name="mild", fluence_j_cm2=2)
    (tmp_path / "dose.toml").write_bytes(render(asked, "dose.toml"))
    (tmp_path / "dose.json").write_bytes(render(asked, "dose.json"))
    (tmp_path / "signed.json").write_bytes(sign(asked, KEY, "SIM-0001", 1, None))
    for name in ("dose.toml", "dose.json", "signed.json"):
        found = parse(f'{HEAD}prescription = "{name}"\n', "night.toml", tmp_path)
        assert found.prescription == asked


def test_a_signed_file_without_a_prescription_is_refused(tmp_path: Path) -> None:
    inner = b'{"expires": null, "number": 1, "unit": "SIM-0001"}'
    (tmp_path / "signed.json").write_bytes(signed_prescription.sign(inner, bytes(32)))
    with pytest.raises(BadInput, match="is signed and lacks prescription"):
        parse(f'{HEAD}prescription = "signed.json"\n', "night.toml", tmp_path)


# -- days ------------------------------------------------------------------------------------


def test_an_event_repeats() -> None:
    found = parse(
        "duration_s = 700000\n[[event]]\nat_s = 10\nevery_s = 86400\n"
        'until_s = 200000\npress = "START"\n', "days.toml",
    )  # fmt: skip
    assert [row.at_s for row in found.events] == [10, 86_410, 172_810]
    assert parse(toml_writer.to_toml(found), "days.toml") == found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (event('at_s = 1\nevery_s = 0\npress = "UP"'), "every_s is 0: a number from 1"),
        (event('at_s = 1\nuntil_s = 5\npress = "UP"'), "every_s is None"),
        (event('at_s = 9\nevery_s = 2\nuntil_s = 5\npress = "UP"'), "until_s is 5"),
        (
            'duration_s = 9e6\n[[event]]\nat_s = 0\nevery_s = 60\npress = "UP"\n',
            "happens 150001 times: at most",
        ),
        (event('at_s = 1\nhost = "a\\nb"'), "host is"),
        (event('at_s = 1\nhost = ""'), "host is"),
    ],
)
def test_what_is_wrong_with_days_is_named(text: str, said: str) -> None:
    assert said in refusal(text)
