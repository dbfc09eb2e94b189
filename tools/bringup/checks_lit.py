"""Checks of the bring-up that close the supply switch or light emitters, each for 20 ms at most.

Called by `tools.bringup.session` in the order of `tools.bringup.steps`, after every dark step has
passed. The last steps of the table are here too: the calibration, which lights nothing, and ALERT.
"""

from tools.bringup import programs
from tools.bringup.checks_dark import bus_constants
from tools.bringup.session import Bringup
from tools.bringup.verdict import Verdict
from tools.bringup.wires import (
    ALERT_HIGH,
    ALERT_LOW,
    CONTACTS,
    HIGH_LIMIT,
    LOW_LIMIT,
    PADS,
    PARTS,
    RAIL_FAST,
    bus_wires,
    pin,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

DARK_MA = 12.0  # zero of the monitor (2 mA), drivers' own draw (assumed 2), inrush that fades
# 49.8 to 50.4 by `hal/lease.py`; four grants are 1.5 ms more; the loop that measures.
LEASE_MS = (49.0, 53.0)
LIT_MOST_MS = programs.LIT_MS + 2.0
# Share of the board file's current: the same as `waistband calibrate` allows.
SHARE = (0.5, 1.25)
REFERENCE_V = 7.4  # of the pack, to which a calibration's reference currents refer


def lit_constants(bringup: Bringup) -> "dict[str, Any]":
    """What every lit program needs."""
    board = bringup.board
    return dict(
        bus_constants(bringup), banks=board.BANKS, enable=board.PIN_ENABLE,
        pack=board.PINS_ADC[2], fast=RAIL_FAST, dark_ma=DARK_MA, lit_ms=programs.LIT_MS,
    )  # fmt: skip


def list_banks(board: "Any") -> "list[tuple[str, int, int]]":
    """(name, GPIO, electrical mW at full duty) of each bank, pad A first."""
    return [
        (f"bank {row[0]} nm of pad {pad}", row[1 + side], row[3])
        for side, pad in enumerate(PADS)
        for row in board.BANKS
    ]


def check_lease(bringup: Bringup, verdict: Verdict) -> None:
    """The lease holds the switch 50 ms for one grant and for four; no bank's pin is high."""
    high, ma, dropped, held = bringup.ask(programs.LEASE, touches=True, **lit_constants(bringup))
    enable = pin(bringup.board.PIN_ENABLE)
    if not high:
        verdict.fail("lease.low", pin=enable)
        return
    if ma is None:
        verdict.fail("lease.rail", wires=bus_wires(bringup.board, 0))
        return
    verdict.values["dark_ma"] = ma
    if dropped:
        verdict.fail("lease.stays", pin=enable)
    if ma >= DARK_MA:
        pins = ", ".join(pin(number) for _, number, _ in list_banks(bringup.board))
        verdict.fail("lease.current", ma=ma, pins=pins)
    held_ms = [us / 1000 for us in held]
    verdict.values["held_ms"] = held_ms
    for ms in held_ms:
        if not LEASE_MS[0] <= ms <= LEASE_MS[1]:
            verdict.fail("lease.long", ms=ms, low=LEASE_MS[0], high=LEASE_MS[1])


def check_switch(bringup: Bringup, verdict: Verdict) -> None:
    """With the switch open, no bank draws a current although its pin is high."""
    answer = bringup.ask(programs.SWITCH, touches=True, **lit_constants(bringup))
    enable = pin(bringup.board.PIN_ENABLE)
    verdict.values["open_ma"] = answer
    for (name, _, _), ma in zip(list_banks(bringup.board), answer):
        if ma is None:
            verdict.fail("lease.rail", wires=bus_wires(bringup.board, 0))
            return
        if ma >= DARK_MA:
            verdict.fail("switch.closed", ma=ma, name=name, pin=enable)


def check_banks(bringup: Bringup, verdict: Verdict) -> None:
    """Each bank at full current for 20 ms against the board file; then the switch opens and the
    current ends. The first bank that stays on, or is lit too long, ends the step."""
    board = bringup.board
    bringup.person.do("cover")
    banks = list_banks(board)
    shares = []
    rows = []
    for bank, (name, number, mw) in enumerate(banks):
        high, ma, left, code, lit_us = bringup.ask(
            programs.BANK, touches=True, bank=bank, **lit_constants(bringup)
        )
        if not high:
            verdict.fail("lease.low", pin=pin(board.PIN_ENABLE))
            return
        if ma is None or left is None:
            verdict.fail("lease.rail", wires=bus_wires(board, 0))
            return
        pack_v = code * board.BATTERY_FULL_SCALE_MV / 4096 / 1000
        shares.append(ma * pack_v / mw)
        rows.append({"name": name, "gpio": number, "ma": ma, "share": round(shares[-1], 3),
                     "reference_ma": round(ma * pack_v / REFERENCE_V, 1), "lit_ms": lit_us / 1000,
                     "opened_ma": left})  # fmt: skip
        verdict.values["banks"] = rows
        if left >= DARK_MA:
            verdict.fail("banks.stays", name=name, ma=left, pin=pin(board.PIN_ENABLE))
            return
        if lit_us / 1000 > LIT_MOST_MS:
            verdict.fail("banks.long", name=name, ms=lit_us / 1000, most=LIT_MOST_MS)
            return
    judge_banks(board, rows, shares, verdict)


def judge_banks(
    board: "Any", rows: "list[dict[str, Any]]", shares: "list[float]", verdict: Verdict
) -> None:
    """Judge the banks' currents, as shares of what the board file says."""
    if all(row["ma"] < DARK_MA for row in rows):
        verdict.fail("banks.all_dark", pin=pin(board.PIN_ENABLE))
        return
    swapped = find_swaps(board, shares, verdict)
    for bank, (name, number, mw) in enumerate(list_banks(board)):
        wanted = mw * rows[bank]["ma"] / (shares[bank] * mw) if shares[bank] else mw / REFERENCE_V
        if rows[bank]["ma"] < DARK_MA:
            verdict.fail("banks.dark", name=name, ma=rows[bank]["ma"], wanted=wanted,
                         pin=pin(number))  # fmt: skip
        elif bank not in swapped and not SHARE[0] <= shares[bank] <= SHARE[1]:
            verdict.fail("banks.off", name=name, ma=rows[bank]["ma"], low=SHARE[0] * wanted,
                         high=SHARE[1] * wanted)  # fmt: skip


def find_swaps(board: "Any", shares: "list[float]", verdict: Verdict) -> "set[int]":
    """Find banks of a pad that draw each other's currents; return those that fail so."""
    banks = list_banks(board)
    kinds = len(board.BANKS)
    swapped: set[int] = set()
    for one, (name, number, mw) in enumerate(banks):
        for two in range(one + 1, kinds * (one // kinds + 1)):
            other, other_pin, other_mw = banks[two]
            mine, theirs = shares[one] * mw / other_mw, shares[two] * other_mw / mw
            as_is = abs(shares[one] - 1) + abs(shares[two] - 1)
            words = {"name": name, "other": other, "pin": pin(number), "other_pin": pin(other_pin)}
            if abs(mine - 1) + abs(theirs - 1) >= as_is / 2 or not shares[one] or not shares[two]:
                continue
            if all(SHARE[0] <= shares[bank] <= SHARE[1] for bank in (one, two)):
                verdict.note("banks.alike", **words)
            else:
                verdict.fail("banks.swapped", **words)
                swapped |= {one, two}
    return swapped


def check_alert(bringup: Bringup, verdict: Verdict) -> None:
    """Each contact thermometer's ALERT opens the switch in hardware, and lets it close again."""
    for side, pad in enumerate(PADS):
        title = PARTS[side].title
        code, held, back, right = bringup.ask(
            programs.ALERT, touches=True, address=CONTACTS[side], high_limit=HIGH_LIMIT,
            low_limit=LOW_LIMIT, high=ALERT_HIGH, low=ALERT_LOW, **lit_constants(bringup),
        )  # fmt: skip
        if code is None or held is None or back is None:
            verdict.fail("alert.silent", title=title, wires=bus_wires(bringup.board, 0))
            continue
        verdict.values[pad] = {"alert_ma": held, "after_ma": back}
        if held >= DARK_MA:
            verdict.fail("alert.open", title=title, ma=held)
        if back < DARK_MA:
            verdict.fail("alert.stuck", title=title)
        if not right:
            verdict.fail("alert.limits", title=title)
