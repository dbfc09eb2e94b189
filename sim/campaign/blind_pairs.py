"""Search for what tells a trial's arms apart: random actions on pairs of units, one of each arm.

Called by `waistband check blind --visits` and tests. A pair lives through the same visit in the
same room on the same skin: same presses, belt, heat, cold, cable, charger, all at the same times.
Whatever a person can see, hear or read out of one unit has to come out of the other as well, at the
same tick. The screen, cues, telemetry and the open fields of the journal are compared.

Physics may part a pair: its lit pads are warmer, or have had more heat. Then the two units do
different things (state, refusal, fault), and at that moment. A difference in what is said alone is
a leak, however warm.

| action  | drawn                                                                           |
|---------|---------------------------------------------------------------------------------|
| press   | a button, short or long                                                         |
| belt    | off, or its buckle open, 1 to 400 s; a pad that slips                           |
| cold    | room of -5 to 12 C, or a draught, 10 to 600 s                                   |
| heat    | room of 34 to 50 C, a hot pack of 50 to 400 W/m2, a blanket, 10 to 600 s        |
| cable   | status, clock, self-test, files that may be read, no command                    |
| charger | plugged in, 1 to 60 s                                                           |
| time    | nothing, 1 to 300 s                                                             |
"""

import json
import random
import re
from collections.abc import Callable
from itertools import count, zip_longest
from typing import TYPE_CHECKING, Any, NamedTuple

from firmware.core import faults, states
from sim.common.boards import REFERENCE, find_board
from sim.common.story import Event, Scenario, Start
from sim.common.value_record import replace
from sim.faults.hardware import CLOCK_S
from sim.run import Run
from sim.scenario.enrolment import make_unit_files
from sim.scenario.scenario import default_prescription, ordinary

if TYPE_CHECKING:
    from sim.hal_depth.sim_hal import SimHal

PROTOCOL = {"visits": 2, "baseline_therapy": True, "movements": [], "guess": True}
MINUTES = (2, 5, 10, 20)  # of a session, drawn
ACTIONS_MOST = 10
APART_CEM43_MIN = 0.02  # thermal dose of a pad, likewise: a second at the rate that ends a session
APART_C = 0.1  # contact of a pad, between the two units, whose noise is the same: less is rounding
BELT_OFF_S, WORN_S, START_S, ANSWER_S, LIT_S = 7.0, 8.5, 12.0, 15.0, 26.0
AFTER_S = 40.0  # of answers after therapy
SECRET = re.compile(rb'"(sealed|prev|seal|receipt|sha256)": ?"[0-9A-Za-z-]*"')
TOGETHER_MS = 1_000  # what is said and what is done at the same time
CODE = re.compile(r"[0-9A-Z]{4}(-[0-9A-Z]{4}){2}")  # a receipt: the letters of a tag
COMMANDS = (b"status", b"selftest", b"hello", b"clock 2026-01-01T00:00:00")
FILES = (b"list", b"get visit.json", b"get journal.0", b"get calibration.json", b"get day.json")
Seen = tuple[int, str, str]  # ms since power-on, kind, content


class Warmth(NamedTuple):
    """Of a unit's pads at a moment."""

    t_ms: int
    contact_c: tuple[float, ...]
    cem43_min: tuple[float, ...]
    state: str


class Act(NamedTuple):
    """What a unit does from a moment on."""

    t_ms: int
    state: int
    refused: int
    faults: int
    reason: int


class Parting(NamedTuple):
    """The first thing that was not alike."""

    seed: int
    t_s: float
    lit: str  # what the lit unit said, showed or sounded; empty: nothing then
    dark: str
    state: str  # of the lit unit a moment before
    actions: str  # until then
    lit_c: float  # contact of the pad that was then most apart, lit unit, C
    dark_c: float
    acted: bool  # whether the units did different things then
    lit_cem43_min: float  # thermal dose of the pad that was then most apart in it
    dark_cem43_min: float
    by_dose: bool  # whether a session ended then by its thermal dose

    @property
    def by_warmth(self) -> bool:
        """Whether the pads were unequally warm, or one had its thermal dose before the other, so
        that physics may have parted them."""
        apart_min = abs(self.lit_cem43_min - self.dark_cem43_min)
        return abs(self.lit_c - self.dark_c) >= APART_C or (
            self.by_dose and apart_min >= APART_CEM43_MIN
        )

    @property
    def by_physics(self) -> bool:
        """Whether warmth had the units do different things: a leak is none."""
        return self.by_warmth and self.acted


