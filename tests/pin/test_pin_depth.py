"""Pin depth: on real MicroPython the unit tells the story of driver depth, down to its pins.

Runs where WAISTBAND_UF2 names a UF2 file with MicroPython for the Pico, and takes some twenty
minutes there: one run up to a unit that is lit, and a copy of it for each ending.
"""

import dataclasses
import json
import os
from array import array
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from hal.boards import RPI_PICO
from sim.common.value_record import replace

pytest.importorskip("rp2040py", reason="rp2040py is not installed: pip install -e '.[pin]'")
pytest.importorskip("littlefs", reason="littlefs-python is not installed")
pytest.importorskip("vcd", reason="pyvcd is not installed")
pytest.importorskip("uf2utils", reason="uf2utils is not installed")

from firmware.core.limits import CONTROL_TICKS, TICK_MS
from sim.common.default_prescription import DEFAULT
from sim.pin_depth.run import UF2
from sim.pin_depth.waveform import Edges, dark_after, pin_activity
from sim.run import nominal_calibration
from sim.scenario.scenario import ordinary
from tests.pin.test_kept import JOURNAL, needs_a_uf2, said
from tests.sim.test_driver_depth import state_changes
from tests.support.chip_programs import ChipRun
from tests.support.enrolled_unit import sim_files
from tests.support.pin_bench import PinRun
from tests.support.pin_stories import AFTER_S, ENDINGS, READY_S, STRUCK_S, Ending, Stories, scenario
from tools.commands.flash import flash
from tools.dev.figures_pin import (
    CONTROL_MAX_MS,
    HELD_MAX_MS,
    JITTER_MAX_MS,
    LOW_MAX_MS,
    MARKED,
    NAMES_MAX,
    PIECE_MIN,
    READY_MAX_S,
    watch_boot,
)


@pytest.fixture(autouse=True)
def needed() -> None:
    """What every test here needs; said once."""
    needs_a_uf2()
    if not hasattr(os, "fork"):
        pytest.skip("copies of a run need os.fork, which this system lacks")


STEP_S = CONTROL_TICKS * TICK_MS / 1000
BOOTED_S = 0.1  # boot.py has run, and main.py is being compiled
STARTED_S = {False: 1.6, True: 2.0}  # the loop has begun; in a trial there is more to import
BOOT_LATER_S = 1.2  # real imports take so much longer than those of driver depth
EMITTERS = 2 * len(RPI_PICO.BANKS)
STRUCK_US = STRUCK_S * 1e6
WITHIN_MS = {
    "thermistor opened": 80, "exception": 80, "hang": 80, "soft reset": 500,
    "power cut and back": 1, "bus held": 800, "host attaches": 500,
}  # fmt: skip
RESETS = {
    "exception": ["reset"], "soft reset": ["reset"], "hang": ["watchdog"],
    "power cut and back": ["power-on"], "flash corrupt, power cut and back": ["power-on"],
}  # fmt: skip


@cache
def lit() -> Stories:
    """The unit, ready, started, worn, checked, and lit."""
    return Stories()


@cache
def ending(name: str) -> Ending:
    return lit().end(name, ENDINGS[name])


@cache
def driver(name: str) -> tuple[list[tuple[float, str]], dict[str, Any], bytes]:
    """The same story at driver depth: states, result and journal."""
    run = ChipRun(scenario(ENDINGS[name]))
    states = state_changes(run)
    return states, run.result(), run.parts.flash.files[JOURNAL]


def edges(end: Ending) -> Edges:
    """What the pins did in it."""
    found = Edges(dict(zip(lit().depth.chip.edges.names, lit().depth.chip.edges.pins, strict=True)))
    found.us, found.codes = array("d", end.us), array("B", end.codes)
    return found


def test_it_is_ready_as_at_driver_depth_but_for_the_time_that_imports_take():
    pin = {state: s for s, state in lit().told}
    chip = {state: s for s, state in driver("goes on")[0]}
    assert chip["READY"] <= pin["READY"] <= chip["READY"] + BOOT_LATER_S
    assert pin["READY"] < READY_S


