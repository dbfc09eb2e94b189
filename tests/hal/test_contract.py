"""The contract and those who keep it: the same fields, bits, slots and methods everywhere."""

import inspect

import pytest

from firmware.core import inputs as firmware_inputs
from firmware.core.inputs import Inputs
from hal import contract
from sim.hal_depth.sim_hal import SimHal
from tests.support.fake_hal import FakeHal

METHODS = [
    name for name, value in vars(contract.Hal).items()
    if inspect.isfunction(value) and not name.startswith("_")
]  # fmt: skip


def test_the_record_has_the_fields_of_the_contract_and_no_others() -> None:
    assert set(vars(Inputs())) == set(contract.Inputs.__annotations__)


@pytest.mark.parametrize("name", list(contract.Inputs.__annotations__))
def test_each_field_is_of_the_kind_that_the_contract_says(name: str) -> None:
    kinds = {int: int, list: list[int]}
    assert contract.Inputs.__annotations__[name] == kinds[type(getattr(Inputs(), name))]


def test_the_bits_of_the_pins_are_in_the_order_of_the_contract() -> None:
    for bit, name in enumerate(contract.PIN_NAMES):
        assert getattr(firmware_inputs, name) == 1 << bit


def test_the_slots_of_heard_are_in_the_order_of_the_contract() -> None:
    for slot, name in enumerate(contract.HEARD_NAMES):
        assert getattr(firmware_inputs, name) == slot
    assert Inputs().heard == [-1] * len(contract.HEARD_NAMES)


def test_the_record_has_a_place_for_each_sensor_of_each_pad() -> None:
    record = Inputs()
    assert [len(x) for x in (record.ntc, record.contact, record.board, record.skin)] == [2] * 4
    assert [len(x) for x in (record.battery, record.rail, record.gauge)] == [1, 1, 2]


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("hal", [FakeHal, SimHal])
def test_a_hal_has_the_method_with_the_contracts_arguments(name: str, hal: type) -> None:
    if getattr(hal, name) is getattr(contract.Hal, name):
        pytest.skip(f"{hal.__name__} leaves {name} as the contract has it: nothing happens")
    promised = list(inspect.signature(getattr(contract.Hal, name)).parameters)
    assert list(inspect.signature(getattr(hal, name)).parameters) == promised


@pytest.mark.parametrize("name", METHODS)
def test_every_method_of_the_contract_says_what_it_does(name: str) -> None:
    assert inspect.getdoc(getattr(contract.Hal, name))


def test_the_methods_that_carry_light_are_all_fulfilled_by_the_simulator() -> None:
    needed = {"read", "drive", "carrier", "off", "renew_lease", "feed", "signal", "power_off"}
    assert needed <= set(METHODS)
    for name in needed:
        assert getattr(SimHal, name) is not getattr(contract.Hal, name)
