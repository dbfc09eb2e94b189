"""Live run: a run that a person changes while it runs, for the bench page.

Called by `tools.bench.page` on MicroPython. A change takes effect at the next tick and is written
into `scenario` as if it had been there from the start: the same scenario, run by `sim.run.Run`,
gives the same run to the last digit.
"""

from firmware.core import states
from firmware.core.limits import CONTROL_TICKS, TICK_MS
from sim.common.errors import BadInput
from sim.common.story import HOLD_MS, Event
from sim.common.value_record import replace
from sim.faults.catalogue import FAULTS
from sim.hal_depth.depth import HalDepth
from sim.run import Run
from sim.scenario.scenario import BUTTONS, HOLD_MAX_MS, HOLD_MIN_MS, read_event
from sim.scenario.toml_writer import event_table
from sim.timeline import when_ms
from tools.bench.verdicts import Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array
    from typing import Any

    from sim.common.story import Scenario

COLUMNS = len(states.EVENTS)
SHORTEST_MS = 1_000  # of a scenario


class WatchedTable:
    """The firmware's state table; notes each transition that is looked up."""

    def __init__(self, table: "array[int]") -> None:
        self.table = table
        self.taken: list[tuple[int, int, int]] = []  # from, event, to

    def __getitem__(self, cell: int) -> int:
        to = self.table[cell]
        if to >= 0:
            self.taken.append((cell // COLUMNS, cell % COLUMNS, to))
        return to


class LiveRun(Run):
    """A run by ticks, with changes in between; `news` holds messages for the page."""

    def __init__(self, scenario: "Scenario") -> None:
        self.at_hal = HalDepth()
        Run.__init__(self, scenario, depth=self.at_hal)
        self.within = 0  # ticks of the current control step
        self.over_now = False
        self.news: list[dict[str, Any]] = []
        self.verdicts: list[Verdict] = []
        self.held: dict[str, Event] = {}  # buttons that are held down, and their presses
        self.replays = False  # the events to come are those of a run that was rewound
        self._seen = (0, 0, 0)  # ends of light, latched faults, resets, at the last control step
        self.watch_table()

    def watch_table(self) -> None:
        """Watch the firmware's state table; firmware that began anew has a new one."""
        self.known = self.unit
        self.table = WatchedTable(self.unit.session.table)
        self.unit.session.table = self.table  # type: ignore[assignment] # only indexed

    # -- time --------------------------------------------------------------------------

    @property
    def ticks_run(self) -> int:
        """Ticks since power-on."""
        return self.hal.t_ms // TICK_MS + 1

    def run_ticks(self, ticks: int) -> int:
        """Run this many ticks, at most to the end of the scenario; return the number run."""
        for k in range(ticks):
            if self.over_now:
                return k
            self.at_hal.one_tick()
            if self.unit is not self.known:
                self.watch_table()
            if self.table.taken:
                self._report_transitions()
            self.within += 1
            if self.within == CONTROL_TICKS:
                self.within = 0
                self.over_now = self.at_hal.end_step(int(self.duration_s * 1000))
                if self.injected:
                    self._watch_faults()
        return ticks

    def so_far(self) -> "Scenario":
        """The shortest scenario whose run gets as far as this one."""
        steps = (self.ticks_run + CONTROL_TICKS - 1) // CONTROL_TICKS
        duration_s = max(steps * CONTROL_TICKS * TICK_MS, SHORTEST_MS) / 1000
        done = [event for event in self.scenario.events if event.at_s <= duration_s]
        return replace(self.scenario, duration_s=duration_s, events=tuple(done))

    # -- changes ----------------------------------------------------------------------

    def now_s(self) -> float:
        """The time of the next tick, at which a change takes effect."""
        return (self.hal.t_ms + TICK_MS) / 1000

    def apply_event(self, row: "dict[str, Any]") -> None:
        """Add an event, as in a scenario but without `at_s`; or end faults, {"fault": name,
        "off": True}. Raises BadInput."""
        if row.pop("off", False):
            self._end_fault(row)
            return
        row["at_s"] = self.now_s()
        event = read_event(row, "now", self.duration_s, self.board)
        self._drop_replay()
        self._add(event)

    def press(self, button: str) -> None:
        """Hold a button down until `release`. Raises BadInput."""
        if button not in BUTTONS:
            raise BadInput(f"there is no button {button}")
        self._drop_replay()
        self.release(button)
        self.held[button] = event = Event(self.now_s(), "press", button, hold_ms=HOLD_MAX_MS)
        self._add(event)

    def release(self, button: str) -> None:
        """Let a button up; a press of no time is made one of HOLD_MS."""
        event = self.held.pop(button, None)
        if event:
            held_ms = self.hal.t_ms + TICK_MS - when_ms(event.at_s)
            event.hold_ms = min(max(held_ms, HOLD_MIN_MS), HOLD_MAX_MS) if held_ms else HOLD_MS
            self.reload_events(keep_bounces=True)

    def release_all(self) -> None:
        """Let every button up."""
        for button in list(self.held):
            self.release(button)

    def _end_fault(self, row: "dict[str, Any]") -> None:
        """End the active faults with this name and, where given, pad, value and button; one that
        began at this very tick is removed. Raises BadInput where there is none."""
        now_ms = self.hal.t_ms + TICK_MS
        ending = []
        for event in self._faults_at(now_ms):
            asked = [(row.get(key), getattr(event, key)) for key in ("pad", "value", "button")]
            if event.name == row.get("fault") and all(a in (None, its) for a, its in asked):
                ending.append(event)
        if not ending:
            raise BadInput(f"{row.get('fault')}: is not on, or cannot be ended")
        self._drop_replay()
        left = list(self.scenario.events)
        for event in ending:
            lasted_ms = now_ms - when_ms(event.at_s)
            event.for_s = lasted_ms / 1000
            if not lasted_ms and event in left:
                left.remove(event)
        self._set_events(left)

    def _faults_at(self, at_ms: int) -> "list[Event]":
        """Active faults, of those that last."""
        return [
            event for event in self.scenario.events
            if event.kind == "fault" and FAULTS[event.name].lasts and when_ms(event.at_s) <= at_ms
            and (event.for_s is None or at_ms < when_ms(event.at_s + event.for_s))
        ]  # fmt: skip

    def active_faults(self) -> "list[dict[str, Any]]":
        """The active faults as their events in a scenario."""
        return [event_table(event) for event in self._faults_at(self.hal.t_ms)]

    def _set_events(self, events: "list[Event]") -> None:
        self.scenario = replace(self.scenario, events=tuple(events))
        self.reload_events(keep_bounces=True)

    def _add(self, event: Event) -> None:
        """Insert an event behind those of the same time, as in a file."""
        if when_ms(event.at_s) + TICK_MS > self.duration_s * 1000:
            raise BadInput(f"the scenario is over at {self.duration_s:g} s")
        events = list(self.scenario.events)
        at = len(events)
        while at and events[at - 1].at_s > event.at_s:
            at -= 1
        events.insert(at, event)
        self._set_events(events)

    def restore_events(self, events: "tuple[Event, ...]") -> None:
        """After going back: the events of the later moment happen again, until a change is made."""
        begun = [k for k, event in enumerate(events) if when_ms(event.at_s) <= self.hal.t_ms]
        restored = list(events)
        for k in begun:
            restored[k] = self.scenario.events[k]
            restored[k].for_s, restored[k].hold_ms = events[k].for_s, events[k].hold_ms
        self.held.clear()
        self.replays = True
        self._set_events(restored)

    def _drop_replay(self) -> None:
        """Before a change: drop the events after this moment that `restore_events` brought."""
        if self.replays:
            self.replays = False
            begun = [row for row in self.scenario.events if when_ms(row.at_s) <= self.hal.t_ms]
            self.scenario = replace(self.scenario, events=tuple(begun))

    # -- messages ----------------------------------------------------------------------

    def _report_transitions(self) -> None:
        for begun, event, to in self.table.taken:
            self.news.append({
                "is": "transition", "t_s": self.t_s, "from": states.STATES[begun],
                "event": states.EVENTS[event], "to": states.STATES[to],
            })  # fmt: skip
        self.table.taken.clear()

    def _watch_faults(self) -> None:
        """After a control step: bring the verdicts up to date."""
        for injected in self.injected[len(self.verdicts) :]:
            self.verdicts.append(Verdict(injected))
        seen = (len(self.hal.darks), self.unit.faults.count, len(self.lifecycle.restarts))
        changed = seen != self._seen
        self._seen = seen
        found = self.fault_rows() if changed else None
        for verdict in self.verdicts:
            verdict.follow(self, found)
