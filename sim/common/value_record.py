"""Plain records with a value: what `dataclass` makes, on CPython and on MicroPython alike.

A subclass annotates its attributes, with defaults last, and lists them in FIELDS in the same order:
MicroPython keeps no annotations. Nothing changes a record that something else may hold; `replace`
makes another.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar, TypeVar, dataclass_transform

    Kind = TypeVar("Kind", bound="Record")
else:

    def dataclass_transform():
        """Tell a type checker that subclasses are made as dataclasses are."""
        return lambda kind: kind


@dataclass_transform()
class Record:
    """Equal to another of its kind where all attributes are."""

    FIELDS: "ClassVar[tuple[str, ...]]" = ()

    def __init__(self, *values: "Any", **named: "Any") -> None:
        """Raises TypeError for an attribute that is missing, unknown or given twice."""
        for key, value in zip(self.FIELDS, values):
            setattr(self, key, value)
        for key, value in named.items():
            if key not in self.FIELDS[len(values) :]:
                raise TypeError(self.__class__.__name__ + " does not take " + key)
            setattr(self, key, value)
        missing = [key for key in self.FIELDS if not hasattr(self, key)]
        if missing or len(values) > len(self.FIELDS):
            raise TypeError(self.__class__.__name__ + " needs " + ", ".join(missing or self.FIELDS))

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
        items = [key + "=" + repr(getattr(self, key)) for key in self.FIELDS]
        return self.__class__.__name__ + "(" + ", ".join(items) + ")"


def replace(record: "Kind", **changes: "Any") -> "Kind":
    """The same record but for these attributes. Raises TypeError for one that it lacks."""
    values = {key: getattr(record, key) for key in record.FIELDS}
    values.update(changes)
    return record.__class__(**values)
