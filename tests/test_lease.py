"""The emitter lease of `hal/lease.py`, on the chip's PIO: it ends by itself, and on time.

Two independent machines run it: the chip's own, which skips countdown passes it knows,
and the `rp2040-pio-emulator` package, instruction by instruction.
"""

import random
from typing import Any

import pytest

from sim.chip import asm
from sim.chip.assembly import Build
from sim.chip.state_machine import StateMachine
from sim.chip.stepwise import Stepwise
from tests.chip_bench import ENABLE, START, Desk, running, steps, story

LEASE_US = 50_000
GRANT_EVERY_US = 20_000
WATCHED_US = 400_000

# A lease written the obvious way: each word is a countdown of its own, and words queue.
QUEUEING = """
from machine import Pin
from rp2 import PIO, StateMachine, asm_pio

@asm_pio(set_init=PIO.OUT_LOW)
def countdown():
    wrap_target()
    set(pins, 0)
    pull(block)
    mov(x, osr)
    label("more")
    set(pins, 1)
    jmp(x_dec, "more")
    wrap()

machine = StateMachine(0, countdown, freq=10_000, set_base=Pin(16))
machine.active(1)
"""


class Granted:
    """The unit's own lease on a bench, and when its pin goes low."""

    def __init__(self, stepwise: bool = False) -> None:
        self.desk = desk = Desk(build=Build(stepwise=stepwise))
        self.lease: Any = desk.program.load("hal.lease").Lease(ENABLE)

    def wait(self, us: int) -> None:
        self.desk.time.sleep_us(us)

    def held_us(self) -> int:
        """For how long from now on the pin is high now and then."""
        return held_us(self.desk)


def held_us(desk: Desk) -> int:
    begun_us = last_us = desk.chip.us
    while desk.chip.us - begun_us < WATCHED_US:
        desk.time.sleep_us(50)
        if desk.pin(ENABLE):
            last_us = desk.chip.us
    return last_us - begun_us


@pytest.fixture(params=[False, True], ids=["skipping", "stepwise"])
def granted(request):
    return Granted(request.param)


def test_before_any_grant_the_switch_is_open(granted):
    granted.wait(100_000)
    assert not granted.lease.closed()


def test_a_grant_closes_the_switch_within_a_millisecond(granted):
    granted.lease.grant()
    granted.wait(1_000)
    assert granted.lease.closed()


def test_the_switch_opens_50_ms_after_the_last_grant(granted):
    for _ in range(5):
        granted.lease.grant()
        granted.wait(GRANT_EVERY_US)
    granted.lease.grant()
    assert granted.held_us() == pytest.approx(LEASE_US, abs=1_000)


@pytest.mark.parametrize("grants", [2, 4, 20, 200])
def test_many_grants_at_once_do_not_prolong(granted, grants):
    for _ in range(grants):
        granted.lease.grant()
    assert granted.held_us() <= LEASE_US + 2_500  # four waiting words are used up in four passes


def test_grants_that_come_too_often_do_not_prolong(granted):
    for _ in range(300):
        granted.lease.grant()
        granted.wait(100)
    assert granted.held_us() <= LEASE_US + 2_500


def test_a_grant_never_waits(granted):
    for _ in range(50):
        assert granted.desk.took_us(granted.lease.grant) < 500


def test_a_drop_opens_the_switch_at_once(granted):
    granted.lease.grant()
    granted.wait(5_000)
    assert granted.desk.took_us(granted.lease.drop) < 100
    assert not granted.lease.closed()
    granted.wait(200_000)
    assert not granted.lease.closed()


def test_words_that_wait_are_gone_after_a_drop(granted):
    for _ in range(4):
        granted.lease.grant()
    granted.lease.drop()
    granted.lease.grant()
    assert granted.held_us() <= LEASE_US + 1_000


def test_it_can_be_granted_again_after_it_ran_out(granted):
    granted.lease.grant()
    granted.wait(100_000)
    assert not granted.lease.closed()
    granted.lease.grant()
    granted.wait(10_000)
    assert granted.lease.closed()
    assert granted.held_us() == pytest.approx(LEASE_US - 10_000, abs=1_000)


def test_it_runs_out_while_the_program_is_stuck_without_an_operation(granted):
    granted.lease.grant()
    granted.wait(200_000)  # one single operation
    assert not granted.lease.closed()


def test_a_queueing_lease_is_caught():
    desk = Desk()
    desk.unit.flash.files["main.py"] = QUEUEING.encode()
    assert desk.program.run("main.py") == "done"
    machine: Any = desk.program.main["machine"]
    passes = 300  # two instructions each: 60 ms
    for _ in range(20):
        if machine.tx_fifo() < 4:
            machine.put(passes)
        desk.time.sleep_us(GRANT_EVERY_US)
    assert held_us(desk) > 4 * LEASE_US


# -- the machines themselves -------------------------------------------------------------------


def trace(machine: StateMachine, puts: list[tuple[int, int]], until: int) -> list[tuple[int, ...]]:
    """State at each put and at the end."""
    seen: list[tuple[int, ...]] = []
    for cycle, word in [*puts, (until, -1)]:
        machine.run(cycle)
        seen.append((machine.cycle, machine.pc, machine.x, machine.osr, machine.out,
                     len(machine.fifo)))  # fmt: skip
        if word >= 0 and len(machine.fifo) < 4:
            machine.fifo.append(word)
    return seen


