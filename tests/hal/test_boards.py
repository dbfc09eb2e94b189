"""Board files: ours are sound, and every rule of `hal.board_check` can be broken."""

from types import ModuleType, SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hal import board_check
from hal.board_check import faults_of
from hal.boards import EXAMPLE_1200NM, RPI_PICO, RPI_PICO2
from sim.physics.emitters import efficiency

BOARDS = [RPI_PICO, RPI_PICO2, EXAMPLE_1200NM]
NAMES = sorted(name for name in vars(RPI_PICO) if name.isupper())
BANKS = RPI_PICO.BANKS


def board(**changes: object) -> SimpleNamespace:
    """The reference board, changed."""
    return SimpleNamespace(**{name: getattr(RPI_PICO, name) for name in NAMES} | changes)


def with_bank(k: int, row: object) -> SimpleNamespace:
    """The reference board with another row in its bank table."""
    return board(BANKS=(*BANKS[:k], row, *BANKS[k + 1 :]))


@pytest.mark.parametrize("module", BOARDS, ids=lambda module: module.NAME)
def test_our_boards_have_no_fault(module: ModuleType) -> None:
    assert faults_of(module) == []


@pytest.mark.parametrize("module", BOARDS, ids=lambda module: module.NAME)
def test_a_board_is_named_as_its_file_is(module: ModuleType) -> None:
    assert module.__name__ == "hal.boards." + module.NAME


@pytest.mark.parametrize("module", BOARDS, ids=lambda module: module.NAME)
def test_a_board_has_every_name_of_the_reference(module: ModuleType) -> None:
    assert [name for name in NAMES if not hasattr(module, name)] == []


@pytest.mark.parametrize("module", BOARDS, ids=lambda module: module.NAME)
def test_electrical_power_is_light_over_wall_plug_efficiency(module: ModuleType) -> None:
    light_mw = module.BANK_NOMINAL_UW_CM2 * module.WINDOW_CM2 / 1000
    for nm, _, _, milliwatts in module.BANKS:
        assert milliwatts == pytest.approx(light_mw / efficiency(nm), rel=0.005)


def test_the_example_reaches_1200_nm_at_no_more_power_than_the_reference() -> None:
    assert EXAMPLE_1200NM.BANKS[-1][0] == 1200
    assert sum(row[3] for row in EXAMPLE_1200NM.BANKS) <= sum(row[3] for row in BANKS)


