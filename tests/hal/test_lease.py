"""The emitter lease of `hal/lease.py`, on the chip's PIO: it ends by itself, and on time.

Two independent machines run it: the chip's own, which skips countdown passes it knows,
and the `rp2040-pio-emulator` package, instruction by instruction.
"""

from functools import cache
from itertools import accumulate
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sim.driver_depth import asm
from sim.driver_depth.state_machine import FIFO, StateMachine
from sim.driver_depth.unit_build import Build
from tests.support.chip_programs import ENABLE, START, Desk, running, steps, story
from tests.support.stepwise import Stepwise

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

    def __init__(self, pio: type[StateMachine] = StateMachine) -> None:
        self.desk = desk = Desk(build=Build(pio=pio))
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


@pytest.fixture(params=[StateMachine, Stepwise], ids=["skipping", "stepwise"])
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
        seen.append((machine.cycle, machine.pc, machine.x, machine.osr, machine.level,
                     len(machine.fifo)))  # fmt: skip
        if word >= 0 and len(machine.fifo) < FIFO:
            machine.fifo.append(word)
    return seen


def both(program: asm.Program) -> tuple[StateMachine, StateMachine]:
    """A program on the chip's own machine and on the package's."""
    made = StateMachine(), Stepwise()
    for machine in made:
        machine.load(program)
        machine.pin = ENABLE
        machine.div256 = 12_500 * 256  # 10 000 instructions a second
        machine.enabled = True
    return made


@cache
def countdown() -> asm.Program:
    """The unit's own program."""
    program: asm.Program = Desk().program.load("hal.lease").__dict__["_countdown"]
    return program


def machines() -> tuple[StateMachine, StateMachine]:
    """The unit's countdown, on both."""
    return both(countdown())


def programs() -> st.SearchStrategy[asm.Program]:
    """Any words that the assembler can make, with any wrap."""

    @st.composite
    def program(draw: st.DrawFn) -> asm.Program:
        length = draw(st.integers(1, 9))
        number = st.integers(0, 3) | st.just(31)

        def word(row: tuple[object, ...], opcode: int) -> st.SearchStrategy[int]:
            field = {"jmp": st.integers(0, length - 1), "set": number}.get(str(row[0]), st.just(0))
            return field.map(lambda low: opcode | low)

        one = st.one_of([word(row, opcode) for row, opcode in asm.OPCODES.items()])
        words = draw(st.lists(one, min_size=length, max_size=length))
        target = draw(st.integers(0, length - 1))
        first = max(target, min(1, length - 1))  # the package takes 0 as no wrap at all
        top = draw(st.integers(first, length - 1))
        if top < length - 1:
            words[-1] = asm.OPCODES["jmp",] | target  # nothing stands behind it
        return asm.Program(words, target, top, 2)

    return program()


WORDS = st.sampled_from([0, 1, 2, 3, 31, 32, 33, 34, 40, 99, 99, 150, 2**32 - 1])
WAITS = st.sampled_from([1, 2, 3, 7, 50, 200, 200, 201, 900])
PUTS = st.lists(st.tuples(WAITS, WORDS), max_size=8)


