"""Wires the HAL to the firmware and runs it; whatever happens, it ends with emitters off.

Nothing here lights anything: only `Waistband.tick` does, at a person's START. What goes
wrong before the loop leaves the unit dark at the prompt, where it can be mended; what
ends the loop ends it dark, by pin, and resets the chip. Three resets that nobody meant
within a minute lock the unit until it loses power, and no flash is written on the way.

`sys.path` begins with the filesystem. While the product is imported it has `.frozen` alone: a
product that is frozen into MicroPython is not shadowed by files, and what is built in is not
looked for among them first, which takes 3 ms each. Modules of a package are found by its own path.
"""

import sys

BROKEN = ""  # which file is wrong, or what could not be imported
_path = sys.path[:]
try:
    sys.path[:] = [".frozen"]
    import gc
    import json
    import time

    import micropython

    try:
        import firmware
        import hal
    except ImportError:  # not frozen: the product lies in files
        sys.path[:] = _path
        import firmware
        import hal  # noqa: F401

        sys.path[:] = [".frozen"]
    from hal import files

    if files.is_frozen():
        _path = [".frozen"]  # from here on, at the prompt too
    files.settled()
    # What only the start needs, first: what is let go of then leaves its room in one piece.
    import firmware.records.signed_prescription
    import firmware.therapy.calibration
    import firmware.therapy.prescription  # noqa: F401
    from firmware.core.states import BOARD, NOT_LOCKED, RESTARTS
    from firmware.ui.cues import CUES
    from firmware.waistband import Waistband

    gc.collect()  # before the heap was full once: what comes now does not lie in all its corners
    from hal import dark, resets
    from hal.contract import POWER_ON
    from hal.rp2_hal import Rp2Hal
    from hal.storage import is_absent
except BaseException as why:  # missing, broken, or no room: nothing can be lit then
    BROKEN = repr(why)
sys.path[:] = _path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hal.rp2_hal import Rp2Board

EXCEPTION_BYTES = 100  # so that an exception still has a place when memory is full
TICK_US = 20_000
TICKS_A_SECOND = 50
COLLECT_TICKS = 500  # while dark
GOODBYE_TICKS = 25  # for the last words to reach the host
NO_INTERRUPT = -1
START = 1  # of `Inputs.pins`

# Files of the unit. A board is named by its file in hal/boards; without a name the chip decides.
BOARD_NAME = "board.txt"
NAME_MAX = 40
CALIBRATION = "calibration.json"
ONLY_AT_START = (  # modules; a prescription that a host puts has them imported again
    "firmware.therapy.calibration", "firmware.therapy.prescription",
    "firmware.records.signed_prescription",
)  # fmt: skip
PRESCRIPTION = "prescription.json"


class Unfit(Exception):
    """The unit must not run: one line for a person."""


def tell(text: str) -> None:
    """A line to whoever reads on USB. May block for half a second: only while dark."""
    try:
        print("waistband:", text)
    except Exception:  # a host that went away must not be a reason for anything
        return


def chip() -> str:
    """RP2040 or RP2350; empty where the interpreter does not say."""
    said = str(getattr(sys.implementation, "_machine", ""))
    for name in ("RP2040", "RP2350"):
        if name in said:
            return name
    return ""


def board_called(name: str) -> "Rp2Board":
    """A board's data, checked. Raises Unfit with what is wrong with it."""
    try:
        board: Rp2Board = __import__("hal.boards." + name, None, None, ("NAME",))
    except Exception as why:
        raise Unfit("board " + repr(name) + " cannot be read: " + repr(why)) from None
    faults: list[str] = []
    if not getattr(board, "CHECKED", False):  # by the release, which leaves the check at the desk
        try:
            from hal.board_check import faults_of  # noqa: PLC0415 - let go of after the start
        except ImportError:
            raise Unfit("board " + name + " was never checked: waistband doctor") from None
        faults = faults_of(board)
    here = chip()
    if here and not faults and here != board.CHIP:
        faults.append("CHIP is " + board.CHIP + ", but this is a " + here)
    if faults:
        raise Unfit("board " + name + " is refused: " + "; ".join(faults))
    return board


def forget(name: str) -> None:
    """Let go of a module that only the start needs: the heap has its room again."""
    if sys.modules.pop(name, None):
        package, _, module = name.rpartition(".")
        within = sys.modules.get(package)
        if hasattr(within, module):
            delattr(within, module)


def find_board() -> "tuple[Rp2Board, int]":
    """The board, and NOT_LOCKED; or, where the one that is named is unfit, the chip's own
    reference board, and BOARD, so that a locked unit can say so. Raises Unfit without either."""
    reference = "RPI_PICO2" if chip() == "RP2350" else "RPI_PICO"
    try:
        with open(BOARD_NAME) as file:
            text: str = file.read(NAME_MAX)
            name = text.strip()
    except (OSError, ValueError) as why:
        name = reference if is_absent(why) else "?"  # unreadable, or not text: it names no board
    try:
        return board_called(name), NOT_LOCKED
    except Unfit as why:
        if name == reference:
            raise
        tell(str(why))
    return board_called(reference), BOARD