BROKEN = [
    ("EMITTERS has 23 emitters a pad: from 24", board(EMITTERS=(23, 3_000, 0))),
    ("EMITTERS has 2999 um to the skin: from 3000", board(EMITTERS=(48, 2_999, 0))),
    ("EMITTERS has a NoneType um from a diffuser", board(EMITTERS=(48, 3_000))),
    ("LED_BOARD is not of aluminium or copper", board(LED_BOARD=("FR4", 1_600))),
    ("LED_BOARD is 999 um thick", board(LED_BOARD=("aluminium", 999))),
    ("SENSORS_MM are less than 10 mm apart", board(SENSORS_MM=((0, 0), (6, 6)))),
    ("SENSORS_MM is not two places", board(SENSORS_MM=((0, 0),))),
    ("SPOT_ALLOWANCE_MC is 0: a whole number from 10", board(SPOT_ALLOWANCE_MC=0)),
    ("pin 8 is used twice", with_bank(1, (850, 8, 11, 1277))),
    ("pin 5 is used twice: PIN_LIGHT and PINS_I2C0, SCL", board(PIN_LIGHT=5, PINS_I2C0=(5, 4))),
    ("a pin from 0 to 29", board(PIN_ENABLE=30)),
    ("a pin from 0 to 29", board(PIN_ENABLE=-1)),
    ("a pin from 0 to 29", board(PIN_ENABLE="16")),
    ("a pin from 0 to 29", board(PIN_ENABLE=True)),
    ("a pin from 0 to 29", with_bank(0, (810, 8, 99, 1500))),
    ("channels A and B of one PWM slice", with_bank(0, (810, 9, 8, 1500))),
    ("channels A and B of one PWM slice", with_bank(0, (810, 8, 29, 1500))),
    ("shares a PWM slice with another bank", with_bank(0, (810, 26, 27, 1500))),
    ("has another bank's wavelength", with_bank(0, (850, 8, 9, 1500))),
    ("on an emitter's PWM slice", board(PIN_BUZZER=24)),
    ("the converter's inputs are 26, 27 and 28", board(PINS_ADC=(26, 27, 29))),
    ("I2C0 has it elsewhere", board(PINS_I2C0=(4, 5))),
    ("I2C0 has it elsewhere", board(PINS_I2C0=(7, 6), PINS_I2C1=(5, 4))),
    ("I2C1 has it elsewhere", board(PINS_I2C1=(1, 6), PIN_VIBRATION=7)),
    ("PINS_I2C0 is a tuple: the pins of SCL, SDA", board(PINS_I2C0=(5,))),
    ("PINS_IN is 7: the pins of START", board(PINS_IN=7)),
    ("bank 3 is of 1201 nm", with_bank(3, (1201, 14, 15, 3000))),
    ("bank 0 is of 799 nm", with_bank(0, (799, 8, 9, 1500))),
    ("takes 0 mW", with_bank(0, (810, 8, 9, 0))),
    ("takes a float mW", with_bank(0, (810, 8, 9, 1500.0))),
    ("BANK_NOMINAL_UW_CM2 is 0", board(BANK_NOMINAL_UW_CM2=0)),
    ("BANK_NOMINAL_UW_CM2 is -1", board(BANK_NOMINAL_UW_CM2=-1)),
    ("a table of 1 to 4 banks", board(BANKS=())),
    ("a table of 1 to 4 banks", board(BANKS=(*BANKS, (900, 22, 23, 1)))),
    ("a table of 1 to 4 banks", board(BANKS="810")),
    ("bank 0 is not (nm,", with_bank(0, (810, 8, 9))),
    ("bank 0 is not (nm,", with_bank(0, 810)),
    ("NAME is 7", board(NAME=7)),
    ("CHIP is 'ESP32': RP2040 or RP2350", board(CHIP="ESP32")),
    ("SCRATCH_ADDRESS is not RP2350's", board(CHIP="RP2350")),
    ("RP2040 counts to 8388", board(WATCHDOG_MAX_MS=16_777)),
    ("a whole number from 8000", board(WATCHDOG_MAX_MS=500)),
    ("NTC_B_K is a float", board(NTC_B_K=3950.0)),
]


@pytest.mark.parametrize(("words", "broken"), BROKEN)
def test_a_mistake_is_named(words: str, broken: object) -> None:
    found = faults_of(broken)
    assert any(words in sentence for sentence in found), found


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_name_is_named(name: str) -> None:
    broken = board()
    delattr(broken, name)
    assert name + " is missing" in faults_of(broken)


def test_emitters_on_slices_that_wrap_are_seen_to_share() -> None:
    """GPIO 24 and 25 are slice 4 again, as 8 and 9 are."""
    found = faults_of(with_bank(1, (850, 24, 25, 1277)))
    assert found == ["bank 1 shares a PWM slice with another bank"]


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(NAMES), ANYTHING))
def test_nothing_in_a_board_raises(changes: dict[str, object]) -> None:
    assert all(isinstance(sentence, str) for sentence in faults_of(board(**changes)))


@given(st.lists(st.tuples(*[st.integers(-2, 2000)] * 4)))
def test_no_bank_table_raises(rows: list[tuple[int, ...]]) -> None:
    faults_of(board(BANKS=rows))


@given(st.permutations(range(16)))
def test_banks_are_accepted_exactly_on_pairs_of_channels(pins: list[int]) -> None:
    rows = [(800 + k, pins[2 * k], pins[2 * k + 1], 1) for k in range(4)]
    found = [s for s in faults_of(board(BANKS=rows)) if "channels" in s]
    wrong = [k for k in range(4) if pins[2 * k] % 2 or pins[2 * k + 1] != pins[2 * k] + 1]
    assert len(found) == len(wrong)


def test_an_object_that_fights_back_is_a_fault_too() -> None:
    class Hostile:
        def __getattr__(self, name: str) -> object:
            raise RuntimeError(name)

    assert faults_of(Hostile())
    assert faults_of(None)


def test_every_name_that_is_checked_is_the_reference_board_s() -> None:
    checked = {"NAME", "BANKS", "CHIP", "SCRATCH_ADDRESS", *board_check.SINGLE_PINS}
    checked |= {name for name, _, _ in board_check.NUMBERS}
    checked |= {name for name, _ in board_check.SEVERAL_PINS}
    checked |= {"EMITTERS", "LED_BOARD", "SENSORS_MM"}
    assert checked == set(NAMES)
