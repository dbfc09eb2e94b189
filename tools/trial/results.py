"""The unsealed report: ratings by arm and visit, change adjusted for baseline, dose, blinding.

Every number has a key, by which sources.csv names the records that it was computed from.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from firmware.trial.visits import GUESSES
from tools.common.words import SEVERITIES, name_fault, plural
from tools.journal.sessions import format_clock
from tools.trial import given as trial_given
from tools.trial import plot, report, stats
from tools.trial.allocation import ARMS, THERAPY
from tools.trial.data import Data, Rating
from tools.trial.derive import BEFORE
from tools.trial.given import Arm, LatchedFault, SessionDose
from tools.trial.page import Block, Bullets, Cell, Figure, Heading, Page, Table, Words
from tools.trial.sources import Sources
from tools.trial.stats import Difference, Mean, mean_of

METHOD = (
    "Outcome: overall pain (NRS 0-10) as confirmed at the belt before therapy, at baseline (visit "
    "1) and at the last visit. Change from baseline was compared by analysis of covariance "
    "(ordinary least squares: change on arm and baseline), of everybody with both ratings, in the "
    "arm that was allotted; nothing was imputed. Intervals are 95 %, two-sided, Student's t."
)


@dataclass
class Results:
    """All that the unsealed report tells."""

    data: Data
    arms: dict[str, Arm]
    given: list[SessionDose]
    wrong: list[str]
    causes: list[LatchedFault]
    sources: Sources
    primary: Difference | str = ""
    blocks: list[Block] = field(default_factory=list)

    def of_arm(self, arm: str) -> list[str]:
        """Participants with a journal."""
        return [who for who in self.data.people if self.arms[who].arm == arm]


def compute_results(data: Data, arms: dict[str, Arm]) -> Results:
    """The whole of it."""
    given, wrong = trial_given.decrypt_sessions(data, arms)
    whose = {unit: who for who, unit in data.trial.units.items()}
    found = Results(
        data, arms, given, wrong, trial_given.decrypt_faults(data, arms), Sources(data, whose)
    )  # fmt: skip
    blocks = found.blocks
    blocks += [Heading("Participants"), report.flow_diagram(data), arm_table(found)]
    blocks += [Heading("Change from baseline"), Words(METHOD), *change_blocks(found)]
    blocks += [Heading("Ratings by arm and visit"), *rating_blocks(found)]
    blocks += [Heading("Light really given"), *dose_blocks(found)]
    blocks += [Heading("Adverse effects and faults"), *harm_blocks(found)]
    blocks += [Heading("Blinding"), *blinding_blocks(found)]
    blocks += [Heading("Codes that were broken"), report.broken_codes(data)]
    blocks += report.excluded_blocks(data)
    blocks.append(Words(report.EVIDENCE))
    return found


def build_page(found: Results) -> Page:
    """As a page."""
    trial = found.data.trial
    return Page(f"{trial.name}: results, unsealed", trial.synthetic, found.blocks)


# -- parts -------------------------------------------------------------------------------------


def arm_table(found: Results) -> Block:
    """How many of each arm came how far."""
    data = found.data
    rows: list[list[Cell]] = []
    for arm in ARMS:
        allotted = sum(one.arm == arm for one in found.arms.values())
        people = found.of_arm(arm)
        enrolled = sum(found.arms[who].arm == arm for who in data.trial.enrolled)
        rows.append([
            arm, str(allotted), str(enrolled), str(len(people)),
            str(len(data.rated(people, 1))), str(sum(map(data.finished, people))),
            str(len(data.rated([w for w in people if data.rating(w, 1)], data.last))),
        ])  # fmt: skip
    columns = ["arm", "allotted", "enrolled", "with a journal", "baseline rated",
               "last visit done", "compared"]  # fmt: skip
    return Table(columns, rows)


def change_blocks(found: Results) -> list[Block]:
    """ANCOVA of the overall rating, and of each movement."""
    data = found.data
    rows: list[list[Cell]] = []
    for item in data.trial.items:
        result, seals = compare_item(found, item)
        if item == data.trial.items[0]:
            found.primary = result
        rows.append(change_row(found, item, result, seals))
    columns = ["item", "therapy n", "placebo n", "therapy, change", "placebo, change",
               "difference", "95 % interval", "p"]  # fmt: skip
    caption = "Change to the last visit at the mean baseline; difference: therapy less placebo"
    return [
        Words(verdict_in_words(found.primary)),
        Table(columns, rows, caption),
        Words(comparison_note(len(rows))),
    ]


def comparison_note(count: int) -> str:
    """What is to be thought of so many comparisons."""
    return (
        f"The first row is the trial's outcome; the others are told beside it, not adjusted for "
        f"being many: were {count} such comparisons of nothing independent, "
        f"{100 * (1 - stats.LEVEL**count):.0f} % of trials would have one at least whose "
        "interval leaves 0 out."
    )


def compare_item(found: Results, item: str) -> tuple[Difference | str, list[str]]:
    """Of one item: the comparison, and the seals of all ratings in it."""
    data = found.data
    change, baseline, therapy, seals = [], [], [], []
    for who in data.people:
        first = data.rating(who, 1, BEFORE, item)
        last = data.rating(who, data.last, BEFORE, item)
        if first is not None and last is not None:
            change.append(float(last.value - first.value))
            baseline.append(float(first.value))
            therapy.append(found.arms[who].arm == THERAPY)
            seals += [first.seal, last.seal]
    return stats.ancova(change, baseline, therapy), seals


def change_row(found: Results, item: str, result: Difference | str, seals: list[str]) -> list[Cell]:
    """A row of the table of changes."""
    if isinstance(result, str):
        return [item, "", "", "", "", "", result, ""]
    numbers = [
        ("therapy, change", f"{result.adjusted[0]:.2f}"),
        ("placebo, change", f"{result.adjusted[1]:.2f}"),
        ("difference", f"{result.difference:.2f}"),
        ("95 % interval", f"{result.low:.2f} to {result.high:.2f}"),
        ("p", format_p(result.p)),
    ]
    told = [found.sources.number(f"{item}: {what}", text, seals) for what, text in numbers]
    return [item, str(result.n[0]), str(result.n[1]), *told]


def format_p(p: float) -> str:
    """As journals print it."""
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def verdict_in_words(result: Difference | str) -> str:
    """The primary comparison in a sentence."""
    if isinstance(result, str):
        return f"The arms were not compared: {result}."
    if result.low <= 0 <= result.high:
        return (
            f"No difference between the arms was found: {result.difference:.2f}, interval "
            f"{result.low:.2f} to {result.high:.2f}, which has 0 in it. That is not to say that "
            "there is none."
        )
    return (
        f"The arms differ in these data by {result.difference:.2f}, interval {result.low:.2f} to "
        f"{result.high:.2f}, which leaves 0 out."
    )


def rating_blocks(found: Results) -> list[Block]:
    """Means and intervals: overall, before and after therapy; and a plot."""
    data = found.data
    blocks: list[Block] = []
    for moment in data.moments():
        rows: list[list[Cell]] = []
        series: list[tuple[str, list[tuple[int, Mean]]]] = [(arm, []) for arm in ARMS]
        for visit in data.visit_numbers:
            row: list[Cell] = [str(visit)]
            for arm, points in series:
                answers = data.rated(found.of_arm(arm), visit, moment)
                told = mean_of([one.value for one in answers])
                row += mean_cells(found, f"{arm}, visit {visit}, {moment}", told, answers)
                if told is not None:
                    points.append((visit, told))
            if any(cell for cell in row[1:]):
                rows.append(row)
        columns = ["visit", *(f"{arm}{part}" for arm in ARMS for part in (" n", "", " interval"))]
        said = f"Overall pain {moment} therapy: mean and 95 % interval of those who rated it"
        blocks.append(Table(columns, rows, said))
        if moment == BEFORE:
            svg = plot.plot_ratings(series, "Overall, before therapy", data.trial.synthetic)
            blocks.append(Figure(svg, "Overall pain before therapy, by arm and visit"))
    return blocks


def mean_cells(
    found: Results, what: str, told: Mean | None, answers: Iterable[Rating]
) -> list[Cell]:
    """n, mean, interval."""
    if told is None:
        return ["", "", ""]
    seals = [one.seal for one in answers]
    number = found.sources.number(f"mean: {what}", f"{told.mean:.2f}", seals)
    if told.low is None or told.high is None:
        return [str(told.n), number, ""]
    interval = f"{told.low:.2f} to {told.high:.2f}"
    return [str(told.n), number, found.sources.number(f"interval: {what}", interval, seals)]


def dose_blocks(found: Results) -> list[Block]:
    """What the sealed records say of light, heat and time."""
    rows: list[list[Cell]] = []
    totals: dict[str, list[float]] = {}
    for arm in ARMS:
        people = found.of_arm(arm)
        mine = [one for one in found.given if one.participant in people]
        each = [sum(sum(o.j_cm2) / 2 for o in mine if o.participant == who) for who in people]
        totals[arm] = each
        if not mine:
            rows.append([arm, "0", *[""] * 7])
            continue
        seals = [one.seal for one in mine]
        count = len(mine)
        values = [
            ("J/cm2 a session, pad A", f"{sum(one.j_cm2[0] for one in mine) / count:.3f}"),
            ("J/cm2 a session, pad B", f"{sum(one.j_cm2[1] for one in mine) / count:.3f}"),
            ("J/cm2 a participant", f"{sum(each) / len(each):.2f}"),
            ("minutes a session", f"{sum(one.minutes for one in mine) / count:.1f}"),
            ("throttled, min", f"{sum(one.throttled_min for one in mine) / count:.1f}"),
            ("highest contact, C", f"{max(one.highest_c for one in mine):.2f}"),
            ("most CEM43, min", f"{max(one.cem43_min for one in mine):.3f}"),
        ]
        told = [found.sources.number(f"{arm}: {what}", text, seals) for what, text in values]
        rows.append([arm, str(count), *told])
    columns = ["arm", "sessions", "J/cm2 pad A", "J/cm2 pad B", "J/cm2 in all", "min",
               "throttled min", "highest C", "CEM43 min"]  # fmt: skip
    svg = plot.plot_doses(totals, found.data.trial.synthetic)
    return [
        Table(columns, rows, "From the units' sealed records; means a session, and the highest"),
        Bullets(found.wrong, "Every unit gave light, or none, as its arm says."),
        Figure(svg, "One point a participant"),
    ]


def harm_blocks(found: Results) -> list[Block]:
    """Adverse effects by arm; faults by arm, by name; the log's events with their arms."""
    data = found.data
    rows: list[list[Cell]] = []
    for arm in ARMS:
        people = found.of_arm(arm)
        mine = [row for row in data.effects if row["participant"] in people]
        worst: dict[str, int] = {}
        for row in mine:
            worst[row["participant"]] = max(worst.get(row["participant"], 0), row["severity"])
        seals = [row["seal"] for row in mine]
        counts = [str(sum(value == at for value in worst.values())) for at in (1, 2, 3)]
        named = zip(SEVERITIES[1:], counts, strict=True)
        told = [found.sources.number(f"{arm}: worst effect {name}", text, seals)
                for name, text in named]  # fmt: skip
        logged = [entry for entry in data.trial.of_kind("adverse-event")
                  if found.arms[entry.row["participant"]].arm == arm]  # fmt: skip
        serious = sum(bool(entry.row["serious"]) for entry in logged)
        rows.append([arm, str(len(people)), *told, str(len(logged)), str(serious)])
    columns = ["arm", "participants", *SEVERITIES[1:], "events in the log", "serious"]
    faults = Counter((found.arms[one.participant].arm, one.name, one.pad) for one in found.causes)
    lines = [f"{arm}: {name_fault(name)}{f' on pad {pad}' if pad else ''}: {plural(count, 'time')}"
             for (arm, name, pad), count in sorted(faults.items())]  # fmt: skip
    arms = {who: f", {one.arm}" for who, one in found.arms.items()}
    return [
        Table(columns, rows, "Participants by the worst effect that they marked at the belt"),
        Words("Written into the log:"), Bullets(report.list_events(data, arms), "none"),
        Words("Faults of units:"), Bullets(lines, "none"),
    ]  # fmt: skip


