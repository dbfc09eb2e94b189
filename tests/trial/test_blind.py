"""Both arms of a trial show and tell a person the same at the same times; only light differs."""

import json
import re
from typing import Any

import pytest

from firmware.core import faults, states
from firmware.core.inputs import DOWN, UP
from firmware.core.limits import DUTY_MAX
from firmware.records import encrypted
from firmware.trial import trial
from sim.campaign.trial_visit import attend_visit
from sim.common.default_prescription import DEFAULT
from sim.common.story import Start
from sim.common.value_record import replace
from sim.run import Run
from sim.scenario.scenario import ordinary
from tests.support.enrolled_unit import (
    CLOCK_S,
    DAY_S,
    SEALING,
    come,
    rate,
    records,
    shown,
    sim_files,
    ticketed,
    told,
)
from tests.support.fake_hal import Bench

INDOORS = Start()
BRIEF = {**DEFAULT, "fluence_j_cm2": 1, "max_min": 3}  # the dose is there after 2 of 3 minutes


class Attended:
    """A person's visits at one unit, and all that they saw, heard, and could have read."""

    def __init__(
        self, masked: bool, visits: int = 2, prescription: dict[str, Any] = BRIEF,
        start: Start = INDOORS,
    ) -> None:  # fmt: skip
        self.files = sim_files(masked, prescription)
        self.seen: list[tuple[Any, ...]] = []  # what came out, and when
        self.runs: list[Run] = []
        self.sizes: list[dict[str, int]] = []
        for visit in range(visits):
            scenario = replace(ordinary(), until_done=False, start=start)
            run = Run(scenario, files=self.files, clock_s=CLOCK_S + 7 * DAY_S * visit)
            self.listen(run)
            assert attend_visit(run, lambda visit, when, item: (visit + len(item)) % 3) == ""
            self.runs.append(run)
            self.files = run.hal.files
            self.sizes.append({name: len(content) for name, content in self.files.items()})

    def listen(self, run: Run) -> None:
        """Keep what the unit shows, sounds and says."""
        hal: Any = run.hal

        def keep(name: str, told: Any) -> Any:
            def call(*arguments: Any) -> None:
                shown = [bytes(a) if isinstance(a, bytearray) else a for a in arguments]
                self.seen.append((hal.t_ms, name, *shown))
                told(*arguments)

            return call

        for name in ("show", "signal", "arm", "renew_lease", "off", "carrier"):
            setattr(hal, name, keep(name, getattr(hal, name)))
        hal.on_line = lambda line: self.seen.append((hal.t_ms, "write_line", line))

    def records(self) -> list[dict[str, Any]]:
        """The journal's records."""
        return [json.loads(line) for line in self.files["journal.0"].splitlines()]

    def light(self) -> float:
        """What the physics delivered at all visits, J/cm2."""
        given = [run.result()["true_fluence_j_cm2"] for run in self.runs]
        return float(sum(sum(pad.values()) for pads in given for pad in pads.values()))


SECRET = re.compile(rb'"(sealed|prev|seal)": "[0-9a-f]*"')
CODE = re.compile(rb"[0-9A-Z]{4}(-[0-9A-Z]{4}){2}")


def without_seals(told_of: "list[tuple[Any, ...]]") -> "list[tuple[Any, ...]]":
    """Outputs, the receipt's letters left out: they are those of a seal."""
    return [
        (*row[:-1], CODE.sub(b"receipt", row[-1])) if isinstance(row[-1], bytes) else row
        for row in told_of
    ]


@pytest.fixture(scope="module")
def arms() -> tuple[Attended, Attended]:
    """The same visits of a unit that gives light, and of one that does not."""
    return Attended(False), Attended(True)


def test_one_arm_was_lit_and_the_other_never_gave_a_photon(
    arms: tuple[Attended, Attended],
) -> None:
    lit, dark = arms
    assert lit.light() == pytest.approx(2.0, abs=0.01)
    assert dark.light() == 0.0
    assert all(duty == 0 for run in dark.runs for duty in run.hal.duty)


def test_all_that_is_shown_sounded_and_said_is_equal_to_the_byte_and_the_tick(
    arms: tuple[Attended, Attended],
) -> None:
    lit, dark = (without_seals(arm.seen) for arm in arms)
    kinds = {row[1] for row in lit}
    assert kinds == {"show", "signal", "write_line", "arm", "renew_lease", "off", "carrier"}
    assert sum(row[1] == "write_line" for row in lit) > 200
    assert lit == dark


def test_journals_differ_in_what_is_sealed_and_in_seals_alone(
    arms: tuple[Attended, Attended],
) -> None:
    lit, dark = (arm.files["journal.0"] for arm in arms)
    assert lit != dark
    assert SECRET.sub(b"", lit) == SECRET.sub(b"", dark)
    assert [len(line) for line in lit.splitlines()] == [len(line) for line in dark.splitlines()]
    assert lit.count(b'"sealed"') == 1


