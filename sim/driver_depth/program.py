"""Program on the chip: modules, builtins and importer of its own, apart from the host's.

`sim.driver_depth.device` runs one from each reset to the next. Nothing of the host is replaced: the
program's own `__import__` finds `machine` and the rest, and reads other modules from the flash. A
file is compiled once for all chips.
"""

import builtins
import functools
import traceback
import types
from typing import TYPE_CHECKING, Any

from sim.driver_depth.core_modules import FORCED, core_modules
from sim.driver_depth.hardware import machine_module
from sim.driver_depth.pio import rp2_module

if TYPE_CHECKING:
    from sim.driver_depth.unit_build import Unit

LINE_US = 31  # to import a line of compiled code: 200 lines take 6.2 ms
FORCED_EXIT, FAILED, DONE = "exit", "failed", "done"  # how a file ended


@functools.lru_cache(1_000)
def compiled(name: str, source: bytes) -> types.CodeType:
    """Compile a file."""
    return compile(source, name, "exec")


class Program:
    """One run of the interpreter, from a hard or soft reset to the next."""

    def __init__(self, unit: "Unit") -> None:
        self.unit = unit
        self.chip = unit.chip
        self.waistband: Any = None  # the firmware, once it is made
        self.errors: list[BaseException] = []  # what ended a file
        self.modules: dict[str, Any] = {}
        core_modules(self.chip, self.modules)
        self.modules["machine"] = machine_module(self.chip, unit.buses)
        self.modules["rp2"] = rp2_module(self.chip.pio)
        self.builtins = {
            **builtins.__dict__,
            "__import__": self.import_,
            "open": self.chip.flash.open,
            "print": self.print,
        }
        self.main: dict[str, object] = {"__name__": "__main__", "__builtins__": self.builtins}

    def print(self, *values: object, sep: str = " ", end: str = "\n", file: Any = None) -> None:
        """Print to the console, or to a file."""
        text = sep.join([str(value) for value in values]) + end
        (file or self.modules["sys"].__dict__["stdout"]).write(text)

    def run(self, name: str) -> str:
        """Run a file of the flash in `__main__`, as MicroPython does with boot.py and main.py."""
        try:
            source = self.chip.flash.read(name)
        except OSError:
            return DONE
        try:
            exec(compiled(name, source), self.main)
        except SystemExit:
            return FORCED_EXIT
        except (Exception, KeyboardInterrupt) as error:
            self.errors.append(error)
            self.chip.raising = None
            self.print("".join(traceback.format_exception_only(type(error), error)), end="")
            return FAILED
        return DONE

    # -- imports -------------------------------------------------------------------------

    def import_(
        self, name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0
    ) -> Any:
        """The builtin `__import__`."""
        if level:
            package = globals["__package__"].rsplit(".", level - 1)[0]
            name = f"{package}.{name}" if name else package
        module = self.load(name)
        if not fromlist:
            return self.modules[name.partition(".")[0]]
        if hasattr(module, "__path__"):
            for item in fromlist:
                if not hasattr(module, item) and self._find(f"{name}.{item}"):
                    self.load(f"{name}.{item}")
        return module

    def _find(self, name: str) -> "tuple[str, bool] | None":
        """Return a module's file, and whether it is a package."""
        path = name.replace(".", "/")
        files = self.chip.flash.files if self.chip.flash.mounted else {}
        for file, package in ((path + "/__init__.py", True), (path + ".py", False)):
            if file in files and file not in self.chip.flash.broken:
                return file, package
        return None

    def load(self, name: str) -> Any:
        """Return a module by its full name, its packages loaded first."""
        name = FORCED.get(name, name)
        if name in self.modules:
            return self.modules[name]
        parent, _, last = name.rpartition(".")
        within = self.load(parent) if parent else None
        if name in self.modules:
            return self.modules[name]
        found = self._find(name)
        folder = name.replace(".", "/")
        module = types.ModuleType(name)
        module.__dict__["__builtins__"] = self.builtins
        if found is None and not any(
            file.startswith(folder + "/") for file in self.chip.flash.files
        ):
            raise ImportError(f"no module named '{name}'")
        file, package = found or ("", True)  # MicroPython imports a folder without a file too
        module.__file__ = file
        module.__package__ = name if package else parent
        if package:
            module.__path__ = [folder]
        self.modules[name] = module
        if within:
            setattr(within, last, module)
        if file:
            self._execute(module, file)
        return module

    def _execute(self, module: types.ModuleType, file: str) -> None:
        source = self.chip.flash.files[file]
        self.chip.spend(LINE_US * source.count(b"\n"))
        try:
            exec(compiled(file, source), module.__dict__)
        except BaseException:
            del self.modules[module.__name__]
            raise
        if module.__name__ == "firmware.waistband":
            self._watch(module)

    def _watch(self, module: types.ModuleType) -> None:
        """Have `waistband` set when the firmware is made."""
        kind: Any = module.__dict__["Waistband"]
        original = kind.__init__

        def init(waistband: object, *arguments: object, **named: object) -> None:
            original(waistband, *arguments, **named)
            self.waistband = waistband

        kind.__init__ = init
