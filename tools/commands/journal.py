"""`waistband journal`: pulls, verifies, shows and exports a unit's journal."""

import json
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from sim.common.errors import BadInput
from tools.commands.options import (
    BOARD,
    BoardName,
    DeviceName,
    SimulatedFolder,
    command_group,
    name_unit,
    output_option,
)
from tools.common.files import emit, reason, write_whole

AREA_CM2 = (1, 400)  # as a calibration may have it

app = command_group("Pull, verify, show and export what a unit kept.")
Files = Annotated[
    list[str],
    Argument(metavar="FILES...", help="journal.0 to journal.7, or folders that hold them."),
]
KeyFile = Annotated[
    str | None, Option(metavar="KEYFILE", help="The unit's, to check each seal with.")
]


@app.command()
def pull(
    folder: Annotated[str, Argument(metavar="FOLDER", help="Of the unit's pulls; made if new.")],
    device: DeviceName = None,
    simulated: SimulatedFolder = None,
) -> int:
    """Copy a unit's journal into a new folder in FOLDER, named by the unit and the time.

    Nothing is taken off the unit, which restarts and goes on. Pull before the oldest records go:
    some 170 sessions are kept. `journal verify FOLDER` reads all pulls as one journal.
    """
    from tools.unit.exchange import pull as run

    return run(folder, name_unit(device, simulated))


@app.command()
def verify(
    files: Files,
    key: KeyFile = None,
    receipt: Annotated[
        list[str] | None,
        Option(metavar="CODE", help="Noted down when a session was over; repeatable."),
    ] = None,
    receipts: Annotated[
        str | None,
        Option(metavar="FILE", help="Of noted receipts: one a line, remarks after a #."),
    ] = None,
    as_json: Annotated[
        bool, Option("--json", help="Print what was found as one JSON object.")
    ] = False,
) -> int:
    """Prove that a journal is as the unit wrote it, or say what was altered, dropped, inserted,
    reordered or cut, by record, file and line.

    A folder may hold many pulls, each in a folder of its own. Records cut off at the end show
    only by a receipt.

    Exits 1 if anything is wrong.
    """
    from tools.journal import sessions as journal_sessions
    from tools.journal.report import build_table, open_journal, render_words

    codes = [journal_sessions.parse_receipt(text) for text in receipt or []]
    if receipts is not None:
        codes += journal_sessions.read_receipts(receipts)
    segments, trail, sessions = open_journal(files, key)
    matched = journal_sessions.match_receipts(codes, sessions)
    trail.findings += journal_sessions.find_unmatched(matched)
    if as_json:
        emit(json.dumps(build_table(segments, trail, sessions, matched)))
    else:
        emit(render_words(segments, trail, sessions, matched))
    return 1 if trail.wrong else 0


@app.command()
def show(
    files: Files,
    key: KeyFile = None,
    session: Annotated[
        str | None,
        Option(metavar="N", help="By its record's number or its receipt; else the last."),
    ] = None,
    output: Annotated[
        str | None,
        output_option("FILE.html", "Write it as one HTML file."),
    ] = None,
) -> int:
    """Show one session on one page: asked, given by bank, why it was less, heat, faults.

    Exits 1 if anything is wrong with the journal that it stands in.
    """
    from tools.journal import page as journal_page
    from tools.journal import sessions as journal_sessions
    from tools.journal.report import open_journal
    from tools.report.html_page import check_html_name, write_html

    if output is not None:
        check_html_name(output)
    _, trail, sessions = open_journal(files, key)
    page = journal_page.build_page(journal_sessions.choose_session(sessions, session), trail)
    if output is None:
        emit(journal_page.render_text(page))
    else:
        write_html(output, journal_page.render_html(page))
        emit(f"Wrote session {page.session.n} to {output}")
    return 1 if trail.wrong else 0


@app.command()
def export(
    files: Files,
    output: Annotated[str, output_option("FOLDER", "Where to write; made if new.")],
    key: KeyFile = None,
    area: Annotated[
        float | None, Option(metavar="cm2", help="Window of a pad; else the board's.")
    ] = None,
    site: Annotated[str, Option(metavar="TEXT", help="Where it is worn.")] = "lower back",
    board: BoardName = BOARD,
) -> int:
    """Write sessions.csv, a row a session and pad, and dictionary.md, which says what each
    column is: what Jenkins and Carroll (2011) ask a report of light therapy to state.

    Exits 1 if anything is wrong with the journal.
    """
    from sim.common.boards import find_board
    from sim.common.validate import number
    from tools.common.words import plural
    from tools.journal import export as journal_export
    from tools.journal.report import open_journal

    data = find_board(board)
    if area is not None:
        area = number(area, "--area", *AREA_CM2, "cm2")
    _, trail, sessions = open_journal(files, key)
    if not sessions:
        raise BadInput("the journal holds no session")
    folder = Path(output)
    try:
        folder.mkdir(exist_ok=True)
    except (OSError, ValueError) as why:
        raise BadInput(f"{output}: cannot be made: {reason(why)}") from None
    table = journal_export.Table(sessions, trail, area, site, data)
    with (
        write_whole(folder / "sessions.csv") as rows,
        write_whole(folder / "dictionary.md") as words,
    ):
        rows.write_text(table.csv(), encoding="utf-8", newline="")
        words.write_text(table.dictionary(), encoding="utf-8")
    said = f"Wrote {plural(len(sessions), 'session')} to {folder / 'sessions.csv'}"
    emit(f"{said}, explained in dictionary.md")
    if trail.wrong:
        emit(f"Not to be believed: {plural(len(trail.wrong), 'thing')} wrong.")
    return 1 if trail.wrong else 0
