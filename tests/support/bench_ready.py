"""Time until the bench page can be run, in six loads of a fresh browser, and what it weighs.

    python -m tests.support.bench_ready

For the figures of docs/bench/bench-page.md.
"""

import time
from typing import Any

from tests.support.browser import bench, browser
from tools.common.files import emit

LOADS = 6


def main() -> None:
    """Print seconds of each load, by the clock, and bytes over the wire of the last."""
    with browser() as found, bench() as address:
        times = []
        for _ in range(LOADS):
            context = found.new_context()
            page = context.new_page()
            done: list[Any] = []
            page.on("requestfinished", done.append)
            begun_s = time.perf_counter()
            page.goto(address)
            page.wait_for_selector("#play:not([disabled])")
            times.append(time.perf_counter() - begun_s)
            lengths = [row.response().headers.get("content-length", 0) for row in done]
            context.close()
    emit(", ".join(f"{s:.2f} s" for s in times) + f"; {sum(map(int, lengths))} bytes")


if __name__ == "__main__":
    main()
