"""Journals of units: read, verified, shown, exported."""
