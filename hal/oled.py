"""The screen: SSD1306, 128x64, eight rows of sixteen characters of 8x8 dots.

Letters come from MicroPython's own `framebuf`, whose MONO_VLSB is the controller's page
layout: a row of text is a page, drawn into the very buffer that is sent. Of the rows
only those that were shown are sent, one a call. Without a screen nothing happens.

The controller answers no reads on a serial bus (SSD1306 data sheet 9.1), so nothing tells whether
it lost its supply: its set-up is sent again with row 0, and the firmware shows each row again
within 8 s. Then a screen that went blank is whole again.
"""

import framebuf

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hal.bus import Bus

ADDRESS = 0x3C
ROWS = 8
CELLS = 16
WIDTH = 128
FIRST, LAST = 32, 126  # ASCII that has a shape; all else is shown as a blank

# Control bytes (SSD1306 data sheet 8.1.5.2): all that follows is commands, or picture.
COMMANDS = 0x00
PICTURE = 0x40
PAGE = 0xB0  # command 10.1.13: write to this page, from the column that 0x00 and 0x10 set

# Panel 128x64 with its own charge pump (data sheet 9 and application note). The screen is off after
# a reset, and 0xAE would make one that is on flicker.
SET_UP = (
    0xD5, 0x80,  # clock
    0xA8, 0x3F,  # 64 lines
    0xD3, 0x00, 0x40,  # no offset, first line is line 0
    0x8D, 0x14,  # charge pump on
    0x20, 0x02,  # page addressing: a page never runs over into the next
    0xA1, 0xC8,  # as seen with the connector above
    0xDA, 0x12,  # COM pins
    0x81, 0x7F,  # contrast: half is enough in the dark
    0xD9, 0xF1, 0xDB, 0x40,  # pre-charge, VCOMH
    0xA4, 0xA6,  # picture memory, not inverted
    0xAF,  # on
)  # fmt: skip

GIVE_UP_AFTER = 3  # transfers that failed running: a screen that hangs costs 5 ms each


class Oled:
    """Rows of text and how to get them onto the glass."""

    def __init__(self, bus: "Bus") -> None:
        self.bus = bus
        self.ready = False
        self.failures = 0
        self.next = 0  # row to look at first
        self.dirty = 0  # a bit a row
        self.rows = tuple([bytearray(b" " * CELLS) for _ in range(ROWS)])
        self.letters = tuple([chr(code) for code in range(FIRST, LAST + 1)])
        self.set_up = bytearray((COMMANDS,) + SET_UP)
        self.order = bytearray((COMMANDS, PAGE, 0x00, 0x10))
        self.page = bytearray(1 + WIDTH)
        self.page[0] = PICTURE
        self.canvas = framebuf.FrameBuffer(memoryview(self.page)[1:], WIDTH, 8, framebuf.MONO_VLSB)

    def begin(self) -> bool:
        """Set the controller up, with every row to be drawn; False where there is none.
        Once at start, and while dark to see whether a lost screen is back."""
        self.ready = self.bus.write(ADDRESS, self.set_up)
        self.failures = 0
        self.dirty = (1 << ROWS) - 1
        return self.ready

    def show(self, row: int, cells: bytearray) -> None:
        """Keep a row's text; it is drawn when its turn comes, whether it changed or not."""
        if not 0 <= row < ROWS:
            return
        kept = self.rows[row]
        for k in range(CELLS):
            kept[k] = cells[k] if k < len(cells) else FIRST
        self.dirty |= 1 << row

    def step(self) -> None:
        """Send one row that was shown, if any: 3.1 ms of bus time; row 0, with the set-up, 3.8."""
        if not self.dirty:
            return
        if not self.ready:
            if self.dirty & 1 and not self.begin():  # with row 0: every 8 s, lit or dark
                self.dirty &= ~1
            return
        row = self.next
        while not self.dirty >> row & 1:
            row = row + 1 & ROWS - 1
        self._draw(self.rows[row])
        order = self.order
        order[1] = PAGE | row
        if row == 0:
            self.bus.write(ADDRESS, self.set_up)
        if self.bus.write(ADDRESS, order) and self.bus.write(ADDRESS, self.page):
            self.dirty &= ~(1 << row)
            self.next = row + 1 & ROWS - 1
            self.failures = 0
            return
        self.failures += 1
        if self.failures >= GIVE_UP_AFTER:
            self.ready = False

    def _draw(self, cells: bytearray) -> None:
        canvas = self.canvas
        canvas.fill(0)
        for k in range(CELLS):
            code = cells[k]
            if FIRST < code <= LAST:
                canvas.text(self.letters[code - FIRST], 8 * k, 0)
