"""Unsealed report: ratings by arm and visit, change from baseline, dose, harms and blinding.

Called by `unseal`; writes no file. Every number has a key, by which sources.csv names the records
that it was computed from.
"""

from collections import Counter
from collections.abc import Iterable
from statistics import fmean

from firmware.trial.visits import GUESSES
from tools.common.words import SEVERITIES, name_fault, plural
from tools.journal.sessions import format_clock
from tools.trial import flow, plot, report, sensitivity, stats
from tools.trial import given as trial_given
from tools.trial.allocation import ARMS, THERAPY
from tools.trial.data import OVERALL, Data, Rating
from tools.trial.derive import BEFORE
from tools.trial.events import RELATED
from tools.trial.given import Arm
from tools.trial.page import Block, Bullets, Cell, Figure, Heading, Page, Table, Words
from tools.trial.sources import Sources
from tools.trial.stats import Difference, Mean, mean_of
from tools.trial.unsealed import Results

METHOD = (
    "Outcome: overall pain (NRS 0-10) as confirmed at the belt before therapy, at baseline (visit "
    "1) and at the last visit. Change from baseline was compared by analysis of covariance "
    "(ordinary least squares: change on arm and baseline), of everybody with both ratings, in the "
    "arm that was allotted; nothing was imputed. Intervals are 95 %, two-sided, Student's t."
)


def compute_results(data: Data, arms: dict[str, Arm]) -> Results:
    """The unsealed report of a trial."""
    given, wrong = trial_given.decrypt_sessions(data, arms)
    faults = trial_given.decrypt_faults(data, arms)
    found = Results(data, arms, given, wrong, faults, Sources(data, data.trial.whose))
    found.blocks = [
        Heading("Participants"), flow.flow_of_all(data), arm_table(found), *arm_flows(found),
        Heading("Change from baseline"), Words(METHOD), *change_blocks(found),
        *sensitivity.missing_blocks(found), *sensitivity.responder_blocks(found),
        Heading("Ratings by arm and visit"), *rating_blocks(found),
        Heading("Light really given"), *dose_blocks(found),
        Heading("Adverse effects and faults"), *harm_blocks(found),
        Heading("Blinding"), *blinding_blocks(found),
        Heading("Codes that were broken"), report.broken_codes(data),
        *report.excluded_blocks(data), Words(report.EVIDENCE),
    ]  # fmt: skip
    return found


def build_page(found: Results) -> Page:
    """The report as a page."""
    trial = found.data.trial
    return Page(f"{trial.name}: results, unsealed", trial.synthetic, found.blocks)


# -- parts -------------------------------------------------------------------------------------


def arm_table(found: Results) -> Block:
    """How many of each arm reached each stage."""
    data = found.data
    rows: list[list[Cell]] = []
    for arm in ARMS:
        people = found.people_of_arm(arm)
        baseline = [w for w in people if (w, 1, BEFORE, OVERALL) in data.ratings]
        counts = (
            sum(one.arm == arm for one in found.arms.values()),
            sum(found.arms[who].arm == arm for who in data.trial.enrolled), len(people),
            len(baseline), sum(map(data.finished, people)), len(data.rated(baseline, data.last)),
        )  # fmt: skip
        rows.append([arm, *map(str, counts)])
    columns = ["arm", "allotted", "enrolled", "with a journal", "baseline rated",
               "last visit done", "compared"]  # fmt: skip
    return Table(columns, rows)


def arm_flows(found: Results) -> list[Block]:
    """The flow of each arm."""
    given = {(one.participant, one.lit) for one in found.given}
    treated = {who for who, one in found.arms.items() if (who, one.arm == THERAPY) in given}
    return [
        flow.flow_of_arm(
            found.data, arm, [who for who, one in found.arms.items() if one.arm == arm], treated
        )
        for arm in ARMS
    ]


def change_blocks(found: Results) -> list[Block]:
    """ANCOVA of the overall rating and of each movement."""
    rows: list[list[Cell]] = []
    for item in found.data.trial.items:
        result, seals = compare_item(found, item)
        if not rows:
            found.primary = result
        rows.append(change_row(found, item, result, seals))
    columns = ["item", "therapy n", "placebo n", "therapy, change", "placebo, change",
               "difference", "95 % interval", "p"]  # fmt: skip
    caption = "Change to the last visit at the mean baseline; difference: therapy less placebo"
    note = (
        "The first row is the trial's outcome; the others are told beside it, not adjusted for "
        f"being many: were {len(rows)} such comparisons of nothing independent, "
        f"{100 * (1 - stats.LEVEL ** len(rows)):.0f} % of trials would have one at least whose "
        "interval leaves 0 out."
    )
    return [Words(verdict_in_words(found.primary)), Table(columns, rows, caption), Words(note)]


