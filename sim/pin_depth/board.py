"""Board at pin depth: connects the emulated chip's pins to bench, parts, light and recorder.

It takes the place of `sim.driver_depth.core.Chip`, so that bench, parts and hardware are the same.
"""

from typing import TYPE_CHECKING

from sim.pin_depth.light import Light
from sim.pin_depth.timing import Ticks
from sim.pin_depth.usb_host import Host
from sim.pin_depth.waveform import INPUT_NAMES, Edges, channels

if TYPE_CHECKING:
    from collections.abc import Callable

    from sim.driver_depth.bench import Bench
    from sim.driver_depth.i2c import Bus
    from sim.driver_depth.wiring import Wiring
    from sim.pin_depth.adapter import Emulator

NEVER = 1 << 62
KEPT = 100_000  # characters that the host has read


class Board:
    """The chip among its parts; power comes with `power_on`."""

    def __init__(
        self, emulator: "Emulator", bench: "Bench", buses: "tuple[Bus, Bus]", wiring: "Wiring"
    ) -> None:
        self.emulator = emulator
        self.bench = bench
        self.wiring = wiring
        self.edges = edges = Edges(channels(bench.hardware.board, wiring))
        self.light = Light(emulator, bench, edges, len(wiring.banks))
        self.ticks = Ticks(emulator)
        self.resets: list[tuple[int, str]] = []  # (us, why)
        self.begun: Callable[[], None] = lambda: None  # the chip begins anew
        self._host: Host | None = None
        self.heard = bytearray()  # by the host
        self.driven = 0  # bits of `Hardware.pins` as they are on the pins
        self.power_at_us = NEVER  # when power comes back
        self._due = emulator.alarm(self._handle_due)
        self._power = emulator.alarm(self.power_on)
        bench.attach(self)
        bench.on_start = self.power_on
        bench.on_unheld = self._let_go
        for place, pin in enumerate(edges.pins[: edges.names.index("POWER_HOLD") + 1]):
            emulator.watch(pin, self._watcher(place))
        emulator.watch(wiring.hold, self._hold_changed)
        emulator.watch_low(wiring.scl, lambda us: bench.hardware.clock_sda(1))
        emulator.on_adc(self._convert)
        for number, bus in enumerate(buses):
            emulator.attach(number, bus.find, self._holder(number))
        emulator.on_reset = self._reset
        emulator.on_feed = self.ticks.fed

    @property
    def us(self) -> int:
        """Microseconds since the bench was switched on."""
        return self.emulator.us

    def _watcher(self, place: int) -> "Callable[[int, float], None]":
        """Return what is called at an output's edges: the record, and the light for an emitter."""
        add = self.edges.add
        if place > self.light.banks:
            return lambda level, us: add(us, place, level)
        edge = self.light.edge

        def changed(level: int, us: float) -> None:
            add(us, place, level)
            edge(place, level, us)

        return changed

    def _holder(self, number: int) -> "Callable[[], bool]":
        """Return a function: whether a wire of this bus is held low."""
        hardware = self.bench.hardware
        return lambda: (
            (hardware.bus_holds > 0 or hardware.low_clocks > 0)
            and number == self.wiring.sensors_bus
        )

    def _convert(self, channel: int) -> int:
        if channel == self.wiring.adc[0]:
            self.ticks.begin()
        return self.bench.convert(channel)

    # -- time ----------------------------------------------------------------------------

    def start(self, clock_ms: int = 0) -> None:
        """The bench is switched on, and the unit with it; its clock reads this then."""
        self._handle_due()
        self.emulator.power_on(clock_ms)

    def _handle_due(self) -> None:
        """Handle the end of a plant block, or an event."""
        bench = self.bench
        bench.handle_due(self.us)
        self.update_inputs()
        self._due.at(max(bench.due_us, self.us + 1))

    def due_by(self, us: int) -> None:
        """The bench has something due at this time, perhaps before all else."""
        self._due.at(max(us, self.us + 1))

    def update_inputs(self) -> None:
        """Drive the pins of buttons, buckle and charger, where they have changed."""
        now = self.bench.hardware.pins
        for pin, bit in self.wiring.inputs:
            if (now ^ self.driven) & bit:
                low = bool(now & bit)
                self.emulator.drive(pin, low)
                self.edges.add(
                    self.emulator.exact_us, self.edges.names.index(INPUT_NAMES[bit]), int(not low)
                )
        self.driven = now

    # -- power and resets ----------------------------------------------------------------

    def power_on(self) -> None:
        """The unit's supply comes back."""
        self.bench.plant.powered = True
        self.emulator.power_on()
        self._reset("power-on")

    def cut_power(self, back_s: float | None) -> None:
        """The unit's supply goes, and comes back after so long, or never."""
        self.emulator.power_off()
        self.bench.lose_power()
        if back_s is not None:
            self._power.at(self.us + max(int(back_s * 1e6), 1))

    def _reset(self, why: str) -> None:
        self.resets.append((self.us, why))
        self.ticks.forget()
        self.begun()

    def _hold_changed(self, level: int, us: float) -> None:
        """The unit drives the pin that holds its supply: low lets go of it."""
        if level or not self.emulator.drives(self.wiring.hold):
            return
        self._let_go()

    def _let_go(self) -> None:
        """Nothing holds the supply: something else may feed the unit."""
        self.bench.powered = False
        if not self.bench.is_fed() and self._host is None:
            self.cut_power(None)

    # -- a host ----------------------------------------------------------------------------

    def host(self) -> Host:
        """The computer on the USB port; it is plugged in now if it was not."""
        self._host = self._host or Host(self.emulator, self._hear)
        return self._host

    def _hear(self, data: "bytes | bytearray") -> None:
        self.heard += data
        del self.heard[:-KEPT]
