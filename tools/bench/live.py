"""A run that somebody takes part in: what they do now becomes the scenario of all that was done.

The bench page's half of a run (`sim.page` speaks for it). Whatever is done takes effect with
the next tick, and is written into `scenario` as if it had been there from the start: the same
scenario, run by `sim.run.Run`, is the same run to the last digit.
"""

from firmware.core import states
from firmware.core.limits import CONTROL_TICKS, TICK_MS
from sim.common.errors import BadInput
from sim.common.story import HOLD_MS, Event
from sim.common.value_record import replace
from sim.faults import deadlines
from sim.faults.catalogue import FAULTS, find_bound
from sim.faults.injected import Injected
from sim.hal_depth.depth import HalDepth
from sim.oracle import report
from sim.run import Run
from sim.scenario.scenario import BUTTONS, HOLD_MAX_MS, HOLD_MIN_MS, read_event
from sim.scenario.toml_writer import event_table
from sim.timeline import when_ms

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array
    from typing import Any

    from sim.common.story import Scenario
    from sim.faults.injected import Injected

COLUMNS = len(states.EVENTS)
SHORTEST_MS = 1_000  # of a scenario
SETTLED_MS = 2_000  # a peak that stood for so long is told again
COMES = {
    deadlines.OFF: "to be dark within",
    deadlines.BANK: "that bank to be driven no more within",
    deadlines.AT_START: "the next START is to be refused",
    deadlines.GOES_ON: "nothing is to change",
}
SINCE = {
    deadlines.STRIKE: "",
    deadlines.CURRENT: " of when its current can be told",
    deadlines.SENSED: " of the first sample beyond the trip",
    deadlines.EMPTY: " of the first sample that is too low",
    deadlines.APART: " of when the pad's two sensors are apart",
}


