"""Run: one scenario on one simulated unit, at any depth, and its result.

Made by the commands, campaigns and tests. Owns the plant, the depth and the timeline; writes
nothing into the firmware.
"""

import json
import time

from firmware.core import states
from firmware.core.limits import CONTROL_TICKS, TICK_MS
from firmware.core.validate import Refused
from firmware.records import signed_prescription
from firmware.records.keys import FILE as KEYS
from firmware.records.keys import Keys
from firmware.therapy.calibration import calibration_crc, calibration_text, read_calibration
from sim.common.boards import board_file, find_board
from sim.common.value_record import replace
from sim.faults.depth import Observer, Setup
from sim.faults.hardware import CLOCK_S
from sim.hal_depth.depth import HalDepth
from sim.oracle import report
from sim.oracle.claims import Claims
from sim.oracle.expectations import Expectations
from sim.oracle.fault_log import FaultLog
from sim.oracle.sessions import SessionLog
from sim.oracle.supply_current import BankFaults, is_bank_fault
from sim.physics.emitters import efficiency
from sim.physics.plant import REFERENCE_V, TRIP_C, Plant
from sim.physics.sensors import SKIN_AIR, SKIN_ON
from sim.timeline import Timeline, when_ms

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any, TypeGuard

    from firmware.waistband import Waistband
    from hal.contract import Board
    from sim.common.story import Event, Scenario
    from sim.faults.depth import Depth
    from sim.faults.injected import Injected
    from sim.hal_depth.lifecycle import Lifecycle
    from sim.hal_depth.sim_hal import SimHal
    from sim.oracle.subject import TickObserver

    Row = tuple[float | str, ...]

wall_clock_s = getattr(time, "perf_counter", time.time)  # which MicroPython lacks
CONTROL_MS = CONTROL_TICKS * TICK_MS
CALIBRATION, PRESCRIPTION = "calibration.json", "prescription.json"  # as on a unit
SETTLED_MS = 2_000  # a run ends this long after its session did


def nominal_calibration(board: "Board") -> "dict[str, Any]":
    """The calibration of a unit that is exactly as its board file says."""
    full = {str(row[0]): board.BANK_NOMINAL_UW_CM2 / 1000 for row in board.BANKS}
    table: dict[str, Any] = {
        "serial": "SIM-0001",
        "date": "2026-01-01",
        "window_cm2": board.WINDOW_CM2,
        "irradiance_mw_cm2": {"A": full, "B": full},
        "ntc_offset_c": {"A": 0.0, "B": 0.0},
        "skin_codes": {pad: {"air": SKIN_AIR, "skin": SKIN_ON} for pad in "AB"},
    }
    drawn = {
        nm: round(mw_cm2 * board.WINDOW_CM2 / efficiency(float(nm)) / REFERENCE_V, 1)
        for nm, mw_cm2 in full.items()
    }
    table["reference_ma"] = {"A": drawn, "B": drawn}
    table["crc32"] = calibration_crc(table, board)
    return table


def seal_for(
    calibration: "dict[str, Any]", board: "Board", keys: "bytes | None"
) -> "dict[str, Any]":
    """The calibration as `key install` leaves it on a unit with this keys.json."""
    held = Keys(keys)
    if not held.prescription or signed_prescription.SEAL in calibration:
        return calibration
    seal = signed_prescription.calibration_seal(
        calibration_text(calibration, board), held.prescription
    )
    sealed = dict(calibration)
    sealed[signed_prescription.SEAL] = seal
    return sealed


def table_of(content: bytes) -> object:
    """What a file holds, as the unit's `main.py` reads it: None where it is not JSON."""
    try:
        value: object = json.loads(content)
    except ValueError:
        return None
    return value


def is_calibration(table: object, board: "Board") -> "TypeGuard[dict[str, Any]]":
    """Whether the unit takes the table for a calibration, its seal aside."""
    try:
        read_calibration(table, board)
    except Refused:
        return False
    return True


