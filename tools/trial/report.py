"""`waistband trial report`: how a trial stands while it is sealed. Nothing here knows an arm."""

from pathlib import Path

from sim.common import validate
from sim.common.errors import BadInput
from tools.common.files import emit, write_whole
from tools.common.words import SEVERITIES, plural
from tools.journal.sessions import format_clock
from tools.trial import collect
from tools.trial import data as trial_data
from tools.trial import folder as trial_folder
from tools.trial import page as trial_page
from tools.trial.data import Data
from tools.trial.page import Block, Bullets, Cell, Figure, Flow, Heading, Page, Table, Words
from tools.trial.stats import Mean, mean_of

HTML = (".html", ".htm")
UNKNOWN = "How many were asked, found unfit or refused before: not kept here."
SEALED = (
    "Arms, the light really given, heat, battery, and what was wrong with units are sealed: they "
    "are not in this report, and it was made without the means to open them."
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
    """Print it, or write it as HTML. Raises BadInput."""
    trial = trial_folder.open_trial(folder)
    if output is not None:
        check_suffix(output)
    page = build_page(trial_data.load_data(trial))
    if output is None:
        emit(trial_page.render_text(page))
        return 0
    with write_whole(output) as path:
        path.write_text(trial_page.render_html(page), encoding="utf-8")
    emit(f"Wrote the sealed report to {output}")
    return 0


def check_suffix(output: str) -> None:
    """A name of an HTML file. Raises BadInput."""
    if Path(output).suffix not in HTML:
        raise BadInput(f"-o is {validate.shown(output)}: a name that ends in .html")


def build_page(data: Data) -> Page:
    """The sealed report."""
    blocks: list[Block] = [
        Words(SEALED),
        Heading("Participants"),
        flow_diagram(data),
        Words(UNKNOWN),
    ]
    blocks += [Heading("Adherence"), *adherence_blocks(data)]
    blocks += [Heading("Ratings by visit, all participants together"), *rating_blocks(data)]
    blocks += [Heading("Adverse effects"), *effect_blocks(data)]
    blocks += [Heading("Codes that were broken"), broken_codes(data)]
    blocks += [*excluded_blocks(data), Words(WARMTH), Words(EVIDENCE)]
    return Page(f"{data.trial.name}: sealed report", data.trial.synthetic, blocks)


# -- parts that the unsealed report has as well ------------------------------------------------


def flow_diagram(data: Data) -> Flow:
    """Participants from enrolment to the last visit, by CONSORT."""
    trial = data.trial
    enrolled = list(trial.enrolled)
    lacking = collect.list_missing(trial, set(data.journals))
    gone = [
        f"withdrawn: {entry.row['participant']}, {entry.at[:10]}: {entry.row['reason']}"
        for entry in trial.of_kind("withdraw")
    ]
    steps = [
        (f"Units and tickets made: {len(trial.units)}",
         [f"not enrolled: {len(trial.units) - len(enrolled)}"]),
        (f"Enrolled: {len(enrolled)}", list_people("no journal that can be used", lacking)),
        (f"With a journal: {len(data.people)}",
         list_people("no baseline", [w for w in data.people if data.rating(w, 1) is None])),
        (f"Rated at baseline: {len(data.rated(data.people, 1))}", gone),
    ]  # fmt: skip
    unfinished = [who for who in data.people if not data.finished(who)]
    steps[-1] = (steps[-1][0], [*gone, *list_people(f"visit {data.last} not done", unfinished)])
    steps.append((f"Visit {data.last} done: {len(data.people) - len(unfinished)}", []))
    return Flow(steps)


def list_people(what: str, people: list[str]) -> list[str]:
    """A line that names people, if there are any."""
    return [f"{what}: {len(people)} ({', '.join(people)})"] if people else []


def adherence_blocks(data: Data) -> list[Block]:
    """Visits and minutes."""
    rows: list[list[Cell]] = []
    for visit in data.visit_numbers:
        states = [data.state(who, visit) for who in data.people]
        treated = minutes_of_visit(data, visit)
        rows.append([
            str(visit), *(str(states.count(state)) for state in ("done", "unfinished", "missed")),
            str(states.count("") + states.count("open")), str(len(treated)) if treated else "",
            f"{sum(treated) / len(treated):.1f}" if treated else "",
            f"{min(treated):.1f}-{max(treated):.1f}" if treated else "",
        ])  # fmt: skip
    columns = ["visit", "done", "not to its end", "missed", "not yet", "with therapy",
               "mean min", "range"]  # fmt: skip
    done = [sum(data.state(w, v) == "done" for v in data.visit_numbers) for w in data.people]
    spent = [sum(minutes_of_participant(data, who)) for who in data.people]
    told = "Nobody has a journal yet."
    if done:
        told = (
            f"Of {data.last} visits, {sum(done) / len(done):.2f} were done on average (fewest "
            f"{min(done)}); minutes of therapy in all: {sum(spent) / len(spent):.1f} on average, "
            f"{min(spent):.1f} to {max(spent):.1f}."
        )
    return [Words(told), Table(columns, rows, "Minutes are of therapy, pauses not counted")]


def minutes_of_visit(data: Data, visit: int) -> list[float]:
    """Minutes of therapy of each session of a visit that has an end."""
    return [row["treat_ms"] / 60_000 for row in data.sessions
            if row["visit"] == visit and row["treat_ms"] is not None]  # fmt: skip


def minutes_of_participant(data: Data, who: str) -> list[float]:
    """Minutes of each session of a participant."""
    return [row["treat_ms"] / 60_000 for row in data.sessions
            if row["participant"] == who and row["treat_ms"] is not None]  # fmt: skip


def rating_blocks(data: Data) -> list[Block]:
    """Overall pain at each visit, before therapy and after, whoever gave it."""
    from tools.trial import plot

    blocks: list[Block] = []
    rows: list[list[Cell]] = []
    points: list[tuple[int, Mean]] = []
    for visit in data.visit_numbers:
        for moment in data.moments():
            found = mean_of([one.value for one in data.rated(data.people, visit, moment)])
            if found is None:
                continue
            rows.append([f"{visit}, {moment}", *mean_cells(found)])
            if moment == "before":
                points.append((visit, found))
    blocks.append(Table(["visit", "n", "mean", "95 % interval", "SD"], rows,
                        "Overall pain, NRS 0-10"))  # fmt: skip
    if points:
        svg = plot.plot_ratings([("", points)], "Overall, before therapy", data.trial.synthetic)
        blocks.append(Figure(svg, "Overall pain before therapy, all participants together"))
    return blocks


def mean_cells(found: Mean) -> list[Cell]:
    """A mean as cells of a table."""
    if found.sd is None:
        return [str(found.n), f"{found.mean:.2f}", "", ""]
    return [str(found.n), f"{found.mean:.2f}", f"{found.low:.2f} to {found.high:.2f}",
            f"{found.sd:.2f}"]  # fmt: skip


def effect_blocks(data: Data) -> list[Block]:
    """What was marked at the belt, and what was written into the log."""
    worst: dict[str, int] = {}
    for row in data.effects:
        worst[row["participant"]] = max(worst.get(row["participant"], 0), row["severity"])
    marked = [row for row in data.effects if row["severity"]]
    counts = ", ".join(
        f"{name} {sum(value == at for value in worst.values())}"
        for at, name in enumerate(SEVERITIES) if at
    )  # fmt: skip
    return [
        Words(f"Marked at the belt: {plural(len(marked), 'effect')} by "
              f"{len({row['participant'] for row in marked})} of {len(data.people)}; the worst of "
              f"each participant: {counts}."),
        Words("Written into the log:"), Bullets(list_events(data, {}), "none"),
    ]  # fmt: skip


def list_events(data: Data, arms: dict[str, str]) -> list[str]:
    """The log's adverse events, with the arms that are known."""
    return [
        f"{row['began']}, {row['participant']}{arms.get(row['participant'], '')}: {row['text']} "
        f"({row['severity']}{', SERIOUS' if row['serious'] else ''})"
        for row in (entry.row for entry in data.trial.of_kind("adverse-event"))
    ]


def broken_codes(data: Data) -> Block:
    """Codes that were broken, and why; not what came out."""
    return Bullets(
        [f"{entry.row['participant']} at {entry.at}: {entry.row['reason']}"
         for entry in data.trial.of_kind("break-code")],
        "none",
    )  # fmt: skip


def excluded_blocks(data: Data) -> list[Block]:
    """What is in no number above, and what is, with a reservation."""
    apart = [f"{row['label']}: {row['what']}: {row['said']}" for row in data.quarantine]
    lacking = collect.list_missing(data.trial, set(data.journals))
    apart += [f"{who}: no journal that can be used" for who in lacking]
    notes = [f"{row['participant']}, unit {row['unit']}: {row['what']}: {row['said']}"
             for row in data.notes]  # fmt: skip
    latest = max((row["last_at"] or 0 for row in data.journals.values()), default=0)
    return [
        Heading("What was left out"), Bullets(apart, "Nothing: every journal was in order."),
        Heading("What was kept, and is to be known"), Bullets(notes, "Nothing."),
        Words(f"From {plural(len(data.places), 'record')} of {len(data.people)} units, the last "
              f"of {format_clock(latest or None)}; log code {data.trial.log[-1].code}."),
    ]  # fmt: skip