class Watched(NamedTuple):
    """One unit's visit."""

    seen: list[Seen]
    journal: bytes
    warmth: list[Warmth]  # each second
    given_j_cm2: float
    acts: list[Act]  # each change


def draw_visit(seed: int) -> tuple[Scenario, tuple[Event, ...], list[tuple[float, bytes]], int]:
    """A visit: the scenario, what happens in it, what comes over the cable, and the minutes."""
    source = random.Random(f"blind pair {seed}")
    minutes = source.choice(MINUTES)
    start = Start(
        ambient_c=source.uniform(8.0, 34.0), battery_pct=source.uniform(60.0, 98.0),
        perfusion=source.uniform(0.0003, 0.002), fat_mm=source.uniform(4.0, 30.0),
    )  # fmt: skip
    events = [
        Event(BELT_OFF_S, "set", "worn", value=False), Event(WORN_S, "set", "worn", value=True),
        Event(START_S, "press", "START", hold_ms=150), Event(ANSWER_S, "press", "UP", hold_ms=150),
        Event(ANSWER_S + 0.6, "press", "START", hold_ms=150),
    ]  # fmt: skip
    commands: list[tuple[float, bytes]] = []
    at_s = LIT_S + source.uniform(0.0, 30.0 * minutes)
    for _ in range(source.randint(1, ACTIONS_MOST)):
        if at_s > 120.0 * minutes + 300.0:
            break
        draw = source.choice(DRAWS)
        at_s += draw(source, at_s, start, events, commands) + source.expovariate(1 / 15.0)
    ends_s = max(at_s, 60.0 * minutes + LIT_S) + 420.0
    for k in range(4):
        events += [Event(ends_s + k * 8.0, "press", "UP", hold_ms=150),
                   Event(ends_s + k * 8.0 + 2.0, "press", "START", hold_ms=150)]  # fmt: skip
    scenario = replace(
        ordinary(), seed=seed, start=start, events=(), until_done=False,
        duration_s=ends_s + AFTER_S,
    )  # fmt: skip
    return scenario, tuple(sorted(events, key=lambda event: event.at_s)), commands, minutes


Draw = Callable[[random.Random, float, Start, list[Event], list[tuple[float, bytes]]], float]


def draw_press(
    source: random.Random, at_s: float, start: Start, events: list[Event],
    commands: list[tuple[float, bytes]],
) -> float:  # fmt: skip
    """A button; returns how long it takes, s."""
    hold_ms = source.choice((60, 150, 150, 150, 400, 1_600, 4_000))
    events.append(Event(at_s, "press", source.choice(("START", "START", "UP", "DOWN")),
                        hold_ms=hold_ms))  # fmt: skip
    return hold_ms / 1000 + source.choice((0.3, 1.0, 3.0, 10.0))


def draw_belt(
    source: random.Random, at_s: float, start: Start, events: list[Event],
    commands: list[tuple[float, bytes]],
) -> float:  # fmt: skip
    """The belt off, the buckle open, or a pad that slips, and START when all is well again."""
    for_s = source.choice((1.0, 5.0, 10.0, 30.0, 60.0, 120.0, 290.0, 310.0, 400.0))
    kind = source.choice(("worn", "buckled", "slips"))
    begins_s = at_s
    at_s = free_from(events, kind, at_s)
    if kind == "slips":
        events.append(Event(at_s, "fault", "slips", source.choice(("A", "B", None)), for_s=for_s))
    else:
        events += [Event(at_s, "set", kind, value=False),
                   Event(at_s + for_s, "set", kind, value=True)]  # fmt: skip
    again_s = at_s + for_s + source.choice((1.0, 6.0, 20.0))
    events.append(Event(again_s, "press", "START", hold_ms=150))
    return again_s - begins_s + 1.0


def draw_cold(
    source: random.Random, at_s: float, start: Start, events: list[Event],
    commands: list[tuple[float, bytes]],
) -> float:  # fmt: skip
    """A cold room or a draught, for a while."""
    name, value, usual = source.choice((
        ("ambient_c", source.uniform(-5.0, 12.0), start.ambient_c),
        ("air_w_m2k", source.uniform(10.0, 30.0), start.air_w_m2k),
    ))  # fmt: skip
    return change_for(source, at_s, events, name, value, usual)


