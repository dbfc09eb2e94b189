"""Driver depth: the unit's own files on the simulated chip tell the same story as HAL depth.

`STORIES` is what is compared; a new line in it is a new comparison.
"""

import json
from collections.abc import Callable
from itertools import pairwise

import pytest

from firmware.core.limits import CONTROL_TICKS, TICK_MS
from firmware.safety.gate import Gate
from firmware.safety.guard import Guard
from firmware.therapy.calibration import calibration_crc
from firmware.therapy.session import Session
from hal.boards import RPI_PICO
from sim.common.default_prescription import DEFAULT
from sim.common.story import Event
from sim.common.value_record import replace
from sim.driver_depth.ds3231 import Ds3231
from sim.driver_depth.run import DriverDepth
from sim.driver_depth.unit_build import ROOT, Build
from sim.faults.catalogue import FAULTS
from sim.faults.source_lines import own_lines
from sim.hal_depth.lifecycle import BOOT_MS
from sim.run import Run, nominal_calibration
from sim.scenario.scenario import ordinary
from tests.support.chip_programs import (
    START,
    ChipRun,
    fault,
    lit,
    lit_s,
    program,
    running,
    steps,
    story,
    to,
)

STEP_S = CONTROL_TICKS * TICK_MS / 1000
TICK_S = TICK_MS / 1000
# By how much more than a control step a story may differ: the battery is judged once a second,
# and at HAL depth a soft reset leaves light as it is until the watchdog bites.
# A part that falls silent is noticed by where the bus's rota, of 0.4 s, stood when it did.
SLACK_S = {
    "battery_low": 1.0,
    "soft_reset": 0.5,
    "board_sensor_lost": 0.4,
    "i2c_hang": 0.4,
    "contact_lost": 0.4,
    "skin_sensor_lost": 0.4,
    "pad_unplugged": 0.4,
    "heat from outside": 0.2,
}
# The trip follows in the dark, seconds after what was named first.
LATER = ("heat from outside", "hot_skin")
SILENT = {"contact_lost", "board_sensor_lost", "skin_sensor_lost", "rail_lost"}
NEAR_WRAP = (1 << 30) - 20_000


LIGHT_OF_A_COLD_BOARD = 1.06  # -0.3 %/K from 25 C
# The lamp test reads 4.7 mA or more in steps of 0.1 mA, and the dose counted takes its share.
ONE_READING = 0.1 / 4.7


def catalogue_fault(name: str) -> Event:
    """A fault of the table at 50 s, with the values that a scenario would have."""
    row = FAULTS[name]
    value = 850.0 if row.unit == "nm" else row.default
    return fault(name, 50.0, pad="A" if row.pad else None, value=value,
                 button="UP" if name == "button_stuck" else None)  # fmt: skip


def press(at_s: float, name: str = "START", hold_ms: int = 200) -> Event:
    return Event(at_s, "press", name, hold_ms=hold_ms)


def executed_in(file: str, function: Callable[..., object], nth: int) -> str:
    """A line of a function, counted among those that it executes."""
    return f"{file}:{sorted(own_lines(function.__code__))[nth]}"


# Reached in every tick, when a duty changes, and once, when the session begins to treat.
LINES = (
    executed_in("firmware/safety/guard.py", Guard.check, 0),
    executed_in("firmware/safety/gate.py", Gate._drive, 6),
    executed_in("firmware/therapy/session.py", Session._enter, 1),
)
SLACK_S[f"firmware_exception at {LINES[-1]}"] = 0.2

