"""`waistband check`: whether what the unit promises holds, shown by trying."""

from typing import Annotated

import typer

from tools.files import emit

app = typer.Typer(rich_markup_mode=None, help="Show by trying that what the unit promises holds.")


@app.callback(invoke_without_command=True)
def check(context: typer.Context) -> None:
    """Show by trying that what the unit promises holds."""
    if context.invoked_subcommand is None:
        emit(context.get_help())


@app.command()
def faults(
    fault: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="This fault only; may be repeated.")
    ] = None,
    state: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="In this state only; may be repeated.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print what was measured as one JSON object.")
    ] = False,
    plot: Annotated[
        str | None, typer.Option(metavar="FILE.png", help="Draw it as a heat map.")
    ] = None,
    report: Annotated[
        str | None, typer.Option(metavar="FILE.md", help="Write the table as Markdown.")
    ] = None,
    jobs: Annotated[
        str | None, typer.Option(metavar="N", help="On so many processes; else on all cores.")
    ] = None,
) -> int:
    """Put every fault on the unit in every state where it can strike, on each pad, with the
    hardware alert working and dead: from its onset to dark, true contact, light after the
    onset, each beside its bound.

    With --fault, a line a state. Exits 1 if any bound is broken.
    """
    from tools.check_faults import Request, check_faults

    return check_faults(Request(fault or [], state or [], as_json, plot, report, jobs))
