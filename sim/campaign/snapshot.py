"""A run kept at one moment, and runs that go on from there.

    kept = Saved(run)
    for events in stories:
        again = kept.fork()
        again.continue_with(events, duration_s)
        again.advance(steps)

The run itself is left as it was. Works on the interpreted unit and on the compiled one
(`tools.compiled`), and with faults put on. What never changes, or is only added to (tables
of noise, factors of the skin, the firmware's own tables), is shared by all: a fork copies
about as much as the unit remembers. `pickle.dumps(run)` works as well, for another process,
and copies everything.
"""

import copyreg
import importlib
import io
import pickle
from types import ModuleType
from typing import Any, cast

from sim.run import Run


class Saved:
    """A run as it was when this was made."""

    def __init__(self, run: Run) -> None:
        """Raises TypeError where something hangs on the run that cannot be copied, as a
        recorder's or a trace's file."""
        self.t_s = run.t_s
        self._shared = run.constants()
        data = io.BytesIO()
        _Packer(data, self._shared).dump(run)
        self._data = data.getvalue()

    def fork(self) -> Run:
        """A run of its own that goes on from that moment."""
        return cast("Run", _Unpacker(io.BytesIO(self._data), self._shared).load())


class _Packer(pickle.Pickler):
    """Names what is shared by its place in a list, and packs the rest."""

    def __init__(self, file: io.BytesIO, shared: list[object]) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self._places = {id(thing): place for place, thing in enumerate(shared)}

    def persistent_id(self, thing: object) -> int | None:
        """Its place among what is shared, if it is."""
        return self._places.get(id(thing))


class _Unpacker(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, shared: list[object]) -> None:
        super().__init__(file)
        self._shared = shared

    def persistent_load(self, place: int) -> object:
        """The very thing that was shared."""
        return self._shared[place]


def _by_name(module: ModuleType) -> tuple[Any, tuple[str]]:
    return importlib.import_module, (module.__name__,)


copyreg.pickle(ModuleType, _by_name)  # a board file is a module
