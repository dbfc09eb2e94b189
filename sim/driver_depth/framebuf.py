"""`framebuf.FrameBuffer` in MONO_VLSB, as `hal/oled.py` uses it: `fill`, and text on page rows.

MONO_VLSB is columns of eight pixels, the lowest bit on top.
"""

from sim.driver_depth.font import CELLS, LAST
from sim.driver_depth.module import Module

MONO_VLSB = 0


class FrameBuffer:
    """A picture in the caller's buffer."""

    def __init__(self, buffer: bytearray, width: int, height: int, format: int) -> None:
        if format != MONO_VLSB:
            raise ValueError("only MONO_VLSB is on this chip")
        self.size = width * ((height + 7) // 8)
        if len(buffer) < self.size:
            raise ValueError("buffer too small")
        self.buffer = buffer
        self.width = width

    def fill(self, c: int) -> None:
        """Set (1) or clear (0) every pixel."""
        self.buffer[: self.size] = (b"\xff" if c else b"\0") * self.size

    def text(self, s: str, x: int, y: int) -> None:
        """Draw characters of 8x8 from (x, y) on; `y` is a multiple of 8. A character without a
        glyph is drawn as the last one. Only drawn pixels change."""
        if y & 7:
            raise ValueError("text stands on a row of eight pixels on this chip")
        begin = (y >> 3) * self.width
        for k, letter in enumerate(s):
            left = x + 8 * k
            if 0 <= left < self.width and begin < self.size:
                cell = CELLS.get(ord(letter), CELLS[LAST])[: self.width - left]
                old = self.buffer[begin + left : begin + left + len(cell)]
                if any(old):
                    cell = bytes([old[n] | cell[n] for n in range(len(cell))])
                self.buffer[begin + left : begin + left + len(cell)] = cell


def framebuf_module() -> Module:
    """Make the module `framebuf`."""
    return Module("framebuf", {"FrameBuffer": FrameBuffer, "MONO_VLSB": MONO_VLSB})
