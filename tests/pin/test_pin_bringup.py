"""The bring-up on real MicroPython on the emulated chip: the dark steps without a person.

Over the chip's own USB. Runs where WAISTBAND_UF2 names a UF2 file; some minutes.
"""

import os

import pytest

from sim.common.value_record import replace

pytest.importorskip("rp2040py", reason="rp2040py is not installed: pip install -e '.[pin]'")
pytest.importorskip("mpremote", reason="mpremote is not installed: pip install -e '.[deploy]'")

from hal.boards import RPI_PICO
from sim.pin_depth.run import UF2
from sim.scenario.scenario import ordinary
from tests.pin.test_kept import needs_a_uf2
from tests.support.pin_bench import PinRun
from tests.support.serial_pty import Emulated, be_patient
from tools.bringup.session import Bringup, run_step
from tools.bringup.steps import STEPS
from tools.bringup.verdict import PASSED, Verdict
from tools.bringup.wires import bus_pins, emitter_pins
from tools.unit.device import Device

ALONE = ("product", "pins", "buses", "parts", "warmth", "battery")
BOOTED_STEPS = 5


class Nobody:
    """A person who does nothing."""

    def do(self, act: str) -> None:
        """Never asked."""
        raise AssertionError(act)

    def saw(self, what: str) -> bool:
        """Never asked."""
        raise AssertionError(what)


def test_the_dark_steps_without_a_person_pass_on_the_emulated_chip(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
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
    try:
        with Device(bench.port.name) as unit:
            unit.to_prompt()
            # resistors of the board, which the emulator does not have
            bench.do(lambda: [gpio[pin].set_input_value(False) for pin in emitter_pins(RPI_PICO)])
            bench.do(lambda: [gpio[pin].set_input_value(True) for pin, _ in bus_pins(RPI_PICO)])
            bringup = Bringup(unit, RPI_PICO, Nobody())
            for step in STEPS:
                if step.name in ALONE:
                    verdict = Verdict()
                    state, ended = run_step(bringup, step, verdict)
                    assert (state, ended, verdict.failures) == (PASSED, "", []), step.name
        assert not light
        levels = [int(gpio[pin].value.name == "HIGH") for pin in emitter_pins(RPI_PICO)]
        assert levels == [0] * len(levels)
    finally:
        bench.close()
        run.close()
