"""Text into buffers that are made once: no allocation, right for a tick."""

SPACE, ZERO, MINUS, POINT = 0x20, 0x30, 0x2D, 0x2E


def blank(cells: bytearray) -> None:
    """Spaces everywhere."""
    for k in range(len(cells)):
        cells[k] = SPACE


def put_text(cells: bytearray, at: int, text: bytes) -> int:
    """Text from `at` on, cut at the end; returns where it ended."""
    for k in range(len(text)):
        if at >= len(cells):
            break
        cells[at] = text[k]
        at += 1
    return at


def put_int(cells: bytearray, end: int, value: int, point: int = 0) -> int:
    """A number whose last digit stands before `end`, with a point `point` digits from its
    right; returns where it begins. What does not fit on the left is lost."""
    left = -value if value < 0 else value
    digits = 0
    while True:
        end -= 1
        if end < 0:
            return 0
        if point and digits == point:
            cells[end] = POINT
            end -= 1
            if end < 0:
                return 0
        cells[end] = ZERO + left % 10
        left //= 10
        digits += 1
        if not left and digits > point:
            break
    if value < 0 and end > 0:
        end -= 1
        cells[end] = MINUS
    return end


def put_date(cells: bytearray, end: int, date: int) -> None:
    """A date, as YYYYMMDD, as YYYY-MM-DD; the year ends before `end`."""
    put_int(cells, end, date // 10_000)
    put_int(cells, end + 3, date // 100 % 100 + 100)  # the hundred goes under the mark
    put_int(cells, end + 6, date % 100 + 100)
    cells[end] = cells[end + 3] = MINUS


def append_int(cells: bytearray, at: int, value: int) -> int:
    """A number from `at` on; returns where it ended."""
    width = 1
    left = -value if value < 0 else value
    while left >= 10:
        left //= 10
        width += 1
    if value < 0:
        width += 1
    put_int(cells, at + width, value)
    return at + width
