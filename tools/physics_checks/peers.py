"""Peers' protections on our plant, under our faults, beside our unit: how hot, and how long.

    python -m tools.physics_checks.peers > docs/maintainer/peers.md

For maintainers; about two minutes on one core. Rules of the peers:
`tools.physics_checks.protections`. Faults are put on by `sim.faults.injectors`, on the same
hardware and plant that our unit has. Nothing here reads our firmware's own word but the end of its
light.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from sim.common.boards import REFERENCE, find_board
from sim.common.story import Event, Start
from sim.common.value_record import replace
from sim.faults.hardware import Hardware
from sim.faults.injectors import INJECT, wear
from sim.physics import sensors
from sim.physics.plant import STEP_S, Plant
from sim.run import Run, nominal_calibration
from sim.scenario.scenario import ordinary
from tools.physics_checks.protections import TOLERANCE_C, Bimetal, KlipperLike

SEED = 1
STRIKES_S, SESSION_S = (60.0, 600.0), 1200.0  # after light began: still warming, and held
PRESS_S, LIT_S = 3.0, 12.0  # of our unit: START, and about when its light begins
LIMIT_C, CAP_MIN, BURN_MIN = 43.0, 2.0, 20.0  # design; the unit's cap a session; a burn begins
HANG = "firmware_hang"
NONE = "none"
# name, pad, value: each fault that heats, or that a controller may answer with heat.
FAULTS: tuple[tuple[str, str | None, float | None], ...] = (
    ("ntc_open", "A", None), ("ntc_short", "A", None), ("ntc_stuck", "A", None),
    ("ntc_drift", "A", -1.0), ("no_perfusion", None, None), ("hot_room", None, 40.0),
    ("under_blanket", None, None), ("lying_on_pad", None, None), ("led_gain", "A", 1.5),
    ("fet_stuck_on", "A", 940.0), ("sensors_step", "A", -2.0), (HANG, None, None),
)  # fmt: skip
IRRADIANCES_MW_CM2 = (10.0, 40.0)
WEARERS = {
    "ordinary": Start(),
    "bloodless": Start(perfusion=0.0, vasodilation=1.0),
}
HEAD = """# Peers' heater protection on our plant

Made by

    python -m tools.physics_checks.peers > docs/maintainer/peers.md

and made anew by it: edit `tools/physics_checks/peers.py`, not this page.

Two protections that people trust with heat, written anew from their published rules and put in our
unit's place: on the same skin, pads, sensors and faults. Rules and constants, there and here:
`tools/physics_checks/protections.py`. No line of theirs was copied, and neither was meant for skin:
the table says what our unit needs beyond them, not that they are bad.

- **Klipper-like**: PI control of each pad by its thermistor; the heater check (`hysteresis`,
  `max_error`, `heating_gain`, `check_gain_time`); a range of readings checked by the
  micro-controller; a heater pin that goes off 3 s after its last update.
- **Bimetal**: a thermostat on the face, in series with the supply, as rated and at the upper end of
  its tolerance. It has no electronics: a thermistor, both sensors or a program that fails does not
  strike it. Its own fault is a welded contact, which stands for `fet_stuck_on`.
- **Ours**: the whole firmware at HAL depth, the hardware alert working.

Each fault strikes after 60 s of light (still warming) and after 600 s (held), at 10 and 40 mW/cm2,
on ordinary and on bloodless skin: 8 runs, 20 min of light each, with a set point of 40.5 C. A
Klipper-like heater has one switch: where that sticks, it stays on. The 70 C fuse of the pad, which
every one of them would have, is left out. Where nothing acts, the temperature is what the model
comes to: the model has no burns and means nothing above about 50 C.
"""
TAIL = """
"No fault" gives the fluence of the pad that got less, over the four runs at 10 and 40 mW/cm2: what
a protection costs in light.

What tells them apart:

- A second switch. Our supply switch opens when a bank's current is not what was asked for; a heater
  with one switch has nothing to open.
- A second sensor of another kind. A heater check looks for a heater that does not warm. A sensor
  that reads low while skin warms is to it a heater that needs more.
- Lag. A bimetal overshoots by what the pad gives in its lag, and swings over its differential. What
  keeps it near 42 C is a rating 2.5 C below the limit; it pays for that with about half of the
  light. Its tolerance alone uses that room up.
- Time. The lease ends light within 80 ms of the last tick; a pin watchdog of seconds is made for
  heaters that take minutes.

