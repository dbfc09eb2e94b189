"""One scenario, run: the firmware on the simulated HAL, its events, and what came of it."""

import time

from firmware import inputs as pin
from firmware import states
from firmware.faults import FAULTS, PADS
from firmware.limits import CLOCK_MASK, CONTACT_TRIP_MC, CONTROL_TICKS, TICK_MS
from firmware.waistband import Waistband
from hal.boards import RPI_PICO
from sim.faults import INJECT, SHOWS_AS, wear
from sim.hal import NEVER_MS, SimHal
from sim.plant import Plant

BUTTON_PINS = {"START": pin.START, "UP": pin.UP, "DOWN": pin.DOWN}
BOUNCE_MS = (20, 40)  # contacts change again so long after an edge: the worst that sampling sees
CONTROL_MS = CONTROL_TICKS * TICK_MS
SETTLED_MS = 2_000  # a run ends this long after its session did


def nominal_calibration(board: object) -> dict:
    """The calibration of a unit that is exactly as its board file says."""
    full = {str(row[0]): board.BANK_NOMINAL_UW_CM2 / 1000 for row in board.BANKS}
    return {
        "serial": "SIM-0001",
        "date": "2026-01-01",
        "window_cm2": board.WINDOW_CM2,
        "irradiance_mw_cm2": {"A": full, "B": full},
        "ntc_offset_c": {"A": 0.0, "B": 0.0},
    }


def trace_columns(board: object) -> tuple:
    """Names of a trace row's fields, as the command's CSV has them."""
    duties = [f"duty_{pad}_{row[0]}" for pad in "ab" for row in board.BANKS]
    return (
        "t_s", "state", "faults", "contact_a_c", "contact_b_c", "true_contact_a_c",
        "true_contact_b_c", "board_a_c", "board_b_c", *duties, "enabled", "battery_v",
        "battery_pct", "fluence_a", "fluence_b",
    )  # fmt: skip


TRACE_COLUMNS = trace_columns(RPI_PICO)


