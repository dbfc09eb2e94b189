"""The reports: sealed, nothing of an arm; unsealed, every number right and traced to records."""

import csv
import json
import random
import re
import shutil
import sqlite3
import statistics
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from firmware.trial import enrolment
from tests.support.trial_folder import Belt, Bench, make_trial
from tools.commands.main import main
from tools.trial import allocation, export, folder, stats
from tools.trial import people as trial_people
from tools.trial.allocation import ARMS, PLACEBO, THERAPY
from tools.trial.page import SYNTHETIC

UNITS = 8
VISITS = 3
NEVER = ("works", "effective", "efficacy", "proves", "cure", "heal")


def answer(who: str, visit: int, when: str) -> int:
    """What somebody says, whatever their arm."""
    return random.Random(f"{who} {visit} {when}").randrange(11)


def make_attended_trial(base: Path, seed: int | None = 1) -> Bench:
    """A trial whose people came to three visits, but for the last, who came to two."""
    bench = make_trial(base, UNITS, seed, visits=VISITS)
    for who in bench.people:
        unit = bench.rows[who]["unit"]
        trial_people.add_enrolment(folder.open_trial(str(bench.folder)), who, unit)
        belt = Belt(bench, who)
        for visit in range(1, VISITS + (who != bench.people[-1])):
            belt.visit(visit, answer(who, visit, "before"), answer(who, visit, "after"), visit > 1)
        belt.add("effect", visit=2, severity=int(who[-1]) % 4)
        if who != bench.people[-1]:
            belt.add("guess", visit=VISITS, guess=(THERAPY, PLACEBO, "unsure")[int(who[-1]) % 3])
        belt.pull(base / "pulls" / who)
    run(bench, "withdraw", "--participant", bench.people[-1], "--reason", "moved away, as scripted")
    run(bench, "adverse-event", "--participant", "P-02", "--text", "rash <i>, as scripted",
        "--severity", "mild", "--date", f"{datetime.now(UTC):%Y-%m-%d}")  # fmt: skip
    assert main(["trial", "collect", str(bench.folder), str(base / "pulls")]) == 0
    return bench


def run(bench: Bench, command: str, *arguments: str) -> None:
    assert main(["trial", command, str(bench.folder), *arguments]) == 0


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return make_attended_trial(tmp_path_factory.mktemp("report"))


@pytest.fixture(scope="module")
def results(bench: Bench) -> Path:
    """What `unseal` writes."""
    out = bench.folder.parent / "out"
    run(bench, "unseal", "--identity", bench.statistician, "-o", str(out))
    return out


def table(path: Path) -> list[dict[str, str]]:
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def by_arm(bench: Bench, arm: str) -> list[str]:
    return [who for who in bench.people if bench.rows[who]["arm"] == arm]


# -- sealed --------------------------------------------------------------------------------------


