"""`waistband trial push` on a unit at its prompt: the VM on littlefs."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from firmware.records.keys import FILE as KEYS
from firmware.records.keys import Keys
from firmware.trial import enrolment, visits
from hal.boards import RPI_PICO
from sim.faults.hardware import CLOCK_S
from sim.run import seal_for
from tests.support.command import Ended, Waistband
from tests.support.synthetic_trial import belt
from tests.support.trial_folder import START_S, Bench, make_trial
from tests.support.trial_pulls import attended_belt
from tools.commands.main import main
from tools.prescription import keyfile
from tools.trial import folder as trial_folder
from tools.trial import people
from tools.unit.kept import Kept, read_unit, write_unit

WHO, UNIT = "P-02", "WB-0002"
Held = dict[str, bytes]
OnUnit = Callable[..., tuple[Ended, Held]]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    bench = make_trial(tmp_path_factory.mktemp("trial"))
    for who, serial in (("P-01", "WB-0001"), (WHO, UNIT)):
        people.add_enrolment(trial_folder.open_trial(str(bench.folder)), who, serial)
    return bench


@pytest.fixture
def on_unit(vm_folder: Path, waistband: Waistband, bench: Bench) -> OnUnit:
    """Push onto a unit that holds these files; how it ended, and what it holds then."""
    from tests.support.unit_on_vm import Flash

    shutil.copytree(bench.folder, "trial")

    def run(held: Held, *words: str, who: str = WHO) -> tuple[Ended, Held]:
        flash = Flash(vm_folder, {"main.py": b"1\n", **held})
        vm = flash.vm()
        try:
            ended = waistband("trial", "push", "trial", "--participant", who, *words, "--device",
                              f"port:{vm.port.name}")  # fmt: skip
        finally:
            vm.cut()
        left = flash.files()
        assert left.pop("main.py") == b"1\n"
        return ended, left

    return run


def unit(bench: Bench, serial: str = UNIT, key: str = UNIT) -> Held:
    """A unit's files before it is in a trial."""
    keys = keyfile.render_unit_keys(bench.keys[key])
    calibration = seal_for(json.loads(belt.render_calibration(serial)), RPI_PICO, keys)
    return {"calibration.json": json.dumps(calibration).encode(), KEYS: keys}


def visits_of(trial: str, who: str) -> bytes:
    return json.dumps({"trial": trial, "participant": who, "visit": 3}).encode()


def test_ticket_and_prescription_go_onto_the_participants_unit(
    on_unit: OnUnit, bench: Bench
) -> None:
    held = unit(bench) | {"visit.json": visits_of("Test", WHO)}
    ended, left = on_unit(held)
    assert (ended.code, ended.err) == (0, "")
    for name, folder in ((enrolment.FILE, "tickets"), ("prescription.json", "prescriptions")):
        assert left.pop(name) == (bench.folder / folder / f"{WHO}.json").read_bytes()
    assert left == held  # their own visits stay


def test_somebody_elses_visits_are_removed_only_when_asked(on_unit: OnUnit, bench: Bench) -> None:
    held = unit(bench) | {"visit.json": visits_of("Test", "P-03"), enrolment.FILE: b"old"}
    ended, left = on_unit(held)
    assert ended.code == 2 and left == held
    assert "has the visits of 'P-03' in the trial 'Test': pull its journal" in ended.err
    ended, left = on_unit(held, "--replace")
    assert ended.code == 0 and left[enrolment.FILE] != b"old"
    begun = json.loads(left["visit.json"])  # its version goes on: the journal knows of one
    assert (begun["participant"], begun["visit"], begun["version"]) == (WHO, 0, 1)


@pytest.mark.parametrize(("serial", "key", "who", "words"), [
    ("WB-0001", "WB-0001", WHO, "is unit 'WB-0001': P-02 has WB-0002"),
    (UNIT, "WB-0001", WHO, "the ticket was altered, or is for a unit with another key"),
    (UNIT, UNIT, "P-03", "P-03: was not enrolled"),
])  # fmt: skip
def test_what_a_unit_would_refuse_is_not_brought(
    on_unit: OnUnit, bench: Bench, serial: str, key: str, who: str, words: str
) -> None:
    held = unit(bench, serial, key)
    ended, left = on_unit(held, who=who)
    assert ended.code == 2 and ended.out == "" and ended.err.count("\n") == 1
    assert words in ended.err and left == held


def test_a_unit_without_keys_is_refused(on_unit: OnUnit, bench: Bench) -> None:
    held = {"calibration.json": belt.render_calibration(UNIT)}
    ended, left = on_unit(held)
    assert ended.code == 2 and "the unit has no key: install its key" in ended.err and left == held


def test_a_simulated_unit_takes_part_as_one_on_usb(waistband: Waistband, bench: Bench) -> None:
    shutil.copytree(bench.folder, "trial")
    held = unit(bench) | {"visit.json": visits_of("Test", "P-03")}
    Path("unit").mkdir()
    write_unit("unit", Kept(held, 80.0, CLOCK_S, 0))
    words = ("trial", "push", "trial", "--participant", WHO, "--sim", "unit")
    ended = waistband(*words)
    assert ended.code == 2 and "has the visits of 'P-03'" in ended.err
    assert enrolment.FILE not in read_unit("unit").files
    assert waistband(*words, "--replace").code == 0
    left = read_unit("unit").files
    for name, folder in ((enrolment.FILE, "tickets"), ("prescription.json", "prescriptions")):
        assert left[name] == (bench.folder / folder / f"{WHO}.json").read_bytes()
    assert left.get("visit.json") != held["visit.json"]
    Path("visit.toml").write_text(
        'duration_s = 20\n[[expect]]\nat_s = 15\nfault = ""\nstate = "READY"\n'
    )
    ended = waistband("sim", "visit.toml", "--keep", "unit")
    assert ended.code == 0, ended.out + ended.err


def test_a_replacement_goes_on_after_the_last_visit_that_was_collected(
    on_unit: OnUnit, bench: Bench, tmp_path: Path
) -> None:
    replace = ["trial", "replace", "trial", "--participant", WHO, "--unit", "WB-9000"]
    assert main([*replace, "--reason", "its buckle broke"]) == 0
    pulls = attended_belt(bench, WHO, 2).pull(tmp_path / "pulls" / WHO)
    assert main(["trial", "collect", "trial", str(pulls), "--identity", bench.monitor]) == 0
    ended, left = on_unit(unit(bench, "WB-9000", "WB-9000"))
    assert (ended.code, ended.err) == (0, "")
    assert left[enrolment.FILE] == (bench.folder / f"spares/WB-9000/{WHO}.json").read_bytes()
    keys = Keys(left[KEYS])
    taken = enrolment.verify(left[enrolment.FILE], keys, "WB-9000")
    progress = visits.read(left[visits.FILE], taken)
    assert (progress.visit, progress.stage) == (2, visits.CLOSED)
    assert progress.first_s == START_S
    ended, left = on_unit(unit(bench))
    assert ended.code == 2 and "is unit 'WB-0002': P-02 has WB-9000" in ended.err
