"""Random generators for campaigns: wearer, room, course, presses and faults.

Called by `sim.campaign.cases`. Every scenario is drawn from a name alone ("7-123", "7-123-f4"): the
same name gives the same scenario on any machine. Ranges are the design's; where a wide range would
mostly give scenarios in which nothing happens, the shares are ours and stand in the tables below.
"""

from random import Random
from typing import Any

from hal.boards import RPI_PICO
from sim.campaign.common_cause import KNOWN, WITHIN_S
from sim.common.boards import wavelengths_nm
from sim.common.story import Event, PressureSpot, Scenario, Start
from sim.common.value_record import replace
from sim.faults.catalogue import ALERT_BROKEN, FAULTS
from sim.oracle.asked import read_steps, sum_pad_j_cm2
from sim.scenario.scenario import BUTTONS, CLOCK_MAX, DURATION_MAX_S, SEED_MAX

WINDOW_S = 200.0  # length of a window
TICK_S = 0.02
SOON_S = 5.0  # a window's first fault comes within this
LATER_S = 60.0  # a window's second fault comes within this
START_S = 8.0  # START is first pressed within this
LEAD_S = 45.0  # from START to full light: 5 s of skin, 3 s of check, 30 s of ramp
WRAP_MS = 1_800_000  # a clock near its wrap is at most this far from it
FULL_MW_CM2 = 10.0  # a bank of the reference board at full duty
LEAST_MW_CM2 = 0.1
MOST_J_CM2 = 90.0
STEPS_MAX = 6
WAVELENGTHS_NM = wavelengths_nm(RPI_PICO)

# Shares of sessions in which a wearer does this.
PAUSES, SET_POINTS, OFF_SKIN, ENDS, MOVES, AGAIN = 0.3, 0.25, 0.12, 0.08, 0.1, 0.08
STEPPED = 0.4  # share of prescriptions of format 2
PRESSED_ON = 0.35  # share of windows with presses
GROUPED = 0.2  # share of fault windows whose faults have a common cause
PAIRED = 0.5  # share of fault windows with a second, independent fault
SPOTS = 0.4  # share of wearers with a pressed spot under the pads
DARK_SKIN = 0.15  # share of wearers in whose melanin all light ends
MELANIN_MM = 0.2
DEAD_ALERT = 0.25  # share of second faults that are the dead hardware alert
LASTING = 0.7  # share of faults that stay


def draw_log_uniform(rng: Random, low: float, high: float) -> float:
    """Draw a number, as likely in one decade as in another, to three significant digits."""
    return float(f"{low * (high / low) ** rng.random():.3g}")


def make_event(at_s: float, kind: str, name: str, **fields: Any) -> Event:
    """Return an event at a thousandth of a second, as a person would write it."""
    return Event(round(at_s, 3), kind, name, **fields)


def sort_events(events: list[Event]) -> tuple[Event, ...]:
    """Return events in the order of time."""
    return tuple(sorted(events, key=lambda event: event.at_s))


# -- a session --------------------------------------------------------------------------


def draw_light(rng: Random) -> tuple[dict[str, object], float]:
    """Draw the light of a course; return it and the share of the time for which it is on."""
    mode = rng.choice(("cw", "cw", "pulse", "gated"))
    if mode == "pulse":
        return {"mode": mode, "rate_hz": rng.randint(100, 10_000)}, 1.0
    if mode == "gated":
        ticks = rng.choice((2, 3, 4, 5, 10, 25, 50))
        on_ticks = rng.randint(1, ticks - 1)
        rate_hz = round(50 / ticks, 3)
        return {"mode": mode, "rate_hz": rate_hz, "on_ms": 20 * on_ticks}, on_ticks / ticks
    return {"mode": mode}, 1.0


