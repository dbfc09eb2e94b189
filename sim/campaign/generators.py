"""Random stories for campaigns: who wears the unit where, on what course, and what breaks.

Every story is drawn from a name alone ("7-123", "7-123-f4"): the same name gives the same
story on any machine. Ranges are the design's; where a wide range would mostly give stories
in which nothing happens, the shares are ours and stand in the tables below.
"""

from random import Random

from hal.boards import RPI_PICO
from sim.common.boards import wavelengths_nm
from sim.common.story import Event, Scenario, Start
from sim.faults.catalogue import ALERT_BROKEN, FAULTS
from sim.scenario.scenario import BUTTONS, CLOCK_MAX, DURATION_MAX_S, SEED_MAX

WINDOW_S = 200.0  # a window lasts so long
TICK_S = 0.02
SOON_S = 5.0  # a window's first fault strikes within this
LATER_S = 60.0  # ... and its second one within this
START_S = 8.0  # START is first pressed within this
LEAD_S = 45.0  # from START to full light: 5 s of skin, 3 s of check, 30 s of ramp
WRAP_MS = 1_800_000  # a clock near its wrap is within this
FULL_MW_CM2 = 10.0  # a bank of the reference board at full duty
LEAST_MW_CM2 = 0.1
WAVELENGTHS_NM = wavelengths_nm(RPI_PICO)

# What a wearer does, and in how many sessions.
PAUSES, SET_POINTS, OFF_SKIN, ENDS, MOVES, AGAIN = 0.3, 0.25, 0.12, 0.08, 0.1, 0.08
PRESSED_ON = 0.35  # windows in which somebody goes on pressing
PAIRED = 0.5  # fault windows with a second, independent fault
DEAD_ALERT = 0.25  # ... of which the second is the hardware alert
LASTING = 0.7  # faults that stay


def rounded(value: float) -> float:
    """To a thousandth, as a person would write it and as the firmware reads it."""
    return round(value, 3)


def spread(rng: Random, low: float, high: float) -> float:
    """A number as likely in one decade as in another."""
    return rounded_small(low * (high / low) ** rng.random())


def rounded_small(value: float) -> float:
    """To three digits that count."""
    return float(f"{value:.3g}")


# -- a session --------------------------------------------------------------------------


def light(rng: Random) -> tuple[dict[str, object], float]:
    """A course's light, and the share of the time for which it is on."""
    mode = rng.choice(("cw", "cw", "pulse", "gated"))
    if mode == "pulse":
        return {"mode": mode, "rate_hz": rng.randint(100, 10_000)}, 1.0
    if mode == "gated":
        ticks = rng.choice((2, 3, 4, 5, 10, 25, 50))
        on_ticks = rng.randint(1, ticks - 1)
        rate_hz = rounded(50 / ticks)
        return {"mode": mode, "rate_hz": rate_hz, "on_ms": 20 * on_ticks}, on_ticks / ticks
    return {"mode": mode}, 1.0


def prescription(rng: Random) -> dict[str, object]:
    """A course that the reference unit can give: any banks, dose and time that are allowed."""
    kind, share = light(rng)
    most = FULL_MW_CM2 * share
    banks = dict.fromkeys(map(str, WAVELENGTHS_NM), 0.0)
    for nm in rng.sample(sorted(banks), rng.randint(1, len(banks))):
        wanted = spread(rng, LEAST_MW_CM2, FULL_MW_CM2) if rng.random() < 0.7 else FULL_MW_CM2
        banks[nm] = max(LEAST_MW_CM2, int(min(wanted, most) * 1000) / 1000)
    minutes = rng.uniform(2.0, 40.0) if rng.random() < 0.9 else rng.uniform(0.05, 2.0)
    fluence_j_cm2 = sum(banks.values()) * minutes * 60.0 / 1000.0
    return {
        "name": "drawn",
        "irradiance_mw_cm2": banks,
        "fluence_j_cm2": rounded(min(max(fluence_j_cm2, 0.1), 90.0)),
        "max_min": rounded(rng.uniform(5.0, 40.0)),
        "set_point_c": 40.5 if rng.random() < 0.5 else round(rng.uniform(38.0, 40.5), 1),
        "light": kind,
    }


