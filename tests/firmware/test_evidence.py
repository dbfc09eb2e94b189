"""Evidence: whoever holds a unit cannot change what is over, and what is lost is not trusted."""

import hmac
import json
from typing import Any

import pytest

from firmware.core import states
from firmware.core.inputs import CHARGER
from firmware.records import json_codec, mac, persistent_state
from firmware.records.keys import FILE, Keys
from firmware.trial import visits
from sim.run import seal_for
from tests.support.enrolled_unit import CLOCK_S, baseline, come, rate, records, shown
from tests.support.fake_hal import BOARD, CALIBRATION, SHORT, START, UP, Bench
from tests.support.journals import KEY as CLINIC
from tests.support.journals import segments
from tests.support.keyed_unit import installed, keyed, made
from tools.journal import chain
from tools.journal.chain import Trail
from tools.journal.reader import Segment
from tools.prescription.keyfile import render_unit_keys

PERIL = {"irradiance_mw_cm2": dict.fromkeys(CALIBRATION["irradiance_mw_cm2"]["A"], 10),
         "fluence_j_cm2": 90, "max_min": 40}  # fmt: skip


def verify(files: dict[str, bytes]) -> Trail:
    """A unit's journal, verified with the clinic's key."""
    return chain.verify([Segment("", name, int(name[-1]), content)
                         for name, content in segments(files).items()], CLINIC)  # fmt: skip


def treated(files: dict[str, bytes] | None = None) -> Bench:
    """A unit with a key after a session that its wearer ended."""
    bench = Bench(made(), files={FILE: installed(), **(files or {})}, clock_s=CLOCK_S)
    bench.to("TREAT")
    bench.run(5_000)
    bench.acknowledge()
    bench.run(3_000)
    return bench


# -- the key moves on ----------------------------------------------------------------------------


def test_no_key_on_the_unit_seals_anything_that_is_over() -> None:
    bench = keyed(made())
    bench.to("TREAT")
    for point in ("lit", "over", "off and on"):
        if point == "over":
            bench.hal.ntc[0] = 1_300
            bench.until("FAULT")
            bench.run(3_000)
        elif point == "off and on":
            bench.reset()
            bench.hal.skin_mc(33_000)
            bench.run(5_000)
        key = Keys(bench.hal.files[FILE])
        for row in records(bench):
            assert row["key"] < key.key, point
    assert verify(bench.hal.files).wrong == []


def test_an_end_that_the_holder_of_the_unit_wrote_anew_is_found() -> None:
    bench = keyed(made())
    bench.to("TREAT")
    bench.hal.ntc[0] = 1_300
    bench.until("FAULT")
    bench.run(3_000)
    rows = [json.loads(line) for line in bench.hal.files["journal.0"].splitlines()]
    assert {"fault", "end"} <= {row["kind"] for row in rows} and verify(bench.hal.files).wrong == []
    held = Keys(bench.hal.files[FILE])
    forged: list[bytes] = []
    prev = rows[0]["prev"]
    for row in [row for row in rows if row["kind"] != "fault"]:
        table = {name: value for name, value in row.items() if name != "seal"}
        seal = row["seal"]
        if forged and (row["kind"] == "end" or row["prev"] != prev):
            table |= {"n": len(forged), "prev": prev, "reason": "dose", "key": held.key}
            body = json.dumps(table).encode()[:-1]
            seal = hmac.digest(held.journal, body, "sha256").hex()
        line = json.dumps(table).encode()[:-1] + f', "seal": "{seal}"}}\n'.encode()
        forged.append(line)
        prev = seal
    files = {**bench.hal.files, "journal.0": b"".join(forged)}
    assert [row.what for row in verify(files).wrong] == ["dropped"]


