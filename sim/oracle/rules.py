"""Safety rules: what must never be, in words and numbers, and the sink that breaches go to.

Read by the oracle's parts (`sim.oracle.safety_oracle`, `sim.oracle.current_oracle`,
`sim.oracle.dose_oracle`), which report to one `Violations`. Deadlines of faults are in
`sim.faults.catalogue`; the numbers here are the design's for everything else, and what measuring
costs. They stand on their own: a firmware whose limits were altered is still held to these.
"""

from typing import NamedTuple

RULES = {
    "hot": "true contact at most 43.0 C under one fault and 43.5 C under two, lit or dark; "
    "where something heats it from outside, while lit",
    "state": "no light but in CHECK, RAMP and TREAT",
    "unasked": "no light after an end of it, but for a new press and release of START",
    "unworn": "no light a second after the belt came off the skin",
    "late": "no light later than the design's table allows after a fault struck; a switch that "
    "sticks counts from when its current can be told from a driver's tolerance, with 4 s in "
    "gated light; where the lease is beaten by a second fault (the supply switch stuck, the "
    "lease frozen) a program that died is dark by the watchdog, in 500 ms; what a frozen reading "
    "of the same sensor hides counts from when it is let go",
    "sensed": "no light 80 ms after a contact sensor first showed more than 42.5 C",
    "empty": "no light 80 ms after the battery first showed less than 3.0 V a cell",
    "apart": "no light 800 ms after a pad's contact sensors were 1.5 C apart, once they are "
    "1.6 C apart: what the firmware goes by has noise",
    "open bank": "no drive for a bank a second after its string opened, where its current can be "
    "told from none; in gated light the next check sees it",
    "not refused": "no session past its check with a stuck switch or button; no START while "
    "nothing can be kept",
    "after off": "no optical energy while off is due",
    "dose short": "dose counted at least 99 % of the dose given",
    "dose over": "neither dose counted nor dose given beyond the prescription",
    "cem43": "no light once the session's true CEM43 is 2 minutes; not where something heats "
    "the skin from outside: it is then hotter than whatever feels it",
    "false trip": "no fault latched where none struck",
    "end": "no session ended or paused for a reason that was not due",
    "raised": "nothing is raised",
}
UNWORN_MS = 1_000  # design
SENSED_MS = 80  # design: temperatures and battery
APART_MS = 800  # design
NOISE_C = 0.1  # the mean of ten codes errs by 25 mC rms: four times that
CEM43_MIN = 2.0  # design; who never was warmer than this is far from it
CEM43_FROM_C = 38.0
COUNTED_SHARE = 0.99  # design
# What the rail monitor can tell (docs/maintainer/safety.md). A switch that sticks: more than a
# driver's tolerance of what is asked, a sixteenth, and noise; a string that opens: a part of the
# whole; both, some milliamps. In light gated by ticks a switch that sticks shows in dark parts
# that are made long enough for it every 3.4 s; a string that opens shows to the next check. One
# that opened between the check's look at it and a while in the ramp, when it is learned what the
# drivers draw, is taken for weak drivers until then.
STUCK_SHARE, OPEN_SHARE, LEAST_MA = 0.08, 0.05, 3.0
OPEN_LEARNED_MS = 10_200  # of light: ten seconds, and the control step that ends them
# J/cm2: the light of one control step, which the firmware counts at its end; what a stuck switch
# may give until it is dark. And the part of a dose that one which cannot be told may add.
STEP_J_CM2, STUCK_J_CM2 = 0.0101, 0.0404
STUCK_PART = 0.1
# When an end is due: a press ended it so long ago at most; this share of the dose was given; a
# wait lasted so long; an hour of the day, or what the prescription allows, was spent in a lit
# state, but for this much, since the unit counts whole control steps; so much of CEM43 was true (it
# is counted by the warmer sensor, in the pad's face, which is the hotter); contact was so cold that
# it may have been taken for air.
ENDED_MS = 2_000
DOSE_SHARE = 0.97
LONG_MS = 179_000
DAY_LIT_MS = 3_600_000  # what a day allows
LIT_SLACK_MS = 2_000
CEM43_LEAST_MIN = 0.3
COLD_C = 28.5


class Violation(NamedTuple):
    """A rule that was broken: when, by what value, and which was allowed."""

    rule: str
    t_s: float
    value: float
    bound: float
    said: str


class Violations:
    """The sink: the oracle's parts report to it, and call nothing else of each other."""

    def __init__(self) -> None:
        self.found: list[Violation] = []
        self.slowest: list[tuple[str, int]] = []  # fault, ms from onset to dark
        self._broken: set[str] = set()

    def report(self, t_ms: int, rule: str, value: float, bound: float, said: str) -> None:
        """Write down that a rule was broken at `t_ms`; the first time alone."""
        if rule not in self._broken:
            self._broken.add(rule)
            self.found.append(Violation(rule, t_ms / 1000, value, bound, said))

    def report_dark(self, fault: str, latency_ms: int) -> None:
        """Write down how long after its onset a fault was dark."""
        self.slowest.append((fault, latency_ms))

    def clear(self) -> None:
        """Forget everything: what comes is another story."""
        self.found = []
        self.slowest = []
        self._broken = set()
