"""What else of MicroPython differs from CPython: time, micropython, gc, os, select, framebuf.

The rest of what a program may import (`HOST`) is the desktop's own module.
"""

import errno
import sys as host_sys

from sim.driver_depth.core import TICKS_MASK
from sim.driver_depth.dates import date_of, days_to
from sim.driver_depth.framebuf import framebuf_module
from sim.driver_depth.module import Module
from sim.driver_depth.usb import POLLIN, POLLOUT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from sim.driver_depth.core import Chip

TICKS_US = 2
DAY_S = 86_400
GC_US, MEM_FREE_US = 14_000, 9_000  # a collection with 80 KB live; counting what is free
POLL_US, USB_BYTE_US = 15, 12  # (assumed)
RTC_START_S = 1_609_459_200  # 2021-01-01, where the port starts its clock
HALF = 1 << 29
HOST = (
    "array", "binascii", "cmath", "collections", "errno", "hashlib", "heapq", "io", "json", "math",
    "random", "re", "struct",
)  # fmt: skip
# With a `u` before its name, a built-in module that a file may stand in for is taken at once.
FORCED = {"u" + name: name for name in ("machine", "time")}


def ticks_add(ticks: int, delta: int) -> int:
    """Modulo 2**30."""
    return ticks + delta & TICKS_MASK


def ticks_diff(later: int, earlier: int) -> int:
    """Signed, right within half the range."""
    return (later - earlier + HALF & TICKS_MASK) - HALF


