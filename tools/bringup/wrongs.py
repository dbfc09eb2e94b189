"""Wrong units to rehearse the bring-up on: a part missing, swapped, miswired or broken.

Read by `waistband bringup --sim --wrong NAME`; the tests take every row. A row names the failure
that has to find it, by step and key, and what the failure has to say. No bank may be lit before.
Faults of the simulator's own catalogue are used where there is one.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from firmware.core.inputs import BUCKLE, START
from sim.common.story import Event
from sim.driver_depth.unit_build import Build
from sim.faults.hardware import SKIN, Filter
from sim.faults.injectors import INJECT
from tools.bringup.simulated import SimulatedUnit
from tools.bringup.wires import OPTIONAL, PARTS

SOUND = Build()
Change = Callable[[SimulatedUnit], object]


class Wrong(NamedTuple):
    """One wrong unit."""

    key: str  # of `tools.bringup.verdict.FAILURES`, or NOTES
    names: tuple[str, ...]  # what the failure has to name
    change: Change = lambda unit: None
    build: Build = SOUND


def fault(name: str, pad: str | None = None, **more: Any) -> Change:
    """A fault of the catalogue."""
    event = Event(0.0, "fault", name, pad=pad, **more)

    def change(unit: SimulatedUnit) -> None:
        INJECT[name](unit.hardware, event, True)

    return change


def forced(pin: int, level: int | None) -> Change:
    """A pin's resistor pulls it to this level, or is missing."""

    def change(unit: SimulatedUnit) -> None:
        unit.chip.gpio.forced.pop(pin, None)
        if level is not None:
            unit.chip.gpio.forced[pin] = level

    return change


def shorted_high(pin: int) -> Change:
    """A pin is shorted to 3V3."""

    def change(unit: SimulatedUnit) -> None:
        gpio = unit.chip.gpio
        level = gpio.level

        def shorted(number: int) -> int:
            return 1 if number == pin else level(number)

        setattr(gpio, "level", shorted)  # noqa: B010 - a short is no part of the pin's model

    return change


def inputs_swapped(one: int, two: int) -> Change:
    """Two inputs' wires are exchanged."""

    def change(unit: SimulatedUnit) -> None:
        drivers = unit.chip.gpio.drivers
        drivers[one], drivers[two] = drivers[two], drivers[one]

    return change


def parts_swapped(one: int, two: int) -> Change:
    """Two parts of the sensors' bus have each other's address."""

    def change(unit: SimulatedUnit) -> None:
        parts = unit.chip_unit.buses[0].parts
        parts[one], parts[two] = parts[two], parts[one]

    return change


def moved(one: int, to: int) -> Change:
    """A part of the sensors' bus has another address."""

    def change(unit: SimulatedUnit) -> None:
        parts = unit.chip_unit.buses[0].parts
        parts[to] = parts.pop(one)

    return change


def bus_empty(bus: int) -> Change:
    """Nothing answers on a bus: its two wires are exchanged."""
    return lambda unit: unit.chip_unit.buses[bus].parts.clear()


def banks_swapped(one: int, two: int) -> Change:
    """Two banks' wires are exchanged."""

    def change(unit: SimulatedUnit) -> None:
        pins = list(unit.chip.light.pins)
        pins[one], pins[two] = pins[two], pins[one]
        unit.chip.light.pins = tuple(pins)

    return change


def enable_cut(unit: SimulatedUnit) -> None:
    """The wire of the supply switch leads nowhere."""
    unit.chip.light.enable = 29


def thermistors_swapped(unit: SimulatedUnit) -> None:
    """The thermistors' wires are exchanged."""
    a, b, pack = unit.chip.wiring.adc
    unit.chip.wiring.adc = (b, a, pack)


def electrodes_swapped(unit: SimulatedUnit) -> None:
    """The skin sensors' electrodes are exchanged."""

    def alter(hardware: object, event: Event, kept: object) -> None:
        raw = unit.hardware.raw
        raw[SKIN], raw[SKIN + 1] = raw[SKIN + 1], raw[SKIN]

    unit.hardware.add_filter(Filter(Event(0.0, "fault", "electrodes"), alter, None))


def divider_wrong(unit: SimulatedUnit) -> None:
    """The pack's divider has 82k in the place of 100k."""
    unit.hardware.full_scale_mv = unit.hardware.full_scale_mv * (82 + 47) // (100 + 47)


def file_altered(unit: SimulatedUnit) -> None:
    """A file of the product is not the release's."""
    unit.chip_unit.flash.files["hal/ina219.py"] = b"x = 1\n"


def wire_cut(what: str) -> Change:
    """Light, buzzer, motor or screen is not connected."""
    return lambda unit: unit.cut.add(what)


def stuck(bits: int) -> Change:
    """An input is closed from the beginning."""

    def change(unit: SimulatedUnit) -> None:
        unit.hardware.stuck_pins |= bits
        unit.hardware.pins |= bits

    return change


def input_cut(pin: int) -> Change:
    """An input's wire leads nowhere."""
    return lambda unit: unit.chip.gpio.drivers.pop(pin)


