"""I2C parts of the sensors' bus, register by register, as their data sheets have them.

| part     | use                      | data sheet                 |
|----------|--------------------------|----------------------------|
| TMP117   | thermometers             | Texas Instruments, SNOSD82 |
| MAX17049 | gauge of the pack        | Maxim, 19-6171             |
| INA219   | LED supply current       | Texas Instruments, SBOS448 |
| FDC1004  | skin sensors             | Texas Instruments, SNOSCY5 |

`sim.driver_depth.parts_list` fits them; the I2C buses of both depths call `written` and `read`.
"""

from sim.faults.hardware import PARTS, SKIN
from sim.faults.tolerances import start_up

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sim.driver_depth.bench import Bench

FOREVER = 1 << 62
HALF_BLOCK_US = 100_000  # the plant moves in steps of 200 ms


class Part:
    """A target on a bus: big-endian registers of 16 bits, and its names in faults."""

    address = 0
    alert = False  # it holds the emitters' supply switch open
    names: tuple[str, ...] = ()
    steps = False  # reading on goes to the next register
    identity = 0  # of an ID or version register
    wakes = ""  # of `sim.faults.tolerances.START_UP`: how long it does not answer once supplied
    acknowledged = FOREVER  # bytes of a write after the address; a test has it refuse the next

    def __init__(self, bench: "Bench") -> None:
        self.bench = bench
        self.present = True
        self.pointer = 0
        self.seen = self.lost_supply()
        self.supplied_us = 0
        self.power_on(0)

    def answers(self) -> bool:
        """Whether it acknowledges its address now."""
        answers = self.bench.hardware.answers
        if self.wakes and not self.has_waited(self.wakes, self.bench.chip.us):
            return False
        return self.present and all(answers(name) for name in self.names)

    def has_waited(self, key: str, us: int) -> bool:
        """Whether it is supplied for as long as this key of START_UP says."""
        return us >= self.supplied_us + 1_000 * start_up(self.bench.hardware.errors, key)

    def stretch(self, key: str) -> float:
        """How many times the typical its conversions take."""
        return start_up(self.bench.hardware.errors, key)

    def supply(self, us: int) -> None:
        """Its supply is there again."""
        self.supplied_us = us
        self.power_on(us)

    def power_on(self, us: int) -> None:
        """Set the registers as after power-up."""

    def measure(self, us: int) -> None:
        """Measure: the bench has new values."""

    def lost_supply(self) -> int:
        """How often it lost its supply for a moment."""
        return self.bench.hardware.cycles[PARTS.index(self.names[0])] if self.names else 0

    def check_supply(self, us: int) -> None:
        """A fault may have taken its supply for a moment."""
        lost = self.lost_supply()
        if lost != self.seen:
            self.seen = lost
            self.supply(us)

    def written(self, data: bytes, us: int) -> None:
        """Bytes after its address, in one transfer."""
        if data:
            self.pointer = data[0]
        for at in range(1, len(data) - 1, 2):
            self.set_word(self.pointer, data[at] << 8 | data[at + 1], us)

    def read(self, count: int, us: int) -> bytes:
        """Return so many bytes from the register that it points to."""
        words = b""
        while len(words) < count:
            register = self.pointer + len(words) * self.steps
            words += (self.word(register, us) & 0xFFFF).to_bytes(2, "big")
        return words[:count]

    def word(self, register: int, us: int) -> int:
        """Return a register's content."""
        return 0

    def set_word(self, register: int, value: int, us: int) -> None:
        """Write a register, if it can be written."""


# TMP117 data sheet (SNOSD82), conversion cycle in ms by CONV[2:0], one row for each AVG[1:0].
CYCLES_MS = (
    (15.5, 125, 250, 500, 1_000, 4_000, 8_000, 16_000),
    (125, 125, 250, 500, 1_000, 4_000, 8_000, 16_000),
    (500, 500, 500, 500, 1_000, 4_000, 8_000, 16_000),
    (1_000, 1_000, 1_000, 1_000, 1_000, 4_000, 8_000, 16_000),
)


