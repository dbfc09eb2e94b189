"""A scripted participant of a synthetic trial: each visit through the real firmware, simulated.

The unit is the simulator's at HAL depth, with its keys, its ticket and its signed prescription;
between visits only what its flash keeps goes on. Questions are answered with its buttons.
"""

import json
import random
from dataclasses import dataclass

from firmware.records.keys import FILE as KEYS
from firmware.therapy.prescription import calibration_crc
from firmware.trial import enrolment
from hal.boards import RPI_PICO
from sim.campaign.trial_visit import EFFECT, GUESS, Answer, attend, switch_off
from sim.common.errors import BadInput
from sim.common.story import Scenario, Start
from sim.common.value_record import replace
from sim.run import CALIBRATION, PRESCRIPTION, Run, nominal_calibration
from sim.scenario.scenario import SEED_MAX, ordinary
from tools.trial.blind import Observations, extract_features

DAY_S = 86_400
LATE_S = 2 * 3_600  # a visit is begun within so much of the day's hour
FIRST_S = 820_540_800 + 10 * 3_600  # 2026-01-01 10:00


@dataclass(frozen=True)
class Script:
    """What a participant answers: of each visit, overall pain before therapy and after; effects
    and the guess. A visit beyond the last that is scripted is not attended."""

    before: tuple[int, ...]
    after: tuple[int, ...]
    effects: tuple[int, ...]
    guess: int


@dataclass(frozen=True)
class Job:
    """One participant, to be lived through in a process of its own."""

    participant: str
    unit: str
    seed: int
    script: Script
    files: dict[str, bytes]  # keys, ticket, prescription
    interval_days: int


@dataclass(frozen=True)
class Attended:
    """What is left of it: the journal, and what a blinded person could have seen."""

    participant: str
    journal: dict[str, bytes]
    seen: dict[str, float]
    simulated_s: float


def render_calibration(unit: str) -> bytes:
    """The calibration of a unit of this serial that is as its board file says."""
    table = {**nominal_calibration(RPI_PICO), "serial": unit}
    del table["crc32"]
    return json.dumps({**table, "crc32": calibration_crc(table, RPI_PICO)}).encode()


def unit_files(unit: str, keys: bytes, ticket_file: bytes, prescription: bytes) -> dict[str, bytes]:
    """What is put onto a unit before its first visit."""
    return {CALIBRATION: render_calibration(unit), KEYS: keys, enrolment.FILE: ticket_file,
            PRESCRIPTION: prescription}  # fmt: skip


def attend_visits(job: Job) -> Attended:
    """All visits, one after the other. Raises BadInput where the unit refuses one."""
    source = random.Random(f"{job.seed} {job.participant}")
    files = job.files
    seen = Observations()
    simulated_s = 0.0
    begins_s = FIRST_S + source.randrange(5) * DAY_S
    for visit in range(1, len(job.script.before) + 1):
        clock_s = begins_s + (visit - 1) * job.interval_days * DAY_S + source.randrange(LATE_S)
        run = Run(draw_scenario(source), files=files, clock_s=clock_s)
        seen.watch(run)
        refused = attend(run, answer_from_script(job.script, source))
        if refused:
            raise BadInput(f"{job.participant}, visit {visit}: the unit refused it: {refused}")
        switch_off(run)
        seen.leave(run)
        files = run.hal.files
        simulated_s += run.t_s
        run.close()
    journal = {name: content for name, content in files.items() if name.startswith("journal.")}
    return Attended(job.participant, journal, extract_features(seen, journal), simulated_s)


def draw_scenario(source: random.Random) -> Scenario:
    """Somebody's room, skin and charge on a day; nothing of it knows the arm."""
    start = Start(
        ambient_c=source.uniform(20.0, 26.0), battery_pct=source.uniform(75.0, 98.0),
        perfusion=source.uniform(0.0007, 0.0015), fat_mm=source.uniform(6.0, 16.0),
    )  # fmt: skip
    return replace(ordinary(), seed=source.randrange(SEED_MAX), start=start)


def answer_from_script(script: Script, source: random.Random) -> Answer:
    """As `sim.campaign.trial_visit.attend` asks: movements lie within one of overall."""

    def answer(visit: int, when: str, item: str) -> int:
        if item == EFFECT:
            return script.effects[visit - 1]
        if item == GUESS:
            return script.guess
        overall = (script.before if when == "before" else script.after)[visit - 1]
        if item == enrolment.OVERALL:
            return overall
        return min(max(overall + source.choice((-1, 0, 0, 1)), 0), 10)

    return answer