class Table:
    """The firmware's table of states, which tells each step that is taken by it."""

    def __init__(self, table: "array[int]") -> None:
        self.table = table
        self.taken: list[tuple[int, int, int]] = []  # from, event, to

    def __getitem__(self, cell: int) -> int:
        to = self.table[cell]
        if to >= 0:
            self.taken.append((cell // COLUMNS, cell % COLUMNS, to))
        return to


class Watched:
    """A fault that was put on, and how hot contact became since."""

    def __init__(self, injected: "Injected") -> None:
        self.injected = injected
        self.peak_c = self.told_c = 0.0
        self.peak_ms = 0
        self.cutoff: dict[str, Any] | None = None


class LiveRun(Run):
    """`go` on by ticks; `do`, `press` and `release` in between; `news` is what happened."""

    def __init__(self, scenario: "Scenario") -> None:
        self.at_hal = HalDepth()
        Run.__init__(self, scenario, depth=self.at_hal)
        self.within = 0  # ticks of the control step that is running
        self.over_now = False
        self.news: list[dict[str, Any]] = []
        self.watched: list[Watched] = []
        self.held: dict[str, Event] = {}  # buttons that are down by hand, and their presses
        self.again = False  # what is still to happen has happened before
        self._seen = (0, 0, 0)  # ends of light, faults latched, resets, as last looked at
        self.look_in()

    def look_in(self) -> None:
        """Follow the firmware's table; new firmware, after a reset, has a new one."""
        self.known = self.unit
        self.table = Table(self.unit.session.table)
        self.unit.session.table = self.table  # type: ignore[assignment] # asked by index alone

    # -- time --------------------------------------------------------------------------

    @property
    def ticks_run(self) -> int:
        """Ticks since power-on."""
        return self.hal.t_ms // TICK_MS + 1

    def go(self, ticks: int) -> int:
        """Run so many ticks, to the end of the scenario at most; how many were run."""
        for k in range(ticks):
            if self.over_now:
                return k
            self.at_hal.one_tick()
            if self.unit is not self.known:
                self.look_in()
            if self.table.taken:
                self._tell_steps()
            self.within += 1
            if self.within == CONTROL_TICKS:
                self.within = 0
                self.over_now = self.at_hal.end_step(int(self.duration_s * 1000))
                if self.injected:
                    self._watch_faults()
        return ticks

    def so_far(self) -> "Scenario":
        """What was done until now: the shortest scenario whose run gets as far as this."""
        steps = (self.ticks_run + CONTROL_TICKS - 1) // CONTROL_TICKS
        duration_s = max(steps * CONTROL_TICKS * TICK_MS, SHORTEST_MS) / 1000
        done = [event for event in self.scenario.events if event.at_s <= duration_s]
        return replace(self.scenario, duration_s=duration_s, events=tuple(done))

    # -- what is done ------------------------------------------------------------------

    def now_s(self) -> float:
        """The time of the next tick, with which what is done now takes effect."""
        return (self.hal.t_ms + TICK_MS) / 1000

    def do(self, row: "dict[str, Any]") -> None:
        """An event as a scenario has it, but for `at_s`; or {"fault": ..., "off": True}, which
        ends one. Raises BadInput."""
        if row.pop("off", False):
            self._end_fault(row)
            return
        row["at_s"] = self.now_s()
        event = read_event(row, "now", self.duration_s, self.board)
        self._otherwise()
        self._add(event)

    def press(self, button: str) -> None:
        """A button goes down, until `release`."""
        if button not in BUTTONS:
            raise BadInput(f"there is no button {button}")
        self._otherwise()
        self.release(button)
        self.held[button] = event = Event(self.now_s(), "press", button, hold_ms=HOLD_MAX_MS)
        self._add(event)

    def release(self, button: str) -> None:
        """It comes up; the press has then lasted so long, or as any does if no time went by."""
        event = self.held.pop(button, None)
        if event:
            held_ms = self.hal.t_ms + TICK_MS - when_ms(event.at_s)
            event.hold_ms = min(max(held_ms, HOLD_MIN_MS), HOLD_MAX_MS) if held_ms else HOLD_MS
            self.reload_events(keep_bounces=True)

    def let_go(self) -> None:
        """Every button comes up."""
        for button in list(self.held):
            self.release(button)

    def _end_fault(self, row: "dict[str, Any]") -> None:
        """End those that are on, by name and, where they are named, pad, value and button; one
        that was put on now never was."""
        now_ms = self.hal.t_ms + TICK_MS
        ending = []
        for event in self._faults_on(now_ms):
            same = event.name == row.get("fault")
            for key in ("pad", "value", "button"):
                same = same and row.get(key) in (None, getattr(event, key))
            if same:
                ending.append(event)
        if not ending:
            raise BadInput(f"{row.get('fault')}: is not on, or cannot be ended")
        self._otherwise()
        left = list(self.scenario.events)
        for event in ending:
            lasted_ms = now_ms - when_ms(event.at_s)
            event.for_s = lasted_ms / 1000
            if not lasted_ms and event in left:
                left.remove(event)
        self.scenario = replace(self.scenario, events=tuple(left))
        self.reload_events(keep_bounces=True)

    def _faults_on(self, at_ms: int) -> "list[Event]":
        """Those that last, and are on then."""
        found = []
        for event in self.scenario.events:
            if event.kind == "fault" and FAULTS[event.name].lasts:
                lasts = event.for_s is None or at_ms < when_ms(event.at_s + event.for_s)
                if when_ms(event.at_s) <= at_ms and lasts:
                    found.append(event)
        return found

    def on_now(self) -> "list[dict[str, Any]]":
        """The faults that are on, as their events say."""
        return [event_table(event) for event in self._faults_on(self.hal.t_ms)]

    def _add(self, event: Event) -> None:
        """After what is already to happen then, as it stands in a file."""
        if when_ms(event.at_s) + TICK_MS > self.duration_s * 1000:
            raise BadInput(f"the scenario is over at {self.duration_s:g} s")
        events = list(self.scenario.events)
        at = len(events)
        while at and events[at - 1].at_s > event.at_s:
            at -= 1
        events.insert(at, event)
        self.scenario = replace(self.scenario, events=tuple(events))
        self.reload_events(keep_bounces=True)

    def recall(self, events: "tuple[Event, ...]") -> None:
        """This run stands at an earlier moment than one whose events these are: they happen
        again, until something else is done."""
        now_ms = self.hal.t_ms
        told = []
        for k, event in enumerate(events):
            if when_ms(event.at_s) <= now_ms:
                begun = self.scenario.events[k]
                begun.for_s = event.for_s
                begun.hold_ms = event.hold_ms
                told.append(begun)
            else:
                told.append(event)
        self.scenario = replace(self.scenario, events=tuple(told))
        self.held.clear()
        self.again = True
        self.reload_events(keep_bounces=True)

    def _otherwise(self) -> None:
        """Something is done: what came after this moment, before it was gone back to, is not."""
        if self.again:
            self.again = False
            now_ms = self.hal.t_ms
            begun = [event for event in self.scenario.events if when_ms(event.at_s) <= now_ms]
            self.scenario = replace(self.scenario, events=tuple(begun))

    # -- what is told ------------------------------------------------------------------

    def _tell_steps(self) -> None:
        for begun, event, to in self.table.taken:
            self.news.append({
                "is": "transition", "t_s": self.t_s, "from": states.STATES[begun],
                "event": states.EVENTS[event], "to": states.STATES[to],
            })  # fmt: skip
        self.table.taken.clear()

    def _watch_faults(self) -> None:
        """After a control step: what each fault that was put on has come to."""
        for injected in self.injected[len(self.watched) :]:
            self.watched.append(Watched(injected))
            self.news.append(told(self, self.watched[-1]))
        seen = (len(self.hal.darks), self.unit.faults.count, len(self.lifecycle.restarts))
        look = seen != self._seen
        self._seen = seen
        found = self.fault_rows() if look else []
        for row in self.watched:
            contact_c = hottest_c(self, row.injected.event)
            if contact_c > row.peak_c:
                row.peak_c = contact_c
                row.peak_ms = self.hal.t_ms
            if row.cutoff is None:
                row.cutoff = report.find_cutoff(self, row.injected, found) if look else None
                if row.cutoff:
                    self.news.append(told(self, row))
            elif row.peak_c > row.told_c and self.hal.t_ms - row.peak_ms == SETTLED_MS:
                self.news.append(told(self, row))


def hottest_c(run: Run, event: Event) -> float:
    """True contact, of the warmer pad that a fault strikes."""
    a, b = run.plant.pads
    if event.pad:
        return (b if event.pad == "B" else a).tissue.contact_c
    return max(a.tissue.contact_c, b.tissue.contact_c)


def told(run: Run, row: Watched) -> "dict[str, Any]":
    """A line about a fault: what must come of it, or what came of it."""
    event = row.injected.event
    row.told_c = row.peak_c
    bound_c = deadlines.DOUBLE_C if len(run.injected) > 1 else deadlines.SINGLE_C
    bound = find_bound(event.name, event.button)
    what = event.name
    if event.value is not None:
        what += f" {event.value:g} {FAULTS[event.name].unit}"
    if event.pad:
        what += f" on pad {event.pad}"
    cutoff = row.cutoff
    if cutoff:
        text = f"off after {cutoff['latency_ms']:g} ms, "
        text += f"peak {row.peak_c:.2f} C, bound {bound_c:.1f} C"
    else:
        text = COMES[bound.comes] + ("" if bound.within_ms is None else f" {bound.within_ms} ms")
        text += SINCE[bound.since] if bound.comes in deadlines.TIMED else ""
    return {
        "is": "told", "fault": event.name, "pad": event.pad, "strike_s": row.injected.t_ms / 1000,
        "onset_s": cutoff["onset_s"] if cutoff else row.injected.t_ms / 1000,
        "off_s": cutoff["off_s"] if cutoff else None,
        "latency_ms": cutoff["latency_ms"] if cutoff else None,
        "peak_c": row.peak_c, "bound_c": bound_c, "within_ms": bound.within_ms,
        "text": what + ": " + text,
    }  # fmt: skip
