"""Synthetic trials, from allocation to results, with every visit on the real firmware.

Called by `make trial`; writes into one folder. Each trial has 40 units at HAL depth, and scripted
presses give every answer. In the null trial the arms do not differ, and the report must find no
difference; before it is unsealed, a classifier must not tell the arms from what a blinded person
sees. In the fixture the means are set, and must come back unchanged. In the
third, of 10 units, staff cheat in seven ways, and each is found.
"""

import argparse
import os
import random
import shutil
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from firmware.records import mac
from sim.common.default_prescription import DEFAULT
from sim.common.errors import BadInput
from tests.support.synthetic_trial import belt, blind, cheats, script
from tests.support.synthetic_trial.belt import Attended, Job, Script
from tools.common.files import emit
from tools.prescription import file, keyfile
from tools.prescription.keyfile import Key
from tools.trial import age, allocation, collect, new, people, report, unseal
from tools.trial import folder as trial_folder
from tools.trial import plan as trial_plan
from tools.trial.allocation import PLACEBO, THERAPY
from tools.trial.folder import PRESCRIPTIONS, TICKETS, Trial
from tools.trial.plan import Plan

UNITS = 40
PLACEBOS = 19  # with one of them dropped out, 21 and 18 finish, as in the paper
SIZES = (4, 6)
MINUTES, MINUTES_MAX = 10, 30  # of a session
Check = tuple[bool, str]  # whether it passed, and a line about it


@dataclass(frozen=True)
class Story:
    """One synthetic trial. `scripts` makes the answers from arms, the dropout and a source."""

    name: str
    scripts: Callable[[dict[str, str], str, random.Random], dict[str, Script]]
    seed: int
    units: int = UNITS
    placebos: int = PLACEBOS
    minutes: int = MINUTES
    protocol: dict[str, object] = field(default_factory=dict)


NULL = Story("Null trial, SYNTHETIC", script.null_scripts, 1_000)
CHEATED = Story(
    "Cheating staff, SYNTHETIC", cheats.scripts, 3_000, units=cheats.UNITS, placebos=5,
    protocol={"visits": cheats.VISITS},
)  # fmt: skip
FIXTURE = Story("Fixture with set means, SYNTHETIC", script.fixture_scripts, 2_000)


class DemoTrial:
    """A trial's folder, made and enrolled, with the arms that only the scripts know."""

    def __init__(self, base: Path, story: Story) -> None:
        base.mkdir()
        self.base, self.folder, self.results = base, str(base / "trial"), base / "results"
        roles = ("statistician", "officer", "monitor")
        recipients = [age.write_identity(self.identity(who)) for who in roles]
        serials = [f"WB-{number:04}" for number in range(1, story.units + 1)]
        self.keys = {
            serial: Key(mac.derive_key(str(number).encode(), b"synthetic unit"), serial)
            for number, serial in enumerate(serials, 1)
        }
        dose = {**DEFAULT, "name": f"demo, {story.minutes} min", "max_min": story.minutes}
        plan = Plan(
            story.name, tuple(self.keys.values()), recipients[0], recipients[1],
            file.with_defaults(dose), SIZES, (1, 1), trial_plan.check_protocol(story.protocol),
            recipients[2],
        )  # fmt: skip
        self.seed = find_seed(story)
        new.create_trial(self.folder, plan, self.seed)
        for who, unit in self.trial.units.items():
            people.add_enrolment(self.trial, who, unit)
        opened = unseal.read_allocation(self.trial, self.identity("statistician"))
        self.arms = {who: one.arm for who, one in opened.items()}
        source = random.Random(self.seed)
        self.dropped = source.choice([who for who, arm in self.arms.items() if arm == PLACEBO])
        self.scripts = story.scripts(self.arms, self.dropped, source)

    @property
    def trial(self) -> Trial:
        """The trial as its folder is now."""
        return trial_folder.open_trial(self.folder)

    def identity(self, who: str) -> str:
        """The path of an identity."""
        return str(self.base / f"{who}.age")

    def jobs(self) -> list[Job]:
        """One job for each participant."""
        trial = self.trial
        return [
            Job(
                who, unit, self.seed, self.scripts[who],
                belt.unit_files(
                    unit, keyfile.render_unit_keys(self.keys[unit]),
                    trial.read(f"{TICKETS}/{who}.json"), trial.read(f"{PRESCRIPTIONS}/{who}.json"),
                ),
                trial.protocol.interval_days,
            )
            for who, unit in trial.units.items()
        ]  # fmt: skip

    def write_journal(self, attended: Attended) -> None:
        """Write a journal as `journal pull` does."""
        folder = self.base / "journals" / attended.participant
        folder.mkdir(parents=True)
        for name, content in attended.journal.items():
            (folder / name).write_bytes(content)

    def withdraw_dropped(self) -> None:
        """Log that the dropout stays away."""
        came = len(self.scripts[self.dropped].before)
        why = f"came to {came} visits and then stayed away, as scripted"
        people.withdraw(self.folder, self.dropped, why)


