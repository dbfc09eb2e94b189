"""`waistband deploy` to MicroPython's unix VM with littlefs on a file: cut off anywhere, the unit
stays dark and says so, and the next deploy mends it."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytest.importorskip("littlefs", reason="littlefs-python is not installed: pip install -e '.[pin]'")
pytest.importorskip("mpremote", reason="mpremote is not installed: pip install -e '.[deploy]'")

import serial.tools.list_ports  # type: ignore[import-untyped]
from serial.tools.list_ports_common import ListPortInfo  # type: ignore[import-untyped]

from hal.files import DEPLOYING, TABLE
from sim.common.errors import BadInput
from sim.driver_depth.flash import device_files
from sim.driver_depth.release import AS_THEY_ARE, MAIN, numbered, release, table
from sim.driver_depth.unit_names import shorten_names
from tests.support.command import Waistband
from tests.support.serial_pty import Port, Vm, be_patient
from tests.support.unit_on_vm import BLOCK, Flash
from tools.commands.deploy import WRITE_LANGUAGE, read_language
from tools.unit import about, device
from tools.unit import transfer as deploy
from tools.unit.device import Device
from tools.unit.prompt_files import PART, send_file
from tools.unit.transfer import (
    LIST_FILES,
    Plan,
    apply_plan,
    list_files,
    make_plan,
    transfer_files,
)

NEW = release(device_files(deploy.ROOT))
OWN = {
    "calibration.json": b'{"serial": "1"}', "prescription.json": b"{}", "board.txt": b"RPI_PICO",
    "day.json": b"{}", "fault.json": b"", "notes/hal.txt": b"mine", "halt.py": b"mine = 1\n",
}  # fmt: skip
CHANGED = (
    "boot.py", "main.py", MAIN, "hal/storage.mpy", "hal/files.mpy", "firmware/safety/gate.mpy",
)  # fmt: skip
ADDED = "hal/boards/RPI_PICO2.mpy"
GONE = ("firmware/old.py", "hal/old/old.mpy")
DARK = "waistband: dark, at the prompt: "
CUT_OFF = DARK + "a deploy did not end: run waistband deploy again"
RIGHT = DARK + 'ImportError("can\'t import name Pin"'  # what the unix VM lacks, files being right


def older() -> dict[str, bytes]:
    """A release before this one."""
    sources = device_files(deploy.ROOT)
    for name in set(CHANGED) - {MAIN}:
        sources[name.replace(".mpy", ".py")] += b"\nOLDER = [1]\n"
    found = release(sources)
    found["main.py"] += b"\nOLDER = [1]\n"  # what starts it, beside MAIN, which is compiled
    del found[TABLE], found[ADDED]
    found |= dict.fromkeys(GONE, b"older = 1\n")
    return {**found, TABLE: table(found)}


def with_source(found: dict[str, bytes]) -> dict[str, bytes]:
    """The same release, from when `main.py` lay on a unit as source."""
    main = shorten_names(numbered(device_files(deploy.ROOT)), AS_THEY_ARE)["main.py"]
    files = {**{k: v for k, v in found.items() if k not in (MAIN, TABLE)}, "main.py": main}
    return {**files, TABLE: table(files)}


OLD = older()
OLDER = with_source(OLD)


@pytest.fixture(autouse=True)
def unix_as_board(unix: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The VM, taken for a board of ours."""
    monkeypatch.setitem(about.BOARDS, "linux", "RPI_PICO")
    be_patient(monkeypatch, "LISTEN_S", "ANSWER_S", "EXEC_S")


@contextmanager
def plugged(flash: Flash, **options: Any) -> Iterator[Vm]:
    """A unit at its prompt."""
    vm = flash.vm(**options)
    try:
        yield vm
    finally:
        vm.cut()


def deployed(flash: Flash) -> Plan:
    """Deploy to it; what had to be done."""
    with plugged(flash) as vm, Device(vm.port.name) as unit:
        unit.to_prompt()
        plan = make_plan(NEW, list_files(unit))
        apply_plan(unit, NEW, plan, unit.about())
        assert make_plan(NEW, list_files(unit)).same
    return plan


def test_a_board_with_nothing_on_it_gets_the_whole_product(tmp_path: Path) -> None:
    flash = Flash(tmp_path, {})
    plan = deployed(flash)
    assert set(plan.write) == set(NEW) - {TABLE}
    assert plan.write[:4] == ("boot.py", "hal/__init__.mpy", MAIN, "main.py")
    assert flash.files() == NEW
    assert RIGHT in flash.booted()


