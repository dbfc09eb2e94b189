"""Every depth does every fault of the program, and all depths share one class of hardware."""

import pytest

from hal.boards import RPI_PICO
from sim.common.story import Event, Start
from sim.driver_depth.run import DriverDepth
from sim.faults.depth import Depth
from sim.faults.hardware import PARTS, Filter, Hardware
from sim.faults.program import FAULTS
from sim.hal_depth.depth import HalDepth
from sim.physics.plant import Plant
from sim.run import nominal_calibration

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