def draw_heat(
    source: random.Random, at_s: float, start: Start, events: list[Event],
    commands: list[tuple[float, bytes]],
) -> float:  # fmt: skip
    """A hot room, a hot pack or a blanket, for a while."""
    kind = source.choice(("room", "pack", "blanket"))
    if kind == "room":
        value = source.uniform(34.0, 50.0)
        return change_for(source, at_s, events, "ambient_c", value, start.ambient_c)
    for_s = source.choice((10.0, 30.0, 60.0, 120.0, 300.0, 600.0))
    pad = source.choice(("A", "B", None))
    at_s = free_from(events, "hot_skin" if kind == "pack" else "under_blanket", at_s)
    if kind == "pack":
        events.append(Event(at_s, "fault", "hot_skin", pad, source.uniform(50, 400), for_s))
    else:
        events.append(Event(at_s, "fault", "under_blanket", for_s=for_s))
    return for_s * source.random()


def draw_cable(
    source: random.Random, at_s: float, start: Start, events: list[Event],
    commands: list[tuple[float, bytes]],
) -> float:  # fmt: skip
    """A line over USB, and another for the unit's files."""
    commands.append((at_s, source.choice(COMMANDS)))
    commands.append((at_s + 1.0, random.Random(at_s).choice(FILES)))
    return 1.0


def draw_charger(
    source: random.Random, at_s: float, start: Start, events: list[Event],
    commands: list[tuple[float, bytes]],
) -> float:  # fmt: skip
    """The charger, for a while."""
    for_s = source.choice((1.0, 10.0, 60.0))
    at_s = free_from(events, "charger_plugged", at_s)
    events.append(Event(at_s, "fault", "charger_plugged", for_s=for_s))
    return for_s + 2.0


def draw_time(
    source: random.Random, at_s: float, start: Start, events: list[Event],
    commands: list[tuple[float, bytes]],
) -> float:  # fmt: skip
    """Nothing, for a while."""
    return source.choice((1.0, 10.0, 60.0, 300.0))


DRAWS: tuple[Draw, ...] = (
    draw_press, draw_press, draw_press, draw_belt, draw_belt, draw_cold, draw_heat, draw_cable,
    draw_charger, draw_time,
)  # fmt: skip


def free_from(events: list[Event], name: str, at_s: float) -> float:
    """The first time from `at_s` on at which nothing of this name lasts."""
    ends = [event.at_s + (event.for_s or 0.0) for event in events if event.name == name]
    return max([at_s, *(end + 1.0 for end in ends)])


def change_for(
    source: random.Random, at_s: float, events: list[Event], name: str, value: float, usual: float
) -> float:
    """A surrounding changed for a while; returns a part of it, s: actions may overlap."""
    for_s = source.choice((10.0, 60.0, 300.0, 600.0))
    events += [Event(at_s, "set", name, value=value),
               Event(at_s + for_s, "set", name, value=usual)]  # fmt: skip
    return for_s * source.random()


def watch_visit(seed: int, masked: bool) -> Watched:
    """Live through a visit with a unit of one arm."""
    scenario, events, commands, minutes = draw_visit(seed)
    asked = {**default_prescription(find_board(REFERENCE)), "max_min": minutes}
    files = make_unit_files(masked, asked, PROTOCOL)
    run = Run(scenario, files=files, clock_s=CLOCK_S)
    seen: list[Seen] = []
    listen(run.hal, seen)
    run.continue_with(events, scenario.duration_s)
    warmth: list[Warmth] = []
    acts: list[Act] = []
    due = sorted(commands)
    for step in count():
        if not run.advance(1):
            break
        session = run.unit.session
        stopping = run.unit.faults.latched & faults.STOPPING
        act = Act(run.t_ms, session.state, session.refused, stopping, session.reason)
        if not acts or acts[-1][1:] != act[1:]:
            acts.append(act)
        if step % 5:
            continue
        while due and due[0][0] <= run.t_s:
            run.hal.commands.append(due.pop(0)[1])
        pads = run.unit.pads
        warmth.append(Warmth(
            run.t_ms, tuple(pad.contact_mc / 1000 for pad in pads),
            tuple(pad.cem43.day_q10_ms / 1024 / 60_000 for pad in pads),
            states.STATES[session.state],
        ))  # fmt: skip
    names = sorted(name for name in run.hal.files if name.startswith("journal."))
    journal = b"".join(SECRET.sub(b"", run.hal.files[name]) for name in names)
    given = run.result()["true_fluence_j_cm2"]
    run.close()
    return Watched(seen, journal, warmth, sum(sum(pad.values()) for pad in given.values()),
                   acts)  # fmt: skip


