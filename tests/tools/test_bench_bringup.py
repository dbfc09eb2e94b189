"""First start of a unit in the bench page: the simulated unit of the bring-up at its raw prompt,
and a person who does what the page says."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from hal.boards import RPI_PICO
from sim.run import CALIBRATION
from tests.support.bench_desk import Bench
from tests.support.browser import LOADED_MS
from tests.support.command import Waistband
from tests.support.raw_prompt import PromptLine, RunningLine
from tests.support.serial_pty import Vm
from tests.tools.test_bench_look import violations
from tests.tools.test_bench_real import Cable, cable_to, page, unit
from tests.tools.test_bringup import LIT_MOST_MS, Watched, assert_dark
from tools.bringup.simulated import SimulatedUnit
from tools.bringup.steps import STEPS
from tools.bringup.verdict import PASSED, SKIPPED
from tools.bringup.wrongs import WRONGS, make_wrong
from tools.commands.bringup import read_partial, run_all
from tools.common.words import LOCKS
from tools.replay import find_micropython
from tools.unit.prompt_files import PART

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# A person who reads the page: acts as soon as it says so, and answers.
PERSON = """
(() => {
  let last = null;
  const look = async () => {
    const ask = document.getElementById("bringup-ask");
    if (!ask) return;
    const key = `${ask.dataset.act} ${ask.textContent}`;
    if (!ask.dataset.act || key === last || ask.textContent === "…") return;
    last = key;
    const id = await window.personReads(ask.dataset.act, ask.textContent);
    if (id) document.getElementById(id).click();
  };
  new MutationObserver(look).observe(document, { subtree: true, childList: true,
    characterData: true, attributes: true });
})();
"""
LIT = "code = pack.read_u16()"  # of the program that lights a bank
CONFIRMED = {"off", "hand_A", "hand_B", "cover"}
SEEN = {"light", "buzzer", "motor", "screen"}


class RestartingCable(Cable):
    """A cable to a unit that runs, whose port is gone while it restarts."""

    def __init__(self, line: RunningLine) -> None:
        super().__init__(line.read, line.write)
        self.line = line
        self.opened = 0

    def open(self, page: Any) -> bool:
        """Whether the port is there and free."""
        found = not self.line.is_gone() and super().open(page)
        self.opened += found
        return found

    def take(self) -> list[int] | None:
        """What the unit says; None where its port is gone."""
        return None if self.line.is_gone() else super().take()

    def give(self, data: bytes) -> bool:
        """The host sends."""
        return not self.line.is_gone() and super().give(data)


class Started:
    """A unit at its prompt, the page, and the person between them."""

    def __init__(self, desk: Bench, line: PromptLine, watched: Watched, cable: Cable) -> None:
        self.desk, self.line, self.watched, self.cable = desk, line, watched, cable
        self.asked: set[str] = set()  # what the person did once, and is not to do again

    def begin(self) -> None:
        """Type the unit's number, choose its port."""
        self.desk.page.evaluate("document.querySelector('#connect').open = true")
        self.desk.page.fill("#bringup-serial", "WB-0009")
        self.desk.page.click("#bringup-start")

    def end(self) -> dict[str, str]:
        """Wait for the end; the results by step, as the page shows them."""
        self.desk.page.wait_for_selector("#bringup-leave:visible", timeout=3 * LOADED_MS)
        rows = self.desk.page.locator("#bringup-steps tr")
        return {
            str(row.get_attribute("data-step")): row.locator("td").first.inner_text()
            for row in rows.all()
        }

    def found(self, step: str) -> str:
        """What the page says of a step."""
        return self.desk.page.inner_text(f"#bringup-steps tr[data-step={step}]")

    def saved(self, kind: str) -> str:
        """A file that the page gives."""
        with self.desk.page.expect_download() as download:
            self.desk.page.click(f"#bringup-saves [data-save={kind}]")
        assert download.value.suggested_filename.endswith(f"WB-0009.{kind}")
        return Path(download.value.path()).read_text(encoding="utf-8")