def test_only_what_changed_is_copied_and_what_is_not_ours_stays(tmp_path: Path) -> None:
    flash = Flash(tmp_path, {**OLD, **OWN})
    plan = deployed(flash)
    assert set(plan.write) == {*CHANGED, ADDED} and set(plan.remove) == set(GONE)
    assert flash.files() == {**NEW, **OWN}
    before = flash.path.read_bytes()
    assert deployed(flash).same
    assert flash.path.read_bytes() == before


def own(flash: Flash) -> dict[str, bytes]:
    return {name: content for name, content in flash.files().items() if name in OWN}


MENDED: set[bytes] = set()  # what lay on a flash from which a deploy was seen to mend it
BOOTED: dict[frozenset[tuple[str, bytes]], str] = {}


def booted(flash: Flash, files: dict[str, bytes]) -> str:
    """What `main.py` says, which looks at nothing but these files: asked once of the same ones."""
    key = frozenset(files.items())
    if key not in BOOTED:
        BOOTED[key] = flash.booted()
    return BOOTED[key]


def check_cut(flash: Flash, old: dict[str, bytes] = OLD) -> str:
    """After power went in the middle: dark with words, then mended. What it said."""
    there = flash.files()
    said = booted(flash, there)
    if DEPLOYING in there:
        assert CUT_OFF in said
    else:
        product = {name: content for name, content in there.items() if name not in OWN}
        assert product in (old, NEW)
        assert RIGHT in said
    assert own(flash) == OWN
    before = flash.path.read_bytes()
    if before not in MENDED:
        deployed(flash)
        assert flash.files() == {**NEW, **OWN}
        assert RIGHT in booted(flash, flash.files())
        MENDED.add(before)
    return said


@pytest.mark.parametrize("old", [OLD, OLDER], ids=["compiled", "source"])
def test_power_cut_after_each_step_leaves_a_dark_unit_that_says_so_and_is_mended(
    tmp_path: Path, old: dict[str, bytes]
) -> None:
    """One deploy: what lies on the flash after a step is what a cut there leaves."""
    flash = Flash(tmp_path, {**old, **OWN})
    left = [flash.path.read_bytes()]
    with plugged(flash) as vm, Device(vm.port.name) as unit:
        unit.to_prompt()
        for _ in transfer_files(unit, NEW, make_plan(NEW, list_files(unit))):
            left.append(flash.path.read_bytes())
    assert len(left) > 2 + len(GONE) + 2 * len(CHANGED)
    cut_off = 0
    for content in left:
        flash.path.write_bytes(content)
        cut_off += CUT_OFF in check_cut(flash, old)
    assert cut_off == len(left) - 2  # all but before the first step and after the last


def test_a_unit_keeps_the_language_that_it_was_given(tmp_path: Path) -> None:
    with plugged(Flash(tmp_path, {})) as vm, Device(vm.port.name) as unit:
        unit.to_prompt()
        found = [read_language(unit)]
        for language in ("fr", "xx"):
            unit.run(WRITE_LANGUAGE.format(name="language.txt", language=language))
            found.append(read_language(unit))
    assert found == ["en", "fr", "en"]


def bytes_of(folder: Path) -> tuple[int, int]:
    """How many bytes a deploy types in all, and before its first change."""
    flash = Flash(folder, {**OLD, **OWN})
    most = 1 << 30
    with plugged(flash, bytes_most=most) as vm, Device(vm.port.name) as unit:
        unit.to_prompt()
        plan, about = make_plan(NEW, list_files(unit)), unit.about()
        begun = most - (vm.left or 0)
        apply_plan(unit, NEW, plan, about)
        return most - (vm.left or 0), begun


@pytest.fixture(scope="module")
def typed(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, int]:
    about.BOARDS["linux"] = "RPI_PICO"
    return bytes_of(tmp_path_factory.mktemp("typed"))


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.floats(0, 1, exclude_max=True))
def test_power_cut_at_any_byte_that_is_typed_leaves_it_dark_or_as_it_was(
    tmp_path: Path, typed: tuple[int, int], share: float
) -> None:
    flash = Flash(tmp_path, {**OLD, **OWN})
    total, begun = typed
    most = begun + int(share * (total - begun))
    with (
        plugged(flash, bytes_most=max(most, 1)) as vm,
        pytest.raises(BadInput, match="the line broke off"),
        Device(vm.port.name) as unit,
    ):
        unit.to_prompt()
        apply_plan(unit, NEW, make_plan(NEW, list_files(unit)), unit.about())
    check_cut(flash)


