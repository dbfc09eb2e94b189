"""What `waistband journal` does: read, verify, then tell."""

import gc
import json
from pathlib import Path
from typing import Any

from sim import reading
from sim.boards import find_board
from sim.errors import BadInput, one_line
from tools import journal_chain, journal_sessions, keyfile
from tools.files import emit, write_whole
from tools.journal_chain import Trail
from tools.journal_pull import Finding
from tools.journal_read import Segment, find
from tools.journal_sessions import Session, when
from tools.words import plural

AREA_CM2 = (1, 400)  # as a calibration may have it
HTML = (".html", ".htm")


def opened(files: list[str], key: str | None) -> tuple[list[Segment], Trail, list[Session]]:
    """The journal in these files, verified as far as that goes. Raises BadInput."""
    held = keyfile.read(key) if key is not None else None
    segments = find(files)
    gc.disable()  # all that a journal is made of stays to the end: nothing is to be collected
    try:
        trail = journal_chain.verify(segments, held)
    finally:
        gc.enable()
    sessions = journal_sessions.of(trail)
    trail.findings += journal_sessions.unended(sessions)
    return segments, trail, sessions


def verify(files: list[str], key: str | None, receipts: list[str], as_json: bool) -> int:
    """Print what was found; 1 if anything is wrong."""
    codes = [journal_sessions.code(text) for text in receipts]
    segments, trail, sessions = opened(files, key)
    matched = journal_sessions.receipts(codes, sessions)
    trail.findings += journal_sessions.unmatched(matched)
    if as_json:
        emit(json.dumps(as_table(segments, trail, sessions, matched)))
    else:
        emit(in_words(segments, trail, sessions, matched))
    return 1 if trail.wrong else 0


def as_table(
    segments: list[Segment],
    trail: Trail,
    sessions: list[Session],
    matched: dict[str, Session | None],
) -> dict[str, Any]:
    """What `verify --json` prints."""
    return {
        "good": not trail.wrong,
        "checked": trail.checked,
        "units": trail.units,
        "files": len(segments),
        "records": trail.records,
        "chains": [
            {"first": chain[0].n, "last": chain[-1].n, "head": chain[-1].seal}
            for chain in trail.chains
        ],
        "findings": [finding_row(finding) for finding in trail.findings],
        "receipts": {code: found.n if found else None for code, found in matched.items()},
        "sessions": [
            {
                "n": session.n,
                "at": session.row["at"],
                "reason": session.result["reason"] if session.result else None,
                "receipt": session.receipt or None,
                "sealed": session.begun.sealed,
            }
            for session in sessions
        ],
    }


def finding_row(finding: Finding) -> dict[str, Any]:
    """A finding, for a program."""
    place = finding.place
    return {
        "what": finding.what,
        "wrong": finding.wrong,
        "n": finding.n if finding.n >= 0 else None,
        "file": place.path if place else None,
        "line": place.line if place else None,
        "said": finding.said,
    }


def in_words(
    segments: list[Segment],
    trail: Trail,
    sessions: list[Session],
    matched: dict[str, Session | None],
) -> str:
    """What `verify` prints."""
    unit = ", ".join(trail.units) or "unknown"
    lines = [
        f"Unit {unit}: {plural(trail.records, 'record')} in {plural(len(segments), 'file')}, "
        f"{plural(len(sessions), 'session')}"
        + (f", {when(sessions[0].row['at'])} to {when(sessions[-1].row['at'])}" if sessions else "")
    ]
    lines += [f"  {finding}" for finding in trail.findings if not finding.wrong]
    lines += [
        f"  receipt {code}: session {found.n}, {when(found.row['at'])}"
        for code, found in matched.items()
        if found
    ]
    lines += [f"WRONG {finding}" for finding in trail.wrong]
    lines.append(verdict(trail, matched))
    return "\n".join(map(one_line, lines))


def verdict(trail: Trail, matched: dict[str, Session | None]) -> str:
    """The last line."""
    if trail.wrong:
        return f"Not to be believed: {plural(len(trail.wrong), 'thing')} wrong."
    end = "" if matched else " What was cut off at the end shows only by a receipt."
    if not trail.checked:
        return "The chain holds, but no key was given: anyone could have made it." + end
    return "Every record is as the unit wrote it, sealed with its key." + end


def show(files: list[str], key: str | None, asked: str | None, output: str | None) -> int:
    """Print or write one session's page; 1 if anything is wrong with the journal."""
    from tools import journal_page

    if output is not None and Path(output).suffix not in HTML:
        raise BadInput(f"-o is {reading.shown(output)}: a name that ends in .html")
    _, trail, sessions = opened(files, key)
    page = journal_page.of(journal_sessions.chosen(sessions, asked), trail)
    if output is None:
        emit(journal_page.text_of(page))
    else:
        with write_whole(output) as path:
            path.write_text(journal_page.html_of(page), encoding="utf-8")
        emit(f"Wrote session {page.session.n} to {output}")
    return 1 if trail.wrong else 0


def export(
    files: list[str], output: str, key: str | None, area: float | None, site: str, board: str
) -> int:
    """Write the table and its dictionary; 1 if anything is wrong with the journal."""
    from tools import journal_export

    data = find_board(board)
    if area is not None:
        area = reading.number(area, "--area", *AREA_CM2, "cm2")
    _, trail, sessions = opened(files, key)
    if not sessions:
        raise BadInput("the journal holds no session")
    folder = Path(output)
    try:
        folder.mkdir(exist_ok=True)
    except (OSError, ValueError) as why:
        raise BadInput(f"{output}: cannot be made: {keyfile.reason(why)}") from None
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
