"""Hardware: pins, switches, sensor values and their filters, between plant and program.

One `Hardware` stands between them at every depth. Owned and read by the HAL of HAL depth
(`sim.hal_depth.sim_hal`) and by the bench of driver and pin depth (`sim.driver_depth.bench`). The
faults of `sim.faults.injectors` act on it and on the plant behind it, and on nothing else.
"""

from firmware.core.inputs import CHARGING
from sim.common.value_record import Record
from sim.faults.tolerances import add_errors
from sim.physics import sensors
from sim.physics.threshold_times import ThresholdTimes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from hal.contract import Board
    from sim.common.story import Event
    from sim.physics.plant import Plant

    # Alters the levels or raw values just taken; the last argument is the filter's `kept`.
    Alter = Callable[["Hardware", Event, Any], None]

# The sensors' I2C bus by place in `raw`, then the other I2C parts, which have no raw value.
SENSOR_PARTS = (
    "contact_a", "contact_b", "board_a", "board_b", "rail", "cell", "charge", "skin_a", "skin_b",
)  # fmt: skip
PARTS = SENSOR_PARTS + ("clock", "screen")
# Chips of the sensors' bus, in the order of `hal.contract.LOST_NAMES`: their places in `raw`.
CHIPS = (
    ("contact_a",), ("contact_b",), ("board_a",), ("board_b",), ("rail",), ("cell", "charge"),
    ("skin_a", "skin_b"),
)  # fmt: skip
RAIL = 4
SKIN = 7  # of pad A; pad B is next
SDA_CLOCKS = 9  # a byte and its acknowledgement (UM10204, 3.1.16)
CLOCK_S = 820_584_000  # 2026-01-01 12:00, what the battery-backed clock reads at power-on
NEVER_MS = 1 << 60  # the time of what is not due
LEVEL_MIN = 14.0  # levels that noise cannot carry out of 12 bits
LEVEL_MAX = 4080.0


class Filter(Record):
    """A sensor's fault: alters the values each time they are taken from the plant.

    Filters of a lower `stage` come first: a fault nearer to the converter hides those before it.
    """

    FIELDS = ("event", "alter", "kept", "stage")
    event: "Event"
    alter: "Alter"
    kept: "Any"  # what the fault remembers of its onset
    stage: int = 0