def test_every_file_is_as_long_but_for_the_days_heat(arms: tuple[Attended, Attended]) -> None:
    """`day.json` has the heat that the skin took: whoever reads the flash reads it."""
    for lit, dark in zip(arms[0].sizes, arms[1].sizes, strict=True):
        assert set(lit) == set(dark)
        assert {name for name in lit if lit[name] != dark[name]} <= {"day.json"}


def test_the_sealed_record_tells_dose_and_arm_to_who_has_the_key(
    arms: tuple[Attended, Attended],
) -> None:
    for arm, lit in zip(arms, (1, 0), strict=True):
        (end,) = [row for row in arm.records() if row["kind"] == "end"]
        assert tuple(end)[5:-4] == trial.END
        assert (end["reason"], end["treat_ms"]) == ("time", 180_000)
        numbers = encrypted.decrypt(SEALING, end["sealed"])
        assert numbers[:2] == (trial.OF_SESSION, lit)
        run = arm.runs[-1]
        assert numbers[2:10] == tuple(k for pad in run.unit.pads for k in pad.fluence.uj_cm2)
        assert (sum(numbers[2:10]) > 1_900_000) == bool(lit)
        assert numbers[-1] == states.TIME and 0 < numbers[-2] <= 100


def test_the_dose_does_not_end_the_session_and_is_not_passed(
    arms: tuple[Attended, Attended],
) -> None:
    lit, _ = arms
    unit = lit.runs[-1].unit
    assert unit.session.course.steps[0].least_uj_cm2 == 1_422  # what two lamp tests could give
    for pad in unit.pads:
        assert pad.done and 1_000_000 - 1_422 <= pad.fluence.total_uj_cm2 <= 1_000_000


WEARERS = {
    "a cold room": Start(ambient_c=10.0),
    "a hot room": Start(ambient_c=40.0),
    "thick fat and no blood": Start(fat_mm=40.0, perfusion=0.0, vasodilation=1.0),
    "a draught": Start(air_w_m2k=15.0),
}


@pytest.mark.parametrize("name", WEARERS)
def test_no_wearer_and_no_room_tells_the_arms_apart(name: str) -> None:
    lit, dark = (Attended(masked, start=WEARERS[name]) for masked in (False, True))
    for arm in (lit, dark):
        assert [run.unit.faults.count for run in arm.runs] == [0, 0], arm.runs[-1].fault_rows()
    assert without_seals(lit.seen) == without_seals(dark.seen)
    assert dark.light() == 0.0 < lit.light()


def test_a_whole_session_of_half_an_hour_is_alike(arms: tuple[Attended, Attended]) -> None:
    lit, dark = (Attended(masked, prescription=DEFAULT) for masked in (False, True))
    assert without_seals(lit.seen) == without_seals(dark.seen)
    assert lit.light() == pytest.approx(12.0, rel=0.01) and dark.light() == 0.0


# -- broken by hand ----------------------------------------------------------------------------


def test_a_mask_that_is_broken_by_hand_is_seen_by_the_meter_and_in_the_record() -> None:
    bench = to_therapy(True)
    bench.unit.gate.mask = DUTY_MAX
    bench.until("DONE", 120_000)
    bench.run(2_000)
    assert bench.lit_in and bench.fluence_mj_cm2(0) > 100
    numbers = encrypted.decrypt(SEALING, records(bench, "end")[-1]["sealed"])
    assert numbers[1] == 0 and sum(numbers[2:10]) > 100_000


# -- on the bench ------------------------------------------------------------------------------


def to_therapy(masked: bool, **options: Any) -> Bench:
    """A unit that waits for skin at its second visit."""
    bench = ticketed(masked, **options).to_ready()
    bench.hal.reader = True
    come(bench)
    rate(bench, 6, 7, 8, 0)
    come(bench, 7)
    rate(bench, 6, 7, 8)
    assert bench.state == "WAIT_SKIN"
    return bench


def read_texts(bench: Bench) -> dict[str, Any]:
    """The last line of telemetry."""
    line: bytes = [call[1] for call in bench.hal.calls if call[0] == "write_line"][-1]
    return dict(json.loads(line))


@pytest.mark.parametrize("masked", [False, True])
def test_screen_and_telemetry_tell_time_and_visit_alone(masked: bool) -> None:
    bench = to_therapy(masked)
    bench.until("TREAT", 60_000)
    bench.run(3_000)
    rows = shown(bench)
    assert rows[0] == "Treating" and rows[2] == "Visit  2 of  7"
    assert re.fullmatch(r"Left   0:2\d", rows[1]) and rows[3:] == [""] * 5
    telemetry = read_texts(bench)
    told_of = {key for key, value in telemetry.items() if value not in (0, [0, 0], "")}
    assert told_of == {"ms", "state", "treat_ms", "clock_set"}


@pytest.mark.parametrize("masked", [False, True])
def test_the_set_point_is_locked_and_a_low_battery_makes_no_sound(masked: bool) -> None:
    bench = to_therapy(masked)
    bench.until("TREAT", 60_000)
    before = bench.cues()
    bench.press(DOWN)
    bench.press(UP)
    assert bench.cues() == before and bench.unit.session.set_point_mc == 40_500
    bench.hal.cell_mv(3_250)
    bench.run(25_000)
    assert bench.unit.battery.low and "BATTERY_LOW" not in bench.cues()