class Tmp117(Part):
    """Thermometer. In therm mode its ALERT goes at the high limit and comes back below the low
    one; before its first conversion it reads -256 C."""

    CONFIG, HIGH, LOW, ID = 1, 2, 3, 0x0F
    THERM = 1 << 4
    SHUTDOWN = 0x0400
    SOFT_RESET = 1 << 1
    HIGH_ALERT, LOW_ALERT, DATA_READY = 1 << 15, 1 << 14, 1 << 13
    STARTUP_US = 1_500
    NOTHING_YET = -32_768
    identity = 0x0117
    wakes = "temp_ack_ms"

    def __init__(self, bench: "Bench", address: int, slot: int, name: str, wired: bool) -> None:
        """`slot` is its raw value's place on the bench; `wired`: its ALERT opens the switch."""
        self.address = address
        self.slot = slot
        self.names = (name,)
        self.wired = wired
        super().__init__(bench)

    def power_on(self, us: int) -> None:
        """Registers from its EEPROM, as delivered: a conversion a second."""
        self.config = 0x0220
        self.high, self.low = 0x6000, -32_768
        self.flags = 0
        self.value = self.NOTHING_YET  # as measured
        self.alert = False
        self.next_us = us + self.STARTUP_US + self.conversion_us()

    def conversion_us(self) -> int:
        """Return how long a conversion takes: 15.5 ms for each averaged sample."""
        samples = (1, 8, 32, 64)[self.config >> 5 & 3]
        return int(samples * 15_500 * self.stretch("temp_time"))

    def cycle_us(self) -> int:
        """Return the time from one conversion to the next."""
        cycle_ms = CYCLES_MS[self.config >> 5 & 3][self.config >> 7 & 7]
        return int(cycle_ms * 1_000 * self.stretch("temp_time"))

    def measure(self, us: int) -> None:
        """Convert, if one was due: the plant moves in steps, and a value holds over one."""
        if us < self.next_us:
            return
        self.next_us = us + self.cycle_us() - HALF_BLOCK_US
        mode = self.config & 0x0C00
        if mode == self.SHUTDOWN:
            self.next_us = FOREVER
        elif mode == 0x0C00:  # one shot, then shutdown
            self.config = self.config & ~0x0C00 | self.SHUTDOWN
        self.value = self.bench.hardware.raw[self.slot]
        value = self.bench.hardware.felt[self.slot]
        self.flags |= self.DATA_READY
        before = self.alert
        if self.config & self.THERM:
            self.flags &= ~self.LOW_ALERT
            if value >= self.high:
                self.flags |= self.HIGH_ALERT
            elif value < self.low:
                self.flags &= ~self.HIGH_ALERT
        else:
            if value > self.high:
                self.flags |= self.HIGH_ALERT
            if value < self.low:
                self.flags |= self.LOW_ALERT
        data_ready_pin = self.config & 1 << 2
        raised = self.flags & (self.HIGH_ALERT | self.LOW_ALERT) and not data_ready_pin
        self.alert = self.wired and bool(raised)
        if self.alert != before:
            self.bench.chip.light.change(us)

    def word(self, register: int, us: int) -> int:
        """Return a register. Reading temperature or configuration clears flags, but not therm
        mode's."""
        if register == 0:
            self.flags &= ~self.DATA_READY
            if self.value == self.NOTHING_YET:
                self.measure_first(us)
            if self.wired:
                self.bench.contact_read[self.slot] = self.value
            return self.value
        if register == self.CONFIG:
            word = self.config | self.flags
            self.flags &= ~self.DATA_READY
            if not self.config & self.THERM:
                self.flags &= ~(self.HIGH_ALERT | self.LOW_ALERT)
            return word
        return {self.HIGH: self.high, self.LOW: self.low, self.ID: self.identity}.get(register, 0)

    def measure_first(self, us: int) -> None:
        """Convert if that is due between two steps of the plant."""
        if us >= self.next_us:
            self.measure(us)

    def set_word(self, register: int, value: int, us: int) -> None:
        """Configuration and limits."""
        signed = value - 0x10000 if value & 0x8000 else value
        if register == self.CONFIG:
            if value & self.SOFT_RESET:
                self.power_on(us)
                return
            self.measure_first(us)
            self.config = value & 0x0FFC
            self.next_us = us + self.conversion_us()
        elif register == self.HIGH:
            self.high = signed
        elif register == self.LOW:
            self.low = signed


class Max17049(Part):
    """Gauge of the 2S pack: VCELL is the mean cell."""

    address = 0x36
    names = ("cell", "charge")
    steps = True
    identity = 0x0012
    wakes = "gauge_ack_ms"
    VCELL, SOC, MODE, VERSION, CONFIG, STATUS = 0x02, 0x04, 0x06, 0x08, 0x0C, 0x1A

    def power_on(self, us: int) -> None:
        """As delivered."""
        self.registers = {self.MODE: 0, self.CONFIG: 0x971C, self.STATUS: 0x0100}

    def word(self, register: int, us: int) -> int:
        """Voltage 78.125 uV a code, charge 1/256 %; 0 until there is a first one."""
        if register == self.VCELL:
            return self.bench.hardware.raw[5] if self.has_waited("gauge_cell_ms", us) else 0
        if register == self.SOC:
            return self.bench.hardware.raw[6] if self.has_waited("gauge_soc_ms", us) else 0
        if register == self.VERSION:
            return self.identity
        return self.registers.get(register, 0xFFFF)

    def set_word(self, register: int, value: int, us: int) -> None:
        """Store it; it has no effect here."""
        if register in self.registers:
            self.registers[register] = value