def test_where_power_went_before_the_key_moved_on_the_boot_moves_it() -> None:
    bench = keyed(made())
    bench.to_ready()
    bench.run(2_000)
    before = bench.hal.files[FILE]
    bench.to("TREAT")
    bench.hal.files[FILE] = Keys(before).content()  # the store that followed the record is lost
    sealed = records(bench)[-1]["key"]
    assert sealed == Keys(before).key
    bench.reset()
    bench.to_ready()
    bench.run(2_000)
    assert [row["key"] for row in records(bench)][-2:] == [sealed, sealed + 1]
    assert verify(bench.hal.files).wrong == []


# -- receipts --------------------------------------------------------------------------------


def end_by_hold(bench: Bench) -> None:
    bench.acknowledge()


def end_by_fault(bench: Bench) -> None:
    bench.hal.ntc[0] = 1_300


def end_by_battery(bench: Bench) -> None:
    bench.hal.cell_mv(2_900)


def end_by_charger(bench: Bench) -> None:
    bench.hal.pins |= CHARGER


def end_by_dose(bench: Bench) -> None:
    bench.until("DONE", 10 * 60_000)


@pytest.mark.parametrize(
    "end", [end_by_hold, end_by_fault, end_by_battery, end_by_charger, end_by_dose]
)
def test_every_end_has_a_receipt_that_stays_until_the_next_start(end: Any) -> None:
    bench = keyed(made())
    bench.to("TREAT")
    bench.run(3_000)
    end(bench)
    bench.run(5_000)
    (ended,) = records(bench, "end")
    receipt = "R " + mac.receipt_code(ended["seal"])
    if bench.state != "OFF":
        assert shown(bench)[4] == receipt
    bench.reset()
    bench.hal.pins &= ~CHARGER
    bench.hal.skin_mc(33_000)
    bench.hal.cell_mv(3_800)
    bench.hal.reader = True
    bench.run(8_000)
    assert shown(bench)[4] == receipt
    bench.reset()
    bench.run(8_000)  # the boot in between pushes nothing out
    assert shown(bench)[4] == receipt and records(bench, "boot")[-1]["receipt"] == receipt[2:]
    said = [call[1] for call in bench.hal.calls if call[0] == "write_line"][-1]
    assert json.loads(said)["receipt"] == receipt[2:]
    if not bench.unit.session.lock:
        bench.until("READY")
        bench.press(UP)  # it may have ended by a fault that nobody acknowledged
        bench.run(200)
        bench.press(START)
        bench.until("WAIT_SKIN")
        bench.run(2_000)
        assert shown(bench)[4] != receipt and bench.unit.journal.receipt == b""


ENDS = sorted({
    (state, event) for sources, event, to in states.ROWS for state in sources
    if state in (states.TREAT, states.PAUSED) and to not in states.IN_SESSION
    and event != states.FAULTED
})  # fmt: skip


@pytest.mark.parametrize(("state", "event"), ENDS)
def test_every_end_in_the_table_of_states_has_a_receipt(state: int, event: int) -> None:
    bench = keyed(made())
    bench.to("TREAT")
    bench.run(3_000)
    if state == states.PAUSED:
        bench.press(START)
        bench.until("PAUSED")
    bench.unit.session.post(event)
    bench.run(5_000)
    (ended,) = records(bench, "end")
    assert ended["reason"] == states.REASONS[event]
    assert bench.unit.journal.receipt.decode() == mac.receipt_code(ended["seal"])


def test_every_reason_of_an_end_is_among_them() -> None:
    said = {states.REASONS[event] for _, event in ENDS} | {"fault"}
    assert said == set(states.REASONS) - {""}


def test_a_session_that_power_ended_has_no_receipt_and_neither_has_the_one_before() -> None:
    bench = treated()
    bench.reset()
    bench.to("TREAT")
    bench.reset()
    bench.run(8_000)
    assert bench.unit.journal.receipt == b"" and not shown(bench)[4].startswith("R ")


# -- what is lost ------------------------------------------------------------------------------


