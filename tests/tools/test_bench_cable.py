"""The cable of a real unit in the bench page, pulled at every message and at every question.

The page's own line, prompt and engine run under Node. Behind the cable is the driver-depth unit: in
operation, or at its prompt for a first start. Where to pull comes from the messages of a run
without a cut.
"""

import base64
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from firmware.records import journal
from firmware.therapy.calibration import read_calibration
from hal.boards import RPI_PICO
from sim.common.default_prescription import DEFAULT
from sim.driver_depth.unit_build import Build
from sim.run import CALIBRATION
from tests.support.chip_programs import ChipRun, story
from tests.support.journals import KEY, unit_journal
from tests.support.page_line import Cut, FrameCut, PageLine, Refused, page_folder, page_line
from tests.support.raw_prompt import PromptLine
from tests.support.serial_pty import Simulated, until
from tests.tools.test_bringup import MEASURES, Watched, assert_dark
from tests.tools.test_console_files import KEYED, READY_S, SERIAL
from tools.bringup.simulated import SimulatedUnit
from tools.bringup.verdict import BROKEN_OFF, PASSED
from tools.common.words import LOCKS
from tools.prescription import file
from tools.unit.prompt_files import PART

__all__ = ["page_folder"]  # a fixture
TIMES = 5.0  # as fast as the clock: a host is given 2 s of the unit's time
PATIENCE_US = 2_500_000  # after it, the unit waits for no bytes of a file
BROKE_OFF = "the line broke off"
PRESCRIPTION = "prescription.json"
# One that is there and one that is not; the others are asked for alike.
JOURNAL = [journal.name(segment) for segment in (0, journal.SEGMENTS - 1)]


class Plugged:
    """A unit in operation, and the page's code on its cable."""

    def __init__(self, bench: Simulated, cable: FrameCut, page: PageLine) -> None:
        self.bench, self.cable, self.page = bench, cable, page
        self.number = 3  # of the next prescription

    def files(self) -> dict[str, bytes]:
        """What lies on the unit's flash."""
        found: dict[str, bytes] = self.bench.run.parts.flash.files
        return found

    def let_pass(self, us: int) -> None:
        """Let so much of the unit's time pass."""
        chip = self.bench.run.chip
        end_us = chip.us + us
        until(lambda: chip.us > end_us or self.bench.failed is not None)

    def connect(self) -> None:
        """Plug it in, and have the page ask for its list; again while it restarts."""
        self.page.call("plug")
        while "serial" not in (row := self.page.call("list")):
            assert "refused in this state" in row["error"]
        assert row["serial"] == SERIAL

    def count(self, act: Callable[["Plugged", bytes], None]) -> dict[str, int]:
        """Messages of either end in an act."""
        self.cable.begin(None)
        act(self, self.new_prescription())
        counts = dict(self.cable.counts)
        if act is push:  # it restarts
            self.let_pass(PATIENCE_US)
            self.connect()
        return counts

    def new_prescription(self) -> bytes:
        """One that the unit has not taken yet."""
        self.number += 1
        name = f"number {self.number}"
        return file.sign(dict(DEFAULT, name=name), KEY, SERIAL, self.number, None)


def connect(unit: Plugged, _: bytes) -> None:
    unit.connect()
    assert base64.b64decode(unit.page.call("get", PRESCRIPTION)) == unit.files()[PRESCRIPTION]


def set_clock(unit: Plugged, _: bytes) -> None:
    assert unit.page.call("order", "clock 2026-11-29T12:00:00") == "clock set"


def self_test(unit: Plugged, _: bytes) -> None:
    with pytest.raises(Refused) as why:
        unit.page.call("order", "selftest")
    if BROKE_OFF in str(why.value):
        raise why.value
    assert str(why.value).startswith("the unit says: no hard fault is kept")


def pull(unit: Plugged, _: bytes) -> None:
    assert [name in unit.files() for name in JOURNAL] == [True, False]
    for name in JOURNAL:
        found = unit.page.call("get", name)
        assert (found and base64.b64decode(found)) == unit.files().get(name)


def push(unit: Plugged, new: bytes) -> None:
    said = unit.page.call("put", PRESCRIPTION, base64.b64encode(new).decode())
    assert said == "kept; the unit restarts to go by it"


