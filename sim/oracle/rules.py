"""Safety rules: words and numbers of the oracle's rules, and the sink for violations.

Read by the oracle's parts, which report to one `Violations`. Deadlines of faults are in
`sim.faults.catalogue`; the numbers here are the design's for everything else, with the tolerance
of measuring. They do not depend on the firmware's limits.
"""

from typing import NamedTuple

RULES = {
    "hot": "the hottest skin or contact of any column under a pad at most 43.0 C under one fault "
    "and 43.5 C under two, lit or dark; where something heats it from outside, what the unit adds "
    "to that, and while lit contact where the sensors are",
    "state": "no light but in CHECK, RAMP and TREAT",
    "unasked": "no light after an end of it, but for a new press and release of START",
    "unworn": "no light a second after a sensor shows that the belt came off the skin: its buckle, "
    "or the skin sensor of either pad",
    "off body": "no more light beside the skin than a second gives, where a sensor shows it",
    "not worn": "after a sign of wear was lost no light but after the whole worn test",
    "late": "no light later than the design's table allows after a fault struck; a switch that "
    "sticks counts from when its current can be told from a driver's tolerance, with 4 s in "
    "gated light; a bus that was clocked free is none, and a jump is told by what was read since "
    "the boot; where the lease is beaten by a second fault (the supply switch stuck, the "
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
    "after off": "no optical energy while off is due and some switch can open",
    "dose short": "dose counted at least 99 % of the dose given, 97 % with drivers that give other "
    "than calibrated, less what they give beside the last lamp test until a change can be seen, "
    "or for as long as the whole current does not show it; what a stuck switch gives beyond its "
    "duty, and what is given between a program's death and its reset, nobody can count",
    "dose over": "neither dose counted nor dose given beyond the prescription, over all STARTs "
    "of a session that ended early",
    "bank over": "no bank gives more than the steps of the prescription ask of it",
    "kept": "what is kept over a reset is at least what was given: dose of the session that it "
    "cut, time and CEM43 of the day",
    "long": "no light beyond the minutes that are prescribed for a session",
    "cem43": "no light once the session's true CEM43 of the hottest column is 2 minutes; while "
    "something heats the skin from outside, the face's: skin is then hotter than whatever feels it",
    "day light": "no light once there were 60 minutes of it in 24 hours",
    "day cem43": "no light once the true CEM43 of 24 hours is 4 minutes; from outside as above",
    "false trip": "no fault latched where none struck",
    "end": "no session ended or paused for a reason that was not due",
    "raised": "nothing is raised",
}
UNWORN_MS = 1_000  # design
WORN_MS = 4_600  # design: 5 s, less what the unit's two control steps may not see
SKIN_OFF_SHARE = 0.4  # design: of the skin sensor's step, at release
BUCKLE_TICKS = 3  # ours: a buckle that is open for less than 60 ms bounces
SEEN_MS = 640  # ours: a round of the rota and a control step: what is shorter may go unseen
COLD_BOARD = 1.1  # light of an LED board below 0 C: -0.3 %/K from 25 C
SENSED_MS = 80  # design: temperatures and battery
APART_MS = 800  # design
CHANGE_MS = 800  # ours: readings that a change is told by, four control steps
NOISE_C = 0.1  # the mean of ten codes errs by 25 mC rms: four times that
CEM43_MIN = 2.0  # design
DAY_CEM43_MIN = 4.0  # design
CEM43_FROM_C = 38.0  # contact never warmer than this is far from CEM43_MIN
COUNTED_SHARE = 0.99  # design
DRIVERS_SHARE = 0.97  # design: ... with drivers that give other than calibrated
# ours: less of the whole current is not told from none (docs/maintainer/safety.md, "Supply
# current"): a 110th or 0.8 mA, and some noise; in slow pulses, of which an average has one more or
# less, Hz over their rate. Beside it what is followed, a 128th, or as light begins learned, a 32nd.
SHOWN_SHARE, SHOWN_MA = 0.0095, 1.0
FOLLOWED_SHARE, LEARNED_SHARE, LEARNED_MS = 0.008, 0.04, 15_000
PULSE_HZ, PULSES_SHARE = 10.0, 1 / 16
UNSEEN_MS = 12_000  # ours: of light, until a change of theirs is seen where light is gated,
SOON_SEEN_MS = 1_600  # ... and where it is not
BANK_SLACK = 1.4  # drivers of a pad may be 15 % apart, both ways
LAMP_TESTS_J_CM2 = 0.05  # of one bank: a lamp test gives 0.0002
STEP_J_CM2 = 0.0101  # light of one control step, which the firmware counts at its end
# When an end of a session is due.
ENDED_MS = 2_000  # at most, after a press
DOSE_SHARE = 0.97  # of the dose, given
LONG_MS = 179_000  # of waiting
DAY_LIT_MS = 3_600_000  # design: of light in a day
DAY_MS = 86_400_000
HOUR_MS = 3_600_000
KEPT_CEM43_MIN = 0.05  # of a day: the unit counts nothing below 36 C
LIT_SLACK_MS = 2_000  # less than a time limit: the unit counts whole control steps
# True, of the skin where the sensors are. The unit counts the hottest skin that there may be: 1.2
# to 1.9 C hotter, which is 5 to 14 times as much.
CEM43_LEAST_MIN = 0.1
COLD_C = 28.5  # contact at most: the unit may take it for air


class Violation(NamedTuple):
    """A broken rule: when, the value, the allowed value, and a sentence."""

    rule: str
    t_s: float
    value: float
    bound: float
    said: str


class Violations:
    """The sink of all parts of the oracle."""

    def __init__(self) -> None:
        self.found: list[Violation] = []
        self.slowest: list[tuple[str, int]] = []  # fault, ms from onset to dark
        self._broken: set[str] = set()

    def report(self, t_ms: int, rule: str, value: float, bound: float, said: str) -> None:
        """Record that a rule was broken at `t_ms`; only the first time of each rule."""
        if rule not in self._broken:
            self._broken.add(rule)
            self.found.append(Violation(rule, t_ms / 1000, value, bound, said))

    def report_dark(self, fault: str, latency_ms: int) -> None:
        """Record how long after its onset a fault was dark."""
        self.slowest.append((fault, latency_ms))

    def clear(self) -> None:
        """Forget all: the run goes on as another case."""
        self.found = []
        self.slowest = []
        self._broken = set()
