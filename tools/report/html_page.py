"""HTML pages of reports: fills a template of `tools/report/templates`, everything escaped.

Called by the reports of a run, of a journal's session and of a trial. A page is one file: its style
sheet is in it, and its content security policy lets it ask for nothing.
"""

from pathlib import Path

from sim.common.errors import BadInput
from sim.common.validate import shown
from tools.common.files import write_whole


def render_page(template: str, **values: object) -> str:
    """The page; `values` are what the template names. Marked `|safe` in a template is only what
    this project wrote: style sheets, scripts and drawings."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    pages = Environment(
        loader=PackageLoader("tools", "report/templates"), autoescape=True,
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    return pages.get_template(template).render(**values)


def check_html_name(path: str) -> None:
    """Refuse a name that does not end in .html or .htm. Raises BadInput."""
    if Path(path).suffix not in (".html", ".htm"):
        raise BadInput(f"-o is {shown(path)}: a name that ends in .html")


def write_html(path: str, page: str) -> None:
    """Write a page, whole or not at all. Raises BadInput."""
    with write_whole(path) as part:
        part.write_text(page, encoding="utf-8")
