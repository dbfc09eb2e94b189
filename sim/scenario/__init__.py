"""Scenarios: what a person writes in TOML, read, checked and written."""