STORIES = {
    **{name: story(START, catalogue_fault(name), duration_s=70.0) for name in FAULTS},
    "an ordinary start": story(START, duration_s=90.0),
    "a pause and a resume": story(START, press(40.0), press(50.0), duration_s=80.0),
    "START held": story(START, press(40.0, hold_ms=2_000), duration_s=60.0),
    "set point lowered": story(START, press(50.0, "DOWN"), press(52.0, "DOWN"), duration_s=60.0),
    "not worn": story(START, worn=False, duration_s=30.0),
    "put on late": story(
        START, Event(20.0, "set", "worn", value=True), worn=False, duration_s=60.0
    ),
    "heat from outside": story(START, fault("hot_skin", 20.0, value=3_000.0), duration_s=150.0),
    "stuck switch before START": story(fault("enable_stuck", 5.0), START, duration_s=30.0),
    "stuck LED switch before START": story(
        fault("fet_stuck_on", 5.0, pad="B", value=940.0), START, duration_s=30.0
    ),
    "string open before START": story(
        fault("led_open", 5.0, pad="B", value=940.0), START, duration_s=60.0
    ),
    "button stuck before START": story(
        fault("button_stuck", 5.0, button="UP"), START, duration_s=30.0
    ),
    "charger at power-on": story(fault("charger_plugged", 0.0), START, duration_s=30.0),
    "clock wraps while lit": story(START, duration_s=60.0, clock=NEAR_WRAP),
    "a cold room": story(START, duration_s=60.0, ambient_c=5.0),
    "an exception before START": story(fault("firmware_exception", 5.0), START, duration_s=30.0),
    "a hang before START": story(fault("firmware_hang", 5.0), START, duration_s=30.0),
    "an exception in the check": story(START, fault("firmware_exception", 16.0), duration_s=30.0),
    "two seconds without power": story(START, fault("brownout", 25.0, for_s=2.0), duration_s=40.0),
    "unreadable flash, then a reset": story(
        START, fault("flash_corrupt", 20.0), fault("firmware_exception", 22.0), duration_s=40.0
    ),
    "power lost in the write of a start, and another start": story(
        fault("flash_torn", 5.0), START, press(20.0), duration_s=40.0
    ),
    "flash full at START": story(fault("flash_full", 5.0), START, duration_s=20.0),
    "flash full for a while": story(
        fault("flash_full", 5.0, for_s=10.0), START, press(20.0), duration_s=40.0
    ),
    "flash unreadable at START": story(fault("flash_corrupt", 5.0), START, duration_s=20.0),
    "a host attaches before START": story(
        fault("host_attach", 5.0, for_s=1.0), START, duration_s=20.0
    ),
    "three resets in a minute": story(
        START,
        *[fault("firmware_exception", s) for s in (25.0, 30.0, 35.0)],
        press(40.0),
        duration_s=50.0,
    ),
    "... and one more": story(
        START, *[fault("firmware_hang", s) for s in (25.0, 35.0, 45.0, 55.0)], duration_s=80.0
    ),
    "three resets in more than a minute": story(
        START, *[fault("firmware_exception", s) for s in (20.0, 60.0, 130.0)], duration_s=150.0
    ),
    **{
        f"{name} at {line}": story(START, fault(name, 25.0, line=line), duration_s=60.0)
        for name in ("firmware_exception", "firmware_hang")
        for line in LINES
    },
}


def state_changes(run: Run) -> list[tuple[float, str]]:
    """The states that a run went through, and when each was first seen."""
    seen: list[tuple[float, str]] = []

    def take(row):
        if not seen or row[1] != seen[-1][1]:
            seen.append((row[0], row[1]))

    run.trace(take)
    while run.advance(1_000):
        continue
    return seen


@pytest.mark.parametrize("name", STORIES)
def test_states_faults_and_dose_are_the_same_within_a_control_step(name):
    hal, chip = Run(STORIES[name]), ChipRun(STORIES[name])
    slack_s = SLACK_S.get(name, 0.0)
    compare_states(state_changes(hal), state_changes(chip), STEP_S + TICK_S + slack_s)
    at_hal, at_chip = hal.result(), chip.result()
    if name == "bus_low":
        compare_silent(at_hal, at_chip, STEP_S + TICK_S)
    else:
        compare_faults(at_hal, at_chip, STEP_S + max(slack_s, 0.4 * (name in LATER)))
    compare_resets(at_hal, at_chip, STEP_S + TICK_S + slack_s)
    most_mw_cm2 = 10.0 if name.startswith("fet_stuck") else 2.5 * LIGHT_OF_A_COLD_BOARD
    compare_dose(at_hal, at_chip, most_mw_cm2 / 1000 * (STEP_S + 2 * TICK_S + slack_s))
    assert at_chip["emitted_after_off_j"] == pytest.approx(at_hal["emitted_after_off_j"], abs=0.1)


