"""Reading a program's objects out of a chip's memory: a memory built here, word by word, as
MicroPython's headers have it."""

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.pin_depth.heap import SRAM, Heap, Memory, Unreadable

NAMES = ("type", "list", "tuple", "array", "str", "dict", "Unit", "Part", "state", "part",
         "values", "pair", "codes", "on", "off", "none", "word", "look")  # fmt: skip
TRUE, FALSE, NONE = 0x1E, 0x0E, 0x06
small_ints = st.integers(-(1 << 30), (1 << 30) - 1)


class Built:
    """SRAM that is filled from the bottom."""

    def __init__(self) -> None:
        self.sram = bytearray(16_384)
        self.top = 64
        self.numbers = {name: k + 1 for k, name in enumerate(NAMES)}
        self._pool()
        self.kinds: dict[str, int] = {}
        self.kinds["type"] = self.top  # the type of types is of its own type
        self.kind("type")
        for name in NAMES[1:8]:
            self.kind(name)

    def put(self, *words: int) -> int:
        """Words; returns where they lie."""
        at = self.top
        struct.pack_into(f"<{len(words)}I", self.sram, at, *words)
        self.top += 4 * len(words)
        return SRAM + at

    def bytes(self, data: bytes) -> int:
        at = self.top
        self.sram[at : at + len(data)] = data
        self.top += (len(data) + 3) // 4 * 4
        return SRAM + at

    def _pool(self) -> None:
        strings = [self.bytes(name.encode() + b"\0") for name in NAMES]
        room = len(NAMES) + 2
        hashes = SRAM + self.top + 4 * (6 + room)
        self.put(0, 1, room, len(NAMES), hashes, hashes + room, *strings, 0, 0)
        self.bytes(bytes(2 * room))

    def kind(self, name: str, locals_dict: int = 0) -> int:
        """A type object of this name."""
        if name == "type":
            self.kinds[name] = SRAM + self.top
        slots = bytes(11) + bytes([1 if locals_dict else 0])
        self.kinds[name] = self.put(self.kinds["type"], self.numbers[name] << 16)
        self.bytes(slots)
        self.put(locals_dict)
        return self.kinds[name]

    def name(self, text: str) -> int:
        return self.numbers[text] << 3 | 2

    def map(self, entries: dict[str, int]) -> tuple[int, int, int]:
        """A map's three words: with free slots among its entries."""
        words: list[int] = []
        for key, word in entries.items():
            words += [0, 0, self.name(key), word]
        table = self.put(*words) if words else 0
        return len(entries) << 3 | 1, len(words) // 2, table

    def thing(self, kind: str, entries: dict[str, int]) -> int:
        words = self.map(entries)
        return self.put(self.kinds[kind], *words)

    def word(self, value: Any) -> int:
        """The object word of a Python value."""
        if value is None or isinstance(value, bool):
            return NONE if value is None else TRUE if value else FALSE
        if isinstance(value, int):
            return (value << 1 | 1) & 0xFFFF_FFFF
        if isinstance(value, list):
            items = self.put(*[self.word(each) for each in value], 0)
            return self.put(self.kinds["list"], len(value) + 1, len(value), items)
        if isinstance(value, tuple):
            words = [self.word(each) for each in value]
            return self.put(self.kinds["tuple"], len(value), *words)
        text = value.encode()
        return self.put(self.kinds["str"], 0, len(text), self.bytes(text + b"\0"))

    def heap(self) -> Heap:
        return Heap(Memory(memoryview(bytearray(64)), memoryview(self.sram)))


values = st.recursive(
    st.none() | st.booleans() | small_ints | st.text("abcxyz", max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.lists(inner, max_size=4).map(tuple),
    max_leaves=12,
)


@given(values)
def test_a_value_is_read_as_it_is(value):
    built = Built()
    built.thing("Unit", {"values": built.word(value)})
    (unit,) = built.heap().instances("Unit")
    assert unit.values == value


@pytest.mark.parametrize(("code", "letter"), [(1, "B"), (ord("h"), "h"), (ord("i"), "i")])
def test_an_array_is_its_numbers(code, letter):
    built = Built()
    numbers = [0, 1, 100, 127]
    items = built.bytes(struct.pack(f"<4{letter}", *numbers))
    array = built.put(built.kinds["array"], code, 4, items)
    built.thing("Unit", {"codes": array})
    (unit,) = built.heap().instances("Unit")
    assert unit.codes == numbers


def test_attributes_of_attributes_are_read_anew_each_time():
    built = Built()
    part = built.thing("Part", {"state": built.word(3)})
    built.thing("Unit", {"part": part, "on": TRUE})
    heap = built.heap()
    (unit,) = heap.instances("Unit")
    assert (unit.part.state, unit.on) == (3, True)
    heap.memory.write_word(unit.part.members["state"][0], built.word(-4))
    assert unit.part.state == -4


def test_an_attribute_with_a_short_name_is_found_by_its_long_one_and_a_string_stays():
    built = Built()
    built.thing("Unit", {"on": TRUE, "look": built.numbers["on"] << 3 | 2})
    heap = built.heap()
    heap.long = {"on": "powered"}
    (unit,) = heap.instances("Unit")
    assert (unit.powered, unit.look) == (True, "on")
    with pytest.raises(AttributeError, match="has no on yet"):
        assert unit.on


def test_what_is_not_there_yet_is_an_attribute_error_with_its_name():
    built = Built()
    built.thing("Unit", {"on": TRUE})
    (unit,) = built.heap().instances("Unit")
    with pytest.raises(AttributeError, match="the program's Unit has no off yet"):
        assert unit.off


def test_a_class_without_objects_has_none_and_an_unknown_one_neither():
    built = Built()
    assert built.heap().instances("Unit") == built.heap().instances("Nobody") == []


def test_a_class_on_the_stack_before_some_other_map_is_no_object():
    built = Built()
    built.thing("Unit", {"on": TRUE})
    flags, room, table = built.map({"on": TRUE, "look": TRUE})
    built.put(0x0123_4560, TRUE)  # a key that is an object, as modules and dicts have them
    for words in ((flags + 8, room, table + 8), (1 << 3, 1, built.put(0x7FF2, TRUE))):
        built.put(built.kinds["Unit"], *words)
    (unit,) = built.heap().instances("Unit")
    assert unit.on


def test_a_methods_slot_can_be_found_and_changed():
    built = Built()
    entries = built.map({"look": built.word(1)})
    kind = built.kind("Part", built.put(built.kinds["dict"], *entries))
    heap = built.heap()
    heap.read_names()
    slot, word = heap.methods(kind)["look"]
    assert heap.value(word) == 1
    heap.memory.write_word(slot, built.word(2))
    assert heap.value(heap.methods(kind)["look"][1]) == 2


def test_a_memory_of_another_make_is_said_to_be_one():
    with pytest.raises(Unreadable, match=r"MicroPython 1\.24-1\.28"):
        Heap(Memory(memoryview(bytearray(64)), memoryview(bytearray(4_096)))).read_names()


@given(st.binary(min_size=256, max_size=1_024))
def test_any_memory_is_read_or_unreadable(content):
    sram = bytearray(content[: len(content) // 4 * 4])
    heap = Heap(Memory(memoryview(bytearray(64)), memoryview(sram)))
    with pytest.raises(Unreadable):
        heap.instances("Unit")
