"""Reports: tables, plots, pages and views of what was measured."""
