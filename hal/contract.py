"""The contract between the firmware and whatever it runs on.

The firmware never learns which HAL it has. Three fulfil this one: the unit's
own, the simulator's, and the replayer of a recording. No method raises but `arm`;
what it does when its hardware fails is said with it. Milliseconds are 30 bits and
wrap (`0 <= ms < 2**30`); banks are numbered pad A first, in the order of the
board's bank table (A 0-3, B 4-7); duty is 0-65535.
"""

# Bits of `Inputs.pins`, in the order START, UP, DOWN, buckle, charger, charging, and a host that
# asks for the prompt (Ctrl-C): one tick long. A set bit means pressed, closed, present, charging.
PIN_NAMES = ("START", "UP", "DOWN", "BUCKLE", "CHARGER", "CHARGING", "HOST")

# Slots of `Inputs.heard`: when each I2C part last answered, in the clock's milliseconds.
HEARD_NAMES = (
    "CONTACT_A", "CONTACT_B", "BOARD_A", "BOARD_B", "RAIL", "GAUGE", "SKIN_A", "SKIN_B",
)  # fmt: skip

# Items of `Inputs.lost`: how often each chip of the sensors' bus was found to have lost its set-up.
LOST_NAMES = ("CONTACT_A", "CONTACT_B", "BOARD_A", "BOARD_B", "RAIL", "GAUGE", "SKIN")

POWER_ON, WATCHDOG, OTHER = 0, 1, 2  # reset causes
CUE_GAP_MS = 200  # between the pulses of a cue
HEARD_MAX = 120  # bytes of a command line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol
else:
    Protocol = object


class Board(Protocol):
    """A board file: data only. `hal/boards/RPI_PICO.py` says what each name means."""

    NAME: str
    BANKS: tuple[tuple[int, int, int, int], ...]
    BANK_NOMINAL_UW_CM2: int
    WINDOW_CM2: int
    PAD_WINDOW_W_M2K: int
    LED_BOARD: tuple[str, int]
    EMITTERS: tuple[int, int, int]
    SENSORS_MM: tuple[tuple[int, int], tuple[int, int]]
    SPOT_ALLOWANCE_MC: int
    NTC_OHM: int
    NTC_B_K: int
    NTC_PULLUP_OHM: int
    BATTERY_FULL_SCALE_MV: int
    PACK_CAPACITY_MWH: int
    IDLE_MW: int


class Inputs(Protocol):
    """What `read` fills: raw codes, in lists that are made once and never replaced."""

    ms: int  # now
    pins: int  # bits as PIN_NAMES
    ntc: list[int]  # contact thermistor of pad A, B: 12-bit codes, small is hot
    battery: list[int]  # one item, the pack through its divider: 12-bit code
    contact: list[int]  # contact thermometer of pad A, B: 1/128 C, signed 16 bits
    board: list[int]  # LED-board thermometer of pad A, B: likewise
    rail: list[int]  # one item, LED supply current: 0.1 mA
    gauge: list[int]  # mean cell (78.125 uV), charge (1/256 %)
    skin: list[int]  # skin sensor of pad A, B: 1/2048 pF, signed 16 bits
    heard: list[int]  # as HEARD_NAMES; -1 until first heard
    lost: list[int]  # as LOST_NAMES; each set-up is read again within 10 s, and set right
    proved: list[int]  # one item: when the rail monitor's set-up, asked for, was found right


