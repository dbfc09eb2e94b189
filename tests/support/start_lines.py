"""The lines of a start: what a unit finds in its files, and which lines that reaches.

For tests/firmware/test_every_line.py, which strikes each of them.
"""

import functools
import json

from firmware.core import states
from firmware.records.persistent_state import DAY, FAULT, LIFTED
from sim.common.default_prescription import DEFAULT
from sim.run import Run
from tests.support.enrolled_unit import CLOCK_S, sim_files
from tests.support.every_line import (
    LONG_S,
    Tracer,
    saved,
    state,
)

REFUSED = "a prescription that is refused"
OWN_COURSE = "a day long ago of this prescription"
HOURS_AGO = "a day of which hours are over"
SUMS = b'"treat_ms": 0, "cem43_a_q10_ms": 1, "cem43_b_q10_ms": 1, "day_ms": 1'
RECORDS: dict[str, dict[str, bytes]] = {
    "nothing": {},
    REFUSED: {},
    "a hard fault": {
        FAULT: b'{"fault": "enable_stuck", "pad": "", "value": 40, "limit": 15}',
    },
    "a ticket": sim_files(True, DEFAULT),
    "a ticket that was altered": {**sim_files(True, DEFAULT), "trial.json": b"?"},
    "a hard fault that lacks a number": {FAULT: b'{"fault": "enable_stuck", "pad": ""}'},
    "a fault of no name": {FAULT: b'{"fault": "?", "pad": "", "value": 40, "limit": 15}'},
    "no JSON": {FAULT: b"{", DAY: b"{"},
    "a day": {
        DAY: b'{"treat_ms": 1, "cem43_a_q10_ms": 1, "cem43_b_q10_ms": 1, "day_ms": 1, '
        b'"clock_s": 820584000}',
    },
    "a fault that was lifted": {FAULT: LIFTED},
    "a version and a pack's resistance": {
        DAY: b'{%s, "version": 2, "cell_mohm": 100}' % SUMS,
    },
    "hours that are no list": {DAY: b'{%s, "hours": 3}' % SUMS},
    "hours that are no numbers": {DAY: b'{%s, "hours": [%s"?"]}' % (SUMS, b"0, " * 95)},
    "sessions of another prescription": {DAY: b'{%s, "hours": [%s1]}' % (SUMS, b"0, " * 95)},
    "what was given of another prescription": {
        DAY: b'{%s, "course": [1%s]}' % (SUMS, b", 0" * 12),
    },
    OWN_COURSE: {},
    HOURS_AGO: {},
    "a day that is over": {
        DAY: b'{"treat_ms": 1, "cem43_a_q10_ms": 1, "cem43_b_q10_ms": 1, "day_ms": 1, '
        b'"clock_s": 1}',
    },
}


def starting(what: str) -> Run:
    """A unit that treats, with these records on its flash."""
    treating = next(one for one in saved() if state(one.fork()) == "TREAT")
    run = treating.fork()
    run.continue_with((), LONG_S)
    run.hal.files = dict(RECORDS[what])
    run.prescription = RECORDS[what].get("prescription.json", run.prescription)
    if what == REFUSED:
        run.prescription = {}
    if what == OWN_COURSE:
        course = run.unit.session.course
        given = json.dumps([course.mark, course.number] + [0] * 11).encode()
        run.hal.files[DAY] = b'{%s, "course": %s}' % (SUMS, given)
    if what == HOURS_AGO:
        run.hal.clock_s = CLOCK_S
        run.hal.files[DAY] = b'{%s, "clock_s": %d}' % (SUMS, CLOCK_S - 7_300)
    return run


@functools.cache
def starts() -> tuple[tuple[str, int, str], ...]:
    """(file, line, records) of every line that making the firmware anew reaches."""
    found: dict[tuple[str, int], str] = {}
    for what in RECORDS:
        run = starting(what)
        tracer = Tracer(run)
        tracer.watch(functools.partial(run.lifecycle.make_firmware, states.NOT_LOCKED))
        for _, file, line in tracer.hits:
            found.setdefault((file, line), what)
    return tuple((file, line, what) for (file, line), what in found.items())
