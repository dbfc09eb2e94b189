"""Model of the RP2040's flash cache: how many extra cycles does a read from flash take?

Called by `sim.pin_depth.stalls`, which charges the cycles to the emulated processor. This file is
a pure model: it holds line numbers, no data, and knows nothing of the emulator.

| address       | cache is looked up | a miss fills the cache |
|---------------|--------------------|------------------------|
| 0x10xx_xxxx   | yes                | yes                    |
| 0x11xx_xxxx   | yes                | no                     |
| 0x12xx_xxxx   | no                 | yes                    |
| 0x13xx_xxxx   | no                 | no                     |

Source: RP2040 data sheet, 2.6.3.1 (16 kB, two ways, hit in one cycle, four aliases). The data sheet
does not name the replacement policy: least recently used is assumed. MISS_CYCLES is 20 clocks of
the flash (8 of address and mode, 4 of dummy, 8 of data) at half the processor's clock, and 5 of
overhead, which is assumed. How sure the level is: docs/maintainer/depths.md.
"""

SIZE, WAYS, LINE = 16 * 1024, 2, 8  # bytes, lines a set, bytes
MISS_CYCLES = 45
CACHED, NO_ALLOCATE, NO_LOOKUP = 0x10, 0x11, 0x12  # bits 31-24 of an address
OFFSET_MASK = 0x00FF_FFFF  # all four aliases show the same flash


class FlashCache:
    """A set-associative cache that replaces the least recently used line of a set."""

    def __init__(
        self, size: int = SIZE, ways: int = WAYS, line: int = LINE, miss_cycles: int = MISS_CYCLES
    ) -> None:
        """`size` and `line` in bytes. Raises ValueError unless they make whole sets."""
        if min(size, ways, line) < 1 or miss_cycles < 0 or size % (ways * line):
            raise ValueError(f"no cache: {size} bytes, {ways} ways, lines of {line} bytes")
        self.ways = ways
        self.line = line
        self.miss_cycles = miss_cycles
        self.sets: list[list[int]] = [[] for _ in range(size // (ways * line))]  # newest first
        self.hits = 0
        self.misses = 0

    def read(self, address: int) -> int:
        """Read once within a line; return the extra cycles that the read takes."""
        alias = address >> 24
        line = (address & OFFSET_MASK) // self.line
        lines = self.sets[line % len(self.sets)]
        held = line in lines
        hit = held and alias <= NO_ALLOCATE
        if hit or alias in (CACHED, NO_LOOKUP):
            if held:
                lines.remove(line)
            elif len(lines) == self.ways:
                lines.pop()
            lines.insert(0, line)
        if hit:
            self.hits += 1
            return 0
        self.misses += 1
        return self.miss_cycles

    def newest(self, address: int) -> int:
        """Return the line number that was used last in the set of this address; -1 if none."""
        lines = self.sets[(address & OFFSET_MASK) // self.line % len(self.sets)]
        return lines[0] if lines else -1

    def flush(self) -> None:
        """Forget every line, as after a reset or a write to the FLUSH register."""
        for lines in self.sets:
            lines.clear()