@pytest.mark.parametrize("masked", [False, True])
def test_the_cue_of_an_end_does_not_say_whether_the_session_was_whole(masked: bool) -> None:
    bench = to_therapy(masked)
    bench.until("TREAT", 60_000)
    bench.unit.session.post(states.HOST_IN)
    bench.run(20)
    assert (bench.state, bench.reason, bench.cues()[-1]) == ("DONE", "host", "DONE")


@pytest.mark.parametrize("masked", [False, True])
def test_a_fault_has_no_name_on_screen_in_telemetry_or_in_the_journal(masked: bool) -> None:
    bench = to_therapy(masked)
    bench.until("TREAT", 60_000)
    bench.hal.skin_mc(43_500)
    bench.until("FAULT")
    bench.run(3_000)
    rows = shown(bench)
    assert rows[0] == "FAULT: dark" and rows[1] == "Ended"
    assert rows[6:] == ["Tell the clinic", ""]
    telemetry = read_texts(bench)
    assert (telemetry["faults"], telemetry["reason"]) == (1, "ended")
    assert [row["reason"] for row in records(bench, "end")] == ["ended"]
    rows_of = records(bench, "fault")
    assert rows_of and all(tuple(row)[5:-4] == trial.FAULT for row in rows_of)
    numbers = encrypted.decrypt(SEALING, rows_of[0]["sealed"])
    assert numbers[:3] == (trial.OF_FAULT, faults.CONTACT_HOT, 0)
    assert numbers[4] > 42_000 and numbers[6:] == (0,) * 10
    bench.hal.skin_mc(33_000)
    bench.run(3_000)
    bench.reset()
    bench.until("LOCKED")
    bench.run(3_000)
    assert shown(bench)[6:] == ["Tell the clinic", ""]


def test_a_lamp_that_is_out_is_not_shown_and_does_not_stop_the_session() -> None:
    bench = ticketed(False).to_ready()
    bench.hal.open_banks = {1}
    come(bench)
    rate(bench, 6, 7, 8, 0)
    come(bench, 7)
    rate(bench, 6, 7, 8)
    bench.until("TREAT", 60_000)
    bench.run(3_000)
    assert ("led_open", "A") in bench.faults()
    assert shown(bench)[6:] == ["", ""]
    bench.until("DONE", 120_000)


def test_a_switch_that_sticks_is_found_in_a_placebo_unit_too() -> None:
    bench = to_therapy(True)
    bench.hal.stuck_banks = {2}
    bench.until("FAULT", 60_000)
    assert bench.faults() == [("fet_stuck_on", "")]


def test_a_switch_that_sticks_in_the_middle_of_a_placebo_session_is_dark_within_a_second() -> None:
    bench = to_therapy(True)
    bench.until("TREAT", 60_000)
    bench.hal.stuck_banks = {2}
    bench.run(1_000)
    assert bench.state == "FAULT" and not bench.hal.emitting()


@pytest.mark.parametrize("masked", [False, True])
def test_the_lit_self_test_of_a_placebo_unit_is_dark_and_lifts_what_was_kept(masked: bool) -> None:
    bench = ticketed(masked)
    bench.hal.files["fault.json"] = (
        b'{"fault": "board_hot", "pad": "A", "value": 51000, "limit": 50000}'
    )
    bench.reset()
    bench.until("LOCKED")
    bench.hal.reader, bench.hal.lines = True, [b"selftest"]
    bench.until("SERVICE")
    bench.run(6_000)  # worn for 5 s
    bench.press(0x1)
    bench.until("READY", 20_000)
    bench.run(2_000)
    assert bench.lit_in == (set() if masked else {"CHECK"})
    (test,) = records(bench, "test")
    assert tuple(test)[5:-4] == trial.END
    assert told(bench)[-1][0] == "ticket"


def test_nonces_of_a_unit_never_come_again() -> None:
    bench = to_therapy(True)
    for _ in range(4):
        bench.hal.ntc[0] = 4_000
        bench.until("FAULT", 60_000)
        bench.hal.skin_mc(33_000)
        bench.run(2_000)
        bench.acknowledge()
        bench.until("READY")
        bench.run(2_000)
    nonces = [row["sealed"][: encrypted.NONCE] for row in records(bench) if "sealed" in row]
    assert len(nonces) == len(set(nonces)) >= 5


def test_a_unit_whose_ticket_was_refused_names_no_fault_either() -> None:
    bench = ticketed(False, content=b"?")
    bench.until("LOCKED")
    bench.hal.ntc[0] = 4_000
    bench.run(3_000)
    assert {row["sealed"] for row in records(bench, "fault")} == {""}
    assert shown(bench)[1:] == ["", "", "", "", "", "Ticket is wrong", "Tell the clinic"]
