"""Snapshot of a run at one moment, and runs that go on from there.

    snapshot = Snapshot(run)
    for events in stories:
        fork = snapshot.fork()
        fork.continue_with(events, duration_s)
        fork.advance(steps)

Called by campaigns, the fault matrix and tests; the run itself stays as it is. Works on the
interpreted and the compiled unit (`tools.common.compiled`), also with injected faults. Constants
and lists that only grow (noise, skin factors, the firmware's tables) are shared, so a fork copies
about as much as the unit remembers. `pickle.dumps(run)` works too, for another process, and
copies all.
"""

import copyreg
import importlib
import io
import pickle
from types import ModuleType
from typing import Any, cast

from sim.run import Run


class Snapshot:
    """A run at the moment of the snapshot."""

    def __init__(self, run: Run) -> None:
        """Raises TypeError for a run with something that cannot be copied, as a trace's file."""
        self.t_s = run.t_s
        self._shared = run.constants()
        data = io.BytesIO()
        _Packer(data, self._shared).dump(run)
        self._data = data.getvalue()

    def fork(self) -> Run:
        """Return a new run that goes on from the snapshot."""
        return cast("Run", _Unpacker(io.BytesIO(self._data), self._shared).load())


class _Packer(pickle.Pickler):
    """Packs a run; a shared object is packed as its place in a list."""

    def __init__(self, file: io.BytesIO, shared: list[object]) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self._places = {id(thing): place for place, thing in enumerate(shared)}

    def persistent_id(self, thing: object) -> int | None:
        """Return the place of a shared object; None for another."""
        return self._places.get(id(thing))


class _Unpacker(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, shared: list[object]) -> None:
        super().__init__(file)
        self._shared = shared

    def persistent_load(self, place: int) -> object:
        """Return the shared object at a place."""
        return self._shared[place]


def _by_name(module: ModuleType) -> tuple[Any, tuple[str]]:
    return importlib.import_module, (module.__name__,)


copyreg.pickle(ModuleType, _by_name)  # a board file is a module
