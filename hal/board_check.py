"""Validation of a board file: one sentence for each mistake.

Called by the tools and by `main.py` at start, which lights nothing on a board with a fault.
Reads the data alone: accepts any object, raises nothing.
"""

WAVELENGTH_MIN_NM = 800
WAVELENGTH_MAX_NM = 1200
BANKS_MAX = 4  # of a pad
MILLIWATTS_MAX = 5_000  # of a bank: eight of them pass what the rail monitor can count
ADC_PINS = (26, 27, 28)
SLICES = 8
WATCHDOG_LONG_MS = 8_000  # the HAL's long timeout, which the chip must be able to count

# chip, pins, longest watchdog in ms, address of watchdog scratch 0
CHIPS = (
    ("RP2040", 30, 8_388, 0x4005_800C),
    ("RP2350", 30, 16_777, 0x400D_800C),  # the A package, as on Pico 2
)

# Whole numbers that a board must have, and what they may be.
NUMBERS = (
    ("BANK_NOMINAL_UW_CM2", 1, 100_000),
    ("WINDOW_CM2", 1, 1_000),
    ("PAD_WINDOW_W_M2K", 10, 2_000),
    ("SPOT_ALLOWANCE_MC", 10, 1_000),  # a pad without one has not been looked at
    ("NTC_OHM", 100, 1_000_000),
    ("NTC_B_K", 1_000, 10_000),
    ("NTC_PULLUP_OHM", 100, 1_000_000),
    ("BATTERY_FULL_SCALE_MV", 1_000, 100_000),
    ("PACK_CAPACITY_MWH", 1, 1_000_000),
    ("IDLE_MW", 1, 100_000),
    ("WATCHDOG_MAX_MS", WATCHDOG_LONG_MS, 16_777),
)

# What keeps the hottest skin near what the sensors feel: docs/maintainer/hot-spots.md.
CORES = ("aluminium", "copper")  # of an LED board; FR4 leaves a pressed spot too hot
EMITTERS = (
    ("emitters a pad", 24, 1_000), ("um to the skin", 3_000, 50_000),
    ("um from a diffuser to the skin", 0, 50_000),
)  # fmt: skip
CORE_UM = (1_000, 5_000)
SENSORS_APART_MM = 10  # two contact sensors on one carrier err together

# Names that hold one pin, and names that hold several.
SINGLE_PINS = ("PIN_ENABLE", "PIN_LIGHT", "PIN_BUZZER", "PIN_VIBRATION", "PIN_POWER_HOLD")
SEVERAL_PINS = (
    ("PINS_ADC", ("pad A's thermistor", "pad B's thermistor", "the pack")),
    ("PINS_I2C0", ("SCL", "SDA")),
    ("PINS_I2C1", ("SCL", "SDA")),
    ("PINS_IN", ("START", "UP", "DOWN", "BUCKLE", "CHARGER", "CHARGING")),
)


def faults_of(board: object) -> "list[str]":
    """One sentence for each thing wrong with a board; empty if nothing is."""
    found: list[str] = []
    try:
        _Check(board, found).run()
    except Exception as why:
        found.append("the board cannot be read: " + type(why).__name__)
    return found


def _shown(value: object) -> str:
    """A value of a plain type as written, any other by the name of its type."""
    if type(value) in (int, bool, str):
        text = repr(value)
        return text if len(text) <= 40 else text[:37] + "..."
    return "a " + type(value).__name__


def _rows(value: object) -> "list[object] | None":
    """The items of a tuple or list; None where it is neither."""
    if type(value) is tuple or type(value) is list:
        return list(value)
    return None