class Fdc1004(Part):
    """Capacitance-to-digital converter (TI SNOSCY5): inputs 1 and 2 are the pads' electrodes."""

    address = 0x50
    names = ("skin_a", "skin_b")
    wakes = "skin_ack_ms"
    CONFIGS, FDC_CONF, MANUFACTURER, DEVICE = 0x08, 0x0C, 0xFE, 0xFF
    RATES_HZ = {1: 100, 2: 200, 3: 400}
    RESET, REPEAT = 1 << 15, 1 << 8

    def power_on(self, us: int) -> None:
        """As delivered: nothing is measured, results are zero."""
        self.manufacturer, self.device = 0x5449, 0x1004
        self.configs = [0x1C00] * 4
        self.config = 0
        self.results = [0] * 4  # 24 bits, signed
        self.next_us = FOREVER

    def measure(self, us: int) -> None:
        """Do the conversions that are due: each enabled measurement in turn."""
        if us < self.next_us:
            return
        for k in range(4):
            if self.config & 1 << 7 - k:
                self.results[k] = self.measure_channel(self.configs[k])
                self.config |= 1 << 3 - k
        self.next_us = us + self.round_us() if self.config & self.REPEAT else FOREVER

    def measure_channel(self, config: int) -> int:
        """One single-ended measurement, 2^19 codes a pF, with the CAPDAC's offset."""
        channel = config >> 13
        if channel > 1:
            return 0  # nothing is wired there
        offset = (config >> 5 & 31) * 3.125 if config >> 10 & 7 == 0b100 else 0.0
        code = (self.bench.hardware.raw[SKIN + channel] << 8) - int(offset * (1 << 19))
        return min(max(code, -(1 << 23)), (1 << 23) - 1)

    def round_us(self) -> int:
        """How long a round of the enabled measurements takes."""
        enabled = bin(self.config >> 4 & 15).count("1")
        round_us = enabled * 1_000_000 // self.RATES_HZ.get(self.config >> 10 & 3, 100)
        return int(round_us * self.stretch("skin_time"))

    def word(self, register: int, us: int) -> int:
        """Results, upper half first; set-up; identities."""
        self.measure(us)
        if register < 8:
            return (
                self.results[register >> 1] >> 8
                if not register & 1
                else ((self.results[register >> 1] & 255) << 8)
            )
        if register < self.FDC_CONF:
            return self.configs[register - self.CONFIGS]
        if register == self.FDC_CONF:
            return self.config
        return {self.MANUFACTURER: self.manufacturer, self.DEVICE: self.device}.get(register, 0)

    def set_word(self, register: int, value: int, us: int) -> None:
        """A write to FDC_CONF starts the conversions that it names."""
        self.measure(us)
        if self.CONFIGS <= register < self.FDC_CONF:
            self.configs[register - self.CONFIGS] = value & 0xFFE0
        elif register == self.FDC_CONF:
            if value & self.RESET:
                self.power_on(us)
                return
            self.config = value & 0x0DF0
            self.next_us = us + self.round_us() if value & 0xF0 else FOREVER


# INA219 data sheet (SBOS448G), 8.6.2.1: us a conversion by SADC/BADC: 9-12 bits, means of 2-128.
CONVERSIONS_US = (84, 148, 276, 532, 84, 148, 276, 532,
                  532, 1_060, 2_130, 4_260, 8_510, 17_020, 34_050, 68_100)  # fmt: skip


class Ina219(Part):
    """LED supply current over 0.1 ohm: the shunt register counts 10 uV, hence 0.1 mA."""

    address = 0x40
    names = ("rail",)
    wakes = "rail_ack_ms"
    CONFIG, SHUNT, BUS = 0, 1, 2
    FULL = (4_000, 8_000, 16_000, 32_000)  # 40-320 mV by PG[1:0]

    def power_on(self, us: int) -> None:
        """As delivered: 12 bits without averaging, shunt and bus in turn."""
        self.config = 0x399F
        self.since_us = us

    def set_word(self, register: int, value: int, us: int) -> None:
        """A write to the configuration starts a new conversion."""
        if register == self.CONFIG and value & 0x8000:
            self.power_on(us)
        elif register == self.CONFIG:
            self.config, self.since_us = value, us

    def shunt(self, us: int) -> int:
        """Return the last finished shunt conversion: the mean over its own time."""
        stretch = self.stretch("rail_time")
        shunt_us = int(CONVERSIONS_US[self.config >> 3 & 15] * stretch)
        bus_us = int(CONVERSIONS_US[self.config >> 7 & 15] * stretch) if self.config & 2 else 0
        mode = self.config & 7
        if mode not in (5, 7):
            return 0
        done = (us - self.since_us - shunt_us) // (shunt_us + bus_us)
        if done < 0:
            return 0
        begin_us = self.since_us + done * (shunt_us + bus_us)
        light = self.bench.chip.light
        full = self.FULL[self.config >> 11 & 3]
        code = int(light.mean_ma(begin_us, begin_us + shunt_us) * 10.0 + 0.5)
        return max(min(code, full), -full)

    def word(self, register: int, us: int) -> int:
        """Return configuration, shunt voltage (10 uV) or bus voltage (4 mV, from bit 3 on)."""
        if register == self.SHUNT:
            return self.shunt(us)
        if register == self.BUS:
            return int(self.bench.hardware.plant.pack_mv() / 4) << 3 | 2
        return self.config if register == self.CONFIG else 0
