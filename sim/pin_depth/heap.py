"""Heap reader: the program's objects, read out of the chip's memory as by a debugger.

`sim.pin_depth.run` finds the firmware by it. No symbol of the build is needed: the pool of interned
strings is known by its shape, a class by its name, an object by its class. Layouts are those of
MicroPython 1.24 to 1.28 on a 32-bit chip with object representation A (`py/obj.h`, `py/qstr.h`,
`py/objlist.h`, `py/objtype.h`); others raise Unreadable. Attributes have short names on a unit:
`Heap.long` says what each stands for.
"""

import struct
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

FLASH, SRAM = 0x1000_0000, 0x2000_0000
POOL_WORDS = 6  # previous, count before, room, length, hashes, lengths; then the strings
POOLS_MOST = 40
NAME_MOST = 64
IMMEDIATE = {0x06: None, 0x0E: False, 0x1E: True}
TYPECODES = "bBhHiIlL"
LOCALS_SLOT = 19  # byte of a type object that says which slot its dict is in
SLOTS = 20  # where slots begin


class Unreadable(Exception):
    """The memory does not hold what was asked for."""


class Memory:
    """The chip's flash and SRAM by address."""

    def __init__(self, flash: memoryview, sram: memoryview) -> None:
        self.flash = flash
        self.sram = sram
        self.parts = ((FLASH, self.flash), (SRAM, self.sram))

    def data(self, address: int, count: int) -> bytes:
        """Return so many bytes from an address on."""
        for base, part in self.parts:
            at = address - base
            if at >= 0 and at + count <= len(part):
                return bytes(part[at : at + count])
        raise Unreadable(f"nothing lies at {address:#x}")

    def words(self, address: int, count: int) -> tuple[int, ...]:
        """Return so many 32-bit words."""
        return struct.unpack(f"<{count}I", self.data(address, 4 * count))

    def word(self, address: int) -> int:
        """Return one word."""
        return self.words(address, 1)[0]

    def write_word(self, address: int, word: int) -> None:
        """Write a word of SRAM."""
        struct.pack_into("<I", self.sram, address - SRAM, word)

    def text(self, address: int) -> str:
        """Return a string that ends with a zero."""
        data = self.data(address, NAME_MOST)
        return data.partition(b"\0")[0].decode("utf-8", "replace")

    def find_word(self, word: int) -> Iterator[int]:
        """Yield addresses in SRAM at which this word stands."""
        for at in self.find_bytes(struct.pack("<I", word)):
            if not at & 3:
                yield SRAM + at

    def find_bytes(self, pattern: bytes) -> Iterator[int]:
        """Yield offsets in SRAM, as it is now, at which these bytes stand."""
        now = self.sram.tobytes()
        at = now.find(pattern)
        while at >= 0:
            yield at
            at = now.find(pattern, at + 1)


