"""What a person may expect of the unit, as simply as the design says it: the small model.

It knows the record that the unit was given and what the unit then shows: state, reason, refusal,
set point, faults and sums. It does not foretell what comes next. It says what must have happened
before a state may change, what must follow from what a person did, and what may not be
forgotten. All sums are least values: what was surely given, what was surely felt.
"""

from dataclasses import dataclass, field
from typing import Any

from firmware.core import faults
from firmware.core.inputs import HOST
from firmware.records import json_codec
from tests.support.fake_hal import BUCKLE, CHARGER, DOWN, START, UP, Bench

LIT = ("CHECK", "RAMP", "TREAT")
POWERED = ("RAMP", "TREAT")
SESSION = ("WAIT_SKIN", *LIT, "PAUSED")
ASKS = {  # what a START that is let go in a state asks for; in FAULT it is refused
    "READY": "WAIT_SKIN", "DONE": "WAIT_SKIN", "PAUSED": "CHECK", "FAULT": "FAULT",
    "SERVICE": "CHECK",
}  # fmt: skip
WAITS_MS = {"WAIT_SKIN": 180_000, "PAUSED": 600_000}  # at most, for a person
GAUGE_WELL_MV = 3_150  # above the end by as much as gauge and converter may differ
SECOND_TICKS, DIP_TICKS = 70, 200  # the gauge is read once a second; agreement for 4 to 5 s
IDLE_OFF_MS, EMPTY_OFF_MS = 600_000, 60_000  # off by itself, the latter with an ended battery
DARK = ("FAULT", "LOCKED", "OFF")  # where a fault leaves the unit
KEPT_ALWAYS = {"fet_stuck_on", "enable_stuck", "supply_open", "board_hot"}
CLOCK = 1 << 30
HOLD_MS = 1_500
STEP_MAX_MS = 900  # a control step longer than this is counted as this long
PRESCRIBED_MC, LEAST_MC, NOTCH_MC = 40_500, 38_000, 500
HOUR_MS, DAY_MS = 3_600_000, 86_400_000
SESSION_MIN, DAY_MIN = 2.0, 4.0  # thermal dose
SLACK = 1.03  # of a thermal dose that is counted in whole numbers
FLASH_UJ = 200  # a check's flashes: with the bus held, they are seen by nobody and not counted
SURE_MC = 100  # beyond a limit by so much, nobody doubts it
CONTROL_TICKS = 10
MEANT_TICKS = 501  # START so soon after another button is a person's
SEEN_TICKS = CONTROL_TICKS + 1  # what lasts longer was felt by control

Latched = frozenset[tuple[str, str]]


def per_minute(contact_mc: float) -> float:
    """Minutes at 43 C in a minute (Sapareto and Dewey 1984); hotter than 45 C counts as 45."""
    over_c = min(contact_mc / 1000, 45.0) - 43
    return float((4.0 if over_c < 0 else 2.0) ** over_c)


def keeps_fault(hal: Any) -> bool:
    """Whether a hard fault is kept: a file says so, or cannot be read."""
    content = hal.files.get("fault.json")
    return content is not None and json_codec.parse(content).get("fault", 0) is not None


@dataclass
class Finger:
    """A button: what differs for two ticks running is a change. Held at power-on: no press."""

    down: bool
    raw: bool
    new: bool = False
    since_ms: int = 0
    did: str = ""

    def feel(self, down: bool, ms: int) -> None:
        """A tick's pin; `did` is press, release or nothing."""
        self.did = ""
        if down == self.raw and down != self.down:
            self.down = down
            self.did = "press" if down else "release" if self.new else ""
            self.new |= down
            self.since_ms = ms if down else self.since_ms
        self.raw = down

    def held_ms(self, ms: int) -> int:
        """How long the press that began after power-on lasts, or lasted."""
        return (ms - self.since_ms) % CLOCK if self.new else 0


@dataclass
class Day:
    """What was surely lit and felt since the day began; and what a test pretended of it."""

    lit_ms: int = 0
    age_ms: int = 0
    pretended_ms: int = 0
    hot_min: list[float] = field(default_factory=lambda: [0.0, 0.0])

    def pretend(self, treat_ms: int, hot_min: float, age_ms: int) -> None:
        """As if the unit had been on for so long, treated and hot for so long."""
        self.lit_ms = min(self.lit_ms, treat_ms)
        self.pretended_ms = treat_ms - self.lit_ms
        self.hot_min = [hot_min, hot_min]
        self.age_ms = age_ms