def test_it_is_ready_within_a_second_and_a_half_of_power_up():
    run = PinRun(replace(ordinary(), events=(), duration_s=READY_MAX_S, until_done=False))
    run.advance(10**9)
    assert run.result()["state"] == "READY"
    run.close()


def test_emitters_are_low_within_1_ms_of_boot_s_first_line_and_the_supply_is_held_within_50():
    run = PinRun(replace(ordinary(), events=(), duration_s=BOOTED_S, until_done=False),
                 build=MARKED)  # fmt: skip
    times_ms = watch_boot(run.pins)
    run.advance(10**9)
    low_ms, held_ms = times_ms()
    assert 0 < low_ms <= LOW_MAX_MS
    assert low_ms < held_ms <= HELD_MAX_MS
    run.close()


@pytest.mark.parametrize("trial", [False, True])
def test_the_heap_has_a_piece_for_the_longest_file_once_the_unit_has_started(trial: bool):
    files: dict[str, bytes | None] = {**sim_files(False, dict(DEFAULT))} if trial else {}
    run = PinRun(replace(ordinary(), events=(), duration_s=STARTED_S[trial], until_done=False),
                 build=dataclasses.replace(MARKED, files=files))  # fmt: skip
    run.advance(10**9)
    unit: Any = run.unit
    assert unit.heap_piece >= PIECE_MIN
    assert 800 < run.pins.heap.count_names() <= NAMES_MAX
    run.close()


@pytest.mark.parametrize("name", ENDINGS)
def test_states_and_faults_are_those_of_driver_depth_within_a_control_step(name):
    end, (at_chip, result, _) = ending(name), driver(name)
    assert [state for _, state in end.told] == [state for _, state in at_chip]
    resets = [row["t_s"] for row in end.result["resets"]]
    for (pin_s, state), (chip_s, _) in zip(end.told, at_chip, strict=True):
        booted = state in ("SELF_TEST", "READY") or (resets and pin_s > resets[0])
        slack_s = BOOT_LATER_S if booted else STEP_S + TICK_MS / 1000
        assert abs(pin_s - chip_s) <= slack_s + 1e-6, state
    latched = [
        [(row["name"], row["pad"]) for row in each["faults"]] for each in (end.result, result)
    ]
    assert sorted(latched[0], key=str) == sorted(latched[1], key=str)
    assert [row["why"] for row in end.result["resets"]] == RESETS.get(name, [])


@pytest.mark.parametrize("name", [name for name in ENDINGS if "corrupt" not in name])
def test_the_journal_says_what_it_says_at_driver_depth_and_its_seals_hold(name):
    # where the bus's rota stands decides which fault is named first; and a chip that was reset
    # is up later, so that the note of it may not have been written yet
    at_pins, at_chip = (
        sorted(said(journal), key=str) for journal in (ending(name).files[JOURNAL], driver(name)[2])
    )
    noted = sum(row["kind"] == "boot" for row in at_pins)
    late = [row for row in said(driver(name)[2]) if row["kind"] == "boot"][noted:]
    assert len(late) <= len(RESETS.get(name, []))
    assert sorted([*at_pins, *late], key=str) == at_chip


@pytest.mark.parametrize("name", WITHIN_MS)
def test_the_pins_are_dark_in_time_and_stay_dark(name):
    found = edges(ending(name))
    end_us = STRUCK_US + 2e6
    dark_us = dark_after(found, EMITTERS, STRUCK_US, end_us) or 0.0  # None: between two pulses
    assert dark_us <= WITHIN_MS[name] * 1e3
    enable = pin_activity(found, STRUCK_US + dark_us, end_us)[EMITTERS]
    assert enable.high_us <= 1_000  # it is open by the next of the carrier's pulses
    assert enable.edges <= 1
    (cut,) = ending(name).result["cutoffs"]
    assert cut["latency_ms"] == pytest.approx(dark_us / 1e3, abs=2)
    assert cut["fault"] == ENDINGS[name][0].name