ACTS: dict[str, Callable[[Plugged, bytes], None]] = {
    "connect": connect, "clock": set_clock, "self-test": self_test, "pull": pull, "push": push,
}  # fmt: skip


@contextmanager
def plugged(folder: Path) -> Iterator[Plugged]:
    """A unit with keys and a journal, on a cable."""
    build = Build(files={**KEYED, **unit_journal(KEY).files})
    bench = Simulated(ChipRun(story(duration_s=1e5), build=build), READY_S, TIMES)
    fd = os.open(bench.port.name, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)

    def read() -> bytes:
        try:
            return os.read(fd, 4_096)
        except BlockingIOError:
            return b""

    cable = FrameCut(read, lambda data: os.write(fd, data))
    bench.going.set()
    try:
        with page_line(folder, cable, TIMES) as page:
            yield Plugged(bench, cable, page)
    finally:
        os.close(fd)
        bench.close()


def cuts_of(counts: dict[str, int]) -> list[Cut]:
    """Before, in and after each message of a run that had so many. What comes after one of the
    host comes before the unit's next."""
    host = [Cut("host", k, share) for k in range(counts["host"]) for share in (0.0, 0.5, 1.0)]
    return host + [Cut("unit", k, share) for k in range(counts["unit"]) for share in (0.5, 1.0)]


@pytest.mark.parametrize("name", ACTS)
def test_a_unit_is_whole_and_goes_on_wherever_its_cable_is_pulled(
    name: str, page_folder: Path
) -> None:
    act = ACTS[name]
    with plugged(page_folder) as unit:
        unit.connect()
        counts = unit.count(act)
        assert counts["host"] and counts["unit"], counts
        others = sorted(unit.files())
        for cut in cuts_of(counts):
            old, new = unit.files()[PRESCRIPTION], unit.new_prescription()
            unit.cable.begin(cut)
            if cut == Cut("unit", counts["unit"] - 1, 1.0):  # all had been said
                act(unit, new)
                unit.page.pull()
            else:
                with pytest.raises(Refused, match=BROKE_OFF):
                    act(unit, new)
            unit.cable.begin(None)
            if act is push:
                unit.let_pass(PATIENCE_US)
            assert unit.files()[PRESCRIPTION] in (old, new), cut
            unit.connect()
            act(unit, new)
            assert unit.files()[PRESCRIPTION] == (new if act is push else old), cut
            if act is push:
                unit.let_pass(PATIENCE_US)
                unit.connect()
        assert sorted(unit.files()) == others
        assert bool(unit.bench.run.chip.resets) == (act is push)


# -- the first start ---------------------------------------------------------------------------


class PromptCut:
    """A cable to a unit's prompt that lets so many bytes pass, either way."""

    def __init__(self, line: PromptLine) -> None:
        self.line = line
        self.to_unit: int | None = None
        self.to_host: int | None = None

    def open(self, page: Any) -> bool:
        """Plug it in again."""
        self.to_unit = self.to_host = None
        self.line.read()
        return True

    def close(self, page: Any) -> None:
        """Nobody listens."""

    def give(self, data: bytes) -> bool:
        """The host sends."""
        passed = data if self.to_unit is None else data[: self.to_unit]
        if self.to_unit is not None:
            self.to_unit -= len(passed)
        self.line.write(passed)
        return len(passed) == len(data)

    def take(self) -> list[int] | None:
        """What the unit says; None once the cable is out."""
        data = self.line.read()
        if self.to_host is not None:
            data = data[: self.to_host]
            self.to_host -= len(data)
            if not data and not self.to_host:
                return None
        return list(data)


GIVEN = {"serial": "WB-0009", "date": "2026-11-29T10:00:00Z", "release": "x", "style": "",
         "measures": MEASURES, "file": "m.toml"}  # fmt: skip


BACK = {"buckle": "buckle_off", "buckle_off": "buckle",
        "charger": "charger_off", "charger_off": "charger"}  # fmt: skip