class Hardware:
    """The parts soldered around the chip, in their present state; sound when new."""

    def __init__(self, plant: "Plant", board: "Board") -> None:
        self.plant = plant
        self.board = board
        self.t_ms = 0  # since power-on; the owner keeps it
        self.errors: dict[str, float] = {}  # of its parts, as `sim.faults.tolerances` has them
        # Inputs: bits of `firmware.core.inputs`.
        self.pins = 0
        self.stuck_pins = 0
        self.buckled = False  # the truth about the buckle; its pin may be stuck
        self.chattering = 0  # buttons that are closed by themselves now
        self.bouncing = False  # contacts bounce at each press and release
        # Sensors. Levels and raw values hold for a block of the plant, 200 ms.
        self.levels = [0.0, 0.0, 0.0]  # thermistor A, B, pack, in codes
        self.noisy = False  # a fault makes the levels new in each tick of HAL depth
        self.raw = [0] * len(SENSOR_PARTS)  # registers as they are read
        self.felt = self.raw  # registers before filters: what an ALERT goes by
        self.filters: list[Filter] = []
        self.silenced = [0] * len(PARTS)  # by how many faults each part does not answer
        self.cycles = [0] * len(PARTS)  # how often each part lost its supply for a moment, and
        self.back_ms = [0] * len(PARTS)  # when it measures again, at HAL depth
        self.unset = [False] * len(CHIPS)  # registers are as after power-up, at HAL depth
        # The power side's current, but for the light.
        self.rail_offset_ma = 0.0  # what the rail monitor shows of no current
        self.driver_leak_ma = 0.0  # what the drivers draw with the switch closed and no duty
        self.inrush_uf = 0.0  # what is charged behind the switch when it closes
        self.bus_holds = 0  # how many faults hold the sensors' bus low
        self.low_clocks = 0  # ... and clocks until a part lets go of SDA by itself
        self.low_turns = 0  # of the HAL, since one holds SDA; HAL depth only
        self.full_scale_mv = board.BATTERY_FULL_SCALE_MV
        self.threshold_times = ThresholdTimes(board)
        self.hot_ms = self.threshold_times.hot_ms
        self.apart_ms = self.threshold_times.apart_ms
        self.empty_ms = -1  # since when the battery's codes end a session; at HAL depth alone
        # The power side; banks are numbered pad A first.
        self.open_banks: set[int] = set()
        self.stuck_banks: set[int] = set()
        self.enable_stuck = False  # the supply switch cannot open
        self.alert_works = True  # a contact thermometer's ALERT opens the supply switch
        self.before: dict[tuple[int, str], dict[str, Any]] = {}  # conditions before (pad, fault)

    def refresh(self) -> None:
        """Take levels and raw values from the plant, then apply the filters."""
        plant = self.plant
        a, b = plant.pads
        raw = self.raw
        raw[0] = a.contact_raw
        raw[1] = b.contact_raw
        raw[2] = a.board_raw
        raw[3] = b.board_raw
        raw[5] = plant.battery.vcell_raw(plant.sag_mv)
        raw[6] = plant.battery.soc_raw()
        raw[SKIN] = a.skin_raw
        raw[SKIN + 1] = b.skin_raw
        if plant.charge_w and plant.battery.charge >= 1.0:  # the charger is done
            plant.charge_w = 0.0
            self.pins &= ~CHARGING
        self.felt = raw[:]
        self.levels = levels = [
            a.ntc_level, b.ntc_level, plant.pack_mv() * sensors.ADC_FULL / self.full_scale_mv,
        ]  # fmt: skip
        if self.errors:
            add_errors(self.errors, levels, raw)
        for one in self.filters:
            one.alter(self, one.event, one.kept)
        for k, level in enumerate(levels):
            if not LEVEL_MIN <= level <= LEVEL_MAX:
                levels[k] = min(max(level, LEVEL_MIN), LEVEL_MAX)
        if self.filters or self.apart_ms[0] >= 0 or self.apart_ms[1] >= 0:
            self.threshold_times.judge_pairs(levels, raw, self.t_ms)

    def add_filter(self, new: Filter) -> None:
        """Put a filter in, after those of its own and lower stages."""
        at = 0
        while at < len(self.filters) and self.filters[at].stage <= new.stage:
            at += 1
        self.filters.insert(at, new)

    def remove_filters(self, event: "Event") -> None:
        """Take out the filters of an event."""
        self.filters = [one for one in self.filters if one.event != event]

    def silence(self, parts: "tuple[str, ...]", silent: bool) -> None:
        """Make I2C parts stop answering, or answer again unless another fault silences them."""
        for name in parts:
            self.silenced[PARTS.index(name)] += 1 if silent else -1

    def cycle_power(self, chip: int, back_ms: int) -> None:
        """A chip loses its supply for a moment: registers as after power-up. HAL depth has no
        registers; there it measures again `back_ms` later."""
        self.unset[chip] = True
        for name in CHIPS[chip]:
            at = PARTS.index(name)
            self.cycles[at] += 1
            self.back_ms[at] = min(self.t_ms + back_ms, NEVER_MS)

    def cycle_screen(self) -> None:
        """The screen loses its supply for a moment; HAL depth has none."""
        self.cycles[PARTS.index("screen")] += 1

    def hold_bus(self, held: bool) -> None:
        """Hold the sensors' bus low, so that none of its parts answers, or let go of it."""
        self.bus_holds += 1 if held else -1
        self.silence(SENSOR_PARTS, held)

    def hold_sda(self, held: bool) -> None:
        """A part in mid-transfer holds SDA low until it got its nine clocks, or lets go of it."""
        if held == bool(self.low_clocks):
            return
        self.low_clocks = SDA_CLOCKS if held else 0
        self.low_turns = 0
        self.silence(SENSOR_PARTS, held)

    def clock_sda(self, clocks: int) -> None:
        """Clocks on the sensors' bus, by hand."""
        if self.low_clocks:
            left = max(self.low_clocks - clocks, 0)
            if not left:
                self.hold_sda(False)
            self.low_clocks = left

    def stray_ma(
        self, begin: float, end: float, closed: float, opened: float, units_per_s: float
    ) -> float:
        """What the rail monitor shows beside the light, as a mean from `begin` to `end`: its zero,
        the drivers' own draw, the charge of what is behind the switch. `closed` and `opened` are
        when the switch last did; in the span it did each once at most."""
        span = end - begin
        until = min(opened, end) if opened > closed else end
        stray_ma = self.rail_offset_ma
        stray_ma += self.driver_leak_ma * max(until - max(closed, begin), 0) / span
        if begin <= closed < end:
            stray_ma += self.inrush_uf * self.plant.pack_mv() / 1e6 * units_per_s / span
        return stray_ma

    def answers(self, name: str) -> bool:
        """Whether no fault silences this part."""
        return not self.silenced[PARTS.index(name)]
