"""`waistband manual`: writes the wearer's manual, one page to print, with its cues to hear."""

from typing import Annotated

import typer

from tools.commands.options import LANGUAGE, LanguageName
from tools.common.files import emit


def manual(
    file: Annotated[str, typer.Argument(metavar="FILE.html", help="The page.")],
    language: LanguageName = LANGUAGE,
) -> int:
    """Write the wearer's manual: one page to print in large letters, with pictures of the screen,
    and below it each cue to hear and, on a telephone, to feel.

    The pictures are those of the simulated unit; --language is that of its screen.
    """
    from tools.report.html_page import check_html_name, write_html

    check_html_name(file)
    from tools.common.languages import use_texts
    from tools.report.cues_page import render_manual
    from tools.report.manual import live_through

    with use_texts(language):
        page = render_manual(live_through())
    write_html(file, page)
    emit(f"Wrote {file}: print its first page; the cues below it can be heard")
    return 0
