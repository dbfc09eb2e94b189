"""Catalogue of faults: each row has its injector at each depth, and no other file lists faults."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware.core.faults import FAULTS as LATCHED
from sim.campaign.common_cause import CAUSES
from sim.campaign.injection_points import MOMENTS
from sim.common.story import Event
from sim.faults.catalogue import (
    ENDS_PROGRAM,
    FAULTS,
    GROUPS,
    NAMES,
    NEVER_HARMLESS,
    REPORTED,
    ROWS,
    find_bound,
)
from sim.faults.depth import Depth
from tests.sim.test_depths import left_out
from tools.dev import fault_list

ROOT = Path(__file__).resolve().parents[2]
DEPTHS = ("hal", "driver", "pin")

CATALOGUE = "sim/faults/catalogue.py"
INJECTORS = ("sim/faults/injectors.py", "sim/faults/program.py")

# Product files that name a fault beside the catalogue and the injectors, and why they must.
EXCEPTIONS = {
    # the person at a simulated bring-up plugs the charger in
    "tools/bringup/simulated.py": {"charger_plugged"},
    # a part that is missing or miswired is struck by the fault that it shows as
    "tools/bringup/wrongs.py": {
        "alert_broken", "enable_stuck", "fet_stuck_on", "i2c_hang", "led_gain",
        "led_open", "ntc_open", "ntc_short", "pads_swapped", "skin_sensor_open",
    },
    # faults whose heat is weighed against each assumed constant
    "tools/physics_checks/assumptions.py": {"sensors_step"},
    "tools/physics_checks/assumptions_page.py": {"hot_room", "pads_swapped"},
    # a session's reason and a refusal of the firmware, which are called as the faults are
    "sim/oracle/dose_oracle.py": {"unworn"},
    "sim/oracle/rules.py": {"unworn"},
    "sim/oracle/worn_oracle.py": {"unworn"},
    "sim/model_check/abstraction.py": {"unworn"},
    "tools/common/words.py": {
        "board_sensor_lost", "button_stuck", "contact_garbage", "contact_lost", "enable_stuck",
        "fet_stuck_on", "led_gain", "led_open", "ntc_open", "ntc_short", "pad_unplugged",
        "skin_sensor_lost", "unworn",
    },
    # what can only be put on a chip before it is powered: a part of its injector
    "sim/pin_depth/run.py": {"flash_full"},
    # the reset cause that a power cut is called by at driver depth: a part of its injector
    "sim/driver_depth/run.py": {"brownout"},
    # stories that a fault is a step of, as a press is; not lists of faults
    # faults that one cause brings about together
    "sim/campaign/common_cause.py": {"ntc_stuck", "contact_stuck"}.union(*CAUSES.values()),
    "sim/campaign/injection_points.py": {"board_sensor_lost", "charger_plugged", "enable_stuck"},
    # what a wearer can do or meet who wants to find out which arm a unit is of
    "sim/campaign/blind_pairs.py": {"charger_plugged", "hot_skin", "slips", "under_blanket"},
    # ... and light of a bank that nobody asks for
    "sim/campaign/injection.py": {"charger_plugged", "fet_stuck_on"},
    # a unit that is left on after a fault
    "tools/dev/left_on.py": {
        "battery_low", "button_chatter", "button_stuck", "host_attach", "ntc_open",
    },
    "tools/dev/figures_device.py": {"i2c_hang"},
    "tools/dev/off_body_table.py": {"skin_sensor_stuck", "slips"},
    # a clock that jumps must not change a dose: a rule of this one fault
    "sim/campaign/verdict.py": {"clock_jump"},
    # a belt that is put on again is worn; a plug that is out also silences the thermometer
    "sim/oracle/safety_oracle.py": {
        "unworn", "slips", "on_surface", "contact_lost", "pad_unplugged",
        "bus_low",  # is over once the bus is free
    },
    # by which reading each shows
    "sim/oracle/excuses.py": {"contact_garbage", "ntc_short", "skin_sensor_open"},
    # currents that add up in a lamp test
    "sim/campaign/cases.py": {"driver_leak", "inrush", "led_gain", "rail_offset"},
    # a fault of one bank, after which the others go on
    "sim/oracle/report.py": {"led_open"},
    # which of our faults strike the peers' protections too
    "tools/physics_checks/peers.py": {
        "fet_stuck_on", "firmware_hang", "hot_room", "led_gain", "lying_on_pad", "no_perfusion",
        "ntc_drift", "ntc_open", "ntc_short", "ntc_stuck", "sensors_step", "under_blanket",
    },
    # controls of the page that have a place of their own
    "tools/bench/page/surroundings.js": {
        "battery_low", "charger_plugged", "clock_jump", "sensors_step", "skin_sensor_stuck",
    },
}  # fmt: skip


def find_injectors(depth: str) -> list[str]:
    """Names of the injectors that a run at a depth finds, each as often as it finds it."""
    from sim.driver_depth.run import DriverDepth
    from sim.faults import program
    from sim.faults.injectors import INJECT
    from sim.hal_depth.depth import HalDepth

    kind: type[Depth]
    if depth == "pin":
        pytest.importorskip("rp2040py", reason="rp2040py is not installed: pip install -e '.[pin]'")
        from sim.pin_depth.run import PinDepth as kind
    else:
        kind = HalDepth if depth == "hal" else DriverDepth
    missing = left_out(kind)
    return [*INJECT, *(name for name in program.FAULTS if name not in missing)]


@pytest.mark.parametrize("depth", DEPTHS)
def test_every_row_has_one_injector_at_each_depth_and_no_injector_lacks_a_row(depth: str) -> None:
    assert Counter(find_injectors(depth)) == Counter(NAMES)


# -- one row a fault -----------------------------------------------------------------------------


def test_a_name_stands_in_one_row() -> None:
    assert len(set(NAMES)) == len(ROWS) == len(FAULTS)
    assert sorted(REPORTED) == sorted(NAMES)


def test_reports_have_faults_by_their_place_in_the_design() -> None:
    assert list(REPORTED) == sorted(NAMES, key=lambda name: FAULTS[name].place)


def test_every_row_has_words_of_its_own_and_what_must_come_of_it() -> None:
    assert len({row.words for row in ROWS}) == len(ROWS)
    assert all(row.words and row.bounds for row in ROWS)
    assert len({title for title, _ in GROUPS}) == len(GROUPS)


def test_a_row_names_only_what_there_is() -> None:
    may_show = {name for name, _ in LATCHED} | set(NAMES)
    for row in ROWS:
        assert set(row.shows_as) <= may_show, row.name
        assert set(row.not_in) <= {moment.name for moment in MOMENTS}, row.name
        assert not row.hidden_by or row.hidden_by in NAMES, row.name
        assert row.also in {"", "button", "line", "nm"}, row.name


def test_values_for_campaigns_are_among_those_that_a_scenario_may_have() -> None:
    for row in ROWS:
        low, high = row.drawn or (row.low, row.high)
        assert row.low <= low <= high <= row.high, row.name
        assert row.harmless_to in (None, NEVER_HARMLESS) or low <= row.harmless_to <= high, row.name
        assert 0.0 <= row.least <= high, row.name


def test_a_fault_that_needs_a_button_has_a_bound_for_each() -> None:
    for row in ROWS:
        for button in ("START", "UP", "DOWN") if row.also == "button" else (None,):
            event = Event(0.0, "fault", row.name, button=button)
            assert find_bound(event.name, event.button) in row.bounds


def test_faults_that_end_the_program_strike_once() -> None:
    once = {bound.fault for row in ROWS for bound in row.bounds if bound.once}
    # ... and a bus that its clocks free, and a first closure
    assert once == {*ENDS_PROGRAM, "bus_low", "button_chatter"}


def test_the_list_in_the_documents_is_the_catalogue() -> None:
    kept = (ROOT / "docs/bench/fault-list.md").read_text(encoding="utf-8")
    assert kept == fault_list.render_document()
    assert all(f"| `{row.name}` | {row.words} |" in kept for row in ROWS)


# -- and nowhere else ----------------------------------------------------------------------------


def string_constants(text: str) -> Iterator[str]:
    """Strings of a Python file that are no docstrings."""
    tree = ast.parse(text)
    said = {
        node.body[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in said:
            yield node.value


def faults_named_in(path: Path) -> set[str]:
    """Names of faults in a source, but for docstrings and Python's comments."""
    text = path.read_text(encoding="utf-8")
    searched = "\n".join(string_constants(text)) if path.suffix == ".py" else text
    return set(re.findall(rf"\b(?:{'|'.join(NAMES)})\b", searched))