class Heap:
    """Names, classes and objects in a chip's memory."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self.names: dict[int, str] = {}  # of interned strings, by number
        self.kinds: dict[int, str] = {}  # names of types, by address
        self.long: dict[str, str] = {}  # short words of attributes, and what they stand for

    def forget(self) -> None:
        """Forget all addresses: the program has begun anew."""
        self.names.clear()
        self.kinds.clear()

    # -- interned strings ------------------------------------------------------------------

    def read_names(self) -> None:
        """Find the newest pool of interned strings, and read the chain that it heads."""
        heads = list(self._pools())
        older = {self.memory.word(address) for address in heads}
        newest = [address for address in heads if address not in older]
        if not newest:
            raise Unreadable("no pool of interned strings is where MicroPython 1.24-1.28 has it")
        for address in newest:
            self._read_pools(address)

    def count_names(self) -> int:
        """Return how many names were interned since the start, in all pools in SRAM."""
        return sum(self.memory.words(address, 4)[3] for address in self._pools())

    def _pools(self) -> Iterator[int]:
        """Yield pools in SRAM, known by their fields: the hashes follow the strings."""
        words = self.memory.sram.cast("B").cast("I")
        for at in range(len(words) - POOL_WORDS):
            room, length, hashes = words[at + 2], words[at + 3], words[at + 4]
            address = SRAM + 4 * at
            if (
                0 < length <= room < 4_096
                and hashes == address + 4 * (POOL_WORDS + room)
                and words[at + 5] == hashes + room
            ):
                yield address

    def _read_pools(self, address: int) -> None:
        for _ in range(POOLS_MOST):
            if not address:
                return
            previous, before, _, length = self.memory.words(address, 4)
            before &= 0x7FFF_FFFF  # the highest bit says whether it is sorted
            strings = self.memory.words(address + 4 * POOL_WORDS, length)
            for k, string in enumerate(strings):
                self.names[before + k] = self.memory.text(string)
            address = previous

    def name(self, number: int) -> str:
        """Return an interned string; a new number has all names read again."""
        if number not in self.names:
            self.read_names()
        return self.names.get(number, "")

    def attribute(self, number: int) -> str:
        """Return an attribute's name in the sources."""
        name = self.name(number)
        return self.long.get(name, name)

    # -- classes and objects -----------------------------------------------------------------

    def type_name(self, address: int) -> str:
        """Return the name of a type."""
        if address not in self.kinds:
            (named,) = struct.unpack("<H", self.memory.data(address + 6, 2))
            self.kinds[address] = self.name(named)
        return self.kinds[address]

    def classes(self, name: str) -> list[int]:
        """Return the classes of this name: their first word is the type of types."""
        if not self.names:
            self.read_names()
        numbers = [number for number, text in self.names.items() if text == name]
        return [
            SRAM + at - 6
            for number in numbers
            for at in self.memory.find_bytes(struct.pack("<H", number))
            if at & 3 == 2 and at >= 6 and self._is_class(SRAM + at - 6)
        ]

    def _is_class(self, address: int) -> bool:
        with suppress(Unreadable):
            return self.type_name(self.memory.word(address)) == "type"
        return False

    def instances(self, name: str) -> "list[HeapObject]":
        """Return the objects of a program's class, by its name: the class, and a map of nothing but
        names. A stack may hold the class, too, before words that look like any other map."""
        found = []
        for kind in self.classes(name):
            for address in self.memory.find_word(kind):
                with suppress(Unreadable):
                    keys = self.read_map(address + 4)
                    if keys and all(key & 7 == 2 and self.name(key >> 3) for key in keys):
                        found.append(HeapObject(self, address))
        return found

    def value(self, word: int) -> Any:
        """Return the Python value of an object word; an instance becomes a HeapObject."""
        if word & 1:
            return (word >> 1) - (1 << 31 if word >> 31 else 0)
        if word & 7 == 2:
            return self.name(word >> 3)
        if word & 7 == 6:
            return IMMEDIATE.get(word)
        kind = self.type_name(self.memory.word(word))
        read = READERS.get(kind)
        return read(self, word) if read else HeapObject(self, word)

    def builtin(self, module: str, function: str) -> int:
        """Return the word of a function of a module that some code has imported."""
        for key in [number for number, text in self.names.items() if text == module]:
            for address in self.memory.find_word(key << 3 | 2):
                found = self._function(address, function)
                if found:
                    return found
        raise Unreadable(f"the program has not imported {module} with {function}")

    def _function(self, address: int, function: str) -> int:
        """Return it if this word is the module's name in some globals, the next word the module."""
        with suppress(Unreadable):
            module = self.memory.word(address + 4)
            if module & 3 or self.type_name(self.memory.word(module)) != "module":
                return 0
            for key, (_, word) in self.read_map(self.memory.word(module + 4) + 4).items():
                if key & 7 == 2 and self.name(key >> 3) == function:
                    return word
        return 0

    def methods(self, kind: int) -> dict[str, tuple[int, int]]:
        """Return a class's own attributes: name -> (address of its slot, its word)."""
        slot = self.memory.data(kind + LOCALS_SLOT, 1)[0]
        if not slot:
            return {}
        found = self.read_map(self.memory.word(kind + SLOTS + 4 * (slot - 1)) + 4)
        return {self.attribute(key >> 3): at for key, at in found.items() if key & 7 == 2}

    def read_map(self, address: int) -> dict[int, tuple[int, int]]:
        """Return a map's slots: key word -> (address of the value, value word)."""
        flags, room, table = self.memory.words(address, 3)
        if room > 1_024 or flags >> 3 > room or (room and not table):
            raise Unreadable(f"no map lies at {address:#x}")
        words = self.memory.words(table, 2 * room) if room else ()
        return {
            words[k]: (table + 4 * k + 4, words[k + 1])
            for k in range(0, 2 * room, 2)
            if words[k] > 4 and words[k + 1]
        }


def _list(heap: Heap, address: int) -> list[Any]:
    _, length, items = heap.memory.words(address + 4, 3)
    return [heap.value(word) for word in heap.memory.words(items, length)]


def _tuple(heap: Heap, address: int) -> tuple[Any, ...]:
    length = heap.memory.word(address + 4)
    return tuple([heap.value(word) for word in heap.memory.words(address + 8, length)])


def _array(heap: Heap, address: int) -> list[int]:
    code, length, items = heap.memory.words(address + 4, 3)
    letter = chr(code & 0x7F) if chr(code & 0x7F) in TYPECODES else "B"
    size = struct.calcsize("<" + letter)
    return list(struct.unpack(f"<{length}{letter}", heap.memory.data(items, size * length)))


def _str(heap: Heap, address: int) -> str:
    _, length, data = heap.memory.words(address + 4, 3)
    return heap.memory.data(data, length).decode("utf-8", "replace")


def _bytes(heap: Heap, address: int) -> bytes:
    _, length, data = heap.memory.words(address + 4, 3)
    return heap.memory.data(data, length)


READERS = {
    "list": _list, "tuple": _tuple, "array": _array, "bytearray": _array, "str": _str,
    "bytes": _bytes,
}  # fmt: skip


class HeapObject:
    """An object of the program; its attributes are read anew each time they are asked for."""

    def __init__(self, heap: Heap, address: int) -> None:
        self._heap = heap
        self._address = address

    @property
    def members(self) -> dict[str, tuple[int, int]]:
        """Attribute name -> (address of its slot, its word)."""
        found = self._heap.read_map(self._address + 4)
        name = self._heap.attribute
        return {name(key >> 3): slot for key, slot in found.items() if key & 7 == 2}

    def __getattr__(self, name: str) -> Any:
        slot = self.members.get(name)
        if slot is None:
            raise AttributeError(f"the program's {self._kind()} has no {name} yet")
        return self._heap.value(slot[1])

    def _kind(self) -> str:
        return self._heap.type_name(self._heap.memory.word(self._address))
