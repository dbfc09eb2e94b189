"""Configuration of the site of the documents: read by Sphinx, called by `tools.dev.site`.

Needs the packages of the `docs` extra. Nothing here asks a server for anything.
"""

project = "Infrared waistband"
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
root_doc = "index"
myst_heading_anchors = 4  # links to a heading, as forges have them
myst_enable_extensions = ["colon_fence"]
html_theme = "furo"
html_title = project
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False
html_static_path = ["_static"]
html_css_files = ["site.css"]
