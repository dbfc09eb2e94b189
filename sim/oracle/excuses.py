"""Excuses: moments in which the design cannot end light in time, or cannot sense a fault.

Owned by `sim.oracle.safety_oracle`, which follows it tick by tick; `most_contact_c` is called by
the bench page, too. Reads the switches, the lease and the sensors' levels as they are now, and when
faults strike and end; changes nothing. No excuse is by the name of a fault that was on at another
time. Three excuses have files of their own: `stray_light`, `outside_heat`, `driver_changes`; a bus
that was freed, and a jump before a boot, are no longer due in `safety_oracle`.

| excuse     | holds while                                                    | for how long       |
|------------|----------------------------------------------------------------|--------------------|
| shorted    | supply switch and an LED switch stuck, no bank is driven       | as long as it is so|
| off        | the same; or the supply switch stuck and the program dead      | 500 ms of its death|
| lease      | supply switch stuck or lease frozen, and the program dead      | 500 ms of its death|
| hidden     | no reading shows the fault: another one froze it               | until one shows it |
| two faults | two faults are on, or the heat of one that ended is in the pad | 60 s after its end |

`docs/maintainer/safety.md`, "What the oracle excuses", says why.
"""

from sim.faults import deadlines
from sim.faults.catalogue import ALERT_BROKEN, ENDS_PROGRAM, FAULTS
from sim.faults.hardware import NEVER_MS
from sim.faults.injectors import struck_pads
from sim.oracle.design import TICK_MS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sim.common.story import Event
    from sim.faults.injected import Injected
    from sim.oracle.subject import Subject

ONCE_MS = 2_000  # a momentary fault is over: boot, self-test and skin take longer than this
LINGER_MS = 60_000  # ours: heat of a fault that ended is in the pad for a minute
OPEN_LEVEL, SHORT_LEVEL = 3_700, 300  # design: codes of a thermistor that is open, or short


def ends_ms(injected: "Injected") -> int:
    """Return when an injected fault ends, ms since power-on."""
    for_s = injected.event.for_s
    return NEVER_MS if for_s is None else injected.t_ms + int(for_s * 1000)


def over_ms(injected: "Injected") -> int:
    """Return when a fault is over: one of the program is, once the unit has booted."""
    if injected.event.name in ENDS_PROGRAM:
        return injected.t_ms + ONCE_MS
    return ends_ms(injected)


def most_contact_c(injected: "list[Injected]", t_ms: int) -> float:
    """Return the most that true contact may be now: more where two faults meet. A dead alert is no
    second fault: the firmware alone holds every bound."""
    near = {
        row.event.name
        for row in injected
        if row.event.name != ALERT_BROKEN and t_ms <= over_ms(row) + LINGER_MS
    }
    return deadlines.DOUBLE_C if len(near) > 1 else deadlines.SINGLE_C


BY_FILTER = ("contact_garbage", "skin_sensor_open")  # hidden by what struck the reading after them


class Excuses:
    """Excuses in one run. Times in ms since power-on."""

    def __init__(self, run: "Subject", injected: "list[Injected]") -> None:
        self._run = run
        self._hal = run.hal
        self._hardware = run.hardware
        self._program = run.lifecycle
        self._injected = injected
        self._stuck_ms = self._shorted_ms = self._frozen_ms = -NEVER_MS  # last so
        self._alive_ms = run.t_ms  # the program last ran

    def follow(self, t_ms: int) -> None:
        """A tick went by: note what was so in it. What ended with it was so until then."""
        if self._hardware.enable_stuck:
            self._stuck_ms = t_ms
            if self._hardware.stuck_banks:
                self._shorted_ms = t_ms
        if self._hal.frozen:
            self._frozen_ms = t_ms
        if self._program.running:
            self._alive_ms = t_ms

    def is_shorted_through(self) -> bool:
        """Whether both switches in series are shorted and nothing else is driven: nothing can end
        that current."""
        hardware = self._hardware
        broken = hardware.enable_stuck and len(hardware.stuck_banks) > 0
        return broken and not any(self._run.depth.duty)

    def is_dying(self, t_ms: int) -> bool:
        """Whether the program has ended, and the watchdog may not have reset it yet."""
        return TICK_MS <= t_ms - self._alive_ms <= deadlines.RESET_MS + TICK_MS

    def could_not_be_off(self, t_ms: int) -> bool:
        """Whether nothing could open the supply in this tick while off was due: its switch was
        stuck, and either an LED switch was, too, or the program had died."""
        if t_ms - self._shorted_ms <= TICK_MS:
            return True
        return t_ms - self._stuck_ms <= TICK_MS and self.is_dying(t_ms)

    def excuse_late(self, fault: str, lit_ms: int, t_ms: int) -> bool:
        """Whether light `lit_ms` after a fault of the program is excused: the lease could not end
        it, and the watchdog was not due."""
        if fault not in ENDS_PROGRAM or lit_ms > deadlines.RESET_MS:
            return False
        return t_ms - max(self._stuck_ms, self._frozen_ms) <= TICK_MS

    def is_hidden(self, event: "Event") -> bool:
        """Whether no reading shows this fault now, of those that it is sensed by."""
        return not any(self._is_shown(event.name, pad) for pad in struck_pads(event))

    def _is_shown(self, fault: str, pad: int) -> bool:
        hardware = self._hardware
        if fault == "ntc_short":
            return hardware.levels[pad] <= SHORT_LEVEL
        if fault not in BY_FILTER:
            return hardware.levels[pad] >= OPEN_LEVEL  # of an open thermistor
        hider = FAULTS[fault].hidden_by
        last = [
            one.event.name for one in hardware.filters
            if one.event.name in (fault, hider) and pad in struck_pads(one.event)
        ]  # fmt: skip
        return not last or last[-1] != hider
