"""A visit through the unit's own `main.py` and `hal/` on the simulated chip."""

import pytest

from firmware.core import states
from firmware.trial import visits
from sim.common.default_prescription import DEFAULT
from sim.common.story import Event
from sim.common.value_record import replace
from sim.driver_depth.unit_build import Build
from sim.scenario.scenario import ordinary
from tests.support.chip_programs import ChipRun
from tests.support.enrolled_unit import sim_files

PRESSES = ((4.0, "START"), (6.0, "UP"), (7.0, "START"), (90.0, "DOWN"), (91.0, "START"))
PROTOCOL = {"baseline_therapy": True, "movements": [], "rate_after": False}


@pytest.mark.parametrize("masked", [False, True])
def test_a_visit_with_therapy_at_driver_depth(masked: bool) -> None:
    files: dict[str, bytes | None] = {
        **sim_files(masked, {**DEFAULT, "max_min": 1}, protocol=PROTOCOL)
    }
    events = tuple(Event(at_s, "press", name, hold_ms=150) for at_s, name in PRESSES)
    scenario = replace(ordinary(), events=events, duration_s=95.0, until_done=False)
    run = ChipRun(scenario, build=Build(files=files))
    run.advance(10**6)
    trial = run.unit.trial
    assert trial and trial.progress.content().startswith(b'{"trial": "WB-PILOT"')
    assert (trial.progress.visit, trial.progress.stage) == (1, visits.CLOSED)
    assert (run.unit.session.state, run.unit.session.reason) == (states.DONE, states.TIME)
    given = run.result()["true_fluence_j_cm2"]
    total = sum(sum(pad.values()) for pad in given.values())
    assert total == 0.0 if masked else total > 0.5