def compare_states(at_hal, at_chip, most_s):
    if at_hal[0][1] != "SELF_TEST" and at_chip[0] == (STEP_S, "SELF_TEST"):
        at_chip = at_chip[1:]  # it boots for a little more than a control step
    assert [state for _, state in at_chip] == [state for _, state in at_hal]
    for (hal_s, state), (chip_s, _) in zip(at_hal, at_chip, strict=True):
        boot_s = BOOT_MS / 1000 if state in ("SELF_TEST", "READY") else 0.0
        assert abs(chip_s - hal_s) <= most_s + boot_s + 1e-9, state


def compare_faults(at_hal, at_chip, most_s):
    hal, chip = (
        sorted((row["name"], row["pad"] or "", row["t_s"]) for row in result["faults"])
        for result in (at_hal, at_chip)
    )
    if any(name == "pad_unplugged" for name, _, _ in hal):
        # its board's thermometer is silent too: named as well where the rota comes to it first
        hal, chip = ([row for row in rows if row[0] != "board_sensor_lost"] for rows in (hal, chip))
    assert [row[:2] for row in chip] == [row[:2] for row in hal]
    for (name, _, hal_s), (_, _, chip_s) in zip(hal, chip, strict=True):
        assert abs(chip_s - hal_s) <= most_s + 1e-9, name


def compare_silent(at_hal, at_chip, most_s):
    """Every part of a held bus falls silent; which one is named depends on where the rota stood."""
    hal, chip = (result["faults"] for result in (at_hal, at_chip))
    assert hal and chip
    assert {row["name"] for row in hal + chip} <= SILENT
    for row in hal + chip:
        assert abs(row["t_s"] - hal[0]["t_s"]) <= most_s + 1e-9, row


def compare_resets(at_hal, at_chip, most_s):
    hal, chip = ([row["t_s"] for row in result["resets"]] for result in (at_hal, at_chip))
    assert len(hal) == len(chip)
    for hal_s, chip_s in zip(hal, chip, strict=True):
        assert abs(hal_s - chip_s) <= most_s + 1e-9


def compare_dose(at_hal, at_chip, most_j_cm2):
    for kind in ("true_fluence_j_cm2", "fluence_j_cm2"):
        for pad in "AB":
            for nm, given in at_hal[kind][pad].items():
                read_j_cm2 = 0.0 if kind.startswith("true") else given * ONE_READING
                most = most_j_cm2 + read_j_cm2
                assert abs(at_chip[kind][pad][nm] - given) <= most, (kind, pad, nm)


def test_a_whole_session_gives_the_dose_that_was_prescribed():
    """Without reference currents, so that no reading of the lamp test moves the session's end."""
    table = nominal_calibration(RPI_PICO)
    del table["reference_ma"]
    table["crc32"] = calibration_crc(table, RPI_PICO)
    kept = {"calibration.json": json.dumps(table).encode()}
    run = ChipRun(ordinary(), build=Build(files=dict(kept)))
    run.chip.usb.connected = True
    hal = Run(ordinary(), files=kept)
    assert [state for _, state in state_changes(run)] == [state for _, state in state_changes(hal)]
    at_chip, at_hal = run.result(), hal.result()
    assert (at_chip["state"], at_chip["reason"]) == ("DONE", "dose")
    assert at_chip["treat_s"] == pytest.approx(at_hal["treat_s"], abs=STEP_S + 1e-6)
    for pad in "AB":
        total = sum(at_chip["true_fluence_j_cm2"][pad].values())
        assert total == pytest.approx(DEFAULT["fluence_j_cm2"], rel=0.01)
        assert total == pytest.approx(sum(at_hal["true_fluence_j_cm2"][pad].values()), abs=0.002)
    assert run.screen()[0].strip() == "Done"
    lines = [json.loads(line) for line in run.console().splitlines()[1:] if line.endswith("}")]
    assert lines[-1]["state"] == "DONE"
    apart_s = {round((b["ms"] - a["ms"]) / 1000) for a, b in pairwise(lines)}
    assert apart_s == {1}


def test_the_chip_runs_the_files_of_this_tree_unmodified():
    with running(story()) as run:
        for name in (
            "boot.py",
            "main.py",
            "hal/rp2_hal.py",
            "hal/lease.py",
            "firmware/safety/gate.py",
        ):
            assert run.parts.flash.files[name] == (ROOT / name).read_bytes()


