"""Shared by all of `tools`: files written whole, phrases."""
