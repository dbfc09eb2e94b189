"""A unit with a ticket of a trial: what the allocator makes, and a belt that has it."""

import json
from typing import Any

from firmware.records import mac, signed_prescription
from firmware.records.keys import FILE as KEYS
from firmware.trial import enrolment, visits
from sim.run import nominal_calibration, seal_for
from sim.scenario.enrolment import DEFAULT
from sim.scenario.enrolment import make_enrolment as made_ticket
from tests.support.clocks import turn_clock
from tests.support.fake_hal import BOARD, MOMENT_MS, SHORT, START, UP, Bench
from tests.support.keyed_unit import KEY, SERIAL, installed, made

TICKETS = mac.derive_key(KEY, enrolment.PURPOSE)
SEALING = bytes(range(100, 132))  # what this unit's records are sealed with
PROTOCOL: dict[str, Any] = {**DEFAULT, "movements": ["Rotate left", "Bend forward"]}
SIM = "SIM-0001"
PUBLIC: dict[str, Any] = {
    "participant": "P-07", "protocol": PROTOCOL, "salt": "0123456789abcdef" * 2,
    "trial": "WB-PILOT", "unit": SERIAL,
}  # fmt: skip


def ticket_of(masked: bool, signed_with: bytes = TICKETS, **changed: Any) -> bytes:
    """A ticket that the unit takes, but for what is changed."""
    protocol = {**PROTOCOL, **changed.pop("protocol", {})}
    table = made_ticket({**PUBLIC, "protocol": protocol}, masked, SEALING, TICKETS)
    table.update(changed)
    inner = json.dumps(table, sort_keys=True, separators=(",", ":")).encode()
    return signed_prescription.sign(inner, signed_with)


def ticketed(
    masked: bool, prescription: dict[str, Any] | None = None, content: bytes | None = None,
    **changed: Any,
) -> Bench:  # fmt: skip
    """A unit with keys, a clock and a ticket; `content` in its place."""
    ticket_file = ticket_of(masked, **changed) if content is None else content
    signed_for_it = made(prescription=prescription or BRIEF)
    return Bench(signed_for_it, files=files_with(ticket_file), clock_s=CLOCK_S)


def files_with(ticket_file: bytes) -> dict[str, bytes]:
    """What a unit in a trial keeps at first."""
    return {KEYS: installed(), enrolment.FILE: ticket_file}


def sim_files(masked: bool, prescription: dict[str, Any], **changed: Any) -> dict[str, bytes]:
    """The same of a unit of the simulator, with its prescription."""
    return {
        **files_with(ticket_of(masked, unit=SIM, **changed)),
        "prescription.json": made(prescription=prescription, unit=SIM),
        "calibration.json": json.dumps(
            seal_for(nominal_calibration(BOARD), BOARD, installed())
        ).encode(),
    }


# -- a person, and what they find --------------------------------------------------------------


def shown(bench: Bench) -> list[str]:
    """The rows of the screen, as last drawn."""
    rows = [""] * 8
    for call in bench.hal.calls:
        if call[0] == "show":
            rows[call[1]] = call[2].decode().rstrip()
    return rows


def records(bench: Bench, *kinds: str) -> list[dict[str, Any]]:
    """The journal's records of these kinds, or all."""
    content = b"".join(
        bench.hal.files[name] for name in sorted(bench.hal.files) if name.startswith("journal.")
    )
    rows = [json.loads(line) for line in content.splitlines()]
    return [row for row in rows if not kinds or row["kind"] in kinds]


def told(bench: Bench) -> list[tuple[Any, ...]]:
    """What the journal says of the trial: kind and values."""
    return [
        (row["kind"], *(row[key] for key in visits.RECORDS[row["kind"]]))
        for row in records(bench, *visits.RECORDS)
    ]


def choose(bench: Bench, value: int) -> None:
    """UP as often as it takes."""
    for _ in range(value + 1):
        bench.press(UP)


def rate(bench: Bench, *values: int) -> None:
    """Answer what is asked, one after the other."""
    bench.run(MOMENT_MS)
    for value in values:
        choose(bench, value)
        bench.press(START)


def come(bench: Bench, days: int = 0) -> Bench:
    """So many days later, START."""
    turn_clock(bench.hal, bench.unit.clock, (bench.hal.clock_s or 0) + days * DAY_S)
    bench.run(MOMENT_MS)
    bench.press(START)
    return bench


def treated(bench: Bench) -> None:
    """Therapy, to its end, and the moment in which the unit asks again."""
    bench.until("TREAT", 60_000)
    bench.until("DONE", 120_000)
    bench.run(2 * MOMENT_MS)


CLOCK_S = 9_500 * 86_400 + 43_200  # noon of a day
DAY_S = 86_400
BRIEF: dict[str, Any] = {**SHORT, "max_min": 1}  # a session of a minute


FIRST = [("ticket", "WB-PILOT", "P-07"), ("visit", 1, "opened")]
BASELINE = [
    *FIRST, ("rating", 1, "before", "Overall", 6), ("rating", 1, "before", "Rotate left", 7),
    ("rating", 1, "before", "Bend forward", 8), ("effect", 1, 0), ("visit", 1, "done"),
]  # fmt: skip


def begun(masked: bool = False, **protocol: Any) -> Bench:
    """A unit at its first visit."""
    bench = ticketed(masked, protocol=protocol).to_ready()
    bench.press(START)
    return bench


def baseline(masked: bool = False, **protocol: Any) -> Bench:
    """A unit whose first visit is done."""
    bench = begun(masked, **protocol)
    rate(bench, 6, 7, 8, 0)
    assert bench.state == "DONE"
    return bench