def test_a_tick_comes_every_20_ms_and_asks_the_sensors_bus_once():
    with running(story(START, duration_s=40.0)) as run:
        to(run, 20.0)
        bus = run.parts.buses[0]
        before = bus.transfers
        to(run, 30.0)
        ticks = 10.0 / TICK_S
        assert (bus.transfers - before) / 2 == pytest.approx(ticks, abs=2)  # a write and a read
        assert run.unit.telemetry.late_us < 1_000


def test_the_same_run_twice_is_the_same_to_the_last_bit():
    first, second = (state_changes(ChipRun(STORIES["ntc_open"])) for _ in range(2))
    assert first == second
    results = []
    for _ in range(2):
        run = ChipRun(STORIES["a pause and a resume"])
        state_changes(run)
        results.append(run.result())
        del results[-1]["wall_s"], results[-1]["realtime_factor"]
    assert results[0] == results[1]


def test_a_recording_is_refused_with_words():
    with pytest.raises(ValueError, match="HAL depth"):
        Run(ordinary(), record=True, depth=DriverDepth())


# -- units that are not sound ------------------------------------------------------------------

BAD = {
    # what is wrong: (build, state, word on the screen or the console)
    "contact thermometer missing": (Build(missing=("contact_a",)), "FAULT", "Contact silent A"),
    "another chip in its place": (Build(identities={"contact_b": 0x0116}), "FAULT", "silent"),
    "LED-board thermometer missing": (Build(missing=("board_b",)), "FAULT", "Board silent"),
    "rail monitor missing": (Build(missing=("rail",)), "FAULT", "FAULT"),
    "no calibration": (Build(files={"calibration.json": None}), "LOCKED", "Not calibrated"),
    "calibration cut short": (Build(files={"calibration.json": b"{"}), "LOCKED", "Not calibrated"),
    "no prescription": (Build(files={"prescription.json": None}), "LOCKED", "prescription"),
    "no hal": (Build(files={"hal": None}), "SELF_TEST", "dark, at the prompt"),
    "no firmware": (Build(files={"firmware": None}), "SELF_TEST", "dark, at the prompt"),
    "main.py with a mistake": (Build(files={"main.py": b"import nothing"}), "SELF_TEST", "nothing"),
    "one pin, two banks": (
        Build(edits=(("hal/boards/RPI_PICO.py", "(810, 8, 9, 1500)", "(810, 8, 10, 1500)"),)),
        "FAULT LOCKED SELF_TEST", "",
    ),
    "a board that no release checked": (
        Build(files={"hal/board_check.py": None}), "SELF_TEST",
        "board RPI_PICO was never checked: waistband doctor",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_an_unsound_unit_is_dark_in_a_state_that_says_why(what):
    build, state, word = BAD[what]
    with running(story(START, duration_s=40.0), build) as run:
        run.chip.usb.connected = True
        run.advance(steps(40.0))
        assert str(run.row()[1]) in state
        assert word in "\n".join(run.screen()) + run.console()
        assert not lit(run)
        assert lit_s(run) < 0.05  # no more than the check's own light


def test_a_quick_start_does_not_take_thermometers_without_a_measurement_for_rubbish(monkeypatch):
    monkeypatch.setattr("sim.driver_depth.program.LINE_US", 0)
    with running(story(START, duration_s=20.0)) as run:
        run.advance(steps(20.0))
        assert run.fault_rows() == []
        assert run.row()[1] == "RAMP"


def test_a_bus_held_from_the_start_ends_in_fault():
    with running(story(fault("i2c_hang", 0.0), START, duration_s=30.0)) as run:
        run.advance(steps(30.0))
        assert run.row()[1] == "FAULT"
        assert lit_s(run) == 0.0


@pytest.mark.parametrize("build", [Build(clock_unset=True), Build(missing=("clock",))])
def test_a_clock_that_is_unset_or_missing_is_said_and_hinders_nothing(build):
    with running(story(START, duration_s=40.0), build) as run:
        run.advance(steps(39.0))
        assert run.row()[1] == "RAMP"
        assert "Clock not set" in "\n".join(run.screen())


@pytest.mark.parametrize("missing", ["screen", "gauge"])
def test_a_unit_treats_without_a_screen_and_without_a_gauge(missing):
    with running(story(START, duration_s=40.0), Build(missing=(missing,))) as run:
        run.advance(steps(39.0))
        assert run.row()[1] == "RAMP"


def test_without_main_the_unit_stays_dark_at_the_prompt():
    with running(story(duration_s=20.0), Build(files={"main.py": None})) as run:
        to(run, 10.0)
        assert run.device.at_prompt
        assert lit_s(run) == 0.0


def test_up_and_down_held_at_power_on_are_service_mode():
    held = (press(0.0, "UP", 2_000), press(0.0, "DOWN", 2_000))
    with running(story(*held, START, duration_s=40.0)) as run:
        run.chip.usb.connected = True
        to(run, 30.0)
        assert run.device.at_prompt
        assert "service mode" in run.console()
        assert run.chip.resets == []
        assert lit_s(run) == 0.0


def test_a_unit_that_lets_go_of_its_supply_is_off():
    with running(STORIES["START held"]) as run:
        run.advance(steps(60.0))
        assert run.row()[1] == "OFF"
        assert not run.bench.powered
        assert not lit(run)


# -- a host ------------------------------------------------------------------------------------


def test_a_host_that_stops_reading_delays_no_tick():
    with running(story(START, duration_s=40.0)) as run:
        run.chip.usb.connected = True
        to(run, 20.0)
        run.chip.usb.reading = False
        to(run, 35.0)
        assert run.chip.usb.blocked_us == 0
        assert run.unit.telemetry.late_us < 1_000
        assert lit(run)


def test_a_host_may_set_the_clock_and_ask_for_the_status():
    with running(story(duration_s=20.0), Build(clock_unset=True)) as run:
        run.chip.usb.connected = True
        to(run, 5.0)
        run.chip.usb.type("clock 2026-11-23T16:00:00\n")
        to(run, 7.0)
        assert "clock set" in run.console()
        clock = run.parts.parts["clock"]
        assert isinstance(clock, Ds3231)
        assert not clock.status & clock.STOPPED
        assert clock.fields(run.chip.us)[2:] == [0x16, 1, 0x23, 0x11, 0x26]


def test_service_is_refused_while_a_session_runs():
    with running(story(START, duration_s=40.0)) as run:
        run.chip.usb.connected = True
        to(run, 25.0)
        run.chip.usb.type("service\n")
        to(run, 27.0)
        assert "refused while a session runs" in run.console()
        assert lit(run)


def test_the_program_helper_replaces_main():
    with running(story(duration_s=5.0), program("print('here')")) as run:
        run.chip.usb.connected = True
        to(run, 1.0)
        assert "here" in run.console()


def test_seeds_differ_and_repeat():
    scenario = replace(STORIES["an ordinary start"], seed=9)
    a, b = Run(scenario), ChipRun(scenario)
    assert [state for _, state in state_changes(a)] == [state for _, state in state_changes(b)]


def fed(run: ChipRun) -> bool:
    """Whether the unit has its supply."""
    return run.plant.powered


def test_a_unit_at_the_prompt_says_so_and_goes_off_by_start_held() -> None:
    held = (press(0.0, "UP", 2_000), press(0.0, "DOWN", 2_000))
    with running(story(*held, press(20.0, hold_ms=2_500), press(40.0), duration_s=60.0)) as run:
        to(run, 19.0)
        assert run.device.at_prompt and fed(run)
        shown = run.depth.screen()
        assert shown[0].startswith("At the prompt") and shown[3].startswith("Hold START")
        to(run, 30.0)
        assert not fed(run)
        assert run.depth.screen() == []
        to(run, 59.0)
        assert fed(run) and not run.device.at_prompt


def test_a_unit_at_the_prompt_goes_off_by_itself_and_a_host_keeps_it_on() -> None:
    held = (press(0.0, "UP", 2_000), press(0.0, "DOWN", 2_000))
    for host in (False, True):
        with running(story(*held, press(690.0, "UP"), duration_s=700.0)) as run:
            to(run, 10.0)
            run.chip.usb.connected = host
            to(run, 590.0)
            assert fed(run)
            to(run, 640.0)
            assert fed(run) == host
