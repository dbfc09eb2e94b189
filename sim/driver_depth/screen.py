"""SSD1306 OLED of 128x64 on the screen's bus; `text` reads what it shows. SSD1306 data sheet, 10.

`sim.driver_depth.parts_list` fits it. Page and horizontal addressing alone.
"""

from sim.driver_depth.font import GLYPHS
from sim.driver_depth.parts import Part
from sim.faults.tolerances import start_up

WIDTH, PAGES = 128, 8
# Commands that take bytes after them, and how many.
ARGUMENTS = {
    0x20: 1, 0x21: 2, 0x22: 2, 0x26: 6, 0x27: 6, 0x29: 5, 0x2A: 5, 0x81: 1, 0x8D: 1, 0xA3: 2,
    0xA8: 1, 0xD3: 1, 0xD5: 1, 0xD9: 1, 0xDA: 1, 0xDB: 1,
}  # fmt: skip
PAGE_MODE = 2  # else horizontal


class Ssd1306(Part):
    """`pages[p][x]` is a column of eight pixels, the lowest bit on top."""

    address = 0x3C
    names = ("screen",)

    def power_on(self, us: int) -> None:
        """Off, in page addressing mode."""
        self.pages = [bytearray(WIDTH) for _ in range(PAGES)]
        self.on = False
        self.on_us = 0  # since when
        self.charge_pump = False
        self.mode = PAGE_MODE
        self.columns, self.rows = (0, WIDTH - 1), (0, PAGES - 1)
        self.column = self.page = 0
        self.command: list[int] = []

    def read(self, count: int, us: int) -> bytes:
        """Its status byte: bit 6 is set while the display is off."""
        return bytes([0 if self.on else 0x40] * count)

    def written(self, data: bytes, us: int) -> None:
        """Control bytes, each followed by a command or by data."""
        at = 0
        while at < len(data):
            control = data[at]
            rest = data[at + 1 : at + 2] if control & 0x80 else data[at + 1 :]
            for byte in rest:
                (self._write_pixels if control & 0x40 else self._write_command)(byte)
            at += 1 + len(rest)

    def _write_command(self, byte: int) -> None:
        self.command.append(byte)
        code = self.command[0]
        if len(self.command) <= ARGUMENTS.get(code, 0):
            return
        arguments = self.command[1:]
        self.command = []
        if code == 0x20:
            self.mode = arguments[0] & 3
        elif code == 0x21:
            self.columns = (arguments[0] & 127, arguments[1] & 127)
            self.column = self.columns[0]
        elif code == 0x22:
            self.rows = (arguments[0] & 7, arguments[1] & 7)
            self.page = self.rows[0]
        elif code == 0x8D:
            self.charge_pump = bool(arguments[0] & 4)
        elif code in (0xAE, 0xAF):
            self.on = code == 0xAF
            self.on_us = self.bench.chip.us
        elif self.mode == PAGE_MODE:
            if 0xB0 <= code <= 0xB7:
                self.page = code & 7
            elif code < 0x10:
                self.column = self.column & 0x70 | code
            elif code < 0x20:
                self.column = self.column & 0x0F | (code & 7) << 4

    def _write_pixels(self, byte: int) -> None:
        self.pages[self.page][self.column] = byte
        if self.mode == PAGE_MODE or self.column != self.columns[1]:
            self.column = (self.column + 1) % WIDTH
        else:
            self.column = self.columns[0]
            self.page = self.rows[0] if self.page == self.rows[1] else (self.page + 1) % PAGES

    def text(self, glyphs: "dict[bytes, str]" = GLYPHS) -> list[str]:
        """Return eight rows of 16 characters, "?" for an unknown glyph; no row while it is off."""
        rows = []
        wait_us = 1_000 * start_up(self.bench.hardware.errors, "screen_ms")
        lit = self.on and self.charge_pump and self.bench.chip.us >= self.on_us + wait_us
        for page in self.pages if lit else []:
            cells = [bytes(page[x : x + 8]) for x in range(0, WIDTH, 8)]
            rows.append("".join([glyphs.get(cell, "?") for cell in cells]))
        return rows
