"""Verdicts: what each injected fault came to, as it stands now.

Owned by `tools.bench.live.LiveRun`, which calls `follow` after every control step; read by the
bench page in every frame. Reads the run and changes nothing. A verdict is made from the present
state of the run, so it is never older than the temperature beside it.

| stage   | the text says                                                        |
|---------|----------------------------------------------------------------------|
| awaited | what must come of the fault, or that the unit was dark before it      |
| named   | which fault the firmware latched, while light goes on                 |
| dark    | how long after the strike light ended, and which fault or state cut it|

Each ends with the highest true contact temperature since the strike, and its bound.
"""

from firmware.core import states
from sim.faults import deadlines
from sim.faults.catalogue import FAULTS, find_bound
from sim.oracle import report
from sim.oracle.excuses import most_contact_c

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from sim.common.story import Event
    from sim.faults.injected import Injected
    from sim.run import Run

SETTLED_MS = 2_000  # a peak that stands for this long is called the peak
LATCHED_MS = 200  # a fault is latched at most one control step after light ended
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


class Verdict:
    """One injected fault and what came of it so far."""

    def __init__(self, injected: "Injected") -> None:
        self.injected = injected
        self.bound = find_bound(injected.event.name, injected.event.button)
        self.peak_c = 0.0
        self.peak_ms = 0
        self.cutoff: dict[str, Any] | None = None
        self.cut_by = ""  # the latched fault, the reset or the state that ended light
        self.named: dict[str, Any] | None = None  # the fault that the firmware latched for it

    def follow(self, run: "Run", found: "list[dict[str, Any]] | None") -> None:
        """Take the control step that ended. `found`: the latched faults, or None where neither
        they nor the ends of light have changed."""
        contact_c = hottest_c(run, self.injected.event)
        if contact_c > self.peak_c:
            self.peak_c = contact_c
            self.peak_ms = run.t_ms
        if found is None:
            return
        shows_as = FAULTS[self.injected.event.name].shows_as
        if self.named is None:
            self.named = next((row for row in self._since(found) if row["name"] in shows_as), None)
        if self.cutoff is None:
            self.cutoff = report.find_cutoff(run, self.injected, found)
            if self.cutoff:
                self.cut_by = self._find_cause(run, found)

    def _since(self, found: "list[dict[str, Any]]") -> "list[dict[str, Any]]":
        return [row for row in found if row["t_s"] * 1000 >= self.injected.t_ms]

    def _find_cause(self, run: "Run", found: "list[dict[str, Any]]") -> str:
        """Name what ended light: the first fault latched by then, else a reset, else the state."""
        assert self.cutoff
        by_s = self.cutoff["off_s"] + LATCHED_MS / 1000
        latched = [row["name"] for row in self._since(found) if row["t_s"] <= by_s]
        if self.named and self.named["name"] in latched:
            return str(self.named["name"])
        if latched:
            return str(latched[0])
        if any(t_s >= self.injected.t_ms / 1000 for t_s, _ in run.restarts):
            return "a reset"
        return states.STATES[run.unit.session.state]

    def is_settled(self, run: "Run") -> bool:
        """Whether the peak has stood for SETTLED_MS."""
        return run.t_ms - self.peak_ms >= SETTLED_MS

    def render(self, run: "Run") -> "dict[str, Any]":
        """Return the verdict as it stands, for the page. Times in s since power-on."""
        event = self.injected.event
        cutoff = self.cutoff or {"off_s": None, "latency_ms": None}
        settled = self.is_settled(run)
        outside = self.bound.outside and bool(self.cutoff)
        bound_c = None if outside else most_contact_c(run.injected, run.t_ms)
        text = f"{name_event(event)}: {self._outcome(run)}"
        text += f"; {'peak' if settled else 'rising,'} {self.peak_c:.2f} C, "
        text += "heat from outside" if bound_c is None else f"bound {bound_c:.1f} C"
        return {
            "fault": event.name, "pad": event.pad, "strike_s": self.injected.t_ms / 1000,
            "off_s": cutoff["off_s"], "latency_ms": cutoff["latency_ms"], "cut_by": self.cut_by,
            "named": self.named["name"] if self.named else None, "peak_c": self.peak_c,
            "settled": settled, "bound_c": bound_c, "within_ms": self.bound.within_ms,
            "text": text,
        }  # fmt: skip

    def _outcome(self, run: "Run") -> str:
        strike_ms = self.injected.t_ms
        if self.cutoff:
            off_ms = self.cutoff["off_s"] * 1000
            text = f"dark {in_words(off_ms - strike_ms)} after it struck, by {self.cut_by}"
            onset_ms = self.cutoff["onset_s"] * 1000
            if onset_ms > strike_ms:
                after = self.cutoff["latency_ms"]
                text += (
                    f", {in_words(after)} after it showed" if after else ", as soon as it showed"
                )
            return text
        lit = run.depth.supply and any(run.depth.duty)
        if self.named:
            after = in_words(self.named["t_s"] * 1000 - strike_ms)
            text = f"{self.named['name']} latched {after} after it struck"
            return text + (", light goes on" if lit else "")
        ended = any(dark.t_ms >= strike_ms for dark in run.depth.darks)
        if self.bound.comes in deadlines.TIMED:
            text = COMES[self.bound.comes] + f" {self.bound.within_ms} ms" + SINCE[self.bound.since]
            return text if lit or ended else "dark before it struck"
        return COMES[self.bound.comes]


def hottest_c(run: "Run", event: "Event") -> float:
    """True contact temperature, C, of the warmer pad that a fault acts on."""
    pads = zip("AB", run.plant.pads)
    return max([pad.tissue.contact_c for name, pad in pads if event.pad in (None, name)])


def name_event(event: "Event") -> str:
    """A fault as a person calls it: name, value, place."""
    text = event.name
    if event.value is not None:
        text += f" {event.value:g} {FAULTS[event.name].unit}"
    return text + (f" on pad {event.pad}" if event.pad else "")


def in_words(ms: float) -> str:
    """A duration: in ms below 10 s, else in s."""
    return f"{ms:.0f} ms" if ms < 10_000 else f"{ms / 1000:.1f} s"
