"""Hazards and controls: the table is whole, its page is the committed one, and what is taken out is
noticed."""

from pathlib import Path

import pytest

from tools.dev import controls, hazards
from tools.dev.hazards import Control, list_mistakes, read_table, render_page
from tools.dev.hazards_measured import measured_table, read_measured

ROOT = Path(__file__).resolve().parents[2]
TABLE = read_table()
# The quickest; `make mutants` takes out all of them.
TEN = (
    "contact_trip", "contact_pair", "silent_sensor", "warm_skin", "cause_there", "buckle",
    "boot_dark", "charger", "button_stuck", "signature",
)  # fmt: skip


def test_every_hazard_has_a_control_and_every_control_a_test_that_exists() -> None:
    assert list_mistakes(TABLE) == []


def test_the_page_is_made_of_the_table() -> None:
    page = (ROOT / "docs/maintainer/hazards.md").read_text(encoding="utf-8")
    assert page == render_page(TABLE), "python -m tools.dev.hazards > docs/maintainer/hazards.md"


@pytest.mark.parametrize(("change", "said"), [
    ({"tests": ()}, "control lease has no test"),
    ({"tests": ("tests/hal/test_lease.py::test_nothing",)}, "there is no test"),
    ({"was": "no such line"}, "stands in hal/lease.py 0 times"),
    ({"was": "def "}, "stands in hal/lease.py 5 times"),
])  # fmt: skip
def test_a_control_that_shows_nothing_is_named(change: dict[str, object], said: str) -> None:
    bad = TABLE.controls["lease"]._replace(**change)  # type: ignore[arg-type]
    found = list_mistakes(TABLE._replace(controls={**TABLE.controls, "lease": bad}))
    assert any(said in line for line in found)


def test_a_hazard_without_a_control_and_a_control_without_a_hazard_are_named() -> None:
    bare = [{**TABLE.hazards[0], "controls": []}, *TABLE.hazards[1:]]
    found = list_mistakes(TABLE._replace(hazards=bare))
    assert "hazard burn has no control" in found and "control led_board has no hazard" in found


def test_a_fault_without_a_hazard_and_a_cause_that_is_no_fault_are_named() -> None:
    bare = [{**TABLE.hazards[0], "faults": ["ntc_bent"]}, *TABLE.hazards[1:]]
    found = list_mistakes(TABLE._replace(hazards=bare))
    assert "fault ntc_open is a cause of no hazard" in found
    assert "there is no fault ntc_bent" in found


def test_a_faults_row_is_the_worst_of_its_variants_and_what_the_campaign_found() -> None:
    faults = (
        "| fault | must be dark within | measured | in | contact, C | J / bound |  |\n"
        "| --- | --- | --- | --- | --- | --- | --- |\n"
        "| `slips` | 1000 ms | 491 ms | RAMP A | 40.59 | 0.589 / 1.200 | ok |\n"
        "| `slips 2 pF` (driver depth) | 900 ms | 91 ms | RAMP A | 41.60* | - | LATE |\n"
        "| `clock_lost` | goes on | - |  | 40.09 | - | ok |\n\nThe end"
    )
    campaign = (
        "Struck as well, and judged by what they do: clock_lost (4,266), rail_reset (2).\n\n"
        "| fault | struck | ms | within, ms | case |\n| --- | --- | --- | --- | --- |\n"
        "| slips | 1,758 | 480 | 1000 | 1-730-f35 |\n\n"
    )
    measured = read_measured(faults, campaign)
    both = ("1000 ms", "900 ms")
    assert measured["slips"] == (both, "491 ms", "41.60*", "LATE", "1,758", "480 ms")
    assert measured["clock_lost"] == (("goes on",), "-", "40.09", "ok", "4,266", "-")
    assert "| `slips` | 1000 ms; 900 ms | 491 ms | 41.60* | LATE | 1,758 | 480 ms |\n" in (
        measured_table(["slips"], measured)
    )


def test_a_row_with_another_key_is_refused(tmp_path: Path) -> None:
    text = (ROOT / hazards.DATA).read_text(encoding="utf-8")
    (tmp_path / "hazards.toml").write_text(text.replace("does =", "dose =", 1), encoding="utf-8")
    with pytest.raises(ValueError, match="a control has the keys"):
        read_table(tmp_path / "hazards.toml")


def test_each_control_that_is_taken_out_is_noticed_by_a_named_test() -> None:
    assert controls.find_unnoticed(list(TEN)) == []


def test_a_control_that_nobody_would_miss_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    row = TABLE.controls["contact_trip"]
    idle = Control(row.name, row.does, row.file, row.was, row.was, row.tests)
    kept = TABLE._replace(controls={row.name: idle})
    monkeypatch.setattr(controls, "read_table", lambda: kept)
    assert controls.main([]) == 1
    assert "contact_trip: no named test fails without it" in capsys.readouterr().out


def test_an_unknown_control_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert controls.main(["nothing"]) == 2
    assert "no such control: nothing" in capsys.readouterr().out