def compare_item(found: Results, item: str) -> tuple[Difference | str, list[str]]:
    """The comparison of an item (or why there is none), and the seals of all its ratings."""
    data = found.data
    change, baseline, therapy, seals = [], [], [], []
    for who in data.people:
        first = data.ratings.get((who, 1, BEFORE, item))
        last = data.ratings.get((who, data.last, BEFORE, item))
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
        ("p", "<0.001" if result.p < 0.001 else f"{result.p:.3f}"),
    ]
    return [item, *map(str, result.n), *found.sources.add_numbers(f"{item}: ", numbers, seals)]


def verdict_in_words(result: Difference | str) -> str:
    """The primary comparison in a sentence."""
    if isinstance(result, str):
        return f"The arms were not compared: {result}."
    interval = f"{result.difference:.2f}, interval {result.low:.2f} to {result.high:.2f}, which"
    if result.low <= 0 <= result.high:
        return (
            f"No difference between the arms was found: {interval} has 0 in it. "
            "That is not to say that there is none."
        )
    return f"The arms differ in these data by {interval} leaves 0 out."


def rating_blocks(found: Results) -> list[Block]:
    """Means and intervals of overall pain by arm and visit, and a plot."""
    data = found.data
    blocks: list[Block] = []
    for moment in data.moments:
        rows: list[list[Cell]] = []
        series: list[tuple[str, list[tuple[int, Mean]]]] = [(arm, []) for arm in ARMS]
        for visit in data.visit_numbers:
            row: list[Cell] = [str(visit)]
            for arm, points in series:
                answers = data.rated(found.people_of_arm(arm), visit, moment)
                mean = mean_of([one.value for one in answers])
                row += mean_cells(found, f"{arm}, visit {visit}, {moment}", mean, answers)
                if mean is not None:
                    points.append((visit, mean))
            if any(row[1:]):
                rows.append(row)
        columns = [
            "visit",
            *(f"{arm}{part}" for arm in ARMS for part in (" n", "", " SD", " interval")),
        ]
        caption = f"Overall pain {moment} therapy: mean, SD, 95 % interval of those who rated it"
        blocks.append(Table(columns, rows, caption))
        if moment == BEFORE:
            svg = plot.plot_ratings(series, "Overall, before therapy", data.trial.synthetic)
            blocks.append(Figure(svg, "Overall pain before therapy, by arm and visit"))
    return blocks


def mean_cells(
    found: Results, what: str, mean: Mean | None, answers: Iterable[Rating]
) -> list[Cell]:
    """n, mean, SD and interval as cells."""
    if mean is None:
        return [""] * 4
    seals = [one.seal for one in answers]
    number = found.sources.add_number(f"mean: {what}", f"{mean.mean:.2f}", seals)
    if mean.sd is None:
        return [str(mean.n), number, "", ""]
    sd = found.sources.add_number(f"SD: {what}", f"{mean.sd:.2f}", seals)
    interval = f"{mean.low:.2f} to {mean.high:.2f}"
    return [str(mean.n), number, sd, found.sources.add_number(f"interval: {what}", interval, seals)]


def dose_blocks(found: Results) -> list[Block]:
    """Light, heat and time from the encrypted records."""
    rows: list[list[Cell]] = []
    totals: dict[str, list[float]] = {}
    for arm in ARMS:
        people = found.people_of_arm(arm)
        mine = [one for one in found.given if one.participant in people]
        each = [sum(sum(o.j_cm2) / 2 for o in mine if o.participant == who) for who in people]
        totals[arm] = each
        if not mine:
            rows.append([arm, "0", *[""] * 7])
            continue
        values = [
            ("J/cm2 a session, pad A", f"{fmean(one.j_cm2[0] for one in mine):.3f}"),
            ("J/cm2 a session, pad B", f"{fmean(one.j_cm2[1] for one in mine):.3f}"),
            ("J/cm2 a participant", f"{fmean(each):.2f}"),
            ("minutes a session", f"{fmean(one.minutes for one in mine):.1f}"),
            ("throttled, min", f"{fmean(one.throttled_min for one in mine):.1f}"),
            ("highest contact, C", f"{max(one.highest_c for one in mine):.2f}"),
            ("most CEM43, min", f"{max(one.cem43_min for one in mine):.3f}"),
        ]
        seals = [one.seal for one in mine]
        rows.append([arm, str(len(mine)), *found.sources.add_numbers(f"{arm}: ", values, seals)])
    columns = ["arm", "sessions", "J/cm2 pad A", "J/cm2 pad B", "J/cm2 in all", "min",
               "throttled min", "highest C", "CEM43 min"]  # fmt: skip
    svg = plot.plot_doses(totals, found.data.trial.synthetic)
    return [
        Table(columns, rows, "From the units' sealed records; means a session, and the highest"),
        Bullets(found.wrong, "Every unit gave light, or none, as its arm says."),
        Figure(svg, "One point a participant"),
    ]


