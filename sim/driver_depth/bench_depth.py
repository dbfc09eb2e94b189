"""Base of driver depth and pin depth: a chip and its parts on a bench, and what is measured there.

The firmware is found in the running program. Until it is there, rows and reports show a unit that
has just begun.
"""

import json
from typing import TYPE_CHECKING, Any

from firmware.core.limits import CONTROL_TICKS, TICK_MS
from firmware.waistband import Waistband
from hal.contract import POWER_ON
from hal.files import TABLE
from sim.common.boards import board_file
from sim.driver_depth.cue_follower import CueFollower
from sim.driver_depth.ds3231 import UNIX_2000_S, Ds3231
from sim.driver_depth.font import GLYPHS
from sim.driver_depth.unit_build import Build
from sim.faults.depth import Depth
from sim.faults.injectors import wear

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sim.driver_depth.bench import Bench, Chip
    from sim.driver_depth.parts import Part
    from sim.faults.depth import Observer, Setup
    from sim.physics.threshold_times import Dark

TICK_US = TICK_MS * 1_000
STEP_US = CONTROL_TICKS * TICK_US
SOUND = Build()


class NullHal:
    """A HAL that does nothing."""

    def reset_cause(self) -> int:
        """Return the cause of a power-on."""
        return POWER_ON

    def __getattr__(self, name: str) -> Any:
        return lambda *arguments: None


def unit_before_boot(setup: "Setup") -> Waistband:
    """Return the firmware that reports show while none runs: a unit that has just begun."""
    nobody: Any = NullHal()
    return Waistband(nobody, setup.board, setup.calibration, setup.prescription)


def unit_files(setup: "Setup") -> dict[str, bytes]:
    """Return the unit's own files at power-on, calibration and prescription among them."""
    return {
        "calibration.json": json.dumps(setup.calibration).encode(),
        "prescription.json": json.dumps(setup.scenario.prescription).encode(),
        **board_file(setup.board),
        **setup.files,
    }


def clock_at_power_on(setup: "Setup") -> int | None:
    """Return the battery-backed clock's time at power-on, s since 1970; None: never set."""
    return None if setup.clock_s is None else UNIX_2000_S + setup.clock_s


def kept_files(files: "Mapping[str, bytes]") -> dict[str, bytes]:
    """Return those files of a flash that the unit itself keeps: no program, nor its table."""
    return {
        name: content
        for name, content in files.items()
        if name != TABLE and not name.endswith((".py", ".mpy"))
    }


class BenchDepth(Depth):
    """A depth with a bench."""

    setup: "Setup"
    bench: "Bench"
    parts: "Mapping[str, Part]"  # by name
    glyphs = GLYPHS  # of the screen: eight columns -> character
    over = False  # the observer says so

    def __init__(self, build: Build = SOUND) -> None:
        """`build` says how the unit differs from a sound one."""
        self.build = build

    def _put_on_bench(self, bench: "Bench", parts: "Mapping[str, Part]") -> None:
        self.bench = bench
        self.hardware = bench.hardware
        self.parts = parts
        if self.setup.scenario.start.worn:
            wear(self.hardware, True)
        self._unit = unit_before_boot(self.setup)
        self._cues = CueFollower()

    def player(self) -> "Any":
        """Return the program's `hal.player.Player`; None while there is none."""
        return getattr(getattr(self._unit, "hal", None), "player", None)

    def start(self, observer: "Observer", event_ms: int) -> None:
        """Switch the bench on; the observer's first event is due at `event_ms`."""
        self.observer = observer
        self.bench.on_event = observer.run_due_events
        self.bench.expect(event_ms)

    def advance(self, steps: int, duration_s: float) -> bool:
        """Run up to so many control steps; False once the run is over."""
        last_us = int(duration_s * 1e6)
        until_us = min(self._chip.us + steps * STEP_US, last_us)
        while self._chip.us < until_us and not self.over:
            self._run_until(until_us)
        over = self.over or self._chip.us >= last_us
        if over:
            self.close()
        return not over

    def _run_until(self, us: int) -> None:
        """Let the chip run up to here."""

    def _observe(self, us: int) -> int:
        """Tell the observer of a control step, or of a tick; return when to do so next."""
        self.ticks = us // TICK_US
        ticked = self.observer.wants_ticks()
        self._cues.follow(self.player(), us // 1_000)
        if us:
            if ticked:
                self.observer.end_tick()
            if self.observer.end_step():
                self.over = True
        return us + (TICK_US if ticked else STEP_US)

    @property
    def unit(self) -> Waistband:
        """The firmware of the running program."""
        return self._unit

    def screen(self) -> list[str]:
        """Return the eight rows of text on the screen; none while it is off."""
        screen: Any = self.parts["screen"]
        rows: list[str] = screen.text(self.glyphs)
        return rows

    def expect(self, event_ms: int) -> None:
        """The observer's next event is due at this time."""
        self.bench.expect(event_ms)

    def reseed(self, seed: int) -> None:
        """The converter's noise begins anew."""
        self.bench.reseed(seed)

    @property
    def _chip(self) -> "Chip":
        return self.bench.chip

    @property
    def t_ms(self) -> int:
        """Time."""
        return self._chip.us // 1_000

    @property
    def powered(self) -> bool:
        """The unit has not let go of its supply."""
        return self.bench.powered

    @property
    def supply(self) -> bool:
        """The chip holds the supply switch closed."""
        return self._chip.light.enabled()

    @property
    def duty(self) -> list[int]:
        """Each bank's duty as its pin has it."""
        return self._chip.light.duties()

    @property
    def lit(self) -> bool:
        """Current flows in emitters, or only the dark part of a gate or carrier stops it."""
        light = self._chip.light
        return light.power_w > 0 or (light.enabled() and not self.bench.alert_opens())

    @property
    def cues(self) -> list[tuple[int, int]]:
        """The latest cues: when each began (ms), and its number."""
        return self._cues.begun

    @property
    def darks(self) -> "list[Dark]":
        """Every end of light."""
        return self._chip.light.darks

    @property
    def late_j(self) -> float:
        """Optical energy given while the enable pin was low."""
        return self._chip.light.late_j

    @property
    def restarts(self) -> list[tuple[float, str]]:
        """When (s) and why the chip began anew."""
        return [(us / 1e6, why) for us, why in self._chip.resets]

    def read_clock_s(self) -> int | None:
        """The battery-backed clock, s since 2000-01-01; None where it is not set."""
        clock = self.parts["clock"]
        assert isinstance(clock, Ds3231)
        return clock.seconds(self._chip.us)

    def on_light(self, sink: "Callable[[float, float, float], object]") -> None:
        """Have `sink` called with begin and end (ms) and watts of each stretch of light: the mean
        of a stretch at driver depth, each pulse of a carrier at pin depth."""
        self._chip.light.on_light = sink

    def jump_clock(self, seconds: int) -> None:
        """The battery-backed clock jumps ahead."""
        self._clock.jump(seconds)

    def lose_clock(self) -> None:
        """The battery-backed clock is not set any more."""
        self._clock.lose()

    def flip_clock(self, bit: int | None) -> None:
        """A bit of the clock's time registers reads wrong."""
        self._clock.flipped = bit

    @property
    def _clock(self) -> Ds3231:
        clock = self.parts["clock"]
        assert isinstance(clock, Ds3231)
        return clock
