"""A unit's flash, as a file with real littlefs on it, and MicroPython's unix VM on that."""

from pathlib import Path

from littlefs import LittleFS

from sim.pin_depth.flash import files_on
from tests.support.serial_pty import Vm

BLOCK = 4_096
BLOCKS = 352  # of the Pico's filesystem
FILE = "flash.bin"
MOUNT = """
import os
class Flash:
    def __init__(self):
        self.file = open({file!r}, 'r+b')
    def readblocks(self, block, buf, off=0):
        self.file.seek(block * {block} + off)
        self.file.readinto(buf)
    def writeblocks(self, block, buf, off=0):
        self.file.seek(block * {block} + off)
        self.file.write(buf)
    def ioctl(self, what, _):
        return {{4: {blocks}, 5: {block}}}.get(what, 0)
os.mount(os.VfsLfs2(Flash(), readsize=32, progsize=256, lookahead=32), '/unit')
os.chdir('/unit')
del Flash
"""
# The unix port has no emergency buffer; that is all that `main.py` asks of it before it knows
# whether the files are right.
BOOT = """
import sys
class Micropython:
    alloc_emergency_exception_buf = staticmethod(lambda size: None)
sys.modules['micropython'] = Micropython
exec(open('main.py').read())
"""


class Flash:
    """The file, and what the desk can do with it."""

    def __init__(self, folder: Path, files: dict[str, bytes], blocks: int = BLOCKS) -> None:
        self.folder = folder
        self.path = folder / FILE
        self.blocks = blocks
        storage = LittleFS(block_size=BLOCK, block_count=blocks, disk_version=0x0002_0000)
        for name, content in files.items():
            if "/" in name:
                storage.makedirs(name.rpartition("/")[0], exist_ok=True)
            with storage.open(name, "wb") as file:
                file.write(content)
        self.path.write_bytes(bytes(storage.context.buffer))

    def files(self) -> dict[str, bytes]:
        """All that lies on it."""
        storage = LittleFS(block_size=BLOCK, block_count=self.blocks, mount=False)
        storage.context.buffer = bytearray(self.path.read_bytes())
        storage.mount()
        return files_on(storage)

    def vm(self, then: str = "", bytes_most: int | None = None) -> Vm:
        """The VM with it mounted, at the prompt after `then`."""
        mount = MOUNT.format(file=FILE, block=BLOCK, blocks=self.blocks)
        return Vm(self.folder, mount + then, bytes_most)

    def booted(self) -> str:
        """What `main.py` says on it."""
        vm = self.vm(BOOT)
        try:
            vm.until(b">>> ")
        finally:
            vm.cut()
        return vm.said.decode()
