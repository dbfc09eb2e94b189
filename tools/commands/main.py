"""The command `waistband`: its subcommands, each in a file of its own, and its exit codes.

| code | when                                               |
|------|----------------------------------------------------|
| 0    | all is well                                        |
| 1    | the run or the comparison failed                   |
| 2    | bad input, named in one line on standard error     |
| 130  | interrupted                                        |
| 143  | ended by SIGTERM; 129: by SIGHUP, a closed terminal |
"""

import importlib
import os
import signal
import sys
from typing import Annotated, NoReturn

import typer

from sim.common.errors import BadInput, Interrupted, one_line
from tools.commands.options import WholeSentences
from tools.common.files import emit, flush_output, is_output_error, raise_output_error
from tools.common.version import installed

BAD_INPUT = 2
INTERRUPTED = 130
SIGNALLED = 128  # and the signal's number
INSTALL_COMPLETION = "--install-completion"
ENDING = ("SIGTERM", "SIGHUP")  # Windows has no SIGHUP
# Typer's base class for wrong options is private; a public subclass leads to it.
UsageProblem: type[Exception] = typer.BadParameter.__mro__[2]

# Each is `tools.commands.NAME`: a function of its name, or a group of commands called `app`.
COMMANDS = (
    "sim",
    "replay",
    "bench",
    "flash",
    "deploy",
    "release",
    "monitor",
    "bringup",
    "calibrate",
    "manual",
    "doctor",
)
GROUPS = ("check", "prescribe", "key", "journal", "trial")


def build_app(first: str) -> typer.Typer:
    """The command line. Where `first`, its first word, is a command, this one alone is imported."""
    app = typer.Typer(
        cls=WholeSentences,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(invoke_without_command=True)(waistband)
    known = first in COMMANDS + GROUPS
    for name in (first,) if known else COMMANDS + GROUPS:
        module = importlib.import_module(f"tools.commands.{name}")
        if name in GROUPS:
            app.add_typer(module.app, name=name)
        else:
            app.command()(getattr(module, name))
    return app


def show_version(wanted: bool) -> None:
    """`--version`."""
    if wanted:
        emit(f"waistband {installed('waistband') or 'not installed'}")
        raise typer.Exit


def waistband(
    context: typer.Context,
    _version: Annotated[
        bool, typer.Option("--version", callback=show_version, is_eager=True, help="Say which.")
    ] = False,
) -> None:
    """An infrared waistband: its simulator and its tools."""
    if context.invoked_subcommand is None:
        emit(context.get_help())


def refuse(message: str) -> int:
    """Print one line on standard error; return the exit code of bad input."""
    print("waistband: " + one_line(message.strip()), file=sys.stderr)
    return BAD_INPUT


def terminate(number: int, _frame: object) -> NoReturn:
    """Turn a signal into an exception, so that temporary files are removed."""
    raise SystemExit(SIGNALLED + number)


def keep_help(words: list[str]) -> None:
    """Start anew without PYTHONOPTIMIZE=2, or -OO: it takes the texts of `--help` away."""
    if sys.flags.optimize > 1:
        environment = {**os.environ, "PYTHONOPTIMIZE": ""}
        command = [sys.executable, "-m", "tools.commands.main", *words]
        os.execve(sys.executable, command, environment)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    os.environ["MPLBACKEND"] = "Agg"  # figures are files: the environment's backend may be none
    ending = [getattr(signal, name) for name in ENDING if hasattr(signal, name)]
    before = {number: signal.signal(number, terminate) for number in ending}
    try:
        words = sys.argv[1:] if arguments is None else arguments
        keep_help(words)
        app = build_app(words[0] if words else "")
        code = app(arguments, prog_name="waistband", standalone_mode=False)
        flush_output()
    except Interrupted as why:
        refuse(str(why))
        return INTERRUPTED
    except BadInput as why:
        return refuse(str(why))
    except OSError as why:
        if INSTALL_COMPLETION in words:
            return refuse(f"{why.filename}: {why.strerror}: completion is installed nowhere;"
                          " --show-completion prints it")  # fmt: skip
        if not is_output_error(why):
            raise
        try:
            raise_output_error(why)
        except BadInput as refused:
            return refuse(str(refused))
        code = 0
    except UsageProblem as why:
        return refuse(usage_line(why))
    except KeyboardInterrupt:
        code = INTERRUPTED
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if code == INTERRUPTED:
        print("waistband: interrupted; nothing was written", file=sys.stderr)
    return int(code or 0)


def usage_line(why: Exception) -> str:
    """Typer's message about wrong options, on one line, with the command that shows the help."""
    said = " ".join(str(getattr(why, "format_message", why.__str__)()).split())
    said = said.replace("Value error, ", "")  # pydantic's
    context = getattr(why, "ctx", None)
    path = context.command_path if context else "waistband"
    return f"{said.rstrip('.')}; see {path} --help"


if __name__ == "__main__":
    sys.exit(main())
