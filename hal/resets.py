"""Scratch word that survives a reset: armed flag and count of unclean resets (boot loops).

Used by `main.py` and `hal.rp2_hal`. No flash is written: a boot loop must not wear it out. 30 bits,
so that it is a small integer:

    29 ARMED     emitters may be lit (the HAL's `arm`)
    28 DIED_LIT  a run ended while armed; stays until power is lost
    27 CLEAN     the reset that comes is meant
    26 SERVICE   ... and leads into service mode
    16-23        MARK: the word is ours
    8-10         unclean resets in the window
    0-7          dark seconds of the window so far, at most WINDOW_S
"""

ARMED = 1 << 29
DIED_LIT = 1 << 28
CLEAN = 1 << 27
SERVICE = 1 << 26
MARK = 0xA5 << 16
MARK_MASK = 0xFF << 16
COUNT_SHIFT = 8
COUNT_MASK = 7 << COUNT_SHIFT
SECONDS_MASK = 0xFF

WINDOW_S = 60
UNCLEAN_MAX = 3  # so many unclean resets within the window lock the unit
HOPELESS = 4  # and then the locked unit was reset as well: no use in beginning again


def after_reset(word: int, power_on: bool) -> int:
    """The word for the run that begins, from the one that was found."""
    if power_on or word & MARK_MASK != MARK:
        return MARK
    if word & CLEAN:
        return MARK | word & (DIED_LIT | SERVICE)
    died_lit = DIED_LIT if word & (ARMED | DIED_LIT) else 0
    count = (word & COUNT_MASK) >> COUNT_SHIFT
    seconds = word & SECONDS_MASK
    if seconds >= WINDOW_S:
        count = seconds = 0
    if count < HOPELESS:
        count += 1
    return MARK | died_lit | count << COUNT_SHIFT | seconds


def is_loop(word: int) -> bool:
    """Whether the unit was reset too often: it stays locked and dark until power is lost."""
    return (word & COUNT_MASK) >> COUNT_SHIFT >= UNCLEAN_MAX


def is_hopeless(word: int) -> bool:
    """Whether even the locked unit was reset."""
    return (word & COUNT_MASK) >> COUNT_SHIFT >= HOPELESS


def after_second(word: int) -> int:
    """The word after a dark second. Lit time is not counted: three runs that died lit lock
    the unit unless a dark minute lies between them."""
    if is_loop(word) or word & SECONDS_MASK >= WINDOW_S:
        return word
    return word + 1
