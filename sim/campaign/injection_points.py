"""Injection points: states of the unit, wearers and rooms for the fault matrix.

Data for `sim.campaign.fault_matrix`. A moment is how a unit comes into a state and what its wearer
does next; a wearer is a skin in a room under a prescription. The names of the moments are the
columns of the matrix.
"""

from typing import NamedTuple

from sim.common.default_prescription import DEFAULT
from sim.common.story import HOLD_MS, Event, PressureSpot, Start


class Moment(NamedTuple):
    """How a unit comes to the injection point, and what its wearer does next."""

    name: str  # a value of `--state`
    state: str  # of the firmware
    at_s: float  # the injection, after power-on
    before: tuple[Event, ...] = ()
    next_s: tuple[float, ...] = ()  # presses of START after the injection
    settle_s: float = 0.0  # a unit dark so long after the injection has refused
    lit: bool = False
    prescription: str = "default"
    acknowledges: bool = False  # the first of these presses is a hold
    selftest_s: float | None = None  # when a host sends "selftest"; at HAL depth alone


class Wearer(NamedTuple):
    """A skin, a room, a prescription, and the sensors' own errors (by `seed`)."""

    skin: str
    start: Start
    prescription: str = "default"
    seed: int = 1

    @property
    def name(self) -> str:
        """Skin and light."""
        return f"{self.skin}; {self.prescription} light"


def make_prescription(
    name: str, mw_cm2: float, fluence_j_cm2: float, **mode: object
) -> dict[str, object]:
    """Return a prescription with this irradiance of each bank."""
    return {
        "name": name,
        "irradiance_mw_cm2": dict.fromkeys(("810", "850", "940", "1060"), mw_cm2),
        "fluence_j_cm2": fluence_j_cm2,
        "max_min": 40,
        "set_point_c": 40.5,
        "light": mode or {"mode": "cw"},
    }


# The board gives 10 mW/cm2 a bank at most.
PRESCRIPTIONS: dict[str, dict[str, object]] = {
    "default": {**DEFAULT, "fluence_j_cm2": 9},  # so long that a contact held is lit
    "strongest": make_prescription("strongest", 10.0, 90),
    "slow": make_prescription("slow", 5.0, 90, mode="gated", rate_hz=1, on_ms=500),
    "none": {},  # refused: the unit is locked
}


def press_start(at_s: float) -> Event:
    """Return a short press of START."""
    return Event(at_s, "press", "START", hold_ms=HOLD_MS)


def acknowledge(at_s: float) -> tuple[Event, Event]:
    """Return UP and a hold of START: they acknowledge a fault."""
    return (
        Event(at_s, "press", "UP", hold_ms=HOLD_MS),
        Event(at_s + 0.5, "press", "START", hold_ms=1_700),
    )


BEGUN = (press_start(10.0),)
AGAIN_S = (2.0,)  # a press of START after the injection
SETTLE_S = 10.0  # five seconds worn, two of the lamp test, and a margin


def take_off(at_s: float) -> "tuple[Event, ...]":
    """The belt comes off for a second: another session asks that it did."""
    return Event(at_s, "set", "worn", value=False), Event(at_s + 1.0, "set", "worn", value=True)


MOMENTS = (
    Moment("OFF", "SELF_TEST", 0.0, (), (4.0,), 12.0),  # there before power-on
    Moment("SELF_TEST", "SELF_TEST", 0.2, (), (4.0,), 12.0),
    Moment("READY", "READY", 5.0, (), AGAIN_S, SETTLE_S),
    Moment("WAIT_SKIN", "WAIT_SKIN", 12.0, BEGUN, (), SETTLE_S),
    Moment("CHECK", "CHECK", 15.4, BEGUN, lit=True),
    Moment("RAMP", "RAMP", 30.0, BEGUN, lit=True),
    Moment("TREAT", "TREAT", 60.0, BEGUN, lit=True),  # full power, still warming
    # every wearer's contact is held at the set point
    Moment("TREAT_HELD", "TREAT", 700.0, BEGUN, lit=True),
    Moment("PAUSED", "PAUSED", 45.0, (*BEGUN, press_start(40.0)), AGAIN_S, SETTLE_S),
    # paused too long
    Moment(
        "DONE", "DONE", 650.0, (*BEGUN, press_start(40.0), *take_off(642.0)), AGAIN_S, SETTLE_S
    ),
    Moment(
        "CHARGING", "CHARGING", 8.0, (Event(2.0, "fault", "charger_plugged", for_s=7.0),),
        (5.0,), 13.0,
    ),
    Moment(
        "FAULT", "FAULT", 50.0,
        (*BEGUN, Event(40.0, "fault", "board_sensor_lost", pad="A", for_s=2.0), *take_off(43.0)),
        (2.0, 6.0), 14.0, acknowledges=True,
    ),
    Moment(
        "SERVICE", "SERVICE", 46.0,
        (*BEGUN, Event(5.0, "fault", "enable_stuck", for_s=30.0), *acknowledge(40.0)),
        AGAIN_S, SETTLE_S, selftest_s=44.0,
    ),
    Moment("LOCKED", "LOCKED", 5.0, (), AGAIN_S, SETTLE_S, prescription="none"),
)  # fmt: skip

THICK = Start(fat_mm=40.0, perfusion=0.0003, vasodilation=1.0)
WEARERS = (
    Wearer("ordinary", Start()),
    Wearer("thick fat, no dilation", THICK),
    Wearer("thick fat, no dilation", THICK, "strongest"),
    Wearer("thick fat, no dilation", THICK, "slow"),
    Wearer(
        "no flow, 40 C, blanket",
        Start(ambient_c=40.0, fat_mm=40.0, perfusion=0.0, vasodilation=1.0, air_w_m2k=0.5),
        "strongest",
    ),
    Wearer(
        "thin fat, cold room",
        Start(ambient_c=5.0, fat_mm=2.0, perfusion=0.0003, vasodilation=1.0), "strongest",
    ),
    # a bony prominence away from the sensors, under a pad that well perfused skin cools
    Wearer(
        "pressed spot, well perfused", Start(perfusion=0.003, spot=PressureSpot(0.2, 0.0, 100.0)),
        "strongest",
    ),
    # of the first 400 000 seeds the one whose four contact sensors read lowest
    Wearer("thick fat, sensors low", THICK, "strongest", 287_373),
)  # fmt: skip
