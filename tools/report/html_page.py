"""HTML pages of reports: fills a template of `tools/report/templates`, everything escaped.

Called by the reports of a run, of a journal's session and of a trial. A page is one file: its style
sheet is in it, and its content security policy lets it ask for nothing.
"""


def render_page(template: str, **values: object) -> str:
    """The page; `values` are what the template names. Marked `|safe` in a template is only what
    this project wrote: style sheets, scripts and drawings."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    pages = Environment(
        loader=PackageLoader("tools", "report/templates"), autoescape=True,
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    return pages.get_template(template).render(**values)
