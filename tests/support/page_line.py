"""The bench page's own line, prompt and engine under Node, on a cable that is held here.

`PageLine.call` calls them; meanwhile what they send goes to the cable's unit, and what the unit
says to them. `FrameCut` pulls a cable at a message of the unit's console.
"""

import base64
import json
import os
import select
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tools.bench import site

DRIVER = Path(__file__).with_suffix(".mjs")
LOOK_S = 0.002
ANSWERS = (b'{"files"', b'{"get"', b'{"sha256"', b'{"ok"', b'{"error"')


class Refused(Exception):
    """What the page's code throws: what the page then says."""


class PageLine:
    """The page's code in a process of its own."""

    def __init__(self, folder: Path, cable: Any, times: float) -> None:
        """`folder` is what `waistband bench -o` wrote; the page's clock goes `times` as fast."""
        self.cable = cable
        self.process = subprocess.Popen(
            [site.node(), str(DRIVER), str(folder), str(times)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        self.heard = b""
        self.open = False

    def send(self, row: dict[str, Any]) -> None:
        """Send one object."""
        assert self.process.stdin
        self.process.stdin.write(json.dumps(row).encode() + b"\n")
        self.process.stdin.flush()

    def call(self, name: str, *given: Any) -> Any:
        """What a call of the page's code gives. Raises Refused with what it throws."""
        self.send({"call": name, "given": given})
        while True:
            self.carry()
            for row in self.rows():
                if "value" in row:
                    return row["value"]
                if "error" in row:
                    raise Refused(row["error"])
                self.take(row)

    def take(self, row: dict[str, Any]) -> None:
        """Take what is no answer: it opens the port, or sends."""
        if "open" in row:
            self.open = self.cable.open(self)
            self.send({"opened": self.open})
        elif not self.cable.give(base64.b64decode(row["bytes"])):
            self.pull()

    def pull(self) -> None:
        """The cable is out."""
        if self.open:
            self.open = False
            self.cable.close(self)
            self.send({"gone": True})

    def carry(self) -> None:
        """Carry what the unit has said."""
        if not self.open:
            return
        data = self.cable.take()
        if data is None:
            self.pull()
        elif data:
            self.send({"bytes": base64.b64encode(bytes(data)).decode()})

    def rows(self) -> Iterator[dict[str, Any]]:
        """What the page's code has said, soon."""
        out = self.process.stdout
        assert out
        if select.select([out], [], [], LOOK_S)[0]:
            said = os.read(out.fileno(), 1 << 16)
            assert said, "the page's code ended"
            self.heard += said
        while b"\n" in self.heard:
            line, _, self.heard = self.heard.partition(b"\n")
            yield json.loads(line)

    def close(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.communicate()


@contextmanager
def page_line(folder: Path, cable: Any, times: float = 1.0) -> Iterator[PageLine]:
    """The page's code on a cable."""
    page = PageLine(folder, cable, times)
    try:
        yield page
    finally:
        page.close()


@pytest.fixture(scope="module")
def page_folder(npm: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page as `waistband bench -o` writes it."""
    folder = tmp_path_factory.mktemp("page")
    for name, content in site.site().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    (folder / "package.json").write_text('{"type": "module"}')
    return folder


class Cut(NamedTuple):
    """Where a cable is pulled: at this message of this end, after this share of it."""

    end: str  # "host" or "unit"
    message: int
    share: float


class FrameCut:
    """A cable to a unit's console that is pulled at a message of either end. A message of the host
    is what it sends at once; one of the unit is an answer, or a file's bytes."""

    def __init__(self, read: Any, write: Any) -> None:
        self.read, self.write = read, write
        self.cut: Cut | None = None
        self.pulled = False
        self.counts = {"host": 0, "unit": 0}
        self.waiting = b""
        self.body = 0  # bytes of a file that are still to come
        self.answers = False  # whether the last message is no telemetry

    def begin(self, cut: Cut | None) -> None:
        """Count anew, and pull it there."""
        self.cut, self.counts = cut, {"host": 0, "unit": 0}

    def open(self, page: Any) -> bool:
        """Plug it in again."""
        self.pulled, self.waiting, self.body = False, b"", 0
        self.read()  # what was said to nobody
        return True

    def close(self, page: Any) -> None:
        """Nobody listens."""

    def pass_on(self, end: str, message: bytes) -> bytes:
        """What of a message comes through."""
        at, self.counts[end] = self.counts[end], self.counts[end] + 1
        if self.cut and self.cut[:2] == (end, at):
            self.pulled = True
            return message[: int(len(message) * self.cut.share)]
        return message

    def give(self, data: bytes) -> bool:
        """The host sends."""
        if not self.pulled:
            self.write(self.pass_on("host", data))
        return not self.pulled

    def take(self) -> list[int] | None:
        """What comes of the unit's messages; None once the cable is out."""
        self.waiting += self.read()
        passed = b""
        while not self.pulled and (message := self.next_message()):
            passed += self.pass_on("unit", message) if self.answers else message
        if self.pulled and not passed:
            return None
        return list(passed)

    def next_message(self) -> bytes:
        """The unit's next whole message, or nothing."""
        size = self.body or self.waiting.find(b"\n") + 1
        if len(self.waiting) < size:
            return b""
        message, self.waiting = self.waiting[:size], self.waiting[size:]
        self.answers = self.body > 0 or message.startswith(ANSWERS)
        self.body = 0
        if message.startswith(b'{"get"'):
            self.body = int(json.loads(message)["size"])
        return message
