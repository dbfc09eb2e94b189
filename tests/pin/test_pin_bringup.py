"""The bring-up on real MicroPython on the emulated chip: the dark steps without a person.

The command's, and the bench page's own code, over the chip's own USB. Runs where WAISTBAND_UF2
names a UF2 file; some minutes.
"""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sim.common.value_record import replace

pytest.importorskip("rp2040py", reason="rp2040py is not installed: pip install -e '.[pin]'")
pytest.importorskip("mpremote", reason="mpremote is not installed: pip install -e '.[deploy]'")

from hal.boards import RPI_PICO
from sim.pin_depth.run import UF2
from sim.run import CALIBRATION, nominal_calibration
from sim.scenario.scenario import ordinary
from tests.pin.test_kept import needs_a_uf2
from tests.support.page_line import PageLine, page_folder, page_line
from tests.support.pin_bench import PinRun
from tests.support.serial_pty import Emulated, be_patient
from tests.tools.test_bench_real import Cable, cable_to
from tools.bringup.session import Bringup, run_step
from tools.bringup.steps import STEPS
from tools.bringup.verdict import BROKEN_OFF, PASSED, SKIPPED, Verdict
from tools.bringup.wires import bus_pins, emitter_pins
from tools.unit.about import parse_object
from tools.unit.calibration import encode_calibration
from tools.unit.device import Device
from tools.unit.prompt_files import read_file, write_file

ALONE = ("product", "pins", "buses", "parts", "warmth", "battery")
BOOTED_STEPS = 5
SLOWER = 0.05  # the page's clock against ours: an emulated chip is no unit that does not answer
GIVEN = {"serial": "WB-0009", "date": "2026-11-29T10:00:00Z", "release": "x", "style": "",
         "measures": None, "file": ""}  # fmt: skip
__all__ = ["page_folder"]  # a fixture


class Nobody:
    """A person who does nothing."""

    def do(self, act: str) -> None:
        """Never asked."""
        raise AssertionError(act)

    def saw(self, what: str) -> bool:
        """Never asked."""
        raise AssertionError(what)


@contextmanager
def bench_of_chip(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Emulated, Callable[[], None]]]:
    """The emulated chip on a port, and what connects the board's resistors, which the emulator does
    not have; nothing is lit."""
    needs_a_uf2()
    be_patient(monkeypatch, "LISTEN_S", "ANSWER_S", "RETURN_S", "EXEC_S")
    scenario = ordinary()
    start = replace(scenario.start, worn=False)
    run = PinRun(
        replace(scenario, start=start, events=(), until_done=False, duration_s=1e6),
        uf2=os.environ[UF2],
    )
    run.advance(BOOTED_STEPS)
    light: list[tuple[float, float]] = []
    run.pins.on_light(lambda begin, end, watts: light.append((begin, end)))
    bench = Emulated(run)
    gpio = run.emulator.mcu.gpio

    def resistors() -> None:
        bench.do(lambda: [gpio[pin].set_input_value(False) for pin in emitter_pins(RPI_PICO)])
        bench.do(lambda: [gpio[pin].set_input_value(True) for pin, _ in bus_pins(RPI_PICO)])

    try:
        yield bench, resistors
        assert not light
        levels = [int(gpio[pin].value.name == "HIGH") for pin in emitter_pins(RPI_PICO)]
        assert levels == [0] * len(levels)
    finally:
        bench.close()
        run.close()


def test_the_dark_steps_without_a_person_pass_on_the_emulated_chip(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with bench_of_chip(monkeypatch) as (bench, resistors), Device(bench.port.name) as unit:
        unit.to_prompt()
        resistors()
        bringup = Bringup(unit, RPI_PICO, Nobody())
        for step in STEPS:
            if step.name in ALONE:
                verdict = Verdict()
                state, ended = run_step(bringup, step, verdict)
                assert (state, ended, verdict.failures) == (PASSED, "", []), step.name


def test_the_pages_own_code_passes_them_too_and_stops_when_a_person_would_be_asked(
    monkeypatch: pytest.MonkeyPatch, page_folder: Path
) -> None:
    """Its prompt under Node, its steps on MicroPython's WebAssembly build. The unit runs at first:
    the page asks it into service mode. At the end it is restarted, and runs."""
    with (
        bench_of_chip(monkeypatch) as (bench, resistors),
        cable_to(bench.port.name) as cable,
        page_line(page_folder, cable, SLOWER) as page,
    ):
        page.call("plug")
        page.call("enter")
        resistors()
        answers: list[Any] = []

        def ask() -> Any:
            return page.call("bring_up", json.dumps({**GIVEN, "answers": answers}))

        while "report" not in (question := ask()):
            stopped = question.get("stops", True) and len(answers) and "run" not in question
            answers.append({"end": True} if stopped else page.call("run", question["run"]))
            assert answers[-1] is not None, question
        states = {row["step"]: row["state"] for row in question["report"]["steps"]}
        failures = [row["failures"] for row in question["report"]["steps"][: len(ALONE)]]
        assert failures == [[]] * len(ALONE)
        assert {name: states[name] for name in ALONE} == dict.fromkeys(ALONE, PASSED)
        assert states["buttons"] == BROKEN_OFF and states["banks"] == SKIPPED
        assert question["report"]["chip"] == "Raspberry Pi Pico with RP2040"
        content = encode_calibration(nominal_calibration(RPI_PICO))
        unit = OnPage(page)
        write_file(unit, CALIBRATION, content)
        assert read_file(unit, CALIBRATION) == content
        page.call("start", question["restart"])
        while "state" not in parse_object(cable_line(cable)):
            continue


class OnPage:
    """The unit at the prompt of the page's code."""

    port = "the unit"

    def __init__(self, page: PageLine) -> None:
        self.page = page

    def run(self, program: str) -> str:
        """See `tools.unit.prompt_files.Prompt`."""
        printed, raised = self.page.call("run", program)
        assert not raised, raised
        return str(printed)


def cable_line(cable: Cable) -> bytes:
    """The next line of the unit."""
    line = b""
    while not line.endswith(b"\n"):
        line += cable.read()
    return line
