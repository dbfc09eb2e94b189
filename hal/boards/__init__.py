"""Boards as data: pins, dividers, sensor constants and the bank table, one file a board."""
