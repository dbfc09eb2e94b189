"""One scenario, run: the firmware on the simulated HAL, and the scenario's events."""

import gc
import json
import time

from firmware import inputs as pin
from firmware import states
from firmware.limits import CONTROL_TICKS, TICK_MS
from firmware.prescription import calibration_crc
from sim import program_faults, report
from sim.boards import find_board
from sim.faults import INJECT, wear
from sim.hal import NEVER_MS, SimHal
from sim.lines import Lines
from sim.lives import ENDED, Lives, end
from sim.plant import TRIP_C, Plant
from sim.record import replace
from sim.recorder import Recorder
from sim.surroundings import CLOCK_S

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from firmware.waistband import Waistband
    from hal.contract import Board
    from sim.scenario import Event, Scenario
    from sim.witness import Witness

    # when in ms, in which order, which method of the run, its arguments
    Action = tuple[int, int, str, tuple[Any, ...]]
    Row = tuple[float | str, ...]

wall_clock_s = getattr(time, "perf_counter", time.time)  # which MicroPython lacks
BUTTON_PINS = {"START": pin.START, "UP": pin.UP, "DOWN": pin.DOWN}
BOUNCE_MS = (20, 40)  # contacts change again so long after an edge: the worst that sampling sees
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
    }
    table["crc32"] = calibration_crc(table, board)
    return table


def trace_columns(board: "Board") -> tuple[str, ...]:
    """Names of a trace row's fields, as the command's CSV has them."""
    duties = tuple([f"duty_{pad}_{row[0]}" for pad in "ab" for row in board.BANKS])
    return (
        "t_s", "state", "faults", "contact_a_c", "contact_b_c", "true_contact_a_c",
        "true_contact_b_c", "board_a_c", "board_b_c",
    ) + duties + ("enabled", "battery_v", "battery_pct", "fluence_a", "fluence_b")  # fmt: skip


def when_ms(at_s: float) -> int:
    """An event's time in milliseconds since power-on."""
    return int(at_s * 1000 + 0.5)


def in_order(action: "Action") -> tuple[int, int]:
    """Actions are sorted by this."""
    return action[:2]


class Injected:
    """A fault that was put on."""

    def __init__(self, t_ms: int, event: "Event") -> None:
        self.t_ms = t_ms
        self.event = event


