"""Peers' protections: a Klipper-like heater check and a bimetal thermostat, written anew.

Called by `tools.physics_checks.peers`, once each 0.2 s and pad; each returns the share of full
power that its heater gets. Written from published rules, no line copied.

| rule, and where it is published                               | there          | here     |
|---------------------------------------------------------------|----------------|----------|
| target (a bed at 100 C; our set point)                        | 100 C          | 40.5 C   |
| verify_heater `hysteresis` (Klipper, Config_Reference.md)     | 5 C            | 0.5 C    |
| verify_heater `max_error`, of one inspection a second         | 120 C          | 12 C     |
| verify_heater `heating_gain` within `check_gain_time`         | 2 C in 60 s    | 0.2 C    |
| `max_temp`, `min_temp` (generic boards' bed: 130 and 0 C)     | 30 C over      | 3 C over |
| readings out of that range before a shutdown, 0.3 s apart     | 4              | 4        |
| heater pin without an update (MCU_Commands `max_duration`)    | 3 s            | 3 s      |
| PI control, 0.3 s apart, smoothing 1 s                        | tuned          | tuned    |
| bimetal opens at (KSD301 sheet: rated -+ 3 C at best)         | rated          | 40.5 C   |
| bimetal closes again below (sheet: 0 to 25 C lower; 5 here)   | 5 C lower      | 35.5 C   |
| bimetal's own lag on the face (assumed)                       | -              | 20 s     |

Temperatures of a printer's bed span 75 C from a room of 25 C, a pad's 7.5 C from resting skin:
Klipper's constants in kelvin are divided by ten, which is kinder to the wearer than the defaults.
"""

TARGET_C = 40.5
HYSTERESIS_C, MAX_ERROR_C, GAIN_C, GAIN_S = 0.5, 12.0, 0.2, 60.0
MAX_C, MIN_C, BAD_READINGS, REPORT_S = TARGET_C + 3.0, 0.0, 4, 0.3
PIN_S = 3.0
SMOOTH_S = 1.0
SHARE_PER_C, SHARE_PER_CS = 0.5, 0.004  # tuned here: holds 40.5 -+ 0.1 C on ordinary skin
DIFFERENTIAL_C, TOLERANCE_C, BIMETAL_LAG_S = 5.0, 3.0, 20.0
STEP_S = 0.2


class HeaterCheck:
    """Whether a heater that is below its range still approaches its target; inspects once a second.

    An error counter sums how far below the range each inspection finds it. It is cleared in range,
    and whenever it gained GAIN_C within GAIN_S. A heater that no longer gains and has summed
    MAX_ERROR_C has failed. A sensor that reads warm passes every inspection.
    """

    def __init__(self) -> None:
        self.error_c = 0.0
        self.gaining = True  # it began to heat
        self.goal_c: float | None = None
        self.until_s = 0.0

    def inspect(self, t_s: float, sensed_c: float) -> bool:
        """Inspect; True once it has failed."""
        short_c = TARGET_C - HYSTERESIS_C - sensed_c
        if short_c <= 0.0:
            self.gaining = False
            if sensed_c <= TARGET_C + HYSTERESIS_C:
                self.error_c = 0.0
            return False
        self.error_c += short_c
        if not self.gaining:
            return self.error_c >= MAX_ERROR_C
        if self.goal_c is None or sensed_c >= self.goal_c:
            self.goal_c, self.until_s, self.error_c = sensed_c + GAIN_C, t_s + GAIN_S, 0.0
        elif t_s >= self.until_s:
            self.gaining = False
        return False


class KlipperLike:
    """PI control, heater check, range check and pin watchdog of one pad's heater."""

    one_switch = True  # between supply and heater: where it sticks on, nothing is left

    def __init__(self, most: float) -> None:
        self.most = most  # share of full power that control may ask for
        self.check = HeaterCheck()
        self.shut_down = False
        self.share = self.summed = 0.0
        self.smooth_c: float | None = None
        self.next_inspect_s = self.next_report_s = self.alive_s = 0.0
        self.bad_readings = 0

    def step(self, t_s: float, sensed_c: float, face_c: float, alive: bool) -> float:
        """Advance by STEP_S. `sensed_c` is the thermistor's, `alive` the host's program."""
        if alive:
            self.alive_s = t_s
            self._control(sensed_c)
            if t_s >= self.next_inspect_s and self.smooth_c is not None:
                self.next_inspect_s = t_s + 1.0
                self.shut_down |= self.check.inspect(t_s, self.smooth_c)
        elif t_s - self.alive_s >= PIN_S:  # what follows is the micro-controller's own
            self.shut_down = True
        if t_s >= self.next_report_s:
            self.next_report_s = t_s + REPORT_S
            out = not MIN_C <= sensed_c <= MAX_C
            self.bad_readings = self.bad_readings + 1 if out else 0
            self.shut_down |= self.bad_readings >= BAD_READINGS
        return 0.0 if self.shut_down else self.share

    def _control(self, sensed_c: float) -> None:
        """PI control; the sum stands still while the output is at an end and would go further."""
        if self.smooth_c is None:
            self.smooth_c = sensed_c
        self.smooth_c += (sensed_c - self.smooth_c) * STEP_S / SMOOTH_S
        off_c = TARGET_C - sensed_c
        wanted = SHARE_PER_C * off_c + self.summed
        self.share = min(max(wanted, 0.0), self.most)
        if wanted == self.share or (wanted > self.share) != (off_c > 0.0):
            self.summed += SHARE_PER_CS * off_c * STEP_S


class Bimetal:
    """A bimetal thermostat on the face, in series with the supply. It has no program."""

    one_switch = False  # a welded contact is its own fault: full power as set, for ever

    def __init__(self, most: float, over_c: float = 0.0) -> None:
        self.most = most
        self.opens_c = TARGET_C + over_c
        self.metal_c: float | None = None
        self.closed = True

    def step(self, t_s: float, sensed_c: float, face_c: float, alive: bool) -> float:
        """Advance by STEP_S. It feels the face itself, and nothing else."""
        if self.metal_c is None:
            self.metal_c = face_c
        self.metal_c += (face_c - self.metal_c) * STEP_S / BIMETAL_LAG_S
        if self.metal_c >= self.opens_c:
            self.closed = False
        elif self.metal_c <= self.opens_c - DIFFERENTIAL_C:
            self.closed = True
        return self.most if self.closed else 0.0
