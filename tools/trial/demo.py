"""`make trial`: two synthetic trials, from allocation to results, through the real firmware.

Forty units each, simulated at HAL depth, every answer given by scripted presses. In the first the
arms differ in nothing, and the report must find nothing; in the second the means are set, and must
come back as they were set. Before the first is unsealed, a classifier looks at all that a blinded
person can see, and must not tell the arms.

Usage: python -m tools.trial.demo FOLDER [MINUTES of a session, 1 to 30; else 10]
"""

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
from firmware.therapy.prescription import DEFAULT
from sim.common.errors import BadInput
from tools.common.files import emit
from tools.prescription import file, keyfile
from tools.prescription.keyfile import Key
from tools.trial import (
    age,
    allocation,
    belt,
    blind,
    collect,
    new,
    report,
    script,
    unseal,
)
from tools.trial import (
    folder as trial_folder,
)
from tools.trial import (
    people as trial_people,
)
from tools.trial import (
    plan as trial_plan,
)
from tools.trial.allocation import PLACEBO, THERAPY
from tools.trial.belt import Attended, Job, Script
from tools.trial.folder import PRESCRIPTIONS, TICKETS, Trial
from tools.trial.plan import Plan

FAILED = 1
UNITS = 40
PLACEBOS = 19  # so that, with one of them dropped out, 21 and 18 finish, as in the paper
SIZES = (4, 6)
MINUTES = 10
Scripts = Callable[[dict[str, str], str, random.Random], dict[str, Script]]


@dataclass(frozen=True)
class Story:
    """One synthetic trial."""

    name: str
    scripts: Scripts
    seed: int
    units: int = UNITS
    placebos: int = PLACEBOS
    minutes: int = MINUTES
    protocol: dict[str, object] = field(default_factory=dict)


NULL = Story("Null trial, SYNTHETIC", script.null_scripts, 1_000)
FIXTURE = Story("Fixture with set means, SYNTHETIC", script.fixture_scripts, 2_000)


class DemoTrial:
    """A trial's folder, made and enrolled, with what the scripts need to know."""

    def __init__(self, base: Path, story: Story) -> None:
        base.mkdir()
        self.base = base
        self.folder = str(base / "trial")
        public = [age.write_identity(self.identity(who)) for who in ("statistician", "officer")]
        self.keys = {str(key.unit): key for key in map(unit_key, range(1, story.units + 1))}
        plan = Plan(
            story.name, tuple(self.keys.values()), public[0], public[1],
            prescription(story.minutes), SIZES, (1, 1), trial_plan.check_protocol(story.protocol),
        )  # fmt: skip
        self.seed = find_seed(story)
        new.create_trial(self.folder, plan, self.seed)
        for who, unit in trial_folder.open_trial(self.folder).units.items():
            trial_people.add_enrolment(self.trial, who, unit)
        # the scripts are told the arms; nothing else is before `unseal`
        opened = unseal.read_allocation(self.trial, self.identity("statistician"))
        self.arms = {who: one.arm for who, one in opened.items()}
        source = random.Random(self.seed)
        self.dropped = source.choice([who for who, arm in self.arms.items() if arm == PLACEBO])
        self.scripts = story.scripts(self.arms, self.dropped, source)

    @property
    def trial(self) -> Trial:
        """As its folder is now."""
        return trial_folder.open_trial(self.folder)

    def identity(self, who: str) -> str:
        """Path of an identity."""
        return str(self.base / f"{who}.age")

    def jobs(self) -> list[Job]:
        """A participant each."""
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

    def keep(self, lived: Attended) -> None:
        """A journal, as `journal pull` leaves it."""
        folder = self.base / "journals" / lived.participant
        folder.mkdir(parents=True)
        for name, content in lived.journal.items():
            (folder / name).write_bytes(content)

    def withdraw(self) -> None:
        """The one who stays away."""
        why = f"came to {script.DROPPED_AT} visits and then stayed away, as scripted"
        trial_people.withdraw(self.folder, self.dropped, why)

    def results(self) -> Path:
        """Where `unseal` writes."""
        return self.base / "results"


def prescription(minutes: int) -> dict[str, object]:
    """The default one, of so many minutes."""
    named = {"name": f"demo, {minutes} min", "max_min": minutes}
    return file.with_defaults({**DEFAULT, **named})


def unit_key(number: int) -> Key:
    """The key of a unit that is there in a simulation alone."""
    return Key(mac.derived(str(number).encode(), b"synthetic unit"), f"WB-{number:04}")


def find_seed(story: Story) -> int:
    """The first seed whose allocation has so many placebos: blocks are cut where units end."""
    for seed in range(story.seed, story.seed + 10_000):
        source = allocation.random_source(seed)
        arms, _ = allocation.draw_arms(story.units, SIZES, (1, 1), source)
        if arms.count(PLACEBO) == story.placebos:
            return seed
    raise BadInput(f"no allocation of {story.units} has {story.placebos} placebos")