class Run:
    """A scenario on the bench; `advance` it, then ask for its `result`."""

    own_faults = program_faults.FAULTS
    chunk_steps = 250  # control steps that are worth a look at the wall clock

    def __init__(
        self, scenario: "Scenario", seed: int | None = None, record: bool = False,
        files: "Mapping[str, bytes] | None" = None, clock_s: int | None = CLOCK_S,
    ) -> None:  # fmt: skip
        """Power the unit on. `seed` overrides the scenario's; `record` keeps all inputs and
        outputs for `recording`.

        `files` are what the unit keeps already, by name; `calibration.json` and
        `prescription.json` among them go before the nominal ones and the scenario's. What it
        keeps after the run is in `hal.files`. `clock_s` is the wall clock at power-on, in seconds
        since 2000-01-01; None: there is none.
        """
        self.scenario = scenario
        self.board: Board = find_board(scenario.board)
        self.seed = scenario.seed if seed is None else seed
        self.duration_s = scenario.duration_s
        files = dict(files or {})
        measured = files.get(CALIBRATION)
        self.calibration: dict[str, Any]
        self.calibration = calibration = (
            json.loads(measured) if measured else nominal_calibration(self.board)
        )
        self.prescription: object = files.get(PRESCRIPTION, scenario.prescription)
        self.plant = Plant(scenario.start, self.board, calibration, self.seed)
        self.hal = hal = SimHal(self.plant, self.board, scenario.start, self.seed)
        hal.files, hal.clock_s = files, clock_s
        if scenario.start.worn:
            wear(hal, True)
        board, asked = self.board.NAME, self.prescription
        self.recorder = Recorder(hal, board, calibration, asked) if record else None
        self.unit: Waistband
        self.tick: Callable[[], None]  # of the unit, or of none while it has no program
        self.lines = Lines(self.reached)
        self.lives = Lives(self)
        if self.recorder:
            self.recorder.unit = self.unit
        self.ticks = 0
        self.wall_s = 0.0
        self.injected: list[Injected] = []
        self.true_crossing_s: list[float | None] = [None, None]  # of the trip, by each pad
        self.begin_ms: int | None = None  # of the first session
        self.end_ms: int | None = None  # of the latest, unless another runs
        self._row_sink: Callable[[Row], object] | None = None
        self._row_every = 0
        self.witness: Witness | None = None  # told after each tick
        self._actions = self._timeline()
        hal.on_event = self._happen
        hal.expect(self._actions[0][0] if self._actions else NEVER_MS)

    @property
    def t_s(self) -> float:
        """Seconds since power-on."""
        return max(self.hal.t_ms, 0) / 1000

    @property
    def restarts(self) -> list[tuple[float, str]]:
        """When and why the chip began anew, in seconds since power-on."""
        return self.lives.restarts

    @property
    def raised(self) -> list[tuple[float, str]]:
        """When the firmware raised by itself, in seconds since power-on, and what."""
        return self.lives.raised

    # -- events ------------------------------------------------------------------------

    def _timeline(self) -> "list[Action]":
        """What happens when, soonest first."""
        actions: list[Action] = []

        def at(s: float, method: str, *arguments: object) -> None:
            actions.append((when_ms(s), len(actions), method, arguments))

        for event in self.scenario.events:
            if event.kind == "press":
                bit = BUTTON_PINS[event.name]
                at(event.at_s, "_press", bit, True)
                at(event.at_s + event.hold_ms / 1000, "_press", bit, False)
            elif event.kind == "fault":
                at(event.at_s, "_inject", event, True)
                if event.for_s:
                    at(event.at_s + event.for_s, "_inject", event, False)
            else:
                at(event.at_s, "_change", event)
        return sorted(actions, key=in_order)

    def _happen(self, t_ms: int) -> int:
        """Do what is due; returns when something is due next."""
        actions = self._actions
        while actions and actions[0][0] <= t_ms:
            _, _, method, arguments = actions.pop(0)
            getattr(self, method)(*arguments)
        return actions[0][0] if actions else NEVER_MS

    def then(self, events: "tuple[Event, ...]", duration_s: float) -> None:
        """From now on these happen, in the place of what the scenario had still to come, and
        the run lasts until `duration_s`. Raises ValueError for one that is not later than now.

        `scenario` becomes that of the whole run: made anew, it runs exactly as this one.
        """
        now_ms = self.hal.t_ms
        for event in events:
            if when_ms(event.at_s) <= now_ms:
                raise ValueError(f"{event.name} at {event.at_s} s: has happened by {self.t_s} s")
        begun = tuple([event for event in self.scenario.events if when_ms(event.at_s) <= now_ms])
        self.scenario = replace(
            self.scenario, events=begun + events, duration_s=duration_s, until_done=False,
            seed=self.seed,
        )  # fmt: skip
        self.duration_s = duration_s
        self._actions = [action for action in self._timeline() if action[0] > now_ms]
        self.hal.expect(self._actions[0][0] if self._actions else NEVER_MS)

    def _press(self, bit: int, down: bool) -> None:
        hal = self.hal
        self._pin(bit, down)
        if hal.bouncing:
            for k, after_ms in enumerate(BOUNCE_MS):
                value = down if k % 2 else not down
                self._actions.append((hal.t_ms + after_ms, k, "_pin", (bit, value)))
            self._actions.sort(key=in_order)

    def _pin(self, bit: int, down: bool) -> None:
        hal = self.hal
        hal.pins = hal.pins | bit if down or hal.stuck_pins & bit else hal.pins & ~bit

    def _inject(self, event: "Event", on: bool) -> None:
        """A fault of the table of every depth, or of this depth's own."""
        if on:
            self.injected.append(Injected(self.hal.t_ms, event))
        if event.name in INJECT:
            INJECT[event.name](self.hal, event, on)
        else:
            self.own_faults[event.name](self, event, on)

    def reached(self, event: "Event") -> None:
        """The firmware is about to execute the line that the event names: its onset is now."""
        for row in self.injected:
            if row.event is event:
                row.t_ms = self.hal.t_ms
        self.ends(event)

    def ends(self, event: "Event") -> None:
        """The program raises or hangs here."""
        raise end(event.name)

    def _change(self, event: "Event") -> None:
        if event.name == "worn":
            wear(self.hal, bool(event.value))
            return
        if event.name == "seed":
            seed = int(event.value or 0)
            self.plant.reseed(seed)
            self.hal.reseed(seed)
            return
        changed: dict[str, Any] = {event.name: event.value}
        for pad in self.plant.pads:
            pad.tissue.change(**changed)

    # -- running -----------------------------------------------------------------------

    def advance(self, steps: int) -> bool:
        """Run up to so many control steps; False once the run is over."""
        collecting = gc.isenabled()
        gc.disable()  # nothing here makes cycles: a tenth of the time went into looking for them
        tracing = self.lines.traced()
        self.lines.watch()
        try:
            return self._advance(steps)
        finally:
            self.lines.leave(tracing)
            if collecting:
                gc.enable()

    def _advance(self, steps: int) -> bool:
        begun = wall_clock_s()
        row_sink = self._row_sink
        every_tick = row_sink if self._row_every == TICK_MS else None
        witness = self.witness
        over = False
        for _ in range(steps):
            for _ in range(CONTROL_TICKS):
                self.one_tick()
                if witness:
                    witness.look()
                if every_tick:
                    every_tick(self.row())
            if row_sink and not every_tick:
                row_sink(self.row())
            if self.stepped():
                over = True
                break
        self.wall_s += wall_clock_s() - begun
        return not over

    def one_tick(self) -> None:
        """A tick of the unit, whatever becomes of it; `stepped` is for after each tenth."""
        try:
            self.tick()
        except ENDED as why:
            self.lives.after(why)

    def stepped(self) -> bool:
        """A control step went by; whether the run is over."""
        self.ticks += CONTROL_TICKS
        self._keep_times()
        hal = self.hal
        return hal.t_ms + TICK_MS >= int(self.duration_s * 1000) or not hal.powered or self._done()

    def _keep_times(self) -> None:
        """When the session began and ended, and when contact truly crossed the trip."""
        session = self.unit.session
        if session.number and self.begin_ms is None:
            self.begin_ms = self.hal.t_ms
        if session.number and session.reason < 0:
            self.end_ms = None
        elif self.end_ms is None and self.begin_ms is not None:  # or a reset ended it
            self.end_ms = self.hal.t_ms
        for index, pad in enumerate(self.plant.pads):
            if pad.max_contact_c >= TRIP_C and self.true_crossing_s[index] is None:
                self.true_crossing_s[index] = self.t_s

    def _done(self) -> bool:
        """For a scenario that runs until its session is over."""
        return (
            self.scenario.until_done
            and not self._actions
            and self.end_ms is not None
            and self.hal.t_ms >= self.end_ms + SETTLED_MS
        )

    def constants(self) -> list[object]:
        """What is never changed, only replaced or added to: copies of this run may have it
        in common (`sim.saved`)."""
        a, b = self.plant.pads
        unit = self.unit
        course = [] if unit.lock else [unit.course]
        kept: list[object] = [self.board, self.scenario, unit.session.table, unit.meaning]
        kept += course
        kept += self.hal.constants() + a.tissue.constants() + b.tissue.constants()
        kept += [pad.table for pad in unit.pads]
        return kept

    def close(self) -> None:
        """Done with this run. Nothing here has to be let go of; at driver depth something has."""

    def on_light(self, sink: "Callable[[float, float, float], object]") -> None:
        """Have `sink` called with each stretch of light: from and until when in ms, and watts."""
        self.hal.on_light = sink

    def trace(self, row_sink: "Callable[[Row], object]", every: str = "control") -> None:
        """Have `row_sink` called with a row each control step, or each tick."""
        self._row_sink = row_sink
        self._row_every = TICK_MS if every == "tick" else CONTROL_MS

    def over(self) -> bool:
        """Whether nothing of the scenario is still to come."""
        return not self._actions

    def row(self) -> "Row":
        """The present as `trace_columns`.

        A row a control step would always meet the same part of a gate of 10 or 25 Hz: it has
        the duty with which the gate's open part was lit.
        """
        unit = self.unit
        hal = self.hal
        gate = unit.gate
        gated = hal.supply and gate.period_ticks > 1 and self._row_every != TICK_MS
        a, b = unit.pads
        true_a, true_b = self.plant.pads
        names = [name for _, name, _ in report.latched(self)]
        duty = gate.out if gated else hal.duty
        return (
            self.t_s, states.STATES[unit.session.state], "+".join(names),
            a.contact_mc / 1000, b.contact_mc / 1000,
            true_a.tissue.contact_c, true_b.tissue.contact_c,
            true_a.tissue.board_c, true_b.tissue.board_c,
        ) + tuple(duty) + (
            int(hal.supply or hal.enable_stuck),
            self.plant.pack_mv() / 1000, unit.battery.percent,
            a.fluence.total_uj_cm2 / 1e6, b.fluence.total_uj_cm2 / 1e6,
        )  # fmt: skip

    # -- what came of it ---------------------------------------------------------------

    def fault_rows(self) -> "list[dict[str, Any]]":
        """Every fault that the firmware latched, first first."""
        return report.fault_rows(self)

    def unexpected(self) -> list[str]:
        """A sentence for each fault that the scenario does not account for."""
        return report.unexpected(self)

    def result(self) -> "dict[str, Any]":
        """The object that `waistband sim --json` prints."""
        return report.result(self)

    def recording(self) -> bytes:
        """Every input and output so far, for `replay`; only of a run made with `record`."""
        if self.recorder is None:
            raise ValueError("this run was not made with record=True")
        return self.recorder.recording()