Klipper's documents and code: commit 84104bbb of 2026-08-07 (`docs/Config_Reference.md`,
`docs/MCU_Commands.md`; 3 s is `MAX_HEAT_TIME` of `klippy/extras/heaters.py`, four readings 0.3 s
apart are of `klippy/extras/adc_temperature.py`). Of the documents: "Should the counter exceed this
\"max_error\" then an error is raised. The default is 120."; "should the measured temperature ever
fall outside this range then the micro-controller will go into a shutdown state"; "This safety
feature can be used with heater pins to ensure the host does not enable the heater and then go
off-line." KSD301 sheet (ecer.com): "Temperature deviation ±3 / ±5 / ±10 degree", "Recovery and
action temperature difference 0 to 25 degrees".
"""


class Outcome(NamedTuple):
    """What a run came to, of the worse pad."""

    hottest_c: float  # skin or contact
    over_s: float  # time above LIMIT_C
    cem43_min: float
    light_s: float  # after the strike, until dark for good; the rest of the session at most
    fluence_j_cm2: float  # of the pad that got less


def make_event(name: str, at_s: float) -> Event | None:
    """The event of a row of FAULTS; none for NONE."""
    for fault, pad, value in FAULTS:
        if fault == name:
            return Event(at_s, "fault", name, pad, value)
    return None


class PeerRun:
    """Our plant and hardware with a peer's protection on each pad."""

    def __init__(self, protect: Callable[[float], Any], wearer: str, mw_cm2: float) -> None:
        board = find_board(REFERENCE)
        self.plant = Plant(WEARERS[wearer], board, nominal_calibration(board), SEED)
        self.hardware = Hardware(self.plant, board)
        wear(self.hardware, True)
        self.kinds = len(board.BANKS)
        full_mw_cm2 = sum(self.plant.pads[0].full_mw_cm2)
        self.pads = [protect(mw_cm2 / full_mw_cm2) for _ in self.plant.pads]
        self.alive = True

    def strike(self, event: Event) -> None:
        """Put a fault on."""
        if event.name == HANG:
            self.alive = False
        else:
            INJECT[event.name](self.hardware, event, True)

    def step(self, t_s: float) -> bool:
        """Advance 0.2 s; whether any heater was on."""
        hardware = self.hardware
        hardware.t_ms = int(t_s * 1000.0)
        hardware.refresh()
        shares: list[float] = []
        down = any(getattr(pad, "shut_down", False) for pad in self.pads)
        for index, pad in enumerate(self.pads):
            sensed_c = sensors.ntc_c(hardware.levels[index])
            face_c = self.plant.pads[index].tissue.contact_c
            share = 0.0 if down else pad.step(t_s, sensed_c, face_c, self.alive)
            if any(bank // self.kinds == index for bank in hardware.stuck_banks):
                share = 1.0 if pad.one_switch else pad.most
            shares += [share] * self.kinds
        self.plant.advance(shares, any(shares))
        return any(shares)


def measure_peer(
    protect: Callable[[float], Any], fault: str, mw_cm2: float, wearer: str, strike_s: float
) -> Outcome:
    """Run a peer's protection for SESSION_S."""
    run = PeerRun(protect, wearer, mw_cm2)
    over_s = [0.0, 0.0]
    lit_until_s = strike_s
    event = make_event(fault, strike_s)
    for step in range(round(SESSION_S / STEP_S)):
        t_s = step * STEP_S
        if event and t_s >= strike_s:
            run.strike(event)
            event = None
        if run.step(t_s) and t_s >= strike_s:
            lit_until_s = t_s + STEP_S
        for index, pad in enumerate(run.plant.pads):
            over_s[index] += STEP_S * (pad.hottest_c > LIMIT_C)
    return sum_up(run.plant, max(over_s), lit_until_s - strike_s)


def measure_ours(fault: str, mw_cm2: float, wearer: str, strike_s: float) -> Outcome:
    """Run our unit, firmware and all, for SESSION_S of light."""
    base = ordinary()
    banks: Any = base.prescription["irradiance_mw_cm2"]
    asked = {
        **base.prescription, "fluence_j_cm2": 90, "max_min": 30,
        "irradiance_mw_cm2": dict.fromkeys(banks, mw_cm2 / len(banks)),
    }  # fmt: skip
    strike_s += LIT_S
    event = make_event(fault, strike_s)
    events = (Event(PRESS_S, "press", "START", hold_ms=200),) + ((event,) if event else ())
    run = Run(replace(
        base, prescription=asked, events=events, duration_s=LIT_S + SESSION_S,
        start=WEARERS[wearer], seed=SEED, until_done=False,
    ))  # fmt: skip
    over_s = [0.0, 0.0]
    going = True
    while going:
        going = run.advance(1)
        for index, pad in enumerate(run.plant.pads):
            over_s[index] += STEP_S * (pad.hottest_c > LIMIT_C)
    darks = [dark.t_ms / 1000.0 for dark in run.depth.darks if dark.t_ms / 1000.0 >= strike_s]
    until_s = LIT_S + SESSION_S if run.depth.lit else (darks[-1] if darks else strike_s)
    return sum_up(run.plant, max(over_s), until_s - strike_s)


def sum_up(plant: Plant, over_s: float, light_s: float) -> Outcome:
    """What the plant came to."""
    pads = plant.pads
    return Outcome(
        max(pad.max_skin_c for pad in pads), over_s,
        max(pad.hottest_cem43_min() for pad in pads), light_s,
        min(sum(pad.fluence_j_cm2()) for pad in pads),
    )  # fmt: skip


PROTECTIONS: dict[str, Callable[[str, float, str, float], Outcome]] = {
    "ours": measure_ours,
    "Klipper-like": partial(measure_peer, KlipperLike),
    "bimetal, as rated": partial(measure_peer, Bimetal),
    "bimetal, 3 C high": partial(measure_peer, partial(Bimetal, over_c=TOLERANCE_C)),
}


Found = dict[str, list[Outcome]]  # of one protection, by fault


def measure_row(protection: str, fault: str) -> list[Outcome]:
    """Each irradiance on each wearer, struck at each time."""
    run = PROTECTIONS[protection]
    return [
        run(fault, mw_cm2, wearer, strike_s)
        for mw_cm2 in IRRADIANCES_MW_CM2
        for wearer in WEARERS
        for strike_s in (STRIKES_S if fault != NONE else STRIKES_S[:1])
    ]


def render_cell(found: list[Outcome]) -> str:
    """The hottest of these runs, and the longest above the limit."""
    over_s = max(one.over_s for one in found)
    hottest = f"{max(one.hottest_c for one in found):.1f}"
    return f"{hottest} / {over_s:.0f} s" if over_s else hottest


def render_minutes(cem43_min: float) -> str:
    """Thermal dose in words of a table."""
    return f"{cem43_min:.1f}" if cem43_min < 1000.0 else "> 1000"


def render_total(name: str, found: Found) -> str:
    """A protection's row: all faults together."""
    runs = [one for fault, each in found.items() if fault != NONE for one in each]
    crash = found[HANG]
    light = f"{max(one.light_s for one in crash):.2f} s" if "bimetal" not in name else "-"
    given = [one.fluence_j_cm2 for one in found[NONE]]
    return " | ".join([
        f"| {name}", f"{len(runs)}", f"{sum(one.over_s > 0.0 for one in runs)}",
        f"{max(one.over_s for one in runs):.0f}",
        f"{sum(one.cem43_min > CAP_MIN for one in runs)}",
        f"{sum(one.cem43_min > BURN_MIN for one in runs)}",
        render_minutes(max(one.cem43_min for one in runs)),
        f"{max(one.hottest_c for one in runs):.1f}", light,
        f"{min(given):.1f} to {max(given):.1f} |",
    ])  # fmt: skip


def render_faults(found: dict[str, Found]) -> list[str]:
    """The table by fault."""
    lines = [f"| fault | {' | '.join(found)} |", "|---|" + "---|" * len(found)]
    for name, pad, value in (*FAULTS, (NONE, None, None)):
        words = f"`{name}`" if name != NONE else "no fault"
        words += f" {value:g}" if value is not None else ""
        words += f", pad {pad}" if pad else ""
        cells = [render_cell(each[name]) for each in found.values()]
        lines.append(f"| {words} | {' | '.join(cells)} |")
    return lines


def render_page() -> str:
    """The page."""
    faults = [name for name, _, _ in FAULTS] + [NONE]
    found = {name: {fault: measure_row(name, fault) for fault in faults} for name in PROTECTIONS}
    lines = [HEAD, "| protection | runs | above 43.0 C | longest, s | CEM43 > 2 min | > 20 min |"
             " worst CEM43, min | hottest, C | light after a crash | no fault: J/cm2 |",
             "|---|" + "---|" * 9]  # fmt: skip
    lines += [render_total(name, each) for name, each in found.items()]
    lines += ["", "By fault: hottest skin or contact, C / longest time above 43.0 C.", ""]
    lines += render_faults(found)
    return "\n".join([*lines, TAIL])


if __name__ == "__main__":
    print(render_page(), end="")
