"""Shared by all of `sim`: errors for people, records with a value, boards by name."""