def start(rng: Random) -> Start:
    """A wearer, a room and a unit, worn from the beginning."""
    ends = (1.0, 6.0)
    near_wrap = rng.random() < 0.3
    return Start(
        ambient_c=round(rng.uniform(5.0, 40.0), 1),
        battery_pct=round(rng.uniform(40.0, 100.0) if rng.random() < 0.85 else rng.uniform(1, 40)),
        perfusion=spread(rng, 0.0003, 0.003),
        vasodilation=rng.choice(ends) if rng.random() < 0.4 else round(rng.uniform(*ends), 1),
        fat_mm=spread(rng, 2.0, 40.0),
        air_w_m2k=round(rng.uniform(5.0, 15.0), 1),
        clock=rng.randint(CLOCK_MAX - WRAP_MS if near_wrap else 0, CLOCK_MAX),
    )


def press(rng: Random, at_s: float, name: str = "START", hold_ms: int = 0) -> Event:
    """A press as a person gives it, or held for so long."""
    return Event(rounded(at_s), "press", name, hold_ms=hold_ms or rng.randint(60, 500))


def longest_s(course: dict[str, object]) -> float:
    """How long the light of a course lasts where nothing withholds it."""
    banks = course["irradiance_mw_cm2"]
    dose, minutes = course["fluence_j_cm2"], course["max_min"]
    assert isinstance(banks, dict) and isinstance(dose, float) and isinstance(minutes, float)
    return min(dose * 1000.0 / sum(banks.values()), minutes * 60.0)


def presses(rng: Random, began_s: float, lasts_s: float) -> list[Event]:
    """What the wearer does in a session that began then and has so much light to come."""
    events = [press(rng, began_s)]

    def sometime() -> float:
        return began_s + rng.uniform(1.0, LEAD_S + lasts_s)

    if rng.random() < PAUSES:
        at_s = sometime()
        events += [press(rng, at_s), press(rng, at_s + rng.choice((2.0, 20.0, 120.0, 500.0)))]
    if rng.random() < SET_POINTS:
        names = rng.choices(("DOWN", "UP"), k=rng.randint(1, 4))
        events += [press(rng, sometime(), name) for name in names]
    if rng.random() < OFF_SKIN:
        at_s = rounded(sometime())
        back_s = rounded(at_s + rng.choice((0.3, 3.0, 30.0)))
        events.append(Event(at_s, "set", "worn", value=False))
        events.append(Event(back_s, "set", "worn", value=True))
        events.append(press(rng, back_s + rng.uniform(1.0, 60.0)))
    if rng.random() < MOVES:
        room_c = round(rng.uniform(5.0, 40.0), 1)
        events.append(Event(rounded(sometime()), "set", "ambient_c", value=room_c))
    if rng.random() < ENDS:
        events.append(press(rng, sometime(), hold_ms=rng.randint(1_400, 3_000)))
    if rng.random() < AGAIN:
        events.append(press(rng, began_s + LEAD_S + lasts_s + rng.uniform(5.0, 60.0)))
    return events


def session(name: str) -> Scenario:
    """A whole session without faults; it runs until nothing more happens."""
    rng = Random(name)
    course = prescription(rng)
    lasts_s = longest_s(course)
    events = presses(rng, rng.uniform(0.5, START_S), lasts_s)
    last_s = max(event.at_s for event in events)
    slow_s = course["max_min"]  # heat withholds light: the time limit ends it at the latest
    assert isinstance(slow_s, float)
    return Scenario(
        name=name,
        seed=rng.randint(0, SEED_MAX),
        duration_s=min(float(round(last_s + LEAD_S + 60.0 * slow_s + 60.0)), DURATION_MAX_S),
        prescription=course,
        start=start(rng),
        events=tuple(sorted(events, key=lambda event: event.at_s)),
        until_done=True,
    )