def harm_blocks(found: Results) -> list[Block]:
    """Adverse effects, log events and faults, by arm."""
    data = found.data
    rows: list[list[Cell]] = []
    for arm in ARMS:
        people = found.people_of_arm(arm)
        worst = list(data.worst_effects(people).values())
        seals = [row["seal"] for row in data.effects if row["participant"] in people]
        counts = [(f"worst effect {name}", str(worst.count(at)))
                  for at, name in enumerate(SEVERITIES) if at]  # fmt: skip
        logged = [entry for entry in data.trial.entries("adverse-event")
                  if found.arms[entry.row["participant"]].arm == arm]  # fmt: skip
        related = [entry for entry in logged if entry.row["related"] != RELATED[0]]
        broken = [entry for entry in data.trial.entries("deficiency")
                  if found.arms[entry.row["participant"]].arm == arm]  # fmt: skip
        numbers = found.sources.add_numbers(f"{arm}: ", counts, seals)
        rows.append([
            arm, str(len(people)), *numbers, str(len(logged)), str(len(related)),
            str(sum(bool(entry.row["serious"]) for entry in logged)),
            str(sum(bool(entry.row["serious"]) for entry in related)), str(len(broken)),
        ])  # fmt: skip
    columns = ["arm", "participants", *SEVERITIES[1:], "events in the log", "possibly related",
               "serious", "serious and related", "device deficiencies"]  # fmt: skip
    faults = Counter((found.arms[one.participant].arm, one.name, one.pad) for one in found.faults)
    lines = [f"{arm}: {name_fault(name)}{f' on pad {pad}' if pad else ''}: {plural(count, 'time')}"
             for (arm, name, pad), count in sorted(faults.items())]  # fmt: skip
    arms = {who: f", {one.arm}" for who, one in found.arms.items()}
    return [
        Table(columns, rows, "Participants by the worst effect that they marked at the belt"),
        Words("Written into the log:"), Bullets(report.list_events(data, arms), "none"),
        Words("Device deficiencies and replaced units:"),
        Bullets(report.list_deficiencies(data, arms), "none"),
        Words("Faults of units:"), Bullets(lines, "none"),
    ]  # fmt: skip


def blinding_blocks(found: Results) -> list[Block]:
    """Guesses of the arm, and Bang's index."""
    data = found.data
    rows: list[list[Cell]] = []
    for arm, other in (ARMS, ARMS[::-1]):
        mine = [data.guesses[who] for who in found.people_of_arm(arm) if who in data.guesses]
        counts = Counter(row["guess"] for row in mine)
        index = stats.bang_index(counts[arm], counts[other], counts["unsure"])
        text = "" if index is None else f"{index.mean:.2f} ({index.low:.2f} to {index.high:.2f})"
        numbers = [*((f"guessed {guess}", str(counts[guess])) for guess in GUESSES),
                   ("Bang's index", text)]  # fmt: skip
        seals = [row["seal"] for row in mine]
        rows.append([arm, *found.sources.add_numbers(f"{arm}: ", numbers, seals)])
    columns = ["arm", "guessed therapy", "guessed placebo", "unsure", "Bang's index (95 %)"]
    caption = "0 is chance, 1 all right, -1 all wrong (Bang, Ni and Davis 2004)"
    early = [
        f"{who}: the last record is of {format_clock(row['last_at'])}, with visits still to come"
        for who, row in sorted(data.journals.items())
        if not data.state(who, data.last)
    ]
    return [
        Words(report.WARMTH), Table(columns, rows, caption),
        Words("Unsealed before the end of:"),
        Bullets(early, "nobody: the last window of each is over"),
    ]  # fmt: skip
