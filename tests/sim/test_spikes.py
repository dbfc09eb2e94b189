"""A spike of one sensor: the highest contact that is recorded is what the skin was like."""

import json
from typing import Any

import pytest

from sim.common.story import Event
from sim.faults.hardware import Filter, Hardware
from sim.faults.injectors import CODES_PER_C
from sim.run import Run
from sim.scenario.scenario import parse

SESSION = (
    'duration_s = 200\n[[event]]\nat_s = 2\npress = "START"\n'
    '[[event]]\nat_s = 150\npress = "START"\nhold_ms = 1600\n'
)
SPIKE_C = 5.0
ERROR_C = 0.35  # both sensors', and the pad's lag


def thermistor(hardware: Hardware, event: Event, kept: Any) -> None:
    hardware.levels[0] -= SPIKE_C * CODES_PER_C


def digital(hardware: Hardware, event: Event, kept: Any) -> None:
    hardware.raw[0] += round(SPIKE_C * 128)


def spiked(alter: Any, after_ms: int, length_ms: int) -> Run:
    """A session with a spike of pad A's sensor, in full power."""
    run = Run(parse(SESSION, "s"))
    begun_ms = 100_000 + after_ms

    def turn(t_ms: int, real: Any = run.hal.on_event) -> int:
        hardware = run.hardware
        hardware.filters = []
        if begun_ms <= t_ms < begun_ms + length_ms:
            hardware.add_filter(Filter(Event(0.0, "fault", "ntc_noise"), alter, None))
        due = [ms for ms in (begun_ms, begun_ms + length_ms) if ms > t_ms]
        return int(min([real(t_ms), *due]))

    run.hal.on_event = turn
    run.hal.expect(run.timeline.next_ms())
    run.advance(10**9)
    return run


def recorded(run: Run) -> list[int]:
    rows = [json.loads(line) for line in run.hal.files["journal.0"].splitlines()]
    [end] = [row for row in rows if row["kind"] == "end"]
    found: list[int] = end["highest_mc"]
    return found


@pytest.mark.parametrize("length_ms", [40, 200])
@pytest.mark.parametrize("after_ms", range(0, 400, 40))
@pytest.mark.parametrize("alter", [thermistor, digital])
def test_the_highest_contact_of_the_journal_is_the_true_one(
    alter: Any, after_ms: int, length_ms: int
) -> None:
    run = spiked(alter, after_ms, length_ms)
    for highest_mc, pad in zip(recorded(run), run.plant.pads, strict=True):
        assert abs(highest_mc / 1000 - pad.max_contact_c) < ERROR_C
    assert length_ms > 40 or not run.fault_rows()  # a longer one is a fault


def test_the_spike_was_there() -> None:
    seen = 0

    def note(hardware: Hardware, event: Event, kept: Any) -> None:
        nonlocal seen
        digital(hardware, event, kept)
        seen += 1

    spiked(note, 100, 40)
    assert seen
