"""`waistband check blind --visits`: pairs of units of a trial, one of each arm, on all cores.

Called by `tools.commands.check`; writes nothing. Every pair lives through a random visit
(`sim.campaign.blind_pairs`); whatever is not alike is counted by its kind, with its seed.
"""

import json
from collections import Counter
from concurrent.futures import Future

from sim.campaign import blind_pairs
from sim.campaign.blind_pairs import Parting
from sim.common import validate
from tools import worker
from tools.commands.check_campaign import ensure_compiled, open_pool, run_in_flight
from tools.common.files import emit

VISITS_MAX = 1_000_000
VISIT_S = 2 * 1_300.0  # simulated time of a pair, on the average


def check_visits(visits: int, seed: int, jobs: int | None, as_json: bool) -> int:
    """Run so many visits; 1 if anything but warmth parted a pair. Raises BadInput."""
    validate.integer(visits, "--visits", 1, VISITS_MAX)
    command = worker.describe_command(ensure_compiled(visits * VISIT_S))
    with open_pool(visits, jobs, None) as pool:

        def submit(index: int) -> "Future[tuple[Parting | None, float]]":
            return pool.submit(worker.run_pair, command, seed * VISITS_MAX + index)

        found = list(run_in_flight(submit, visits))
    parted = sorted(parting for parting, _ in found if parting is not None)
    lit = sum(given > 0 for _, given in found)
    wrong = [one for one in parted if not one.by_physics]
    if as_json:
        table = {"visits": visits, "lit": lit, "parted": [one._asdict() for one in parted]}
        equally = sum(not one.by_warmth for one in parted)
        table |= {"equally_warm": equally, "leaked": len(wrong) - equally}
        emit(json.dumps(table, indent=2))
    else:
        emit(render_found(visits, lit, parted, wrong))
    return 1 if wrong else 0


def render_found(visits: int, lit: int, parted: list[Parting], wrong: list[Parting]) -> str:
    """What was found, a line for each kind of parting."""
    lines = [
        f"{visits} visits of a pair, {lit} with light: {visits - len(parted)} alike to the tick, "
        f"{len(parted)} parted, {len(wrong)} of them not by warmth"
    ]
    kinds: dict[str, list[Parting]] = {}
    for one in parted:
        kinds.setdefault(blind_pairs.sort_of(one), []).append(one)
    counts = Counter({kind: len(some) for kind, some in kinds.items()})
    for kind, count in counts.most_common():
        some = kinds[kind]
        apart_c = sorted(one.lit_c - one.dark_c for one in some)
        one = some[0]
        lines.append(
            f"  {count}: {kind}; contact apart by {apart_c[0]:+.1f} to {apart_c[-1]:+.1f} C (seed "
            f"{one.seed} at {one.t_s:.0f} s: {one.lit_c:.1f} and {one.dark_c:.1f} C; {one.actions})"
        )
    return "\n".join(lines)
