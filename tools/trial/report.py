"""Sealed report of a trial: flow, adherence, ratings and adverse effects, without arms.

Called by `waistband trial report`, and for shared parts by `results`. Reads the trial's folder;
writes the named HTML file alone.
"""

from tools.common.files import emit
from tools.common.words import SEVERITIES, plural
from tools.journal.sessions import format_clock
from tools.report.html_page import check_html_name, write_html
from tools.trial import collect
from tools.trial import data as trial_data
from tools.trial import folder as trial_folder
from tools.trial import page as trial_page
from tools.trial.data import WITHDRAWN, Data
from tools.trial.derive import BEFORE
from tools.trial.flow import flow_of_all
from tools.trial.page import Block, Bullets, Cell, Figure, Heading, Page, Table, Words
from tools.trial.stats import Mean, mean_of

UNKNOWN = "How many were asked, found unfit or refused before: not kept here."
SEALED = (
    "Arms, the light really given, heat, battery, and what was wrong with units are sealed: they "
    "are not in this report, and it was made without the means to open them."
)
UNVERIFIED = (
    "The journals are not verified: they were read without the units' keys, and any of these "
    "numbers can have been written by anybody. The monitor verifies them."
)
WARMTH = (
    "These units have no heater film: a lit pad grows warm and a dark one does not, so that warmth "
    "can tell a wearer the arm. So can the faint glow of 810 nm, and a phone's camera."
)
EVIDENCE = (
    "What is told here was recorded. Whether infrared therapy does anything is not decided by it; "
    "the evidence is mixed."
)


def report(folder: str, output: str | None) -> int:
    """Print the report, or write it as HTML. Raises BadInput."""
    trial = trial_folder.open_trial(folder)
    if output is not None:
        check_html_name(output)
    page = build_page(trial_data.load_data(trial))
    if output is None:
        emit(trial_page.render_text(page))
        return 0
    write_html(output, trial_page.render_html(page))
    emit(f"Wrote the sealed report to {output}")
    return 0


def build_page(data: Data) -> Page:
    """The sealed report."""
    blocks = [
        Words(SEALED), *unverified_blocks(data),
        Heading("Participants"), flow_of_all(data), Words(UNKNOWN),
        Heading("Adherence"), *adherence_blocks(data),
        Heading("Ratings by visit, all participants together"), *rating_blocks(data),
        Heading("Adverse effects"), *effect_blocks(data),
        Heading("Codes that were broken"), broken_codes(data),
        *excluded_blocks(data), Words(WARMTH), Words(EVIDENCE),
    ]  # fmt: skip
    return Page(f"{data.trial.name}: sealed report", data.trial.synthetic, blocks)


def unverified_blocks(data: Data) -> list[Block]:
    """A warning where nobody with the keys has verified the journals."""
    return [] if data.verified else [Words(UNVERIFIED, strong=True)]


# -- parts that the unsealed report has as well ------------------------------------------------


def adherence_blocks(data: Data) -> list[Block]:
    """Visits by state, and minutes of therapy."""
    timed = [(row["participant"], row["visit"], row["treat_ms"] / 60_000)
             for row in data.sessions if row["treat_ms"] is not None]  # fmt: skip
    rows: list[list[Cell]] = []
    for visit in data.visit_numbers:
        states = [data.state(who, visit) for who in data.people]
        treated = [minutes for _, of_visit, minutes in timed if of_visit == visit]
        rows.append([
            str(visit), *(str(states.count(state)) for state in ("done", "unfinished", "missed")),
            str(states.count("") + states.count("open")), str(states.count(WITHDRAWN)),
            str(len(treated) or ""),
            f"{sum(treated) / len(treated):.1f}" if treated else "",
            f"{min(treated):.1f}-{max(treated):.1f}" if treated else "",
        ])  # fmt: skip
    columns = ["visit", "done", "not to its end", "missed", "not yet", "withdrawn",
               "with therapy", "mean min", "range"]  # fmt: skip
    done = [sum(data.state(w, v) == "done" for v in data.visit_numbers) for w in data.people]
    spent = [sum(minutes for w, _, minutes in timed if w == who) for who in data.people]
    text = "Nobody has a journal yet."
    if done:
        text = (
            f"Of {data.last} visits, {sum(done) / len(done):.2f} were done on average (fewest "
            f"{min(done)}); minutes of therapy in all: {sum(spent) / len(spent):.1f} on average, "
            f"{min(spent):.1f} to {max(spent):.1f}."
        )
    return [Words(text), Table(columns, rows, "Minutes are of therapy, pauses not counted")]


