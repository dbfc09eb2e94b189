"""Flow of participants as CONSORT 2025 draws it: for all, and by arm where arms are open.

Called by `report` and `results`; reads the data alone. Hopewell S et al. CONSORT 2025 statement.
BMJ 2025;389:e081123: randomised; received and did not, with why; lost and discontinued, with why;
analysed and excluded, with why.
"""

from collections.abc import Iterable

from tools.trial import collect
from tools.trial.data import OVERALL, WITHDRAWN, Data
from tools.trial.derive import BEFORE
from tools.trial.page import Flow


def name_people(what: str, people: list[str]) -> list[str]:
    """A line that names these people, if there are any."""
    return [f"{what}: {len(people)} ({', '.join(people)})"] if people else []


def list_reasons(what: str, reasons: dict[str, str]) -> list[str]:
    """A line with a count, and a line a person with the reason."""
    if not reasons:
        return []
    return [f"{what}: {len(reasons)}", *(f"{who}: {why}" for who, why in reasons.items())]


def flow_of_all(data: Data) -> Flow:
    """Participants from enrolment to the last visit, both arms together."""
    trial, people = data.trial, data.people
    enrolled = len(trial.enrolled)
    lacking = collect.list_missing(trial, set(data.journals))
    unrated = [who for who in people if (who, 1, BEFORE, OVERALL) not in data.ratings]
    unfinished = [who for who in people if not data.finished(who)]
    gone = [
        f"withdrawn: {who}, {entry.at[:10]}: {entry.row['reason']}"
        for who, entry in trial.withdrawn.items()
    ]
    undone = {who: entry.row["reason"] for who, entry in trial.undone.items()}
    return Flow([
        (f"Units and tickets made: {len(trial.units)}",
         [f"not enrolled: {len(trial.units) - enrolled - len(undone)}",
          *list_reasons("enrolled in error and undone", undone)]),
        (f"Enrolled: {enrolled}", name_people("no journal that can be used", lacking)),
        (f"With a journal: {len(people)}", name_people("no baseline", unrated)),
        (f"Rated at baseline: {len(people) - len(unrated)}",
         [*gone, *name_people(f"visit {data.last} not done", unfinished)]),
        (f"Visit {data.last} done: {len(people) - len(unfinished)}", []),
    ])  # fmt: skip


def flow_of_arm(data: Data, arm: str, allotted: Iterable[str], treated: set[str]) -> Flow:
    """Participants of one arm. `allotted`: all of the arm; `treated`: who had a session as
    allotted, lit or dark."""
    trial, last = data.trial, data.last
    enrolled = [who for who in trial.enrolled if who in set(allotted)]
    undone = {who: entry.row["reason"] for who, entry in trial.undone.items() if who in allotted}
    untreated = {who: explain_absence(data, who) for who in enrolled if who not in treated}
    lost = {who: explain_absence(data, who) for who in enrolled if not data.finished(who)}
    compared = [
        who for who in enrolled
        if all((who, visit, BEFORE, OVERALL) in data.ratings for visit in (1, last))
    ]  # fmt: skip
    excluded = {who: explain_exclusion(data, who) for who in enrolled if who not in compared}
    return Flow([
        (f"Allotted to {arm} and enrolled: {len(enrolled)}",
         list_reasons("enrolled in error and undone", undone)),
        (f"Received {arm}, one session at least: {len(enrolled) - len(untreated)}",
         list_reasons("did not receive it", untreated)),
        (f"Followed to visit {last}: {len(enrolled) - len(lost)}",
         list_reasons("lost or discontinued", lost)),
        (f"Analysed: {len(compared)}", list_reasons("excluded from the analysis", excluded)),
    ])  # fmt: skip


def explain_absence(data: Data, who: str) -> str:
    """Why there is nothing more of a participant."""
    entry = data.trial.withdrawn.get(who)
    if entry is not None:
        return f"withdrawn {entry.at[:10]}: {entry.row['reason']}"
    if who not in data.journals:
        apart = [row["what"] for row in data.quarantine if row["participant"] == who]
        return f"journal kept apart: {apart[0]}" if apart else "no journal"
    state = data.state(who, data.last)
    return f"visit {data.last} {state}" if state else f"visit {data.last} not yet"


def explain_exclusion(data: Data, who: str) -> str:
    """Why a participant is not in the comparison."""
    if who in data.journals and (who, 1, BEFORE, OVERALL) not in data.ratings:
        return "no baseline rating"
    if data.state(who, data.last) not in ("", WITHDRAWN) and data.finished(who):
        return "no last rating"
    return explain_absence(data, who)