def sealed_report(bench: Bench, capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    """As text and as HTML, but for the code of the log."""
    capsys.readouterr()
    run(bench, "report")
    text = capsys.readouterr().out
    path = bench.folder.parent / "sealed.html"
    run(bench, "report", "-o", str(path))
    code = re.compile(r"log\s+code\s+[\w-]{14}")
    return code.sub("", text), code.sub("", path.read_text())


def test_a_sealed_report_is_the_same_to_the_letter_were_every_arm_the_other(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    drawn = allocation.draw_arms

    def turned(*arguments: Any) -> tuple[list[str], list[int]]:
        arms, blocks = drawn(*arguments)
        return [PLACEBO if arm == THERAPY else THERAPY for arm in arms], blocks

    monkeypatch.setattr(allocation, "draw_arms", turned)
    other = make_attended_trial(tmp_path)
    assert all(bench.rows[who]["arm"] != other.rows[who]["arm"] for who in bench.people)
    assert sealed_report(bench, capsys) == sealed_report(other, capsys)


def test_a_sealed_report_tells_flow_adherence_ratings_and_harm(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    text, page = sealed_report(bench, capsys)
    for said in (
        "Units and tickets made: 8", "Enrolled: 8", "With a journal: 8", "Rated at baseline: 8",
        "withdrawn: P-08", "moved away, as scripted", "visit 3 not done: 1 (P-08)",
        "Visit 3 done: 7", "rash <i>, as scripted (mild; relation to the unit: possible)",
        "Of 3 visits, 2.88 were done on average (fewest 2)",
        "minutes of therapy in all: 18.8 on average, 10.0 to 20.0",
    ):  # fmt: skip
        assert said in " ".join(text.split()), said
    assert "<i>" not in page and "&lt;i&gt;" in page
    answers = [answer(who, 1, "before") for who in bench.people]
    assert f"{sum(answers) / len(answers):.2f}" in text
    assert page.count("<svg") == 1 and "<script" not in page and "http:" not in page.replace(
        "http://www.w3.org", "").replace("http://purl.org", "").replace("http://creativecommons", ""
    ).replace("https://matplotlib.org", "")  # fmt: skip


def test_what_is_not_synthetic_does_not_say_so(
    tmp_path: Path, bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    text, page = sealed_report(bench, capsys)
    assert SYNTHETIC in text and SYNTHETIC in page
    text, page = sealed_report(make_attended_trial(tmp_path, None), capsys)
    assert "SYNTHETIC" not in text and "SYNTHETIC" not in page


@pytest.mark.parametrize("name", ["report.txt", "report", "none/report.html"])
def test_a_report_is_an_html_file_in_a_folder_that_is_there(
    bench: Bench, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert main(["trial", "report", str(bench.folder), "-o", str(tmp_path / name)]) == 2
    said = capsys.readouterr()
    assert said.err.count("\n") == 1 and said.out == "" and list(tmp_path.iterdir()) == []


# -- unsealed ------------------------------------------------------------------------------------


def test_every_mean_and_interval_follows_from_the_records_that_are_named(
    bench: Bench, results: Path
) -> None:
    with sqlite3.connect(bench.folder / "trial.sqlite") as base:
        bodies = {seal: json.loads(body) for seal, body in
                  base.execute("SELECT seal, body FROM records")}  # fmt: skip
    pulls = bench.folder.parent / "pulls"
    kept = b"".join(path.read_bytes() for path in pulls.rglob("journal.*"))
    behind: dict[tuple[str, str, str], list[Any]] = {}
    for row in table(results / "sources.csv"):
        assert row["seal"].encode() in kept
        body = bodies[row["seal"]]
        assert (str(body["n"]), body["kind"]) == (row["record"], row["kind"])
        behind.setdefault((row["source"], row["what"], row["value"]), []).append(body)
    means = 0
    for (_, what, value), found in behind.items():
        kind, _, said = what.partition(": ")
        if kind not in ("mean", "interval"):
            continue
        arm, visit, when = said.split(", ")
        answers = [body["value"] for body in found]
        assert all(body["item"] == enrolment.OVERALL and body["when"] == when for body in found)
        assert {f"visit {body['visit']}" for body in found} == {visit}
        told = stats.mean_of(answers)
        assert told is not None and told.low is not None
        assert value == (f"{told.mean:.2f}" if kind == "mean" else
                         f"{told.low:.2f} to {told.high:.2f}")  # fmt: skip
        scripted = [answer(who, int(visit[-1]), when) for who in by_arm(bench, arm)
                    if who != bench.people[-1] or visit != f"visit {VISITS}"]  # fmt: skip
        assert sorted(scripted) == sorted(answers)
        means += kind == "mean"
    assert means == 2 * (VISITS + VISITS - 1)
    page = (results / "report.html").read_text()
    for source, _, value in behind:
        assert f'title="sources.csv: {source}">{value.replace("<", "&lt;")}<' in page


def test_the_comparison_is_that_of_the_scripted_answers(bench: Bench, results: Path) -> None:
    people = bench.people[:-1]  # the last has no last visit
    base = [float(answer(who, 1, "before")) for who in people]
    change = [answer(who, VISITS, "before") - first
              for who, first in zip(people, base, strict=True)]  # fmt: skip
    found = stats.ancova(change, base, [bench.rows[w]["arm"] == THERAPY for w in people])
    assert isinstance(found, stats.Difference)
    told = {row["what"]: row["value"] for row in table(results / "sources.csv")}
    assert told["Overall: difference"] == f"{found.difference:.2f}"
    assert told["Overall: 95 % interval"] == f"{found.low:.2f} to {found.high:.2f}"


def test_data_csv_has_every_answer_and_what_was_really_given(bench: Bench, results: Path) -> None:
    rows = table(results / "data.csv")
    assert len(rows) == UNITS * VISITS
    for row in rows:
        who, visit = row["record_id"], int(row["redcap_event_name"].split("_")[1])
        assert row["redcap_event_name"] == f"visit_{visit}_arm_1"
        arm = bench.rows[who]["arm"]
        assert row["arm"] == (str(ARMS.index(arm) + 1) if visit == 1 else "")
        assert row["data_origin"] == ("2" if visit == 1 else "")
        there = visit < VISITS or who != bench.people[-1]
        assert row["overall_before"] == (str(answer(who, visit, "before")) if there else "")
        assert row["visit_state"] == str(1 + export.STATES.index("done" if there else "withdrawn"))
        treated = there and visit > 1
        lit = "4.0000" if arm == THERAPY else "0.0000"
        assert row["dose_a_j_cm2"] == row["dose_b_j_cm2"] == (lit if treated else "")
        assert row["therapy_min"] == ("10.0000" if treated else "")


def test_the_dictionary_has_redcaps_columns_and_every_field_of_the_data(results: Path) -> None:
    fields = table(results / "dictionary.csv")
    assert tuple(fields[0]) == export.HEADER
    names = [field["Variable / Field Name"] for field in fields]
    assert names[0] == "record_id" and len(set(names)) == len(names)
    rows = table(results / "data.csv")
    assert list(rows[0]) == ["record_id", "redcap_event_name", *names[1:]]
    for field in fields[1:]:
        name = field["Variable / Field Name"]
        assert re.fullmatch(r"[a-z][a-z0-9_]{0,25}", name), name
        values = {row[name] for row in rows} - {""}
        if field["Field Type"] == "radio":
            listed = field["Choices, Calculations, OR Slider Labels"].split(" | ")
            assert values <= {choice.split(",")[0] for choice in listed}
        elif field["Text Validation Type OR Show Slider Number"] == "integer":
            assert all(0 <= int(value) <= 10 for value in values)
        elif field["Text Validation Type OR Show Slider Number"] == "number":
            assert all(float(value) >= 0 for value in values)


def test_the_unsealed_page_says_what_it_is(bench: Bench, results: Path) -> None:
    page = (results / "report.html").read_text()
    assert page.count(SYNTHETIC) == 1 and "<thead><tr><td>SYNTHETIC" in page
    assert page.count("<svg") == 2
    for said in ("withdrawn: P-08", "rash", "Every unit gave light, or none, as its arm says.",
                 "no heater film"):  # fmt: skip
        assert said in page
    words = re.sub(r"<svg.*?</svg>|<style.*?</style>", "", page, flags=re.DOTALL).lower()
    assert not any(claim in words for claim in NEVER)


def test_unsealing_is_in_the_log_and_writes_over_nothing(
    bench: Bench, results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = (bench.folder / "log.jsonl").read_bytes()
    assert log.count(b'"kind": "unseal"') == 1
    arguments = ["unseal", str(bench.folder), "--identity", bench.statistician, "-o", str(results)]
    assert main(["trial", *arguments]) == 2
    assert main(["trial", *arguments[:3], bench.officer, "-o", str(results) + "2"]) == 2
    said = capsys.readouterr().err
    assert "is there already" in said and "the statistician's opens it" in said
    assert (bench.folder / "log.jsonl").read_bytes() == log
    assert not Path(f"{results}2").exists()


def test_a_unit_that_did_not_do_as_its_arm_says_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bench = make_trial(tmp_path, 4, visits=2)
    for who in bench.people:
        unit = bench.rows[who]["unit"]
        trial_people.add_enrolment(folder.open_trial(str(bench.folder)), who, unit)
        belt = Belt(bench, who)
        if who == "P-03":
            turned = PLACEBO if belt.row["arm"] == THERAPY else THERAPY
            belt.row = {**belt.row, "arm": turned}
        belt.visit(1, 5, therapy=False)
        belt.visit(2, 5, 5)
        belt.pull(tmp_path / "pulls" / who)
    assert main(["trial", "collect", str(bench.folder), str(tmp_path / "pulls")]) == 0
    out = str(tmp_path / "out")
    assert main(["trial", "unseal", str(bench.folder), "--identity", bench.statistician,
                 "-o", out]) == 1  # fmt: skip
    assert "WRONG P-03, visit 2: the unit was" in capsys.readouterr().out
    assert "P-03, visit 2: the unit was" in (tmp_path / "out" / "report.html").read_text()


# -- withdrawn, flow, responders, deficiencies ---------------------------------------------------


def test_withdrawn_is_withdrawn_everywhere(
    bench: Bench, results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, _ = sealed_report(bench, capsys)
    row = next(line for line in text.splitlines() if line.split()[:1] == ["3"])
    # visit, done, not to its end, missed, not yet, withdrawn, with therapy
    assert row.split()[:7] == ["3", "7", "0", "0", "0", "1", "7"]
    page = (results / "report.html").read_text()
    early = page.split("Unsealed before the end of:")[1].split("</ul>")[0].split("<h2>")[0]
    assert "P-08" not in early and "nobody: the last window of each is over" in early
    fields = {row["Variable / Field Name"]: row for row in table(results / "dictionary.csv")}
    assert "5, withdrawn" in fields["visit_state"]["Choices, Calculations, OR Slider Labels"]


def test_the_flow_of_each_arm_says_who_received_who_was_lost_and_why(
    bench: Bench, results: Path
) -> None:
    page = " ".join((results / "report.html").read_text().split())
    counts = {arm: len(by_arm(bench, arm)) for arm in ARMS}
    lost = bench.rows["P-08"]["arm"]
    for arm in ARMS:
        n, gone = counts[arm], int(arm == lost)
        assert f"Allotted to {arm} and enrolled: {n}" in page
        assert f"Received {arm}, one session at least: {n}" in page
        assert f"Analysed: {n - gone}" in page
    assert "lost or discontinued: 1" in page and "excluded from the analysis: 1" in page
    assert page.count("P-08: withdrawn 20") == 2 and "moved away, as scripted" in page


def test_responders_are_those_of_the_scripted_answers(bench: Bench, results: Path) -> None:
    told = {row["what"]: row["value"] for row in table(results / "sources.csv")}
    for share in (30, 50):
        for arm in ARMS:
            first = {who: answer(who, 1, "before") for who in by_arm(bench, arm)}
            able = [who for who, value in first.items() if value]
            fell = [
                who for who in able if who != bench.people[-1]
                and first[who] - answer(who, VISITS, "before") >= share / 100 * first[who]
            ]  # fmt: skip
            assert told[f"responders {share} %: {arm}"].startswith(f"{len(fell)} of {len(able)} (")


def test_the_sd_of_each_mean_is_told(bench: Bench, results: Path) -> None:
    told = {row["what"]: row["value"] for row in table(results / "sources.csv")}
    for arm in ARMS:
        values = [answer(who, 1, "before") for who in by_arm(bench, arm)]
        assert told[f"SD: {arm}, visit 1, before"] == f"{statistics.stdev(values):.2f}"


def test_deficiencies_and_related_events_are_counted_by_arm(
    bench: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(bench.folder, tmp_path / "trial")
    copy = Bench(tmp_path / "trial", bench.keys, bench.statistician, bench.officer)
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    run(copy, "deficiency", "--participant", "P-03", "--text", "no sound", "--date", today)
    run(copy, "adverse-event", "--participant", "P-03", "--text", "fell", "--severity", "severe",
        "--serious", "--related", "not related", "--date", today)  # fmt: skip
    run(copy, "replace", "--participant", "P-03", "--unit", "WB-9000", "--reason", "no sound")
    text, _ = sealed_report(copy, capsys)
    for said in ("unit WB-0003 of P-03: no sound", "WB-0003 of P-03 was replaced by WB-9000",
                 "fell (severe, SERIOUS; relation to the unit: not related)"):  # fmt: skip
        assert said in " ".join(text.split()), said
    out = tmp_path / "out"
    run(copy, "unseal", "--identity", bench.statistician, "-o", str(out))
    page = re.sub(r"<[^>]*>", " ", (out / "report.html").read_text())
    rows = page.split("device deficiencies")[1].split()
    arm = bench.rows["P-03"]["arm"]
    mine = rows[rows.index(arm) :][:10]
    also = bench.rows["P-02"]["arm"] == arm  # has the possibly related rash
    assert mine[5:] == [str(1 + also), str(int(also)), "1", "0", "1"]