def draw_prescription(rng: Random) -> dict[str, object]:
    """Draw a prescription for the reference unit: format 1, or format 2 with 1 to 6 steps."""
    course = draw_format_1(rng)
    if rng.random() >= STEPPED:
        return course
    steps = [draw_step(rng) for _ in range(rng.randint(1, STEPS_MAX))]
    while is_too_much(steps):
        steps.pop()
    minutes = sum(step.get("minutes", 0) for step in steps)
    return {
        "format": 2,
        "name": "drawn",
        "max_min": max(course["max_min"], min(round(minutes + 0.5, 3), 40.0)),
        "set_point_c": course["set_point_c"],
        "sessions_a_day": rng.randint(1, 4),
        "step": steps,
    }


def is_too_much(steps: list[dict[str, Any]]) -> bool:
    """Whether steps ask for more than the dose or the time of a session."""
    asked = read_steps({"format": 2, "step": steps})
    most_j_cm2 = max(sum_pad_j_cm2(asked, pad) for pad in (0, 1))
    return most_j_cm2 > MOST_J_CM2 or sum(step.minutes for step in asked) > 40.0


def draw_step(rng: Random) -> dict[str, Any]:
    """Draw a step: as format 1 has it, for some pads, to its end by fluence or by minutes."""
    course = draw_format_1(rng)
    banks = course["irradiance_mw_cm2"]
    assert isinstance(banks, dict)
    step = {
        "irradiance_mw_cm2": {nm: value for nm, value in banks.items() if value},
        "light": course["light"],
        "pads": rng.choice(("A", "B", "AB", "AB")),
    }
    minutes = round(rng.uniform(0.5, 6.0), 3)
    if rng.random() < 0.5:
        return {**step, "minutes": minutes}
    fluence_j_cm2 = sum(banks.values()) * minutes * 60.0 / 1000.0
    return {**step, "fluence_j_cm2": round(min(max(fluence_j_cm2, 0.1), MOST_J_CM2), 3)}


def draw_format_1(rng: Random) -> dict[str, object]:
    """Draw a prescription of format 1: any allowed banks, dose and time."""
    kind, share = draw_light(rng)
    most = FULL_MW_CM2 * share
    banks = dict.fromkeys(map(str, WAVELENGTHS_NM), 0.0)
    for nm in rng.sample(sorted(banks), rng.randint(1, len(banks))):
        wanted = (
            draw_log_uniform(rng, LEAST_MW_CM2, FULL_MW_CM2) if rng.random() < 0.7 else FULL_MW_CM2
        )
        banks[nm] = max(LEAST_MW_CM2, int(min(wanted, most) * 1000) / 1000)
    minutes = rng.uniform(2.0, 40.0) if rng.random() < 0.9 else rng.uniform(0.05, 2.0)
    fluence_j_cm2 = sum(banks.values()) * minutes * 60.0 / 1000.0
    return {
        "name": "drawn",
        "irradiance_mw_cm2": banks,
        "fluence_j_cm2": round(min(max(fluence_j_cm2, 0.1), 90.0), 3),
        "max_min": round(rng.uniform(5.0, 40.0), 3),
        "set_point_c": 40.5 if rng.random() < 0.5 else round(rng.uniform(38.0, 40.5), 1),
        "light": kind,
    }


def draw_start(rng: Random) -> Start:
    """Draw a wearer, a room and a unit; worn from the beginning."""
    ends = (1.0, 6.0)
    near_wrap = rng.random() < 0.3
    start = Start(
        ambient_c=round(rng.uniform(5.0, 40.0), 1),
        battery_pct=round(rng.uniform(40.0, 100.0) if rng.random() < 0.85 else rng.uniform(1, 40)),
        perfusion=draw_log_uniform(rng, 0.0003, 0.003),
        vasodilation=rng.choice(ends) if rng.random() < 0.4 else round(rng.uniform(*ends), 1),
        fat_mm=draw_log_uniform(rng, 2.0, 40.0),
        air_w_m2k=round(rng.uniform(5.0, 15.0), 1),
        clock=rng.randint(CLOCK_MAX - WRAP_MS if near_wrap else 0, CLOCK_MAX),
    )
    return replace(start, **draw_unknowns(rng))