class Hal(Protocol):
    """What the firmware may ask of the hardware."""

    def read(self, inputs: Inputs) -> None:
        """Fill the record. At most one I2C transfer of the sensors' bus; a part that does
        not answer leaves its last value and its `heard` time as they were."""

    def prove_rail(self) -> None:
        """Have the rail monitor's set-up read back soon: `proved` then says when it was found
        right, or `lost` counts one more and the monitor is set right. Neither where it does not
        answer."""

    def arm(self, armed: bool) -> None:
        """Emitters may be lit from now on (or no more): short watchdog and the arming word,
        or long watchdog and none. Called only while dark; the enable pin is read low first,
        and where it is not, the short watchdog stays. Raises where the HAL finds, before first
        light, a file of the product that is not as it was released (`hal.files.Wrong`)."""

    def drive(self, bank: int, duty: int) -> None:
        """Set a bank's duty. It takes effect when its PWM slice wraps: not a way to be off."""

    def carrier(self, hz: int) -> None:
        """Set the PWM frequency of every bank, 100-10000 Hz; only asked while dark, or
        after a tick in which every duty was 0."""

    def off(self) -> None:
        """Supply switch open, then each emitter pin a plain output, low: at once."""

    def renew_lease(self) -> None:
        """Hold the supply switch closed for 50 ms from now; never adds to what is left."""

    def feed(self) -> None:
        """Tell the watchdog that a tick went through whole."""

    def signal(self, cue: int) -> None:
        """Start the light, tone and vibration of a cue (`firmware.ui.cues`), at once."""

    def show(self, row: int, cells: bytearray) -> None:
        """Text for one of the screen's 8 rows, 16 ASCII cells. Kept, and drawn by `feed`, a row a
        tick at most; while lit only in a tick that shows a row, so that the caller chooses which
        ticks are long. Without a screen nothing happens."""

    def write_line(self, line: bytearray, length: int) -> None:
        """Telemetry: `length` bytes, newline included, to whoever reads; dropped at once
        where nobody does, or where they read too slowly."""

    def listening(self) -> bool:
        """Whether somebody reads telemetry."""

    def read_line(self) -> "bytes | None":
        """A command line (without its newline) if one has come, else None."""

    def send_file(self, name: str, size: int) -> None:
        """Send the first `size` bytes of a kept file, as they are, to whoever reads, over the ticks
        that follow; then the line {"sha256":"<64 digits>"} of what was sent. Only while dark; given
        up where nobody takes it, and when emitters are armed. Lines are dropped meanwhile."""

    def receive(self, command: bytes, size: int) -> None:
        """Take the host's next `size` bytes as they are, over the ticks that follow: `read_line`
        then gives `command`, a newline, and the bytes; fewer where they do not come."""

    def power_off(self) -> None:
        """Cut the unit's own supply. Emitters are dark already."""

    def restart_to_service(self) -> None:
        """Restart with emitters dark into service mode: no lease, no watchdog, no therapy."""

    def restart(self) -> None:
        """Restart as at power-on, with emitters dark, once what was said has gone out."""

    # Asked for at start or while dark, never in a tick that is lit.

    def reset_cause(self) -> int:
        """POWER_ON, WATCHDOG or OTHER, as the chip has it."""

    def scratch(self) -> int:
        """The word that survives a reset and not a loss of power; 0 after power-on."""

    def set_scratch(self, word: int) -> None:
        """Keep a word of 30 bits over resets."""

    def load(self, name: str) -> "bytes | None":
        """A kept file's bytes; None where there is no such file, and for that reason alone. No
        bytes where it is there and cannot be read, whatever the cause: the worst case."""

    def store(self, name: str, content: bytes) -> bool:
        """Replace a kept file, whole or not at all: whatever becomes of the power, it then holds
        the old content or the new. May take a second. False where nothing more can be kept."""

    def append(self, name: str, content: bytes) -> bool:
        """Add to the end of a kept file, making it where there is none: whole or not at all, as
        far as the filesystem can. May take a second. False where nothing more can be kept."""

    def size(self, name: str) -> "int | None":
        """A kept file's bytes, counted; None as `load` has it, -1 where they cannot be."""

    def tail(self, name: str, most: int) -> "bytes | None":
        """A kept file's last bytes, `most` of them at most; None and no bytes as `load` has it."""

    def wall_clock(self) -> "int | None":
        """Seconds since 2000-01-01 by the battery-backed clock, or None: no clock, or unset."""

    def set_wall_clock(self, seconds: int) -> bool:
        """Set it; False if there is none."""
