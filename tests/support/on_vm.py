"""The unit's own boot.py, main.py, hal/ and firmware on the desktop chip, in one interpreter.

`python -m tests.support.on_vm` on CPython, `micropython -m tests.support.on_vm` on the unix
VM: the same chip, bus parts, plant and files on both, the desk's modules in the place of
the interpreter's. Prints one line of JSON, rows of whole numbers and names, that must be
equal to the letter. The folder that it runs in is written to: it is the unit's flash.

What a VM cannot carry is left out: resets and soft resets of the chip (nothing can begin
a program anew within it), the flash with its times and faults (files are the host's),
the time that imports take, and stepping the PIO by the independent emulator.
"""

import json
import sys

from firmware.core import states
from firmware.core.faults import FAULTS
from firmware.core.inputs import START
from firmware.therapy.calibration import calibration_crc
from hal.boards import RPI_PICO
from sim.common.default_prescription import DEFAULT
from sim.driver_depth.bench import Bench
from sim.driver_depth.core import Chip
from sim.driver_depth.core_modules import FORCED, own_modules
from sim.driver_depth.hardware import machine_module
from sim.driver_depth.parts_list import buses, fit
from sim.driver_depth.pio import rp2_module
from sim.driver_depth.wiring import Wiring
from sim.faults.hardware import NEVER_MS
from sim.faults.injectors import INJECT, wear
from sim.physics.plant import Plant

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SEED = 7
CLOCK_MS = (1 << 30) - 60_000  # it wraps while lit
LOOK_US = 20_000
SWAPPED = (
    "machine", "umachine", "rp2", "time", "utime", "micropython", "gc", "select", "framebuf", "sys",
)  # fmt: skip
# What happens when, in ms.
STORY = (
    (3_000, "press"), (3_200, "release"), (60_000, "press"), (60_200, "release"),
    (75_000, "press"), (75_200, "release"), (130_000, "ntc_open"),
)  # fmt: skip
END_US = 140_000_000


class Room:
    """The room, the wearer and the unit at power-on, as a scenario has them."""

    ambient_c, battery_pct, worn, perfusion, vasodilation = 23.0, 80.0, True, 0.001, 6.0
    spot, person, contact_w_m2k, back_m2k_w, light_mm = None, "safe", 150.0, 0.1, 3.0
    fat_mm, air_w_m2k, clock = 10.0, 5.0, CLOCK_MS


class Struck:
    """A fault of a scenario: its name, pad and value."""

    name, pad = "ntc_open", "A"
    value = None


class Disk:
    """The flash has no part in this: files are the host's."""

    clock = None


class Over(Exception):
    """The story is at its end."""


def calibration() -> "dict[str, Any]":
    """A unit that is exactly as its board file says."""
    full = {str(row[0]): RPI_PICO.BANK_NOMINAL_UW_CM2 / 1000 for row in RPI_PICO.BANKS}
    board: Any = RPI_PICO
    table = {
        "serial": "SIM-0001", "date": "2026-01-01", "window_cm2": RPI_PICO.WINDOW_CM2,
        "irradiance_mw_cm2": {"A": full, "B": full}, "ntc_offset_c": {"A": 0.0, "B": 0.0},
        "skin_codes": {pad: {"air": 4096, "skin": 20480} for pad in "AB"},
    }  # fmt: skip
    table["crc32"] = calibration_crc(table, board)
    return table


def put_files() -> None:
    """Onto the unit's flash."""
    for name, content in (("calibration.json", calibration()), ("prescription.json", DEFAULT)):
        with open(name, "w") as file:
            file.write(json.dumps(content))


