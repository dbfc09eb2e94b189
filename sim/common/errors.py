"""Errors for people: one line each. The command exits with 2."""


class BadInput(ValueError):
    """One line for a person: the file, the key, its value, and what is allowed."""

    def __init__(self, message: str) -> None:
        super().__init__(one_line(message))


class Interrupted(BadInput):
    """Somebody ended it in the middle, and there is something to say. The command exits 130."""


def one_line(text: str) -> str:
    """The same text with everything unprintable escaped, so that it stays on one line."""
    if not hasattr(text, "isprintable"):  # MicroPython's are not asked
        return " ".join(text.split())
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