# -- what is refused --------------------------------------------------------------------------


def command(waistband: Waistband, port: str, code: int = 2) -> str:
    """The one line in which it ends."""
    ended = waistband("deploy", "--device", f"port:{port}")
    assert (ended.code, ended.out, ended.err.count("\n")) == (code, "", 1)
    return ended.err


def test_a_flash_with_no_room_is_refused_and_nothing_is_changed(
    tmp_path: Path, waistband: Waistband
) -> None:
    flash = Flash(tmp_path, {**OWN, "log.bin": bytes(12 * BLOCK)}, blocks=24)
    before = flash.files()
    with plugged(flash) as vm:
        said = command(waistband, vm.port.name)
    assert "its flash is full" in said and "mpremote rm; nothing was changed" in said
    assert flash.files() == before


def test_a_flash_that_fills_up_on_the_way_is_said_and_the_unit_is_dark(
    tmp_path: Path, waistband: Waistband, monkeypatch: pytest.MonkeyPatch
) -> None:
    flash = Flash(tmp_path, {"log.bin": bytes(11 * BLOCK)}, blocks=24)
    monkeypatch.setattr(about.About, "free", 1 << 20)  # as where littlefs needs more than bytes
    with plugged(flash) as vm:
        said = command(waistband, vm.port.name)
    assert "its flash is full" in said and "stays dark until waistband deploy is run again" in said
    assert CUT_OFF in flash.booted()


def test_a_file_that_arrives_otherwise_is_found_by_its_hash(
    tmp_path: Path, waistband: Waistband, monkeypatch: pytest.MonkeyPatch
) -> None:
    def send_otherwise(unit: Device, name: str, content: bytes) -> Iterator[int]:
        return send_file(
            unit, name, content[::-1] if name == "firmware/safety/gate.mpy" else content
        )

    flash = Flash(tmp_path, OLD)
    monkeypatch.setattr(deploy, "send_file", send_otherwise)
    with plugged(flash) as vm:
        assert "firmware/safety/gate.mpy did not arrive as it was sent" in command(
            waistband, vm.port.name
        )
    assert CUT_OFF in flash.booted()


