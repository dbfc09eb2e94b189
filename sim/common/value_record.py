"""Plain records with a value: what `dataclass` makes, on CPython and on MicroPython alike.

A subclass lists its attributes in FIELDS, in the order of its `__init__`. Nothing changes a
record that something else may hold; `replace` makes another.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeVar

    Kind = TypeVar("Kind", bound="Record")


class Record:
    """Equal to another of its kind where all attributes are."""

    FIELDS: "tuple[str, ...]" = ()

    def values(self) -> "tuple[Any, ...]":
        """The attributes, in order."""
        return tuple([getattr(self, key) for key in self.FIELDS])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Record) or self.FIELDS is not other.FIELDS:
            return False
        return self.values() == other.values()

    def __hash__(self) -> int:
        return hash(self.values())

    def __repr__(self) -> str:
        said = [key + "=" + repr(getattr(self, key)) for key in self.FIELDS]
        return self.__class__.__name__ + "(" + ", ".join(said) + ")"


def replace(record: "Kind", **changes: "Any") -> "Kind":
    """The same record but for these attributes. Raises TypeError for one that it lacks."""
    values = {key: getattr(record, key) for key in record.FIELDS}
    values.update(changes)
    return record.__class__(**values)