def at_cycles(waits: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Puts at cycles from the beginning, not from the put before."""
    cycles = accumulate(wait for wait, _ in waits)
    return [(cycle, word) for cycle, (_, word) in zip(cycles, waits, strict=True)]


@given(waits=PUTS)
@settings(max_examples=40, deadline=None)
def test_the_lease_runs_alike_on_both_machines(waits: list[tuple[int, int]]) -> None:
    fast, slow = machines()
    puts = at_cycles(waits)
    until = (puts[-1][0] if puts else 0) + 2_000
    assert trace(fast, puts, until) == trace(slow, puts, until)


# Passes of a countdown that look alike and are not: one counts X down within a pass, and takes
# fewer cycles each time; one sees X at zero five passes before the countdown's end.
PULL, TO_X = 0x8080, 0xA027
NESTED = asm.Program([PULL, TO_X, 0x0042, TO_X, 0x0040, 0xE001], 0, 5, 2)
EARLY = asm.Program(
    [PULL, TO_X, 0x0043, 0x0044, 0x0045, 0x0046, 0x0047, 0x0049, 0xE001, TO_X, 0x0040, 0xE000],
    0, 11, 2,
)  # fmt: skip


@example(program=NESTED, waits=[(0, 99), (2_900, 40)])
@example(program=EARLY, waits=[(3, 150), (2_000, 40), (2_000, 99)])
@given(program=programs(), waits=PUTS)
@settings(max_examples=150, deadline=None)
def test_any_program_of_these_instructions_runs_alike_on_both_machines(
    program: asm.Program, waits: list[tuple[int, int]]
) -> None:
    fast, slow = both(program)
    puts = at_cycles(waits)
    until = (puts[-1][0] if puts else 0) + 150
    assert trace(fast, puts, until) == trace(slow, puts, until)
    # what is looked ahead is what comes to pass
    fast.horizon = slow.horizon
    cycles = slow.look_ahead(slow.horizon, True)
    assert fast.look_up(fast.horizon, True) == cycles
    assert fast.look_up(fast.horizon, True) == cycles  # from memory


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
        assert machine.level
        machine.run(before + 1)
        assert not machine.level


def test_a_session_begins_alike_on_both_machines():
    seen = []
    for build in (Build(), Build(pio=Stepwise)):
        with running(story(START, duration_s=20.0), build) as run:
            rows: list[object] = []
            run.trace(rows.append)
            run.advance(steps(20.0))
            seen.append(rows)
    assert seen[0] == seen[1]


def assembled(body: str, settings: str = "") -> asm.Program:
    """A program of these lines."""
    lines = "".join([f"    {line}\n" for line in body.split("; ")])
    scope: dict[str, Any] = {"asm_pio": asm.asm_pio, "TEN": 10}
    exec(f"@asm_pio({settings})\ndef program():\n{lines}", scope)
    program: asm.Program = scope["program"]
    return program


# RP2040 data sheet 3.4, and MicroPython's documentation of asm_pio_encode.
@pytest.mark.parametrize(("instruction", "opcode"), [
    ("set(pins, 1)", 0xE001), ("set(x, 31)", 0xE03F), ("set(x, TEN)", 0xE02A),
    ("mov(x, osr)", 0xA027), ("mov(osr, x)", 0xA0E1), ("pull()", 0x80A0),
    ("pull(block)", 0x80A0), ("pull(noblock)", 0x8080),
])  # fmt: skip
def test_an_instruction_has_the_data_sheets_opcode(instruction, opcode):
    assert assembled(instruction).words == [opcode]


@pytest.mark.parametrize(("condition", "bits"), [("", 0), ("not_x, ", 1), ("x_dec, ", 2)])
def test_a_jump_has_its_condition_in_bits_5_to_7(condition, bits):
    program = assembled(f"pull(); label('here'); jmp({condition}'here'); jmp({condition}'on'); "
                        "label('on'); pull()")  # fmt: skip
    assert program.words == [0x80A0, bits << 5 | 1, bits << 5 | 3, 0x80A0]


def test_a_pass_goes_from_wrap_target_to_wrap_and_else_over_the_whole_program():
    lines = "pull(); wrap_target(); pull(); pull(); wrap(); pull()"
    program = assembled(lines, "set_init=2")
    assert (program.wrap_target, program.wrap_top, program.set_init) == (1, 2, 2)
    program = assembled("pull(); pull()")
    assert (program.wrap_target, program.wrap_top, program.set_init) == (0, 1, None)


def test_a_modules_names_are_as_before_once_its_program_is_assembled():
    scope: dict[str, Any] = {"asm_pio": asm.asm_pio, "set": "mine"}
    exec("@asm_pio()\ndef program():\n    set(x, 1)\n", scope)
    assert scope["set"] == "mine" and "pull" not in scope


@pytest.mark.parametrize("body", [
    "jmp('nowhere')", "label('twice'); label('twice'); pull()", "set(x, 32)", "set(x, -1)",
    "set(osr, 1)", "mov(x, pins)", "pull(x)", "; ".join(["pull()"] * 33),
])  # fmt: skip
def test_a_program_with_a_mistake_is_refused(body):
    with pytest.raises(asm.PIOASMError):
        assembled(body)
