"""The guard: raw codes against raw limits, on every tick. It may only take power away.

One row a code: it must lie strictly between `low` and `high`. Out of bounds for
three ticks running (60 ms), the row trips, and stays tripped until `clear`. The
gate reads `tripped` and lets nothing out while a bit of it is set. There is no
arithmetic on temperatures here and no call out: limits became codes at start.
"""

from firmware.core.limits import TRIP_SAMPLES


class Guard:
    """Rows of limits over the inputs record, and which of them tripped."""

    def __init__(self, rows: "tuple[tuple[list[int], int, int, int], ...]") -> None:
        self.rows = rows  # (source list, index in it, low, high)
        self.counts = [0] * len(rows)
        self.values = [0] * len(rows)  # the code that tripped the row
        self.tripped = 0  # a bit a row
        self.out = 0  # a bit a row: out of bounds on this tick

    def check(self) -> int:
        """Judge this tick's codes; returns `tripped`."""
        for source, index, low, high in self.rows:
            if not low < source[index] < high:
                break
        else:
            if not self.out:
                return self.tripped
        out = k = 0
        counts = self.counts
        tripped = self.tripped
        for source, index, low, high in self.rows:
            code = source[index]
            count = 0
            if not low < code < high:
                out |= 1 << k
                count = counts[k] + 1
                if count >= TRIP_SAMPLES:
                    count = TRIP_SAMPLES
                    if not tripped >> k & 1:
                        tripped |= 1 << k
                        self.values[k] = code
            counts[k] = count
            k += 1  # noqa: SIM113 - enumerate allocates
        self.out = out
        self.tripped = tripped
        return tripped

    def clear(self) -> None:
        """Forget the trips whose codes are back in bounds."""
        self.tripped &= self.out