def draw_unknowns(rng: Random) -> dict[str, Any]:
    """Draw what nobody has measured of a wearer (`sim.physics.person.PERSONS`, "safe")."""
    found: dict[str, Any] = {
        "contact_w_m2k": round(rng.uniform(75.0, 150.0), 1),
        "back_m2k_w": round(rng.uniform(0.05, 0.2), 3),
        "light_mm": MELANIN_MM if rng.random() < DARK_SKIN else 3.0,
    }
    if rng.random() < SPOTS:
        perfusion_s = 0.0 if rng.random() < 0.6 else draw_log_uniform(rng, 0.00003, 0.001)
        found["spot"] = PressureSpot(
            share=draw_log_uniform(rng, 0.02, 0.5),
            perfusion_s=perfusion_s,
            contact_w_m2k=round(rng.uniform(75.0, 150.0), 1),
        )
    return found


def draw_press(rng: Random, at_s: float, name: str = "START", hold_ms: int = 0) -> Event:
    """Draw a press of ordinary length, or one of `hold_ms`."""
    return make_event(at_s, "press", name, hold_ms=hold_ms or rng.randint(60, 500))


def longest_s(course: dict[str, object]) -> float:
    """Return how long the light of a course lasts at most, s."""
    minutes = course["max_min"]
    assert isinstance(minutes, float)
    light_s = [step.minutes * 60.0 or step.j_cm2 * 1000.0 / step.whole_mw_cm2
               for step in read_steps(course)]  # fmt: skip
    return min(sum(light_s), minutes * 60.0)


def draw_presses(rng: Random, began_s: float, lasts_s: float) -> list[Event]:
    """Draw what the wearer does in a session with `lasts_s` of light."""
    events = [draw_press(rng, began_s)]

    def sometime() -> float:
        return began_s + rng.uniform(1.0, LEAD_S + lasts_s)

    if rng.random() < PAUSES:
        at_s = sometime()
        events += [
            draw_press(rng, at_s),
            draw_press(rng, at_s + rng.choice((2.0, 20.0, 120.0, 500.0))),
        ]
    if rng.random() < SET_POINTS:
        names = rng.choices(("DOWN", "UP"), k=rng.randint(1, 4))
        events += [draw_press(rng, sometime(), name) for name in names]
    if rng.random() < OFF_SKIN:
        at_s = round(sometime(), 3)
        back_s = round(at_s + rng.choice((0.3, 3.0, 30.0)), 3)
        sign = rng.choice(("worn", "worn", "buckled"))  # the whole belt, or its buckle alone
        events.append(make_event(at_s, "set", sign, value=False))
        events.append(make_event(back_s, "set", sign, value=True))
        events.append(draw_press(rng, back_s + rng.uniform(1.0, 60.0)))
    if rng.random() < MOVES:
        room_c = round(rng.uniform(5.0, 40.0), 1)
        events.append(make_event(sometime(), "set", "ambient_c", value=room_c))
    if rng.random() < ENDS:
        events.append(draw_press(rng, sometime(), hold_ms=rng.randint(1_400, 3_000)))
    if rng.random() < AGAIN:
        again_s = round(began_s + LEAD_S + lasts_s + rng.uniform(5.0, 60.0), 3)
        if rng.random() < 0.8:  # else it is refused: no sign of wear was seen to change
            events.append(make_event(again_s - 3.0, "set", "worn", value=False))
            events.append(make_event(again_s - 1.0, "set", "worn", value=True))
        events.append(draw_press(rng, again_s))
    return events


def draw_session(name: str) -> Scenario:
    """Draw a whole session without faults; it runs until nothing more happens."""
    rng = Random(name)
    course = draw_prescription(rng)
    lasts_s = longest_s(course)
    events = draw_presses(rng, rng.uniform(0.5, START_S), lasts_s)
    last_s = max(event.at_s for event in events)
    most_min = course["max_min"]  # heat may withhold light until this time limit
    assert isinstance(most_min, float)
    return Scenario(
        name=name,
        seed=rng.randint(0, SEED_MAX),
        duration_s=min(float(round(last_s + LEAD_S + 60.0 * most_min + 60.0)), DURATION_MAX_S),
        prescription=course,
        start=draw_start(rng),
        events=sort_events(events),
        until_done=True,
    )


