"""Choice of short words: which word of one or two letters each name of the unit becomes.

Called by `sim.driver_depth.unit_names`; touches nothing. A word costs four bytes in each .mpy file
that has it, and twenty in RAM: names that never meet therefore become the same word.

| names                           | words                                                          |
|---------------------------------|----------------------------------------------------------------|
| of both spaces, see `Names`     | one each, used for nothing else                                |
| of attributes                   | one each; a letter where many files use it                     |
| of scopes                       | one that no other name of these files' scopes has, and that    |
|                                 | most of these files have as an attribute                       |

A word follows from the name, as far as it is free: an edit changes few files.
"""

import itertools
import string
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping

LETTERS = string.ascii_letters
PAIRS = [
    a + b
    for a, b in itertools.product(
        string.ascii_lowercase, string.ascii_lowercase + string.digits + "_"
    )
]
MANY_FILES = 5  # a letter goes to the attributes of so many files

Users = Mapping[str, set[str]]  # name: files that spell it
Words = dict[str, str]  # name: its short word


def is_short(name: str) -> bool:
    """Whether a name stays because it is as short as words are, or Python's own."""
    return len(name) < 3 or name.startswith("__")


def words_from(name: str, words: list[str]) -> Iterator[str]:
    """Yield the words, beginning at a place that the name gives."""
    at = zlib.crc32(name.encode()) % len(words)
    yield from words[at:] + words[:at]


def assign_unique(names: set[str], taken: set[str], users: Users) -> Words:
    """Return a word for each name, all different and none of them in `taken`."""
    used = set(taken)
    found = {}
    for name in sorted(names, key=lambda name: (-len(users[name]), name)):
        if is_short(name):
            continue
        few = len(users[name]) < MANY_FILES
        letters = [] if few else list(words_from(name, list(LETTERS)))
        new = next(word for word in [*letters, *words_from(name, PAIRS)] if word not in used)
        used.add(new)
        found[name] = new
    return found


def assign_shared(names: set[str], taken: set[str], users: Users, others: Users) -> Words:
    """Return a word for each name; two names have the same one where no file spells both.

    `others` are the words of attributes, and the files that have them: they cost nothing there.
    """
    words = {word: set(paths) for word, paths in others.items() if word not in taken}
    within: dict[str, set[str]] = {}  # file: words that names of its scopes have
    found = {}
    for name in sorted(names, key=lambda name: (-len(users[name]), name)):
        if is_short(name):
            continue
        paths = users[name]
        used = set[str]().union(*(within.get(path, set()) for path in paths))
        gain = Counter(word for word, had in words.items() for _ in had & paths if word not in used)
        most = max(gain.values(), default=0)
        best = [word for word in sorted(gain) if gain[word] == most]
        free = (word for word in words_from(name, PAIRS) if word not in used | taken)
        found[name] = new = next(words_from(name, best)) if best else next(free)
        words.setdefault(new, set()).update(paths)
        for path in paths:
            within.setdefault(path, set()).add(new)
    return found
