"""Simulated unit of the bring-up: the driver-depth unit at its raw prompt, and a person who acts.

Called by `waistband bringup --sim` and its tests. The unit's own files boot into service mode (UP
and DOWN held); programs then run on the virtual chip with the unit's own drivers. The person
presses, closes and lays hands on the plant. Resistors of the board, which the chip's own pulls
show, are levels on its pins (`Gpio.forced`).
"""

from typing import Any

from firmware.core.inputs import DOWN, START, UP
from sim.common.errors import BadInput
from sim.common.story import Event, Start
from sim.driver_depth.device import Device as ChipDevice
from sim.driver_depth.gpio import PWM
from sim.driver_depth.program import compiled
from sim.driver_depth.unit_build import Build, Unit
from sim.faults.injectors import INJECT, buckle
from sim.physics.plant import Plant
from sim.run import nominal_calibration
from tools.bringup.checks_person import SCREEN_ROWS
from tools.bringup.wires import PADS, bus_pins, emitter_pins
from tools.unit.about import About, Failed
from tools.unit.device import Device

SLICE_US = 5_000
BOOT_US = 5_000_000
RUNS_US = 3_000_000  # until a unit that was restarted has written its telemetry
LONGEST_US = 60_000_000  # of a program
PROMPT_US = 1_000
ACT_US = 500_000  # after the person was asked
HELD_US = 300_000  # a button
SEED = 7
BUTTONS = {"START": START, "UP": UP, "DOWN": DOWN}


class AtPrompt(ChipDevice):
    """The unit in operation; at the prompt it runs the programs that a host sends."""

    source = ""
    answer: tuple[str, str] | None = None  # what it printed, and the exception that ended it

    def begin(self, program: str) -> None:
        """Have a program run; `answer` has its result once it ended."""
        self.answer, self.source = None, program

    def _prompt(self) -> bool:
        self.at_prompt = True
        while True:
            try:
                source, self.source = self.source, ""
                if source:
                    self.answer = self._execute(source)
                self.chip.spend(PROMPT_US)
            except KeyboardInterrupt:
                continue
            except SystemExit:
                return False

    def _execute(self, source: str) -> tuple[str, str]:
        program = self.program
        assert program
        said: list[str] = []

        def write(*values: object, end: str = "\n") -> None:
            program.print(*values, end=end)
            said.append(" ".join(map(str, values)) + end)

        try:
            program.main["print"] = write
            exec(compiled("<stdin>", source.encode()), program.main)
        except (Exception, KeyboardInterrupt) as why:
            return "".join(said), f"{type(why).__name__}: {why}"
        return "".join(said), ""