def start(bench: Bench) -> tuple[str, str]:
    """A START some seconds after power-on: the state, and the refusal."""
    bench.reset()
    bench.run(8_000)
    bench.press(START)
    bench.run(4_000)
    return bench.state, bench.refused


def wrong(bench: Bench) -> list[str]:
    """What the last boot record says was gone or older."""
    found: list[str] = records(bench, "boot")[-1]["wrong"]
    return found


def test_a_unit_that_had_a_key_is_locked_without_it() -> None:
    bench = treated()
    del bench.hal.files[FILE]
    bench.kept = (CALIBRATION, {**SHORT, **PERIL})  # unsigned, and its calibration bare again
    assert start(bench)[0] == "LOCKED"
    assert bench.unit.session.locked == "keys.json is gone: install the key"
    assert wrong(bench) == ["keys.json: gone"]
    del bench.hal.files["journal.0"]  # and with the journal gone as well, by the calibration's seal
    bench.kept = (seal_for(CALIBRATION, BOARD, installed()), {**SHORT, **PERIL})
    assert start(bench)[0] == "LOCKED" and "sealed and the unit has no key" in (
        bench.unit.session.locked
    )


def test_keys_of_an_earlier_time_lock_the_unit() -> None:
    bench = treated()
    copy = bench.hal.files[FILE]
    bench.reset()
    bench.to("TREAT")
    bench.reset()
    bench.run(8_000)
    bench.hal.files[FILE] = copy
    assert start(bench)[0] == "LOCKED"
    assert bench.unit.session.locked == "keys.json is older: install the key"
    assert wrong(bench) == ["keys.json: older"]


def test_keys_that_were_installed_anew_are_taken() -> None:
    bench = treated()
    bench.hal.files[FILE] = render_unit_keys(CLINIC)
    assert start(bench)[0] == "WAIT_SKIN" and wrong(bench) == []
    trail = verify(bench.hal.files)
    assert trail.wrong == [] and "key" in {row.what for row in trail.findings}


@pytest.mark.parametrize("how", ["gone", "older"])
@pytest.mark.parametrize("has_key", [True, False])
def test_a_day_that_is_gone_or_older_is_full(how: str, has_key: bool) -> None:
    bench = treated() if has_key else Bench(SHORT, clock_s=CLOCK_S)
    if not has_key:
        bench.to("TREAT")
        bench.acknowledge()
        bench.run(3_000)
    copy = bench.hal.files[persistent_state.DAY]
    if how == "older":
        bench.reset()
        bench.to("TREAT")
        bench.run(20_000)
        bench.acknowledge()
        bench.run(3_000)
        bench.hal.files[persistent_state.DAY] = copy
    else:
        del bench.hal.files[persistent_state.DAY]
    assert start(bench) == ("READY", "day_limit")
    assert wrong(bench) == [f"day.json: {how}"]
    assert start(bench) == ("READY", "day_limit") and wrong(bench) == []  # and it stays full


def test_a_journal_that_was_cut_fills_the_day() -> None:
    bench = treated()
    bench.hal.files["journal.0"] = b"".join(
        bench.hal.files["journal.0"].splitlines(keepends=True)[:1]
    )
    del bench.hal.files[persistent_state.DAY]
    assert start(bench) == ("READY", "day_limit") and wrong(bench) == ["journal: cut"]


@pytest.mark.parametrize("how", ["gone", "older"])
def test_a_hard_fault_that_is_gone_or_lifted_by_an_older_file_locks(how: str) -> None:
    bench = treated()
    before = json_codec.text(("fault", "version"), (None, 0))
    bench.reset()
    bench.to("TREAT")
    bench.hal.skin_mc(43_500)
    bench.until("FAULT")
    bench.run(3_000)
    assert persistent_state.read_fault(bench.hal.files[persistent_state.FAULT]) is not None
    bench.hal.skin_mc(33_000)
    if how == "gone":
        del bench.hal.files[persistent_state.FAULT]
    else:
        bench.hal.files[persistent_state.FAULT] = before
    assert start(bench)[0] == "LOCKED" and bench.unit.session.lock == states.HARD_FAULT
    assert wrong(bench) == [f"fault.json: {how}"]
    assert start(bench)[0] == "LOCKED" and wrong(bench) == []
    assert shown(bench)[6] == "Needs service"


