"""Modules of MicroPython that differ from CPython's: time, micropython, gc, os, select, sys.

`sim.driver_depth.program` puts them among a program's modules. They have what `boot.py`, `main.py`
and `hal/` use; the rest that a program may import (`HOST`) is the desktop's own module.
"""

import errno
import sys as host_sys

from sim.driver_depth.core import TICKS_MASK
from sim.driver_depth.framebuf import framebuf_module
from sim.driver_depth.module import Module
from sim.driver_depth.usb import POLLIN, POLLOUT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from sim.driver_depth.core import Chip

TICKS_US = 2
GC_US = 14_000  # a collection with 80 KB live
POLL_US, USB_BYTE_US = 15, 12  # (assumed)
HALF = 1 << 29
HOST = (
    "array", "binascii", "cmath", "collections", "errno", "hashlib", "heapq", "io", "json", "math",
    "random", "re", "struct",
)  # fmt: skip
# With a `u` before its name, a built-in module that a file may stand in for is taken at once.
FORCED = {"u" + name: name for name in ("machine", "time")}


def ticks_add(ticks: int, delta: int) -> int:
    """Return the sum modulo 2**30."""
    return ticks + delta & TICKS_MASK


def ticks_diff(later: int, earlier: int) -> int:
    """Return the signed difference, right within half the range."""
    return (later - earlier + HALF & TICKS_MASK) - HALF


def time_module(chip: "Chip") -> Module:
    """Make the module `time`."""

    def ticks_ms() -> int:
        chip.spend(TICKS_US)
        return chip.ticks_ms()

    def ticks_us() -> int:
        chip.spend(TICKS_US)
        return chip.us - chip.ticks_zero_us & TICKS_MASK

    def sleep_us(us: int) -> None:
        chip.spend(max(us, 1))

    def sleep_ms(ms: int) -> None:
        """Until the millisecond clock has counted so many more, as the port does."""
        if ms > 0:
            into_us = (chip.us - chip.ticks_zero_us) % 1_000
            chip.spend(ms * 1_000 - into_us)

    return Module("time", {
        "ticks_ms": ticks_ms, "ticks_us": ticks_us, "ticks_add": ticks_add,
        "ticks_diff": ticks_diff, "sleep_ms": sleep_ms, "sleep_us": sleep_us,
        "sleep": lambda s: sleep_us(int(s * 1_000_000)),
    })  # fmt: skip


def micropython_module(chip: "Chip") -> Module:
    """Make the module `micropython`."""

    def kbd_intr(character: int) -> None:
        chip.usb.kbd_intr = character

    return Module("micropython", {
        "const": lambda value: value, "kbd_intr": kbd_intr,
        "native": lambda f: f,
        "alloc_emergency_exception_buf": lambda size: None, "viper": lambda f: f,
    })  # fmt: skip


def gc_module(chip: "Chip") -> Module:
    """Make the module `gc`."""
    return Module("gc", {"collect": lambda: chip.spend(GC_US)})


def os_module(chip: "Chip") -> Module:
    """Make the module `os`."""
    flash = chip.flash
    return Module("os", {"listdir": flash.listdir, "stat": flash.stat, "rename": flash.rename})


class Console:
    """`sys.stdin`, `sys.stdout`, `sys.stderr` and their `buffer`: all the USB console."""

    def __init__(self, chip: "Chip") -> None:
        self.chip = chip
        self.buffer = self

    def write(self, data: "str | bytes", off: int = 0, length: "int | None" = None) -> int:
        """Output text or bytes, `length` of them from `off` on, to the host; may block."""
        if length is not None:
            data = data[off : off + length]
        text = data if isinstance(data, str) else bytes(data).decode("latin-1")
        return self.chip.usb.write(text)

    def readinto(self, buffer: bytearray) -> int:
        """Fill the buffer, waiting for bytes that have not come yet."""
        self.chip.spend(USB_BYTE_US)
        buffer[:] = self.chip.usb.read(len(buffer))
        return len(buffer)


class Poll:
    """`select.poll()` on the console."""

    def __init__(self, chip: "Chip") -> None:
        self.chip = chip
        self.masks: dict[Any, int] = {}

    def register(self, obj: object, eventmask: int = POLLIN | POLLOUT) -> None:
        """Watch an object: the console alone can be watched."""
        if not isinstance(obj, Console):
            raise OSError(errno.EPERM, "stream operation not supported")
        self.masks[obj] = eventmask

    def ipoll(self, timeout: int = -1) -> "Iterator[tuple[Any, int]]":
        """Yield (object, events) of what is ready, waiting up to `timeout` ms for it."""
        left_ms = timeout
        while True:
            self.chip.spend(POLL_US)
            ready = [(obj, self.chip.usb.poll(mask)) for obj, mask in self.masks.items()]
            ready = [row for row in ready if row[1]]
            if ready or left_ms == 0:
                return iter(ready)
            left_ms -= 1
            self.chip.spend(1_000)


def select_module(chip: "Chip") -> Module:
    """Make the module `select`."""
    return Module("select", {"poll": lambda: Poll(chip), "POLLIN": POLLIN, "POLLOUT": POLLOUT})


def sys_module(chip: "Chip", modules: "dict[str, Any]") -> Module:
    """Make the module `sys`: the console, and what a program may ask about its interpreter."""
    console = Console(chip)
    implementation = Module("implementation", {
        "name": "micropython", "version": (1, 28, 0, ""), "_mpy": 4358,
        "_machine": "Raspberry Pi Pico with RP2040",
    })  # fmt: skip
    return Module("sys", {
        "stdin": console, "stdout": console, "stderr": console, "modules": modules,
        "path": ["", ".frozen", "/lib"], "platform": "rp2", "implementation": implementation,
        "version": "3.4.0; MicroPython v1.28.0",
    })  # fmt: skip


def own_modules(chip: "Chip", modules: "dict[str, Any]") -> None:
    """Put the modules that also work on MicroPython's VM among a program's modules."""
    for make in (time_module, micropython_module, gc_module, select_module):
        made = make(chip)
        modules[made.__name__] = made
    modules["framebuf"] = framebuf_module()
    modules["sys"] = sys_module(chip, modules)


def core_modules(chip: "Chip", modules: "dict[str, Any]") -> None:
    """Put all these modules, and the desktop's own, among a program's modules."""
    own_modules(chip, modules)
    modules["os"] = os_module(chip)
    for name in HOST:
        modules[name] = host_sys.modules.get(name) or __import__(name)
