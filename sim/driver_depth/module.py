"""Stand-in for a module: an object with names, as MicroPython cannot make a real module."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Module:
    """A module by its name and its contents."""

    def __init__(self, name: str, contents: "dict[str, Any]") -> None:
        self.__name__ = name
        for key in contents:
            setattr(self, key, contents[key])