WRONGS: dict[str, Wrong] = {
    **{
        f"{part.name}_missing": Wrong(
            "parts.optional" if part.name in OPTIONAL else "parts.missing",
            (f"0x{part.address:02x}",), build=Build(missing=(part.name,)),
        )
        for part in PARTS
    },
    **{
        f"{part.name}_other_chip": Wrong(
            "parts.other", (f"0x{part.address:02x}",), build=Build(identities={part.name: 0x0321})
        )
        for part in PARTS
        if part.identity[0] >= 0 and part.name != "skin"
    },
    "clock_unset": Wrong("parts.clock", ("deploy",), build=Build(clock_unset=True)),
    "file_altered": Wrong("product.wrong", ("hal/ina219.py",), file_altered),
    "contact_b_at_a": Wrong("parts.missing", ("0x49", "ADD0 to V+"), moved(0x49, 0x4C)),
    "enable_shorted": Wrong("pins.high", ("GP16 (header pin 21)",), shorted_high(16)),
    "enable_no_pull_down": Wrong("pins.floats", ("GP16 (header pin 21)",), forced(16, None)),
    "bank_no_pull_down": Wrong("pins.floats", ("GP12 (header pin 16)",), forced(12, None)),
    "sda_low": Wrong("buses.low", ("SDA of I2C0", "GP4 (header pin 6)"), forced(4, 0)),
    "scl_no_pull_up": Wrong("buses.low", ("SCL of I2C1", "GP7 (header pin 10)"), forced(7, None)),
    "sda_scl_swapped": Wrong("parts.bus_silent", ("GP4 (header pin 6)", "exchanged"), bus_empty(0)),
    "screen_bus_swapped": Wrong("parts.bus_silent", ("GP6 (header pin 9)",), bus_empty(1)),
    "bus_held": Wrong("parts.bus_silent", ("I2C0",), fault("i2c_hang")),
    "ntc_open": Wrong("warmth.open", ("pad A", "GP26 (header pin 31)"), fault("ntc_open", "A")),
    "ntc_short": Wrong("warmth.short", ("pad B", "GP27 (header pin 32)"), fault("ntc_short", "B")),
    "sensors_apart": Wrong("warmth.apart", ("pad A", "ADC_VREF"),
                           lambda unit: setattr(unit.hardware.plant.pads[0], "ntc_error_c", 4.0)),
    "divider": Wrong("battery.apart", ("GP28 (header pin 34)", "100k"), divider_wrong),
    "start_up_swapped": Wrong("inputs.other", ("GP18 (header pin 24)", "GP19 (header pin 25)"),
                              inputs_swapped(18, 19)),
    "start_held": Wrong("inputs.held", ("START", "GP18 (header pin 24)"), stuck(START)),
    "down_cut": Wrong("inputs.nothing", ("DOWN", "GP20 (header pin 26)"), input_cut(20)),
    "buckle_held": Wrong("inputs.held", ("buckle", "GP21 (header pin 27)"), stuck(BUCKLE)),
    "charger_cut": Wrong("inputs.nothing", ("GP2 (header pin 4)",), input_cut(2)),
    "thermistors_swapped": Wrong("hands.swapped", ("thermistor", "GP26 (header pin 31)"),
                                 thermistors_swapped),
    "contacts_swapped": Wrong("hands.swapped", ("contact thermometer", "0x49"),
                              parts_swapped(0x48, 0x49)),
    "led_boards_swapped": Wrong("hands.swapped", ("LED-board thermometer", "0x4B"),
                                parts_swapped(0x4A, 0x4B)),
    "electrodes_swapped": Wrong("hands.swapped", ("skin sensor", "CIN1"), electrodes_swapped),
    "pads_swapped": Wrong("hands.swapped", ("thermistor",), fault("pads_swapped")),
    "electrode_open": Wrong("hands.nothing", ("pad B", "CIN2"), fault("skin_sensor_open", "B")),
    "light_cut": Wrong("signals.light", ("GP17 (header pin 22)",), wire_cut("light")),
    "buzzer_cut": Wrong("signals.buzzer", ("GP0 (header pin 1)",), wire_cut("buzzer")),
    "screen_blank": Wrong("signals.screen", ("GP6 (header pin 9)",), wire_cut("screen")),
    "motor_cut": Wrong("signals.motor", ("GP1 (header pin 2)",), wire_cut("motor")),
    "bank_stuck_on": Wrong("lease.current", ("GP8 (header pin 11)",),
                           fault("fet_stuck_on", "A", value=810)),
    "switch_bridged": Wrong("switch.closed", ("GP16 (header pin 21)",), fault("enable_stuck")),
    "enable_cut": Wrong("banks.all_dark", ("GP16 (header pin 21)",), enable_cut),
    "string_open": Wrong("banks.dark", ("940 nm of pad B", "GP13 (header pin 17)"),
                         fault("led_open", "B", value=940)),
    "banks_swapped": Wrong("banks.swapped", ("GP8 (header pin 11)", "GP14 (header pin 19)"),
                           banks_swapped(0, 3)),
    "banks_alike": Wrong("banks.alike", ("GP10 (header pin 14)", "GP12 (header pin 16)"),
                         banks_swapped(1, 2)),
    "driver_strong": Wrong("banks.off", ("1060 nm of pad A", "current resistor"),
                           fault("led_gain", "A", nm=1060, value=1.6)),
    "alert_cut": Wrong("alert.open", ("pad A", "TMP117 pin 3"), fault("alert_broken")),
}  # fmt: skip


def make_wrong(board: object, name: str) -> SimulatedUnit:
    """A simulated unit that is wrong in this way."""
    wrong = WRONGS[name]
    unit = SimulatedUnit(board, wrong.build)
    wrong.change(unit)
    return unit
