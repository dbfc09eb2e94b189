"""`waistband bringup` on the driver-depth unit: sound, wrong in every way, interrupted, pulled."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hal.boards import EXAMPLE_1200NM, RPI_PICO
from tests.support.command import Waistband, files
from tools.bringup import programs, wires
from tools.bringup.calibration import calibrate_by
from tools.bringup.session import Bringup, Result, run_steps
from tools.bringup.simulated import SimulatedUnit
from tools.bringup.steps import DARK_NAMES, STEPS
from tools.bringup.verdict import (
    BROKEN_OFF,
    FAILED,
    FAILURES,
    NOTES,
    PASSED,
    SKIPPED,
    Verdict,
)
from tools.bringup.wrongs import WRONGS, make_wrong

LEASE_MS = 51.0  # of one grant
LIT_MOST_MS = 21.0  # of any light: the 20 ms that were promised
LIT_STEPS = ("lease", "switch", "banks", "alert")
MEASURES = {
    "date": "2026-01-01", "window_cm2": 60, "serial": "WB-0009",
    "irradiance_mw_cm2": {pad: {str(row[0]): 10.0 for row in RPI_PICO.BANKS} for pad in "AB"},
}  # fmt: skip


class Watched:
    """A simulated unit, and what its emitters gave: (begin ms, end ms) of each stretch of light."""

    def __init__(self, unit: SimulatedUnit) -> None:
        self.unit = unit
        self.light: list[tuple[float, float]] = []
        unit.chip.light.on_light = lambda begin, end, watts: self.light.append((begin, end))
        self.bringup = Bringup(unit, unit.board, unit, "WB-0009")
        self.dark_so_far: dict[str, bool] = {}

    def run(self) -> dict[str, Result]:
        """Run all steps; results by name."""
        found = run_steps(self.bringup, STEPS, self.note)
        return {result.step.name: result for result in found}

    def note(self, result: Result) -> None:
        """After each step: whether nothing was lit so far, and that the pins are low."""
        self.dark_so_far[result.step.name] = not self.light
        if result.state in (PASSED, FAILED):
            assert_dark(self.unit)

    def lit_stretches(self) -> list[float]:
        """Length of each uninterrupted light, ms."""
        joined: list[list[float]] = []
        for begin, end in self.light:
            if joined and begin - joined[-1][1] < 0.5:
                joined[-1][1] = end
            else:
                joined.append([begin, end])
        return [end - begin for begin, end in joined]


def assert_dark(unit: SimulatedUnit) -> None:
    """Supply switch and every emitter pin are plain outputs, low, as the chip has them."""
    gpio = unit.chip.gpio
    assert [gpio.driven(pin) for pin in wires.emitter_pins(unit.board)] == [0] * 9


@pytest.fixture
def sound() -> Iterator[Watched]:
    """A sound unit."""
    unit = SimulatedUnit(RPI_PICO)
    yield Watched(unit)
    unit.close()


def test_a_sound_unit_passes_and_no_bank_is_lit_before_every_dark_step_passed(
    sound: Watched,
) -> None:
    sound.bringup.calibrate = calibrate_by(MEASURES, "m", "2026-11-29")
    results = sound.run()
    assert {name: result.state for name, result in results.items()} == dict.fromkeys(
        [step.name for step in STEPS], PASSED
    )
    assert [result.verdict.notes for result in results.values()] == [[]] * len(STEPS)
    assert sound.dark_so_far["switch"] and not sound.dark_so_far["banks"]
    lengths = sound.lit_stretches()
    assert len(lengths) == 8 + 2  # each bank, and one look after each ALERT
    assert max(lengths) <= LIT_MOST_MS
    assert sound.unit.chip_unit.flash.files["calibration.json"]


def test_the_unit_takes_the_measured_calibration_and_runs_with_it(waistband: Waistband) -> None:
    lines = [
        "date = 2026-01-01", "window_cm2 = 60", 'serial = "WB-0009"', "[irradiance_mw_cm2]",
        *(
            f"{pad} = {{ " + ", ".join(f"{row[0]} = 10.0" for row in RPI_PICO.BANKS) + " }"
            for pad in "AB"
        ),
    ]  # fmt: skip
    Path("given.toml").write_text("\n".join(lines))
    ended = waistband(
        "bringup", "--sim", "--measures", "given.toml",
        "-o", "unit.json", "-o", "unit.html", "-o", "found.toml",
    )  # fmt: skip
    assert (ended.code, ended.err) == (0, "")
    report = json.loads(Path("unit.json").read_text())
    assert report["passed"] and report["serial"] == "WB-0009" and report["simulated"]
    by_name = {row["step"]: row for row in report["steps"]}
    assert by_name["calibration"]["state"] == PASSED
    assert by_name["calibration"]["values"] == {"serial": "WB-0009", "date": "2026-01-01"}
    page = Path("unit.html").read_text()
    assert "WB-0009" in page and "Every step passed" in page and "simulated unit" in page
    ended = waistband("bringup", "--sim", "--serial", "WB-0010", "--measures", "given.toml",
                      "-o", "other.json")  # fmt: skip
    assert (ended.code, ended.err) == (0, "")
    steps = json.loads(Path("other.json").read_text())["steps"]
    assert [row["values"]["serial"] for row in steps if row["step"] == "calibration"] == ["WB-0010"]
    found = Path("found.toml").read_text()
    Path("whole.toml").write_text(found + "\n".join(row for row in lines if "serial" not in row))
    ended = waistband("calibrate", "whole.toml", "-o", "calibration.json")
    assert (ended.code, ended.err) == (0, "")


@pytest.mark.parametrize("name", WRONGS)
def test_what_is_wrong_is_found_by_its_step_and_the_wire_is_named(name: str) -> None:
    wrong = WRONGS[name]
    watched = Watched(make_wrong(RPI_PICO, name))
    try:
        results = watched.run()
    finally:
        watched.unit.close()
    step, _, _ = wrong.key.partition(".")
    result = next(
        result
        for result in results.values()
        if wrong.key in result.verdict.keys or (wrong.key in NOTES and result.step.name == step)
    )
    said = result.verdict.notes if wrong.key in NOTES else result.verdict.failures
    template = (NOTES if wrong.key in NOTES else FAILURES)[wrong.key]
    found = [line for line in said if matches(template, line)]
    assert any(all(word in line for word in wrong.names) for line in found), (name, said)
    if wrong.key in NOTES:
        assert not [r for r in results.values() if r.state == FAILED]
        return
    assert result.state == FAILED
    first = next(r.step.name for r in results.values() if r.state == FAILED)
    assert first == result.step.name, (name, first)
    if first in DARK_NAMES:  # nothing was lit, the supply switch never closed
        assert not watched.light
        assert all(results[lit].state == SKIPPED for lit in LIT_STEPS)
    assert max(watched.lit_stretches(), default=0) <= LIT_MOST_MS


def matches(template: str, line: str) -> bool:
    """Whether a sentence was made of this template: its first fixed words are there."""
    fixed = [part.split("}")[-1] for part in ("}" + template).split("{")]
    return all(part in line for part in fixed)


@pytest.mark.parametrize("step", LIT_STEPS)
def test_ctrl_c_at_any_moment_leaves_the_emitters_dark(step: str) -> None:
    """On the unit: typed in the middle of each lit program, at many moments."""
    watched = Watched(SimulatedUnit(RPI_PICO))
    unit = watched.unit
    program = programs.build_program(BODIES[step], True, constants(watched.bringup))
    unit.run(program)  # the drivers are imported: light comes early from here on
    try:
        for late_us in range(1_000, 120_000, 7_000):
            unit.device.begin(program)
            unit.device.run_until(unit.chip.us + late_us)
            unit.chip.usb.type("\x03")
            unit.pass_time(2_500_000)
            assert_dark(unit)
            assert unit.device.answer is not None
            assert unit.device.answer[1] == ""  # it came to its end: Ctrl-C is off meanwhile
        assert max(watched.lit_stretches(), default=0) <= LIT_MOST_MS
    finally:
        unit.close()


def constants(bringup: Bringup) -> dict[str, Any]:
    """Of the lit programs."""
    from tools.bringup.checks_lit import lit_constants

    return {
        **lit_constants(bringup), "bank": 3, "address": 0x48, "high_limit": 2, "low_limit": 3,
        "high": wires.ALERT_HIGH, "low": wires.ALERT_LOW,
    }  # fmt: skip


BODIES = {
    "lease": programs.LEASE, "switch": programs.SWITCH, "banks": programs.BANK,
    "alert": programs.ALERT,
}  # fmt: skip


@pytest.mark.parametrize("step", LIT_STEPS)
@pytest.mark.parametrize("late_us", (1_000, 25_000))
def test_a_cable_that_is_pulled_ends_the_run_and_the_unit_is_dark_by_itself(
    step: str, late_us: int
) -> None:
    watched = Watched(SimulatedUnit(RPI_PICO))
    unit = watched.unit
    ask = watched.bringup.ask

    def pulled(body: str, touches: bool = False, **more: object) -> Any:
        if body == BODIES[step] and unit.pull_us < 0:
            unit.pull_us = unit.chip.us + late_us
        return ask(body, touches, **more)

    watched.bringup.ask = pulled  # type: ignore[method-assign]
    try:
        results = watched.run()
        assert results[step].state == BROKEN_OFF
        assert "the line broke off" in results[step].verdict.failures[0]
        names = [one.name for one in STEPS]
        assert all(results[name].state == SKIPPED for name in names[names.index(step) + 1 :])
        unit.pass_time(3_000_000)
        assert_dark(unit)
        assert max(watched.lit_stretches(), default=0) <= LIT_MOST_MS
    finally:
        unit.close()


def test_a_program_that_raises_while_lit_ends_dark(sound: Watched) -> None:
    body = programs.BANK.replace("code = pack", "raise ValueError('here')\ncode = pack")
    with pytest.raises(Exception, match="here"):
        sound.bringup.ask(body, touches=True, **constants(sound.bringup))
    assert_dark(sound.unit)
    assert len(sound.light) >= 1


def test_a_program_that_hangs_while_lit_is_ended_by_the_lease(sound: Watched) -> None:
    body = programs.BANK.replace("code = pack", "time.sleep_ms(5000)\ncode = pack")
    sound.bringup.ask(body, touches=True, **constants(sound.bringup))
    assert max(sound.lit_stretches()) <= LEASE_MS


def test_ctrl_c_of_the_person_ends_the_run_with_a_report(sound: Watched) -> None:
    def interrupted(act: str) -> None:
        raise KeyboardInterrupt

    sound.unit.do = interrupted  # type: ignore[method-assign]
    results = sound.run()
    assert results["buttons"].state == BROKEN_OFF and results["battery"].state == PASSED
    assert results["hands"].state == SKIPPED and not sound.light


def test_another_board_is_brought_up_by_its_own_file(waistband: Waistband) -> None:
    ended = waistband("bringup", "--sim", "--board", "EXAMPLE_1200NM", "--json")
    report = json.loads(ended.out)
    assert ended.code == 0 and report["board"] == "EXAMPLE_1200NM"
    banks = next(row for row in report["steps"] if row["step"] == "banks")["values"]["banks"]
    assert {row["gpio"] for row in banks} == {n for row in EXAMPLE_1200NM.BANKS for n in row[1:3]}


def test_a_wrong_unit_ends_with_exit_code_1_and_a_report_that_names_the_wire(
    waistband: Waistband,
) -> None:
    ended = waistband("bringup", "--sim", "--wrong", "ntc_open", "-o", "unit.html")
    assert (ended.code, ended.err) == (1, "")
    assert "GP26 (header pin 31)" in ended.out and "Do not use the unit" in ended.out
    page = Path("unit.html").read_text()
    assert "GP26 (header pin 31)" in page and "do not use this unit" in page


BAD = {
    ("--wrong", "ntc_open"): "--wrong without --sim",
    ("--board", "RPI_PICO"): "--board without --sim",
    ("--sim", "--device", "a0"): "--device with --sim",
    ("--sim", "--wrong", "x"): "one of contact_a_missing, ",
    ("--sim", "-o", "unit.txt"): "a name that ends in .html, .json or .toml",
    ("--sim", "--measures", "none.toml"): "none.toml: there is no such file",
    (): "asks a person at a terminal",
}


@pytest.mark.parametrize("words", BAD)
def test_what_cannot_be_is_one_line(words: tuple[str, ...], waistband: Waistband) -> None:
    before = files()
    ended = waistband("bringup", *words)
    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert BAD[words] in ended.err and files() == before


def test_the_data_sheets_numbers_are_those_of_the_drivers() -> None:
    def constant(file: str, name: str) -> int:
        tree = ast.parse(Path("hal").joinpath(file).read_text())
        values: dict[str, Any] = {}
        for node in tree.body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                code = compile(ast.Expression(node.value), file, "eval")
                try:
                    values[node.targets[0].id] = eval(code, {}, values)
                except Exception:
                    continue
        return int(values[name])

    assert (
        tuple(constant("tmp117.py", name) for name in ("DEVICE_ID", "ID_MASK", "ID"))
        == wires.TMP117_ID
    )
    assert constant("tmp117.py", "ALERT_HIGH") == wires.ALERT_HIGH
    assert constant("tmp117.py", "ALERT_LOW") == wires.ALERT_LOW
    assert constant("tmp117.py", "HIGH_LIMIT") == wires.HIGH_LIMIT
    assert constant("tmp117.py", "LOW_LIMIT") == wires.LOW_LIMIT
    assert (
        tuple(constant("max17049.py", name) for name in ("VERSION", "FAMILY_MASK", "FAMILY"))
        == wires.MAX17049_VERSION
    )
    assert (
        constant("fdc1004.py", "DEVICE_ID"), 0xFFFF, constant("fdc1004.py", "DEVICE"),
    ) == wires.FDC1004_DEVICE  # fmt: skip
    addresses = {
        "rail": "ina219.py", "gauge": "max17049.py", "skin": "fdc1004.py", "clock": "ds3231.py",
        "screen": "oled.py",
    }  # fmt: skip
    for part in wires.PARTS[4:]:
        assert part.address == constant(addresses[part.name], "ADDRESS")


def test_every_failure_has_a_step_and_every_step_needs_earlier_ones() -> None:
    names = [step.name for step in STEPS]
    for key in (*FAILURES, *NOTES):
        assert key.partition(".")[0] in (*names, "broken", "inputs")
    for place, step in enumerate(STEPS):
        assert set(step.needs) <= set(names[:place])
    for step in STEPS:
        if step.name in LIT_STEPS:
            assert set(DARK_NAMES) <= closure(step.name), step.name


def closure(name: str) -> set[str]:
    """Everything that must have passed before a step."""
    needs = {step.name: step.needs for step in STEPS}
    found: set[str] = set()
    left = list(needs[name])
    while left:
        one = left.pop()
        if one not in found:
            found.add(one)
            left += needs[one]
    return found


def test_a_failure_is_said_once() -> None:
    verdict = Verdict()
    for _ in range(2):
        verdict.fail("lease.low", pin="GP16")
    assert len(verdict.failures) == 1