def blinding_blocks(found: Results) -> list[Block]:
    """Guesses of the arm, and Bang's index."""
    data = found.data
    rows: list[list[Cell]] = []
    for arm in ARMS:
        mine = [data.guesses[who] for who in found.of_arm(arm) if who in data.guesses]
        seals = [row["seal"] for row in mine]
        counts = Counter(row["guess"] for row in mine)
        other = next(one for one in ARMS if one != arm)
        index = stats.bang_index(counts[arm], counts[other], counts["unsure"])
        told = [found.sources.number(f"{arm}: guessed {guess}", str(counts[guess]), seals)
                for guess in GUESSES]  # fmt: skip
        said = "" if index is None else f"{index.mean:.2f} ({index.low:.2f} to {index.high:.2f})"
        rows.append([arm, *told, found.sources.number(f"{arm}: Bang's index", said, seals)])
    columns = ["arm", "guessed therapy", "guessed placebo", "unsure", "Bang's index (95 %)"]
    caption = "0 is chance, 1 all right, -1 all wrong (Bang, Ni and Davis 2004)"
    early = [
        f"{who}: the last record is of {format_clock(row['last_at'])}, with visits still to come"
        for who, row in sorted(data.journals.items())
        if not data.state(who, data.last)
    ]
    warm = Words(report.WARMTH)
    return [warm, Table(columns, rows, caption), Words("Unsealed before the end of:"),
            Bullets(early, "nobody: the last window of each is over")]  # fmt: skip
