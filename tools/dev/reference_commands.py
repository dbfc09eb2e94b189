"""Reference page of the command `waistband`: every subcommand with its arguments and options.

Called by `tools.dev.site`. Made from the options that the command itself parses.
"""

from collections.abc import Iterator
from typing import Any

import typer

from tools.commands import main
from tools.dev.reference_tables import escape_cell, escape_html
from tools.report.tables import markdown_table


def list_commands(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    """A command and all those below it, each with the words that call it."""
    yield path, command
    for name, child in getattr(command, "commands", {}).items():
        yield from list_commands(child, f"{path} {name}")


def render_parameters(command: Any, path: str) -> str:
    """Return the table of a command's arguments and options, "" where it has none."""
    context = command.make_context(path, [], resilient_parsing=True)
    rows = []
    for parameter in command.params:
        record = parameter.get_help_record(context)
        if record is None:  # an argument without help
            record = (parameter.make_metavar(context), getattr(parameter, "help", "") or "")
        rows.append((escape_cell(f"`{record[0]}`"), escape_cell(record[1])))
    return markdown_table(("", "meaning"), rows) + "\n" if rows else ""


def render_commands() -> str:
    """Return the page."""
    parts = [
        "# Command\n\nEvery command of `.venv/bin/waistband`, made from its options. Every command "
        "also takes `--help`.\n\n## Exit codes\n\n",
        (main.__doc__ or "").partition("\n\n")[2],
    ]
    for path, command in list_commands(typer.main.get_command(main.build_app("")), "waistband"):
        words = (command.help or "").split("\n\n")
        parts.append(f"\n## {path}\n\n")
        parts += [escape_html(" ".join(text.split())) + "\n\n" for text in words if text]
        if children := getattr(command, "commands", {}):
            parts.append("Commands: " + ", ".join(f"`{name}`" for name in children) + ".\n\n")
        parts.append(render_parameters(command, path))
    return "".join(parts)
