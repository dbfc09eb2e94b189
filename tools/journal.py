"""`waistband journal`: what a unit kept of its sessions, pulled, proved, shown, and exported."""

from typing import Annotated

import typer

from tools.device import Where
from tools.files import emit
from tools.options import BOARD, BoardName

app = typer.Typer(rich_markup_mode=None, help="Pull, verify, show and export what a unit kept.")
Files = Annotated[
    list[str],
    typer.Argument(metavar="FILES...", help="journal.0 to journal.7, or folders that hold them."),
]
KeyFile = Annotated[
    str | None, typer.Option(metavar="KEYFILE", help="The unit's, to check each seal with.")
]


@app.callback(invoke_without_command=True)
def journal(context: typer.Context) -> None:
    """Pull, verify, show and export what a unit kept."""
    if context.invoked_subcommand is None:
        emit(context.get_help())


@app.command()
def pull(
    folder: Annotated[
        str, typer.Argument(metavar="FOLDER", help="Of the unit's pulls; made if new.")
    ],
    device: Where = None,
) -> int:
    """Copy a unit's journal into a new folder in FOLDER, named by the unit and the time.

    Nothing is taken off the unit, which restarts and goes on. Pull before the oldest records go:
    some 170 sessions are kept. `journal verify FOLDER` reads all pulls as one journal.
    """
    from tools.unit_command import pull as run

    return run(folder, device)


@app.command()
def verify(
    files: Files,
    key: KeyFile = None,
    receipt: Annotated[
        list[str] | None,
        typer.Option(metavar="CODE", help="Noted down when a session was over; repeatable."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print what was found as one JSON object.")
    ] = False,
) -> int:
    """Prove that a journal is as the unit wrote it, or say what was altered, dropped, inserted,
    reordered or cut, by record, file and line.

    A folder may hold many pulls, each in a folder of its own. Records cut off at the end show
    only by a receipt.

    Exits 1 if anything is wrong.
    """
    from tools.journal_command import verify as run

    return run(files, key, receipt or [], as_json)


@app.command()
def show(
    files: Files,
    key: KeyFile = None,
    session: Annotated[
        str | None,
        typer.Option(metavar="N", help="By its record's number or its receipt; else the last."),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option("-o", "--output", metavar="FILE.html", help="Write it as one HTML file."),
    ] = None,
) -> int:
    """Show one session on one page: asked, given by bank, why it was less, heat, faults.

    Exits 1 if anything is wrong with the journal that it stands in.
    """
    from tools.journal_command import show as run

    return run(files, key, session, output)


@app.command()
def export(
    files: Files,
    output: Annotated[
        str, typer.Option("-o", "--output", metavar="FOLDER", help="Where to write; made if new.")
    ],
    key: KeyFile = None,
    area: Annotated[
        float | None, typer.Option(metavar="cm2", help="Window of a pad; else the board's.")
    ] = None,
    site: Annotated[str, typer.Option(metavar="TEXT", help="Where it is worn.")] = "lower back",
    board: BoardName = BOARD,
) -> int:
    """Write sessions.csv, a row a session and pad, and dictionary.md, which says what each
    column is: what Jenkins and Carroll (2011) ask a report of light therapy to state.

    Exits 1 if anything is wrong with the journal.
    """
    from tools.journal_command import export as run

    return run(files, output, key, area, site, board)