class Desk:
    """The chip on its bench, the story, and what is seen of it."""

    def __init__(self) -> None:
        board: Any = RPI_PICO
        room: Any = Room
        disk: Any = Disk()
        self.plant = Plant(room, board, calibration(), SEED)
        self.bench = Bench(self.plant, board, SEED)
        rows = fit(self.bench)
        self.parts = dict(rows)
        self.buses = buses(rows)
        self.chip = Chip(self.bench, disk, Wiring(board), CLOCK_MS)
        self.chip.usb.connected = True
        wear(self.bench.hardware, True)
        self.bench.on_event = self.happen
        self.bench.event_ms = STORY[0][0]
        self.next = 0
        self.chip.on_step = self.look
        self.chip.step_us = 0
        self.chip.on_stop = self.stop
        self.unit: Any = None
        self.seen: list[tuple[int, str]] = []
        self.duties: list[int] = []  # a sum of them each second

    def happen(self, t_ms: int) -> int:
        """What the story has next; returns when it goes on."""
        while self.next < len(STORY) and STORY[self.next][0] <= t_ms:
            what = STORY[self.next][1]
            if what == "press":
                self.bench.hardware.pins |= START
            elif what == "release":
                self.bench.hardware.pins &= ~START
            else:
                INJECT[what](self.bench.hardware, Struck, True)  # type: ignore[arg-type]
            self.next += 1
        return STORY[self.next][0] if self.next < len(STORY) else NEVER_MS

    def look(self, us: int) -> int:
        """Keep when the firmware's state was first seen to be another."""
        if self.unit:
            name = states.STATES[self.unit.session.state]
            if not self.seen or self.seen[-1][1] != name:
                self.seen.append((us // 1_000, name))
            if us % 1_000_000 == 0:
                self.duties.append(sum(self.chip.light.duties()))
        return us + LOOK_US

    def stop(self) -> None:
        """End it."""
        raise Over

    def result(self) -> "list[list[Any]]":
        """All of it in rows."""
        unit, chip = self.unit, self.chip
        a, b = self.plant.pads
        screen: Any = self.parts["screen"]
        faults = [FAULTS[k][0] for k in range(len(FAULTS)) if unit.faults.latched >> k & 1]
        return [
            ["states", self.seen],
            ["faults", faults],
            ["firmware dose uJ/cm2", [pad.fluence.total_uj_cm2 for pad in unit.pads]],
            ["true dose pJ/cm2", [int(1e9 * j) for pad in (a, b) for j in pad.fluence_j_cm2()]],
            ["true contact uC", [int(1e6 * pad.tissue.contact_c) for pad in (a, b)]],
            ["cem43 pmin", [int(1e12 * pad.cem43_min) for pad in (a, b)]],
            ["duties", self.duties],
            ["darkened at ms", [dark.t_ms for dark in chip.light.darks]],
            ["late pJ", int(1e12 * chip.light.late_j)],
            ["pack nV", int(1e6 * self.plant.pack_mv())],
            ["transfers", [bus.transfers for bus in self.buses]],
            ["worst transfer us", [bus.worst_us for bus in self.buses]],
            ["late us", unit.telemetry.late_us],
            ["resets", len(chip.resets)],
            ["pins", [chip.gpio.level(pin) for pin in range(30)]],
            ["screen", screen.text()],
            ["console", chip.usb.text()],
        ]


def run() -> "list[list[Any]]":
    """The story, from the first line of boot.py on."""
    put_files()
    desk = Desk()
    made: dict[str, Any] = {}
    own_modules(desk.chip, made)
    made["machine"] = machine_module(desk.chip, desk.buses)
    made["rp2"] = rp2_module(desk.chip.pio)
    kept = {name: sys.modules.get(name) for name in SWAPPED}
    for name in SWAPPED:
        sys.modules[name] = made[FORCED.get(name, name)]
    try:
        desk.chip.boot()
        desk.chip.stop_at(END_US)
        boot: Any = __import__("boot")
        main: Any = __import__("main")
        if boot.SERVICE or main.BROKEN:
            raise AssertionError(main.BROKEN or "service mode")
        hal, desk.unit = main.wire()
        main.go(hal, desk.unit)
    except Over:
        return desk.result()
    finally:
        for name in SWAPPED:
            module = kept[name]
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module
    raise AssertionError("the unit ended before its story")


if __name__ == "__main__":
    print(json.dumps(run()))
