"""Every depth does every fault of the program, and all depths share one class of hardware."""

import pytest

from hal.boards import RPI_PICO
from sim.common.story import Event, Start
from sim.common.value_record import replace
from sim.driver_depth.run import DriverDepth
from sim.faults.depth import Depth
from sim.faults.hardware import PARTS, Filter, Hardware
from sim.faults.program import FAULTS
from sim.hal_depth.depth import HalDepth
from sim.physics.plant import Plant
from sim.run import Run, nominal_calibration
from sim.scenario.scenario import ordinary

ASKED = {name for inject in FAULTS.values() for name in inject.__code__.co_names} & set(vars(Depth))


def left_out(kind: type[Depth]) -> set[str]:
    """Faults of the program that a depth inherits from `Depth`, where they do nothing."""
    parents = [parent for parent in kind.__mro__ if parent is not Depth]
    return {name for name in ASKED if not any(name in vars(parent) for parent in parents)}


@pytest.mark.parametrize("kind", [HalDepth, DriverDepth])
def test_a_depth_does_every_fault_of_the_program(kind: type[Depth]) -> None:
    assert len(ASKED) >= len(FAULTS)
    assert left_out(kind) == set()


def test_a_depth_that_leaves_a_fault_out_is_caught() -> None:
    assert left_out(Depth) == ASKED


# -- hardware ------------------------------------------------------------------------------


@pytest.fixture
def hardware() -> Hardware:
    return Hardware(Plant(Start(), RPI_PICO, nominal_calibration(RPI_PICO), 1), RPI_PICO)


def test_a_part_answers_again_when_the_last_fault_lets_go_of_it(hardware: Hardware) -> None:
    hardware.silence(("contact_a",), True)
    hardware.hold_bus(True)
    hardware.silence(("contact_a",), False)
    assert [name for name in PARTS if hardware.answers(name)] == ["clock", "screen"]
    hardware.hold_bus(False)
    assert all(hardware.answers(name) for name in PARTS) and not hardware.bus_holds


def test_the_filter_nearer_to_the_converter_has_the_last_word(hardware: Hardware) -> None:
    def to(level: float) -> Filter:
        def alter(hardware: Hardware, event: Event, kept: object) -> None:
            hardware.levels[0] = level

        return Filter(Event(0.0, "fault", "ntc_open"), alter, None, int(level) // 1_000)

    hardware.add_filter(to(2_000.0))
    hardware.add_filter(to(1_000.0))
    hardware.refresh()
    assert hardware.levels[0] == 2_000.0
    hardware.add_filter(to(2_001.0))  # of the same stage, and later
    hardware.refresh()
    assert hardware.levels[0] == 2_001.0


def test_a_level_never_leaves_what_twelve_bits_with_noise_can_say(hardware: Hardware) -> None:
    def alter(hardware: Hardware, event: Event, kept: object) -> None:
        hardware.levels[:] = [-5.0, 9_999.0, 2_000.0]

    hardware.add_filter(Filter(Event(0.0, "fault", "ntc_open"), alter, None))
    hardware.refresh()
    assert hardware.levels == [14.0, 4_080.0, 2_000.0]


# -- the end of light ------------------------------------------------------------------------

STRIKE_S = 22.0
STUCK, HANGS = Event(STRIKE_S, "fault", "enable_stuck"), Event(STRIKE_S, "fault", "firmware_hang")
ENDS = [
    ((HANGS,), 30, 80),  # by the lease
    ((STUCK, HANGS), 400, 500),  # by the watchdog: the lease cannot open a switch that is stuck
    ((replace(STUCK, for_s=0.2), HANGS), 200, 220),  # by the switch, once it is free
    ((Event(STRIKE_S, "fault", "charger_plugged"),), 0, 80),  # by the program
]  # fmt: skip


@pytest.mark.parametrize("kind", [HalDepth, DriverDepth])
@pytest.mark.parametrize(("faults", "from_ms", "to_ms"), ENDS)
def test_a_dark_is_noted_when_the_current_ends_and_no_sooner(
    kind: type[Depth], faults: tuple[Event, ...], from_ms: int, to_ms: int
) -> None:
    plain = ordinary()
    scenario = replace(
        plain, events=plain.events + faults, duration_s=STRIKE_S + 0.7, until_done=False
    )
    run = Run(scenario, depth=kind())
    lit: list[float] = []
    run.depth.on_light(lambda begin_ms, end_ms, watts: lit.append(end_ms))
    run.advance(10**9)
    [dark] = [dark.t_ms for dark in run.depth.darks if dark.t_ms >= STRIKE_S * 1000]
    assert abs(dark - lit[-1]) <= 1.0  # whole ms are noted
    assert from_ms <= dark - STRIKE_S * 1000 <= to_ms


@pytest.mark.parametrize("kind", [HalDepth, DriverDepth])
def test_a_host_s_line_reaches_the_unit_that_is_on_and_no_other(kind: type[Depth]) -> None:
    """The clock is set by the line; off, the unit never hears the second one."""
    begun_s = 830_000_000  # 2026-04-20T11:33:20
    events = (
        Event(5.0, "host", "clock 2026-04-21T11:33:25"),
        Event(8.0, "press", "START", hold_ms=2_000),
        Event(14.0, "host", "clock 2026-04-22T11:33:34"),
        Event(16.0, "press", "START", hold_ms=200),
    )
    scenario = replace(ordinary(), events=events, duration_s=20.0, until_done=False)
    run = Run(scenario, depth=kind(), clock_s=begun_s)
    states = []
    while run.advance(1):
        states.append(run.row()[1])
    clock_s = run.depth.read_clock_s()
    assert "OFF" in states and states[-1] == "READY"
    assert clock_s == pytest.approx(begun_s + 86_400 + 20, abs=2)


@pytest.mark.parametrize("kind", [HalDepth, DriverDepth])
def test_light_that_nothing_ends_is_never_noted_as_dark(kind: type[Depth]) -> None:
    plain = ordinary()
    faults = (STUCK, Event(STRIKE_S, "fault", "fet_stuck_on", "A", 850.0))
    scenario = replace(
        plain, events=plain.events + faults, duration_s=STRIKE_S + 2.0, until_done=False
    )
    run = Run(scenario, depth=kind())
    run.advance(10**9)
    assert [row["name"] for row in run.fault_rows()] == ["fet_stuck_on"]
    assert [dark for dark in run.depth.darks if dark.t_ms >= STRIKE_S * 1000] == []