def machines() -> tuple[StateMachine, StateMachine]:
    """The unit's countdown, on both."""
    made = []
    countdown = Desk().program.load("hal.lease").__dict__["_countdown"]
    for kind in (StateMachine, Stepwise):
        machine = kind()
        machine.load(countdown)
        machine.set_base, machine.set_count = ENABLE, 1
        machine.oe = 1 << ENABLE
        machine.div256 = 12_500 * 256  # 10 000 instructions a second
        machine.enabled = True
        made.append(machine)
    return made[0], made[1]


@pytest.mark.parametrize("seed", range(30))
def test_skipping_passes_equals_stepping_each_instruction(seed):
    draw = random.Random(seed)
    puts, cycle = [], 0
    for _ in range(25):
        cycle += draw.choice([1, 2, 3, 7, 50, 200, 200, 201, 900])
        puts.append((cycle, draw.choice([0, 1, 2, 3, 99, 99, 99, 150])))
    fast, slow = machines()
    assert trace(fast, puts, cycle + 2_000) == trace(slow, puts, cycle + 2_000)


@pytest.mark.parametrize("word", [0, 1, 2, 3, 5, 99])
def test_the_foretold_edge_is_when_the_pin_changes(word):
    fast, slow = machines()
    for machine in (fast, slow):
        machine.run(40)
        machine.fifo.append(99)
        machine.run(100)
        machine.fifo.append(word)
    edge_us = fast.next_edge_us()
    assert edge_us == slow.next_edge_us()
    before = fast.cycles_at(edge_us) - 1
    for machine in (fast, slow):
        machine.run(before)
        assert machine.out >> ENABLE & 1
        machine.run(before + 1)
        assert not machine.out >> ENABLE & 1


def test_a_session_begins_alike_on_both_machines():
    seen = []
    for build in (Build(), Build(stepwise=True)):
        with running(story(START, duration_s=20.0), build) as run:
            rows: list[object] = []
            run.trace(rows.append)
            run.advance(steps(20.0))
            seen.append(rows)
    assert seen[0] == seen[1]


# RP2040 data sheet 3.4, and MicroPython's documentation of asm_pio_encode.
@pytest.mark.parametrize(("instruction", "opcode"), [
    ("set(0, 1)", 0xE001), ("set(1, 31)", 0xE03F), ("set(4, 1)", 0xE081), ("nop()", 0xA042),
    ("mov(x, osr)", 0xA027), ("mov(osr, x)", 0xA0E1), ("mov(x, invert(y))", 0xA02A),
    ("mov(y, reverse(isr))", 0xA056), ("pull()", 0x80A0), ("pull(block)", 0x80A0),
    ("pull(noblock)", 0x8080), ("pull(ifempty, block)", 0x80E0), ("push()", 0x8020),
    ("push(noblock)", 0x8000), ("out(pins, 1)", 0x6001), ("out(x, 32)", 0x6020),
    ("in_(pins, 8)", 0x4008), ("wait(1, gpio, 5)", 0x2085), ("wait(0, pin, 2)", 0x2022),
    ("irq(clear, 3)", 0xC043), ("irq(rel(0))", 0xC010), ("nop()[31]", 0xBF42),
])  # fmt: skip
def test_an_instruction_has_the_data_sheets_opcode(instruction, opcode):
    assert asm.encode(instruction) == opcode


def assembled(body: str, settings: str = "") -> Any:
    """A program of these lines."""
    lines = "".join([f"    {line}\n" for line in body.split("; ")])
    scope: dict[str, Any] = {"asm_pio": asm.asm_pio}
    exec(f"@asm_pio({settings})\ndef program():\n{lines}", scope)
    return scope["program"]


@pytest.mark.parametrize(("condition", "bits"), [
    ("not_x", 1), ("x_dec", 2), ("not_y", 3), ("y_dec", 4), ("x_not_y", 5), ("pin", 6),
    ("not_osre", 7),
])  # fmt: skip
def test_a_jump_has_its_condition_in_bits_5_to_7(condition, bits):
    program = assembled(f"nop(); label('here'); jmp({condition}, 'here'); jmp('here')")
    assert list(program[0]) == [0xA042, bits << 5 | 1, 0x0001]


def test_wrap_and_side_set_are_as_the_port_packs_them():
    program = assembled("nop().side(0); wrap_target(); nop().side(1)[3]; wrap()", "sideset_init=1")
    assert list(program[0]) == [0xA042, 0xA042 | 1 << 12 | 3 << 8]
    assert program[4] == 1 << 7 | 1 << 12


@pytest.mark.parametrize("body", [
    "jmp('nowhere')", "label('twice'); label('twice'); nop()", "nop()[32]", "nop().side(1)",
    "out(pins, 33)",
])  # fmt: skip
def test_a_program_with_a_mistake_is_refused(body):
    with pytest.raises(asm.PIOASMError):
        assembled(body)