@pytest.mark.parametrize("how", ["gone", "older"])
def test_visits_that_are_gone_or_older_lock_a_unit_in_a_trial(how: str) -> None:
    bench = baseline()
    copy = bench.hal.files[visits.FILE]
    come(bench, 7)
    rate(bench, 5, 5, 5)
    if how == "gone":
        del bench.hal.files[visits.FILE]
    else:
        bench.hal.files[visits.FILE] = copy
    assert start(bench)[0] == "LOCKED" and bench.unit.session.lock == states.TRIAL
    assert wrong(bench) == [f"visit.json: {how}"]
    kept = bench.hal.files.get(visits.FILE)
    assert kept == (None if how == "gone" else copy)  # nothing is written over what is lost


# -- calibration -----------------------------------------------------------------------------


def test_a_calibration_that_was_altered_with_its_crc_made_anew_locks() -> None:
    from firmware.therapy.calibration import calibration_crc

    bench = keyed(made())
    sealed = seal_for(CALIBRATION, BOARD, installed())
    quarter = dict.fromkeys(CALIBRATION["irradiance_mw_cm2"]["A"], 2.5)
    altered = {**sealed, "irradiance_mw_cm2": {"A": quarter, "B": quarter}}
    altered["crc32"] = calibration_crc(altered, BOARD)
    words = {
        "altered": (altered, "the calibration was altered, or sealed with another unit's key"),
        "bare": ({name: value for name, value in altered.items() if name != "seal"},
                 "the calibration is not sealed: waistband calibrate --key, or key install"),
    }  # fmt: skip
    for calibration, said in words.values():
        unit = type(bench.unit)(bench.hal, BOARD, calibration, made())
        assert (unit.session.lock, unit.session.locked) == (states.CALIBRATION, said)


def test_an_older_calibration_is_not_taken_again() -> None:
    from firmware.therapy.calibration import calibration_crc

    newer = {**CALIBRATION, "date": "2026-11-01"}
    newer["crc32"] = calibration_crc(newer, BOARD)
    bench = Bench(made(), newer, files={FILE: installed()})
    bench.reset()
    bench.to_ready()
    bench.run(2_000)
    assert Keys(bench.hal.files[FILE]).calibrated == "2026-11-01"
    bench.kept = (CALIBRATION, made())
    bench.reset()
    bench.until("LOCKED")
    assert bench.unit.session.locked == "an older calibration, of 2026-10-01: a newer was taken"
    bench.run(2_000)
    assert records(bench, "boot")[-1]["why"] == bench.unit.session.locked


# -- prescriptions ---------------------------------------------------------------------------


def test_another_prescription_of_the_number_that_was_taken_is_refused() -> None:
    bench = keyed(made())
    bench.to_ready()
    bench.run(2_000)
    bench.reset()
    bench.to_ready()  # the same one, again
    bench.kept = (bench.kept[0], made(prescription={**SHORT, "fluence_j_cm2": 2}))
    bench.reset()
    bench.until("LOCKED")
    assert bench.unit.session.locked == (
        "another prescription of number 3 was taken: sign it with a higher"
    )
    bench.kept = (bench.kept[0], made(prescription={**SHORT, "fluence_j_cm2": 2}, number=4))
    bench.reset()
    bench.to_ready()


# -- boot ------------------------------------------------------------------------------------


def test_a_boot_record_names_format_release_and_board() -> None:
    from tools.common.version import version

    bench = keyed(made())
    bench.to_ready()
    bench.run(2_000)
    (row,) = records(bench, "boot")
    assert (row["format"], row["release"], row["board"]) == (2, version(), "RPI_PICO")
