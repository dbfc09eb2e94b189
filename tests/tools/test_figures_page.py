"""Page of figures: tables as printed, what is missing, accepted counts, headlines of evidence."""

import re

import pytest

from sim.common.errors import BadInput
from tools.dev import (
    counts,
    figures,
    figures_device,
    figures_page,
    figures_peer,
    figures_pin,
    figures_records,
    headlines,
    instructions,
)


def printed_page() -> str:
    """A page of one table that was measured and of one that was missing."""
    console = figures_page.TableConsole(quiet=True)
    speed = figures.Speed(96_000, 1_920.0, 2.0, 2.5, 960.0, 768.0, 5)
    console.print("Python 3.11, x86_64", style="dim")
    console.print(figures.speed_table(speed))
    console.print("No emulated chip: WAISTBAND_UF2 names no UF2 file", markup=False)
    return figures_page.render_page(console.kept)


def test_a_table_is_on_the_page_as_printed_with_what_it_means() -> None:
    page = printed_page()
    assert "| times real time | 768 | 960 |" in page
    assert (
        "## An ordinary session, simulated 5 times\n\nWhole sessions of the simulated unit" in page
    )
    assert "\nNo emulated chip: WAISTBAND_UF2 names no UF2 file\n" in page


def test_the_page_names_commit_and_machine_and_has_the_accepted_counts() -> None:
    page = printed_page()
    assert "at commit " in page and " cores, " in page and ", Python 3." in page
    for name, count in counts.read_accepted().items():
        assert f"| `{name}` | {count:,} |" in page


def test_every_table_of_the_figures_has_words_that_say_what_it_means() -> None:
    cost = instructions.cost_table([])
    chip = figures_pin.chip_table.__code__.co_consts
    tables = [
        figures.replay_table([]), cost, figures_device.bus_table([]), figures_device.size_table({}),
        figures_records.attack_table([]), figures_peer.peer_table([]),
    ]  # fmt: skip
    assert any("Emulated RP2040" in str(one) for one in chip)
    for table in tables:
        start = f"\n## {table.title}\n\n"
        assert not figures_page.render_table(table).startswith(start + "\n"), table.title


def test_headlines_are_those_of_the_pages() -> None:
    section = figures_page.render_evidence()
    campaign = (headlines.PAGES / "campaign.md").read_text(encoding="utf-8")
    assert campaign.partition("**")[2].partition("**")[0] in section
    assert ", 0 not ok; highest contact" in section and " caught, " in section


def test_a_row_of_the_fault_table_that_is_not_ok_is_counted() -> None:
    page = (headlines.PAGES / "faults.md").read_text(encoding="utf-8")
    good, _ = headlines.summarize_faults(page)
    bad, _ = headlines.summarize_faults(page.replace("| ok |", "| LATE |", 1))
    assert ", 0 not ok" in good and ", 1 not ok" in bad


def test_every_headline_is_of_figures() -> None:
    for page in headlines.SUMMARIES:
        result, made = headlines.read_headline(page)
        assert re.search(r"\d", result) and "`" in made, page


def test_cut_offs_are_the_slowest_of_each_bound() -> None:
    head = "| fault | must be dark within | measured | in | C | J |  |\n| --- |\n"
    rows = "".join(f"| {bound} |\n" for bound in (
        "`a` | 80 ms | 19 ms | CHECK | 40.59 | - | ok", "`b` | 80 ms | 59 ms | - | 40.61 | - | ok",
        "`c` | 1000 ms, gated 4000 | 800 ms | - | 40.00 | - | ok",
        "`d` | goes on | - |  | - | - | ok",
    ))  # fmt: skip
    result, _ = headlines.summarize_faults(head + rows)
    assert result.endswith("40.61 C of 43 C; slowest cut-offs 59 of 80 ms, 800 of 1000 ms")


def test_power_is_cut_and_journals_are_altered_as_the_tests_do_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(figures_records, "MUTATED", 40)
    altered = figures_records.alter_journals()
    assert altered.tried == 40 and altered.stood
    try:
        cut = figures_records.cut_power()
    except BadInput as why:
        pytest.skip(str(why))
    assert cut.tried > 200 and cut.stood
