"""A chip on the bench without a program, and programs of a few lines to put on it."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any

from hal.boards import RPI_PICO
from sim.common.story import Event, Scenario, Start
from sim.common.value_record import replace
from sim.driver_depth.bench_depth import STEP_US
from sim.driver_depth.program import Program
from sim.driver_depth.run import DriverDepth
from sim.driver_depth.unit_build import Build, Unit
from sim.physics.plant import Plant
from sim.run import Run, nominal_calibration
from sim.scenario.scenario import ordinary

SOUND = Build()
ENABLE = 16
LIT_S = 22.0  # by then the ordinary start is in its ramp
A_810, B_810 = 8, 9  # a bank's pins: channels of slice 4
LIGHT = """
from machine import Pin, PWM, WDT
import time
Pin(16, Pin.OUT, value=1)
pwm = PWM(Pin(8), freq=2000, duty_u16=32768); time.sleep_ms(1000)
"""
LEASED = """
import time
from machine import Pin, PWM, WDT
from hal.lease import Lease
lease = Lease(16); pwm = PWM(Pin(8), freq=2000, duty_u16=65535)
WDT(timeout=500)
"""
HOLD = """
for _ in range(100000):
    lease.grant()
    WDT_FED.feed()
    time.sleep_ms(20)
"""


class Desk:
    """A unit whose modules a test calls itself, as its program would."""

    def __init__(self, clock: int = 0, build: Build = SOUND, **start: Any) -> None:
        begin = replace(Start(), clock=clock, **start)
        self.plant = Plant(begin, RPI_PICO, nominal_calibration(RPI_PICO), 1)
        self.unit = Unit(self.plant, RPI_PICO, clock, 1, {}, build)
        self.bench, self.chip, self.parts = self.unit.bench, self.unit.chip, self.unit.parts
        self.hardware = self.bench.hardware
        self.program = Program(self.unit)
        self.machine: Any = self.program.modules["machine"]
        self.time: Any = self.program.modules["time"]
        self.chip.boot()

    def pin(self, number: int) -> int:
        """What a meter shows at a pin."""
        return self.chip.gpio.level(number)

    def close_supply(self) -> None:
        """Enable pin high, by a plain output."""
        self.machine.Pin(ENABLE, self.machine.Pin.OUT, value=1)

    def power_w(self) -> float:
        """What the LED supply delivers now."""
        self.chip.light.change(self.chip.us)
        self.chip.light.settle(self.chip.us)
        return self.chip.light.power_w

    def took_us(self, what: Any, *arguments: Any) -> int:
        """How long a call took."""
        begun_us = self.chip.us
        what(*arguments)
        return self.chip.us - begun_us

    def sensors(self, **settings: Any) -> Any:
        """The sensors' bus as a program opens it."""
        pin = self.machine.Pin
        return self.machine.I2C(0, scl=pin(5), sda=pin(4), freq=400_000, **settings)

    def screen_bus(self, **settings: Any) -> Any:
        """The other bus."""
        pin = self.machine.Pin
        return self.machine.I2C(1, scl=pin(7), sda=pin(6), freq=400_000, **settings)


def scan(bus: Any) -> list[int]:
    """Addresses from 0x08 to 0x77 that acknowledge an empty write."""
    found = []
    for address in range(0x08, 0x78):
        with suppress(OSError):
            bus.writeto(address, b"")
            found.append(address)
    return found


def read_register(bus: Any, address: int, register: int, count: int = 2) -> bytes:
    """So many bytes from a register on."""
    buffer = bytearray(count)
    bus.readfrom_mem_into(address, register, buffer)
    return bytes(buffer)


class ChipRun(Run):
    """A run at driver depth, with what its tests look at by name."""

    def __init__(self, scenario: Scenario, seed: int | None = None, build: Build = SOUND) -> None:
        self.driver = driver = DriverDepth(build)
        super().__init__(scenario, seed, depth=driver)
        self.chip, self.bench, self.device = driver.chip, driver.bench, driver.device
        self.parts = driver.assembly
        self.screen, self.console = driver.screen, driver.console


def story(*events: Event, duration_s: float = 60.0, **start: Any) -> Scenario:
    """A scenario of these events, the ordinary one otherwise."""
    ordered = tuple(sorted(events, key=lambda event: event.at_s))
    return replace(
        ordinary(), events=ordered, duration_s=duration_s, until_done=False,
        start=replace(Start(), **start),
    )  # fmt: skip


START = Event(10.0, "press", "START", hold_ms=200)


@contextmanager
def running(scenario: Scenario, build: Build = SOUND) -> Iterator[ChipRun]:
    """A run that is cleared away whatever happens."""
    run = ChipRun(scenario, build=build)
    try:
        yield run
    finally:
        run.close()


def to(run: ChipRun, s: float) -> None:
    """Let it run up to so many seconds after power-on, to the microsecond."""
    run.device.run_until(int(s * 1e6))


def steps(s: float) -> int:
    """Control steps in so many seconds."""
    return int(s * 1e6) // STEP_US


def lit(run: ChipRun) -> bool:
    """Whether current flows in any emitter now."""
    run.chip.light.settle(run.chip.us)
    return run.chip.light.power_w > 0.0


def lit_s(run: ChipRun) -> float:
    """Seconds at full current that the banks were given so far, all together."""
    run.chip.light.settle(run.chip.us)
    waiting_us = sum(run.chip.light.lit_us)
    return waiting_us / 1e6 + sum(s for pad in run.plant.pads for s in pad.light_s)


def fault(name: str, at_s: float = 25.0, **more: Any) -> Event:
    """A fault of a scenario."""
    return Event(at_s, "fault", name, **more)


def program(text: str) -> Build:
    """A unit with this main.py and nothing before it."""
    return Build(files={"main.py": text.encode(), "boot.py": None})


def treating(*events: Event, build: Build = SOUND, **start: Any) -> AbstractContextManager[ChipRun]:
    """The unit's own files, lit from LIT_S on, and these events."""
    return running(story(START, *events, duration_s=90.0, **start), build)


def broken(*edits: tuple[str, str, str]) -> Build:
    """The unit with mistakes in its files."""
    return Build(edits=edits)