def rating_blocks(data: Data) -> list[Block]:
    """Overall pain at each visit, before and after therapy, of all who rated it."""
    from tools.trial import plot

    rows: list[list[Cell]] = []
    points: list[tuple[int, Mean]] = []
    for visit in data.visit_numbers:
        for moment in data.moments:
            found = mean_of([one.value for one in data.rated(data.people, visit, moment)])
            if found is None:
                continue
            scatter = ["", ""]
            if found.sd is not None:
                scatter = [f"{found.low:.2f} to {found.high:.2f}", f"{found.sd:.2f}"]
            rows.append([f"{visit}, {moment}", str(found.n), f"{found.mean:.2f}", *scatter])
            if moment == BEFORE:
                points.append((visit, found))
    columns = ["visit", "n", "mean", "95 % interval", "SD"]
    blocks: list[Block] = [Table(columns, rows, "Overall pain, NRS 0-10")]
    if points:
        svg = plot.plot_ratings([("", points)], "Overall, before therapy", data.trial.synthetic)
        blocks.append(Figure(svg, "Overall pain before therapy, all participants together"))
    return blocks


def effect_blocks(data: Data) -> list[Block]:
    """Effects marked at the belt, and adverse events in the log."""
    worst = list(data.worst_effects(data.people).values())
    marked = [row["participant"] for row in data.effects if row["severity"]]
    counts = ", ".join(f"{name} {worst.count(at)}" for at, name in enumerate(SEVERITIES) if at)
    return [
        Words(f"Marked at the belt: {plural(len(marked), 'effect')} by {len(set(marked))} of "
              f"{len(data.people)}; the worst of each participant: {counts}."),
        Words("Written into the log:"), Bullets(list_events(data, {}), "none"),
        Words("Device deficiencies and replaced units:"),
        Bullets(list_deficiencies(data, {}), "none"),
    ]  # fmt: skip


def list_events(data: Data, arms: dict[str, str]) -> list[str]:
    """The log's adverse events, with the arms that are known."""
    return [
        f"{row['began']}, {row['participant']}{arms.get(row['participant'], '')}: {row['text']} "
        f"({row['severity']}{', SERIOUS' if row['serious'] else ''}; relation to the unit: "
        f"{row['related']})"
        for row in (entry.row for entry in data.trial.entries("adverse-event"))
    ]


def list_deficiencies(data: Data, arms: dict[str, str]) -> list[str]:
    """The log's device deficiencies and replaced units, with the arms that are known."""
    found = [
        f"{row['seen']}, unit {row['unit']} of {row['participant']}"
        f"{arms.get(row['participant'], '')}: {row['text']}"
        f"{' (COULD HAVE HARMED)' if row['could_harm'] else ''}"
        for row in (entry.row for entry in data.trial.entries("deficiency"))
    ]
    return found + [
        f"{entry.at[:10]}, unit {entry.row['instead_of']} of {entry.row['participant']}"
        f"{arms.get(entry.row['participant'], '')} was replaced by {entry.row['unit']}: "
        f"{entry.row['reason']}"
        for entry in data.trial.entries("replace")
    ]


def broken_codes(data: Data) -> Block:
    """Codes that were broken and why, without the arms."""
    entries = data.trial.entries("break-code")
    lines = [f"{one.row['participant']} at {one.at}: {one.row['reason']}" for one in entries]
    return Bullets(lines, "none")


def excluded_blocks(data: Data) -> list[Block]:
    """Journals that are in no number above, notes on those that are, and the origin of all."""
    excluded = [f"{row['label']}: {row['what']}: {row['said']}" for row in data.quarantine]
    lacking = collect.list_missing(data.trial, set(data.journals))
    excluded += [f"{who}: no journal that can be used" for who in lacking]
    notes = [f"{row['participant']}, unit {row['unit']}: {row['what']}: {row['said']}".lstrip(", ")
             for row in data.notes]  # fmt: skip
    latest = max((row["last_at"] or 0 for row in data.journals.values()), default=0)
    return [
        Heading("What was left out"), Bullets(excluded, "Nothing: every journal was in order."),
        Heading("What was kept, and is to be known"), Bullets(notes, "Nothing."),
        Words(f"Receipts noted at visits and found in the journals: {data.receipts}."),
        Words(f"From {plural(len(data.records), 'record')} of {len(data.people)} units, the last "
              f"of {format_clock(latest or None)}; log code {data.trial.log[-1].code}."),
    ]  # fmt: skip
