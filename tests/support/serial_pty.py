"""A serial port that real parts stand behind: a pty that pyserial opens, and at its other end
MicroPython's unix VM, or the USB of the emulated chip in virtual time."""

import os
import pty
import select
import subprocess
import threading
import time
import tty
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tools.replay import find_micropython
from tools.unit import device

EVER_S = 86_400.0
BITE = 4_096
STEP_S = 0.01
IDLE_S = 0.02


class Port:
    """A pty: `name` is what pyserial opens; `take` gets what comes from there."""

    def __init__(self) -> None:
        self.ours, theirs = pty.openpty()
        tty.setraw(theirs)
        self.name = os.ttyname(theirs)
        self._theirs = theirs  # held open, lest reading ends with the first who closes it

    def waiting(self, for_s: float = 0.0) -> bytes:
        """What was sent to us, if anything comes in time."""
        if select.select([self.ours], [], [], for_s)[0]:
            return os.read(self.ours, BITE)
        return b""

    def send(self, data: bytes) -> None:
        """Let whoever has opened the port read it."""
        while data:
            data = data[os.write(self.ours, data) :]

    def close(self) -> None:
        """No such port any more."""
        os.close(self.ours)
        os.close(self._theirs)


class Vm:
    """MicroPython's unix VM at its prompt, in a folder that stands for a unit's flash."""

    def __init__(self, folder: Path, begin: str = "", bytes_most: int | None = None) -> None:
        """`begin` is run before the prompt. After so many bytes its power goes."""
        self.port = Port()
        self.inner, theirs = pty.openpty()
        tty.setraw(theirs)
        options = ["-i", "-c", begin] if begin else []
        self.process = subprocess.Popen(
            [*find_micropython(), *options], cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs,
            env={**os.environ, "MICROPYPATH": ":.frozen"},
        )  # fmt: skip
        os.close(theirs)
        self.ended = False
        self.woken, self.wake = os.pipe()  # ends the pump's waiting
        self.left = bytes_most
        self.said = b""  # all that it ever said
        self.pump = threading.Thread(target=self._pump, daemon=True)
        self.pump.start()

    def _pump(self) -> None:
        while not self.ended:
            for fd in select.select([self.inner, self.port.ours, self.woken], [], [])[0]:
                if fd == self.woken:
                    return
                try:
                    self._pass(fd, os.read(fd, BITE))
                except OSError:
                    return

    def _pass(self, fd: int, data: bytes) -> None:
        if fd == self.inner:
            self.said += data
            os.write(self.port.ours, data)
            return
        if self.left is not None:
            data = data[: self.left]
            self.left -= len(data)
        os.write(self.inner, data)
        if self.left == 0:
            self.ended = True
            self._off()

    def until(self, word: bytes) -> None:
        """Wait until it has said this."""
        until(lambda: word in self.said or self.process.poll() is not None)
        assert word in self.said, self.said

    def _off(self) -> None:
        """The power goes, and with it the port."""
        self.process.kill()
        self.process.wait()
        os.close(self.inner)
        self.port.close()

    def cut(self) -> None:
        """The power goes, if it has not gone."""
        if not self.ended:
            self.ended = True
            os.write(self.wake, b"!")
            self.pump.join()
            self._off()
        os.close(self.wake)
        os.close(self.woken)


class Simulated:
    """A unit at driver depth, its console on a port, in a thread of its own."""

    def __init__(self, run: Any, begin_s: float, times: float = 40.0) -> None:
        """From `begin_s` on it runs so many times as fast as the clock, once it is `going`."""
        self.port = Port()
        self.run = run
        self.times = times
        self.ended = False
        self.failed: BaseException | None = None
        self.going = threading.Event()
        self.run.chip.usb.connected = True
        self.run.device.run_until(int(begin_s * 1e6))
        self.sent = self.run.chip.usb.total
        self.thread = threading.Thread(target=self._live, daemon=True)
        self.thread.start()

    def _live(self) -> None:
        usb = self.run.chip.usb
        try:
            self.going.wait()
            while not self.ended:
                usb.type(self.port.waiting(STEP_S))
                self.run.device.run_until(self.run.chip.us + int(STEP_S * self.times * 1e6))
                new, self.sent = usb.total - self.sent, usb.total
                if new:
                    self.port.send(usb.text()[-new:].encode("latin-1"))
        except BaseException as why:
            self.failed = why

    def close(self) -> None:
        """The bench is cleared away."""
        self.ended = True
        self.going.set()
        self.thread.join()
        self.port.close()
        self.run.close()
        if self.failed:
            raise self.failed


@contextmanager
def on_port(run: Any, begin_s: float, times: float = 40.0) -> Iterator[Simulated]:
    """A unit at driver depth on a port; from `begin_s` it runs once a command has opened that."""
    bench = Simulated(run, begin_s, times)
    opened = device.Device.open

    def open_and_go(unit: device.Device) -> None:
        opened(unit)
        bench.going.set()

    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(device.Device, "open", open_and_go)
            yield bench
    finally:
        bench.close()


class Emulated:
    """A unit at pin depth, its USB on a port: virtual time passes in a thread of its own, without
    hurry while nobody has anything to say."""

    def __init__(self, run: Any) -> None:
        self.port = Port()
        self.run = run
        self.ended = False
        self.failed: BaseException | None = None
        self.calls: deque[Callable[[], object]] = deque()
        host = run.chip.host()
        hear = host.cdc.on_serial_data

        def heard(data: bytes) -> None:
            hear(data)
            self.port.send(bytes(data))

        host.cdc.on_serial_data = heard
        self.thread = threading.Thread(target=self._live, daemon=True)
        self.thread.start()

    def _live(self) -> None:
        try:
            while not self.ended:
                while self.calls:
                    self.calls[0]()
                    self.calls.popleft()
                data = self.port.waiting()
                if data:
                    self.run.chip.host().type(data)
                begun_s = time.monotonic()
                self.run.advance(1)
                if time.monotonic() - begun_s < IDLE_S:  # it slept: nothing is going on
                    time.sleep(IDLE_S)
        except BaseException as why:
            self.failed = why

    def do(self, call: Callable[[], object]) -> None:
        """Have it done between two steps."""
        self.calls.append(call)
        until(lambda: not self.calls or self.failed is not None)
        assert self.failed is None

    def close(self) -> None:
        """The bench is done with."""
        self.ended = True
        self.thread.join()
        self.port.close()
        if self.failed:
            raise self.failed


def until(true: Callable[[], bool]) -> None:
    """Wait for something that another thread or process brings about: however long that takes,
    so `true` has to be true as well where they have failed."""
    while not true():
        time.sleep(0.01)


def be_patient(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Have these waits of `tools.unit.device` (s) end by an answer alone: a slow machine, or an
    emulated chip, is not a unit that does not answer."""
    for name in names:
        monkeypatch.setattr(device, name, EVER_S)
