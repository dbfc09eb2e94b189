"""`waistband replay`: the same inputs to the same firmware, and every output compared."""

from pathlib import Path

from sim.errors import BadInput
from tools.files import emit


def compare(recording: str, on: str) -> int:
    """Replay a recording on an interpreter; 0 if every output was equal, else 1."""
    path = Path(recording)
    if path.is_dir():
        raise BadInput(f"{recording}: is a directory; name a file made by `sim --record`")
    if not path.exists():
        raise BadInput(f"{recording}: there is no such file; `sim --record FILE` makes one")
    from tools.replay import replay

    equal, said = replay(path, on)
    emit(said)
    return 0 if equal else 1
