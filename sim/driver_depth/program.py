"""Program on the chip: modules, builtins and importer of its own, apart from the host's.

`sim.driver_depth.device` runs one from each reset to the next. Nothing of the host is replaced: the
program's own `__import__` finds `machine` and the rest, and reads other modules along `sys.path`
from the flash, or from what is frozen into MicroPython. A file is compiled once for all chips.
"""

import builtins
import functools
import traceback
import types
from typing import TYPE_CHECKING, Any

from sim.driver_depth.core_modules import FORCED, core_modules
from sim.driver_depth.flash import FROZEN
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
        """Run a file in `__main__`, a frozen one first, as MicroPython does boot.py and main.py."""
        try:
            source = self.chip.flash.frozen.get(name) or self.chip.flash.read(name)
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

    def _folders(self, name: str) -> "list[str]":
        """Return the folders that may hold a module, as paths with a slash at their end."""
        parent = name.rpartition(".")[0]
        if parent:
            return [self.modules[parent].__path__ + "/"]
        return [folder and folder + "/" for folder in self.modules["sys"].__dict__["path"]]

    def _find(self, name: str) -> "tuple[str, str] | None":
        """Return a module's folder and its file in it, "" for a package without a file."""
        flash = self.chip.flash
        last = name.rpartition(".")[2]
        for folder in self._folders(name):
            for file in (last + "/__init__.py", last + ".py"):
                if flash.source(folder + file) is not None:
                    return folder, file
            if flash.has_folder(folder + last):
                return folder, ""  # MicroPython imports a folder without a file too
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
        if found is None:
            raise ImportError(f"no module named '{name}'")
        folder, file = found
        package = file != last + ".py"
        module = types.ModuleType(name)
        module.__dict__["__builtins__"] = self.builtins
        module.__file__ = folder.removeprefix(FROZEN) + file if file else ""
        module.__package__ = name if package else parent
        if package:
            module.__dict__["__path__"] = folder + last  # a string, as MicroPython has it
        self.modules[name] = module
        if within:
            setattr(within, last, module)
        if file:
            self._execute(module, folder + file)
        return module

    def _execute(self, module: types.ModuleType, path: str) -> None:
        source = self.chip.flash.source(path)
        assert source is not None and module.__file__ is not None
        self.chip.spend(LINE_US * source.count(b"\n"))
        try:
            exec(compiled(module.__file__, source), module.__dict__)
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