class Run:
    """A scenario on the bench; `advance` it, then ask for its `result`."""

    def __init__(self, scenario: object, seed: int | None = None, record: bool = False) -> None:
        """Power the unit on. `seed` overrides the scenario's; `record` keeps all inputs and
        outputs for `recording`."""
        self.scenario = scenario
        self.board = RPI_PICO
        self.seed = scenario.seed if seed is None else seed
        self.duration_s = scenario.duration_s
        calibration = nominal_calibration(self.board)
        self.plant = Plant(scenario.start, self.board, calibration, self.seed)
        self.hal = hal = SimHal(self.plant, self.board, scenario.start, self.seed)
        if scenario.start.worn:
            wear(hal, True)
        self.recorder = None
        if record:
            # only what the desk can start at all is worth recording
            from sim.recording import Recorder

            about = {"calibration": calibration, "prescription": scenario.prescription}
            self.recorder = Recorder(hal, about)
        self.unit = Waistband(self.recorder or hal, self.board, calibration, scenario.prescription)
        if self.recorder:
            self.recorder.unit = self.unit
        self.ticks = 0
        self.wall_s = 0.0
        self.true_crossing_s = [None, None]
        self._injected = []  # (t_ms, event, offs before it)
        self._row_sink = None
        self._row_every = 0
        self._begin_ms = self._end_ms = None
        self._actions = self._timeline()
        hal.on_event = self._happen
        hal.event_ms = self._actions[0][0] if self._actions else NEVER_MS

    @property
    def t_s(self) -> float:
        """Seconds since power-on."""
        return max(self.hal.t_ms, 0) / 1000

    # -- events ------------------------------------------------------------------------

    def _timeline(self) -> list:
        """What happens when: (ms, order, action), soonest first."""
        actions = []

        def at(s: float, action: object) -> None:
            actions.append((int(s * 1000 + 0.5), len(actions), action))

        for event in self.scenario.events:
            if event.kind == "press":
                bit = BUTTON_PINS[event.name]
                at(event.at_s, lambda bit=bit: self._press(bit, True))
                at(event.at_s + event.hold_ms / 1000, lambda bit=bit: self._press(bit, False))
            elif event.kind == "fault":
                at(event.at_s, lambda event=event: self._inject(event, True))
                if event.for_s:
                    at(event.at_s + event.for_s, lambda event=event: self._inject(event, False))
            else:
                at(event.at_s, lambda event=event: self._change(event))
        return sorted(actions)

    def _happen(self, t_ms: int) -> int:
        """Do what is due; returns when something is due next."""
        actions = self._actions
        while actions and actions[0][0] <= t_ms:
            actions.pop(0)[2]()
        return actions[0][0] if actions else NEVER_MS

    def _press(self, bit: int, down: bool) -> None:
        hal = self.hal
        self._pin(bit, down)
        if hal.bouncing:
            for k, after_ms in enumerate(BOUNCE_MS):
                value = down if k % 2 else not down
                due_ms = hal.t_ms + after_ms
                self._actions.append((due_ms, k, lambda value=value: self._pin(bit, value)))
            self._actions.sort(key=lambda action: action[:2])

    def _pin(self, bit: int, down: bool) -> None:
        hal = self.hal
        hal.pins = hal.pins | bit if down or hal.stuck_pins & bit else hal.pins & ~bit

    def _inject(self, event: object, on: bool) -> None:
        if on:
            self._injected.append((self.hal.t_ms, event))
        INJECT[event.name](self.hal, event, on)

    def _change(self, event: object) -> None:
        if event.name == "worn":
            wear(self.hal, bool(event.value))
            return
        for pad in self.plant.pads:
            pad.tissue.change(**{event.name: event.value})

    # -- running -----------------------------------------------------------------------

    def advance(self, steps: int) -> bool:
        """Run up to so many control steps; False once the run is over."""
        begun = time.perf_counter()
        tick = self.unit.tick
        hal = self.hal
        last_ms = int(self.duration_s * 1000)
        over = False
        for _ in range(steps):
            if self._row_every == TICK_MS:
                for _ in range(CONTROL_TICKS):
                    tick()
                    self._row_sink(self.row())
            else:
                for _ in range(CONTROL_TICKS):
                    tick()
                if self._row_sink:
                    self._row_sink(self.row())
            self.ticks += CONTROL_TICKS
            self._keep_times()
            if hal.t_ms + TICK_MS >= last_ms or not hal.powered or self._done():
                over = True
                break
        self.wall_s += time.perf_counter() - begun
        return not over

    def _keep_times(self) -> None:
        """When the session began and ended, and when contact truly crossed the trip."""
        session = self.unit.session
        t_ms = self.hal.t_ms
        if session.number and self._begin_ms is None:
            self._begin_ms = t_ms
        if session.reason >= 0 and self._end_ms is None:
            self._end_ms = t_ms
        elif session.reason < 0:
            self._end_ms = None
        for index, pad in enumerate(self.plant.pads):
            if pad.tissue.contact_c * 1000 >= CONTACT_TRIP_MC and self.true_crossing_s[index] is None:
                self.true_crossing_s[index] = self.t_s

    def _done(self) -> bool:
        """For a scenario that runs until its session is over."""
        return (
            self.scenario.until_done
            and not self._actions
            and self._end_ms is not None
            and self.hal.t_ms >= self._end_ms + SETTLED_MS
        )

    def trace(self, row_sink: object, every: str = "control") -> None:
        """Have `row_sink` called with a row each control step, or each tick."""
        self._row_sink = row_sink
        self._row_every = TICK_MS if every == "tick" else CONTROL_MS

    def row(self) -> tuple:
        """The present as TRACE_COLUMNS."""
        unit = self.unit
        hal = self.hal
        a, b = unit.pads
        true_a, true_b = self.plant.pads
        names = [name for _, name, _ in self._latched()]
        return (
            self.t_s, states.STATES[unit.session.state], "+".join(names),
            a.contact_mc / 1000, b.contact_mc / 1000,
            true_a.tissue.contact_c, true_b.tissue.contact_c,
            true_a.tissue.board_c, true_b.tissue.board_c,
            *hal.duty, int(hal.supply or hal.enable_stuck),
            self.plant.pack_mv() / 1000, unit.battery.percent,
            a.fluence.total_uj_cm2 / 1e6, b.fluence.total_uj_cm2 / 1e6,
        )  # fmt: skip

    def _latched(self) -> list:
        """Faults latched now, as (number, name, pad)."""
        by_pad = self.unit.faults.by_pad
        return [
            (k, name, PADS[pad])
            for pad in range(len(PADS))
            for k, (name, _) in enumerate(FAULTS)
            if by_pad[pad] >> k & 1
        ]

    # -- what came of it ---------------------------------------------------------------

    def fault_rows(self) -> list:
        """Every fault that the firmware latched, first first."""
        kept = self.unit.faults
        begin_ms = self.scenario.start.clock
        rows = []
        for fault, pad, ms, value, limit in kept.rows[: kept.count]:
            name, unit = FAULTS[fault]
            t_s = ((ms - begin_ms) & CLOCK_MASK) / 1000
            if unit == "mc":
                value, limit, unit = value / 1000, limit / 1000, "C"
            rows.append({
                "name": name, "pad": PADS[pad] or None, "t_s": t_s,
                "value": value, "limit": limit, "unit": unit,
            })  # fmt: skip
        return rows

    def cutoffs(self) -> list:
        """For each injected fault after which light ended: from onset to dark."""
        rows = []
        found = self.fault_rows()
        for t_ms, event in self._injected:
            names = SHOWS_AS.get(event.name, (event.name,))
            shown = next((f for f in found if f["name"] in names and f["t_s"] * 1000 >= t_ms), None)
            off_ms = next((off for off in self.hal.offs_ms if off >= t_ms), None)
            if off_ms is None or not (shown or self._end_ms):
                continue
            onset_ms, crossing_s = t_ms, None
            if shown and shown["name"] == "contact_hot":
                pad = PADS.index(shown["pad"])
                crossing_s = self.true_crossing_s[pad]
                onset_ms = max(t_ms, self.hal.first_hot_ms[pad])
            rows.append({
                "fault": event.name, "pad": event.pad, "onset_s": onset_ms / 1000,
                "off_s": off_ms / 1000, "latency_ms": off_ms - onset_ms,
                "true_crossing_s": crossing_s,
            })  # fmt: skip
        return rows

    def unexpected(self) -> list:
        """A sentence for each fault that the scenario does not account for."""
        allowed = set()
        for event in self.scenario.events:
            if event.kind == "fault":
                allowed.update(SHOWS_AS.get(event.name, (event.name,)))
        return [
            f"{f['name']} at {f['t_s']:.2f} s on pad {f['pad'] or '-'} was not called for: "
            f"{f['value']:g} against {f['limit']:g} {f['unit']}"
            for f in self.fault_rows()
            if f["name"] not in allowed
        ]

    def result(self) -> dict:
        """The object that `waistband sim --json` prints."""
        unit = self.unit
        session = unit.session
        end_ms = self._end_ms if self._end_ms is not None else self.hal.t_ms
        kinds = [str(row[0]) for row in self.board.BANKS]
        by_pad = dict(zip("AB", zip(unit.pads, self.plant.pads, strict=True), strict=True))
        return {
            "state": states.STATES[session.state],
            "reason": states.REASONS[session.reason] if session.reason >= 0 else None,
            "faults": self.fault_rows(),
            "session_s": (end_ms - self._begin_ms) / 1000 if self._begin_ms is not None else 0.0,
            "treat_s": session.treat_ms / 1000,
            "fluence_j_cm2": {
                name: {
                    k: uj / 1e6 for k, uj in zip(kinds, pad.fluence.uj_cm2, strict=True)
                } for name, (pad, _) in by_pad.items()
            },
            "true_fluence_j_cm2": {
                name: dict(zip(kinds, plant.fluence_j_cm2(), strict=True))
                for name, (_, plant) in by_pad.items()
            },
            "max_contact_c": {name: plant.max_contact_c for name, (_, plant) in by_pad.items()},
            "cem43_min": {name: plant.cem43_min for name, (_, plant) in by_pad.items()},
            "energy_wh": self.plant.drawn_wh,
            "battery_pct": self.plant.battery.charge * 100.0,
            "cutoffs": self.cutoffs(),
            "emitted_after_off_j": self.hal.late_j,
            "ticks": self.ticks,
            "wall_s": self.wall_s,
            "realtime_factor": self.ticks * TICK_MS / 1000 / self.wall_s if self.wall_s else 0.0,
        }  # fmt: skip

    def recording(self) -> bytes:
        """Every input and output so far, for `replay`; only if made with `record`."""
        return self.recorder.recording()