def listen(hal: "SimHal", seen: list[Seen]) -> None:
    """Keep what the unit shows, sounds and says."""

    def shown(row: int, cells: bytes) -> None:
        text = cells.decode("ascii", "replace").rstrip()
        seen.append((hal.t_ms, f"row {row}", CODE.sub("receipt", text)))

    def signalled(cue: int) -> None:
        seen.append((hal.t_ms, "cue", states.CUES[cue]))

    def said(line: bytes) -> None:
        line = SECRET.sub(b"", line)  # of a file as well
        seen.append((hal.t_ms, "line", CODE.sub("receipt", line.decode().strip())))

    hal.on_row, hal.on_cue, hal.on_line = shown, signalled, said


def compare_pair(seed: int) -> tuple[Parting | None, float]:
    """The first thing that was not alike in a pair's visit, or None, and the light that the lit
    unit gave, J/cm2. Raises AssertionError where the dark unit gave light."""
    lit, dark = watch_visit(seed, False), watch_visit(seed, True)
    assert dark.given_j_cm2 == 0.0, f"pair {seed}: the placebo unit gave light"
    pairs = zip([*lit.seen, ()], [*dark.seen, ()], strict=False)
    parted = next(((one, other) for one, other in pairs if one != other), None)
    if parted is None and lit.journal != dark.journal:
        lines = zip(lit.journal.splitlines(), dark.journal.splitlines(), strict=False)
        one, other = next(((a, b) for a, b in lines if a != b), (b"longer", b"shorter"))
        end_ms = lit.warmth[-1].t_ms
        parted = (end_ms, "journal", one.decode()), (end_ms, "journal", other.decode())
    if parted is None:
        return None, lit.given_j_cm2
    return describe_parting(seed, lit, dark, *parted), lit.given_j_cm2


def describe_parting(
    seed: int, lit: Watched, dark: Watched, one: tuple[Any, ...], other: tuple[Any, ...]
) -> Parting:
    """A parting with what went before it."""
    t_ms = min(seen[0] for seen in (one, other) if seen)
    texts = [" ".join(map(str, seen[1:])) if seen and seen[0] == t_ms else "" for seen in
             (one, other)]  # fmt: skip
    _, events, commands, minutes = draw_visit(seed)
    before = [f"{event.at_s:.0f} s {event.name} {shown_value(event)}".strip()
              for event in events if LIT_S <= event.at_s <= t_ms / 1000]  # fmt: skip
    before += [f"{at_s:.0f} s {word.decode()}" for at_s, word in commands if at_s <= t_ms / 1000]
    then = [next((row for row in reversed(unit.warmth) if row.t_ms < t_ms), unit.warmth[0])
            for unit in (lit, dark)]  # fmt: skip
    contacts = zip(then[0].contact_c, then[1].contact_c, strict=True)
    doses = zip(then[0].cem43_min, then[1].cem43_min, strict=True)
    acts = [act for act in acted_apart(lit, dark) if abs(act.t_ms - t_ms) <= TOGETHER_MS]
    actions = f"{minutes} min; " + ", ".join(before)
    return Parting(
        seed, t_ms / 1000, texts[0], texts[1], then[0].state, actions,
        *max(contacts, key=spread), bool(acts), *max(doses, key=spread),
        any(act.reason == states.CEM43 for act in acts),
    )  # fmt: skip


def spread(pair: tuple[float, float]) -> float:
    """How far apart two values are."""
    return abs(pair[0] - pair[1])


def acted_apart(lit: Watched, dark: Watched) -> list[Act]:
    """What each unit did when they first did different things; nothing where they never did."""
    pairs = zip_longest(lit.acts, dark.acts)
    first = next((pair for pair in pairs if pair[0] != pair[1]), ())
    return [act for act in first if act]


def shown_value(event: Event) -> str:
    """What an event changes, in a word."""
    if event.kind == "press":
        return f"{event.hold_ms} ms"
    value = "" if event.value is None else f"{event.value:.4g}"
    lasts = f"for {event.for_s:.0f} s" if event.for_s else ""
    return " ".join(filter(None, (value, event.pad, lasts)))


def sort_of(parting: Parting) -> str:
    """The kind of a parting: the cue or text that one unit had and the other had not."""
    return f"{parting.state}: {shorten(parting.lit)} (lit), {shorten(parting.dark)} (dark)"


def shorten(text: str) -> str:
    """What was said, without the numbers of telemetry."""
    if text.startswith("line {"):
        table = json.loads(text[5:])
        return f"line {table.get('state', '')} {table.get('refused', '')}".strip()
    return text or "nothing"