def time_module(chip: "Chip") -> Module:
    """The module `time`."""

    def ticks_ms() -> int:
        chip.us += TICKS_US
        if chip.us >= chip.due:
            chip.catch_up()
        return (chip.us - chip.ticks_zero_us) // 1_000 & TICKS_MASK

    def ticks_us() -> int:
        chip.us += TICKS_US
        if chip.us >= chip.due:
            chip.catch_up()
        return chip.us - chip.ticks_zero_us & TICKS_MASK

    def sleep_us(us: int) -> None:
        chip.spend(max(us, 1))

    def sleep_ms(ms: int) -> None:
        """Until the millisecond clock has counted so many more, as the port does."""
        if ms > 0:
            into_us = (chip.us - chip.ticks_zero_us) % 1_000
            chip.spend(ms * 1_000 - into_us)

    def time() -> int:
        return RTC_START_S + (chip.us - chip.ticks_zero_us) // 1_000_000

    def gmtime(seconds: int | None = None) -> tuple[int, ...]:
        total = time() if seconds is None else seconds
        days, s = total // DAY_S, total % DAY_S
        year, month, day = date_of(days)
        yearday = days - days_to(year, 1, 1) + 1
        return (year, month, day, s // 3_600, s // 60 % 60, s % 60, (days + 3) % 7, yearday)

    def mktime(t: tuple[int, ...]) -> int:
        return days_to(t[0], t[1], t[2]) * DAY_S + t[3] * 3_600 + t[4] * 60 + t[5]

    return Module("time", {
        "ticks_ms": ticks_ms, "ticks_us": ticks_us, "ticks_cpu": ticks_us, "ticks_add": ticks_add,
        "ticks_diff": ticks_diff, "sleep_ms": sleep_ms, "sleep_us": sleep_us,
        "sleep": lambda s: sleep_us(int(s * 1_000_000)), "time": time,
        "time_ns": lambda: time() * 1_000_000_000, "gmtime": gmtime, "localtime": gmtime,
        "mktime": mktime,
    })  # fmt: skip


def micropython_module(chip: "Chip") -> Module:
    """The module `micropython`."""
    locks = [0]

    def kbd_intr(character: int) -> None:
        chip.usb.kbd_intr = character

    def lock(by: int) -> int:
        locks[0] += by
        return locks[0]

    return Module("micropython", {
        "const": lambda value: value, "kbd_intr": kbd_intr,
        "alloc_emergency_exception_buf": lambda size: None, "opt_level": lambda level=0: 0,
        "heap_lock": lambda: lock(1), "heap_unlock": lambda: lock(-1), "mem_info": lambda v=0: None,
        "native": lambda f: f, "viper": lambda f: f, "schedule": lambda f, arg: f(arg),
        "heap_locked": lambda: locks[0],
    })  # fmt: skip


def gc_module(chip: "Chip") -> Module:
    """The module `gc`."""

    def counted(value: int) -> "Any":
        def count() -> int:
            chip.spend(MEM_FREE_US)
            return value

        return count

    return Module("gc", {
        "collect": lambda: chip.spend(GC_US), "mem_free": counted(140_000),
        "mem_alloc": counted(80_000), "enable": lambda: None, "disable": lambda: None,
        "isenabled": lambda: True, "threshold": lambda amount=-1: -1,
    })  # fmt: skip


def os_module(chip: "Chip") -> Module:
    """The module `os`."""
    flash = chip.flash

    def ilistdir(path: str = "/") -> "Iterator[tuple[str, int, int, int]]":
        for name in flash.listdir(path):
            mode, *_, size, _, _, _ = flash.stat(path.rstrip("/") + "/" + name)
            yield (name, mode, 0, size)

    return Module("os", {
        "listdir": flash.listdir, "ilistdir": ilistdir, "stat": flash.stat,
        "remove": flash.remove, "unlink": flash.remove, "rename": flash.rename,
        "mkdir": flash.mkdir, "rmdir": flash.remove, "statvfs": flash.statvfs,
        "sync": lambda: None, "getcwd": lambda: "/", "chdir": lambda path: None,
        "uname": lambda: ("rp2", "rp2", "1.28.0", "v1.28.0", "Raspberry Pi Pico with RP2040"),
        "urandom": lambda count: bytes([chip.us >> k & 255 for k in range(count)]),
    })  # fmt: skip


class Buffered:
    """`sys.stdin.buffer` or `sys.stdout.buffer`."""

    def __init__(self, chip: "Chip") -> None:
        self.chip = chip

    def write(self, data: bytes) -> int:
        """Bytes to the host; may block."""
        return self.chip.usb.write(bytes(data).decode("latin-1"))

    def readinto(self, buffer: bytearray) -> int:
        """Fill the buffer, waiting for what has not come yet."""
        self.chip.spend(USB_BYTE_US)
        data = self.chip.usb.read(len(buffer)).encode("latin-1")
        buffer[:] = data
        return len(data)

    def read(self, count: int = 1) -> bytes:
        """So many bytes, waiting for them."""
        return self.chip.usb.read(count).encode("latin-1")


class Console:
    """`sys.stdin`, `sys.stdout` and `sys.stderr`: all the USB console."""

    def __init__(self, chip: "Chip") -> None:
        self.chip = chip
        self.buffer = Buffered(chip)

    def write(self, text: str) -> int:
        """What print does; may block."""
        return self.chip.usb.write(text)

    def read(self, count: int = 1) -> str:
        """So many characters, waiting for them."""
        return self.chip.usb.read(count)


class Poll:
    """`select.poll()` on the console."""

    def __init__(self, chip: "Chip") -> None:
        self.chip = chip
        self.masks: dict[Any, int] = {}

    def register(self, obj: object, eventmask: int = POLLIN | POLLOUT) -> None:
        """Ask about an object; only the console can be asked."""
        if not isinstance(obj, (Console, Buffered)):
            raise OSError(errno.EPERM, "stream operation not supported")
        self.masks[obj] = eventmask

    def poll(self, timeout: int = -1) -> "list[tuple[Any, int]]":
        """(object, events) of what is ready, waiting up to `timeout` ms for it."""
        left_ms = timeout
        while True:
            self.chip.spend(POLL_US)
            ready = [(obj, self.chip.usb.poll(mask)) for obj, mask in self.masks.items()]
            ready = [row for row in ready if row[1]]
            if ready or left_ms == 0:
                return ready
            left_ms -= 1
            self.chip.spend(1_000)

    def ipoll(self, timeout: int = -1, flags: int = 0) -> "Iterator[tuple[Any, int]]":
        """The same, one after the other."""
        return iter(self.poll(timeout))


def select_module(chip: "Chip") -> Module:
    """The module `select`."""
    return Module("select", {
        "poll": lambda: Poll(chip), "POLLIN": POLLIN, "POLLOUT": POLLOUT, "POLLERR": 8,
        "POLLHUP": 16,
    })  # fmt: skip


def sys_module(chip: "Chip", modules: "dict[str, Any]") -> Module:
    """The module `sys`: the console, and what a program may ask about its interpreter."""
    console = Console(chip)

    def print_exception(error: BaseException, file: "Any" = console) -> None:
        file.write("Traceback (most recent call last):\n")
        file.write(f"{type(error).__name__}: {error}\n")

    def leave(code: object = None) -> None:
        raise SystemExit(code)

    implementation = Module("implementation", {
        "name": "micropython", "version": (1, 28, 0, ""), "_mpy": 4358,
        "_machine": "Raspberry Pi Pico with RP2040",
    })  # fmt: skip
    return Module("sys", {
        "stdin": console, "stdout": console, "stderr": console, "modules": modules,
        "print_exception": print_exception, "exit": leave, "platform": "rp2", "path": ["", "/lib"],
        "implementation": implementation, "version": "3.4.0; MicroPython v1.28.0",
        "version_info": (3, 4, 0), "byteorder": "little", "maxsize": (1 << 31) - 1, "argv": [],
    })  # fmt: skip


def own_modules(chip: "Chip", modules: "dict[str, Any]") -> None:
    """Put those that need no desktop among a program's modules."""
    for make in (time_module, micropython_module, gc_module, select_module):
        made = make(chip)
        modules[made.__name__] = made
    modules["framebuf"] = framebuf_module()
    modules["sys"] = sys_module(chip, modules)


def core_modules(chip: "Chip", modules: "dict[str, Any]") -> None:
    """Put all of these, and the desktop's own, among a program's modules."""
    own_modules(chip, modules)
    modules["os"] = os_module(chip)
    for name in HOST:
        modules[name] = host_sys.modules.get(name) or __import__(name)