class Model:
    """One unit since power-on."""

    def __init__(self, bench: Bench, calibrated: bool, before: "Model | None" = None) -> None:
        """Power comes; `before` is what was known of this unit until it went."""
        self.bench = bench
        self.calibrated = calibrated
        held, *others = (bench.hal.pins & pin != 0 for pin in (START, UP, DOWN))
        self.finger = Finger(held, held)
        self.others = [Finger(down, down) for down in others]  # UP and DOWN
        self.clock_set: bool = before.clock_set if before else False
        self.day = Day()
        if before:  # heat is kept with a session alone
            lit_ms = 0 if self.clock_set else before.day.lit_ms
            self.day = Day(lit_ms)
        self.hot_min = [0.0, 0.0]  # since the session began
        self.ticks = 0
        self.ms = 0
        self.dt_ms = self.step_ms = 0
        self.state = bench.state
        self.state_ms = 0
        self.meant = ""  # where START went down
        self.stop_ms = -1  # clock at the last press that may have meant stop
        self.stops = False  # the last press surely meant stop
        self.closures = 0  # of START, at most: each within 65 s of the last
        self.unworn_pauses = 0
        self.by_unworn = False
        self.ended = False  # the battery
        self.dipped = False  # ... and its gauge had not seen it run empty
        self.testing = False  # a lit self-test: its two seconds are lost if power goes then
        self.lately: dict[str, int] = {}  # ticks since it was so
        self.set_point_mc = bench.unit.session.set_point_mc
        self.latched: Latched = frozenset()
        self.first: list[int] = []
        self.beyond_ticks = 0
        self.calm = True  # no string was open and no tick late since the session began

    def tick(self, out_ticks: list[int], given_mj: tuple[float, ...]) -> None:
        """A tick went by: hold what the unit shows. `out_ticks` says how long each code has been
        out of bounds, `given_mj` what the emitters gave to each pad since the session began."""
        was, self.state = self.state, self.bench.state
        record = self.bench.unit.inputs
        self._feel(record, out_ticks, was)
        if self.state != was:
            self._changed(was, out_ticks)
        self._asked(was)
        self._hold_set_point(was)
        self._hold_latch(was)
        self._hold_sums(given_mj)
        self.state_ms = 0 if self.state != was else self.state_ms + self.dt_ms
        assert self.state_ms < WAITS_MS.get(self.state, DAY_MS) + 1_000, "waits for ever"

    # -- what happened -------------------------------------------------------------------

    def _feel(self, record: Any, out_ticks: list[int], was: str) -> None:
        hal = self.bench.hal
        self.ticks += 1
        dt_ms = (record.ms - self.ms) % CLOCK if self.ticks > 1 else 0
        self.calm &= self.ticks == 1 or (dt_ms == hal.step_ms == 20 and not hal.open_banks)
        self.dt_ms = min(dt_ms, STEP_MAX_MS)
        self.ms = record.ms
        self.finger.feel(record.pins & START != 0, record.ms)
        for other, pin in zip(self.others, (UP, DOWN), strict=True):
            other.feel(record.pins & pin != 0, record.ms)
        self._feel_battery(out_ticks[-1])
        warmest_mc = max(record.contact) * 1000 / 128
        for name, now in (
            ("UP", record.pins & UP), ("DOWN", record.pins & DOWN),
            ("unworn", not record.pins & BUCKLE or min(record.contact) * 1000 / 128 < 28_000),
            ("below 39", warmest_mc < 39_000 + SURE_MC),
            ("below 41", warmest_mc < 41_000 + SURE_MC),
        ):  # fmt: skip
            self.lately[name] = 0 if now else self.lately.get(name, CLOCK) + 1
        self.step_ms = min(self.step_ms + dt_ms, STEP_MAX_MS)
        self.day.age_ms += self.dt_ms
        if self.ticks == CONTROL_TICKS:
            self.step_ms = 0  # the first step has no beginning
        if self.ticks % CONTROL_TICKS == 0:
            self._control(record, was)

    def _control(self, record: Any, was: str) -> None:
        step_ms, self.step_ms = self.step_ms, 0
        day = self.day
        if was in LIT and not self.testing:
            day.lit_ms += step_ms
        for pad, code in enumerate(record.contact):
            hot_min = per_minute(code * 1000 / 128) * step_ms / 60_000
            self.hot_min[pad] += hot_min
            day.hot_min[pad] += hot_min
        if day.age_ms >= DAY_MS - 5_000:  # about to end, or over: nothing is sure
            over = day.age_ms >= DAY_MS + 5_000
            self.day = Day(age_ms=0 if over else day.age_ms)

    # -- what may lead where -------------------------------------------------------------

    def _changed(self, was: str, out_ticks: list[int]) -> None:
        state, hal, finger = self.state, self.bench.hal, self.finger
        asked = finger.did == "release"
        if state == "WAIT_SKIN":
            # a self-test may pass in the very tick of the release
            assert was in ("SELF_TEST", "READY", "DONE", "RATE"), f"a start from {was}"
            assert asked, "a start nobody asked for"
            assert not self.stops, "a start by a press that meant stop"
            self._no_reason_against_a_start()
            self.unworn_pauses = 0
        elif state == "CHECK" and was not in ("WAIT_SKIN", *POWERED):
            assert was in ("PAUSED", "SERVICE"), f"the check from {was}"
            assert asked, "light nobody asked for"
            assert not self.stops, "light by a press that meant stop"
            assert not hal.pins & (UP | DOWN), "light with a stuck button"
            assert hal.pins & BUCKLE, "light with the buckle open"
            below = "below 39" if self.by_unworn and was == "PAUSED" else "below 41"
            assert self.lately[below] <= SEEN_TICKS, "a resume while too warm"
        elif state == "PAUSED":
            self.by_unworn = finger.did != "press"
            self.unworn_pauses += self.by_unworn
            assert not self.by_unworn or self.lately["unworn"] < 50, "a pause for nothing"
            assert self.unworn_pauses <= 2, "off the skin as often as one likes"
        elif state == "RATE":
            assert self.bench.unit.trial and was in ("SELF_TEST", "READY", "DONE"), f"asks in {was}"
        elif state == "OFF":
            held = finger.down and finger.held_ms(self.ms) >= HOLD_MS
            idle_ms = EMPTY_OFF_MS if self.ended else IDLE_OFF_MS
            assert held or self.state_ms >= idle_ms - STEP_MAX_MS, "off by itself too soon"
        if state in ("READY", *POWERED):
            assert self.calibrated and not keeps_fault(hal), f"{state} while locked"
        if was == "FAULT" and state != "OFF":
            assert finger.down and finger.held_ms(self.ms) >= HOLD_MS, "acknowledged by nobody"
            assert min(self.lately["UP"], self.lately["DOWN"]) <= MEANT_TICKS, "by START alone"
            assert max(out_ticks) == 0, "acknowledged with a code out of bounds"
            assert self.lately["below 41"] <= SEEN_TICKS, "acknowledged while too warm"
            hard = KEPT_ALWAYS & {name for name, _ in self.latched}
            assert not hard or keeps_fault(hal), "acknowledged before it was kept"
        self.testing = "SERVICE" in (was, state) or (self.testing and state == "CHECK")
        if state == "WAIT_SKIN" or (was == "SERVICE" and state == "CHECK"):
            self.hot_min = [0.0, 0.0]
            self.calm = True
        if was in SESSION and state not in SESSION:
            self._ended()

    def _feel_battery(self, out_ticks: int) -> None:
        """It ends below its limit. Where the gauge was well until a second before, that was a dip,
        and over once pack and gauge have both been well for as long as DIP_TICKS."""
        mv, charge = self.bench.hal.gauge[0] * 78.125 / 1000, self.bench.hal.gauge[1] >> 8
        well = mv > GAUGE_WELL_MV and charge > 0
        lately = self.lately
        lately["gauge well"] = 0 if well else lately.get("gauge well", CLOCK) + 1
        lately["low"] = lately.get("low", CLOCK) + 1 if well and not out_ticks else 0
        if out_ticks >= 3:
            self.dipped = (self.dipped or not self.ended) and lately["gauge well"] <= SECOND_TICKS
            self.ended = True
        elif self.dipped and lately["low"] >= DIP_TICKS:
            self.ended = self.dipped = False

    def _no_reason_against_a_start(self) -> None:
        hal, day = self.bench.hal, self.day
        assert not hal.pins & (UP | DOWN), "a start with a stuck button"
        assert not hal.storage_full, "a start that cannot be kept"
        assert not keeps_fault(hal), "a start with a hard fault kept"
        assert not self.ended, "a start on an empty battery"
        assert day.lit_ms + day.pretended_ms < HOUR_MS, "a start after an hour a day"
        assert max(day.hot_min) < DAY_MIN * SLACK, "a start after too hot a day"

    def _ended(self) -> None:
        """A session ends for the reason that the unit gives."""
        pins, reason = self.bench.hal.pins, self.bench.reason
        true = {
            "stopped": self.finger.down,
            "charger": pins & CHARGER,
            "host": pins & HOST,
            "fault": self.bench.unit.faults.latched,
            "unworn": self.lately["unworn"] < 50 and self.unworn_pauses == 2,
        }
        assert true.get(reason, True), f"ended by {reason}, which is not so"

    # -- what must follow ----------------------------------------------------------------

    def _asked(self, was: str) -> None:
        """What a person did is answered."""
        finger, state = self.finger, self.state
        pressed_ms = finger.held_ms(self.ms)
        if finger.down and pressed_ms >= HOLD_MS:
            seen_to = (
                was == "FAULT" and state == "SELF_TEST"
            )  # a hold acknowledges, or switches off
            assert state in ("OFF", "CHARGING") or seen_to, "a hold that does not switch off"
            finger.new = state == "OFF"
        if any(other.did for other in self.others):  # a press, and not a touch of one tick
            self.closures = 0
        if finger.did == "press":
            self.closures += 1
            soon_ms = {"DONE": 1_200, "FAULT": 1_200, "RATE": 1_200, "PAUSED": 2_600}
            since_ms = (self.ms - self.stop_ms) % CLOCK if self.stop_ms >= 0 else CLOCK
            running = was in ("WAIT_SKIN", *LIT)
            may_stop = running or self.state_ms < soon_ms.get(was, 0) or since_ms < 2_200
            self.stops = running or (self.stops and since_ms < 1_900)  # surely
            self.stop_ms = self.ms if may_stop else self.stop_ms
            self.meant = "" if may_stop or was != state else was
        assert not (finger.down and finger.new and state in LIT), "lit after a press"
        if finger.did == "release" and was == self.meant and was in ASKS and pressed_ms < HOLD_MS:
            assert state != was or self.bench.refused, "START is not answered"
            self._refused(self.bench.refused)

    def _refused(self, why: str) -> None:
        """What is refused is refused for the reason that the unit gives."""
        hal = self.bench.hal
        true = {
            "storage": hal.storage_full,
            "button_stuck": min(self.lately["UP"], self.lately["DOWN"]) < 3 or self.closures > 3,
            "needs_service": keeps_fault(hal) or not self.calibrated,
        }
        assert true.get(why, True), f"refused for {why}, which is not so"

    # -- what holds ----------------------------------------------------------------------

    def _hold_set_point(self, was: str) -> None:
        set_point_mc, before_mc = self.bench.unit.session.set_point_mc, self.set_point_mc
        self.set_point_mc = set_point_mc
        assert LEAST_MC <= set_point_mc <= PRESCRIBED_MC, "a set point out of bounds"
        if set_point_mc == before_mc or self.state == "WAIT_SKIN" or was == "SERVICE":
            return
        pressed = "DOWN" if set_point_mc < before_mc else "UP"
        assert was in LIT and self.lately[pressed] < 3, "a set point that moves by itself"
        assert abs(set_point_mc - before_mc) == NOTCH_MC, "a set point that springs"

    def _hold_latch(self, was: str) -> None:
        latch = self.bench.unit.faults
        before, now = self.latched, frozenset[tuple[str, str]]()
        if latch.latched:
            now = frozenset(
                (name, pad)
                for k, pad in enumerate(faults.PADS)
                for bit, (name, _) in enumerate(faults.FAULTS)
                if latch.by_pad[k] >> bit & 1
            )
        self.latched = now
        stops = {row for row in now if row[0] != "led_open"}
        # a locked unit that is sent to SERVICE looks at what is latched a tick later
        assert not stops or self.state in DARK or was == "LOCKED", f"{stops} and {self.state}"
        assert stops or self.state != "FAULT", "FAULT without a fault"
        if was == "FAULT" and self.state != "FAULT":
            self.first = []
            return
        for name, pad in before - now:
            renamed = name == "ntc_open" and ("pad_unplugged", pad) in now
            again = name == "led_open" and self.state in ("WAIT_SKIN", "CHECK")
            assert renamed or again, f"{name} of {pad or 'the unit'} is forgotten"
        row = latch.rows[latch.first][1:] if stops else []
        assert not self.first or row == self.first, "the first cause is not kept"
        self.first = list(row)

    def _hold_sums(self, given_mj: tuple[float, ...]) -> None:
        unit, day = self.bench.unit, self.day
        beyond = (
            max(self.hot_min) > SESSION_MIN * SLACK or max(day.hot_min) > DAY_MIN * SLACK
            or day.lit_ms + day.pretended_ms >= HOUR_MS
        )  # fmt: skip
        self.beyond_ticks = self.beyond_ticks + 1 if beyond and self.state in LIT else 0
        assert self.beyond_ticks <= SEEN_TICKS, "lit beyond what a session or a day may have"
        if self.ticks % CONTROL_TICKS:
            return
        assert unit.session.day_treat_ms >= day.lit_ms + day.pretended_ms, "time not counted"
        for pad, counted in enumerate(unit.pads):
            for q10_ms, hot_min in (
                (counted.cem43.session_q10_ms, self.hot_min[pad]),
                (counted.cem43.day_q10_ms, day.hot_min[pad]),
            ):
                least_min = min(hot_min, 2 * DAY_MIN) / SLACK - 1e-3
                assert q10_ms / 61_440_000 >= least_min, "heat not counted"
            if self.calm and given_mj and self.state in SESSION:
                assert counted.fluence.total_uj_cm2 >= 990 * given_mj[pad] - FLASH_UJ, "not counted"