def simulate_participants(trials: list[DemoTrial]) -> list[dict[str, Attended]]:
    """Every participant of these trials, on all cores, with progress."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
               TimeElapsedColumn())  # fmt: skip
    found: list[dict[str, Attended]] = [{} for _ in trials]
    with ProcessPoolExecutor() as pool, Progress(*columns, console=Console(stderr=True)) as bar:
        waiting = {pool.submit(belt.attend_visits, job): at
                   for at, made in enumerate(trials) for job in made.jobs()}  # fmt: skip
        task = bar.add_task("Participants, each through all visits", total=len(waiting))
        for done in as_completed(waiting):
            lived = done.result()
            found[waiting[done]][lived.participant] = lived
            trials[waiting[done]].keep(lived)
            bar.advance(task)
    return found


def run(base: Path, minutes: int) -> int:
    """Both trials, with sessions of so many minutes; 1 if anything is not as it must be."""
    begun = time.monotonic()
    null, fixture = made = [
        DemoTrial(base / name, replace(story, minutes=minutes))
        for name, story in (("null", NULL), ("fixture", FIXTURE))
    ]
    found = simulate_participants(made)
    hours = sum(one.simulated_s for lives in found for one in lives.values()) / 3600
    lived_s = time.monotonic() - begun
    for one in made:
        one.withdraw()
        collect.collect(one.folder, [str(one.base / "journals")])
        report.report(one.folder, str(one.base / "sealed.html"))
    checks = [check_blinding(null, found[0])]
    for one in made:
        unseal.unseal(one.folder, one.identity("statistician"), str(one.results()))
    checks += [check_null(null), *check_fixture(fixture)]
    emit(
        f"\n{len(made)} trials of {UNITS} units, {hours:.0f} h of belts in {lived_s:.0f} s; "
        f"everything in {time.monotonic() - begun:.0f} s, {processor_s():.0f} s of processor time. "
        f"Sessions of {minutes} min by prescription. All data are SYNTHETIC. In {base}:"
    )
    for one in made:
        emit(f"  {one.base}/sealed.html, {one.results()}/report.html")
    for good, said in checks:
        emit(f"{'ok    ' if good else 'FAILED'}  {said}")
    return 0 if all(good for good, _ in checks) else FAILED


def processor_s() -> float:
    """Of this process and of those that are done."""
    user, system, children_user, children_system, _ = os.times()
    return user + system + children_user + children_system


Check = tuple[bool, str]


def check_blinding(made: DemoTrial, lives: dict[str, Attended]) -> Check:
    """Before unsealing: whether the arms can be told from what a blinded person sees."""
    people = sorted(lives)
    verdict = blind.classify_arms(
        [lives[who].seen for who in people], [made.arms[who] == THERAPY for who in people],
        made.seed,
    )  # fmt: skip
    return not verdict.beaten, f"blinding, null trial: {verdict}"


def check_null(made: DemoTrial) -> Check:
    """The null trial's comparison."""
    found = unseal.compute_results(made.trial, made.identity("statistician"))
    result = found.primary
    if isinstance(result, str):
        return False, f"null trial: {result}"
    good = result.low <= 0 <= result.high and not found.wrong and result.n == (21, 18)
    return good, (
        f"null trial, {result.n[0]} and {result.n[1]} finishing: difference "
        f"{result.difference:.2f} ({result.low:.2f} to {result.high:.2f}), p = {result.p:.2f}"
    )


def check_fixture(made: DemoTrial) -> list[Check]:
    """Every mean of the files that `unseal` wrote, against the script's whole numbers."""
    return [
        script.check_means(made.results(), made.arms, made.scripts),
        script.check_end_means(made.results()),
    ]


def main() -> int:
    """Run it in a folder of its own, which is made anew."""
    arguments = sys.argv[1:]
    minutes = arguments[1] if len(arguments) > 1 else str(MINUTES)
    if not 1 <= len(arguments) <= 2 or not minutes.isdecimal() or not 1 <= int(minutes) <= 30:
        print((__doc__ or "").rsplit("\n\n", 1)[-1].strip(), file=sys.stderr)
        return 2
    base = Path(arguments[0])
    if base.exists() and any(base.iterdir()) and not (base / "null").is_dir():
        print(f"trial: {base}: is there and is not what this made: name another", file=sys.stderr)
        return 2
    try:
        shutil.rmtree(base, ignore_errors=True)
        base.mkdir(parents=True)
        return run(base, int(minutes))
    except (BadInput, OSError) as why:
        print(f"trial: {why}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"trial: interrupted; {base} is not whole", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
