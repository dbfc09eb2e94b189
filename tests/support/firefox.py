"""A real Firefox for tests, Debian's, driven through Marionette, its own remote protocol.

Playwright drives a Firefox of its own build only, which registries do not have. Marionette needs
no other program: JSON over a socket, each message headed by its length. Used by
tests/tools/test_bench_firefox.py.
"""

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")
STARTED_S = 60.0  # a machine that runs other tests meanwhile
WAIT_S = 60.0
PREFS = {
    "datareporting.policy.dataSubmissionEnabled": False, "app.update.auto": False,
    "network.captive-portal-service.enabled": False, "network.connectivity-service.enabled": False,
    "browser.shell.checkDefaultBrowser": False, "browser.aboutwelcome.enabled": False,
}  # fmt: skip


class Firefox:
    """A session of a browser that listens on a port."""

    def __init__(self, port: int) -> None:
        self.socket = connect(port)
        self.socket.settimeout(WAIT_S)
        self.received = b""
        self.number = 0
        self.read()  # its greeting
        self.ask("WebDriver:NewSession", {})
        self.ask("WebDriver:SetTimeouts", {"script": int(WAIT_S * 1000)})

    def read(self) -> Any:
        """The next message."""
        while True:
            head, colon, rest = self.received.partition(b":")
            if colon and len(rest) >= int(head):
                self.received = rest[int(head) :]
                return json.loads(rest[: int(head)])
            more = self.socket.recv(65_536)
            if not more:
                raise ConnectionError("Firefox hung up")
            self.received += more

    def ask(self, command: str, about: dict[str, Any]) -> Any:
        """What a command gives."""
        self.number += 1
        message = json.dumps([0, self.number, command, about]).encode()
        self.socket.sendall(b"%d:%s" % (len(message), message))
        _, number, error, found = self.read()
        assert number == self.number
        if error:
            raise AssertionError(f"{command}: {error['error']}: {error['message']}")
        return found

    def open(self, address: str) -> None:
        """Load a page."""
        self.ask("WebDriver:Navigate", {"url": address})

    def run(self, script: str, *arguments: Any) -> Any:
        """What a script, the body of a function, returns."""
        return self.ask("WebDriver:ExecuteScript", {"script": script, "args": arguments})["value"]

    def click(self, selector: str) -> None:
        """Click as a person does."""
        found = self.ask("WebDriver:FindElement", {"using": "css selector", "value": selector})
        self.ask("WebDriver:ElementClick", {"id": next(iter(found["value"].values()))})

    def text(self, selector: str) -> str:
        """The text of an element, or "" where there is none."""
        return str(self.run("return document.querySelector(arguments[0])?.textContent", selector))

    def shows(self, selector: str, *texts: str) -> None:
        """Wait until an element has one of these texts."""
        until = time.monotonic() + WAIT_S
        while (found := self.text(selector)) not in texts:
            assert time.monotonic() < until, f"{selector} shows {found!r}, not {texts}"
            time.sleep(0.1)


def connect(port: int) -> socket.socket:
    """A connection, once the browser listens."""
    until = time.monotonic() + STARTED_S
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=WAIT_S)
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


@contextmanager
def firefox(profile: Path) -> Iterator[Firefox]:
    """A browser without a window, with a new profile. Skips, with the reason, where there is
    none."""
    if FIREFOX is None:
        pytest.skip("Firefox is not installed: apt-get install firefox-esr")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    prefs = {**PREFS, "marionette.port": port}
    lines = [f'user_pref("{key}", {json.dumps(value)});' for key, value in prefs.items()]
    profile.mkdir()
    (profile / "user.js").write_text("\n".join(lines))
    command = [FIREFOX, "--headless", "--no-remote", "--marionette", "--profile", str(profile)]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, stdout=quiet, stderr=quiet) as process:
        try:
            found = Firefox(port)
            yield found
            found.socket.close()
        finally:
            process.terminate()
            process.wait()
