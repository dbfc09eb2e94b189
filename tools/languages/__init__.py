"""Texts of the unit in other languages than English; `tools.common.languages` reads them."""