def test_interrupted_it_says_that_the_unit_stays_dark_and_exits_130(
    tmp_path: Path, waistband: Waistband, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(unit: Device, files: dict[str, bytes], plan: Plan) -> Iterator[tuple[str, int]]:
        for done in transfer_files(unit, files, plan):
            yield done
            if done[0] == "main.py":
                raise KeyboardInterrupt

    flash = Flash(tmp_path, OLD)
    monkeypatch.setattr(deploy, "transfer_files", interrupted)
    with plugged(flash) as vm:
        said = command(waistband, vm.port.name, 130)
        vm.until(b"\n>>> ")  # left as a person would find it
    assert "interrupted after main.py: the unit stays dark until waistband deploy" in said
    assert CUT_OFF in flash.booted()


def test_a_transfer_that_somebody_else_left_open_is_ended_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = Device.lines
    listened = iter([0.5])  # to nothing, since it waits for the rest; then as long as it takes
    monkeypatch.setattr(Device, "lines", lambda unit, for_s: heard(unit, next(listened, for_s)))
    flash = Flash(tmp_path, OLD)
    with plugged(flash) as vm:
        port = serial.Serial(vm.port.name)
        port.write(b"\r\x01")
        vm.until(b"raw REPL")
        port.write(b"\x05A\x01w(b'half of a piece")
        vm.until(b"R\x01")
        port.close()
        with Device(vm.port.name) as unit:
            unit.to_prompt()
            assert "boot.py" in unit.run(LIST_FILES)


OTHERS: dict[str, tuple[str, object, str]] = {
    # what is wrong: (what is changed, to what, what is said)
    "a board that is not ours": ("BOARDS", {"Raspberry Pi Pico with RP2040": ""}, "is a linux"),
    "too old": ("OLDEST", (99, 0, 0), "99.0.0 or newer is needed: put it on with waistband flash"),
    "other .mpy files": ("MPY", 7, "takes .mpy files of version 6: 7 is needed"),
}


@pytest.mark.parametrize("what", OTHERS)
def test_what_cannot_take_the_product_is_refused_and_left_as_it_was(
    what: str, tmp_path: Path, waistband: Waistband, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, value, said = OTHERS[what]
    flash = Flash(tmp_path, OWN)
    monkeypatch.setattr(about, name, value)
    with plugged(flash) as vm:
        assert said in command(waistband, vm.port.name)
    assert flash.files() == OWN


FROZEN = """
import sys
class Frozen:
    RELEASE = 'waistband-frozen 0.1.0 0123456789ab'
sys.modules['frozen_release'] = Frozen
"""


def test_a_unit_with_the_product_frozen_in_says_which_and_loses_a_release_in_files_alone(
    tmp_path: Path,
) -> None:
    library = {"lib/hal/a.mpy": b"", "lib/other.py": b"", "main.txt": b"", PART: b"",
               DEPLOYING: b"", "hal.py": b""}  # fmt: skip
    flash = Flash(tmp_path, {**OWN, **OLD, **library})
    with plugged(flash, then=FROZEN) as vm, Device(vm.port.name) as unit:
        unit.to_prompt()
        assert unit.about().frozen == "0.1.0 0123456789ab"
        removed = deploy.remove_product(unit)
        assert set(removed) == {*OLD, "lib/hal/a.mpy", PART, DEPLOYING, "hal.py"}
        assert deploy.remove_product(unit) == []
        folders = "import os; print([e[0] for e in os.ilistdir() if e[1] & 0x4000])"
        assert unit.run(folders).strip() == "['lib', 'notes']"
    assert flash.files() == {**OWN, "lib/other.py": b"", "main.txt": b""}


def test_a_unit_whose_product_lies_in_files_has_no_frozen_release(tmp_path: Path) -> None:
    files = {**OWN, "frozen_release.py": b"RELEASE = 'waistband-frozen 1 0123456789ab'"}
    with plugged(Flash(tmp_path, files)) as vm, Device(vm.port.name) as unit:
        unit.to_prompt()
        assert unit.about().frozen == ""


def test_a_port_that_nobody_answers_is_refused(
    waistband: Waistband, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device, "LISTEN_S", 0.2)
    port = Port()
    try:
        assert "neither a unit nor MicroPython answers" in command(waistband, port.name)
    finally:
        port.close()
    # a name of its own: that of a closed port may be somebody else's by now
    assert "there is no such port" in command(waistband, "/dev/waistband-none")
    assert "cannot be opened" in command(waistband, os.devnull)


def ports(monkeypatch: pytest.MonkeyPatch, *rows: tuple[str, int, str]) -> None:
    """What is plugged in: (port, USB vendor, serial number)."""
    found = []
    for name, vendor, number in rows:
        port = ListPortInfo(name)
        port.vid, port.pid, port.serial_number = vendor, 5, number
        found.append(port)
    monkeypatch.setattr(serial.tools.list_ports, "comports", lambda: found)


def test_without_a_name_it_is_the_only_unit_there_is(
    monkeypatch: pytest.MonkeyPatch, waistband: Waistband
) -> None:
    ports(monkeypatch, ("/dev/ttyS0", 0x1A86, "x"))
    ended = waistband("deploy")
    assert ended.code == 2 and "no unit is plugged in" in ended.err
    ports(monkeypatch, ("/dev/ttyS0", 0x1A86, "x"), ("/dev/ttyACM3", 0x2E8A, "e661"))
    assert device.find_port(None) == "/dev/ttyACM3"
    ports(monkeypatch, ("/dev/ttyACM1", 0x2E8A, "a1"), ("/dev/ttyACM3", 0x2E8A, "e661"))
    ended = waistband("deploy")
    assert ended.code == 2 and "2 units (/dev/ttyACM1, /dev/ttyACM3): name one" in ended.err
    assert device.find_port("id:e661") == "/dev/ttyACM3"
    ended = waistband("deploy", "--device", "id:nobody")
    assert ended.code == 2 and "id:nobody: no port has this serial number" in ended.err


@pytest.mark.parametrize(
    ("name", "port"),
    [("a0", "/dev/ttyACM0"), ("u12", "/dev/ttyUSB12"), ("c3", "COM3"), ("port:/dev/x", "/dev/x"),
     ("/dev/y", "/dev/y"), ("port:a0", "a0")],
)  # fmt: skip
def test_a_device_is_named_as_mpremote_names_it(name: str, port: str) -> None:
    assert device.find_port(name) == port


def test_without_mpremote_it_says_how_to_get_it(
    waistband: Waistband, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "mpremote", None)
    ended = waistband("deploy", "--device", "a0")
    assert ended.code == 2 and "pip install -e '.[deploy]'" in ended.err