@contextmanager
def started(
    chromium: "Browser", address: str, wrong: str = "", follow: bool = True, service: bool = True
) -> Iterator[Started]:
    """The page before a unit that is wrong in a way; `follow`: the person does what it says;
    `service`: the unit is at its prompt, and else it runs."""
    unit = make_wrong(RPI_PICO, wrong) if wrong else SimulatedUnit(RPI_PICO, service=service)
    line = PromptLine(unit) if service else RunningLine(unit)
    cable = RestartingCable(line) if isinstance(line, RunningLine) else Cable(line.read, line.write)
    asked: set[str] = set()

    def reads(source: Any, act: str, words: str) -> str:
        assert words
        if act in SEEN:
            return "bringup-yes" if unit.saw(act) else "bringup-no"
        if act not in asked or act in CONFIRMED:
            asked.add(act)
            unit.do(act)
        return "bringup-done" if act in CONFIRMED else ""

    try:
        with page(chromium, address, cable) as desk:
            if follow:
                desk.page.context.expose_binding("personReads", reads)
                desk.page.add_init_script(PERSON)
                desk.page.reload()
                desk.page.wait_for_selector("#state-name[data-state]")
            bench = Started(desk, line, Watched(unit), cable)
            bench.asked = asked
            yield bench
    finally:
        unit.close()


def test_a_sound_unit_passes_by_the_steps_and_words_of_the_command(
    chromium: "Browser", address: str, waistband: Waistband
) -> None:
    with started(chromium, address) as bench:
        bench.begin()
        results = bench.end()
        assert list(results) == [step.name for step in STEPS]
        skipped = {name for name, state in results.items() if state != PASSED}
        assert skipped == {"calibration"} and results["calibration"] == SKIPPED
        bench.desk.shows("#bringup-ask", "Every step passed.")
        bench.desk.shows("#which", "REAL UNIT: first start")
        report = json.loads(bench.saved("json"))
        html, toml = bench.saved("html"), bench.saved("toml")
        assert "machine.reset()" in bench.line.programs[-1]  # it runs again
        assert max(bench.watched.lit_stretches()) <= LIT_MOST_MS
    told = waistband("bringup", "--sim", "--serial", "WB-0009", "--json")
    command = json.loads(told.out)
    assert [[row["step"], row["title"], row["state"], row["notes"]] for row in report["steps"]] == [
        [row["step"], row["title"], row["state"], row["notes"]] for row in command["steps"]
    ]
    assert set(report) == set(command) and report["measures"] == command["measures"]
    assert report["release"] == command["release"] and not report["simulated"]
    assert "First start of unit WB-0009" in html and "Every step passed" in html
    assert "ntc_offset_c = " in toml and 'serial = "WB-0009"' in toml


MEASURES = """\
date = 2026-01-01
window_cm2 = 60
[irradiance_mw_cm2]
A = { 810 = 9.8, 850 = 10.1, 940 = 10.0, 1060 = 9.7 }
B = { 810 = 9.9, 850 = 10.2, 940 = 9.9004, 1060 = 9.8 }
"""


def writing(programs: list[str]) -> list[str]:
    """Those that touch the unit's files, in their order."""
    words = ("keys.json", CALIBRATION, PART, "w(d(")
    return [program for program in programs if any(word in program for word in words)]