def trace_columns(board: "Board") -> tuple[str, ...]:
    """Names of a trace row's fields, as the command's CSV has them."""
    duties = tuple([f"duty_{pad}_{row[0]}" for pad in "ab" for row in board.BANKS])
    return (
        "t_s", "state", "faults", "contact_a_c", "contact_b_c", "true_contact_a_c",
        "true_contact_b_c", "board_a_c", "board_b_c",
    ) + duties + ("enabled", "battery_v", "battery_pct", "fluence_a", "fluence_b")  # fmt: skip


class Run(Observer):
    """A scenario on a simulated unit; `advance` it, then read its `result`."""

    def __init__(
        self, scenario: "Scenario", seed: int | None = None, record: bool = False,
        files: "Mapping[str, bytes] | None" = None, clock_s: int | None = CLOCK_S,
        depth: "Depth | None" = None,
    ) -> None:  # fmt: skip
        """Power the unit on, at HAL depth where no other is named. `seed` overrides the
        scenario's; `record` keeps all inputs and outputs for `recording`, at HAL depth alone.

        `files` are what the unit keeps already, by name; `calibration.json` and
        `prescription.json` among them go before the nominal ones and the scenario's. What it
        keeps after the run is what `read_files` returns. `clock_s` is the wall clock at power-on,
        in seconds since 2000-01-01; None: there is none. The scenario's `date` and `clock_set` go
        before it.
        """
        if record and depth:
            raise ValueError("a recording is made at HAL depth")
        self.scenario = scenario
        self.board: Board = find_board(scenario.board)
        self.seed = scenario.seed if seed is None else seed
        self.duration_s = scenario.duration_s
        start = scenario.start
        if start.date is not None:
            clock_s = start.date
        if not start.clock_set:
            clock_s = None
        files = dict(files or {})
        # the truth about the unit; a file of it that is broken changes what the unit reads alone
        self.calibration: dict[str, Any] = seal_for(
            nominal_calibration(self.board), self.board, files.get(KEYS)
        )
        read: object = self.calibration
        measured = files.get(CALIBRATION)
        if measured is not None:
            read = table_of(measured)
            if is_calibration(read, self.board):
                self.calibration = read
        self.prescription: object = files.get(PRESCRIPTION, scenario.prescription)
        self.plant = Plant(scenario.start, self.board, self.calibration, self.seed)
        self.depth: Depth = depth or HalDepth(record)
        self.depth.assemble(Setup(
            scenario, self.board, self.seed, self.plant, read, self.prescription, files, clock_s,
        ))  # fmt: skip
        self.hardware = self.depth.hardware
        self.wall_s = 0.0
        self.true_crossing_s: list[float | None] = [None, None]  # of the trip, by each pad
        self.sessions = SessionLog(self)
        self.fault_log = FaultLog(self)
        self._row_sink: Callable[[Row], object] | None = None
        self._row_every = 0
        self.oracle: TickObserver | None = None  # told after each tick
        self.timeline = Timeline(self.depth, scenario.events)
        self.expectations = Expectations(self, scenario.expectations)
        self._noted = 0  # injected faults that were looked at for `bank_faults`
        self.bank_faults: BankFaults | None = None  # of banks, once there is one
        self.depth.start(self, self._next_ms())

    @property
    def hal(self) -> "SimHal":
        """The HAL under the firmware; at HAL depth alone."""
        assert isinstance(self.depth, HalDepth)
        return self.depth.hal

    @property
    def lifecycle(self) -> "Lifecycle":
        """The unit's resets and power cycles; at HAL depth alone."""
        assert isinstance(self.depth, HalDepth)
        return self.depth.lifecycle

    @property
    def unit(self) -> "Waistband":
        """The firmware."""
        return self.depth.unit

    @property
    def t_ms(self) -> int:
        """Milliseconds since power-on; negative before the first tick."""
        return self.depth.t_ms

    @property
    def t_s(self) -> float:
        """Seconds since power-on."""
        return max(self.depth.t_ms, 0) / 1000

    @property
    def restarts(self) -> list[tuple[float, str]]:
        """When and why the chip began anew, in seconds since power-on."""
        return self.depth.restarts

    @property
    def raised(self) -> list[tuple[float, str]]:
        """When the firmware raised by itself, in seconds since power-on, and what."""
        return self.depth.raised

    @property
    def ticks(self) -> int:
        """Ticks so far."""
        return self.depth.ticks

    @property
    def injected(self) -> "list[Injected]":
        """The faults put on so far."""
        return self.timeline.injected

    def run_due_events(self, t_ms: int) -> int:
        """Do what is due; return when something is due next."""
        self.expectations.judge_due(t_ms)
        self.timeline.run_due_events(t_ms)
        if len(self.injected) != self._noted:
            self._follow_banks(t_ms)
        return self._next_ms()

    def _next_ms(self) -> int:
        """When an event or an expectation is due next."""
        return min(self.timeline.next_ms(), self.expectations.next_ms())

    def _follow_banks(self, t_ms: int) -> None:
        """Follow the faults of banks among those just injected."""
        for injected in self.injected[self._noted :]:
            if is_bank_fault(injected):
                if self.bank_faults is None:
                    self.bank_faults = BankFaults(self, Claims(self))
                self.bank_faults.add_fault(injected)
        self._noted = len(self.injected)
        if self.bank_faults is not None:
            self.bank_faults.follow(t_ms)

    def mark_line_reached(self, event: "Event") -> None:
        """The firmware is about to execute the line that the event names."""
        self.timeline.mark_line_reached(event)

    def continue_with(self, events: "tuple[Event, ...]", duration_s: float) -> None:
        """Replace the events still to come by these; the run lasts until `duration_s`. Raises
        ValueError for an event that is not later than now.

        `scenario` becomes that of the whole run: made anew, it runs exactly as this one.
        """
        now_ms = self.depth.t_ms
        for event in events:
            if when_ms(event.at_s) <= now_ms:
                raise ValueError(f"{event.name} at {event.at_s} s: has happened by {self.t_s} s")
        begun = tuple([event for event in self.scenario.events if when_ms(event.at_s) <= now_ms])
        self.scenario = replace(
            self.scenario, events=begun + events, duration_s=duration_s, until_done=False,
            seed=self.seed,
        )  # fmt: skip
        self.duration_s = duration_s
        self.reload_events()

    def reload_events(self, keep_bounces: bool = False) -> None:
        """Replace the events still to come by those of the scenario as it now stands."""
        self.timeline.replace(self.scenario.events, self.depth.t_ms, keep_bounces)
        self.depth.expect(self._next_ms())

    def advance(self, steps: int) -> bool:
        """Run up to so many control steps; False once the run is over."""
        begun = wall_clock_s()
        more = self.depth.advance(steps, self.duration_s)
        self.wall_s += wall_clock_s() - begun
        if not more:
            self.expectations.judge_rest()
        return more

    def wants_ticks(self) -> bool:
        """Whether an oracle, a trace, a fault of a bank or a cue is followed in every tick."""
        return (
            self.oracle is not None
            or self._row_every == TICK_MS
            or self.bank_faults is not None
            or self.expectations.follows_cues(self.depth.t_ms)
        )

    def end_tick(self) -> None:
        """A tick went by: for the oracle, faults of banks, and a row of a trace of ticks."""
        if self.bank_faults is not None:
            self.bank_faults.follow(self.depth.t_ms)
        if self.oracle:
            self.oracle.check_tick()
        if self._row_sink and self._row_every == TICK_MS:
            self._row_sink(self.row())

    def end_step(self) -> bool:
        """A control step went by: give a row, record times; whether the run is over."""
        if self._row_sink and self._row_every != TICK_MS:
            self._row_sink(self.row())
        self._record_times()
        return (not self.depth.powered and self.events_over()) or self._done()

    def _record_times(self) -> None:
        """Record what sessions gave, what was latched, and when contact truly crossed the trip."""
        self.sessions.follow()
        self.fault_log.follow()
        for index, pad in enumerate(self.plant.pads):
            if pad.max_contact_c >= TRIP_C and self.true_crossing_s[index] is None:
                self.true_crossing_s[index] = self.t_s

    def _done(self) -> bool:
        """For a scenario that runs until its session is over."""
        if not self.scenario.until_done or not self.events_over():
            return False
        end_ms = self.sessions.last_end_ms()
        return end_ms is not None and self.depth.t_ms >= end_ms + SETTLED_MS

    def constants(self) -> list[object]:
        """Objects that are only replaced or added to: copies of this run may share them
        (`sim.campaign.snapshot`)."""
        unit = self.unit
        shared: list[object] = [
            self.board, self.scenario, unit.session.table, unit.guard_rows.meanings
        ]  # fmt: skip
        if not unit.session.lock:
            shared.append(unit.session.course)
        for pad in self.plant.pads:
            shared += pad.tissue.constants()
        return shared + self.depth.constants() + [pad.table for pad in unit.pads]

    def close(self) -> None:
        """Release what the depth holds."""
        self.depth.close()

    def trace(self, row_sink: "Callable[[Row], object]", every: str = "control") -> None:
        """Have `row_sink` called with a row each control step, or each tick."""
        self._row_sink = row_sink
        self._row_every = TICK_MS if every == "tick" else CONTROL_MS

    def events_over(self) -> bool:
        """Whether no event or expectation of the scenario is still to come."""
        return not self.timeline.actions and not self.expectations.left

    def row(self) -> "Row":
        """The present values, in the order of `trace_columns`.

        A row a control step would always meet the same part of a gate of 10 or 25 Hz: it has
        the duty with which the gate's open part was lit.
        """
        unit = self.unit
        depth = self.depth
        gate = unit.gate
        supply = depth.supply
        gated = supply and gate.period_ticks > 1 and self._row_every != TICK_MS
        a, b = unit.pads
        true_a, true_b = self.plant.pads
        names = [name for _, name, _ in Claims(self).list_latched()]
        duty = gate.out if gated else depth.duty
        return (
            self.t_s, states.STATES[unit.session.state], "+".join(names),
            a.contact_mc / 1000, b.contact_mc / 1000,
            true_a.tissue.contact_c, true_b.tissue.contact_c,
            true_a.tissue.board_c, true_b.tissue.board_c,
        ) + tuple(duty) + (
            int(supply or self.hardware.enable_stuck),
            self.plant.pack_mv() / 1000, unit.battery.percent,
            a.fluence.total_uj_cm2 / 1e6, b.fluence.total_uj_cm2 / 1e6,
        )  # fmt: skip

    def fault_rows(self) -> "list[dict[str, Any]]":
        """Every fault that the firmware latched, first first."""
        return self.fault_log.list_rows()

    def unexpected(self) -> list[str]:
        """A sentence for each fault that the scenario does not account for."""
        return report.list_unexpected(self)

    def result(self) -> "dict[str, Any]":
        """The object that `waistband sim --json` prints."""
        return report.make_result(self)

    def read_files(self) -> "dict[str, bytes]":
        """What the unit's flash holds beside the program, by name: calibration and prescription
        as well, at any depth."""
        given = {
            CALIBRATION: json.dumps(self.calibration).encode(),  # a file of its own goes before it
            PRESCRIPTION: self.prescription
            if isinstance(self.prescription, bytes)
            else json.dumps(self.prescription).encode(),
        }
        given.update(board_file(self.board))
        given.update(self.depth.read_files())
        return given

    def read_recording(self) -> "Iterator[bytes]":
        """Every input and output so far, in pieces, for `replay`; only of a run made with
        `record`. Raises ValueError for another."""
        return self.depth.read_recording()