class _Check:
    """One board under inspection; `found` grows."""

    def __init__(self, board: object, found: "list[str]") -> None:
        self.board = board
        self.found = found
        self.pins = 30
        self.used: list[tuple[int, str]] = []  # pin, what for
        self.slices: list[tuple[int, int]] = []  # slice, wavelength

    def run(self) -> None:
        """Every rule."""
        name = self.get("NAME")
        if name is not None and (type(name) is not str or not name):
            self.add("NAME is " + _shown(name) + ": a name in letters")
        for what, low, high in NUMBERS:
            self.number(what, low, high)
        self.chip()
        self.banks()
        self.spots()
        for what in SINGLE_PINS:
            self.pin(what, self.get(what))
        for what, parts in SEVERAL_PINS:
            self.several(what, parts)
        self.buzzer()
        self.twice()

    def add(self, sentence: str) -> None:
        """Another fault."""
        self.found.append(sentence)

    def get(self, what: str) -> object:
        """What the board has under a name; None, said, where it has nothing."""
        try:
            value = getattr(self.board, what)
        except Exception:
            value = None
        if value is None:
            self.add(what + " is missing")
        return value

    def number(self, what: str, low: int, high: int) -> int:
        """A whole number within bounds; 0, said, where it is not."""
        value = self.get(what)
        if value is None:
            return 0
        if type(value) is not int or not low <= value <= high:
            self.add(
                what + " is " + _shown(value) + ": a whole number from " + str(low)
                + " to " + str(high)
            )  # fmt: skip
            return 0
        return value

    def chip(self) -> None:
        """The chip is one of ours, and its addresses are the chip's."""
        name = self.get("CHIP")
        address = self.get("SCRATCH_ADDRESS")
        for chip, pins, watchdog_ms, scratch in CHIPS:
            if type(name) is str and name == chip:
                self.pins = pins
                if type(address) is not int or address != scratch:
                    self.add("SCRATCH_ADDRESS is not " + chip + "'s: " + hex(scratch))
                longest = getattr(self.board, "WATCHDOG_MAX_MS", 0)
                if type(longest) is int and longest > watchdog_ms:
                    self.add(
                        "WATCHDOG_MAX_MS is " + str(longest) + ": " + chip
                        + " counts to " + str(watchdog_ms)
                    )  # fmt: skip
                return
        if name is not None:
            self.add("CHIP is " + _shown(name) + ": " + " or ".join([row[0] for row in CHIPS]))

    def pin(self, what: str, value: object) -> int:
        """A pin that the chip has; -1, said, where it is not. Remembered as used."""
        if value is None:
            return -1
        if type(value) is not int or not 0 <= value < self.pins:
            self.add(what + " is " + _shown(value) + ": a pin from 0 to " + str(self.pins - 1))
            return -1
        self.used.append((value, what))
        return value

    def banks(self) -> None:
        """The bank table: each row's form, wavelength, power, slice."""
        table = self.get("BANKS")
        if table is None:
            return
        rows = _rows(table)
        if rows is None or not 1 <= len(rows) <= BANKS_MAX:
            self.add("BANKS is " + _shown(table) + ": a table of 1 to " + str(BANKS_MAX) + " banks")
            return
        for k in range(len(rows)):
            row = _rows(rows[k])
            if row is None or len(row) != 4:
                self.add("bank " + str(k) + " is not (nm, pin of pad A, pin of pad B, mW)")
            else:
                self.bank(k, row)

    def bank(self, k: int, row: "list[object]") -> None:
        """One bank."""
        what = "bank " + str(k)
        nm, pin_a, pin_b, milliwatts = row
        if type(nm) is not int or not WAVELENGTH_MIN_NM <= nm <= WAVELENGTH_MAX_NM:
            self.add(
                what + " is of " + _shown(nm) + " nm: " + str(WAVELENGTH_MIN_NM)
                + " to " + str(WAVELENGTH_MAX_NM) + " nm is infrared of this device"
            )  # fmt: skip
            nm = 0
        if type(milliwatts) is not int or not 0 < milliwatts <= MILLIWATTS_MAX:
            self.add(
                what + " takes " + _shown(milliwatts) + " mW: a whole number from 1 to "
                + str(MILLIWATTS_MAX)
            )  # fmt: skip
        a = self.pin(what + ", pad A", pin_a)
        b = self.pin(what + ", pad B", pin_b)
        if a < 0 or b < 0:
            return
        if a >> 1 != b >> 1 or a & 1 or not b & 1:
            self.add(
                what + " is on pins " + str(a) + " and " + str(b)
                + ": channels A and B of one PWM slice are an even pin and the next"
            )  # fmt: skip
        for other_slice, other_nm in self.slices:
            if (a >> 1) % SLICES == other_slice or (b >> 1) % SLICES == other_slice:
                self.add(what + " shares a PWM slice with another bank")
            if nm and nm == other_nm:
                self.add(what + " has another bank's wavelength, which names it")
        self.slices.append(((a >> 1) % SLICES, nm))

    def spots(self) -> None:
        """Emitters, LED board and sensors' places leave no spot of skin too hot."""
        values = _rows(self.get("EMITTERS")) or []
        for k in range(len(EMITTERS)):
            what, low, high = EMITTERS[k]
            value = values[k] if k < len(values) else None
            if type(value) is not int or not low <= value <= high:
                self.add(
                    "EMITTERS has " + _shown(value) + " " + what + ": from " + str(low) + " to "
                    + str(high)
                )  # fmt: skip
        core = _rows(self.get("LED_BOARD")) or []
        if len(core) != 2 or core[0] not in CORES:
            self.add("LED_BOARD is not of " + " or ".join(CORES) + ", and its um")
        elif type(core[1]) is not int or not CORE_UM[0] <= core[1] <= CORE_UM[1]:
            self.add(
                "LED_BOARD is " + _shown(core[1]) + " um thick: from " + str(CORE_UM[0]) + " to "
                + str(CORE_UM[1])
            )  # fmt: skip
        mm: list[int] = []
        for place in _rows(self.get("SENSORS_MM")) or []:
            for value in _rows(place) or []:
                if type(value) is int:
                    mm.append(value)
        if len(mm) != 4:
            self.add("SENSORS_MM is not two places, mm across and along")
        elif (mm[0] - mm[2]) ** 2 + (mm[1] - mm[3]) ** 2 < SENSORS_APART_MM**2:
            self.add("SENSORS_MM are less than " + str(SENSORS_APART_MM) + " mm apart")

    def several(self, what: str, parts: "tuple[str, ...]") -> None:
        """A name that holds a pin for each of its parts; converter and bus pins are fixed."""
        value = self.get(what)
        if value is None:
            return
        pins = _rows(value)
        if pins is None or len(pins) != len(parts):
            self.add(what + " is " + _shown(value) + ": the pins of " + ", ".join(parts))
            return
        for k in range(len(parts)):
            name = what + ", " + parts[k]
            pin = self.pin(name, pins[k])
            if pin < 0:
                continue
            if what == "PINS_ADC" and pin not in ADC_PINS:
                self.add(name + " is " + str(pin) + ": the converter's inputs are 26, 27 and 28")
            elif what in ("PINS_I2C0", "PINS_I2C1"):
                bus = int(what[-1])
                # SCL on odd pins, SDA on even ones; buses take turns by the pair
                if pin & 1 == k or pin >> 1 & 1 != bus:
                    self.add(name + " is " + str(pin) + ": I2C" + str(bus) + " has it elsewhere")

    def buzzer(self) -> None:
        """The buzzer changes its slice's frequency: no emitter may be on it."""
        pin = getattr(self.board, "PIN_BUZZER", None)
        if type(pin) is not int:
            return
        for other_slice, _ in self.slices:
            if (pin >> 1) % SLICES == other_slice:
                self.add("PIN_BUZZER is " + str(pin) + ", on an emitter's PWM slice")
                return

    def twice(self) -> None:
        """No pin has two uses."""
        for k in range(len(self.used)):
            pin, what = self.used[k]
            for other, first in self.used[:k]:
                if other == pin:
                    self.add("pin " + str(pin) + " is used twice: " + first + " and " + what)
                    break
