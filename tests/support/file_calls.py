"""Files and restarts of a fake HAL: keeps each call. Inherited by `tests.support.fake_hal`."""

from typing import Any

from hal.contract import Hal


class FileCalls(Hal):
    """A HAL that sends no file, takes none, and keeps each call."""

    calls: list[tuple[Any, ...]]

    def send_file(self, name: str, size: int) -> None:
        self.calls.append(("send_file", name, size))

    def receive(self, command: bytes, size: int) -> None:
        self.calls.append(("receive", command, size))

    def restart(self) -> None:
        self.calls.append(("restart",))

    def restart_to_service(self) -> None:
        self.calls.append(("restart_to_service",))
