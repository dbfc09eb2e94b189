"""USB host at the emulated chip's port: a terminal that reads and types.

`sim.pin_depth.board` plugs it in. The package's host answers an idle OUT endpoint at once, over and
over, which triples every timing: here the answer waits until there is something to send. It also
begins no frames, after which MicroPython sends what was written before the port was opened.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.pin_depth.adapter import Emulator

SOF_RD, DEV_SOF, FRAME_NS = 0x48, 1 << 17, 1_000_000  # start of frame, RP2040 data sheet 4.1


class Host:
    """A computer on the USB port: a terminal that reads, and types."""

    def __init__(self, chip: "Emulator", heard: Callable[[bytes | bytearray], None]) -> None:
        """Plug it in; the unit is enumerated, and the port opened, in the time it takes."""
        self.chip = chip
        self.usb = chip.mcu.usb_ctrl
        self.cdc = chip.serial_port()
        self.cdc.on_serial_data = heard
        self.ready = False
        self.waiting: tuple[int, int] | None = None  # an OUT endpoint that asks
        self.keys: list[int] = []
        self.answer = self.usb.on_endpoint_read
        self.usb.on_endpoint_read = self._asked
        self.cdc.on_device_connected = self._connected
        forget = self.usb.on_reset

        def unit_reset() -> None:
            self.ready, self.waiting = False, None
            forget()

        self.usb.on_reset = unit_reset
        self._frames = chip.clock.create_alarm(self._frame)
        self._frames.schedule(FRAME_NS)
        read = self.usb.read_uint32

        def register_read(offset: int) -> Any:
            if offset == SOF_RD and self.usb._int_raw & DEV_SOF:
                self.usb._int_raw &= ~DEV_SOF
                self.usb.check_interrupts()
            return read(offset)

        self.usb.read_uint32 = register_read
        self.usb.reset_device()

    def type(self, data: bytes) -> None:
        """Send bytes, as soon as the unit takes them."""
        self.keys += data
        self._send()

    def _frame(self) -> None:
        """A frame begins: the unit is told, if it wants to be."""
        if self.ready and self.usb._int_enable & DEV_SOF:
            self.usb._int_raw |= DEV_SOF
            self.usb.check_interrupts()
        self._frames.schedule(FRAME_NS)

    def _connected(self) -> None:
        self.ready = True
        self._send()

    def _asked(self, endpoint: int, size: int) -> None:
        if endpoint == 0:
            self.answer(endpoint, size)
            return
        self.waiting = (endpoint, size)
        self._send()

    def _send(self) -> None:
        if not (self.ready and self.waiting and self.keys):
            return
        endpoint, size = self.waiting
        self.waiting = None
        now, self.keys = self.keys[:size], self.keys[size:]
        for byte in now:
            self.cdc.send_serial_byte(byte)
        self.answer(endpoint, size)