def table_of(content: object) -> object:
    """What a JSON file holds; None where it is missing or not JSON, which locks the unit."""
    if not isinstance(content, bytes):
        return None
    try:
        value: object = json.loads(content)
    except ValueError:
        return None
    return value


def tell_files() -> None:
    """At the prompt, where it may take half a second: which file is not the release's."""
    try:
        wrong = files.wrong()
    except BaseException:  # `hal` is missing or broken: that was said
        return
    if wrong and wrong != BROKEN:
        tell(wrong)


def wait() -> None:
    """At the prompt: say so on the screen, and go off by START or by itself. What is broken there
    as well leaves it as it is."""
    try:
        from hal import prompt  # noqa: PLC0415 - `hal` may be what is missing

        prompt.show_prompt()
        prompt.Prompt()
    except BaseException as why:
        if repr(why) != BROKEN:  # that was said
            tell("the screen and START are not looked at: " + repr(why))


def wire() -> "tuple[Rp2Hal, Waistband]":
    """Everything found and checked, dark. Raises where the unit must not run."""
    board, lock = find_board()
    forget("hal.board_check")
    hal = Rp2Hal(board, CUES)
    word = resets.after_reset(hal.scratch(), hal.reset_cause() == POWER_ON)
    hal.set_scratch(word & ~resets.SERVICE)
    if word & resets.SERVICE:
        raise Unfit("service mode, as asked")
    if resets.is_hopeless(word):
        raise Unfit("locked by a boot loop, and reset even so: take its power away to try again")
    if word & resets.DIED_LIT:
        tell("a run since power-on ended while emitters were armed")
    calibration = table_of(hal.load(CALIBRATION))
    prescription = hal.load(PRESCRIPTION)
    if resets.is_loop(word):
        lock = RESTARTS
    unit = Waistband(hal, board, calibration, prescription, lock)
    for name in ONLY_AT_START:
        forget(name)
    return hal, unit


def run(hal: "Rp2Hal", unit: "Waistband") -> None:
    """A tick every 20 ms until the unit is to be off or in service mode.

    A tick that comes late is not made up for: the next ones keep their distance. Garbage
    is collected only while dark, on becoming so and every ten seconds; `Hal.arm` does it
    once more before light.
    """
    emitters = hal.emitters
    worst_us = 0
    was_lit = False
    second = TICKS_A_SECOND
    collect = COLLECT_TICKS
    goodbye = GOODBYE_TICKS
    due = time.ticks_us()
    while goodbye:
        late_us = time.ticks_diff(time.ticks_us(), due)
        if late_us > worst_us:
            worst_us = unit.telemetry.late_us = late_us
        unit.tick()
        if emitters.lit:
            was_lit = True
        else:
            second -= 1
            collect -= 1
            if second <= 0:
                second = TICKS_A_SECOND
                hal.set_scratch(resets.after_second(hal.scratch()))
            if was_lit or collect <= 0:
                was_lit = False
                collect = COLLECT_TICKS
                for name in ONLY_AT_START:
                    forget(name)
                gc.collect()
            if hal.leaving or not hal.powered:
                goodbye -= 1
        due = time.ticks_add(due, TICK_US)
        left_us = time.ticks_diff(due, time.ticks_us())
        if left_us > 0:
            time.sleep_us(left_us)
        else:
            due = time.ticks_us()


def rest(hal: "Rp2Hal", unit: "Waistband") -> None:
    """The unit let go of its supply and lives on another's: dark, until START is pressed anew."""
    inputs = unit.inputs
    released = False
    while not (released and inputs.pins & START):
        hal.read(inputs)
        released = released or not inputs.pins & START
        hal.feed()
        time.sleep_ms(TICK_US // 1_000)


def go(hal: "Rp2Hal", unit: "Waistband") -> None:
    """Run, and say in the scratch word that the reset which follows is meant."""
    micropython.kbd_intr(NO_INTERRUPT)  # Ctrl-C is a character from here on
    hal.start_watchdog()
    run(hal, unit)
    dark.off()
    if not hal.leaving:
        rest(hal, unit)
    service = resets.SERVICE if hal.serving else 0
    hal.set_scratch(hal.scratch() & ~resets.ARMED | resets.CLEAN | service)


def main(service: bool) -> None:
    """Service mode and a unit that is unfit return to the prompt; all else ends in a reset."""
    micropython.alloc_emergency_exception_buf(EXCEPTION_BYTES)
    if service or BROKEN:
        # `boot.py` took the pins, and nothing here has touched them since.
        tell("service mode: no therapy" if service else "dark, at the prompt: " + BROKEN)
        tell_files()
        wait()
        return
    try:
        dark.off()
        hal, unit = wire()
    except BaseException as why:
        dark.off()
        tell("dark, at the prompt: " + (str(why) if isinstance(why, Unfit) else repr(why)))
        tell_files()
        wait()
        return
    try:
        go(hal, unit)
    except BaseException as why:
        dark.off()
        tell("dark, and about to reset: " + repr(why))
    finally:
        dark.restart()


if __name__ == "__main__":
    main(bool(globals().get("SERVICE", False)))