def draw_snapshot_times_s(name: str, scenario: Scenario, count: int) -> list[float]:
    """Draw the times of a session's snapshots, in order: one in its beginning, the others while
    it should be lit."""
    rng = Random(f"{name} moments")
    began_s = scenario.events[0].at_s
    found = [began_s + rng.uniform(-0.4, LEAD_S)]
    lasts_s = longest_s(scenario.prescription)
    found += [began_s + LEAD_S / 2 + rng.uniform(0.0, lasts_s) for _ in range(count - 1)]
    return sorted(found)


# -- a window ---------------------------------------------------------------------------


def draw_fault(rng: Random, name: str, at_s: float) -> Event:
    """Draw pad, value and length of a fault of the catalogue."""
    row = FAULTS[name]
    pad = rng.choice(("A", "B")) if row.pad else None
    if row.pad == "may" and rng.random() < 0.2:
        pad = None
    value = None
    if row.unit == "nm":
        value = float(rng.choice(WAVELENGTHS_NM))
    elif row.unit:
        low, high = row.drawn or (row.low, row.high)
        value = round(rng.uniform(low, high), 3)
        if abs(value) < row.least:
            value = row.least
    for_s = row.for_s
    if row.lasts and rng.random() > LASTING:
        for_s = round(draw_log_uniform(rng, 0.05, LATER_S), 3)
    button = rng.choice(BUTTONS) if row.also == "button" else None
    return make_event(at_s, "fault", name, pad=pad, value=value, for_s=for_s, button=button)


def draw_faults(rng: Random, now_s: float) -> list[Event]:
    """Draw one fault, two independent ones, or some that have a common cause."""
    first_s = now_s + 2 * TICK_S + rng.uniform(0.0, SOON_S)
    if rng.random() < GROUPED:
        return draw_group(rng, first_s)
    names = rng.sample(sorted(FAULTS), 2)
    events = [draw_fault(rng, names[0], first_s)]
    if rng.random() >= PAIRED:
        return events
    if rng.random() < DEAD_ALERT and names[0] != ALERT_BROKEN:
        return [*events, make_event(first_s, "fault", ALERT_BROKEN)]
    second_s = first_s + rng.choice((0.0, rng.uniform(0.0, 1.0), rng.uniform(0.0, LATER_S)))
    return [*events, draw_fault(rng, names[1], second_s)]


def draw_group(rng: Random, first_s: float) -> list[Event]:
    """Draw two or three faults that one cause brings about."""
    names = KNOWN[rng.choice(sorted(KNOWN))]
    struck = rng.sample(names, min(rng.randint(2, 3), len(names)))
    return [draw_fault(rng, name, first_s + rng.uniform(0.0, WITHIN_S)) for name in struck]


def draw_noise_seed(rng: Random, now_s: float) -> Event:
    """Draw a seed that gives a window its own noise, from the next tick on."""
    return make_event(now_s + TICK_S, "set", "seed", value=rng.randint(0, SEED_MAX))


def draw_fault_window(name: str, now_s: float) -> tuple[Event, ...]:
    """Draw a window that begins now: faults, and presses in some windows."""
    rng = Random(name)
    events = [draw_noise_seed(rng, now_s), *draw_faults(rng, now_s)]
    if rng.random() < PRESSED_ON:
        for _ in range(rng.randint(1, 5)):
            button = rng.choice(("START", "START", "START", "UP", "DOWN"))
            hold_ms = rng.randint(1_400, 3_000) if rng.random() < 0.1 else 0
            events.append(
                draw_press(rng, now_s + rng.uniform(0.1, 0.9 * WINDOW_S), button, hold_ms)
            )
    return sort_events(events)


def draw_quiet_window(name: str, now_s: float) -> tuple[Event, ...]:
    """Draw a window without events, with noise of its own."""
    return (draw_noise_seed(Random(name), now_s),)


def draw_session_faults(name: str, scenario: Scenario, now_s: float) -> tuple[Event, ...]:
    """Return the rest of a session, with drawn faults from now on."""
    events = [event for event in scenario.events if event.at_s > now_s + TICK_S]
    return sort_events([*events, *draw_faults(Random(name), now_s)])
