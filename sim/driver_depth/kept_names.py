"""Names that stay in the built files, since somebody outside the product's files spells them.

Read by `sim.driver_depth.unit_names`; `tests/sim/test_unit_names.py` compares them with their
users.
"""

import functools
import importlib

KINDS = (object, type, str, bytes, bytearray, list, dict, set, int, memoryview, tuple, OSError)
FILES = ("io.BytesIO", "io.TextIOWrapper")
# What the bring-up's programs read, and classes that pin depth's debugger looks for. Attributes
# have their long names there: `sim.pin_depth.heap`.
READ_BY_NAME = frozenset((
    "Waistband", "Guard", "main", "BROKEN", "RELEASE", "CHECKED", "BANKS",
    "Bus", "i2c", "Ds3231", "Fdc1004", "Ina219", "Max17049", "Oled", "Tmp117", "Emitters",
    "off", "wrong", "fetch", "put", "begin", "seconds", "measure", "measure_cell", "show",
    "ready", "lease", "grant", "closed", "drop", "drive",
))  # fmt: skip
# What main.py reads of other files until it knows that all are of one release, and at the prompt.
HALF_DEPLOYED = frozenset((
    "is_frozen", "settled", "wrong", "is_absent", "show_prompt", "Prompt", "Bus", "Oled", "Wrong",
))  # fmt: skip
# What objects of MicroPython's modules have, and parameters of their functions, as far as the unit
# may ever use them: pins, buses, state machines, hashes, streams, canvases.
MICROPYTHON = frozenset((
    "init", "deinit", "value", "on", "off", "low", "high", "toggle", "irq", "mode", "pull",
    "drive", "trigger", "handler", "hard", "freq", "duty_u16", "duty_ns", "invert", "read_u16",
    "read_uv", "scl", "sda", "timeout", "addrsize", "scan", "start", "stop", "readinto",
    "readfrom", "readfrom_into", "readfrom_mem", "readfrom_mem_into", "write", "writeto",
    "writeto_mem", "writevto", "feed", "active", "restart", "exec", "get", "put", "rx_fifo",
    "tx_fifo", "set_base", "set_init", "in_base", "out_base", "out_init", "sideset_base",
    "sideset_init", "jmp_pin", "in_shiftdir", "out_shiftdir", "autopush", "autopull",
    "push_thresh", "pull_thresh", "fifo_join", "add_program", "remove_program", "state_machine",
    "period", "callback", "update", "digest", "hexdigest", "encrypt", "decrypt", "read",
    "readline", "readlines", "seek", "tell", "flush", "close", "open", "buffer", "register",
    "unregister", "modify", "poll", "ipoll", "fill", "pixel", "text", "blit", "rect", "hline",
    "vline", "line", "scroll", "name", "version", "path", "args", "errno", "key", "phase", "size",
    "status", "ticks", "wait", "pin", "board", "state", "out",
))  # fmt: skip


@functools.lru_cache(1)
def python_words() -> frozenset[str]:
    """Names that Python's own objects have."""
    found = set(dir(importlib.import_module("builtins")))
    kinds: list[object] = [*KINDS, BaseException]
    for name in FILES:
        module, _, kind = name.partition(".")
        kinds.append(getattr(importlib.import_module(module), kind))
    return frozenset(found.union(*map(dir, kinds)))
