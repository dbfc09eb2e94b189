"""Languages of the unit's screen: one goes onto a unit, the others need no room on it.

Called by `waistband flash`, `deploy` and `sim`. Each but English is a file of `tools/languages`
with the names of `firmware/ui/texts.py`, and takes its place when a unit is built.
"""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from firmware.ui import texts

ENGLISH = "en"
LANGUAGES = (ENGLISH, "de", "fr")
TEXTS = "firmware/ui/texts.py"
LANGUAGE_FILE = "language.txt"  # of a unit: what `deploy` keeps to
FOLDER = Path(__file__).resolve().parents[1] / "languages"


def texts_file(language: str) -> dict[str, bytes]:
    """The file of texts, by its path in the product; none for English, which is there."""
    return {} if language == ENGLISH else {TEXTS: (FOLDER / f"{language}.py").read_bytes()}


def language_file(language: str) -> dict[str, bytes]:
    """The unit's own file that names its language; none for English."""
    return {} if language == ENGLISH else {LANGUAGE_FILE: language.encode() + b"\n"}


@contextmanager
def use_texts(language: str) -> Iterator[None]:
    """Have the firmware of this process show another language for a while."""
    if language == ENGLISH:
        yield
        return
    names = vars(importlib.import_module(f"tools.languages.{language}"))
    before = {name: value for name, value in vars(texts).items() if name.isupper()}
    for name in before:
        setattr(texts, name, names[name])
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(texts, name, value)