def test_a_unit_gets_its_calibration_by_the_very_programs_of_the_command(
    chromium: "Browser", address: str, tmp_path: Path
) -> None:
    given = tmp_path / "given.toml"
    given.write_text(MEASURES, encoding="utf-8")
    unit = SimulatedUnit(RPI_PICO)
    sent: list[str] = []
    run = unit.run

    def noted(program: str) -> str:
        sent.append(program)
        return run(program)

    unit.run = noted  # type: ignore[method-assign]
    try:
        report = run_all(unit, RPI_PICO, unit, "WB-0009", (read_partial(str(given)), "m"), True)
        by_command = unit.chip_unit.flash.files[CALIBRATION]
    finally:
        unit.close()
    assert report["passed"]
    with started(chromium, address) as bench:
        page = bench.desk.page
        page.evaluate("document.querySelector('#connect').open = true")
        page.set_input_files("#bringup-file", given)
        bench.desk.shows(
            "#bringup-given", re.compile(r"^given\.toml: the unit gets its calibration of these")
        )
        bench.begin()
        assert set(bench.end().values()) == {PASSED}, bench.found("calibration")
        bench.desk.shows("#bringup-ask", "Every step passed.")
        assert bench.watched.unit.chip_unit.flash.files[CALIBRATION] == by_command
        assert writing(bench.line.programs) == writing(sent)
        assert bench.watched.unit.wait_for_restart() == "unit"
        lock = json.loads(bench.watched.unit.chip.usb.text().splitlines()[-2])["lock"]
        assert LOCKS[lock] == "the prescription cannot be used"  # calibrated; it has none yet


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("a.toml", MEASURES.replace("window_cm2", "window"), "'window' is not a key"),
        ("a.toml", MEASURES.replace("window_cm2 = 60", ""), "lacks window_cm2"),
        ("a.toml", MEASURES.replace("2026", "2126"), "date is 2126-01-01: a day from 2020"),
        ("a.toml", MEASURES + "[", "Invalid TOML"),
        ("a.json", "[1]", "a table of"),
        ("a.json", "1" * 70_000, "larger than 64 KiB"),
    ],
)
def test_measures_that_cannot_be_are_refused_before_a_port_is_chosen(
    chromium: "Browser", address: str, tmp_path: Path, name: str, content: str, why: str
) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    with page(chromium, address, Cable(lambda: b"", lambda data: None)) as desk:
        desk.page.evaluate("document.querySelector('#connect').open = true")
        desk.page.set_input_files("#bringup-file", tmp_path / name)
        desk.shows("#bringup-given", re.compile(re.escape(why)))
        assert desk.page.input_value("#bringup-file") == ""


@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("ntc_open", "warmth"), ("contact_a_missing", "parts"), ("start_up_swapped", "buttons"),
        ("switch_bridged", "switch"),
    ],
)  # fmt: skip
def test_a_failure_names_the_wire_and_a_dark_one_keeps_the_unit_dark(
    chromium: "Browser", address: str, name: str, step: str
) -> None:
    with started(chromium, address, name) as bench:
        bench.begin()
        results = bench.end()
        assert results[step] == "failed", results
        assert all(word in bench.found(step) for word in WRONGS[name].names)
        bench.desk.shows("#bringup-ask", "Not every step passed: mend what is named, and run this"
                         " again. Do not use the unit.")  # fmt: skip
        assert not json.loads(bench.saved("json"))["passed"]
        if step not in ("lease", "switch", "banks", "alert"):
            assert not bench.watched.light
        assert max(bench.watched.lit_stretches(), default=0) <= LIT_MOST_MS


def test_a_cable_pulled_while_a_bank_is_lit_ends_it_and_the_unit_is_dark_by_itself(
    chromium: "Browser", address: str
) -> None:
    with started(chromium, address) as bench:
        unit = bench.watched.unit

        def pull(program: str) -> None:
            if LIT in program and unit.pull_us < 0:
                unit.pull_us = unit.chip.us + 25_000
                bench.cable.left = 0

        bench.line.before = pull
        bench.begin()
        results = bench.end()
        assert results["banks"] == "broken off" and results["alert"] == SKIPPED
        assert "the line broke off" in bench.found("banks")
        unit.pass_time(3_000_000)
        assert_dark(unit)
        assert max(bench.watched.lit_stretches(), default=0) <= LIT_MOST_MS
        unit.pull_us, unit.chip.usb.connected = -1, True
        bench.cable.left = None  # it is plugged in again
        bench.line.before = lambda program: None
        bench.asked.clear()
        bench.desk.page.click("#bringup-again")
        results = bench.end()
        assert {name for name, state in results.items() if state != PASSED} == {"calibration"}
        assert bench.saved("html").count("broken off") == 0


