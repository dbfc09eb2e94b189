"""Headlines of the evidence: what the pages that commands made say, in a line each.

Called for the page of figures (`tools.dev.figures_page`) and that of hazards (`tools.dev.hazards`).
Reads pages of docs/maintainer, writes nothing. A page that begins otherwise than it is made fails
an assertion: a test calls each.
"""

import re
from pathlib import Path

from sim.faults.deadlines import SINGLE_C

PAGES = Path(__file__).resolve().parents[2] / "docs" / "maintainer"
FAULT_TABLE = "| fault | must be dark within |"


def list_rows(text: str, head: str) -> list[list[str]]:
    """Return the cells of each row of the table that begins with `head`. Raises ValueError where
    there is none."""
    lines = text[text.index(head) :].partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]


def summarize_campaign(text: str) -> tuple[str, str]:
    """Return the campaign page's result and rate, and how it was made."""
    result = re.search(r"^\*\*(.+)\*\*$", text, re.MULTILINE)
    made = re.search(r"Made by (`[^`]+`) at commit (\w+)", text)
    sessions = re.search(r"^\| sessions \|(.+)\|$", text, re.MULTILINE)
    assert result and made and sessions, "campaign.md begins otherwise"
    rate = sessions[1].split("|")[4].strip()
    return f"{result[1]} {rate} sessions a CPU minute", f"{made[1]}, commit {made[2]}"


def summarize_faults(text: str) -> tuple[str, str]:
    """Return the fault table's result, and how it was made. Its rows end with their verdict."""
    rows = list_rows(text, FAULT_TABLE)
    bad = [row[0] for row in rows if row[-1] != "ok"]
    hottest = max(float(row[4]) for row in rows if re.fullmatch(r"[\d.]+", row[4]))
    slowest: dict[int, int] = {}
    for row in rows:
        bound, measured = (re.match(r"(\d+) ms", cell) for cell in row[1:3])
        if bound and measured:
            within = int(bound[1])
            slowest[within] = max(slowest.get(within, 0), int(measured[1]))
    cut_offs = ", ".join(f"{slowest[within]} of {within} ms" for within in sorted(slowest))
    result = (
        f"{len(rows)} rows, {len(bad)} not ok; highest contact without heat from outside "
        f"{hottest:.2f} C of {SINGLE_C:g} C; slowest cut-offs {cut_offs}"
    )
    return result, "`waistband check faults`"


def summarize_mutants(text: str) -> tuple[str, str]:
    """Return the mutants' result, and how it was made."""
    rows = re.findall(r"^\| (\S+\.py) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \|", text, re.MULTILINE)
    made, caught, argued, neither = (sum(int(row[k]) for row in rows) for k in range(1, 5))
    result = (
        f"{made:,} changes of {len(rows)} files: {caught:,} caught, {argued} argued, {neither} left"
    )
    return result, "`make mutants`"


def summarize_mutants_beyond(text: str) -> tuple[str, str]:
    """Return the result of the mutants beyond guard, gate and limits, and how it was made."""
    row = re.search(r"^\| all \|(.+)\|$", text, re.MULTILINE)
    made = re.search(r"Made by (`[^`]+`)", text)
    assert row and made, "mutants-beyond.md begins otherwise"
    there, tried, caught, argued, neither = (cell.strip() for cell in row[1].split("|"))
    result = f"{tried} changes of {there}: {caught} caught, {argued} argued, {neither} left"
    return result, made[1]


def summarize_proof(text: str) -> tuple[str, str]:
    """Return the model check's result, and how it was made."""
    nodes, transitions = (
        re.search(rf"^\| {name} \| ([\d,]+) \|", text, re.MULTILINE)
        for name in ("nodes", "transitions")
    )
    result = re.search(r"^## Result\n\n(.+)$", text, re.MULTILINE)
    assert nodes and transitions and result, "proof.md begins otherwise"
    return (
        f"{result[1]} {nodes[1]} nodes, {transitions[1]} transitions",
        "`waistband check prove`",
    )


def summarize_peers(text: str) -> tuple[str, str]:
    """Return how hot each protection let skin get, and how it was made."""
    rows = re.findall(r"^\| ([^|]+) \| (\d+) \| (\d+) \|(.+)\|$", text, re.MULTILINE)
    said = []
    for name, runs, above, rest in rows:
        hottest = rest.split("|")[4].strip()
        said.append(f"{name}: {above} of {runs} runs above {SINGLE_C:.1f} C, hottest {hottest} C")
    return "; ".join(said), "`python -m tools.physics_checks.peers`"


SUMMARIES = {
    "campaign.md": ("random sessions, random faults", summarize_campaign),
    "faults.md": ("every fault in every state", summarize_faults),
    "proof.md": ("every reachable state", summarize_proof),
    "mutants.md": ("small changes to the code", summarize_mutants),
    "mutants-beyond.md": ("small changes elsewhere", summarize_mutants_beyond),
    "peers.md": ("peers' protection on our plant", summarize_peers),
}


def read_headline(page: str) -> tuple[str, str]:
    """Return a page's result, and how it was made."""
    _, summarize = SUMMARIES[page]
    return summarize((PAGES / page).read_text(encoding="utf-8"))