class SimulatedUnit(Device):
    """A unit that runs programs in virtual time; what the person does happens meanwhile."""

    def __init__(self, board: Any, build: Build | None = None, service: bool = True) -> None:
        """Powered on in service mode, or else to run; hands off, without a calibration."""
        self.port = "simulated unit"
        self.board = board
        plant = Plant(Start(worn=False), board, nominal_calibration(board), SEED)
        self.chip_unit = unit = Unit(plant, board, 0, SEED, {}, build or Build())
        self.chip, self.hardware = unit.chip, unit.bench.hardware
        self.chip.usb.connected = True
        self.acts: list[tuple[int, str]] = []  # (us, act) that are still to come
        self.seen: set[str] = set()  # of light, buzzer, motor, since a program began
        self.cut: set[str] = set()  # wires of these that lead nowhere
        self.pull_us = -1  # when the cable is pulled
        forced = self.chip.gpio.forced
        for number in emitter_pins(board):
            forced[number] = 0
        for number, _ in bus_pins(board):
            forced[number] = 1
        self.hardware.pins |= UP | DOWN if service else 0
        self.device = AtPrompt(unit)
        if not service:
            self.pass_time(RUNS_US)
            return
        while not self.device.at_prompt and self.chip.us < BOOT_US:
            self.device.run_until(self.chip.us + SLICE_US)
        self.hardware.pins &= ~(UP | DOWN) | self.hardware.stuck_pins

    def close(self) -> None:
        """End the unit's thread."""
        self.device.close()

    def to_prompt(self) -> None:
        """Ctrl-C ends what runs."""
        if not self.chip.usb.connected:
            raise self.line_broken()
        self.chip.usb.type("\x03")
        self.pass_time(BOOT_US)

    def about(self) -> About:
        """What MicroPython would tell: the chip, and its reference board."""
        reference = "RPI_PICO2" if self.board.CHIP == "RP2350" else "RPI_PICO"
        return About(self.board.CHIP, reference, "simulated", 0, "")

    # -- the host's side -----------------------------------------------------------------

    def run(self, program: str) -> str:
        """Run a program; return what it prints. Raises Failed, and BadInput where the cable is
        pulled, the chip resets or the program does not end."""
        if self.pull_us >= 0 and self.chip.us >= self.pull_us:
            raise self.line_broken()
        self.seen.clear()
        device, boots = self.device, self.device.boots
        device.begin(program)
        until_us = self.chip.us + LONGEST_US
        while device.answer is None:
            self._step()
            if 0 <= self.pull_us <= self.chip.us:
                self.chip.usb.connected = False
                raise self.line_broken()
            if device.boots != boots or self.chip.us > until_us:
                raise BadInput(f"{self.port}: it was reset, or does not answer: run this again")
        said, raised = device.answer
        if raised:
            raise Failed(raised)
        return said

    def _step(self) -> None:
        self.device.run_until(self.chip.us + SLICE_US)
        while self.acts and self.acts[0][0] <= self.chip.us:
            self._act(self.acts.pop(0)[1])
        gpio, board = self.chip.gpio, self.board
        buzzer = self.chip.pwm.slice_of(board.PIN_BUZZER)
        buzzer.settle(self.chip.us)
        on = {
            "light": gpio.driven(board.PIN_LIGHT) == 1,
            "motor": gpio.driven(board.PIN_VIBRATION) == 1,
            "buzzer": gpio.function[board.PIN_BUZZER] == PWM
            and buzzer.share(board.PIN_BUZZER & 1) > 0,
        }
        self.seen |= {what for what, is_on in on.items() if is_on and what not in self.cut}

    def pass_time(self, us: int) -> None:
        """Let time go by, whatever the host does."""
        until_us = self.chip.us + us
        while self.chip.us < until_us:
            self._step()

    def run_and_reset(self, program: str) -> None:
        """Run a program that ends in a reset."""
        self.device.begin(program)

    def wait_for_restart(self, typed: bytes = b"") -> str:
        """Let the unit start; return "unit" where it runs, else what it said last."""
        self.pass_time(RUNS_US)
        lines = self.chip.usb.text().splitlines()
        if any(line.startswith("{") and '"state"' in line for line in lines):
            return "unit"
        said = [line for line in lines if line.startswith("waistband: ")]
        return said[-1].removeprefix("waistband: ") if said else "prompt"

    # -- the person ----------------------------------------------------------------------

    def do(self, act: str) -> None:
        """The person does it, soon after a program has begun; what the unit cannot see, at once."""
        if act in BUTTONS:
            at_us = self.chip.us + ACT_US
            self.acts += [(at_us, act), (at_us + HELD_US, act + " up")]
        elif act in ("buckle", "buckle_off", "charger", "charger_off"):
            self.acts.append((self.chip.us + ACT_US, act))
        else:
            self._act(act)

    def _act(self, act: str) -> None:
        hardware = self.hardware
        if act in BUTTONS:
            hardware.pins |= BUTTONS[act]
        elif act.endswith(" up"):
            hardware.pins &= ~BUTTONS[act.removesuffix(" up")] | hardware.stuck_pins
        elif act.startswith("buckle"):
            buckle(hardware, act == "buckle")
        elif act.startswith("charger"):
            INJECT["charger_plugged"](hardware, Event(0.0, "fault", act), act == "charger")
        elif act != "cover":
            for side, pad in enumerate(PADS):
                hardware.plant.pads[side].cover(1.0 if act == f"hand_{pad}" else 0.0)

    def saw(self, what: str) -> bool:
        """What there was to be seen, heard or felt while the last program ran."""
        if what != "screen":
            return what in self.seen
        screen: Any = self.chip_unit.parts["screen"]
        rows: list[str] = screen.text()
        return [row.strip() for row in rows] == SCREEN_ROWS and "screen" not in self.cut
