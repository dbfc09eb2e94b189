"""`framebuf.FrameBuffer` in MONO_VLSB: columns of eight pixels, the lowest bit on top."""

from sim.driver_depth.font import CELLS
from sim.driver_depth.module import Module

MONO_VLSB = 0
BLANK = bytes(8)


class FrameBuffer:
    """A picture in a buffer that the caller keeps."""

    def __init__(self, buffer: bytearray, width: int, height: int, format: int) -> None:
        if format != MONO_VLSB:
            raise ValueError("only MONO_VLSB is on this chip")
        if len(buffer) < width * ((height + 7) // 8):
            raise ValueError("buffer too small")
        self.buffer = buffer
        self.width = width
        self.height = height

    def fill(self, c: int) -> None:
        """Every pixel."""
        size = self.width * ((self.height + 7) // 8)
        self.buffer[:size] = (b"\xff" if c else b"\0") * size

    def pixel(self, x: int, y: int, c: int | None = None) -> int | None:
        """Set one, or ask for it; outside nothing happens."""
        if not (0 <= x < self.width and 0 <= y < self.height):
            return 0 if c is None else None
        at, bit = (y >> 3) * self.width + x, y & 7
        if c is None:
            return self.buffer[at] >> bit & 1
        self.buffer[at] = self.buffer[at] & ~(1 << bit) & 0xFF | int(bool(c)) << bit
        return None

    def text(self, s: str, x: int, y: int, c: int = 1) -> None:
        """Characters of eight by eight; only the drawn pixels change. Those that have no
        shape are drawn as the last one."""
        for k, letter in enumerate(s):
            cell = CELLS.get(ord(letter), CELLS[127])
            left = x + 8 * k
            if y & 7 == 0 and 0 <= left <= self.width - 8 and 0 <= y < self.height and c:
                at = (y >> 3) * self.width + left
                if self.buffer[at : at + 8] == BLANK:
                    self.buffer[at : at + 8] = cell
                    continue
            for column, bits in enumerate(cell):
                for row in range(8):
                    if bits >> row & 1:
                        self.pixel(left + column, y + row, c)


def framebuf_module() -> Module:
    """The module `framebuf`."""
    return Module("framebuf", {
        "FrameBuffer": FrameBuffer, "MONO_VLSB": MONO_VLSB, "MVLSB": MONO_VLSB,
        "MONO_HLSB": 3, "MONO_HMSB": 4, "RGB565": 1,
    })  # fmt: skip