def test_a_cable_pulled_while_a_person_is_asked_is_told_at_once(
    chromium: "Browser", address: str
) -> None:
    with started(chromium, address, follow=False) as bench:
        bench.begin()
        bench.desk.page.wait_for_selector("#bringup-done:visible", timeout=LOADED_MS)  # hands off
        bench.cable.left = 0
        results = bench.end()
        assert results["hands"] == "broken off" and results["banks"] == SKIPPED
        assert "the line broke off" in bench.found("hands")
        assert not bench.watched.light


def test_a_unit_that_runs_goes_into_service_mode_first(chromium: "Browser", address: str) -> None:
    """It restarts for that: its port goes, and comes back with the prompt behind it."""
    with started(chromium, address, service=False) as bench:
        assert not bench.watched.unit.device.at_prompt
        bench.begin()
        results = bench.end()
        assert {name for name, state in results.items() if state != PASSED} == {"calibration"}
        chip = bench.watched.unit.chip
        assert "service mode, as asked" in chip.usb.text()
        assert [why for _, why in chip.resets][:1] == ["reset"]
        assert isinstance(bench.cable, RestartingCable) and bench.cable.opened == 2
        assert bench.watched.unit.wait_for_restart() == "unit"


def test_a_unit_in_a_session_refuses_the_first_start_and_goes_on(
    chromium: "Browser", address: str
) -> None:
    with unit(40.0) as (bench, cable), page(chromium, address, cable) as desk:
        desk.page.evaluate("document.querySelector('#connect').open = true")
        desk.page.click("#bringup-start")
        desk.page.wait_for_selector("#bringup-again:visible", timeout=LOADED_MS)
        assert "refused while a session runs" in desk.page.inner_text("#bringup-ask")
        assert not bench.run.chip.resets
        assert bench.run.chip.gpio.driven(RPI_PICO.PIN_ENABLE) == 1  # the lease holds it


def test_the_person_may_stop_it_and_gets_a_report(chromium: "Browser", address: str) -> None:
    with started(chromium, address, follow=False) as bench:
        bench.begin()
        bench.desk.page.wait_for_selector("#bringup-done:visible", timeout=LOADED_MS)  # hands off
        bench.desk.page.click("#bringup-stop")
        results = bench.end()
        assert "broken off" in results.values() and results["banks"] == SKIPPED
        assert not json.loads(bench.saved("json"))["passed"] and not bench.watched.light
        assert_dark(bench.watched.unit)


def test_a_real_prompt_that_is_no_unit_is_refused_by_name(
    chromium: "Browser", address: str, tmp_path: Path
) -> None:
    """MicroPython's own raw prompt, of its unix port: programs go in and their answers come out."""
    find_micropython()
    vm = Vm(tmp_path)
    try:
        with cable_to(vm.port.name) as cable, page(chromium, address, cable) as desk:
            desk.page.evaluate("document.querySelector('#connect').open = true")
            desk.page.click("#bringup-start")
            desk.page.wait_for_selector("#bringup-leave:visible", timeout=3 * LOADED_MS)
            assert "needed is a Raspberry Pi Pico" in desk.page.inner_text("#bringup-ask")
    finally:
        vm.cut()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_a_first_start(
    chromium: "Browser", address: str, axe: str, scheme: Any
) -> None:
    with started(chromium, address, "ntc_open") as bench:
        page = bench.desk.page
        page.emulate_media(color_scheme=scheme)
        page.evaluate("document.querySelector('#connect').open = true")
        found = {"before": violations(bench.desk, axe)}
        bench.begin()
        bench.end()
        page.set_viewport_size({"width": 390, "height": 844})
        found["over"] = violations(bench.desk, axe)
        assert found == {"before": [], "over": []}
        assert page.evaluate("document.querySelector('main').scrollWidth") <= 390


def test_a_port_where_nothing_answers_is_told(chromium: "Browser", address: str) -> None:
    with page(chromium, address, Cable(lambda: b"", lambda data: None)) as desk:
        desk.page.evaluate("document.querySelector('#connect').open = true")
        desk.page.click("#bringup-start")
        desk.page.wait_for_selector("#bringup-leave:visible", timeout=LOADED_MS)
        assert "is it this one?" in desk.page.inner_text("#bringup-ask")