def sources() -> Iterator[Path]:
    """The product's sources that know of a simulated fault: the firmware has names of its own."""
    for top in ("sim", "tools"):
        for path in sorted((ROOT / top).rglob("*")):
            if path.suffix in {".py", ".js", ".mjs", ".html"} and "node_modules" not in path.parts:
                yield path


def test_only_the_catalogue_and_the_injectors_name_a_fault_but_for_argued_exceptions() -> None:
    found = {path.relative_to(ROOT).as_posix(): faults_named_in(path) for path in sources()}
    assert found.pop(CATALOGUE) == set(NAMES)
    injected = set[str]().union(*(found.pop(path) for path in INJECTORS))
    assert injected == set(NAMES)
    assert {path: names for path, names in found.items() if names} == EXCEPTIONS


@pytest.mark.parametrize(("name", "text"), [
    ("a.py", 'X = ("ntc_open",)'), ("a.py", 'def f():\n    return name == "flash_torn"'),
    ("a.py", '"""Why."""\nX = "ntc_open, ntc_short"'), ("a.js", "const X = { hot_room: 1 };"),
])  # fmt: skip
def test_a_name_is_found(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert faults_named_in(tmp_path / name)


def test_a_docstring_or_comment_may_name_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text('"""As in ntc_open."""\n# ntc_open\nX = 1\n', encoding="utf-8")
    assert faults_named_in(path) == set()