def moments(name: str, scenario: Scenario, count: int) -> list[float]:
    """When to save a session's state, soonest first: one while it begins, the others while
    it should be lit."""
    rng = Random(f"{name} moments")
    began_s = scenario.events[0].at_s
    found = [began_s + rng.uniform(-0.4, LEAD_S)]
    lasts_s = longest_s(scenario.prescription)
    found += [began_s + LEAD_S / 2 + rng.uniform(0.0, lasts_s) for _ in range(count - 1)]
    return sorted(found)


# -- a window ---------------------------------------------------------------------------


def fault(rng: Random, name: str, at_s: float) -> Event:
    """One fault of the table, on any pad, with any value that it may have."""
    row = FAULTS[name]
    pad = rng.choice(("A", "B")) if row.pad else None
    if row.pad == "may" and rng.random() < 0.2:
        pad = None
    value = None
    if row.unit == "nm":
        value = float(rng.choice(WAVELENGTHS_NM))
    elif row.unit:
        low, high = row.drawn or (row.low, row.high)
        value = rounded(rng.uniform(low, high))
        if abs(value) < row.least:
            value = row.least
    for_s = row.for_s
    if row.lasts and rng.random() > LASTING:
        for_s = rounded(spread(rng, 0.05, LATER_S))
    button = rng.choice(BUTTONS) if row.also == "button" else None
    return Event(rounded(at_s), "fault", name, pad, value, for_s, button=button)


def faults(rng: Random, now_s: float) -> list[Event]:
    """One fault, or two that have nothing to do with each other."""
    first_s = now_s + 2 * TICK_S + rng.uniform(0.0, SOON_S)
    names = rng.sample(sorted(FAULTS), 2)
    events = [fault(rng, names[0], first_s)]
    if rng.random() >= PAIRED:
        return events
    if rng.random() < DEAD_ALERT and names[0] != ALERT_BROKEN:
        return [*events, Event(rounded(first_s), "fault", ALERT_BROKEN)]
    second_s = first_s + rng.choice((0.0, rng.uniform(0.0, 1.0), rng.uniform(0.0, LATER_S)))
    return [*events, fault(rng, names[1], second_s)]


def fresh_noise(rng: Random, now_s: float) -> Event:
    """From the next tick on, noise that no other window has."""
    return Event(rounded(now_s + TICK_S), "set", "seed", value=rng.randint(0, SEED_MAX))


def faulty(name: str, now_s: float) -> tuple[Event, ...]:
    """What happens in a window that begins now: faults, and presses in some."""
    rng = Random(name)
    events = [fresh_noise(rng, now_s), *faults(rng, now_s)]
    if rng.random() < PRESSED_ON:
        for _ in range(rng.randint(1, 5)):
            button = rng.choice(("START", "START", "START", "UP", "DOWN"))
            hold_ms = rng.randint(1_400, 3_000) if rng.random() < 0.1 else 0
            events.append(press(rng, now_s + rng.uniform(0.1, 0.9 * WINDOW_S), button, hold_ms))
    return tuple(sorted(events, key=lambda event: event.at_s))


def quiet(name: str, now_s: float) -> tuple[Event, ...]:
    """A window in which nothing happens, with noise of its own."""
    return (fresh_noise(Random(name), now_s),)


def struck(name: str, scenario: Scenario, now_s: float) -> tuple[Event, ...]:
    """What is still to come of a session, and faults from now on."""
    events = [event for event in scenario.events if event.at_s > now_s + TICK_S]
    return tuple(sorted([*events, *faults(Random(name), now_s)], key=lambda event: event.at_s))