class FirstStart:
    """A unit at its prompt, the page's code, and a person who does what it says."""

    def __init__(self, unit: SimulatedUnit, page: PageLine, cable: PromptCut) -> None:
        self.unit, self.page, self.cable = unit, page, cable
        self.answers: list[Any] = []
        self.acts: list[str] = []  # of the person, since the last program
        self.writing: list[str] = []  # programs, since a file was opened that has no name yet

    def ask(self, *more: Any) -> Any:
        """The next question, or the report, after these answers as well."""
        given = {**GIVEN, "answers": [*self.answers, *more]}
        return self.page.call("bring_up", json.dumps(given))

    def begin(self) -> None:
        """Plug it in and go to the prompt."""
        self.page.call("plug")
        self.page.call("enter")

    def answer(self, question: Any) -> Any:
        """The unit's answer, or the person's."""
        if "run" in question:
            for act in self.acts:
                self.unit.do(act)
            return self.page.call("run", question["run"])
        if "saw" in question:
            return self.unit.saw(question["saw"])
        self.acts.append(question["do"])
        return True

    def cut(self, question: Any, to_unit: int, to_host: int) -> None:
        """Pull the cable after so many bytes of a program, or of its answer; see that the unit is
        dark and whole; plug it in again."""
        self.cable.to_unit, self.cable.to_host = to_unit, to_host
        assert self.answer(question) is None
        self.unit.pass_time(100_000)  # longer than the lease
        for act in self.acts:  # the person puts it back, to do it again
            if act in BACK:
                self.unit.do(BACK[act])
        while self.unit.acts:
            self.unit.pass_time(100_000)
        assert_dark(self.unit)
        if found := self.unit.chip_unit.flash.files.get(CALIBRATION):
            read_calibration(json.loads(found), RPI_PICO)
        self.begin()
        for program in self.writing:  # the page begins anew: a piece is written once
            self.page.call("run", program)

    def go_on(self, question: Any) -> None:
        """Answer it, and note what it did."""
        self.answers.append(self.answer(question))
        if "run" in question:
            self.acts.clear()
            if "os.rename" in question["run"]:
                self.writing = []
            elif self.writing or PART in question["run"]:
                self.writing.append(question["run"])

    def assert_told(self) -> None:
        """The page ends the first start with what happened, and with a report once it has begun."""
        try:
            ended = self.ask(None)
            while "report" not in ended:  # the pins are to be put low, on a line that is gone
                ended = self.ask(None, None)
        except Refused as why:
            assert BROKE_OFF in str(why) and len(self.answers) < 2
            return
        states = [row["state"] for row in ended["report"]["steps"]]
        broken = ended["report"]["steps"][states.index(BROKEN_OFF)]
        assert BROKE_OFF in " ".join(broken["failures"]) and not ended["report"]["passed"]


@contextmanager
def first_start(folder: Path) -> Iterator[FirstStart]:
    """A sound unit at its prompt, plugged in."""
    unit = SimulatedUnit(RPI_PICO)
    cable = PromptCut(PromptLine(unit))
    try:
        with page_line(folder, cable, 2 * TIMES) as page:  # the unit's time stands still meanwhile
            start = FirstStart(unit, page, cable)
            start.begin()
            yield start
    finally:
        unit.close()


def test_a_first_start_ends_dark_and_whole_wherever_its_cable_is_pulled(page_folder: Path) -> None:
    with first_start(page_folder) as start:
        watched = Watched(start.unit)
        files = start.unit.chip_unit.flash.files
        cuts = 0
        while "report" not in (question := start.ask()):
            if "run" in question:
                size = len(question["run"]) + 1  # Ctrl-D
                for to_unit, to_host in ((0, 9), (size // 2, 9), (size, 0), (size, 3)):
                    start.cut(question, to_unit, to_host)
                    cuts += 1
            start.assert_told()  # as well where the cable is out while a person is asked
            start.go_on(question)
        steps = question["report"]["steps"]
        assert {row["state"] for row in steps} == {PASSED}, "; ".join(
            line for row in steps for line in row["failures"]
        )
        assert cuts > 3 * len(start.answers)
        assert max(watched.lit_stretches()) <= 21.0
        assert PART not in files and CALIBRATION in files


def test_a_unit_that_is_left_with_a_piece_of_a_calibration_runs_and_is_not_calibrated() -> None:
    """Power went before the new file had its name: littlefs keeps what was written of it."""
    unit = SimulatedUnit(RPI_PICO)
    try:
        unit.chip_unit.flash.files[PART] = b'{"serial": "WB'
        unit.run_and_reset("import machine\nmachine.reset()\n")
        assert unit.wait_for_restart() == "unit"
        lock = json.loads(unit.chip.usb.text().splitlines()[-2])["lock"]
        assert LOCKS[lock] == "it is not calibrated"
    finally:
        unit.close()
