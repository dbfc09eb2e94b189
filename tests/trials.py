"""A unit with a ticket of a trial: what the allocator makes, and a belt that has it."""

import json
from typing import Any

from firmware import seal, signed, ticket
from firmware.keys import FILE as KEYS
from tests.fake_hal import SHORT, Bench
from tests.keyed import KEY, SERIAL, installed, made

TICKETS = seal.derived(KEY, ticket.PURPOSE)
SEALING = bytes(range(100, 132))  # what this unit's records are sealed with
PROTOCOL: dict[str, Any] = {**ticket.DEFAULT, "movements": ["Rotate left", "Bend forward"]}
PUBLIC: dict[str, Any] = {
    "participant": "P-07", "protocol": PROTOCOL, "salt": "0123456789abcdef" * 2,
    "trial": "WB-PILOT", "unit": SERIAL,
}  # fmt: skip


def ticket_of(masked: bool, signed_with: bytes = TICKETS, **changed: Any) -> bytes:
    """A ticket that the unit takes, but for what is changed."""
    protocol = {**PROTOCOL, **changed.pop("protocol", {})}
    table = ticket.made({**PUBLIC, "protocol": protocol}, masked, SEALING, TICKETS)
    table.update(changed)
    return signed.sealed(json.dumps(table, sort_keys=True, separators=(",", ":")).encode(), signed_with)


def ticketed(
    masked: bool, prescription: dict[str, Any] = SHORT, content: bytes | None = None, **changed: Any
) -> Bench:
    """A unit with keys, a clock and a ticket; `content` in its place."""
    bench = Bench(made(prescription=prescription))
    bench.hal.files[KEYS] = installed()
    bench.hal.files[ticket.FILE] = ticket_of(masked, **changed) if content is None else content
    bench.hal.clock_s = CLOCK_S
    bench.reset()
    return bench


CLOCK_S = 9_500 * 86_400 + 43_200  # noon of a day
DAY_S = 86_400
