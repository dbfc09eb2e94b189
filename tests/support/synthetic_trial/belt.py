"""Scripted participant of a synthetic trial: attends every visit on the real firmware.

Called by `run`, in a process of its own; writes no file. The unit is simulated at HAL depth with
its keys, ticket and signed prescription. Between visits only the files of its flash survive.
"""

import json
import random
import re
from typing import NamedTuple

from firmware.records.keys import FILE as KEYS
from firmware.therapy.calibration import calibration_crc
from firmware.trial import enrolment
from hal.boards import RPI_PICO
from sim.campaign.trial_visit import EFFECT, GUESS, Answer, attend_visit, switch_off
from sim.common.errors import BadInput
from sim.common.story import Scenario, Start
from sim.common.value_record import replace
from sim.run import CALIBRATION, PRESCRIPTION, Run, nominal_calibration, seal_for
from sim.scenario.scenario import SEED_MAX, ordinary
from tests.support.synthetic_trial.blind import Observations, extract_features

CODE = re.compile(r"[0-9A-Z]{4}(-[0-9A-Z]{4}){2}")  # a receipt

DAY_S = 86_400
LATE_S = 2 * 3_600  # a visit begins within this time of the day's hour
FIRST_S = 820_540_800 + 10 * 3_600  # 2026-01-01 10:00


class Script(NamedTuple):
    """A participant's answers: overall pain before and after therapy and an effect by visit, and
    the guess of the arm. Visits beyond the last scripted one are not attended."""

    before: tuple[int, ...]
    after: tuple[int, ...]
    effects: tuple[int, ...]
    guess: int


class Job(NamedTuple):
    """One participant's visits."""

    participant: str
    unit: str
    seed: int
    script: Script
    files: dict[str, bytes]  # of the unit: calibration, keys, ticket, prescription
    interval_days: int


class Attended(NamedTuple):
    """The journal after all visits, and what a blinded person could have seen."""

    participant: str
    journal: dict[str, bytes]
    seen: dict[str, float]
    simulated_s: float
    receipts: tuple[str, ...]  # on the screen at the end of each visit; empty where none was


def render_calibration(unit: str) -> bytes:
    """The nominal calibration of a unit, with its serial."""
    table = {**nominal_calibration(RPI_PICO), "serial": unit}
    del table["crc32"]
    return json.dumps({**table, "crc32": calibration_crc(table, RPI_PICO)}).encode()


def unit_files(unit: str, keys: bytes, ticket: bytes, prescription: bytes) -> dict[str, bytes]:
    """The files of a unit before its first visit."""
    calibration = seal_for(json.loads(render_calibration(unit)), RPI_PICO, keys)
    return {
        CALIBRATION: json.dumps(calibration).encode(),
        KEYS: keys, enrolment.FILE: ticket, PRESCRIPTION: prescription,
    }  # fmt: skip


def attend_visits(job: Job) -> Attended:
    """Run all visits in turn. Raises BadInput where the unit refuses one."""
    source = random.Random(f"{job.seed} {job.participant}")
    files = job.files
    seen = Observations()
    simulated_s = 0.0
    receipts = []
    begins_s = FIRST_S + source.randrange(5) * DAY_S
    for visit in range(1, len(job.script.before) + 1):
        clock_s = begins_s + (visit - 1) * job.interval_days * DAY_S + source.randrange(LATE_S)
        run = Run(draw_scenario(source), files=files, clock_s=clock_s)
        seen.observe(run)
        refused = attend_visit(run, answer_from_script(job.script, source))
        if refused:
            raise BadInput(f"{job.participant}, visit {visit}: the unit refused it: {refused}")
        receipts.append(read_receipt(run))
        switch_off(run)
        seen.end_visit(run)
        files = run.hal.files
        simulated_s += run.t_s
        run.close()
    journal = {name: content for name, content in files.items() if name.startswith("journal.")}
    return Attended(
        job.participant, journal, extract_features(seen, journal), simulated_s, tuple(receipts)
    )


def read_receipt(run: Run) -> str:
    """The receipt on the screen; empty where there is none."""
    found = [code for row in run.hal.rows if (code := CODE.search(row.decode("ascii", "replace")))]
    return found[0][0] if found else ""


def draw_scenario(source: random.Random) -> Scenario:
    """A random room, skin and charge, the same in both arms."""
    start = Start(
        ambient_c=source.uniform(20.0, 26.0), battery_pct=source.uniform(75.0, 98.0),
        perfusion=source.uniform(0.0007, 0.0015), fat_mm=source.uniform(6.0, 16.0),
    )  # fmt: skip
    return replace(ordinary(), seed=source.randrange(SEED_MAX), start=start)


def answer_from_script(script: Script, source: random.Random) -> Answer:
    """The callback of `attend`; a movement's rating lies within one of the overall rating."""

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