def find_seed(story: Story) -> int:
    """The first seed whose allocation has that many placebos: the last block is cut short."""
    for seed in range(story.seed, story.seed + 10_000):
        source = allocation.random_source(seed)
        arms, _ = allocation.draw_arms(story.units, SIZES, (1, 1), source)
        if arms.count(PLACEBO) == story.placebos:
            return seed
    raise BadInput(f"no allocation of {story.units} has {story.placebos} placebos")


def attend_all(trials: list[DemoTrial]) -> list[dict[str, Attended]]:
    """Every participant of these trials, on all cores, with progress; writes their journals."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    found: list[dict[str, Attended]] = [{} for _ in trials]
    with (
        ProcessPoolExecutor() as pool,
        Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True)) as bar,
    ):
        waiting = {
            pool.submit(belt.attend_visits, job): at
            for at, one in enumerate(trials)
            for job in one.jobs()
        }
        task = bar.add_task("Participants, each through all visits", total=len(waiting))
        for done in as_completed(waiting):
            attended = done.result()
            found[waiting[done]][attended.participant] = attended
            trials[waiting[done]].write_journal(attended)
            bar.advance(task)
    return found


def run(base: Path, minutes: int) -> int:
    """Run all trials with sessions of so many minutes; 1 if a check fails."""
    begun = time.monotonic()
    null, fixture, cheated = every = [
        DemoTrial(base / name, replace(story, minutes=minutes))
        for name, story in (("null", NULL), ("fixture", FIXTURE), ("cheated", CHEATED))
    ]
    trials = [null, fixture]
    found = attend_all(every)
    hours = sum(one.simulated_s for attended in found for one in attended.values()) / 3600
    attended_s = time.monotonic() - begun
    for one in trials:
        one.withdraw_dropped()
        collect.collect(one.folder, [str(one.base / "journals")], one.identity("monitor"))
        report.report(one.folder, str(one.base / "sealed.html"))
    cheated.withdraw_dropped()
    checks = [check_blinding(null, found[0]), *cheats.check_cheats(cheated, found[2])]
    for one in trials:
        unseal.unseal(one.folder, one.identity("statistician"), str(one.results))
    checks += [
        check_null(null),
        script.check_means(fixture.results, fixture.arms, fixture.scripts),
        script.check_end_means(fixture.results),
    ]
    processor_s = sum(os.times()[:4])
    emit(
        f"\n{len(trials)} trials of {UNITS} units and one of {cheats.UNITS}, {hours:.0f} h "
        f"of belts in {attended_s:.0f} s; everything in {time.monotonic() - begun:.0f} s, "
        f"{processor_s:.0f} s of processor time. Sessions of {minutes} min by prescription. All "
        f"data are SYNTHETIC. In {base}:"
    )
    for one in trials:
        emit(f"  {one.base}/sealed.html, {one.results}/report.html")
    for good, text in checks:
        emit(f"{'ok    ' if good else 'FAILED'}  {text}")
    return 0 if all(good for good, _ in checks) else 1


def check_blinding(null: DemoTrial, attended: dict[str, Attended]) -> Check:
    """Before unsealing: the arms cannot be told from what a blinded person sees."""
    rows = [attended[who].seen for who in sorted(attended)]
    therapy = [null.arms[who] == THERAPY for who in sorted(attended)]
    verdict = blind.classify_arms(rows, therapy, null.seed)
    return not verdict.unblinded, f"blinding, null trial: {verdict}"


def check_null(null: DemoTrial) -> Check:
    """The null trial's interval holds 0, and everybody who finished is in it."""
    arms = unseal.read_allocation(null.trial, null.identity("statistician"))
    found = unseal.compute_results(null.trial, arms)
    result = found.primary
    if isinstance(result, str):
        return False, f"null trial: {result}"
    good = result.low <= 0 <= result.high and not found.wrong and result.n == (21, 18)
    return good, (
        f"null trial, {result.n[0]} and {result.n[1]} finishing: difference "
        f"{result.difference:.2f} ({result.low:.2f} to {result.high:.2f}), p = {result.p:.2f}"
    )


def main() -> int:
    """Parse the arguments and run both trials in a folder that is made anew."""
    parser = argparse.ArgumentParser(prog="trial", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "minutes", type=int, nargs="?", default=MINUTES, choices=range(1, MINUTES_MAX + 1),
        metavar="minutes", help=f"of a session, 1 to {MINUTES_MAX}; else {MINUTES}",
    )  # fmt: skip
    arguments = parser.parse_args()
    base = arguments.folder
    if base.exists() and any(base.iterdir()) and not (base / "null").is_dir():
        parser.error(f"{base}: is there and is not what this made: name another")
    try:
        shutil.rmtree(base, ignore_errors=True)
        base.mkdir(parents=True)
        return run(base, arguments.minutes)
    except (BadInput, OSError) as why:
        print(f"trial: {why}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"trial: interrupted; {base} is not whole", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
