"""Report on a journal's verification: JSON for a program, words for a person.

Called by `waistband journal`. Reads the files and the key that it is given; changes nothing.
"""

import gc
from typing import Any

from sim.common.errors import one_line
from tools.common.words import plural
from tools.journal import chain as journal_chain
from tools.journal import sessions as journal_sessions
from tools.journal.chain import Trail
from tools.journal.pull import Finding
from tools.journal.reader import Segment, find_segments
from tools.journal.sessions import Session, format_clock
from tools.prescription import keyfile

Receipts = dict[str, Session | None]  # by code; None where no session here has it


def open_journal(files: list[str], key: str | None) -> tuple[list[Segment], Trail, list[Session]]:
    """The journal in these files, verified as far as the key allows. Raises BadInput."""
    held = keyfile.read(key) if key is not None else None
    segments = find_segments(files)
    gc.disable()  # every record is kept to the end: there is no garbage to look for
    try:
        trail = journal_chain.verify(segments, held)
    finally:
        gc.enable()
    sessions = journal_sessions.sessions_from_trail(trail)
    trail.findings += journal_sessions.find_unended(sessions)
    return segments, trail, sessions


def build_table(
    segments: list[Segment], trail: Trail, sessions: list[Session], matched: Receipts
) -> dict[str, Any]:
    """The object that `verify --json` prints."""
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
    """A finding as JSON has it."""
    place = finding.place
    return {
        "what": finding.what,
        "wrong": finding.wrong,
        "n": finding.n if finding.n >= 0 else None,
        "file": place.path if place else None,
        "line": place.line if place else None,
        "said": finding.text,
    }


def render_words(
    segments: list[Segment], trail: Trail, sessions: list[Session], matched: Receipts
) -> str:
    """The text that `verify` prints."""
    clocks = [format_clock(session.row["at"]) for session in sessions]
    lines = [
        f"Unit {', '.join(trail.units) or 'unknown'}: {plural(trail.records, 'record')} in "
        f"{plural(len(segments), 'file')}, {plural(len(sessions), 'session')}"
        + (f", {clocks[0]} to {clocks[-1]}" if clocks else "")
    ]
    lines += [f"  {finding}" for finding in trail.findings if not finding.wrong]
    lines += [
        f"  receipt {code}: session {found.n}, {format_clock(found.row['at'])}"
        for code, found in matched.items()
        if found
    ]
    lines += [f"WRONG {finding}" for finding in trail.wrong]
    lines.append(verdict_in_words(trail, matched))
    return "\n".join(map(one_line, lines))


def verdict_in_words(trail: Trail, matched: Receipts) -> str:
    """The last line of `verify`."""
    if trail.wrong:
        return f"Not to be believed: {plural(len(trail.wrong), 'thing')} wrong."
    end = "" if matched else " What was cut off at the end shows only by a receipt."
    if not trail.checked:
        return "The chain holds, but no key was given: anyone could have made it." + end
    return "Every record is as the unit wrote it, sealed with its key." + end