def test_where_the_flash_is_corrupt_the_next_power_on_is_dark_and_lights_nothing():
    end = ending("flash corrupt, power cut and back")
    (cut,) = [row["t_s"] for row in end.result["resets"]]
    found = edges(end)
    after = pin_activity(found, cut * 1e6, STRUCK_US + AFTER_S * 1e6)
    assert [pin.high_us for pin in after[: EMITTERS + 1]] == [0] * (EMITTERS + 1)
    assert not [tick for tick in end.ticks if tick.begin_us > cut * 1e6]  # no program is left


def test_the_enable_pin_never_flickers_while_the_unit_is_lit():
    found = edges(ending("goes on"))
    ramp_s = next(s for s, state in ending("goes on").told if state == "RAMP")
    enable = found.names.index("ENABLE")
    since_us = (ramp_s - STEP_S) * 1e6
    assert [(place, level) for us, place, level in found.between(since_us, 1e12)
            if place == enable] == [(enable, 1)]  # fmt: skip


def test_what_the_unit_says_to_its_host_is_what_is_read_out_of_its_memory():
    end = ending("host attaches")
    whole = [line for line in end.console.split("\n")[:-1] if line.startswith("{")]
    heard = json.loads(whole[-1])
    assert heard["state"] == end.told[-1][1]
    assert heard["treat_ms"] / 1000 == end.result["treat_s"]
    for pad, uj in zip("AB", heard["fluence_uj_cm2"], strict=True):
        assert uj / 1e6 == pytest.approx(sum(end.result["fluence_j_cm2"][pad].values()))


A_STEP_J_CM2 = 0.0003  # a control step early in the ramp: 0.2 s of 1.5 mW/cm2 are counted at once


def test_dose_is_what_the_pins_gave():
    end = ending("goes on")
    for pad in "AB":
        counted = sum(end.result["fluence_j_cm2"][pad].values())
        given = sum(end.result["true_fluence_j_cm2"][pad].values())
        assert counted == pytest.approx(given, rel=0.05, abs=A_STEP_J_CM2)


def test_the_screen_can_be_read():
    assert "?" not in "".join(ending("thermistor opened").screen)
    assert "open" in "".join(ending("thermistor opened").screen).lower()


def test_ticks_while_lit_come_every_20_ms_and_take_less_than_15():
    ticks = [tick for tick in ending("goes on").ticks if tick.begin_us > STRUCK_US]
    begun = [tick.begin_us for tick in ticks]
    assert len(begun) > 100
    assert max(abs(b - a - 20_000) for a, b in pairwise(begun)) <= JITTER_MAX_MS * 1e3
    assert max(tick.slept_us - tick.begin_us for tick in ticks) <= CONTROL_MAX_MS * 1e3
    assert all(tick.begin_us <= tick.fed_us <= tick.slept_us for tick in ticks)


@pytest.mark.parametrize(("calibrated", "state"), [(True, "READY"), (False, "LOCKED")])
def test_a_file_that_flash_made_boots_into_the_unit_that_it_was_made_for(
    calibrated: bool, state: str, tmp_path: Path
) -> None:
    files = {"calibration": nominal_calibration(RPI_PICO), "prescription": dict(DEFAULT)}
    named = {name: str(tmp_path / f"{name}.json") for name in files} if calibrated else {}
    for name, path in named.items():
        Path(path).write_text(json.dumps(files[name]), encoding="utf-8")
    out = str(tmp_path / "whole.uf2")
    flash(os.environ[UF2], output=out, **named)  # type: ignore[arg-type]
    run = PinRun(replace(ordinary(), events=(), duration_s=5.0, until_done=False), uf2=out)
    run.advance(10**9)
    assert run.result()["state"] == state
    run.close()
